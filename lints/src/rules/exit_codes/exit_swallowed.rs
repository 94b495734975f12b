//! RL309: an exit is an exception. A clause that catches everything catches it, too: the process goes on, or ends with another status than the one that
//! was decided on.

use ruff_text_size::TextRange;

use super::shown;
use crate::context::{Context, Findings, Role};
use crate::diagnostic::Severity;
use crate::effects::leave::{Leaving, callables, catcher, catches_exit, leavings, raises};
use crate::module::ir::{ExprId, ExprKind, Handler, Slot, StmtId, StmtKind};
use crate::rules::finalizers::described;
use crate::rules::{Family, FixAvailability, Rule};
use crate::trigger::{CAUGHT_EXIT, EXIT, PLAIN_EXIT};

pub(crate) static META: Rule = Rule {
    code: "RL309",
    name: "exit-swallowed",
    family: Family::ExitCodes,
    severity: Severity::Warning,
    default: true,
    fix: FixAvailability::None,
    triggers: &[
        &[CAUGHT_EXIT],
        &["except:", PLAIN_EXIT],
        &["except:", EXIT],
        &["except BaseException", PLAIN_EXIT],
        &["except BaseException", EXIT],
    ],
    former_names: &[],
    page: include_str!("exit_swallowed.md"),
};

/// Calls that end a program by themselves where the arguments are wrong, and are caught for that.
const PARSERS: &[&str] =
    &["parse_args", "parse_known_args", "parse_intermixed_args", "main", "run_module", "run_path", "exec", "execfile", "invoke"];

pub(crate) fn check(context: &Context<'_>, findings: &mut Findings<'_>) {
    if context.role == Role::Auxiliary {
        return;
    }
    let module = context.module;
    for (id, stmt) in module.stmts() {
        let StmtKind::Try { body, handlers, .. } = &stmt.kind else { continue };
        let Some(index) = handlers.iter().position(|handler| catches_exit(context.program, context.id, handler)) else { continue };
        let handler = &handlers[index];
        if context.program.is_dead(context.id, id) || acts(context, handler) || is_loop(context, id) || is_expected(context, body) {
            continue;
        }
        report(context, findings, id, body, handler);
    }
}

fn report(context: &Context<'_>, findings: &mut Findings<'_>, around: StmtId, body: &[StmtId], handler: &Handler) {
    let explicit = names_exit(context, handler);
    let found = direct(context, around, body).or_else(|| called(context, around, body));
    // Without a way to an exit call, only a clause that says `SystemExit` itself is believed to mean one.
    let unresolved = explicit.then(|| unresolved(context, body)).flatten().filter(|_| !is_shutdown(context, handler));
    if found.is_none() && unresolved.is_none() {
        return;
    }
    // Where the handler exits itself, it matters only if the caught exit was a success.
    let exits = exits_in(context, handler);
    if exits && !found.as_ref().is_some_and(|(leaving, _)| is_success(context, leaving)) {
        return;
    }
    let clause = context.module.file.slice(handler.header).trim_end_matches(':').to_owned();
    let what = match &found {
        Some((leaving, _)) => format!("the `SystemExit` of `{}`", shown_there(context, leaving)),
        None => "every `SystemExit`".to_owned(),
    };
    let then = if exits { "the process ends with another status" } else { "the process goes on, or ends with 0" };
    let message = format!("`{clause}` catches {what}: {then}");
    let mut report = findings
        .report(&META, message, context.place(handler.header))
        .help("catch `Exception`, or raise `SystemExit` again: `except SystemExit: raise`");
    if let Some((leaving, call)) = found {
        if let Some(range) = call {
            report = report.related("this call leads there", context.place(range));
        }
        for hop in &leaving.path {
            let message = format!("{} calls {}", described(context, hop.caller), described(context, hop.callee));
            report = report.related(message, context.place_in(hop.caller.function.module, hop.range));
        }
        report.related("it exits here", context.place_in(leaving.module, leaving.exit.range));
    } else if let Some(call) = unresolved {
        report.related("what this calls is not known", context.place(context.module.expr(call).range));
    }
}

/// Whether a clause names `SystemExit`.
fn names_exit(context: &Context<'_>, handler: &Handler) -> bool {
    handler.exception.is_some_and(|exception| {
        let is = |class: ExprId| context.program.is_external(context.id, class, &["builtins.SystemExit"]);
        match context.module.kind(exception) {
            ExprKind::Tuple(classes) => classes.iter().any(|class| is(*class)),
            _ => is(exception),
        }
    })
}

/// `except (KeyboardInterrupt, SystemExit)`: the end of the work, however it is asked for.
fn is_shutdown(context: &Context<'_>, handler: &Handler) -> bool {
    handler.exception.is_some_and(|exception| match context.module.kind(exception) {
        ExprKind::Tuple(classes) => {
            classes.iter().any(|class| context.program.is_external(context.id, *class, &["builtins.KeyboardInterrupt"]))
        }
        _ => false,
    })
}

/// Whether a clause raises something, returns a status, or looks at the exception.
fn acts(context: &Context<'_>, handler: &Handler) -> bool {
    let module = context.module;
    let inside = |range: TextRange| handler.body.iter().any(|stmt| module.stmt(*stmt).range.contains_range(range));
    let leaves = module.stmts().any(|(_, stmt)| match stmt.kind {
        StmtKind::Raise { .. } => inside(stmt.range),
        StmtKind::Return(Some(value)) => inside(stmt.range) && !matches!(module.kind(value), ExprKind::None),
        _ => false,
    });
    let looks = handler.name.as_ref().is_some_and(|name| {
        module.exprs().any(|(_, expr)| {
            inside(expr.range)
                && match &expr.kind {
                    ExprKind::Attribute { value, attr, .. } => {
                        matches!(attr.as_str(), "code" | "args") && matches!(module.kind(*value), ExprKind::Name(used) if used == name)
                    }
                    ExprKind::Call { args, .. } => {
                        args.iter().any(|arg| matches!(module.kind(arg.value), ExprKind::Name(used) if used == name))
                    }
                    _ => false,
                }
        })
    });
    let sets = handler.body.iter().any(|stmt| {
        matches!(module.stmt(*stmt).kind, StmtKind::Assign { .. } | StmtKind::AugAssign { .. } | StmtKind::Continue | StmtKind::Break)
    });
    leaves || looks || sets
}

fn exits_in(context: &Context<'_>, handler: &Handler) -> bool {
    let module = context.module;
    let inside = |stmt: StmtId| handler.body.iter().any(|outer| module.stmt(*outer).range.contains_range(module.stmt(stmt).range));
    context.exits().iter().any(|exit| inside(exit.stmt))
}

/// Whether the caught exit says success: 0, `None`, nothing.
fn is_success(context: &Context<'_>, leaving: &Leaving) -> bool {
    leaving.module == context.id && super::is_zero(context, &leaving.exit)
}

/// Loops that go on whatever happens, and interactive ones.
fn is_loop(context: &Context<'_>, around: StmtId) -> bool {
    context
        .module
        .around(around)
        .any(|(outer, slot)| slot == Slot::Body && matches!(context.module.stmt(outer).kind, StmtKind::While { .. } | StmtKind::For { .. }))
}

/// Whether the body is a call that is known to exit by itself, and is caught for that.
fn is_expected(context: &Context<'_>, body: &[StmtId]) -> bool {
    let module = context.module;
    body.len() <= 2
        && body.iter().any(|stmt| {
            let range = module.stmt(*stmt).range;
            module.calls().any(|call| {
                range.contains_range(module.expr(call.id).range)
                    && (PARSERS.iter().any(|name| module.is_named(call.func, name)) || is_interactive(context, call.func))
            })
        })
}

/// Whether a callee's name says that a person types into it: `exit()` there ends the session, not the program.
fn is_interactive(context: &Context<'_>, func: ExprId) -> bool {
    let words = context.module.dotted(func).unwrap_or_default();
    let last = words.last().map(|word| word.to_ascii_lowercase()).unwrap_or_default();
    ["shell", "interact", "embed", "console", "repl", "prompt"].iter().any(|word| last.contains(word))
}

/// An exit call that stands in the body itself, and that this `try` catches first.
fn direct(context: &Context<'_>, around: StmtId, body: &[StmtId]) -> Option<(Leaving, Option<TextRange>)> {
    let module = context.module;
    let function = module.stmt(around).function;
    let inside = |stmt: StmtId| body.iter().any(|outer| module.stmt(*outer).range.contains_range(module.stmt(stmt).range));
    let exits = context.exits().iter().filter(|exit| raises(exit) && module.stmt(exit.stmt).function == function && inside(exit.stmt));
    let mut caught = exits.filter(|exit| catcher(context.program, context.id, exit.stmt).is_some_and(|(outer, _)| outer == around));
    caught.next().map(|exit| (Leaving { module: context.id, exit: *exit, path: Vec::new() }, None))
}

/// An exit call that a function reaches which the body calls.
fn called(context: &Context<'_>, around: StmtId, body: &[StmtId]) -> Option<(Leaving, Option<TextRange>)> {
    let module = context.module;
    let function = module.stmt(around).function;
    for call in module.calls() {
        let expr = module.expr(call.id);
        let inside = expr.function == function && body.iter().any(|outer| module.stmt(*outer).range.contains_range(expr.range));
        if !inside || catcher(context.program, context.id, expr.stmt).is_none_or(|(outer, _)| outer != around) {
            continue;
        }
        let nodes = callables(context.program, context.id, call.func);
        if let Some(leaving) = nodes.into_iter().find_map(|node| leavings(context.program, node).into_iter().next()) {
            return Some((leaving, Some(expr.range)));
        }
    }
    None
}

/// A call in the body whose callee is not known.
fn unresolved(context: &Context<'_>, body: &[StmtId]) -> Option<ExprId> {
    use crate::program::Value;
    let module = context.module;
    let calls = module.calls().filter(|call| body.iter().any(|outer| module.stmt(*outer).range.contains_range(module.expr(call.id).range)));
    calls.into_iter().find_map(|call| {
        let values = context.program.resolver(context.id).values(call.func);
        // What a parser's arguments hold is a command that may exit.
        let unknown = |value: &Value| match value {
            Value::Unresolved(_) => true,
            Value::ExternalMethod(class, _) => class == "argparse.Namespace",
            _ => false,
        };
        values.iter().any(unknown).then_some(call.id)
    })
}

fn shown_there(context: &Context<'_>, leaving: &Leaving) -> String {
    if leaving.module == context.id {
        shown(context, &leaving.exit)
    } else {
        context.program.module(leaving.module).snippet(leaving.exit.expr)
    }
}
