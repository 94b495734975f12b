//! Where a program reports an error: a record in the log, a traceback, a message on stderr whose words say so.

use crate::context::Context;
use crate::module::Call;
use crate::module::ir::{ExprId, ExprKind, FStringPart, Slot, StmtId, StmtKind};
use crate::program::Value;

/// Methods of a logger that report an error.
const METHODS: &[&str] = &["error", "critical", "exception", "fatal"];
/// Words that a message on stderr says an error with.
const WORDS: &[&str] = &["error", "fail", "cannot", "can't", "could not", "couldn't", "invalid", "missing", "not found", "abort", "unable"];

/// The statement directly before another in its block that reports an error. Further output, help texts and flushes may stand between.
pub(super) fn reported_before(context: &Context<'_>, stmt: StmtId) -> Option<StmtId> {
    for earlier in context.module.before(stmt) {
        let StmtKind::Expr(value) = context.module.stmt(earlier).kind else { return None };
        let call = context.module.call(value)?;
        if is_usage(context, call) {
            // Help and usage output is what the program ends with.
            return None;
        }
        if reports_error(context, call) {
            return Some(earlier);
        }
        if !is_output(context, call) {
            return None;
        }
    }
    None
}

/// Words of a message that say that there was no failure after all.
const SUCCESS: &[&str] = &["success", "skip", "nothing to do", "already", "up to date", "up-to-date"];

/// Words that take that back.
const FAILURES: &[&str] = &["not ", "n't ", "unsuccess", "without success"];

/// Whether the messages directly before a statement in its block say that there was no failure.
pub(super) fn says_success(context: &Context<'_>, stmt: StmtId) -> bool {
    for earlier in context.module.before(stmt) {
        let call = match context.module.stmt(earlier).kind {
            StmtKind::Expr(value) => context.module.call(value),
            StmtKind::Import(_) | StmtKind::ImportFrom { .. } => continue,
            _ => None,
        };
        let Some(call) = call else { return false };
        let text = literal_text(context, call);
        let denied = is_log_error(context, call) || FAILURES.iter().chain(WORDS).any(|word| text.contains(word));
        if !denied && SUCCESS.iter().any(|word| text.contains(word)) {
            return true;
        }
    }
    false
}

/// Whether a call reports an error.
pub(super) fn reports_error(context: &Context<'_>, call: Call<'_>) -> bool {
    let options = &context.settings.options.exit_zero_on_failure.reporters;
    let names = super::callee_names(context, context.id, call.func);
    if names.iter().any(|name| options.contains(name)) {
        return true;
    }
    if let Some(parts) = context.module.dotted(call.func)
        && options.contains(&parts.join("."))
    {
        return true;
    }
    names.iter().any(|name| name == "traceback.print_exc" || name == "traceback.print_exception")
        || is_log_error(context, call)
        || is_stderr(context, call, &names) && in_branch(context, call.id) && says_error(context, call)
}

/// `logger.error(...)`, also on what is only called like a logger.
fn is_log_error(context: &Context<'_>, call: Call<'_>) -> bool {
    let ExprKind::Attribute { value, attr, .. } = context.module.kind(call.func) else {
        return super::callee_names(context, context.id, call.func)
            .iter()
            .any(|name| name.strip_prefix("logging.").is_some_and(|method| METHODS.contains(&method)));
    };
    if !METHODS.contains(&attr.as_str()) {
        return false;
    }
    context.program.resolver(context.id).values(call.func).iter().any(|callee| match callee {
        Value::External(name) => name.starts_with("logging.") || name.starts_with("loguru.") || name.contains("log"),
        Value::ExternalMethod(class, _) => {
            class.starts_with("logging.") || class.starts_with("loguru.") || class.starts_with("structlog.") || class.contains("ogger")
        }
        Value::Unresolved(_) => is_called_logger(context, *value),
        _ => false,
    })
}

fn is_called_logger(context: &Context<'_>, receiver: ExprId) -> bool {
    super::last_word(context, context.id, receiver).is_some_and(|word| {
        let word = word.trim_start_matches('_').to_ascii_lowercase();
        word == "log" || word == "logging" || word.ends_with("logger") || word.ends_with("_log")
    })
}

/// Whether a call writes to stderr.
fn is_stderr(context: &Context<'_>, call: Call<'_>, names: &[String]) -> bool {
    let module = context.module;
    let is_stderr = |expr: ExprId| module.dotted(expr).is_some_and(|parts| parts.last() == Some(&"stderr"));
    let keyword_true = |name: &str| call.keyword(name).is_some_and(|arg| matches!(module.kind(arg.value), ExprKind::Bool(true)));
    if names.iter().any(|name| name == "builtins.print") {
        return call.keyword("file").is_some_and(|arg| is_stderr(arg.value));
    }
    if names.iter().any(|name| matches!(name.as_str(), "click.echo" | "click.secho" | "typer.echo" | "typer.secho")) {
        return keyword_true("err");
    }
    matches!(module.kind(call.func), ExprKind::Attribute { value, attr, .. } if (attr == "write" || attr == "writelines") && is_stderr(*value))
}

/// Whether a call stands in a branch, and not in the straight way through its function.
fn in_branch(context: &Context<'_>, call: ExprId) -> bool {
    let stmt = context.module.expr(call).stmt;
    context.module.around(stmt).any(|(outer, slot)| {
        matches!(slot, Slot::Branch(_) | Slot::Case(_) | Slot::Else | Slot::Handler(_))
            && !(matches!(slot, Slot::Branch(_)) && context.module.under_main_guard(stmt) && is_main_guard(context, outer))
    })
}

fn is_main_guard(context: &Context<'_>, stmt: StmtId) -> bool {
    matches!(&context.module.stmt(stmt).kind, StmtKind::If { branches } if branches[0].test.is_some_and(|test| context.module.is_main_test(test)))
}

/// Whether the literal text of a call's arguments says that something went wrong.
fn says_error(context: &Context<'_>, call: Call<'_>) -> bool {
    let text = literal_text(context, call);
    WORDS.iter().any(|word| text.contains(word)) && !text.trim_start().starts_with("usage")
}

/// The literal texts in a call's arguments, in lower case.
pub(super) fn literal_text(context: &Context<'_>, call: Call<'_>) -> String {
    let mut text = String::new();
    for arg in call.args {
        collect(context, arg.value, 0, &mut text);
    }
    text.to_lowercase()
}

fn collect(context: &Context<'_>, expr: ExprId, depth: u32, text: &mut String) {
    if depth > 8 {
        return;
    }
    match context.module.kind(expr) {
        ExprKind::Str(part) => text.push_str(part),
        ExprKind::FString(parts) => {
            for part in parts {
                if let FStringPart::Text(part) = part {
                    text.push_str(part);
                }
            }
        }
        ExprKind::BinOp { left, right, .. } => {
            collect(context, *left, depth + 1, text);
            collect(context, *right, depth + 1, text);
        }
        // `"...".format(...)`
        ExprKind::Call { func, args } => {
            if let ExprKind::Attribute { value, .. } = context.module.kind(*func) {
                collect(context, *value, depth + 1, text);
            }
            for arg in args {
                collect(context, arg.value, depth + 1, text);
            }
        }
        _ => {}
    }
}

/// Whether a call prints help or a usage text.
fn is_usage(context: &Context<'_>, call: Call<'_>) -> bool {
    let word = super::last_word(context, context.id, call.func).unwrap_or_default().to_ascii_lowercase();
    word.contains("help") || word.contains("usage")
}

/// Whether a call only prints, logs or flushes.
pub(super) fn is_output(context: &Context<'_>, call: Call<'_>) -> bool {
    let word = super::last_word(context, context.id, call.func).unwrap_or_default();
    matches!(
        word.as_str(),
        "print"
            | "write"
            | "writelines"
            | "echo"
            | "secho"
            | "flush"
            | "info"
            | "debug"
            | "warning"
            | "warn"
            | "log"
            | "print_stack"
            | "shutdown"
    )
}
