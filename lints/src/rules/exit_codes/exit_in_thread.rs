//! RL306: `SystemExit` ends the thread that it is raised in, silently; the process lives on. In a pool's worker it is worse: the result never
//! arrives, and who waits for it waits forever.

use ruff_text_size::TextRange;

use super::shown;
use crate::context::{Context, Findings};
use crate::diagnostic::Severity;
use crate::effects::leave::{Leaving, callables, leavings};
use crate::effects::reach::Node;
use crate::module::Call;
use crate::module::ir::{ExprId, Slot, StmtId, StmtKind};
use crate::program::{ClassRef, Type, Value};
use crate::rules::finalizers::described;
use crate::rules::{Family, FixAvailability, Rule};
use crate::trigger::{EXIT, PLAIN_EXIT};

pub(crate) static META: Rule = Rule {
    code: "RL306",
    name: "exit-in-thread",
    family: Family::ExitCodes,
    severity: Severity::Error,
    default: true,
    fix: FixAvailability::None,
    triggers: &[
        &["*Thread", EXIT],
        &["*Thread", PLAIN_EXIT],
        &["Timer(", EXIT],
        &["Timer(", PLAIN_EXIT],
        &["*Pool", EXIT],
        &["*Pool", PLAIN_EXIT],
        &["run_in_executor", EXIT],
        &["run_in_executor", PLAIN_EXIT],
    ],
    former_names: &[],
    page: include_str!("exit_in_thread.md"),
};

/// The names of what starts functions in other threads, besides classes whose names end in `Thread`.
const STARTERS: &[&str] = &[
    "Timer",
    "submit",
    "map",
    "run_in_executor",
    "apply",
    "apply_async",
    "imap",
    "imap_unordered",
    "map_async",
    "starmap",
    "starmap_async",
    "start_new_thread",
];

/// How a function gets into another thread.
struct Task {
    nodes: Vec<Node>,
    /// Where it is started.
    range: TextRange,
    kind: Kind,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// A thread of its own.
    Thread,
    /// A worker of a pool whose caller waits for the result.
    Pool,
    /// A task of an executor whose future nobody asks.
    Future,
}

pub(crate) fn check(context: &Context<'_>, findings: &mut Findings<'_>) {
    let mut seen: Vec<ExprId> = Vec::new();
    for task in tasks(context) {
        for node in task.nodes {
            for leaving in leavings(context.program, node) {
                let exit = &leaving.exit;
                // One finding each, in the file that holds the exit call.
                if leaving.module != context.id || seen.contains(&exit.expr) || asks_for_main_thread(context, &leaving) {
                    continue;
                }
                seen.push(exit.expr);
                report(context, findings, &leaving, task.range, task.kind, node);
            }
        }
    }
}

fn report(context: &Context<'_>, findings: &mut Findings<'_>, leaving: &Leaving, start: TextRange, kind: Kind, node: Node) {
    let exit = shown(context, &leaving.exit);
    let message = match kind {
        Kind::Thread => format!("`{exit}` runs in a thread: only that thread ends, and the process lives on"),
        Kind::Pool => format!("`{exit}` runs in a worker of a pool: its result never arrives, and the caller waits forever"),
        Kind::Future => format!("`{exit}` runs in an executor's thread, and nobody asks for the result: the process lives on"),
    };
    let mut report = findings
        .report(&META, message, context.place(leaving.exit.range))
        .help("raise an exception of your own and let the main thread exit, set an event that it waits for, or use `os._exit` where nothing else is left")
        .related(format!("{} is started here", described(context, node)), context.place(start));
    for hop in &leaving.path {
        let message = format!("{} calls {}", described(context, hop.caller), described(context, hop.callee));
        report = report.related(message, context.place_in(hop.caller.function.module, hop.range));
    }
    let _ = report;
}

/// Whether the exit call, or a call on the way to it, stands under a test for the main thread.
fn asks_for_main_thread(context: &Context<'_>, leaving: &Leaving) -> bool {
    let program = context.program;
    let hops = leaving.path.iter().map(|hop| (hop.caller.function.module, hop.stmt));
    hops.chain([(leaving.module, leaving.exit.stmt)]).any(|(id, stmt)| {
        let module = program.module(id);
        let asks = |test: ExprId| {
            let text = module.file.slice(module.expr(test).range);
            ["main_thread", "MainThread", "current_thread"].iter().any(|word| text.contains(word))
        };
        let tests = |stmt: StmtId| match &module.stmt(stmt).kind {
            StmtKind::If { branches } => branches.iter().filter_map(|branch| branch.test).any(asks),
            _ => false,
        };
        // Around it, or before it where other threads have left already.
        module.before(stmt).any(tests) || module.around(stmt).any(|(outer, slot)| matches!(slot, Slot::Branch(_)) && tests(outer))
    })
}

/// The functions of the module, or of what it imports, that the module starts in other threads.
fn tasks(context: &Context<'_>) -> Vec<Task> {
    let (program, module) = (context.program, context.module);
    let mut tasks = Vec::new();
    for call in module.calls() {
        if let Some((argument, kind)) = started(context, call)
            && program.is_live(context.id, call.id)
        {
            let nodes = callables(program, context.id, argument);
            tasks.push(Task { nodes, range: module.expr(call.id).range, kind });
        }
    }
    for (id, class) in module.classes() {
        let class_ref = ClassRef { module: context.id, id };
        if let Some(run) = program.own_method(class_ref, "run")
            && program.derives_from(class_ref, "threading.Thread")
        {
            let name = class.range.start();
            let range = TextRange::at(name, ruff_text_size::TextSize::of("class"));
            let header =
                module.scope(class.scope).bindings.get("run").and_then(|bindings| bindings.last()).map_or(range, |binding| binding.range);
            tasks.push(Task { nodes: vec![Node { function: run, this: Some(class_ref) }], range: header, kind: Kind::Thread });
        }
    }
    tasks
}

/// The callable that a call starts in another thread.
fn started(context: &Context<'_>, call: Call<'_>) -> Option<(ExprId, Kind)> {
    let module = context.module;
    let starts = |last: &str| last.ends_with("Thread") || STARTERS.contains(&last);
    if !module.may_be_named(call.func, starts) {
        return None;
    }
    for value in context.program.resolver(context.id).values(call.func) {
        let name = match value {
            Value::External(name) => name.to_string(),
            Value::ExternalMethod(class, method) => format!("{class}.{method}"),
            _ => continue,
        };
        let argument = |index: usize, keyword: &str| call.argument(index, keyword);
        let found = match name.as_str() {
            "threading.Thread" => argument(1, "target").map(|target| (target, Kind::Thread)),
            "threading.Timer" => argument(1, "function").map(|target| (target, Kind::Thread)),
            "_thread.start_new_thread" => argument(0, "function").map(|target| (target, Kind::Thread)),
            name => {
                let (class, method) = name.rsplit_once('.')?;
                let pool = matches!(class, "multiprocessing.pool.Pool" | "multiprocessing.pool.ThreadPool" | "multiprocessing.Pool");
                let executor = class.starts_with("concurrent.futures.") && class.ends_with("Executor");
                match method {
                    "map" | "imap" | "imap_unordered" | "starmap" | "apply" | "map_async" | "starmap_async" | "apply_async" if pool => {
                        argument(0, "func").map(|target| (target, Kind::Pool))
                    }
                    "submit" | "map" if executor && is_dropped(context, call) => argument(0, "fn").map(|target| (target, Kind::Future)),
                    "run_in_executor" if is_dropped(context, call) => argument(1, "func").map(|target| (target, Kind::Future)),
                    _ => None,
                }
            }
        };
        if found.is_some() {
            return found;
        }
    }
    None
}

/// Whether nobody keeps what a call yields.
fn is_dropped(context: &Context<'_>, call: Call<'_>) -> bool {
    let module = context.module;
    matches!(module.stmt(module.expr(call.id).stmt).kind, StmtKind::Expr(value) if value == call.id)
        && !matches!(context.program.resolver(context.id).values(call.id).first(), Some(Value::Instance(Type::Class(_))))
}
