//! Each file once, and below it one line for each finding: `line:column  severity[name]  message`.

use std::io::{self, Write};

use pyrelint_lints::Diagnostic;

use super::links::Links;
use super::{Style, Styles, escape};

/// Writes findings, which are sorted by file.
pub(super) fn write(out: &mut dyn Write, diagnostics: &[Diagnostic], marks: Style<'_>, styles: Styles, links: &Links) -> io::Result<()> {
    let bold = styles.bold;
    for (index, group) in diagnostics.chunk_by(|one, other| one.place.file.path() == other.place.file.path()).enumerate() {
        let Some(first) = group.first() else { continue };
        let path = escape::line(first.place.file.path());
        let separator = if index == 0 { "" } else { "\n" };
        writeln!(out, "{separator}{bold}{}{bold:#}", links.place(&first.place, &path))?;
        let places = group.iter().map(|diagnostic| {
            let start = diagnostic.place.start();
            format!("{}:{}", start.line, start.column)
        });
        let places: Vec<String> = places.collect();
        let width = places.iter().map(String::len).max().unwrap_or_default();
        for (diagnostic, place) in group.iter().zip(&places) {
            let style = styles.of(diagnostic.severity);
            let (severity, name) = (diagnostic.severity, links.rule(diagnostic.rule, diagnostic.rule.name));
            let (mark, message) = (marks.mark(diagnostic), escape::line(&diagnostic.message));
            let padding = " ".repeat(width - place.len());
            let place = links.place(&diagnostic.place, place);
            writeln!(out, "  {padding}{place}  {style}{severity}[{name}]{style:#} {mark}{message}")?;
        }
    }
    Ok(())
}
