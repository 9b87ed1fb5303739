//! The dependency rules of the house, read off the sources: a rule that nothing checks is a wish.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

/// Services that decide about their own things and never call each other.
const DOMAIN: [&str; 6] = ["reservations", "parking", "flow", "signage", "gastro", "payments"];
const ALL: [&str; 8] = ["reservations", "parking", "flow", "signage", "gastro", "payments", "journey", "portal"];

fn services() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// A source file: its path below the crate's `src`, and its text.
pub struct Source {
    name: String,
    pub text: String,
}

impl Source {
    /// Lines that are code, with their numbers.
    fn code(&self) -> impl Iterator<Item = (usize, &str)> {
        let lines = self.text.lines().enumerate().map(|(at, line)| (at + 1, line));
        lines.filter(|(_, line)| !line.trim_start().starts_with("//"))
    }

    pub fn is_of(&self, module: &str) -> bool {
        self.name == format!("{module}.rs") || self.name.starts_with(&format!("{module}/"))
    }

    fn is_test(&self) -> bool {
        self.name.ends_with("tests.rs") || self.name == "testing.rs"
    }
}

/// All sources of a crate.
pub fn sources(service: &str) -> Vec<Source> {
    let root = services().join(service).join("src");
    let mut found = Vec::new();
    let mut folders = vec![root.clone()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).expect("a folder of sources") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|ext| ext == "rs") {
                let name = path.strip_prefix(&root).expect("below src").to_string_lossy().into_owned();
                found.push(Source { name, text: fs::read_to_string(&path).expect("text") });
            }
        }
    }
    assert!(found.len() > 3, "{service} has sources");
    found
}

/// The lines of a service's sources for which a rule is broken, as "service/file:line: text".
fn broken(services: &[&str], rule: impl Fn(&Source, &str) -> bool) -> Vec<String> {
    let mut found = Vec::new();
    for service in services {
        for source in sources(service) {
            for (line, text) in source.code().filter(|(_, text)| rule(&source, text)) {
                found.push(format!("{service}/{}:{line}: {}", source.name, text.trim()));
            }
        }
    }
    found
}

#[test]
fn the_domain_is_pure() {
    let foreign = ["sky_proto", "sqlx", "tokio", "tonic", "async_nats", "reqwest", "axum", "tracing", "futures"];
    // What is made up or read off a clock: whoever decides is given it.
    let impure = ["Uuid::new_v4", "rand::rng(", "Instant::now", "wall_now"];
    let found = broken(&ALL, |source, line| {
        let kernel = line.contains("kernel::")
            && !line.contains("kernel::values")
            && !line.contains("kernel::ticket_code")
            && !line.contains("kernel::{values");
        let own = ["crate::store", "crate::commands", "crate::grpc", "crate::error", "crate::events"];
        source.is_of("domain")
            && !source.is_test()
            && (foreign.iter().any(|name| line.contains(&format!("{name}::")))
                || impure.iter().any(|name| line.contains(name))
                || kernel
                || own.iter().any(|name| line.contains(name)))
    });
    assert_eq!(found, [""; 0], "domain: std, chrono, uuid, serde and the kernel's values only");
}

#[test]
fn only_the_edges_name_the_contract() {
    // `lib` wires the generated server up; the payment provider speaks another contract.
    let edges = ["lib", "events", "reactions", "grpc", "http", "house"];
    let found = broken(&DOMAIN, |source, line| {
        line.contains("sky_proto") && !source.is_test() && !edges.iter().any(|edge| source.is_of(edge))
    });
    assert_eq!(found, [""; 0]);
}

#[test]
fn only_the_store_speaks_sql() {
    let found =
        broken(&ALL, |source, line| line.contains("sqlx::query") && !source.is_test() && !source.is_of("store"));
    assert_eq!(found, [""; 0]);
}

/// The functions of a service's store that write or lock, each as it is called: `sensors::record_push`.
fn writers(service: &str) -> BTreeSet<String> {
    let writes = ["insert into ", "delete from ", "for update", "for no key update", "for share"];
    let mut found = BTreeSet::new();
    for source in sources(service).into_iter().filter(|source| source.is_of("store") && !source.is_test()) {
        let module = source.name.trim_end_matches(".rs").trim_start_matches("store").trim_start_matches('/');
        let module = if module.is_empty() { String::new() } else { format!("{}::", module.replace('/', "::")) };
        for piece in source.text.split("async fn ").skip(1) {
            let name: String = piece.chars().take_while(|letter| letter.is_alphanumeric() || *letter == '_').collect();
            let body = piece.split("\n}").next().unwrap_or(piece);
            let updates = body.contains("update ") && body.contains(" set ");
            if updates || writes.iter().any(|word| body.contains(word)) {
                found.insert(format!("{module}{name}"));
            }
        }
    }
    found
}

/// Whether a source names a module of the store in its `use`.
fn imports(source: &str, module: &str) -> bool {
    let lists = source.split("store::{").skip(1).filter_map(|list| list.split_once('}'));
    let of_a_list = lists.flat_map(|(list, _)| list.split(',').map(str::trim)).any(|name| name == module);
    of_a_list || source.contains(&format!("store::{module},")) || source.contains(&format!("store::{module};"))
}

#[test]
fn the_edges_write_only_through_commands() {
    let mut known = 0;
    for service in ALL {
        let writers = writers(service);
        known += writers.len();
        let is_edge = |source: &Source| ["grpc", "http", "reactions"].iter().any(|edge| source.is_of(edge));
        let mut found = Vec::new();
        for source in sources(service).into_iter().filter(is_edge) {
            let mut calls: Vec<String> = writers.iter().map(|name| format!("store::{name}(")).collect();
            // Or by that of a module of the store that this file has imported.
            let imported = |name: &&String| name.split_once("::").is_some_and(|(it, _)| imports(&source.text, it));
            for name in writers.iter().filter(imported) {
                calls.extend([format!(" {name}("), format!("({name}(")]);
            }
            let lines = source.code().filter(|(_, line)| calls.iter().any(|call| line.contains(call)));
            found.extend(lines.map(|(at, line)| format!("{service}/{}:{at}: {}", source.name, line.trim())));
        }
        assert_eq!(found, [""; 0], "grpc, http and reactions call commands; the store only to read");
    }
    assert!(known > 100, "{known} writers were found");
}

#[test]
fn no_trait_has_one_implementation() {
    let all: Vec<(&str, Source)> = (ALL.iter().chain(&["kernel", "sky"]))
        .flat_map(|service| sources(service).into_iter().map(move |source| (*service, source)))
        .collect();
    let mut traits = 0;
    for (service, source) in &all {
        let lines = source.code().map(|(_, line)| line.trim_start());
        let named = lines.filter_map(|line| {
            line.trim_start_matches("pub(crate) ").trim_start_matches("pub ").strip_prefix("trait ")
        });
        for rest in named {
            let name: String = rest.chars().take_while(|letter| letter.is_alphanumeric()).collect();
            let is_one = |line: &str| line.starts_with("impl") && line.contains(&format!("{name} for "));
            let implementations =
                all.iter().flat_map(|(_, source)| source.text.lines()).filter(|line| is_one(line)).count();
            assert!(implementations > 1, "{service}/{}: {name} has {implementations} implementations", source.name);
            traits += 1;
        }
    }
    assert!(traits > 2, "{traits} traits");
}

#[test]
fn only_the_kernel_begins_and_commits() {
    let found =
        broken(&ALL, |_, line| line.contains(".begin(") || line.contains(".commit(") || line.contains("begin()"));
    assert_eq!(found, [""; 0]);
}

#[test]
fn time_and_tasks_come_from_the_kernel() {
    // An id of now would have another time than the house: `values::new_id` has its.
    let banned =
        ["Utc::now", "Local::now", "SystemTime::now", "now_v7", "set_var", "tokio::spawn(", "current_timestamp"];
    let found = broken(&ALL, |source, line| {
        // Of Rust it is somebody's `now()`, or the one that is written there.
        let sql_now = line.match_indices("now()").any(|(at, _)| {
            let before = &line[..at];
            !before.ends_with(['.', '_', ':']) && !before.ends_with("fn ")
        });
        !source.is_test() && (banned.iter().any(|name| line.contains(name)) || sql_now)
    });
    assert_eq!(found, [""; 0]);
    let sql: Vec<String> = ALL
        .iter()
        .flat_map(|service| fs::read_dir(services().join(service).join("migrations")).expect("migrations"))
        .map(|entry| entry.expect("an entry").path())
        .filter(|path| fs::read_to_string(path).expect("text").to_lowercase().contains("now()"))
        .map(|path| path.display().to_string())
        .collect();
    assert_eq!(sql, [""; 0], "no default may take the database's time");
}

#[test]
fn whatever_a_reaction_knows_is_heeded() {
    // What is not in a list never reaches the reaction.
    let names = |text: &str| -> BTreeSet<String> {
        let parts: Vec<&str> = text.split("::NAME").collect();
        let name = |part: &&str| part.rsplit(|letter: char| !letter.is_alphanumeric()).next().unwrap_or("").to_owned();
        parts[..parts.len() - 1].iter().map(name).collect()
    };
    let mut lists = 0;
    for service in DOMAIN.into_iter().chain(["journey"]) {
        let (mut known, mut heeded) = (BTreeSet::new(), BTreeSet::new());
        for source in sources(service).into_iter().filter(|source| source.is_of("reactions")) {
            let text = source.code().map(|(_, line)| format!("{line}\n")).collect::<String>();
            known.extend(names(&text));
            for list in text.split("const OF_").skip(1) {
                heeded.extend(names(list.split_once("];").expect("the list's end").0));
                lists += 1;
            }
        }
        let forgotten: Vec<&String> = known.difference(&heeded).collect();
        assert!(forgotten.is_empty(), "{service}: {forgotten:?} are in no OF_… of its reactions");
    }
    assert!(lists > 10, "{lists} lists were found");
}

#[test]
fn services_depend_on_kernel_and_contract_never_on_each_other() {
    for service in ALL {
        let manifest = fs::read_to_string(services().join(service).join("Cargo.toml")).expect("a manifest");
        let manifest: toml::Table = manifest.parse().expect("TOML");
        let dependencies = manifest["dependencies"].as_table().expect("dependencies");
        let siblings: Vec<&String> =
            dependencies.keys().filter(|name| ALL.contains(&name.as_str()) || *name == "sky").collect();
        assert!(siblings.is_empty(), "{service} depends on {siblings:?}");
    }
    let kernel = fs::read_to_string(services().join("kernel/Cargo.toml")).expect("a manifest");
    for service in ALL {
        assert!(!kernel.contains(&format!("\n{service}")), "the kernel knows {service}");
    }
    let found = broken(&["kernel"], |source, line| {
        line.contains("sky_proto::") && !line.contains("sky_proto::kernel") && source.name != "event.rs"
    });
    assert_eq!(found, [""; 0], "of the contract, the kernel knows its own part");
}

#[test]
fn only_journey_and_portal_call_others() {
    let found = broken(&DOMAIN, |_, line| line.contains(".transport(") || line.contains("_client::"));
    assert_eq!(found, [""; 0]);
}

#[test]
fn there_is_no_drawer_for_odds_and_ends() {
    for service in ALL.iter().chain(&["kernel", "sky"]) {
        for source in sources(service) {
            for name in ["util", "utils", "helpers", "common", "misc"] {
                assert!(!source.is_of(name), "{service}/{} says nothing of what is in it", source.name);
            }
        }
    }
}

#[test]
fn files_can_be_read_in_one_sitting() {
    let mut sizes = Vec::new();
    for service in ALL.iter().chain(&["kernel", "sky"]) {
        for source in sources(service) {
            let lines = source.text.lines().count();
            assert!(lines <= 500, "{service}/{} has {lines} lines", source.name);
            assert!(source.text.starts_with("//!"), "{service}/{} does not say what it is for", source.name);
            sizes.push(lines);
        }
    }
    sizes.sort_unstable();
    assert!(sizes[sizes.len() / 2] <= 150, "the median file has {} lines", sizes[sizes.len() / 2]);
}
