//! The door for one file: bytes in, diagnostics out.

use std::path::Path;
use std::sync::Arc;

use ruff_text_size::TextRange;

use crate::context::{Context, Findings, Role};
use crate::deploy;
use crate::deployment;
use crate::diagnostic::{Diagnostic, Place};
use crate::module::{Earlier, Module, TooDeep};
use crate::program::Program;
use crate::program::snapshot::Snapshot;
use crate::rules::run::unreadable_file;
use crate::rules::{ENTRIES, Rule, RuleSet};
use crate::settings::Settings;
use crate::source::{self, SourceFile};
use crate::sources::Roots;
use crate::suppress::Suppressions;
use crate::trigger::Scanner;

pub use crate::module::STACK_SIZE;

/// A file to lint.
#[derive(Clone, Copy, Debug)]
pub struct FileInput<'a> {
    /// The path as diagnostics show it; `/`-separated.
    pub path: &'a str,
    /// Where the file lies (absolute), if it lies anywhere: imports are followed from there.
    pub file: Option<&'a Path>,
    /// The path below the project root (or the whole path where there is none); `/`-separated. It decides whether the
    /// file is a test, an example or vendored, and its module name.
    pub below_root: &'a str,
    /// The file's bytes.
    pub bytes: &'a [u8],
    /// Whether the file must be parsed whatever it holds (it was named as an argument, or it is an editor's document).
    pub parse: bool,
    /// Why the configuration says that this is service code ("`services.paths` names `srv/*`"), if it does.
    pub configured_service: Option<&'a str>,
    /// What [`Scanner::wanted`] said of the bytes, where it was asked.
    pub rules: Option<RuleSet>,
    /// Where absolute imports are looked up.
    pub roots: &'a Arc<Roots>,
    /// What is kept of the file's text before, where this is one of many that follow each other.
    pub earlier: Option<&'a Earlier>,
}

/// What came of a file.
#[derive(Debug, Default)]
pub struct Outcome {
    /// The findings, in the order of the output.
    pub diagnostics: Vec<Diagnostic>,
    /// Whether the file was parsed.
    pub parsed: bool,
    /// Whether a question about the whole project was asked that the snapshot cannot answer before [`Snapshot::complete`]: the file must be
    /// linted again then.
    pub incomplete: bool,
}

/// Lints one file by settings and the scanner made from them. Whether it is worth it is the caller's question to
/// [`Scanner::wants`].
pub fn lint(input: &FileInput<'_>, settings: &Settings, scanner: &Scanner, snapshot: &Arc<Snapshot>) -> Outcome {
    let mut findings = Findings::new(settings);
    let (parsed, incomplete) = check(input, settings, scanner, snapshot, &mut findings);
    let mut diagnostics = findings.diagnostics;
    diagnostics.retain(|diagnostic| settings.rules.contains(diagnostic.rule));
    diagnostics.sort_by(Diagnostic::order);
    diagnostics.dedup_by(|a, b| a.order(b).is_eq());
    Outcome { diagnostics, parsed, incomplete }
}

/// Whether a rule mostly asks who imports a module or who derives from a class, once its words are there.
fn asks_about_the_project(rule: &Rule) -> bool {
    const ASKING: &[&str] = &["RL101", "RL104", "RL201", "RL203", "RL206", "RL207", "RL208", "RL209", "RL210", "RL211", "RL306"];
    ASKING.contains(&rule.code)
}

fn check(
    input: &FileInput<'_>,
    settings: &Settings,
    scanner: &Scanner,
    snapshot: &Arc<Snapshot>,
    findings: &mut Findings<'_>,
) -> (bool, bool) {
    let path = input.file.map_or_else(|| input.path.into(), |path| path.to_string_lossy().replace('\\', "/"));
    if let Some(format) = deploy::linted_as(&path, input.bytes) {
        return deployment::check(input, format, &path, settings, snapshot, findings);
    }
    let rules = input.rules.unwrap_or_else(|| scanner.rules(input.bytes));
    // Such rules will ask about the whole project: to start before that is known would be work for nothing.
    if snapshot.index().is_none() && rules.iter().any(asks_about_the_project) {
        return (false, true);
    }
    let text = match source::decode(input.bytes) {
        Ok(text) => text,
        Err(error) => {
            findings.report(&unreadable_file::META, format!("This file cannot be read: {error}"), Place::of_path(input.path));
            return (false, false);
        }
    };
    let file = SourceFile::new(input.path, text);
    let module = match input.earlier {
        Some(earlier) => earlier.parse(Arc::clone(&file)),
        None => Module::parse(Arc::clone(&file)).map(Arc::new),
    };
    let module = match module {
        Ok(module) => module,
        Err(TooDeep(offset)) => {
            let message = "This file cannot be read: it nests too deeply to be parsed";
            findings.report(&unreadable_file::META, message, Place::new(&file, TextRange::empty(offset)));
            return (false, false);
        }
    };
    let suppressions = Suppressions::read(&*module);
    let program = Program::new(module, input.file, Arc::clone(snapshot), Arc::clone(input.roots), settings);
    let context = Context::new(settings, *input, &program);
    if context.role == Role::Vendored && !input.parse {
        return (true, false);
    }
    for entry in ENTRIES.iter().filter(|entry| rules.contains(entry.rule)) {
        (entry.check)(&context, findings);
        // Whatever else would be found is found again.
        if program.is_incomplete() {
            return (true, true);
        }
    }
    drop_broken(&context, findings);
    if settings.suppressions {
        suppressions.apply(&context.module.file, settings.rules, findings);
    }
    // What the parser made of a broken text may be something else than what stands there.
    if !context.module.syntax_errors.is_empty() {
        findings.diagnostics.iter_mut().for_each(|diagnostic| diagnostic.fix = None);
    }
    (true, program.is_incomplete())
}

/// Takes back what was found on a line that the parser could not read.
fn drop_broken(context: &Context<'_>, findings: &mut Findings<'_>) {
    let file = &context.module.file;
    let broken: std::collections::BTreeSet<u32> = context.module.syntax_errors.iter().map(|(range, _)| file.line(range.start())).collect();
    if broken.is_empty() {
        return;
    }
    let run = crate::rules::RULES.iter().copied().filter(|rule| rule.family == crate::rules::Family::Run).collect::<RuleSet>();
    findings.diagnostics.retain(|diagnostic| run.contains(diagnostic.rule) || !broken.contains(&file.line(diagnostic.place.range.start())));
}

/// Whether the text of a file of this path is Python without syntax errors, or no Python at all. Needs a stack of [`STACK_SIZE`].
pub fn still_parses(path: &str, text: &str) -> bool {
    deploy::linted_as(path, text.as_bytes()).is_some() || parses(text)
}

/// Whether a text is Python without syntax errors. Needs a stack of [`STACK_SIZE`].
pub fn parses(text: &str) -> bool {
    Module::parse(SourceFile::new("", text)).is_ok_and(|module| module.syntax_errors.is_empty())
}

/// The diagnostic (RL003) for a file that could not be read: `reason` completes "cannot be read: ".
pub fn unreadable(path: &str, reason: &str) -> Diagnostic {
    Diagnostic::new(&unreadable_file::META, format!("This file cannot be read: {reason}"), Place::of_path(path))
}
