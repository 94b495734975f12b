//! Which logger an expression is.

use crate::context::Context;
use crate::effects::knowledge;
use crate::module::Call;
use crate::module::ir::{ExprId, ExprKind};
use crate::program::constants::Constant;
use crate::program::{Type, Value};

/// How many loggers of loggers (adapters, children) are looked into.
const MAX_NESTING: usize = 4;

/// A logger, as far as it can be told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Identity {
    Root,
    /// By its name, or by the text of the expression that makes the name, in angle brackets.
    Named(String),
    /// By where it comes from.
    Origin(ExprId),
}

impl Identity {
    /// Whether a logger without a level of its own takes that of another.
    pub(crate) fn inherits_from(&self, other: &Self) -> bool {
        self == other
            || match (self, other) {
                (Self::Named(child), Self::Named(parent)) => child.strip_prefix(parent.as_str()).is_some_and(|rest| rest.starts_with('.')),
                _ => false,
            }
    }
}

/// Whether an expression is a logger of the standard library (or an adapter of one).
pub(crate) fn is_logger(context: &Context<'_>, expr: ExprId) -> bool {
    const CLASSES: [&str; 2] = ["logging.Logger", "logging.LoggerAdapter"];
    context.program.resolver(context.id).values(expr).iter().any(|value| match value {
        Value::Instance(Type::External(name)) => CLASSES.iter().any(|class| knowledge::is_subclass(name, class)),
        Value::Instance(Type::Class(class)) => CLASSES.iter().any(|library| context.program.derives_from(*class, library)),
        _ => false,
    })
}

/// Whether an expression is the root logger, or may be it by a default.
pub(crate) fn is_root(context: &Context<'_>, expr: ExprId) -> bool {
    identities(context, expr).contains(&Identity::Root)
}

/// The loggers that an expression may be.
pub(crate) fn identities(context: &Context<'_>, expr: ExprId) -> Vec<Identity> {
    let mut found = Vec::new();
    collect(context, expr, 0, &mut found);
    found
}

fn collect(context: &Context<'_>, expr: ExprId, nesting: usize, found: &mut Vec<Identity>) {
    for origin in context.program.origins(context.id, expr) {
        let identity = match context.module.call(origin) {
            Some(call) if nesting < MAX_NESTING => {
                of_call(context, call, nesting, found);
                continue;
            }
            None if is_root_object(context, origin) => Identity::Root,
            _ => Identity::Origin(origin),
        };
        add(found, identity);
    }
}

/// `logging.root`, `logger.root`
fn is_root_object(context: &Context<'_>, expr: ExprId) -> bool {
    context
        .program
        .resolver(context.id)
        .values(expr)
        .iter()
        .any(|value| matches!(value, Value::Instance(Type::External(name)) if name == "logging.RootLogger"))
}

fn of_call(context: &Context<'_>, call: Call<'_>, nesting: usize, found: &mut Vec<Identity>) {
    for value in context.program.resolver(context.id).values(call.func) {
        match value {
            Value::External(name) if name == "logging.getLogger" => match call.argument(0, "name") {
                Some(argument) => names(context, argument, found),
                None if call.has_star() => add(found, Identity::Origin(call.id)),
                None => add(found, Identity::Root),
            },
            Value::External(name) if name == "logging.LoggerAdapter" => {
                call.argument(0, "logger").into_iter().for_each(|inner| collect(context, inner, nesting + 1, found));
            }
            Value::ExternalMethod(_, method) if method == "getChild" => {
                let ExprKind::Attribute { value: parent, .. } = context.module.kind(call.func) else { continue };
                let mut parents = Vec::new();
                collect(context, *parent, nesting + 1, &mut parents);
                let suffix = call.positional(0).map(|suffix| text(context, suffix)).unwrap_or_default();
                for parent in parents {
                    add(
                        found,
                        match parent {
                            Identity::Root => Identity::Named(suffix.clone()),
                            Identity::Named(name) => Identity::Named(format!("{name}.{suffix}")),
                            Identity::Origin(_) => Identity::Origin(call.id),
                        },
                    );
                }
            }
            _ => add(found, Identity::Origin(call.id)),
        }
    }
}

/// The loggers of a name; `None`, the empty name and `"root"` are the root.
fn names(context: &Context<'_>, argument: ExprId, found: &mut Vec<Identity>) {
    for source in context.program.sources(context.id, argument) {
        let identity = match context.program.constant(source.module, source.expr) {
            Some(Constant::None) => Identity::Root,
            Some(Constant::Str(name)) if name.is_empty() || &*name == "root" => Identity::Root,
            Some(Constant::Str(name)) => Identity::Named(name.into()),
            _ => Identity::Named(text(context, source.expr)),
        };
        add(found, identity);
    }
}

/// A name for what makes a name.
fn text(context: &Context<'_>, expr: ExprId) -> String {
    match context.program.constant(context.id, expr) {
        Some(Constant::Str(text)) => text.into(),
        _ => format!("<{}>", context.module.snippet(expr)),
    }
}

fn add(found: &mut Vec<Identity>, identity: Identity) {
    if !found.contains(&identity) {
        found.push(identity);
    }
}
