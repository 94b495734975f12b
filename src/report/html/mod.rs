//! One page for the browser: the findings to read and filter, with the source around each, the way to it drawn, and the pages of the rules.
//!
//! The page is for itself: it loads nothing, its policy (`Content-Security-Policy`) allows its own style and script by their hashes and no
//! other, and everything that comes from analyzed files goes through the template engine, which escapes it. It reads without scripts,
//! too; they only filter.

mod drawing;
mod markdown;

use std::collections::BTreeMap;
use std::io::{self, Write};

use askama::Template;
use base64::Engine as _;
use pyrelint_lints::diagnostic::Applicability;
use pyrelint_lints::{Diagnostic, Place, Rule, Severity};
use ruff_text_size::TextRange;
use sha2::{Digest, Sha256};

use super::excerpt::Excerpt;
use super::{Run, escape};
use drawing::Drawing;

const STYLE: &str = include_str!("page.css");
const SCRIPT: &str = include_str!("page.js");
/// How many lines are shown around what is marked.
const AROUND: u32 = 2;
/// Folders that lie deeper are not offered as filters of their own.
const DEPTH: usize = 4;

#[derive(Template)]
#[template(path = "page.html")]
struct Page {
    policy: String,
    style: &'static str,
    script: &'static str,
    version: &'static str,
    severities: Vec<(&'static str, usize)>,
    rules: Vec<RuleView>,
    folders: Vec<FolderView>,
    files: Vec<FileView>,
    count: usize,
    panics: usize,
}

/// A rule that reports.
struct RuleView {
    rule: &'static Rule,
    count: usize,
    /// The share of the most frequent rule, in hundredths.
    share: usize,
    /// Its page as HTML, made of our own text.
    page: String,
}

/// A folder to filter by.
struct FolderView {
    path: String,
    name: String,
    count: usize,
}

struct FileView {
    path: String,
    findings: Vec<FindingView>,
}

struct FindingView {
    number: usize,
    rule: &'static Rule,
    severity: Severity,
    path: String,
    line: u32,
    column: u32,
    message: Vec<Piece>,
    help: Option<Vec<Piece>>,
    fix: Option<(Vec<Piece>, &'static str)>,
    source: Vec<Line>,
    drawing: Option<Drawing>,
    steps: Vec<Step>,
}

/// A place on the way to the finding.
struct Step {
    path: String,
    line: u32,
    message: Vec<Piece>,
    source: Vec<Line>,
}

/// A part of a message: names stand in backticks there.
struct Piece {
    text: String,
    is_code: bool,
}

/// A line of a source text, cut around what is marked in it.
struct Line {
    number: u32,
    before: String,
    mark: String,
    after: String,
}

/// Writes the page.
pub(super) fn write(out: &mut dyn Write, run: Run<'_>) -> io::Result<()> {
    let counts = rule_counts(run.diagnostics);
    let most = counts.iter().map(|(_, count)| *count).max().unwrap_or(1);
    let linked: Vec<&Rule> = counts.iter().map(|(rule, _)| *rule).collect();
    let rules = counts.iter().map(|(rule, count)| RuleView {
        rule,
        count: *count,
        share: (count * 100).div_ceil(most),
        page: markdown::to_html(rule.page, &linked),
    });
    let severities = [Severity::Error, Severity::Warning, Severity::Info];
    let severities = severities.map(|severity| {
        let count = run.diagnostics.iter().filter(|diagnostic| diagnostic.severity == severity).count();
        (severity.as_str(), count)
    });
    let page = Page {
        policy: policy(),
        style: STYLE,
        script: SCRIPT,
        version: env!("CARGO_PKG_VERSION"),
        severities: severities.into_iter().filter(|(_, count)| *count > 0).collect(),
        rules: rules.collect(),
        folders: folders(run.diagnostics),
        files: files(run.diagnostics),
        count: run.diagnostics.len(),
        panics: run.panics.len(),
    };
    page.write_into(out)
}

/// What the page may do: use its own style and its own script.
fn policy() -> String {
    let hash = |text: &str| base64::engine::general_purpose::STANDARD.encode(Sha256::digest(text));
    format!(
        "default-src 'none'; style-src 'sha256-{}'; script-src 'sha256-{}'; base-uri 'none'; form-action 'none'",
        hash(STYLE),
        hash(SCRIPT)
    )
}

/// The rules that report, the most frequent first.
fn rule_counts(diagnostics: &[Diagnostic]) -> Vec<(&'static Rule, usize)> {
    let mut counts: BTreeMap<&str, (&'static Rule, usize)> = BTreeMap::new();
    for diagnostic in diagnostics {
        counts.entry(diagnostic.rule.code).or_insert((diagnostic.rule, 0)).1 += 1;
    }
    let mut counts: Vec<_> = counts.into_values().collect();
    counts.sort_by_key(|(rule, count)| (usize::MAX - count, rule.code));
    counts
}

/// The folders of all files with findings, with how many lie below each.
fn folders(diagnostics: &[Diagnostic]) -> Vec<FolderView> {
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    for diagnostic in diagnostics {
        let path = shown(&diagnostic.place);
        for (end, _) in path.match_indices('/').take(DEPTH) {
            *counts.entry(path[..=end].to_owned()).or_default() += 1;
        }
    }
    let view = |(path, count): (String, usize)| {
        let depth = path.matches('/').count() - 1;
        let name = path.trim_end_matches('/').rsplit('/').next().unwrap_or_default();
        FolderView { name: format!("{}{name}/", "\u{2003}".repeat(depth)), path, count }
    };
    counts.into_iter().map(view).collect()
}

/// The findings by file, as they are sorted.
fn files(diagnostics: &[Diagnostic]) -> Vec<FileView> {
    let mut number = 0;
    let groups = diagnostics.chunk_by(|one, other| one.place.file.path() == other.place.file.path());
    let files = groups.map(|group| {
        let findings = group.iter().map(|diagnostic| {
            number += 1;
            finding(number, diagnostic)
        });
        let findings = findings.collect();
        FileView { path: group.first().map(|diagnostic| shown(&diagnostic.place)).unwrap_or_default(), findings }
    });
    files.collect()
}

fn finding(number: usize, diagnostic: &Diagnostic) -> FindingView {
    let start = diagnostic.place.start();
    let places: Vec<&Place> = std::iter::once(&diagnostic.place).chain(diagnostic.related.iter().map(|related| &related.place)).collect();
    let steps = diagnostic.related.iter().map(|related| Step {
        path: shown(&related.place),
        line: related.place.start().line,
        message: pieces(&related.message),
        source: source(&related.place),
    });
    FindingView {
        number,
        rule: diagnostic.rule,
        severity: diagnostic.severity,
        path: shown(&diagnostic.place),
        line: start.line,
        column: start.column,
        message: pieces(&diagnostic.message),
        help: diagnostic.help.as_deref().map(pieces),
        fix: diagnostic.fix.as_ref().map(|fix| {
            let flags = if fix.applicability == Applicability::Safe { "--fix" } else { "--fix --unsafe-fixes" };
            (pieces(&fix.message), flags)
        }),
        source: source(&diagnostic.place),
        drawing: Drawing::new(&places),
        steps: steps.collect(),
    }
}

fn shown(place: &Place) -> String {
    escape::line(place.file.path()).into_owned()
}

/// Splits a message at its backticks.
fn pieces(message: &str) -> Vec<Piece> {
    let message = escape::line(message);
    let parts = message.split('`').enumerate().filter(|(_, text)| !text.is_empty());
    parts.map(|(index, text)| Piece { text: text.to_owned(), is_code: index % 2 == 1 }).collect()
}

/// The lines of a place and some around them.
fn source(place: &Place) -> Vec<Line> {
    let Some(marked) = Excerpt::new(place) else { return Vec::new() };
    let file = &place.file;
    let count = marked.text.matches('\n').count() as u32 + 1;
    let (first, last) = (marked.first_line, marked.first_line + count - 1);
    let plain = |number: u32| {
        let at = file.line_range(number).start();
        let text = Excerpt::new(&Place::new(file, TextRange::empty(at))).map(|excerpt| excerpt.text);
        Line { number, before: text.unwrap_or_default(), mark: String::new(), after: String::new() }
    };
    let mut lines: Vec<Line> = (first.saturating_sub(AROUND).max(1)..first).map(plain).collect();
    let mut from = 0;
    for (number, text) in (first..).zip(marked.text.split('\n')) {
        let clamp = |at: usize| at.clamp(from, from + text.len()) - from;
        let (start, end) = (clamp(marked.mark.start), clamp(marked.mark.end));
        let part = |range: std::ops::Range<usize>| text.get(range).unwrap_or_default().to_owned();
        lines.push(Line { number, before: part(0..start), mark: part(start..end), after: part(end..text.len()) });
        from += text.len() + 1;
    }
    lines.extend((last + 1..=(last + AROUND).min(file.line_count())).map(plain));
    // A text that ends in a line end has an empty line behind it, which nobody counts.
    if lines.last().is_some_and(|line| line.number > last && line.number == file.line_count() && line.before.is_empty()) {
        lines.pop();
    }
    lines
}

#[cfg(test)]
mod tests {
    use pyrelint_lints::source::SourceFile;
    use ruff_text_size::TextSize;

    use super::*;

    #[test]
    fn source_lines_around_a_mark() {
        let file = SourceFile::new("a.py", "1\n2\n3\nf(4,\n 5)\n6\n");
        let lines = source(&Place::new(&file, TextRange::new(TextSize::new(8), TextSize::new(14))));
        let found: Vec<_> = lines.iter().map(|line| (line.number, line.before.as_str(), line.mark.as_str(), line.after.as_str())).collect();
        assert_eq!(found, [(2, "2", "", ""), (3, "3", "", ""), (4, "f(", "4,", ""), (5, "", " 5)", ""), (6, "6", "", "")]);
    }

    #[test]
    fn names_in_messages_are_code() {
        let pieces = pieces("`a.b` closes `x\u{1b}`");
        let found: Vec<_> = pieces.iter().map(|piece| (piece.text.as_str(), piece.is_code)).collect();
        assert_eq!(found, [("a.b", true), (" closes ", false), ("x\\x1b", true)]);
    }
}
