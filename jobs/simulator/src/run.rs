//! One run: simulate the city, write the raw sources, write the truth, report the totals.

use std::time::Instant;

use contract::{Source, keys};
use runtime::failure::{Code, Failure};
use runtime::progress::Progress;

use crate::bike_counts::BikeSimulation;
use crate::clock::SimulatedDays;
use crate::config::Config;
use crate::disruptions::DisruptionSimulation;
use crate::output::Output;
use crate::road_counts::cell::RoadSimulation;
use crate::road_counts::file_plan::FilePlan;
use crate::road_counts::{file, file_plan};
use crate::road_network;
use crate::weather::WeatherSimulation;
use crate::worksites::WorksiteSimulation;
use crate::zones::Zones;
use crate::{calendar, truth};

/// Everything that happens in the city. The raw files and the truth are two independent views of it.
#[derive(Debug)]
pub struct City {
    pub days: SimulatedDays,
    pub zones: Zones,
    pub roads: RoadSimulation,
    /// The files of road counts, and the days that each one holds.
    pub count_files: Vec<FilePlan>,
    pub bikes: BikeSimulation,
    pub disruptions: DisruptionSimulation,
    pub weather: WeatherSimulation,
    pub worksites: WorksiteSimulation,
}

impl City {
    #[must_use]
    pub fn new(config: &Config) -> Self {
        let days = SimulatedDays::new(config.first, config.last, config.tz);
        let zones = Zones::new(config.seed);
        let arcs = if config.makes(Source::RoadCounts) || config.makes(Source::RoadNetwork) { config.arcs } else { 0 };
        let roads = RoadSimulation::new(arcs, config.seed, config.faults, &zones, &days);
        Self {
            count_files: file_plan::files(
                &days,
                arcs,
                config.count_format,
                config.file_size,
                config.compression,
                config.shapes,
            ),
            bikes: BikeSimulation::new(config.counters, config.seed, config.faults, &zones, &days),
            disruptions: DisruptionSimulation::new(config.disruptions, config.seed, config.faults, &days),
            weather: WeatherSimulation::new(config.seed, config.faults, &days),
            worksites: WorksiteSimulation::new(config.worksites, config.seed, config.faults, &zones, &days),
            roads,
            zones,
            days,
        }
    }
}

/// Writes the raw sources and, if requested, the truth.
///
/// # Errors
/// `--out` already holds raw data and `--force` is not set, or a file cannot be written.
pub fn run(config: &Config) -> Result<(), Failure> {
    let started = Instant::now();
    let output = Output::open(&config.out, config.path_style)?;
    if !config.force {
        for folder in [keys::BATCH, keys::API, keys::REFERENCE] {
            if output.has(folder)? {
                return Err(Failure::new(
                    Code::Usage,
                    format!("{folder} already holds files; the truth would not match a mixture of two cities"),
                    config.out.to_string(),
                    "Choose an empty --out, or overwrite files of the same name with --force",
                ));
            }
        }
    }
    let city = City::new(config);
    write(&city, config, &output)?;
    let (files, bytes) = output.written();
    if let Some(folder) = &config.truth {
        truth::write(&city, config, folder)?;
    }
    if !config.quiet {
        #[expect(clippy::cast_precision_loss, reason = "only for display")]
        let (megabytes, seconds) = (bytes as f64 / 1e6, started.elapsed().as_secs_f64());
        let out = &config.out;
        let (first, last) = (config.first, config.last);
        runtime::output::print(format_args!(
            "{first} to {last}: {files} files, {megabytes:.1} MB at {out} in {seconds:.1} s\n"
        ));
    }
    Ok(())
}

fn write(city: &City, config: &Config, output: &Output) -> Result<(), Failure> {
    output.put(keys::ZONES, &city.zones.file())?;
    output.put(keys::SCHOOL_CALENDAR, &calendar::school_file(config.first, config.last))?;
    if config.makes(Source::RoadNetwork) {
        output.put(road_network::file::KEY, &road_network::file::file(&city.roads.arcs, config.faults))?;
    }
    if config.makes(Source::Worksites) {
        city.worksites.write(output)?;
    }
    if config.makes(Source::Weather) {
        city.weather.write(output, config.shapes)?;
    }
    if config.makes(Source::BikeCounts) {
        city.bikes.write(output, config.shapes)?;
    }
    if config.makes(Source::Disruptions) {
        if config.lines {
            output.put(keys::LINES, &city.disruptions.lines_file())?;
        }
        city.disruptions.write(output)?;
    }
    if config.makes(Source::RoadCounts) {
        let total: u64 = city
            .count_files
            .iter()
            .map(|file| {
                city.days.hours_of(file.first_day, file.end_day).len() as u64
                    * config.arcs as u64
                    * file.format.row_bytes()
            })
            .sum();
        let bar = Progress::new(config.quiet).bytes("comptages", total);
        for file in &city.count_files {
            file::write(&city.roads, &city.days, file, output, config.compression, &|bytes| bar.inc(bytes))?;
        }
    }
    Ok(())
}
