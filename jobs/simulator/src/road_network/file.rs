//! The road network file, with the oddities of the real one: upper-case field names, several objects per arc, expired validity,
//! repeated objects.

use super::arc::{Arc, NetworkObject};
use crate::faults::{Fault, Faults};
use crate::text;

pub const KEY: &str = "batch/referentiel-comptages-routiers.csv";

const HEADER: &str = "IU_AC;DATE_DEBUT;DATE_FIN;LIBELLE;IU_ND_AVAL;IU_ND_AMONT;LIBELLE_ND_AMONT;LIBELLE_ND_AVAL;geo_point_2d;\
geo_shape;SHAPE.LEN\n";

/// Numbers of malformed rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BadRows {
    /// Without an identifier.
    pub no_id: u64,
    /// With too few columns.
    pub columns: u64,
}

#[must_use]
pub fn bad_rows(faults: Faults) -> BadRows {
    if faults.has(Fault::BadRecords) { BadRows { no_id: 1, columns: 2 } } else { BadRows { no_id: 0, columns: 0 } }
}

#[must_use]
pub fn file(arcs: &[Arc], faults: Faults) -> Vec<u8> {
    let mut out = HEADER.as_bytes().to_vec();
    let bad = bad_rows(faults);
    for (arc, network_objects) in
        arcs.iter().filter_map(|arc| arc.network_objects.as_ref().map(|network_objects| (arc, network_objects)))
    {
        for network_object in network_objects {
            (0..network_object.copies).for_each(|_| row(&mut out, arc, network_object));
        }
    }
    (0..bad.columns)
        .for_each(|index| out.extend_from_slice(format!("99{index};2005-01-01T02:00:00+01:00\n").as_bytes()));
    (0..bad.no_id)
        .for_each(|_| out.extend_from_slice(b";2005-01-01T02:00:00+01:00;;Sans_nom;1;2;A;B;48.85,2.35;;0.0\n"));
    out
}

fn row(out: &mut Vec<u8>, arc: &Arc, network_object: &NetworkObject) {
    let (first, last) = network_object.years;
    let begin = format!("{first}-01-01T02:00:00+01:00");
    let end = last.map_or_else(String::new, |last| format!("{last}-06-01T04:00:00+02:00"));
    let point = arc.point.map_or_else(String::new, |[lon, lat]| format!("{lat}, {lon}"));
    let fields = [
        &arc.id,
        &begin,
        &end,
        &arc.network_label,
        &arc.to.id,
        &arc.from.id,
        &arc.from.label,
        &arc.to.label,
        &point,
        &shape(network_object),
        "0.0",
    ];
    text::row(out, &fields, b';', "\n");
}

fn shape(network_object: &NetworkObject) -> String {
    let coordinates: Vec<_> = network_object
        .lines
        .iter()
        .map(|line| {
            let altitude = if network_object.altitude { ", 35.5" } else { "" };
            let points: Vec<_> = line.iter().map(|[lon, lat]| format!("[{lon}, {lat}{altitude}]")).collect();
            format!("[{}]", points.join(", "))
        })
        .collect();
    match coordinates.as_slice() {
        [] => String::new(),
        [one] => format!("{{\"type\": \"LineString\", \"coordinates\": {one}}}"),
        several => format!("{{\"type\": \"MultiLineString\", \"coordinates\": [{}]}}", several.join(", ")),
    }
}
