//! RL102: as RL101, where the path ends in a call that by its name releases something whose type is not known. It may do
//! I/O; the finalizer is the wrong place for it if it does.

use super::{Finalizer, del_io, story};
use crate::context::{Context, Findings};
use crate::diagnostic::Severity;
use crate::effects::reach::Unknown;
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

pub(crate) fn check(context: &Context<'_>, findings: &mut Findings<'_>) {
    for finalizer in context.finalizers().iter() {
        // Never both on one `__del__`.
        if !del_io::io_effects(context, finalizer).is_empty() || super::del_never_runs::never_runs(context, finalizer).is_some() {
            continue;
        }
        let releases = finalizer.reached.unknown.iter().filter(|unknown| is_release(context, unknown));
        // `close()` says more than `stop_restarting()`; of two alike the first is the nearest.
        if let Some(unknown) = releases.min_by_key(|unknown| !METHODS.contains(&unknown.method.as_str())) {
            report(context, findings, finalizer, unknown);
        }
    }
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
    let receiver = context.program.module(unknown.node.function.module).snippet(unknown.receiver).to_ascii_lowercase();
    !HARMLESS_RECEIVERS.iter().any(|part| receiver.contains(part))
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
