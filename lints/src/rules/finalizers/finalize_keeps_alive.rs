//! RL113: the registry of `weakref.finalize` holds the function and its arguments strongly. Where one of them leads back to the object, the object
//! is never collected, and the finalizer runs at exit only.

use crate::context::{Context, Findings};
use crate::diagnostic::Severity;
use crate::module::Module;
use crate::module::ir::{ArgKind, BoundValue, ExprId, ExprKind, FunctionId, Name};
use crate::program::{FunctionRef, Value};
use crate::rules::{Family, FixAvailability, Rule};

pub(crate) static META: Rule = Rule {
    code: "RL113",
    name: "finalize-keeps-alive",
    family: Family::Finalizers,
    severity: Severity::Error,
    default: true,
    fix: FixAvailability::None,
    triggers: &[&["weakref", "finalize"]],
    former_names: &[],
    page: include_str!("finalize_keeps_alive.md"),
};

pub(crate) fn check(context: &Context<'_>, findings: &mut Findings<'_>) {
    let module = context.module;
    for call in module.calls() {
        let Some(object) = call.positional(0) else { continue };
        let ExprKind::Name(name) = module.kind(object) else { continue };
        if call.args.len() < 2
            || !context.program.is_external(context.id, call.func, &["weakref.finalize"])
            || !context.program.is_live(context.id, call.id)
        {
            continue;
        }
        let others = call.args.iter().skip(1).filter(|arg| arg.kind != ArgKind::DoubleStar);
        let Some((held, how)) = others.map(|arg| arg.value).find_map(|arg| Some((arg, holds(context, arg, object, name)?))) else {
            continue;
        };
        let message =
            format!("`weakref.finalize` keeps `{name}` alive until exit: `{}` {how}, so that it is never collected", module.snippet(held));
        findings.report(&META, message, context.place(module.expr(call.id).range)).help(
            "pass a function that does not know the object, and the values that it needs: `weakref.finalize(self, os.close, self.fd)`",
        );
    }
}

/// How an argument leads to the object, if it does.
fn holds(context: &Context<'_>, arg: ExprId, object: ExprId, name: &Name) -> Option<&'static str> {
    let module = context.module;
    match module.kind(arg) {
        ExprKind::Name(other) if other == name && same_scope(module, arg, object) => Some("is the object itself"),
        ExprKind::Name(_) => {
            let values = context.program.resolver(context.id).values(arg);
            let closes = values.iter().any(|value| match value {
                Value::Function(function) => function.module == context.id && captures(module, function.id, object, name),
                _ => false,
            });
            closes.then_some("is a function that holds it")
        }
        ExprKind::Attribute { value, .. } if is_object(module, *value, object, name) => {
            let values = context.program.resolver(context.id).values(arg);
            // A property's or an attribute's value is no method.
            // A class method is bound to the class.
            let bound = |value: &Value| match value {
                Value::Method(method, _) => {
                    let resolver = context.program.resolver(method.module);
                    !resolver.has_decorator(method.id, &["builtins.classmethod", "builtins.staticmethod"])
                }
                _ => false,
            };
            values.iter().any(bound).then_some("is a bound method of it")
        }
        ExprKind::Lambda(function) => captures(module, *function, object, name).then_some("is a function that holds it"),
        ExprKind::Call { func, args } if context.program.is_external(context.id, *func, &["functools.partial"]) => {
            args.iter().find_map(|inner| holds(context, inner.value, object, name)).map(|_| "holds it")
        }
        ExprKind::Call { func, .. } => {
            let call = module.call(arg)?;
            let values = context.program.resolver(context.id).values(*func);
            let keeps = |value: &Value| match value {
                Value::Function(maker) => kept_params(context, *maker).into_iter().any(|index| {
                    let param = &context.program.function(*maker).params[index];
                    call.argument(index, &param.name).is_some_and(|inner| holds(context, inner, object, name).is_some())
                }),
                _ => false,
            };
            values.iter().any(keeps).then_some("is a function that holds it")
        }
        _ => None,
    }
}

/// The parameters of a function that a nested one, which it returns, uses: what is passed for them lives as long as that.
fn kept_params(context: &Context<'_>, maker: FunctionRef) -> Vec<usize> {
    let module = context.program.module(maker.module);
    let data = module.function(maker.id);
    let returned = module.code(maker.id).returns.iter().flatten();
    let values = returned.flat_map(|value| context.program.resolver(maker.module).values(*value));
    let nested: Vec<FunctionId> = values
        .filter_map(|value| match value {
            Value::Function(inner) if inner.module == maker.module && module.function(inner.id).outer == Some(maker.id) => Some(inner.id),
            _ => None,
        })
        .collect();
    let uses = |name: &Name| {
        nested.iter().any(|inner| {
            module.exprs().any(|(_, expr)| {
                expr.function == Some(*inner)
                    && matches!(&expr.kind, ExprKind::Name(other) if other == name)
                    && module.binding_scope(expr.scope, name) == Some(data.scope)
            })
        })
    };
    (0..data.params.len()).filter(|index| uses(&data.params[*index].name)).collect()
}

fn same_scope(module: &Module, expr: ExprId, object: ExprId) -> bool {
    module.expr(expr).scope == module.expr(object).scope
}

fn is_object(module: &Module, expr: ExprId, object: ExprId, name: &Name) -> bool {
    matches!(module.kind(expr), ExprKind::Name(other) if other == name) && same_scope(module, expr, object)
}

/// Whether a nested function uses the object's name as a variable of the function around it.
fn captures(module: &Module, function: FunctionId, object: ExprId, name: &Name) -> bool {
    let outer = module.expr(object).function;
    let is_nested = std::iter::successors(module.function(function).outer, |id| module.function(*id).outer).any(|id| Some(id) == outer);
    let home = module.binding_scope(module.expr(object).scope, name);
    // A default of a parameter under the same name is bound at once, and holds it, too.
    is_nested
        && module.exprs().any(|(_, expr)| {
            let inside = expr
                .function
                .is_some_and(|inner| std::iter::successors(Some(inner), |id| module.function(*id).outer).any(|id| id == function));
            inside && matches!(&expr.kind, ExprKind::Name(other) if other == name) && module.binding_scope(expr.scope, name) == home
        })
        || module
            .function(function)
            .params
            .iter()
            .any(|param| param.default.is_some_and(|default| is_object(module, default, object, name)))
        || module.scope(module.function(function).scope).bindings.values().any(|bindings| {
            bindings.iter().any(|binding| matches!(binding.value, BoundValue::Expr(value) if is_object(module, value, object, name)))
        })
}
