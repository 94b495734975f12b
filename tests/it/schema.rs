//! The schema of the configuration and what is made from it: checked in, current, and true of the program.

use std::fs;

use pyrelint::config::{reference, schema};
use serde_json::Value;

use crate::support;

/// Compares a file that is made by the program with what it would be now; `PYRELINT_UPDATE=1` writes it.
#[track_caller]
fn is_current(file: &str, expected: &str) {
    let path = support::root().join(file);
    if std::env::var_os("PYRELINT_UPDATE").is_some() {
        fs::write(&path, expected).expect("the file can be written");
    }
    let found = fs::read_to_string(&path).unwrap_or_default();
    let different = found.lines().zip(expected.lines()).position(|(found, expected)| found != expected);
    assert!(
        found == expected,
        "{file} is not current (line {}): run `PYRELINT_UPDATE=1 cargo test --test it schema`",
        different.unwrap_or_else(|| found.lines().count().min(expected.lines().count())) + 1
    );
}

#[test]
fn the_schema_is_current() {
    let output = support::run(&support::root(), &["config", "schema"]);
    assert!(output.status.success());
    is_current("pyrelint.schema.json", &String::from_utf8_lossy(&output.stdout));
}

#[test]
fn the_reference_is_current() {
    let file = "docs/configuration.md";
    let page = fs::read_to_string(support::root().join(file)).expect("there is a page");
    let (before, rest) = page.split_once("<!-- reference -->\n").expect("the reference has a beginning");
    let (_, after) = rest.split_once("<!-- end of reference -->").expect("the reference has an end");
    let text = reference::markdown(&schema::schema());
    is_current(file, &format!("{before}<!-- reference -->\n\n{text}<!-- end of reference -->{after}"));
}

#[test]
fn every_key_is_described() {
    let schema = schema::schema().to_value();
    let tables = std::iter::once(&schema).chain(schema["definitions"].as_object().expect("definitions").values());
    let found: Vec<(&String, &Value)> = tables.filter_map(|table| table["properties"].as_object()).flatten().collect();
    assert!(found.len() > 30, "only {} keys", found.len());
    for (key, option) in found {
        if option["$ref"] == "#/definitions/Severity" {
            // A key of `severity`: a rule.
            continue;
        }
        let description = option["description"].as_str().unwrap_or_else(|| panic!("{key} is not described"));
        assert!(description.ends_with('.'), "{key}: {description}");
    }
}

/// A configuration file that gives every key of a table of the schema the value that `choose` takes from its schema.
fn written(schema: &Value, choose: impl Fn(&Value) -> Option<Value>) -> String {
    let pick = |table: &Value| -> serde_json::Map<String, Value> {
        let options = table["properties"].as_object().expect("keys").iter();
        options.filter_map(|(key, option)| Some((key.clone(), choose(option)?))).collect()
    };
    let mut all = pick(schema);
    all.insert("services".to_owned(), pick(&schema["definitions"]["Services"]).into());
    let rules = schema["definitions"]["RuleOptions"]["properties"].as_object().expect("rules").iter();
    let rules: serde_json::Map<String, Value> = rules
        .map(|(rule, option)| {
            let name = option["allOf"][0]["$ref"].as_str().and_then(|path| path.rsplit('/').next()).expect("a reference");
            (rule.clone(), pick(&schema["definitions"][name]).into())
        })
        .collect();
    all.insert("rules".to_owned(), rules.into());
    // It names a file that is not there.
    all.remove("extend");
    toml::to_string(&all).expect("TOML")
}

/// What `pyrelint config` says in a folder with this configuration, without the places.
fn settings(configuration: &str) -> Vec<String> {
    let folder = tempfile::tempdir().expect("a folder can be made");
    fs::write(folder.path().join("pyrelint.toml"), configuration).expect("the file can be written");
    let output = support::run(folder.path(), &["config"]);
    assert!(output.status.success(), "{}\n{configuration}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    text.lines().map(|line| line.split("  # ").next().unwrap_or_default().to_owned()).collect()
}

#[test]
fn the_defaults_of_the_schema_are_those_of_the_program() {
    let schema = schema::schema().to_value();
    let defaults = written(&schema, |option| option.get("default").cloned());
    for key in ["exclude = ", "fail-on = ", "mode = ", "minimum-delay = "] {
        assert!(defaults.contains(key), "{key}: {defaults}");
    }
    // Without what is only shown where it is written.
    let shown = |text: &str| -> Vec<String> {
        let lines = settings(text).into_iter().skip_while(|line| !line.starts_with("select"));
        lines.take_while(|line| !line.starts_with("[rules.")).filter(|line| !line.is_empty()).collect()
    };
    assert_eq!(shown(&defaults), shown(""));
}

#[test]
fn the_examples_of_the_schema_are_accepted() {
    let schema = schema::schema().to_value();
    let examples = written(&schema, |option| option["examples"].get(0).cloned());
    assert!(examples.lines().count() > 25, "{examples}");
    let shown = settings(&examples).join("\n");
    for part in ["fail-on = \"info\"", "minimum-delay = 5", "os-exit = \"warning\"", "target-version = \"3.11\"", "mode = \"all\""] {
        assert!(shown.contains(part), "{part}: {shown}");
    }
}

#[test]
fn words_of_the_schema_are_rules() {
    let schema = schema::schema().to_value();
    let rule = &schema["definitions"]["Rule"];
    let words = rule["enum"].as_array().or_else(|| rule["anyOf"][0]["enum"].as_array()).expect("words");
    let words: Vec<&str> = words.iter().filter_map(Value::as_str).collect();
    for rule in pyrelint_lints::RULES {
        assert!(words.contains(&rule.code) && words.contains(&rule.name), "{rule}");
    }
    let unknown: Vec<_> = words.iter().filter(|word| word.parse::<pyrelint::config::words::RuleWord>().is_err()).collect();
    assert!(unknown.is_empty(), "{unknown:?}");
}
