//! A metric: declared once as a constant with all that a reader has to know of it, recorded anywhere. Without a collector it costs one look.

use std::sync::OnceLock;

use opentelemetry::KeyValue;
use opentelemetry::metrics::{Counter, Gauge, Histogram, Meter};

/// A metric of a job. Its attributes are the job and those given with each value; few values each, never an id of the city's.
#[derive(Debug)]
pub struct Metric {
    /// Its name.
    pub name: &'static str,
    /// Its unit by UCUM, or what it counts in braces.
    pub unit: &'static str,
    description: &'static str,
    form: Form,
    made: OnceLock<Instrument>,
}

#[derive(Debug, Clone, Copy)]
enum Form {
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

/// Buckets for how long a job or a part of it takes, seconds.
pub const SECONDS: &[f64] = &[0.1, 0.3, 1.0, 3.0, 10.0, 30.0, 60.0, 120.0, 300.0, 600.0, 1800.0, 3600.0, 7200.0];
/// Buckets for sizes of documents, bytes.
pub const BYTES: &[f64] = &[1e3, 1e4, 1e5, 3e5, 1e6, 3e6, 1e7, 3e7, 1e8];

impl Metric {
    const fn new(name: &'static str, unit: &'static str, description: &'static str, form: Form) -> Self {
        Self { name, unit, description, form, made: OnceLock::new() }
    }

    /// What only adds up.
    #[must_use]
    pub const fn counter(name: &'static str, unit: &'static str, description: &'static str) -> Self {
        Self::new(name, unit, description, Form::Counter)
    }

    /// What has one value at a time.
    #[must_use]
    pub const fn gauge(name: &'static str, unit: &'static str, description: &'static str) -> Self {
        Self::new(name, unit, description, Form::Gauge)
    }

    /// What is spread over several values.
    #[must_use]
    pub const fn histogram(
        name: &'static str,
        unit: &'static str,
        description: &'static str,
        bounds: &'static [f64],
    ) -> Self {
        Self::new(name, unit, description, Form::Histogram(bounds))
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
        Some((self.made.get_or_init(|| self.make(meter)), all))
    }

    fn make(&self, meter: &Meter) -> Instrument {
        let (name, unit, description) = (self.name, self.unit, self.description);
        match self.form {
            Form::Counter => {
                Instrument::Counter(meter.u64_counter(name).with_unit(unit).with_description(description).build())
            }
            Form::Gauge => {
                Instrument::Gauge(meter.f64_gauge(name).with_unit(unit).with_description(description).build())
            }
            Form::Histogram(bounds) => {
                let histogram = meter.f64_histogram(name).with_unit(unit).with_description(description);
                Instrument::Histogram(histogram.with_boundaries(bounds.to_vec()).build())
            }
        }
    }
}
