//! A store in an S3 bucket, optionally below a prefix.
//!
//! Credentials, region and endpoint come from the AWS SDK's settings (`AWS_REGION`, `AWS_ENDPOINT_URL`, `AWS_MAX_ATTEMPTS`, …). Not for
//! large uploads: each object is written with one PUT.

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

use super::{Condition, FolderListing, Object, Refused, Store, StoreError, Version, key};
use crate::failure::Failure;
use error::{Target, store_error};

/// Options of a connection to S3. The default is right for AWS.
#[derive(Debug, Clone, Default)]
pub struct S3Options {
    /// Path-style addresses (`http://host/bucket/key`), for servers other than AWS.
    pub path_style: bool,
    /// Keys per page of a listing; default: the server's own (1000).
    pub page_size: Option<i32>,
    /// Attempts per request, including the first; default: the SDK's setting, else 5.
    pub attempts: Option<u32>,
    /// Pause before the first retry, doubled for each following retry; default 1 s.
    pub backoff: Option<Duration>,
    /// Timeouts for connecting (default 5 s) and for the first byte of the response (default 60 s).
    pub timeouts: (Option<Duration>, Option<Duration>),
    /// Longest pause between two parts of a response body before the read is retried; default 10 s.
    pub stall_timeout: Option<Duration>,
    /// Endpoint, access key and secret key instead of the SDK's settings: for tests, which cannot set variables of their own process.
    pub static_server: Option<(String, String, String)>,
}

/// Objects in a bucket. Clones are cheap and share connections.
#[derive(Debug, Clone)]
pub struct S3Store {
    client: Client,
    bucket: String,
    /// Is empty or ends with `/`.
    prefix: String,
    page_size: Option<i32>,
    attempts: u32,
    backoff: Duration,
    stall_timeout: Duration,
}

impl S3Store {
    /// The store below `prefix` in `bucket`. Sends no request, so a missing bucket is reported by the first operation.
    ///
    /// # Errors
    /// Invalid SDK settings or certificates, or no region ([`crate::failure::Code::Usage`]).
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

    fn target(&self, key: &str) -> Target {
        Target { root: format!("s3://{}", self.bucket), key: self.address(key) }
    }
}

/// An ETag without its quotes: some servers omit them in listings.
fn version(etag: Option<&str>) -> Version {
    let etag = etag.unwrap_or_default();
    Version(etag.strip_prefix('"').and_then(|inner| inner.strip_suffix('"')).unwrap_or(etag).to_owned())
}

/// An ETag in the form of `If-Match`.
fn etag(version: &Version) -> String {
    if version.0.starts_with("W/") { version.0.clone() } else { format!("\"{}\"", version.0) }
}

fn size(length: Option<i64>) -> u64 {
    length.and_then(|length| u64::try_from(length).ok()).unwrap_or(0)
}

fn time(time: Option<&SdkTime>) -> DateTime<Utc> {
    time.and_then(|time| DateTime::from_timestamp(time.secs(), time.subsec_nanos())).unwrap_or(DateTime::UNIX_EPOCH)
}

/// One page of a listing.
#[derive(Default)]
struct Page {
    objects: Vec<Object>,
    folders: Vec<String>,
    /// Continuation token of the next page.
    next: Option<String>,
}

impl S3Store {
    /// One page of a listing; with a delimiter, folders are listed instead of the objects in them.
    async fn page(
        &self,
        prefix: &str,
        delimiter: Option<&str>,
        max_keys: Option<i32>,
        token: Option<String>,
    ) -> Result<Page, StoreError> {
        let request = self.client.list_objects_v2().bucket(&self.bucket).prefix(format!("{}{prefix}", self.prefix));
        let request = request.set_delimiter(delimiter.map(str::to_owned));
        let request = request.set_max_keys(max_keys).set_continuation_token(token);
        let answer = request.send().await.map_err(|error| store_error(error, &self.target(prefix)))?;
        let mut page = Page::default();
        for object in answer.contents() {
            // A key that ends with a slash is a marker by which consoles show an empty folder.
            let Some(key) = object.key().and_then(|key| key.strip_prefix(&self.prefix)) else { continue };
            if !key.ends_with('/') && !key.is_empty() {
                page.objects.push(Object {
                    key: key.to_owned(),
                    size: size(object.size()),
                    version: version(object.e_tag()),
                    modified: time(object.last_modified()),
                });
            }
        }
        let folders = answer.common_prefixes().iter().filter_map(|folder| folder.prefix()?.strip_prefix(&self.prefix));
        page.folders = folders.map(str::to_owned).collect();
        let more = answer.is_truncated() == Some(true);
        page.next = answer.next_continuation_token().filter(|_| more).map(str::to_owned);
        Ok(page)
    }

    /// All pages of a listing, in byte order.
    async fn pages(&self, prefix: &str, delimiter: Option<&str>) -> Result<FolderListing, StoreError> {
        let mut listing = FolderListing::default();
        let mut token = None;
        loop {
            let page = self.page(prefix, delimiter, self.page_size, token).await?;
            listing.objects.extend(page.objects);
            listing.folders.extend(page.folders);
            token = page.next;
            if token.is_none() {
                break;
            }
        }
        // S3 lists in this order, but directory buckets and some other servers do not.
        listing.objects.sort_unstable_by(|a, b| a.key.cmp(&b.key));
        listing.folders.sort_unstable();
        listing.folders.dedup();
        Ok(listing)
    }
}

#[async_trait]
impl Store for S3Store {
    fn root(&self) -> String {
        format!("s3://{}/{}", self.bucket, self.prefix).trim_end_matches('/').to_owned()
    }

    async fn list(&self, prefix: &str) -> Result<Vec<Object>, StoreError> {
        Ok(self.pages(prefix, None).await?.objects)
    }

    async fn list_folder(&self, prefix: &str) -> Result<FolderListing, StoreError> {
        self.pages(prefix, Some("/")).await
    }

    async fn contains_any(&self, prefix: &str) -> Result<bool, StoreError> {
        // Two keys, because the first may be a folder marker, which is skipped.
        let mut page = self.page(prefix, None, Some(2), None).await?;
        while page.objects.is_empty() && page.next.is_some() {
            page = self.page(prefix, None, self.page_size, page.next).await?;
        }
        Ok(!page.objects.is_empty())
    }

    async fn head(&self, key: &str) -> Result<Object, StoreError> {
        let request = self.client.head_object().bucket(&self.bucket).key(self.full_key(key)?);
        let found = request.send().await.map_err(|error| store_error(error, &self.target(key)))?;
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
            // HTTP has no empty ranges.
            let current = self.head(key).await?;
            if current.version != *wanted {
                return Err(StoreError::Changed { key: self.address(key) });
            }
            return match key::check_range(&range, current.size) {
                Ok(()) => Ok(Bytes::new()),
                Err(detail) => Err(StoreError::Other { key: self.address(key), detail }),
            };
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
        let (conditional, has_condition) = (matches!(condition, Condition::Matches(_)), condition != Condition::Always);
        let request = match &condition {
            Condition::Always => request,
            Condition::Absent => request.if_none_match("*"),
            Condition::Matches(version) => request.if_match(etag(version)),
        };
        match request.send().await.map_err(|error| store_error(error, &self.target(key))) {
            Ok(written) => Ok(version(written.e_tag())),
            // S3 answers 404, not 412, if there is no object that could match.
            Err(StoreError::NotFound { key }) if conditional => Err(StoreError::Changed { key }),
            // Only the condition distinguishes a write from others, which every run sends first.
            Err(StoreError::Refused { key, refused: Refused::Header, detail }) => {
                let refused = if has_condition { Refused::Condition } else { Refused::Checksum };
                Err(StoreError::Refused { key, refused, detail })
            }
            Err(error) => Err(error),
        }
    }

    async fn delete(&self, key: &str) -> Result<(), StoreError> {
        let request = self.client.delete_object().bucket(&self.bucket).key(self.full_key(key)?);
        match request.send().await.map_err(|error| store_error(error, &self.target(key))) {
            Ok(_) | Err(StoreError::NotFound { .. }) => Ok(()),
            Err(error) => Err(error),
        }
    }

    async fn stored_checksum(&self, key: &str) -> Result<Option<String>, StoreError> {
        let request = self.client.head_object().bucket(&self.bucket).key(self.full_key(key)?);
        let request = request.checksum_mode(ChecksumMode::Enabled);
        let found = request.send().await.map_err(|error| store_error(error, &self.target(key)))?;
        Ok(found.checksum_crc64_nvme().map(str::to_owned))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn etags_are_compared_without_quotes() {
        assert_eq!(version(Some("\"abc\"")), version(Some("abc")));
        assert_eq!(etag(&version(Some("\"abc-2\""))), "\"abc-2\"");
        assert_eq!(etag(&version(Some("W/\"abc\""))), "W/\"abc\"");
    }
}
