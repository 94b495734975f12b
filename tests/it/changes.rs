//! `--diff-base`: what a branch changes is reported, and nothing of the repository runs.

use std::fs;
use std::path::Path;
use std::process::Command;

use serde_json::Value;

use crate::command_line::{DEFECT, check, folder};

fn git(here: &Path, arguments: &[&str]) {
    let settings = ["-c", "user.name=x", "-c", "user.email=x@x", "-c", "commit.gpgsign=false", "-c", "init.defaultBranch=main"];
    let output = Command::new("git").current_dir(here).args(settings).args(arguments).output().expect("git starts");
    assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
}

fn commit(here: &Path) {
    git(here, &["add", "-A"]);
    git(here, &["commit", "-q", "-m", "x"]);
}

fn write(here: &Path, name: &str, text: &str) {
    let path = here.join(name);
    fs::create_dir_all(path.parent().expect("a file has a folder")).expect("a folder can be made");
    fs::write(path, text).expect("the file can be written");
}

/// The places that are reported.
#[track_caller]
fn reported(here: &Path, base: &str, status: i32) -> Vec<String> {
    let (stdout, _) = check(here, &["--diff-base", base, "-q", "--isolated", "--output-format", "json"], status);
    let found: Vec<Value> = serde_json::from_str(&stdout).expect("JSON");
    found.iter().map(|one| format!("{}:{}", one["path"].as_str().unwrap_or_default(), one["line"])).collect()
}

#[test]
fn what_has_changed_is_reported() {
    let here = folder(&[("old.py", DEFECT), ("name \"q\" é\n.py", DEFECT), ("moved.py", &format!("{}{DEFECT}", "x = 1\n".repeat(20)))]);
    let here = here.path();
    git(here, &["init", "-q"]);
    commit(here);
    git(here, &["branch", "base"]);
    assert_eq!(reported(here, "base", 0), [""; 0]);
    // In a commit, in the index, and in the working tree alone; lines above do not count.
    write(here, "old.py", "# new\nimport sys\nsys.exit(300)\nsys.exit(301)\n");
    commit(here);
    git(here, &["mv", "moved.py", "src.py"]);
    write(here, "name \"q\" é\n.py", "import sys\nsys.exit(300)\n\nsys.exit(302)\n");
    assert_eq!(reported(here, "base", 1), ["name \"q\" é\n.py:4", "old.py:4"]);
    // What is not tracked is new, and so is what lies outside.
    write(here, "new/untracked.py", DEFECT);
    assert_eq!(reported(here, "base", 1), ["name \"q\" é\n.py:4", "new/untracked.py:2", "old.py:4"]);
    assert_eq!(reported(&here.join("new"), "base", 1), ["untracked.py:2"]);
    // What the other branch does is none of ours: the base is the common ancestor.
    git(here, &["checkout", "-q", "-f", "base"]);
    git(here, &["clean", "-fdq"]);
    write(here, "old.py", "import sys\n");
    commit(here);
    git(here, &["checkout", "-q", "main"]);
    assert_eq!(reported(here, "base", 1), ["old.py:4"]);
    assert_eq!(reported(here, "HEAD", 0), [""; 0]);
}

#[test]
fn a_change_anywhere_on_the_way_counts() {
    let wire =
        "import socket\n\n\nclass Wire:\n    def __init__(self):\n        self.s = socket.socket()\n\n    def shut(self):\n        pass\n";
    let client = "from wire import Wire\n\n\nclass Client:\n    def __init__(self):\n        self.wire = Wire()\n\n    def __del__(self):\n        self.wire.shut()\n";
    let here = folder(&[("wire.py", wire), ("client.py", client)]);
    let here = here.path();
    git(here, &["init", "-q"]);
    commit(here);
    assert_eq!(reported(here, "HEAD", 0), [""; 0]);
    write(here, "wire.py", &wire.replace("        pass", "        self.s.close()"));
    assert_eq!(reported(here, "HEAD", 1), ["client.py:8"]);
    // A parser may notice a mistake far behind it.
    write(here, "wire.py", wire);
    write(here, "client.py", &client.replacen("class", "x = (\nclass", 1));
    let found = reported(here, "HEAD", 1);
    assert!(found.len() == 1 && !found[0].starts_with("client.py:4"), "{found:?}");
}

#[test]
fn line_ends_and_encodings_do_not_count() {
    let here = folder(&[("a.py", DEFECT)]);
    let here = here.path();
    fs::write(here.join("b.py"), b"# coding: latin-1\nimport sys\nsys.exit(300)  # \xe9\n").expect("the file can be written");
    git(here, &["init", "-q"]);
    commit(here);
    write(here, "a.py", "import sys\r\nsys.exit(300)\r\nx = 1\r\n");
    write(here, "b.py", "import sys\nsys.exit(300)  # é\n");
    assert_eq!(reported(here, "HEAD", 0), [""; 0]);
}

#[test]
fn nothing_of_the_repository_runs() {
    let here = folder(&[("a.py", DEFECT), (".gitattributes", "*.py filter=evil diff=evil\n")]);
    let here = here.path();
    git(here, &["init", "-q"]);
    commit(here);
    write(here, "a.py", "import sys\nsys.exit(300)\nsys.exit(300)\n");
    let trap = "touch ran; cat";
    write(here, ".git/hooks/post-index-change", "#!/bin/sh\ntouch ran\n");
    let keys = [
        "filter.evil.clean",
        "filter.evil.smudge",
        "filter.evil.process",
        "diff.evil.textconv",
        "diff.evil.command",
        "diff.external",
        "core.fsmonitor",
        "core.pager",
    ];
    for key in keys {
        git(here, &["config", key, trap]);
    }
    assert_eq!(reported(here, "HEAD", 1), ["a.py:3"]);
    assert!(!here.join("ran").exists(), "a command of the repository ran");
    // The traps are set: Git by itself walks into them.
    let _ = Command::new("git").current_dir(here).args(["diff", "HEAD"]).output().expect("git starts");
    assert!(here.join("ran").exists(), "the traps do not work");
}

#[test]
fn mistakes_are_told() {
    let here = folder(&[("a.py", DEFECT)]);
    let here = here.path();
    let complaint = |base: &str| check(here, &["--diff-base", base], 2).1;
    let stderr = complaint("main");
    assert!(stderr.starts_with("error: --diff-base: this is no working tree of a Git repository: "), "{stderr}");
    git(here, &["init", "-q"]);
    assert!(complaint("HEAD").contains("there is no revision `HEAD` here"));
    commit(here);
    assert!(complaint("no-such").contains("there is no revision `no-such` here"));
    // What looks like an option is a revision that there is not.
    assert!(check(here, &["--diff-base=--output=x"], 2).1.contains("there is no revision `--output=x` here"));
    git(here, &["checkout", "-q", "--orphan", "other"]);
    git(here, &["commit", "-q", "-m", "another root"]);
    assert!(complaint("main").contains("no common ancestor"));
}
