//! The formats of findings: what others parse, and what may not reach a terminal.

use crate::command_line::{DEFECT, check, folder};

#[test]
fn the_formats() {
    let here = folder(&[("src/a.py", "import sys\nx = 'é🐍'; sys.exit(300)\n")]);
    let (concise, _) = check(here.path(), &["--output-format", "concise", "-q"], 1);
    assert!(concise.starts_with("src/a.py:2:11: warning[exit-code-range] "), "{concise}");
    let (full, _) = check(here.path(), &["-q"], 1);
    for part in ["warning[exit-code-range]: ", " --> src/a.py:2:11\n", "2 | x = 'é🐍'; sys.exit(300)\n", "^^^^^^^^^^^^^", "help: "] {
        assert!(full.contains(part), "{part:?} is not in: {full}");
    }
    let (json, _) = check(here.path(), &["--output-format", "json", "-q"], 1);
    let found: serde_json::Value = serde_json::from_str(&json).expect("JSON");
    let finding = &found[0];
    assert_eq!((&finding["code"], &finding["name"], &finding["severity"]), (&"RL301".into(), &"exit-code-range".into(), &"warning".into()));
    assert_eq!((&finding["path"], &finding["line"], &finding["column"]), (&"src/a.py".into(), &2.into(), &11.into()));
    assert_eq!((&finding["end_line"], &finding["end_column"]), (&2.into(), &24.into()));
    assert!(finding["fix"].is_null() && finding["related"].is_array() && finding["message"].is_string(), "{finding}");
    let elsewhere = tempfile::tempdir().expect("a folder can be made");
    let path = std::fs::canonicalize(here.path()).expect("the folder is there").join("src/a.py");
    let path = path.to_str().expect("UTF-8");
    let (concise, _) = check(elsewhere.path(), &["--output-format", "concise", "-q", path], 1);
    assert!(concise.starts_with(&format!("{path}:2:11: ")), "{concise}");
    assert_eq!(check(elsewhere.path(), &["--output-format", "json", "-q"], 0).0, "[]\n");
}

#[test]
fn statistics() {
    let here = folder(&[("a.py", DEFECT), ("b.py", DEFECT), ("c.py", "def f(:\n  sys.exit()")]);
    let (text, _) = check(here.path(), &["--statistics", "-q"], 1);
    let expected = "\
count  code   name             severity  fixable
    2  RL301  exit-code-range  warning         -
    1  RL001  syntax-error     error           -
    3  total                                   -
";
    assert_eq!(text, expected);
    // Formats that have no statistics of their own show the table.
    assert_eq!(check(here.path(), &["--statistics", "-q", "--output-format", "sarif"], 1).0, expected);
    let (lines, _) = check(here.path(), &["--statistics", "-q", "--output-format", "json-lines"], 1);
    assert_eq!(lines.lines().count(), 2);
    let (json, _) = check(here.path(), &["--statistics", "-q", "--output-format", "json"], 1);
    let found: serde_json::Value = serde_json::from_str(&json).expect("JSON");
    assert_eq!(
        found[0],
        serde_json::json!({ "code": "RL301", "name": "exit-code-range", "severity": "warning", "count": 2, "fixable": 0 })
    );
}

#[cfg(unix)]
#[test]
fn hostile_names_and_texts() {
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt;
    let here = tempfile::tempdir().expect("a folder can be made");
    let names: [&[u8]; 3] = [b"a\x1b[31m\x07\n.py", b"b\xff\xfe.py", "c\u{202e}\u{9b}31m.py".as_bytes()];
    for name in names {
        let text = "import sys\nsys.exit(300)  # \x1b[2J\u{7} \u{202e}\u{9b}\n";
        std::fs::write(here.path().join(OsStr::from_bytes(name)), text).expect("a file can be written");
    }
    for format in ["full", "concise"] {
        let (stdout, stderr) = check(here.path(), &["--output-format", format, "-vv"], 1);
        for text in [&stdout, &stderr] {
            let raw = text.chars().find(|letter| letter.is_control() && *letter != '\n' || *letter == '\u{202e}');
            assert_eq!(raw, None, "{format}: {text}");
        }
        for name in ["a\\x1b[31m\\x07\\n.py:2:1", "b\\xff\\xfe.py:2:1", "c\\u202e\\x9b31m.py:2:1"] {
            assert!(stdout.contains(name), "{name} is not in: {stdout}");
        }
    }
    let (files, _) = check(here.path(), &["--show-files"], 0);
    assert_eq!(files.lines().count(), 3);
    let (json, _) = check(here.path(), &["--output-format", "json"], 1);
    let found: Vec<serde_json::Value> = serde_json::from_str(&json).expect("JSON");
    let paths: Vec<&str> = found.iter().map(|finding| finding["path"].as_str().expect("a path")).collect();
    assert_eq!(paths, ["a\u{1b}[31m\u{7}\n.py", "b\\xff\\xfe.py", "c\u{202e}\u{9b}31m.py"]);
}

#[test]
fn long_lines_are_cut() {
    let text = format!("import sys; x = '{}'; sys.exit(300)  # {}\n", "a".repeat(3_000_000), "b".repeat(3_000_000));
    let here = folder(&[("a.py", &text)]);
    let (stdout, _) = check(here.path(), &["-q"], 1);
    assert!(stdout.len() < 2_000, "{} bytes", stdout.len());
    assert!(stdout.contains("aaa'; sys.exit(300)") && stdout.contains("a.py:1:3000021\n"), "{stdout}");
}

#[test]
fn every_format_has_its_word() {
    use clap::ValueEnum;
    use pyrelint::cli::OutputFormat;
    let here = folder(&[("a.py", DEFECT)]);
    for format in OutputFormat::value_variants() {
        let word = format.to_possible_value().expect("no format is hidden");
        assert_eq!(word.get_name(), format.as_str());
        // The configuration takes the same words as the command line.
        let option = format!("output-format = \"{}\"", format.as_str());
        let (configured, _) = check(here.path(), &["-q", "--config", &option], 1);
        assert_eq!(configured, check(here.path(), &["-q", "--output-format", format.as_str()], 1).0);
        assert!(!configured.contains('\u{1b}'), "{configured}");
    }
}

#[test]
fn a_file_is_replaced_as_a_whole() {
    let here = folder(&[("a.py", DEFECT)]);
    let run = |arguments: &[&str], status| check(here.path(), arguments, status);
    let read = |name: &str| std::fs::read_to_string(here.path().join(name)).expect("it was written");
    std::fs::write(here.path().join("out.txt"), "old\n".repeat(1_000)).expect("a file can be written");
    let (stdout, stderr) = run(&["--output-file", "out.txt", "--output-format", "concise", "--color", "always"], 1);
    assert_eq!(stdout, "");
    assert!(stderr.contains("1 finding"), "{stderr}");
    assert!(read("out.txt").starts_with("a.py:2:1: warning[exit-code-range] ") && read("out.txt").lines().count() == 1);
    run(&["-o", "table.txt", "--statistics"], 1);
    assert!(read("table.txt").starts_with("count  code "));
    let (_, stderr) = run(&["-o", "no/such/folder.txt"], 2);
    assert!(stderr.contains("no/such/folder.txt: cannot be written: its folder does not exist\n"), "{stderr}");
    run(&["-o", "."], 2);
    let left: Vec<_> = std::fs::read_dir(here.path()).expect("readable").flatten().map(|entry| entry.file_name()).collect();
    assert_eq!(left.len(), 3, "{left:?}");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        std::os::unix::fs::symlink("out.txt", here.path().join("link.txt")).expect("a link can be made");
        std::fs::set_permissions(here.path().join("out.txt"), std::fs::Permissions::from_mode(0o640)).expect("the mode can be set");
        run(&["-o", "link.txt", "--output-format", "json"], 1);
        assert!(read("out.txt").starts_with('['));
        let mode = |name: &str| std::fs::metadata(here.path().join(name)).expect("it is there").permissions().mode() & 0o777;
        assert!(std::fs::symlink_metadata(here.path().join("link.txt")).expect("it is there").is_symlink());
        assert_eq!(mode("out.txt"), 0o640);
        assert_ne!(mode("table.txt") & 0o044, 0, "others may read a report");
        assert!(run(&["-q", "-o", "/dev/stdout", "--output-format", "concise"], 1).0.starts_with("a.py:2:1"));
    }
}
