//! What may be in the dependency graph, as `deny.toml` says: licences, banned crates and sources. The rest of that file
//! (advisories, which are news from outside) is for `cargo deny check`, which `deploy/test` runs where it is installed.

use std::{path::Path, process::Command};

use serde_json::Value;
use spdx::{Expression, ParseMode};

/// Every package of the graph, with the registry's own first.
fn packages() -> Vec<Value> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let asked = Command::new(env!("CARGO"))
        .args(["metadata", "--locked", "--offline", "--format-version", "1", "--all-features"])
        .args(["--filter-platform", "x86_64-unknown-linux-gnu"])
        .current_dir(root)
        .output()
        .expect("cargo runs");
    assert!(asked.status.success(), "{}", String::from_utf8_lossy(&asked.stderr));
    let graph: Value = serde_json::from_slice(&asked.stdout).expect("JSON");
    graph["packages"].as_array().expect("packages").clone()
}

fn denied() -> toml::Table {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../deny.toml");
    std::fs::read_to_string(file).expect("deny.toml").parse().expect("TOML")
}

fn names(list: &toml::Value) -> Vec<&str> {
    list.as_array().expect("a list").iter().filter_map(toml::Value::as_str).collect()
}

/// What is wrong with a package, if anything is.
fn fault(package: &Value, licences: &[&str], banned: &[&str]) -> Option<String> {
    let name = package["name"].as_str().unwrap_or_default();
    let licence = package["license"].as_str().unwrap_or_default();
    let allowed = |wanted: &spdx::LicenseReq| wanted.license.id().is_some_and(|id| licences.contains(&id.name));
    match Expression::parse_mode(licence, ParseMode::LAX) {
        _ if banned.contains(&name) => Some(format!("{name} is banned")),
        _ if package["source"].as_str().is_some_and(|source| !source.starts_with("registry+")) => {
            Some(format!("{name} does not come from the registry: {}", package["source"]))
        }
        Err(error) => Some(format!("{name}: its licence \"{licence}\" cannot be read: {}", error.reason)),
        Ok(expression) if !expression.evaluate(allowed) => Some(format!("{name} is licensed as {licence}")),
        Ok(_) => None,
    }
}

#[test]
fn the_dependency_graph_is_what_deny_toml_allows() {
    let (packages, denied) = (packages(), denied());
    let (licences, banned) = (names(&denied["licenses"]["allow"]), names(&denied["bans"]["deny"]));
    let faults: Vec<String> = packages.iter().filter_map(|package| fault(package, &licences, &banned)).collect();
    assert!(packages.len() > 100, "only {} packages", packages.len());
    assert!(faults.is_empty(), "{faults:#?}");

    // And each rule can be broken.
    let package = |name: &str, licence: &str, source: &str| serde_json::json!({ "name": name, "license": licence, "source": source });
    let registry = "registry+there";
    assert_eq!(fault(&package("good", "MIT OR GPL-3.0-only", registry), &licences, &banned), None);
    for (name, licence, source) in [
        ("openssl-sys", "MIT", registry),
        ("gpl", "GPL-3.0-only", registry),
        ("fork", "MIT", "git+elsewhere"),
        ("none", "", registry),
    ] {
        assert!(fault(&package(name, licence, source), &licences, &banned).is_some(), "{name}");
    }
}
