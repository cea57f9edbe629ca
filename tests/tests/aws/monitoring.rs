//! Dashboard and alarms: they query metrics of `docs/telemetry.md` with the dimensions that the collector exports, and each alarm says
//! what to do.

use std::collections::{BTreeMap, BTreeSet};

use acceptance::binaries::workspace;
use serde_json::{Value, json};

use super::{json, text, yaml};

/// A row of the table of metrics.
struct Metric {
    kind: String,
    unit: String,
    jobs: BTreeSet<String>,
    attributes: BTreeSet<String>,
    meaning: String,
}

impl Metric {
    /// Whether the values of several sources can be added.
    fn is_additive(&self) -> bool {
        self.kind == "counter"
    }

    fn has_source(&self) -> bool {
        self.attributes.contains("source")
    }
}

/// The words in backticks.
fn quoted(cell: &str) -> BTreeSet<String> {
    cell.split('`').skip(1).step_by(2).map(str::to_owned).collect()
}

/// The rows of the table below a heading of `docs/telemetry.md`, without the table's header.
fn table(heading: &str) -> Vec<Vec<String>> {
    let text = std::fs::read_to_string(workspace().join("docs/telemetry.md")).unwrap();
    let (_, rest) = text.split_once(&format!("\n## {heading}\n")).unwrap_or_else(|| panic!("no heading {heading}"));
    let lines = rest.lines().take_while(|line| !line.starts_with("## ")).filter(|line| line.starts_with('|')).skip(2);
    let cells = |line: &str| line.trim_matches('|').split('|').map(|cell| cell.trim().to_owned()).collect();
    let rows: Vec<Vec<String>> = lines.map(cells).collect();
    assert!(rows.len() > 5, "{heading}: {rows:?}");
    rows
}

fn metrics() -> BTreeMap<String, Metric> {
    let of = |row: Vec<String>| {
        let [name, kind, unit, jobs, attributes, meaning] = row.try_into().expect("six columns");
        let [name, unit] = [name, unit].map(|cell| quoted(&cell).pop_first().expect("a word in backticks"));
        let jobs = jobs.split(", ").map(str::to_owned).collect();
        (name, Metric { kind, unit, jobs, attributes: quoted(&attributes), meaning })
    };
    table("Metrics").into_iter().map(of).collect()
}

/// The values of the attribute `source`.
fn sources() -> BTreeSet<String> {
    let row = table("Attributes").into_iter().find(|row| row[0] == "`source`").expect("the attribute `source`");
    quoted(&row[2])
}

/// The configuration of the metrics exporter.
fn awsemf() -> Value {
    yaml("telemetry/config.yaml").remove(0)["exporters"]["awsemf"].clone()
}

fn words(list: &Value) -> BTreeSet<String> {
    list.as_array().unwrap().iter().map(|word| word.as_str().unwrap().to_owned()).collect()
}

/// The dimension sets of each metric in the collector's configuration.
fn declared_dimensions() -> BTreeMap<String, Vec<BTreeSet<String>>> {
    let mut all = BTreeMap::new();
    for declaration in awsemf()["metric_declarations"].as_array().unwrap() {
        let sets: Vec<_> = declaration["dimensions"].as_array().unwrap().iter().map(words).collect();
        for selector in declaration["metric_name_selectors"].as_array().unwrap() {
            let selector = selector.as_str().unwrap();
            let name = selector.strip_prefix('^').and_then(|rest| rest.strip_suffix('$'));
            let name = name.unwrap_or_else(|| panic!("{selector} matches more than one metric")).replace("\\.", ".");
            assert!(all.insert(name, sets.clone()).is_none(), "{selector} is declared twice");
        }
    }
    all
}

#[test]
fn collector_declares_dimensions_and_unit_of_every_metric() {
    let (metrics, declared) = (metrics(), declared_dimensions());
    assert!(metrics.keys().eq(declared.keys()), "{:?}\n{:?}", metrics.keys(), declared.keys());
    let exporter = awsemf();
    assert_eq!(
        (&exporter["namespace"], &exporter["dimension_rollup_option"]),
        (&json!("CityFlow"), &json!("NoDimensionRollup"))
    );
    let mut units = BTreeMap::new();
    for descriptor in exporter["metric_descriptors"].as_array().unwrap() {
        assert_eq!(descriptor["overwrite"], true, "otherwise the original unit is used: {descriptor}");
        units.insert(descriptor["metric_name"].as_str().unwrap(), descriptor["unit"].as_str().unwrap());
    }
    assert!(units.keys().all(|name| metrics.contains_key(*name)), "{units:?}");
    let set = |names: &[&str]| names.iter().map(|&name| name.to_owned()).collect::<BTreeSet<_>>();
    for (name, metric) in &metrics {
        let expected = match (metric.has_source(), metric.is_additive()) {
            (false, _) => vec![set(&["job"])],
            (true, true) => vec![set(&["job"]), set(&["job", "source"])],
            // A mean over several sources is meaningless.
            (true, false) => vec![set(&["job", "source"])],
        };
        assert_eq!(declared[name], expected, "{name}");
        let unit = match metric.unit.as_str() {
            // The exporter converts these itself.
            "s" | "By" => None,
            "%" => Some("Percent"),
            unit if unit.starts_with('{') => Some("Count"),
            unit => panic!("{name}: CloudWatch has no unit for {unit}"),
        };
        assert_eq!(units.get(name.as_str()).copied(), unit, "{name}");
    }
}

/// Origin, metric name and dimensions of a query.
type MetricQuery = (String, String, BTreeMap<String, String>);

fn dashboard_queries() -> Vec<MetricQuery> {
    let mut all = Vec::new();
    for widget in json("telemetry/dashboard.json")["widgets"].as_array().unwrap() {
        let properties = &widget["properties"];
        for metric in properties["metrics"].as_array().into_iter().flatten() {
            let parts: Vec<_> = metric.as_array().unwrap().iter().map_while(Value::as_str).map(str::to_owned).collect();
            let [namespace, name, dimensions @ ..] = parts.as_slice() else { panic!("{metric}") };
            assert_eq!(namespace, "CityFlow", "{metric}");
            assert_eq!(dimensions.len() % 2, 0, "{metric}");
            let dimensions = dimensions.chunks(2).map(|pair| (pair[0].clone(), pair[1].clone())).collect();
            all.push((format!("dashboard, {}", properties["title"]), name.clone(), dimensions));
        }
    }
    all
}

pub(super) fn alarms() -> BTreeMap<String, Value> {
    let template = yaml("telemetry/alarms.yaml").remove(0);
    let resources = template["Resources"].as_object().unwrap().clone();
    let alarm = |(name, resource): (String, Value)| {
        assert_eq!(resource["Type"], "AWS::CloudWatch::Alarm", "{name}");
        (name, resource["Properties"].clone())
    };
    resources.into_iter().map(alarm).collect()
}

fn alarm_queries() -> Vec<MetricQuery> {
    let mut all = Vec::new();
    for (name, alarm) in alarms() {
        let inner = alarm["Metrics"].as_array().into_iter().flatten().map(|query| &query["MetricStat"]["Metric"]);
        let queried: Vec<_> = inner.chain([&alarm]).filter(|metric| metric["MetricName"].is_string()).collect();
        assert!(!queried.is_empty(), "{name} has no metric");
        for metric in queried {
            assert_eq!(metric["Namespace"], "CityFlow", "{name}");
            let of = |dimension: &Value| {
                [&dimension["Name"], &dimension["Value"]].map(|word| word.as_str().unwrap().to_owned())
            };
            let dimensions = metric["Dimensions"].as_array().unwrap().iter().map(of).map(|[name, value]| (name, value));
            all.push((
                format!("alarm {name}"),
                metric["MetricName"].as_str().unwrap().to_owned(),
                dimensions.collect(),
            ));
        }
    }
    all
}

#[test]
fn dashboard_and_alarms_query_existing_metrics() {
    let (metrics, declared, sources) = (metrics(), declared_dimensions(), sources());
    let queries = [dashboard_queries(), alarm_queries()].concat();
    assert!(queries.len() > 50, "{}", queries.len());
    for (origin, name, dimensions) in queries {
        let metric = metrics.get(&name).unwrap_or_else(|| panic!("{origin}: no program sends {name}"));
        let set: BTreeSet<_> = dimensions.keys().cloned().collect();
        assert!(declared[&name].contains(&set), "{origin}: {name} has no dimensions {set:?}");
        assert!(metric.jobs.contains(&dimensions["job"]), "{origin}: {} does not send {name}", dimensions["job"]);
        let Some(source) = dimensions.get("source") else { continue };
        // If a metric has only some sources, or the source `run`, its meaning names them.
        let named: BTreeSet<_> = quoted(&metric.meaning).intersection(&sources).cloned().collect();
        let known = match source.as_str() {
            "run" => named.contains("run"),
            source => sources.contains(source) && (named.is_empty() || named.contains("run") || named.contains(source)),
        };
        assert!(known, "{origin}: {name} has no source {source}");
    }
}

#[test]
fn dashboard_shows_every_metric() {
    let shown: BTreeSet<_> = dashboard_queries().into_iter().map(|(_, name, _)| name).collect();
    let missing: Vec<_> = metrics().into_keys().filter(|name| !shown.contains(name)).collect();
    assert!(missing.is_empty(), "{missing:?}");
}

#[test]
fn log_queries_use_the_log_group_and_existing_fields() {
    let group = awsemf()["log_group_name"].as_str().unwrap().to_owned();
    let known: BTreeSet<String> =
        table("Attributes").iter().flat_map(|row| quoted(&row[0])).chain(metrics().into_keys()).collect();
    let mut queries = 0;
    for widget in json("telemetry/dashboard.json")["widgets"].as_array().unwrap() {
        let Some(query) = widget["properties"]["query"].as_str() else { continue };
        queries += 1;
        assert!(query.starts_with(&format!("SOURCE '{group}' | ")), "{query}");
        let by = query.split(" by ").nth(1).and_then(|rest| rest.split(" |").next()).expect("a group by clause");
        let fields = by.split(", ").map(|field| field.trim_matches('`').to_owned()).chain(quoted(query));
        for field in fields {
            assert!(known.contains(&field), "{query}: no {field}");
        }
    }
    assert!(queries >= 2);
    let policy = json("policies/collector.json");
    let arn = format!("arn:aws:logs:eu-west-3:111122223333:log-group:{group}");
    assert_eq!(policy["Statement"][1]["Resource"], json!([arn, format!("{arn}:*")]));
}

#[test]
fn dashboard_shows_every_alarm_and_widgets_do_not_overlap() {
    let dashboard = json("telemetry/dashboard.json");
    let widgets = dashboard["widgets"].as_array().unwrap();
    let shown =
        widgets.iter().find(|widget| widget["type"] == "alarm").map(|widget| words(&widget["properties"]["alarms"]));
    let arn = |alarm: &Value| {
        format!("arn:aws:cloudwatch:eu-west-3:111122223333:alarm:{}", alarm["AlarmName"].as_str().unwrap())
    };
    assert_eq!(shown.unwrap(), alarms().values().map(arn).collect());
    let mut taken = BTreeSet::new();
    for widget in widgets {
        let [x, y, width, height] = ["x", "y", "width", "height"].map(|key| widget[key].as_u64().unwrap());
        assert!(x + width <= 24, "{widget}");
        for (x, y) in (x..x + width).flat_map(|x| (y..y + height).map(move |y| (x, y))) {
            assert!(taken.insert((x, y)), "widgets overlap at {x}, {y}");
        }
    }
}

#[test]
fn alarm_descriptions_say_what_to_do() {
    let (source, guide) = (text("telemetry/alarms.yaml"), text("telemetry/README.md"));
    for (name, alarm) in alarms() {
        let description = alarm["AlarmDescription"].as_str().unwrap();
        let sentences = description.matches(". ").count() + description.matches("? ").count() + 1;
        assert!((2..=4).contains(&sentences), "{name}: {sentences} sentences: {description}");
        assert!(description.len() <= 1024, "{name}: the limit of CloudWatch is 1024 characters");
        assert!(!quoted(description).is_empty(), "{name}: no command in backticks");
        assert_eq!(alarm["AlarmActions"], json!([{ "Ref": "Topic" }]), "{name}");
        let alarm_name = alarm["AlarmName"].as_str().unwrap();
        assert!(guide.contains(&format!("`{alarm_name}`")), "README.md does not mention {alarm_name}");
        assert!(alarm["TreatMissingData"].is_string(), "{name}");
    }
    let lines: Vec<_> = source.lines().collect();
    for pair in lines.windows(2).filter(|pair| pair[1].trim().starts_with("TreatMissingData:")) {
        assert!(pair[0].trim().starts_with("# "), "no comment above `{}`", pair[1].trim());
    }
}

#[test]
fn parameters_are_used_and_the_guide_lists_their_defaults() {
    let template = yaml("telemetry/alarms.yaml").remove(0);
    let (resources, guide) = (template["Resources"].to_string(), text("telemetry/README.md"));
    for (name, parameter) in template["Parameters"].as_object().unwrap() {
        let used = [format!("{{\"Ref\":\"{name}\"}}"), format!("${{{name}}}")];
        assert!(used.iter().any(|used| resources.contains(used)), "nothing uses {name}");
        if let Some(default) = parameter["Default"].as_u64() {
            assert!(guide.contains(&format!("`{name}` ({default})")), "README.md has no `{name}` ({default})");
        }
    }
}
