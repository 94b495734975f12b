//! Log files by the names of their handlers: dictionaries for `dictConfig`, and those of loguru's `configure`.

use super::{
    LogFile, Rotation, demand, guard, has_type_of_path, is_device, is_file, is_handler_class, is_handler_name, is_nothing, rotation_of,
    short,
};
use crate::context::Context;
use crate::effects::knowledge;
use crate::module::ir::{ExprId, ExprKind, StmtKind};
use crate::program::constants::Constant;
use crate::program::{ClassRef, Value};

/// The classes of file handlers that dictionaries name: `{"class": "logging.FileHandler", ...}`.
pub(super) fn log_files(context: &Context<'_>) -> Vec<LogFile> {
    let module = context.module;
    let mut found = Vec::new();
    let live = |expr: ExprId| context.program.is_live(context.id, expr);
    for (id, expr) in module.exprs() {
        match &expr.kind {
            ExprKind::Dict(items) if live(id) => {
                let value_of = |wanted: &str| {
                    items
                        .iter()
                        .find_map(|(key, value)| matches!(module.kind((*key)?), ExprKind::Str(key) if **key == *wanted).then_some(*value))
                };
                for key in ["class", "()"] {
                    if let Some(class) = value_of(key) {
                        let path = value_of("filename").or_else(|| value_of("baseFilename"));
                        found.extend(named_class(context, class, path, |keyword| value_of(keyword)));
                    }
                }
                found.extend(
                    value_of("sink").filter(|_| items.len() > 1 || configures_loguru(context)).and_then(|sink| loguru_sink(context, sink)),
                );
            }
            ExprKind::Call { func, .. } if context.program.is_external(context.id, *func, &["builtins.dict"]) && live(id) => {
                if let Some(call) = module.call(id)
                    && let Some(class) = call.keyword("class")
                {
                    let value_of = |keyword: &str| call.keyword(keyword).map(|arg| arg.value);
                    found.extend(named_class(context, class.value, value_of("filename"), value_of));
                }
            }
            _ => {}
        }
    }
    // `CONFIG["handlers"]["file"]["class"] = "logging.FileHandler"`
    for (id, stmt) in module.stmts() {
        let StmtKind::Assign { targets, value } = &stmt.kind else { continue };
        let names_class = targets.iter().any(|target| {
            matches!(module.kind(*target), ExprKind::Subscript { slice, .. } if matches!(module.kind(*slice), ExprKind::Str(key) if &**key == "class"))
        });
        if names_class && !context.program.is_dead(context.id, id) {
            found.extend(named_class(context, *value, None, |_| None));
        }
    }
    found
}

/// A file handler by the name of its class, or by the class; `value_of` gives the other values of its dictionary.
fn named_class(context: &Context<'_>, class: ExprId, path: Option<ExprId>, value_of: impl Fn(&str) -> Option<ExprId>) -> Option<LogFile> {
    if path.is_some_and(|path| !is_file(context, path)) {
        return None;
    }
    let (what, rotation) = context.program.origins(context.id, class).into_iter().find_map(|origin| {
        if let Some(Constant::Str(name)) = context.program.constant(context.id, origin) {
            let canonical = knowledge::canonical(&name);
            let own = || {
                let last = name.rsplit('.').next().unwrap_or_default();
                let id = context.module.classes().find(|(_, class)| class.name == *last).map(|(id, _)| id)?;
                let here = name.rsplit_once('.').is_some_and(|(module, _)| is_own_name(context, module));
                Some(ClassRef { module: context.id, id }).filter(|class| here && is_handler_class(context, *class))
            };
            let rotation = rotation_of(&canonical, |_, keyword| value_of(keyword).map(|value| is_nothing(context, value)));
            return (is_handler_name(&canonical) || own().is_some()).then(|| (short(&name), rotation));
        }
        context.program.resolver(context.id).values(origin).iter().find_map(|value| match value {
            Value::External(name) if is_handler_name(name) => {
                Some((short(name), rotation_of(name, |_, keyword| value_of(keyword).map(|value| is_nothing(context, value)))))
            }
            Value::Class(class) if is_handler_class(context, *class) => {
                Some((context.program.class(*class).name.to_string(), Rotation::None))
            }
            _ => None,
        })
    })?;
    let demand = path.map_or_else(|| guard(context, class), |path| demand(context, path, class));
    Some(LogFile { range: context.module.expr(class).range, what, demand, path, at: class, rotation })
}

/// Whether a dotted name may be that of the file's own module.
fn is_own_name(context: &Context<'_>, name: &str) -> bool {
    let own = crate::program::service::module_name(context.input.below_root);
    name == "__main__" || own == name || own.ends_with(&format!(".{name}"))
}

/// `{"sink": "path"}` in the `handlers` of loguru's `configure`.
fn loguru_sink(context: &Context<'_>, sink: ExprId) -> Option<LogFile> {
    if !configures_loguru(context) {
        return None;
    }
    let is_path = context
        .program
        .origins(context.id, sink)
        .into_iter()
        .any(|origin| !is_nothing(context, origin) && !is_device(context, origin) && has_type_of_path(context, origin));
    is_path.then(|| LogFile {
        range: context.module.expr(sink).range,
        what: "logger.configure".to_owned(),
        demand: demand(context, sink, sink),
        path: Some(sink),
        at: sink,
        rotation: Rotation::None,
    })
}

fn configures_loguru(context: &Context<'_>) -> bool {
    context.module.calls().any(|call| {
        context
            .program
            .resolver(context.id)
            .values(call.func)
            .iter()
            .any(|value| matches!(value, Value::ExternalMethod(class, method) if knowledge::is_subclass(class, "loguru._logger.Logger") && method == "configure"))
    })
}
