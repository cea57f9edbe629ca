//! The commands of the program: a run, and what can be asked without one.

use std::sync::Arc;

use runtime::day::DayOrigin;
use runtime::failure::Failure;
use runtime::output;
use runtime::telemetry;

use crate::config::{Action, Config, DEFAULT_RAW};
use crate::pipeline;
use crate::pipeline::engine::Engine;
use crate::pipeline::terminal::note;

mod check;
mod params;
mod status;
mod trace;

/// Executes the command of the configuration. Returns the run's result on one line, empty for commands that publish nothing.
pub async fn execute(config: Config) -> Result<String, Failure> {
    match &config.command {
        Some(Action::Trace { file }) => {
            trace::print(file)?;
            return printed();
        }
        Some(Action::Params) => {
            params::print();
            return printed();
        }
        _ => {}
    }
    let now = runtime::clock::now()?;
    // `status` reads nothing raw.
    let needed = |place: &&&str| !matches!(config.command, Some(Action::Status { .. })) || **place != DEFAULT_RAW;
    let places: Vec<&str> = config.defaults.iter().filter(needed).copied().collect();
    if !places.is_empty() && !config.log.quiet {
        let places = places.join(" and ");
        note(
            config.lang,
            &format!(
                "aucun emplacement n'est réglé : travail sur {places} (changer avec --raw et --out ou leurs variables)"
            ),
            &format!("no location is set: working on {places} (change them with --raw and --out or their variables)"),
        );
    }
    match config.command {
        Some(Action::Check(options)) => {
            check::check(&config, options, now).await?;
            return printed();
        }
        Some(Action::Status { days, json }) => {
            status::print(&config, now, days, json).await?;
            return printed();
        }
        Some(Action::Trace { .. } | Action::Params) | None => {}
    }
    let choice = config.days(now)?;
    if choice.origin == DayOrigin::Yesterday && !config.log.quiet {
        let (days, origin) = (choice.days, &choice.origin);
        note(config.lang, &format!("{days} : hier, aucun jour n'est donné"), &format!("{days}: {origin}"));
    }
    choice.record();
    let (day, days) = choice.day_or_days();
    tracing::info!(day, days, day.origin = %choice.origin, "the run's days");
    let engine = Arc::new(Engine::open(config, now).await?);
    // Also if the run is abandoned, or ended by a bug.
    let sources = engine.sources.clone();
    telemetry::on_finish(move || sources.end_all());
    pipeline::run(engine, &choice).await.map(|line| choice.result(line))
}

/// The result of a command whose result is its output.
fn printed() -> Result<String, Failure> {
    output::finish().map(|()| String::new())
}
