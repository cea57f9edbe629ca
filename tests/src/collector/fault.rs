//! Collectors that fail: not listening, unresponsive, unavailable, reading slowly, or with a name that does not resolve.

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

/// How a collector fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CollectorFault {
    /// No program listens on its port.
    NotListening,
    /// It accepts connections, reads nothing and sends nothing.
    Unresponsive,
    /// It responds with 503 or the gRPC status `UNAVAILABLE`.
    Unavailable,
    /// It reads one byte per second.
    SlowReader,
    /// Its host name cannot be resolved.
    UnresolvableName,
}

impl CollectorFault {
    /// Starts such a collector, which runs until the test process ends; returns its endpoint.
    #[must_use]
    pub fn start(self, protocol: Protocol) -> String {
        let listener = || TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("bind a free port");
        let address = match self {
            // The top-level domain `.invalid` is reserved: RFC 2606.
            Self::UnresolvableName => return "http://collector.invalid:4317".to_owned(),
            Self::NotListening => port::unused_address(),
            Self::Unresponsive => serve(listener(), |stream| {
                // Never dropped: a closed connection would be a response.
                Box::leak(Box::new(stream));
            }),
            Self::SlowReader => {
                let listener = listener();
                // The kernel reads ahead into this buffer; the smallest size keeps the sender waiting.
                rustix::net::sockopt::set_socket_recv_buffer_size(&listener, 1).expect("set SO_RCVBUF");
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

/// Handles each connection in a new thread; returns the address.
fn serve(listener: TcpListener, each: impl Fn(TcpStream) + Send + Copy + 'static) -> SocketAddr {
    let address = listener.local_addr().expect("local address");
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            std::thread::spawn(move || each(stream));
        }
    });
    address
}

/// Reads each request to its end and responds that the service is unavailable; returns the address.
fn refuse(listener: TcpListener, protocol: Protocol) -> SocketAddr {
    let address = listener.local_addr().expect("local address");
    listener.set_nonblocking(true).expect("set the listener to non-blocking");
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("start tokio");
        runtime.block_on(async {
            let listener = tokio::net::TcpListener::from_std(listener).expect("register the listener");
            loop {
                let Ok((stream, _)) = listener.accept().await else { continue };
                let (stream, respond) =
                    (TokioIo::new(stream), service_fn(move |request| unavailable(request, protocol)));
                tokio::spawn(async move {
                    // The client may close the connection.
                    let _ = match protocol {
                        Protocol::Grpc => {
                            hyper::server::conn::http2::Builder::new(TokioExecutor::new())
                                .serve_connection(stream, respond)
                                .await
                        }
                        _ => hyper::server::conn::http1::Builder::new().serve_connection(stream, respond).await,
                    };
                });
            }
        });
    });
    address
}

async fn unavailable(
    request: Request<Incoming>,
    protocol: Protocol,
) -> Result<Response<http_body_util::Empty<Bytes>>, Infallible> {
    let _ = request.into_body().collect().await;
    let response = match protocol {
        // gRPC status 14 is UNAVAILABLE.
        Protocol::Grpc => Response::builder().header("content-type", "application/grpc").header("grpc-status", "14"),
        _ => Response::builder().status(503),
    };
    Ok(response.body(http_body_util::Empty::new()).expect("a valid response"))
}
