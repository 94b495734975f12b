//! The baseline: what it knows stays quiet wherever it moves, and what is new is shown.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use serde_json::Value;

use crate::command_line::{DEFECT, check, folder};
use crate::support;

const WRITE: [&str; 3] = ["--baseline", "base.toml", "--write-baseline"];
const USE: [&str; 5] = ["--baseline", "base.toml", "-q", "--output-format", "json"];

/// The rules and lines that are reported beside the baseline.
#[track_caller]
fn new(here: &Path, more: &[&str], status: i32) -> Vec<(String, u64)> {
    let (stdout, _) = check(here, &[&USE[..], more].concat(), status);
    let found: Vec<Value> = serde_json::from_str(&stdout).expect("JSON");
    found.iter().map(|one| (one["path"].as_str().unwrap_or_default().to_owned(), one["line"].as_u64().unwrap_or_default())).collect()
}

fn write(here: &Path, name: &str, text: &str) {
    fs::write(here.join(name), text).expect("the file can be written");
}

#[test]
fn what_moves_stays_quiet_and_what_is_new_is_shown() {
    let here = folder(&[("a.py", DEFECT), ("b.py", "import sys\n\n\ndef f():\n    sys.exit(300)\n    sys.exit(300)\n")]);
    let here = here.path();
    let (stdout, stderr) = check(here, &WRITE, 0);
    assert_eq!((stdout.as_str(), stderr.as_str()), ("", "Written: 3 findings to base.toml\n"));
    let (_, stderr) = check(here, &["--baseline", "base.toml"], 0);
    assert!(stderr.starts_with("No new findings: ") && stderr.contains("3 findings are in the baseline\n"), "{stderr}");
    write(here, "a.py", "import sys\nimport os\n\n# a comment\nsys.exit(300)   \n");
    // One more that is like the others: the one with another line before it is the new one.
    write(
        here,
        "b.py",
        "import sys\n\n\n\ndef f():\n    print()\n    sys.exit(300)\n    if x:\n        pass\n    sys.exit(300)\n    sys.exit(300)\n",
    );
    assert_eq!(new(here, &[], 1).len(), 1);
    write(here, "b.py", "import sys\n\n\ndef f():\n    sys.exit(300)\n    sys.exit(300)\n\ndef g():\n    sys.exit(300)\n");
    assert_eq!(new(here, &[], 1), [("b.py".to_owned(), 9)]);
    check(here, &["--baseline", "base.toml", "--no-baseline"], 2);
    // A file that was renamed keeps its entries.
    fs::rename(here.join("b.py"), here.join("c.py")).expect("it can be renamed");
    assert_eq!(new(here, &[], 1), [("c.py".to_owned(), 9)]);
}

#[test]
fn the_configuration_names_it() {
    let here = folder(&[("src/a.py", DEFECT), ("pyrelint.toml", "baseline = 'known.toml'\n")]);
    check(here.path(), &["--write-baseline"], 0);
    check(here.path(), &[], 0);
    let (shown, _) = check(here.path(), &["config"], 0);
    assert!(shown.contains("baseline = \"known.toml\"  # pyrelint.toml\n"), "{shown}");
    let (_, stderr) = check(&here.path().join("src"), &[], 0);
    assert!(stderr.contains("1 finding is in the baseline"), "paths are relative to the baseline: {stderr}");
    check(here.path(), &["--no-baseline"], 1);
    let text = fs::read_to_string(here.path().join("known.toml")).expect("it was written");
    assert!(
        text.contains("  { path = \"src/a.py\", rule = \"exit-code-range\", line = \"sys.exit(300)\", after = \"import sys\" },\n"),
        "{text}"
    );
    let (_, stderr) = check(here.path(), &["--isolated", "--write-baseline"], 2);
    assert!(stderr.contains("no baseline is named"), "{stderr}");
}

#[test]
fn stale_entries_are_named_and_taken_out() {
    let here = folder(&[("a.py", DEFECT), ("b.py", DEFECT), ("c.py", DEFECT)]);
    let here = here.path();
    check(here, &WRITE, 0);
    let before = fs::read_to_string(here.join("base.toml")).expect("it was written");
    write(here, "a.py", "x = 1\n");
    fs::remove_file(here.join("b.py")).expect("it can be removed");
    let run = |arguments: &[&str]| check(here, &[&["--baseline", "base.toml"], arguments].concat(), 0).1;
    let stderr = run(&[]);
    assert!(
        stderr.contains("warning: base.toml: 2 entries of the baseline match no finding any more; `--prune-baseline` takes them out\n"),
        "{stderr}"
    );
    assert!(stderr.contains("  a.py: exit-code-range: sys.exit(300)\n"), "{stderr}");
    // Nothing is known about what the run does not look at.
    assert!(!run(&["c.py"]).contains("warning") && !run(&["--ignore", "RL301"]).contains("entries"));
    assert_eq!(fs::read_to_string(here.join("base.toml")).expect("it is there"), before);
    assert!(run(&["--prune-baseline"]).contains("and are taken out"));
    let after = fs::read_to_string(here.join("base.toml")).expect("it is there");
    assert_eq!(
        after,
        before
            .lines()
            .filter(|line| !line.contains("\"a.py\"") && !line.contains("\"b.py\""))
            .fold(String::new(), |text, line| text + line + "\n")
    );
    assert!(!run(&[]).contains("warning"));
    // Writing anew from one file keeps what is known about the others.
    write(here, "a.py", DEFECT);
    check(here, &[&WRITE[..], &["a.py"]].concat(), 0);
    assert_eq!(new(here, &[], 0), []);
}

#[test]
fn a_broken_baseline_is_named_with_its_place() {
    let here = folder(&[("a.py", DEFECT)]);
    let complaint = |text: &str| {
        write(here.path(), "base.toml", text);
        check(here.path(), &["--baseline", "base.toml"], 2).1
    };
    let stderr = complaint("version = 1\nfindings = [\n<<<<<<< ours\n");
    assert!(stderr.contains("base.toml:3:1"), "{stderr}");
    let stderr = complaint("version = 1\nfindings = [\n  { path = \"a.py\", rul = \"x\" },\n]\n");
    assert!(stderr.contains("base.toml:3:") && stderr.contains("unknown key `rul`"), "{stderr}");
    assert!(complaint("version = 7\n").contains("has version 7"));
    // A rule that there is no more matches nothing.
    let stderr = check(here.path(), &["--baseline", "gone.toml"], 2).1;
    assert!(stderr.contains("gone.toml") && stderr.contains("`--write-baseline` makes it"), "{stderr}");
    write(here.path(), "base.toml", "version = 1\nfindings = [{ path = \"a.py\", rule = \"no-such-rule\" }]\n");
    assert!(check(here.path(), &["--baseline", "base.toml"], 1).1.contains("1 entry of the baseline matches no finding"));
}

#[test]
fn fixes_and_comments_leave_old_findings_alone() {
    let here = folder(&[("a.py", "import sys\nexit(1)\n")]);
    let here = here.path();
    check(here, &WRITE, 0);
    write(here, "a.py", "import sys\nexit(1)\nx = 1\nexit(2)\n");
    check(here, &["--baseline", "base.toml", "--fix", "-q"], 0);
    assert_eq!(fs::read_to_string(here.join("a.py")).expect("it is there"), "import sys\nexit(1)\nx = 1\nsys.exit(2)\n");
}

/// Numbers that look random and are the same in every run.
fn numbers(mut seed: u64) -> impl FnMut(usize) -> usize {
    move |below| {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (seed >> 33) as usize % below
    }
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).expect("a folder can be made");
    for entry in fs::read_dir(from).expect("the folder is readable").flatten() {
        let target = to.join(entry.file_name());
        let kind = entry.file_type().expect("the entry has a type");
        if kind.is_dir() {
            copy(&entry.path(), &target);
        } else if kind.is_file() {
            fs::copy(entry.path(), target).expect("the file can be copied");
        }
    }
}

#[test]
fn a_package_stays_quiet_while_its_lines_move() {
    let Some(corpus) = support::corpus().map(|corpus| corpus.join("redis")).filter(|package| package.is_dir()) else {
        return support::skipped("a_package_stays_quiet_while_its_lines_move", "the development corpus is not there");
    };
    let here = tempfile::tempdir().expect("a folder can be made");
    copy(&corpus, &here.path().join("redis"));
    let all = ["--isolated", "--select", "ALL"];
    check(here.path(), &[&WRITE[..], &all].concat(), 0);
    let before = fs::read_to_string(here.path().join("base.toml")).expect("it was written");
    let known = before.lines().filter(|line| line.starts_with("  {")).count();
    assert!(known > 20, "only {known} entries");
    let mut files: Vec<String> =
        before.lines().filter_map(|line| line.split("path = \"").nth(1)?.split('"').next()).map(str::to_owned).collect();
    files.dedup();
    let mut number = numbers(5);
    for step in 0..100 {
        // A comment of any indentation may stand between any two statements; where it lands in a string it does no harm either.
        let path = here.path().join(&files[number(files.len())]);
        let text = fs::read_to_string(&path).expect("the file is text");
        let mut lines: Vec<&str> = text.split_inclusive('\n').collect();
        let comment = format!("{}# line {step}\n", " ".repeat(number(12)));
        lines.insert(number(lines.len()), &comment);
        fs::write(&path, lines.concat()).expect("the file can be written");
    }
    assert_eq!(new(here.path(), &all, 0), []);
    // What anybody could add: one more finalizer that prints.
    let path = here.path().join(&files[0]);
    let mut text = fs::read_to_string(&path).expect("the file is text");
    let line = text.lines().count() as u64 + 2;
    let _ = write!(text, "\nclass New:\n    def __del__(self):\n        print('gone')\n");
    fs::write(&path, text).expect("the file can be written");
    let found = new(here.path(), &["--isolated"], 1);
    assert_eq!(found, [(files[0].clone(), line + 1)]);
}
