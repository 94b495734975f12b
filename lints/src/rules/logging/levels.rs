//! What sets levels in a module: of handlers, of the root logger and its handlers, of other loggers.

use super::loggers::{Identity, identities, is_root};
use crate::context::Context;
use crate::module::ir::{BoundValue, ExprId, ExprKind, StmtKind};
use crate::program::Value;
use crate::program::constants::Constant;

/// How many steps from a name to the root logger's handlers.
const MAX_STEPS: usize = 6;

/// See the module's documentation.
#[derive(Debug, Default)]
pub(crate) struct Levels {
    /// The origins of the objects that get a level.
    pub(crate) objects: Vec<ExprId>,
    /// What sets the level of handlers that are taken from the root logger.
    pub(crate) root_handlers: Vec<ExprId>,
    /// The loggers that get a level of their own.
    pub(crate) loggers: Vec<Identity>,
    /// Whether the module may set the root logger's level by something else than `basicConfig`.
    pub(crate) root: bool,
}

pub(crate) fn collect(context: &Context<'_>) -> Levels {
    let module = context.module;
    let mut levels = Levels::default();
    for call in module.calls() {
        match module.kind(call.func) {
            ExprKind::Attribute { value, attr, .. } if attr == "setLevel" => {
                if context.program.is_live(context.id, call.id) {
                    let unset = call.argument(0, "level").is_some_and(|level| {
                        context.program.constant(context.id, level) == Some(Constant::Int(0))
                            || context.program.is_external(context.id, level, &["logging.NOTSET"])
                    });
                    add(context, &mut levels, *value, call.id, unset);
                }
            }
            _ => {
                let configures = &["logging.config.dictConfig", "logging.config.fileConfig"];
                levels.root |= context.program.is_external(context.id, call.func, configures);
            }
        }
    }
    for (id, stmt) in module.stmts() {
        let StmtKind::Assign { targets, value } = &stmt.kind else { continue };
        for target in targets {
            if let ExprKind::Attribute { value: owner, attr, .. } = module.kind(*target)
                && attr == "level"
                && !context.program.is_dead(context.id, id)
            {
                add(context, &mut levels, *owner, *value, false);
            }
        }
    }
    levels
}

fn add(context: &Context<'_>, levels: &mut Levels, receiver: ExprId, by: ExprId, unset: bool) {
    if from_root_handlers(context, receiver, 0) {
        levels.root_handlers.push(by);
        return;
    }
    if is_root(context, receiver) {
        levels.root = true;
    } else if !unset {
        levels.loggers.extend(identities(context, receiver));
    }
    levels.objects.extend(context.program.origins(context.id, receiver));
}

/// Whether an expression is a handler that is taken from the root logger: `root.handlers[0]`, or the variable of a loop over them.
fn from_root_handlers(context: &Context<'_>, expr: ExprId, steps: usize) -> bool {
    if steps > MAX_STEPS {
        return false;
    }
    let module = context.module;
    match module.kind(expr) {
        ExprKind::Subscript { value, .. } => is_root_handlers(context, *value, steps + 1),
        ExprKind::Name(name) => context.program.reaching(context.id, expr, name).into_iter().any(|binding| match binding.value {
            BoundValue::Element(iter) => is_root_handlers(context, iter, steps + 1),
            BoundValue::Expr(value) => from_root_handlers(context, value, steps + 1),
            BoundValue::Param(function, index) => context
                .program
                .arguments(context.id, function, index as usize)
                .values
                .iter()
                .any(|value| from_root_handlers(context, *value, steps + 1)),
            _ => false,
        }),
        ExprKind::Call { func, args } if context.program.is_external(context.id, *func, &["builtins.next"]) => {
            args.first().is_some_and(|arg| is_root_handlers(context, arg.value, steps + 1))
        }
        _ => false,
    }
}

/// Whether an expression is the list of the root logger's handlers, or is made from it.
fn is_root_handlers(context: &Context<'_>, expr: ExprId, steps: usize) -> bool {
    if steps > MAX_STEPS {
        return false;
    }
    let module = context.module;
    match module.kind(expr) {
        ExprKind::Attribute { value, attr, .. } => attr == "handlers" && is_root(context, *value),
        ExprKind::Subscript { value, .. } => is_root_handlers(context, *value, steps + 1),
        ExprKind::Name(name) => context.program.reaching(context.id, expr, name).into_iter().any(|binding| match binding.value {
            BoundValue::Expr(value) => is_root_handlers(context, value, steps + 1),
            _ => false,
        }),
        ExprKind::Comprehension { generators, .. } => {
            generators.first().is_some_and(|generator| is_root_handlers(context, generator.iter, steps + 1))
        }
        ExprKind::Call { args, .. } => {
            let Some(call) = module.call(expr) else { return false };
            let passes_on = context.program.resolver(context.id).values(call.func).iter().any(|value| match value {
                Value::External(name) => {
                    matches!(
                        name.as_str(),
                        "builtins.list" | "builtins.tuple" | "builtins.reversed" | "builtins.sorted" | "builtins.filter" | "builtins.iter"
                    )
                }
                _ => false,
            });
            passes_on && args.iter().any(|arg| is_root_handlers(context, arg.value, steps + 1))
        }
        _ => false,
    }
}
