//! Reserved TCP ports: no other process is assigned one, and connections are refused while no program listens on it.
//!
//! Binding a free port and closing it again is not enough: another test may be assigned the same port a moment later.

use std::net::{Ipv4Addr, SocketAddr};

use tokio::net::TcpSocket;

/// A port that stays reserved until this is dropped. A program that the test starts can listen on it (`SO_REUSEADDR`).
#[derive(Debug)]
pub struct ReservedPort {
    socket: TcpSocket,
}

impl ReservedPort {
    /// Reserves a free port of an address.
    ///
    /// # Panics
    /// When no port is free.
    #[must_use]
    pub fn reserve(address: Ipv4Addr) -> Self {
        let socket = TcpSocket::new_v4().expect("open a socket");
        // Two sockets share a port if both set SO_REUSEADDR and only one listens. A bind to port 0 never gets a bound port.
        socket.set_reuseaddr(true).expect("set SO_REUSEADDR");
        socket.bind(SocketAddr::from((address, 0))).expect("bind a free port");
        Self { socket }
    }

    /// The port number.
    ///
    /// # Panics
    /// When the system does not return the address of the socket.
    #[must_use]
    pub fn number(&self) -> u16 {
        self.socket.local_addr().expect("address of a bound socket").port()
    }
}

/// A loopback address on which no program listens until the test process ends.
#[must_use]
pub fn unused_address() -> SocketAddr {
    let port = Box::leak(Box::new(ReservedPort::reserve(Ipv4Addr::LOCALHOST)));
    SocketAddr::from((Ipv4Addr::LOCALHOST, port.number()))
}

#[cfg(test)]
mod tests {
    use std::io::ErrorKind;
    use std::net::{TcpListener, TcpStream};

    use super::*;

    #[test]
    fn reserved_port_refuses_connections_unless_a_program_listens() {
        let port = ReservedPort::reserve(Ipv4Addr::LOCALHOST);
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port.number()));
        let refused = || TcpStream::connect(address).map(drop).map_err(|error| error.kind());
        assert_eq!(refused(), Err(ErrorKind::ConnectionRefused));
        assert!(TcpSocket::new_v4().unwrap().bind(address).is_err(), "bound without SO_REUSEADDR");
        let listener = TcpListener::bind(address).unwrap();
        let connected = (TcpStream::connect(address).unwrap(), listener.accept().unwrap());
        drop(listener);
        drop(connected);
        assert_eq!(refused(), Err(ErrorKind::ConnectionRefused));
    }
}
