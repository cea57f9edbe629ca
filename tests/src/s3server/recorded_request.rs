//! A request with everything that an IAM policy may test, and the status of its response.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use hyper::Request;

use super::http::decoded;

/// A request as the server received it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecordedRequest {
    /// `GET`, `HEAD`, `PUT`, …
    pub method: String,
    pub bucket: String,
    /// `None` if the request is for the bucket.
    pub key: Option<String>,
    /// Sub-resources such as `uploads` and parameters such as `prefix`, decoded.
    pub query: BTreeMap<String, String>,
    /// Names in lower case.
    pub headers: BTreeMap<String, String>,
    /// Status of the response; `None` until there is one, and if the connection was closed without one.
    pub status: Option<u16>,
}

impl RecordedRequest {
    /// Reads a request with a path-style address.
    pub(super) fn new<B>(request: &Request<B>) -> Self {
        let path = decoded(request.uri().path().trim_start_matches('/'));
        let (bucket, key) = path.split_once('/').unwrap_or((&path, ""));
        let query = request.uri().query().unwrap_or_default().split('&').filter(|pair| !pair.is_empty());
        let text = |text: &str| decoded(&text.replace('+', " "));
        let query = query.map(|pair| pair.split_once('=').unwrap_or((pair, "")));
        let headers = request.headers().iter();
        Self {
            method: request.method().as_str().to_owned(),
            bucket: bucket.to_owned(),
            key: (!key.is_empty()).then(|| key.to_owned()),
            query: query.map(|(name, value)| (text(name), text(value))).collect(),
            headers: headers
                .map(|(name, value)| (name.to_string(), String::from_utf8_lossy(value.as_bytes()).into_owned()))
                .collect(),
            status: None,
        }
    }
}

impl fmt::Display for RecordedRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}/{}", self.method, self.bucket, self.key.as_deref().unwrap_or_default())?;
        let query: Vec<_> = self.query.iter().map(|(name, value)| format!("{name}={value}")).collect();
        if !query.is_empty() {
            write!(f, "?{}", query.join("&"))?;
        }
        match self.status {
            Some(status) => write!(f, " ({status})"),
            None => Ok(()),
        }
    }
}

/// Decides whether a request is allowed: see [`super::S3Server::deny_unless`].
#[derive(Clone)]
pub(super) struct AccessCheck(pub(super) Arc<dyn Fn(&RecordedRequest) -> bool + Send + Sync>);

impl fmt::Debug for AccessCheck {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AccessCheck")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn request_is_split_into_bucket_key_query_and_headers() {
        let uri = "/bucket/a%20b/c.json?uploadId=x%2F1&uploads";
        let request = Request::builder().method("POST").uri(uri).header("If-Match", "\"e\"").body(()).unwrap();
        let call = RecordedRequest::new(&request);
        assert_eq!((call.bucket.as_str(), call.key.as_deref()), ("bucket", Some("a b/c.json")));
        assert_eq!((call.query["uploadId"].as_str(), call.query["uploads"].as_str()), ("x/1", ""));
        assert_eq!(call.headers["if-match"], "\"e\"");

        let request = Request::builder().uri("/bucket/?list-type=2&prefix=a%2Fb+c").body(()).unwrap();
        let call = RecordedRequest::new(&request);
        assert_eq!((call.bucket.as_str(), call.key.as_deref()), ("bucket", None));
        assert_eq!(call.to_string(), "GET bucket/?list-type=2&prefix=a/b c");
    }
}
