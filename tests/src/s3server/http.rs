//! The connection side: logs each request, lets its fault happen, asks the guard, and hands the rest to the S3 operations.

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
use super::bucket::Buckets;
use super::call::Call;
use super::fault::{self, Fault};
use super::state::{Shared, Stored, lock};

type Body = http_body_util::combinators::UnsyncBoxBody<Bytes, std::io::Error>;

/// Accepts connections for ever.
pub(super) async fn serve(listener: TcpListener, state: Shared) {
    let mut builder = S3ServiceBuilder::new(Buckets { state: state.clone() });
    builder.set_auth(SimpleAuth::from_single(S3Server::ACCESS_KEY, S3Server::SECRET_KEY));
    let service = builder.build();
    loop {
        let Ok((stream, _)) = listener.accept().await else { continue };
        let (service, state) = (service.clone(), state.clone());
        tokio::spawn(async move {
            let answer = service_fn(move |request| {
                let (service, state) = (service.clone(), state.clone());
                async move { answer(request, service, state).await }
            });
            // A client that hangs up, or a fault that does, ends the connection; that is no failure of the server.
            let _ = hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), answer).await;
        });
    }
}

/// Closes the connection without an answer.
fn hangup() -> std::io::Error {
    std::io::Error::from(std::io::ErrorKind::ConnectionReset)
}

/// Logs the request, and how it was answered.
async fn answer(
    request: Request<Incoming>,
    service: S3Service,
    state: Shared,
) -> Result<Response<Body>, std::io::Error> {
    let call = Call::of(&request);
    let number = {
        let mut state = lock(&state);
        state.count += 1;
        let number = state.count;
        state.calls.insert(number, call.clone());
        number
    };
    let answer = answer_call(request, call, service, state.clone()).await;
    if let Some(call) = lock(&state).calls.get_mut(&number) {
        call.status = answer.as_ref().ok().map(|answer| answer.status().as_u16());
    }
    answer
}

/// Whether the guard lets a call pass. Nobody is asked while the state is locked.
fn allowed(state: &Shared, call: &Call) -> bool {
    let guard = lock(state).guard.clone();
    guard.is_none_or(|guard| guard.0(call))
}

fn denial() -> Response<Body> {
    refusal(403, "AccessDenied", "Access Denied")
}

async fn answer_call(
    request: Request<Incoming>,
    mut call: Call,
    service: S3Service,
    state: Shared,
) -> Result<Response<Body>, std::io::Error> {
    let method = request.method().as_str().to_owned();
    let address = address(&request);
    let fault = {
        let mut state = lock(&state);
        state.requests.push((method.clone(), address.clone()));
        // Told once; who has gone meanwhile needs to know nothing.
        state.waiting.retain(|(of, part, tell)| !(*of == method && address.contains(part) && tell.send(()).is_ok()));
        let fault = fault::next(&mut state.rules, &method, &address);
        state.faults.extend(fault.clone());
        fault
    };
    match &fault {
        Some(Fault::Unavailable) => return Ok(refusal(503, "SlowDown", "Please reduce your request rate.")),
        Some(Fault::Forbidden) => return Ok(denial()),
        Some(Fault::Conflict) => {
            let message = "A conflicting conditional operation is currently in progress against this resource.";
            return Ok(refusal(409, "ConditionalRequestConflict", message));
        }
        Some(Fault::Hangup) => return Err(hangup()),
        Some(Fault::Delay(time)) => tokio::time::sleep(*time).await,
        Some(Fault::ReplaceBefore(body)) => replace(&state, &address, body.clone()),
        _ => {}
    }
    if !allowed(&state, &call) {
        return Ok(denial());
    }
    let answer = match hyper::service::Service::call(&service, request).await {
        Ok(answer) => answer.map(|body| BodyExt::map_err(body, std::io::Error::other).boxed_unsync()),
        Err(error) => return Err(std::io::Error::other(format!("{error:?}"))),
    };
    if answer.status() == 404 && call.key.is_some() && ["GET", "HEAD"].contains(&call.method.as_str()) {
        call.status = Some(404);
        if !allowed(&state, &call) {
            return Ok(denial());
        }
    }
    match fault {
        Some(Fault::LoseAnswer) => Err(hangup()),
        Some(Fault::CutBody(bytes)) => Ok(answer.map(|body| cut(body, bytes, false))),
        Some(Fault::Stall(bytes)) => Ok(answer.map(|body| cut(body, bytes, true))),
        Some(Fault::Short(bytes)) => shortened(answer, bytes).await,
        Some(Fault::ReplaceAfter(body)) => {
            // The body of the answer holds its own bytes, so the object can change under it at once.
            replace(&state, &address, body);
            Ok(answer)
        }
        _ => Ok(answer),
    }
}

/// Gives the object at an address other bytes.
fn replace(state: &Shared, address: &str, body: Bytes) {
    if let Some((bucket, key)) = address.split_once('/')
        && let Some(objects) = lock(state).buckets.get_mut(bucket)
    {
        objects.insert(key.to_owned(), Stored::with_checksum(body));
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

/// Text without its percent signs.
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

/// An error as S3 writes it.
fn refusal(status: u16, code: &str, message: &str) -> Response<Body> {
    let xml = format!(
        r#"<?xml version="1.0" encoding="UTF-8"?><Error><Code>{code}</Code><Message>{message}</Message><RequestId>0</RequestId></Error>"#
    );
    let body = BodyExt::map_err(Full::new(Bytes::from(xml)), |never: Infallible| match never {}).boxed_unsync();
    let mut answer = Response::new(body);
    *answer.status_mut() = hyper::StatusCode::from_u16(status).unwrap_or_default();
    answer
}

/// An answer with the first bytes of its body alone, whole in itself.
async fn shortened(answer: Response<Body>, bytes: u64) -> Result<Response<Body>, std::io::Error> {
    let (mut head, body) = answer.into_parts();
    let mut whole = body.collect().await?.to_bytes();
    whole.truncate(bytes as usize);
    head.headers.insert(hyper::header::CONTENT_LENGTH, whole.len().into());
    let body = BodyExt::map_err(Full::new(whole), |never: Infallible| match never {}).boxed_unsync();
    Ok(Response::from_parts(head, body))
}

/// The first bytes of a body, then a broken connection, or one that stays open without another byte.
fn cut(body: Body, bytes: u64, stays_open: bool) -> Body {
    let mut left = bytes as usize;
    let frames = BodyStream::new(body).map_ok(move |frame| match frame.into_data() {
        Ok(data) => {
            let part = data.slice(..left.min(data.len()));
            left -= part.len();
            Frame::data(part)
        }
        Err(frame) => frame,
    });
    // The error must not overtake the bytes before it, which the server writes when it next waits.
    let end = stream::once(async move {
        match stays_open {
            true => std::future::pending().await,
            false => tokio::time::sleep(std::time::Duration::from_millis(20)).await,
        }
        Err(hangup())
    });
    BodyExt::boxed_unsync(StreamBody::new(frames.chain(end)))
}
