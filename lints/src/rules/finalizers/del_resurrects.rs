//! RL112: a finalizer that stores its object where others find it brings the object back to life, half torn down; its `__del__` does not run again
//! (PEP 442).

use super::Finalizer;
use crate::context::{Context, Findings};
use crate::diagnostic::Severity;
use crate::module::Module;
use crate::module::ir::{ExprId, ExprKind, FunctionId, ScopeKind, StmtKind};
use crate::program::{ModuleId, Type, Value};
use crate::rules::{Family, FixAvailability, Rule};

/// The methods that put an argument into a container.
const ADDING: &[&str] = &["append", "appendleft", "add", "insert", "extend", "update", "setdefault", "put", "put_nowait", "push"];

pub(crate) static META: Rule = Rule {
    code: "RL112",
    name: "del-resurrects",
    family: Family::Finalizers,
    severity: Severity::Warning,
    default: true,
    fix: FixAvailability::None,
    triggers: super::TRIGGERS,
    former_names: &[],
    page: include_str!("del_resurrects.md"),
};

pub(crate) fn check(context: &Context<'_>, findings: &mut Findings<'_>) {
    for finalizer in context.finalizers().iter() {
        let Some((place, range)) = resurrection(context, finalizer) else { continue };
        let message = format!(
            "`{}` stores its own object in `{place}`: it lives on half torn down, and its `__del__` never runs again",
            finalizer.name
        );
        findings
            .report(&META, message, context.place(finalizer.range))
            .help("keep what must survive in an object of its own, and store that; or give objects back by an explicit method")
            .related("it is stored here", context.place_in(finalizer.function.module, range));
    }
}

/// Where the finalizer stores its object, with the place of the statement.
fn resurrection(context: &Context<'_>, finalizer: &Finalizer) -> Option<(String, ruff_text_size::TextRange)> {
    let id = finalizer.function.module;
    let module = context.program.module(id);
    let function = finalizer.function.id;
    let own = &module.function(function).params.first()?.name;
    let is_self = |expr: ExprId| matches!(module.kind(expr), ExprKind::Name(name) if name == own);
    let holds_self = |expr: ExprId| match module.kind(expr) {
        ExprKind::Tuple(parts) | ExprKind::List(parts) | ExprKind::Set(parts) => parts.iter().any(|part| is_self(*part)),
        _ => is_self(expr),
    };
    for (stmt, data) in module.stmts_of(function) {
        let StmtKind::Assign { targets, value } = &data.kind else { continue };
        if holds_self(*value)
            && !context.program.is_dead(id, stmt)
            && let Some(target) = targets.iter().find(|target| outlives(context, id, function, **target))
        {
            return Some((module.snippet(*target), data.range));
        }
    }
    module.code(function).calls.iter().filter_map(|call| module.call(*call)).find_map(|call| {
        let ExprKind::Attribute { value, attr, .. } = module.kind(call.func) else { return None };
        let adds = ADDING.contains(&attr.as_str())
            && call.args.iter().any(|arg| holds_self(arg.value))
            && is_shared(context, id, function, *value)
            && context.program.is_live(id, call.id);
        adds.then(|| (module.snippet(*value), module.expr(call.id).range))
    })
}

/// Whether an assignment to a target makes the object reachable from outside: a global, an attribute of a class or a module, an item of a
/// container that is one.
fn outlives(context: &Context<'_>, id: ModuleId, function: FunctionId, target: ExprId) -> bool {
    let module = context.program.module(id);
    match module.kind(target) {
        ExprKind::Name(name) => is_declared_global(module, function, name),
        ExprKind::Attribute { value, .. } => is_class_or_module(context, id, *value),
        ExprKind::Subscript { value, .. } => is_shared(context, id, function, *value),
        _ => false,
    }
}

fn is_declared_global(module: &Module, function: FunctionId, name: &str) -> bool {
    module.scope(module.function(function).scope).globals.iter().any(|global| global == name)
}

fn is_class_or_module(context: &Context<'_>, id: ModuleId, expr: ExprId) -> bool {
    let values = context.program.resolver(id).values(expr);
    values.iter().any(|value| matches!(value, Value::Class(_) | Value::Module(_)))
        || is_import(context.program.module(id), expr) && values.iter().any(|value| matches!(value, Value::External(_)))
}

fn is_import(module: &Module, expr: ExprId) -> bool {
    let ExprKind::Name(name) = module.kind(expr) else { return false };
    let scope = module.binding_scope(module.expr(expr).scope, name);
    scope.is_some_and(|scope| {
        module.scope(scope).bindings[name].iter().any(|binding| matches!(binding.value, crate::module::ir::BoundValue::Module(_)))
    })
}

/// Whether a container belongs to a module or a class rather than to the object.
fn is_shared(context: &Context<'_>, id: ModuleId, function: FunctionId, container: ExprId) -> bool {
    let program = context.program;
    let module = program.module(id);
    match module.kind(container) {
        ExprKind::Name(name) => {
            let scope = module.binding_scope(module.expr(container).scope, name);
            let weak = program.resolver(id).values(container).iter().any(is_weak);
            !weak && scope.is_some_and(|scope| matches!(module.scope(scope).kind, ScopeKind::Module))
        }
        ExprKind::Attribute { value, attr, .. } => {
            if is_class_or_module(context, id, *value) {
                return !program.resolver(id).values(container).iter().any(is_weak);
            }
            // `self.pool` that only the class body binds.
            let is_self = matches!(module.kind(*value), ExprKind::Name(name) if module.self_name(function) == Some(name));
            let this = module.function(function).class.map(|class| crate::program::ClassRef { module: id, id: class });
            is_self
                && this.is_some_and(|this| {
                    let line = program.mro(this);
                    let classes = || line.iter().filter_map(|entry| if let Type::Class(class) = entry { Some(*class) } else { None });
                    classes().any(|class| program.module(class.module).own_binding(class.id, attr).is_some())
                        && !classes().any(|class| program.assigns(class, attr))
                })
                && !program.resolver(id).values(container).iter().any(is_weak)
        }
        _ => false,
    }
}

fn is_weak(value: &Value) -> bool {
    matches!(value, Value::Instance(Type::External(name)) if name.starts_with("weakref."))
}
