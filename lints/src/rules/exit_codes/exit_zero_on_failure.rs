//! RL304: a failure that exits with 0 is a success for a supervisor with `Restart=on-failure`, for a CI job, for a shell's `&&`.

use super::{deciding, forks, handlers, is_signal_handler, is_zero, own_code, reports, shown};
use crate::context::{Context, Findings};
use crate::diagnostic::{Fix, Place, Severity};
use crate::fix;
use crate::module::ir::{ExprId, ExprKind, Handler, Name, Slot, StmtId, StmtKind};
use crate::program::exits::{Code, Exit, ExitKind};
use crate::rules::{Family, FixAvailability, Rule};

pub(crate) static META: Rule = Rule {
    code: "RL304",
    name: "exit-zero-on-failure",
    family: Family::ExitCodes,
    severity: Severity::Warning,
    default: true,
    fix: FixAvailability::Sometimes,
    triggers: super::TRIGGERS,
    former_names: &[],
    page: include_str!("exit_zero_on_failure.md"),
};

/// Why an exit with 0 is one on failure.
pub(super) struct Failure {
    /// Completes "... exits with 0 ".
    clause: String,
    /// What tells of the place.
    message: &'static str,
    place: Place,
}

pub(crate) fn check(context: &Context<'_>, findings: &mut Findings<'_>) {
    for exit in deciding(context) {
        let Some(failure) = failure(context, exit) else { continue };
        let message =
            format!("`{}` exits with 0 {}: whoever started the program takes it for a success", shown(context, exit), failure.clause);
        findings
            .report(&META, message, context.place(exit.range))
            .help("exit with 1, or pass the message (`sys.exit(\"...\")` prints it to stderr and exits with 1)")
            .related(failure.message, failure.place)
            .fix(fix(context, exit));
    }
}

/// A literal 0 becomes 1, and what is left out is written.
fn fix(context: &Context<'_>, exit: &Exit) -> Option<Fix> {
    let module = context.module;
    let change = match exit.code {
        Code::Expr(_) => {
            let code = own_code(context, exit)?;
            let literal = matches!(module.kind(code), ExprKind::Int(Some(0)) | ExprKind::None | ExprKind::Bool(false))
                || context.program.is_external(context.id, code, &["os.EX_OK"]);
            literal.then(|| fix::replace(context, module.expr(code).range, "1"))?
        }
        Code::Absent if matches!(exit.kind, ExitKind::Helper(_)) => return None,
        Code::Absent => match module.call(exit.expr) {
            Some(call) if call.args.is_empty() => fix::arguments::append(context, call, "1")?.pop()?,
            Some(_) => return None,
            None => fix::insert(context, exit.range.end(), "(1)"),
        },
        Code::Unknown => return None,
    };
    Some(Fix::unsure("Exit with 1", vec![change]))
}

/// The failure that an exit call with 0 hides.
pub(super) fn failure(context: &Context<'_>, exit: &Exit) -> Option<Failure> {
    // In a thread the exit ends only that: its code is nobody's.
    if !is_zero(context, exit) || forks::in_thread(context, exit.stmt) && exit.kind != ExitKind::OsExit {
        return None;
    }
    let module = context.module;
    if let Some((around, handler)) = handlers::failure_handler(context, exit.stmt)
        && !looks_at_exception(context, exit.stmt, around, handler.name.as_ref())
        && !is_expected(context, around)
        && !is_command(context, exit.stmt, around)
        && !is_chosen(context, exit, around, handler)
        && !keeps_status(context, exit.stmt, around)
        && !starts_over(context, exit.stmt, around)
        && !reports::says_success(context, exit.stmt)
        && !(is_signal_handler(context, exit) && reports::reported_before(context, exit.stmt).is_none())
    {
        let what =
            handler.exception.map_or_else(|| "a bare `except`".to_owned(), |exception| format!("`except {}`", module.snippet(exception)));
        return Some(Failure { clause: format!("in {what}"), message: "the failure is caught here", place: context.place(handler.header) });
    }
    if module.handler_around(exit.stmt).is_some() {
        return None;
    }
    let report = reports::reported_before(context, exit.stmt)?;
    if is_signal_handler(context, exit) {
        return None;
    }
    Some(Failure {
        clause: "after an error was reported".to_owned(),
        message: "the error is reported here",
        place: context.place(module.stmt(report).range),
    })
}

/// Whether the exit stands in a branch of the handler that asks the exception what it is: `if error.errno == errno.EPIPE:`.
fn looks_at_exception(context: &Context<'_>, stmt: StmtId, around: StmtId, name: Option<&Name>) -> bool {
    let Some(name) = name else { return false };
    let module = context.module;
    module.around(stmt).take_while(|(outer, _)| *outer != around).any(|(outer, slot)| {
        let (StmtKind::If { branches }, Slot::Branch(index)) = (&module.stmt(outer).kind, slot) else { return false };
        let Some(test) = branches.get(index as usize).and_then(|branch| branch.test) else { return false };
        module.within(test).any(|(_, expr)| matches!(&expr.kind, ExprKind::Name(other) if other == name))
    })
}

/// Whether the body of a `try` ends in an exit call with another code: then the exception is what was hoped for.
fn is_expected(context: &Context<'_>, around: StmtId) -> bool {
    let StmtKind::Try { body, orelse, .. } = &context.module.stmt(around).kind else { return false };
    // `sys.exit(main())` says nothing.
    let fails = |exit: &Exit| {
        exit.code_expr()
            .and_then(|code| context.program.constant(context.id, code))
            .and_then(|code| code.as_int())
            .is_some_and(|code| code != 0)
    };
    let ends = |block: &[StmtId]| block.last().is_some_and(|last| context.exits_at(*last).any(fails));
    ends(body) || ends(orelse)
}

/// The statements of a handler that run before a statement in it, nearest first.
fn earlier(context: &Context<'_>, stmt: StmtId, around: StmtId) -> impl Iterator<Item = StmtId> {
    let module = context.module;
    let blocks = std::iter::once(stmt).chain(module.around(stmt).map(|(outer, _)| outer).take_while(move |outer| *outer != around));
    blocks.flat_map(|at| module.before(at))
}

/// Whether the handler tells failures from what is none: the exit stands under a condition, and elsewhere the handler ends with another code or
/// raises the exception again.
fn is_chosen(context: &Context<'_>, exit: &Exit, around: StmtId, handler: &Handler) -> bool {
    let module = context.module;
    let under_condition = module
        .around(exit.stmt)
        .take_while(|(outer, _)| *outer != around)
        .any(|(outer, _)| matches!(module.stmt(outer).kind, StmtKind::If { .. } | StmtKind::Match { .. }));
    let fails = |other: &Exit| other.code != Code::Absent && !is_zero(context, other);
    let raises_again = |kind: &StmtKind| matches!(kind, StmtKind::Raise { exc: None });
    under_condition && module.stmts_within(&handler.body).any(|(id, stmt)| raises_again(&stmt.kind) || context.exits_at(id).any(fails))
}

/// Whether the handler has put a status other than 0 away, for whoever ends the process: `self.exit_code = 1`.
fn keeps_status(context: &Context<'_>, stmt: StmtId, around: StmtId) -> bool {
    const NAMES: &[&str] = &["exitcode", "exitstatus", "returncode", "retcode", "returnvalue", "retval", "status", "rc", "ret"];
    let module = context.module;
    let is_status = |target: ExprId| {
        let word = super::last_word(context, context.id, target).unwrap_or_default().to_ascii_lowercase().replace('_', "");
        NAMES.contains(&word.as_str())
    };
    earlier(context, stmt, around).any(|earlier| match &module.stmt(earlier).kind {
        StmtKind::Assign { targets, value } => {
            targets.iter().any(|target| is_status(*target))
                && context.program.constant(context.id, *value).is_some_and(|value| value.as_int().is_some_and(|code| code != 0))
        }
        _ => false,
    })
}

/// Whether the handler does the work in another way, and ends with that: `main(other_arguments)`.
fn starts_over(context: &Context<'_>, stmt: StmtId, around: StmtId) -> bool {
    let module = context.module;
    earlier(context, stmt, around).any(|earlier| match module.stmt(earlier).kind {
        StmtKind::Expr(value) => module
            .call(value)
            .and_then(|call| super::last_word(context, context.id, call.func))
            .is_some_and(|name| matches!(name.trim_matches('_'), "main" | "run" | "cli")),
        _ => false,
    })
}

/// What a user may say to end the work.
const COMMANDS: &[&str] = &["quit", "exit", "shutdown", "stop", "q", "bye", "n", "N", "no", "No", "NO"];

/// Whether the exit answers to a command (`if line == "quit":`) or to a no (`if input("Go on? ") == "n":`), wherever that is read.
fn is_command(context: &Context<'_>, stmt: StmtId, around: StmtId) -> bool {
    let module = context.module;
    module.around(stmt).take_while(|(outer, _)| *outer != around).any(|(outer, slot)| {
        let (StmtKind::If { branches }, Slot::Branch(index)) = (&module.stmt(outer).kind, slot) else { return false };
        let Some(test) = branches.get(index as usize).and_then(|branch| branch.test) else { return false };
        module.within(test).any(|(_, expr)| matches!(&expr.kind, ExprKind::Str(word) if COMMANDS.contains(&&**word)))
    })
}
