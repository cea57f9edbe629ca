//! Files of a hundred rows of which some are bad, and files with damaged bytes.

use super::*;

const DAY: &str = "2025-11-04";
const ROWS: usize = 100;

/// A row of the day by its number, and one that cannot be used.
struct Rows {
    key: &'static str,
    before: &'static str,
    good: fn(usize) -> String,
    bad: &'static str,
    separator: &'static str,
    after: &'static str,
}

/// Every shape of the sources with small files.
const SHAPES: [Rows; 8] = [
    Rows {
        key: "batch/comptage-velo.csv",
        before: "id_compteur;sum_counts;date\n",
        good: |n| format!("c{n};5;2025-11-04T08:00:00+01:00"),
        bad: "c;5;soon",
        separator: "\n",
        after: "\n",
    },
    Rows {
        key: "api/bikes/1.json",
        before: r#"{"results":["#,
        good: |n| format!(r#"{{"id_compteur":"c{n}","sum_counts":5,"date":"2025-11-04T08:00:00+01:00"}}"#),
        bad: r#"{"id_compteur":"c","sum_counts":5,"date":"soon"}"#,
        separator: ",\n",
        after: "]}",
    },
    Rows {
        key: "api/traffic/1.json",
        before: r#"{"lines":[],"disruptions":["#,
        good: |n| format!(r#"{{"id":"d{n}","applicationPeriods":[{{"begin":"20251104T080000"}}]}}"#),
        bad: r#"{"id":"bad","applicationPeriods":[{"begin":"soon"}]}"#,
        separator: ",\n",
        after: "]}",
    },
    Rows {
        key: "api/traffic/2.json",
        before: r#"{"context":{},"disruptions":["#,
        good: |n| format!(r#"{{"id":"d{n}","application_periods":[{{"begin":"20251104T080000"}}]}}"#),
        bad: r#"{"id":"bad","application_periods":[]}"#,
        separator: ",\n",
        after: "]}",
    },
    Rows {
        key: "batch/meteo.csv",
        before: "datetime,temp,tempmin,tempmax,precip,windspeed\n",
        good: |_| "2025-11-04,9,5,12,0,10".to_owned(),
        bad: "soon,9,5,12,0,10",
        separator: "\n",
        after: "\n",
    },
    Rows {
        key: "api/weather/1.json",
        before: r#"{"days":["#,
        good: |_| r#"{"datetime":"2025-11-04","temp":9,"tempmin":5,"tempmax":12}"#.to_owned(),
        bad: r#"{"datetime":"soon","temp":9}"#,
        separator: ",\n",
        after: "]}",
    },
    Rows {
        key: "batch/chantiers.csv",
        before: "Identifiant;Date de début;Date de fin\n",
        good: |n| format!("{n};2025-11-01;2025-11-30"),
        bad: "x;soon;2025-11-30",
        separator: "\n",
        after: "\n",
    },
    Rows {
        key: "batch/referentiel.csv",
        before: "iu_ac;libelle;geo_shape\n",
        good: |n| format!("{n};Rue;LINESTRING (2.35 48.85, 2.351 48.8509)"),
        bad: ";Rue;LINESTRING (2.35 48.85, 2.351 48.8509)",
        separator: "\n",
        after: "\n",
    },
];

/// Rows, rejections and warnings of the day's document, or the error of the source.
type Read = Result<(u64, u64, Vec<String>), String>;

impl Rows {
    /// The last `bad` rows are bad.
    fn text(&self, bad: usize) -> String {
        let rows: Vec<String> =
            (0..ROWS).map(|n| if n < ROWS - bad { (self.good)(n) } else { self.bad.to_owned() }).collect();
        format!("{}{}{}", self.before, rows.join(self.separator), self.after)
    }

    fn read(&self, bad: usize) -> Read {
        let files = [file(self.key, self.text(bad))];
        match self.key.split(['/', '-', '.']).nth(1).unwrap() {
            "bikes" | "comptage" => counts(drafted::<BikeCountsSource>(DAY, &files, None).0),
            "traffic" => counts(drafted::<DisruptionsSource>(DAY, &files, None).0),
            "weather" | "meteo" => counts(drafted::<WeatherSource>(DAY, &files, None).0),
            "chantiers" => counts(drafted::<WorksitesSource>(DAY, &files, None).0),
            "referentiel" => counts(drafted::<RoadNetworkSource>(DAY, &files, None).0),
            other => panic!("{other}"),
        }
    }
}

fn counts<B>(draft: SourceResult<Draft<B>>) -> Read {
    match draft {
        SourceResult::Document(draft) => {
            let quality = draft.quality;
            // A disruption without a usable period counts under both reasons.
            let rejected = quality.structural_rejects.values().max().copied().unwrap_or_default();
            Ok((quality.rows_read, rejected, quality.warnings))
        }
        SourceResult::Failed(error) => Err(error.to_string()),
        SourceResult::Absent(reason) => panic!("absent: {reason}"),
    }
}

/// The same for road counts.
fn read_roads(bad: usize) -> Read {
    let (header, good) = ("iu_ac;t_1h;q;k\n", "1;2025-11-04T08:00:00+01:00;5;6\n");
    let text = format!("{header}{}{}", good.repeat(ROWS - bad), "1;soon;5;6\n".repeat(bad));
    let filter = RowFilter::new(Scope::All, PARIS, 28);
    let Peek::Head(head) = head::peek(text.as_bytes(), true) else { panic!("no header") };
    let rows = RoadRows::new(filter, Layout::of("batch/comptages.csv", &head).unwrap());
    let mut counts = RoadAccumulator::new(filter);
    counts.begin_file("batch/comptages.csv");
    counts.fold(&read_slowly(&rows, head.separator, [&text.as_bytes()[head.length..]]), 0);
    counts.end_file().map_err(|error| error.to_string())?;
    let quality = counts.quality(DAY.parse().unwrap());
    Ok((quality.rows_read, quality.structural_rejects.values().sum(), counts.warnings))
}

#[test]
fn one_bad_row_is_counted_most_are_a_warning_and_all_are_an_error_in_every_source() {
    let readers = SHAPES.iter().map(|rows| (rows.key, Box::new(|bad| rows.read(bad)) as Box<dyn Fn(usize) -> Read>));
    let readers = readers.chain([("batch/comptages.csv", Box::new(read_roads) as Box<dyn Fn(usize) -> Read>)]);
    for (key, read) in readers {
        for bad in [0, 1, 50, 51, 99] {
            let (rows, rejected, warnings) = read(bad).unwrap_or_else(|error| panic!("{key}: {error}"));
            assert_eq!((rows, rejected), (ROWS as u64, bad as u64), "{key}");
            let warned = warnings.iter().any(|text| text.starts_with(&format!("{bad} des {ROWS} lignes de ")));
            assert_eq!(warned, bad > 50, "{key}: {bad} bad rows: {warnings:?}");
        }
        let error = read(ROWS).unwrap_err();
        assert!(error.contains(key) && error.contains("100 of 100 rows rejected"), "{key}: {error}");
    }
}

proptest! {
    /// Also from the fuzz targets, which search for longer.
    #[test]
    fn no_damaged_file_panics_in_any_reader(
        shape in 0..SHAPES.len(), bad in 0..4_usize, damage in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..6), cut in any::<prop::sample::Index>(),
    ) {
        let mut bytes = SHAPES[shape].text(bad).into_bytes();
        for (at, byte) in damage {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        bytes.truncate(cut.index(bytes.len() + 1));
        crate::fuzzed::files(&bytes);
        RowBuffer::default().rows(1, &bytes, &mut |_| {});
    }
}
