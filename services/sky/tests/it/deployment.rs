//! What stands in `deploy/` for those who run the house may not promise what the program does not have: the metrics of the
//! dashboards; the variables, targets, paths and settings of the chart. Read off both sides, as text.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
};

use kernel::Settings;
use prost::Message;
use prost_types::FileDescriptorSet;
use serde_json::Value;

use crate::{architecture::sources, world::ALL};

fn deploy() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../deploy")
}

/// The files of a folder: where each is, and what is in it.
fn files(folder: &str) -> Vec<(String, String)> {
    let entries = fs::read_dir(deploy().join(folder)).expect("a folder");
    let paths = entries.map(|entry| entry.expect("an entry").path()).filter(|path| path.is_file());
    let found: Vec<_> =
        paths.map(|path| (path.display().to_string(), fs::read_to_string(&path).expect("text"))).collect();
    assert!(!found.is_empty(), "nothing in {folder}");
    found
}

fn values() -> String {
    fs::read_to_string(deploy().join("helm/values.yaml")).expect("the chart's values")
}

/// The words of a text that begin so.
fn words<'t>(text: &'t str, begin: &str) -> Vec<&'t str> {
    let words = text.split(|letter: char| !letter.is_ascii_alphanumeric() && letter != '_');
    words.filter(|word| word.starts_with(begin)).collect()
}

/// Every text with this key, however deep.
fn texts<'j>(json: &'j Value, key: &str, found: &mut Vec<&'j str>) {
    match json {
        Value::Object(fields) => {
            for (name, value) in fields {
                found.extend(value.as_str().filter(|_| name == key));
                texts(value, key, found);
            }
        }
        Value::Array(values) => values.iter().for_each(|value| texts(value, key, found)),
        _ => {}
    }
}

/// The names that /metrics gives, as the sources write them.
fn exported() -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    for service in ALL.iter().map(|service| service.name).chain(["kernel", "sky"]) {
        for source in sources(service) {
            for kind in ["counter!(", "gauge!(", "histogram!("] {
                for rest in source.text.split(kind).skip(1) {
                    let Some(name) = rest.trim_start().strip_prefix('"').and_then(|rest| rest.split('"').next()) else {
                        continue;
                    };
                    names.insert(name.to_owned());
                    if kind == "histogram!(" {
                        names.extend([format!("{name}_sum"), format!("{name}_count")]);
                    }
                }
            }
        }
    }
    names
}

fn methods() -> BTreeSet<String> {
    let descriptors = FileDescriptorSet::decode(sky_proto::DESCRIPTORS).expect("our own");
    let mut methods = BTreeSet::new();
    for file in &descriptors.file {
        for service in &file.service {
            let name = |method: &str| format!("/{}.{}/{method}", file.package(), service.name());
            methods.extend(service.method.iter().map(|method| name(method.name())));
        }
    }
    methods
}

#[test]
fn dashboards_show_only_what_is_exported() {
    let (exported, methods) = (exported(), methods());
    for (file, text) in files("dashboards") {
        let board: Value = serde_json::from_str(&text).unwrap_or_else(|error| panic!("{file}: {error}"));
        let mut asked = Vec::new();
        texts(&board, "expr", &mut asked);
        assert!(asked.len() > 10, "{file} asks for {} things", asked.len());
        for expr in asked {
            for name in words(expr, "sky_") {
                assert!(exported.contains(name), "{file}: nobody exports {name}");
            }
            for method in expr.split('"').filter(|text| text.starts_with("/sky.")) {
                assert!(methods.contains(method), "{file}: there is no {method}");
            }
        }
    }
}

/// Whether a service's sources have a setting of this name.
fn has_setting(service: &str, key: &str) -> bool {
    let field = format!("{key}: ");
    sources(service).iter().flat_map(|source| source.text.lines()).any(|line| {
        let line = line.trim_start().trim_start_matches("pub(crate) ");
        line.starts_with(&field) && line.ends_with(',')
    })
}

fn is_a_variable(name: &str) -> bool {
    let settings = toml::Table::try_from(Settings::default()).expect("a table");
    let is_service = |name: &str| ALL.iter().any(|service| service.name == name);
    let key = name.strip_prefix("SKY_").unwrap_or_default().to_lowercase();
    match key.split("__").collect::<Vec<_>>()[..] {
        [one] => settings.get(one).is_some_and(|value| !value.is_table()),
        ["peers" | "database_urls", service] => is_service(service),
        ["services", service, first, ref below @ ..] => {
            is_service(service) && has_setting(service, first) && below.iter().all(|key| has_setting(service, key))
        }
        _ => false,
    }
}

#[test]
fn the_chart_names_only_variables_that_there_are() {
    assert!(is_a_variable("SKY_SERVICES__JOURNEY__SMTP__HOST") && is_a_variable("SKY_PEERS__FLOW"));
    for none in ["SKY_GRPC_LISTN", "SKY_PEERS", "SKY_PEERS__FLWO", "SKY_SERVICES__PAYMENTS__TSE_TOKEN", "SKY_"] {
        assert!(!is_a_variable(none), "{none}");
    }
    let mut named = BTreeSet::new();
    for (file, text) in files("helm").into_iter().chain(files("helm/templates")) {
        for name in words(&text, "SKY_") {
            assert!(is_a_variable(name), "{file}: the program knows no {name}");
            named.insert(name.to_owned());
        }
    }
    for needed in ["SKY_DATABASE_URL", "SKY_NATS_URL", "SKY_IDENTITY_KEY", "SKY_TICKET_KEY"] {
        assert!(named.contains(needed), "nobody is told of {needed}");
    }
}

#[test]
fn the_chart_runs_each_service_once() {
    let values = values();
    let targets = values.lines().filter_map(|line| line.strip_prefix("  - run: "));
    let mut run: Vec<&str> = targets.flat_map(|target| target.split(',')).collect();
    run.sort_unstable();
    let mut all = ALL.map(|service| service.name);
    all.sort_unstable();
    assert_eq!(run, all);
}

/// The configuration of the chart's pods.
fn config() -> Settings {
    let values = values();
    let config = values.lines().skip_while(|line| *line != "config: |").skip(1);
    let config = config.take_while(|line| line.is_empty() || line.starts_with("  "));
    let config: Vec<&str> = config.map(|line| line.get(2..).unwrap_or_default()).collect();
    toml::from_str(&config.join("\n")).expect("a configuration")
}

/// Without them a payer does not read who is paid, and a house with a provider does not start.
#[test]
fn whom_one_pays_can_be_said_wherever_a_provider_can() {
    let chart = config();
    let compose = fs::read_to_string(deploy().join("compose.yaml")).expect("the composition");
    for name in words(&compose, "SKY_") {
        assert!(is_a_variable(name), "compose.yaml: the program knows no {name}");
    }
    for key in ["provider_url", "originator_id", "endpoint_id", "payee"] {
        assert!(chart.services["payments"].contains_key(key), "the chart has no {key}");
        let variable = format!("SKY_SERVICES__PAYMENTS__{}", key.to_uppercase());
        let handed_on = format!("      {variable}: ${{{variable}:-}}");
        assert!(compose.lines().any(|line| line == handed_on), "compose.yaml does not hand on {variable}");
    }
}

#[test]
fn the_chart_is_of_this_version_and_has_its_defaults() {
    let chart = fs::read_to_string(deploy().join("helm/Chart.yaml")).expect("the chart");
    let version = format!("appVersion: \"{}\"", env!("CARGO_PKG_VERSION"));
    assert!(chart.lines().any(|line| line == version), "{version}");

    let settings = config();
    settings.only_for(&ALL.map(|service| service.name)).expect("for services of the house");
    assert!(!settings.services.is_empty());
    for (service, own) in &settings.services {
        for key in own.keys() {
            assert!(has_setting(service, key), "[services.{service}] has no {key}");
        }
    }
    let shared = Settings { services: BTreeMap::new(), ..settings };
    assert_eq!(shared.redacted(), Settings::default().redacted(), "what the chart calls the program's own defaults");
}

/// Whether a path is this one or one below it.
fn is_below(path: &str, above: &str) -> bool {
    path.strip_prefix(above).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

#[test]
fn every_open_interface_has_a_way_in() {
    let values = values();
    let lines = values.lines().skip_while(|line| *line != "  paths:").skip(1);
    let lines = lines.map_while(|line| line.strip_prefix("    ")?.split_once(": "));
    let mut listed: BTreeMap<&str, Vec<&str>> =
        lines.map(|(service, paths)| (service, paths.trim_matches(['[', ']']).split(", ").collect())).collect();
    assert_eq!(listed.remove("portal"), Some(vec!["/"]), "all else is the portal's");
    for service in ALL.iter().map(|service| service.name).filter(|name| *name != "portal") {
        let paths = listed.remove(service).unwrap_or_default();
        let sources = sources(service);
        let texts = sources.iter().filter(|source| source.is_of("http")).map(|source| source.text.as_str());
        let routes: Vec<&str> =
            texts.flat_map(|text| text.split(".route(\"").skip(1)).filter_map(|rest| rest.split('"').next()).collect();
        for path in &paths {
            assert!(routes.iter().any(|route| is_below(route, path)), "{service} serves nothing at {path}");
        }
        for route in &routes {
            assert!(paths.iter().any(|path| is_below(route, path)), "nothing leads to {route} of {service}");
        }
    }
    assert_eq!(listed.len(), 0, "{listed:?}");
}
