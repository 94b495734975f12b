//! RL308: `finally` also runs while an exception passes. An exit call there takes its place: no traceback, and the status of the
//! exit call.

use super::{forks, handlers, reports, shown};
use crate::context::{Context, Findings};
use crate::diagnostic::Severity;
use crate::module::ir::{ExprId, ExprKind, Slot, StmtId, StmtKind};
use crate::program::exits::{Exit, ExitKind};
use crate::rules::{Family, FixAvailability, Rule};
use crate::trigger::{EXIT, PLAIN_EXIT};

pub(crate) static META: Rule = Rule {
    code: "RL308",
    name: "exit-in-finally",
    family: Family::ExitCodes,
    severity: Severity::Warning,
    default: true,
    fix: FixAvailability::None,
    triggers: &[&["finally", PLAIN_EXIT], &["finally", EXIT]],
    former_names: &[],
    page: include_str!("exit_in_finally.md"),
};

pub(crate) fn check(context: &Context<'_>, findings: &mut Findings<'_>) {
    let module = context.module;
    for exit in context.exits() {
        // The frameworks' exits count for their codes only.
        if exit.kind == ExitKind::Framework {
            continue;
        }
        let Some(around) = module.around(exit.stmt).find_map(|(outer, slot)| (slot == Slot::Finally).then_some(outer)) else { continue };
        // Nothing but `os._exit` ends the process from a thread, so that it must not be missed there.
        let ends_from_thread = exit.kind == ExitKind::OsExit && forks::in_thread(context, exit.stmt);
        let meant = ends_from_thread || forks::in_child(context, exit.stmt);
        if meant
            || only_says_something(context, around)
            || nothing_in_flight(context, around, exit)
            || is_guarded(context, exit.stmt, around)
        {
            continue;
        }
        let message = format!(
            "`{}` in `finally` discards the exception in flight: no traceback is printed, and the status is that of the exit call",
            shown(context, exit)
        );
        let body = module.slot(around, Slot::Body).first().map(|first| module.stmt(*first).range);
        let mut report = findings.report(&META, message, context.place(exit.range)).help("move the exit call behind the `try` statement");
        if let Some(body) = body {
            report = report.related("an exception that is raised here is lost", context.place(body));
        }
        let _ = report;
    }
}

/// Whether the body does nothing but output, in a handler: the exit there must not depend on it.
fn only_says_something(context: &Context<'_>, around: StmtId) -> bool {
    let module = context.module;
    let is_output = |stmt: &StmtId| match module.stmt(*stmt).kind {
        StmtKind::Expr(value) => {
            module.call(value).is_some_and(|call| reports::is_output(context, call) || reports::reports_error(context, call))
        }
        _ => false,
    };
    module.handler_around(around).is_some() && module.slot(around, Slot::Body).iter().all(is_output)
}

/// Whether the same `try` handles every exception, and no handler raises one but an exit like the one in `finally`.
fn nothing_in_flight(context: &Context<'_>, around: StmtId, exit: &Exit) -> bool {
    let StmtKind::Try { handlers, .. } = &context.module.stmt(around).kind else { return false };
    let status = |exit: &Exit| exit.code_expr().and_then(|code| context.program.constant(context.id, code)).and_then(|code| code.as_int());
    let raises = |block: &[StmtId]| {
        context.module.stmts().any(|(id, stmt)| {
            matches!(stmt.kind, StmtKind::Raise { .. })
                && !context.exits_at(id).any(|other| status(other).is_some_and(|code| Some(code) == status(exit)))
                && block.iter().any(|outer| context.module.stmt(*outer).range.contains_range(stmt.range))
        })
    };
    handlers.iter().any(|handler| handlers::catches_all(context, handler)) && !handlers.iter().any(|handler| raises(&handler.body))
}

/// Whether a condition around the exit holds only without an exception: it asks `sys.exc_info()`, or for something that the `try` sets.
fn is_guarded(context: &Context<'_>, stmt: StmtId, around: StmtId) -> bool {
    let module = context.module;
    module.around(stmt).take_while(|(outer, _)| *outer != around).any(|(outer, slot)| {
        let (StmtKind::If { branches }, Slot::Branch(index)) = (&module.stmt(outer).kind, slot) else { return false };
        branches[..=index as usize].iter().filter_map(|branch| branch.test).any(|test| asks(context, test, around))
    })
}

fn asks(context: &Context<'_>, test: ExprId, around: StmtId) -> bool {
    let module = context.module;
    module.within(test).any(|(id, expr)| match &expr.kind {
        ExprKind::Call { func, .. } => context.program.is_external(context.id, *func, &["sys.exc_info", "sys.exception"]),
        ExprKind::Name(_) | ExprKind::Attribute { .. } => module.dotted(id).is_some_and(|parts| is_set_in(context, &parts, around)),
        _ => false,
    })
}

/// Whether the `try` (its body, handlers or `else`) assigns a variable.
fn is_set_in(context: &Context<'_>, variable: &[&str], around: StmtId) -> bool {
    let module = context.module;
    let finally = module.slot(around, Slot::Finally).first().map(|first| module.stmt(*first).range.start());
    module.stmts().any(|(_, stmt)| {
        let StmtKind::Assign { targets, .. } = &stmt.kind else { return false };
        module.stmt(around).range.contains_range(stmt.range)
            && finally.is_none_or(|finally| stmt.range.start() < finally)
            && targets.iter().any(|target| module.dotted(*target).is_some_and(|parts| parts == variable))
    })
}
