//! Maps errors of the SDK to [`StoreError`].

use std::error::Error;
use std::io;

use aws_credential_types::provider::error::CredentialsError;
use aws_sdk_s3::config::http::HttpResponse;
use aws_sdk_s3::error::{ProvideErrorMetadata, SdkError};
use rustls::CertificateError;

use super::StoreError;

/// The bucket and the object of a request, for messages.
pub(super) struct Target {
    /// Address of the bucket.
    pub(super) root: String,
    /// Address of the object.
    pub(super) key: String,
}

/// Maps an error of the SDK, by the typed cause if there is one, else by the HTTP status and the error code.
pub(super) fn store_error<E>(error: SdkError<E, HttpResponse>, target: &Target) -> StoreError
where
    E: ProvideErrorMetadata + Error + 'static,
{
    let key = target.key.clone();
    match &error {
        SdkError::ServiceError(response) => {
            let status = response.raw().status().as_u16();
            let region = response.raw().headers().get("x-amz-bucket-region");
            from_status(status, response.err().code(), response.err().message(), region, target)
        }
        // Without credentials no request was sent.
        _ if let Some(detail) = credentials_detail(&error) => StoreError::Denied { key, status: None, detail },
        _ if let Some(certificate) = cause::<rustls::Error>(&error).and_then(certificate_error) => {
            // With BadSignature the issuer has the name of a trusted authority, but another key.
            let unknown_authority =
                matches!(certificate, CertificateError::UnknownIssuer | CertificateError::BadSignature);
            StoreError::Untrusted { key, unknown_authority, detail: error_chain(&error) }
        }
        SdkError::ConstructionFailure(_) => StoreError::Other { key, detail: error_chain(&error) },
        SdkError::DispatchFailure(failure) if failure.is_user() => {
            StoreError::Other { key, detail: error_chain(&error) }
        }
        _ => StoreError::Unreachable { key, detail: error_chain(&error) },
    }
}

fn from_status(
    status: u16,
    code: Option<&str>,
    message: Option<&str>,
    region: Option<&str>,
    target: &Target,
) -> StoreError {
    let key = target.key.clone();
    let detail = [Some(status.to_string().as_str()), code, message].into_iter().flatten().collect::<Vec<_>>().join(" ");
    let denied = |key, detail| StoreError::Denied { key, status: Some(status), detail };
    match (status, code.unwrap_or_default()) {
        (_, "NoSuchBucket") => StoreError::NoSuchRoot { root: target.root.clone() },
        // Some servers answer like this for an unknown access key.
        (404, code) if code.ends_with("UserNotFound") => denied(key, detail),
        (404, _) => StoreError::NotFound { key },
        (412, _) => StoreError::Changed { key },
        (409, _) => StoreError::Conflict { key },
        (
            301 | 307 | 400,
            "PermanentRedirect"
            | "TemporaryRedirect"
            | "AuthorizationHeaderMalformed"
            | "IllegalLocationConstraintException",
        )
        | (301 | 307, _) => {
            let region = region.unwrap_or("another");
            denied(key, format!("the bucket is in region {region}; set AWS_REGION to it: {detail}"))
        }
        (401 | 403, _)
        | (
            _,
            "AccessDenied"
            | "ExpiredToken"
            | "InvalidAccessKeyId"
            | "InvalidToken"
            | "NotSignedUp"
            | "RequestTimeTooSkewed"
            | "SignatureDoesNotMatch"
            | "TokenRefreshRequired",
        ) => denied(key, detail),
        (507, _) | (_, "XMinioStorageFull" | "QuotaExceeded" | "InsufficientCapacity") => {
            StoreError::Full { key, detail }
        }
        (408 | 429 | 500.., _) | (_, "RequestTimeout" | "SlowDown") => StoreError::Unreachable { key, detail },
        _ => StoreError::Other { key, detail },
    }
}

/// An error and its causes, outermost first. `source()` of an `io::Error` skips the error that it wraps; `get_ref()` returns it.
fn causes<'a>(error: &'a (dyn Error + 'static)) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    std::iter::successors(Some(error), |&error| match error.downcast_ref::<io::Error>().and_then(io::Error::get_ref) {
        Some(wrapped) => Some(wrapped as &(dyn Error + 'static)),
        None => error.source(),
    })
}

/// The first cause of a type.
fn cause<'a, T: Error + 'static>(error: &'a (dyn Error + 'static)) -> Option<&'a T> {
    causes(error).find_map(|error| error.downcast_ref::<T>())
}

fn certificate_error(error: &rustls::Error) -> Option<&CertificateError> {
    match error {
        rustls::Error::InvalidCertificate(certificate) => Some(certificate),
        _ => None,
    }
}

/// The problem with the credentials, if they are the cause. The SDK wraps the errors of its providers in several types.
fn credentials_detail(error: &(dyn Error + 'static)) -> Option<String> {
    match cause::<CredentialsError>(error)? {
        // A provider that timed out may answer the next time.
        CredentialsError::ProviderTimedOut(_) => None,
        CredentialsError::CredentialsNotLoaded(_) => Some(
            "no AWS credentials were found in the environment, a profile, a web identity, the container or the machine"
                .into(),
        ),
        error => Some(format!("AWS credentials cannot be loaded: {}", error_chain(error))),
    }
}

/// An error and its causes on one line, without repetitions and without the names of the SDK's layers.
pub(super) fn error_chain(error: &(dyn Error + 'static)) -> String {
    const LAYERS: [&str; 6] =
        ["dispatch failure", "other", "io error", "user error", "service error", "failed to construct request"];
    let mut text = String::new();
    for error in causes(error) {
        let message = error.to_string().split_whitespace().collect::<Vec<_>>().join(" ");
        if !LAYERS.contains(&message.as_str()) && !text.contains(&message) {
            text = if text.is_empty() { message } else { format!("{text}: {message}") };
        }
    }
    if text.is_empty() { error.to_string() } else { text }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::failure::Code;

    fn from(status: u16, code: &str, region: Option<&str>) -> StoreError {
        let target = Target { root: "s3://bucket".into(), key: "s3://bucket/key".into() };
        from_status(status, Some(code), Some("message of the server"), region, &target)
    }

    #[test]
    fn each_status_and_code_maps_to_an_exit_code() {
        for (status, code, expected) in [
            (404, "NoSuchBucket", Code::Usage),
            (404, "NoSuchKey", Code::NoInput),
            (404, "XAdminUserNotFound", Code::Usage),
            (412, "PreconditionFailed", Code::Later),
            (409, "ConditionalRequestConflict", Code::Later),
            (401, "Unauthorized", Code::Usage),
            (403, "AccessDenied", Code::Usage),
            (403, "SignatureDoesNotMatch", Code::Usage),
            (403, "RequestTimeTooSkewed", Code::Usage),
            (400, "ExpiredToken", Code::Usage),
            (429, "TooManyRequests", Code::Unavailable),
            (500, "InternalError", Code::Unavailable),
            (503, "SlowDown", Code::Unavailable),
            (507, "XMinioStorageFull", Code::Unavailable),
            (400, "RequestTimeout", Code::Unavailable),
            (418, "Teapot", Code::Unavailable),
        ] {
            let error = from(status, code, None);
            assert_eq!(error.failure().code, expected, "{status} {code}: {error:?}");
        }
        assert!(matches!(from(507, "InsufficientStorage", None), StoreError::Full { .. }));
        assert!(matches!(from(418, "Teapot", None), StoreError::Other { .. }));
    }

    #[test]
    fn redirect_names_the_region_of_the_bucket() {
        let line = from(301, "PermanentRedirect", Some("eu-west-3")).failure().to_string();
        assert!(line.contains("the bucket is in region eu-west-3; set AWS_REGION to it"), "{line}");
    }

    #[test]
    fn certificate_error_is_found_inside_nested_io_errors() {
        let tls = rustls::Error::InvalidCertificate(CertificateError::UnknownIssuer);
        let nested = io::Error::other(io::Error::new(io::ErrorKind::InvalidData, tls));
        let found = cause::<rustls::Error>(&nested).and_then(certificate_error);
        assert_eq!(found, Some(&CertificateError::UnknownIssuer));
        assert_eq!(error_chain(&nested), "invalid peer certificate: UnknownIssuer");
    }
}
