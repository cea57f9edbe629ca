//! Maps errors of the SDK to [`StoreError`].

use std::error::Error;
use std::io;

use aws_credential_types::provider::error::CredentialsError;
use aws_sdk_s3::config::http::HttpResponse;
use aws_sdk_s3::error::{ProvideErrorMetadata, SdkError};
use rustls::CertificateError;

use super::{Refused, StoreError};

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
            let answer = Answer { status, code: response.err().code(), message: response.err().message(), region };
            from_answer(&answer, target)
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

/// The answer of a server to a request that failed.
struct Answer<'a> {
    status: u16,
    code: Option<&'a str>,
    message: Option<&'a str>,
    /// Of the bucket, from a header.
    region: Option<&'a str>,
}

impl Answer<'_> {
    /// The region of the bucket, also from `… the region 'us-east-1' is wrong; expecting 'eu-west-3'`.
    fn region(&self) -> Option<&str> {
        let expected = || self.message?.split_once("expecting '")?.1.split_once('\'').map(|(region, _)| region);
        self.region.or_else(expected)
    }

    /// The part of the protocol that the server refuses for good, if that is the reason.
    fn refused(&self) -> Option<Refused> {
        // A damaged transfer, which a retry may mend.
        const DAMAGED: [&str; 5] = [
            "BadDigest",
            "InvalidDigest",
            "IncompleteBody",
            "XAmzContentSHA256Mismatch",
            "XAmzContentChecksumMismatch",
        ];
        let (code, message) = (self.code.unwrap_or_default(), self.message.unwrap_or_default());
        if !matches!(self.status, 400 | 501) || DAMAGED.contains(&code) {
            return None;
        }
        let text = format!("{code} {message}").to_ascii_lowercase();
        let names = |words: &[&str]| words.iter().any(|word| text.contains(word));
        // An object lock wants a checksum that was not sent.
        if names(&["is required"]) {
            return None;
        }
        if names(&["if-none-match", "if-match", "conditional"]) {
            Some(Refused::Condition)
        } else if names(&["checksum", "x-amz-sdk", "x-amz-trailer", "trailing", "aws-chunked"]) {
            Some(Refused::Checksum)
        } else if self.status == 501
            || (names(&["header"]) && names(&["unsupported", "unknown", "not supported", "not implemented"]))
        {
            Some(Refused::Header)
        } else {
            None
        }
    }
}

fn from_answer(answer: &Answer<'_>, target: &Target) -> StoreError {
    let Answer { status, code, message, .. } = *answer;
    let key = target.key.clone();
    let detail = [Some(status.to_string().as_str()), code, message].into_iter().flatten().collect::<Vec<_>>().join(" ");
    let denied = |key, detail| StoreError::Denied { key, status: Some(status), detail };
    if let Some(refused) = answer.refused() {
        return StoreError::Refused { key, refused, detail };
    }
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
        | (301 | 307, _) => wrong_region(key, answer.region(), &detail),
        // A HEAD has no body, so no code.
        (400, "") if answer.region().is_some() => wrong_region(key, answer.region(), &detail),
        (_, "SignatureDoesNotMatch") => {
            let detail = format!("the secret access key does not match the access key id: {detail}");
            StoreError::Denied { key, status: None, detail }
        }
        (_, "InvalidAccessKeyId") => {
            StoreError::Denied { key, status: None, detail: format!("the access key id is unknown: {detail}") }
        }
        (401 | 403, _)
        | (
            _,
            "AccessDenied"
            | "ExpiredToken"
            | "InvalidToken"
            | "NotSignedUp"
            | "RequestTimeTooSkewed"
            | "TokenRefreshRequired",
        ) => denied(key, detail),
        (507, _) | (_, "XMinioStorageFull" | "QuotaExceeded" | "InsufficientCapacity") => {
            StoreError::Full { key, detail }
        }
        (408 | 429 | 500.., _) | (_, "RequestTimeout" | "SlowDown") => StoreError::Unreachable { key, detail },
        _ => StoreError::Other { key, detail },
    }
}

fn wrong_region(key: String, region: Option<&str>, detail: &str) -> StoreError {
    let detail = match region {
        Some(region) => format!("the bucket is in region {region}; set AWS_REGION={region}: {detail}"),
        None => format!("the bucket is in another region; set AWS_REGION to it: {detail}"),
    };
    StoreError::Denied { key, status: None, detail }
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
            "no AWS credentials were found: neither AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, nor a profile in ~/.aws (AWS_PROFILE), nor \
             a web identity (AWS_WEB_IDENTITY_TOKEN_FILE), nor those of the container or the machine"
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
        let answer = Answer { status, code: Some(code), message: Some("message of the server"), region };
        from_answer(&answer, &target)
    }

    fn with_message(status: u16, code: &str, message: &str) -> StoreError {
        let target = Target { root: "s3://bucket".into(), key: "s3://bucket/key".into() };
        from_answer(&Answer { status, code: Some(code), message: Some(message), region: None }, &target)
    }

    #[test]
    fn refusal_of_a_header_or_a_condition_is_no_outage() {
        for (status, code, message, expected) in [
            (501, "NotImplemented", "x-amz-sdk-checksum-algorithm is not implemented", Refused::Checksum),
            (400, "InvalidRequest", "Unsupported header 'x-amz-checksum-crc32' received", Refused::Checksum),
            (400, "InvalidArgument", "aws-chunked encoding is not supported", Refused::Checksum),
            (501, "NotImplemented", "If-None-Match is not supported", Refused::Condition),
            (400, "InvalidArgument", "conditional PUT is unknown", Refused::Condition),
            (
                501,
                "NotImplemented",
                "A header you provided implies functionality that is not implemented",
                Refused::Header,
            ),
            (400, "InvalidArgument", "unknown header", Refused::Header),
        ] {
            let error = with_message(status, code, message);
            assert!(
                matches!(&error, StoreError::Refused { refused, .. } if *refused == expected),
                "{message}: {error:?}"
            );
            assert_eq!(error.failure().code, Code::Usage, "{message}");
        }
        for (code, message) in [("BadDigest", "the checksum does not match"), ("InvalidRequest", "no such thing")] {
            assert_eq!(with_message(400, code, message).failure().code, Code::Unavailable, "{message}");
        }
        let line = with_message(501, "NotImplemented", "x-amz-checksum-crc32").failure().to_string();
        assert!(line.contains("AWS_REQUEST_CHECKSUM_CALCULATION=when_required"), "{line}");
    }

    #[test]
    fn wrong_secret_is_said_to_be_wrong() {
        let line = from(403, "SignatureDoesNotMatch", None).failure().to_string();
        assert!(line.contains("the secret access key does not match") && !line.contains("s3:ListBucket"), "{line}");
        let line = from(403, "InvalidAccessKeyId", None).failure().to_string();
        assert!(line.contains("the access key id is unknown"), "{line}");
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
        let message = "The authorization header is malformed; the region 'us-east-1' is wrong; expecting 'eu-west-3'";
        for error in [
            from(301, "PermanentRedirect", Some("eu-west-3")),
            from(400, "", Some("eu-west-3")),
            with_message(400, "AuthorizationHeaderMalformed", message),
        ] {
            let failure = error.failure();
            assert_eq!(failure.code, Code::Usage);
            assert!(
                failure.to_string().contains("the bucket is in region eu-west-3; set AWS_REGION=eu-west-3"),
                "{failure}"
            );
        }
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
