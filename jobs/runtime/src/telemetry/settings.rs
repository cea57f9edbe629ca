//! Destinations of spans and metrics, from OpenTelemetry's variables. Pure: the variables are passed as a function.
//!
//! Reads only the variables that decide whether and how data is sent. The exporters read headers and compression; the SDK reads the
//! sampler, the batch settings and the metric interval.

use std::time::Duration;

use tonic::transport::Uri;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Signal {
    Traces,
    Metrics,
}

impl Signal {
    fn name(self) -> &'static str {
        match self {
            Self::Traces => "TRACES",
            Self::Metrics => "METRICS",
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Protocol {
    Grpc,
    HttpProtobuf,
    HttpJson,
}

/// A collector.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Destination {
    /// Its address as configured, with a scheme.
    pub(super) endpoint: String,
    pub(super) protocol: Protocol,
    /// Timeout of one request.
    pub(super) timeout: Duration,
    /// PEM file of additional trusted authorities.
    pub(super) certificates: Option<String>,
    /// PEM files of the client certificate and its key.
    pub(super) identity: Option<(String, String)>,
}

/// Default timeout of one request in OpenTelemetry's specification.
const TIMEOUT: Duration = Duration::from_secs(10);

impl Destination {
    /// Its address for messages, without user name and password.
    pub(super) fn shown(&self) -> String {
        without_password(&self.endpoint)
    }

    pub(super) fn is_encrypted(&self) -> bool {
        self.endpoint.starts_with("https://")
    }
}

/// All destinations.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Settings {
    pub(super) traces: Option<Destination>,
    pub(super) metrics: Option<Destination>,
    /// Invalid variables. They never make a run fail.
    pub(super) warnings: Vec<String>,
}

impl Settings {
    pub(super) fn read(variable: impl Fn(&str) -> Option<String>) -> Self {
        let variable = |name: &str| variable(name).map(|text| text.trim().to_owned()).filter(|text| !text.is_empty());
        let mut settings = Self::default();
        if variable("OTEL_SDK_DISABLED").is_some_and(|text| text.eq_ignore_ascii_case("true")) {
            return settings;
        }
        for signal in [Signal::Traces, Signal::Metrics] {
            let found = destination(signal, &variable, &mut settings.warnings).unwrap_or_else(|warning| {
                settings.warnings.push(warning);
                None
            });
            match signal {
                Signal::Traces => settings.traces = found,
                Signal::Metrics => settings.metrics = found,
            }
        }
        settings.warnings.dedup();
        settings
    }
}

/// The destination of one signal; an error explains why nothing is sent.
fn destination(
    signal: Signal,
    variable: &impl Fn(&str) -> Option<String>,
    warnings: &mut Vec<String>,
) -> Result<Option<Destination>, String> {
    let name = signal.name();
    if let Some(exporter) = variable(&format!("OTEL_{name}_EXPORTER")) {
        match exporter.as_str() {
            "otlp" => {}
            "none" => return Ok(None),
            other => warnings.push(format!("OTEL_{name}_EXPORTER={other} is not supported; set it to otlp or none")),
        }
    }
    // The variable of this signal overrides the common one.
    let either = |suffix: &str| {
        let specific = format!("OTEL_EXPORTER_OTLP_{name}_{suffix}");
        let common = format!("OTEL_EXPORTER_OTLP_{suffix}");
        variable(&specific).map(|text| (specific, text)).or_else(|| variable(&common).map(|text| (common, text)))
    };
    let Some((set_by, endpoint)) = either("ENDPOINT") else { return Ok(None) };
    let insecure = either("INSECURE").is_some_and(|(_, text)| text.eq_ignore_ascii_case("true"));
    let protocol = match either("PROTOCOL") {
        None => None,
        Some((set_by, text)) => match text.as_str() {
            "grpc" => Some(Protocol::Grpc),
            "http/protobuf" => Some(Protocol::HttpProtobuf),
            "http/json" => Some(Protocol::HttpJson),
            other => {
                warnings.push(format!("{set_by}={other} is not supported; set it to grpc, http/protobuf or http/json"));
                None
            }
        },
    };
    let scheme = if insecure { "http" } else { "https" };
    let with_scheme = if endpoint.contains("://") { endpoint.clone() } else { format!("{scheme}://{endpoint}") };
    let invalid = || {
        let shown = without_password(&endpoint);
        format!(
            "{set_by}={} is not a valid address; expected http://collector:4317. Nothing is sent",
            shown.escape_debug()
        )
    };
    let uri: Uri = with_scheme.parse().map_err(|_| invalid())?;
    let is_http = matches!(uri.scheme_str(), Some("http" | "https"));
    if !is_http || uri.host().is_none_or(str::is_empty) {
        return Err(invalid());
    }
    // 4317 is the standard port of OTLP over gRPC.
    let by_port = if uri.port_u16() == Some(4317) { Protocol::Grpc } else { Protocol::HttpProtobuf };
    let protocol = protocol.unwrap_or(by_port);
    if protocol != Protocol::Grpc && with_scheme != endpoint {
        return Err(invalid());
    }
    let certificates = either("CERTIFICATE").map(|(_, path)| path);
    let identity = match (either("CLIENT_CERTIFICATE"), either("CLIENT_KEY")) {
        (Some((_, certificate)), Some((_, key))) => Some((certificate, key)),
        (None, None) => None,
        (Some((set, _)), None) | (None, Some((set, _))) => {
            return Err(format!(
                "{set} needs both a client certificate and its key; set both or neither. Nothing is sent"
            ));
        }
    };
    let timeout = match either("TIMEOUT") {
        None => TIMEOUT,
        Some((set_by, text)) => text.parse().map(Duration::from_millis).unwrap_or_else(|_| {
            warnings.push(format!(
                "{set_by}={} is not a valid timeout; expected milliseconds, such as 10000",
                text.escape_debug()
            ));
            TIMEOUT
        }),
    };
    Ok(Some(Destination { endpoint: with_scheme, protocol, timeout, certificates, identity }))
}

fn without_password(address: &str) -> String {
    let Some((scheme, rest)) = address.split_once("://") else { return address.to_owned() };
    let host = rest.split(['/', '?', '#']).next().unwrap_or_default();
    match host.rfind('@') {
        Some(at) => format!("{scheme}://{}", &rest[at + 1..]),
        None => address.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(variables: &[(&str, &str)]) -> Settings {
        Settings::read(|name| variables.iter().find(|(set, _)| *set == name).map(|(_, text)| (*text).to_owned()))
    }

    fn endpoint(text: &str, more: &[(&str, &str)]) -> Settings {
        read(&[&[("OTEL_EXPORTER_OTLP_ENDPOINT", text)], more].concat())
    }

    #[test]
    fn nothing_is_sent_without_an_endpoint() {
        assert_eq!(read(&[]), Settings::default());
        assert_eq!(endpoint(" ", &[]), Settings::default());
        assert_eq!(endpoint("http://c:4317", &[("OTEL_SDK_DISABLED", "true")]), Settings::default());
    }

    #[test]
    fn port_selects_the_protocol_if_none_is_set() {
        let protocol = |settings: Settings| settings.traces.unwrap().protocol;
        assert_eq!(protocol(endpoint("http://c:4317", &[])), Protocol::Grpc);
        assert_eq!(protocol(endpoint("http://c:4318", &[])), Protocol::HttpProtobuf);
        assert_eq!(protocol(endpoint("https://c", &[])), Protocol::HttpProtobuf);
        let set = [("OTEL_EXPORTER_OTLP_PROTOCOL", "http/json")];
        assert_eq!(protocol(endpoint("http://c:4317", &set)), Protocol::HttpJson);
    }

    #[test]
    fn each_signal_can_have_its_own_destination_or_none() {
        let settings = endpoint(
            "http://c:4317",
            &[("OTEL_EXPORTER_OTLP_METRICS_ENDPOINT", "http://m:4318/v1/metrics"), ("OTEL_TRACES_EXPORTER", "none")],
        );
        assert_eq!(settings.traces, None);
        let metrics = settings.metrics.unwrap();
        assert_eq!((metrics.endpoint.as_str(), metrics.protocol), ("http://m:4318/v1/metrics", Protocol::HttpProtobuf));
    }

    #[test]
    fn address_without_scheme_is_a_grpc_address() {
        let settings = endpoint("c:4317", &[("OTEL_EXPORTER_OTLP_INSECURE", "true")]);
        assert_eq!(settings.traces.unwrap().endpoint, "http://c:4317");
        assert!(endpoint("c:4317", &[]).traces.unwrap().is_encrypted());
    }

    #[test]
    fn messages_show_no_password() {
        for (address, shown) in [
            ("http://c:4317", "http://c:4317"),
            ("http://name:word@c:4318/path@more", "http://c:4318/path@more"),
            ("https://a@b:word@c", "https://c"),
        ] {
            assert_eq!(without_password(address), shown);
        }
    }

    #[test]
    fn timeout_is_read_per_signal_with_a_default() {
        let timeout = |more: &[(&str, &str)]| endpoint("http://c:4317", more).metrics.unwrap().timeout;
        assert_eq!(timeout(&[]), TIMEOUT);
        assert_eq!(timeout(&[("OTEL_EXPORTER_OTLP_TIMEOUT", "300")]), Duration::from_millis(300));
        let both = [("OTEL_EXPORTER_OTLP_TIMEOUT", "300"), ("OTEL_EXPORTER_OTLP_METRICS_TIMEOUT", "50")];
        assert_eq!(timeout(&both), Duration::from_millis(50));
        assert_eq!(timeout(&[("OTEL_EXPORTER_OTLP_TIMEOUT", "soon")]), TIMEOUT);
    }

    #[test]
    fn client_certificate_needs_its_key() {
        let [certificate, key] =
            [("OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE", "c"), ("OTEL_EXPORTER_OTLP_CLIENT_KEY", "k")];
        let own = ("OTEL_EXPORTER_OTLP_TRACES_CLIENT_KEY", "t");
        let settings = endpoint("https://c:4317", &[certificate, key, own]);
        let identity = |of: Option<Destination>| of.unwrap().identity.unwrap();
        assert_eq!(identity(settings.traces), ("c".to_owned(), "t".to_owned()));
        assert_eq!(identity(settings.metrics), ("c".to_owned(), "k".to_owned()));
        for half in [certificate, key] {
            let settings = endpoint("https://c:4317", &[half]);
            assert_eq!((settings.traces, settings.metrics, settings.warnings.len()), (None, None, 1));
        }
    }

    #[test]
    fn invalid_variable_gives_one_warning_and_sends_nothing() {
        for wrong in ["not a url", "http://", "ftp://c:21", "c:4318", "http:///path"] {
            let settings = endpoint(wrong, &[]);
            assert_eq!((settings.traces, settings.metrics), (None, None), "{wrong}");
            assert_eq!(settings.warnings.len(), 1, "{wrong}: {:?}", settings.warnings);
        }
        let settings = endpoint("http://c:4317", &[("OTEL_EXPORTER_OTLP_PROTOCOL", "carrier-pigeon")]);
        assert_eq!(settings.traces.unwrap().protocol, Protocol::Grpc);
        assert_eq!(settings.warnings.len(), 1);
    }
}
