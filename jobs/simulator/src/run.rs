//! A run: make the city, write the sources, write the truth, say what was done.

use std::io::Write as _;
use std::time::Instant;

use contract::{Source, keys};
use runtime::failure::{Code, Failure};
use runtime::progress::Progress;

use crate::bikes::BikeCounters;
use crate::clock::Days;
use crate::config::Config;
use crate::output::Output;
use crate::roads::cell::Roads;
use crate::roads::plan::FilePlan;
use crate::roads::{file, network, plan};
use crate::transit::Transit;
use crate::weather::Weather;
use crate::worksites::Worksites;
use crate::zones::Zones;
use crate::{calendar, truth};

/// Everything that happens in the city; the files and the truth are two views of it.
#[derive(Debug)]
pub struct City {
    /// The days and their hours.
    pub days: Days,
    /// The districts.
    pub zones: Zones,
    /// The roads.
    pub roads: Roads,
    /// Which file of counts holds which days.
    pub files: Vec<FilePlan>,
    /// The bike counters.
    pub bikes: BikeCounters,
    /// The transit disruptions.
    pub transit: Transit,
    /// The weather.
    pub weather: Weather,
    /// The worksites.
    pub worksites: Worksites,
}

impl City {
    /// The city that a configuration describes.
    #[must_use]
    pub fn new(config: &Config) -> Self {
        let days = Days::new(config.first, config.last, config.tz);
        let zones = Zones::new(config.seed);
        let arcs = if config.makes(Source::RoadCounts) || config.makes(Source::RoadNetwork) { config.arcs } else { 0 };
        let roads = Roads::new(arcs, config.seed, config.faults, &zones, &days);
        Self {
            files: plan::files(&days, arcs, config.shapes, config.file_size, config.compression),
            bikes: BikeCounters::new(config.counters, config.seed, config.faults, &zones, &days),
            transit: Transit::new(config.disruptions, config.seed, config.faults, &days),
            weather: Weather::new(config.seed, config.faults, &days),
            worksites: Worksites::new(config.worksites, config.seed, config.faults, &zones, &days),
            roads,
            zones,
            days,
        }
    }
}

/// Writes all that the configuration asks for.
///
/// # Errors
/// Something is at `--out` already, or a file could not be written.
pub fn run(config: &Config) -> Result<(), Failure> {
    let started = Instant::now();
    let output = Output::open(&config.out, config.path_style)?;
    if !config.force {
        for folder in [keys::BATCH, keys::API, keys::REFERENCE] {
            if output.has(folder)? {
                return Err(Failure::new(
                    Code::Usage,
                    format!("there is something under {folder} already, and the truth would not hold for a mixture"),
                    config.out.to_string(),
                    "Choose an empty place, or write over it with --force",
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
        #[expect(clippy::cast_precision_loss, reason = "for people")]
        let (megabytes, seconds) = (bytes as f64 / 1e6, started.elapsed().as_secs_f64());
        let out = &config.out;
        // Who closed the other end does not want to know.
        let _ = writeln!(
            std::io::stdout(),
            "{} to {}: {files} files, {megabytes:.1} MB at {out} in {seconds:.1} s",
            config.first,
            config.last
        );
    }
    Ok(())
}

fn write(city: &City, config: &Config, output: &Output) -> Result<(), Failure> {
    output.put(keys::ZONES, &city.zones.file())?;
    output.put(keys::SCHOOL_CALENDAR, &calendar::school_file(config.first, config.last))?;
    if config.makes(Source::RoadNetwork) {
        output.put(network::KEY, &network::file(&city.roads.arcs, config.faults))?;
    }
    if config.makes(Source::Worksites) {
        city.worksites.write(output)?;
    }
    if config.makes(Source::Weather) {
        city.weather.write(output)?;
    }
    if config.makes(Source::BikeCounts) {
        city.bikes.write(output)?;
    }
    if config.makes(Source::Disruptions) {
        if config.lines {
            output.put(keys::LINES, &city.transit.lines_file())?;
        }
        city.transit.write(output)?;
    }
    if config.makes(Source::RoadCounts) {
        let total: u64 = city
            .files
            .iter()
            .map(|file| {
                city.days.hours_of(file.from, file.to).len() as u64 * config.arcs as u64 * file.shape.row_bytes()
            })
            .sum();
        let bar = Progress::new(config.quiet).bytes("comptages", total);
        for file in &city.files {
            file::write(&city.roads, &city.days, file, output, config.compression, &|bytes| bar.inc(bytes))?;
        }
    }
    Ok(())
}
