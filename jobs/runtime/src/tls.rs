//! Whom to believe at the other end of TLS: the roots that browsers ship, which are inside the program since an image holds nothing else,
//! those of the machine where it has any, and the file that `AWS_CA_BUNDLE` names, for a server with a certificate of its own. And what to
//! show where the other end asks.

use std::fmt::Display;

use aws_smithy_http_client::tls::{TlsContext, TrustStore};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rustls::RootCertStore;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};

use crate::failure::{Code, Failure};

/// The AWS tools' own variable for it.
const BUNDLE: &str = "AWS_CA_BUNDLE";

/// The certificates that a server's may go back to.
///
/// # Errors
/// A bundle that cannot be read or holds no certificate.
pub(crate) fn context() -> Result<TlsContext, Failure> {
    // The variables by which a machine's roots are moved, SSL_CERT_FILE and SSL_CERT_DIR, are heeded by this.
    let machine = rustls_native_certs::load_native_certs();
    let mut store = TrustStore::empty().with_native_roots(!machine.certs.is_empty());
    for root in webpki_root_certs::TLS_SERVER_ROOT_CERTS {
        store.add_pem_certificate(pem(root));
    }
    if let Some(path) = std::env::var(BUNDLE).ok().filter(|path| !path.is_empty()) {
        for certificate in bundle(&path)? {
            store.add_pem_certificate(pem(&certificate));
        }
    }
    let built = TlsContext::builder().with_trust_store(store).build();
    built.map_err(|error| Failure::new(Code::Bug, format!("no TLS ({error})"), "", "Report it"))
}

/// The same certificates for a connection that is not the SDK's, and those of the file at `more`.
///
/// # Errors
/// A file that cannot be used, in a sentence.
pub(crate) fn certificates(more: Option<&str>) -> Result<Vec<CertificateDer<'static>>, String> {
    let mut all = rustls_native_certs::load_native_certs().certs;
    all.extend(webpki_root_certs::TLS_SERVER_ROOT_CERTS.iter().cloned());
    let set = std::env::var(BUNDLE).ok().filter(|path| !path.is_empty());
    for path in set.as_deref().into_iter().chain(more) {
        all.extend(bundle(path).map_err(|failure| failure.what)?);
    }
    Ok(all)
}

/// What a program shows of itself: the certificates of one file, its own first, and the key of another.
///
/// # Errors
/// A file that cannot be used, in a sentence. No word of what is in it.
pub(crate) fn identity(
    certificates: &str,
    key: &str,
) -> Result<(Vec<CertificateDer<'static>>, PrivateKeyDer<'static>), String> {
    let wrong =
        |path: &str, why: &dyn Display| format!("the client's certificate and key: {path} cannot be used: {why}");
    let chain: Result<Vec<_>, _> = CertificateDer::pem_file_iter(certificates).and_then(Iterator::collect);
    let chain = chain.map_err(|error| wrong(certificates, &error))?;
    if chain.is_empty() {
        return Err(wrong(certificates, &"there is none in it"));
    }
    Ok((chain, PrivateKeyDer::from_pem_file(key).map_err(|error| wrong(key, &error))?))
}

/// The certificates of a file, each tried, for the client takes a bad one as a bug of ours.
fn bundle(path: &str) -> Result<Vec<CertificateDer<'static>>, Failure> {
    let wrong = |why: String| {
        Failure::new(
            Code::Usage,
            format!("the certificates at {path} cannot be used: {why}"),
            BUNDLE,
            "Name a file of PEM certificates",
        )
    };
    let text = std::fs::read(path).map_err(|error| wrong(error.to_string()))?;
    let found: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&text).collect();
    let found = found.map_err(|error| wrong(error.to_string()))?;
    if found.is_empty() {
        return Err(wrong("there is none in it".to_owned()));
    }
    let mut roots = RootCertStore::empty();
    for certificate in &found {
        roots.add(certificate.clone()).map_err(|error| wrong(error.to_string()))?;
    }
    Ok(found)
}

/// As the client takes certificates.
fn pem(certificate: &CertificateDer<'_>) -> String {
    format!("-----BEGIN CERTIFICATE-----\n{}\n-----END CERTIFICATE-----\n", STANDARD.encode(certificate))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_root_that_is_built_in_can_be_used() {
        let mut roots = RootCertStore::empty();
        for root in webpki_root_certs::TLS_SERVER_ROOT_CERTS {
            let read = CertificateDer::from_pem_slice(pem(root).as_bytes()).unwrap();
            roots.add(read).unwrap();
        }
        assert!(roots.len() > 100);
    }

    #[test]
    fn a_bundle_that_is_none_is_a_wrong_setting() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("ca.pem");
        let path = path.to_str().unwrap();
        let broken = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
        for text in [None, Some("no certificate here"), Some(broken)] {
            if let Some(text) = text {
                std::fs::write(path, text).unwrap();
            }
            let failure = bundle(path).unwrap_err();
            assert_eq!((failure.code, failure.key.as_str()), (Code::Usage, BUNDLE), "{failure}");
        }
        std::fs::write(path, pem(&webpki_root_certs::TLS_SERVER_ROOT_CERTS[0])).unwrap();
        assert_eq!(bundle(path).unwrap().len(), 1);
    }
}
