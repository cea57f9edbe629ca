//! Zones, lengths, areas and distances, independent of arcs and worksites.
//!
//! A point is `(lon, lat)` in WGS84 degrees everywhere except in [`format_point`] and [`parse_point`], which use
//! the sources' "lat, lon".

mod measure;
mod near;
mod outline;
mod parse;
mod python;
mod shape;
mod wkt;
mod zones;

pub(crate) use measure::{area_m2, lines_length_metres};
pub(crate) use near::{LineIndex, Plane};
pub(crate) use outline::simplified_outline;
pub(crate) use parse::{parse_lines, parse_point, parse_shape, point_of};
pub(crate) use shape::{format_point, from_geojson, on_earth, short, to_geojson, trace};
pub(crate) use zones::{Zone, Zones, postal_code};

/// Zone name of a point outside all zones.
pub(crate) const OUTSIDE: &str = "Hors zone";

/// Code and name of the zone of a point. Both are `None` if no zones are known; a point outside all zones, or no point, has no code and the
/// name "Hors zone".
#[must_use]
pub(crate) fn place(zones: Option<&Zones>, point: Option<(f64, f64)>) -> (Option<String>, Option<String>) {
    let Some(zones) = zones else { return (None, None) };
    match point.and_then(|(lon, lat)| zones.locate(lon, lat)) {
        Some(zone) => (Some(zone.code.clone()), Some(zone.name.clone())),
        None => (None, Some(OUTSIDE.to_owned())),
    }
}

/// Reason of a null zone if no zones are known.
pub(crate) const ZONES_UNKNOWN: &str = "zones_inconnues";

/// Warnings for the documents: no zones are known, or an outline is invalid.
#[must_use]
pub(crate) fn zone_warnings(zones: Option<&Zones>) -> Vec<String> {
    match zones {
        Some(zones) => zones.warnings().to_vec(),
        None => vec![
            "Aucune zone connue (ni reference/zones.geojson, ni contours dans le profil) : les zones sont nulles."
                .to_owned(),
        ],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn point_has_a_zone_name_only_if_zones_are_known() {
        let zones = crate::source::reference::zones::tests::two_squares();
        assert_eq!(place(None, Some((0.5, 0.5))), (None, None));
        assert_eq!(place(Some(&zones), Some((0.5, 0.5))), (Some("75001".to_owned()), Some("Ouest".to_owned())));
        assert_eq!(place(Some(&zones), Some((9.0, 9.0))), (None, Some(OUTSIDE.to_owned())));
        assert_eq!(place(Some(&zones), None), (None, Some(OUTSIDE.to_owned())));
    }
}
