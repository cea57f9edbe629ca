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

use super::answer::{chain, error_of};
use super::{Object, S3Store, Store, StoreError, Version, etag, size, time, traced, version};

/// The longest silence in the middle of an answer.
pub(super) const SILENCE: Duration = Duration::from_secs(10);
/// The longest pause between two attempts.
const LONGEST_PAUSE: Duration = Duration::from_secs(20);
/// What is set aside for a body before its first byte, at most: an announced length is a word, not a body.
const SET_ASIDE: u64 = 64 << 20;

/// Why one attempt at a read gave nothing.
pub(super) enum Broken {
    /// The store answered, and the answer stands.
    Refused(StoreError),
    /// The answer was not what it should have been, or broke off on the way.
    Answer(String),
}

impl S3Store {
    /// Makes attempts until one succeeds or is refused, or there were as many as are allowed.
    pub(super) async fn repeated<T, F>(&self, key: &str, attempt: impl Fn() -> F) -> Result<T, StoreError>
    where
        F: Future<Output = Result<T, Broken>>,
    {
        let mut made = 1;
        loop {
            match attempt().await {
                Ok(found) => return Ok(found),
                Err(Broken::Refused(error)) => return Err(error),
                Err(Broken::Answer(detail)) if made >= self.attempts => {
                    return Err(StoreError::Unreachable { key: self.address(key), detail });
                }
                Err(Broken::Answer(detail)) => {
                    tracing::debug!(key = self.address(key), attempt = made, detail, "asking again");
                    traced::read_again();
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
        full: &str,
        range: &Range<u64>,
        wanted: &Version,
    ) -> Result<Bytes, Broken> {
        let length = range.end - range.start;
        let request = self.client.get_object().bucket(&self.bucket).key(full).if_match(etag(wanted));
        let request = request.range(format!("bytes={}-{}", range.start, range.end - 1));
        let answer = request.send().await.map_err(|error| Broken::Refused(error_of(error, &self.asked(key))))?;
        // A server that knows no conditions gives what it has.
        if answer.e_tag().is_some_and(|tag| version(Some(tag)) != *wanted) {
            return Err(Broken::Refused(StoreError::Changed { key: self.address(key) }));
        }
        if let Some(announced) = announced(&answer).filter(|&announced| announced != length) {
            let detail = format!("asked for bytes {}..{}, the store has {announced} there", range.start, range.end);
            return Err(match whole(&answer) {
                // All of them are there, and yet fewer came.
                Some(whole) if whole >= range.end && announced < length => Broken::Answer(detail),
                // Past the end a server gives what there is, and one that knows no ranges gives everything.
                _ => Broken::Refused(StoreError::Other { key: self.address(key), detail }),
            });
        }
        self.collect(answer.body, Some(length)).await
    }

    /// One attempt at the whole object.
    pub(super) async fn read(&self, key: &str, full: &str) -> Result<(Bytes, Object), Broken> {
        let request = self.client.get_object().bucket(&self.bucket).key(full);
        let answer = request.send().await.map_err(|error| Broken::Refused(error_of(error, &self.asked(key))))?;
        let (version, modified) = (version(answer.e_tag()), time(answer.last_modified()));
        let announced = announced(&answer);
        let body = self.collect(answer.body, announced).await?;
        let object = Object { key: key.to_owned(), size: body.len() as u64, version, modified };
        Ok((body, object))
    }

    /// One attempt at the whole object at its listed version, with the checksum that is kept of it: one request for both.
    pub(super) async fn read_whole(&self, full: &str, wanted: &Object) -> Result<(Bytes, Option<String>), Broken> {
        // The caller compares: the client itself would take bytes that differ for a transfer that broke off, and ask again and again.
        let plain = Builder::new().response_checksum_validation(ResponseChecksumValidation::WhenRequired);
        let request = self.client.get_object().bucket(&self.bucket).key(full).if_match(etag(&wanted.version));
        let request = request.customize().config_override(plain).mutate_request(|request| {
            request.headers_mut().insert("x-amz-checksum-mode", "ENABLED");
        });
        let answer =
            request.send().await.map_err(|error| Broken::Refused(error_of(error, &self.asked(&wanted.key))))?;
        if answer.e_tag().is_some_and(|tag| version(Some(tag)) != wanted.version) {
            return Err(Broken::Refused(StoreError::Changed { key: self.address(&wanted.key) }));
        }
        let kept = answer.checksum_crc64_nvme().map(str::to_owned);
        self.collect(answer.body, Some(wanted.size)).await.map(|body| (body, kept))
    }

    /// The whole of a body, which must have the length announced. Each byte is copied once, into the place where it stays.
    async fn collect(&self, mut body: ByteStream, expected: Option<u64>) -> Result<Bytes, Broken> {
        let mut bytes = BytesMut::with_capacity(expected.unwrap_or(0).min(SET_ASIDE) as usize);
        let length = expected.unwrap_or(u64::MAX);
        loop {
            let Ok(next) = tokio::time::timeout(self.silence, body.next()).await else {
                let (had, seconds) = (bytes.len(), self.silence.as_secs_f32());
                return Err(Broken::Answer(format!("nothing came for {seconds} s, after {had} bytes")));
            };
            match next {
                None => break,
                Some(Ok(part)) if (bytes.len() + part.len()) as u64 > length => {
                    return Err(Broken::Answer(format!("the answer has more than the {length} bytes announced")));
                }
                Some(Ok(part)) => bytes.extend_from_slice(&part),
                Some(Err(error)) => return Err(Broken::Answer(chain(&error))),
            }
        }
        match expected {
            Some(expected) if bytes.len() as u64 != expected => {
                Err(Broken::Answer(format!("the answer has {} bytes instead of {expected}", bytes.len())))
            }
            _ => Ok(bytes.freeze()),
        }
    }
}

/// The pause after so many attempts: doubled each time, and between half and all of that by `chance`, so that ranges that failed
/// together do not come back together.
fn pause(backoff: Duration, made: u32, chance: f64) -> Duration {
    (backoff * 2_u32.pow((made - 1).min(10))).min(LONGEST_PAUSE).mul_f64(0.5 + chance / 2.0)
}

/// Length of the body by the headers.
fn announced(answer: &GetObjectOutput) -> Option<u64> {
    answer.content_length().map(|length| size(Some(length)))
}

/// Size of the whole object by the headers of an answer with a part of it.
fn whole(answer: &GetObjectOutput) -> Option<u64> {
    answer.content_range()?.rsplit_once('/')?.1.parse().ok()
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
