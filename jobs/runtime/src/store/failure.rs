//! From what a store could not do to how the run ends: the exit code and what the operator should do.

use super::StoreError;
use crate::failure::{Code, Failure};

impl StoreError {
    /// The failure of a run that ends because of this error.
    pub fn failure(&self) -> Failure {
        match self {
            Self::NotFound { key } => Failure::new(
                Code::NoInput,
                "there is no such object",
                key,
                "Check the address and that the job that writes it has run",
            ),
            Self::NoSuchRoot { root } => Failure::new(
                Code::Usage,
                "there is no such bucket or folder",
                root,
                "Create it, or correct the setting that names it",
            ),
            Self::Changed { key } => Failure::new(
                Code::Later,
                "the object changed while it was in use",
                key,
                "Run again once nothing else writes it",
            ),
            Self::Conflict { key } => Failure::new(
                Code::Later,
                "another write to the same key was under way",
                key,
                "Run again once the other run has ended",
            ),
            Self::Denied { key, detail } if detail.starts_with("403") => Failure::new(
                Code::Usage,
                format!("access denied ({detail})"),
                key,
                "Either these credentials have no right to it, or there is no such key and they lack s3:ListBucket, without which S3 \
                 does not tell the two apart: check the policy and the address",
            ),
            Self::Denied { key, detail } => Failure::new(
                Code::Usage,
                format!("access denied ({detail})"),
                key,
                "Correct the permissions, the credentials or the setting that names it",
            ),
            // In these words the TLS library tells a server whose certificate goes back to nobody who is believed; the second, to one of
            // the same name and another key.
            Self::Unreachable { key, detail }
                if ["UnknownIssuer", "BadSignature"].iter().any(|word| detail.contains(word)) =>
            {
                Failure::new(
                    Code::Unavailable,
                    format!("the store's certificate is of an unknown authority ({detail})"),
                    key,
                    "Name the file of that authority's certificate by AWS_CA_BUNDLE",
                )
            }
            Self::Unreachable { key, detail } if detail.contains("invalid peer certificate") => Failure::new(
                Code::Unavailable,
                format!("the store's certificate is not good ({detail})"),
                key,
                "Check the names and the dates of the server's certificate, and that AWS_ENDPOINT_URL is one of those names",
            ),
            Self::Unreachable { key, detail } => Failure::new(
                Code::Unavailable,
                format!("the store could not be reached, after all retries ({detail})"),
                key,
                "Check the network, AWS_ENDPOINT_URL and the store's health, then run again",
            ),
            Self::Full { key, detail } => Failure::new(
                Code::Unavailable,
                format!("no space is left ({detail})"),
                key,
                "Free some space or raise the quota, then run again",
            ),
            Self::Other { key, detail } => Failure::new(
                Code::Unavailable,
                detail,
                key,
                "Check the address and the store's own log; run again, and report it if it comes back",
            ),
        }
    }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        error.failure()
    }
}
