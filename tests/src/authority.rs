//! An authority of one test, with the certificates that it gives: for a server on this machine, for a program that shows who it is. And
//! TLS in front of a server that has none.

use std::fs;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, ExtendedKeyUsagePurpose, IsCa, KeyPair};
use tempfile::TempDir;
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::ring::default_provider;
use tokio_rustls::rustls::pki_types::pem::PemObject as _;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};

/// An authority. Its files are gone when it is dropped.
#[derive(Debug)]
pub struct Authority {
    folder: TempDir,
    server: Identity,
    client: Identity,
}

/// PEM files of a certificate and of its key.
#[derive(Debug, Clone)]
pub struct Identity {
    /// The certificate.
    pub certificate: PathBuf,
    /// Its key.
    pub key: PathBuf,
}

impl Authority {
    /// One that nobody knows yet.
    ///
    /// # Panics
    /// Where no file can be written.
    #[must_use]
    pub fn new() -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let mut own = params("authority", &[]);
        own.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let issuer = CertifiedIssuer::self_signed(own, KeyPair::generate().expect("a key")).expect("a certificate");
        fs::write(folder.path().join(CERTIFICATE), issuer.pem()).expect("a file");
        let given = |name: &str, addresses: &[&str]| {
            let key = KeyPair::generate().expect("a key");
            let mut params = params(name, addresses);
            params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth, ExtendedKeyUsagePurpose::ClientAuth];
            let certificate = params.signed_by(&key, &issuer).expect("a certificate");
            let file = |end: &str, text: String| {
                let path = folder.path().join(format!("{name}.{end}"));
                fs::write(&path, text).expect("a file");
                path
            };
            Identity { certificate: file("crt", certificate.pem()), key: file("key", key.serialize_pem()) }
        };
        let (server, client) = (given("server", &["127.0.0.1", "localhost"]), given("client", &[]));
        Self { folder, server, client }
    }

    /// PEM file of its own certificate, by which others are believed.
    #[must_use]
    pub fn certificate(&self) -> PathBuf {
        self.folder.path().join(CERTIFICATE)
    }

    /// Of a server on this machine.
    #[must_use]
    pub fn server(&self) -> &Identity {
        &self.server
    }

    /// Of a program that shows who it is.
    #[must_use]
    pub fn client(&self) -> &Identity {
        &self.client
    }
}

impl Default for Authority {
    fn default() -> Self {
        Self::new()
    }
}

const CERTIFICATE: &str = "authority.crt";

fn params(name: &str, addresses: &[&str]) -> CertificateParams {
    let addresses: Vec<_> = addresses.iter().map(|address| (*address).to_owned()).collect();
    let mut params = CertificateParams::new(addresses).expect("addresses");
    params.distinguished_name.push(DnType::CommonName, name);
    params
}

/// TLS on a port of this machine in front of a server that speaks without, to the end of the test program; the port.
///
/// # Panics
/// Where it does not start.
#[must_use]
pub fn encrypted(server: SocketAddr, identity: &Identity) -> u16 {
    let config = ServerConfig::builder_with_provider(Arc::new(default_provider()))
        .with_safe_default_protocol_versions()
        .expect("versions of TLS")
        .with_no_client_auth()
        .with_single_cert(chain(&identity.certificate), PrivateKeyDer::from_pem_file(&identity.key).expect("a key"))
        .expect("a certificate with its key");
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let (told, port) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        runtime.block_on(async {
            let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.expect("a free port");
            let _ = told.send(listener.local_addr().expect("an address").port());
            loop {
                let Ok((stream, _)) = listener.accept().await else { continue };
                let acceptor = acceptor.clone();
                tokio::spawn(async move {
                    // A client that does not believe the certificate ends the connection; that is no failure of the server.
                    let Ok(mut inside) = acceptor.accept(stream).await else { return };
                    let Ok(mut behind) = TcpStream::connect(server).await else { return };
                    let _ = tokio::io::copy_bidirectional(&mut inside, &mut behind).await;
                });
            }
        });
    });
    port.recv().expect("it starts")
}

fn chain(path: &Path) -> Vec<CertificateDer<'static>> {
    CertificateDer::pem_file_iter(path).expect("a file").collect::<Result<_, _>>().expect("certificates")
}
