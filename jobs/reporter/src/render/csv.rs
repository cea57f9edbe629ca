//! The report as CSV for spreadsheets: UTF-8 with BOM, CRLF, RFC 4180 quoting, no grouping; in French `;` and a decimal comma, in English
//! `,` and a decimal point.
//!
//! Not a table: sections follow each other, each after an empty row, under its `# …` row and its header row. The tidy tables of the day
//! are in [`tables`](super::tables).
//!
//! An unknown value is an empty cell, never a zero; the section `QUALITÉ` has the reason. A summary figure that is unknown keeps its unit.
//! A section whose source has no document has a single row, `Donnée absente : <source> (<statut> : <raison>)` in the first cell and empty
//! cells after it: the first column is text in every section, so each column keeps its type. A section of a source that has nothing to
//! list has no row. Times are local; the last row of the summary has the time zone.
//!
//! A text cell that a spreadsheet would run as a formula gets a leading apostrophe.

mod cells;
mod headings;
mod quality;

use bytes::Bytes;
use contract::document::disruptions::Line;
use contract::document::manifest::EntryStatus;
use contract::report::DailyReport;
use contract::{ServiceDay, Source};
use runtime::lang::Lang;

use crate::report::figures::figures;
use crate::sentences::words;
pub(crate) use cells::formula_safe;
use cells::{Cell, Section};

/// Renders the report as CSV, in its language.
///
/// # Errors
/// Only a bug: a row that is longer than its header.
pub fn render(report: &DailyReport) -> Result<Bytes, csv::Error> {
    let view = View { report, lang: report.language.parse().unwrap_or_default() };
    cells::write(view.lang, view.identity(), view.sections()).map(Bytes::from)
}

/// A report and the language of its CSV.
#[derive(Debug, Clone, Copy)]
struct View<'a> {
    report: &'a DailyReport,
    lang: Lang,
}

impl View<'_> {
    fn sections(self) -> [Section; 9] {
        [
            self.summary(),
            self.arcs(),
            self.zones(),
            self.sensors(),
            self.alerts(),
            self.worksites(),
            self.disruptions(),
            self.stops(),
            self.quality(),
        ]
    }

    /// Which report this is.
    fn identity(self) -> Vec<Vec<Cell>> {
        let report = self.report;
        let row = |fr, en, value| vec![Cell::text(self.lang.pick(fr, en)), value];
        vec![
            row("Ville", "City", Cell::text(&report.city)),
            row("Jour", "Day", Cell::display(report.date)),
            row("Édition", "Edition", Cell::count(report.edition)),
            row("Langue", "Language", Cell::text(&report.language)),
            row("Version", "Version", Cell::text(&report.cityflow_version)),
        ]
    }

    fn summary(self) -> Section {
        let lang = self.lang;
        let figures = figures(&self.report.summary).into_iter().map(|figure| {
            let value = match &figure.value {
                serde_json::Value::Number(number) => Cell::plain_number(&number.to_string()),
                serde_json::Value::String(_) => Cell::text(words::day_status(lang, self.report.summary.day_status)),
                _ => Cell::default(),
            };
            vec![Cell::text(figure.name(lang)), value, Cell::text(figure.unit(lang))]
        });
        let zone = vec![Cell::text(lang.pick("Fuseau horaire", "Time zone")), Cell::text(&self.time_zone())];
        Section { title: headings::SUMMARY, columns: headings::SUMMARY_COLUMNS, rows: figures.chain([zone]).collect() }
    }

    /// The zone with its offset, or both offsets of a day on which the clocks change.
    fn time_zone(self) -> String {
        let zone = &self.report.timezone;
        let Ok(tz) = zone.parse() else { return zone.clone() };
        let day = ServiceDay::new(self.report.date, tz);
        let mut offsets: Vec<_> =
            day.hours().map(|hour| format!("UTC{}", day.stamp(hour).local().format("%:z"))).collect();
        offsets.dedup();
        format!("{zone} ({})", offsets.join(self.lang.pick(" puis ", " then ")))
    }

    fn zone(self, name: Option<&str>) -> Cell {
        Cell::optional_text(name.map(|name| words::zone(self.lang, name)))
    }

    fn arcs(self) -> Section {
        let rows = self.rows(Source::RoadCounts, self.report.top_10_arcs.as_deref(), |arc| {
            vec![
                Cell::optional_text(arc.label.as_deref()),
                Cell::number(arc.total_daily_flow),
                Cell::optional_number(arc.mean_occupancy),
                Cell::text(words::traffic_state(self.lang, arc.dominant_state)),
                self.zone(arc.zone.as_deref()),
                Cell::text(&arc.arc_id),
                Cell::number(arc.observed_percent),
            ]
        });
        Section { title: headings::ARCS, columns: headings::ARC_COLUMNS, rows }
    }

    fn zones(self) -> Section {
        let rows = self.rows(Source::RoadCounts, self.report.top_10_congested_zones.as_deref(), |zone| {
            vec![
                self.zone(Some(&zone.zone)),
                Cell::optional_number(zone.total_delay_minutes),
                Cell::optional_number(zone.total_vehicles),
                Cell::optional_number(zone.vehicle_km),
                Cell::count(zone.arc_count),
                Cell::count(zone.saturated_arc_count),
                Cell::optional_number(zone.saturation_percent),
                Cell::optional_text(zone.district.as_deref()),
            ]
        });
        Section { title: headings::ZONES, columns: headings::ZONE_COLUMNS, rows }
    }

    fn sensors(self) -> Section {
        let sensors = self.report.sensor_failures.iter().flatten().map(|sensor| {
            vec![
                Cell::text(&sensor.id),
                Cell::text(words::sensor_type(self.lang, sensor.kind)),
                Cell::optional_text(sensor.label.as_deref()),
                Cell::text(words::fault(self.lang, &sensor.reason)),
                Cell::time(sensor.start),
                Cell::time(sensor.end),
                Cell::number(sensor.duration_hours),
            ]
        });
        // Two sources share this section: each missing one has its row, even if the other lists sensors.
        let missing = [Source::RoadCounts, Source::BikeCounts]
            .into_iter()
            .filter(|source| self.report.sources.get(source).is_none_or(|status| !status.status.has_document()))
            .map(|source| self.missing_source(source));
        Section { title: headings::SENSORS, columns: headings::SENSOR_COLUMNS, rows: sensors.chain(missing).collect() }
    }

    fn alerts(self) -> Section {
        let rows = self.rows(Source::RoadCounts, self.report.congestion_alerts.as_deref(), |alert| {
            vec![
                Cell::optional_text(alert.label.as_deref()),
                Cell::number(alert.max_occupancy),
                Cell::text(words::alert_severity(self.lang, alert.severity)),
                Cell::text(words::alert_type(self.lang, alert.kind)),
                self.zone(alert.zone.as_deref()),
                Cell::time(alert.start),
                Cell::time(alert.end),
                Cell::number(alert.duration_hours),
                Cell::optional_number(alert.delay_minutes),
                Cell::optional_text(alert.arc_id.as_deref()),
            ]
        });
        Section { title: headings::ALERTS, columns: headings::ALERT_COLUMNS, rows }
    }

    fn worksites(self) -> Section {
        let rows = self.rows(Source::Worksites, self.report.active_worksites.as_deref(), |worksite| {
            vec![
                Cell::text(&worksite.id),
                Cell::optional_text(worksite.category.as_deref()),
                Cell::optional_text(worksite.impact.as_deref()),
                Cell::optional_text(worksite.district.as_deref()),
                Cell::optional_text(worksite.streets.as_deref()),
                worksite.start_date.map_or_else(Cell::default, Cell::display),
                worksite.end_date.map_or_else(Cell::default, Cell::display),
                Cell::optional_number(worksite.area_m2),
            ]
        });
        Section { title: headings::WORKSITES, columns: headings::WORKSITE_COLUMNS, rows }
    }

    fn disruptions(self) -> Section {
        let names = |lines: &[Line]| lines.iter().map(|line| line.name.as_str()).collect::<Vec<_>>().join(", ");
        let rows = self.rows(Source::Disruptions, self.report.disruptions.as_deref(), |disruption| {
            vec![
                Cell::text(&disruption.id),
                Cell::text(words::severity(self.lang, disruption.severity)),
                Cell::text(&names(&disruption.lines)),
                Cell::optional_text(disruption.title.as_deref()),
                Cell::time(disruption.start),
                disruption.end.map_or_else(Cell::default, Cell::time),
                Cell::number(disruption.duration_hours),
                Cell::optional_text(disruption.cause.as_deref()),
                Cell::text(words::scope(self.lang, disruption.scope)),
            ]
        });
        Section { title: headings::DISRUPTIONS, columns: headings::DISRUPTION_COLUMNS, rows }
    }

    fn stops(self) -> Section {
        let by_mode = self.report.stop_disruptions.as_ref().map(|by_mode| by_mode.iter().collect::<Vec<_>>());
        let rows = self.rows(Source::Disruptions, by_mode.as_deref(), |(mode, stops)| {
            vec![Cell::text(words::mode(self.lang, **mode)), Cell::count(stops.count), Cell::count(stops.lines)]
        });
        Section { title: headings::STOPS, columns: headings::STOP_COLUMNS, rows }
    }

    /// The rows of a section that one source fills, or the row that states that the source has no document.
    fn rows<T>(self, source: Source, items: Option<&[T]>, row: impl Fn(&T) -> Vec<Cell>) -> Vec<Vec<Cell>> {
        match items {
            Some(items) => items.iter().map(row).collect(),
            None => vec![self.missing_source(source)],
        }
    }

    fn missing_source(self, source: Source) -> Vec<Cell> {
        let lang = self.lang;
        let status = self.report.sources.get(&source);
        let word = words::entry_status(lang, status.map_or(EntryStatus::Absent, |status| status.status));
        let colon = lang.pick(" :", ":");
        let reason = status.and_then(|status| status.reason.as_deref());
        let reason = reason.map(|reason| format!("{colon} {}", words::source_reason(lang, reason)));
        let missing = lang.pick("Donnée absente", "Missing data");
        let name = words::source(lang, source);
        vec![Cell::text(&format!("{missing}{colon} {name} ({word}{})", reason.unwrap_or_default()))]
    }
}

#[cfg(test)]
mod tests;
