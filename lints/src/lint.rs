//! The door for one file: bytes in, diagnostics out.

use crate::diagnostic::{Diagnostic, Place};
use crate::rules::run::unreadable_file;
use crate::settings::Settings;

/// A file to lint.
#[derive(Clone, Copy, Debug)]
pub struct FileInput<'a> {
    /// The path as diagnostics show it; `/`-separated.
    pub path: &'a str,
    /// The path below the project root (or the whole path where there is none); `/`-separated. It decides whether the
    /// file is a test, an example or vendored, and its module name.
    pub below_root: &'a str,
    /// The file's bytes.
    pub bytes: &'a [u8],
    /// Whether the file must be parsed whatever it holds (it was named as an argument, or it is an editor's document).
    pub parse: bool,
    /// Why the configuration says that this is service code ("`services.paths` names `srv/*`"), if it does.
    pub configured_service: Option<&'a str>,
}

/// What came of a file.
#[derive(Debug, Default)]
pub struct Outcome {
    /// The findings, in the order of the output.
    pub diagnostics: Vec<Diagnostic>,
    /// Whether the file was parsed.
    pub parsed: bool,
}

/// Lints one file. Whether it is worth it is the caller's question to `Scanner::wants`.
pub fn lint(input: &FileInput<'_>, settings: &Settings) -> Outcome {
    let _ = (input, settings);
    Outcome::default()
}

/// The diagnostic (RL003) for a file that could not be read: `reason` completes "cannot be read: ".
pub fn unreadable(path: &str, reason: &str) -> Diagnostic {
    Diagnostic::new(&unreadable_file::META, format!("This file cannot be read: {reason}"), Place::of_path(path))
}
