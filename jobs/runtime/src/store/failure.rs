//! The exit code and the advice for a run that ends because of a store error.

use super::{Refused, StoreError};
use crate::failure::{Code, Failure};

/// The status with which S3 also answers for a missing key if the caller lacks `s3:ListBucket`.
const FORBIDDEN: u16 = 403;

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
                "Run again once no other process writes it",
            ),
            Self::Conflict { key } => Failure::new(
                Code::Later,
                "another write to the same key was in progress",
                key,
                "Run again once the other run has ended",
            ),
            Self::Denied { key, status: Some(FORBIDDEN), detail } => Failure::new(
                Code::Usage,
                format!("access denied ({detail})"),
                key,
                "Either these credentials lack the permission, or there is no such key and they lack s3:ListBucket, without which S3 \
                 does not distinguish the two: check the policy and the address",
            ),
            Self::Denied { key, detail, .. } => Failure::new(
                Code::Usage,
                format!("access denied ({detail})"),
                key,
                "Correct the permissions, the credentials or the setting that names it",
            ),
            Self::Untrusted { key, unknown_authority: true, detail } => Failure::new(
                Code::Unavailable,
                format!("the store's certificate was issued by an unknown authority ({detail})"),
                key,
                "Set AWS_CA_BUNDLE to the PEM file of that authority's certificate",
            ),
            Self::Untrusted { key, unknown_authority: false, detail } => Failure::new(
                Code::Unavailable,
                format!("the store's certificate is invalid ({detail})"),
                key,
                "Check the names and the dates of the server's certificate, and that AWS_ENDPOINT_URL is one of those names",
            ),
            Self::Unreachable { key, detail } => Failure::new(
                Code::Unavailable,
                format!("the store could not be reached, after all retries ({detail})"),
                key,
                "Check the network, AWS_ENDPOINT_URL and the store's health, then run again",
            ),
            Self::Refused { key, refused, detail } => Failure::new(
                Code::Usage,
                format!("{refused} ({detail})"),
                key,
                match refused {
                    Refused::Checksum => {
                        "Set AWS_REQUEST_CHECKSUM_CALCULATION=when_required, so that no checksum is sent with a write"
                    }
                    Refused::Condition => {
                        "Use a server with conditional writes, such as S3, MinIO or Ceph Squid: without them two runs at once can \
                         overwrite each other's day. If it has them, set AWS_REQUEST_CHECKSUM_CALCULATION=when_required"
                    }
                    Refused::Header => {
                        "Set AWS_REQUEST_CHECKSUM_CALCULATION=when_required and AWS_RESPONSE_CHECKSUM_VALIDATION=when_required; if it is \
                         still refused, use a server with If-Match on reads"
                    }
                },
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
