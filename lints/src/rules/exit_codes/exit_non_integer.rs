//! RL305: `True` is the integer 1, a failure; and what is neither an integer nor `None` is printed, and exits with 1.

use super::kinds::{is_boolean, object};
use super::polarity::{self, Polarity};
use super::{deciding, elsewhere, exit_zero_on_failure, own_code, shown};
use crate::context::{Context, Findings};
use crate::diagnostic::{Fix, Severity};
use crate::fix;
use crate::module::ir::{ExprId, ExprKind, Slot, StmtKind};
use crate::program::FunctionRef;
use crate::program::exits::Exit;
use crate::program::flow::Arrival;
use crate::rules::{Family, FixAvailability, Rule};

pub(crate) static META: Rule = Rule {
    code: "RL305",
    name: "exit-non-integer",
    family: Family::ExitCodes,
    severity: Severity::Warning,
    default: true,
    fix: FixAvailability::Sometimes,
    triggers: super::TRIGGERS,
    former_names: &[],
    page: include_str!("exit_non_integer.md"),
};

const BOOL_HELP: &str = "say which is the failure: `sys.exit(0 if ok else 1)`";
const OBJECT_HELP: &str = "pass an integer from 0 to 255, or a message";

/// What is wrong with a code.
struct Verdict {
    severity: Severity,
    /// Completes "`sys.exit(True)` ...".
    clause: String,
    help: &'static str,
    arrival: Arrival,
}

pub(crate) fn check(context: &Context<'_>, findings: &mut Findings<'_>) {
    for exit in deciding(context) {
        let Some(code) = own_code(context, exit) else { continue };
        let arrivals = context.program.arrivals(context.id, code);
        let verdicts = arrivals.iter().filter_map(|arrival| judge(context, arrival, &arrivals));
        let Some(worst) = verdicts.reduce(|worst, other| if other.severity > worst.severity { other } else { worst }) else { continue };
        // A failure that exits with `False` is RL304's alone.
        if exit_zero_on_failure::failure(context, exit).is_some() {
            continue;
        }
        report(context, findings, exit, &worst);
    }
}

fn report(context: &Context<'_>, findings: &mut Findings<'_>, exit: &Exit, verdict: &Verdict) {
    let message = format!("`{}` {}", shown(context, exit), verdict.clause);
    let mut report = findings
        .report(&META, message, context.place(exit.range))
        .severity(verdict.severity)
        .help(verdict.help)
        .fix(own_code(context, exit).and_then(|code| fix(context, code, verdict)));
    if let Some(place) = elsewhere(context, exit, &verdict.arrival) {
        report = report.related("the code comes from here", place);
    }
    let _ = report;
}

/// The integer that a literal stands for, or the negation of what means success.
fn fix(context: &Context<'_>, code: ExprId, verdict: &Verdict) -> Option<Fix> {
    let module = context.module;
    let range = module.expr(code).range;
    let write = |text: &str| vec![fix::replace(context, range, text)];
    match module.kind(code) {
        ExprKind::Bool(value) => Some(Fix::safe("Write the integer", write(if *value { "1" } else { "0" }))),
        ExprKind::Str(text) => {
            let number: u8 = text.trim().parse().ok()?;
            Some(Fix::unsure("Write the integer", write(&number.to_string())))
        }
        ExprKind::Name(_) | ExprKind::Attribute { .. } | ExprKind::Call { .. } | ExprKind::Await(_) => {
            let means_success = verdict.help == BOOL_HELP && verdict.severity == Severity::Warning;
            let arrivals = context.program.arrivals(context.id, code);
            let boolean = arrivals.iter().all(|arrival| is_boolean(context, arrival.module, arrival.expr));
            (means_success && boolean).then(|| Fix::unsure("Exit with 0 on success", write(&format!("not {}", fix::operand(module, code)))))
        }
        _ => None,
    }
}

fn judge(context: &Context<'_>, arrival: &Arrival, all: &[Arrival]) -> Option<Verdict> {
    if arrival.part.is_some() || arrival.added || !arrival.changes.is_empty() {
        return None;
    }
    let verdict = |severity, clause: String, help| Some(Verdict { severity, clause, help, arrival: arrival.clone() });
    let module = context.program.module(arrival.module);
    if let Some(kind) = object(context, arrival) {
        if is_asked_for(context, arrival) {
            return None;
        }
        let clause = match kind {
            "tuple" => "exits with a tuple: it is printed and the status is 1, but from CPython 3.12 on `sys.exit` takes one of at most one element apart".to_owned(),
            "number in a string" => "exits with a string that holds a number: it is printed, and the status is 1".to_owned(),
            _ => format!("exits with a {kind}, which is no code: it is printed, and the status is 1"),
        };
        return verdict(Severity::Warning, clause, OBJECT_HELP);
    }
    if !is_boolean(context, arrival.module, arrival.expr) {
        return None;
    }
    // What functions return is judged by the function, what variables hold by their name.
    if let Some(returned) = arrival.returned.first() {
        if !all
            .iter()
            .filter(|other| other.returned.first().is_some_and(|other| other.function == returned.function))
            .all(|other| is_boolean(context, other.module, other.expr))
            || falls_off(context, returned.function)
        {
            return None;
        }
        let polarity = of_functions(context, arrival);
        return boolean(polarity, &context.program.qualified_name(returned.function))
            .and_then(|(severity, clause)| verdict(severity, clause, BOOL_HELP));
    }
    match module.kind(arrival.expr) {
        ExprKind::Bool(value) if arrival.names.is_empty() => {
            let clause = if *value { "exits with 1, a failure: `True` is the integer 1" } else { "exits with 0: `False` is the integer 0" };
            verdict(Severity::Warning, clause.to_owned(), "write the integer that is meant, 0 for success")
        }
        ExprKind::Bool(_) => {
            let name = arrival.names.first()?;
            let polarity = polarity::of_name(context, name);
            let (severity, clause) = boolean_variable(polarity, name)?;
            verdict(severity, clause, BOOL_HELP)
        }
        ExprKind::Attribute { .. } => {
            let name = module.snippet(arrival.expr);
            let polarity = polarity::of_name(context, &super::last_word(context, arrival.module, arrival.expr)?);
            let (severity, clause) = boolean_variable(polarity, &name)?;
            verdict(severity, clause, BOOL_HELP)
        }
        ExprKind::Call { func, .. } => {
            let name = super::last_word(context, arrival.module, *func)?;
            match polarity::of_name(context, &name) {
                Polarity::Success => boolean(Polarity::Success, &name).and_then(|(severity, clause)| verdict(severity, clause, BOOL_HELP)),
                _ => None,
            }
        }
        _ => None,
    }
}

/// Whether an object is returned only where a parameter, false by default, asks for it.
fn is_asked_for(context: &Context<'_>, arrival: &Arrival) -> bool {
    let Some(returned) = arrival.returned.last() else { return false };
    let module = context.program.module(returned.function.module);
    let params = &module.function(returned.function.id).params;
    module.around(module.expr(returned.value).stmt).any(|(outer, slot)| {
        let (StmtKind::If { branches }, Slot::Branch(index)) = (&module.stmt(outer).kind, slot) else { return false };
        let Some(ExprKind::Name(name)) = branches[index as usize].test.map(|test| module.kind(test)) else { return false };
        params.iter().any(|param| {
            param.name == *name
                && param.default.is_some_and(|default| {
                    context.program.constant(returned.function.module, default).is_some_and(|default| !default.truth())
                })
        })
    })
}

/// The first of the functions on the way that says what true means, else what the call at the end of the way is called.
fn of_functions(context: &Context<'_>, arrival: &Arrival) -> Polarity {
    let own = arrival
        .returned
        .iter()
        .map(|returned| polarity::of_function(context, returned.function))
        .find(|found| *found != Polarity::Undecided);
    own.unwrap_or_else(|| match context.program.module(arrival.module).kind(arrival.expr) {
        ExprKind::Call { func, .. } => {
            super::last_word(context, arrival.module, *func).map_or(Polarity::Undecided, |name| match polarity::of_name(context, &name) {
                Polarity::Success if polarity::is_question(&name) => Polarity::Success,
                _ => Polarity::Undecided,
            })
        }
        _ => Polarity::Undecided,
    })
}

fn boolean(polarity: Polarity, name: &str) -> Option<(Severity, String)> {
    match polarity {
        Polarity::Success => Some((Severity::Warning, format!("exits with 1 on success: where `{name}` returns `True`, the status is 1"))),
        Polarity::Failure => None,
        Polarity::Undecided => Some((Severity::Info, format!("exits with the boolean of `{name}`: `True` becomes 1, a failure"))),
    }
}

fn boolean_variable(polarity: Polarity, name: &str) -> Option<(Severity, String)> {
    match polarity {
        Polarity::Success => Some((Severity::Warning, format!("exits with 1 on success: where `{name}` is `True`, the status is 1"))),
        Polarity::Failure => None,
        Polarity::Undecided => Some((Severity::Info, format!("exits with the boolean `{name}`: `True` becomes 1, a failure"))),
    }
}

/// Whether a function may end without a `return`: its result is more than a boolean.
fn falls_off(context: &Context<'_>, function: FunctionRef) -> bool {
    let module = context.program.module(function.module);
    let data = module.function(function.id);
    !data.name.is_empty()
        && (!module.leaves(module.function_block(function.id)) || module.code(function.id).returns.iter().any(Option::is_none))
}
