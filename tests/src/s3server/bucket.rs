//! The S3 operations on buckets in memory.

use std::collections::BTreeSet;
use std::ops::Bound;

use bytes::{Bytes, BytesMut};
use futures::{TryStreamExt, stream};
use s3s::dto::*;
use s3s::{S3, S3Request, S3Response, S3Result, s3_error};

use super::state::{ServerState, SharedState, StoredObject, checksums, lock};

#[derive(Debug, Clone)]
pub(super) struct InMemoryS3 {
    pub(super) state: SharedState,
}

fn stored(state: &ServerState, bucket: &str, key: &str) -> S3Result<StoredObject> {
    let objects = state.buckets.get(bucket).ok_or_else(|| s3_error!(NoSuchBucket))?;
    objects.get(key).cloned().ok_or_else(|| s3_error!(NoSuchKey))
}

fn etag(stored: &StoredObject) -> ETag {
    ETag::Strong(stored.etag.clone())
}

fn matches(condition: &ETagCondition, stored: &StoredObject) -> bool {
    match condition {
        ETagCondition::Any => true,
        ETagCondition::ETag(wanted) => wanted.value() == stored.etag,
    }
}

fn blob(body: Bytes) -> StreamingBlob {
    StreamingBlob::wrap(stream::once(async { Ok::<_, std::io::Error>(body) }))
}

#[async_trait::async_trait]
impl S3 for InMemoryS3 {
    async fn create_bucket(&self, request: S3Request<CreateBucketInput>) -> S3Result<S3Response<CreateBucketOutput>> {
        let mut state = lock(&self.state);
        if state.buckets.contains_key(&request.input.bucket) {
            return Err(s3_error!(BucketAlreadyOwnedByYou));
        }
        state.buckets.insert(request.input.bucket.clone(), Default::default());
        Ok(S3Response::new(CreateBucketOutput::default()))
    }

    async fn head_bucket(&self, request: S3Request<HeadBucketInput>) -> S3Result<S3Response<HeadBucketOutput>> {
        match lock(&self.state).buckets.contains_key(&request.input.bucket) {
            true => Ok(S3Response::new(HeadBucketOutput::default())),
            false => Err(s3_error!(NoSuchBucket)),
        }
    }

    async fn list_objects_v2(
        &self,
        request: S3Request<ListObjectsV2Input>,
    ) -> S3Result<S3Response<ListObjectsV2Output>> {
        let input = request.input;
        let state = lock(&self.state);
        let objects = state.buckets.get(&input.bucket).ok_or_else(|| s3_error!(NoSuchBucket))?;
        let prefix = input.prefix.clone().unwrap_or_default();
        let limit = input.max_keys.unwrap_or(1000).clamp(0, 1000) as usize;
        // The continuation token is the last key of the previous page.
        let from = match input.continuation_token.clone().or(input.start_after) {
            Some(last) => Bound::Excluded(last),
            None => Bound::Unbounded,
        };
        let found = objects.range((from, Bound::Unbounded)).filter(|(key, _)| key.starts_with(&prefix));
        let (mut contents, mut folders, mut last, mut truncated) = (Vec::new(), BTreeSet::new(), None, false);
        for (key, stored) in found {
            let folder = input.delimiter.as_deref().and_then(|delimiter| {
                let (folder, _) = key[prefix.len()..].split_once(delimiter)?;
                Some(format!("{prefix}{folder}{delimiter}"))
            });
            // A folder and its keys count once, and the token of a page is the last key that it covers.
            if !folder.as_ref().is_some_and(|folder| folders.contains(folder)) {
                if contents.len() + folders.len() == limit {
                    truncated = true;
                    break;
                }
                match folder {
                    Some(folder) => drop(folders.insert(folder)),
                    None => contents.push(Object {
                        key: Some(key.clone()),
                        size: Some(stored.body.len() as i64),
                        e_tag: Some(etag(stored)),
                        last_modified: Some(stored.modified.into()),
                        ..Default::default()
                    }),
                }
            }
            last = Some(key.clone());
        }
        let common_prefixes: Vec<CommonPrefix> =
            folders.into_iter().map(|folder| CommonPrefix { prefix: Some(folder) }).collect();
        Ok(S3Response::new(ListObjectsV2Output {
            name: Some(input.bucket),
            prefix: Some(prefix),
            max_keys: Some(limit as i32),
            key_count: Some((contents.len() + common_prefixes.len()) as i32),
            continuation_token: input.continuation_token,
            is_truncated: Some(truncated),
            next_continuation_token: last.filter(|_| truncated),
            delimiter: input.delimiter,
            common_prefixes: Some(common_prefixes),
            contents: Some(contents),
            ..Default::default()
        }))
    }

    async fn head_object(&self, request: S3Request<HeadObjectInput>) -> S3Result<S3Response<HeadObjectOutput>> {
        let stored = stored(&lock(&self.state), &request.input.bucket, &request.input.key)?;
        if request.input.if_match.is_some_and(|condition| !matches(&condition, &stored)) {
            return Err(s3_error!(PreconditionFailed));
        }
        let asked = request.input.checksum_mode.is_some_and(|mode| mode.as_str() == ChecksumMode::ENABLED);
        Ok(S3Response::new(HeadObjectOutput {
            content_length: Some(stored.body.len() as i64),
            e_tag: Some(etag(&stored)),
            last_modified: Some(stored.modified.into()),
            accept_ranges: Some("bytes".into()),
            checksum_crc32: stored.crc32.filter(|_| asked),
            checksum_crc64nvme: stored.crc64nvme.filter(|_| asked),
            ..Default::default()
        }))
    }

    async fn get_object(&self, request: S3Request<GetObjectInput>) -> S3Result<S3Response<GetObjectOutput>> {
        let stored = stored(&lock(&self.state), &request.input.bucket, &request.input.key)?;
        if request.input.if_match.is_some_and(|condition| !matches(&condition, &stored)) {
            return Err(s3_error!(PreconditionFailed));
        }
        let size = stored.body.len() as u64;
        let range = request.input.range.map(|range| range.check(size)).transpose()?;
        // The stored checksum is that of the whole object, so a range has none.
        let asked =
            range.is_none() && request.input.checksum_mode.is_some_and(|mode| mode.as_str() == ChecksumMode::ENABLED);
        let (e_tag, last_modified) = (Some(etag(&stored)), Some(stored.modified.into()));
        let (body, content_range) = match range {
            Some(range) => (
                stored.body.slice(range.start as usize..range.end as usize),
                Some(format!("bytes {}-{}/{size}", range.start, range.end - 1)),
            ),
            None => (stored.body, None),
        };
        Ok(S3Response::new(GetObjectOutput {
            content_length: Some(body.len() as i64),
            body: Some(blob(body)),
            content_range,
            e_tag,
            last_modified,
            accept_ranges: Some("bytes".into()),
            checksum_crc32: stored.crc32.filter(|_| asked),
            checksum_crc64nvme: stored.crc64nvme.filter(|_| asked),
            ..Default::default()
        }))
    }

    async fn put_object(&self, request: S3Request<PutObjectInput>) -> S3Result<S3Response<PutObjectOutput>> {
        let input = request.input;
        let mut body = BytesMut::new();
        if let Some(mut stream) = input.body {
            while let Some(part) = stream.try_next().await.map_err(|_| s3_error!(IncompleteBody))? {
                body.extend_from_slice(&part);
            }
        }
        let body = body.freeze();
        // Clients send the checksum as a header or as a trailer.
        let trailer = |name: &str| {
            let trailers = request.trailing_headers.as_ref()?;
            trailers
                .read(|headers| headers.get(name).and_then(|value| value.to_str().ok()).map(str::to_owned))
                .flatten()
        };
        let crc32 = input.checksum_crc32.or_else(|| trailer("x-amz-checksum-crc32"));
        let crc64nvme = input.checksum_crc64nvme.or_else(|| trailer("x-amz-checksum-crc64nvme"));
        let real = checksums(&body);
        let wrong = |sent: &Option<String>, real: &Option<String>| sent.is_some() && sent != real;
        if wrong(&crc32, &real.checksum_crc32) || wrong(&crc64nvme, &real.checksum_crc64nvme) {
            return Err(s3_error!(BadDigest));
        }

        let mut state = lock(&self.state);
        let ignores_conditions = state.ignores_conditions;
        let objects = state.buckets.get_mut(&input.bucket).ok_or_else(|| s3_error!(NoSuchBucket))?;
        match (&input.if_match, &input.if_none_match, objects.get(&input.key)) {
            _ if ignores_conditions => {}
            (Some(_), _, None) => return Err(s3_error!(NoSuchKey)),
            (Some(condition), _, Some(present)) if !matches(condition, present) => {
                return Err(s3_error!(PreconditionFailed));
            }
            (_, Some(condition), Some(present)) if matches(condition, present) => {
                return Err(s3_error!(PreconditionFailed));
            }
            _ => {}
        }
        // As on AWS: a checksum that the client sent is stored; without one the server computes CRC-64/NVME.
        let stored = match (&crc32, &crc64nvme) {
            (None, None) => StoredObject::with_checksum(body),
            _ => StoredObject { crc32, crc64nvme, ..StoredObject::new(body) },
        };
        let output = PutObjectOutput {
            e_tag: Some(etag(&stored)),
            checksum_crc32: stored.crc32.clone(),
            checksum_crc64nvme: stored.crc64nvme.clone(),
            ..Default::default()
        };
        objects.insert(input.key, stored);
        Ok(S3Response::new(output))
    }

    async fn delete_object(&self, request: S3Request<DeleteObjectInput>) -> S3Result<S3Response<DeleteObjectOutput>> {
        let mut state = lock(&self.state);
        let objects = state.buckets.get_mut(&request.input.bucket).ok_or_else(|| s3_error!(NoSuchBucket))?;
        objects.remove(&request.input.key);
        Ok(S3Response::new(DeleteObjectOutput::default()))
    }
}
