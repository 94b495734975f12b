//! What an `except` clause is for: a failure, or the end of the work.

use crate::context::Context;
use crate::module::ir::{BoundValue, ExprId, ExprKind, Handler, StmtId, StmtKind};
use crate::program::{Type, Value};

/// Exceptions that end a program in order.
const NO_FAILURE: &[&str] = &[
    "builtins.KeyboardInterrupt",
    "builtins.SystemExit",
    "builtins.GeneratorExit",
    "builtins.StopIteration",
    "builtins.StopAsyncIteration",
    "builtins.EOFError",
    "builtins.BrokenPipeError",
    "asyncio.CancelledError",
    "asyncio.exceptions.CancelledError",
    "concurrent.futures.CancelledError",
    "trio.Cancelled",
    "gevent.GreenletExit",
    "greenlet.GreenletExit",
    "asyncore.ExitNow",
    "aiohttp.web.GracefulExit",
    "aiohttp.web_runner.GracefulExit",
    "bdb.BdbQuit",
    "urwid.ExitMainLoop",
    "click.exceptions.Exit",
    "typer.Exit",
];

/// Ends of the names of exceptions that say the same.
const SUFFIXES: &[&str] = &["Interrupt", "Skipped", "SkipTest", "Cancelled", "Canceled"];

/// The `except` clause whose failure a statement answers to, with its `try`.
pub(super) fn failure_handler<'a>(context: &Context<'a>, stmt: StmtId) -> Option<(StmtId, &'a Handler)> {
    let (around, handler) = context.module.handler_around(stmt)?;
    (!is_no_failure(context, around, handler)).then_some((around, handler))
}

/// Whether a clause of a `try` catches failures.
pub(super) fn failure_handler_of(context: &Context<'_>, around: StmtId, handler: &Handler) -> bool {
    !is_no_failure(context, around, handler)
}

/// Whether what a clause catches is no failure: each member of a tuple must be such.
fn is_no_failure(context: &Context<'_>, around: StmtId, handler: &Handler) -> bool {
    let Some(exception) = handler.exception else { return false };
    let classes = members(context, exception, 0);
    // Beside a broken pipe a reset connection is the same: the other side has gone.
    let pipe = classes.iter().any(|class| context.program.is_external(context.id, *class, &["builtins.BrokenPipeError"]));
    let is_reset = |class: ExprId| context.program.is_external(context.id, class, &["builtins.ConnectionResetError"]);
    !classes.is_empty() && classes.iter().all(|class| pipe && is_reset(*class) || is_no_failure_class(context, around, *class))
}

/// The classes that a clause names, tuples (also in variables) taken apart.
pub(super) fn members(context: &Context<'_>, exception: ExprId, depth: u32) -> Vec<ExprId> {
    let module = context.module;
    match module.kind(exception) {
        ExprKind::Tuple(parts) | ExprKind::List(parts) => parts.iter().flat_map(|part| members(context, *part, depth)).collect(),
        ExprKind::Starred(inner) => members(context, *inner, depth),
        ExprKind::Name(name) if depth < 4 => {
            let bindings = module.binding_scope(module.expr(exception).scope, name).map(|scope| &module.scope(scope).bindings[name]);
            match bindings.map(smallvec::SmallVec::as_slice) {
                Some([only]) => match only.value {
                    BoundValue::Expr(value) if matches!(module.kind(value), ExprKind::Tuple(_) | ExprKind::Name(_)) => {
                        members(context, value, depth + 1)
                    }
                    _ => vec![exception],
                },
                _ => vec![exception],
            }
        }
        _ => vec![exception],
    }
}

fn is_no_failure_class(context: &Context<'_>, around: StmtId, class: ExprId) -> bool {
    let program = context.program;
    let allowed = &context.settings.options.exit_zero_on_failure.allow_exceptions;
    let named = |name: &str| {
        let short = name.strip_prefix("builtins.").unwrap_or(name);
        allowed.iter().any(|allowed| allowed == short || Some(allowed.as_str()) == short.rsplit('.').next())
    };
    let values = program.resolver(context.id).values(class);
    !values.is_empty()
        && values.iter().all(|value| match value {
            Value::External(name) => {
                NO_FAILURE.contains(&name.as_str())
                    || !name.starts_with("builtins.") && SUFFIXES.iter().any(|suffix| name.ends_with(suffix))
                    || name.ends_with("Warning")
                    || asks_for_help(name)
                    || named(name)
                    || name == "builtins.ConnectionResetError" && writes_output(context, around)
                    || matches!(name.as_str(), "builtins.OSError" | "builtins.IOError") && only_writes_output(context, around)
            }
            Value::Class(class) => {
                let name = &program.class(*class).name;
                // A warning is no failure by its own word.
                named(name) || name.ends_with("Warning") || asks_for_help(name) || says_end(name) || {
                    let line = program.mro(*class);
                    let is = |wanted: &str| line.iter().any(|entry| matches!(entry, Type::External(name) if name == wanted));
                    // What derives from a class that is no failure is none either.
                    line.iter().any(|entry| matches!(entry, Type::External(name) if NO_FAILURE.contains(&name.as_str())))
                        || is("builtins.BaseException") && !is("builtins.Exception")
                }
            }
            _ => module_says(context, class, &named),
        })
}

/// Whether a class of the program says by its name that somebody ended the work in order: `QuitCommand`, `CleanExit`, `UserInterrupt`.
fn says_end(name: &str) -> bool {
    let words = || {
        let starts: Vec<usize> = name.char_indices().filter(|(_, letter)| letter.is_uppercase()).map(|(at, _)| at).collect();
        let ends: Vec<usize> = starts.iter().copied().skip(1).chain([name.len()]).collect();
        starts.into_iter().zip(ends).map(|(start, end)| &name[start..end]).collect::<Vec<_>>()
    };
    SUFFIXES.iter().any(|suffix| name.ends_with(suffix))
        || words().contains(&"Quit")
        || words().windows(2).any(|pair| matches!(pair, ["Clean" | "Graceful" | "Normal" | "User", "Exit" | "Stop" | "Shutdown" | "Abort"]))
}

/// Whether an exception says by its name that only the usage was asked for.
fn asks_for_help(name: &str) -> bool {
    let last = name.rsplit('.').next().unwrap_or(name);
    ["Help", "ShowVersion", "PrintVersion"].iter().any(|word| last.contains(word))
}

/// An exception that cannot be resolved, allowed by its last word.
fn module_says(context: &Context<'_>, class: ExprId, named: &dyn Fn(&str) -> bool) -> bool {
    super::last_word(context, context.id, class).is_some_and(|word| named(&word))
}

/// Whether the body of a `try` prints or writes to stdout: the reader has gone away.
fn writes_output(context: &Context<'_>, around: StmtId) -> bool {
    let module = context.module;
    let StmtKind::Try { body, .. } = &module.stmt(around).kind else { return false };
    module.calls().any(|call| {
        let range = module.expr(call.id).range;
        body.iter().any(|stmt| module.stmt(*stmt).range.contains_range(range))
            && (context.program.is_external(context.id, call.func, &["builtins.print", "click.echo"])
                || module.dotted(call.func).is_some_and(|parts| parts.contains(&"stdout")))
    })
}

/// Whether the body of a `try` does nothing but write to stdout or flush it.
fn only_writes_output(context: &Context<'_>, around: StmtId) -> bool {
    let module = context.module;
    let StmtKind::Try { body, .. } = &module.stmt(around).kind else { return false };
    let writes = |stmt: &StmtId| match module.stmt(*stmt).kind {
        StmtKind::Expr(value) => module
            .call(value)
            .and_then(|call| module.dotted(call.func))
            .is_some_and(|parts| matches!(parts.as_slice(), [.., "stdout", "write" | "flush" | "writelines"])),
        _ => false,
    };
    body.iter().all(writes)
}

/// Whether a clause catches everything.
pub(super) fn catches_all(context: &Context<'_>, handler: &Handler) -> bool {
    handler.exception.is_none_or(|exception| {
        members(context, exception, 0).iter().any(|class| context.program.is_external(context.id, *class, &["builtins.BaseException"]))
    })
}
