//! The project keeps its own rules: the lists agree, messages follow the conventions, knowledge is true.

use std::fs;
use std::process::Command;

use pyrelint_lints::{RULES, Severity};

use crate::support;

#[test]
fn the_readme_lists_every_rule() {
    let readme = fs::read_to_string(support::root().join("README.md")).expect("there is a README");
    for rule in RULES {
        let severity = match rule.severity {
            Severity::Error => "error",
            Severity::Warning => "warning",
            Severity::Info => "info",
        };
        let default = if rule.default { "on" } else { "off" };
        let row = format!("| {} | [`{}`](", rule.code, rule.name);
        let line = readme.lines().find(|line| line.starts_with(&row)).unwrap_or_else(|| panic!("the README has no row for {rule}"));
        let path = line.split("](").nth(1).and_then(|rest| rest.split(')').next()).unwrap_or_default();
        assert!(support::root().join(path).is_file(), "{rule}: no such page: {path}");
        assert!(line.ends_with(&format!("| {severity} | {default} |")), "{rule}: {line}");
        assert!(line.contains(rule.summary().trim_end_matches('.')), "{rule}: the README's row is not the page's first sentence: {line}");
    }
}

#[test]
fn messages_follow_the_conventions() {
    // What the examples of all pages and cases make the program say.
    let folder = tempfile::tempdir().expect("a folder can be made");
    let mut documents = Vec::new();
    for rule in RULES {
        let file = format!("{}.md", rule.name.replace('-', "_"));
        for family in fs::read_dir(support::root().join("lints/src/rules")).expect("readable") {
            let path = family.expect("readable").path().join(&file);
            if path.is_file() {
                documents.push(crate::markdown::read(&path));
            }
        }
    }
    let projects: Vec<_> = documents.iter().flat_map(|document| &document.projects).collect();
    for (index, project) in projects.iter().enumerate() {
        project.write(&folder.path().join(index.to_string()));
    }
    let output = support::run(folder.path(), &["--isolated", "--select", "ALL", "--exit-zero", "--output-format", "json", "-q", "."]);
    let found: Vec<serde_json::Value> = serde_json::from_slice(&output.stdout).expect("JSON");
    assert!(found.len() > 100, "only {} findings", found.len());
    for entry in found {
        let message = entry["message"].as_str().expect("a message");
        assert!(!message.ends_with('.'), "{message}");
        assert!(message.len() < 300, "{message}");
        let code = entry["code"].as_str().expect("a code");
        // RL0xx speak of the file or of the comment.
        assert!(message.contains('`') || code < "RL1", "{code} names nothing: {message}");
        if let Some(help) = entry["help"].as_str() {
            assert!(!help.ends_with('.'), "{help}");
            assert!(help.starts_with(|first: char| first.is_lowercase() || first == '`'), "{help}");
        }
        for related in entry["related"].as_array().expect("related places") {
            assert!(!related["message"].as_str().expect("a message").ends_with('.'), "{related}");
        }
    }
}

#[test]
fn the_library_knowledge_is_true_of_the_standard_library() {
    let output = Command::new(support::python())
        .arg(support::root().join("tests/knowledge/check.py"))
        .arg(support::root().join("lints/src/effects/knowledge"))
        .output()
        .expect("Python starts");
    let text = String::from_utf8_lossy(&output.stdout);
    println!("{text}");
    assert!(output.status.success(), "{text}{}", String::from_utf8_lossy(&output.stderr));
}
