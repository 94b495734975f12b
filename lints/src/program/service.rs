//! Service evidence: why a module is code of a long-running service.
//!
//! Here: what the configuration says, and what the module itself shows (it runs a server, a blocking scheduler, an endless loop that waits,
//! or builds an application object at module level).

use ruff_text_size::TextRange;

use super::{Program, Value};
use crate::context::{Context, Role};
use crate::effects::{Kind, knowledge};
use crate::module::ir::{ExprId, ExprKind, FunctionId, StmtId, StmtKind};
use crate::settings::ServiceMode;

/// Why a module is service code.
#[derive(Clone, Debug)]
pub(crate) struct Evidence {
    /// Completes "this is service code: ...".
    pub(crate) reason: String,
    /// Where the code shows it, if it does.
    pub(crate) range: Option<TextRange>,
}

/// The evidence for the file that is linted.
pub(crate) fn evidence(context: &Context<'_>) -> Option<Evidence> {
    let told = |reason: String| Some(Evidence { reason, range: None });
    if let Some(reason) = context.input.configured_service {
        return told(reason.to_owned());
    }
    let name = module_name(context.input.below_root);
    if context.settings.service_entry_points.contains(&name) {
        return told(format!("`services.entry-points` names `{name}`"));
    }
    if context.role == Role::Auxiliary {
        return None;
    }
    match context.settings.service_mode {
        ServiceMode::All => told("`services.mode` is `all`".to_owned()),
        ServiceMode::None => None,
        ServiceMode::Auto => in_code(context),
    }
}

/// The dotted name of a module by its path below the project root.
pub(crate) fn module_name(below_root: &str) -> String {
    let path = below_root.strip_prefix("src/").unwrap_or(below_root);
    let path = path.strip_suffix(".py").or_else(|| path.strip_suffix(".pyw")).unwrap_or(path);
    path.strip_suffix("/__init__").unwrap_or(path).replace('/', ".")
}

fn in_code(context: &Context<'_>) -> Option<Evidence> {
    let (program, module) = (context.program, context.module);
    for call in module.calls() {
        if !program.is_live(context.id, call.id) {
            continue;
        }
        for value in program.resolver(context.id).values(call.func) {
            let name = match value {
                Value::External(name) => name.to_string(),
                Value::ExternalMethod(class, method) => format!("{class}.{method}"),
                _ => continue,
            };
            let Some((only_at_module_level, clause)) = knowledge::server(&name) else { continue };
            if !only_at_module_level || module.expr(call.id).function.is_none() {
                return Some(Evidence { reason: format!("it {clause}"), range: Some(module.expr(call.id).range) });
            }
        }
    }
    module.stmts().find_map(|(id, stmt)| {
        let StmtKind::While { test, .. } = &stmt.kind else { return None };
        let endless = program.constant(context.id, *test).is_some_and(|value| value.truth()) && !program.is_dead(context.id, id);
        let main_path = in_main_path(context, id);
        if !endless || !main_path || leaves_loop(context, id) {
            return None;
        }
        let range = TextRange::new(stmt.range.start(), module.expr(*test).range.end());
        waits(program, context, id)
            .then(|| Evidence { reason: "its main path is an endless loop that waits".to_owned(), range: Some(range) })
    })
}

/// Whether the loop can be left: a `break` or `return` of its own.
fn leaves_loop(context: &Context<'_>, id: StmtId) -> bool {
    let module = context.module;
    let range = module.stmt(id).range;
    let function = module.stmt(id).function;
    module.stmts().any(|(inner, stmt)| {
        let leaves = match stmt.kind {
            StmtKind::Return(_) => true,
            StmtKind::Break => {
                let around = module
                    .around(inner)
                    .find(|(outer, _)| matches!(module.stmt(*outer).kind, StmtKind::For { .. } | StmtKind::While { .. }));
                around.is_some_and(|(outer, _)| outer == id)
            }
            _ => false,
        };
        // An interrupt by the user is the one way out that a service has.
        leaves && stmt.function == function && range.contains_range(stmt.range) && module.handler_around(inner).is_none()
    })
}

/// Whether a statement runs when the file runs as a program: at module level, or in a function that module-level code calls
/// (directly, or through one more function).
fn in_main_path(context: &Context<'_>, id: StmtId) -> bool {
    let module = context.module;
    let Some(function) = module.stmt(id).function else { return true };
    called_from_top(context, function, 0)
}

fn called_from_top(context: &Context<'_>, function: FunctionId, depth: u32) -> bool {
    let module = context.module;
    depth < 3
        && module.calls().any(|call| {
            let calls_it = context.program.resolver(context.id).values(call.func).iter().any(|value| {
                matches!(value, Value::Function(found) | Value::Method(found, _) if found.id == function && found.module == context.id)
            });
            calls_it
                && match module.expr(call.id).function {
                    None => true,
                    Some(outer) => outer != function && called_from_top(context, outer, depth + 1),
                }
        })
}

/// Whether a loop's body waits: sleeps, or receives.
fn waits(program: &Program, context: &Context<'_>, id: StmtId) -> bool {
    let module = context.module;
    let range = module.stmt(id).range;
    module.calls().any(|call| range.contains_range(module.expr(call.id).range) && is_wait(program, context, call.func))
}

fn is_wait(program: &Program, context: &Context<'_>, func: ExprId) -> bool {
    program.resolver(context.id).values(func).iter().any(|value| {
        let (name, effect) = match value {
            Value::External(name) => (name.to_string(), knowledge::effect(name)),
            Value::ExternalMethod(class, method) => (format!("{class}.{method}"), knowledge::method_effect(class, method)),
            _ => return false,
        };
        let last = name.rsplit('.').next().unwrap_or_default();
        let receives = matches!(
            last,
            "accept"
                | "recv"
                | "recvfrom"
                | "recv_multipart"
                | "recv_json"
                | "poll"
                | "select"
                | "get"
                | "receive"
                | "read_events"
                | "wait"
        );
        match effect.flatten() {
            Some(effect) => effect.kind == Kind::Blocking || receives && matches!(effect.kind, Kind::Network | Kind::Lock),
            None => name == "asyncio.sleep" || name == "select.select",
        }
    }) || matches!(context.module.kind(func), ExprKind::Attribute { attr, .. } if attr == "sleep")
}
