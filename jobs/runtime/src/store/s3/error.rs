//! From what S3 answered to what the caller can do about it.

use std::error::Error;

use aws_credential_types::provider::error::CredentialsError;
use aws_sdk_s3::config::http::HttpResponse;
use aws_sdk_s3::error::{ProvideErrorMetadata, SdkError};

use super::StoreError;

/// What was asked about, for messages.
pub(super) struct Asked {
    /// Address of the bucket.
    pub(super) root: String,
    /// Address of the object.
    pub(super) key: String,
}

/// The error of the trait for an error of the SDK.
pub(super) fn store_error<E>(error: SdkError<E, HttpResponse>, asked: &Asked) -> StoreError
where
    E: ProvideErrorMetadata + Error + 'static,
{
    let key = asked.key.clone();
    match &error {
        SdkError::ServiceError(response) => {
            let status = response.raw().status().as_u16();
            let region = response.raw().headers().get("x-amz-bucket-region");
            from_status(status, response.err().code(), response.err().message(), region, asked)
        }
        // Without credentials nothing was sent.
        _ if let Some(detail) = credentials_detail(&error) => StoreError::Denied { key, detail },
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
    asked: &Asked,
) -> StoreError {
    let key = asked.key.clone();
    let detail = [Some(status.to_string().as_str()), code, message].into_iter().flatten().collect::<Vec<_>>().join(" ");
    match (status, code.unwrap_or_default()) {
        (_, "NoSuchBucket") => StoreError::NoSuchRoot { root: asked.root.clone() },
        // Some servers answer an access key that they do not know like this.
        (404, code) if code.ends_with("UserNotFound") => StoreError::Denied { key, detail },
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
            StoreError::Denied {
                key,
                detail: format!("the bucket is in region {region}; set AWS_REGION to it: {detail}"),
            }
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
        ) => StoreError::Denied { key, detail },
        (507, _) | (_, "XMinioStorageFull" | "QuotaExceeded" | "InsufficientCapacity") => {
            StoreError::Full { key, detail }
        }
        (408 | 429 | 500.., _) | (_, "RequestTimeout" | "SlowDown") => StoreError::Unreachable { key, detail },
        _ => StoreError::Other { key, detail },
    }
}

/// An error and what caused it, outermost first.
fn causes<'a>(error: &'a (dyn Error + 'static)) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    std::iter::successors(Some(error), |&error| error.source())
}

/// What is wrong with the credentials, if that is what is wrong. The SDK wraps what its providers say in errors of several kinds.
fn credentials_detail(error: &(dyn Error + 'static)) -> Option<String> {
    let found = causes(error).find_map(|error| error.downcast_ref::<CredentialsError>())?;
    match found {
        // One that did not answer in time may yet answer.
        CredentialsError::ProviderTimedOut(_) => None,
        CredentialsError::CredentialsNotLoaded(_) => {
            Some("no AWS credentials were found: not in the environment, a profile, a web identity, the container or the machine".into())
        }
        error => Some(format!("AWS credentials cannot be loaded: {}", error_chain(error))),
    }
}

/// An error with its causes, each said once, on one line, without the names of the SDK's layers, which tell an operator nothing.
pub(super) fn error_chain(error: &(dyn Error + 'static)) -> String {
    const LAYERS: [&str; 6] =
        ["dispatch failure", "other", "io error", "user error", "service error", "failed to construct request"];
    let mut text = String::new();
    for error in causes(error) {
        let said = error.to_string().split_whitespace().collect::<Vec<_>>().join(" ");
        if !LAYERS.contains(&said.as_str()) && !text.contains(&said) {
            text = if text.is_empty() { said } else { format!("{text}: {said}") };
        }
    }
    if text.is_empty() { error.to_string() } else { text }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::failure::Code;

    fn from(status: u16, code: &str, region: Option<&str>) -> StoreError {
        let asked = Asked { root: "s3://bucket".into(), key: "s3://bucket/key".into() };
        from_status(status, Some(code), Some("what the server said"), region, &asked)
    }

    #[test]
    fn an_answer_becomes_what_the_caller_can_do() {
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
    fn a_bucket_elsewhere_says_where() {
        let line = from(301, "PermanentRedirect", Some("eu-west-3")).failure().to_string();
        assert!(line.contains("the bucket is in region eu-west-3; set AWS_REGION to it"), "{line}");
    }
}
