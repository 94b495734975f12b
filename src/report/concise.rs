//! One line for each finding: `path:line:column: severity[name] message`.

use std::io::{self, Write};

use pyrelint_lints::{Diagnostic, Severity};

use super::{Style, Styles, escape};

/// Writes findings.
pub(super) fn write(out: &mut dyn Write, diagnostics: &[Diagnostic], marks: Style, styles: Styles) -> io::Result<()> {
    diagnostics.iter().try_for_each(|diagnostic| {
        let start = diagnostic.place.start();
        let style = match diagnostic.severity {
            Severity::Error => styles.error,
            Severity::Warning => styles.warning,
            Severity::Info => styles.info,
        };
        let path = escape::line(diagnostic.place.file.path());
        let (severity, name) = (diagnostic.severity, diagnostic.rule.name);
        let message = escape::line(&diagnostic.message);
        let mark = marks.mark(diagnostic);
        writeln!(out, "{path}:{}:{}: {style}{severity}[{name}]{style:#} {mark}{message}", start.line, start.column)
    })
}
