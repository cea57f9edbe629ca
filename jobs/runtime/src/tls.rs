//! TLS trust roots and client certificates. Trusted are the roots that browsers ship, which are built in because the image contains nothing
//! else, the system's roots, and the file in `AWS_CA_BUNDLE`, for servers with a private authority.

use std::fmt::Display;

use aws_smithy_http_client::tls::{TlsContext, TrustStore};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rustls::RootCertStore;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};

use crate::failure::{Code, Failure};

/// The variable of the AWS tools.
const BUNDLE: &str = "AWS_CA_BUNDLE";
const NO_CERTIFICATE: &str = "it contains no certificate";

/// The trusted roots, for the client of the SDK.
///
/// # Errors
/// The bundle cannot be read or contains no valid certificate.
pub(crate) fn context() -> Result<TlsContext, Failure> {
    // Respects SSL_CERT_FILE and SSL_CERT_DIR.
    let system = rustls_native_certs::load_native_certs();
    let mut store = TrustStore::empty().with_native_roots(!system.certs.is_empty());
    for root in webpki_root_certs::TLS_SERVER_ROOT_CERTS {
        store.add_pem_certificate(pem(root));
    }
    if let Some(path) = std::env::var(BUNDLE).ok().filter(|path| !path.is_empty()) {
        for certificate in bundle(&path)? {
            store.add_pem_certificate(pem(&certificate));
        }
    }
    let built = TlsContext::builder().with_trust_store(store).build();
    built.map_err(|error| Failure::new(Code::Bug, format!("cannot set up TLS ({error})"), "", "Report it"))
}

/// The trusted roots as certificates, with those of the additional file `extra`.
///
/// # Errors
/// A file that cannot be read or contains no valid certificate, in one sentence.
pub(crate) fn certificates(extra: Option<&str>) -> Result<Vec<CertificateDer<'static>>, String> {
    let mut all = rustls_native_certs::load_native_certs().certs;
    all.extend(webpki_root_certs::TLS_SERVER_ROOT_CERTS.iter().cloned());
    let set = std::env::var(BUNDLE).ok().filter(|path| !path.is_empty());
    for path in set.as_deref().into_iter().chain(extra) {
        all.extend(bundle(path).map_err(|failure| failure.what)?);
    }
    Ok(all)
}

/// A client certificate chain, the program's own certificate first, and its key.
///
/// # Errors
/// A file that cannot be read or is invalid, in one sentence without any of its contents.
pub(crate) fn identity(
    certificates: &str,
    key: &str,
) -> Result<(Vec<CertificateDer<'static>>, PrivateKeyDer<'static>), String> {
    let invalid =
        |path: &str, why: &dyn Display| format!("the client certificate and key: {path} cannot be used: {why}");
    let chain: Result<Vec<_>, _> = CertificateDer::pem_file_iter(certificates).and_then(Iterator::collect);
    let chain = chain.map_err(|error| invalid(certificates, &error))?;
    if chain.is_empty() {
        return Err(invalid(certificates, &NO_CERTIFICATE));
    }
    Ok((chain, PrivateKeyDer::from_pem_file(key).map_err(|error| invalid(key, &error))?))
}

/// The certificates of a file. Each is validated, because the SDK's client panics on an invalid one.
fn bundle(path: &str) -> Result<Vec<CertificateDer<'static>>, Failure> {
    let invalid = |why: String| {
        Failure::new(
            Code::Usage,
            format!("the certificates at {path} cannot be used: {why}"),
            BUNDLE,
            "Set it to a file of PEM certificates",
        )
    };
    let text = std::fs::read(path).map_err(|error| invalid(error.to_string()))?;
    let found: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&text).collect();
    let found = found.map_err(|error| invalid(error.to_string()))?;
    if found.is_empty() {
        return Err(invalid(NO_CERTIFICATE.to_owned()));
    }
    let mut roots = RootCertStore::empty();
    for certificate in &found {
        roots.add(certificate.clone()).map_err(|error| invalid(error.to_string()))?;
    }
    Ok(found)
}

fn pem(certificate: &CertificateDer<'_>) -> String {
    format!("-----BEGIN CERTIFICATE-----\n{}\n-----END CERTIFICATE-----\n", STANDARD.encode(certificate))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn built_in_roots_are_valid() {
        let mut roots = RootCertStore::empty();
        for root in webpki_root_certs::TLS_SERVER_ROOT_CERTS {
            let read = CertificateDer::from_pem_slice(pem(root).as_bytes()).unwrap();
            roots.add(read).unwrap();
        }
        assert!(roots.len() > 100);
    }

    #[test]
    fn invalid_bundle_is_a_usage_error() {
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
