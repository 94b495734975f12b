//! The code quality report of GitLab: what Code Climate's engines write, as one array.
//!
//! GitLab tells new findings of a merge request from old ones by their fingerprints alone.

use std::io::{self, Write};

use pyrelint_lints::{Diagnostic, Severity};
use serde::Serialize;

use super::json;
use crate::identity::fingerprints;

#[derive(Serialize)]
struct Issue<'a> {
    r#type: &'static str,
    check_name: &'static str,
    description: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    content: Option<Content<'a>>,
    categories: [&'static str; 1],
    severity: &'static str,
    fingerprint: String,
    location: Location<'a>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    other_locations: Vec<Location<'a>>,
}

/// Markdown.
#[derive(Serialize)]
struct Content<'a> {
    body: &'a str,
}

#[derive(Serialize)]
struct Location<'a> {
    path: &'a str,
    positions: Positions,
    /// Older versions of GitLab read these alone.
    lines: Lines,
}

#[derive(Serialize)]
struct Positions {
    begin: Position,
    end: Position,
}

#[derive(Serialize)]
struct Position {
    line: u32,
    column: u32,
}

#[derive(Serialize)]
struct Lines {
    begin: u32,
    end: u32,
}

/// Writes findings.
pub(super) fn write(out: &mut dyn Write, diagnostics: &[Diagnostic]) -> io::Result<()> {
    let issues = diagnostics.iter().zip(fingerprints(diagnostics)).map(|(diagnostic, fingerprint)| Issue {
        r#type: "issue",
        check_name: diagnostic.rule.name,
        description: format!("{}: {}", diagnostic.rule.code, diagnostic.message),
        content: diagnostic.help.as_deref().map(|body| Content { body }),
        categories: ["Bug Risk"],
        severity: match diagnostic.severity {
            Severity::Error => "critical",
            Severity::Warning => "major",
            Severity::Info => "info",
        },
        fingerprint: fingerprint.unique,
        location: location(&diagnostic.place),
        other_locations: diagnostic.related.iter().map(|related| location(&related.place)).collect(),
    });
    json::array(out, issues)
}

fn location(place: &pyrelint_lints::Place) -> Location<'_> {
    let json::Range { path, line, column, end_line, end_column } = json::range(place);
    let begin = Position { line, column };
    Location {
        path,
        positions: Positions { begin, end: Position { line: end_line, column: end_column } },
        lines: Lines { begin: line, end: end_line },
    }
}
