//! Where statuses of processes come from, and what is asked of them: wait statuses (`os.system`, `os.waitpid`), and statuses that are
//! negative after a signal (`subprocess.Popen.returncode`).

use super::callee_names;
use crate::context::Context;
use crate::module::ir::{ArgKind, BinOp, Binding, BoundValue, ExprId, ExprKind, Name, StmtKind, UnaryOp};
use crate::program::flow::{Arrival, Returned};
use crate::program::{FunctionRef, ModuleId};

/// Functions whose result is a wait status.
const STATUSES: &[&str] = &["os.system", "pty.spawn", "os._wrap_close.close"];
/// Functions whose second result is one.
const PAIRS: &[&str] = &["os.wait", "os.waitpid", "os.wait3", "os.wait4"];
/// How many callers of a function are asked what they pass.
const MAX_CALLERS: usize = 20;
/// How deep an expression is looked into.
const MAX_DEPTH: u32 = 8;

/// Where a status comes from.
#[derive(Clone, Debug)]
pub(super) struct Origin {
    pub(super) module: ModuleId,
    /// The call that yields it.
    pub(super) expr: ExprId,
    /// The last function that returned it.
    pub(super) returned: Option<Returned>,
}

/// Whether a status is that of a child, and not that of the shell which ran it.
pub(super) fn is_of_a_child(context: &Context<'_>, origin: &Origin) -> bool {
    let call = context.program.module(origin.module).call(origin.expr);
    call.is_some_and(|call| callee_names(context, origin.module, call.func).iter().any(|name| PAIRS.contains(&name.as_str())))
}

/// Whether this rule speaks of an exit call.
pub(super) fn reports(context: &Context<'_>, code: ExprId) -> bool {
    !wait_statuses(context, context.id, code, None, 0).is_empty() || negative(context, code).is_some()
}

/// The wait statuses that may arrive at an expression (or at a part of its value).
pub(super) fn wait_statuses(context: &Context<'_>, module: ModuleId, expr: ExprId, part: Option<u32>, depth: u32) -> Vec<Origin> {
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
pub(super) fn cleanses(op: BinOp) -> bool {
    // What is left of 256 times the exit code by `% 255` or `% 256` is 0 where a program failed with 255, or with anything.
    !matches!(op, BinOp::Add | BinOp::BitOr | BinOp::Mod)
}

fn from_leaf(context: &Context<'_>, arrival: &Arrival, part: Option<u32>, depth: u32) -> Vec<Origin> {
    let module = context.program.module(arrival.module);
    let inner = |expr, part| wait_statuses(context, arrival.module, expr, part, depth + 1);
    match module.kind(arrival.expr) {
        ExprKind::BinOp { left, op: BinOp::Add | BinOp::BitOr, right } if part.is_none() => {
            [inner(*left, None), inner(*right, None)].concat()
        }
        ExprKind::BinOp { left, op: BinOp::Mod, .. } if part.is_none() => inner(*left, None),
        // One call is followed: from caller to caller there are exponentially many ways.
        ExprKind::Name(name) if depth < MAX_DEPTH => passed(context, arrival.module, arrival.expr, name)
            .into_iter()
            .flat_map(|arg| wait_statuses(context, arrival.module, arg, part, MAX_DEPTH))
            .collect(),
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
                let args = call.args.iter().filter(|arg| arg.kind == ArgKind::Positional);
                // `max([first, second])`
                let elements = args.flat_map(|arg| match module.kind(arg.value) {
                    ExprKind::List(elements) | ExprKind::Tuple(elements) => elements,
                    ExprKind::Comprehension { element, .. } => std::slice::from_ref(element),
                    _ => std::slice::from_ref(&arg.value),
                });
                return elements.flat_map(|element| inner(*element, None)).collect();
            }
            Vec::new()
        }
        _ => Vec::new(),
    }
}

/// What the callers in the same module pass for a parameter.
fn passed(context: &Context<'_>, id: ModuleId, expr: ExprId, name: &Name) -> Vec<ExprId> {
    let program = context.program;
    let module = program.module(id);
    let Some(scope) = module.binding_scope(module.expr(expr).scope, name) else { return Vec::new() };
    let [Binding { value: BoundValue::Param(function, index), .. }] = &module.scope(scope).bindings[name][..] else { return Vec::new() };
    let data = module.function(*function);
    // Of a function that does nothing but exit, each call is an exit call itself.
    if data.class.is_some() || data.name.is_empty() || program.exit_helper(FunctionRef { module: id, id: *function }).is_some() {
        return Vec::new();
    }
    let calls = program.callers(id, *function).into_iter().take(MAX_CALLERS).filter_map(|call| module.call(call));
    calls.filter_map(|call| call.argument(*index as usize, name)).collect()
}

/// Whether the functions of `os` that read a wait status are asked about a variable: its author knows what it holds.
pub(super) fn is_decoded(context: &Context<'_>, variable: ExprId) -> bool {
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
pub(super) fn is_only_tested(context: &Context<'_>, target: ExprId) -> bool {
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
            ExprKind::Unary { op: UnaryOp::Not, operand } => *operand == use_,
            ExprKind::BinOp { left, op, .. } => *left == use_ && cleanses(*op),
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
pub(super) fn negative(context: &Context<'_>, code: ExprId) -> Option<(Arrival, Arrival)> {
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
