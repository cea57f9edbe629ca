//! Every call of S3 as the trace and the metrics show it: one client span with its status and retries, by OpenTelemetry's semantic
//! conventions for the AWS SDK. The ranges of a large object are counted in the step that reads it, and are no spans.

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

/// Calls that were made, retries not counted.
static REQUESTS: Metric = Metric::counter("cityflow.s3.requests", "{request}", "Calls of S3, by operation");
/// Calls that were made again.
static RETRIES: Metric = Metric::counter("cityflow.s3.retries", "{retry}", "Calls of S3 made again, by operation");

/// As many as a trace can show, each operation by itself: the snapshots of a day, which are read first, leave room for its documents.
static GET: SpanSpec = SpanSpec::client("S3.GetObject", 32);
static PUT: SpanSpec = SpanSpec::client("S3.PutObject", 24);
static LIST: SpanSpec = SpanSpec::client("S3.ListObjectsV2", 40);
static HEAD: SpanSpec = SpanSpec::client("S3.HeadObject", 8);
static DELETE: SpanSpec = SpanSpec::client("S3.DeleteObject", 8);

/// Sees every call of a client.
#[derive(Debug)]
pub(super) struct TracingInterceptor;

/// A call under way.
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

/// What a call is for.
struct Asked<'a> {
    operation: &'static str,
    kind: &'static SpanSpec,
    bucket: Option<&'a str>,
    key: Option<&'a str>,
    /// Whether it asks for a part of an object.
    is_range: bool,
}

fn asked<'a>(context: &'a BeforeSerializationInterceptorContextRef<'_>) -> Option<Asked<'a>> {
    let input = context.input();
    let asked = |operation, kind, bucket, key, is_range| Some(Asked { operation, kind, bucket, key, is_range });
    if let Some(get) = input.downcast_ref::<GetObjectInput>() {
        return asked("GetObject", &GET, get.bucket(), get.key(), get.range().is_some());
    }
    if let Some(put) = input.downcast_ref::<PutObjectInput>() {
        return asked("PutObject", &PUT, put.bucket(), put.key(), false);
    }
    if let Some(list) = input.downcast_ref::<ListObjectsV2Input>() {
        return asked("ListObjectsV2", &LIST, list.bucket(), list.prefix(), false);
    }
    if let Some(head) = input.downcast_ref::<HeadObjectInput>() {
        return asked("HeadObject", &HEAD, head.bucket(), head.key(), false);
    }
    let delete = input.downcast_ref::<DeleteObjectInput>()?;
    asked("DeleteObject", &DELETE, delete.bucket(), delete.key(), false)
}

impl Intercept for TracingInterceptor {
    fn name(&self) -> &'static str {
        "Traced"
    }

    fn read_before_execution(
        &self,
        context: &BeforeSerializationInterceptorContextRef<'_>,
        bag: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let Some(Asked { operation, kind, bucket, key, is_range }) = asked(context) else { return Ok(()) };
        let span = if is_range {
            Span::none()
        } else {
            Span::start(kind)
                .with("rpc.system", "aws-api")
                .with("rpc.service", "S3")
                .with("rpc.method", operation)
                .with("aws.s3.bucket", bucket.unwrap_or_default().to_owned())
                .with("aws.s3.key", key.unwrap_or_default().to_owned())
        };
        // At once: one that is given up was made all the same.
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
            span.fail("NoAnswer", "no answer: it was lost on the way, or the call could not be made");
            return Ok(());
        };
        let status = response.status().as_u16();
        span.set_count("http.response.status_code", status.into());
        for (header, attribute) in [("x-amz-request-id", "aws.request_id"), ("x-amz-id-2", "aws.extended_request_id")] {
            if let Some(id) = response.headers().get(header) {
                span.set(attribute, id.to_owned());
            }
        }
        let is_error = context.output_or_error().is_some_and(|end| end.is_err());
        if status >= 300 {
            let code = response.body().bytes().and_then(code);
            // That something is not there, or is there already, is an answer and no error; that there is no bucket is one.
            if !matches!(status, 304 | 404 | 409 | 412) || code.as_deref() == Some("NoSuchBucket") {
                let said = code.as_ref().map_or_else(String::new, |code| format!(" ({code})"));
                let kind = code.unwrap_or_else(|| status.to_string());
                span.fail(&kind, &format!("S3 answered {status}{said} to {}", call.operation));
            }
        } else if is_error {
            span.fail("Unreadable", "the answer broke off, or cannot be read");
        }
        Ok(())
    }
}

/// The code in the body of an error of S3, such as `AccessDenied`.
fn code(body: &[u8]) -> Option<String> {
    let (_, rest) = std::str::from_utf8(body).ok()?.split_once("<Code>")?;
    let (code, _) = rest.split_once("</Code>")?;
    // One of some dozens of words, not whatever a proxy has to say.
    ((1..=64).contains(&code.len()) && code.bytes().all(|byte| byte.is_ascii_alphanumeric())).then(|| code.to_owned())
}

/// A read that was made again because its body broke off, which the client does not see.
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
    fn an_error_has_its_code() {
        let body =
            |code: &str| format!("<?xml version=\"1.0\"?><Error><Code>{code}</Code><Message>no</Message></Error>");
        assert_eq!(code(body("AccessDenied").as_bytes()).as_deref(), Some("AccessDenied"));
        for none in ["", "<html>", "<Code>", &body("a sentence"), &body(&"A".repeat(65)), &body("")] {
            assert_eq!(code(none.as_bytes()), None, "{none}");
        }
        assert_eq!(code(b"\xff<Code>A</Code>"), None);
    }
}
