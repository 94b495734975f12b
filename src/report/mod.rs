//! What people and programs read: one file for each format of findings, and [`stderr`] for all that is said about the run.
//!
//! Nothing else in the program prints. Invariant: in every format for people, text from analyzed files and their names is escaped
//! ([`escape`]).

mod azure;
mod checkstyle;
mod concise;
pub mod escape;
mod excerpt;
mod full;
mod github;
mod gitlab;
pub mod graph;
mod grouped;
mod html;
mod json;
mod junit;
mod links;
mod output;
pub mod progress;
mod rdjson;
mod sarif;
mod statistics;
pub mod stderr;
mod xml;

use std::io::{self, IsTerminal, Write};
use std::path::Path;

use anstyle::{AnsiColor, Effects, Style as Paint};
use pyrelint_lints::rules::FixAvailability;
use pyrelint_lints::{Diagnostic, RULES, Severity};

use crate::ExitStatus;
use crate::cli::{ColorWhen, ListFormat, OutputFormat};
use crate::fix::Changed;
use output::to_stdout;
pub use output::{Destination, replace_file};
pub use statistics::statistics;

/// The styles of the words that stand out; all plain where there is no colour.
#[derive(Clone, Copy, Debug, Default)]
pub struct Styles {
    error: Paint,
    warning: Paint,
    info: Paint,
    bold: Paint,
    good: Paint,
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
            bold: Paint::new().bold(),
            good: bold(AnsiColor::Green),
        }
    }

    fn of(self, severity: Severity) -> Paint {
        match severity {
            Severity::Error => self.error,
            Severity::Warning => self.warning,
            Severity::Info => self.info,
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

/// How findings are printed.
#[derive(Clone, Copy, Debug)]
pub struct Style<'a> {
    /// Whether to use colours.
    pub color: ColorWhen,
    /// Whether unsafe fixes count among those that `--fix` applies.
    pub unsafe_fixes: bool,
    /// Where they go.
    pub destination: Destination<'a>,
}

impl Style<'_> {
    fn is_colored(self) -> bool {
        match self.destination {
            Destination::Stdout => is_colored(self.color, &io::stdout()),
            Destination::Stderr => is_colored(self.color, &io::stderr()),
            Destination::File(_) => false,
        }
    }

    /// The mark of what `--fix` fixes.
    fn mark(self, diagnostic: &Diagnostic) -> &'static str {
        if diagnostic.fix.as_ref().is_some_and(|fix| fix.applies(self.unsafe_fixes)) { "[*] " } else { "" }
    }
}

/// A run, as far as formats tell about it.
#[derive(Clone, Copy, Debug)]
pub struct Run<'a> {
    /// The findings, in the order of the output.
    pub diagnostics: &'a [Diagnostic],
    /// Files in which the analysis panicked, with what it said.
    pub panics: &'a [(String, String)],
    /// Relative paths are relative to it.
    pub working_directory: &'a Path,
    /// How the run ends.
    pub status: ExitStatus,
}

/// Prints findings.
///
/// # Errors
/// If they cannot be written.
pub fn findings(format: OutputFormat, run: Run<'_>, style: Style<'_>) -> anyhow::Result<()> {
    let styles = Styles::new(style.is_colored());
    let links = links::Links::new(style, run.working_directory);
    let found = run.diagnostics;
    style.destination.write(|out| match format {
        OutputFormat::Full => full::write(out, found, style.is_colored(), &links),
        OutputFormat::Concise => concise::write(out, found, style, styles, &links),
        OutputFormat::Grouped => grouped::write(out, found, style, styles, &links),
        OutputFormat::Json => json::write(out, found),
        OutputFormat::JsonLines => json::lines(out, found),
        OutputFormat::Sarif => sarif::write(out, run),
        OutputFormat::Github => github::write(out, found),
        OutputFormat::Gitlab => gitlab::write(out, found),
        OutputFormat::Junit => junit::write(out, found),
        OutputFormat::Rdjson => rdjson::write(out, found),
        OutputFormat::Azure => azure::write(out, found),
        OutputFormat::Checkstyle => checkstyle::write(out, found),
        OutputFormat::Html => html::write(out, run),
    })
}

/// Prints what `--fix` would change, as a unified diff of the decoded texts. On a terminal its lines are escaped; for a program they are what they
/// are, so that it can be applied.
///
/// # Errors
/// If stdout cannot be written.
pub fn differences<'a>(files: impl Iterator<Item = &'a Changed>, color: ColorWhen) -> io::Result<()> {
    let styles = Styles::new(is_colored(color, &io::stdout()));
    let raw = !io::stdout().is_terminal();
    let mut files: Vec<_> = files.collect();
    files.sort_by(|a, b| a.shown.cmp(&b.shown));
    to_stdout(|out| files.into_iter().try_for_each(|file| difference(out, file, styles, raw)))
}

fn difference(out: &mut dyn Write, file: &Changed, styles: Styles, raw: bool) -> io::Result<()> {
    let diff = similar::TextDiff::from_lines(file.texts.0.as_str(), file.texts.1.as_str());
    let path = escape::line(&file.shown);
    let text = diff.unified_diff().context_radius(3).header(&path, &path).to_string();
    for line in text.split_inclusive('\n') {
        let style = match line.as_bytes().first() {
            Some(b'+') => styles.good,
            Some(b'-') => styles.error,
            _ => Paint::new(),
        };
        let (line, end) = line.strip_suffix('\n').map_or((line, ""), |line| (line, "\n"));
        let line = if raw { std::borrow::Cow::Borrowed(line) } else { escape::line(line) };
        write!(out, "{style}{line}{style:#}{end}")?;
    }
    Ok(())
}

/// Prints a text as it is: what came through standard input, fixed.
///
/// # Errors
/// If stdout cannot be written.
pub fn bytes(bytes: &[u8]) -> io::Result<()> {
    to_stdout(|out| out.write_all(bytes))
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
            let fix = if rule.fix == FixAvailability::None { "" } else { rule.fix.as_str() };
            let (severity, summary) = (rule.severity.as_str(), rule.summary());
            writeln!(out, "  {}  {:width$}  {severity:7}  {default:3}  {fix:9}  {summary}", rule.code, rule.name)?;
        }
        writeln!(
            out,
            "\nThe columns: code, name, severity, whether the rule is on by default, whether its findings can be fixed. `pyrelint rule NAME` explains a rule."
        )
    })
}

/// Clears a terminal, for a run that follows another one; what scrolled away stays. Does nothing to files and pipes.
pub fn clear_screen() {
    if io::stdout().is_terminal() {
        // Nobody has to know that this failed.
        let _ = to_stdout(|out| out.write_all(b"\x1b[2J\x1b[H"));
    }
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
