//! The location that a setting names: a bucket, with or without a prefix, or a local folder.
//!
//! Not for keys below a location, which `contract` defines.

use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::sync::Arc;

use crate::failure::{Code, Failure};
use crate::store::{LocalStore, S3Options, S3Store, SharedStore};

/// A place for objects.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Location {
    /// The objects of a bucket below `prefix`.
    S3 {
        /// Bucket name.
        bucket: String,
        /// Without a leading or trailing `/`; can be empty.
        prefix: String,
    },
    /// A local folder.
    Local(PathBuf),
}

/// The access for which a location is opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// A local folder must exist.
    Read,
    /// A missing local folder is an empty store until another program creates it.
    ReadOnceCreated,
    /// A missing local folder is created. A bucket never is.
    Write,
}

/// A text that is not a location. `Display` gives the reason and a valid example.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct LocationError(String);

impl From<LocationError> for Failure {
    fn from(error: LocationError) -> Self {
        Self::new(Code::Usage, error.0, "", "Correct the setting")
    }
}

impl Location {
    /// Parses the value of a flag: `s3://bucket/prefix`, else a path, because `--raw data/raw` means the folder.
    ///
    /// The value of a variable is parsed with [`FromStr`], where a bare name is a bucket.
    ///
    /// # Errors
    /// An empty text, another scheme, or a name that S3 does not allow.
    pub fn from_flag(text: &str) -> Result<Self, LocationError> {
        if text.contains("://") || text.trim().is_empty() { text.parse() } else { Ok(Self::Local(PathBuf::from(text))) }
    }

    /// Parses a setting with [`FromStr`] if it came from a variable, else with [`Location::from_flag`].
    ///
    /// # Errors
    /// Those of the two.
    pub fn from_setting(text: &str, from_variable: bool) -> Result<Self, LocationError> {
        if from_variable { text.parse() } else { Self::from_flag(text) }
    }

    /// The location `sub` below this one.
    pub fn join(&self, sub: &str) -> Self {
        let sub = sub.trim_matches('/');
        match self {
            Self::Local(path) if sub.is_empty() => Self::Local(path.clone()),
            Self::Local(path) => Self::Local(path.join(sub)),
            Self::S3 { bucket, prefix } => {
                let parts = [prefix.as_str(), sub];
                let prefix = parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join("/");
                Self::S3 { bucket: bucket.clone(), prefix }
            }
        }
    }

    /// Opens the store at this location. A missing bucket is found by the first request, because a check would need a permission that
    /// reading does not need.
    ///
    /// # Errors
    /// An invalid setting of the AWS SDK, or a missing local folder.
    pub async fn open(&self, path_style: bool, access: Access) -> Result<SharedStore, Failure> {
        match self {
            Self::Local(path) => {
                let store = match access {
                    Access::Read => LocalStore::open(path),
                    Access::ReadOnceCreated => LocalStore::awaited(path),
                    Access::Write => LocalStore::create(path),
                };
                store.map(|store| Arc::new(store) as SharedStore).map_err(|failure| bucket_tip(failure.into(), path))
            }
            Self::S3 { bucket, prefix } => {
                let options = S3Options { path_style, ..S3Options::default() };
                Ok(Arc::new(S3Store::open(bucket, prefix, options).await?))
            }
        }
    }
}

/// A bare name of a folder that is not there may be meant as a bucket.
fn bucket_tip(failure: Failure, path: &Path) -> Failure {
    let name = path.to_str().filter(|name| check_bucket(name).is_ok() && !path.exists());
    match name {
        Some(name) => Failure { todo: format!("{}; a bucket is written s3://{name}", failure.todo), ..failure },
        None => failure,
    }
}

impl fmt::Display for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::S3 { bucket, prefix } if prefix.is_empty() => write!(f, "s3://{bucket}"),
            Self::S3 { bucket, prefix } => write!(f, "s3://{bucket}/{prefix}"),
            Self::Local(path) => write!(f, "{}", path.display()),
        }
    }
}

impl FromStr for Location {
    type Err = LocationError;

    fn from_str(text: &str) -> Result<Self, LocationError> {
        if text.trim().is_empty() {
            return Err(LocationError("a location cannot be empty; write s3://cityflow-raw or ./data/raw".into()));
        }
        if text.starts_with(['/', '.']) {
            return Ok(Self::Local(PathBuf::from(text)));
        }
        let (name, has_scheme) = match text.split_once("://") {
            Some(("s3", rest)) => (rest, true),
            Some((scheme, _)) => {
                let scheme = scheme.escape_debug();
                return Err(LocationError(format!(
                    "`{scheme}://` is not supported; write s3://bucket/prefix, or a path that begins with / or ."
                )));
            }
            None => (text, false),
        };
        let (bucket, prefix) = name.split_once('/').unwrap_or((name, ""));
        check_bucket(bucket).map_err(|rule| {
            let bucket = bucket.escape_debug();
            let hint = if has_scheme { "" } else { ", or a path that begins with / or ." };
            LocationError(format!(
                "`{bucket}` is not a valid bucket name: {rule}; write s3://cityflow-raw/prefix{hint}"
            ))
        })?;
        let prefix = prefix.trim_end_matches('/');
        if !prefix.is_empty() && prefix.split('/').any(|part| matches!(part, "" | "." | "..")) {
            let prefix = prefix.escape_debug();
            return Err(LocationError(format!(
                "`{prefix}` is not a valid prefix: it has an empty, `.` or `..` part; write s3://{bucket}/some/prefix"
            )));
        }
        Ok(Self::S3 { bucket: bucket.to_owned(), prefix: prefix.to_owned() })
    }
}

/// The naming rules of S3; the error is the broken rule.
fn check_bucket(name: &str) -> Result<(), &'static str> {
    let inner = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '.' | '-');
    let outer = |c: Option<char>| c.is_some_and(|c| c.is_ascii_lowercase() || c.is_ascii_digit());
    if !(3..=63).contains(&name.len()) {
        Err("it must have 3 to 63 characters")
    } else if !name.chars().all(inner) {
        Err("it must consist of lower-case letters, digits, dots and hyphens")
    } else if !outer(name.chars().next()) || !outer(name.chars().next_back()) {
        Err("it must begin and end with a lower-case letter or a digit")
    } else if name.contains("..") {
        Err("it must not have two dots in a row")
    } else if name.parse::<std::net::Ipv4Addr>().is_ok() {
        Err("it must not be an IP address")
    } else {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::StoreError;

    fn s3(bucket: &str, prefix: &str) -> Location {
        Location::S3 { bucket: bucket.into(), prefix: prefix.into() }
    }

    #[test]
    fn bare_name_in_a_variable_is_a_bucket() {
        for (text, expected) in [
            ("s3://cityflow-raw", s3("cityflow-raw", "")),
            ("s3://cityflow-raw/", s3("cityflow-raw", "")),
            ("s3://cityflow-raw/a/b/", s3("cityflow-raw", "a/b")),
            ("cityflow-raw", s3("cityflow-raw", "")),
            ("cityflow-processed/metrics", s3("cityflow-processed", "metrics")),
            ("./data/raw", Location::Local("./data/raw".into())),
            ("../raw", Location::Local("../raw".into())),
            ("/data", Location::Local("/data".into())),
            (".", Location::Local(".".into())),
        ] {
            assert_eq!(text.parse::<Location>().unwrap(), expected, "{text}");
            assert_eq!(Location::from_setting(text, true).unwrap(), expected, "{text}");
        }
    }

    #[test]
    fn bare_name_in_a_flag_is_a_folder() {
        assert_eq!(Location::from_flag("data/raw").unwrap(), Location::Local("data/raw".into()));
        assert_eq!(Location::from_flag("Données 2025").unwrap(), Location::Local("Données 2025".into()));
        assert_eq!(Location::from_flag("s3://cityflow-raw/x").unwrap(), s3("cityflow-raw", "x"));
        assert!(Location::from_flag("").is_err());
        assert!(Location::from_flag("gs://bucket").is_err());
    }

    #[test]
    fn invalid_location_error_has_an_example() {
        for (text, part) in [
            ("", "cannot be empty"),
            ("s3://", "3 to 63"),
            ("s3://ab", "3 to 63"),
            ("s3://Cityflow", "lower-case"),
            ("city_flow", "lower-case"),
            ("data raw", "or a path that begins with / or ."),
            ("s3://-city", "begin and end"),
            ("s3://city..flow", "two dots"),
            ("s3://192.168.1.1", "IP address"),
            ("s3://cityflow/a//b", "`a//b` is not a valid prefix"),
            ("s3://cityflow/../b", "`../b` is not a valid prefix"),
            ("https://cityflow.s3.amazonaws.com", "`https://` is not supported"),
            ("~/data", "`~` is not a valid bucket name"),
        ] {
            let message = text.parse::<Location>().unwrap_err().to_string();
            assert!(message.contains(part), "{text}: {message}");
            assert!(message.contains("s3://"), "{text}: {message}");
        }
    }

    #[test]
    fn joined_location_displays_as_it_is_written() {
        assert_eq!(s3("abc", "").join("metrics/").to_string(), "s3://abc/metrics");
        assert_eq!(s3("abc", "x").join("/metrics").to_string(), "s3://abc/x/metrics");
        assert_eq!(s3("abc", "").join("").to_string(), "s3://abc");
        assert_eq!(Location::Local("./data".into()).join("raw").to_string(), "./data/raw");
        for text in ["s3://abc/x/y", "./data/raw", "/data"] {
            assert_eq!(text.parse::<Location>().unwrap().to_string(), text);
        }
    }

    #[tokio::test]
    async fn reading_needs_the_folder_and_writing_creates_it() {
        let folder = tempfile::tempdir().unwrap();
        let location = Location::Local(folder.path().join("a/b"));
        assert_eq!(location.open(false, Access::Read).await.unwrap_err().code, Code::Usage);
        // For a reader that waits, the folder is empty until it exists.
        let awaited = location.open(false, Access::ReadOnceCreated).await.unwrap();
        assert!(awaited.list("").await.unwrap().is_empty());
        assert!(matches!(awaited.get("a.json").await, Err(StoreError::NotFound { .. })));
        location.open(false, Access::Write).await.unwrap();
        std::fs::write(folder.path().join("a/b/a.json"), "{}").unwrap();
        assert_eq!(awaited.list("").await.unwrap().len(), 1);
        assert!(awaited.get("a.json").await.is_ok());
        location.open(false, Access::Read).await.unwrap();
    }
}
