//! Dictionaries of the shape that `dictConfig` takes, and that something carries to it: a settings object, a parameter, a function's result.
//!
//! The way is not followed. A dictionary is taken to arrive where the program gives `dictConfig` what cannot be resolved, and what is known of it
//! (the key, the attribute) names the dictionary. What is read from a file is its user's.

use super::beside;
use super::config_disables_loggers::{changes, dictionary, spared};
use super::existing::{Existing, existing};
use crate::context::{Context, Role};
use crate::module::Call;
use crate::module::ir::{BoundValue, ExprId, ExprKind, StmtKind};
use crate::program::constants::Constant;
use crate::program::{ModuleId, Value};

/// How many wrappers of a value are looked through: `deepcopy(settings.get("logging"))`.
const MAX_STEPS: usize = 5;
/// Calls that pass on what they are given.
const COPIES: &[&str] = &["copy.deepcopy", "copy.copy", "builtins.dict"];

/// A dictionary that reaches a call of `dictConfig`.
pub(super) struct Carried {
    pub(super) dictionary: ExprId,
    pub(super) module: ModuleId,
    pub(super) call: ExprId,
    pub(super) existing: Existing,
}

/// What is known of a value that cannot be resolved.
enum Carrier {
    /// The key or the attribute that it is kept under.
    Named(String),
    /// Nothing.
    Unnamed,
}

/// How a dictionary comes to `dictConfig`.
enum Arrival {
    /// By a call that is given it for all to see, and that is judged itself.
    Resolved,
    Carried(ModuleId, ExprId),
}

/// The dictionaries of the linted module that disable loggers where they arrive.
pub(super) fn dictionaries(context: &Context<'_>) -> Vec<Carried> {
    if context.role != Role::Production {
        return Vec::new();
    }
    let module = context.module;
    let shaped = module.exprs().filter(|(_, expr)| matches!(&expr.kind, ExprKind::Dict(items) if has_shape(context, items)));
    shaped.filter_map(|(id, _)| carried(context, id)).collect()
}

/// `{"version": 1, "handlers": ..., ...}`
fn has_shape(context: &Context<'_>, items: &[(Option<ExprId>, ExprId)]) -> bool {
    let module = context.module;
    let value_of = |wanted: &str| {
        let item = items.iter().find(|(key, _)| key.is_some_and(|key| matches!(module.kind(key), ExprKind::Str(key) if **key == *wanted)));
        item.map(|(_, value)| *value)
    };
    let is_dictionary = |key: &str| value_of(key).is_some_and(|value| matches!(module.kind(value), ExprKind::Dict(_)));
    value_of("version").is_some_and(|version| context.program.constant(context.id, version) == Some(Constant::Int(1)))
        && (is_dictionary("handlers") || is_dictionary("loggers"))
}

fn carried(context: &Context<'_>, dictionary: ExprId) -> Option<Carried> {
    let spared = spared(context, context.id, dictionary)?;
    let names = names_of(context, dictionary);
    if !context.program.is_live(context.id, dictionary) || names.iter().any(|name| changes(context, name)) {
        return None;
    }
    let arrival = beside::find(context, &["dictConfig("], |there| arrival(there, (context.id, dictionary), &names))?;
    let Arrival::Carried(module, call) = arrival.what else { return None };
    let existing = existing(context, module, call, &spared)?;
    Some(Carried { dictionary, module, call, existing })
}

/// The names that a dictionary is kept under: those it is assigned to, and its keys in other dictionaries.
fn names_of(context: &Context<'_>, dictionary: ExprId) -> Vec<String> {
    let module = context.module;
    let mut names = Vec::new();
    for (_, expr) in module.exprs() {
        if let ExprKind::Dict(items) = &expr.kind {
            for (key, _) in items.iter().filter(|(_, value)| *value == dictionary) {
                if let Some(ExprKind::Str(key)) = key.map(|key| module.kind(key)) {
                    names.push(key.to_string());
                }
            }
        }
    }
    if let StmtKind::Assign { targets, value } = &module.stmt(module.expr(dictionary).stmt).kind
        && *value == dictionary
    {
        names.extend(targets.iter().filter_map(|target| match module.kind(*target) {
            ExprKind::Name(name) | ExprKind::Attribute { attr: name, .. } => Some(name.to_string()),
            ExprKind::Subscript { slice, .. } => text(context, *slice),
            _ => None,
        }));
    }
    for call in module.calls() {
        for arg in call.args.iter().filter(|arg| arg.value == dictionary) {
            if let crate::module::ir::ArgKind::Keyword(name) = &arg.kind {
                names.push(name.to_string());
            }
        }
    }
    names
}

/// How the calls of a module take a dictionary, if one does.
fn arrival(there: &Context<'_>, wanted: (ModuleId, ExprId), names: &[String]) -> Option<Arrival> {
    let calls = || {
        let configures = |call: &Call<'_>| there.program.is_external(there.id, call.func, &["logging.config.dictConfig"]);
        there
            .module
            .exprs_holding(&["dictConfig"])
            .filter_map(|(id, _)| there.module.call(id))
            .filter(configures)
            .filter_map(|call| Some((call.id, call.argument(0, "config")?)))
    };
    if calls().any(|(_, config)| dictionary(there, config) == Some(wanted)) {
        return Some(Arrival::Resolved);
    }
    let takes = |carrier: Carrier| match carrier {
        Carrier::Named(name) => names.iter().any(|own| own.eq_ignore_ascii_case(&name)),
        Carrier::Unnamed => true,
    };
    let mut carriers =
        calls().filter(|(call, config)| there.program.is_live(there.id, *call) && carrier(there, *config, 0).is_some_and(takes));
    carriers.next().map(|(call, _)| Arrival::Carried(there.id, call))
}

/// What carries a value; `None` where it is known, or its user's.
fn carrier(context: &Context<'_>, expr: ExprId, steps: usize) -> Option<Carrier> {
    let (program, module) = (context.program, context.module);
    if steps >= MAX_STEPS {
        return None;
    }
    match module.kind(expr) {
        ExprKind::Subscript { slice, .. } => Some(text(context, *slice).map_or(Carrier::Unnamed, Carrier::Named)),
        ExprKind::Attribute { attr, .. } => Some(Carrier::Named(attr.to_string())),
        ExprKind::Name(name) => program.reaching(context.id, expr, name).into_iter().find_map(|binding| match binding.value {
            BoundValue::Expr(value) | BoundValue::Annotated { value: Some(value), .. } => carrier(context, value, steps + 1),
            BoundValue::Param(..) => Some(Carrier::Unnamed),
            _ => None,
        }),
        ExprKind::Call { func, .. } => {
            let call = module.call(expr)?;
            if program.is_external(context.id, *func, COPIES) {
                return carrier(context, call.positional(0)?, steps + 1);
            }
            match module.kind(*func) {
                ExprKind::Attribute { value, attr, .. } if attr == "copy" => carrier(context, *value, steps + 1),
                ExprKind::Attribute { attr, .. } if attr == "get" || attr == "pop" => {
                    Some(call.positional(0).and_then(|key| text(context, key)).map_or(Carrier::Unnamed, Carrier::Named))
                }
                _ => {
                    let own = |value: &Value| matches!(value, Value::Function(_) | Value::Method(..));
                    program.resolver(context.id).values(*func).iter().any(own).then_some(Carrier::Unnamed)
                }
            }
        }
        _ => None,
    }
}

/// A constant string.
fn text(context: &Context<'_>, expr: ExprId) -> Option<String> {
    match context.program.constant(context.id, expr)? {
        Constant::Str(text) => Some(text.to_string()),
        _ => None,
    }
}
