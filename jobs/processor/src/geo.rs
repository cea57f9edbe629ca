//! Zones by polygon, lengths, areas, nearness. Nothing here knows what an arc or a worksite is.
//!
//! A point is `(lon, lat)` in WGS84 degrees everywhere but in [`format_point`] and [`parse_point`], which speak the sources' "lat, lon".

mod measure;
mod near;
mod outline;
mod shape;
mod zones;

pub(crate) use measure::{area_m2, lines_length_metres};
pub(crate) use near::{LineIndex, Plane};
pub(crate) use outline::simplified_outline;
pub(crate) use shape::{format_point, from_geojson, parse_lines, parse_point, parse_shape, short, to_geojson, trace};
pub(crate) use zones::{Zone, Zones, postal_code};

/// Name of the place that lies in no zone.
pub(crate) const OUTSIDE: &str = "Hors zone";

/// Code and name of the zone of a point: both null where no zones are known; code null, name "Hors zone" where no zone holds it or there
/// is no point.
#[must_use]
pub(crate) fn place(zones: Option<&Zones>, point: Option<(f64, f64)>) -> (Option<String>, Option<String>) {
    let Some(zones) = zones else { return (None, None) };
    match point.and_then(|(lon, lat)| zones.locate(lon, lat)) {
        Some(zone) => (Some(zone.code.clone()), Some(zone.name.clone())),
        None => (None, Some(OUTSIDE.to_owned())),
    }
}

/// Reason of an unknown place where no zones are known.
pub(crate) const ZONES_UNKNOWN: &str = "zones_inconnues";

/// What a reader of a document should know of the zones: that there are none, or which outlines are not valid.
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
    fn a_point_has_a_place_only_where_zones_are_known() {
        let zones = crate::source::reference::zones::tests::two_squares();
        assert_eq!(place(None, Some((0.5, 0.5))), (None, None));
        assert_eq!(place(Some(&zones), Some((0.5, 0.5))), (Some("75001".to_owned()), Some("Ouest".to_owned())));
        assert_eq!(place(Some(&zones), Some((9.0, 9.0))), (None, Some(OUTSIDE.to_owned())));
        assert_eq!(place(Some(&zones), None), (None, Some(OUTSIDE.to_owned())));
    }
}
