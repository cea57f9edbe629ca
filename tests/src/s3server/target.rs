//! The S3 server under test: the one that `CITYFLOW_TEST_S3` names, or a built-in one.

use std::sync::atomic::{AtomicU32, Ordering};

use super::S3Server;

/// Names an external server: `http://access:secret@127.0.0.1:9000`.
const SERVER_VARIABLE: &str = "CITYFLOW_TEST_S3";

/// An S3 server and the keys for it.
#[derive(Debug)]
pub struct TestS3 {
    /// `http://host:port`.
    pub endpoint: String,
    pub access_key: String,
    pub secret_key: String,
    /// `None` if the server is an external one.
    pub server: Option<S3Server>,
}

impl From<S3Server> for TestS3 {
    fn from(server: S3Server) -> Self {
        Self {
            endpoint: server.endpoint(),
            access_key: S3Server::ACCESS_KEY.into(),
            secret_key: S3Server::SECRET_KEY.into(),
            server: Some(server),
        }
    }
}

impl TestS3 {
    /// The external server that `CITYFLOW_TEST_S3` names, or a new built-in one.
    ///
    /// # Panics
    /// When the variable is not an address with both keys.
    pub fn from_env() -> Self {
        match std::env::var(SERVER_VARIABLE) {
            Ok(text) => Self::parse(&text)
                .unwrap_or_else(|| panic!("{SERVER_VARIABLE}: expected http://access:secret@host:port")),
            Err(_) => S3Server::start().into(),
        }
    }

    fn parse(text: &str) -> Option<Self> {
        let (scheme, rest) = text.trim_end_matches('/').split_once("://")?;
        let (keys, host) = rest.rsplit_once('@')?;
        let (access_key, secret_key) = keys.split_once(':')?;
        let (access_key, secret_key) = (access_key.to_owned(), secret_key.to_owned());
        Some(Self { endpoint: format!("{scheme}://{host}"), access_key, secret_key, server: None })
    }

    /// Endpoint, access key and secret key, for the `static_server` field of `S3Options`.
    pub fn endpoint_and_keys(&self) -> (String, String, String) {
        (self.endpoint.clone(), self.access_key.clone(), self.secret_key.clone())
    }

    /// Creates a bucket through the API; does nothing if it exists.
    ///
    /// # Panics
    /// When the server refuses.
    pub async fn create_bucket(&self, name: &str) {
        use aws_sdk_s3::config::{BehaviorVersion, Builder, Credentials, Region};
        let credentials = Credentials::new(&self.access_key, &self.secret_key, None, None, "test");
        let config = Builder::new()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::from_static("us-east-1"))
            .endpoint_url(&self.endpoint)
            .credentials_provider(credentials)
            .http_client(aws_smithy_http_client::Builder::new().build_http())
            .force_path_style(true)
            .build();
        let created = aws_sdk_s3::Client::from_conf(config).create_bucket().bucket(name).send().await;
        if let Err(error) = created.map_err(aws_sdk_s3::error::SdkError::into_service_error)
            && !error.is_bucket_already_owned_by_you()
            && !error.is_bucket_already_exists()
        {
            panic!("create bucket {name} at {}: {error:?}", self.endpoint);
        }
    }
}

/// A bucket name that no other test of this run and no earlier run on the same external server uses.
pub fn fresh_bucket_name() -> String {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    let now = chrono::Utc::now().timestamp_micros();
    format!("cityflow-test-{now}-{}-{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn external_server_is_given_by_address_and_keys() {
        let found = TestS3::parse("http://access:se/cr:et@127.0.0.1:9000/").unwrap();
        assert_eq!((found.endpoint.as_str(), found.secret_key.as_str()), ("http://127.0.0.1:9000", "se/cr:et"));
        assert!(TestS3::parse("http://127.0.0.1:9000").is_none());
    }
}
