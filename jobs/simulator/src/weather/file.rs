//! The files of the weather: timeline snapshots and a CSV file with the days before.

use chrono::{DateTime, Utc};
use contract::{ServiceDay, Source, keys};
use runtime::failure::Failure;
use serde_json::{Map, Value, json};

use super::{WeatherRecord, WeatherSimulation};
use crate::output::Output;
use crate::shapes::Shapes;

/// The shape of a timeline, or of a row of the history.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum TimelineShape {
    #[default]
    Usual,
    /// Days without values of their own, if their hours give all of them.
    HoursOnly,
    /// US units, and the name of the unit group.
    UsDeclared,
    /// US units that only temperature, dew point and humidity show.
    UsUndeclared,
    /// Days whose date is a midnight.
    Midnight,
    /// Days and hours that are instants in UTC.
    Instants,
}

impl TimelineShape {
    const OTHER: [Self; 5] = [Self::HoursOnly, Self::UsDeclared, Self::UsUndeclared, Self::Midnight, Self::Instants];

    fn is_us(self) -> bool {
        matches!(self, Self::UsDeclared | Self::UsUndeclared)
    }

    /// Tenths of °C as a published number.
    fn temperature(self, tenths: i32) -> f64 {
        let celsius = f64::from(tenths) / 10.0;
        if self.is_us() { celsius * 1.8 + 32.0 } else { celsius }
    }

    /// Tenths of mm as a published number.
    fn rain(self, tenths: i32) -> f64 {
        let millimetres = f64::from(tenths) / 10.0;
        if self.is_us() { millimetres / 25.4 } else { millimetres }
    }

    /// Tenths of km/h as a published number.
    fn wind(self, tenths: i32) -> f64 {
        let speed = f64::from(tenths) / 10.0;
        if self.is_us() { speed / 1.609_344 } else { speed }
    }

    fn day(self, day: &ServiceDay) -> String {
        match self {
            Self::Midnight => format!("{} 00:00:00", day.date()),
            Self::Instants => instant(day.start()),
            _ => day.date().to_string(),
        }
    }

    fn hour(self, day: &ServiceDay, name: usize) -> String {
        let start = day.hours().find(|hour| day.local_hour(*hour) == name).filter(|_| self == Self::Instants);
        start.map_or_else(|| format!("{name:02}:00:00"), instant)
    }
}

fn instant(at: DateTime<Utc>) -> String {
    at.format("%Y-%m-%dT%H:%M:%S+00:00").to_string()
}

impl WeatherSimulation {
    /// # Errors
    /// The store or the file system rejects a file.
    pub fn write(&self, output: &Output, shapes: Shapes) -> Result<(), Failure> {
        output.put("batch/meteo-historique.csv", self.csv(shapes).as_bytes())?;
        for snapshot in self.snapshots() {
            let folder = keys::snapshots(Source::Weather, snapshot.folder.date_naive());
            let key = format!("{folder}hour={}/part.json", snapshot.folder.format("%H"));
            let shape = shapes.in_turn(&[TimelineShape::Usual], &TimelineShape::OTHER, snapshot.number);
            let whole = snapshot.records.as_ref().map(|records| self.timeline(records, shape).to_string());
            let body = match (&whole, snapshot.empty) {
                (Some(whole), _) => whole.as_bytes(),
                (None, true) => b"",
                (None, false) => b"{\"resolvedAddress\": \"Ville, France\", \"days\": [{\"datetime\": \"20",
            };
            output.put(&key, body)?;
        }
        Ok(())
    }

    fn csv(&self, shapes: Shapes) -> String {
        let mut csv = "name,datetime,tempmax,tempmin,temp,precip,preciptype,windspeed,conditions,stations\n".to_owned();
        let others = [TimelineShape::Midnight, TimelineShape::Instants];
        for (record, number) in self.history().iter().zip(0..) {
            let shape = shapes.in_turn(&[TimelineShape::Usual], &others, number);
            let tenths = |value: i32| (f64::from(value) / 10.0).to_string();
            csv.push_str(&format!(
                "ville,{},{},{},{},{},,{},\"{}\",\"07149099999,D3623\"\n",
                shape.day(&ServiceDay::new(record.date, self.tz)),
                tenths(record.max),
                tenths(record.min),
                tenths(record.mean),
                record.rain.map(tenths).unwrap_or_default(),
                tenths(record.wind),
                record.conditions
            ));
        }
        csv
    }

    fn timeline(&self, records: &[WeatherRecord], shape: TimelineShape) -> Value {
        let days: Vec<_> =
            records.iter().map(|record| day_json(record, &ServiceDay::new(record.date, self.tz), shape)).collect();
        let mut timeline = json!({
            "resolvedAddress": "Ville, France",
            "timezone": self.tz.name(),
            "days": days,
            "currentConditions": {"datetime": "12:00:00", "temp": 11.5, "precip": null, "windspeed": 9.0},
        });
        if let Some(timeline) = timeline.as_object_mut().filter(|_| shape == TimelineShape::UsDeclared) {
            timeline.insert("unitGroup".to_owned(), json!("us"));
        }
        timeline
    }
}

fn day_json(record: &WeatherRecord, day: &ServiceDay, shape: TimelineShape) -> Value {
    let mut entries = Map::new();
    let mut put = |key: &str, value: Value| entries.insert(key.to_owned(), value);
    put("datetime", json!(shape.day(day)));
    put("conditions", json!(record.conditions));
    put("source", json!(record.source));
    put("preciptype", if record.rain.unwrap_or(0) > 0 { json!(["rain"]) } else { Value::Null });
    if let Some(mean) = record.wind_mean {
        put("windspeedmean", json!(shape.wind(mean)));
    }
    if let Some(hours) = &record.hours {
        let hour = |(name, temperature, rain, wind): &(usize, i32, i32, i32)| {
            json!({"datetime": shape.hour(day, *name), "temp": shape.temperature(*temperature), "precip": shape.rain(*rain),
                "windspeed": shape.wind(*wind), "conditions": "Clear"})
        };
        put("hours", hours.iter().map(hour).collect());
    }
    let from_hours = record.hours.is_some() && record.rain.is_some() && record.defect.is_none();
    if shape == TimelineShape::HoursOnly && from_hours {
        return Value::Object(entries);
    }
    put("tempmax", json!(shape.temperature(record.max)));
    put("tempmin", json!(shape.temperature(record.min)));
    put("temp", json!(shape.temperature(record.mean)));
    put("precip", record.rain.map_or(Value::Null, |rain| json!(shape.rain(rain))));
    put("windspeed", json!(shape.wind(record.wind)));
    if shape == TimelineShape::UsUndeclared {
        let dew_point = record.mean - 50;
        put("dew", json!(shape.temperature(dew_point)));
        put("humidity", json!(humidity(record.mean, dew_point)));
    }
    Value::Object(entries)
}

/// Percent; temperatures in tenths of °C.
fn humidity(temperature: i32, dew_point: i32) -> f64 {
    let pressure = |tenths: i32| {
        let celsius = f64::from(tenths) / 10.0;
        6.112 * (17.625 * celsius / (243.04 + celsius)).exp()
    };
    (1000.0 * pressure(dew_point) / pressure(temperature)).round() / 10.0
}
