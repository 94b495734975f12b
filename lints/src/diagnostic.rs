//! What a rule reports: a diagnostic with its place, related places and fix.
//!
//! Conventions for the texts, checked by tests: the headline makes sense alone, names the thing in backticks, states
//! the consequence and has no trailing full stop; `help` says what to do instead.

use std::cmp::Ordering;
use std::fmt;
use std::sync::Arc;

use ruff_text_size::{TextRange, TextSize};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::rules::Rule;
use crate::source::{LineColumn, SourceFile};

/// How bad a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Severity {
    /// Advice; does not fail a run by default.
    Info,
    /// A reliability hazard.
    Warning,
    /// A bug whenever it runs.
    Error,
}

impl Severity {
    /// The word of the output formats and of the configuration.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Info => "info",
            Self::Warning => "warning",
            Self::Error => "error",
        }
    }
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A range in a file.
#[derive(Clone, Debug)]
pub struct Place {
    /// The file.
    pub file: Arc<SourceFile>,
    /// The range in bytes of the file's decoded text.
    pub range: TextRange,
}

impl Place {
    /// A range of a file.
    pub fn new(file: &Arc<SourceFile>, range: TextRange) -> Self {
        Self { file: Arc::clone(file), range }
    }

    /// The first position of a file that has no text (it could not be read).
    pub fn of_path(path: &str) -> Self {
        Self { file: SourceFile::new(path, ""), range: TextRange::empty(TextSize::new(0)) }
    }

    /// Where the range starts.
    pub fn start(&self) -> LineColumn {
        self.file.line_column(self.range.start())
    }

    /// Where the range ends (exclusive).
    pub fn end(&self) -> LineColumn {
        self.file.line_column(self.range.end())
    }

    fn key(&self) -> (&str, TextSize, TextSize) {
        (self.file.path(), self.range.start(), self.range.end())
    }
}

/// A place that explains a finding: a hop of the call path, an earlier configuration.
#[derive(Clone, Debug)]
pub struct Related {
    /// What happens there; a clause without trailing full stop.
    pub message: String,
    /// Where.
    pub place: Place,
}

/// Whether a fix may change what the program does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Applicability {
    /// Keeps the meaning, apart from the defect.
    Safe,
    /// May change the meaning; a person should look.
    Unsafe,
}

/// A replacement of a range of a file's decoded text.
#[derive(Clone, Debug)]
pub struct Edit {
    /// What is replaced; empty for an insertion.
    pub place: Place,
    /// What takes its place.
    pub replacement: String,
}

/// A set of edits that belong together and remove the finding.
#[derive(Clone, Debug)]
pub struct Fix {
    /// Whether it may change the meaning.
    pub applicability: Applicability,
    /// What it does, as an imperative: "Use `sys.exit`".
    pub message: String,
    /// The edits; they do not overlap.
    pub edits: Vec<Edit>,
}

/// One finding.
#[derive(Clone, Debug)]
pub struct Diagnostic {
    /// The rule that reports it.
    pub rule: &'static Rule,
    /// Its severity: the rule's, the case's, or the configuration's.
    pub severity: Severity,
    /// The headline.
    pub message: String,
    /// What to do instead.
    pub help: Option<String>,
    /// The one place that a maintainer would edit.
    pub place: Place,
    /// The evidence, in the order of the story.
    pub related: Vec<Related>,
    /// A fix where there is one.
    pub fix: Option<Fix>,
}

impl Diagnostic {
    /// A diagnostic of a rule with the rule's own severity.
    pub fn new(rule: &'static Rule, message: impl Into<String>, place: Place) -> Self {
        Self { rule, severity: rule.severity, message: message.into(), help: None, place, related: Vec::new(), fix: None }
    }

    /// The order of all output: path, position, rule, message.
    pub fn order(&self, other: &Self) -> Ordering {
        (self.place.key(), self.rule.code, &self.message).cmp(&(other.place.key(), other.rule.code, &other.message))
    }
}
