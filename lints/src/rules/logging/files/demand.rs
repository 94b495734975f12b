//! Whether a log file is always opened, or only on the user's demand.

use ruff_text_size::TextRange;

use super::is_nothing;
use crate::context::Context;
use crate::module::Module;
use crate::module::ir::{Binding, BoundValue, ExprId, ExprKind, Slot, StmtId, StmtKind};
use crate::rules::logging::options::{self, Condition};
use crate::rules::logging::runs::leading_to;

/// Whether the file is always opened.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Demand {
    Always,
    /// Only where the user asks for it; the place where that is decided.
    OnDemand(TextRange),
}

pub(super) fn handler_demand(context: &Context<'_>, path: Option<ExprId>, at: ExprId) -> Demand {
    path.map_or_else(|| guard(context, at), |path| demand(context, path, at))
}

/// Whether a path is given by the user, who may give none.
pub(super) fn demand(context: &Context<'_>, path: ExprId, at: ExprId) -> Demand {
    if let demand @ Demand::OnDemand(_) = guard(context, at) {
        return demand;
    }
    if nobody_asks(context, path, at) {
        return Demand::OnDemand(context.module.expr(path).range);
    }
    let origins = context.program.origins(context.id, path);
    let (nothing, something): (Vec<ExprId>, Vec<ExprId>) = origins.into_iter().partition(|origin| is_nothing(context, *origin));
    let asked: Option<Vec<TextRange>> = something.iter().map(|origin| asked_for(context, *origin, at)).collect();
    if let Some(asked) = asked {
        return asked.first().map_or(Demand::Always, |range| Demand::OnDemand(*range));
    }
    // None of it is written in the code, and some of it may be nothing.
    let fixed = something.iter().any(|origin| context.program.constant(context.id, *origin).is_some());
    match nothing.first() {
        Some(nothing) if !fixed => Demand::OnDemand(context.module.expr(*nothing).range),
        _ => tested(context, path, at),
    }
}

/// Whether a path is a parameter of a function that nothing in the program leads to: it is there for others.
fn nobody_asks(context: &Context<'_>, path: ExprId, at: ExprId) -> bool {
    let ExprKind::Name(name) = context.module.kind(path) else { return false };
    let bindings = context.program.reaching(context.id, path, name);
    let is_given = |binding: &&Binding| matches!(binding.value, BoundValue::Param(..));
    !bindings.is_empty() && bindings.iter().all(is_given) && leading_to(context, context.id, at).len() == 1
}

/// Where it is said that an origin of a path is there only on demand.
fn asked_for(context: &Context<'_>, origin: ExprId, at: ExprId) -> Option<TextRange> {
    if let Some(range) = options::default_is_none(context, origin) {
        return Some(range);
    }
    let same_place = context.module.expr(origin).function == context.module.expr(at).function;
    match guard(context, origin) {
        Demand::OnDemand(range) if same_place => Some(range),
        _ => match tested(context, origin, at) {
            Demand::OnDemand(range) => Some(range),
            Demand::Always => None,
        },
    }
}

/// A condition around the place that asks for the path, or for what it is made of: `if path:`, `if logdir is not None:`, `if "path" in settings:`.
fn tested(context: &Context<'_>, path: ExprId, at: ExprId) -> Demand {
    let module = context.module;
    let conditions = conditions(context, at);
    if conditions.is_empty() {
        return Demand::Always;
    }
    let range = module.expr(path).range;
    let parts = module.exprs().filter(|(_, part)| range.contains_range(part.range)).filter(|(id, part)| {
        let is_thing = module.dotted(*id).is_some() || matches!(part.kind, ExprKind::Subscript { .. });
        let origins = || context.program.origins(context.id, *id);
        is_thing && !origins().iter().any(|origin| context.program.constant(context.id, *origin).is_some_and(|value| value.truth()))
    });
    let mut tests = parts.filter_map(|(part, _)| conditions.iter().find(|condition| condition.asks_for(module, part)));
    tests.next().map_or(Demand::Always, |condition| Demand::OnDemand(module.expr(condition.test).range))
}

/// A condition around the place that holds only on demand: an option that is off unless it is given.
pub(super) fn guard(context: &Context<'_>, at: ExprId) -> Demand {
    conditions(context, at)
        .into_iter()
        .find(|condition| condition.is_off_by_default(context))
        .map_or(Demand::Always, |condition| Demand::OnDemand(context.module.expr(condition.test).range))
}

/// The conditions that hold where an expression is evaluated, also those around the only call of its function.
fn conditions(context: &Context<'_>, at: ExprId) -> Vec<Condition> {
    let module = context.module;
    let mut found = Vec::new();
    let mut at = at;
    for _ in 0..4 {
        let expr = module.expr(at);
        around(module, expr.stmt, &mut found);
        for other in module.choices_in(expr.stmt) {
            if let ExprKind::If { test, body, .. } = module.kind(*other)
                && module.expr(*body).range.contains_range(expr.range)
            {
                found.push(Condition { test: *test, holds: true });
            }
        }
        let Some(function) = expr.function else { break };
        match context.program.callers(context.id, function).as_slice() {
            [only] => at = *only,
            _ => break,
        }
    }
    found
}

/// The conditions around a statement within its function, and those whose opposite has left the block before: `if not path: return`.
fn around(module: &Module, stmt: StmtId, found: &mut Vec<Condition>) {
    let blocks = std::iter::once(stmt).chain(module.around(stmt).map(|(outer, _)| outer));
    for inner in blocks {
        found.extend(module.leaving_tests_before(inner).map(|test| Condition { test, holds: false }));
    }
    for (outer, slot) in module.around(stmt) {
        if let (StmtKind::If { branches }, Slot::Branch(index)) = (&module.stmt(outer).kind, slot) {
            let index = index as usize;
            found.extend(branches.get(index).and_then(|branch| branch.test).map(|test| Condition { test, holds: true }));
            let others = branches.iter().take(index).filter_map(|branch| branch.test);
            found.extend(others.map(|test| Condition { test, holds: false }));
        }
    }
}
