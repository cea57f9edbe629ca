//! A store in an S3 bucket, or in the part of one below a prefix.
//!
//! Settings are the AWS SDK's own (credentials, `AWS_REGION`, `AWS_ENDPOINT_URL`, `AWS_MAX_ATTEMPTS`, …). Not for large uploads: an
//! object is written with one PUT.

mod answer;
mod connect;

use std::ops::Range;
use std::time::Duration;

use async_trait::async_trait;
use aws_sdk_s3::Client;
use aws_sdk_s3::config::ResponseChecksumValidation;
use aws_sdk_s3::primitives::{ByteStream, DateTime as SdkTime};
use aws_sdk_s3::types::ChecksumMode;
use bytes::Bytes;
use chrono::{DateTime, Utc};

use super::{Condition, Object, Store, StoreError, Version, key};
use crate::failure::Failure;
use answer::{Asked, error_of};

/// The longest pause between two attempts.
const LONGEST_PAUSE: Duration = Duration::from_secs(20);

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
    /// Server, access key and secret key instead of the SDK's settings: for tests, which must not change the process's variables.
    pub fixed: Option<(String, String, String)>,
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
        })
    }

    fn full(&self, key: &str) -> Result<String, StoreError> {
        key::check(key, || self.address(key))?;
        Ok(format!("{}{key}", self.prefix))
    }

    fn asked(&self, key: &str) -> Asked {
        Asked { root: format!("s3://{}", self.bucket), key: self.address(key) }
    }

    /// One attempt at bytes `range`, which is not empty.
    async fn read_range(&self, key: &str, full: &str, range: &Range<u64>, wanted: &Version) -> Result<Bytes, Broken> {
        let length = range.end - range.start;
        let request = self.client.get_object().bucket(&self.bucket).key(full).if_match(etag(wanted));
        let request = request.range(format!("bytes={}-{}", range.start, range.end - 1));
        let answer = request.send().await.map_err(|error| Broken::Refused(error_of(error, &self.asked(key))))?;
        let announced = answer.content_length().map(|length| size(Some(length)));
        if let Some(announced) = announced.filter(|&announced| announced != length) {
            // Past the end a server gives what there is, and one that knows no ranges gives everything.
            let detail = format!("asked for bytes {}..{}, the store has {announced} there", range.start, range.end);
            return Err(Broken::Refused(StoreError::Other { key: self.address(key), detail }));
        }
        collect(answer.body, Some(length)).await
    }

    /// One attempt at the whole object.
    async fn read(&self, key: &str, full: &str) -> Result<(Bytes, Object), Broken> {
        let request = self.client.get_object().bucket(&self.bucket).key(full);
        let answer = request.send().await.map_err(|error| Broken::Refused(error_of(error, &self.asked(key))))?;
        let version = version(answer.e_tag());
        let modified = time(answer.last_modified());
        let announced = answer.content_length().map(|length| size(Some(length)));
        let body = collect(answer.body, announced).await?;
        let object = Object { key: key.to_owned(), size: body.len() as u64, version, modified };
        Ok((body, object))
    }

    /// One attempt at the whole object at its listed version, with the checksum that is kept of it: one request for both.
    async fn read_whole(&self, full: &str, wanted: &Object) -> Result<(Bytes, Option<String>), Broken> {
        // The caller compares: the client itself would take bytes that differ for a transfer that broke off, and ask again and again.
        let plain =
            aws_sdk_s3::config::Builder::new().response_checksum_validation(ResponseChecksumValidation::WhenRequired);
        let request = self.client.get_object().bucket(&self.bucket).key(full).if_match(etag(&wanted.version));
        let request = request.customize().config_override(plain).mutate_request(|request| {
            request.headers_mut().insert("x-amz-checksum-mode", "ENABLED");
        });
        let answer =
            request.send().await.map_err(|error| Broken::Refused(error_of(error, &self.asked(&wanted.key))))?;
        let kept = answer.checksum_crc64_nvme().map(str::to_owned);
        collect(answer.body, Some(wanted.size)).await.map(|body| (body, kept))
    }

    /// After an attempt that gave nothing: waits before the next one, or says why there is none.
    async fn wait(&self, key: &str, attempt: u32, broken: Broken) -> Result<(), StoreError> {
        match broken {
            Broken::Refused(error) => Err(error),
            Broken::Body(detail) if attempt >= self.attempts => {
                Err(StoreError::Unreachable { key: self.address(key), detail })
            }
            Broken::Body(detail) => {
                tracing::debug!(key = self.address(key), attempt, detail, "the answer broke off; asking again");
                tokio::time::sleep((self.backoff * 2_u32.pow((attempt - 1).min(10))).min(LONGEST_PAUSE)).await;
                Ok(())
            }
        }
    }
}

/// Why one attempt at a read gave nothing. The SDK itself retries only up to the headers of an answer.
enum Broken {
    /// The store answered, and the answer stands.
    Refused(StoreError),
    /// The answer broke off on the way.
    Body(String),
}

/// The whole of a body, which must have the length announced.
async fn collect(body: ByteStream, expected: Option<u64>) -> Result<Bytes, Broken> {
    let collected = body.collect().await.map_err(|error| Broken::Body(answer::chain(&error)))?;
    let bytes = collected.into_bytes();
    match expected {
        Some(expected) if bytes.len() as u64 != expected => {
            Err(Broken::Body(format!("the answer has {} bytes instead of {expected}", bytes.len())))
        }
        _ => Ok(bytes),
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

#[async_trait]
impl Store for S3Store {
    fn root(&self) -> String {
        format!("s3://{}/{}", self.bucket, self.prefix).trim_end_matches('/').to_owned()
    }

    async fn list(&self, prefix: &str) -> Result<Vec<Object>, StoreError> {
        let mut objects = Vec::new();
        let mut token = None;
        loop {
            let request = self.client.list_objects_v2().bucket(&self.bucket).prefix(format!("{}{prefix}", self.prefix));
            let request = request.set_max_keys(self.page_size).set_continuation_token(token);
            let page = request.send().await.map_err(|error| error_of(error, &self.asked(prefix)))?;
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
            token = page.next_continuation_token().map(str::to_owned);
            if token.is_none() || page.is_truncated() != Some(true) {
                break;
            }
        }
        // S3 lists in this order, directory buckets and some other servers do not.
        objects.sort_unstable_by(|a, b| a.key.cmp(&b.key));
        Ok(objects)
    }

    async fn head(&self, key: &str) -> Result<Object, StoreError> {
        let request = self.client.head_object().bucket(&self.bucket).key(self.full(key)?);
        let found = request.send().await.map_err(|error| error_of(error, &self.asked(key)))?;
        Ok(Object {
            key: key.to_owned(),
            size: size(found.content_length()),
            version: version(found.e_tag()),
            modified: time(found.last_modified()),
        })
    }

    async fn get_range(&self, key: &str, range: Range<u64>, wanted: &Version) -> Result<Bytes, StoreError> {
        let full = self.full(key)?;
        if range.is_empty() {
            // HTTP knows no empty range, so the rest of the promise is kept by hand.
            let present = self.head(key).await?;
            if present.version != *wanted {
                return Err(StoreError::Changed { key: self.address(key) });
            }
            key::check_range(&range, present.size, || self.address(key))?;
            return Ok(Bytes::new());
        }
        let mut attempt = 1;
        loop {
            match self.read_range(key, &full, &range, wanted).await {
                Ok(body) => return Ok(body),
                Err(broken) => self.wait(key, attempt, broken).await?,
            }
            attempt += 1;
        }
    }

    async fn get(&self, key: &str) -> Result<(Bytes, Object), StoreError> {
        let full = self.full(key)?;
        let mut attempt = 1;
        loop {
            match self.read(key, &full).await {
                Ok(found) => return Ok(found),
                Err(broken) => self.wait(key, attempt, broken).await?,
            }
            attempt += 1;
        }
    }

    async fn get_whole(&self, object: &Object) -> Result<(Bytes, Option<String>), StoreError> {
        let full = self.full(&object.key)?;
        let mut attempt = 1;
        loop {
            match self.read_whole(&full, object).await {
                Ok(found) => return Ok(found),
                Err(broken) => self.wait(&object.key, attempt, broken).await?,
            }
            attempt += 1;
        }
    }

    async fn put(&self, key: &str, body: Bytes, condition: Condition) -> Result<Version, StoreError> {
        let request = self.client.put_object().bucket(&self.bucket).key(self.full(key)?).body(body.into());
        let conditional = matches!(condition, Condition::Matches(_));
        let request = match &condition {
            Condition::Always => request,
            Condition::Absent => request.if_none_match("*"),
            Condition::Matches(version) => request.if_match(etag(version)),
        };
        match request.send().await.map_err(|error| error_of(error, &self.asked(key))) {
            Ok(written) => Ok(version(written.e_tag())),
            // S3 answers 404, not 412, where there is nothing that could match.
            Err(StoreError::NotFound { key }) if conditional => Err(StoreError::Changed { key }),
            Err(error) => Err(error),
        }
    }

    async fn delete(&self, key: &str) -> Result<(), StoreError> {
        let request = self.client.delete_object().bucket(&self.bucket).key(self.full(key)?);
        match request.send().await.map_err(|error| error_of(error, &self.asked(key))) {
            Ok(_) | Err(StoreError::NotFound { .. }) => Ok(()),
            Err(error) => Err(error),
        }
    }

    async fn stored_checksum(&self, key: &str) -> Result<Option<String>, StoreError> {
        let request = self.client.head_object().bucket(&self.bucket).key(self.full(key)?);
        let request = request.checksum_mode(ChecksumMode::Enabled);
        let found = request.send().await.map_err(|error| error_of(error, &self.asked(key)))?;
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
