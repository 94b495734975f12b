//! RL102: as RL101, where the path ends in a call that by its name releases something whose type is not known. It may do
//! I/O; the finalizer is the wrong place for it if it does.

use super::holding::is_bound_method;
use super::{Finalizer, del_io, story};
use crate::context::{Context, Findings};
use crate::diagnostic::Severity;
use crate::effects::Kind;
use crate::effects::reach::Unknown;
use crate::module::ir::ExprKind;
use crate::program::{Type, Value};
use crate::rules::{Family, FixAvailability, Rule};

pub(crate) static META: Rule = Rule {
    code: "RL102",
    name: "del-releases-resource",
    family: Family::Finalizers,
    severity: Severity::Warning,
    default: true,
    fix: FixAvailability::None,
    triggers: super::TRIGGERS,
    former_names: &[],
    page: include_str!("del_releases_resource.md"),
};

/// Names of methods that release something.
const METHODS: &[&str] = &[
    "abort",
    "close",
    "aclose",
    "shutdown",
    "disconnect",
    "terminate",
    "kill",
    "stop",
    "flush",
    "commit",
    "rollback",
    "release",
    "unlink",
    "cleanup",
    "clean_up",
    "quit",
    "logout",
    "unsubscribe",
    "delete",
    "destroy",
    "dispose",
    "hangup",
    "close_connection",
    "close_all",
    "close_session",
    "finalize",
    "teardown",
    "tear_down",
    "detach_and_close",
    "shutdown_nowait",
    "stop_server",
    "deregister",
    "unregister",
];

/// What such names begin with where they also say what is released: `close_channel`.
const PREFIXES: &[&str] = &["close_", "disconnect_", "kill_", "shutdown_", "stop_", "terminate_"];

/// Names that also mean something without I/O: what a signal, a timer, a view or a piece of memory is told.
const AMBIGUOUS: &[&str] =
    &["disconnect", "stop", "release", "delete", "cancel", "destroy", "unregister", "deregister", "finalize", "dispose"];

/// Parts of names that show such a thing.
const HARMLESS_RECEIVERS: &[&str] = &[
    "signal", "timer", "view", "mem", "buf", "tensor", "texture", "shader", "vao", "vbo", "widget", "window", "tip", "observer",
    "callback", "registry", "event",
];

/// Parts of the names of classes that manage memory.
const MEMORY: &[&str] = &["mem", "buf", "tensor", "texture", "shader"];

pub(crate) fn check(context: &Context<'_>, findings: &mut Findings<'_>) {
    for finalizer in context.finalizers().iter() {
        // Never both on one `__del__`.
        if !del_io::io_effects(context, finalizer).is_empty() || super::del_never_runs::never_runs(context, finalizer).is_some() {
            continue;
        }
        let releases = finalizer.reached.unknown.iter().filter(|unknown| is_release(context, unknown) && !is_scheduled(finalizer, unknown));
        // `close()` says more than `stop_restarting()`; of two alike the first is the nearest.
        if let Some(unknown) = releases.min_by_key(|unknown| !METHODS.contains(&unknown.method.as_str())) {
            report(context, findings, finalizer, unknown);
        }
    }
}

/// Whether a call only makes the coroutine that an event loop is given: that is RL107's.
fn is_scheduled(finalizer: &Finalizer, unknown: &Unknown) -> bool {
    finalizer.reached.effects.iter().any(|effect| {
        effect.kind == Kind::EventLoop
            && effect.node == unknown.node
            && effect.range != unknown.range
            && effect.range.contains_range(unknown.range)
    })
}

/// Whether a call of unknown type is, by its name, a release.
pub(crate) fn is_release(context: &Context<'_>, unknown: &Unknown) -> bool {
    let options = &context.settings.options.del_releases_resource;
    let method = unknown.method.as_str();
    if options.ignore_methods.iter().any(|name| name == method) {
        return false;
    }
    let listed = METHODS.contains(&method)
        || PREFIXES.iter().any(|prefix| method.starts_with(prefix))
        || options.methods.iter().any(|name| name == method);
    if !listed || !AMBIGUOUS.contains(&method) {
        return listed;
    }
    let has = |parts: &[&str], name: &str| {
        let name = name.to_ascii_lowercase();
        parts.iter().any(|part| name.contains(part))
    };
    let module = context.program.module(unknown.node.function.module);
    let class = unknown.node.this.map(|class| &context.program.class(class).name);
    !has(HARMLESS_RECEIVERS, &module.snippet(unknown.receiver))
        && !classes_of(context, unknown).iter().any(|class| has(HARMLESS_RECEIVERS, class))
        && !class.is_some_and(|class| has(MEMORY, class))
        && !takes_method(context, unknown)
}

/// The names of the classes that the receiver may be an object of.
fn classes_of(context: &Context<'_>, unknown: &Unknown) -> Vec<String> {
    let program = context.program;
    let values = program.resolver_for(unknown.node.function.module, unknown.node.this).values(unknown.receiver);
    let names = values.into_iter().filter_map(|value| match value {
        Value::Instance(Type::Class(class)) => Some(program.class(class).name.to_string()),
        Value::Instance(Type::External(name)) => Some(name.rsplit('.').next().unwrap_or_default().to_owned()),
        _ => None,
    });
    names.collect()
}

/// Whether the call passes a method of the object: it is taken off a list of receivers, `changed.disconnect(self._on_change)`.
fn takes_method(context: &Context<'_>, unknown: &Unknown) -> bool {
    let id = unknown.node.function.module;
    let module = context.program.module(id);
    let calls = module.code(unknown.node.function.id).calls.iter().filter_map(|call| module.call(*call));
    calls
        .filter(|call| matches!(module.kind(call.func), ExprKind::Attribute { value, .. } if *value == unknown.receiver))
        .any(|call| call.args.iter().any(|arg| is_bound_method(context.program, id, arg.value)))
}

fn report(context: &Context<'_>, findings: &mut Findings<'_>, finalizer: &Finalizer, unknown: &Unknown) {
    let module = context.program.module(unknown.node.function.module);
    let call = format!("{}.{}()", module.snippet(unknown.receiver), unknown.method);
    let whose = super::whose(context, finalizer);
    let message = format!(
        "`{}`{whose} calls `{call}`, which may do I/O: it may run at any time, in any thread, or half-way through shutdown",
        finalizer.name
    );
    let mut report = findings.report(&META, message, context.place(finalizer.range)).help(
        "offer `close()` with `__enter__`/`__exit__` (or `contextlib.closing`), and use `weakref.finalize` for what must happen at exit",
    );
    if unknown.in_handler {
        report = report.severity(Severity::Info);
    }
    for (message, place) in story(context, &unknown.path) {
        report = report.related(message, place);
    }
    let last = super::described(context, unknown.node);
    report.related(format!("{last} calls `{call}`; {}", unknown.reason), context.place_in(unknown.node.function.module, unknown.range));
}
