//! RL302: a wait status holds the exit code in its second byte. An exit call keeps the first, which is 0: every command that
//! failed becomes a success. A status that is negative after a signal is lost likewise when `max` or `sum` merge it.

use rustc_hash::FxHashSet;

use super::{callee_names, on_windows, own_code, shown};
use crate::context::{Context, Findings};
use crate::diagnostic::{Place, Severity};
use crate::module::ir::{ArgKind, BinOp, BoundValue, CmpOp, ExprId, ExprKind, StmtKind};
use crate::program::ModuleId;
use crate::program::exits::Exit;
use crate::program::flow::{Arrival, Returned};
use crate::rules::{Family, FixAvailability, Rule};

pub(crate) static META: Rule = Rule {
    code: "RL302",
    name: "exit-wait-status",
    family: Family::ExitCodes,
    severity: Severity::Error,
    default: true,
    fix: FixAvailability::None,
    // A wait status that is compared or kept needs no exit call in its file.
    triggers: &[
        &["sys.exit"],
        &["SystemExit"],
        &["exit("],
        &["exit ("],
        &["quit("],
        &["quit ("],
        &["os._exit"],
        &[".exit\n"],
        &[".exit\r"],
        &["._exit\n"],
        &["._exit\r"],
        &["exit as"],
        &[".Exit"],
        &["os.system"],
        &["os.wait"],
        &["os.popen"],
        &["pty.spawn"],
        &["from os import"],
        &["import os as"],
        &["from pty import"],
        &["import pty as"],
    ],
    former_names: &[],
    page: include_str!("exit_wait_status.md"),
};

/// Functions whose result is a wait status.
const STATUSES: &[&str] = &["os.system", "pty.spawn", "os._wrap_close.close"];
/// Functions whose second result is one.
const PAIRS: &[&str] = &["os.wait", "os.waitpid", "os.wait3", "os.wait4"];
/// Names of variables that say "exit code".
const NAMES: &[&str] = &["exit_code", "exitcode", "return_code", "returncode", "retcode", "ret_code"];
/// How deep an expression is looked into.
const MAX_DEPTH: u32 = 8;

/// Where a status comes from.
#[derive(Clone, Debug)]
struct Origin {
    module: ModuleId,
    /// The call that yields it.
    expr: ExprId,
    /// The last function that returned it.
    returned: Option<Returned>,
}

pub(crate) fn check(context: &Context<'_>, findings: &mut Findings<'_>) {
    let mut used = FxHashSet::default();
    for exit in context.exits() {
        let Some(code) = own_code(context, exit).filter(|_| !on_windows(context, exit.stmt)) else { continue };
        let origins = wait_statuses(context, context.id, code, None, 0);
        used.extend(origins.iter().map(|origin| (origin.module, origin.expr)));
        if origins.is_empty() {
            if let Some((merged, by)) = negative(context, code) {
                report_merged(context, findings, exit, &merged, &by);
            }
            continue;
        }
        for group in by_return(&origins) {
            report_exit(context, findings, exit, &group);
        }
    }
    comparisons(context, findings, &mut used);
    kept(context, findings, &used);
}

/// Whether this rule speaks of an exit call.
pub(crate) fn reports(context: &Context<'_>, code: ExprId) -> bool {
    !wait_statuses(context, context.id, code, None, 0).is_empty() || negative(context, code).is_some()
}

/// The wait statuses that may arrive at an expression (or at a part of its value).
fn wait_statuses(context: &Context<'_>, module: ModuleId, expr: ExprId, part: Option<u32>, depth: u32) -> Vec<Origin> {
    let mut found: Vec<Origin> = Vec::new();
    if depth > MAX_DEPTH {
        return found;
    }
    for arrival in context.program.arrivals(module, expr) {
        if arrival.changes.iter().any(|change| cleanses(change.op)) {
            continue;
        }
        let part = arrival.part.or(part);
        for mut origin in from_leaf(context, &arrival, part, depth) {
            origin.returned = origin.returned.or(arrival.returned.last().copied());
            if !found.iter().any(|other| (other.module, other.expr) == (origin.module, origin.expr)) {
                found.push(origin);
            }
        }
    }
    found
}

/// Whether an operator takes the exit code out of a wait status.
fn cleanses(op: BinOp) -> bool {
    !matches!(op, BinOp::Add | BinOp::BitOr)
}

fn from_leaf(context: &Context<'_>, arrival: &Arrival, part: Option<u32>, depth: u32) -> Vec<Origin> {
    let module = context.program.module(arrival.module);
    let inner = |expr, part| wait_statuses(context, arrival.module, expr, part, depth + 1);
    match module.kind(arrival.expr) {
        ExprKind::BinOp { left, op: BinOp::Add | BinOp::BitOr, right } if part.is_none() => {
            [inner(*left, None), inner(*right, None)].concat()
        }
        ExprKind::Subscript { value, slice } if part.is_none() => match context.program.constant(arrival.module, *slice) {
            Some(index) => {
                index.as_int().and_then(|index| u32::try_from(index).ok()).map_or_else(Vec::new, |index| inner(*value, Some(index)))
            }
            None => Vec::new(),
        },
        ExprKind::Call { func, .. } => {
            let Some(call) = module.call(arrival.expr) else { return Vec::new() };
            let names = callee_names(context, arrival.module, *func);
            let any = |known: &[&str]| names.iter().any(|name| known.contains(&name.as_str()));
            let more = &context.settings.options.exit_wait_status.sources;
            let is_status = match part {
                None => any(STATUSES) || names.iter().any(|name| more.contains(name)),
                Some(part) => part == 1 && any(PAIRS),
            };
            if is_status {
                return vec![Origin { module: arrival.module, expr: arrival.expr, returned: None }];
            }
            if part.is_none() && any(&["builtins.int", "builtins.abs", "builtins.max"]) {
                return call.args.iter().filter(|arg| arg.kind == ArgKind::Positional).flat_map(|arg| inner(arg.value, None)).collect();
            }
            Vec::new()
        }
        _ => Vec::new(),
    }
}

/// One group for what comes from the function around and for each `return` of another: these are mended one by one.
fn by_return(origins: &[Origin]) -> Vec<Vec<Origin>> {
    let mut groups: Vec<Vec<Origin>> = Vec::new();
    for origin in origins {
        match groups.iter_mut().find(|group| group[0].returned == origin.returned) {
            Some(group) => group.push(origin.clone()),
            None => groups.push(vec![origin.clone()]),
        }
    }
    groups
}

fn report_exit(context: &Context<'_>, findings: &mut Findings<'_>, exit: &Exit, origins: &[Origin]) {
    let first = &origins[0];
    let source = context.program.module(first.module).snippet(first.expr);
    let whose = match first.returned {
        Some(returned) => {
            let line = return_place(context, returned).start().line;
            format!(" that `{}` returns (line {line})", context.program.qualified_name(returned.function))
        }
        None => String::new(),
    };
    let message = format!(
        "`{}` exits with the wait status of `{source}`{whose}: the exit code is in its second byte, and a failure becomes 0",
        shown(context, exit)
    );
    let mut report = findings.report(&META, message, context.place(exit.range)).help(HELP);
    for origin in origins {
        report = report.related("the wait status comes from here", origin_place(context, origin));
    }
    if let Some(returned) = first.returned {
        report.related("it is returned here", return_place(context, returned));
    }
}

const HELP: &str = "use `subprocess.call`, or take the exit code out with `os.waitstatus_to_exitcode` or `os.WEXITSTATUS`";

fn origin_place(context: &Context<'_>, origin: &Origin) -> Place {
    context.place_in(origin.module, context.program.module(origin.module).expr(origin.expr).range)
}

fn return_place(context: &Context<'_>, returned: Returned) -> Place {
    let module = returned.function.module;
    context.place_in(module, context.program.module(module).expr(returned.value).range)
}

// ---- wait statuses that are compared or kept

/// `os.system(...) == 2`.
fn comparisons(context: &Context<'_>, findings: &mut Findings<'_>, used: &mut FxHashSet<(ModuleId, ExprId)>) {
    let module = context.module;
    for (id, expr) in module.exprs() {
        let ExprKind::Compare { left, rest } = &expr.kind else { continue };
        let [(op, right)] = &**rest else { continue };
        let sides = match op {
            CmpOp::Eq | CmpOp::NotEq => [(*left, *right), (*right, *left)],
            CmpOp::In | CmpOp::NotIn => [(*left, *right), (*left, *right)],
            _ => continue,
        };
        let Some((status, code)) = sides.into_iter().find(|(_, code)| is_small_code(context, *code)) else { continue };
        let origins = wait_statuses(context, context.id, status, None, 0);
        let Some(first) = origins.first() else { continue };
        if !context.program.is_live(context.id, id) {
            continue;
        }
        used.extend(origins.iter().map(|origin| (origin.module, origin.expr)));
        let message = format!(
            "the wait status `{}` is compared with the exit code `{}`: it holds the code times 256, and the comparison never means that code",
            module.snippet(status),
            module.snippet(code)
        );
        findings
            .report(&META, message, context.place(expr.range))
            .help("compare `os.waitstatus_to_exitcode(status)` or `os.WEXITSTATUS(status)`, or use `subprocess`")
            .related("the wait status comes from here", origin_place(context, first));
    }
}

/// An integer from 1 to 255, or a collection of integers of which one is.
fn is_small_code(context: &Context<'_>, expr: ExprId) -> bool {
    let small =
        |expr| context.program.constant(context.id, expr).and_then(|code| code.as_int()).is_some_and(|code| (1..=255).contains(&code));
    match context.module.kind(expr) {
        ExprKind::Tuple(parts) | ExprKind::List(parts) | ExprKind::Set(parts) => parts.iter().any(|part| small(*part)),
        _ => small(expr),
    }
}

/// `exit_code = os.system(...)`.
fn kept(context: &Context<'_>, findings: &mut Findings<'_>, used: &FxHashSet<(ModuleId, ExprId)>) {
    let module = context.module;
    for (id, stmt) in module.stmts() {
        let (targets, value): (&[ExprId], ExprId) = match &stmt.kind {
            StmtKind::Assign { targets, value } => (targets, *value),
            StmtKind::AnnAssign { target, value: Some(value), .. } => (std::slice::from_ref(target), *value),
            _ => continue,
        };
        let mut pairs: Vec<(ExprId, Option<u32>)> = Vec::new();
        for target in targets {
            match module.kind(*target) {
                ExprKind::Tuple(parts) | ExprKind::List(parts) => pairs.extend(parts.iter().zip(0..).map(|(part, at)| (*part, Some(at)))),
                _ => pairs.push((*target, None)),
            }
        }
        for (target, part) in pairs {
            if !says_exit_code(context, target) || !context.program.is_live(context.id, value) {
                continue;
            }
            let origins = wait_statuses(context, context.id, value, part, 0);
            let Some(first) = origins.first() else { continue };
            let decoded = is_decoded(context, target) || matches!(module.kind(value), ExprKind::Name(_)) && is_decoded(context, value);
            if used.contains(&(first.module, first.expr)) || decoded || is_only_tested(context, target) || on_windows(context, id) {
                continue;
            }
            let message = format!(
                "`{}` keeps the wait status of `{}`, which is no exit code: a command that fails with 1 yields 256",
                module.snippet(target),
                context.program.module(first.module).snippet(first.expr)
            );
            let range = ruff_text_size::TextRange::new(module.stmt(id).range.start(), module.stmt(id).range.end());
            findings.report(&META, message, context.place(range)).help(HELP);
        }
    }
}

fn says_exit_code(context: &Context<'_>, target: ExprId) -> bool {
    let Some(word) = super::last_word(context, context.id, target) else { return false };
    let word = word.trim_matches('_').to_ascii_lowercase();
    NAMES.contains(&word.as_str()) || context.settings.options.exit_wait_status.names.contains(&word)
}

/// Whether the functions of `os` that read a wait status are asked about a variable: its author knows what it holds.
fn is_decoded(context: &Context<'_>, variable: ExprId) -> bool {
    let module = context.module;
    let Some(parts) = module.dotted(variable) else { return false };
    let function = module.expr(variable).function;
    module.calls().any(|call| {
        module.expr(call.id).function == function
            && call.args.iter().any(|arg| module.dotted(arg.value).as_ref() == Some(&parts))
            && callee_names(context, context.id, call.func)
                .iter()
                .any(|name| name.starts_with("os.W") || name == "os.waitstatus_to_exitcode")
    })
}

/// Whether a variable is never used but in tests for 0, or for what takes the exit code out of it.
fn is_only_tested(context: &Context<'_>, target: ExprId) -> bool {
    let module = context.module;
    let ExprKind::Name(name) = module.kind(target) else { return false };
    let Some(scope) = module.binding_scope(module.expr(target).scope, name) else { return false };
    if module.scope(scope).bindings[name].iter().any(|binding| matches!(binding.value, BoundValue::Augmented { op, .. } if cleanses(op))) {
        return true;
    }
    let uses: Vec<ExprId> = module
        .exprs()
        .filter(|(id, expr)| {
            *id != target
                && matches!(&expr.kind, ExprKind::Name(other) if other == name)
                && module.binding_scope(expr.scope, name) == Some(scope)
                && !module.scope(scope).bindings[name].iter().any(|binding| binding.range == expr.range)
        })
        .map(|(id, _)| id)
        .collect();
    !uses.is_empty() && uses.iter().all(|use_| is_test(context, *use_))
}

/// Whether a use of a status only asks whether it is 0, or takes the exit code out.
fn is_test(context: &Context<'_>, use_: ExprId) -> bool {
    let module = context.module;
    let tested = |test: ExprId| test == use_ || is_not(context, test, use_);
    let in_stmt = match &module.stmt(module.expr(use_).stmt).kind {
        StmtKind::If { branches } => branches.iter().any(|branch| branch.test.is_some_and(tested)),
        StmtKind::While { test, .. } | StmtKind::Assert { test, .. } => tested(*test),
        _ => false,
    };
    in_stmt
        || module.exprs().any(|(_, expr)| match &expr.kind {
            ExprKind::Compare { left, rest } => *left == use_ || rest.iter().any(|(_, right)| *right == use_),
            ExprKind::If { test, .. } => tested(*test),
            ExprKind::Unary { op: crate::module::ir::UnaryOp::Not, operand } => *operand == use_,
            ExprKind::BinOp { left, op, .. } => *left == use_ && cleanses(*op) && *op != BinOp::Mod,
            ExprKind::Call { func, args } => {
                args.iter().any(|arg| arg.value == use_)
                    && callee_names(context, context.id, *func)
                        .iter()
                        .any(|name| name == "builtins.bool" || name.starts_with("os.W") || name == "os.waitstatus_to_exitcode")
            }
            _ => false,
        })
}

fn is_not(context: &Context<'_>, test: ExprId, use_: ExprId) -> bool {
    matches!(context.module.kind(test), ExprKind::Unary { operand, .. } if *operand == use_)
}

// ---- statuses that are negative after a signal

/// What merges a negative status into a code, and the status.
fn negative(context: &Context<'_>, code: ExprId) -> Option<(Arrival, Arrival)> {
    context.program.arrivals(context.id, code).into_iter().find_map(|arrival| {
        let call = context.program.module(arrival.module).call(arrival.expr)?;
        let names = callee_names(context, arrival.module, call.func);
        names.iter().any(|name| name == "builtins.max" || name == "builtins.sum").then_some(())?;
        let status = call.args.iter().find_map(|arg| negative_status(context, arrival.module, arg.value, 0))?;
        Some((arrival, status))
    })
}

/// A status that is negative after a signal, in an expression that `max` or `sum` gets.
fn negative_status(context: &Context<'_>, module: ModuleId, expr: ExprId, depth: u32) -> Option<Arrival> {
    if depth > MAX_DEPTH {
        return None;
    }
    context.program.arrivals(module, expr).into_iter().find_map(|arrival| {
        let inner = |expr| negative_status(context, arrival.module, expr, depth + 1);
        match context.program.module(arrival.module).kind(arrival.expr) {
            ExprKind::Attribute { attr, .. } => matches!(attr.as_str(), "returncode" | "exitcode").then(|| arrival.clone()),
            ExprKind::Call { func, .. } => callee_names(context, arrival.module, *func)
                .iter()
                .any(|name| {
                    matches!(
                        name.as_str(),
                        "subprocess.call" | "subprocess.Popen.wait" | "subprocess.Popen.poll" | "os.waitstatus_to_exitcode"
                    )
                })
                .then(|| arrival.clone()),
            ExprKind::Comprehension { element, .. } => inner(*element),
            ExprKind::List(parts) | ExprKind::Tuple(parts) => parts.iter().find_map(|part| inner(*part)),
            ExprKind::Starred(value) => inner(*value),
            _ => None,
        }
    })
}

fn report_merged(context: &Context<'_>, findings: &mut Findings<'_>, exit: &Exit, merged: &Arrival, status: &Arrival) {
    let (merge, part) =
        (context.program.module(merged.module).snippet(merged.expr), context.program.module(status.module).snippet(status.expr));
    let message = format!(
        "`{}` exits with `{merge}`: after a signal `{part}` is negative, and a killed process becomes a success",
        shown(context, exit)
    );
    let place = context.place_in(status.module, context.program.module(status.module).expr(status.expr).range);
    findings
        .report(&META, message, context.place(exit.range))
        .help("exit with 1 where any status is not 0: `sys.exit(1 if any(statuses) else 0)`")
        .related("this status is negative after a signal", place);
}
