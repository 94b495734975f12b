//! What true means: success or failure, by the name of a function, its docstring, and its body.

use super::reports;
use crate::context::Context;
use crate::module::ir::{ExprKind, StmtKind};
use crate::program::FunctionRef;

/// What a true result means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Polarity {
    Success,
    Failure,
    Undecided,
}

/// Words of a name that say that true means failure.
const FAILURE: &[&str] = &[
    "fail",
    "failed",
    "fails",
    "failure",
    "failures",
    "failing",
    "error",
    "errors",
    "err",
    "errored",
    "invalid",
    "bad",
    "broken",
    "missing",
    "problem",
    "problems",
    "issue",
    "issues",
    "violation",
    "violations",
    "dirty",
    "changed",
    "changes",
    "differ",
    "differs",
    "diff",
    "different",
    "outdated",
    "stale",
    "unhealthy",
    "dead",
    "crash",
    "crashed",
    "wrong",
    "unsafe",
    "vulnerable",
    "regression",
    "regressions",
    "conflict",
    "conflicts",
    "not",
    "no",
    "needs",
];
/// Words of a name that say that true means success.
const SUCCESS: &[&str] = &[
    "ok",
    "okay",
    "success",
    "successful",
    "successfully",
    "succeed",
    "succeeded",
    "succeeds",
    "pass",
    "passed",
    "passes",
    "passing",
    "valid",
    "validate",
    "validates",
    "validated",
    "is",
    "was",
    "were",
    "ready",
    "healthy",
    "alive",
    "exists",
    "good",
    "complete",
    "completed",
    "finished",
    "verified",
    "verify",
    "works",
    "can",
];

/// What a name says, by its words.
pub(super) fn of_name(context: &Context<'_>, name: &str) -> Polarity {
    let patterns = &context.settings.options.exit_non_integer.success_names;
    if patterns.iter().any(|pattern| matches_pattern(pattern, name)) {
        return Polarity::Success;
    }
    let words = words(name);
    let any = |known: &[&str]| words.iter().any(|word| known.contains(&word.as_str()));
    if any(FAILURE) {
        Polarity::Failure
    } else if any(SUCCESS) {
        Polarity::Success
    } else {
        Polarity::Undecided
    }
}

/// Whether a name that nothing else is known of is that of a question: `is_ready`, `wasSuccessful`.
pub(super) fn is_question(name: &str) -> bool {
    let words = words(name);
    words.len() > 1 && matches!(words[0].as_str(), "is" | "was" | "were" | "has" | "can")
}

/// Whether an attribute that nothing else is known of is, by its name, a boolean that says whether something went well.
pub(super) fn says_outcome(name: &str) -> bool {
    is_question(name) || matches!(name, "success" | "successful" | "succeeded" | "ok" | "valid" | "passed")
}

/// `wasSuccessful`, `run_ok` as their words in lower case.
fn words(name: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut before_lower = false;
    for letter in name.chars() {
        if letter == '_' || letter.is_uppercase() && before_lower {
            words.push(String::new());
        }
        if letter != '_' {
            let last = words.len() - 1;
            words[last].extend(letter.to_lowercase());
        }
        before_lower = letter.is_lowercase();
    }
    words.retain(|word| !word.is_empty());
    words
}

/// `*` stands for any text.
fn matches_pattern(pattern: &str, name: &str) -> bool {
    match pattern.split_once('*') {
        None => pattern == name,
        Some((start, rest)) => name.strip_prefix(start).is_some_and(|name| {
            let mut ends: Vec<usize> = name.char_indices().map(|(at, _)| at).collect();
            ends.push(name.len());
            ends.into_iter().any(|at| matches_pattern(rest, &name[at..]))
        }),
    }
}

/// What a function of the program says: by its name, else its docstring, else its body.
pub(super) fn of_function(context: &Context<'_>, function: FunctionRef) -> Polarity {
    let data = context.program.function(function);
    let named = of_name(context, &data.name);
    if named != Polarity::Undecided {
        return named;
    }
    let documented = context.program.code(function).docstring.as_deref().map_or(Polarity::Undecided, of_docstring);
    if documented == Polarity::Undecided { of_body(context, function) } else { documented }
}

/// "Returns True on success", "False if it failed", "Whether the work failed".
fn of_docstring(docstring: &str) -> Polarity {
    let text = docstring.to_lowercase();
    for (word, turned) in [("true", false), ("false", true), ("whether", false)] {
        for (at, _) in text.match_indices(word) {
            let rest = &text[at + word.len()..];
            let clause: String = rest.split(['.', ';', ',', '\n']).next().unwrap_or_default().chars().take(80).collect();
            let clause = clause.split(" else").next().unwrap_or_default();
            let clause = clause.split("false").next().unwrap_or_default();
            let any = |known: &[&str]| clause.split(|letter: char| !letter.is_alphanumeric()).any(|word| known.contains(&word));
            let says = if any(&["no", "not", "without"]) && any(FAILURE_NOUNS) {
                Polarity::Success
            } else if any(FAILURE_NOUNS) {
                Polarity::Failure
            } else if any(SUCCESS_NOUNS) {
                Polarity::Success
            } else {
                continue;
            };
            return match (says, turned) {
                (Polarity::Success, true) => Polarity::Failure,
                (Polarity::Failure, true) => Polarity::Success,
                (says, _) => says,
            };
        }
    }
    Polarity::Undecided
}

const FAILURE_NOUNS: &[&str] = &[
    "fail",
    "fails",
    "failed",
    "failure",
    "failures",
    "error",
    "errors",
    "invalid",
    "problem",
    "problems",
    "broken",
    "wrong",
    "violations",
    "issues",
    "missing",
    "unsuccessful",
];
const SUCCESS_NOUNS: &[&str] =
    &["success", "successful", "successfully", "succeeded", "succeeds", "ok", "okay", "valid", "passed", "passes", "pass", "well", "fine"];

/// `False` in a handler or after a reported error means that true is success; `True` there, that it is failure.
fn of_body(context: &Context<'_>, function: FunctionRef) -> Polarity {
    let module = context.program.module(function.module);
    if function.module != context.id {
        return Polarity::Undecided;
    }
    let (mut success, mut failure) = (false, false);
    for (id, stmt) in module.stmts() {
        let StmtKind::Return(Some(value)) = stmt.kind else { continue };
        if stmt.function != Some(function.id) {
            continue;
        }
        let ExprKind::Bool(value) = *module.kind(value) else { continue };
        if super::handlers::failure_handler(context, id).is_some() || reports::reported_before(context, id).is_some() {
            if value { failure = true } else { success = true }
        }
    }
    match (success, failure) {
        (true, false) => Polarity::Success,
        (false, true) => Polarity::Failure,
        _ => Polarity::Undecided,
    }
}
