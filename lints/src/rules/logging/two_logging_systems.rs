//! RL208: loguru or structlog writes one half of a program's log, the standard library the other: two formats, two levels, two places. What is searched in
//! one of them is missing there.

use std::path::Path;

use super::beside;
use super::handlers::{Status, status};
use super::loggers::is_logger;
use super::order::exclusive;
use crate::context::{Context, Findings, Role};
use crate::diagnostic::Severity;
use crate::effects::knowledge;
use crate::module::Call;
use crate::module::ir::{ExprId, ExprKind, Slot, StmtId, StmtKind};
use crate::program::{ModuleId, Type, Value};
use crate::rules::{Family, FixAvailability, Rule};

pub(crate) static META: Rule = Rule {
    code: "RL208",
    name: "two-logging-systems",
    family: Family::Logging,
    severity: Severity::Warning,
    default: true,
    fix: FixAvailability::None,
    triggers: &[&["basicConfig"], &["addHandler"], &["dictConfig"], &["fileConfig"]],
    former_names: &[],
    page: include_str!("two_logging_systems.md"),
};

/// The packages of the other systems.
const PACKAGES: &[&str] = &["loguru", "structlog"];
/// Handlers that write nothing by themselves.
const SILENT: &[&str] = &["logging.NullHandler", "logging.handlers.QueueHandler", "logging.handlers.MemoryHandler"];

/// Where the other system is configured to write.
struct Other {
    module: ModuleId,
    call: ExprId,
    package: &'static str,
}

pub(crate) fn check(context: &Context<'_>, findings: &mut Findings<'_>) {
    if context.role != Role::Production {
        return;
    }
    // Hardly any project has another system that nothing brings together with this one: that is asked first, and costs next to nothing.
    let apart: Vec<&str> = PACKAGES.iter().copied().filter(|package| is_apart(context, package)).collect();
    if apart.is_empty() || context.module.file.text().contains("InterceptHandler") {
        return;
    }
    let Some((call, callee)) = configured(context) else { return };
    let is_beside = |there: &Context<'_>, other: &Other| {
        let stmt = |call| context.module.expr(call).stmt;
        apart.contains(&other.package) && (there.id != context.id || !exclusive(context.module, stmt(call), stmt(other.call)))
    };
    let may_answer =
        |file: &Path| context.program.text_holds(file, PACKAGES) && context.program.text_always_passes(file, may_configure_other);
    let found = beside::find_in(context, may_answer, |there| configures_other(there).filter(|other| is_beside(there, other)));
    let Some(other) = found else { return };
    let package = other.what.package;
    let message = format!("`{callee}` and {package} both decide where this program's log goes, and neither hands its records to the other");
    let help = if package == "loguru" {
        "give the root logger one handler whose `emit` hands records to loguru, as its documentation shows (`InterceptHandler`)"
    } else {
        "pass `logger_factory=structlog.stdlib.LoggerFactory()` to `structlog.configure`, and let `ProcessorFormatter` format both"
    };
    let there = context.program.module(other.what.module).expr(other.what.call).range;
    let report = findings
        .report(&META, message, context.place(context.module.expr(call).range))
        .help(help)
        .related(format!("{package} is told to write here"), context.place_in(other.what.module, there));
    let _ = other.explain(context, report);
}

/// Whether modules of the project use a package, and none of those that have to do with the linted module brings it together with the standard
/// library.
fn is_apart(context: &Context<'_>, package: &str) -> bool {
    let (program, own) = (context.program, context.program.path(context.id));
    let connected = |file: &Path| program.graph(context.id).zip(own).is_some_and(|(graph, own)| graph.connects(own, file));
    let users = program.files_importing(context.id, package);
    let routes = if package == "loguru" { routes_loguru } else { routes_structlog };
    !users.is_empty() && !users.iter().any(|file| program.text_always_passes(file, routes) && connected(file))
}

/// The first call of the module that makes the standard library write; none where one of its handlers hands the records on.
fn configured(context: &Context<'_>) -> Option<(ExprId, String)> {
    let (program, module) = (context.program, context.module);
    let logging = context.logging();
    let mut found = None;
    for call in module.calls() {
        let handlers: Vec<ExprId> = if let Some(config) = logging.calls.iter().find(|config| config.call == call.id) {
            let handlers = config.keyword("handlers").map(|keyword| program.elements(context.id, keyword.value).items);
            handlers.unwrap_or_default()
        } else if is_added(context, call) {
            let added = call.positional(0).map(|handler| program.origins(context.id, handler)).unwrap_or_default();
            if !added.iter().any(|handler| writes(context, *handler)) {
                continue;
            }
            added
        } else if program.is_external(context.id, call.func, &["logging.config.dictConfig", "logging.config.fileConfig"]) {
            Vec::new()
        } else {
            continue;
        };
        if !program.is_live(context.id, call.id) || is_substitute(context, call) {
            continue;
        }
        if !handlers.is_empty() && handlers.iter().all(|handler| hands_on(context, *handler)) {
            return None;
        }
        found = found.or_else(|| Some((call.id, module.snippet(call.func))));
    }
    found
}

/// Whether a call stands where the other system is missing: in a clause of a `try` that imports it, or under a condition that asks for it.
fn is_substitute(context: &Context<'_>, call: Call<'_>) -> bool {
    let module = context.module;
    let is_other = |name: &str| {
        PACKAGES.iter().any(|package| name == *package || name.strip_prefix(package).is_some_and(|rest| rest.starts_with('.')))
    };
    let imports = |stmt: &StmtId| match &module.stmt(*stmt).kind {
        StmtKind::Import(names) => names.iter().any(|name| is_other(name)),
        StmtKind::ImportFrom { module: name, level: 0 } => is_other(name),
        _ => false,
    };
    module.around_all(module.expr(call.id).stmt).any(|(outer, slot)| match (&module.stmt(outer).kind, slot) {
        (StmtKind::Try { .. }, Slot::Handler(_)) => module.slot(outer, Slot::Body).iter().any(imports),
        (StmtKind::If { branches }, Slot::Branch(_)) => branches.iter().filter_map(|branch| branch.test).any(|test| {
            let text = module.file.slice(module.expr(test).range).to_ascii_lowercase();
            PACKAGES.iter().any(|package| text.contains(package))
        }),
        _ => false,
    })
}

/// `logger.addHandler(...)`
fn is_added(context: &Context<'_>, call: Call<'_>) -> bool {
    match context.module.kind(call.func) {
        ExprKind::Attribute { value, attr, .. } => attr == "addHandler" && is_logger(context, *value),
        _ => false,
    }
}

/// Whether a handler that is made here writes records somewhere.
fn writes(context: &Context<'_>, handler: ExprId) -> bool {
    context.program.resolver(context.id).values(handler).iter().any(|value| match value {
        Value::Instance(Type::External(name)) => {
            knowledge::is_subclass(name, "logging.Handler") && !SILENT.iter().any(|silent| knowledge::is_subclass(name, silent))
        }
        _ => false,
    })
}

/// Whether a handler passes records on to another system: it needs no level, though it sets none.
fn hands_on(context: &Context<'_>, handler: ExprId) -> bool {
    let is_own = context.module.call(handler).is_some_and(|call| {
        context.program.resolver(context.id).values(call.func).iter().any(|value| match value {
            Value::Class(_) => true,
            Value::External(name) => !name.starts_with("logging."),
            _ => false,
        })
    });
    is_own && status(context, &super::Levels::default(), handler) == Status::Fine
}

/// Whether a text may tell loguru or structlog where to write: it names the attribute `add`, or `configure`.
fn may_configure_other(text: &[u8]) -> bool {
    let goes_on = |at: usize| text.get(at + 4).is_some_and(|byte| byte.is_ascii_alphanumeric() || *byte == b'_');
    memchr::memmem::find_iter(text, ".add").any(|at| !goes_on(at)) || memchr::memmem::find(text, b"configure").is_some()
}

/// The names of what tells them so.
const CALLS: &[&str] = &["add", "configure", "configure_once"];

/// Where a module tells loguru or structlog to write by itself.
fn configures_other(context: &Context<'_>) -> Option<Other> {
    let (program, module) = (context.program, context.module);
    module.calls_that_may_be(CALLS, |last| CALLS.contains(&last)).find_map(|call| {
        let package = program.resolver(context.id).values(call.func).iter().find_map(|value| match value {
            Value::ExternalMethod(class, method) if knowledge::is_subclass(class, "loguru._logger.Logger") => {
                let writes =
                    method == "add" && !is_handler_sink(context, call) || method == "configure" && call.keyword("handlers").is_some();
                writes.then_some("loguru")
            }
            Value::External(name) if name == "structlog.configure" || name == "structlog.configure_once" => {
                let factory = call.keyword("logger_factory").map(|arg| module.file.slice(module.expr(arg.value).range));
                factory
                    .is_none_or(|text| text.contains("PrintLogger") || text.contains("WriteLogger") || text.contains("BytesLogger"))
                    .then_some("structlog")
            }
            _ => None,
        })?;
        let known = !call.has_star() && program.is_live(context.id, call.id);
        known.then_some(Other { module: context.id, call: call.id, package })
    })
}

/// Whether loguru is given a handler of the standard library, or a function, which may hand records to it.
fn is_handler_sink(context: &Context<'_>, call: Call<'_>) -> bool {
    call.argument(0, "sink").is_none_or(|sink| {
        context.program.resolver(context.id).values(sink).iter().any(|value| match value {
            Value::Instance(Type::External(name)) => knowledge::is_subclass(name, "logging.Handler"),
            Value::Instance(Type::Class(_)) | Value::Class(_) | Value::Function(_) | Value::Method(..) => true,
            _ => false,
        })
    })
}

fn holds(text: &[u8], word: &str) -> bool {
    memchr::memmem::find(text, word.as_bytes()).is_some()
}

/// Whether the text of a module that uses loguru brings the two systems together.
fn routes_loguru(text: &[u8]) -> bool {
    ["InterceptHandler", "PropagateHandler", "logging.Handler)", "(Handler)"].into_iter().any(|word| holds(text, word))
}

/// Whether the text of a module that uses structlog does.
fn routes_structlog(text: &[u8]) -> bool {
    // The factories that print, write and take bytes have longer names.
    let longer = |before: &[u8]| before.last().is_some_and(u8::is_ascii_alphabetic);
    memchr::memmem::find_iter(text, "LoggerFactory").any(|at| !longer(&text[..at]))
        || holds(text, "ProcessorFormatter")
        || holds(text, "recreate_defaults")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_that_may_tell_where_to_write() {
        assert!(may_configure_other(b"logger.add(sys.stderr)"));
        assert!(may_configure_other(b"add = logger.add"));
        assert!(may_configure_other(b"structlog.configure_once()"));
        assert!(!may_configure_other(b"logger.info(1); parser.add_argument('x')"));
    }

    #[test]
    fn texts_that_bring_the_systems_together() {
        assert!(routes_loguru(b"class InterceptHandler(logging.Handler):"));
        assert!(!routes_loguru(b"logging.StreamHandler()"));
        assert!(routes_structlog(b"logger_factory=structlog.stdlib.LoggerFactory(),"));
        assert!(routes_structlog(b"from structlog.stdlib import LoggerFactory"));
        assert!(!routes_structlog(b"structlog.PrintLoggerFactory(), structlog.WriteLoggerFactory, BytesLoggerFactory()"));
    }
}
