//! Logging commands of Azure Pipelines: the agent makes issues of a build of them.
//!
//! `##vso[task.logissue type=error;sourcepath=a.py;linenumber=3]text`. What would end a part is written as `%` and two digits, which the agent
//! turns back: CR and LF, and in a property `;` and `]` as well; `%` itself is `%AZP25`. There are two kinds of issues only: advice is a warning.

use std::io::{self, Write};

use pyrelint_lints::{Diagnostic, Severity};

use super::github::{message, steady};

/// Writes findings.
pub(super) fn write(out: &mut dyn Write, diagnostics: &[Diagnostic]) -> io::Result<()> {
    diagnostics.iter().try_for_each(|diagnostic| {
        let start = diagnostic.place.start();
        let kind = if diagnostic.severity == Severity::Error { "error" } else { "warning" };
        let path = property(diagnostic.place.file.path());
        write!(out, "##vso[task.logissue type={kind};sourcepath={path};linenumber={};columnnumber={};", start.line, start.column)?;
        writeln!(out, "code={};]{}", diagnostic.rule.code, data(&format!("[{}] {}", diagnostic.rule.name, message(diagnostic))))
    })
}

fn data(text: &str) -> String {
    text.replace('%', "%AZP25").replace('\r', "%0D").replace('\n', "%0A")
}

fn property(text: &str) -> String {
    data(&steady(text)).replace(']', "%5D").replace(';', "%3B")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_would_end_a_part_is_escaped() {
        assert_eq!(property("a;b]%3B\n.py"), "a%3Bb%5D%AZP253B%0A.py");
        assert_eq!(data("a;b] 50 %\n"), "a;b] 50 %AZP25%0A");
    }
}
