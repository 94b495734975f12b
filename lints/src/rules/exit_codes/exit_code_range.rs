//! RL301: the parent sees the low eight bits of an exit code: 256 is 0, a success.

use super::{deciding, elsewhere, on_windows, own_code, shown};
use crate::context::{Context, Findings};
use crate::diagnostic::{Fix, Severity};
use crate::fix;
use crate::module::ir::{ExprId, ExprKind, UnaryOp};
use crate::program::constants::Constant;
use crate::program::exits::{Exit, ExitKind};
use crate::program::flow::Arrival;
use crate::rules::{Family, FixAvailability, Rule};

pub(crate) static META: Rule = Rule {
    code: "RL301",
    name: "exit-code-range",
    family: Family::ExitCodes,
    severity: Severity::Warning,
    default: true,
    fix: FixAvailability::Sometimes,
    triggers: super::TRIGGERS,
    former_names: &[],
    page: include_str!("exit_code_range.md"),
};

/// What becomes of a code.
struct Verdict {
    severity: Severity,
    /// Completes "`sys.exit(256)` ...".
    clause: String,
    arrival: Arrival,
}

pub(crate) fn check(context: &Context<'_>, findings: &mut Findings<'_>) {
    for exit in deciding(context) {
        let Some(code) = own_code(context, exit).filter(|_| !on_windows(context, exit.stmt)) else { continue };
        let arrivals = context.program.arrivals(context.id, code);
        let verdicts = arrivals.into_iter().filter_map(|arrival| judge(context, exit, arrival));
        // One finding per exit call: the worst of its arms.
        let Some(worst) = verdicts.reduce(|worst, other| if other.severity > worst.severity { other } else { worst }) else { continue };
        let message = format!("`{}` {}", shown(context, exit), worst.clause);
        let mut report = findings
            .report(&META, message, context.place(exit.range))
            .severity(worst.severity)
            .help("use a code from 1 to 125 for a failure, or pass a message (it is printed to stderr, and the status is 1)");
        report = report.fix(fix(context, code));
        if let Some(place) = elsewhere(context, exit, &worst.arrival) {
            report = report.related("the code comes from here", place);
        }
        let _ = report;
    }
}

/// For a literal that stands in the call: the code that the parent sees, or, where that is 0, a failure.
fn fix(context: &Context<'_>, code: ExprId) -> Option<Fix> {
    let module = context.module;
    let is_literal = |expr: ExprId| matches!(module.kind(expr), ExprKind::Int(Some(_)));
    let is_negative = matches!(module.kind(code), ExprKind::Unary { op: UnaryOp::Minus, operand } if is_literal(*operand));
    if !is_literal(code) && !is_negative {
        return None;
    }
    let value = context.program.constant(context.id, code)?.as_int()?;
    let range = module.expr(code).range;
    let edit = |seen: i128| vec![fix::replace(context, range, seen.to_string())];
    match value {
        _ if value.rem_euclid(256) == 0 => Some(Fix::unsure("Exit with 1", edit(1))),
        -255..0 => Some(Fix::safe("Write the code that the parent sees", edit(value.rem_euclid(256)))),
        _ => None,
    }
}

fn judge(context: &Context<'_>, exit: &Exit, arrival: Arrival) -> Option<Verdict> {
    if !arrival.changes.is_empty() || arrival.part.is_some() {
        return None;
    }
    let (severity, clause) = match context.program.constant(arrival.module, arrival.expr)? {
        Constant::Int(value) => verdict(exit, value)?,
        Constant::Huge(_) => beyond(exit, "a number of that size"),
        _ => return None,
    };
    Some(Verdict { severity, clause, arrival })
}

/// The severity and the clause for an integer outside 0..=255.
fn verdict(exit: &Exit, value: i128) -> Option<(Severity, String)> {
    if (0..=255).contains(&value) {
        return None;
    }
    let fits = if exit.kind == ExitKind::OsExit { i32::try_from(value).is_ok() } else { i64::try_from(value).is_ok() };
    if !fits {
        return Some(beyond(exit, &value.to_string()));
    }
    let seen = value.rem_euclid(256);
    Some(match seen {
        0 => (Severity::Error, format!("exits with 0, a success: the parent sees only the low 8 bits of {value}")),
        _ if value < 0 => (Severity::Info, format!("exits with {seen}: the parent sees only the low 8 bits of {value}")),
        _ => (Severity::Warning, format!("exits with {seen}: the parent sees only the low 8 bits of {value}")),
    })
}

fn beyond(exit: &Exit, value: &str) -> (Severity, String) {
    let clause = if exit.kind == ExitKind::OsExit {
        format!("raises `OverflowError` and does not end the process: {value} is no C `int`")
    } else {
        format!("exits with 255 (from CPython 3.12 on with an `OverflowError`): {value} is beyond C's `long`")
    };
    (Severity::Warning, clause)
}
