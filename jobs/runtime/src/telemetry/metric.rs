//! Metrics: each is declared once as a static with name, unit and description, and recorded from anywhere. Without a collector recording
//! costs one check.

use std::sync::OnceLock;

use opentelemetry::KeyValue;
use opentelemetry::metrics::{Counter, Gauge, Histogram, Meter};

/// A metric of a job. Its attributes are `job` and those passed with each value; their values must not grow with the data (no ids).
#[derive(Debug)]
pub struct Metric {
    /// Name in OpenTelemetry, such as `cityflow.errors`.
    pub name: &'static str,
    /// Unit in UCUM, or the counted thing in braces, such as `{row}`.
    pub unit: &'static str,
    description: &'static str,
    kind: MetricKind,
    instrument: OnceLock<Instrument>,
}

#[derive(Debug, Clone, Copy)]
enum MetricKind {
    Counter,
    Gauge,
    /// With the upper bounds of its buckets.
    Histogram(&'static [f64]),
}

#[derive(Debug)]
enum Instrument {
    Counter(Counter<u64>),
    Gauge(Gauge<f64>),
    Histogram(Histogram<f64>),
}

/// Bucket bounds for durations of a job or a part of it, seconds.
pub const SECONDS: &[f64] = &[0.1, 0.3, 1.0, 3.0, 10.0, 30.0, 60.0, 120.0, 300.0, 600.0, 1800.0, 3600.0, 7200.0];
/// Bucket bounds for sizes of documents, bytes.
pub const BYTES: &[f64] = &[1e3, 1e4, 1e5, 3e5, 1e6, 3e6, 1e7, 3e7, 1e8];

impl Metric {
    const fn new(name: &'static str, unit: &'static str, description: &'static str, kind: MetricKind) -> Self {
        Self { name, unit, description, kind, instrument: OnceLock::new() }
    }

    /// A sum that only increases.
    #[must_use]
    pub const fn counter(name: &'static str, unit: &'static str, description: &'static str) -> Self {
        Self::new(name, unit, description, MetricKind::Counter)
    }

    /// The last recorded value.
    #[must_use]
    pub const fn gauge(name: &'static str, unit: &'static str, description: &'static str) -> Self {
        Self::new(name, unit, description, MetricKind::Gauge)
    }

    /// A distribution over the buckets with these upper bounds.
    #[must_use]
    pub const fn histogram(
        name: &'static str,
        unit: &'static str,
        description: &'static str,
        bounds: &'static [f64],
    ) -> Self {
        Self::new(name, unit, description, MetricKind::Histogram(bounds))
    }

    /// Adds to a counter.
    pub fn add(&self, number: u64, attributes: &[(&'static str, &str)]) {
        if let Some((Instrument::Counter(counter), all)) = self.instrument(attributes) {
            counter.add(number, &all);
        }
    }

    /// Records a value of a gauge or a histogram.
    pub fn record(&self, value: f64, attributes: &[(&'static str, &str)]) {
        match self.instrument(attributes) {
            Some((Instrument::Gauge(gauge), all)) => gauge.record(value, &all),
            Some((Instrument::Histogram(histogram), all)) => histogram.record(value, &all),
            _ => {}
        }
    }

    fn instrument(&self, attributes: &[(&'static str, &str)]) -> Option<(&Instrument, Vec<KeyValue>)> {
        let (meter, job) = super::meter()?;
        let mut all = vec![KeyValue::new("job", job)];
        all.extend(attributes.iter().map(|(key, value)| KeyValue::new(*key, (*value).to_owned())));
        Some((self.instrument.get_or_init(|| self.build(meter)), all))
    }

    fn build(&self, meter: &Meter) -> Instrument {
        let (name, unit, description) = (self.name, self.unit, self.description);
        match self.kind {
            MetricKind::Counter => {
                Instrument::Counter(meter.u64_counter(name).with_unit(unit).with_description(description).build())
            }
            MetricKind::Gauge => {
                Instrument::Gauge(meter.f64_gauge(name).with_unit(unit).with_description(description).build())
            }
            MetricKind::Histogram(bounds) => {
                let histogram = meter.f64_histogram(name).with_unit(unit).with_description(description);
                Instrument::Histogram(histogram.with_boundaries(bounds.to_vec()).build())
            }
        }
    }
}
