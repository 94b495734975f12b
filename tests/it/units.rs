//! Units of systemd: what systemd's own check says of keys and sections, and what the program does; and the units of Debian's packages.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

use crate::support;

/// Assignments, each in a unit that is otherwise right, with the rule that reports where systemd ignores them. The line in question is that with
/// the assignment; `{}` in a template of [`unit`] stands for it.
const RESTART: &[&str] = &[
    "Restart=always",
    "Restart = always",
    "Restart=\talways",
    "  Restart=always",
    "Restart=always ",
    "restart=always",
    "RESTART=always",
    "Restart:always",
    "Restart always",
    "Restart=Always",
    "Restart=\"always\"",
    "Restart=always # whatever happens",
    "Restart=always; really",
    "Restart=yes",
    "Restart=on-error",
    "Restart==always",
    "# Restart=always",
    "; Restart=always",
    "  # Restart=always",
    "Restart=\\\nalways",
    "Restart=\\\n# in between\nalways",
    "Restart=no\nRestart=always",
    "Restart=always\nRestart=",
    "Restart=always\nRestart=sometimes",
    "[Install]\nRestart=always",
    "[Unit]\nRestart=always",
    "[service]\nRestart=always",
    "[X-Other]\nRestart=always",
    "[Unit]\nAfter=a.service\n[Service]\nRestart=always",
    "Nonsense\nRestart=always",
    "=\nRestart=always",
];
const DELAY: &[&str] = &[
    "RestartSec=5",
    "RestartSec=5s",
    "RestartSec=5 s",
    "RestartSec=1min 30s",
    "RestartSec=2h30",
    "RestartSec=1.5",
    "RestartSec=infinity",
    "RestartSec=soon",
    "RestartSec=5x",
    "RestartSec=-5",
    "RestartSec=5,5",
    "RestartSec=5 # seconds",
    "RestartSecs=5",
    "RestartSec=5\nRestartSec=later",
    "RestartSec=\n",
];
const LIMIT: &[&str] = &[
    "StartLimitIntervalSec=0",
    "StartLimitInterval=0",
    "StartLimitIntervalSec=0s",
    "StartLimitIntervalSec=none",
    "StartLimitBurst=0",
    "StartLimitBurst=-1",
    "StartLimitIntervalSecs=0",
];

/// The unit in which an assignment is tried.
fn unit(code: &str, assignment: &str) -> String {
    let command = "ExecStart=/usr/bin/python3 -m app\n";
    match code {
        "RL401" => format!("[Unit]\nStartLimitIntervalSec=0\n[Service]\nRestartSec=5\n{command}{assignment}\n"),
        "RL402" => format!("[Unit]\nStartLimitIntervalSec=0\n[Service]\nRestart=always\n{command}{assignment}\n"),
        _ => format!("[Unit]\n{assignment}\n[Service]\nRestart=always\nRestartSec=1\n{command}"),
    }
}

/// The codes that the program reports.
fn codes(folder: &Path) -> Vec<String> {
    let output = support::run(folder, &["--isolated", "--select", "RL4", "--exit-zero", "--output-format", "json", "-q", "."]);
    let found: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    found.as_array().expect("an array").iter().map(|entry| entry["code"].as_str().expect("a code").to_owned()).collect()
}

/// Whether systemd itself takes the last thing that the assignment wants: what it ignores it says, with the line.
fn is_taken(folder: &Path, text: &str, assignment: &str) -> bool {
    let output = Command::new("systemd-analyze").args(["verify", "--recursive-errors=no", "./app.service"]).current_dir(folder).output();
    let stderr = String::from_utf8_lossy(&output.expect("it starts").stderr).into_owned();
    let first = text[..text.find(assignment).expect("it is there")].matches('\n').count() + 1;
    let lines: Vec<&str> = assignment.lines().collect();
    // The line of the assignment that counts: the first line of the last one that is no comment.
    let wanted = ["Restart", "StartLimit"];
    let is_it = |line: &&str| wanted.iter().any(|key| line.trim_start().to_ascii_lowercase().starts_with(&key.to_ascii_lowercase()));
    let Some(index) = lines.iter().rposition(is_it) else { return false };
    let ignored = |index: usize| stderr.contains(&format!("app.service:{}:", first + index));
    if ignored(index) {
        // The one before it counts, where there is one of the same key.
        return lines[..index].iter().rposition(is_it).is_some_and(|index| !ignored(index));
    }
    // Of sections that it does not know systemd says so at their headers; those named X-... are for others, and it says nothing (systemd.unit(5)).
    let section = lines[..index].iter().rposition(|line| line.trim_start().starts_with('['));
    if section.is_some_and(|at| ignored(at) || lines[at].starts_with("[X-")) {
        return false;
    }
    // An empty value takes the key back to its default.
    let value = lines[index].split_once('=').map(|(_, value)| value.trim());
    value != Some("") && !stderr.lines().any(|line| line.contains("Invalid section header"))
}

#[test]
fn assignments_count_as_for_systemd() {
    if !support::is_installed("systemd-analyze") {
        return support::skipped("assignments_count_as_for_systemd", "systemd-analyze is not installed");
    }
    let mut problems = Vec::new();
    let mut tried = 0;
    for (code, assignments) in [("RL401", RESTART), ("RL402", DELAY), ("RL403", LIMIT)] {
        for assignment in assignments {
            let folder = tempfile::tempdir().expect("a folder can be made");
            let text = unit(code, assignment);
            fs::write(folder.path().join("app.service"), &text).expect("files can be written");
            let (taken, reported) = (is_taken(folder.path(), &text, assignment), codes(folder.path()).iter().any(|found| found == code));
            tried += 1;
            if taken == reported {
                problems.push(format!("{assignment:?}: systemd takes it: {taken}; {code} is reported: {reported}"));
            }
        }
    }
    println!("{tried} variants");
    assert!(tried >= 40, "only {tried} variants");
    assert!(problems.is_empty(), "{}", problems.join("\n"));
}

/// Where `tests/run` puts the units and programs of Debian's packages.
fn debian() -> Option<PathBuf> {
    let folder = support::root().join("target/units");
    folder.is_dir().then_some(folder)
}

#[test]
fn units_of_debian_packages() {
    let Some(folder) = debian() else {
        return support::skipped("units_of_debian_packages", "the packages were not fetched from Debian (tests/run does so)");
    };
    let table = fs::read_to_string(support::root().join("tests/corpus/units.toml")).expect("the table is there");
    let table: BTreeMap<String, BTreeMap<String, Vec<String>>> = toml::from_str(&table).expect("a table of packages and units");
    let (mut problems, mut judged) = (Vec::new(), 0);
    for (package, units) in &table {
        let here = folder.join(package);
        if !here.is_dir() {
            support::skipped("units_of_debian_packages", &format!("Debian has no package {package} here"));
            continue;
        }
        let output = support::run(&here, &["--isolated", "--select", "RL4", "--exit-zero", "--output-format", "json", "-q", "."]);
        let found: Value = serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{package}: {error}"));
        let mut by_unit: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for entry in found.as_array().expect("an array") {
            let name = entry["path"].as_str().and_then(|path| path.rsplit('/').next()).expect("a path");
            by_unit.entry(name.to_owned()).or_default().push(entry["code"].as_str().expect("a code").to_owned());
        }
        for unit in units.keys().chain(by_unit.keys()).collect::<std::collections::BTreeSet<_>>() {
            let (expected, reported) = (units.get(unit).cloned().unwrap_or_default(), by_unit.get(unit).cloned().unwrap_or_default());
            judged += 1;
            if expected != reported {
                problems.push(format!("{package}: {unit}: {reported:?}, not {expected:?}"));
            }
        }
    }
    println!("{judged} units of {} packages", table.len());
    assert!(problems.is_empty(), "{}", problems.join("\n"));
}
