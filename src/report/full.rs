//! The format for reading: excerpts, the places that lead to the defect, and what to do instead.

use std::io::{self, Write};

use annotate_snippets::{AnnotationKind, Element, Group, Level, Origin, Renderer, Snippet};
use pyrelint_lints::diagnostic::Applicability;
use pyrelint_lints::{Diagnostic, Place, Rule, Severity};

use super::escape;
use super::excerpt::Excerpt;
use super::links::Links;
use crate::config::ConfigError;

/// How many characters of a message are shown at most: names in it come from the analyzed text.
const MESSAGE: usize = 1_000;

/// Writes findings.
pub(super) fn write(out: &mut dyn Write, diagnostics: &[Diagnostic], color: bool, links: &Links) -> io::Result<()> {
    diagnostics.iter().try_for_each(|diagnostic| {
        let related: Vec<(String, &Place)> = diagnostic.related.iter().map(|related| (text(&related.message), &related.place)).collect();
        let message = text(&diagnostic.message);
        let mut help: Vec<String> = diagnostic.help.as_deref().map(text).into_iter().collect();
        help.extend(diagnostic.fix.as_ref().map(|fix| {
            let flags = if fix.applicability == Applicability::Safe { "--fix" } else { "--fix --unsafe-fixes" };
            format!("fixable with `{flags}`: {}", text(&fix.message))
        }));
        let look = Look { color, links, rule: Some(diagnostic.rule) };
        let shown = render(level(diagnostic.severity), &message, &diagnostic.place, &related, help, look);
        writeln!(out, "{shown}\n")
    })
}

/// A mistake in the configuration, as text.
pub(super) fn config_error(error: &ConfigError, color: bool) -> String {
    let look = Look { color, links: &Links::default(), rule: None };
    render(Level::ERROR, &text(&error.message), &error.place, &[], error.help.as_deref().map(text).into_iter().collect(), look)
}

fn level(severity: Severity) -> Level<'static> {
    match severity {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
        Severity::Info => Level::INFO,
    }
}

/// A message that is fit to print.
fn text(message: &str) -> String {
    match message.char_indices().nth(MESSAGE) {
        Some((end, _)) => format!("{}...", escape::line(&message[..end])),
        None => escape::line(message).into_owned(),
    }
}

/// How a report looks.
#[derive(Clone, Copy)]
struct Look<'a> {
    color: bool,
    links: &'a Links,
    /// The rule whose name stands in the headline.
    rule: Option<&'a Rule>,
}

fn render(level: Level<'_>, message: &str, place: &Place, related: &[(String, &Place)], help: Vec<String>, look: Look<'_>) -> String {
    let mut title = level.primary_title(message);
    if let Some(rule) = look.rule {
        title = title.id(rule.name);
        if let Some(url) = look.links.rule_url(rule) {
            title = title.id_url(url);
        }
    }
    let mut columns = vec![Column::default(); related.len() + 1];
    let mut report = vec![Group::with_title(title).element(element(place, &mut columns[0], look.links))];
    for ((message, place), column) in related.iter().zip(&mut columns[1..]) {
        let group = Group::with_title(Level::NOTE.secondary_title(message.as_str()));
        report.push(group.element(element(place, column, look.links)));
    }
    for help in help {
        report.push(Group::with_title(Level::HELP.secondary_title(help)));
    }
    let renderer = if look.color { Renderer::styled() } else { Renderer::plain() };
    // Lines are cut already, around what is marked.
    correct(renderer.term_width(usize::MAX / 2).render(&report), &columns)
}

/// What the library writes above an excerpt, and what should stand there: its columns count what is cut and escaped.
#[derive(Clone, Debug, Default)]
struct Column {
    written: String,
    right: String,
}

fn element(place: &Place, column: &mut Column, links: &Links) -> Element<'static> {
    let path = escape::line(place.file.path()).into_owned();
    let Some(excerpt) = Excerpt::new(place) else {
        return Origin::path(path).into();
    };
    let start = place.start();
    let before = excerpt.text[..excerpt.mark.start].rsplit('\n').next().unwrap_or_default().chars().count();
    column.written = format!("{path}:{}:{}", start.line, before + 1);
    column.right = links.place(place, &format!("{path}:{}:{}", start.line, start.column)).to_string();
    let snippet = Snippet::source(excerpt.text).line_start(excerpt.first_line as usize).fold(false).path(path);
    snippet.annotation(AnnotationKind::Primary.span(excerpt.mark)).into()
}

/// Puts the right columns into a rendered report, from the first place to the last.
fn correct(mut report: String, columns: &[Column]) -> String {
    // The first line is the message, which may name places, too.
    let mut from = report.find('\n').unwrap_or_default();
    for Column { written, right } in columns.iter().filter(|column| !column.written.is_empty()) {
        let Some(at) = report[from..].find(written.as_str()).map(|at| from + at) else { continue };
        report.replace_range(at..at + written.len(), right);
        from = at + right.len();
    }
    report
}
