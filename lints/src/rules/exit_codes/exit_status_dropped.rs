//! RL314: a status that `main` returns and nobody passes to `sys.exit` is lost: the process exits with 0.

use super::exit_swallowed;
use super::own_status::{Status, status};
use crate::context::{Context, Findings};
use crate::diagnostic::{Fix, Severity};
use crate::fix::{self, imports};
use crate::module::ir::{ExprId, ExprKind, FunctionId, StmtKind};
use crate::program::entries::{Fate, is_main_name};
use crate::program::{FunctionRef, ModuleId, Value};
use crate::rules::{Family, FixAvailability, Rule};
use crate::trigger::DROPPED_MAIN;

pub(crate) static META: Rule = Rule {
    code: "RL314",
    name: "exit-status-dropped",
    family: Family::ExitCodes,
    severity: Severity::Warning,
    default: true,
    fix: FixAvailability::Sometimes,
    triggers: &[
        &[DROPPED_MAIN],
        &["set_defaults", "__main__"],
        &["click", ".command", "return"],
        &["click", ".group", "return"],
        &["click", "@command", "return"],
        &["click", "@group", "return"],
        &["typer", ".command", "return"],
    ],
    former_names: &[],
    page: include_str!("exit_status_dropped.md"),
};

pub(crate) fn check(context: &Context<'_>, findings: &mut Findings<'_>) {
    entries(context, findings);
    dispatches(context, findings);
    commands(context, findings);
}

/// `main()`, whose status is dropped.
fn entries(context: &Context<'_>, findings: &mut Findings<'_>) {
    let program = context.program;
    for entry in context.entries().iter().filter(|entry| entry.fate == Fate::Dropped) {
        let data = program.function(entry.function);
        if !data.decorators.is_empty() || program.is_generator(entry.function) {
            continue;
        }
        let Some(failure) = failure(context, context.id, entry.call, is_main_name(&data.name)) else { continue };
        let call = context.module.expr(entry.call);
        let message = format!(
            "The status that `{}` returns is dropped: the process exits with 0 also where that says a failure",
            program.qualified_name(entry.function)
        );
        findings
            .report(&META, message, context.place(call.range))
            .help(format!("pass it on: `sys.exit({})`", context.module.snippet(entry.call)))
            .fix(fix(context, entry.call))
            .related("a failure is returned here", context.place_in(failure.0, program.module(failure.0).expr(failure.1).range));
    }
}

/// `sys.exit` around a call that stands alone.
fn fix(context: &Context<'_>, call: ExprId) -> Option<Fix> {
    if !fix::statements::is_bare(context.module, context.module.expr(call).stmt, call) {
        return None;
    }
    let reference = imports::reference(context, "sys", "exit", call)?;
    let mut edits = vec![fix::rewrite(context, call, |call| format!("{}({call})", reference.text))];
    edits.extend(reference.import);
    Some(Fix::unsure("Exit with the status", edits))
}

/// A value that says a failure, among those that may arrive at an expression, where all that arrive may be a status.
fn failure(context: &Context<'_>, id: ModuleId, expr: ExprId, is_main: bool) -> Option<(ModuleId, ExprId)> {
    let program = context.program;
    let arrivals = program.arrivals(id, expr);
    let (mut found, mut success) = (None, false);
    for arrival in &arrivals {
        // What the call itself yields, because nothing is returned or it could not be followed, says nothing.
        if (arrival.module, arrival.expr) == (id, expr) {
            continue;
        }
        match status(context, arrival) {
            Status::No => return None,
            Status::Success => success = true,
            Status::Failure => found = found.or(Some((arrival.module, arrival.expr))),
            Status::Unknown => {
                if is_main && let Some(call) = program.module(arrival.module).call(arrival.expr) {
                    found = found.or_else(|| of_command(context, arrival.module, call.func));
                }
            }
        }
    }
    // A function of another name returns a status only where it knows both kinds.
    found.filter(|_| is_main || success && arrivals.len() > 1)
}

/// A failure that one of the commands returns which a parser keeps under an attribute of its arguments: `args.func(args)`. None where a command
/// returns what is no status.
fn of_command(context: &Context<'_>, id: ModuleId, func: ExprId) -> Option<(ModuleId, ExprId)> {
    let module = context.program.module(id);
    let ExprKind::Attribute { value, attr, .. } = module.kind(func) else { return None };
    if !matches!(module.kind(*value), ExprKind::Name(_)) {
        return None;
    }
    let key = (id, attr.clone());
    if let Some(known) = context.kept.of_commands.borrow().get(&key) {
        return *known;
    }
    let found = failure_of_commands(context, id, func);
    context.kept.of_commands.borrow_mut().insert(key, found);
    found
}

fn failure_of_commands(context: &Context<'_>, id: ModuleId, func: ExprId) -> Option<(ModuleId, ExprId)> {
    let program = context.program;
    let mut found = None;
    for node in exit_swallowed::commands(context, id, func) {
        for value in program.code(node.function).returns.iter().flatten() {
            for arrival in program.arrivals(node.function.module, *value) {
                match status(context, &arrival) {
                    Status::No => return None,
                    Status::Failure => found = found.or(Some((arrival.module, arrival.expr))),
                    Status::Success | Status::Unknown => {}
                }
            }
        }
    }
    found
}

/// `args.func(args)` in the function that starts the program, for nothing but what it does: the commands' status is dropped there.
fn dispatches(context: &Context<'_>, findings: &mut Findings<'_>) {
    let (program, module) = (context.program, context.module);
    for entry in context.entries().iter().filter(|entry| entry.function.module == context.id) {
        for (_, stmt) in module.stmts_of(entry.function.id) {
            let StmtKind::Expr(value) = stmt.kind else { continue };
            let Some(call) = module.call(value) else { continue };
            let Some(failure) = of_command(context, context.id, call.func) else { continue };
            let message = format!(
                "The status that the command returns is dropped: `{}` goes on as if it had succeeded, and the process exits with 0",
                program.qualified_name(entry.function)
            );
            findings
                .report(&META, message, context.place(stmt.range))
                .help(format!(
                    "pass it on: `return {}`, and `sys.exit` around the call of `{}`",
                    module.snippet(value),
                    module.function(entry.function.id).name
                ))
                .related("a failure is returned here", context.place_in(failure.0, program.module(failure.0).expr(failure.1).range));
        }
    }
}

/// Commands of click and typer: in standalone mode what they return is dropped.
fn commands(context: &Context<'_>, findings: &mut Findings<'_>) {
    let (program, module) = (context.program, context.module);
    let mut asked = None;
    for (id, data) in module.functions() {
        let code = module.code(id);
        if code.is_generator || code.returns.iter().flatten().next().is_none() || !is_command(context, id) {
            continue;
        }
        let framework = if data.decorators.iter().any(|decorator| is_of(context, *decorator, "typer")) { "typer" } else { "click" };
        for value in code.returns.iter().flatten() {
            let Some(_) = failure(context, context.id, *value, true).or_else(|| literal_failure(context, *value)) else { continue };
            if !program.is_live(context.id, *value) || !all_statuses(context, FunctionRef { module: context.id, id }) {
                continue;
            }
            if *asked.get_or_insert_with(|| is_used(context)) {
                return;
            }
            let stmt = module.expr(*value).stmt;
            let message = format!(
                "The status that the command `{}` returns is dropped: {framework} exits with 0, whatever a command returns",
                data.name
            );
            findings
                .report(&META, message, context.place(module.stmt(stmt).range))
                .help(format!("exit with it: `sys.exit({})`, or `ctx.exit(...)`", module.snippet(*value)));
        }
    }
}

/// A constant that says a failure and stands in the `return` itself.
fn literal_failure(context: &Context<'_>, value: ExprId) -> Option<(ModuleId, ExprId)> {
    let arrivals = context.program.arrivals(context.id, value);
    arrivals
        .iter()
        .any(|arrival| (arrival.module, arrival.expr) == (context.id, value) && status(context, arrival) == Status::Failure)
        .then_some((context.id, value))
}

/// Whether all that a function returns may be a status.
fn all_statuses(context: &Context<'_>, function: FunctionRef) -> bool {
    let code = context.program.code(function);
    let arrivals = code.returns.iter().flatten().flat_map(|value| context.program.arrivals(function.module, *value));
    arrivals.into_iter().all(|arrival| status(context, &arrival) != Status::No)
}

/// Whether a function is a command: `@click.command()`, `@group.command`, `@app.command()`.
fn is_command(context: &Context<'_>, function: FunctionId) -> bool {
    let data = context.module.function(function);
    !data.is_async && data.decorators.iter().any(|decorator| is_of(context, *decorator, "click") || is_of(context, *decorator, "typer"))
}

/// Whether a decorator is one of a framework's that make a command.
fn is_of(context: &Context<'_>, decorator: ExprId, framework: &str) -> bool {
    let (program, module) = (context.program, context.module);
    let func = module.call(decorator).map_or(decorator, |call| call.func);
    let word = super::last_word(context, context.id, func).unwrap_or_default();
    if !matches!(word.as_str(), "command" | "group") {
        return false;
    }
    if super::callee_names(context, context.id, func).iter().any(|name| name.starts_with(&format!("{framework}."))) {
        return true;
    }
    // `@group.command()` on a function that is a group itself.
    let ExprKind::Attribute { value, .. } = module.kind(func) else { return false };
    program.resolver(context.id).values(*value).iter().any(|owner| match owner {
        Value::Function(owner) if framework == "click" => {
            let home = program.module(owner.module);
            program.function(*owner).decorators.iter().any(|decorator| {
                let func = home.call(*decorator).map_or(*decorator, |call| call.func);
                program.externals(owner.module, func).iter().any(|name| name == "click.group")
                    || matches!(home.kind(func), ExprKind::Attribute { attr, .. } if attr == "group")
            })
        }
        _ => false,
    })
}

/// Whether the module, or one that imports it, uses what commands return.
fn is_used(context: &Context<'_>) -> bool {
    let uses = |id: ModuleId| {
        let text = context.program.module(id).file.text();
        ["standalone_mode", "result_callback", "resultcallback"].iter().any(|word| text.contains(word))
    };
    uses(context.id) || context.program.importers(context.id, 20).into_iter().any(|(importer, _)| uses(importer))
}
