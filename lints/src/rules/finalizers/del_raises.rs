//! RL111: an exception cannot leave a finalizer: the interpreter prints it to stderr and goes on.

use super::del_never_runs::never_runs;
use crate::context::{Context, Findings};
use crate::diagnostic::Severity;
use crate::module::Module;
use crate::module::ir::{ExprId, ExprKind, Slot, StmtId, StmtKind};
use crate::program::resolve::is_stub;
use crate::program::{ModuleId, Type, Value};
use crate::rules::{Family, FixAvailability, Rule};

pub(crate) static META: Rule = Rule {
    code: "RL111",
    name: "del-raises",
    family: Family::Finalizers,
    severity: Severity::Warning,
    default: true,
    fix: FixAvailability::None,
    triggers: &[&["__del__", "raise"]],
    former_names: &[],
    page: include_str!("del_raises.md"),
};

pub(crate) fn check(context: &Context<'_>, findings: &mut Findings<'_>) {
    for finalizer in context.finalizers().iter() {
        let function = finalizer.function;
        let module = context.program.module(function.module);
        if never_runs(context, finalizer).is_some() || is_stub(module, function.id) {
            continue;
        }
        for (id, stmt) in module.stmts_of(function.id) {
            let StmtKind::Raise { exc } = stmt.kind else { continue };
            if context.program.is_dead(function.module, id)
                || is_exit(context, function.module, exc)
                || is_caught(context, function.module, id)
            {
                continue;
            }
            let message = format!("`{}` raises an exception that nobody gets: the interpreter prints it and goes on", finalizer.name);
            findings
                .report(&META, message, context.place(finalizer.range))
                .help("say it with `warnings.warn(..., ResourceWarning)`, or do the work in a method that callers call and check")
                .related("it is raised here", context.place_in(function.module, stmt.range));
            break;
        }
    }
}

/// The class of what is raised.
fn class_of(module: &Module, exc: ExprId) -> ExprId {
    module.call(exc).map_or(exc, |call| call.func)
}

fn is_exit(context: &Context<'_>, id: ModuleId, exc: Option<ExprId>) -> bool {
    let module = context.program.module(id);
    exc.is_some_and(|exc| context.program.is_external(id, class_of(module, exc), &["builtins.SystemExit"]))
}

/// Whether a `try` around a `raise` in the same function catches what it raises. What is not known is taken for caught where a clause names
/// more than one class or a class that cannot be resolved.
fn is_caught(context: &Context<'_>, id: ModuleId, raise: StmtId) -> bool {
    let module = context.program.module(id);
    let exc = match module.stmt(raise).kind {
        StmtKind::Raise { exc } => exc.map(|exc| class_of(module, exc)),
        _ => None,
    };
    module.around(raise).any(|(outer, slot)| match (&module.stmt(outer).kind, slot) {
        (StmtKind::Try { handlers, .. }, Slot::Body) => handlers.iter().any(|handler| {
            let Some(exception) = handler.exception else { return true };
            match module.kind(exception) {
                ExprKind::Tuple(classes) => classes.iter().any(|class| catches(context, id, *class, exc)),
                _ => catches(context, id, exception, exc),
            }
        }),
        (StmtKind::With { items, .. }, Slot::Body) => items
            .iter()
            .any(|item| module.call(item.context).is_some_and(|call| context.program.is_external(id, call.func, &["contextlib.suppress"]))),
        _ => false,
    })
}

/// Whether a clause for a class catches an exception of another (`None`: whatever is in flight).
fn catches(context: &Context<'_>, id: ModuleId, class: ExprId, exc: Option<ExprId>) -> bool {
    let resolver = context.program.resolver(id);
    let raised = exc.map(|exc| resolver.values(exc)).unwrap_or_default();
    resolver.values(class).iter().any(|class| match class {
        Value::External(name) => {
            matches!(name.as_str(), "builtins.Exception" | "builtins.BaseException")
                || raised.iter().any(|value| match value {
                    Value::External(raised) => raised == name,
                    Value::Class(raised) => context.program.mro(*raised).contains(&Type::External(name.clone())),
                    _ => false,
                })
        }
        Value::Class(class) => {
            raised.iter().any(|value| matches!(value, Value::Class(raised) if context.program.mro(*raised).contains(&Type::Class(*class))))
        }
        _ => true,
    })
}
