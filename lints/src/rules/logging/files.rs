//! What makes a logging system write to a file: handlers, `basicConfig(filename=...)`, dictionaries for `dictConfig`, loguru, structlog.

mod demand;
mod dictionaries;

use ruff_text_size::TextRange;

use crate::context::Context;
use crate::effects::knowledge;
use crate::module::Call;
use crate::module::ir::{BoundValue, ExprId, ExprKind};
use crate::program::constants::Constant;
use crate::program::{ClassRef, Type, Value};

pub(crate) use demand::Demand;
use demand::{demand, guard, handler_demand};

/// A log file that is opened.
#[derive(Debug)]
pub(crate) struct LogFile {
    /// The handler's construction, the `filename=`, or the class's name in a dictionary.
    pub(crate) range: TextRange,
    /// The class or the call, as people write it.
    pub(crate) what: String,
    pub(crate) demand: Demand,
    /// The path, where it is told.
    pub(crate) path: Option<ExprId>,
    /// The call, or the class's name in a dictionary.
    pub(crate) at: ExprId,
    pub(crate) rotation: Rotation,
}

/// Whether what writes the file renames it from time to time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Rotation {
    /// It does not, or takes care of other processes.
    None,
    /// It does, for itself alone.
    Alone,
    /// It does, in the one process that the others hand their records to (loguru's `enqueue`).
    Queued,
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

/// The texts without which no module opens a log file.
const WORDS: &[&str] = &["FileHandler", "loguru", "LoggerFactory"];

/// The log files that the file's code opens, in the order of the text.
pub(crate) fn log_files(context: &Context<'_>) -> Vec<LogFile> {
    let mut found = Vec::new();
    for call in context.module.calls() {
        // A class of another module opens a file only where that module says so.
        if let Some(file) = context.program.scanning(WORDS, || of_call(context, call))
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
            found.push(LogFile {
                range: filename.range,
                what: "logging.basicConfig(filename=...)".to_owned(),
                // A keyword that is set on some way only is asked for where that is.
                demand: demand(context, filename.value, if filename.certain { config.call } else { filename.value }),
                path: Some(filename.value),
                at: config.call,
                rotation: Rotation::None,
            });
        }
    }
    found.extend(dictionaries::log_files(context));
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
                let rotation = rotation_of(&name, |index, keyword| call.argument(index, keyword).map(|value| is_nothing(context, value)));
                return Some(of_handler(context, call, short(&name), path, rotation));
            }
            Value::Class(class) if is_handler_class(context, class) => {
                let path = path_argument(context, call, Some(class));
                if path.is_some_and(|path| !is_file(context, path)) {
                    return None;
                }
                let what = context.program.class(class).name.to_string();
                return Some(of_handler(context, call, what, path, rotation_of_class(context, class, call)));
            }
            Value::External(name) if FACTORIES.contains(&name.as_str()) => {
                let file = call.argument(0, "file")?;
                let opened = context.program.origins(context.id, file).into_iter().find(|origin| is_open(context, *origin))?;
                let path = context.module.call(opened).and_then(|open| open.argument(0, "file"));
                if path.is_some_and(|path| !is_file(context, path)) {
                    return None;
                }
                return Some(of_handler(context, call, short(&name), path, Rotation::None));
            }
            Value::ExternalMethod(class, method) if knowledge::is_subclass(&class, "loguru._logger.Logger") && method == "add" => {
                let sink = call.argument(0, "sink")?;
                return is_file_sink(context, call, sink).then(|| LogFile {
                    range,
                    what: "logger.add".to_owned(),
                    demand: demand(context, sink, call.id),
                    path: Some(sink),
                    at: call.id,
                    rotation: loguru_rotation(context, call),
                });
            }
            _ => {}
        }
    }
    None
}

fn of_handler(context: &Context<'_>, call: Call<'_>, what: String, path: Option<ExprId>, rotation: Rotation) -> LogFile {
    let range = context.module.expr(call.id).range;
    LogFile { range, what, demand: handler_demand(context, path, call.id), path, at: call.id, rotation }
}

/// Whether a handler of the library rotates, with what it is given: the question is whether an argument is nothing. A `RotatingFileHandler`
/// without a size or without backups never does.
fn rotation_of(name: &str, is_nothing: impl Fn(usize, &str) -> Option<bool>) -> Rotation {
    let is = |class: &str| knowledge::is_subclass(name, class);
    let given = |index, keyword| is_nothing(index, keyword) == Some(false);
    let sized = || given(2, "maxBytes") && given(3, "backupCount");
    if is("logging.handlers.TimedRotatingFileHandler") || is("logging.handlers.RotatingFileHandler") && sized() {
        Rotation::Alone
    } else {
        Rotation::None
    }
}

/// As [`rotation_of`], for a class of the program. One that replaces the steps of the rotation takes care of it itself.
fn rotation_of_class(context: &Context<'_>, class: ClassRef, call: Call<'_>) -> Rotation {
    let program = context.program;
    if ["doRollover", "rotate", "emit", "acquire", "createLock"].iter().any(|method| program.method(class, method).is_some()) {
        return Rotation::None;
    }
    let own = program.method(class, "__init__").is_some() || call.has_star();
    let bases = program.mro(class);
    let base = bases.iter().find_map(|entry| if let Type::External(name) = entry { Some(name) } else { None });
    base.map_or(Rotation::None, |name| {
        rotation_of(name, |index, keyword| {
            // A constructor of its own passes what it likes.
            if own { Some(false) } else { call.argument(index, keyword).map(|value| is_nothing(context, value)) }
        })
    })
}

fn loguru_rotation(context: &Context<'_>, call: Call<'_>) -> Rotation {
    let is_on = |name: &str| call.keyword(name).is_some_and(|arg| !is_nothing(context, arg.value));
    match (is_on("rotation"), is_on("enqueue")) {
        (false, _) => Rotation::None,
        (true, false) => Rotation::Alone,
        (true, true) => Rotation::Queued,
    }
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
    let module = context.program.module(init.module);
    let data = context.program.function(init);
    let passed = module.code(init.id).calls.iter().filter_map(|id| module.call(*id)).find_map(|base| {
        let ExprKind::Attribute { value, attr, .. } = module.kind(base.func) else { return None };
        let explicit = usize::from(!matches!(module.kind(*value), ExprKind::Call { .. }));
        (attr == "__init__").then(|| base.argument(explicit, "filename")).flatten()
    })?;
    // What it makes itself is an expression of its own module.
    let own = |path: ExprId| (init.module == context.id).then_some(path);
    let ExprKind::Name(name) = module.kind(passed) else { return own(passed) };
    let index = data.params.iter().position(|param| param.name == *name)?;
    call.argument(index.checked_sub(1)?, name).or_else(|| data.params[index].default.and_then(own))
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
