//! RL210: a logger lives as long as the process. A handler that is added to it each time a function runs stays there: every record is written once per
//! call, and each file handler holds its descriptor.

use super::loggers::{Identity, identities, is_logger};
use super::order::dominates;
use crate::context::{Context, Findings, Role};
use crate::diagnostic::Severity;
use crate::module::ir::{BoundValue, ExprId, ExprKind, FunctionId, ScopeId, Slot, StmtId, StmtKind};
use crate::module::{Call, Module};
use crate::program::{FunctionRef, ModuleId, Type, Value};
use crate::rules::{Family, FixAvailability, Rule};

pub(crate) static META: Rule = Rule {
    code: "RL210",
    name: "handler-added-repeatedly",
    family: Family::Logging,
    severity: Severity::Warning,
    default: true,
    fix: FixAvailability::None,
    triggers: &[&["addHandler"]],
    former_names: &[],
    page: include_str!("handler_added_repeatedly.md"),
};

/// How many importers are asked whether they call a function.
const MAX_IMPORTERS: usize = 12;

/// Words in a condition that say that somebody looked at the logger's handlers, or at whether this was done before.
const GUARDS: &[&str] = &["handler", "hasHandlers", "configured", "initialized", "initialised", "_setup", "is_setup", "already"];

pub(crate) fn check(context: &Context<'_>, findings: &mut Findings<'_>) {
    if context.role == Role::Auxiliary {
        return;
    }
    for call in context.module.calls() {
        let ExprKind::Attribute { value: logger, attr, .. } = context.module.kind(call.func) else { continue };
        if attr != "addHandler" || !context.program.is_live(context.id, call.id) {
            continue;
        }
        let Some(function) = context.module.expr(call.id).function else { continue };
        if !is_logger(context, *logger)
            || !outlives(context, *logger, function)
            || !is_fresh(context, call, function)
            || is_guarded(context, call, function)
        {
            continue;
        }
        let Some(why) = runs_often(context, function, *logger) else { continue };
        let name = context.program.qualified_name(FunctionRef { module: context.id, id: function });
        let message =
            format!("`{name}` adds a handler to a logger that outlives it, and {}: each record is then written once per run", why.text);
        let mut report = findings
            .report(&META, message, context.place(context.module.expr(call.id).range))
            .help("add the handler once, where the program starts, or ask first: `if not logger.handlers:`");
        for (module, expr) in why.places {
            report = report.related("it runs from here", context.place_in(module, context.program.module(module).expr(expr).range));
        }
    }
}

/// Why a function runs more than once.
struct Often {
    text: &'static str,
    places: Vec<(ModuleId, ExprId)>,
}

/// Whether a logger comes from the registry under a name that does not change with each call: `getLogger()`, `getLogger("x")`, `getLogger(__name__)`, a logger
/// of the module, or, for a factory, of a parameter's name.
fn outlives(context: &Context<'_>, logger: ExprId, function: FunctionId) -> bool {
    let module = context.module;
    let found = identities(context, logger);
    !found.is_empty()
        && found.iter().all(|identity| match identity {
            Identity::Root => true,
            Identity::Named(name) => match name.strip_prefix('<') {
                // The text of an expression: a plain name of the module or a parameter; what is computed may differ each time.
                Some(text) => {
                    let text = text.trim_end_matches('>');
                    text == "__name__"
                        || module.function(function).params.iter().any(|param| param.name == text)
                        || module.scope(ScopeId(0)).bindings.contains_key(text)
                }
                None => true,
            },
            Identity::Origin(_) => false,
        })
}

/// Whether the handler is made anew: adding the same object again is harmless.
fn is_fresh(context: &Context<'_>, call: Call<'_>, function: FunctionId) -> bool {
    let module = context.module;
    let Some(handler) = call.positional(0) else { return false };
    let origins = context.program.origins(context.id, handler);
    !origins.is_empty()
        && origins.iter().all(|origin| {
            let made = module.call(*origin).is_some_and(|_| {
                context.program.resolver(context.id).values(*origin).iter().any(|value| match value {
                    Value::Instance(Type::External(name)) => name != "logging.NullHandler",
                    Value::Instance(Type::Class(_)) => true,
                    _ => false,
                })
            });
            made && std::iter::successors(module.expr(*origin).function, |id| module.function(*id).outer).any(|id| id == function)
        })
}

/// Whether something in the function, or around the call, looks at the handlers first or takes them away.
fn is_guarded(context: &Context<'_>, call: Call<'_>, function: FunctionId) -> bool {
    let module = context.module;
    let body = |stmt: StmtId| module.stmt(stmt).function == Some(function);
    let takes_away = module.calls().any(|other| {
        let inside = module.expr(other.id).function == Some(function);
        inside
            && match module.kind(other.func) {
                ExprKind::Attribute { value, attr, .. } => {
                    attr == "removeHandler"
                        || matches!(attr.as_str(), "clear" | "pop" | "remove" | "hasHandlers" | "dictConfig" | "fileConfig")
                            && (attr != "clear" && attr != "pop" && attr != "remove" || mentions(context, *value, "handlers"))
                }
                ExprKind::Name(name) => {
                    let name = name.to_ascii_lowercase();
                    name.contains("handler")
                        && (name.contains("remove") || name.contains("clear") || name.contains("reset") || name.contains("has"))
                }
                _ => false,
            }
    });
    // A removal elsewhere in the class answers this one: a handler per task, a context manager.
    let undone = module.calls().any(|other| matches!(module.kind(other.func), ExprKind::Attribute { attr, .. } if attr == "removeHandler"));
    let resets = module.stmts().any(|(id, stmt)| {
        body(id)
            && matches!(&stmt.kind, StmtKind::Assign { targets, .. } | StmtKind::Delete(targets) if targets.iter().any(|target| mentions(context, *target, "handlers")))
    });
    let asks = module.stmts().any(|(id, stmt)| match &stmt.kind {
        StmtKind::If { branches } if body(id) => {
            let test = branches.first().and_then(|branch| branch.test);
            let around = module.around(module.expr(call.id).stmt).any(|(outer, slot)| outer == id && matches!(slot, Slot::Branch(_)));
            let before = module.leaves(&branches[0].body) && dominates(module, id, module.expr(call.id).stmt);
            (around || before) && test.is_some_and(|test| asks_first(context, test))
        }
        StmtKind::For { iter, .. } => body(id) && mentions(context, *iter, "handlers"),
        _ => false,
    });
    let cached = module.function(function).decorators.iter().any(|decorator| {
        let func = module.call(*decorator).map_or(*decorator, |call| call.func);
        module.dotted(func).is_some_and(|parts| {
            parts.last().is_some_and(|last| last.contains("cache") || last.contains("once") || last.contains("singleton"))
        })
    });
    takes_away || undone || resets || asks || cached
}

fn mentions(context: &Context<'_>, expr: ExprId, word: &str) -> bool {
    context.module.file.slice(context.module.expr(expr).range).contains(word)
}

/// Whether a condition asks for handlers or for what was done before; also a name that was computed from the handlers.
fn asks_first(context: &Context<'_>, test: ExprId) -> bool {
    let module = context.module;
    let condition = module.file.slice(module.expr(test).range);
    // Asking whether a level, a file or a flag was passed is no guard.
    if GUARDS.iter().any(|word| condition.contains(word)) {
        return true;
    }
    module.within(test).any(|(id, expr)| match &expr.kind {
        ExprKind::Name(name) => {
            let bindings = context.program.reaching(context.id, id, name);
            bindings.iter().any(|binding| matches!(binding.value, BoundValue::Expr(value) if mentions(context, value, "handler")))
                || name.chars().all(|letter| letter.is_uppercase() || letter == '_') && is_global_flag(context, name)
        }
        _ => false,
    })
}

/// A flag of the module that functions set: `global`.
fn is_global_flag(context: &Context<'_>, name: &str) -> bool {
    let module = context.module;
    module.functions().any(|(_, data)| module.scope(data.scope).globals.iter().any(|global| global == name))
}

/// Why a function runs more than once, if it does: it is an `__init__`, several places call it, a loop does, or it is a public factory of loggers.
fn runs_often(context: &Context<'_>, function: FunctionId, logger: ExprId) -> Option<Often> {
    let (program, module) = (context.program, context.module);
    let data = module.function(function);
    if data.name == "__init__" {
        return Some(Often { text: "runs for every object that is made", places: Vec::new() });
    }
    let mut places: Vec<(ModuleId, ExprId)> = program
        .callers(context.id, function)
        .into_iter()
        .filter(|call| program.is_live(context.id, *call))
        .map(|call| (context.id, call))
        .collect();
    let in_loop = places.iter().find(|(_, call)| {
        module
            .around(module.expr(*call).stmt)
            .any(|(outer, slot)| slot == Slot::Body && matches!(module.stmt(outer).kind, StmtKind::For { .. } | StmtKind::While { .. }))
    });
    if let Some(place) = in_loop {
        return Some(Often { text: "runs in a loop", places: vec![*place] });
    }
    // Without parameters it is always the same logger: `setup_logging()` is called once, `get_logger()` wherever it is needed.
    let is_asked = !data.params.is_empty() || data.name.starts_with("get");
    let is_factory = is_asked
        && returns_logger(context, function, logger)
        && !data.name.starts_with('_')
        && data.class.is_none()
        && data.outer.is_none();
    if is_factory {
        return Some(Often { text: "is called for every logger that is asked for", places: Vec::new() });
    }
    if data.class.is_none() && data.outer.is_none() {
        let wanted = FunctionRef { module: context.id, id: function };
        for (importer, _) in program.importers(context.id, MAX_IMPORTERS) {
            let there = program.module(importer);
            let names = [data.name.as_str()];
            let calls =
                there.calls_named(&names).filter(|call| program.resolver(importer).values(call.func).contains(&Value::Function(wanted)));
            places.extend(calls.map(|call| (importer, call.id)));
        }
    }
    let several = !is_start(&data.name)
        && places.iter().enumerate().any(|(index, place)| places[..index].iter().any(|other| both_run(context, *other, *place)));
    several.then_some(Often { text: "is called from several places", places })
}

/// Whether one run of a program may make both of two calls. Several programs each call a function once, as do the commands of one, and branches.
fn both_run(context: &Context<'_>, (home, first): (ModuleId, ExprId), (other, second): (ModuleId, ExprId)) -> bool {
    let module = context.program.module(home);
    let command = |expr: ExprId| module.expr(expr).function.filter(|function| is_command(module, *function));
    home == other
        && !module.exclude_each_other(module.expr(first).stmt, module.expr(second).stmt)
        && !matches!((command(first), command(second)), (Some(first), Some(second)) if first != second)
}

/// Whether a function is a command of a command line: `@cli.command()`.
fn is_command(module: &Module, function: FunctionId) -> bool {
    module.function(function).decorators.iter().any(|decorator| {
        let func = module.call(*decorator).map_or(*decorator, |call| call.func);
        module.may_be_named(func, |last| last == "command")
    })
}

/// Whether a function is what a program does once.
fn is_start(name: &str) -> bool {
    name == "main" || name.ends_with("_main") || name == "run"
}

/// Whether a function returns the logger that it adds the handler to.
fn returns_logger(context: &Context<'_>, function: FunctionId, logger: ExprId) -> bool {
    let module = context.module;
    let own = identities(context, logger);
    module.code(function).returns.iter().flatten().any(|value| is_logger(context, *value) && identities(context, *value) == own)
}
