//! Hostile input: no abort, no hang, no garbled terminal, and the defect found in every file that can be read.

use std::path::Path;
use std::process::Command;

use crate::support;

/// Whether text has a character that could steer a terminal.
fn steers(text: &str) -> Option<char> {
    text.chars()
        .find(|letter| (letter.is_control() && *letter != '\n') || matches!(letter, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}'))
}

fn made() -> Option<tempfile::TempDir> {
    let script = support::shared()?.join("hard/make.py");
    let folder = tempfile::tempdir().expect("a folder can be made");
    let status = Command::new(support::python()).arg(script).arg(folder.path()).stdout(std::process::Stdio::null()).status();
    assert!(status.expect("Python starts").success());
    Some(folder)
}

#[test]
fn every_defect_is_found_and_everything_else_survived() {
    let Some(folder) = made() else {
        return support::skipped("hard::every_defect_is_found_and_everything_else_survived", "the script that makes the files is not here");
    };
    let output = support::run(folder.path(), &["--isolated", "--output-format", "json", "-q", "."]);
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{stderr}");
    let found: Vec<serde_json::Value> = serde_json::from_slice(&output.stdout).expect("JSON");
    let with_defect: Vec<&str> =
        found.iter().filter(|entry| entry["code"] == "RL301").map(|entry| entry["path"].as_str().expect("a path")).collect();
    let mut wanted = Vec::new();
    list(folder.path(), &mut wanted);
    assert!(wanted.len() > 15, "only {} files", wanted.len());
    for name in wanted {
        let hit = with_defect.iter().any(|path| *path == name || path.ends_with(&format!("/{name}")));
        assert!(hit, "the defect in {name:?} was not found in {with_defect:?}");
    }
    for (name, code) in [
        ("deep_paren.py", "RL003"),
        ("deep_binop.py", "RL003"),
        ("bad_utf8.py", "RL003"),
        ("bad_coding.py", "RL003"),
        ("pipe.py", "RL003"),
        ("syntax.py", "RL001"),
        ("python2.py", "RL001"),
    ] {
        assert!(found.iter().any(|entry| entry["path"] == name && entry["code"] == code), "{name} has no {code}");
    }
}

#[test]
fn no_control_character_reaches_a_terminal() {
    let Some(folder) = made() else {
        return support::skipped("hard::no_control_character_reaches_a_terminal", "the script that makes the files is not here");
    };
    for format in ["full", "concise"] {
        let output = support::run(folder.path(), &["--isolated", "--output-format", format, "--color", "never", "-v", "."]);
        assert_eq!(output.status.code(), Some(1));
        for stream in [&output.stdout, &output.stderr] {
            let text = String::from_utf8_lossy(stream);
            assert_eq!(steers(&text), None, "{format}");
            assert!(text.len() < 10_000_000, "{format}: {} bytes are too many to read", text.len());
        }
    }
}

/// The names of the files in which the defect must be found, as the output writes them.
fn list(folder: &Path, names: &mut Vec<String>) {
    use std::fmt::Write;
    use std::os::unix::ffi::OsStrExt;
    for entry in std::fs::read_dir(folder).expect("readable") {
        let entry = entry.expect("readable");
        if entry.file_type().expect("a type").is_dir() {
            list(&entry.path(), names);
        } else if entry.file_name().as_bytes().starts_with(b"find_") {
            let name = entry.file_name();
            let shown = name.as_bytes().utf8_chunks().fold(String::new(), |mut shown, chunk| {
                shown.push_str(chunk.valid());
                chunk.invalid().iter().for_each(|byte| write!(shown, "\\x{byte:02x}").expect("memory takes it"));
                shown
            });
            names.push(shown);
        }
    }
}
