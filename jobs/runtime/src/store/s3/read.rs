//! Reads that return all their bytes or an error.
//!
//! The SDK retries requests up to the response headers. This module retries reads whose body breaks off, stalls or is too short, each
//! read independently.

use std::future::Future;
use std::ops::Range;
use std::time::Duration;

use aws_sdk_s3::config::{Builder, ResponseChecksumValidation};
use aws_sdk_s3::operation::get_object::GetObjectOutput;
use aws_sdk_s3::primitives::ByteStream;
use backon::{ExponentialBuilder, Retryable as _};
use bytes::{Bytes, BytesMut};

use super::error::{error_chain, store_error};
use super::{Object, S3Store, Store, StoreError, Version, etag, interceptor, size, time, version};

/// Longest pause between two parts of a response body.
pub(super) const STALL_TIMEOUT: Duration = Duration::from_secs(10);
/// Longest pause between two attempts.
const MAX_PAUSE: Duration = Duration::from_secs(20);
/// Most memory allocated for a body before its first byte arrives: a wrong Content-Length must not exhaust the memory.
const MAX_PREALLOCATION: u64 = 64 << 20;

/// The error of one attempt to read.
pub(super) enum ReadError {
    /// The SDK has retried already, or a retry cannot help.
    Final(StoreError),
    /// The response was incomplete; holds the reason.
    Retryable(String),
}

impl S3Store {
    /// Retries incomplete reads up to the configured number of attempts.
    pub(super) async fn with_retries<T, F>(&self, key: &str, attempt: impl Fn() -> F) -> Result<T, StoreError>
    where
        F: Future<Output = Result<T, ReadError>>,
    {
        let read = attempt
            .retry(pauses(self.backoff).with_max_times(self.attempts.saturating_sub(1) as usize))
            .when(|error| matches!(error, ReadError::Retryable(_)))
            .notify(|error, pause| {
                if let ReadError::Retryable(detail) = error {
                    tracing::debug!(key = self.address(key), ?pause, detail, "retrying the read");
                    interceptor::record_retry();
                }
            });
        read.await.map_err(|error| match error {
            ReadError::Final(error) => error,
            ReadError::Retryable(detail) => StoreError::Unreachable { key: self.address(key), detail },
        })
    }

    /// One attempt to read the non-empty `range`.
    pub(super) async fn read_range(
        &self,
        key: &str,
        full_key: &str,
        range: &Range<u64>,
        wanted: &Version,
    ) -> Result<Bytes, ReadError> {
        let length = range.end - range.start;
        let request = self.client.get_object().bucket(&self.bucket).key(full_key).if_match(etag(wanted));
        let request = request.range(format!("bytes={}-{}", range.start, range.end - 1));
        let response = request.send().await.map_err(|error| ReadError::Final(store_error(error, &self.target(key))))?;
        // A server that ignores If-Match returns the current version.
        if response.e_tag().is_some_and(|tag| version(Some(tag)) != *wanted) {
            return Err(ReadError::Final(StoreError::Changed { key: self.address(key) }));
        }
        if let Some(content_length) = content_length(&response).filter(|&content_length| content_length != length) {
            let detail = format!("requested bytes {}..{}, the store returned {content_length}", range.start, range.end);
            return Err(match object_size(&response) {
                // The object has the whole range, so the answer is incomplete.
                Some(object_size) if object_size >= range.end && content_length < length => {
                    ReadError::Retryable(detail)
                }
                // The range exceeds the object, or the server ignores ranges and returned the whole object.
                _ => ReadError::Final(StoreError::Other { key: self.address(key), detail }),
            });
        }
        self.collect(response.body, Some(length)).await
    }

    /// One attempt to read the whole object.
    pub(super) async fn read(&self, key: &str, full_key: &str) -> Result<(Bytes, Object), ReadError> {
        let request = self.client.get_object().bucket(&self.bucket).key(full_key);
        let response = request.send().await.map_err(|error| ReadError::Final(store_error(error, &self.target(key))))?;
        let (version, modified) = (version(response.e_tag()), time(response.last_modified()));
        let content_length = content_length(&response);
        let body = self.collect(response.body, content_length).await?;
        let object = Object { key: key.to_owned(), size: body.len() as u64, version, modified };
        Ok((body, object))
    }

    /// One attempt to read the whole object at its listed version and its stored checksum, in one request.
    pub(super) async fn read_with_checksum(
        &self,
        full_key: &str,
        wanted: &Object,
    ) -> Result<(Bytes, Option<String>), ReadError> {
        // The caller verifies the checksum: the SDK would take a mismatch for a broken transfer and retry it.
        let plain = Builder::new().response_checksum_validation(ResponseChecksumValidation::WhenRequired);
        let request = self.client.get_object().bucket(&self.bucket).key(full_key).if_match(etag(&wanted.version));
        let request = request.customize().config_override(plain).mutate_request(|request| {
            request.headers_mut().insert("x-amz-checksum-mode", "ENABLED");
        });
        let response =
            request.send().await.map_err(|error| ReadError::Final(store_error(error, &self.target(&wanted.key))))?;
        if response.e_tag().is_some_and(|tag| version(Some(tag)) != wanted.version) {
            return Err(ReadError::Final(StoreError::Changed { key: self.address(&wanted.key) }));
        }
        let checksum = response.checksum_crc64_nvme().map(str::to_owned);
        self.collect(response.body, Some(wanted.size)).await.map(|body| (body, checksum))
    }

    /// Collects a body, which must have the expected length. Each byte is copied once.
    async fn collect(&self, mut body: ByteStream, expected: Option<u64>) -> Result<Bytes, ReadError> {
        let mut bytes = BytesMut::with_capacity(expected.unwrap_or(0).min(MAX_PREALLOCATION) as usize);
        let length = expected.unwrap_or(u64::MAX);
        loop {
            let Ok(next) = tokio::time::timeout(self.stall_timeout, body.next()).await else {
                let (received, seconds) = (bytes.len(), self.stall_timeout.as_secs_f32());
                return Err(ReadError::Retryable(format!("no data for {seconds} s, after {received} bytes")));
            };
            match next {
                None => break,
                Some(Ok(part)) if (bytes.len() + part.len()) as u64 > length => {
                    return Err(ReadError::Retryable(format!(
                        "the response has more than the announced {length} bytes"
                    )));
                }
                Some(Ok(part)) => bytes.extend_from_slice(&part),
                Some(Err(error)) => return Err(ReadError::Retryable(error_chain(&error))),
            }
        }
        match expected {
            Some(expected) if bytes.len() as u64 != expected => {
                Err(ReadError::Retryable(format!("the response has {} bytes instead of {expected}", bytes.len())))
            }
            _ => Ok(bytes.freeze()),
        }
    }
}

/// Pauses between attempts: doubled each time, between half and all of that at random, so that ranges that failed together are not
/// retried together. The jitter of `backon` adds up to 100 % of the delay.
fn pauses(backoff: Duration) -> ExponentialBuilder {
    ExponentialBuilder::new().with_min_delay(backoff / 2).with_max_delay(MAX_PAUSE / 2).with_jitter()
}

/// Length of the body, from the headers.
fn content_length(response: &GetObjectOutput) -> Option<u64> {
    response.content_length().map(|length| size(Some(length)))
}

/// Size of the whole object, from the `Content-Range` of a partial response.
fn object_size(response: &GetObjectOutput) -> Option<u64> {
    response.content_range()?.rsplit_once('/')?.1.parse().ok()
}

#[cfg(test)]
mod tests {
    use backon::BackoffBuilder as _;

    use super::*;

    #[test]
    fn pauses_double_up_to_the_maximum_with_jitter() {
        let builder = pauses(Duration::from_secs(1)).with_max_times(7);
        let seconds: Vec<f64> = builder.build().map(|pause| pause.as_secs_f64()).collect();
        let shortest = [0.5, 1.0, 2.0, 4.0, 8.0, 10.0, 10.0];
        assert_eq!(seconds.len(), shortest.len());
        for (pause, shortest) in seconds.into_iter().zip(shortest) {
            assert!((shortest..=2.0 * shortest).contains(&pause), "{pause} s");
        }
    }

    #[test]
    fn reads_that_failed_together_pause_differently() {
        let first = || pauses(Duration::from_secs(1)).build().next();
        assert_ne!(first(), first());
    }
}
