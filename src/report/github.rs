//! Workflow commands of GitHub Actions: the runner makes annotations of them, which a pull request shows on its lines.
//!
//! `::error file=a.py,line=3::text`. What would end a part is written as `%` and two hexadecimal digits, which the runner turns back: `%`, CR and LF
//! in the text, and in a property `:` and `,` as well. No other character has such a form, so what steers a terminal is escaped as in the
//! formats for people: the log is one.

use std::fmt::Write as _;
use std::io::{self, Write};

use pyrelint_lints::{Diagnostic, Severity};

use super::escape;

/// Writes findings.
pub(super) fn write(out: &mut dyn Write, diagnostics: &[Diagnostic]) -> io::Result<()> {
    diagnostics.iter().try_for_each(|diagnostic| {
        let (start, end) = (diagnostic.place.start(), diagnostic.place.end());
        let level = match diagnostic.severity {
            Severity::Error => "error",
            Severity::Warning => "warning",
            Severity::Info => "notice",
        };
        let title = property(&format!("{} ({})", diagnostic.rule.name, diagnostic.rule.code));
        let path = property(diagnostic.place.file.path());
        write!(out, "::{level} title={title},file={path},line={},endLine={}", start.line, end.line)?;
        // Columns of an annotation over several lines are refused.
        if start.line == end.line {
            write!(out, ",col={},endColumn={}", start.column, end.column)?;
        }
        writeln!(out, "::{}", data(&message(diagnostic)))
    })
}

/// The headline, the way to the effect and the help: all that a log or a pull request can show.
pub(super) fn message(diagnostic: &Diagnostic) -> String {
    let mut text = escape::line(&diagnostic.message).into_owned();
    for related in &diagnostic.related {
        let (path, start) = (escape::line(related.place.file.path()), related.place.start());
        let _ = write!(text, "\n{path}:{}:{}: {}", start.line, start.column, escape::line(&related.message));
    }
    if let Some(help) = &diagnostic.help {
        text.push_str("\nhelp: ");
        text.push_str(&escape::line(help));
    }
    text
}

fn data(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

fn property(text: &str) -> String {
    data(&steady(text)).replace(':', "%3A").replace(',', "%2C")
}

/// A name without what steers a terminal, but for line ends: those have a form of their own.
pub(super) fn steady(text: &str) -> String {
    let mut steady = String::with_capacity(text.len());
    text.chars().for_each(|letter| match letter {
        '\n' | '\r' => steady.push(letter),
        _ => escape::push(&mut steady, letter),
    });
    steady
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_would_end_a_part_is_escaped() {
        assert_eq!(property("a::b,c%0A\n\u{1b}.py"), "a%3A%3Ab%2Cc%250A%0A\\x1b.py");
        assert_eq!(data("50 %: a::b, c\r\nd"), "50 %25: a::b, c%0D%0Ad");
    }
}
