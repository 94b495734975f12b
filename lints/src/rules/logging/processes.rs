//! Where a module makes its program run as several processes that log: workers, pools, forks, servers with several workers.
//!
//! A pool counts where what it runs logs, or cannot be told; work that writes no record does no harm to a log file.

use ruff_text_size::TextRange;

use crate::context::Context;
use crate::effects::leave::callables;
use crate::effects::reach::{Node, reach};
use crate::effects::{Kind, knowledge};
use crate::module::Call;
use crate::module::ir::{ExprId, ExprKind, Slot, StmtKind};
use crate::program::constants::Constant;
use crate::program::{ClassRef, FunctionRef, ModuleId, Program, Type, Value};
use crate::rules::exit_codes::forks;

/// The texts without which no module starts processes.
pub(crate) const WORDS: &[&str] = &["Process", "Pool", "fork", "workers", "processes"];

/// Methods that hand a function to a pool, each with the position of the function.
const TASKS: &[(&str, usize)] = &[
    ("submit", 0),
    ("map", 0),
    ("imap", 0),
    ("imap_unordered", 0),
    ("starmap", 0),
    ("starmap_async", 0),
    ("map_async", 0),
    ("apply", 0),
    ("apply_async", 0),
    ("run_in_executor", 1),
];
/// Libraries whose processes are those of `multiprocessing` under another name.
const KIN: &[&str] = &["multiprocessing", "billiard", "multiprocess", "torch.multiprocessing"];
/// Methods that write a record, whatever the object is.
const RECORDS: &[&str] = &["debug", "info", "warning", "warn", "error", "exception", "critical", "fatal", "log"];

/// Where a program becomes several processes.
#[derive(Clone, Debug)]
pub(crate) struct Processes {
    pub(crate) module: ModuleId,
    pub(crate) call: ExprId,
    pub(crate) range: TextRange,
    pub(crate) way: Way,
}

/// How it does.
#[derive(Clone, Debug)]
pub(crate) struct Way {
    /// Completes "the program ...".
    pub(crate) clause: &'static str,
    /// The functions that the processes run, as far as they are told.
    pub(crate) run: Vec<FunctionRef>,
    /// Whether several of them run each.
    pub(crate) many: bool,
    /// Whether the processes are those of a server that is told a number of workers.
    pub(crate) served: bool,
}

impl Way {
    fn new(clause: &'static str, run: Vec<FunctionRef>, many: bool) -> Self {
        Self { clause, run, many, served: false }
    }
}

/// Whether a call of something of this name may hand a function to another process.
pub(crate) fn takes_function(name: &str) -> bool {
    matches!(name, "Process" | "Pool" | "ProcessPoolExecutor") || TASKS.iter().any(|(task, _)| *task == name)
}

/// The places where a module starts processes that may log.
pub(crate) fn started<'a>(context: &'a Context<'_>) -> impl Iterator<Item = Processes> + 'a {
    let module = context.module;
    module.calls().filter_map(move |call| {
        let way = way(context, call)?;
        let range = module.expr(call.id).range;
        context.program.is_live(context.id, call.id).then_some(Processes { module: context.id, call: call.id, range, way })
    })
}

fn way(context: &Context<'_>, call: Call<'_>) -> Option<Way> {
    let (program, module) = (context.program, context.module);
    let last = match module.kind(call.func) {
        ExprKind::Attribute { attr, .. } => attr.as_str(),
        ExprKind::Name(name) => name.as_str(),
        _ => return None,
    };
    if let Some((_, position)) = TASKS.iter().find(|(name, _)| *name == last) {
        return of_task(context, call, last, *position);
    }
    // What starts processes is a class, or one of a few functions.
    let is_class = last.trim_start_matches('_').starts_with(|first: char| first.is_uppercase());
    if !is_class && !matches!(last, "fork" | "fork_processes" | "run" | "start" | "forkpty") {
        return None;
    }
    let values = program.scanning(WORDS, || program.resolver(context.id).values(call.func));
    for value in values {
        let found = match value {
            Value::External(name) => of_name(context, call, &name),
            Value::ExternalMethod(class, method) if method == "Process" && class.starts_with("multiprocessing.context.") => {
                of_target(context, call)
            }
            Value::ExternalMethod(_, method) if method == "run" => serves(context, call),
            Value::Class(class) => of_class(context, call, class),
            Value::Unresolved(_) if last == "run" => serves(context, call),
            _ => None,
        };
        if found.is_some() {
            return found;
        }
    }
    None
}

fn of_name(context: &Context<'_>, call: Call<'_>, name: &str) -> Option<Way> {
    let forks = || Some(Way::new("forks", Vec::new(), false));
    match name {
        "os.fork" => (!forks::parent_ends(context, call.id)).then(forks).flatten(),
        "tornado.process.fork_processes" => forks(),
        "uvicorn.run" | "hypercorn.run" | "sanic.Sanic.run" | "flask.Flask.run" => serves(context, call),
        _ => {
            let (library, class) = name.rsplit_once('.')?;
            (KIN.contains(&library) && class == "Process").then(|| of_target(context, call)).flatten()
        }
    }
}

/// `Process(target=work)`
fn of_target(context: &Context<'_>, call: Call<'_>) -> Option<Way> {
    let target = call.argument(1, "target");
    runs_logging(context, target).then(|| Way::new("starts processes", functions(context, target), is_repeated(context, call.id)))
}

/// Whether an expression stands in a loop.
fn is_repeated(context: &Context<'_>, expr: ExprId) -> bool {
    let module = context.module;
    let range = module.expr(expr).range;
    let in_loop = module
        .around(module.expr(expr).stmt)
        .any(|(outer, slot)| slot == Slot::Body && matches!(module.stmt(outer).kind, StmtKind::For { .. } | StmtKind::While { .. }));
    in_loop || module.exprs().any(|(_, outer)| matches!(outer.kind, ExprKind::Comprehension { .. }) && outer.range.contains_range(range))
}

/// A class of the program that is a process, or a server with workers.
fn of_class(context: &Context<'_>, call: Call<'_>, class: ClassRef) -> Option<Way> {
    let program = context.program;
    if program.derives_from(class, "multiprocessing.process.BaseProcess") {
        let Some(run) = program.method(class, "run") else { return of_target(context, call) };
        let logs = logs(program, Node { function: run, this: Some(class) });
        return logs.then(|| Way::new("starts processes", vec![run], is_repeated(context, call.id)));
    }
    let is_gunicorn = program.mro(class).iter().any(|entry| matches!(entry, Type::External(name) if name.starts_with("gunicorn.app.")));
    (is_gunicorn && names_workers(context)).then(served)
}

fn served() -> Way {
    Way { served: true, ..Way::new("is served by several workers", Vec::new(), true) }
}

/// Whether a dictionary of the module asks for more workers than one.
fn names_workers(context: &Context<'_>) -> bool {
    let module = context.module;
    module.exprs().any(|(_, expr)| match &expr.kind {
        ExprKind::Dict(items) => items.iter().any(|(key, value)| {
            let is_key = key.is_some_and(|key| matches!(module.kind(key), ExprKind::Str(key) if &**key == "workers"));
            is_key && is_many(context, *value)
        }),
        _ => false,
    })
}

/// `app.run(processes=4)`, `uvicorn.run(app, workers=os.cpu_count())`
fn serves(context: &Context<'_>, call: Call<'_>) -> Option<Way> {
    let many = ["workers", "processes"].iter().any(|name| call.keyword(name).is_some_and(|arg| is_many(context, arg.value)));
    many.then(served)
}

/// Whether a number is certainly, or as a rule, above one.
fn is_many(context: &Context<'_>, value: ExprId) -> bool {
    match context.program.constant(context.id, value) {
        Some(Constant::Int(number)) => number > 1,
        Some(_) => false,
        None => {
            let range = context.module.expr(value).range;
            context.module.file.slice(range).contains("cpu_count") || {
                let origins = context.program.origins(context.id, value);
                origins.iter().any(|origin| context.module.file.slice(context.module.expr(*origin).range).contains("cpu_count"))
            }
        }
    }
}

/// A function that is handed to a pool of processes and logs.
fn of_task(context: &Context<'_>, call: Call<'_>, method: &str, position: usize) -> Option<Way> {
    let (program, module) = (context.program, context.module);
    let ExprKind::Attribute { value: receiver, .. } = module.kind(call.func) else { return None };
    let pool = if method == "run_in_executor" { call.positional(0)? } else { *receiver };
    let is_pool = program.resolver(context.id).values(pool).iter().any(|value| match value {
        Value::Instance(Type::External(name)) => {
            name == "multiprocessing.pool.Pool" || knowledge::is_subclass(name, "concurrent.futures.ProcessPoolExecutor")
        }
        _ => false,
    });
    let task = call.positional(position);
    if !is_pool || !runs_logging(context, task) {
        return None;
    }
    let mut run = functions(context, task);
    for made in program.origins(context.id, pool) {
        run.extend(functions(context, module.call(made).and_then(|made| made.keyword("initializer")).map(|arg| arg.value)));
    }
    Some(Way::new("hands work to a pool of processes", run, true))
}

/// `partial(work, option)` is `work`.
fn unwrapped(context: &Context<'_>, callable: ExprId) -> ExprId {
    match context.module.call(callable) {
        Some(call) if context.program.is_external(context.id, call.func, &["functools.partial"]) => call.positional(0).unwrap_or(callable),
        _ => callable,
    }
}

/// The functions that a callable may be.
fn functions(context: &Context<'_>, callable: Option<ExprId>) -> Vec<FunctionRef> {
    let nodes = callable.map(|callable| callables(context.program, context.id, unwrapped(context, callable))).unwrap_or_default();
    nodes.into_iter().map(|node| node.function).collect()
}

/// Whether a callable logs, or cannot be told.
fn runs_logging(context: &Context<'_>, callable: Option<ExprId>) -> bool {
    let Some(callable) = callable else { return false };
    let program = context.program;
    let callable = unwrapped(context, callable);
    let nodes = callables(program, context.id, callable);
    if nodes.is_empty() {
        return program.resolver(context.id).values(callable).iter().any(|value| matches!(value, Value::Unresolved(_)));
    }
    nodes.into_iter().any(|node| logs(program, node))
}

/// Whether a function reaches a log record.
fn logs(program: &Program, node: Node) -> bool {
    let reached = reach(program, node);
    reached.effects.iter().any(|effect| effect.kind == Kind::Logging)
        || reached.unknown.iter().any(|unknown| RECORDS.contains(&unknown.method.as_str()))
}
