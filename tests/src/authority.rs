//! A certificate authority per test, with a server and a client certificate; and a TLS proxy for servers without TLS.

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

/// A certificate authority. Its files are deleted when it is dropped.
#[derive(Debug)]
pub struct Authority {
    folder: TempDir,
    server: Identity,
    client: Identity,
}

/// PEM files of a certificate and its key.
#[derive(Debug, Clone)]
pub struct Identity {
    pub certificate: PathBuf,
    pub key: PathBuf,
}

impl Authority {
    /// A new authority, which no program trusts yet.
    ///
    /// # Panics
    /// If the files cannot be written.
    #[must_use]
    pub fn new() -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let mut own = params("authority", &[]);
        own.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let issuer = CertifiedIssuer::self_signed(own, KeyPair::generate().expect("a key")).expect("a certificate");
        fs::write(folder.path().join(CERTIFICATE), issuer.pem()).expect("a file");
        let issue = |name: &str, addresses: &[&str]| {
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
        let (server, client) = (issue("server", &["127.0.0.1", "localhost"]), issue("client", &[]));
        Self { folder, server, client }
    }

    /// PEM file of the CA certificate.
    #[must_use]
    pub fn certificate(&self) -> PathBuf {
        self.folder.path().join(CERTIFICATE)
    }

    /// Certificate of a server on this machine.
    #[must_use]
    pub fn server(&self) -> &Identity {
        &self.server
    }

    /// Certificate of a client.
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

/// Starts a TLS proxy for a server, which runs until the test program exits. Returns its port.
///
/// # Panics
/// If it does not start.
#[must_use]
pub fn start_tls_proxy(server: SocketAddr, identity: &Identity) -> u16 {
    let config = ServerConfig::builder_with_provider(Arc::new(default_provider()))
        .with_safe_default_protocol_versions()
        .expect("TLS versions")
        .with_no_client_auth()
        .with_single_cert(chain(&identity.certificate), PrivateKeyDer::from_pem_file(&identity.key).expect("a key"))
        .expect("a certificate with its key");
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let (sender, port) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        runtime.block_on(async {
            let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.expect("a free port");
            let _ = sender.send(listener.local_addr().expect("an address").port());
            loop {
                let Ok((stream, _)) = listener.accept().await else { continue };
                let acceptor = acceptor.clone();
                tokio::spawn(async move {
                    // A client that does not trust the certificate closes the connection.
                    let Ok(mut client) = acceptor.accept(stream).await else { return };
                    let Ok(mut upstream) = TcpStream::connect(server).await else { return };
                    let _ = tokio::io::copy_bidirectional(&mut client, &mut upstream).await;
                });
            }
        });
    });
    port.recv().expect("the proxy starts")
}

fn chain(path: &Path) -> Vec<CertificateDer<'static>> {
    CertificateDer::pem_file_iter(path).expect("a file").collect::<Result<_, _>>().expect("certificates")
}
