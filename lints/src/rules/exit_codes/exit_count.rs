//! RL303: a count as the exit code: the parent sees its low eight bits, and 256 failures are a success.

use rustc_hash::FxHashSet;

use super::{callee_names, deciding, own_code, shown, statuses};
use crate::context::{Context, Findings};
use crate::diagnostic::{Fix, Severity};
use crate::fix;
use crate::module::ir::{BinOp, ExprId, ExprKind, StmtId, StmtKind};
use crate::program::ModuleId;
use crate::program::flow::{Arrival, Change};
use crate::rules::{Family, FixAvailability, Rule};

pub(crate) static META: Rule = Rule {
    code: "RL303",
    name: "exit-count",
    family: Family::ExitCodes,
    severity: Severity::Warning,
    default: true,
    fix: FixAvailability::Sometimes,
    triggers: super::TRIGGERS,
    former_names: &[],
    page: include_str!("exit_count.md"),
};

/// How deep an expression is looked into.
const MAX_DEPTH: u32 = 8;
/// A constant from which on an assignment is taken for a bound: `if failures > 255: failures = 255`.
const BOUND: i128 = 100;

/// A number without an upper bound.
#[derive(Clone, Debug)]
struct Count {
    module: ModuleId,
    expr: ExprId,
    /// The counter, where it is one.
    counter: Option<String>,
}

pub(crate) fn check(context: &Context<'_>, findings: &mut Findings<'_>) {
    for exit in deciding(context) {
        let Some(code) = own_code(context, exit) else { continue };
        let Some(count) = count(context, context.id, code, 0) else { continue };
        if statuses::reports(context, code) {
            continue;
        }
        let module = context.program.module(count.module);
        let what = match &count.counter {
            Some(name) => format!("the counter `{name}`"),
            None => format!("the count `{}`", module.snippet(count.expr)),
        };
        let message = format!("`{}` exits with {what}: the parent sees its low 8 bits, and 256 is a success", shown(context, exit));
        let mut report = findings
            .report(&META, message, context.place(exit.range))
            .help("exit with `1 if count else 0`, or with `min(count, 255)` where callers want the number");
        report = report.fix(fix(context, code));
        let range = module.expr(count.expr).range;
        if count.module != context.id || !exit.range.contains_range(range) {
            let message = if count.counter.is_some() { "it is incremented here" } else { "the count comes from here" };
            report = report.related(message, context.place_in(count.module, range));
        }
        let _ = report;
    }
}

/// The largest code instead of what wraps around, where the code is certain to be a number.
fn fix(context: &Context<'_>, code: ExprId) -> Option<Fix> {
    let arrivals = context.program.arrivals(context.id, code);
    let is_number = |arrival: &Arrival| constant(context, arrival).is_some() || from_leaf(context, arrival, 0).is_some();
    if !fix::is_builtin(context.module, code, "min") || !arrivals.iter().all(is_number) {
        return None;
    }
    let edit = fix::rewrite(context, code, |count| format!("min({count}, 255)"));
    Some(Fix::safe("Exit with 255 at most", vec![edit]))
}

/// A count that may arrive at an expression.
fn count(context: &Context<'_>, module: ModuleId, expr: ExprId, depth: u32) -> Option<Count> {
    if depth > MAX_DEPTH {
        return None;
    }
    let arrivals = context.program.arrivals(module, expr);
    let bounded = |arrival: &Arrival| {
        arrival.changes.iter().any(|change| change.op != BinOp::Add)
            || arrivals.iter().any(|other| {
                other.names.first() == arrival.names.first()
                    && !arrival.names.is_empty()
                    && constant(context, other).is_some_and(|value| value >= BOUND)
            })
    };
    arrivals.iter().filter(|arrival| !bounded(arrival)).find_map(|arrival| from_leaf(context, arrival, depth))
}

fn constant(context: &Context<'_>, arrival: &Arrival) -> Option<i128> {
    context.program.constant(arrival.module, arrival.expr)?.as_int()
}

fn from_leaf(context: &Context<'_>, arrival: &Arrival, depth: u32) -> Option<Count> {
    let module = context.program.module(arrival.module);
    let here = |counter| Some(Count { module: arrival.module, expr: arrival.expr, counter });
    let inner = |expr| count(context, arrival.module, expr, depth + 1);
    if arrival.part.is_some() {
        return None;
    }
    // A counter: a constant to begin with, and then only additions.
    if !arrival.added
        && constant(context, arrival).is_some_and(|value| value >= 0)
        && let Some(change) = arrival.changes.iter().find(|change| repeats(context, arrival, change))
    {
        let name = change.name.as_ref().map(ToString::to_string);
        return Some(Count { module: arrival.module, expr: change.value, counter: name });
    }
    match module.kind(arrival.expr) {
        ExprKind::BinOp { left, op: BinOp::Add | BinOp::Mult, right } => {
            let sides = [inner(*left), inner(*right)];
            sides.into_iter().flatten().next().and_then(|found| if found.counter.is_some() { Some(found) } else { here(None) })
        }
        ExprKind::Call { func, args } => {
            let names = callee_names(context, arrival.module, *func);
            let any = |known: &[&str]| names.iter().any(|name| known.contains(&name.as_str()));
            let first = args.first().map(|arg| arg.value);
            if any(&["builtins.len", "builtins.sum"]) {
                return first.filter(|arg| !is_short(context, arrival.module, *arg)).and_then(|_| here(None));
            }
            if any(&["builtins.int", "builtins.abs"]) {
                return first.and_then(inner);
            }
            if any(&["builtins.max"]) {
                return args.iter().find_map(|arg| inner(arg.value));
            }
            let runs_tests = super::last_word(context, arrival.module, *func).is_some_and(|word| word == "run_tests");
            let of_django = || names.iter().any(|name| name.starts_with("django."));
            if runs_tests && (of_django() || names.is_empty() && imports_django(context, arrival.module)) {
                return here(None);
            }
            None
        }
        _ => None,
    }
}

/// Whether the elements of a collection are written down, so that there are few.
fn is_short(context: &Context<'_>, module: ModuleId, expr: ExprId) -> bool {
    has_few(context, module, expr, &mut FxHashSet::default())
}

/// See [`is_short`]. `open` are the comprehensions that are being asked about: one that
/// is over itself in a loop (`errors = [one for one in errors if ...]`) makes nothing longer.
fn has_few(context: &Context<'_>, module: ModuleId, expr: ExprId, open: &mut FxHashSet<(ModuleId, ExprId)>) -> bool {
    let arrivals = context.program.arrivals(module, expr);
    !arrivals.is_empty()
        && arrivals.iter().all(|arrival| {
            let module = context.program.module(arrival.module);
            match module.kind(arrival.expr) {
                ExprKind::Tuple(parts) => parts.iter().all(|part| !matches!(module.kind(*part), ExprKind::Starred(_))),
                ExprKind::Comprehension { generators, .. } => {
                    !open.insert((arrival.module, arrival.expr))
                        || generators.iter().all(|generator| has_few(context, arrival.module, generator.iter, open))
                }
                ExprKind::List(parts) | ExprKind::Set(parts) => {
                    // A list that a name holds may grow.
                    !arrival.names.iter().any(|name| grows(context, arrival.module, name))
                        && parts.iter().all(|part| !matches!(module.kind(*part), ExprKind::Starred(_)))
                }
                _ => false,
            }
        })
}

/// Whether a list or set of a name gets further elements anywhere in the module, or is passed to what may add some.
fn grows(context: &Context<'_>, id: ModuleId, name: &str) -> bool {
    let module = context.program.module(id);
    let is_name = |expr: ExprId| module.dotted(expr).is_some_and(|parts| parts.last() == Some(&name));
    module.calls().any(|call| {
        let grown = matches!(module.kind(call.func), ExprKind::Attribute { value, attr, .. }
            if is_name(*value) && matches!(attr.as_str(), "append" | "extend" | "insert" | "add" | "update"));
        grown || call.args.iter().any(|arg| is_name(arg.value)) && !super::callees(context, id, call.func).is_empty()
    }) || module.stmts().any(|(_, stmt)| matches!(stmt.kind, StmtKind::AugAssign { target, .. } if is_name(target)))
}

/// Whether an addition makes a counter unbounded: it is done in a loop or in another function, or adds a count.
fn repeats(context: &Context<'_>, arrival: &Arrival, change: &Change) -> bool {
    if change.op != BinOp::Add {
        return false;
    }
    let module = context.program.module(arrival.module);
    if let Some(step) = context.program.constant(arrival.module, change.value)
        && step.as_int().is_none_or(|step| step <= 0)
    {
        return false;
    }
    if matches!(module.kind(change.value), ExprKind::Str(_) | ExprKind::FString(_) | ExprKind::List(_) | ExprKind::Unary { .. }) {
        return false;
    }
    count(context, arrival.module, change.value, MAX_DEPTH - 1).is_some()
        || change.elsewhere
        || module.around(change.stmt).any(|(outer, _)| is_long_loop(context, arrival.module, outer, arrival.expr))
}

/// A loop over what is not written down, that begins behind the counter's start.
fn is_long_loop(context: &Context<'_>, id: ModuleId, stmt: StmtId, start: ExprId) -> bool {
    let module = context.program.module(id);
    if module.stmt(stmt).range.contains_range(module.expr(start).range) {
        return false;
    }
    match &module.stmt(stmt).kind {
        StmtKind::While { .. } => true,
        StmtKind::For { iter, .. } => {
            let few = module.call(*iter).is_some_and(|call| {
                callee_names(context, id, call.func).iter().any(|name| name == "builtins.range")
                    && call.args.iter().all(|arg| {
                        context.program.constant(id, arg.value).and_then(|value| value.as_int()).is_some_and(|value| value < 256)
                    })
            });
            !few && !is_short(context, id, *iter)
        }
        _ => false,
    }
}

fn imports_django(context: &Context<'_>, id: ModuleId) -> bool {
    context.program.module(id).stmts().any(|(_, stmt)| match &stmt.kind {
        StmtKind::Import(modules) => modules.iter().any(|imported| imported.starts_with("django")),
        StmtKind::ImportFrom { module, level: 0, .. } => module.starts_with("django"),
        _ => false,
    })
}
