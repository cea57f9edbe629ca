//! The tables of transit disruptions and of worksites.

use contract::document::disruptions::{Line, Scope};

use super::TableInputs;
use super::positions::{Place, Position};
use super::table::Table;
use crate::report::serde_name;

/// One row per disruption; a disruption of several lines has them in one cell, so that durations are not counted twice.
pub(super) fn disruptions(inputs: TableInputs<'_>) -> Table {
    let rows = inputs.documents.disruptions.as_ref().map_or(&[][..], |document| &document.body.disruptions);
    let modes = |lines: &[Line]| {
        let mut modes: Vec<_> = lines.iter().filter_map(|line| serde_name(line.mode)).collect();
        modes.sort_unstable();
        modes.dedup();
        modes.join(", ")
    };
    let names = |lines: &[Line]| lines.iter().map(|line| line.name.as_str()).collect::<Vec<_>>().join(", ");
    inputs
        .columns(rows)
        .text("id", |disruption| Some(disruption.id.as_str()))
        .text("gravite", |disruption| serde_name(disruption.severity))
        .text("portee", |disruption| serde_name(disruption.scope))
        .boolean("arrets_non_desservis", |disruption| Some(disruption.scope == Scope::Stop))
        .text("statut", |disruption| serde_name(disruption.status))
        .text("cause", |disruption| disruption.cause.as_deref())
        .text("modes", |disruption| Some(modes(&disruption.lines)))
        .text("lignes", |disruption| Some(names(&disruption.lines)))
        .integer("nombre_lignes", |disruption| Some(disruption.lines.len() as u64))
        .time("debut", |disruption| Some(disruption.start))
        .time("fin", |disruption| disruption.end)
        .decimal("duree_dans_la_journee_heures", |disruption| Some(disruption.duration_hours))
        .text("titre", |disruption| disruption.title.as_deref())
        .text("message", |disruption| disruption.message.as_deref())
        .table("perturbations")
}

pub(super) fn worksites(inputs: TableInputs<'_>) -> Table {
    let rows = inputs.documents.worksites.as_ref().map_or(&[][..], |document| &document.body.active_worksites);
    inputs
        .columns(rows)
        .text("identifiant", |worksite| Some(worksite.id.as_str()))
        .text("typologie", |worksite| worksite.category.as_deref())
        .text("objet", |worksite| worksite.purpose.as_deref())
        .text("voies", |worksite| worksite.streets.as_deref())
        .place(|worksite| Place {
            position: worksite.geo_point_2d.as_deref().and_then(Position::parse),
            district: worksite.district.as_deref(),
            zone: worksite.zone.as_deref(),
        })
        .text("impact", |worksite| worksite.impact.as_deref())
        .integer("impact_pourcent", |worksite| Some(worksite.impact_percent.into()))
        .text("niveau", |worksite| worksite.level.as_deref())
        .date("date_debut", |worksite| worksite.start_date)
        .date("date_fin", |worksite| worksite.end_date)
        .decimal("surface_m2", |worksite| worksite.area_m2)
        .table("chantiers")
}
