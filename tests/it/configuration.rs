//! Configuration: which file counts, what its mistakes look like, and what the options do.

use crate::command_line::{DEFECT, check, folder};

/// A configuration with a mistake: what the message has to hold besides exit status 2.
#[track_caller]
fn mistake(text: &str, expected: &[&str]) {
    let folder = folder(&[("pyrelint.toml", text), ("a.py", DEFECT)]);
    let (stdout, stderr) = check(folder.path(), &["."], 2);
    assert_eq!(stdout, "");
    for part in expected {
        assert!(stderr.contains(part), "{part:?} is not in: {stderr}");
    }
}

#[test]
fn mistakes_are_shown_where_they_are() {
    mistake(
        "# x\nselct = ['RL1']\n",
        &["error: unknown key `selct`", "pyrelint.toml:2:1", "selct = ", "^^^^^", "help: did you mean `select`?"],
    );
    mistake("select = ['RL101', 'del-oi']\n", &["unknown rule `del-oi`", "pyrelint.toml:1:20", "did you mean `del-io`?"]);
    mistake("select = 'RL1'\n", &["pyrelint.toml:1:10", "invalid type"]);
    mistake("fail-on = 'loud'\n", &["unknown value `loud`", "pyrelint.toml:1:11"]);
    mistake("fail-on = 1\n", &["pyrelint.toml:1:11"]);
    mistake("target-version = '2.7'\n", &["invalid version of Python `2.7`", "pyrelint.toml:1:18", "3.8"]);
    mistake("required-version = '>=99'\n", &["made for pyrelint >=99", "pyrelint.toml:1:20"]);
    mistake("exclude = ['a[']\n", &["invalid glob `a[`", "pyrelint.toml:1:12"]);
    mistake("[severity]\ndel-oi = 'error'\n", &["unknown rule `del-oi`", "pyrelint.toml:2:1"]);
    mistake("[per-file-ignores]\n'tests/*' = ['E501']\n", &["unknown rule `E501`", "pyrelint.toml:2:"]);
    mistake("[rules.del-io]\nalow = []\n", &["unknown key `alow`", "pyrelint.toml:2:1", "did you mean `allow`?"]);
    mistake("[rules.del-oi]\n", &["unknown key `del-oi`", "did you mean `del-io`?"]);
    mistake("[services]\nmode = 'al'\n", &["unknown value `al`", "did you mean `all`?"]);
    mistake("[effects]\n'a.b' = 'netwrk'\n", &["unknown value `netwrk`", "pyrelint.toml:2:9", "did you mean `network`?"]);
    mistake("select = [\n", &["pyrelint.toml:"]);
    mistake("extend = 'missing.toml'\n", &["missing.toml", "cannot be read"]);
    mistake("extend = 'pyrelint.toml'\n", &["extends itself"]);
}

#[test]
fn mistakes_in_pyproject_are_ours_only_in_our_table() {
    let here = folder(&[("pyproject.toml", "[tool.pyrelint]\nignroe = []\n"), ("a.py", DEFECT)]);
    assert!(check(here.path(), &["."], 2).1.contains("pyproject.toml:2:1"));
    let other = folder(&[("pyproject.toml", "[tool.other\n"), ("a.py", DEFECT)]);
    check(other.path(), &["."], 1);
    let broken = folder(&[("pyproject.toml", "[tool.pyrelint\n"), ("a.py", DEFECT)]);
    check(broken.path(), &["."], 2);
    let below = folder(&[("fixtures/pyproject.toml", "[project\nrequires-python = ''"), ("a.py", DEFECT)]);
    assert!(check(below.path(), &["."], 1).1.contains("no valid TOML"));
}

#[test]
fn a_mistake_below_is_found_in_the_walk() {
    let here = folder(&[("sub/pyrelint.toml", "selct = []\n"), ("sub/b.py", DEFECT), ("a.py", DEFECT)]);
    let (stdout, stderr) = check(here.path(), &["."], 2);
    assert!(stdout.is_empty() && stderr.contains("sub/pyrelint.toml:1:1"), "{stderr}");
}

#[test]
fn the_nearest_configuration_counts() {
    let here = folder(&[
        ("pyproject.toml", "[tool.pyrelint]\nignore = ['RL301']\n"),
        ("a.py", DEFECT),
        ("own/.pyrelint.toml", "fail-on = 'error'\n"),
        ("own/pyrelint.toml", "ignore = ['RL301']\n"),
        ("own/b.py", DEFECT),
        ("other/pyproject.toml", "[project]\nname = 'x'\n"),
        ("other/c.py", DEFECT),
    ]);
    let concise = ["--output-format", "concise", "-q"];
    let (stdout, _) = check(here.path(), &concise, 1);
    assert!(stdout.starts_with("own/b.py:2:1") && stdout.lines().count() == 1, "{stdout}");
    let (stdout, _) = check(here.path(), &[&concise[..], &["--isolated"]].concat(), 1);
    assert_eq!(stdout.lines().count(), 3, "{stdout}");
    let (stdout, _) = check(here.path(), &[&concise[..], &["--config", "own/pyrelint.toml"]].concat(), 0);
    assert_eq!(stdout, "");
}

#[test]
fn options_do_what_they_say() {
    let here = folder(&[("tests/a.py", DEFECT), ("b.py", DEFECT), ("gen/c.py", DEFECT), ("bin/tool", DEFECT)]);
    let count = |configuration: &str| {
        std::fs::write(here.path().join("pyrelint.toml"), configuration).expect("a file can be written");
        check(here.path(), &["--output-format", "concise", "-q", "--exit-zero"], 0).0.lines().count()
    };
    assert_eq!(count(""), 3);
    assert_eq!(count("select = ['RL1']"), 0);
    assert_eq!(count("per-file-ignores = { 'tests/*' = ['RL3'] }"), 2);
    assert_eq!(count("per-file-ignores = { 'tests' = ['ALL'] }"), 2);
    assert_eq!(count("per-file-ignores = { '!gen' = ['exit-code-range'] }"), 1);
    assert_eq!(count("extend-exclude = ['gen']"), 2);
    assert_eq!(count("exclude = ['gen/', 'tests/a.py']"), 1);
    assert_eq!(count("include = ['bin/*']"), 1);
}

#[test]
fn severities_and_inline_options() {
    let here = folder(&[("a.py", DEFECT), ("base.toml", "[severity]\nRL3 = 'info'\nexit-code-range = 'error'\n")]);
    let concise = ["--output-format", "concise", "-q"];
    let (stdout, _) = check(here.path(), &[&concise[..], &["--config", "base.toml", "--fail-on", "error"]].concat(), 1);
    assert!(stdout.contains("error[exit-code-range]"), "{stdout}");
    let (stdout, _) = check(here.path(), &[&concise[..], &["--config", "severity.RL3 = 'info'"]].concat(), 0);
    assert!(stdout.contains("info[exit-code-range]"), "{stdout}");
    let (_, stderr) = check(here.path(), &["--config", "selct = []"], 2);
    assert!(stderr.contains("--config:1:1") && stderr.contains("did you mean `select`?"), "{stderr}");
    assert!(check(here.path(), &["--config", "missing.toml"], 2).1.contains("neither a file nor an option"));
}

#[test]
fn unreadable_files_and_syntax_errors_are_always_on() {
    let here = folder(&[("a.py", "def f(:\n")]);
    let run = |arguments: &[&str], status| check(here.path(), &[arguments, &["-q", "a.py", "missing.py"]].concat(), status).0;
    let both = run(&["--select", "RL301", "--output-format", "concise"], 1);
    assert!(both.contains("error[syntax-error]") && both.contains("error[unreadable-file]"), "{both}");
    assert_eq!(run(&["--ignore", "RL001,RL003"], 0), "");
}

#[test]
fn settings_are_shown_with_their_origin() {
    let here = folder(&[
        ("pyproject.toml", "[project]\nrequires-python = '>=3.11'\n[tool.pyrelint]\nextend = 'base.toml'\nfail-on = 'info'\n"),
        ("base.toml", "ignore = ['RL301']\n"),
    ]);
    let (stdout, _) = check(here.path(), &["config", "--select", "RL1"], 0);
    for line in [
        "target-version = \"3.11\"  # requires-python in pyproject.toml",
        "fail-on = \"info\"  # pyproject.toml",
        "output-format = \"full\"  # default",
        "select = [  # base.toml, command line",
    ] {
        assert!(stdout.contains(line), "{line:?} is not in: {stdout}");
    }
    assert!(!stdout.contains("exit-code-range") && stdout.contains("del-io"), "{stdout}");
    let parsed: Result<toml::Table, _> = toml::from_str(&stdout);
    assert!(parsed.is_ok(), "{parsed:?}");
}

#[test]
fn the_environment_counts() {
    let here = folder(&[("a.py", DEFECT), ("base.toml", "ignore = ['RL301']\n")]);
    let run = |name: &str, value: &str| {
        let output = crate::support::pyrelint().current_dir(here.path()).env(name, value).output().expect("the program starts");
        String::from_utf8_lossy(&output.stdout).into_owned()
    };
    assert!(run("PYRELINT_OUTPUT_FORMAT", "json").starts_with('['));
    assert_eq!(run("PYRELINT_CONFIG", "base.toml"), "");
}
