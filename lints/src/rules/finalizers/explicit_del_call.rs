//! RL109: a `__del__` called by hand runs a second time when the object is collected.

use ruff_text_size::TextRange;

use crate::context::{Context, Findings, Role};
use crate::diagnostic::{Fix, Severity};
use crate::fix;
use crate::module::Call;
use crate::module::ir::{ExprId, ExprKind, StmtId, StmtKind};
use crate::program::{Type, Value};
use crate::rules::{Family, FixAvailability, Rule};

pub(crate) static META: Rule = Rule {
    code: "RL109",
    name: "explicit-del-call",
    family: Family::Finalizers,
    severity: Severity::Warning,
    default: true,
    fix: FixAvailability::Sometimes,
    triggers: &[&[".__del__"]],
    former_names: &[],
    page: include_str!("explicit_del_call.md"),
};

pub(crate) fn check(context: &Context<'_>, findings: &mut Findings<'_>) {
    // A test calls a finalizer to see what it does.
    if context.role == Role::Auxiliary {
        return;
    }
    for call in context.module.calls() {
        let ExprKind::Attribute { value, attr, attr_range } = context.module.kind(call.func) else { continue };
        if attr != "__del__" || !context.program.is_live(context.id, call.id) || is_chained(context, call, *value) {
            continue;
        }
        let callee = context.module.snippet(call.func);
        let message = if is_awaited(context, call) {
            format!("`{callee}` is awaited by hand; the interpreter calls it again when the object is collected, and awaits nothing")
        } else {
            format!("`{callee}` is called by hand, and runs again when the object is collected")
        };
        findings
            .report(&META, message, context.place(context.module.expr(call.id).range))
            .help("move the work to a method such as `close()`, which may be called twice, and call that")
            .fix(fix(context, call, *value, *attr_range));
    }
}

/// The method that `__del__` does nothing but call, in its place.
fn fix(context: &Context<'_>, call: Call<'_>, receiver: ExprId, attr: TextRange) -> Option<Fix> {
    if !call.args.is_empty() {
        return None;
    }
    let values = context.program.resolver(context.id).values(receiver);
    let [Value::Instance(Type::Class(class))] = &values[..] else { return None };
    let function = context.program.method(*class, "__del__")?;
    let module = context.program.module(function.module);
    let own = module.self_name(function.id)?;
    let is_docstring =
        |stmt: &StmtId| matches!(&module.stmt(*stmt).kind, StmtKind::Expr(value) if matches!(module.kind(*value), ExprKind::Str(_)));
    let mut body = module.function_block(function.id).iter().filter(|stmt| !is_docstring(stmt));
    let (Some(only), None) = (body.next(), body.next()) else { return None };
    let StmtKind::Expr(value) = module.stmt(*only).kind else { return None };
    let inner = module.call(value).filter(|inner| inner.args.is_empty())?;
    let ExprKind::Attribute { value, attr: method, .. } = module.kind(inner.func) else { return None };
    let on_self = matches!(module.kind(*value), ExprKind::Name(name) if name == own);
    // One that calls itself is no way out.
    (on_self && method != "__del__" && context.program.method(*class, method).is_some())
        .then(|| Fix::unsure(format!("Call `{method}`"), vec![fix::replace(context, attr, method.as_str())]))
}

fn is_awaited(context: &Context<'_>, call: Call<'_>) -> bool {
    context.module.exprs().any(|(_, expr)| matches!(expr.kind, ExprKind::Await(inner) if inner == call.id))
}

/// `super().__del__()` and `Base.__del__(self)` inside a `__del__` pass the finalization on.
fn is_chained(context: &Context<'_>, call: Call<'_>, receiver: ExprId) -> bool {
    let module = context.module;
    let function = module.expr(call.id).function.and_then(|function| {
        std::iter::successors(Some(function), |id| module.function(*id).outer).find(|id| module.function(*id).name == "__del__")
    });
    let Some(function) = function else { return false };
    // Only a class's function takes the object: `target_class.__del__(self)`.
    let own = module.function(function).params.first();
    let names_own = |expr: ExprId| matches!(module.kind(expr), ExprKind::Name(name) if own.is_some_and(|own| own.name == *name));
    if call.positional(0).is_some_and(names_own) {
        return true;
    }
    context.program.resolver(context.id).values(receiver).iter().any(|value| match value {
        Value::Super { .. } | Value::Class(_) | Value::External(_) => true,
        // `super()` of a class whose bases are not known.
        Value::Unresolved(_) => {
            module.call(receiver).is_some_and(|call| matches!(module.kind(call.func), ExprKind::Name(name) if name == "super"))
        }
        _ => false,
    })
}
