//! The format for reading: excerpts, the places that lead to the defect, and what to do instead.

use std::io::{self, Write};

use annotate_snippets::{AnnotationKind, Element, Group, Level, Origin, Renderer, Snippet};
use pyrelint_lints::{Diagnostic, Place, Severity};

use super::escape;
use super::excerpt::Excerpt;
use crate::config::ConfigError;

/// How many characters of a message are shown at most: names in it come from the analyzed text.
const MESSAGE: usize = 1_000;

/// Writes findings.
pub(super) fn write(out: &mut dyn Write, diagnostics: &[Diagnostic], color: bool) -> io::Result<()> {
    diagnostics.iter().try_for_each(|diagnostic| {
        let related: Vec<(String, &Place)> = diagnostic.related.iter().map(|related| (text(&related.message), &related.place)).collect();
        let message = text(&diagnostic.message);
        let help = diagnostic.help.as_deref().map(text);
        let shown = render(level(diagnostic.severity), Some(diagnostic.rule.name), &message, &diagnostic.place, &related, help, color);
        writeln!(out, "{shown}\n")
    })
}

/// A mistake in the configuration, as text.
pub(super) fn config_error(error: &ConfigError, color: bool) -> String {
    render(Level::ERROR, None, &text(&error.message), &error.place, &[], error.help.as_deref().map(text), color)
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

fn render(
    level: Level<'_>,
    id: Option<&str>,
    message: &str,
    place: &Place,
    related: &[(String, &Place)],
    help: Option<String>,
    color: bool,
) -> String {
    let title = level.primary_title(message);
    let title = match id {
        Some(id) => title.id(id),
        None => title,
    };
    let mut report = vec![Group::with_title(title).elements(elements(place, AnnotationKind::Primary))];
    for (message, place) in related {
        let group = Group::with_title(Level::NOTE.secondary_title(message.as_str()));
        report.push(group.elements(elements(place, AnnotationKind::Context)));
    }
    if let Some(help) = help {
        report.push(Group::with_title(Level::HELP.secondary_title(help)));
    }
    let renderer = if color { Renderer::styled() } else { Renderer::plain() };
    // Lines are cut already, around what is marked.
    renderer.term_width(usize::MAX / 2).render(&report)
}

/// The line that names a place, and its excerpt. The excerpt's own columns would count what is cut and escaped.
fn elements(place: &Place, kind: AnnotationKind) -> Vec<Element<'static>> {
    let start = place.start();
    let origin = Origin::path(escape::line(place.file.path()).into_owned());
    let Some(excerpt) = Excerpt::new(place) else {
        return vec![origin.into()];
    };
    let origin = origin.line(start.line as usize).char_column(start.column as usize);
    let snippet = Snippet::source(excerpt.text).line_start(excerpt.first_line as usize).fold(false);
    vec![origin.into(), snippet.annotation(kind.span(excerpt.mark)).into()]
}
