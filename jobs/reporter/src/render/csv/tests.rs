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
        .filter(|record| !(record.len() == 1 && record[0].starts_with("# ")))
        .collect()
}

const GOLDEN: &str = "\u{feff}\
Section;Valeur
Ville;Paris
Jour;2025-11-03
Édition;1
Langue;fr
Version;0.1.0

# RÉSUMÉ
Indicateur;Valeur;Unité
statut_jour;definitif;
completude;98,5;%
total_vehicules;1234567;véhicules
vehicules_km;345678,9;véh·km
temps_perdu_total_minutes;90000,5;min
temps_perdu_total_heures;1500;h
nombre_troncons_satures;1;tronçons
taux_disponibilite_capteurs;93,21;%
total_velos;98765;vélos
perturbations_actives;1;
chantiers_actifs;2;
Fuseau horaire;Europe/Paris (UTC+01:00);

# TOP 10 TRONÇONS FRÉQUENTÉS
Tronçon;Débit Total;Taux Occupation (%);État dominant;Zone;Identifiant;Part observée (%)
\"AV_Champs;Elysées\";24000,5;;Pré-saturé;Élysée;4264;66,67

# TOP 10 ZONES CONGESTIONNÉES
Zone;Temps Perdu (min);Véhicules;Véhicules-km;Tronçons;Tronçons saturés;Taux saturation (%);Arrondissement
Élysée;4000;30000,25;8000,5;2;1;50;75108
Passy;120,5;30000,25;8000,5;2;1;50;75116

# CAPTEURS DÉFAILLANTS
ID Capteur;Type;Libellé;Raison;Début;Fin;Durée (h)
4264;route;\"AV_Champs;Elysées\";silencieux;2025-11-03 00:00;2025-11-03 08:00;8
100003096-353242378;velo;\"97 avenue Denfert Rochereau \"\"SO-NE\"\"\";fige;2025-11-03 00:00;2025-11-03 13:00;13

# ALERTES CONGESTION
Tronçon;Taux Occupation (%);Sévérité;Type;Zone;Début;Fin;Durée (h);Temps Perdu (min);Identifiant
\"AV_Champs;Elysées\";91,25;Critique;congestion;Passy;2025-11-03 08:00;2025-11-03 10:30;2,5;1234,5;4264
;91,25;Élevée;zone_saturee;Passy;2025-11-03 08:00;2025-11-03 10:30;2,5;;

# CHANTIERS ACTIFS
Identifiant;Typologie;Impact;Arrondissement;Voies;Date début;Date fin;Surface (m²)
CHA-1;Réseaux;RESTREINTE;75012;\"'=HYPERLINK(\"\"http://x\"\")\";;2025-12-31;1234,5
CHA-2;Réseaux;RESTREINTE;75012;rue <script>;;;

# PERTURBATIONS
Identifiant;Gravité;Lignes;Titre;Début;Fin;Durée dans la journée (h);Cause;Portée
c0ffee;Critique;Métro 13, RER B;\"Trafic interrompu¶entre deux gares\";2025-11-02 22:00;;24;PERTURBATION;ligne

# ARRÊTS NON DESSERVIS
Mode;Perturbations;Lignes
bus;3;2
tramway;1;1

# QUALITÉ
Source;Statut;Complétude (%);Lignes lues;Lignes du jour;Doublons;Conflits;Rejets;Raison
comptages;ok;98,5;1000;48;2;1;3;date_illisible
comptages;ok;;;;;;4;debit_negatif
bikes;ok;98,5;1000;48;2;1;3;date_illisible
bikes;ok;;;;;;4;debit_negatif
traffic;ok;;1000;48;2;1;3;date_illisible
traffic;ok;;;;;;4;debit_negatif
weather;ok;;1000;48;2;1;3;date_illisible
weather;ok;;;;;;4;debit_negatif
chantiers;ok;;1000;48;2;1;3;date_illisible
chantiers;ok;;;;;;4;debit_negatif
referentiel;ok;;1000;48;2;1;3;date_illisible
referentiel;ok;;;;;;4;debit_negatif
contexte;ok;;;;;;;
";

#[test]
fn full_day_is_rendered_byte_for_byte() {
    // In the constant a row ends with LF, and ¶ is the only line feed that is data.
    let golden = GOLDEN.replace('\n', "\r\n").replace('¶', "\n");
    let csv = text(&SampleDay::full().report());
    let difference = similar::TextDiff::from_lines(&golden, &csv).unified_diff().to_string();
    assert!(csv == golden, "the CSV differs from GOLDEN:\n{difference}");
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
    assert!(csv.contains("\"Donnée absente : traffic (erreur : =1+1; illisible)\";;;;;;;;\r\n"));
    assert!(csv.contains("\r\ntotal_vehicules;;véhicules\r\n"));
    assert!(csv.contains("\r\n100003096-353242378;velo;"));
    assert!(csv.contains("\r\ntraffic;erreur;;;;;;;\"'=1+1; illisible\"\r\n"));
}

#[test]
fn source_with_nothing_to_list_has_no_row() {
    let mut day = SampleDay::full();
    day.documents.road_counts.as_mut().unwrap().body.congestion_alerts.clear();
    assert!(text(&day.report()).contains("Temps Perdu (min);Identifiant\r\n\r\n# CHANTIERS ACTIFS"));
}

#[test]
fn numbers_never_get_an_apostrophe() {
    let mut day = SampleDay::full();
    let arcs = &mut day.documents.road_counts.as_mut().unwrap().body.top_10_arcs;
    arcs[0].total_daily_flow = Fixed2::of(-0.125);
    arcs[0].mean_occupancy = Fixed2::new(1e15);
    assert!(text(&day.report()).contains(";-0,12;1000000000000000;"));
    assert!(text(&day.report_after(None, Lang::En)).contains(",-0.12,1000000000000000,"));
}

#[test]
fn english_csv_has_commas_decimal_points_and_english_words() {
    let day = SampleDay::full().without(Source::Disruptions, "aucun_fichier");
    let csv = text(&day.report_after(None, Lang::En));
    for rows in [
        "\u{feff}Section,Value\r\nCity,Paris\r\nDay,2025-11-03\r\nEdition,1\r\nLanguage,en\r\nVersion,0.1.0\r\n\r\n# SUMMARY\r\n\
         Indicator,Value,Unit\r\nday_status,final,\r\n",
        "\r\nlost_time_hours,1500,h\r\n",
        "\r\nTime zone,Europe/Paris (UTC+01:00),\r\n",
        "\r\n4264,road,AV_Champs;Elysées,silent,2025-11-03 00:00,2025-11-03 08:00,8\r\n",
        "\r\n,91.25,High,saturated zone,Passy,2025-11-03 08:00,2025-11-03 10:30,2.5,,\r\n",
        "\r\nMissing data: disruptions (absent: no file),,,,,,,,\r\n\r\n# STOPS NOT SERVED\r\nMode,Disruptions,Lines\r\n\
         Missing data: disruptions (absent: no file),,\r\n",
        "\r\nroad counts,ok,98.5,1000,48,2,1,3,unreadable date\r\nroad counts,ok,,,,,,4,negative flow\r\n",
        "\r\ndisruptions,absent,,,,,,,no file\r\n",
    ] {
        assert!(csv.contains(rows), "{rows}\nis not in\n{csv}");
    }
}

#[test]
fn clock_change_day_names_both_offsets() {
    let mut report = SampleDay::full().report();
    report.date = "2025-10-26".parse().unwrap();
    assert!(text(&report).contains("\r\nFuseau horaire;Europe/Paris (UTC+02:00 puis UTC+01:00);\r\n"));
}

#[test]
fn seconds_are_shown_only_if_they_are_not_zero() {
    let mut day = SampleDay::full();
    day.documents.disruptions.as_mut().unwrap().body.disruptions[0].end =
        Some(crate::sample::stamp("2025-11-03T23:59:59+01:00"));
    assert!(text(&day.report()).contains(";2025-11-02 22:00;2025-11-03 23:59:59;24;"));
}

#[test]
fn source_with_a_status_reason_has_a_row_for_it_before_its_rejections() {
    let csv = text(&SampleDay::full().retaining(Source::Weather, "fichier_illisible").report());
    let rows = "weather;conserve;;1000;48;2;1;;fichier_illisible\r\nweather;conserve;;;;;;3;date_illisible\r\n";
    assert!(csv.contains(rows), "{csv}");
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
