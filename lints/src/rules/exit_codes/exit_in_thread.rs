//! RL306: `SystemExit` ends the thread that it is raised in, silently; the process lives on. In a pool's worker it is worse: the result never
//! arrives, and who waits for it waits forever.

use ruff_text_size::{TextRange, TextSize};

use super::{handover, shown, users};
use crate::context::{Context, Findings};
use crate::diagnostic::Severity;
use crate::effects::leave::{Leaving, callables, leavings, raises};
use crate::effects::reach::Node;
use crate::module::Call;
use crate::module::ir::{ExprId, Slot, StmtId, StmtKind};
use crate::program::{ClassRef, ModuleId, Type, Value};
use crate::rules::finalizers::described;
use crate::rules::{Family, FixAvailability, Rule};
use crate::trigger::{EXIT, LIBRARY_EXIT, PLAIN_EXIT};

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
        // Others may start the functions of a library.
        &[LIBRARY_EXIT],
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
/// A word in each name that [`starts`].
const STARTS: &[&str] = &["Thread", "Timer", "submit", "map", "run_in_executor", "apply", "start_new_thread"];

/// The texts without which no module starts a function of another in a thread.
const WORDS: &[&str] = &["Thread", "Timer(", "Pool", "Executor", "run_in_executor"];

/// How a function gets into another thread.
struct Task {
    nodes: Vec<Node>,
    /// Where it is started: a module, and a place in it.
    home: ModuleId,
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
    let leaves = context.exits().iter().any(|exit| raises(exit) && context.module.expr(exit.expr).function.is_some());
    // What tests do in threads they do to see it.
    if !leaves || context.is_test() {
        return;
    }
    let mut seen: Vec<ExprId> = Vec::new();
    look_at(context, findings, &tasks(context), &mut seen);
    for user in users::users(context, WORDS) {
        look_at(context, findings, &tasks(&context.at(user)), &mut seen);
    }
}

/// Reports the exit calls of the file that tasks reach.
fn look_at(context: &Context<'_>, findings: &mut Findings<'_>, tasks: &[Task], seen: &mut Vec<ExprId>) {
    for task in tasks {
        for node in &task.nodes {
            for leaving in leavings(context.program, *node) {
                let exit = &leaving.exit;
                // One finding each, in the file that holds the exit call.
                if leaving.module != context.id || seen.contains(&exit.expr) || asks_for_main_thread(context, &leaving) {
                    continue;
                }
                seen.push(exit.expr);
                if !handover::is_handed_over(context, exit) {
                    report(context, findings, &leaving, task, *node);
                }
            }
        }
    }
}

fn report(context: &Context<'_>, findings: &mut Findings<'_>, leaving: &Leaving, task: &Task, node: Node) {
    let exit = shown(context, &leaving.exit);
    let message = match task.kind {
        Kind::Thread => format!("`{exit}` runs in a thread: only that thread ends, and the process lives on"),
        Kind::Pool => format!("`{exit}` runs in a worker of a pool: its result never arrives, and the caller waits forever"),
        Kind::Future => format!("`{exit}` runs in an executor, and nobody asks for the result: the process lives on"),
    };
    let mut report = findings
        .report(&META, message, context.place(leaving.exit.range))
        .help("raise an exception of your own and let the main thread exit, set an event that it waits for, or use `os._exit` where nothing else is left")
        .related(format!("{} is started here", described(context, node)), context.place_in(task.home, task.range));
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

/// The functions that a module starts in other threads: its own, and those of what it imports.
fn tasks(context: &Context<'_>) -> Vec<Task> {
    let (program, module) = (context.program, context.module);
    let mut tasks = Vec::new();
    let home = context.id;
    for call in module.calls_that_may_be(STARTS, starts) {
        if let Some((argument, kind)) = started(context, call)
            && program.is_live(home, call.id)
        {
            let nodes = callables(program, home, argument);
            tasks.push(Task { nodes, home, range: module.expr(call.id).range, kind });
        }
    }
    let mut leading = None;
    for (id, class) in module.classes().filter(|(_, class)| !class.bases.is_empty()) {
        let bindings = &module.scope(class.scope).bindings;
        let own = bindings.get("run").and_then(|bindings| bindings.last());
        // A base of another module may run what this class has instead of the base's.
        let leads = || {
            let names = leading.get_or_insert_with(|| users::leading_names(context));
            names.iter().any(|name| bindings.contains_key(*name))
        };
        let class_ref = ClassRef { module: home, id };
        if (own.is_some() || { leads }())
            && program.derives_from(class_ref, "threading.Thread")
            && let Some(function) = program.method(class_ref, "run")
        {
            let range = own.map_or(TextRange::at(class.range.start(), TextSize::of("class")), |binding| binding.range);
            tasks.push(Task { nodes: vec![Node { function, this: Some(class_ref) }], home, range, kind: Kind::Thread });
        }
    }
    tasks
}

fn starts(last: &str) -> bool {
    last.ends_with("Thread") || STARTERS.contains(&last)
}

/// The callable that a call starts in another thread.
fn started(context: &Context<'_>, call: Call<'_>) -> Option<(ExprId, Kind)> {
    for value in context.program.resolver(context.id).values(call.func) {
        let name = match value {
            Value::External(name) => name.to_string(),
            Value::ExternalMethod(class, method) => format!("{class}.{method}"),
            Value::Class(class) if context.program.derives_from(class, "threading.Thread") => {
                return call.keyword("target").map(|target| (target.value, Kind::Thread));
            }
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
