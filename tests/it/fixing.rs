//! The command line of fixes: what is written, what is shown, and what happens when a file cannot be written.

use std::fs;
use std::io::Write;
use std::path::Path;
use std::process::Stdio;

use crate::command_line::{check, folder};
use crate::support;

/// A safe fix (RL310, RL303), and an unsafe one (RL304).
const PROGRAM: &str = "import sys\n\ntry:\n    run()\nexcept ValueError:\n    exit(0)\nsys.exit(len(sys.argv))\n";
const SAFE: &str = "import sys\n\ntry:\n    run()\nexcept ValueError:\n    sys.exit(0)\nsys.exit(min(len(sys.argv), 255))\n";
const ALL: &str = "import sys\n\ntry:\n    run()\nexcept ValueError:\n    sys.exit(1)\nsys.exit(min(len(sys.argv), 255))\n";

#[track_caller]
fn is(folder: &Path, name: &str, text: impl AsRef<[u8]>) {
    let found = fs::read(folder.join(name)).expect("the file is there");
    assert_eq!(String::from_utf8_lossy(&found), String::from_utf8_lossy(text.as_ref()));
}

#[test]
fn safe_fixes_and_all() {
    let here = folder(&[("a.py", PROGRAM), ("clean.py", "x = 1\n")]);
    let (stdout, stderr) = check(here.path(), &["--output-format", "concise"], 1);
    assert_eq!(stdout.matches("[*] ").count(), 2, "{stdout}");
    assert!(stderr.contains("[*] 2 fixable with `--fix` (1 more with `--unsafe-fixes`)"), "{stderr}");
    let (stdout, stderr) = check(here.path(), &["--output-format", "concise", "--fix"], 1);
    is(here.path(), "a.py", SAFE);
    assert!(stdout.starts_with("a.py:6:5: warning[exit-zero-on-failure] ") && stdout.lines().count() == 1, "{stdout}");
    assert!(stderr.contains("Fixed 2 findings in 1 file"), "{stderr}");
    check(here.path(), &["--fix"], 1);
    is(here.path(), "a.py", SAFE);
    let (stdout, _) = check(here.path(), &["--fix", "--unsafe-fixes"], 0);
    is(here.path(), "a.py", ALL);
    assert_eq!(stdout, "");
    is(here.path(), "clean.py", "x = 1\n");
}

#[test]
fn unsafe_fixes_by_configuration_and_environment() {
    let here = folder(&[("a.py", PROGRAM), ("pyrelint.toml", "unsafe-fixes = true\n")]);
    check(here.path(), &["--fix", "--no-unsafe-fixes"], 1);
    is(here.path(), "a.py", SAFE);
    check(here.path(), &["--fix"], 0);
    is(here.path(), "a.py", ALL);
    let here = folder(&[("a.py", PROGRAM)]);
    for (value, text) in [("0", SAFE), ("1", ALL)] {
        let output = support::pyrelint().current_dir(here.path()).env("PYRELINT_UNSAFE_FIXES", value).arg("--fix").output();
        assert!(output.is_ok());
        is(here.path(), "a.py", text);
    }
    let here = folder(&[("a.py", PROGRAM)]);
    let output =
        support::pyrelint().current_dir(here.path()).env("PYRELINT_UNSAFE_FIXES", "1").args(["--fix", "--no-unsafe-fixes"]).output();
    assert!(output.is_ok());
    is(here.path(), "a.py", SAFE);
}

#[test]
fn fix_only_reports_nothing() {
    let here = folder(&[("a.py", PROGRAM)]);
    let (stdout, _) = check(here.path(), &["--fix-only"], 0);
    assert_eq!(stdout, "");
    is(here.path(), "a.py", SAFE);
}

#[test]
fn diffs_write_nothing_and_can_be_applied() {
    let here = folder(&[("src/a.py", PROGRAM)]);
    let (stdout, stderr) = check(here.path(), &["--diff", "--unsafe-fixes"], 1);
    is(here.path(), "src/a.py", PROGRAM);
    let expected = "--- src/a.py\n+++ src/a.py\n@@ -3,5 +3,5 @@\n try:\n     run()\n except ValueError:\n-    exit(0)\n-sys.exit(len(sys.argv))\n+    sys.exit(1)\n+sys.exit(min(len(sys.argv), 255))\n";
    assert_eq!(stdout, expected);
    assert!(stderr.contains("Would fix 3 findings in 1 file") || stderr.contains("Would fix 4 findings in 1 file"), "{stderr}");
    check(here.path(), &["--fix", "--unsafe-fixes"], 0);
    is(here.path(), "src/a.py", ALL);
    assert_eq!(check(here.path(), &["--diff", "--unsafe-fixes"], 0).0, "");
}

fn pipe(folder: &Path, arguments: &[&str], text: &[u8]) -> (Option<i32>, Vec<u8>, String) {
    let mut command = support::pyrelint();
    command.current_dir(folder).args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().expect("the program starts");
    child.stdin.take().expect("a pipe").write_all(text).expect("the program reads");
    let output = child.wait_with_output().expect("the program ends");
    (output.status.code(), output.stdout, String::from_utf8_lossy(&output.stderr).into_owned())
}

#[test]
fn standard_input_comes_back_fixed() {
    let here = folder(&[("a.py", "on disk\n")]);
    let (status, stdout, stderr) = pipe(here.path(), &["--fix", "--stdin-filename", "a.py", "-"], PROGRAM.as_bytes());
    assert_eq!((status, String::from_utf8_lossy(&stdout).as_ref()), (Some(1), SAFE), "{stderr}");
    assert!(stderr.contains("exit-zero-on-failure"), "{stderr}");
    is(here.path(), "a.py", "on disk\n");
    let (status, stdout, _) = pipe(here.path(), &["--fix", "-"], b"\xef\xbb\xbfx = 1\r\n");
    assert_eq!((status, stdout.as_slice()), (Some(0), &b"\xef\xbb\xbfx = 1\r\n"[..]));
    let (status, stdout, _) = pipe(here.path(), &["--diff", "-"], PROGRAM.as_bytes());
    assert!(status == Some(1) && String::from_utf8_lossy(&stdout).starts_with("--- -\n+++ -\n"));
}

#[test]
fn encodings_and_line_endings_stay() {
    let here = tempfile::tempdir().expect("a folder can be made");
    let files: [(&str, &[u8], &[u8]); 4] = [
        ("crlf.py", b"x = 1\r\nexit(2)\r\n", b"import sys\r\n\r\nx = 1\r\nsys.exit(2)\r\n"),
        ("mark.py", b"\xef\xbb\xbfimport sys\nexit(2)  # \xc3\xa9", b"\xef\xbb\xbfimport sys\nsys.exit(2)  # \xc3\xa9"),
        ("latin.py", b"# coding: latin-1\n'''\xe9'''\nexit(2)\n", b"# coding: latin-1\n'''\xe9'''\n\nimport sys\n\nsys.exit(2)\n"),
        ("cr.py", b"import os\rexit(2)\r", b"import os\rimport sys\rsys.exit(2)\r"),
    ];
    for (name, text, _) in files {
        fs::write(here.path().join(name), text).expect("a file can be written");
    }
    check(here.path(), &["--fix", "--unsafe-fixes"], 0);
    for (name, _, text) in files {
        assert_eq!(fs::read(here.path().join(name)).expect("it is there"), text, "{name}");
    }
}

#[test]
fn broken_files_are_not_fixed() {
    let text = "import sys\nexit(2)\ndef f(:\n";
    let here = folder(&[("a.py", text)]);
    let (stdout, _) = check(here.path(), &["--fix", "--unsafe-fixes", "--output-format", "concise"], 1);
    assert!(stdout.contains("syntax-error"), "{stdout}");
    is(here.path(), "a.py", text);
}

#[cfg(unix)]
#[test]
fn what_cannot_be_written_is_said_and_the_rest_goes_on() {
    use std::os::unix::fs::{PermissionsExt, symlink};
    let here = folder(&[("a.py", PROGRAM), ("locked.py", PROGRAM), ("z.py", PROGRAM)]);
    let outside = folder(&[("target.py", PROGRAM), ("named.py", PROGRAM)]);
    fs::set_permissions(here.path().join("locked.py"), fs::Permissions::from_mode(0o444)).expect("the mode can be set");
    symlink(outside.path().join("target.py"), here.path().join("link.py")).expect("a link can be made");
    symlink(outside.path().join("named.py"), here.path().join("named.py")).expect("a link can be made");
    let (stdout, stderr) = check(here.path(), &["--fix", "--output-format", "concise"], 1);
    assert!(stderr.contains("locked.py: not changed: it is read-only"), "{stderr}");
    assert!(stdout.contains("locked.py:6:5: warning[site-exit] [*] ") && !stdout.contains("a.py:6:5: warning[site-exit]"), "{stdout}");
    is(here.path(), "a.py", SAFE);
    is(here.path(), "z.py", SAFE);
    is(here.path(), "locked.py", PROGRAM);
    // Links are followed only where they are named; the link stays one.
    is(outside.path(), "target.py", PROGRAM);
    check(here.path(), &["--fix", "named.py"], 1);
    is(outside.path(), "named.py", SAFE);
    assert!(fs::symlink_metadata(here.path().join("named.py")).expect("it is there").is_symlink());
    assert!(
        !fs::read_dir(here.path()).expect("readable").any(|entry| entry.expect("readable").file_name().to_string_lossy().contains(".tmp"))
    );
}

#[test]
fn runs_at_the_same_time_lose_nothing() {
    let names: Vec<String> = (0..40).map(|number| format!("f{number}.py")).collect();
    let files: Vec<(&str, &str)> = names.iter().map(|name| (name.as_str(), PROGRAM)).collect();
    let here = folder(&files);
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| support::run(here.path(), &["--fix", "--unsafe-fixes", "-q"]));
        }
    });
    check(here.path(), &["--fix", "--unsafe-fixes"], 0);
    for name in &names {
        is(here.path(), name, ALL);
    }
}

#[test]
fn findings_are_silenced_by_comments() {
    let text = concat!(
        "import sys\n\n",
        "sys.exit(300)\n",
        "sys.exit(300)  # as agreed\n",
        "sys.exit(300)  # noqa: E501\n",
        "exit(300)  # pyrelint: ignore[RL310] known\n",
        "sys.exit(\n    '''\n    ''' and\n    300\n)\n",
        "if sys.argv and \\\n        sys.exit(300):\n    pass\n",
    );
    let expected = concat!(
        "import sys\n\n",
        "sys.exit(300)  # pyrelint: ignore[RL301] later\n",
        "sys.exit(300)  # as agreed  # pyrelint: ignore[RL301] later\n",
        "sys.exit(300)  # noqa: E501  # pyrelint: ignore[RL301] later\n",
        "exit(300)  # pyrelint: ignore[RL310, RL301] known\n",
        "sys.exit(  # pyrelint: ignore[RL301] later\n    '''\n    ''' and\n    300\n)\n",
        "if sys.argv and \\\n        sys.exit(300):  # pyrelint: ignore[RL301] later\n    pass\n",
    );
    let here = folder(&[("a.py", text)]);
    let (stdout, stderr) = check(here.path(), &["--add-ignores=later"], 0);
    is(here.path(), "a.py", expected);
    assert!(stdout.is_empty() && stderr.contains("Silenced 6 findings by comments"), "{stdout}{stderr}");
    check(here.path(), &["--add-ignores"], 0);
    is(here.path(), "a.py", expected);
    let here = folder(&[("a.py", "import sys\r\nsys.exit('''\r\n''' and 300)")]);
    check(here.path(), &["--add-ignores"], 0);
    is(here.path(), "a.py", "import sys\r\nsys.exit('''\r\n''' and 300)  # pyrelint: ignore[RL301]");
    check(here.path(), &["--add-ignores=a#b"], 2);
}
