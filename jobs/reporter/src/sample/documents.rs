//! The seven documents of the sample day. Only the parts that a report uses have data.

use std::collections::BTreeMap;

use contract::document::bike_counts::{
    BikeComparisons, BikeCounts, BikeEvolution, BikeGlobal, CounterFault, FailingCounter,
};
use contract::document::context::{Context, Correlation, DayFacts, Fact};
use contract::document::disruptions::{
    Disruption, DisruptionStatus, Disruptions, Line, Mode, Scope, Severity, StopDisruptions,
};
use contract::document::road_counts::{
    AlertSeverity, AlertType, CongestionAlert, DetectorFault, FailingDetector, Measure, RoadComparisons, RoadCounts,
    RoadEvolution, RoadGlobal, TopArc, TrafficState, ZoneMetrics,
};
use contract::document::road_network::{NetworkStatistics, RoadNetwork};
use contract::document::weather::{Weather, WeatherCategory, WeatherMetrics};
use contract::document::worksites::{Worksite, Worksites};
use contract::document::{Comparison, DayStatus, Document, Header, Quality};
use contract::number::{Fixed, Fixed2};
use contract::{DayType, NaiveDate, Reason, SCHEMA_VERSION, Source};

use super::{SampleDay, stamp};
use crate::collect::Documents;

pub(super) fn all() -> Documents {
    Documents {
        road_counts: Some(document(Source::RoadCounts, roads())),
        bike_counts: Some(document(Source::BikeCounts, bike_counts())),
        disruptions: Some(document(Source::Disruptions, disruptions())),
        weather: Some(document(Source::Weather, weather())),
        worksites: Some(document(Source::Worksites, worksites())),
        road_network: Some(document(Source::RoadNetwork, network())),
        context: Some(document(Source::Context, context())),
    }
}

fn date() -> NaiveDate {
    SampleDay::DATE.parse().unwrap()
}

fn f<const DP: usize>(value: f64) -> Fixed<DP> {
    Fixed::of(value)
}

fn document<B>(source: Source, body: B) -> Document<B> {
    let hourly = matches!(source, Source::RoadCounts | Source::BikeCounts);
    let quality = Quality {
        rows_read: 1000,
        rows_of_day: 48,
        cells: 45,
        duplicates: 2,
        conflicts: 1,
        structural_rejects: BTreeMap::from([(Reason::UnreadableDate, 3)]),
        rejects: BTreeMap::from([(Reason::NegativeFlow, 4)]),
        ..Quality::default()
    };
    let header = Header {
        schema_version: SCHEMA_VERSION.into(),
        source,
        date: date(),
        city: "Paris".into(),
        timezone: "Europe/Paris".into(),
        day_type: DayType::Workday,
        day_status: DayStatus::Final,
        complete_until: hourly.then(|| stamp("2025-11-04T00:00:00+01:00")),
        completeness: hourly.then(|| f(98.5)),
        inputs: vec![],
        ignored: vec![],
        parameters: BTreeMap::new(),
        quality: (source != Source::Context).then_some(quality),
        reasons: BTreeMap::new(),
    };
    Document { header, body }
}

fn compared(value: f64, reference: f64) -> Option<Comparison> {
    Some(Comparison {
        value: f(value),
        reference: f(reference),
        deviation_percent: f(100.0 * (value - reference) / reference),
        common_arcs: 2,
        share: f(90.0),
    })
}

fn roads() -> RoadCounts {
    let zone = |name: &str, code: &str, lost: f64| ZoneMetrics {
        zone: name.into(),
        district: Some(code.into()),
        arc_count: 2,
        total_vehicles: Some(f(30_000.25)),
        vehicle_km: Some(f(8_000.5)),
        total_delay_minutes: Some(f(lost)),
        saturated_arc_count: 1,
        saturation_percent: Some(f(50.0)),
        top_arcs: vec!["4264".into()],
    };
    let alert = |kind, id: Option<&str>, label: Option<&str>, severity| CongestionAlert {
        kind,
        arc_id: id.map(Into::into),
        label: label.map(Into::into),
        zone: Some("Passy".into()),
        district: Some("75116".into()),
        start: stamp("2025-11-03T08:00:00+01:00"),
        end: stamp("2025-11-03T10:30:00+01:00"),
        duration_hours: f(2.5),
        open: false,
        max_occupancy: f(91.25),
        max_flow: None,
        delay_minutes: id.map(|_| f(1234.5)),
        severity,
        arc_count: 1,
    };
    RoadCounts {
        sensor_failures: vec![FailingDetector {
            arc_id: "4264".into(),
            label: Some("AV_Champs;Elysées".into()),
            measure: Measure::Both,
            reason: DetectorFault::Silent,
            start: stamp("2025-11-03T00:00:00+01:00"),
            end: stamp("2025-11-03T08:00:00+01:00"),
            duration_hours: f(8.0),
            open: true,
        }],
        metrics: vec![],
        global_metrics: RoadGlobal {
            date: date(),
            total_vehicles: Some(f(1_234_567.0)),
            vehicle_km: Some(f(345_678.9)),
            arc_count: 2,
            active_arc_count: 2,
            mean_flow_per_arc: Some(f(617_283.5)),
            mean_occupancy: Some(f(12.34)),
            saturated_arc_count: 1,
            alerted_arc_count: 1,
            silent_arc_count: 0,
            observed_percent: Some(f(98.5)),
            sensor_availability: Some(f(93.21)),
            flow_availability: None,
            occupancy_availability: None,
            total_delay_minutes: Some(f(90_000.5)),
            total_delay_hours: Some(f(1_500.0)),
            hourly_flow: vec![None; 24],
            peak_hour: Some(8),
            state_distribution: BTreeMap::new(),
            status_distribution: BTreeMap::new(),
        },
        top_10_arcs: vec![TopArc {
            arc_id: "4264".into(),
            label: Some("AV_Champs;Elysées".into()),
            zone: Some("Élysée".into()),
            total_daily_flow: f(24_000.5),
            mean_occupancy: None,
            dominant_state: TrafficState::PreSaturated,
            observed_percent: f(66.67),
        }],
        top_10_congested_zones: vec![zone("Élysée", "75108", 4_000.0), zone("Passy", "75116", 120.5)],
        busiest_zones: vec![],
        zones: vec![],
        congestion_alerts: vec![
            alert(AlertType::Congestion, Some("4264"), Some("AV_Champs;Elysées"), AlertSeverity::Critical),
            alert(AlertType::SaturatedZone, None, None, AlertSeverity::High),
        ],
        exceptional_flows: None,
        profiles: None,
        evolution: RoadEvolution {
            previous_week: Some(RoadComparisons {
                total_vehicles: compared(1_200_000.0, 1_000_000.0),
                delay: None,
                occupancy: None,
            }),
            usual_day: None,
        },
    }
}

fn bike_counts() -> BikeCounts {
    BikeCounts {
        metrics: vec![],
        failing_sensors: vec!["100003096-353242378".into()],
        sensor_failures: vec![FailingCounter {
            counter_id: "100003096-353242378".into(),
            counter_name: Some("97 avenue Denfert Rochereau \"SO-NE\"".into()),
            reason: CounterFault::Stuck,
            start: stamp("2025-11-03T00:00:00+01:00"),
            end: stamp("2025-11-03T13:00:00+01:00"),
            duration_hours: f(13.0),
            open: false,
        }],
        top_counters: vec![],
        by_district: vec![],
        global_metrics: BikeGlobal {
            date: date(),
            daily_total: Some(98_765),
            counter_count: 3,
            active_counter_count: 2,
            observed_percent: Some(f(99.0)),
            availability: Some(f(66.67)),
            peak_hour: Some(8),
            hourly_flow: vec![None; 24],
        },
        ridership_index: None,
        anomalies: None,
        profiles: None,
        evolution: BikeEvolution {
            previous_week: None,
            usual_day: Some(BikeComparisons { daily_total: compared(98_765.0, 100_000.0) }),
            previous_year: None,
        },
    }
}

fn disruptions() -> Disruptions {
    let metro = Line { mode: Mode::Metro, code: "13".into(), name: "Métro 13".into() };
    let rer = Line { mode: Mode::Rer, code: "B".into(), name: "RER B".into() };
    Disruptions {
        disruptions: vec![Disruption {
            id: "c0ffee".into(),
            status: DisruptionStatus::Ongoing,
            severity: Severity::Critical,
            scope: Scope::Line,
            cause: Some("PERTURBATION".into()),
            title: Some("Trafic interrompu\nentre deux gares".into()),
            message: None,
            lines: vec![metro.clone(), rer],
            start: stamp("2025-11-02T22:00:00+01:00"),
            end: None,
            duration_hours: f(24.0),
            periods: vec![],
        }],
        total_disruptions_count: 4,
        active_disruptions_count: 1,
        disruptions_by_severity: BTreeMap::from([(Severity::Critical, 1)]),
        disruptions_by_mode: BTreeMap::from([(Mode::Metro, 1), (Mode::Rer, 1)]),
        top_affected_lines: vec![],
        disrupted_line_hours: BTreeMap::from([(Mode::Metro, f(18.5))]),
        reliability_index: Some(f(88.0)),
        alerts: vec![],
        stop_disruptions: BTreeMap::from([
            (Mode::Bus, StopDisruptions { count: 3, lines: 2 }),
            (Mode::Tram, StopDisruptions { count: 1, lines: 1 }),
        ]),
        running_by_hour: vec![None; 24],
    }
}

fn weather() -> Weather {
    Weather {
        metrics: WeatherMetrics {
            date: date(),
            temp_mean: Some(f(8.5)),
            temp_min: Some(f(4.0)),
            temp_max: Some(f(12.0)),
            precip_total: f(6.2),
            wind_max: Some(f(20.0)),
            wind_mean: None,
            conditions: Some("Rain".into()),
        },
        categories: vec![WeatherCategory::Rainy, WeatherCategory::Cold],
        mobility_impact: f(20.0),
        cycling_index: f(48.4),
        hours: None,
        observation: true,
    }
}

fn worksites() -> Worksites {
    let worksite = |id: &str, streets: &str, end: Option<&str>| Worksite {
        id: id.into(),
        category: Some("Réseaux".into()),
        purpose: None,
        streets: Some(streets.into()),
        impact: Some("RESTREINTE".into()),
        impact_percent: 50,
        status: None,
        level: None,
        district: Some("75012".into()),
        zone: Some("Reuilly".into()),
        start_date: None,
        end_date: end.map(|end| end.parse().unwrap()),
        area_m2: end.map(|_| f(1234.5)),
        geo_point_2d: None,
        geometry: None,
    };
    Worksites {
        active_worksites: vec![
            worksite("CHA-1", "=HYPERLINK(\"http://x\")", Some("2025-12-31")),
            worksite("CHA-2", "rue <script>", None),
        ],
        active_worksite_count: 2,
        by_district: vec![],
        by_impact: BTreeMap::from([("RESTREINTE".into(), 2)]),
        critical_zones: vec![],
        affected_area_m2: f(1234.5),
        starting: vec![],
        ending_soon: vec![],
        long_running: vec![],
    }
}

fn network() -> RoadNetwork {
    RoadNetwork {
        mapping: BTreeMap::new(),
        statistics: NetworkStatistics { arc_count: 0, total_length_m: f(0.0), mean_length_m: None },
        by_district: vec![],
        zones: None,
    }
}

fn context() -> Context {
    let fact = |key: &str, source, value: f64, reference: Option<f64>| Fact {
        key: key.into(),
        value: f(value),
        reference: reference.map(f),
        deviation: reference.and_then(|reference| Fixed2::new(100.0 * (value - reference) / reference)),
        z: reference.map(|_| f(2.0)),
        source,
    };
    Context {
        correlations: Some(vec![Correlation {
            key: "pluie_velos".into(),
            n: 56,
            r: Some(f(-0.412)),
            interval: Some([f(-0.6), f(-0.2)]),
            wet_days: 20,
        }]),
        worksite_arcs: None,
        day: DayFacts {
            date: date(),
            weekday: "lundi".into(),
            day_type: DayType::Workday,
            public_holiday: None,
            school_holiday: None,
            hours: 24,
        },
        facts: vec![
            fact("comptages.total_vehicules_jour", Source::RoadCounts, 1_234_567.0, Some(1_100_000.0)),
            fact("bikes.total_jour", Source::BikeCounts, 98_765.0, Some(100_000.0)),
            fact("weather.precip_totale", Source::Weather, 6.2, None),
        ],
    }
}
