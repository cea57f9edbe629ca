//! Writes the snapshots of the disruptions, in the bulk format or as pages in the Navitia format.

use contract::document::disruptions::{Mode, Severity};
use contract::{Source, keys};
use runtime::failure::Failure;
use serde_json::{Value, json};

use super::snapshot::{DisruptionSnapshot, SnapshotForm};
use super::{DisruptionSimulation, ImpactedObject, Incident, IncidentVersion, Interval, LineService};
use crate::clock::compact;
use crate::output::Output;

impl DisruptionSimulation {
    /// # Errors
    /// The store or the file system rejects a file.
    pub fn write(&self, output: &Output) -> Result<(), Failure> {
        for snapshot in self.snapshots() {
            let base = keys::snapshots(Source::Disruptions, snapshot.folder.date_naive());
            let key = |name: &str| format!("{base}hour={}/{name}.json", snapshot.folder.format("%H"));
            match snapshot.form {
                SnapshotForm::Missing => {}
                SnapshotForm::Empty => output.put(&key("bulk"), b"")?,
                SnapshotForm::Truncated => {
                    output.put(&key("bulk"), b"{\"disruptions\":[{\"id\":\"a93c3bb8-fb21\",\"applicationPer")?
                }
                SnapshotForm::NoNews => {
                    let body = json!({"statusCode": 404, "error": "Not Found", "message": "NO_NEWS_FOUND", "disruptions": null, "lines": null});
                    output.put(&key("bulk"), body.to_string().as_bytes())?;
                }
                SnapshotForm::Bulk => output.put(&key("bulk"), self.bulk(&snapshot).to_string().as_bytes())?,
                SnapshotForm::FirstPage | SnapshotForm::CutPage => {
                    let page = self.page(&snapshot, 0, &snapshot.incidents).to_string();
                    output.put(&key("page-0"), page.as_bytes())?;
                    if snapshot.has_cut_page() {
                        output.put(&key("page-1"), page.as_bytes().get(..page.len() / 2).unwrap_or_default())?;
                    }
                }
                SnapshotForm::Pages => {
                    let half = snapshot.incidents.len().div_ceil(2);
                    let (head, tail) = snapshot.incidents.split_at(half);
                    output.put(&key("page-0"), self.page(&snapshot, 0, head).to_string().as_bytes())?;
                    if !tail.is_empty() {
                        output.put(&key("page-1"), self.page(&snapshot, 1, tail).to_string().as_bytes())?;
                    }
                }
            }
        }
        Ok(())
    }

    fn bulk(&self, snapshot: &DisruptionSnapshot<'_>) -> Value {
        let disruptions: Vec<_> =
            snapshot.incidents.iter().map(|(incident, version)| self.bulk_disruption(incident, version)).collect();
        let lines: Vec<_> = self
            .lines
            .iter()
            .enumerate()
            .map(|(index, service)| {
                let of_line = snapshot.incidents.iter().filter(|(incident, _)| incident.line == index);
                let objects: Vec<_> =
                    of_line.filter_map(|(incident, _)| bulk_object(index, service, incident)).collect();
                json!({"id": line_id(index), "name": service.line.code, "shortName": service.line.code,
                    "mode": bulk_mode(service.line.mode), "networkId": "network:IDFM:71", "impactedObjects": objects})
            })
            .collect();
        let taken = snapshot.taken.format("%Y-%m-%dT%H:%M:%S.000Z").to_string();
        json!({"disruptions": disruptions, "lines": lines, "lastUpdatedDate": taken})
    }

    fn bulk_disruption(&self, incident: &Incident, version: &IncidentVersion) -> Value {
        let severity = match incident.severity {
            Severity::Critical => "BLOQUANTE",
            Severity::High => "PERTURBEE",
            Severity::Medium | Severity::Low => "INFORMATION",
        };
        json!({
            "id": incident.id,
            "applicationPeriods": self.periods(&version.periods),
            "lastUpdate": compact(version.updated, self.tz()),
            "cause": incident.cause,
            "severity": severity,
            "tags": tags(incident),
            "title": incident.title,
            "message": incident.html,
            "impactedSections": impacted_sections(incident),
        })
    }

    fn periods(&self, periods: &[Interval]) -> Vec<Value> {
        periods
            .iter()
            .map(|(begin, end)| json!({"begin": compact(*begin, self.tz()), "end": compact(*end, self.tz())}))
            .collect()
    }

    fn page(
        &self,
        snapshot: &DisruptionSnapshot<'_>,
        number: usize,
        incidents: &[(&Incident, &IncidentVersion)],
    ) -> Value {
        let disruptions: Vec<_> =
            incidents.iter().map(|(incident, version)| self.navitia_disruption(incident, version)).collect();
        let items = snapshot.total.div_ceil(2);
        json!({
            "pagination": {"total_result": snapshot.total, "start_page": number, "items_per_page": items, "items_on_page": incidents.len()},
            "disruptions": disruptions,
            "context": {"current_datetime": compact(snapshot.taken, self.tz()), "timezone": self.tz().name()},
            "line_reports": [],
        })
    }

    fn navitia_disruption(&self, incident: &Incident, version: &IncidentVersion) -> Value {
        let (name, effect, priority) = match incident.severity {
            Severity::Critical => ("bloquante", "NO_SERVICE", 0),
            Severity::High => ("perturbée", "SIGNIFICANT_DELAYS", 20),
            Severity::Medium | Severity::Low => ("information", "OTHER_EFFECT", 60),
        };
        let message = |text: &str, kind: &str| json!({"text": text, "channel": {"content_type": "text/html", "name": kind, "types": [kind]}});
        json!({
            "id": incident.id,
            "disruption_id": format!("d-{}", incident.id),
            "status": "active",
            "severity": {"name": name, "effect": effect, "priority": priority, "color": "#FF0000"},
            "cause": incident.cause,
            "category": "Incidents",
            "tags": tags(incident),
            "updated_at": compact(version.updated, self.tz()),
            "application_periods": self.periods(&version.periods),
            "messages": [message(&incident.title, "title"), message(&incident.html, "web")],
            "impacted_objects": self.navitia_objects(incident),
        })
    }

    fn navitia_objects(&self, incident: &Incident) -> Value {
        let Some(service) = self.lines.get(incident.line) else { return json!([]) };
        let commercial = match service.line.mode {
            Mode::Tram => "Tramway",
            mode => super::display_name(mode),
        };
        let line = json!({"id": line_id(incident.line), "name": service.line.name, "quality": 0, "embedded_type": "line",
            "line": {"id": line_id(incident.line), "code": service.line.code, "name": "Nord - Sud", "commercial_mode": {"name": commercial}}});
        match incident.object {
            ImpactedObject::Line => json!([{"pt_object": line}]),
            ImpactedObject::Section => json!([{"pt_object": line, "impacted_section": {
                "from": {"id": "stop_area:IDFM:1", "name": "Place Ronde", "embedded_type": "stop_area"},
                "to": {"id": "stop_area:IDFM:2", "name": "Pont Vieux", "embedded_type": "stop_area"}}}]),
            ImpactedObject::Stop => {
                json!([{"pt_object": {"id": "stop_point:IDFM:463263", "name": "Place Ronde", "quality": 0,
                "embedded_type": "stop_point", "stop_point": {"id": "stop_point:IDFM:463263", "name": "Place Ronde"}}}])
            }
            ImpactedObject::Lift => {
                json!([{"pt_object": {"id": "stop_area:IDFM:1", "name": "Place Ronde", "quality": 0,
                "embedded_type": "stop_area", "stop_area": {"id": "stop_area:IDFM:1", "name": "Place Ronde"}}}])
            }
            ImpactedObject::TitleOnly => json!([]),
        }
    }
}

fn line_id(index: usize) -> String {
    format!("line:IDFM:C{:05}", 1371 + index)
}

fn bulk_mode(mode: Mode) -> &'static str {
    match mode {
        Mode::Metro => "Metro",
        Mode::Rer => "RapidTransit",
        Mode::Transilien => "LocalTrain",
        Mode::Tram => "Tramway",
        Mode::Shuttle => "RailShuttle",
        Mode::Bus | Mode::Other => "Bus",
    }
}

fn tags(incident: &Incident) -> Value {
    json!([if incident.object == ImpactedObject::Lift { "Ascenseur" } else { "Actualité" }])
}

/// The sections that a disruption of the bulk format lists itself.
fn impacted_sections(incident: &Incident) -> Value {
    if incident.object != ImpactedObject::Section {
        return json!([]);
    }
    let stop =
        |number: u32, name: &str| json!({"type": "stop_area", "id": format!("stop_area:IDFM:{number}"), "name": name});
    json!([{"lineId": line_id(incident.line), "from": stop(1, "Place Ronde"), "to": stop(2, "Pont Vieux")}])
}

/// The entry of an incident in the list of its line.
fn bulk_object(index: usize, service: &LineService, incident: &Incident) -> Option<Value> {
    match incident.object {
        ImpactedObject::Line => Some(
            json!({"type": "line", "id": line_id(index), "name": service.line.code, "disruptionIds": [incident.id]}),
        ),
        // The section itself is in the disruption.
        ImpactedObject::Section | ImpactedObject::Stop | ImpactedObject::Lift => Some(
            json!({"type": "stop_point", "id": "stop_point:IDFM:463263", "name": "Place Ronde", "disruptionIds": [incident.id]}),
        ),
        ImpactedObject::TitleOnly => None,
    }
}
