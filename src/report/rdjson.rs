//! The Reviewdog Diagnostic Format: one object. Columns count bytes of UTF-8 from 1, and ends are exclusive.
//!
//! A suggestion is one range of the finding's own file. A fix of several edits becomes one suggestion over all of them: a reviewer who accepts
//! the second half of a fix alone would break the program. Where its edits lie far apart, or in other files, there is no suggestion.

use std::io::{self, Write};

use pyrelint_lints::diagnostic::Fix;
use pyrelint_lints::source::SourceFile;
use pyrelint_lints::{Diagnostic, Place, Severity};
use ruff_text_size::{TextRange, TextSize};
use serde::Serialize;

use super::links;
use crate::fix::merge;

/// More lines than anybody wants to read in one suggestion: most of them would not change.
const MOST_LINES: u32 = 20;

#[derive(Serialize)]
struct Result<'a> {
    source: Source,
    diagnostics: Vec<Finding<'a>>,
}

#[derive(Serialize)]
struct Source {
    name: &'static str,
}

#[derive(Serialize)]
struct Finding<'a> {
    message: String,
    location: Location<'a>,
    severity: &'static str,
    code: Code,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    suggestions: Vec<Suggestion>,
}

#[derive(Serialize)]
struct Code {
    value: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    url: Option<String>,
}

#[derive(Serialize)]
struct Location<'a> {
    path: &'a str,
    range: Range,
}

#[derive(Serialize)]
struct Range {
    start: Position,
    end: Position,
}

#[derive(Serialize)]
struct Position {
    line: u32,
    column: u32,
}

#[derive(Serialize)]
struct Suggestion {
    range: Range,
    text: String,
}

/// Writes findings.
pub(super) fn write(out: &mut dyn Write, diagnostics: &[Diagnostic]) -> io::Result<()> {
    let diagnostics = diagnostics.iter().map(finding).collect();
    serde_json::to_writer_pretty(&mut *out, &Result { source: Source { name: "pyrelint" }, diagnostics })?;
    out.write_all(b"\n")
}

fn finding(diagnostic: &Diagnostic) -> Finding<'_> {
    let Diagnostic { place, message, help, rule, .. } = diagnostic;
    let help = help.as_ref().map(|help| format!("\nhelp: {help}")).unwrap_or_default();
    Finding {
        message: format!("{message}{help}"),
        location: Location { path: place.file.path(), range: range(&place.file, place.range) },
        severity: match diagnostic.severity {
            Severity::Error => "ERROR",
            Severity::Warning => "WARNING",
            Severity::Info => "INFO",
        },
        code: Code { value: rule.code, url: links::page(rule) },
        suggestions: diagnostic.fix.as_ref().and_then(|fix| suggestion(place, fix)).into_iter().collect(),
    }
}

fn suggestion(place: &Place, fix: &Fix) -> Option<Suggestion> {
    let file = &place.file;
    if fix.edits.iter().any(|edit| edit.place.file.path() != file.path()) {
        return None;
    }
    let edits = merge::in_order(fix.edits.iter().collect());
    let whole = TextRange::new(edits.first()?.place.range.start(), edits.last()?.place.range.end());
    if file.line(whole.end()) - file.line(whole.start()) >= MOST_LINES {
        return None;
    }
    let mut text = String::new();
    let mut from = whole.start();
    for edit in edits {
        text.push_str(file.slice(TextRange::new(from, edit.place.range.start())));
        text.push_str(&edit.replacement);
        from = edit.place.range.end();
    }
    Some(Suggestion { range: range(file, whole), text })
}

fn range(file: &SourceFile, range: TextRange) -> Range {
    Range { start: position(file, range.start()), end: position(file, range.end()) }
}

fn position(file: &SourceFile, offset: TextSize) -> Position {
    let line = file.line(offset);
    let column = offset.to_u32().saturating_sub(file.line_range(line).start().to_u32()) + 1;
    Position { line, column }
}

#[cfg(test)]
mod tests {
    use pyrelint_lints::diagnostic::{Applicability, Edit};

    use super::*;

    #[test]
    fn a_fix_is_one_suggestion_with_columns_in_bytes() {
        let file = SourceFile::new("a.py", "x\n'é'; f(1); g(2)\n");
        let edit = |start: u32, length: u32, text: &str| Edit {
            place: Place::new(&file, TextRange::at(TextSize::new(start), TextSize::new(length))),
            replacement: text.to_owned(),
        };
        let fix = |edits| Fix { applicability: Applicability::Safe, message: "Do".to_owned(), edits };
        let place = Place::new(&file, TextRange::at(TextSize::new(8), TextSize::new(4)));
        let made = suggestion(&place, &fix(vec![edit(16, 1, "4"), edit(10, 1, "3")])).expect("it is one file");
        let json = serde_json::to_value(&made).expect("it is JSON");
        assert_eq!(
            json,
            serde_json::json!({ "range": { "start": { "line": 2, "column": 9 }, "end": { "line": 2, "column": 16 } }, "text": "3); g(4" })
        );
        let elsewhere = Edit { place: Place::of_path("b.py"), replacement: String::new() };
        assert!(suggestion(&place, &fix(vec![elsewhere])).is_none());
    }
}
