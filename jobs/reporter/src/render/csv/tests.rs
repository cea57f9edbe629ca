use std::fmt::Write as _;

use contract::number::Fixed2;
use proptest::prelude::*;

use super::*;
use crate::sample::SampleDay;

fn text(report: &DailyReport) -> String {
    String::from_utf8(render(report).unwrap().into()).unwrap()
}

/// Every record except the section rows, as a CSV reader parses it.
fn records(csv: &str) -> Vec<Vec<String>> {
    csv::ReaderBuilder::new()
        .delimiter(b';')
        .has_headers(false)
        .flexible(true)
        .from_reader(csv.strip_prefix('\u{feff}').unwrap().as_bytes())
        .records()
        .map(|record| record.unwrap().iter().map(str::to_owned).collect::<Vec<_>>())
        .filter(|record| !(record.len() == 1 && record[0].starts_with("=== ")))
        .collect()
}

const GOLDEN: &str = "\u{feff}\
Section;Valeur

=== RÉSUMÉ ===
Indicateur;Valeur;Unité
statut_jour;definitif;
completude;98,5;%
total_vehicules_paris;1234567;véhicules
vehicules_km;345678,9;véh·km
temps_perdu_total_minutes;90000,5;min
nombre_troncons_satures;1;tronçons
taux_disponibilite_capteurs;93,21;%
total_velos_paris;98765;vélos
perturbations_actives;1;
chantiers_actifs;2;

=== TOP 10 TRONÇONS FRÉQUENTÉS ===
Tronçon;Débit Total;Taux Occupation (%);État dominant;Zone;Identifiant;Part observée (%)
\"AV_Champs;Elysées\";24000,5;;Pré-saturé;Élysée;4264;66,67

=== TOP 10 ZONES CONGESTIONNÉES ===
Zone;Temps Perdu (min);Véhicules;Véhicules-km;Tronçons;Tronçons saturés;Taux saturation (%);Arrondissement
Élysée;4000;30000,25;8000,5;2;1;50;75108
Passy;120,5;30000,25;8000,5;2;1;50;75116

=== CAPTEURS DÉFAILLANTS ===
ID Capteur;Type;Libellé;Raison;Début;Fin;Durée (h)
4264;route;\"AV_Champs;Elysées\";silencieux;2025-11-03T00:00:00+01:00;2025-11-03T08:00:00+01:00;8
100003096-353242378;velo;\"97 avenue Denfert Rochereau \"\"SO-NE\"\"\";fige;2025-11-03T00:00:00+01:00;2025-11-03T13:00:00+01:00;13

=== ALERTES CONGESTION ===
Tronçon;Taux Occupation (%);Sévérité;Type;Zone;Début;Fin;Durée (h);Temps Perdu (min);Identifiant
\"AV_Champs;Elysées\";91,25;Critique;congestion;Passy;2025-11-03T08:00:00+01:00;2025-11-03T10:30:00+01:00;2,5;1234,5;4264
;91,25;Élevée;zone_saturee;Passy;2025-11-03T08:00:00+01:00;2025-11-03T10:30:00+01:00;2,5;;

=== CHANTIERS ACTIFS ===
Identifiant;Typologie;Impact;Arrondissement;Voies;Date début;Date fin;Surface (m²)
CHA-1;Réseaux;RESTREINTE;75012;\"'=HYPERLINK(\"\"http://x\"\")\";;2025-12-31;1234,5
CHA-2;Réseaux;RESTREINTE;75012;rue <script>;;;

=== PERTURBATIONS ===
Identifiant;Gravité;Lignes;Titre;Début;Fin;Durée (h);Cause
c0ffee;CRITIQUE;Métro 13, RER B;\"Trafic interrompu¶entre deux gares\";2025-11-02T22:00:00+01:00;;24;PERTURBATION

=== QUALITÉ ===
Source;Statut;Complétude (%);Lignes lues;Lignes du jour;Doublons;Conflits;Rejets;Raison
comptages;ok;98,5;1000;48;2;1;7;
bikes;ok;98,5;1000;48;2;1;7;
traffic;ok;;1000;48;2;1;7;
weather;ok;;1000;48;2;1;7;
chantiers;ok;;1000;48;2;1;7;
referentiel;ok;;1000;48;2;1;7;
contexte;ok;;;;;;;
";

#[test]
fn full_day_is_rendered_byte_for_byte() {
    // In the constant a row ends with LF, and ¶ is the only line feed that is data.
    let golden = GOLDEN.replace('\n', "\r\n").replace('¶', "\n");
    assert_eq!(text(&SampleDay::full().report()), golden);
}

#[test]
fn missing_source_is_stated_in_each_of_its_sections() {
    let day = SampleDay::full()
        .without(Source::RoadCounts, "aucune_ligne_du_jour")
        .failing(Source::Disruptions, "=1+1; illisible");
    let csv = text(&day.report());
    let gap = "Donnée absente : comptages (absent : aucune_ligne_du_jour)";
    assert_eq!(csv.matches(gap).count(), 4, "{csv}");
    assert!(csv.contains(&format!("\r\n{gap};;;;;;\r\n")));
    assert!(csv.contains("\"Donnée absente : traffic (erreur : =1+1; illisible)\";;;;;;;"));
    assert!(csv.contains("\r\ntotal_vehicules_paris;;véhicules\r\n"));
    assert!(csv.contains("\r\n100003096-353242378;velo;"));
    assert!(csv.contains("\r\ntraffic;erreur;;;;;;;\"'=1+1; illisible\"\r\n"));
}

#[test]
fn source_with_nothing_to_list_has_no_row() {
    let mut day = SampleDay::full();
    day.documents.road_counts.as_mut().unwrap().body.congestion_alerts.clear();
    assert!(text(&day.report()).contains("Temps Perdu (min);Identifiant\r\n\r\n=== CHANTIERS ACTIFS ==="));
}

#[test]
fn numbers_never_get_an_apostrophe() {
    assert_eq!(Cell::number(Fixed2::of(-1234.5)), Cell::plain_number("-1234.5"));
    let mut shown = String::new();
    let _ = write!(shown, "{:?} {:?}", Cell::number(Fixed2::of(-0.125)), Cell::number(Fixed2::of(1e15)));
    assert_eq!(shown, "Cell(\"-0,12\") Cell(\"1000000000000000\")");
}

/// Text that is likely to contain a formula, a quote or a line end.
fn hostile_text() -> impl Strategy<Value = String> {
    prop_oneof![any::<String>(), "[=+\\-@\t\r\n;\"', a0é]{0,12}"]
}

proptest! {
    #[test]
    fn text_never_becomes_a_formula_and_is_read_back_unchanged(
        label in hostile_text(), zone in hostile_text(), id in hostile_text(), streets in hostile_text(), title in hostile_text(), reason in hostile_text(), line in hostile_text(),
    ) {
        let mut day = SampleDay::full().without(Source::Weather, &reason);
        let roads = &mut day.documents.road_counts.as_mut().unwrap().body;
        roads.top_10_arcs[0].label = Some(label.clone());
        roads.top_10_congested_zones[0].zone.clone_from(&zone);
        roads.congestion_alerts[0].arc_id = Some(id.clone());
        day.documents.worksites.as_mut().unwrap().body.active_worksites[0].streets = Some(streets.clone());
        let disruption = &mut day.documents.disruptions.as_mut().unwrap().body.disruptions[0];
        disruption.title = Some(title.clone());
        disruption.lines.truncate(1);
        disruption.lines[0].name.clone_from(&line);
        let csv = text(&day.report());
        let records = records(&csv);
        for cell in records.iter().flatten() {
            prop_assert!(!cell.starts_with(['=', '+', '-', '@', '\t', '\r']), "{cell:?}");
        }
        let cells: Vec<&str> = records.iter().flatten().map(String::as_str).collect();
        for text in [&label, &zone, &id, &streets, &title, &reason, &line] {
            let shown = if text.starts_with(['=', '+', '-', '@', '\t', '\r', '\n']) { format!("'{text}") } else { text.clone() };
            prop_assert!(cells.contains(&shown.as_str()), "{shown:?}");
        }
        // The same number of records as with plain text: no text ends a row.
        prop_assert_eq!(records.len(), super::tests::records(&super::tests::text(&SampleDay::full().without(Source::Weather, "x").report())).len());
    }
}
