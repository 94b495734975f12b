//! RL311: `os._exit` ends the process at once: no `finally`, no `atexit`, and what is in a buffer is lost.

use super::{forks, shown};
use crate::context::{Context, Findings};
use crate::diagnostic::Severity;
use crate::module::ir::{StmtId, StmtKind};
use crate::program::exits::{Code, Exit, ExitKind, is_parameter};
use crate::rules::{Family, FixAvailability, Rule};

pub(crate) static META: Rule = Rule {
    code: "RL311",
    name: "os-exit",
    family: Family::ExitCodes,
    severity: Severity::Info,
    default: true,
    fix: FixAvailability::None,
    triggers: super::TRIGGERS,
    former_names: &[],
    page: include_str!("os_exit.md"),
};

pub(crate) fn check(context: &Context<'_>, findings: &mut Findings<'_>) {
    for exit in context.exits().iter().filter(|exit| exit.kind == ExitKind::OsExit) {
        let allowed = is_wrapper(context, exit)
            || is_flushed(context, exit.stmt)
            || forks::is_parents_end(context, exit.stmt)
            || forks::in_child(context, exit.stmt)
            || context.module.expr(exit.expr).function.is_some_and(|function| context.threads().contains(&function))
            || forks::in_thread(context, exit.stmt);
        if allowed {
            continue;
        }
        let message =
            format!("`{}` ends the process at once: `finally` and `atexit` do not run, and unflushed output is lost", shown(context, exit));
        findings
            .report(&META, message, context.place(exit.range))
            .help("use `sys.exit`; where nothing else ends the process, flush `sys.stdout` and `sys.stderr` right before");
    }
}

/// Whether the call is all that a function does, with the function's own argument: the callers decide.
fn is_wrapper(context: &Context<'_>, exit: &Exit) -> bool {
    let module = context.module;
    let Some(function) = module.stmt(exit.stmt).function else { return false };
    // What replaces `os._exit` passes on whatever it gets.
    let passes_all = exit.code == Code::Unknown && module.call(exit.expr).is_some_and(|call| call.has_star());
    passes_all || module.function_block(function) == [exit.stmt] && exit.code_expr().is_some_and(|code| is_parameter(module, code))
}

/// Whether stdout was flushed (stderr is never buffered by more than a line), or the logging shut down, directly before.
fn is_flushed(context: &Context<'_>, stmt: StmtId) -> bool {
    let module = context.module;
    for earlier in module.before(stmt) {
        let value = match &module.stmt(earlier).kind {
            StmtKind::Expr(value) => *value,
            // `try: sys.stdout.flush()`
            StmtKind::Try { body, .. } => return body.iter().any(|inner| flushes(context, *inner)),
            _ => return false,
        };
        if flushes(context, earlier) {
            return true;
        }
        let last = module.call(value).and_then(|call| super::last_word(context, context.id, call.func)).unwrap_or_default();
        if !matches!(last.as_str(), "flush" | "fsync" | "close") {
            return false;
        }
    }
    false
}

/// Whether a statement flushes stdout, or shuts the logging down.
fn flushes(context: &Context<'_>, stmt: StmtId) -> bool {
    let module = context.module;
    let StmtKind::Expr(value) = module.stmt(stmt).kind else { return false };
    let Some(call) = module.call(value) else { return false };
    // Who flushes a stream of another name has found out where the output goes.
    module
        .dotted(call.func)
        .is_some_and(|parts| matches!(parts.as_slice(), [.., stream, "flush"] if !matches!(*stream, "stderr" | "__stderr__")))
        || super::callee_names(context, context.id, call.func).iter().any(|name| name == "logging.shutdown")
}
