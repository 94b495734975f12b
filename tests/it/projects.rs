//! The small services of `tests/projects/`: what is reported in all their files, and what fixes make of them.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use pyrelint_lints::RULES;
use serde_json::Value;

use crate::support;

/// The rules about deployment that have no fix for what the service shows: a person must choose the versions.
pub(crate) const LEFT: &[&str] = &["RL501", "RL503", "RL504", "RL505"];

/// A copy of a service.
pub(crate) fn copy(name: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder can be made");
    copy_tree(&support::root().join("tests/projects").join(name), folder.path());
    folder
}

fn copy_tree(from: &Path, to: &Path) {
    for entry in fs::read_dir(from).expect("the service is there") {
        let path = entry.expect("readable").path();
        let target = to.join(path.file_name().expect("a name"));
        if path.is_dir() {
            fs::create_dir_all(&target).expect("folders can be made");
            copy_tree(&path, &target);
        } else {
            fs::copy(&path, &target).expect("files can be copied");
        }
    }
}

/// The texts of the files that are no Python, by their paths.
pub(crate) fn texts(folder: &Path) -> BTreeMap<PathBuf, String> {
    let names = ["Dockerfile", "requirements.txt", "systemd/relay.service", "systemd/relay-worker.service"];
    names.iter().map(|name| (PathBuf::from(name), fs::read_to_string(folder.join(name)).expect("it is there"))).collect()
}

fn codes(folder: &Path, arguments: &[&str]) -> BTreeSet<String> {
    let all = [&["--isolated", "--select", "RL4,RL5", "--exit-zero", "--output-format", "json", "-q"], arguments].concat();
    let output = support::run(folder, &all);
    let found: Value = serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{error}: {output:?}"));
    found.as_array().expect("an array").iter().map(|entry| entry["code"].as_str().expect("a code").to_owned()).collect()
}

/// The codes of the two families about deployment.
pub(crate) fn families() -> BTreeSet<String> {
    RULES.iter().map(|rule| rule.code.to_owned()).filter(|code| code.starts_with("RL4") || code.starts_with("RL5")).collect()
}

#[test]
fn a_service_shows_every_rule_about_deployment_and_fixes_repair_it() {
    let folder = copy("relay");
    assert_eq!(codes(folder.path(), &["."]), families());
    let left: BTreeSet<String> = LEFT.iter().map(|code| (*code).to_owned()).collect();
    assert_eq!(codes(folder.path(), &["--fix", "--unsafe-fixes", "."]), left);
    assert_eq!(codes(folder.path(), &["."]), left, "what was fixed is in the files");
    let texts = texts(folder.path());
    let unit = &texts[Path::new("systemd/relay.service")];
    for line in ["Restart=always", "RestartSec=5", "StartLimitIntervalSec=0", "LogsDirectory=relay", "Environment=PYTHONUNBUFFERED=1"] {
        assert!(unit.lines().any(|other| other == line), "{line}: {unit}");
    }
    assert!(texts[Path::new("Dockerfile")].contains("CMD exec python -m relay.main"), "{texts:?}");
}
