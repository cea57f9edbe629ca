//! The titles and column headings of the sections, in French and English.

use super::cells::Heading;

pub(super) const SUMMARY: Heading = ("RÉSUMÉ", "SUMMARY");
pub(super) const SUMMARY_COLUMNS: &[Heading] = &[("Indicateur", "Indicator"), ("Valeur", "Value"), ("Unité", "Unit")];

pub(super) const ARCS: Heading = ("TOP 10 TRONÇONS FRÉQUENTÉS", "TOP 10 BUSIEST SECTIONS");
pub(super) const ARC_COLUMNS: &[Heading] = &[
    ("Tronçon", "Section"),
    ("Débit Total", "Total flow"),
    ("Taux Occupation (%)", "Occupancy (%)"),
    ("État dominant", "Dominant state"),
    ("Zone", "Zone"),
    ("Identifiant", "Id"),
    ("Part observée (%)", "Observed share (%)"),
];

pub(super) const ZONES: Heading = ("TOP 10 ZONES CONGESTIONNÉES", "TOP 10 CONGESTED ZONES");
pub(super) const ZONE_COLUMNS: &[Heading] = &[
    ("Zone", "Zone"),
    ("Temps Perdu (min)", "Lost time (min)"),
    ("Véhicules", "Vehicles"),
    ("Véhicules-km", "Vehicle-km"),
    ("Tronçons", "Sections"),
    ("Tronçons saturés", "Saturated sections"),
    ("Taux saturation (%)", "Saturated share (%)"),
    ("Arrondissement", "District"),
];

pub(super) const SENSORS: Heading = ("CAPTEURS DÉFAILLANTS", "FAILING SENSORS");
pub(super) const SENSOR_COLUMNS: &[Heading] = &[
    ("ID Capteur", "Sensor id"),
    ("Type", "Type"),
    ("Libellé", "Label"),
    ("Raison", "Reason"),
    ("Début", "Start"),
    ("Fin", "End"),
    ("Durée (h)", "Duration (h)"),
];

pub(super) const ALERTS: Heading = ("ALERTES CONGESTION", "CONGESTION ALERTS");
pub(super) const ALERT_COLUMNS: &[Heading] = &[
    ("Tronçon", "Section"),
    ("Taux Occupation (%)", "Occupancy (%)"),
    ("Sévérité", "Severity"),
    ("Type", "Type"),
    ("Zone", "Zone"),
    ("Début", "Start"),
    ("Fin", "End"),
    ("Durée (h)", "Duration (h)"),
    ("Temps Perdu (min)", "Lost time (min)"),
    ("Identifiant", "Id"),
];

pub(super) const WORKSITES: Heading = ("CHANTIERS ACTIFS", "ACTIVE WORKSITES");
pub(super) const WORKSITE_COLUMNS: &[Heading] = &[
    ("Identifiant", "Id"),
    ("Typologie", "Type of works"),
    ("Impact", "Impact"),
    ("Arrondissement", "District"),
    ("Voies", "Streets"),
    ("Date début", "Start date"),
    ("Date fin", "End date"),
    ("Surface (m²)", "Area (m²)"),
];

pub(super) const DISRUPTIONS: Heading = ("PERTURBATIONS", "DISRUPTIONS");
/// A disruption may last for weeks; its duration is the part within the day.
pub(super) const DISRUPTION_COLUMNS: &[Heading] = &[
    ("Identifiant", "Id"),
    ("Gravité", "Severity"),
    ("Lignes", "Lines"),
    ("Titre", "Title"),
    ("Début", "Start"),
    ("Fin", "End"),
    ("Durée dans la journée (h)", "Duration within the day (h)"),
    ("Cause", "Cause"),
    ("Portée", "Scope"),
];

pub(super) const STOPS: Heading = ("ARRÊTS NON DESSERVIS", "STOPS NOT SERVED");
pub(super) const STOP_COLUMNS: &[Heading] = &[("Mode", "Mode"), ("Perturbations", "Disruptions"), ("Lignes", "Lines")];

pub(super) const QUALITY: Heading = ("QUALITÉ", "QUALITY");
pub(super) const QUALITY_COLUMNS: &[Heading] = &[
    ("Source", "Source"),
    ("Statut", "Status"),
    ("Complétude (%)", "Completeness (%)"),
    ("Lignes lues", "Rows read"),
    ("Lignes du jour", "Rows of the day"),
    ("Doublons", "Duplicates"),
    ("Conflits", "Conflicts"),
    ("Rejets", "Rejected"),
    ("Raison", "Reason"),
];
