//! Entry points of the fuzz targets: readers of single values and of whole small files, with properties that hold for any bytes.

use std::str;

use chrono::{DateTime, Timelike as _, Utc};
use contract::Reason;

use crate::city::City;
use crate::document::{
    BikeCountsSource, DisruptionsSource, FileSource, RoadNetworkSource, WeatherSource, WorksitesSource,
};
use crate::geo::{self, parse_lines, parse_point, parse_shape};
use crate::raw_file::RawFile;
use crate::source::road_counts::Clock;
use crate::source::text::timestamp::Timestamp;

/// A date or time: rejected, or an instant that is read back from its canonical form, with and without the cache of the road counts.
///
/// # Panics
/// A property does not hold.
pub fn timestamp(bytes: &[u8]) {
    let tz = City::paris().tz;
    let direct = Timestamp::parse_bytes(bytes).and_then(|timestamp| timestamp.instant(tz));
    let mut clock = Clock::new(tz);
    for _ in 0..2 {
        let cached = clock.instant(bytes.trim_ascii());
        assert_eq!(cached, direct.map(|instant| instant.timestamp()), "the cache changes the instant");
    }
    match direct {
        Ok(instant) => {
            let canonical = Timestamp::parse(&instant.to_rfc3339()).and_then(|timestamp| timestamp.instant(tz));
            let years = 1900..=9999;
            // An offset may move the instant just outside the years that are read.
            assert!(
                canonical == Ok(instant) || !years.contains(&chrono::Datelike::year(&instant)),
                "{instant} is not read back"
            );
        }
        Err(reason) => assert!(reason.is_structural() && reason <= Reason::NonexistentTime),
    }
}

/// A shape and a point: rejected, or a shape that is read back from its GeoJSON.
///
/// # Panics
/// A property does not hold.
pub fn geometry(bytes: &[u8]) {
    let Ok(text) = str::from_utf8(bytes) else { return };
    if let Ok(Some(shape)) = parse_shape(text) {
        let json = geo::to_geojson(&shape).to_string();
        assert!(matches!(parse_shape(&json), Ok(Some(_))), "{json} is not read back");
        let doubled = json.replace('"', "\"\"");
        assert_eq!(parse_shape(&doubled), parse_shape(&json), "quotes change the shape");
    }
    if let Ok(Some(lines)) = parse_lines(text) {
        let length = geo::lines_length_metres(&lines, 6_371_000.0);
        assert!(length.is_none_or(f64::is_finite));
    }
    if let Ok(Some((lon, lat))) = parse_point(text) {
        assert!(geo::on_earth(lon, lat));
        assert_eq!(parse_point(&format!("{lat}, {lon}")), Ok(Some((lon, lat))));
    }
}

/// A snapshot and an export of every source with small files: never a panic, and no more rejections than rows and values.
pub fn files(bytes: &[u8]) {
    let city = City::paris();
    let collected =
        DateTime::from_timestamp(1_762_000_000, 0).and_then(|instant: DateTime<Utc>| instant.with_minute(0));
    for collected in [None, collected] {
        let key = if collected.is_some() { "api/a.json" } else { "batch/a.csv" };
        let file = RawFile { key: key.to_owned(), bytes: bytes.to_vec().into(), collected };
        parse::<BikeCountsSource>(&file, &city);
        parse::<DisruptionsSource>(&file, &city);
        parse::<WeatherSource>(&file, &city);
        parse::<WorksitesSource>(&file, &city);
        parse::<RoadNetworkSource>(&file, &city);
    }
}

fn parse<S: FileSource>(file: &RawFile, city: &City) {
    let parsed = S::parse(file, city);
    let _ = S::row_counts(&parsed);
}
