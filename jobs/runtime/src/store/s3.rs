//! A store in an S3 bucket, or in the part of one below a prefix.
//!
//! Settings are the AWS SDK's own (credentials, `AWS_REGION`, `AWS_ENDPOINT_URL`, `AWS_MAX_ATTEMPTS`, …). Not for large uploads: an
//! object is written with one PUT.

mod connect;
mod error;
mod interceptor;
mod read;

use std::ops::Range;
use std::time::Duration;

use async_trait::async_trait;
use aws_sdk_s3::Client;
use aws_sdk_s3::primitives::DateTime as SdkTime;
use aws_sdk_s3::types::ChecksumMode;
use bytes::Bytes;
use chrono::{DateTime, Utc};

use super::{Condition, Object, Store, StoreError, Version, key};
use crate::failure::Failure;
use error::{Asked, store_error};

/// How to reach S3. The default is right for AWS.
#[derive(Debug, Clone, Default)]
pub struct S3Options {
    /// Path-style addresses (`http://host/bucket/key`), for servers other than AWS.
    pub path_style: bool,
    /// Keys per page of a listing; the server's own (1000) where `None`.
    pub page_size: Option<i32>,
    /// Attempts per request, the first included; the SDK's setting where `None`, and 5 where that is not set either.
    pub attempts: Option<u32>,
    /// Pause before the first retry, doubled for each next; 1 s where `None`.
    pub backoff: Option<Duration>,
    /// Longest wait for a connection, 5 s where `None`, and for the first byte of an answer, 60 s where `None`.
    pub timeouts: (Option<Duration>, Option<Duration>),
    /// Longest silence in the middle of an answer before it is asked for again; 10 s where `None`.
    pub stall_timeout: Option<Duration>,
    /// Server, access key and secret key instead of the SDK's settings: for tests, which must not change the process's variables.
    pub static_server: Option<(String, String, String)>,
}

/// Objects in a bucket. Clones are cheap and share connections.
#[derive(Debug, Clone)]
pub struct S3Store {
    client: Client,
    bucket: String,
    /// Empty, or ends with `/`.
    prefix: String,
    page_size: Option<i32>,
    attempts: u32,
    backoff: Duration,
    stall_timeout: Duration,
}

impl S3Store {
    /// The store below `prefix` in `bucket`. Reads the SDK's settings; sends nothing to S3 yet, so a bucket that is not there shows
    /// at the first request.
    pub async fn open(bucket: &str, prefix: &str, options: S3Options) -> Result<Self, Failure> {
        let connection = connect::connect(&options).await?;
        let prefix = prefix.trim_matches('/');
        Ok(Self {
            client: connection.client,
            bucket: bucket.to_owned(),
            prefix: if prefix.is_empty() { String::new() } else { format!("{prefix}/") },
            page_size: options.page_size,
            attempts: connection.attempts,
            backoff: connection.backoff,
            stall_timeout: options.stall_timeout.unwrap_or(read::STALL_TIMEOUT),
        })
    }

    fn full_key(&self, key: &str) -> Result<String, StoreError> {
        key::check(key, || self.address(key))?;
        Ok(format!("{}{key}", self.prefix))
    }

    fn asked(&self, key: &str) -> Asked {
        Asked { root: format!("s3://{}", self.bucket), key: self.address(key) }
    }
}

/// An ETag as it is compared: servers differ in whether a listing quotes it.
fn version(etag: Option<&str>) -> Version {
    let etag = etag.unwrap_or_default();
    Version(etag.strip_prefix('"').and_then(|inner| inner.strip_suffix('"')).unwrap_or(etag).to_owned())
}

/// An ETag as a condition names it.
fn etag(version: &Version) -> String {
    if version.0.starts_with("W/") { version.0.clone() } else { format!("\"{}\"", version.0) }
}

fn size(length: Option<i64>) -> u64 {
    length.and_then(|length| u64::try_from(length).ok()).unwrap_or(0)
}

fn time(time: Option<&SdkTime>) -> DateTime<Utc> {
    time.and_then(|time| DateTime::from_timestamp(time.secs(), time.subsec_nanos())).unwrap_or(DateTime::UNIX_EPOCH)
}

impl S3Store {
    /// One page of a listing, and what to ask the next one with.
    async fn page(
        &self,
        prefix: &str,
        most: Option<i32>,
        token: Option<String>,
    ) -> Result<(Vec<Object>, Option<String>), StoreError> {
        let request = self.client.list_objects_v2().bucket(&self.bucket).prefix(format!("{}{prefix}", self.prefix));
        let request = request.set_max_keys(most).set_continuation_token(token);
        let page = request.send().await.map_err(|error| store_error(error, &self.asked(prefix)))?;
        let mut objects = Vec::new();
        for object in page.contents() {
            // A key that ends with a slash is the mark by which consoles show an empty folder, no object of anybody.
            let Some(key) = object.key().and_then(|key| key.strip_prefix(&self.prefix)) else { continue };
            if !key.ends_with('/') && !key.is_empty() {
                objects.push(Object {
                    key: key.to_owned(),
                    size: size(object.size()),
                    version: version(object.e_tag()),
                    modified: time(object.last_modified()),
                });
            }
        }
        let more = page.is_truncated() == Some(true);
        Ok((objects, page.next_continuation_token().filter(|_| more).map(str::to_owned)))
    }
}

#[async_trait]
impl Store for S3Store {
    fn root(&self) -> String {
        format!("s3://{}/{}", self.bucket, self.prefix).trim_end_matches('/').to_owned()
    }

    async fn list(&self, prefix: &str) -> Result<Vec<Object>, StoreError> {
        let (mut objects, mut token) = self.page(prefix, self.page_size, None).await?;
        while token.is_some() {
            let (more, next) = self.page(prefix, self.page_size, token).await?;
            objects.extend(more);
            token = next;
        }
        // S3 lists in this order, directory buckets and some other servers do not.
        objects.sort_unstable_by(|a, b| a.key.cmp(&b.key));
        Ok(objects)
    }

    async fn contains_any(&self, prefix: &str) -> Result<bool, StoreError> {
        // The mark of a folder comes first, and is no object.
        let (mut objects, mut token) = self.page(prefix, Some(2), None).await?;
        while objects.is_empty() && token.is_some() {
            (objects, token) = self.page(prefix, self.page_size, token).await?;
        }
        Ok(!objects.is_empty())
    }

    async fn head(&self, key: &str) -> Result<Object, StoreError> {
        let request = self.client.head_object().bucket(&self.bucket).key(self.full_key(key)?);
        let found = request.send().await.map_err(|error| store_error(error, &self.asked(key)))?;
        Ok(Object {
            key: key.to_owned(),
            size: size(found.content_length()),
            version: version(found.e_tag()),
            modified: time(found.last_modified()),
        })
    }

    async fn get_range(&self, key: &str, range: Range<u64>, wanted: &Version) -> Result<Bytes, StoreError> {
        let full_key = self.full_key(key)?;
        if range.is_empty() {
            // HTTP knows no empty range, so the rest of the promise is kept by hand.
            let present = self.head(key).await?;
            if present.version != *wanted {
                return Err(StoreError::Changed { key: self.address(key) });
            }
            key::check_range(&range, present.size, || self.address(key))?;
            return Ok(Bytes::new());
        }
        self.with_retries(key, || self.read_range(key, &full_key, &range, wanted)).await
    }

    async fn get(&self, key: &str) -> Result<(Bytes, Object), StoreError> {
        let full_key = self.full_key(key)?;
        self.with_retries(key, || self.read(key, &full_key)).await
    }

    async fn get_with_checksum(&self, object: &Object) -> Result<(Bytes, Option<String>), StoreError> {
        let full_key = self.full_key(&object.key)?;
        self.with_retries(&object.key, || self.read_with_checksum(&full_key, object)).await
    }

    async fn put(&self, key: &str, body: Bytes, condition: Condition) -> Result<Version, StoreError> {
        let request = self.client.put_object().bucket(&self.bucket).key(self.full_key(key)?).body(body.into());
        let conditional = matches!(condition, Condition::Matches(_));
        let request = match &condition {
            Condition::Always => request,
            Condition::Absent => request.if_none_match("*"),
            Condition::Matches(version) => request.if_match(etag(version)),
        };
        match request.send().await.map_err(|error| store_error(error, &self.asked(key))) {
            Ok(written) => Ok(version(written.e_tag())),
            // S3 answers 404, not 412, where there is nothing that could match.
            Err(StoreError::NotFound { key }) if conditional => Err(StoreError::Changed { key }),
            Err(error) => Err(error),
        }
    }

    async fn delete(&self, key: &str) -> Result<(), StoreError> {
        let request = self.client.delete_object().bucket(&self.bucket).key(self.full_key(key)?);
        match request.send().await.map_err(|error| store_error(error, &self.asked(key))) {
            Ok(_) | Err(StoreError::NotFound { .. }) => Ok(()),
            Err(error) => Err(error),
        }
    }

    async fn stored_checksum(&self, key: &str) -> Result<Option<String>, StoreError> {
        let request = self.client.head_object().bucket(&self.bucket).key(self.full_key(key)?);
        let request = request.checksum_mode(ChecksumMode::Enabled);
        let found = request.send().await.map_err(|error| store_error(error, &self.asked(key)))?;
        Ok(found.checksum_crc64_nvme().map(str::to_owned))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_etag_is_compared_without_its_quotes() {
        assert_eq!(version(Some("\"abc\"")), version(Some("abc")));
        assert_eq!(etag(&version(Some("\"abc-2\""))), "\"abc-2\"");
        assert_eq!(etag(&version(Some("W/\"abc\""))), "W/\"abc\"");
    }
}
