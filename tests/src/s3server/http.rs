//! HTTP: records each request, applies its fault, checks access, and passes it on to the S3 operations.

use std::convert::Infallible;

use bytes::Bytes;
use futures::{StreamExt, TryStreamExt, stream};
use http_body_util::{BodyExt, BodyStream, Full, StreamBody};
use hyper::body::{Frame, Incoming};
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use s3s::auth::SimpleAuth;
use s3s::service::{S3Service, S3ServiceBuilder};
use tokio::net::TcpListener;

use super::S3Server;
use super::bucket::InMemoryS3;
use super::fault::{self, InjectedFault};
use super::recorded_request::RecordedRequest;
use super::state::{SharedState, StoredObject, lock};

type Body = http_body_util::combinators::UnsyncBoxBody<Bytes, std::io::Error>;

/// Accepts connections forever.
pub(super) async fn serve(listener: TcpListener, state: SharedState) {
    let mut builder = S3ServiceBuilder::new(InMemoryS3 { state: state.clone() });
    builder.set_auth(SimpleAuth::from_single(S3Server::ACCESS_KEY, S3Server::SECRET_KEY));
    let service = builder.build();
    loop {
        let Ok((stream, _)) = listener.accept().await else { continue };
        let (service, state) = (service.clone(), state.clone());
        tokio::spawn(async move {
            let respond = service_fn(move |request| {
                let (service, state) = (service.clone(), state.clone());
                async move { respond(request, service, state).await }
            });
            // The client or a fault may close the connection; the server goes on.
            let _ = hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), respond).await;
        });
    }
}

/// The error that makes hyper close the connection without a response.
fn closed_connection() -> std::io::Error {
    std::io::Error::from(std::io::ErrorKind::ConnectionReset)
}

/// Executes a request and records it with the status of its response.
async fn respond(
    request: Request<Incoming>,
    service: S3Service,
    state: SharedState,
) -> Result<Response<Body>, std::io::Error> {
    let recorded = RecordedRequest::new(&request);
    let number = {
        let mut state = lock(&state);
        state.count += 1;
        let number = state.count;
        state.recorded.insert(number, recorded.clone());
        number
    };
    let response = execute(request, recorded, service, state.clone()).await;
    if let Some(recorded) = lock(&state).recorded.get_mut(&number) {
        recorded.status = response.as_ref().ok().map(|response| response.status().as_u16());
    }
    response
}

/// Whether the access check allows a request. The check runs without the lock on the state, because it may call the server.
fn is_allowed(state: &SharedState, request: &RecordedRequest) -> bool {
    let access = lock(state).access.clone();
    access.is_none_or(|access| access.0(request))
}

fn denial() -> Response<Body> {
    error_response(403, "AccessDenied", "Access Denied")
}

async fn execute(
    request: Request<Incoming>,
    mut recorded: RecordedRequest,
    service: S3Service,
    state: SharedState,
) -> Result<Response<Body>, std::io::Error> {
    let method = request.method().as_str().to_owned();
    let address = address(&request);
    let fault = {
        let mut state = lock(&state);
        state.requests.push((method.clone(), address.clone()));
        // Each channel gets one message.
        let is_awaited = |wanted: &str, part: &String| wanted == method && address.contains(part);
        state.waiting.retain(|(wanted, part, sender)| !(is_awaited(wanted, part) && sender.send(()).is_ok()));
        let fault = fault::next(&mut state.rules, &method, &address);
        state.applied_faults.extend(fault.clone());
        fault
    };
    match &fault {
        Some(InjectedFault::Unavailable) => {
            return Ok(error_response(503, "SlowDown", "Please reduce your request rate."));
        }
        Some(InjectedFault::Forbidden) => return Ok(denial()),
        Some(InjectedFault::NotImplemented) => {
            let message = "A header you provided implies functionality that is not implemented.";
            return Ok(error_response(501, "NotImplemented", message));
        }
        Some(InjectedFault::Conflict) => {
            let message = "A conflicting conditional operation is currently in progress against this resource.";
            return Ok(error_response(409, "ConditionalRequestConflict", message));
        }
        Some(InjectedFault::CloseConnection) => return Err(closed_connection()),
        Some(InjectedFault::Delay(time)) => tokio::time::sleep(*time).await,
        Some(InjectedFault::ReplaceBefore(body)) => replace(&state, &address, body.clone()),
        _ => {}
    }
    if !is_allowed(&state, &recorded) {
        return Ok(denial());
    }
    if method == "PUT" {
        let refused = lock(&state).refused_headers.clone();
        let is_refused = |name: &&str| refused.iter().any(|prefix| name.starts_with(prefix));
        if let Some(name) = request.headers().keys().map(hyper::header::HeaderName::as_str).find(is_refused) {
            return Ok(error_response(501, "NotImplemented", &format!("The header {name} is not implemented.")));
        }
    }
    let response = match hyper::service::Service::call(&service, request).await {
        Ok(response) => response.map(|body| BodyExt::map_err(body, std::io::Error::other).boxed_unsync()),
        Err(error) => return Err(std::io::Error::other(format!("{error:?}"))),
    };
    if response.status() == 404 && recorded.key.is_some() && ["GET", "HEAD"].contains(&recorded.method.as_str()) {
        recorded.status = Some(404);
        if !is_allowed(&state, &recorded) {
            return Ok(denial());
        }
    }
    match fault {
        Some(InjectedFault::LoseResponse) => Err(closed_connection()),
        Some(InjectedFault::TruncateBody(bytes)) => Ok(response.map(|body| interrupted(body, bytes, false))),
        Some(InjectedFault::StallBody(bytes)) => Ok(response.map(|body| interrupted(body, bytes, true))),
        Some(InjectedFault::ShortBody(bytes)) => shortened(response, bytes).await,
        Some(InjectedFault::ReplaceAfter(body)) => {
            // The response keeps the old bytes.
            replace(&state, &address, body);
            Ok(response)
        }
        _ => Ok(response),
    }
}

/// Replaces the object at `bucket/key`.
fn replace(state: &SharedState, address: &str, body: Bytes) {
    if let Some((bucket, key)) = address.split_once('/')
        && let Some(objects) = lock(state).buckets.get_mut(bucket)
    {
        objects.insert(key.to_owned(), StoredObject::with_checksum(body));
    }
}

/// `bucket/key`, decoded; for a listing `bucket?prefix`.
fn address(request: &Request<Incoming>) -> String {
    let path = decoded(request.uri().path().trim_start_matches('/'));
    let query = request.uri().query().unwrap_or_default();
    let prefix = query.split('&').find_map(|pair| pair.strip_prefix("prefix="));
    match prefix {
        Some(prefix) => format!("{}?{}", path.trim_end_matches('/'), decoded(&prefix.replace('+', " "))),
        None => path,
    }
}

/// Decodes percent-encoded text.
pub(super) fn decoded(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&byte, after)) = rest.split_first() {
        let hex = (byte == b'%').then(|| after.get(..2)).flatten();
        let value = hex.and_then(|hex| std::str::from_utf8(hex).ok()).and_then(|hex| u8::from_str_radix(hex, 16).ok());
        bytes.push(value.unwrap_or(byte));
        rest = if value.is_some() { &after[2..] } else { after };
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// An error in the XML of S3.
fn error_response(status: u16, code: &str, message: &str) -> Response<Body> {
    let xml = format!(
        r#"<?xml version="1.0" encoding="UTF-8"?><Error><Code>{code}</Code><Message>{message}</Message><RequestId>0</RequestId></Error>"#
    );
    let body = BodyExt::map_err(Full::new(Bytes::from(xml)), |never: Infallible| match never {}).boxed_unsync();
    let mut response = Response::new(body);
    *response.status_mut() = hyper::StatusCode::from_u16(status).unwrap_or_default();
    response
}

/// A response that has only the first bytes of its body, with the `Content-Length` of these.
async fn shortened(response: Response<Body>, bytes: u64) -> Result<Response<Body>, std::io::Error> {
    let (mut head, body) = response.into_parts();
    let mut whole = body.collect().await?.to_bytes();
    whole.truncate(bytes as usize);
    head.headers.insert(hyper::header::CONTENT_LENGTH, whole.len().into());
    let body = BodyExt::map_err(Full::new(whole), |never: Infallible| match never {}).boxed_unsync();
    Ok(Response::from_parts(head, body))
}

/// The first bytes of a body, then an error; or nothing more, if the connection stays open.
fn interrupted(body: Body, bytes: u64, stays_open: bool) -> Body {
    let mut left = bytes as usize;
    let frames = BodyStream::new(body).map_ok(move |frame| match frame.into_data() {
        Ok(data) => {
            let part = data.slice(..left.min(data.len()));
            left -= part.len();
            Frame::data(part)
        }
        Err(frame) => frame,
    });
    // hyper writes buffered bytes when it next waits; an error before that would discard them.
    let end = stream::once(async move {
        match stays_open {
            true => std::future::pending().await,
            false => tokio::time::sleep(std::time::Duration::from_millis(20)).await,
        }
        Err(closed_connection())
    });
    BodyExt::boxed_unsync(StreamBody::new(frames.chain(end)))
}
