//! Every rule's page is a test: its headings, its examples, and its proof, which is run on the machine's CPython.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use pyrelint_lints::{RULES, Rule};
use serde::Deserialize;

use crate::markdown::{self, Document, Project};
use crate::support;

const HEADINGS: &[&str] = &["What it does", "Why is this bad?", "Example", "Use instead", "Proof", "Options", "Known limits", "References"];

fn page(rule: &Rule) -> (PathBuf, Document) {
    let families = fs::read_dir(support::root().join("lints/src/rules")).expect("the rules are there");
    let file = format!("{}.md", rule.name.replace('-', "_"));
    let path = families.map(|entry| entry.expect("readable").path().join(&file)).find(|path| path.is_file());
    let path = path.unwrap_or_else(|| panic!("{rule} has no page named {file}"));
    let document = markdown::read(&path);
    (path, document)
}

#[test]
fn every_page_has_its_title_and_headings() {
    for rule in RULES {
        let (path, document) = page(rule);
        assert_eq!(document.title, format!("{} ({})", rule.name, rule.code), "{}", path.display());
        assert_eq!(document.headings, HEADINGS, "{}", path.display());
        assert!(rule.summary().ends_with('.'), "{}: the first paragraph is one sentence", path.display());
    }
}

#[test]
fn examples_are_reported_as_marked_and_good_ones_are_clean() {
    let mut problems = Vec::new();
    for rule in RULES {
        let (path, document) = page(rule);
        let name = path.file_name().expect("a file").to_string_lossy().into_owned();
        for project in &document.projects {
            let folder = tempfile::tempdir().expect("a folder can be made");
            project.write(folder.path());
            // A rule about suppressions judges what the others find, so all run there.
            let selection = if rule.code < "RL1" { ["--extend-select", rule.code] } else { ["--select", rule.code] };
            let reports = support::reports(folder.path(), &selection, &project.blocks).into_iter();
            let reports: Vec<_> = reports.filter(|report| report.code == rule.code).collect();
            if matches!(project.heading.as_str(), "Use instead") && !project.marks().is_empty() {
                problems.push(format!("{name}: a good example has marks"));
            }
            problems
                .extend(markdown::differences(project, reports).into_iter().map(|line| format!("{name} [{}]: {line}", project.heading)));
        }
        let bad = document.projects.iter().any(|project| project.heading == "Example" && !project.marks().is_empty());
        if !bad && rule.code != "RL003" {
            problems.push(format!("{name}: no example is marked"));
        }
    }
    assert!(problems.is_empty(), "{}", problems.join("\n"));
}

/// The claims of a page, as TOML.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Proof {
    run: Vec<Run>,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
struct Run {
    command: Option<Vec<String>>,
    shell: Option<String>,
    exit: i32,
    stdout: Option<String>,
    #[serde(default)]
    stdout_contains: Vec<String>,
    #[serde(default)]
    stdout_lacks: Vec<String>,
    stderr: Option<String>,
    #[serde(default)]
    stderr_contains: Vec<String>,
    #[serde(default)]
    stderr_lacks: Vec<String>,
    #[serde(default)]
    creates: Vec<String>,
    #[serde(default)]
    creates_not: Vec<String>,
    python: Option<String>,
    /// A program without which the claim cannot be run.
    needs: Option<String>,
    #[serde(default)]
    env: BTreeMap<String, String>,
    #[serde(default)]
    stdin: String,
    #[serde(default = "twenty")]
    timeout: u64,
}

fn twenty() -> u64 {
    20
}

#[test]
fn proofs_hold_on_this_machines_python() {
    let python = support::python();
    let version = support::python_version(&python);
    let mut problems = Vec::new();
    let (mut held, mut elsewhere) = (0, Vec::new());
    for rule in RULES {
        let (path, document) = page(rule);
        let proofs: Vec<&Project> = document.projects.iter().filter(|project| project.proof.is_some()).collect();
        if proofs.is_empty() && rule.code >= "RL1" {
            problems.push(format!("{}: no proof", path.display()));
        }
        for project in proofs {
            let proof: Proof =
                toml::from_str(project.proof.as_deref().unwrap_or_default()).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
            for run in &proof.run {
                let name = run.shell.clone().or_else(|| run.command.as_ref().map(|words| words.join(" "))).unwrap_or_default();
                if !run.python.as_deref().is_none_or(|wanted| support::version_matches(version, wanted)) {
                    elsewhere.push(format!("{}: `{name}` is about Python {}", rule.name, run.python.as_deref().unwrap_or_default()));
                    continue;
                }
                if let Some(program) = run.needs.as_deref().filter(|program| !support::is_installed(program)) {
                    support::skipped(&format!("a proof of {}", rule.name), &format!("{program} is not installed"));
                    continue;
                }
                held += 1;
                problems.extend(prove(project, run, &python).into_iter().map(|line| format!("{}: `{name}`: {line}", rule.name)));
            }
        }
    }
    println!("{held} runs on Python {}.{}; not applicable there: {}", version.0, version.1, elsewhere.len());
    for line in &elsewhere {
        println!("  not applicable: {line}");
    }
    assert!(held > 50, "only {held} proofs were run");
    assert!(problems.is_empty(), "{}", problems.join("\n"));
}

/// Runs one claim in a fresh folder and says what differs.
fn prove(project: &Project, run: &Run, python: &Path) -> Vec<String> {
    let folder = tempfile::tempdir().expect("a folder can be made");
    project.write(folder.path());
    // `python3` in a shell line means the same interpreter as in a command.
    let shadow = tempfile::tempdir().expect("a folder can be made");
    std::os::unix::fs::symlink(python, shadow.path().join("python3")).expect("a link can be made");
    let path = format!("{}:{}", shadow.path().display(), std::env::var("PATH").unwrap_or_default());
    let mut command = match (&run.command, &run.shell) {
        (Some(words), None) => {
            let mut command = Command::new(if words[0] == "python3" { python.as_os_str() } else { words[0].as_ref() });
            command.args(&words[1..]);
            command
        }
        (None, Some(line)) => {
            let mut command = Command::new("sh");
            command.args(["-c", line]);
            command
        }
        _ => return vec!["a run has a command or a shell line".to_owned()],
    };
    let inputs = [("in", run.stdin.as_str()), ("out", ""), ("err", "")];
    let io = tempfile::tempdir().expect("a folder can be made");
    for (name, text) in inputs {
        fs::write(io.path().join(name), text).expect("files can be written");
    }
    let open = |name: &str| fs::File::options().write(true).open(io.path().join(name)).expect("it was written");
    let child = command
        .current_dir(folder.path())
        .env("PATH", path)
        .env_remove("PYTHONUNBUFFERED")
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .envs(&run.env)
        .stdin(Stdio::from(fs::File::open(io.path().join("in")).expect("it was written")))
        .stdout(open("out"))
        .stderr(open("err"))
        .spawn();
    let mut child = match child {
        Ok(child) => child,
        Err(error) => return vec![format!("cannot be started: {error}")],
    };
    let end = Instant::now() + Duration::from_secs(run.timeout);
    let status = loop {
        match child.try_wait().expect("a child can be waited for") {
            Some(status) => break status,
            None if Instant::now() > end => {
                child.kill().ok();
                child.wait().ok();
                return vec![format!("still runs after {} s", run.timeout)];
            }
            None => std::thread::sleep(Duration::from_millis(5)),
        }
    };
    let read = |name: &str| String::from_utf8_lossy(&fs::read(io.path().join(name)).unwrap_or_default()).into_owned();
    compare(run, folder.path(), support::exit_code(status), &read("out"), &read("err"))
}

fn compare(run: &Run, folder: &Path, exit: i32, stdout: &str, stderr: &str) -> Vec<String> {
    let mut problems = Vec::new();
    if exit != run.exit {
        problems.push(format!("exit status {exit}, not {}; stderr: {stderr}", run.exit));
    }
    let streams = [
        ("stdout", stdout, &run.stdout, &run.stdout_contains, &run.stdout_lacks),
        ("stderr", stderr, &run.stderr, &run.stderr_contains, &run.stderr_lacks),
    ];
    for (name, text, exact, contains, lacks) in streams {
        if exact.as_deref().is_some_and(|exact| exact != text) {
            problems.push(format!("{name} is {text:?}, not {exact:?}"));
        }
        problems.extend(contains.iter().filter(|part| !text.contains(*part)).map(|part| format!("{name} lacks {part:?}: {text:?}")));
        problems.extend(lacks.iter().filter(|part| text.contains(*part)).map(|part| format!("{name} has {part:?}: {text:?}")));
    }
    problems.extend(run.creates.iter().filter(|name| !folder.join(name).exists()).map(|name| format!("{name} was not made")));
    problems.extend(run.creates_not.iter().filter(|name| folder.join(name).exists()).map(|name| format!("{name} was made")));
    problems
}
