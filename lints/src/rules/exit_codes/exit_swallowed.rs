//! RL309: an exit is an exception. A clause that catches everything catches it, too: the process goes on, or ends with another status than the one that
//! was decided on.

use ruff_text_size::TextRange;

use super::{forks, own_status, shown};
use crate::context::{Context, Findings, Role};
use crate::diagnostic::Severity;
use crate::effects::leave::{Leaving, callables, catcher, catches_exit, leavings, raises, suppresses_exit};
use crate::effects::reach::Node;
use crate::module::ir::{ExprId, ExprKind, Handler, Slot, StmtId, StmtKind, WithItem};
use crate::program::ModuleId;
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
        &["suppress(BaseException", PLAIN_EXIT],
        &["suppress(BaseException", EXIT],
    ],
    former_names: &[],
    page: include_str!("exit_swallowed.md"),
};

/// Calls that end a program by themselves where the arguments are wrong, and are caught for that.
const PARSERS: &[&str] =
    &["parse_args", "parse_known_args", "parse_intermixed_args", "main", "run_module", "run_path", "exec", "execfile", "invoke"];

/// An exit that a clause catches.
pub(super) struct Swallowed {
    /// The clause: from `except` to the colon, or the `suppress(...)` of a `with`.
    pub(super) clause: TextRange,
    /// The exit call, with the call in the body that leads to it.
    found: Option<(Leaving, Option<TextRange>)>,
    /// A call of something unknown, where the clause says `SystemExit` and no exit call is known.
    unresolved: Option<ExprId>,
    /// Whether the clause exits itself, with another status.
    exits: bool,
}

pub(crate) fn check(context: &Context<'_>, findings: &mut Findings<'_>) {
    if context.role == Role::Auxiliary {
        return;
    }
    for (id, stmt) in context.module.stmts() {
        let found = match &stmt.kind {
            StmtKind::Try { .. } => swallowed(context, id),
            StmtKind::With { items, body } => suppressed(context, id, items, body),
            _ => None,
        };
        if let Some(swallowed) = found {
            report(context, findings, &swallowed);
        }
    }
}

/// The exit that a `try` swallows, by its first clause that catches `SystemExit`.
pub(super) fn swallowed(context: &Context<'_>, around: StmtId) -> Option<Swallowed> {
    let StmtKind::Try { body, handlers, .. } = &context.module.stmt(around).kind else { return None };
    let handler = handlers.iter().find(|handler| catches_exit(context.program, context.id, handler))?;
    if context.role == Role::Auxiliary || acts(context, handler) {
        return None;
    }
    let explicit = handler.exception.filter(|exception| says_exit(context, *exception));
    let (found, unresolved) = caught(context, around, body, explicit)?;
    // Where the handler exits itself, it matters only if the caught exit was a success.
    let exits = exits_in(context, handler);
    let lost = !exits || found.as_ref().is_some_and(|(leaving, _)| may_succeed(context, leaving)) && !ends_well(context, handler);
    lost.then_some(Swallowed { clause: handler.header, found, unresolved, exits })
}

/// The exit that `with contextlib.suppress(...)` swallows.
fn suppressed(context: &Context<'_>, around: StmtId, items: &[WithItem], body: &[StmtId]) -> Option<Swallowed> {
    let item = items.iter().map(|item| item.context).find(|item| suppresses_exit(context.program, context.id, *item))?;
    let classes = context.module.call(item)?.args.iter().map(|arg| arg.value);
    let explicit = classes.into_iter().find(|class| says_exit(context, *class));
    let (found, unresolved) = caught(context, around, body, explicit)?;
    Some(Swallowed { clause: context.module.expr(item).range, found, unresolved, exits: false })
}

/// A known exit call that a body leads to with the call that does, or else a call of something unknown.
type Caught = (Option<(Leaving, Option<TextRange>)>, Option<ExprId>);

/// What a statement around a body catches; `explicit` are the classes that say `SystemExit` themselves.
fn caught(context: &Context<'_>, around: StmtId, body: &[StmtId], explicit: Option<ExprId>) -> Option<Caught> {
    if context.program.is_dead(context.id, around) || is_loop(context, around) || is_expected(context, body) {
        return None;
    }
    let found = direct(context, around, body).or_else(|| called(context, around, body));
    if found.is_some() {
        return Some((found, None));
    }
    // Without a way to an exit call, only a clause that says `SystemExit` itself is believed to mean one.
    let meant = explicit.is_some_and(|classes| !is_shutdown(context, classes) && !forks::in_thread(context, around));
    let unresolved = unresolved(context, body).filter(|_| meant && !is_runner(context, body))?;
    Some((None, Some(unresolved)))
}

fn report(context: &Context<'_>, findings: &mut Findings<'_>, swallowed: &Swallowed) {
    let clause = context.module.file.slice(swallowed.clause).trim_end_matches(':').to_owned();
    let what = match &swallowed.found {
        Some((leaving, _)) => format!("the `SystemExit` of `{}`", shown_there(context, leaving)),
        None => "every `SystemExit`".to_owned(),
    };
    let then = if swallowed.exits { "the process ends with another status" } else { "the process goes on, or ends with 0" };
    let message = format!("`{clause}` catches {what}: {then}");
    let mut report = findings
        .report(&META, message, context.place(swallowed.clause))
        .help("catch `Exception`, or raise `SystemExit` again: `except SystemExit: raise`");
    if let Some((leaving, call)) = &swallowed.found {
        if let Some(range) = call {
            report = report.related("this call leads there", context.place(*range));
        }
        for hop in &leaving.path {
            let message = format!("{} calls {}", described(context, hop.caller), described(context, hop.callee));
            report = report.related(message, context.place_in(hop.caller.function.module, hop.range));
        }
        report.related("it exits here", context.place_in(leaving.module, leaving.exit.range));
    } else if let Some(call) = swallowed.unresolved {
        report.related("what this calls is not known", context.place(context.module.expr(call).range));
    }
}

/// Whether a class, or one of a tuple of classes, is `SystemExit` itself.
fn says_exit(context: &Context<'_>, classes: ExprId) -> bool {
    any_class(context, classes, "builtins.SystemExit")
}

/// `except (KeyboardInterrupt, SystemExit)`: the end of the work, however it is asked for.
fn is_shutdown(context: &Context<'_>, classes: ExprId) -> bool {
    any_class(context, classes, "builtins.KeyboardInterrupt")
}

fn any_class(context: &Context<'_>, classes: ExprId, wanted: &str) -> bool {
    let is = |class: ExprId| context.program.is_external(context.id, class, &[wanted]);
    match context.module.kind(classes) {
        ExprKind::Tuple(classes) => classes.iter().any(|class| is(*class)),
        _ => is(classes),
    }
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
    // What ends the process by a call decides itself how.
    let ends = module.calls().filter(|call| inside(module.expr(call.id).range)).any(|call| {
        let nodes = callables(context.program, context.id, call.func);
        nodes.into_iter().any(|node| !leavings(context.program, node).is_empty())
    });
    let sets = handler.body.iter().any(|stmt| {
        matches!(module.stmt(*stmt).kind, StmtKind::Assign { .. } | StmtKind::AugAssign { .. } | StmtKind::Continue | StmtKind::Break)
    });
    leaves || looks || sets || ends
}

fn exits_in(context: &Context<'_>, handler: &Handler) -> bool {
    let module = context.module;
    let inside = |stmt: StmtId| handler.body.iter().any(|outer| module.stmt(*outer).range.contains_range(module.stmt(stmt).range));
    context.exits().iter().any(|exit| inside(exit.stmt))
}

/// Whether the caught exit says success: 0, `None`, nothing; or a child's status, which may be 0.
fn may_succeed(context: &Context<'_>, leaving: &Leaving) -> bool {
    let is_status = || {
        let code = leaving.exit.code_expr().map(|code| context.program.arrivals(leaving.module, code)).unwrap_or_default();
        code.iter().any(|arrival| own_status::is_of_a_program(context, arrival))
    };
    leaving.module == context.id && (super::is_zero(context, &leaving.exit) || is_status())
}

/// Whether all exits of a handler say success.
fn ends_well(context: &Context<'_>, handler: &Handler) -> bool {
    context.module.stmts_within(&handler.body).flat_map(|(id, _)| context.exits_at(id)).all(|exit| super::is_zero(context, exit))
}

/// Loops that go on whatever happens, and interactive ones.
fn is_loop(context: &Context<'_>, around: StmtId) -> bool {
    context
        .module
        .around(around)
        .any(|(outer, slot)| slot == Slot::Body && matches!(context.module.stmt(outer).kind, StmtKind::While { .. } | StmtKind::For { .. }))
}

/// Whether the body is a call that is known to exit by itself, and is caught for that. What is set up for it may stand before.
fn is_expected(context: &Context<'_>, body: &[StmtId]) -> bool {
    let module = context.module;
    let works =
        |stmt: &&StmtId| !matches!(module.stmt(**stmt).kind, StmtKind::Assign { .. } | StmtKind::Import(_) | StmtKind::ImportFrom { .. });
    let calls = |stmts: &[StmtId]| {
        module.calls().any(|call| {
            stmts.iter().any(|stmt| module.stmt(*stmt).range.contains_range(module.expr(call.id).range))
                && (PARSERS.iter().any(|name| module.is_named(call.func, name))
                    || is_interactive(context, call.func)
                    || reads_arguments(context, call.func))
        })
    };
    let (count, working) = (body.len(), body.iter().filter(works).count());
    (count <= 2 || working <= 1) && calls(body)
}

/// Whether a callee's name says that it reads a command line: `create_option_parser`, `parse_arguments`.
fn reads_arguments(context: &Context<'_>, func: ExprId) -> bool {
    let last = super::last_word(context, context.id, func).unwrap_or_default().to_ascii_lowercase();
    last.contains("parse") && ["arg", "opt", "command"].iter().any(|word| last.contains(word))
}

/// Whether a callee's name says that a person types into it: `exit()` there ends the session, not the program.
fn is_interactive(context: &Context<'_>, func: ExprId) -> bool {
    let words = context.module.dotted(func).unwrap_or_default();
    let last = words.last().map(|word| word.to_ascii_lowercase()).unwrap_or_default();
    ["shell", "interact", "embed", "console", "repl", "prompt"].iter().any(|word| last.contains(word))
}

/// Whether a body runs what somebody hands in: code, or a session that a person types into.
fn is_runner(context: &Context<'_>, body: &[StmtId]) -> bool {
    const RUNNERS: &[&str] = &["run", "runctx", "runcode", "runsource", "runeval", "execute", "input", "cmdloop", "push"];
    let module = context.module;
    module.calls().any(|call| {
        body.iter().any(|stmt| module.stmt(*stmt).range.contains_range(module.expr(call.id).range))
            && (RUNNERS.iter().any(|name| module.is_named(call.func, name)) || is_interactive(context, call.func))
    })
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
        let mut nodes = callables(context.program, context.id, call.func);
        nodes.extend(commands(context, context.id, call.func));
        if let Some(leaving) = nodes.into_iter().find_map(|node| leavings(context.program, node).into_iter().next()) {
            return Some((leaving, Some(expr.range)));
        }
    }
    None
}

/// The functions that a parser of this module keeps under an attribute of its arguments: `parser.set_defaults(func=check)`.
pub(super) fn commands(context: &Context<'_>, id: ModuleId, func: ExprId) -> Vec<Node> {
    let module = context.program.module(id);
    let ExprKind::Attribute { value, attr, .. } = module.kind(func) else { return Vec::new() };
    if !matches!(module.kind(*value), ExprKind::Name(_)) {
        return Vec::new();
    }
    let defaults = module.calls().filter(|call| module.is_named(call.func, "set_defaults"));
    let kept = defaults.filter_map(|call| call.keyword(attr)).map(|arg| arg.value);
    kept.flat_map(|value| callables(context.program, id, value)).collect()
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
