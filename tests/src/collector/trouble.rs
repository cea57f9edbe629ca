//! Collectors that do not do their work: nobody there, no answer, a refusal, no appetite, no such name.

use std::convert::Infallible;
use std::io::Read as _;
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::time::Duration;

use http_body_util::BodyExt as _;
use hyper::body::{Bytes, Incoming};
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::{TokioExecutor, TokioIo};

use super::{Protocol, port};

/// What is wrong with a collector.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trouble {
    /// Nobody listens at the address.
    Nobody,
    /// It takes the connection and never says a word.
    Silent,
    /// It says that it is not available: 503, or `UNAVAILABLE`.
    Unavailable,
    /// It reads a byte a second.
    Slow,
    /// Its name cannot be resolved.
    NoName,
}

impl Trouble {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::Nobody, Self::Silent, Self::Unavailable, Self::Slow, Self::NoName];

    /// Such a collector, to the end of the test program; its address.
    #[must_use]
    pub fn start(self, protocol: Protocol) -> String {
        let listener = || TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
        let address = match self {
            // A name that never exists.
            Self::NoName => return "http://collector.invalid:4317".to_owned(),
            Self::Nobody => port::nobody(),
            Self::Silent => serve(listener(), |stream| {
                // Held open: a connection that is closed would be an answer.
                Box::leak(Box::new(stream));
            }),
            Self::Slow => {
                let listener = listener();
                // What the kernel would take for it is read too; so little that it does not matter.
                rustix::net::sockopt::set_socket_recv_buffer_size(&listener, 1).expect("a buffer's size can be set");
                serve(listener, |mut stream| {
                    let mut byte = [0];
                    while stream.read(&mut byte).is_ok_and(|read| read > 0) {
                        std::thread::sleep(Duration::from_secs(1));
                    }
                })
            }
            Self::Unavailable => refuse(listener(), protocol),
        };
        format!("http://{address}")
    }
}

/// Gives each connection a thread of its own; the address.
fn serve(listener: TcpListener, each: impl Fn(TcpStream) + Send + Copy + 'static) -> SocketAddr {
    let address = listener.local_addr().expect("an address");
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            std::thread::spawn(move || each(stream));
        }
    });
    address
}

/// Reads each request to its end and says that the service is not available; the address.
fn refuse(listener: TcpListener, protocol: Protocol) -> SocketAddr {
    let address = listener.local_addr().expect("an address");
    listener.set_nonblocking(true).expect("a listener");
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        runtime.block_on(async {
            let listener = tokio::net::TcpListener::from_std(listener).expect("a listener");
            loop {
                let Ok((stream, _)) = listener.accept().await else { continue };
                let (stream, answer) = (TokioIo::new(stream), service_fn(move |request| refusal(request, protocol)));
                tokio::spawn(async move {
                    // A client that hangs up is no failure of this server.
                    let _ = match protocol {
                        Protocol::Grpc => {
                            hyper::server::conn::http2::Builder::new(TokioExecutor::new())
                                .serve_connection(stream, answer)
                                .await
                        }
                        _ => hyper::server::conn::http1::Builder::new().serve_connection(stream, answer).await,
                    };
                });
            }
        });
    });
    address
}

async fn refusal(
    request: Request<Incoming>,
    protocol: Protocol,
) -> Result<Response<http_body_util::Empty<Bytes>>, Infallible> {
    let _ = request.into_body().collect().await;
    let answer = match protocol {
        // 14 is UNAVAILABLE.
        Protocol::Grpc => Response::builder().header("content-type", "application/grpc").header("grpc-status", "14"),
        _ => Response::builder().status(503),
    };
    Ok(answer.body(http_body_util::Empty::new()).expect("an answer"))
}
