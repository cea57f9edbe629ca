//! Reads that end with all their bytes or say why not.
//!
//! The SDK repeats a request that got no good answer, and looks no further than the headers. What can befall the body is for this
//! module: it breaks off, falls silent or is shorter than it should be. Each read is repeated on its own, whatever befalls others.

use std::future::Future;
use std::ops::Range;
use std::time::Duration;

use aws_sdk_s3::config::{Builder, ResponseChecksumValidation};
use aws_sdk_s3::operation::get_object::GetObjectOutput;
use aws_sdk_s3::primitives::ByteStream;
use bytes::{Bytes, BytesMut};

use super::error::{error_chain, store_error};
use super::{Object, S3Store, Store, StoreError, Version, etag, interceptor, size, time, version};

/// The longest silence in the middle of an answer.
pub(super) const STALL_TIMEOUT: Duration = Duration::from_secs(10);
/// The longest pause between two attempts.
const MAX_PAUSE: Duration = Duration::from_secs(20);
/// What is set aside for a body before its first byte, at most: an announced length is a word, not a body.
const MAX_PREALLOCATION: u64 = 64 << 20;

/// Why one attempt at a read gave nothing.
pub(super) enum ReadError {
    /// The store answered, and the answer stands.
    Final(StoreError),
    /// The answer was not what it should have been, or broke off on the way.
    Retryable(String),
}

impl S3Store {
    /// Makes attempts until one succeeds or is refused, or there were as many as are allowed.
    pub(super) async fn with_retries<T, F>(&self, key: &str, attempt: impl Fn() -> F) -> Result<T, StoreError>
    where
        F: Future<Output = Result<T, ReadError>>,
    {
        let mut made = 1;
        loop {
            match attempt().await {
                Ok(found) => return Ok(found),
                Err(ReadError::Final(error)) => return Err(error),
                Err(ReadError::Retryable(detail)) if made >= self.attempts => {
                    return Err(StoreError::Unreachable { key: self.address(key), detail });
                }
                Err(ReadError::Retryable(detail)) => {
                    tracing::debug!(key = self.address(key), attempt = made, detail, "asking again");
                    interceptor::record_retry();
                    tokio::time::sleep(pause(self.backoff, made, fastrand::f64())).await;
                    made += 1;
                }
            }
        }
    }

    /// One attempt at bytes `range`, which is not empty.
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
        let response = request.send().await.map_err(|error| ReadError::Final(store_error(error, &self.asked(key))))?;
        // A server that knows no conditions gives what it has.
        if response.e_tag().is_some_and(|tag| version(Some(tag)) != *wanted) {
            return Err(ReadError::Final(StoreError::Changed { key: self.address(key) }));
        }
        if let Some(content_length) = content_length(&response).filter(|&content_length| content_length != length) {
            let detail =
                format!("asked for bytes {}..{}, the store has {content_length} there", range.start, range.end);
            return Err(match object_size(&response) {
                // All of them are there, and yet fewer came.
                Some(object_size) if object_size >= range.end && content_length < length => {
                    ReadError::Retryable(detail)
                }
                // Past the end a server gives what there is, and one that knows no ranges gives everything.
                _ => ReadError::Final(StoreError::Other { key: self.address(key), detail }),
            });
        }
        self.collect(response.body, Some(length)).await
    }

    /// One attempt at the whole object.
    pub(super) async fn read(&self, key: &str, full_key: &str) -> Result<(Bytes, Object), ReadError> {
        let request = self.client.get_object().bucket(&self.bucket).key(full_key);
        let response = request.send().await.map_err(|error| ReadError::Final(store_error(error, &self.asked(key))))?;
        let (version, modified) = (version(response.e_tag()), time(response.last_modified()));
        let content_length = content_length(&response);
        let body = self.collect(response.body, content_length).await?;
        let object = Object { key: key.to_owned(), size: body.len() as u64, version, modified };
        Ok((body, object))
    }

    /// One attempt at the whole object at its listed version, with the checksum that is kept of it: one request for both.
    pub(super) async fn read_with_checksum(
        &self,
        full_key: &str,
        wanted: &Object,
    ) -> Result<(Bytes, Option<String>), ReadError> {
        // The caller compares: the client itself would take bytes that differ for a transfer that broke off, and ask again and again.
        let plain = Builder::new().response_checksum_validation(ResponseChecksumValidation::WhenRequired);
        let request = self.client.get_object().bucket(&self.bucket).key(full_key).if_match(etag(&wanted.version));
        let request = request.customize().config_override(plain).mutate_request(|request| {
            request.headers_mut().insert("x-amz-checksum-mode", "ENABLED");
        });
        let response =
            request.send().await.map_err(|error| ReadError::Final(store_error(error, &self.asked(&wanted.key))))?;
        if response.e_tag().is_some_and(|tag| version(Some(tag)) != wanted.version) {
            return Err(ReadError::Final(StoreError::Changed { key: self.address(&wanted.key) }));
        }
        let checksum = response.checksum_crc64_nvme().map(str::to_owned);
        self.collect(response.body, Some(wanted.size)).await.map(|body| (body, checksum))
    }

    /// The whole of a body, which must have the length announced. Each byte is copied once, into the place where it stays.
    async fn collect(&self, mut body: ByteStream, expected: Option<u64>) -> Result<Bytes, ReadError> {
        let mut bytes = BytesMut::with_capacity(expected.unwrap_or(0).min(MAX_PREALLOCATION) as usize);
        let length = expected.unwrap_or(u64::MAX);
        loop {
            let Ok(next) = tokio::time::timeout(self.stall_timeout, body.next()).await else {
                let (had, seconds) = (bytes.len(), self.stall_timeout.as_secs_f32());
                return Err(ReadError::Retryable(format!("nothing came for {seconds} s, after {had} bytes")));
            };
            match next {
                None => break,
                Some(Ok(part)) if (bytes.len() + part.len()) as u64 > length => {
                    return Err(ReadError::Retryable(format!("the answer has more than the {length} bytes announced")));
                }
                Some(Ok(part)) => bytes.extend_from_slice(&part),
                Some(Err(error)) => return Err(ReadError::Retryable(error_chain(&error))),
            }
        }
        match expected {
            Some(expected) if bytes.len() as u64 != expected => {
                Err(ReadError::Retryable(format!("the answer has {} bytes instead of {expected}", bytes.len())))
            }
            _ => Ok(bytes.freeze()),
        }
    }
}

/// The pause after so many attempts: doubled each time, and between half and all of that by `chance`, so that ranges that failed
/// together do not come back together.
fn pause(backoff: Duration, made: u32, chance: f64) -> Duration {
    (backoff * 2_u32.pow((made - 1).min(10))).min(MAX_PAUSE).mul_f64(0.5 + chance / 2.0)
}

/// Length of the body by the headers.
fn content_length(response: &GetObjectOutput) -> Option<u64> {
    response.content_length().map(|length| size(Some(length)))
}

/// Size of the whole object by the headers of an answer with a part of it.
fn object_size(response: &GetObjectOutput) -> Option<u64> {
    response.content_range()?.rsplit_once('/')?.1.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_and_differ() {
        let second = Duration::from_secs(1);
        let pauses: Vec<f64> = (1..=7).map(|made| pause(second, made, 0.0).as_secs_f64()).collect();
        assert_eq!(pauses, [0.5, 1.0, 2.0, 4.0, 8.0, 10.0, 10.0]);
        assert_eq!(pause(second, 3, 1.0), Duration::from_secs(4));
        assert_eq!(pause(second, u32::MAX, 0.5), Duration::from_secs(15));
    }
}
