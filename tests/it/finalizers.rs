//! What is found of all finalizers of the development corpus, and what is missed: a table that a person made from the code.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use serde_json::Value;

use crate::support;

/// A finalizer: its file below the corpus, and its class.
type Key = (String, String);

/// The rules that report each finalizer.
type Reports = BTreeMap<Key, BTreeSet<String>>;

/// A row of the table.
struct Row {
    expected: BTreeSet<String>,
    found: BTreeSet<String>,
}

/// Reads `tests/corpus/finalizers.toml`, whose first lines say what the keys mean.
fn table() -> BTreeMap<Key, Row> {
    let text = std::fs::read_to_string(support::root().join("tests/corpus/finalizers.toml")).expect("the table is there");
    let table: toml::Table = toml::from_str(&text).expect("the table is TOML");
    let rows = table["finalizer"].as_array().expect("rows");
    let mut found = BTreeMap::new();
    for row in rows {
        let text = |key: &str| row.get(key).and_then(|value| value.as_str()).unwrap_or_else(|| panic!("{row} has no {key}")).to_owned();
        let codes = |key: &str| -> BTreeSet<String> {
            let codes = row.get(key).and_then(|value| value.as_array()).unwrap_or_else(|| panic!("{row} has no {key}"));
            codes.iter().map(|code| code.as_str().expect("a code").to_owned()).collect()
        };
        let key = (format!("{}/{}", text("package"), text("file")), text("class"));
        assert!(!text("does").is_empty(), "{key:?}: what does it do?");
        let entry = Row { expected: codes("expected"), found: codes("found") };
        let why = row.get("why").is_some();
        assert_eq!(why, entry.expected != entry.found, "{key:?}: a row says why if and only if it differs from what is expected");
        assert!(found.insert(key.clone(), entry).is_none(), "{key:?}: two rows");
    }
    found
}

/// The files and lines of the corpus where a `__del__` is defined.
fn definitions(folder: &Path, corpus: &Path, found: &mut BTreeSet<(String, u64)>) {
    for entry in std::fs::read_dir(folder).expect("readable") {
        let path = entry.expect("readable").path();
        if path.is_dir() {
            definitions(&path, corpus, found);
        } else if path.extension().is_some_and(|extension| extension == "py") {
            let text = String::from_utf8_lossy(&std::fs::read(&path).expect("readable")).into_owned();
            let name = path.strip_prefix(corpus).expect("inside").to_string_lossy().into_owned();
            let is_definition = |line: &str| line.trim_start().trim_start_matches("async ").starts_with("def __del__(");
            found.extend((1..).zip(text.lines()).filter(|(_, line)| is_definition(line)).map(|(number, _)| (name.clone(), number)));
        }
    }
}

/// The rules that report each finalizer, by its class and by its place.
fn reported(corpus: &Path) -> (Reports, BTreeSet<(String, u64)>) {
    let arguments = ["--isolated", "--select", "RL1", "--output-format", "json", "--exit-zero", "--no-respect-gitignore", "."];
    let output = support::run(corpus, &arguments);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let reports: Vec<Value> = serde_json::from_slice(&output.stdout).expect("JSON");
    let place = |value: &Value| (value["path"].as_str().expect("a path").to_owned(), value["line"].as_u64().expect("a line"));
    let mut classes = BTreeMap::new();
    for report in reports.iter().filter(|report| report["code"] == "RL110") {
        let name = report["message"].as_str().and_then(|text| text.strip_prefix('`')?.split_once(".__del__`")).expect("a class").0;
        classes.insert(place(report), name.to_owned());
    }
    let mut found = Reports::new();
    for report in &reports {
        let related = report["related"].as_array().expect("an array").iter().map(place);
        let (own, code) = (place(report), report["code"].as_str().expect("a code"));
        // A cycle is reported where it is closed, and names the finalizer.
        let places: Vec<_> = if classes.contains_key(&own) { vec![own] } else { related.collect() };
        for place in places {
            let Some(class) = classes.get(&place) else { continue };
            let codes = found.entry((place.0, class.clone())).or_default();
            if code != "RL110" {
                codes.insert(code.to_owned());
            }
        }
    }
    (found, classes.into_keys().collect())
}

#[test]
fn the_table_of_the_corpus_is_true() {
    let rows = table();
    assert!(rows.len() > 80, "only {} rows", rows.len());
    let Some(corpus) = support::corpus() else {
        return support::skipped("finalizers::the_table_of_the_corpus_is_true", "the development corpus has not been fetched");
    };
    let (reports, places) = reported(&corpus);
    let mut defined = BTreeSet::new();
    definitions(&corpus, &corpus, &mut defined);
    assert_eq!(places, defined, "RL110 names every `__del__`");
    let problems: Vec<String> = rows.keys().chain(reports.keys()).filter_map(|key| problem(key, rows.get(key), reports.get(key))).collect();
    let problems: BTreeSet<String> = problems.into_iter().collect();
    assert!(problems.is_empty(), "{}", problems.into_iter().collect::<Vec<_>>().join("\n"));
    let count = |codes: &dyn Fn(&Row) -> usize| rows.values().map(codes).sum::<usize>();
    let (expected, met) = (count(&|row| row.expected.len()), count(&|row| row.expected.intersection(&row.found).count()));
    let beyond = count(&|row| row.found.difference(&row.expected).count());
    println!("{} finalizers: {met} of {expected} expected findings, {beyond} others", rows.len());
}

/// Where the table and the program differ about a finalizer.
fn problem(key: &Key, row: Option<&Row>, reported: Option<&BTreeSet<String>>) -> Option<String> {
    match (row, reported) {
        (Some(row), Some(codes)) if row.found == *codes => None,
        (Some(row), Some(codes)) => Some(format!("{key:?}: the table says {:?}, the program {codes:?}", row.found)),
        (None, _) => Some(format!("{key:?}: no row")),
        (_, None) => Some(format!("{key:?}: no such finalizer")),
    }
}
