//! One request in full: what a policy would be asked about it, and what was answered.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use hyper::Request;

use super::http::decoded;

/// A request as it came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Call {
    /// `GET`, `HEAD`, `PUT`, …
    pub method: String,
    /// The bucket, without anything else.
    pub bucket: String,
    /// The key, where the request is for an object.
    pub key: Option<String>,
    /// What stands behind the question mark: sub-resources such as `uploads`, settings such as `prefix`. Decoded.
    pub query: BTreeMap<String, String>,
    /// The headers, by their names in lower case.
    pub headers: BTreeMap<String, String>,
    /// The status of the answer; none while there is no answer, and none where the connection was closed without one.
    pub status: Option<u16>,
}

impl Call {
    /// Reads a request with a path-style address.
    pub(super) fn of<B>(request: &Request<B>) -> Self {
        let path = decoded(request.uri().path().trim_start_matches('/'));
        let (bucket, key) = path.split_once('/').unwrap_or((&path, ""));
        let query = request.uri().query().unwrap_or_default().split('&').filter(|pair| !pair.is_empty());
        let text = |text: &str| decoded(&text.replace('+', " "));
        let query = query.map(|pair| pair.split_once('=').unwrap_or((pair, "")));
        let headers = request.headers().iter();
        Self {
            method: request.method().as_str().to_owned(),
            bucket: bucket.to_owned(),
            key: (!key.is_empty()).then(|| key.to_owned()),
            query: query.map(|(name, value)| (text(name), text(value))).collect(),
            headers: headers
                .map(|(name, value)| (name.to_string(), String::from_utf8_lossy(value.as_bytes()).into_owned()))
                .collect(),
            status: None,
        }
    }
}

impl fmt::Display for Call {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}/{}", self.method, self.bucket, self.key.as_deref().unwrap_or_default())?;
        let query: Vec<_> = self.query.iter().map(|(name, value)| format!("{name}={value}")).collect();
        if !query.is_empty() {
            write!(f, "?{}", query.join("&"))?;
        }
        match self.status {
            Some(status) => write!(f, " ({status})"),
            None => Ok(()),
        }
    }
}

/// Who may do what: whether a call is allowed. Asked before anything is done, with no status, and once more where an object that was
/// asked for is not there, with status 404: S3 says so only to who may list.
#[derive(Clone)]
pub(super) struct Guard(pub(super) Arc<dyn Fn(&Call) -> bool + Send + Sync>);

impl fmt::Debug for Guard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Guard")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_is_taken_apart() {
        let uri = "/bucket/a%20b/c.json?uploadId=x%2F1&uploads";
        let request = Request::builder().method("POST").uri(uri).header("If-Match", "\"e\"").body(()).unwrap();
        let call = Call::of(&request);
        assert_eq!((call.bucket.as_str(), call.key.as_deref()), ("bucket", Some("a b/c.json")));
        assert_eq!((call.query["uploadId"].as_str(), call.query["uploads"].as_str()), ("x/1", ""));
        assert_eq!(call.headers["if-match"], "\"e\"");

        let request = Request::builder().uri("/bucket/?list-type=2&prefix=a%2Fb+c").body(()).unwrap();
        let call = Call::of(&request);
        assert_eq!((call.bucket.as_str(), call.key.as_deref()), ("bucket", None));
        assert_eq!(call.to_string(), "GET bucket/?list-type=2&prefix=a/b c");
    }
}
