//! Service evidence: why a module is code of a long-running service.
//!
//! Here: what the configuration says, and what the module itself shows (it runs a server, a blocking scheduler, an endless loop that waits,
//! turns itself into a daemon, is a Django settings module, or builds an application object at module level); and that a module which does
//! imports it, directly or not: the import path is part of the evidence.

use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use ruff_text_size::TextRange;
use rustc_hash::FxHashSet;

use super::{Program, Type, Value};
use crate::context::{Context, Role};
use crate::diagnostic::Place;
use crate::effects::{Kind, knowledge};
use crate::module::ir::{BoundValue, ExprId, ExprKind, FunctionId, ScopeId, Slot, StmtId, StmtKind, UnaryOp};
use crate::module::{Call, Module};
use crate::settings::ServiceMode;

/// How many calls up from a loop the main path is looked for.
const MAX_CALLS: usize = 4;

/// Why a module is service code.
#[derive(Clone, Debug)]
pub(crate) struct Evidence {
    /// Completes "this is service code: ...".
    pub(crate) reason: String,
    /// Where the code shows it, if it does: the place itself, then the imports that lead from there to the linted file.
    pub(crate) places: Vec<(String, Place)>,
}

impl Evidence {
    /// What the module itself shows; `what` is said of it.
    fn here(context: &Context<'_>, what: &str, range: TextRange) -> Self {
        let reason = format!("it {what}");
        Self { places: vec![(format!("this is service code: {reason}"), context.place(range))], reason }
    }

    /// Whether the module itself shows it, and not one that imports it.
    pub(crate) fn is_own(&self) -> bool {
        self.places.len() == 1
    }

    /// Whether a statement of the module may run in the service: one under `if __name__ == "__main__"` does not where others only import the module.
    pub(crate) fn covers(&self, module: &Module, stmt: StmtId) -> bool {
        self.places.len() < 2 || !module.under_main_guard(stmt)
    }
}

/// Methods that serve until the process ends, whatever the object is: their names mean nothing else.
const BY_NAME: &[(&str, &str)] = &[
    ("serve_forever", "runs a server"),
    ("run_forever", "runs forever"),
    ("loop_forever", "consumes messages forever"),
    ("start_consuming", "consumes messages forever"),
    ("run_until_disconnected", "runs a client until it is disconnected"),
    ("infinity_polling", "polls forever"),
    ("run_polling", "polls forever"),
];
/// Objects that yield messages forever.
const CONSUMERS: &[&str] = &["kafka.KafkaConsumer", "aiokafka.AIOKafkaConsumer"];
/// Methods whose result yields messages forever.
const LISTENERS: &[(&str, &str)] = &[("redis.client.PubSub", "listen"), ("redis.asyncio.client.PubSub", "listen")];
/// Keywords that only a web application's `run` takes.
const RUN_ARGUMENTS: &[&str] = &["host", "port", "debug", "threaded", "use_reloader", "ssl_context", "access_log", "workers"];

/// The evidence for the file that is linted.
pub(crate) fn evidence(context: &Context<'_>) -> Option<Evidence> {
    let told = |reason: String| Some(Evidence { reason, places: Vec::new() });
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
        ServiceMode::Auto => in_code(context).or_else(|| deployed(context)).or_else(|| through_imports(context)),
    }
}

/// The length from which a name is a word of its own, and that from which a class is where it is called.
const MIN_WORD: usize = 8;
const MIN_CLASS: usize = 5;

/// The texts without which no module shows by itself that it is a service: the last words of the calls that the tables know, and those of
/// the other signs.
static SIGNS: LazyLock<Vec<&'static str>> = LazyLock::new(|| {
    let mut signs: Vec<&str> = BY_NAME.iter().map(|(name, _)| *name).collect();
    signs.extend([
        "while True",
        "while 1",
        "while not",
        "setsid",
        "INSTALLED_APPS",
        ".wait(",
        ".pause(",
        "sigwait",
        "Consumer",
        "listen(",
        "start_polling",
    ]);
    signs.extend(["app.run(", "application.run(", "server.run(", "socketio.run("]);
    for name in knowledge::servers() {
        let (module, last) = name.rsplit_once('.').unwrap_or_default();
        let class = last.len() >= MIN_CLASS && last.starts_with(|first: char| first.is_uppercase());
        if last.len() >= MIN_WORD {
            signs.push(last);
        } else if class {
            signs.push(format!("{last}(").leak());
        } else {
            // A function or a class that many modules have: with the module's name.
            let start = module.rfind('.').map_or(0, |dot| dot + 1);
            signs.extend([&name[start..], format!("{} import {last}", &module[start..]).leak()]);
        }
    }
    signs.sort_unstable();
    signs.dedup();
    signs
});

/// The evidence of a deployment file that starts the linted file, or a module that imports it.
fn deployed(context: &Context<'_>) -> Option<Evidence> {
    let program = context.program;
    let (way, start) = program.way_from_start(context.id, &project_root(context)?)?;
    let name = |id| program.module(id).file.path().to_owned();
    let deployment = start.place.file.path().to_owned();
    let (first, here) = (name(*way.first()?), way.len() == 1);
    let mut places = vec![(format!("this starts `{first}`"), start.place.clone())];
    for pair in way.windows(2) {
        let statement = program.import_statement(pair[0], pair[1])?;
        let range = program.module(pair[0]).stmt(statement).range;
        places.push((format!("`{}` imports `{}`", name(pair[0]), name(pair[1])), context.place_in(pair[0], range)));
    }
    let key = start.key;
    let reason = if here {
        format!("{key} in `{deployment}` starts it")
    } else {
        format!("{key} in `{deployment}` starts `{first}`, which imports it")
    };
    Some(Evidence { reason, places })
}

/// The evidence of a module that imports the linted file, directly or not, and is a service by its own code.
fn through_imports(context: &Context<'_>) -> Option<Evidence> {
    let program = context.program;
    let root = project_root(context)?;
    let mut found = None;
    let way = program.way_from(context.id, |file| {
        if role_below(&root, file) != Role::Production || !program.text_holds(file, &SIGNS) {
            return false;
        }
        found = program.load(file).and_then(|id| in_code(&context.at(id)));
        found.is_some()
    })?;
    let evidence = found?;
    let name = |id| program.module(id).file.path().to_owned();
    let start = name(*way.first()?);
    let reason = evidence.reason.strip_prefix("it ").unwrap_or(&evidence.reason);
    let mut places: Vec<(String, Place)> =
        evidence.places.into_iter().map(|(_, place)| (format!("this is code of a service: `{start}` {reason}"), place)).collect();
    for pair in way.windows(2) {
        let statement = program.import_statement(pair[0], pair[1])?;
        let range = program.module(pair[0]).stmt(statement).range;
        places.push((format!("`{}` imports `{}`", name(pair[0]), name(pair[1])), context.place_in(pair[0], range)));
    }
    Some(Evidence { reason: format!("`{start}`, which imports it, {reason}"), places })
}

fn role_below(root: &Path, file: &Path) -> Role {
    Role::of(&file.strip_prefix(root).unwrap_or(file).to_string_lossy().replace('\\', "/"))
}

/// Whether another file of the project is neither a test, an example nor vendored.
pub(crate) fn is_production(context: &Context<'_>, file: &Path) -> bool {
    let root = project_root(context).or_else(|| file.parent().map(Path::to_owned));
    root.is_some_and(|root| role_below(&root, file) == Role::Production)
}

/// The folder that the linted file's path below the project root starts in.
pub(crate) fn project_root(context: &Context<'_>) -> Option<PathBuf> {
    let file = context.input.file?;
    let parts = Path::new(context.input.below_root).components().count();
    file.ancestors().nth(parts).map(Path::to_owned)
}

/// The dotted name of a module by its path below the project root.
pub(crate) fn module_name(below_root: &str) -> String {
    let path = below_root.strip_prefix("src/").unwrap_or(below_root);
    let path = path.strip_suffix(".py").or_else(|| path.strip_suffix(".pyw")).unwrap_or(path);
    path.strip_suffix("/__init__").unwrap_or(path).replace('/', ".")
}

fn in_code(context: &Context<'_>) -> Option<Evidence> {
    let module = context.module;
    let calls = || module.calls().filter(|call| context.program.is_live(context.id, call.id));
    module
        .calls()
        .find_map(|call| {
            let reason = server(context, call).filter(|_| context.program.is_live(context.id, call.id))?;
            Some(Evidence::here(context, reason, module.expr(call.id).range))
        })
        .or_else(|| daemonizes(context))
        .or_else(|| django_settings(context))
        .or_else(|| module.stmts().find_map(|(id, _)| endless_loop(context, id)))
        .or_else(|| {
            calls().find_map(|call| {
                let waits = waits_forever(context, call) && in_main_path(context, module.expr(call.id).stmt);
                waits.then(|| Evidence::here(context, "waits forever in its main path", module.expr(call.id).range))
            })
        })
}

/// Whether what has this name may run or build a server.
fn may_serve(last: &str) -> bool {
    static NAMES: LazyLock<FxHashSet<&'static str>> = LazyLock::new(|| {
        let known = knowledge::servers().filter_map(|name| name.rsplit('.').next());
        known.chain(BY_NAME.iter().map(|(name, _)| *name)).chain(["start_polling", "run"]).collect()
    });
    NAMES.contains(last) || knowledge::renames(last)
}

/// The clause for a call that runs or builds a server.
fn server(context: &Context<'_>, call: Call<'_>) -> Option<&'static str> {
    let (program, module) = (context.program, context.module);
    if !module.may_be_named(call.func, may_serve) {
        return None;
    }
    let values = program.resolver(context.id).values(call.func);
    for value in &values {
        let name = match value {
            Value::External(name) => name.to_string(),
            Value::ExternalMethod(class, method) => format!("{class}.{method}"),
            _ => continue,
        };
        let Some((only_at_module_level, clause)) = knowledge::server(&name) else { continue };
        if !only_at_module_level || module.expr(call.id).function.is_none() {
            return Some(clause);
        }
    }
    let ExprKind::Attribute { value: receiver, attr, .. } = module.kind(call.func) else { return None };
    // A method of the project's own says nothing: what it does is seen where it does it.
    if values.iter().any(|value| matches!(value, Value::Method(..) | Value::Function(_))) {
        return None;
    }
    if let Some((_, clause)) = BY_NAME.iter().find(|(name, _)| attr == name) {
        return Some(clause);
    }
    let is_bot = matches!(module.dotted(*receiver)?.last(), Some(&("executor" | "dp" | "dispatcher" | "updater")));
    if attr == "start_polling" && is_bot {
        return Some("polls forever");
    }
    let is_application = matches!(module.dotted(*receiver)?.last(), Some(&("app" | "application" | "server" | "socketio")));
    let serves = call
        .args
        .iter()
        .any(|arg| matches!(&arg.kind, crate::module::ir::ArgKind::Keyword(name) if RUN_ARGUMENTS.contains(&name.as_str())));
    (attr == "run" && is_application && serves).then_some("runs a web application")
}

/// `os.fork()` with `os.setsid()`: the two steps of a daemon.
fn daemonizes(context: &Context<'_>) -> Option<Evidence> {
    let module = context.module;
    let call_of = |name: &str| {
        module.calls().find(|call| {
            matches!(module.kind(call.func), ExprKind::Attribute { attr, .. } if name.ends_with(attr.as_str()))
                && context.program.is_external(context.id, call.func, &[name])
                && context.program.is_live(context.id, call.id)
        })
    };
    let setsid = call_of("os.setsid")?;
    let fork = call_of("os.fork")?;
    (module.expr(fork.id).function == module.expr(setsid.id).function)
        .then(|| Evidence::here(context, "turns itself into a daemon", module.expr(setsid.id).range))
}

/// A module with the settings that every Django project has.
fn django_settings(context: &Context<'_>) -> Option<Evidence> {
    let bindings = &context.module.scope(ScopeId(0)).bindings;
    let installed = bindings.get("INSTALLED_APPS")?.first()?;
    ["ROOT_URLCONF", "MIDDLEWARE", "WSGI_APPLICATION", "ASGI_APPLICATION"]
        .iter()
        .any(|name| bindings.contains_key(*name))
        .then(|| Evidence::here(context, "is a Django settings module", installed.range))
}

/// A loop in the main path that never ends and waits, or that consumes messages.
fn endless_loop(context: &Context<'_>, id: StmtId) -> Option<Evidence> {
    let (program, module) = (context.program, context.module);
    let stmt = module.stmt(id);
    let (header, reason) = match &stmt.kind {
        StmtKind::While { test, .. } => {
            let endless = program.constant(context.id, *test).is_some_and(|value| value.truth());
            let until_told = !endless && asks_for_stop(context, *test);
            if !endless && !until_told || leaves_loop(context, id) {
                return None;
            }
            let waits = waits(program, context, id) || until_told && is_event_wait(context, *test);
            waits.then_some((*test, if endless { "an endless loop that waits" } else { "a loop that waits until it is told to stop" }))?
        }
        StmtKind::For { iter, .. } => is_consumer(context, *iter).then_some((*iter, "a loop over messages"))?,
        _ => return None,
    };
    if program.is_dead(context.id, id) || !in_main_path(context, id) || is_side_path(context, id) {
        return None;
    }
    let range = TextRange::new(stmt.range.start(), module.expr(header).range.end());
    Some(Evidence::here(context, &format!("has {reason} in its main path"), range))
}

/// Whether a loop stands behind an option that is off by default and does not say that it makes a service.
fn is_side_path(context: &Context<'_>, id: StmtId) -> bool {
    let module = context.module;
    module.around(id).any(|(outer, slot)| match (&module.stmt(outer).kind, slot) {
        (StmtKind::If { branches }, Slot::Branch(index)) => {
            branches.get(index as usize).and_then(|branch| branch.test).is_some_and(|test| {
                let text = module.file.slice(module.expr(test).range).to_ascii_lowercase();
                let says_so = ["daemon", "serv", "forever", "loop", "interval", "poll"].iter().any(|word| text.contains(word));
                !says_so && crate::rules::logging::options::is_off_by_default(context, test)
            })
        }
        _ => false,
    })
}

/// `not stopped.is_set()`, `not stopped.wait(60)` of an event.
fn asks_for_stop(context: &Context<'_>, test: ExprId) -> bool {
    let module = context.module;
    let ExprKind::Unary { op: UnaryOp::Not, operand } = module.kind(test) else { return false };
    let operand = match module.kind(*operand) {
        ExprKind::Await(inner) => *inner,
        _ => *operand,
    };
    module.call(operand).is_some_and(|call| is_event_method(context, call, &["is_set", "wait"]))
}

fn is_event_wait(context: &Context<'_>, test: ExprId) -> bool {
    let ExprKind::Unary { operand, .. } = context.module.kind(test) else { return false };
    context.module.call(*operand).is_some_and(|call| is_event_method(context, call, &["wait"]))
}

fn is_event_method(context: &Context<'_>, call: Call<'_>, methods: &[&str]) -> bool {
    context.program.resolver(context.id).values(call.func).iter().any(|value| match value {
        Value::ExternalMethod(class, method) => {
            matches!(class.as_str(), "threading.Event" | "asyncio.Event" | "multiprocessing.synchronize.Event" | "multiprocessing.Event")
                && methods.contains(&method.as_str())
        }
        _ => false,
    })
}

/// Whether an iterable yields messages as long as somebody sends them.
fn is_consumer(context: &Context<'_>, iter: ExprId) -> bool {
    let resolver = context.program.resolver(context.id);
    let is_one = |value: &Value| matches!(value, Value::Instance(Type::External(name)) if CONSUMERS.contains(&name.as_str()));
    if resolver.values(iter).iter().any(is_one) {
        return !context
            .program
            .origins(context.id, iter)
            .iter()
            .filter_map(|origin| context.module.call(*origin))
            .any(|call| call.keyword("consumer_timeout_ms").is_some());
    }
    context.module.call(iter).is_some_and(|call| {
        resolver
            .values(call.func)
            .iter()
            .any(|value| matches!(value, Value::ExternalMethod(class, method) if LISTENERS.contains(&(class.as_str(), method.as_str()))))
    })
}

/// `signal.pause()`, `asyncio.Event().wait()`, `threading.Event().wait()` without a timeout.
fn waits_forever(context: &Context<'_>, call: Call<'_>) -> bool {
    if context.program.is_external(context.id, call.func, &["signal.pause"]) {
        return context.module.around(context.module.expr(call.id).stmt).next().is_none();
    }
    let ExprKind::Attribute { value: receiver, .. } = context.module.kind(call.func) else { return false };
    context.module.call(*receiver).is_some() && call.args.is_empty() && is_event_method(context, call, &["wait"])
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
        leaves && stmt.function == function && range.contains_range(stmt.range) && !by_interrupt(context, inner, range)
    })
}

/// Whether a statement stands in an `except` clause of the loop.
fn by_interrupt(context: &Context<'_>, stmt: StmtId, range: TextRange) -> bool {
    context.module.handler_around(stmt).is_some_and(|(outer, _)| range.contains_range(context.module.stmt(outer).range))
}

/// Whether a statement runs when the file runs as a program: at module level, in a function `main`, or in a function that
/// such code calls or hands to a runner (`asyncio.run(main())`, `app.run(main)`).
fn in_main_path(context: &Context<'_>, id: StmtId) -> bool {
    match context.module.stmt(id).function {
        None => true,
        Some(function) => called_from_top(context, function, &mut Vec::new()),
    }
}

fn called_from_top(context: &Context<'_>, function: FunctionId, seen: &mut Vec<FunctionId>) -> bool {
    let module = context.module;
    let data = module.function(function);
    if seen.contains(&function) || seen.len() >= MAX_CALLS {
        return false;
    }
    if data.name == "main" && data.outer.is_none() && data.class.is_none() {
        return true;
    }
    seen.push(function);
    let from_top = |expr: ExprId, seen: &mut Vec<FunctionId>| {
        context.program.is_live(context.id, expr)
            && match module.expr(expr).function {
                None => true,
                Some(outer) => called_from_top(context, outer, seen),
            }
    };
    let called = context.program.callers(context.id, function).into_iter().any(|call| from_top(call, seen));
    let found = called || handed_over(context, function).into_iter().any(|call| from_top(call, seen));
    seen.pop();
    found
}

/// The calls that pass a function to something that runs it: `run(main)`, `wrapper(main)`.
fn handed_over(context: &Context<'_>, function: FunctionId) -> Vec<ExprId> {
    let module = context.module;
    let is_it = |expr: ExprId| match module.kind(expr) {
        ExprKind::Name(name) => context
            .program
            .reaching(context.id, expr, name)
            .iter()
            .any(|binding| matches!(binding.value, BoundValue::Function(found) if found == function)),
        _ => false,
    };
    let runs = |call: &Call<'_>| {
        let last = match module.kind(call.func) {
            ExprKind::Attribute { attr, .. } => attr.as_str(),
            ExprKind::Name(name) => name.as_str(),
            _ => "",
        };
        matches!(last, "run" | "wrapper" | "run_sync" | "react" | "run_until_complete") && call.positional(0).is_some_and(is_it)
    };
    module.calls().filter(runs).map(|call| call.id).collect()
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
                | "blpop"
                | "brpop"
                | "xread"
                | "xreadgroup"
                | "receive_message"
        );
        match effect.flatten() {
            Some(effect) => effect.kind == Kind::Blocking || receives && matches!(effect.kind, Kind::Network | Kind::Lock),
            None => name == "asyncio.sleep" || name == "select.select",
        }
    }) || matches!(context.module.kind(func), ExprKind::Attribute { attr, .. } if attr == "sleep" || attr == "receive_message")
}
