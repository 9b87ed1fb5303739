//! Every key exists in every language, and times and money read as people write them.

use std::collections::BTreeSet;

use super::*;

const GERMAN: Words = Words::speaking(Language::German);
const ENGLISH: Words = Words::speaking(Language::English);

fn keys(folder: &str) -> BTreeSet<String> {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
    let texts = std::fs::read_dir(folder)
        .expect("locale folder")
        .map(|file| std::fs::read_to_string(file.expect("file").path()).expect("text"));
    let lines: Vec<String> = texts.flat_map(|text| text.lines().map(str::to_owned).collect::<Vec<_>>()).collect();
    lines
        .iter()
        .filter(|line| line.starts_with(|first: char| first.is_ascii_lowercase()))
        .filter_map(|line| line.split_once('=').map(|(key, _)| key.trim().to_owned()))
        .collect()
}

/// A key in two files stops every page.
#[test]
fn texts_load() {
    assert!(!GERMAN.t("desk-title").is_empty() && !ENGLISH.t("desk-title").is_empty());
}

#[test]
fn both_languages_have_the_same_keys() {
    assert_eq!(keys("locales/de"), keys("locales/en"));
}

/// Every `t("…")`, `n("…"`, `with("…"` of templates and sources names a key that exists.
#[test]
fn every_used_key_exists() {
    fn visit(folder: &std::path::Path, known: &BTreeSet<String>, missing: &mut BTreeSet<String>) {
        for entry in std::fs::read_dir(folder).expect("folder") {
            let path = entry.expect("entry").path();
            if path.is_dir() {
                visit(&path, known, missing);
                continue;
            }
            let text = std::fs::read_to_string(&path).expect("text");
            for call in ["t(\"", "n(\"", "num(\"", "with(\""] {
                for (at, _) in text.match_indices(call) {
                    let before = text[..at].chars().next_back();
                    let key: String = text[at + call.len()..].chars().take_while(|c| *c != '"').collect();
                    let is_ours = before == Some('.') && key.contains(|c: char| c.is_ascii_lowercase());
                    if is_ours && !key.contains(['{', '/', '_', ' ', ':', ';']) && !known.contains(&key) {
                        missing.insert(format!("{}: {key}", path.display()));
                    }
                }
            }
        }
    }
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    let (known, mut missing) = (keys("locales/de"), BTreeSet::new());
    visit(&root.join("templates"), &known, &mut missing);
    visit(&root.join("src/routes"), &known, &mut missing);
    assert!(missing.is_empty(), "{missing:#?}");
}

#[test]
fn figures_in_both_languages() {
    assert_eq!(GERMAN.cents(850), "8,50\u{a0}€");
    assert_eq!(ENGLISH.cents(-1205), "−€12.05");
    let at = DateTime::from_timestamp(1_795_863_600, 0).expect("in range");
    assert_eq!(GERMAN.date(in_halle(at)), "Samstag, 28. November");
    assert_eq!(ENGLISH.date(in_halle(at)), "Saturday, 28 November");
    assert_eq!(GERMAN.clock(at), "12:00");
}

#[test]
fn the_browser_s_language() {
    assert_eq!(Language::wanted("en-GB,en;q=0.9,de;q=0.8"), Language::English);
    assert_eq!(Language::wanted("fr,de;q=0.5,en;q=0.4"), Language::German);
    assert_eq!(Language::wanted("fr"), Language::German);
    assert_eq!(Language::wanted(""), Language::German);
    assert_eq!(Language::wanted("ü,;q=x"), Language::German);
}
