//! RL315: the function whose result becomes the exit status catches the failure of its work, says so, and returns as if nothing had been: the process
//! exits with 0.

use ruff_text_size::TextRange;

use super::handlers::failure_handler_of;
use super::{exit_swallowed, is_zero};
use crate::context::{Context, Findings};
use crate::diagnostic::Severity;
use crate::effects::leave::{callables, leavings};
use crate::module::Call;
use crate::module::ir::{ExprId, ExprKind, FunctionId, Handler, Slot, StmtId, StmtKind, UnaryOp};
use crate::program::entries::{Entry, entries, is_main_name};
use crate::program::exits::Exit;
use crate::program::{FunctionRef, ModuleId};
use crate::rules::{Family, FixAvailability, Rule};
use crate::trigger::{MAIN_THAT_CATCHES, STARTS};

pub(crate) static META: Rule = Rule {
    code: "RL315",
    name: "main-swallows-failure",
    family: Family::ExitCodes,
    severity: Severity::Warning,
    default: true,
    fix: FixAvailability::None,
    triggers: &[&[MAIN_THAT_CATCHES]],
    former_names: &[],
    page: include_str!("main_swallows_failure.md"),
};

/// Calls behind the work that are none themselves: they say what happened, or tidy up.
pub(crate) const CLOSING: &[&str] = &[
    "print",
    "info",
    "debug",
    "warning",
    "error",
    "exception",
    "critical",
    "fatal",
    "warn",
    "log",
    "echo",
    "secho",
    "close",
    "flush",
    "shutdown",
    "stop",
    "join",
    "cleanup",
    "write",
    "disconnect",
    "terminate",
    "quit",
];

pub(crate) fn check(context: &Context<'_>, findings: &mut Findings<'_>) {
    guards(context, findings);
    let module = context.module;
    for (id, data) in module.functions() {
        let is_test = data.name.starts_with("test");
        if data.class.is_some() || data.outer.is_some() || data.name.is_empty() || is_test || module.is_generator(id) {
            continue;
        }
        let Some((handler, around)) = swallows(context, Some(id), module.function_block(id)) else { continue };
        let Some(entry) = entry(context, id) else { continue };
        if exit_swallowed::swallowed(context, around).is_some_and(|swallowed| swallowed.clause == handler.header) {
            continue;
        }
        let clause = module.file.slice(handler.header).trim_end_matches(':').to_owned();
        let message = format!("`{clause}` in `{}` catches the failure and goes on to a normal end: the process exits with 0", data.name);
        let mut report = findings
            .report(&META, message, context.place(handler.header))
            .help("end the clause with `sys.exit(1)`, `return 1` (passed to `sys.exit`), or `raise`");
        let StmtKind::Try { body, .. } = &module.stmt(around).kind else { continue };
        if let Some(first) = body.first() {
            report = report.related("the work that may fail", context.place(module.stmt(*first).range));
        }
        if let Some((home, call)) = entry {
            report.related("the program starts here", context.place_in(home, context.program.module(home).expr(call).range));
        }
    }
}

/// `try: main() except Exception as error: print(error)` under the guard: what starts the program catches the failure itself.
fn guards(context: &Context<'_>, findings: &mut Findings<'_>) {
    let module = context.module;
    if context.is_test() {
        return;
    }
    for (_, stmt) in module.body().iter().map(|id| (id, module.stmt(*id))) {
        let StmtKind::If { branches } = &stmt.kind else { continue };
        let [only] = &branches[..] else { continue };
        if !only.test.is_some_and(|test| module.is_main_test(test)) {
            continue;
        }
        let Some((handler, around)) = swallows(context, None, &only.body) else { continue };
        let StmtKind::Try { body, .. } = &module.stmt(around).kind else { continue };
        // What is started there is one function, and no demonstration of several.
        let [work] = &body[..] else { continue };
        if !context.entries().iter().any(|entry| entry.stmt == *work && is_main_name(&context.program.function(entry.function).name))
            || exit_swallowed::swallowed(context, around).is_some_and(|swallowed| swallowed.clause == handler.header)
        {
            continue;
        }
        let clause = module.file.slice(handler.header).trim_end_matches(':').to_owned();
        let message =
            format!("`{clause}` around the program's start catches the failure and goes on to a normal end: the process exits with 0");
        findings
            .report(&META, message, context.place(handler.header))
            .help("end the clause with `sys.exit(1)` or `raise`")
            .related("the work that may fail", context.place(module.stmt(*work).range));
    }
}

/// The clause of the outermost `try` of a block, a function's or the program's own, that swallows a failure of the work.
fn swallows<'a>(context: &Context<'a>, function: Option<FunctionId>, block: &[StmtId]) -> Option<(&'a Handler, StmtId)> {
    let module = context.module;
    // From the end: what follows is asked for once for each statement, not once for each `try` in front of it.
    let (mut work_follows, mut ends_well) = (false, true);
    let mut found = None;
    for stmt in block.iter().rev() {
        let around = outermost_try(context, *stmt).filter(|_| !work_follows && ends_well);
        if let Some(around) = around
            && let StmtKind::Try { body, handlers, finalbody, orelse } = &module.stmt(around).kind
            && works(context, body)
            && !has_end(context, finalbody)
            && !follows_work(context, orelse)
        {
            let is_such = |handler: &&Handler| failure_handler_of(context, around, handler) && falls_through(context, function, handler);
            // The first one of the function counts.
            found = handlers.iter().find(is_such).map(|handler| (handler, around)).or(found);
        }
        if work_follows || !ends_well {
            break;
        }
        let this = std::slice::from_ref(stmt);
        work_follows = follows_work(context, this);
        ends_well = ends_normally(context, this);
    }
    found
}

/// The `try` that a statement is, also as the only statement of a `with`.
fn outermost_try(context: &Context<'_>, stmt: StmtId) -> Option<StmtId> {
    match &context.module.stmt(stmt).kind {
        StmtKind::Try { .. } => Some(stmt),
        StmtKind::With { body, .. } => match **body {
            [only] => outermost_try(context, only),
            _ => None,
        },
        _ => None,
    }
}

/// The calls in a block, with those in all its inner blocks.
fn calls_in<'a>(context: &Context<'a>, block: &[StmtId]) -> impl Iterator<Item = Call<'a>> {
    context.module.stmts_within(block).flat_map(|(id, _)| context.calls_at(id))
}

/// The exit calls in a block, with those in all its inner blocks.
fn exits_in<'a>(context: &'a Context<'_>, block: &[StmtId]) -> impl Iterator<Item = &'a Exit> {
    context.module.stmts_within(block).flat_map(|(id, _)| context.exits_at(id))
}

/// Whether a body does the work of the program: it calls functions of the project.
fn works(context: &Context<'_>, body: &[StmtId]) -> bool {
    let module = context.module;
    calls_in(context, body).any(|call| {
        super::callees(context, context.id, call.func).iter().any(|callee| !context.program.function(*callee).name.is_empty())
            || matches!(module.kind(call.func), ExprKind::Name(name) if module.binding_scope(module.expr(call.func).scope, name).is_some())
    })
}

/// Whether a block holds an exit call, a `return` with a value, or a `raise`.
fn has_end(context: &Context<'_>, block: &[StmtId]) -> bool {
    exits_in(context, block).next().is_some()
        || context.module.stmts_within(block).any(|(_, stmt)| matches!(stmt.kind, StmtKind::Return(Some(_)) | StmtKind::Raise { .. }))
}

/// Whether statements behind the `try` do more than to say what happened.
fn follows_work(context: &Context<'_>, block: &[StmtId]) -> bool {
    let module = context.module;
    let exits = |call: &Call<'_>| context.exits_at(module.expr(call.id).stmt).any(|exit| exit.expr == call.id);
    calls_in(context, block).any(|call| !exits(&call) && !CLOSING.iter().any(|name| module.is_named(call.func, name)))
}

/// Whether what stands behind the `try` ends the function, or the process, with `None` or 0.
fn ends_normally(context: &Context<'_>, block: &[StmtId]) -> bool {
    let returns = context.module.stmts_within(block).all(|(id, stmt)| match stmt.kind {
        StmtKind::Return(Some(value)) => is_nothing(context, value),
        StmtKind::Raise { .. } => context.exits_at(id).next().is_some(),
        _ => true,
    });
    returns && exits_in(context, block).all(|exit| is_zero(context, exit))
}

fn is_nothing(context: &Context<'_>, value: ExprId) -> bool {
    context.program.constant(context.id, value).is_some_and(|value| !value.truth())
}

/// Whether a clause reports the failure, if at all, and goes on: it raises nothing, exits nowhere, returns nothing but `None` or 0, and keeps nothing
/// that is asked for later.
fn falls_through(context: &Context<'_>, function: Option<FunctionId>, handler: &Handler) -> bool {
    let module = context.module;
    let statements = module.stmts_within(&handler.body).all(|(_, stmt)| match &stmt.kind {
        StmtKind::Return(Some(value)) => is_nothing(context, *value),
        StmtKind::Raise { .. }
        | StmtKind::Continue
        | StmtKind::Break
        | StmtKind::Assign { .. }
        | StmtKind::AugAssign { .. }
        | StmtKind::AnnAssign { .. }
        | StmtKind::Try { .. }
        | StmtKind::While { .. }
        | StmtKind::For { .. }
        | StmtKind::If { .. } => false,
        _ => true,
    });
    let exits = exits_in(context, &handler.body).next().is_some();
    // What a helper does with the failure is its own business: only output is believed to do nothing else.
    let reports = calls_in(context, &handler.body).all(|call| {
        if callables(context.program, context.id, call.func).into_iter().any(|node| !leavings(context.program, node).is_empty()) {
            return false;
        }
        CLOSING.iter().any(|name| module.is_named(call.func, name))
            || matches!(module.kind(call.func), ExprKind::Name(name) if name == "str" || name == "repr" || name == "format" || name == "type")
            || module.dotted(call.func).is_some_and(|parts| parts.first() == Some(&"traceback"))
            || matches!(module.kind(call.func), ExprKind::Attribute { attr, .. } if attr == "format")
    });
    // What says by its name that the work is over is no failure.
    let over = handler.exception.is_some_and(|exception| {
        let text = module.file.slice(module.expr(exception).range).to_ascii_lowercase();
        ["stop", "quit", "done", "finish", "abort", "cancel", "interrupt", "exit"].iter().any(|word| text.contains(word))
    });
    let expected = calls_in(context, &handler.body).any(|call| {
        let text = super::reports::literal_text(context, call);
        text.contains("expected") && !text.contains("unexpected")
    });
    let docstring = function.and_then(|function| module.code(function).docstring.as_ref());
    let documented = docstring.is_some_and(|text| text.to_ascii_lowercase().contains("best effort"));
    statements && !exits && reports && !documented && !over && !expected
}

/// How a program starts with a function: by a call under the guard of its own module, by one of a module that imports it (`Some`), or as a console
/// script (`None` inside).
#[expect(clippy::option_option, reason = "that nothing starts it and that metadata does differ")]
fn entry(context: &Context<'_>, function: FunctionId) -> Option<Option<(ModuleId, ExprId)>> {
    let program = context.program;
    let wanted = FunctionRef { module: context.id, id: function };
    let from = |id: ModuleId, entries: &[Entry]| {
        let mut own = entries.iter().filter(|entry| entry.function == wanted);
        // What is called for one thing after the other is a step of the program.
        let is_end = |entry: &&Entry| !fails_afterwards(context, id, entry.stmt) && !is_asked(context, id, entry);
        let entry = own.next().filter(|entry| own.next().is_none() && is_end(entry));
        entry.map(|entry| (id, entry.call))
    };
    if let Some(found) = from(context.id, context.entries()) {
        return Some(Some(found));
    }
    if !is_known_start(context, function) {
        return None;
    }
    if program.is_console_script(context.id, &context.module.function(function).name) {
        return Some(None);
    }
    program.importers(context.id, 12).into_iter().find_map(|(importer, _)| from(importer, &entries(program, importer))).map(Some)
}

/// Whether a function has a name by which `MAIN_THAT_CATCHES` knows what only other files, or the metadata, start.
fn is_known_start(context: &Context<'_>, function: FunctionId) -> bool {
    let data = context.module.function(function);
    let name = data.name.as_str();
    let file = &context.module.file;
    let before = || {
        let line = file.line_range(file.line(data.name_range.start()));
        file.slice(TextRange::new(line.start(), data.name_range.start()))
    };
    name == "main" || name == "cli" || name.ends_with("_main") || STARTS.contains(&name) && matches!(before(), "def " | "async def ")
}

/// Whether what the entry point returns is asked about, so that nothing or 0 may well be a failure: `sys.exit(0 if check() else 1)`.
fn is_asked(context: &Context<'_>, id: ModuleId, entry: &Entry) -> bool {
    let module = context.program.module(id);
    let call = module.expr(entry.call).range;
    let asks = |whole: ExprId| {
        module.within(whole).filter(|(_, expr)| expr.range.contains_range(call)).any(|(_, expr)| match &expr.kind {
            ExprKind::If { .. } | ExprKind::Compare { .. } | ExprKind::Unary { op: UnaryOp::Not, .. } => true,
            // `main() or 0`
            ExprKind::BoolOp { is_and, values } => {
                let last = values.last().and_then(|value| context.program.constant(id, *value));
                *is_and || last.is_none_or(|last| last.truth())
            }
            _ => false,
        })
    };
    match &module.stmt(entry.stmt).kind {
        StmtKind::Expr(value) | StmtKind::Raise { exc: Some(value) } | StmtKind::Assign { value, .. } => asks(*value),
        StmtKind::If { .. } | StmtKind::While { .. } | StmtKind::Assert { .. } => true,
        _ => false,
    }
}

/// Whether an exit call stands behind the entry point's call in the same block.
fn fails_afterwards(context: &Context<'_>, id: ModuleId, stmt: StmtId) -> bool {
    let module = context.program.module(id);
    let block = module.block_of(stmt);
    let behind = block.iter().skip_while(|other| **other != stmt).skip(1);
    let exits = context.program.exits_of(id);
    let mut behind = behind.copied();
    behind.any(|other| exits.iter().any(|exit| module.stmt(other).range.contains_range(exit.range)))
        || module.around_all(stmt).any(|(outer, slot)| slot == Slot::Body && matches!(module.stmt(outer).kind, StmtKind::Try { .. }))
}
