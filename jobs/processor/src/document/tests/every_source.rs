//! What holds for the readers of all six sources: one text is one time, one bad row is counted, and no bytes panic.

use chrono::Timelike as _;
use contract::{Reason, Tz};

use super::*;
use crate::cells::road::counts::{RoadAccumulator, RoadRows, RowFilter, Scope};
use crate::quality::QualityCounter;
use crate::scan::head::{self, Peek};
use crate::scan::{Reader as _, read_slowly};
use crate::source::parsed_file::readable;
use crate::source::road_counts::Layout;
use crate::source::road_counts::json::{self, RowBuffer};
use crate::source::text::timestamp::Timestamp;
use crate::source::weather::RecordPeriod;

mod rows;

const PARIS: Tz = Tz::PARIS;
/// The time of a row that every reader accepts, before all others.
const FIRST: &str = "1900-06-01T12:00:00Z";

/// What became of a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Taken {
    /// Seconds since the epoch.
    At(i64),
    Day(NaiveDate),
    RowRejected,
    FileRefused,
}

impl Taken {
    fn at(read: Result<DateTime<Utc>, Reason>) -> Self {
        read.map_or_else(Self::refused, |instant| Self::At(instant.timestamp()))
    }

    fn refused(reason: Reason) -> Self {
        if reason == Reason::MonthFirstDate { Self::FileRefused } else { Self::RowRejected }
    }
}

fn file(key: &str, text: String) -> RawFile {
    let collected = key.starts_with("api/").then(|| "2100-01-01T00:00:00Z".parse().unwrap());
    RawFile { key: key.to_owned(), bytes: text.into(), collected }
}

/// A table of two rows, `good` and `x`; each row is a pattern with its id and its quoted time.
fn table(header: &str, time: &str, row: impl Fn(&str, &str) -> String) -> String {
    let time = format!("\"{}\"", time.replace('"', "\"\""));
    format!("{header}\n{}\n{}\n", row("good", FIRST), row("x", &time))
}

/// The same as the elements of a JSON list.
fn list(time: &str, object: impl Fn(&str, &str) -> String) -> String {
    let quoted = |text: &str| serde_json::Value::from(text).to_string();
    format!("[{},\n{}]", object("good", &quoted(FIRST)), object("x", &quoted(time)))
}

/// The newest hour of the road counts is that of the row, unless it is that of the good one.
fn road_counts(layout: Layout, read: impl FnOnce(&RoadRows) -> <RoadRows as crate::scan::Reader>::Partial) -> Taken {
    let filter = RowFilter::new(Scope::All, PARIS, 28);
    let mut counts = RoadAccumulator::new(filter);
    counts.begin_file("batch/comptages.csv");
    counts.fold(&read(&RoadRows::new(filter, layout)), 0);
    match counts.end_file() {
        // The published time is the end of the hour.
        Ok(()) => match counts.newest.unwrap() + 3600 {
            first if Taken::At(first) == Taken::at(Ok(FIRST.parse().unwrap())) => Taken::RowRejected,
            end => Taken::At(end),
        },
        Err(_) => Taken::FileRefused,
    }
}

fn road_table(time: &str) -> Taken {
    let text = table("iu_ac;t_1h;q;k", time, |id, time| format!("{id};{time};1;2"));
    let Peek::Head(head) = head::peek(text.as_bytes(), true) else { panic!("no header") };
    let layout = Layout::of("batch/comptages.csv", &head).unwrap();
    road_counts(layout, |rows| read_slowly(rows, head.separator, [&text.as_bytes()[head.length..]]))
}

fn road_json(time: &str) -> Taken {
    let text = list(time, |id, time| format!(r#"{{"iu_ac":"{id}","t_1h":{time},"q":1,"k":2}}"#));
    road_counts(json::layout(), |rows| {
        let (mut chunk, mut worker) = (rows.new_partial(), rows.worker());
        RowBuffer::default().rows(1, text.as_bytes(), &mut |row| rows.row(&mut worker, &mut chunk, &row.unwrap()));
        chunk
    })
}

fn bikes(file: &RawFile) -> Taken {
    let files = parsed::<BikeCountsSource>(std::slice::from_ref(file), &City::paris());
    let Ok(found) = readable(&files, "", &mut QualityCounter::default()) else { return Taken::FileRefused };
    let records = found.files[0].1;
    let of_x = records.all().iter().find(|record| &*records.counters[record.counter as usize] == "x");
    of_x.map_or(Taken::RowRejected, |record| Taken::At(record.hour))
}

fn bike_table(time: &str) -> Taken {
    let text = table("id_compteur;date;sum_counts", time, |id, time| format!("{id};{time};5"));
    bikes(&file("batch/comptage-velo.csv", text))
}

fn bike_json(time: &str) -> Taken {
    bikes(&file(
        "api/bikes/1.json",
        list(time, |id, time| format!(r#"{{"id_compteur":"{id}","date":{time},"sum_counts":5}}"#)),
    ))
}

fn disruptions(text: String) -> Taken {
    let parsed = DisruptionsSource::parse(&file("api/traffic/1.json", text), &City::paris());
    let Some(snapshot) = parsed.snapshots.first() else { return Taken::FileRefused };
    let (_, content) = snapshot.records.iter().find(|(id, _)| &**id == "x").unwrap();
    content.as_ref().map_or(Taken::RowRejected, |content| Taken::at(Ok(content.periods[0].begin)))
}

fn disruption_bulk(time: &str) -> Taken {
    let list = list(time, |id, time| format!(r#"{{"id":"{id}","applicationPeriods":[{{"begin":{time}}}]}}"#));
    disruptions(format!(r#"{{"lines":[],"disruptions":{list}}}"#))
}

fn disruption_page(time: &str) -> Taken {
    let list = list(time, |id, time| format!(r#"{{"id":"{id}","application_periods":[{{"begin":{time}}}]}}"#));
    disruptions(format!(r#"{{"context":{{}},"disruptions":{list}}}"#))
}

fn weather(file: &RawFile) -> Taken {
    let files = parsed::<WeatherSource>(std::slice::from_ref(file), &City::paris());
    let Ok(found) = readable(&files, "", &mut QualityCounter::default()) else { return Taken::FileRefused };
    // The good row is in its own day or hour, the first one.
    let mut entries =
        found.files[0].1.days.iter().flat_map(|(date, entries)| entries.iter().map(move |entry| (date, entry)));
    match entries.find(|(_, entry)| entry.line == 3 || entry.excerpt.contains(":\"x\"")) {
        None => Taken::RowRejected,
        Some((_, entry)) if let RecordPeriod::Hour(start, _) = &entry.period => Taken::at(Ok(*start)),
        Some((date, _)) => Taken::Day(*date),
    }
}

fn weather_table(time: &str) -> Taken {
    weather(&file("batch/meteo.csv", table("datetime;temp;conditions", time, |id, time| format!("{time};5;{id}"))))
}

fn weather_json(time: &str) -> Taken {
    weather(&file(
        "api/weather/1.json",
        list(time, |id, time| format!(r#"{{"datetime":{time},"temp":5,"conditions":"{id}"}}"#)),
    ))
}

/// The first day of a worksite.
fn worksite(time: &str) -> Taken {
    let text = table("Identifiant;Date de début;Date de fin", time, |id, time| format!("{id};{time};"));
    match WorksitesSource::parse(&file("batch/chantiers.csv", text), &City::paris()).content {
        Ok(sites) => {
            let found = sites.groups.iter().find(|group| group.record.id == "x");
            found.map_or(Taken::RowRejected, |group| Taken::Day(group.record.start.unwrap()))
        }
        Err(_) => Taken::FileRefused,
    }
}

/// The begin of the validity of an arc.
fn arc(time: &str) -> Taken {
    let text = table("iu_ac;date_debut;geo_shape", time, |id, time| format!("{id};{time};"));
    match RoadNetworkSource::parse(&file("batch/referentiel.csv", text), &City::paris()).content {
        Ok(arcs) => {
            let object = &arcs.arcs["x"][0].object;
            assert_eq!(object.unread.is_empty(), object.start.is_some());
            object.start.map_or(Taken::RowRejected, |start| Taken::at(Ok(start)))
        }
        Err(_) => Taken::FileRefused,
    }
}

/// Times as people's tools write them, right and wrong.
fn time_text() -> impl Strategy<Value = String> {
    let seconds = prop_oneof![
        -2_100_000_000_i64..200_000_000_000,
        // The clock changes of 2024.
        1_711_843_200_i64..1_711_857_600,
        1_729_980_000_i64..1_729_998_000,
    ];
    let formats = [
        "%Y-%m-%dT%H:%M:%S%:z",
        "%Y-%m-%d %H:%M:%S%z",
        "%Y-%m-%d %H:%M",
        "%Y-%-m-%-dT%-H:%M:%S.%3f",
        "%Y%m%dT%H%M%S",
        "%Y%m%dT%H%M%SZ",
        "%d/%m/%Y %H:%M:%S",
        "%-d/%-m/%Y %-H:%M",
        "%d/%m/%Y",
        "%Y-%m-%d",
        "%Y%m%d",
        "%Y-%m-%dT24:00",
        "%d/%m/%Y 24:00",
        "%m/%d/%Y %H:%M",
        "%m/%d/%Y",
        "%d/%m/%y %H:%M",
        "%b %-d, %Y %-I:%M %p",
        "%Y-%m-%d %I:%M %p",
        "%s",
    ];
    let offsets = prop_oneof![Just(None), prop::sample::select(vec![-12 * 60, -90, 0, 60, 120, 330]).prop_map(Some)];
    let written = (seconds, offsets, prop::sample::select(formats.to_vec())).prop_map(|(seconds, offset, format)| {
        let utc = DateTime::from_timestamp(seconds, 0).unwrap();
        match offset.and_then(|minutes: i32| chrono::FixedOffset::east_opt(minutes * 60)) {
            Some(offset) => utc.with_timezone(&offset).format(format).to_string(),
            None => utc.with_timezone(&PARIS).format(format).to_string(),
        }
    });
    let noise = "[0-9/:.,TZ +-]{0,20}[0-9TZ/]".prop_filter("a year that the good row precedes", |text| {
        Timestamp::parse(text).is_ok_and(|read| chrono::Datelike::year(&read.date) > 1900)
            || Timestamp::parse(text).is_err()
    });
    prop_oneof![4 => written, 1 => noise]
}

proptest! {
    #[test]
    fn text_of_a_time_is_the_same_instant_in_every_source_or_refused_in_all(text in time_text()) {
        let read = Timestamp::parse(&text);
        let instant = read.and_then(|read| read.instant(PARIS));
        let expected = Taken::at(instant);
        for (source, taken) in [
            ("road counts", road_table(&text)),
            ("road counts as JSON", road_json(&text)),
            ("disruptions in bulk", disruption_bulk(&text)),
            ("disruptions in pages", disruption_page(&text)),
        ] {
            prop_assert_eq!(taken, expected, "{}: {}", source, &text);
        }
        // A count belongs to a whole hour of local time.
        let whole = |instant: DateTime<Utc>| {
            let local = instant.with_timezone(&PARIS);
            instant - Duration::seconds(i64::from(local.minute() * 60 + local.second()))
        };
        let hour = Taken::at(instant.map(whole));
        prop_assert_eq!((bike_table(&text), bike_json(&text)), (hour, hour), "bike counters: {}", &text);
        // A weather row without a time is a day.
        let weather = match read {
            Ok(Timestamp { date, time: None, .. }) => Taken::Day(date),
            _ => expected,
        };
        prop_assert_eq!((weather_table(&text), weather_json(&text)), (weather, weather), "weather: {}", &text);

        let date = read.and_then(|read| read.local_date(PARIS)).map_or_else(Taken::refused, Taken::Day);
        prop_assert_eq!(worksite(&text), date, "worksites: {}", &text);
        let start = Taken::at(read.and_then(|read| read.instant_or_start_of_day(PARIS)));
        prop_assert_eq!(arc(&text), start, "road network: {}", &text);
    }
}
