//! Reads the outlines of districts from GeoJSON.

use std::collections::BTreeMap;

use geo::{Geometry, MultiPolygon, Polygon};
use serde_json::Value;

use crate::city::ZoneProperties;
use crate::geo::{Zone, Zones, from_geojson, postal_code, short};
use crate::order::id_order;
use crate::raw_file::SourceError;

/// Properties that may hold a zone's code, best first; then the feature's own `id`.
const CODES: [&str; 5] = ["c_arinsee", "c_ar", "code", "insee", "id"];
/// Properties that may hold its name, best first.
const NAMES: [&str; 4] = ["l_ar", "nom", "name", "libelle"];

/// Reads a GeoJSON FeatureCollection of polygons: code and name from the properties that the profile names; by default the code from
/// `c_arinsee`, else `c_ar`, `code`, `insee`, `id`, the name from `l_ar`, else `nom`, `name`, `libelle`, else the code. Several features of one
/// code are one zone.
///
/// # Errors
/// The file is not a FeatureCollection, has no feature, or has a feature without a code or without a polygon in degrees.
pub(crate) fn read_zones(key: &str, bytes: &[u8], properties: &ZoneProperties) -> Result<Zones, SourceError> {
    let error = |reason: String| SourceError { key: key.to_owned(), reason };
    let bytes = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes);
    let json: Value =
        serde_json::from_slice(bytes).map_err(|cause| error(format!("the file is not valid JSON: {cause}")))?;
    let collection = geojson::FeatureCollection::try_from(json).map_err(|cause| {
        error(format!("the file is not a GeoJSON FeatureCollection: {}", short(&cause.to_string())))
    })?;
    let mut named: BTreeMap<String, Zone> = BTreeMap::new();
    for (number, feature) in (1..).zip(&collection.features) {
        let code = match &properties.code {
            Some(own) => text_of(feature, &[own.as_str()]).map(|code| postal_code(&code)).ok_or_else(|| {
                error(format!("feature {number} has no property {own}, which zones.code of the city profile names"))
            })?,
            None => code(feature).ok_or_else(|| {
                error(format!("feature {number} has no code; add one of the properties {}", CODES.join(", ")))
            })?,
        };
        let names = properties.name.as_deref().map_or_else(|| NAMES.to_vec(), |own| vec![own]);
        let parts = polygons(feature)
            .map_err(|cause| error(format!("feature {number} (code {code}) is not a polygon in degrees: {cause}")))?;
        let zone = named.entry(code.clone()).or_insert_with(|| Zone {
            name: text_of(feature, &names).unwrap_or_else(|| code.clone()),
            code,
            outline: MultiPolygon(Vec::new()),
        });
        zone.outline.0.extend(parts);
    }
    if named.is_empty() {
        return Err(error("the file has no features".to_owned()));
    }
    let mut zones: Vec<Zone> = named.into_values().collect();
    zones.sort_by(|a, b| id_order(&a.code, &b.code));
    Ok(Zones::new(key, zones))
}

fn code(feature: &geojson::Feature) -> Option<String> {
    let own = || match &feature.id {
        Some(geojson::feature::Id::String(text)) => Some(text.trim().to_owned()).filter(|text| !text.is_empty()),
        Some(geojson::feature::Id::Number(number)) => text_of_number(number),
        None => None,
    };
    text_of(feature, &CODES).or_else(own).map(|code| postal_code(&code))
}

/// The first of the properties that is a text or number.
fn text_of(feature: &geojson::Feature, names: &[&str]) -> Option<String> {
    let properties = feature.properties.as_ref()?;
    names.iter().find_map(|name| match properties.get(*name)? {
        Value::String(text) => Some(text.trim().to_owned()).filter(|text| !text.is_empty()),
        Value::Number(number) => text_of_number(number),
        _ => None,
    })
}

/// Whole numbers without a decimal point: some tools write 75112.0.
fn text_of_number(number: &serde_json::Number) -> Option<String> {
    if number.is_f64() { number.as_f64().map(|number| number.to_string()) } else { Some(number.to_string()) }
}

fn polygons(feature: &geojson::Feature) -> Result<Vec<Polygon<f64>>, String> {
    let geometry = feature.geometry.as_ref().ok_or("it has no geometry")?;
    match from_geojson(&geometry.value)? {
        Geometry::Polygon(polygon) => Ok(vec![polygon]),
        Geometry::MultiPolygon(parts) => Ok(parts.0),
        _ => Err(format!("it is a {}", geometry.value.type_name())),
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Zones by the usual properties.
    pub(crate) fn by_default(key: &str, bytes: &[u8]) -> Result<Zones, SourceError> {
        read_zones(key, bytes, &ZoneProperties::default())
    }

    /// Two unit squares side by side; the eastern one has a hole. Codes as numbers and as text, one with altitudes.
    pub(crate) fn two_squares() -> Zones {
        let text = r#"{"type":"FeatureCollection","features":[
            {"type":"Feature","properties":{"c_ar":2,"c_arinsee":75102,"l_ar":"Est"},"geometry":{"type":"Polygon","coordinates":[
                [[1,0],[2,0],[2,1],[1,1],[1,0]],[[1.4,0.4],[1.6,0.4],[1.6,0.6],[1.4,0.6],[1.4,0.4]]]}},
            {"type":"Feature","properties":{"c_arinsee":"75101","l_ar":"Ouest"},"geometry":{"type":"MultiPolygon","coordinates":[
                [[[0,0,35],[1,0,35],[1,1,35],[0,1,35],[0,0,35]]]]}}]}"#;
        by_default("reference/zones.geojson", text.as_bytes()).unwrap()
    }

    fn read(properties: &str, geometry: &str) -> Result<Zones, SourceError> {
        let text = format!(
            r#"{{"type":"FeatureCollection","features":[{{"type":"Feature","id":"own","properties":{properties},"geometry":{geometry}}}]}}"#
        );
        by_default("reference/zones.geojson", text.as_bytes())
    }

    const SQUARE: &str = r#"{"type":"Polygon","coordinates":[[[0,0],[1,0],[1,1],[0,1],[0,0]]]}"#;

    fn code_at(zones: &Zones, lon: f64, lat: f64) -> Option<&str> {
        zones.locate(lon, lat).map(|zone| zone.code.as_str())
    }

    #[test]
    fn point_is_located_on_borders_and_outside_holes() {
        let zones = two_squares();
        assert_eq!(zones.all().iter().map(|zone| zone.code.as_str()).collect::<Vec<_>>(), ["75001", "75002"]);
        assert_eq!(code_at(&zones, 0.5, 0.5), Some("75001"));
        assert_eq!(code_at(&zones, 1.2, 0.5), Some("75002"));
        assert_eq!(code_at(&zones, 1.0, 0.5), Some("75001"), "on a border the smallest code");
        assert_eq!(code_at(&zones, 2.0, 1.0), Some("75002"), "a corner belongs to the zone");
        assert_eq!(code_at(&zones, 1.5, 0.5), None, "a hole does not");
        assert_eq!(code_at(&zones, 1.4, 0.5), Some("75002"), "its edge does");
        assert_eq!(code_at(&zones, 3.0, 0.5), None);
        assert_eq!(code_at(&zones, f64::NAN, 0.5), None);
        assert_eq!(code_at(&zones, 1.2, 0.5), Some("75002"), "from memory");
        assert_eq!(code_at(&zones, 3.0, 0.5), None, "from memory");
        assert_eq!(zones.by_code("75002").map(|zone| zone.name.as_str()), Some("Est"));
        assert!(zones.by_code("75102").is_none());
        assert!(zones.warnings().is_empty());
    }

    #[test]
    fn code_and_name_come_from_the_first_property_that_has_them() {
        let first = |properties: &str| {
            let zones = read(properties, SQUARE).unwrap();
            (zones.all()[0].code.clone(), zones.all()[0].name.clone())
        };
        assert_eq!(first(r#"{"code":"13001","insee":"x","nom":"Nord","name":"y"}"#), ("13001".into(), "Nord".into()));
        assert_eq!(first(r#"{"c_arinsee":null,"c_ar":12.0,"libelle":"Reuilly"}"#), ("12".into(), "Reuilly".into()));
        assert_eq!(first(r#"{"insee":69381}"#), ("69381".into(), "69381".into()), "a name it has not is its code");
        assert_eq!(first("null"), ("own".into(), "own".into()), "the feature's own id comes last");
    }

    #[test]
    fn code_and_name_come_from_the_properties_of_the_profile() {
        let quarters: Vec<String> = (0..80)
            .map(|n| {
                let (district, lon) = (1 + n / 4, f64::from(n) / 100.0);
                let ring = format!("[[{lon},0],[{},0],[{lon},1],[{lon},0]]", lon + 0.01);
                format!(
                    r#"{{"type":"Feature","properties":{{"c_ar":{district},"l_qu":"Quartier {n}","c_quinsee":{}}},
                        "geometry":{{"type":"Polygon","coordinates":[{ring}]}}}}"#,
                    7_510_000 + district * 100 + n % 4 + 1
                )
            })
            .collect();
        let text = format!(r#"{{"type":"FeatureCollection","features":[{}]}}"#, quarters.join(","));
        let by = |code: Option<&str>, name: Option<&str>| {
            let properties = ZoneProperties { code: code.map(str::to_owned), name: name.map(str::to_owned) };
            read_zones("z", text.as_bytes(), &properties)
        };
        let zones = by(Some("c_quinsee"), Some("l_qu")).unwrap();
        assert_eq!(zones.all().len(), 80);
        assert_eq!((zones.all()[5].code.as_str(), zones.all()[5].name.as_str()), ("7510202", "Quartier 5"));
        assert_eq!(by(None, None).unwrap().all().len(), 20, "the usual property is that of the district");
        assert_eq!(by(Some("c_quinsee"), None).unwrap().all()[0].name, "7510101", "no usual name");
        let error = by(Some("code"), None).map(|_| ()).unwrap_err();
        assert!(error.reason.starts_with("feature 1 has no property code, which zones.code"), "{error}");
    }

    #[test]
    fn insee_codes_of_paris_become_postal_codes() {
        for (insee, postal) in
            [("75112", "75012"), ("75120", "75020"), ("75121", "75121"), ("75012", "75012"), ("69381", "69381")]
        {
            assert_eq!(postal_code(insee), postal);
        }
    }

    #[test]
    fn invalid_zones_file_is_an_error_that_names_the_feature() {
        for (properties, geometry, part) in [
            (
                "{}",
                r#"{"type":"Point","coordinates":[0,0]}"#,
                "feature 1 (code own) is not a polygon in degrees: it is a Point",
            ),
            ("{}", "null", "it has no geometry"),
            (
                "{}",
                r#"{"type":"Polygon","coordinates":[[[650000,6860000],[650001,6860000],[650001,6860001],[650000,6860000]]]}"#,
                "degrees",
            ),
        ] {
            let error = read(properties, geometry).map(|_| ()).unwrap_err();
            assert!(error.reason.contains(part), "{error}");
        }
        for text in ["", "[]", "{}", r#"{"type":"FeatureCollection","features":[]}"#] {
            assert!(by_default("z", text.as_bytes()).is_err(), "{text}");
        }
        let no_code = r#"{"type":"FeatureCollection","features":[{"type":"Feature","properties":{},"geometry":null}]}"#;
        assert!(by_default("z", no_code.as_bytes()).map(|_| ()).unwrap_err().reason.contains("no code"));
    }

    #[test]
    fn self_crossing_outline_is_used_with_a_warning() {
        let bow_tie = r#"{"type":"Polygon","coordinates":[[[0,0],[1,1],[1,0],[0,1],[0,0]]]}"#;
        let zones = read("{}", bow_tie).unwrap();
        assert_eq!(zones.warnings().len(), 1);
        assert!(code_at(&zones, 0.9, 0.5).is_some());
    }

    #[test]
    fn features_of_one_code_are_one_zone() {
        let text = r#"{"type":"FeatureCollection","features":[
            {"type":"Feature","properties":{"code":1},"geometry":{"type":"Polygon","coordinates":[[[0,0],[1,0],[1,1],[0,0]]]}},
            {"type":"Feature","properties":{"code":1},"geometry":{"type":"Polygon","coordinates":[[[5,5],[6,5],[6,6],[5,5]]]}}]}"#;
        let zones = by_default("z", text.as_bytes()).unwrap();
        assert_eq!(zones.all().len(), 1);
        assert_eq!(code_at(&zones, 5.9, 5.5), Some("1"));
    }

    proptest! {
        #[test]
        fn zones_never_panic_on_any_bytes(bytes in prop::collection::vec(any::<u8>(), 0..200), inner in "[\\[\\]0-9,.e-]{0,60}") {
            let _ = by_default("z", &bytes);
            if let Ok(zones) = read("{}", &format!(r#"{{"type":"Polygon","coordinates":{inner}}}"#)) {
                let _ = zones.locate(0.0, 0.0);
            }
        }
    }
}
