//! Ports that are held: nobody else is given one, and where nobody listens on it, connections are refused.
//!
//! A port that is let go may be another test's a moment later.

use std::net::{Ipv4Addr, SocketAddr};

use tokio::net::TcpSocket;

/// A port of this machine that is ours until this is dropped. A program that we start can listen on it all the same, and once it has ended the
/// port is refused again.
#[derive(Debug)]
pub struct Port {
    socket: TcpSocket,
}

impl Port {
    /// A free port of an address.
    ///
    /// # Panics
    /// Where there is none.
    #[must_use]
    pub fn hold(address: Ipv4Addr) -> Self {
        let socket = TcpSocket::new_v4().expect("a socket");
        // Both have to say so for two to have a port, of whom one listens; whoever asks for any free port is given another.
        socket.set_reuseaddr(true).expect("a socket takes it");
        socket.bind(SocketAddr::from((address, 0))).expect("a free port");
        Self { socket }
    }

    /// Its number.
    ///
    /// # Panics
    /// Never: it has one.
    #[must_use]
    pub fn number(&self) -> u16 {
        self.socket.local_addr().expect("an address").port()
    }
}

/// An address of this machine at which nobody listens, to the end of the test program.
#[must_use]
pub fn nobody() -> SocketAddr {
    let port = Box::leak(Box::new(Port::hold(Ipv4Addr::LOCALHOST)));
    SocketAddr::from((Ipv4Addr::LOCALHOST, port.number()))
}

#[cfg(test)]
mod tests {
    use std::io::ErrorKind;
    use std::net::{TcpListener, TcpStream};

    use super::*;

    #[test]
    fn whoever_is_held_for_may_listen_and_nobody_answers_else() {
        let port = Port::hold(Ipv4Addr::LOCALHOST);
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port.number()));
        let refused = || TcpStream::connect(address).map(drop).map_err(|error| error.kind());
        assert_eq!(refused(), Err(ErrorKind::ConnectionRefused));
        assert!(TcpSocket::new_v4().unwrap().bind(address).is_err(), "nobody is given it who does not know of it");
        let listener = TcpListener::bind(address).unwrap();
        let connected = (TcpStream::connect(address).unwrap(), listener.accept().unwrap());
        drop(listener);
        drop(connected);
        assert_eq!(refused(), Err(ErrorKind::ConnectionRefused));
    }
}
