//! Builds the S3 client: the SDK's settings chain, with a few defaults that suit a batch job better.

use std::time::Duration;

use aws_config::environment::EnvironmentVariableRegionProvider;
use aws_config::meta::region::RegionProviderChain;
use aws_config::profile::ProfileFileRegionProvider;
use aws_config::retry::RetryConfig;
use aws_config::timeout::TimeoutConfig;
use aws_config::{BehaviorVersion, Region};
use aws_sdk_s3::Client;
use aws_sdk_s3::config::{Credentials, StalledStreamProtectionConfig};
use aws_smithy_http_client::tls::{Provider, rustls_provider::CryptoMode};

use super::{S3Options, interceptor};
use crate::failure::{Code, Failure};
use crate::tls;

/// Default attempts per request: a batch job can wait longer than the SDK's three.
const ATTEMPTS: u32 = 5;
/// The SDK's default.
const SDK_ATTEMPTS: u32 = 3;
/// The SDK's variables for the address of a server other than AWS.
const ENDPOINTS: [&str; 2] = ["AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL"];
const BACKOFF: Duration = Duration::from_secs(1);
const CONNECT: Duration = Duration::from_secs(5);
const READ: Duration = Duration::from_secs(60);
/// The SDK's stalled-stream protection fails a download after this time without data.
const STALL: Duration = Duration::from_secs(20);

pub(super) struct Connection {
    pub(super) client: Client,
    pub(super) attempts: u32,
    pub(super) backoff: Duration,
}

pub(super) async fn connect(options: &S3Options) -> Result<Connection, Failure> {
    check_variables(|name| std::env::var(name).ok())?;
    let http = aws_smithy_http_client::Builder::new()
        .tls_provider(Provider::Rustls(CryptoMode::Ring))
        .tls_context(tls::context()?)
        .build_https();
    let (connect, read) = options.timeouts;
    let timeouts =
        TimeoutConfig::builder().connect_timeout(connect.unwrap_or(CONNECT)).read_timeout(read.unwrap_or(READ)).build();
    let stall = StalledStreamProtectionConfig::enabled().grace_period(STALL).build();
    let mut loader = aws_config::defaults(BehaviorVersion::latest())
        .http_client(http)
        .timeout_config(timeouts)
        .stalled_stream_protection(stall);

    if let Some((endpoint, access, secret)) = &options.static_server {
        let credentials = Credentials::new(access, secret, None, None, "settings");
        loader =
            loader.endpoint_url(endpoint).credentials_provider(credentials).region(Region::from_static("us-east-1"));
    } else if endpoint_is_set() {
        // Servers other than AWS ignore the region; querying the instance metadata for it would only take time.
        let region = RegionProviderChain::first_try(EnvironmentVariableRegionProvider::new())
            .or_else(ProfileFileRegionProvider::new())
            .or_else(Region::from_static("us-east-1"));
        loader = loader.region(region);
    }
    let shared = loader.load().await;
    if shared.region().is_none() {
        return Err(Failure::new(
            Code::Usage,
            "no AWS region is set",
            "AWS_REGION",
            "Set it to the bucket's region, e.g. AWS_REGION=eu-west-3",
        ));
    }

    let retries = retries(options, shared.retry_config());
    let (attempts, backoff) = (retries.max_attempts(), retries.initial_backoff());
    let config = aws_sdk_s3::config::Builder::from(&shared)
        .retry_config(retries)
        .force_path_style(options.path_style)
        .interceptor(interceptor::TracingInterceptor);
    Ok(Connection { client: Client::from_conf(config.build()), attempts, backoff })
}

/// Validates variables of the SDK, which panics on an invalid retry setting and reports an invalid address as a failed request.
fn check_variables(variable: impl Fn(&str) -> Option<String>) -> Result<(), Failure> {
    let invalid = |name: &str, value: &str, todo| {
        Err(Failure::new(Code::Usage, format!("`{}` is not a valid value", value.escape_debug()), name, todo))
    };
    for name in ENDPOINTS {
        let Some(value) = variable(name).filter(|value| !value.is_empty()) else { continue };
        let host = value.strip_prefix("http://").or_else(|| value.strip_prefix("https://")).unwrap_or_default();
        if host.is_empty()
            || host.starts_with(['/', ':'])
            || value.contains(|c: char| c.is_whitespace() || c.is_control())
        {
            return invalid(name, &value, "Set it to an address with its scheme, e.g. http://minio:9000");
        }
    }
    if let Some(value) = variable("AWS_MAX_ATTEMPTS")
        && !value.parse::<u32>().is_ok_and(|attempts| attempts > 0)
    {
        return invalid("AWS_MAX_ATTEMPTS", &value, "Set it to the number of attempts per request, e.g. 5");
    }
    if let Some(value) = variable("AWS_RETRY_MODE")
        && !["standard", "adaptive"].iter().any(|mode| mode.eq_ignore_ascii_case(value.trim()))
    {
        return invalid("AWS_RETRY_MODE", &value, "Set it to standard or adaptive");
    }
    Ok(())
}

fn endpoint_is_set() -> bool {
    ENDPOINTS.iter().any(|name| std::env::var_os(name).is_some_and(|url| !url.is_empty()))
}

fn retries(options: &S3Options, set: Option<&RetryConfig>) -> RetryConfig {
    let set = set.cloned().unwrap_or_else(RetryConfig::standard);
    let is_set = std::env::var_os("AWS_MAX_ATTEMPTS").is_some() || set.max_attempts() != SDK_ATTEMPTS;
    let attempts = options.attempts.unwrap_or(if is_set { set.max_attempts() } else { ATTEMPTS });
    set.with_max_attempts(attempts.max(1)).with_initial_backoff(options.backoff.unwrap_or(BACKOFF))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn invalid_variable_is_a_usage_error_that_names_it() {
        for (name, value) in [
            ("AWS_ENDPOINT_URL", "127.0.0.1:9000"),
            ("AWS_ENDPOINT_URL", "http://"),
            ("AWS_ENDPOINT_URL_S3", "http://:9000"),
            ("AWS_ENDPOINT_URL_S3", "http://a b"),
            ("AWS_MAX_ATTEMPTS", "0"),
            ("AWS_MAX_ATTEMPTS", "many"),
            ("AWS_RETRY_MODE", "legacy"),
        ] {
            let failure = check_variables(|asked| (asked == name).then(|| value.to_owned())).unwrap_err();
            assert_eq!((failure.code, failure.key.as_str()), (Code::Usage, name));
        }
        for (name, value) in [
            ("AWS_ENDPOINT_URL", ""),
            ("AWS_ENDPOINT_URL", "https://minio.example:9000/"),
            ("AWS_MAX_ATTEMPTS", "1"),
            ("AWS_RETRY_MODE", "adaptive"),
        ] {
            check_variables(|asked| (asked == name).then(|| value.to_owned())).unwrap();
        }
    }
}
