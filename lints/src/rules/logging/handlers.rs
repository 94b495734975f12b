//! Handlers that are passed to `basicConfig`: whether each has a level of its own.

use super::Levels;
use crate::context::Context;
use crate::effects::knowledge;
use crate::module::Call;
use crate::module::ir::{ArgKind, ExprId, ExprKind, FunctionId, StmtKind};
use crate::program::{ClassRef, FunctionRef, Type, Value};

/// How many of its own methods a handler's `emit` is followed through.
const MAX_METHODS: usize = 3;

/// What a handler does about levels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Status {
    /// It has a level of its own, or needs none.
    Fine,
    /// It has none.
    Bare,
    /// Not to be told.
    Unknown,
}

/// Libraries whose handlers hand every record on to another system.
const BRIDGES: &[&str] = &["loguru", "structlog", "opentelemetry", "sentry_sdk", "raven", "logfire", "eliot", "logbook", "twisted"];
/// Handlers whose first argument is the level.
const LEVEL_FIRST: &[&str] = &["logging.Handler", "logging.NullHandler", "rich.logging.RichHandler"];

/// Judges the expression that makes a handler.
pub(crate) fn status(context: &Context<'_>, levels: &Levels, origin: ExprId) -> Status {
    let Some(call) = context.module.call(origin) else { return Status::Unknown };
    if levels.objects.contains(&origin) {
        return Status::Fine;
    }
    let mut status = Status::Unknown;
    for value in context.program.resolver(context.id).values(call.func) {
        let this = match value {
            Value::External(name) => of_library(&name, call),
            Value::Class(class) => of_program(context, class, call),
            _ => Status::Unknown,
        };
        match this {
            Status::Fine => return Status::Fine,
            Status::Bare => status = Status::Bare,
            Status::Unknown => {}
        }
    }
    status
}

fn passes_level(call: Call<'_>) -> bool {
    call.keyword("level").is_some() || call.args.iter().any(|arg| arg.kind == ArgKind::DoubleStar)
}

fn of_library(name: &str, call: Call<'_>) -> Status {
    let needs_none = knowledge::is_subclass(name, "logging.NullHandler") || is_bridge_name(name);
    let levelled = passes_level(call) || LEVEL_FIRST.contains(&name) && call.positional(0).is_some();
    let last = name.rsplit('.').next().unwrap_or_default();
    if needs_none || levelled || last.contains("Intercept") {
        Status::Fine
    } else if knowledge::is_subclass(name, "logging.Handler") || last.ends_with("Handler") {
        Status::Bare
    } else {
        Status::Unknown
    }
}

fn is_bridge_name(name: &str) -> bool {
    BRIDGES.contains(&name.split('.').next().unwrap_or_default())
}

fn of_program(context: &Context<'_>, class: ClassRef, call: Call<'_>) -> Status {
    if passes_level(call) || constructor_sets_level(context, class) || is_bridge(context, class) {
        return Status::Fine;
    }
    let line = context.program.mro(class);
    let own_init = context.program.method(class, "__init__").is_some();
    for base in &line {
        let Type::External(base) = base else { continue };
        if knowledge::is_subclass(base, "logging.NullHandler") || is_bridge_name(base) {
            return Status::Fine;
        }
        if !own_init && LEVEL_FIRST.contains(&base.as_str()) && call.positional(0).is_some() {
            return Status::Fine;
        }
        if knowledge::is_subclass(base, "logging.Handler") {
            return Status::Bare;
        }
    }
    // A base outside may do anything.
    Status::Unknown
}

/// Whether the class's constructors (or what they call on `self`) set the level.
fn constructor_sets_level(context: &Context<'_>, class: ClassRef) -> bool {
    let module = context.module;
    let inits: Vec<FunctionId> = context
        .program
        .mro(class)
        .into_iter()
        .filter_map(|entry| match entry {
            Type::Class(entry) if entry.module == context.id => context.program.own_method(entry, "__init__"),
            _ => None,
        })
        .map(|function| function.id)
        .collect();
    inits.iter().any(|init| {
        let Some(own) = module.self_name(*init) else { return false };
        let is_self = |expr: ExprId| matches!(module.kind(expr), ExprKind::Name(name) if name == own);
        let calls = module.code(*init).calls.iter().filter_map(|id| module.call(*id));
        let by_call = calls.into_iter().any(|call| match module.kind(call.func) {
            ExprKind::Attribute { value, attr, .. } if attr == "setLevel" => {
                is_self(*value)
                    || context.program.resolver(context.id).values(*value).iter().any(|value| matches!(value, Value::Super { .. }))
            }
            ExprKind::Attribute { value, attr, .. } if attr == "__init__" => base_takes_level(context, call, *value),
            _ => false,
        });
        by_call
            || module.stmts().any(|(_, stmt)| match &stmt.kind {
                StmtKind::Assign { targets, .. } if stmt.function == Some(*init) => targets.iter().any(
                    |target| matches!(module.kind(*target), ExprKind::Attribute { value, attr, .. } if attr == "level" && is_self(*value)),
                ),
                _ => false,
            })
    })
}

/// `super().__init__(level)`, `logging.Handler.__init__(self, level)`, `super().__init__(level=level)`
fn base_takes_level(context: &Context<'_>, call: Call<'_>, base: ExprId) -> bool {
    if call.keyword("level").is_some() {
        return true;
    }
    let values = context.program.resolver(context.id).values(base);
    values.iter().any(|value| match value {
        Value::External(name) => LEVEL_FIRST.contains(&name.as_str()) && call.positional(1).is_some(),
        Value::Super { class, this } => {
            let line = context.program.mro(*this);
            let behind = line.iter().skip_while(|entry| **entry != Type::Class(*class)).skip(1);
            let next = behind.into_iter().find_map(|entry| match entry {
                Type::External(name) => Some(name.clone()),
                Type::Class(_) => None,
            });
            next.is_some_and(|name| LEVEL_FIRST.contains(&name.as_str())) && call.positional(0).is_some()
        }
        _ => false,
    })
}

/// Whether a handler's `emit` hands the record to another logging system.
fn is_bridge(context: &Context<'_>, class: ClassRef) -> bool {
    ["emit", "handle"].iter().filter_map(|method| context.program.method(class, method)).any(|method| forwards(context, class, method, 0))
}

fn forwards(context: &Context<'_>, class: ClassRef, function: FunctionRef, depth: usize) -> bool {
    if function.module != context.id || depth > MAX_METHODS {
        return false;
    }
    let module = context.module;
    let resolver = context.program.resolver_for(context.id, Some(class));
    module.code(function.id).calls.iter().filter_map(|id| module.call(*id)).any(|call| {
        // `logger.opt(depth=...)` is loguru's, wherever the logger comes from.
        if matches!(module.kind(call.func), ExprKind::Attribute { attr, .. } if attr == "opt") {
            return true;
        }
        resolver.values(call.func).iter().any(|value| match value {
            Value::External(name) | Value::ExternalMethod(name, _) => is_bridge_name(name),
            Value::Function(inner) | Value::Method(inner, _) => *inner != function && forwards(context, class, *inner, depth + 1),
            _ => false,
        })
    })
}
