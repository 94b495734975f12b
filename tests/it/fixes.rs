//! What fixes make of programs: the fixed texts of pages and cases, and of a whole corpus.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use pyrelint_lints::RULES;
use pyrelint_lints::rules::FixAvailability;

use crate::markdown::{self, Document, Project};
use crate::support;

/// All pages and cases, with the code of the rule that a page is about.
fn documents() -> Vec<(String, Option<&'static str>, Document)> {
    let root = support::root();
    let families = fs::read_dir(root.join("lints/src/rules")).expect("readable").map(|entry| entry.expect("readable").path());
    let folders = families.filter(|path| path.is_dir()).chain([root.join("tests/mdtest")]);
    let files = folders.flat_map(|folder| fs::read_dir(folder).expect("readable")).map(|entry| entry.expect("readable").path());
    let mut files: Vec<PathBuf> = files.filter(|path| path.extension().is_some_and(|extension| extension == "md")).collect();
    files.sort();
    let name = |path: &Path| path.file_name().expect("a file").to_string_lossy().into_owned();
    let rule = |path: &Path| RULES.iter().find(|rule| name(path) == format!("{}.md", rule.name.replace('-', "_"))).map(|rule| rule.code);
    files.iter().map(|path| (name(path), rule(path).filter(|_| !path.starts_with(root.join("tests"))), markdown::read(path))).collect()
}

/// The flags that select what a document is about.
fn selection(rule: Option<&'static str>) -> Vec<&'static str> {
    match rule {
        // A rule about suppressions judges what the others find, so all run there.
        Some(code) if code < "RL1" => vec!["--extend-select", code],
        Some(code) => vec!["--select", code],
        None => Vec::new(),
    }
}

fn fix(folder: &Path, flags: &[&str]) {
    let arguments: Vec<&str> = ["--fix", "--exit-zero", "-q"].into_iter().chain(flags.iter().copied()).chain(["."]).collect();
    let output = support::run(folder, &arguments);
    assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
}

fn check(project: &Project, flags: &[&str], unsafe_fixes: bool) -> Vec<String> {
    let folder = tempfile::tempdir().expect("a folder can be made");
    project.write(folder.path());
    let findings = |fixable: bool| {
        let arguments: Vec<&str> =
            ["--output-format", "json", "--exit-zero", "-q"].into_iter().chain(flags.iter().copied()).chain(["."]).collect();
        let output = support::run(folder.path(), &arguments);
        let found: Vec<serde_json::Value> = serde_json::from_slice(&output.stdout).expect("JSON");
        let applies = |entry: &&serde_json::Value| entry["fix"]["applicability"] == "safe" || unsafe_fixes && !entry["fix"].is_null();
        if fixable { found.iter().filter(applies).count() } else { found.len() }
    };
    let (all, fixable) = (findings(false), findings(true));
    let flags: Vec<&str> = flags.iter().copied().chain(unsafe_fixes.then_some("--unsafe-fixes")).collect();
    fix(folder.path(), &flags);
    let read = |name: &str| fs::read_to_string(folder.path().join(name)).expect("the file is there");
    let mut problems = Vec::new();
    for block in &project.blocks {
        let Some(expected) = (if unsafe_fixes { &block.fixed } else { &block.fixed_safely }) else { continue };
        let text = read(&block.name);
        if text != *expected {
            problems.push(format!("line {}: {} becomes\n{text}", block.first_line, block.name));
        }
        if block.text == *expected {
            problems.push(format!("line {}: nothing is fixed", block.first_line));
        }
    }
    if findings(true) != 0 || findings(false) > all - fixable {
        problems.push(format!("of {all} findings {fixable} had fixes, and {} are left", findings(false)));
    }
    let once: Vec<String> = project.blocks.iter().map(|block| read(&block.name)).collect();
    fix(folder.path(), &flags);
    if once != project.blocks.iter().map(|block| read(&block.name)).collect::<Vec<_>>() {
        problems.push("a second run changes more".to_owned());
    }
    problems
}

#[test]
fn pages_and_cases_are_fixed_as_they_say() {
    let mut problems = Vec::new();
    let mut cases = 0;
    for (name, rule, document) in documents() {
        for project in &document.projects {
            for (unsafe_fixes, wanted) in [
                (true, project.blocks.iter().any(|block| block.fixed.is_some())),
                (false, project.blocks.iter().any(|block| block.fixed_safely.is_some())),
            ] {
                if wanted {
                    cases += 1;
                    let found = check(project, &selection(rule), unsafe_fixes);
                    problems.extend(found.into_iter().map(|line| format!("{name} [{}]: {line}", project.heading)));
                }
            }
        }
    }
    println!("{cases} fixed texts");
    assert!(problems.is_empty(), "{}", problems.join("\n"));
}

#[test]
fn pages_show_what_the_rules_fix() {
    for (name, rule, document) in documents() {
        let Some(rule) = rule.and_then(|code| RULES.iter().find(|rule| rule.code == code)) else { continue };
        let shown =
            document.projects.iter().flat_map(|project| &project.blocks).any(|block| block.fixed.is_some() || block.fixed_safely.is_some());
        assert_eq!(shown, rule.fix != FixAvailability::None, "{name}: a page shows a fixed text where the rule has fixes");
    }
}

/// The findings that have fixes, counted by file and rule.
fn fixable(folder: &Path) -> BTreeMap<(String, String), usize> {
    let output = support::run(
        folder,
        &["--isolated", "--target-version", "3.12", "--select", "ALL", "--exit-zero", "--output-format", "json", "-q", "."],
    );
    let found: Vec<serde_json::Value> = serde_json::from_slice(&output.stdout).expect("JSON");
    let mut counts = BTreeMap::new();
    let text = |entry: &serde_json::Value, key: &str| entry[key].as_str().unwrap_or_default().to_owned();
    for entry in found.iter().filter(|entry| !entry["fix"].is_null()) {
        *counts.entry((text(entry, "path"), text(entry, "code"))).or_default() += 1;
    }
    counts
}

/// Prints the files that do not parse, one on each line.
const PARSE: &str = r"
import ast, pathlib, warnings
warnings.simplefilter('ignore')
for path in sorted(pathlib.Path('.').rglob('*.py')):
    try:
        ast.parse(path.read_bytes(), str(path))
    except (SyntaxError, ValueError, RecursionError):
        print(path)
";

fn unparsable(folder: &Path) -> String {
    let output = Command::new(support::python()).current_dir(folder).args(["-c", PARSE]).output().expect("Python starts");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).into_owned()
}

#[test]
fn development_corpus() {
    let Some(corpus) = support::corpus() else {
        return support::skipped("fixes::development_corpus", "the development corpus has not been fetched");
    };
    let folder = tempfile::tempdir().expect("a folder can be made");
    let copied = Command::new("cp").arg("-r").arg(&corpus).arg(folder.path().join("corpus")).status().expect("cp starts");
    assert!(copied.success());
    let folder = folder.path().join("corpus");
    let (before, broken) = (fixable(&folder), unparsable(&folder));
    let flags = ["--isolated", "--target-version", "3.12", "--select", "ALL", "--unsafe-fixes"];
    fix(&folder, &flags);
    assert_eq!(unparsable(&folder), broken, "files that parsed do not parse any more");
    let after = fixable(&folder);
    assert!(after.is_empty(), "these were not fixed: {after:?}");
    let output = support::run(&folder, &[&["--diff", "."][..], &flags].concat());
    assert_eq!(String::from_utf8_lossy(&output.stdout), "", "a second run changes more");
    let count: usize = before.values().sum();
    println!("{count} findings fixed in {} files", before.keys().map(|(path, _)| path).collect::<std::collections::BTreeSet<_>>().len());
    assert!(count > 30, "only {count} findings had fixes");
}
