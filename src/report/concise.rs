//! One line for each finding: `path:line:column: severity[name] message`.

use std::io::{self, Write};

use pyrelint_lints::Diagnostic;

use super::links::Links;
use super::{Style, Styles, escape};

/// Writes findings.
pub(super) fn write(out: &mut dyn Write, diagnostics: &[Diagnostic], marks: Style<'_>, styles: Styles, links: &Links) -> io::Result<()> {
    diagnostics.iter().try_for_each(|diagnostic| {
        let start = diagnostic.place.start();
        let style = styles.of(diagnostic.severity);
        let place = format!("{}:{}:{}", escape::line(diagnostic.place.file.path()), start.line, start.column);
        let place = links.place(&diagnostic.place, &place);
        let (severity, name) = (diagnostic.severity, links.rule(diagnostic.rule, diagnostic.rule.name));
        let message = escape::line(&diagnostic.message);
        let mark = marks.mark(diagnostic);
        writeln!(out, "{place}: {style}{severity}[{name}]{style:#} {mark}{message}")
    })
}
