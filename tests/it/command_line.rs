//! Commands, exit statuses, standard input, and what happens when something inside goes wrong.

use std::io::{Read, Write};
use std::path::Path;
use std::process::{Output, Stdio};

use crate::support;

/// A program with one finding (RL301, a warning).
pub(crate) const DEFECT: &str = "import sys\nsys.exit(300)\n";

/// Files in a folder of their own.
pub(crate) fn folder(files: &[(&str, &str)]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder can be made");
    for (name, text) in files {
        let path = folder.path().join(name);
        std::fs::create_dir_all(path.parent().expect("a file has a folder")).expect("a folder can be made");
        std::fs::write(path, text).expect("a file can be written");
    }
    folder
}

/// Runs the program without configuration files of the surroundings.
#[track_caller]
pub(crate) fn check(folder: &Path, arguments: &[&str], status: i32) -> (String, String) {
    let output = support::run(folder, arguments);
    texts(&output, status)
}

#[track_caller]
fn texts(output: &Output, status: i32) -> (String, String) {
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).expect("the output is UTF-8");
    let (stdout, stderr) = (text(&output.stdout), text(&output.stderr));
    assert_eq!(output.status.code(), Some(status), "{stdout}\n{stderr}");
    (stdout, stderr)
}

#[test]
fn exit_statuses() {
    let folder = folder(&[("a.py", DEFECT), ("clean.py", "x = 1\n")]);
    let run = |arguments: &[&str], status| check(folder.path(), arguments, status);
    run(&["clean.py"], 0);
    run(&["."], 1);
    run(&[], 1);
    run(&["check", "a.py"], 1);
    run(&["-q", "check", "a.py"], 1);
    run(&["--isolated", "rules"], 2);
    run(&["--fail-on", "error", "a.py"], 0);
    run(&["--exit-zero", "a.py"], 0);
    run(&["--no-such-flag"], 2);
    run(&["--fail-on", "loud"], 2);
    run(&["--select", "del-oi"], 2);
    run(&["missing.py"], 1);
    run(&["--exit-zero", "missing.py"], 0);
}

#[test]
fn the_summary_is_about_the_run() {
    let folder = folder(&[("a.py", DEFECT), ("clean.py", "x = 1\n")]);
    let (_, stderr) = check(folder.path(), &["-v"], 1);
    assert!(stderr.starts_with("1 finding (1 warning): 2 files checked, 1 parsed"), "{stderr}");
    assert!(stderr.contains("Parsed 1 of 2 files (50.0 %)"), "{stderr}");
    let (_, stderr) = check(folder.path(), &["clean.py"], 0);
    assert!(stderr.starts_with("All checks passed: 1 file checked"), "{stderr}");
    assert_eq!(check(folder.path(), &["-q"], 1).1, "");
    let empty = tempfile::tempdir().expect("a folder can be made");
    assert!(check(empty.path(), &[], 0).1.contains("nothing to check was found"));
}

#[test]
fn mistakes_get_hints() {
    let folder = folder(&[]);
    let (_, stderr) = check(folder.path(), &["chekc"], 2);
    assert!(stderr.contains("no file or folder `chekc`") && stderr.contains("`pyrelint check`"), "{stderr}");
    let (_, stderr) = check(folder.path(), &["--select", "del-oi"], 2);
    assert!(stderr.contains("unknown rule `del-oi`") && stderr.contains("did you mean `del-io`?"), "{stderr}");
    let (_, stderr) = check(folder.path(), &["rule", "RL1"], 2);
    assert!(stderr.contains("more than one rule"), "{stderr}");
}

#[test]
fn rules_are_listed_and_explained() {
    let folder = folder(&[]);
    let (stdout, _) = check(folder.path(), &["rule", "RL101"], 0);
    assert!(stdout.starts_with("# del-io (RL101)"), "{stdout}");
    assert_eq!(stdout, check(folder.path(), &["rule", "del-io"], 0).0);
    let (stdout, _) = check(folder.path(), &["rules"], 0);
    let (json, _) = check(folder.path(), &["rules", "--output-format", "json"], 0);
    let listed: Vec<serde_json::Value> = serde_json::from_str(&json).expect("JSON");
    assert_eq!(listed.len(), pyrelint_lints::RULES.len());
    for rule in listed {
        assert!(stdout.contains(rule["code"].as_str().expect("a code")), "{rule}");
    }
}

#[test]
fn standard_input() {
    let folder = folder(&[]);
    let run = |arguments: &[&str], status| {
        let mut command = support::pyrelint();
        command.current_dir(folder.path()).args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().expect("the program starts");
        child.stdin.take().expect("a pipe").write_all(DEFECT.as_bytes()).expect("the program reads");
        texts(&child.wait_with_output().expect("the program ends"), status).0
    };
    assert!(run(&["--output-format", "concise", "-"], 1).starts_with("-:2:1: warning[exit-code-range]"));
    let named = ["--output-format", "concise", "--stdin-filename", "src/a.py"];
    assert!(run(&[&named[..], &["-"]].concat(), 1).starts_with("src/a.py:2:1: "));
    let excluded = ["--force-exclude", "--exclude", "src", "--stdin-filename", "src/a.py", "-"];
    assert_eq!(run(&excluded, 0), "");
}

#[test]
fn a_panic_is_about_one_file() {
    let folder = folder(&[("a.py", DEFECT), ("boom.py", "x = 1\n"), ("c.py", DEFECT)]);
    let (stdout, stderr) = check(folder.path(), &["--panic-on", "boom", "--output-format", "concise"], 2);
    assert_eq!(stdout.lines().count(), 2, "{stdout}");
    assert!(stderr.contains("internal error: boom.py: asked for by --panic-on"), "{stderr}");
    assert!(!stderr.contains("RUST_BACKTRACE"), "{stderr}");
    check(folder.path(), &["--panic-on", "boom", "--exit-zero", "-q"], 2);
}

#[test]
fn a_closed_pipe_ends_quietly() {
    let folder = tempfile::tempdir().expect("a folder can be made");
    for number in 0..500 {
        std::fs::write(folder.path().join(format!("a{number}.py")), DEFECT).expect("a file can be written");
    }
    let mut command = support::pyrelint();
    command.current_dir(folder.path()).arg("-q").stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().expect("the program starts");
    let mut stdout = child.stdout.take().expect("a pipe");
    let mut first = [0; 10];
    stdout.read_exact(&mut first).expect("the program writes");
    drop(stdout);
    let output = child.wait_with_output().expect("the program ends");
    assert_eq!((output.status.code(), String::from_utf8_lossy(&output.stderr).into_owned()), (Some(1), String::new()));
}

#[test]
fn colours_are_for_terminals() {
    let folder = folder(&[("a.py", DEFECT)]);
    let colored = |arguments: &[&str], environment: &[(&str, &str)]| {
        let mut command = support::pyrelint();
        let output = command.current_dir(folder.path()).args(arguments).envs(environment.iter().copied()).output();
        output.expect("the program starts").stdout.contains(&0x1b)
    };
    assert!(!colored(&[], &[]));
    assert!(colored(&["--color", "always"], &[("NO_COLOR", "1")]));
    assert!(colored(&[], &[("FORCE_COLOR", "1")]));
    assert!(colored(&[], &[("CLICOLOR_FORCE", "1")]));
    assert!(!colored(&["--color", "never"], &[("FORCE_COLOR", "1")]));
    assert!(!colored(&[], &[("NO_COLOR", "1"), ("CLICOLOR_FORCE", "0")]));
}
