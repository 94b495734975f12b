//! What makes a logging system write to a file: handlers, `basicConfig(filename=...)`, dictionaries for `dictConfig`, loguru, structlog.

use ruff_text_size::TextRange;

use crate::context::Context;
use crate::effects::knowledge;
use crate::module::Call;
use crate::module::ir::{BoundValue, ExprId, ExprKind, Slot, StmtKind};
use crate::program::constants::Constant;
use crate::program::{ClassRef, Type, Value};

/// A log file that is opened.
#[derive(Debug)]
pub(crate) struct LogFile {
    /// The handler's construction, the `filename=`, or the class's name in a dictionary.
    pub(crate) range: TextRange,
    /// The class or the call, as people write it.
    pub(crate) what: String,
    pub(crate) demand: Demand,
}

/// Whether the file is always opened.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Demand {
    Always,
    /// Only where the user asks for it; the place where that is decided.
    OnDemand(TextRange),
}

/// Further libraries' classes that derive from `logging.FileHandler`.
const OTHER_HANDLERS: &[&str] = &[
    "concurrent_log_handler.ConcurrentRotatingFileHandler",
    "concurrent_log_handler.ConcurrentTimedRotatingFileHandler",
    "cloghandler.ConcurrentRotatingFileHandler",
    "mlogging.FileHandler_MP",
];
/// Arguments of loguru's `add` that only a file takes.
const FILE_ARGUMENTS: &[&str] = &["rotation", "retention", "compression", "delay", "watch", "encoding", "mode"];
/// structlog's factories of loggers that write to an open file.
const FACTORIES: &[&str] = &["structlog.WriteLoggerFactory", "structlog.PrintLoggerFactory", "structlog.BytesLoggerFactory"];

/// The log files that the file's code opens, in the order of the text.
pub(crate) fn log_files(context: &Context<'_>) -> Vec<LogFile> {
    let mut found = Vec::new();
    for call in context.module.calls() {
        if let Some(file) = of_call(context, call)
            && context.program.is_live(context.id, call.id)
        {
            found.push(file);
        }
    }
    for config in &context.logging().calls {
        if let Some(filename) = config.keyword("filename")
            && config.earlier.is_none()
            && is_file(context, filename.value)
        {
            let demand = demand(context, filename.value, config.call);
            found.push(LogFile { range: filename.range, what: "logging.basicConfig(filename=...)".to_owned(), demand });
        }
    }
    found.extend(in_dictionaries(context));
    found.sort_by_key(|file| (file.range.start(), file.range.end()));
    found.dedup_by_key(|file| file.range);
    found
}

fn of_call(context: &Context<'_>, call: Call<'_>) -> Option<LogFile> {
    let range = context.module.expr(call.id).range;
    for value in context.program.resolver(context.id).values(call.func) {
        match value {
            Value::External(name) if is_handler_name(&name) => {
                let path = path_argument(context, call, None);
                if path.is_some_and(|path| !is_file(context, path)) {
                    return None;
                }
                return Some(LogFile { range, what: short(&name), demand: handler_demand(context, path, call.id) });
            }
            Value::Class(class) if is_handler_class(context, class) => {
                let path = path_argument(context, call, Some(class));
                if path.is_some_and(|path| !is_file(context, path)) {
                    return None;
                }
                let what = context.program.class(class).name.to_string();
                return Some(LogFile { range, what, demand: handler_demand(context, path, call.id) });
            }
            Value::External(name) if FACTORIES.contains(&name.as_str()) => {
                let file = call.argument(0, "file")?;
                let opened = context.program.origins(context.id, file).into_iter().find(|origin| is_open(context, *origin))?;
                let path = context.module.call(opened).and_then(|open| open.argument(0, "file"));
                if path.is_some_and(|path| !is_file(context, path)) {
                    return None;
                }
                return Some(LogFile { range, what: short(&name), demand: handler_demand(context, path, call.id) });
            }
            Value::ExternalMethod(class, method) if class == "loguru._logger.Logger" && method == "add" => {
                let sink = call.argument(0, "sink")?;
                return is_file_sink(context, call, sink).then(|| LogFile {
                    range,
                    what: "logger.add".to_owned(),
                    demand: demand(context, sink, call.id),
                });
            }
            _ => {}
        }
    }
    None
}

/// `open(...)`, `path.open(...)`
fn is_open(context: &Context<'_>, expr: ExprId) -> bool {
    let Some(call) = context.module.call(expr) else { return false };
    context.program.resolver(context.id).values(call.func).iter().any(|value| match value {
        Value::External(name) => matches!(name.as_str(), "builtins.open" | "io.open" | "codecs.open"),
        Value::ExternalMethod(class, method) => class.starts_with("pathlib.") && method == "open",
        _ => false,
    })
}

fn short(name: &str) -> String {
    name.rsplit('.').next().unwrap_or(name).to_owned()
}

fn is_handler_name(name: &str) -> bool {
    knowledge::is_subclass(name, "logging.FileHandler") || OTHER_HANDLERS.contains(&name)
}

/// Whether a class of the program derives from a file handler, and does not turn the opening off.
fn is_handler_class(context: &Context<'_>, class: ClassRef) -> bool {
    context.program.mro(class).iter().any(|entry| matches!(entry, Type::External(name) if is_handler_name(name)))
}

/// The argument that is the path, as far as the constructor's parameters tell.
fn path_argument(context: &Context<'_>, call: Call<'_>, class: Option<ClassRef>) -> Option<ExprId> {
    let init = class.and_then(|class| context.program.method(class, "__init__"));
    let Some(init) = init else { return call.argument(0, "filename") };
    // The constructor passes the path on to its base: from a parameter, or one that it makes itself.
    let module = context.module;
    let data = context.program.function(init);
    let passed = data.calls.iter().filter_map(|id| module.call(*id)).find_map(|base| {
        let ExprKind::Attribute { value, attr, .. } = module.kind(base.func) else { return None };
        let explicit = usize::from(!matches!(module.kind(*value), ExprKind::Call { .. }));
        (attr == "__init__").then(|| base.argument(explicit, "filename")).flatten()
    })?;
    let ExprKind::Name(name) = module.kind(passed) else { return Some(passed) };
    let index = data.params.iter().position(|param| param.name == *name)?;
    call.argument(index.checked_sub(1)?, name).or(data.params[index].default)
}

// ---- paths

/// Whether what may arrive as a path names a file on disk, and not the null device, a standard stream or nothing.
fn is_file(context: &Context<'_>, path: ExprId) -> bool {
    let mut origins = context.program.origins(context.id, path);
    origins.retain(|origin| !is_nothing(context, *origin));
    !origins.is_empty() && !origins.iter().all(|origin| is_device(context, *origin))
}

/// `None`, `""`
fn is_nothing(context: &Context<'_>, expr: ExprId) -> bool {
    context.program.constant(context.id, expr).is_some_and(|value| !value.truth())
}

fn is_device(context: &Context<'_>, expr: ExprId) -> bool {
    if let Some(Constant::Str(path)) = context.program.constant(context.id, expr) {
        return matches!(&*path, "/dev/null" | "/dev/stderr" | "/dev/stdout" | "/dev/tty" | "/dev/console" | "NUL" | "nul" | "CON")
            || ["/dev/fd/", "/proc/self/fd/", "/proc/1/fd/"].iter().any(|folder| path.starts_with(folder));
    }
    if let Some(call) = context.module.call(expr) {
        let is_path =
            context.program.externals(context.id, call.func).iter().any(|name| name.starts_with("pathlib.") || name == "builtins.str");
        return is_path && call.args.len() == 1 && call.positional(0).is_some_and(|inner| is_device(context, inner));
    }
    is_null_device(context, expr)
}

/// `os.devnull`, also imported by its name.
fn is_null_device(context: &Context<'_>, expr: ExprId) -> bool {
    let module = context.module;
    match module.kind(expr) {
        ExprKind::Attribute { attr, .. } => attr == "devnull",
        ExprKind::Name(name) => context
            .program
            .reaching(context.id, expr, name)
            .iter()
            .any(|binding| matches!(&binding.value, BoundValue::Imported { name, .. } if name == "devnull")),
        _ => false,
    }
}

/// Whether loguru opens what it is given: a path, or a file object.
fn is_file_sink(context: &Context<'_>, call: Call<'_>, sink: ExprId) -> bool {
    let only_files = call
        .args
        .iter()
        .any(|arg| matches!(&arg.kind, crate::module::ir::ArgKind::Keyword(name) if FILE_ARGUMENTS.contains(&name.as_str())));
    let origins = context.program.origins(context.id, sink);
    let is_path = |origin: &ExprId| {
        !is_nothing(context, *origin)
            && !is_device(context, *origin)
            && (only_files || is_open(context, *origin) || has_type_of_path(context, *origin))
    };
    origins.iter().any(is_path)
}

fn has_type_of_path(context: &Context<'_>, expr: ExprId) -> bool {
    let typed = context.program.resolver(context.id).values(expr).iter().any(|value| match value {
        Value::Instance(Type::External(name)) => name == "builtins.str" || name.starts_with("pathlib."),
        _ => false,
    });
    typed
        || context.module.call(expr).is_some_and(|call| {
            context.program.externals(context.id, call.func).iter().any(|name| name.starts_with("os.path.") || name == "os.fspath")
        })
}

// ---- dictionaries for dictConfig

/// The classes of file handlers that dictionaries name: `{"class": "logging.FileHandler", ...}`.
fn in_dictionaries(context: &Context<'_>) -> Vec<LogFile> {
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
                        found.extend(named_class(context, class, value_of("filename").or_else(|| value_of("baseFilename"))));
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
                    found.extend(named_class(context, class.value, call.keyword("filename").map(|arg| arg.value)));
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
            found.extend(named_class(context, *value, None));
        }
    }
    found
}

/// A file handler by the name of its class, or by the class.
fn named_class(context: &Context<'_>, class: ExprId, path: Option<ExprId>) -> Option<LogFile> {
    if path.is_some_and(|path| !is_file(context, path)) {
        return None;
    }
    let what = context.program.origins(context.id, class).into_iter().find_map(|origin| {
        if let Some(Constant::Str(name)) = context.program.constant(context.id, origin) {
            let canonical = knowledge::canonical(&name);
            let own = || {
                let last = name.rsplit('.').next().unwrap_or_default();
                let id = context.module.classes().find(|(_, class)| class.name == *last).map(|(id, _)| id)?;
                let here = name.rsplit_once('.').is_some_and(|(module, _)| is_own_name(context, module));
                Some(ClassRef { module: context.id, id }).filter(|class| here && is_handler_class(context, *class))
            };
            return (is_handler_name(&canonical) || own().is_some()).then(|| short(&name));
        }
        context.program.resolver(context.id).values(origin).iter().find_map(|value| match value {
            Value::External(name) if is_handler_name(name) => Some(short(name)),
            Value::Class(class) if is_handler_class(context, *class) => Some(context.program.class(*class).name.to_string()),
            _ => None,
        })
    })?;
    let demand = path.map_or_else(|| guard(context, class), |path| demand(context, path, class));
    Some(LogFile { range: context.module.expr(class).range, what, demand })
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
    })
}

fn configures_loguru(context: &Context<'_>) -> bool {
    context.module.calls().any(|call| {
        context
            .program
            .resolver(context.id)
            .values(call.func)
            .iter()
            .any(|value| matches!(value, Value::ExternalMethod(class, method) if class == "loguru._logger.Logger" && method == "configure"))
    })
}

// ---- on the user's demand

fn handler_demand(context: &Context<'_>, path: Option<ExprId>, at: ExprId) -> Demand {
    path.map_or_else(|| guard(context, at), |path| demand(context, path, at))
}

/// Whether a path is given by the user, who may give none.
fn demand(context: &Context<'_>, path: ExprId, at: ExprId) -> Demand {
    // Wherever the path comes from, none of it is written in the code, and some of it may be nothing.
    let origins = context.program.origins(context.id, path);
    let (nothing, something): (Vec<ExprId>, Vec<ExprId>) = origins.into_iter().partition(|origin| is_nothing(context, *origin));
    let optional = something.iter().all(|origin| !is_fixed(context, *origin));
    if optional && let Some(nothing) = nothing.first() {
        return Demand::OnDemand(context.module.expr(*nothing).range);
    }
    if let Some(range) = something.iter().find_map(|origin| super::options::default_is_none(context, *origin)) {
        return Demand::OnDemand(range);
    }
    match guard(context, at) {
        Demand::Always if optional => tested(context, path, at),
        other => other,
    }
}

/// Whether a path is made of what the code says: a constant, or something joined.
fn is_fixed(context: &Context<'_>, expr: ExprId) -> bool {
    context.program.constant(context.id, expr).is_some()
}

/// A condition around the place that asks for the path itself: `if path:`, `if path is not None:`.
fn tested(context: &Context<'_>, path: ExprId, at: ExprId) -> Demand {
    let module = context.module;
    let Some(wanted) = module.dotted(path) else { return Demand::Always };
    conditions(context, at)
        .into_iter()
        .find(|test| super::options::mentions(module, *test, &wanted))
        .map_or(Demand::Always, |test| Demand::OnDemand(module.expr(test).range))
}

/// A condition around the place that holds only on demand: an option that is off unless it is given.
fn guard(context: &Context<'_>, at: ExprId) -> Demand {
    conditions(context, at)
        .into_iter()
        .find(|test| super::options::is_off_by_default(context, *test))
        .map_or(Demand::Always, |test| Demand::OnDemand(context.module.expr(test).range))
}

/// The conditions that hold where an expression is evaluated, also those around the only call of its function.
fn conditions(context: &Context<'_>, at: ExprId) -> Vec<ExprId> {
    let module = context.module;
    let mut found = Vec::new();
    let mut at = at;
    for _ in 0..4 {
        let expr = module.expr(at);
        for (outer, slot) in module.around(expr.stmt) {
            if let (StmtKind::If { branches }, Slot::Branch(index)) = (&module.stmt(outer).kind, slot) {
                found.extend(branches.get(index as usize).and_then(|branch| branch.test));
            }
        }
        for (_, other) in module.exprs() {
            if let ExprKind::If { test, body, .. } = &other.kind
                && module.expr(*body).range.contains_range(expr.range)
            {
                found.push(*test);
            }
        }
        let Some(function) = expr.function else { break };
        match context.program.callers(context.id, function).as_slice() {
            [only] => at = *only,
            _ => break,
        }
    }
    found
}
