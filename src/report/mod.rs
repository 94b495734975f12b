//! What people and programs read: one file for each format of findings, and [`stderr`] for all that is said about the run.
//!
//! Nothing else in the program prints. Invariant: in every format for people, text from analyzed files and their names is escaped
//! ([`escape`]).

mod concise;
pub mod escape;
mod excerpt;
mod full;
pub mod graph;
mod json;
pub mod stderr;

use std::collections::BTreeMap;
use std::io::{self, BufWriter, IsTerminal, Write};

use anstyle::{AnsiColor, Effects, Style};
use pyrelint_lints::{Diagnostic, RULES, Rule};

use crate::cli::{ColorWhen, ListFormat, OutputFormat};

/// The styles of the words that stand out; all plain where there is no colour.
#[derive(Clone, Copy, Debug, Default)]
pub struct Styles {
    error: Style,
    warning: Style,
    info: Style,
    bold: Style,
    good: Style,
}

impl Styles {
    fn new(color: bool) -> Self {
        if !color {
            return Self::default();
        }
        let bold = |color: AnsiColor| color.on_default() | Effects::BOLD;
        Self {
            error: bold(AnsiColor::BrightRed),
            warning: bold(AnsiColor::Yellow),
            info: bold(AnsiColor::BrightBlue),
            bold: Style::new().bold(),
            good: bold(AnsiColor::Green),
        }
    }
}

/// Whether to use colours on a stream.
fn is_colored(when: ColorWhen, stream: &(impl anstream::stream::RawStream + IsTerminal)) -> bool {
    let forced = || std::env::var_os("FORCE_COLOR").is_some_and(|value| !value.is_empty() && value != "0");
    match when {
        ColorWhen::Always => true,
        ColorWhen::Never => false,
        // The library knows NO_COLOR, CLICOLOR, CLICOLOR_FORCE and TERM.
        ColorWhen::Auto => forced() || anstream::AutoStream::choice(stream) != anstream::ColorChoice::Never,
    }
}

/// Writes to stdout. That nobody reads any more is no error.
///
/// # Errors
/// If stdout cannot be written.
fn to_stdout(write: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> io::Result<()> {
    let mut out = BufWriter::with_capacity(1 << 16, io::stdout().lock());
    match write(&mut out).and_then(|()| out.flush()) {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => {
            // What is left in the buffer would fail again.
            let _ = out.into_parts();
            Ok(())
        }
        other => other,
    }
}

/// Prints findings.
///
/// # Errors
/// If stdout cannot be written.
pub fn findings(format: OutputFormat, diagnostics: &[Diagnostic], color: ColorWhen) -> io::Result<()> {
    let color = is_colored(color, &io::stdout());
    to_stdout(|out| match format {
        OutputFormat::Full => full::write(out, diagnostics, color),
        OutputFormat::Concise => concise::write(out, diagnostics, Styles::new(color)),
        OutputFormat::Json => json::write(out, diagnostics),
    })
}

/// Prints how often each rule reports, the most frequent first.
///
/// # Errors
/// If stdout cannot be written.
pub fn statistics(format: OutputFormat, diagnostics: &[Diagnostic], color: ColorWhen) -> io::Result<()> {
    let styles = Styles::new(is_colored(color, &io::stdout()));
    let mut counts: BTreeMap<&'static str, (&'static Rule, usize)> = BTreeMap::new();
    for diagnostic in diagnostics {
        counts.entry(diagnostic.rule.code).or_insert((diagnostic.rule, 0)).1 += 1;
    }
    let mut counts: Vec<_> = counts.into_values().collect();
    counts.sort_by_key(|(rule, count)| (usize::MAX - count, rule.code));
    to_stdout(|out| match format {
        OutputFormat::Json => {
            json::array(out, counts.iter().map(|(rule, count)| json::Count { code: rule.code, name: rule.name, count: *count }))
        }
        OutputFormat::Full | OutputFormat::Concise => counts.iter().try_for_each(|(rule, count)| {
            let bold = styles.bold;
            writeln!(out, "{count:>6}  {bold}{}{bold:#}  {}", rule.code, rule.name)
        }),
    })
}

/// Prints the list of rules.
///
/// # Errors
/// If stdout cannot be written.
pub fn rules(format: ListFormat, color: ColorWhen) -> io::Result<()> {
    let Styles { bold, .. } = Styles::new(is_colored(color, &io::stdout()));
    to_stdout(|out| {
        if format == ListFormat::Json {
            return json::rules(out);
        }
        let width = RULES.iter().map(|rule| rule.name.len()).max().unwrap_or_default();
        let mut family = None;
        for rule in RULES {
            if family.replace(rule.family) != Some(rule.family) {
                let first = if rule.code == RULES[0].code { "" } else { "\n" };
                writeln!(out, "{first}{bold}{} ({}xx){bold:#}", rule.family.title(), rule.family.prefix())?;
            }
            let default = if rule.default { "on" } else { "off" };
            writeln!(out, "  {}  {:width$}  {:7}  {default:3}  {}", rule.code, rule.name, rule.severity.as_str(), rule.summary())?;
        }
        writeln!(out, "\nThe columns: code, name, severity, whether the rule is on by default. `pyrelint rule NAME` explains a rule.")
    })
}

/// Prints text of the program's own (a rule's page, settings): it may have more than one line.
///
/// # Errors
/// If stdout cannot be written.
pub fn page(text: &str) -> io::Result<()> {
    to_stdout(|out| writeln!(out, "{}", escape::lines(text.trim_end())))
}

/// Prints names, one on each line.
///
/// # Errors
/// If stdout cannot be written.
pub fn names(names: &[String]) -> io::Result<()> {
    to_stdout(|out| names.iter().try_for_each(|name| writeln!(out, "{}", escape::line(name))))
}
