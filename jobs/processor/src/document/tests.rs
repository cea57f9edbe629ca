//! A file that is parsed once serves every day: each day gets the same draft as in a run for that day alone, in any order of days and files.

use std::fmt::Debug;

use chrono::{DateTime, Duration, NaiveDate, Utc};
use contract::document::Quality;
use contract::{DayType, ServiceDay};
use proptest::prelude::*;

use super::*;
use crate::cells::bike;
use crate::geo::Zones;

/// The autumn clock change and the days around it.
const DAYS: [&str; 4] = ["2025-10-25", "2025-10-26", "2025-10-27", "2025-10-30"];

/// A row or object of a source: its day and its text.
type Rows = Vec<(usize, String)>;

/// Drafts of a day of Paris.
pub(super) fn drafted<S: FileSource>(
    date: &str,
    files: &[RawFile],
    zones: Option<&Zones>,
) -> (SourceResult<Draft<S::Body>>, S::Shared) {
    drafted_with::<S>(date, files, zones, &Parameters::default())
}

/// The same with other parameters.
pub(super) fn drafted_with<S: FileSource>(
    date: &str,
    files: &[RawFile],
    zones: Option<&Zones>,
    parameters: &Parameters,
) -> (SourceResult<Draft<S::Body>>, S::Shared) {
    let city = City::paris();
    in_context(date, zones, parameters, |context| S::draft(&parsed::<S>(files, &city), context))
}

pub(super) fn parsed<S: FileSource>(files: &[RawFile], city: &City) -> Vec<Arc<S::File>> {
    files.iter().map(|file| Arc::new(S::parse(file, city))).collect()
}

fn in_context<R>(
    date: &str,
    zones: Option<&Zones>,
    parameters: &Parameters,
    read: impl FnOnce(&DayContext<'_>) -> R,
) -> R {
    let city = City::paris();
    let day = ServiceDay::new(date.parse::<NaiveDate>().unwrap(), city.tz);
    let day_type = DayType::Workday;
    read(&DayContext { day, day_type, city: &city, zones, service_lines: &[], parameters })
}

/// Drafts every day from files parsed once, again in the opposite order of days and files, and from files parsed for that day alone.
fn same<S: FileSource>(files: &[RawFile]) -> Result<(), TestCaseError>
where
    S::Body: PartialEq + Debug,
    S::Shared: PartialEq + Debug,
{
    let city = City::paris();
    let draft = |date: &str, files: &[Arc<S::File>]| {
        in_context(date, None, &Parameters::default(), |context| S::draft(files, context))
    };
    let once = parsed::<S>(files, &city);
    let first: Vec<_> = DAYS.iter().map(|date| draft(date, &once)).collect();
    let reversed: Vec<Arc<S::File>> = once.iter().rev().map(Arc::clone).collect();
    for (date, first) in DAYS.iter().zip(&first).rev() {
        prop_assert_eq!(first, &draft(date, &reversed));
        prop_assert_eq!(first, &draft(date, &parsed::<S>(files, &city)));
    }
    Ok(())
}

fn date(day: usize) -> &'static str {
    DAYS[day % DAYS.len()]
}

fn snapshot(source: &str, at: usize, body: String) -> RawFile {
    let end: DateTime<Utc> = "2025-10-25T06:00:00Z".parse().unwrap();
    // Two snapshots share an hour, so that the key decides.
    let collected = Some(end + Duration::hours(20 * i64::try_from(at / 2).unwrap()));
    RawFile { key: format!("api/{source}/{}.json", 9 - at), bytes: body.into(), collected }
}

fn export(key: &str, header: &str, rows: &Rows) -> RawFile {
    let rows: Vec<&str> = rows.iter().map(|(_, row)| row.as_str()).collect();
    RawFile { key: format!("batch/{key}"), bytes: format!("{header}\n{}\n", rows.join("\n")).into(), collected: None }
}

fn objects(rows: &Rows, separator: &str) -> String {
    rows.iter().map(|(_, row)| row.as_str()).collect::<Vec<_>>().join(separator)
}

/// Rows of all days, sorted by day or mixed, with repeats.
fn rows(row: impl Strategy<Value = (usize, String)> + Clone) -> impl Strategy<Value = Rows> {
    (prop::collection::vec(row, 0..40), any::<bool>(), any::<prop::sample::Index>()).prop_map(
        |(mut rows, sorted, twice)| {
            if let Some(row) = (!rows.is_empty()).then(|| twice.get(&rows).clone()) {
                rows.push(row);
            }
            if sorted {
                rows.sort();
            }
            rows
        },
    )
}

fn bike_object() -> impl Strategy<Value = (usize, String)> + Clone {
    let values = prop::sample::select(vec!["1", "2.0", "0", "-3", "2.5", "null", "\"x\"", "[1]", "{\"b\":1,\"a\":2}"]);
    let points =
        prop::sample::select(vec!["null", "[48.8,2.3]", "{\"lon\":2.4,\"lat\":48.8}", "[480,2]", "\"48.9,2.3\""]);
    (0..DAYS.len(), 0_u32..30, 0_u32..4, values, points, 0_u32..8).prop_map(|(day, hour, id, value, point, wrong)| {
        // Hours from 24 on are invalid.
        let time = format!("{}T{hour:02}:00:00{}", date(day), if hour % 2 == 0 { "Z" } else { "+01:00" });
        let id = if wrong == 0 { "null".to_owned() } else { format!("\"c{id}\"") };
        let name = if wrong == 1 { "\"nom_compteur\":\"Rue\"," } else { "" };
        (
            day,
            format!(
                "{{\"id_compteur\":{id},{name}\"sum_counts\":{value},\"date\":\"{time}\",\"coordinates\":{point}}}"
            ),
        )
    })
}

fn bike_row() -> impl Strategy<Value = (usize, String)> + Clone {
    (0..DAYS.len(), 0_u32..30, "[ab]?", "-?[0-9]{0,2}|x", "48.8,2.3|9|")
        .prop_map(|(day, hour, id, value, point)| (day, format!("{id};{value};{}T{hour:02}:00:00;{point}", date(day))))
}

/// The rows with one of another month: a file of which no row is accepted concerns all days.
fn with_accepted(rows: &Rows, accepted: &str) -> Rows {
    rows.iter().cloned().chain([(0, accepted.to_owned())]).collect()
}

fn bike_files(exports: &[Rows], pages: &[Rows]) -> Vec<RawFile> {
    let row = |rows: &Rows| with_accepted(rows, "a;1;2025-09-01T08:00:00;");
    let object = r#"{"id_compteur":"c0","sum_counts":1,"date":"2025-09-01T08:00:00Z"}"#;
    let exports = exports.iter().enumerate().map(|(at, rows)| {
        export(&format!("comptage-velo-{at}.csv"), "id_compteur;sum_counts;date;coordinates", &row(rows))
    });
    let pages = pages.iter().enumerate().map(|(at, rows)| {
        // All objects on one line, or each on its own.
        let separator = if at % 2 == 0 { "," } else { ",\n" };
        snapshot("bikes", at, format!("{{\"results\":[{}]}}", objects(&with_accepted(rows, object), separator)))
    });
    exports.chain(pages).collect()
}

fn only(rows: &[Rows], days: impl Fn(usize) -> bool) -> Vec<Rows> {
    rows.iter().map(|rows| rows.iter().filter(|(of, _)| days(*of)).cloned().collect()).collect()
}

/// The part of a draft's quality that concerns the day's own rows.
fn quality_of_day<B>(draft: SourceResult<Draft<B>>) -> Option<Quality> {
    let SourceResult::Document(draft) = draft else { return None };
    let mut quality = draft.quality;
    // The share of rejected rows is that of the whole file.
    quality.warnings.retain(|text| !text.contains("sont rejetées"));
    Some(Quality { rows_read: 0, structural_rejects: [].into(), examples: Vec::new(), ..quality })
}

fn weather_day() -> impl Strategy<Value = (usize, String)> + Clone {
    let fields = prop::sample::select(vec![
        r#""temp":8,"precip":null,"hours":[{"datetime":"08:00:00","temp":7,"conditions":"Rain"},{}]"#,
        r#""temp":8.5,"windspeed":"12,5","source":"obs""#,
        r#""temp":99"#,
        r#""precip":1"#,
        r#""temp":[],"tempmin":9,"tempmax":3"#,
        r#""temp":"x","tempmin":3"#,
    ]);
    (0..DAYS.len(), fields, 0_u32..8).prop_map(|(day, fields, wrong)| {
        let time = if wrong == 0 { "soon" } else { date(day) };
        (day, format!("{{\"datetime\":\"{time}\",{fields}}}"))
    })
}

fn weather_row() -> impl Strategy<Value = (usize, String)> + Clone {
    (0..DAYS.len(), "(T0[0-3]:00:00)?", "-?[0-9]{0,2}|x", "-?[0-9]{0,2}", "-?[0-9]{0,2}")
        .prop_map(|(day, hour, temp, rain, wind)| (day, format!("{}{hour};{temp};{rain};{wind}", date(day))))
}

fn weather_files(tables: &[Rows], timelines: &[Rows]) -> Vec<RawFile> {
    let tables = tables.iter().enumerate();
    let tables = tables.map(|(at, rows)| {
        let rows = with_accepted(rows, "2025-09-01;1;;");
        export(&format!("meteo-{at}.csv"), "datetime;temp;precip;windspeed", &rows)
    });
    let timelines = timelines.iter().enumerate().map(|(at, rows)| {
        let zone = if at == 1 { "Europe/Vienna" } else { "Europe/Paris" };
        let rows = with_accepted(rows, r#"{"datetime":"2025-09-01","temp":1}"#);
        snapshot("weather", at, format!("{{\"timezone\":\"{zone}\",\"days\":[{}]}}", objects(&rows, ",")))
    });
    tables.chain(timelines).collect()
}

fn disruption() -> impl Strategy<Value = (usize, String)> + Clone {
    let times = prop::sample::select(vec!["060000", "120000", "233000", "99"]);
    (0..DAYS.len(), 0_u32..4, times, 0..DAYS.len(), 0_u32..8).prop_map(|(day, id, time, end, wrong)| {
        let wall = |day: usize, time: &str| format!("{}T{time}", date(day).replace('-', ""));
        let id = if wrong == 0 { "null".to_owned() } else { format!("\"d{id}\"") };
        let (begin, end, updated) = (wall(day, time), wall(end, "200000"), wall(day, "050000"));
        (
            day,
            format!(
                "{{\"id\":{id},\"lastUpdate\":\"{updated}\",\"severity\":\"BLOQUANTE\",\"title\":\"Métro {wrong}\",\
            \"applicationPeriods\":[{{\"begin\":\"{begin}\",\"end\":\"{end}\"}}]}}"
            ),
        )
    })
}

#[test]
fn parsed_files_are_shared_between_threads() {
    fn shared<T: Send + Sync + Debug>() {}
    shared::<<BikeCountsSource as FileSource>::File>();
    shared::<<DisruptionsSource as FileSource>::File>();
    shared::<<WeatherSource as FileSource>::File>();
    shared::<<WorksitesSource as FileSource>::File>();
    shared::<<RoadNetworkSource as FileSource>::File>();
}

mod every_source;

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn bikes_are_parsed_once(
        exports in prop::collection::vec(rows(bike_row()), 0..3),
        pages in prop::collection::vec(rows(bike_object()), 0..4),
    ) {
        let files = bike_files(&exports, &pages);
        same::<BikeCountsSource>(&files)?;
        // The counts of a day do not depend on the rows of other days, except at the edges of the day.
        let city = City::paris();
        for (day, date) in DAYS.iter().enumerate() {
            let read = |files: &[RawFile]| in_context(date, None, &Parameters::default(), |context| {
                let cells = bike::aggregate(&parsed::<BikeCountsSource>(files, &city), context).ok()?;
                Some((cells.quality.rows_of_day, cells.quality.values.clone(), cells.repeats, cells.conflicts))
            });
            // A record of 23:00 UTC belongs to the next day.
            let near = |of: usize| of == day || of + 1 == day;
            prop_assert_eq!(read(&files), read(&bike_files(&only(&exports, near), &only(&pages, near))), "{}", date);
        }
    }

    #[test]
    fn weather_is_parsed_once(
        tables in prop::collection::vec(rows(weather_row()), 0..3),
        timelines in prop::collection::vec(rows(weather_day()), 0..4),
    ) {
        let files = weather_files(&tables, &timelines);
        same::<WeatherSource>(&files)?;
        for (day, date) in DAYS.iter().enumerate() {
            let read = |files: &[RawFile]| quality_of_day(drafted::<WeatherSource>(date, files, None).0);
            let alone = |of: usize| of == day;
            prop_assert_eq!(read(&files), read(&weather_files(&only(&tables, alone), &only(&timelines, alone))), "{}", date);
        }
    }

    #[test]
    fn disruptions_are_parsed_once(lists in prop::collection::vec(rows(disruption()), 0..5)) {
        let files: Vec<_> = lists
            .iter()
            .enumerate()
            .map(|(at, rows)| {
                let rest = if at == 3 { "" } else { "]}" };
                snapshot("traffic", at, format!("{{\"lines\":[],\"disruptions\":[{}{rest}", objects(rows, ",\n")))
            })
            .collect();
        same::<DisruptionsSource>(&files)?;
    }

    #[test]
    fn worksites_and_network_are_parsed_once(
        sites in prop::collection::vec(("[123]?", 0..DAYS.len(), 0..DAYS.len(), "(48.8,2.3)?|x"), 0..20),
        arcs in prop::collection::vec(("[123]?", 0..DAYS.len(), 0..DAYS.len(), "(48.8,2.3)?|x"), 0..20),
    ) {
        let row = |(id, start, end, point): &(String, usize, usize, String)| (0, format!("{id};{};{};{point}", date(*start), date(*end)));
        let sites: Rows = sites.iter().map(row).collect();
        let file = export("chantiers-1.csv", "Identifiant;Date de début;Date de fin;geo_point_2d", &sites);
        same::<WorksitesSource>(&[file])?;
        let arcs: Rows = arcs.iter().map(row).map(|(day, row)| (day, format!("{row};"))).collect();
        let file = export("referentiel-1.csv", "iu_ac;date_debut;date_fin;geo_point_2d;geo_shape", &arcs);
        same::<RoadNetworkSource>(&[file])?;
    }
}
