//! What the raw folder holds: every file as a run of the day would read it, and every file that it would not read.

use std::collections::BTreeSet;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use contract::{NaiveDate, Source, keys};
use runtime::failure::Failure;
use runtime::lang::Lang;
use runtime::store::SharedStore;
use runtime::terminal::{self, Tone};
use serde_json::{Value, json};

use crate::config::Config;
use crate::document::{FileSource, RoadNetworkSource, WorksitesSource};
use crate::input::{FileSelection, Inventory, NotRead};
use crate::pipeline;
use crate::pipeline::engine::Engine;
use crate::pipeline::read_files::ReadFile;
use crate::quality::DaySpan;

/// The raw folder as a run would see it.
pub(super) struct RawFiles {
    read: Vec<ReadFile>,
    not_read: NotRead,
    /// Earlier whole snapshots, with the file that is read instead.
    left_out: Vec<(String, String)>,
    /// Warnings about files left out that are newer.
    warnings: Vec<String>,
}

impl RawFiles {
    /// Reads the files as a run of the day would, without writing anything, and returns how that run would end.
    pub(super) async fn read(
        config: &Config,
        now: DateTime<Utc>,
        lang: Lang,
    ) -> Result<(Self, Result<String, Failure>), Failure> {
        let choice = config.days(now)?;
        let mut config = config.clone();
        (config.dry_run, config.until_complete, config.handoff, config.events) = (true, false, None, false);
        (config.lookback, config.catch_up, config.log.quiet) = (0, 0, true);
        config.forecast = Some(lang);
        let engine = Arc::new(Engine::open(config, now).await?);
        engine.sources.files.keep();
        let end = Box::pin(pipeline::run(engine.clone(), &choice)).await;
        let days: BTreeSet<NaiveDate> = choice.days.list().unwrap_or_default().into_iter().collect();
        let mut files = Self::list(&engine.raw, &days).await?;
        files.read = engine.sources.files.take();
        Ok((files, end))
    }

    /// Only lists the files, with the snapshots for `days`.
    pub(super) async fn list(raw: &SharedStore, days: &BTreeSet<NaiveDate>) -> Result<Self, Failure> {
        let inventory = Inventory::list(raw, days).await?;
        let (mut left_out, mut warnings) = (Vec::new(), Vec::new());
        for selection in [selected::<WorksitesSource>(&inventory), selected::<RoadNetworkSource>(&inventory)] {
            warnings.extend(selection.warnings());
            if let Some(read) = selection.read.last() {
                left_out.extend(selection.left_out.iter().map(|object| (object.key.clone(), read.key.clone())));
            }
        }
        Ok(Self { read: Vec::new(), not_read: inventory.not_read(), left_out, warnings })
    }

    /// For a person, in lines of whole words.
    pub(super) fn text(&self, lang: Lang) -> Vec<String> {
        let mut lines = Vec::new();
        let (snapshots, files): (Vec<_>, Vec<_>) = self.read.iter().partition(|file| file.key.starts_with(keys::API));
        for file in files {
            describe(&mut lines, file, lang);
        }
        for source in Source::RAW {
            let of_source: Vec<_> = snapshots.iter().filter(|file| file.source == source).collect();
            if of_source.is_empty() {
                continue;
            }
            let (number, rows) = (of_source.len(), of_source.iter().map(|file| file.counts.rows).sum::<u64>());
            let days = DaySpan::of_dates(
                of_source.iter().filter_map(|file| file.days).flat_map(|days| [days.first, days.last]),
            );
            let days = days.map_or_else(String::new, |days| {
                lang.pick(
                    format!(", jours : {} à {}", days.first, days.last),
                    format!(", days: {} to {}", days.first, days.last),
                )
            });
            lines.push(format!("  {}{source}/", keys::API));
            lines.push(lang.pick(
                format!("      {source}, instantanés : {number}, lignes : {rows}{days}"),
                format!("      {source}, snapshots: {number}, rows: {rows}{days}"),
            ));
            // The others have nothing that a person needs to know.
            let faulty = of_source.iter().filter(|file| file.error.is_some() || !file.counts.rejected.is_empty());
            for file in faulty.take(NotRead::NAMED) {
                describe(&mut lines, file, lang);
            }
        }
        for (key, read) in &self.left_out {
            lines.push(format!("  {key}"));
            let why =
                lang.pick(format!("laissé de côté : {read} vient après"), format!("left out: {read} comes later"));
            wrap(&mut lines, &why, 6);
        }
        for warning in &self.warnings {
            wrap(&mut lines, warning, 6);
        }
        for file in self.not_read.files.iter().take(NotRead::NAMED) {
            lines.push(format!("  {}", file.key));
            let why = lang.pick(format!("non lu : {}", file.why.texte()), format!("not read: {}", file.why.text()));
            wrap(&mut lines, &why, 6);
        }
        let (further, hidden) = (self.not_read.files.len().saturating_sub(NotRead::NAMED), self.not_read.hidden);
        if further > 0 {
            let (fr, en) = ("autres fichiers non lus :", "further files not read:");
            lines.push(format!("  {} {further}", lang.pick(fr, en)));
        }
        if hidden > 0 {
            lines.push(format!("  {} {hidden}", lang.pick("fichiers cachés :", "hidden files:")));
        }
        lines
    }

    /// For programs.
    pub(super) fn json(&self) -> Value {
        let read = self.read.iter().map(|file| {
            let rejected: serde_json::Map<String, Value> =
                file.counts.rejected.iter().map(|(reason, n)| (reason.name(), json!(n))).collect();
            let (rows, error) = (file.counts.rows, &file.error);
            let (first, last) = file.days.map(|days| (days.first, days.last)).unzip();
            json!({
                "key": file.key, "source": file.source, "rows": rows, "first_day": first, "last_day": last, "rejected": rejected,
                "error": error,
            })
        });
        let not_read = self.not_read.files.iter().map(|file| json!({ "key": file.key, "reason": file.why.text() }));
        let left_out = self.left_out.iter().map(|(key, read)| json!({ "key": key, "read_instead": read }));
        json!({
            "read": read.collect::<Vec<_>>(), "not_read": not_read.collect::<Vec<_>>(), "hidden": self.not_read.hidden,
            "left_out": left_out.collect::<Vec<_>>(), "warnings": self.warnings,
        })
    }
}

fn selected<S: FileSource>(inventory: &Inventory) -> FileSelection {
    FileSelection::new(Inventory::batch(&inventory.files, S::SOURCE), S::ONLY_LAST_FILE)
}

/// The file, what it was read as, its rows, and the rejected ones by reason.
fn describe(lines: &mut Vec<String>, file: &ReadFile, lang: Lang) {
    lines.push(format!("  {}", file.key));
    let rows = file.counts.rows;
    let rejected: Vec<String> =
        file.counts.rejected.iter().map(|(reason, n)| format!("{} {n}", reason.name())).collect();
    let rows = match (rows, file.counts.rejected.is_empty(), &file.days) {
        (0, true, _) => lang.pick("aucune ligne".to_owned(), "no row".to_owned()),
        (rows, _, None) => lang.pick(format!("lignes : {rows}"), format!("rows: {rows}")),
        (rows, _, Some(DaySpan { first, last })) if first == last => {
            lang.pick(format!("lignes : {rows}, jour : {first}"), format!("rows: {rows}, day: {first}"))
        }
        (rows, _, Some(DaySpan { first, last })) => lang.pick(
            format!("lignes : {rows}, jours : {first} à {last}"),
            format!("rows: {rows}, days: {first} to {last}"),
        ),
    };
    let text = match (&file.error, rejected.is_empty()) {
        (Some(error), _) => {
            let word = lang.pick("inutilisable", "unusable");
            format!("{}{} {error}", Tone::Bad.paint(word), lang.pick(" :", ":"))
        }
        (None, true) => rows,
        (None, false) => lang.pick(
            format!("{rows}, rejets : {}", rejected.join(", ")),
            format!("{rows}, rejected: {}", rejected.join(", ")),
        ),
    };
    wrap(lines, &format!("{}, {text}", file.source), 6);
}

/// Adds a text in lines of whole words.
fn wrap(lines: &mut Vec<String>, text: &str, indent: usize) {
    lines.push(terminal::wrap(&format!("{:indent$}{text}", ""), terminal::columns(), 0));
}

#[cfg(test)]
mod tests {
    use contract::Reason;

    use super::*;
    use crate::quality::RowCounts;

    #[test]
    fn each_file_is_named_with_its_source_rows_and_rejections() {
        let counts = RowCounts::of(24, [(Reason::UnreadableDate, 2)]);
        let file = ReadFile {
            key: "batch/chantiers-1.csv".to_owned(),
            source: Source::Worksites,
            counts,
            days: None,
            error: None,
        };
        let mut lines = Vec::new();
        describe(&mut lines, &file, Lang::En);
        assert_eq!(lines, ["  batch/chantiers-1.csv", "      chantiers, rows: 24, rejected: date_illisible 2"]);
        let days = DaySpan::of_dates(["2025-11-03", "2025-11-01"].map(|day| day.parse().unwrap()));
        let file = ReadFile { days, ..file };
        describe(&mut lines, &file, Lang::Fr);
        assert_eq!(
            lines[3..].join("\n"),
            "      chantiers, lignes : 24, jours : 2025-11-01 à 2025-11-03, rejets :\n      date_illisible 2"
        );
        let header = ReadFile { counts: RowCounts::default(), days: None, ..file };
        describe(&mut lines, &header, Lang::En);
        assert_eq!(lines.last().map(String::as_str), Some("      chantiers, no row"));
    }
}
