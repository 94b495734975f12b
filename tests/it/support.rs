//! What the integration tests share: the program, Python, and the data that may be there.

use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Output};

use serde_json::Value;

use crate::markdown::{Block, Report};

/// The project's folder.
pub(crate) fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// The program, with an environment that no configuration of the user reaches.
pub(crate) fn pyrelint() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_pyrelint"));
    for (name, _) in std::env::vars_os() {
        let text = name.to_string_lossy();
        if text.starts_with("PYRELINT_") || matches!(&*text, "NO_COLOR" | "FORCE_COLOR" | "CLICOLOR_FORCE" | "VIRTUAL_ENV") {
            command.env_remove(&name);
        }
    }
    command
}

/// Runs the program in a folder and returns what it says.
pub(crate) fn run(folder: &Path, arguments: &[&str]) -> Output {
    pyrelint().current_dir(folder).args(arguments).output().expect("the program starts")
}

/// The findings in the files of a case, as the program reports them: those in its Python files, and in all others, too, where one of these is marked.
pub(crate) fn reports(folder: &Path, arguments: &[&str], blocks: &[Block]) -> Vec<Report> {
    let everything = blocks.iter().any(|block| block.language != "python" && !block.marks().is_empty());
    let files = blocks.iter().filter(|block| block.language == "python").map(|block| block.name.as_str());
    // Files that are no Python are found by the program itself.
    let others = everything.then_some(".");
    let options = ["--output-format", "json", "--exit-zero"];
    let arguments: Vec<&str> = options.into_iter().chain(arguments.iter().copied()).chain(files).chain(others).collect();
    let output = run(folder, &arguments);
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{arguments:?}: {stderr}");
    let found: Value = serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{arguments:?}: {error}: {stderr}"));
    let text = |entry: &Value, key: &str| entry[key].as_str().unwrap_or_default().to_owned();
    let entries = found.as_array().expect("an array").iter();
    entries
        .map(|entry| Report {
            file: text(entry, "path"),
            line: entry["line"].as_u64().unwrap_or_default() as usize,
            code: text(entry, "code"),
            message: text(entry, "message"),
        })
        .collect()
}

/// The interpreter that runs the proofs: `PYRELINT_TEST_PYTHON`, else `python3`, resolved to its real file.
pub(crate) fn python() -> PathBuf {
    let name = std::env::var("PYRELINT_TEST_PYTHON").unwrap_or_else(|_| "python3".to_owned());
    let output = Command::new(&name).args(["-c", "import sys; print(sys.executable)"]).output();
    let output = output.unwrap_or_else(|error| panic!("{name}: {error}"));
    PathBuf::from(String::from_utf8_lossy(&output.stdout).trim())
}

/// The version of an interpreter.
pub(crate) fn python_version(python: &Path) -> (u32, u32) {
    let output = Command::new(python).args(["-c", "import sys; print(*sys.version_info[:2])"]).output().expect("Python starts");
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let mut numbers = text.split_whitespace().map(|number| number.parse().expect("a number"));
    (numbers.next().expect("a major version"), numbers.next().expect("a minor version"))
}

/// Whether a version fits a condition such as `>=3.8,<3.12`.
pub(crate) fn version_matches(version: (u32, u32), condition: &str) -> bool {
    condition.split(',').all(|part| {
        let digits = part.find(|letter: char| letter.is_ascii_digit()).expect("a version");
        let (operator, number) = part.trim().split_at(digits - (part.len() - part.trim_start().len()));
        let (major, minor) = number.trim().split_once('.').expect("major and minor");
        let wanted = (major.parse().expect("a number"), minor.parse().expect("a number"));
        match operator.trim() {
            ">=" => version >= wanted,
            ">" => version > wanted,
            "<" => version < wanted,
            "<=" => version <= wanted,
            "==" => version == wanted,
            other => panic!("no such operator: {other:?} in {condition:?}"),
        }
    })
}

/// The status that a parent sees: the exit code, or minus the signal.
pub(crate) fn exit_code(status: ExitStatus) -> i32 {
    use std::os::unix::process::ExitStatusExt;
    status.code().unwrap_or_else(|| -status.signal().unwrap_or(0))
}

/// The folder of the Python standard library that the tests read.
pub(crate) fn standard_library() -> PathBuf {
    let output = Command::new(python()).args(["-c", "import os; print(os.path.dirname(os.__file__))"]).output().expect("Python starts");
    PathBuf::from(String::from_utf8_lossy(&output.stdout).trim())
}

/// The development corpus, where it has been fetched (`PYRELINT_CORPUS`, else the cache folder of the user).
pub(crate) fn corpus() -> Option<PathBuf> {
    let folder = match std::env::var_os("PYRELINT_CORPUS") {
        Some(folder) => PathBuf::from(folder),
        None => PathBuf::from(std::env::var_os("HOME")?).join(".cache/pyrelint-corpus"),
    };
    folder.is_dir().then_some(folder)
}

/// The data beside the project that a developer's checkout has and a user's does not.
pub(crate) fn shared() -> Option<PathBuf> {
    let folder = root().parent()?.join("shared");
    folder.is_dir().then_some(folder)
}

/// Whether a program is on the path.
pub(crate) fn is_installed(program: &str) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path).any(|folder| folder.join(program).is_file())
}

/// Says that a test could not run here, in a form that `tests/run` counts.
pub(crate) fn skipped(test: &str, reason: &str) {
    println!("SKIPPED {test}: {reason}");
}
