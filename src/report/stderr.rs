//! What is said about the run itself: its summary, warnings, and errors. That stderr cannot be written is nobody's business.

use std::io::{self, Write};
use std::time::Duration;

use pyrelint_lints::{Diagnostic, Severity};

use super::{Styles, escape, full, is_colored};
use crate::check::{Checked, Counts};
use crate::cli::ColorWhen;
use crate::config::ConfigError;
use crate::fix::Fixed;

/// Where messages about a run go, and in which colours.
#[derive(Clone, Copy, Debug)]
pub struct Stderr {
    styles: Styles,
    color: bool,
}

impl Stderr {
    /// Colours as wished.
    pub fn new(when: ColorWhen) -> Self {
        let color = is_colored(when, &io::stderr());
        Self { styles: Styles::new(color), color }
    }

    /// Something that the user should know, on one line.
    pub fn warning(self, text: &str) {
        let style = self.styles.warning;
        say(&format!("{style}warning{style:#}: {}", escape::line(text)));
    }

    /// Why the run cannot go on; may have several lines.
    pub fn error(self, error: &anyhow::Error) {
        if let Some(error) = error.downcast_ref::<ConfigError>() {
            return self.config_error(error);
        }
        let style = self.styles.error;
        say(&format!("{style}error{style:#}: {}", escape::lines(&format!("{error:#}"))));
    }

    /// A mistake in the configuration.
    pub fn config_error(self, error: &ConfigError) {
        say(&full::config_error(error, self.color));
    }

    /// Files in which the analysis panicked.
    pub fn panics(self, panics: &[(String, String)]) {
        let style = self.styles.error;
        for (path, panic) in panics {
            let (path, panic) = (escape::line(path), escape::line(panic));
            say(&format!("{style}internal error{style:#}: {path}: {panic}; this file is not checked, please report it"));
        }
    }

    /// Files that were to be changed and are as they were, with the reason.
    pub fn left(self, files: &[(String, String)]) {
        for (path, reason) in files {
            self.warning(&format!("{path}: not changed: {reason}"));
        }
    }

    /// Mistakes of this program in files.
    pub fn mistakes(self, mistakes: &[(String, String)]) {
        let style = self.styles.error;
        for (path, mistake) in mistakes {
            say(&format!("{style}internal error{style:#}: {}: {}; please report it", escape::line(path), escape::line(mistake)));
        }
    }

    /// What was fixed, or would be; rule by rule if wished.
    pub fn fixed(self, fixed: &Fixed, only_shown: bool, verbose: u8) {
        let files = plural(fixed.files.len() as u64, "file", "files");
        let count = fixed.count();
        let style = self.styles.good;
        if fixed.silenced > 0 {
            let verb = if only_shown { "Would silence" } else { "Silenced" };
            say(&format!("{style}{verb}{style:#} {} by comments", plural(fixed.silenced as u64, "finding", "findings")));
        }
        if count > 0 {
            let verb = if only_shown { "Would fix" } else { "Fixed" };
            say(&format!("{style}{verb}{style:#} {} in {files}", plural(count as u64, "finding", "findings")));
        } else if fixed.silenced == 0 {
            say(&format!("Nothing {} fixed", if only_shown { "would be" } else { "was" }));
        }
        if verbose > 0 {
            for (code, (rule, count)) in &fixed.counts {
                say(&format!("{count:>6}  {code}  {}", rule.name));
            }
        }
    }

    /// How many of the findings can be fixed, if any.
    pub fn fixable(self, diagnostics: &[Diagnostic], unsafe_fixes: bool) {
        let fixes = diagnostics.iter().filter_map(|diagnostic| diagnostic.fix.as_ref());
        let (now, more): (Vec<_>, Vec<_>) = fixes.partition(|fix| fix.applies(unsafe_fixes));
        match (now.len(), more.len()) {
            (0, 0) => {}
            (now, 0) => say(&format!("[*] {now} fixable with `--fix`")),
            (0, more) => say(&format!("{more} fixable with `--fix --unsafe-fixes`")),
            (now, more) => say(&format!("[*] {now} fixable with `--fix` ({more} more with `--unsafe-fixes`)")),
        }
    }

    /// A new baseline.
    pub fn baseline_written(self, count: usize, path: &str) {
        let style = self.styles.good;
        say(&format!("{style}Written{style:#}: {} to {}", plural(count as u64, "finding", "findings"), escape::line(path)));
    }

    /// Entries of a baseline that match no finding; a few of them, all if wished.
    pub fn stale(self, path: &str, entries: &[String], pruned: bool, verbose: u8) {
        /// How many are named without `--verbose`.
        const SHOWN: usize = 10;
        if entries.is_empty() {
            return;
        }
        let count = plural(entries.len() as u64, "entry of the baseline matches", "entries of the baseline match");
        let what = if pruned { "and is taken out" } else { "`--prune-baseline` takes them out" };
        let what = if pruned && entries.len() > 1 { "and are taken out" } else { what };
        self.warning(&format!("{path}: {count} no finding any more; {what}"));
        let shown = if verbose > 0 { entries.len() } else { SHOWN };
        for entry in entries.iter().take(shown) {
            say(&format!("  {}", escape::line(entry)));
        }
        if entries.len() > shown {
            say(&format!("  ... and {} more (`-v` names them)", entries.len() - shown));
        }
    }

    /// Between two runs of `--watch`.
    pub fn watching(self) {
        let style = self.styles.bold;
        say(&format!("{style}Watching for changes{style:#}, Ctrl-C ends"));
    }

    /// The last line of a run, and more if wished.
    pub fn summary(self, checked: &Checked, time: Duration, verbose: u8) {
        let (diagnostics, counts) = (&checked.diagnostics, checked.counts);
        let Counts { files, parsed, .. } = counts;
        let run = format!("{}, {parsed} parsed, {:.2} s", plural(files, "file checked", "files checked"), time.as_secs_f64());
        if diagnostics.is_empty() {
            let style = self.styles.good;
            // Where findings are left out, what was asked for is all that can be said to have passed.
            let filtered = &checked.filtered;
            let what = if filtered.in_baseline + filtered.unchanged == 0 { "All checks passed" } else { "No new findings" };
            say(&format!("{style}{what}{style:#}: {run}"));
        } else {
            let style = self.styles.bold;
            let found = plural(diagnostics.len() as u64, "finding", "findings");
            say(&format!("{style}{found}{style:#} ({}): {run}", by_severity(diagnostics)));
        }
        if checked.filtered.in_baseline > 0 {
            say(&format!("{} in the baseline", plural(checked.filtered.in_baseline as u64, "finding is", "findings are")));
        }
        if checked.filtered.unchanged > 0 {
            say(&format!(
                "{} not reported: no line that they concern has changed",
                plural(checked.filtered.unchanged as u64, "finding is", "findings are")
            ));
        }
        if verbose > 0 {
            let permille = (parsed * 1_000).checked_div(files).unwrap_or_default();
            say(&format!("Parsed {parsed} of {files} files ({}.{} %)", permille / 10, permille % 10));
        }
        if verbose > 1 {
            say(&format!(
                "Read {} bytes; {} files hold a trigger word or were named; {} bytes of files were parsed; {} modules with {} bytes were loaded because others asked about them; {:.3} s of processor time in the analysis",
                counts.bytes,
                counts.wanted,
                counts.parsed_bytes,
                counts.loaded,
                counts.loaded_bytes,
                Duration::from_micros(counts.lint_microseconds).as_secs_f64()
            ));
        }
    }
}

/// What is wrong with the command line, or the help that was asked for. What was typed, or stands in the environment, may come from anywhere.
pub fn usage(error: &clap::Error) {
    let text = error.render().to_string();
    if text.split('\n').any(|line| line.contains(escape::steers)) {
        let _ = write!(io::stderr().lock(), "{}", escape::lines(&text));
    } else {
        let _ = error.print();
    }
}

/// A panic outside of any file.
pub fn internal_error(panic: &str) {
    say(&format!("internal error: {}; please report it", escape::line(panic)));
}

fn say(text: &str) {
    let _ = writeln!(io::stderr().lock(), "{text}");
}

fn by_severity(diagnostics: &[Diagnostic]) -> String {
    let count = |severity| diagnostics.iter().filter(|diagnostic| diagnostic.severity == severity).count() as u64;
    let parts = [(Severity::Error, "error", "errors"), (Severity::Warning, "warning", "warnings"), (Severity::Info, "info", "infos")];
    let parts = parts.map(|(severity, one, many)| (count(severity), one, many));
    let parts: Vec<String> = parts.iter().filter(|(count, ..)| *count > 0).map(|(count, one, many)| plural(*count, one, many)).collect();
    parts.join(", ")
}

fn plural(count: u64, one: &str, many: &str) -> String {
    format!("{count} {}", if count == 1 { one } else { many })
}
