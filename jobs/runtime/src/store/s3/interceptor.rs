//! Spans and metrics of S3 calls: one client span per call with its status and retries, following OpenTelemetry's semantic conventions
//! for the AWS SDK. Range reads of large objects get no spans; they are counted in the span that reads the object.

use aws_sdk_s3::config::interceptors::{
    BeforeSerializationInterceptorContextRef, BeforeTransmitInterceptorContextRef, FinalizerInterceptorContextRef,
};
use aws_sdk_s3::config::{ConfigBag, Intercept, RuntimeComponents};
use aws_sdk_s3::error::BoxError;
use aws_sdk_s3::operation::delete_object::DeleteObjectInput;
use aws_sdk_s3::operation::get_object::GetObjectInput;
use aws_sdk_s3::operation::head_object::HeadObjectInput;
use aws_sdk_s3::operation::list_objects_v2::ListObjectsV2Input;
use aws_sdk_s3::operation::put_object::PutObjectInput;
use aws_smithy_types::config_bag::{Storable, StoreReplace};

use crate::telemetry::{self, Metric, Span, SpanSpec};

static REQUESTS: Metric =
    Metric::counter("cityflow.s3.requests", "{request}", "S3 calls by operation, retries not counted");
static RETRIES: Metric = Metric::counter("cityflow.s3.retries", "{retry}", "Retries of S3 calls, by operation");

/// Each operation has its own bound, so that the snapshots of a day, which are read first, leave room for its documents.
static GET: SpanSpec = SpanSpec::client("S3.GetObject", 32);
static PUT: SpanSpec = SpanSpec::client("S3.PutObject", 24);
static LIST: SpanSpec = SpanSpec::client("S3.ListObjectsV2", 40);
static HEAD: SpanSpec = SpanSpec::client("S3.HeadObject", 8);
static DELETE: SpanSpec = SpanSpec::client("S3.DeleteObject", 8);

/// Observes every call of a client.
#[derive(Debug)]
pub(super) struct TracingInterceptor;

/// A call in progress.
#[derive(Debug)]
struct Call {
    span: Span,
    operation: &'static str,
    attempts: u64,
    ended: bool,
}

impl Drop for Call {
    fn drop(&mut self) {
        if !self.ended {
            self.span.set("interrupted", true);
        }
    }
}

impl Storable for Call {
    type Storer = StoreReplace<Self>;
}

/// The parts of a request that its span shows.
struct Request<'a> {
    operation: &'static str,
    spec: &'static SpanSpec,
    bucket: Option<&'a str>,
    key: Option<&'a str>,
    is_range: bool,
}

fn request<'a>(context: &'a BeforeSerializationInterceptorContextRef<'_>) -> Option<Request<'a>> {
    let input = context.input();
    let request = |operation, spec, bucket, key, is_range| Some(Request { operation, spec, bucket, key, is_range });
    if let Some(get) = input.downcast_ref::<GetObjectInput>() {
        return request("GetObject", &GET, get.bucket(), get.key(), get.range().is_some());
    }
    if let Some(put) = input.downcast_ref::<PutObjectInput>() {
        return request("PutObject", &PUT, put.bucket(), put.key(), false);
    }
    if let Some(list) = input.downcast_ref::<ListObjectsV2Input>() {
        return request("ListObjectsV2", &LIST, list.bucket(), list.prefix(), false);
    }
    if let Some(head) = input.downcast_ref::<HeadObjectInput>() {
        return request("HeadObject", &HEAD, head.bucket(), head.key(), false);
    }
    let delete = input.downcast_ref::<DeleteObjectInput>()?;
    request("DeleteObject", &DELETE, delete.bucket(), delete.key(), false)
}

impl Intercept for TracingInterceptor {
    fn name(&self) -> &'static str {
        "TracingInterceptor"
    }

    fn read_before_execution(
        &self,
        context: &BeforeSerializationInterceptorContextRef<'_>,
        bag: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let Some(Request { operation, spec, bucket, key, is_range }) = request(context) else { return Ok(()) };
        let span = if is_range {
            Span::none()
        } else {
            Span::start(spec)
                .with("rpc.system", "aws-api")
                .with("rpc.service", "S3")
                .with("rpc.method", operation)
                .with("aws.s3.bucket", bucket.unwrap_or_default().to_owned())
                .with("aws.s3.key", key.unwrap_or_default().to_owned())
        };
        // Counted now, because a cancelled call was made all the same.
        count_call(operation, 1, 0);
        bag.interceptor_state().store_put(Call { span, operation, attempts: 0, ended: false });
        Ok(())
    }

    fn read_before_attempt(
        &self,
        _: &BeforeTransmitInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        bag: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        if let Some(call) = bag.get_mut_from_interceptor_state::<Call>() {
            count_call(call.operation, 0, u64::from(call.attempts > 0));
            call.attempts += 1;
        }
        Ok(())
    }

    fn read_after_execution(
        &self,
        context: &FinalizerInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        bag: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let Some(call) = bag.get_mut_from_interceptor_state::<Call>() else { return Ok(()) };
        let retries = call.attempts.saturating_sub(1);
        call.ended = true;
        let span = &call.span;
        if retries > 0 {
            span.set_count("http.request.resend_count", retries);
        }
        let Some(response) = context.response() else {
            span.fail("NoAnswer", "no response: it was lost, or the request could not be sent");
            return Ok(());
        };
        let status = response.status().as_u16();
        span.set_count("http.response.status_code", status.into());
        for (header, attribute) in [("x-amz-request-id", "aws.request_id"), ("x-amz-id-2", "aws.extended_request_id")] {
            if let Some(id) = response.headers().get(header) {
                span.set(attribute, id.to_owned());
            }
        }
        let is_error = context.output_or_error().is_some_and(|result| result.is_err());
        if status >= 300 {
            let code = response.body().bytes().and_then(error_code);
            // A missing or existing object is an expected answer; a missing bucket is an error.
            if !matches!(status, 304 | 404 | 409 | 412) || code.as_deref() == Some("NoSuchBucket") {
                let shown = code.as_ref().map_or_else(String::new, |code| format!(" ({code})"));
                let error_type = code.unwrap_or_else(|| status.to_string());
                span.fail(&error_type, &format!("S3 answered {status}{shown} to {}", call.operation));
            }
        } else if is_error {
            span.fail("Unreadable", "the response broke off, or cannot be parsed");
        }
        Ok(())
    }
}

/// The code in the body of an S3 error, such as `AccessDenied`.
fn error_code(body: &[u8]) -> Option<String> {
    let (_, rest) = std::str::from_utf8(body).ok()?.split_once("<Code>")?;
    let (code, _) = rest.split_once("</Code>")?;
    // Accept only what looks like an S3 error code: the span attribute must not hold arbitrary text of a proxy.
    ((1..=64).contains(&code.len()) && code.bytes().all(|byte| byte.is_ascii_alphanumeric())).then(|| code.to_owned())
}

/// Counts the retry of a read whose body broke off, which the SDK does not see.
pub(super) fn record_retry() {
    count_call("GetObject", 0, 1);
}

fn count_call(operation: &str, requests: u64, retries: u64) {
    telemetry::count_calls(requests, retries);
    let attributes = [("rpc.method", operation)];
    if requests > 0 {
        REQUESTS.add(requests, &attributes);
        telemetry::add("s3.requests", requests);
    }
    if retries > 0 {
        RETRIES.add(retries, &attributes);
        telemetry::add("s3.retries", retries);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn error_code_is_read_from_the_body() {
        let body =
            |code: &str| format!("<?xml version=\"1.0\"?><Error><Code>{code}</Code><Message>no</Message></Error>");
        assert_eq!(error_code(body("AccessDenied").as_bytes()).as_deref(), Some("AccessDenied"));
        for none in ["", "<html>", "<Code>", &body("a sentence"), &body(&"A".repeat(65)), &body("")] {
            assert_eq!(error_code(none.as_bytes()), None, "{none}");
        }
        assert_eq!(error_code(b"\xff<Code>A</Code>"), None);
    }
}
