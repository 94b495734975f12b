//! What CPython says of a program, and what the analysis says: syntax, names, method resolution, constants, exit statuses, encodings.
//!
//! Each known difference is in a list beside its test, with its reason; one that is gone fails the test as one that is new does.

mod classes;
mod constants;
mod encodings;
mod names;
mod statuses;
mod syntax;

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Mutex;

use serde::de::DeserializeOwned;

use crate::support;

/// The CPythons from 3.8 on that are installed: on the path, and by pyenv. The oldest comes first; of each minor version one.
fn interpreters() -> Vec<((u32, u32), PathBuf)> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let pyenv = std::env::var_os("PYENV_ROOT").map(PathBuf::from).or_else(|| Some(PathBuf::from(std::env::var_os("HOME")?).join(".pyenv")));
    let versions = pyenv.into_iter().flat_map(|root| std::fs::read_dir(root.join("versions"))).flatten().flatten();
    let mut folders: Vec<PathBuf> = versions.map(|version| version.path().join("bin")).collect();
    folders.sort();
    folders.extend(std::env::split_paths(&path));
    let mut found: Vec<((u32, u32), PathBuf)> = Vec::new();
    for minor in 8..=15 {
        let named = folders.iter().map(|folder| folder.join(format!("python3.{minor}")));
        let runs =
            |file: &PathBuf| file.is_file() && Command::new(file).args(["-c", "import ast"]).status().is_ok_and(|status| status.success());
        found.extend(named.into_iter().find(runs).map(|file| ((3, minor), file)));
    }
    if found.is_empty() {
        let python = support::python();
        found.push((support::python_version(&python), python));
    }
    found
}

/// The library's folder of an interpreter.
fn library(python: &Path) -> PathBuf {
    let output = Command::new(python).args(["-c", "import os; print(os.path.dirname(os.__file__))"]).output().expect("Python starts");
    PathBuf::from(String::from_utf8_lossy(&output.stdout).trim())
}

/// What an interpreter answers, line by line.
fn ask<T: DeserializeOwned>(python: &Path, question: &str, argument: Option<&Path>, input: &str) -> Vec<T> {
    let script = support::root().join("tests/it/differential/oracle.py");
    let mut command = Command::new(python);
    command.args(["-I", "-X", "utf8"]).arg(script).arg(question).args(argument).stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut child = command.stderr(Stdio::null()).spawn().expect("Python starts");
    let mut stdin = child.stdin.take().expect("a pipe");
    let text = input.to_owned();
    let writer = std::thread::spawn(move || stdin.write_all(text.as_bytes()));
    let output = child.wait_with_output().expect("Python ends");
    // Not every question reads what it is sent.
    let _ = writer.join();
    assert!(output.status.success(), "{question}: {}", output.status);
    let lines = String::from_utf8(output.stdout).expect("the answers are in UTF-8");
    lines.lines().map(|line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"))).collect()
}

/// The Python files below a folder that the oracle looks at, too.
fn python_files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).expect("readable").flatten() {
            let path = entry.path();
            let name = entry.file_name();
            if path.is_dir() && !path.is_symlink() {
                if name != "__pycache__" && name != "site-packages" {
                    folders.push(path);
                }
            } else if path.extension().is_some_and(|ending| ending == "py") {
                found.push(path);
            }
        }
    }
    found.sort();
    found
}

/// Runs a function on each item, on all processors and with the stack that the analysis needs.
fn parallel<T: Sync, R: Send>(items: &[T], run: impl Fn(&T) -> R + Sync) -> Vec<R> {
    let (next, results) = (std::sync::atomic::AtomicUsize::new(0), Mutex::new(Vec::new()));
    std::thread::scope(|scope| {
        for _ in 0..std::thread::available_parallelism().map_or(1, std::num::NonZero::get) {
            let builder = std::thread::Builder::new().stack_size(pyrelint_lints::lint::STACK_SIZE);
            let work = || {
                loop {
                    let index = next.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
                    let Some(item) = items.get(index) else { break };
                    let result = run(item);
                    results.lock().expect("nobody panics").push((index, result));
                }
            };
            builder.spawn_scoped(scope, work).expect("a thread");
        }
    });
    let mut results = results.into_inner().expect("nobody panics");
    results.sort_by_key(|(index, _)| *index);
    results.into_iter().map(|(_, result)| result).collect()
}

/// A folder of files.
fn folder(files: &[(&str, &str)]) -> tempfile::TempDir {
    crate::command_line::folder(files)
}
