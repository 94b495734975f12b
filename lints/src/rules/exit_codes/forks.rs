//! Which code runs in a child made by `os.fork`, in its parent right after it, or in a thread.

use std::cell::RefCell;

use rustc_hash::FxHashMap;

use crate::context::Context;
use crate::module::ir::{CmpOp, ExprId, ExprKind, FunctionId, Name, Slot, StmtId, StmtKind, UnaryOp};
use crate::program::{Type, Value};

/// How many calls are followed back.
const MAX_CALLS: u32 = 5;

/// On which side of a fork something is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Side {
    Child,
    Parent,
}

/// Whether a statement runs in a forked child: by the tests around and before it, or because the child calls its function.
pub(super) fn in_child(context: &Context<'_>, stmt: StmtId) -> bool {
    child(context, stmt, &mut Vec::new())
}

fn child(context: &Context<'_>, stmt: StmtId, open: &mut Vec<FunctionId>) -> bool {
    let by_tests = side_around(context, stmt) == Some(Side::Child) || behind_parent(context, stmt);
    if by_tests
        || behind_exec(context, stmt)
        || context.module.stmt(stmt).function.is_some_and(|function| is_process_start(context, function))
    {
        return true;
    }
    let called = |open: &mut Vec<FunctionId>| {
        called(context, stmt, open, &|context, call, open| child(context, context.module.expr(call).stmt, open))
    };
    kept(context, &context.kept.by_child, stmt, open, called)
}

/// What is asked of the function around a statement, asked once where no other question led there.
fn kept(
    context: &Context<'_>,
    known: &RefCell<FxHashMap<FunctionId, bool>>,
    stmt: StmtId,
    open: &mut Vec<FunctionId>,
    ask: impl Fn(&mut Vec<FunctionId>) -> bool,
) -> bool {
    let Some(function) = context.module.stmt(stmt).function.filter(|_| open.is_empty()) else { return ask(open) };
    if let Some(answer) = known.borrow().get(&function) {
        return *answer;
    }
    let answer = ask(open);
    known.borrow_mut().insert(function, answer);
    answer
}

/// The calls of a file by what they may run.
#[derive(Default)]
pub(crate) struct Calls {
    /// By the functions of the file that they run, where their text does not rule any name out.
    running: FxHashMap<FunctionId, Vec<ExprId>>,
    /// By the names that they may run: which function that is, is asked when the name is.
    named: FxHashMap<Name, Vec<ExprId>>,
}

impl Calls {
    fn new(context: &Context<'_>) -> Self {
        let mut calls = Self::default();
        for call in context.module.calls() {
            let names = RefCell::new(Vec::<Name>::new());
            let any = context.module.may_be_called(call.func, |name| {
                names.borrow_mut().push(name.into());
                false
            });
            if any {
                let mut functions: Vec<FunctionId> = own(context, call.func).collect();
                functions.sort_unstable_by_key(|function| function.0);
                functions.dedup();
                for function in functions {
                    calls.running.entry(function).or_default().push(call.id);
                }
            } else {
                let mut names = names.into_inner();
                names.sort_unstable();
                names.dedup();
                for name in names {
                    calls.named.entry(name).or_default().push(call.id);
                }
            }
        }
        calls
    }

    /// The calls that may run a function, in the order of the text.
    fn of(&self, context: &Context<'_>, function: FunctionId) -> Vec<ExprId> {
        let module = context.module;
        let runs = |call: &ExprId| module.call(*call).is_some_and(|call| own(context, call.func).any(|callee| callee == function));
        let named = self.named.get(&module.function(function).name).into_iter().flatten().copied().filter(runs);
        let mut found: Vec<ExprId> = self.running.get(&function).into_iter().flatten().copied().chain(named).collect();
        found.sort_by_key(|call| module.expr(*call).range.start());
        found
    }
}

/// The functions of the file that a callee may be.
fn own(context: &Context<'_>, func: ExprId) -> impl Iterator<Item = FunctionId> {
    let id = context.id;
    super::callees(context, id, func).into_iter().filter(move |callee| callee.module == id).map(|callee| callee.id)
}

/// Whether any call of the function around a statement is such.
fn called(
    context: &Context<'_>,
    stmt: StmtId,
    open: &mut Vec<FunctionId>,
    is_such: &dyn Fn(&Context<'_>, ExprId, &mut Vec<FunctionId>) -> bool,
) -> bool {
    let Some(function) = context.module.stmt(stmt).function else { return false };
    if open.contains(&function) || open.len() as u32 >= MAX_CALLS {
        return false;
    }
    open.push(function);
    let calls = context.kept.calls.get_or_init(|| Calls::new(context)).of(context, function);
    let found = calls.into_iter().any(|call| is_such(context, call, open));
    open.pop();
    found
}

/// The side that the tests around a statement put it on; the innermost tells.
fn side_around(context: &Context<'_>, stmt: StmtId) -> Option<Side> {
    let module = context.module;
    module.around(stmt).find_map(|(outer, slot)| {
        let (StmtKind::If { branches }, Slot::Branch(index)) = (&module.stmt(outer).kind, slot) else { return None };
        let index = index as usize;
        let own = branches[index].test.and_then(|test| side_where(context, test, true));
        own.or_else(|| branches[..index].iter().find_map(|earlier| side_where(context, earlier.test?, false)))
    })
}

/// The side on which a test has a value.
fn side_where(context: &Context<'_>, test: ExprId, value: bool) -> Option<Side> {
    let module = context.module;
    match module.kind(test) {
        ExprKind::Unary { op: UnaryOp::Not, operand } => side_where(context, *operand, !value),
        ExprKind::BoolOp { is_and, values } if *is_and == value => values.iter().find_map(|part| side_where(context, *part, value)),
        ExprKind::Compare { left, rest } => {
            let [(op, right)] = &**rest else { return None };
            // Who remembers the parent's number asks by it.
            let own =
                |expr: ExprId| module.call(expr).is_some_and(|call| context.program.is_external(context.id, call.func, &["os.getpid"]));
            if matches!(op, CmpOp::Eq | CmpOp::NotEq) && (own(*left) || own(*right)) {
                return Some(if (*op == CmpOp::Eq) == value { Side::Parent } else { Side::Child });
            }
            let zero = |expr: ExprId| {
                context.program.constant(context.id, expr).and_then(|value| value.as_int()) == Some(0)
                    || context.program.is_external(context.id, expr, &["pty.CHILD"])
            };
            let is_child = match op {
                CmpOp::Eq | CmpOp::Is if zero(*right) && is_fork(context, *left) || zero(*left) && is_fork(context, *right) => true,
                CmpOp::NotEq | CmpOp::IsNot | CmpOp::Gt if zero(*right) && is_fork(context, *left) => false,
                CmpOp::NotEq | CmpOp::Lt if zero(*left) && is_fork(context, *right) => false,
                _ => return None,
            };
            Some(if is_child == value { Side::Child } else { Side::Parent })
        }
        _ if is_fork(context, test) => Some(if value { Side::Parent } else { Side::Child }),
        // `in_child = not pid`
        ExprKind::Name(_) => context.program.arrivals(context.id, test).iter().find_map(|arrival| {
            let is_test = |expr: ExprId| matches!(module.kind(expr), ExprKind::Unary { op: UnaryOp::Not, .. } | ExprKind::Compare { .. });
            let is_here = arrival.module == context.id && arrival.expr != test && is_test(arrival.expr);
            is_here.then(|| side_where(context, arrival.expr, value))?
        }),
        _ => None,
    }
}

/// Whether a value is what `os.fork` returned.
fn is_fork(context: &Context<'_>, expr: ExprId) -> bool {
    context.program.arrivals(context.id, expr).iter().any(|arrival| {
        let module = context.program.module(arrival.module);
        let (call, part) = match module.kind(arrival.expr) {
            ExprKind::Subscript { value, .. } => (*value, Some(0)),
            _ => (arrival.expr, arrival.part),
        };
        let Some(call) = module.call(call) else { return false };
        let name = super::last_word(context, arrival.module, call.func).unwrap_or_default();
        match part {
            None => name.trim_start_matches('_') == "fork",
            Some(part) => part == 0 && matches!(name.as_str(), "fork" | "forkpty"),
        }
    })
}

/// Whether a statement stands behind a branch in which the parent left: `if pid: return`.
fn behind_parent(context: &Context<'_>, stmt: StmtId) -> bool {
    let module = context.module;
    let mut at = stmt;
    loop {
        if module.before(at).any(|earlier| parent_leaves(context, earlier)) {
            return true;
        }
        match module.stmt(at).parent {
            Some((outer, _)) if !matches!(module.stmt(outer).kind, StmtKind::Function(_) | StmtKind::Class(_)) => at = outer,
            _ => return false,
        }
    }
}

fn parent_leaves(context: &Context<'_>, stmt: StmtId) -> bool {
    let module = context.module;
    match &module.stmt(stmt).kind {
        StmtKind::If { branches } => branches.iter().enumerate().any(|(index, branch)| {
            let own = branch.test.and_then(|test| side_where(context, test, true));
            let side = own.or_else(|| branches[..index].iter().find_map(|earlier| side_where(context, earlier.test?, false)));
            side == Some(Side::Parent) && ends(context, &branch.body)
        }),
        StmtKind::Try { body, .. } | StmtKind::With { body, .. } => body.iter().any(|inner| parent_leaves(context, *inner)),
        _ => false,
    }
}

/// Whether the process that calls `os.fork` always ends in the branch of the parent, or does nothing there but return, so that only the child goes on.
pub(crate) fn parent_ends(context: &Context<'_>, fork: ExprId) -> bool {
    let module = context.module;
    let stmt = module.expr(fork).stmt;
    let returns_at_once = |block: &[StmtId]| matches!(block, [only] if matches!(module.stmt(*only).kind, StmtKind::Return(_)));
    let branch_ends = |stmt: &StmtId| match &module.stmt(*stmt).kind {
        StmtKind::If { branches } => branches.iter().any(|branch| {
            branch.test.and_then(|test| side_where(context, test, true)) == Some(Side::Parent)
                && (always_exits(context, &branch.body) || returns_at_once(&branch.body))
        }),
        _ => false,
    };
    module.block_of(stmt).iter().skip_while(|other| **other != stmt).any(branch_ends)
}

/// Whether a block always ends the process.
fn always_exits(context: &Context<'_>, block: &[StmtId]) -> bool {
    let module = context.module;
    block.iter().any(|stmt| match &module.stmt(*stmt).kind {
        StmtKind::Try { body, handlers, orelse, finalbody } => {
            always_exits(context, finalbody)
                || (always_exits(context, body) || always_exits(context, orelse))
                    && handlers.iter().all(|handler| always_exits(context, &handler.body))
        }
        StmtKind::With { body, .. } => always_exits(context, body),
        StmtKind::If { branches } => {
            branches.last().is_some_and(|last| last.test.is_none()) && branches.iter().all(|branch| always_exits(context, &branch.body))
        }
        _ => context.exits_at(*stmt).next().is_some(),
    })
}

/// Whether control does not get behind a block: it leaves, or exits.
fn ends(context: &Context<'_>, block: &[StmtId]) -> bool {
    context.module.leaves(block) || block.iter().any(|stmt| context.exits_at(*stmt).next().is_some())
}

/// Whether a statement stands behind a call of `os.exec*` in its function (it is reached only in a child whose program could not be run), or
/// behind a call that has started the same program again in this one's place.
fn behind_exec(context: &Context<'_>, stmt: StmtId) -> bool {
    let module = context.module;
    let Some(function) = module.stmt(stmt).function else { return false };
    let start = module.stmt(stmt).range.start();
    module.code(function).calls.iter().filter(|call| module.expr(**call).range.start() < start).any(|call| {
        let Some(call) = module.call(*call) else { return false };
        let names = super::callee_names(context, context.id, call.func);
        let again = || {
            names.iter().any(|name| name.starts_with("subprocess."))
                && module.within(call.id).any(|(_, expr)| matches!(&expr.kind, ExprKind::Attribute { attr, .. } if attr == "executable"))
        };
        names.iter().any(|name| name.starts_with("os.exec") || name.starts_with("os.posix_exec")) || again()
    })
}

/// Whether a function is what a process of `multiprocessing` runs: its `target`, or the `run` of a subclass.
fn is_process_start(context: &Context<'_>, function: FunctionId) -> bool {
    let (program, module) = (context.program, context.module);
    let data = module.function(function);
    if data.name == "run"
        && let Some(class) = data.class
    {
        let line = program.mro(crate::program::ClassRef { module: context.id, id: class });
        return line.iter().any(|entry| matches!(entry, Type::External(name) if name.ends_with("Process")));
    }
    module.calls().any(|call| {
        module.may_be_named(call.func, |last| last.ends_with("Process"))
            && call.keyword("target").is_some_and(|target| {
                module.may_be_called(target.value, |last| last == data.name.as_str())
                    && super::callees(context, context.id, target.value)
                        .iter()
                        .any(|found| found.module == context.id && found.id == function)
            })
    })
}

/// Whether a statement stands in the parent's branch after a fork, where nothing was printed before: so a daemon's parents end.
pub(super) fn is_parents_end(context: &Context<'_>, stmt: StmtId) -> bool {
    let module = context.module;
    let prints = module.before(stmt).any(|earlier| match module.stmt(earlier).kind {
        StmtKind::Expr(value) => module
            .call(value)
            .is_some_and(|call| super::callee_names(context, context.id, call.func).iter().any(|name| name == "builtins.print")),
        _ => false,
    });
    !prints && side_around(context, stmt) == Some(Side::Parent)
}

// ---- threads

/// Whether a statement runs in a thread that the module starts.
pub(super) fn in_thread(context: &Context<'_>, stmt: StmtId) -> bool {
    let targets = context.threads();
    kept(context, &context.kept.in_thread, stmt, &mut Vec::new(), |open| thread(context, stmt, targets, open))
}

fn thread(context: &Context<'_>, stmt: StmtId, targets: &[FunctionId], open: &mut Vec<FunctionId>) -> bool {
    let Some(function) = context.module.stmt(stmt).function else { return false };
    if targets.contains(&function) {
        return true;
    }
    called(context, stmt, open, &|context, call, open| {
        // A lambda has no statement of its own.
        context.module.expr(call).function.is_some_and(|function| targets.contains(&function))
            || thread(context, context.module.expr(call).stmt, targets, open)
    })
}

/// The functions that threads begin with: `Thread(target=...)`, `Timer`, `submit`, and `run` of subclasses of `Thread`.
pub(crate) fn thread_functions(context: &Context<'_>) -> Vec<FunctionId> {
    let (program, module) = (context.program, context.module);
    let mut found = Vec::new();
    for call in module.calls() {
        // Most calls start nothing; their last word, or no `target`, tells without resolving them.
        let word = super::last_word(context, context.id, call.func).unwrap_or_default().to_ascii_lowercase();
        let starts = ["thread", "timer", "process", "submit", "start_soon", "run_in_executor"].iter().any(|part| word.contains(part));
        if !starts && call.keyword("target").is_none() {
            continue;
        }
        let names = super::callee_names(context, context.id, call.func);
        let is = |known: &[&str]| names.iter().any(|name| known.contains(&name.as_str()));
        let derived = || {
            program
                .resolver(context.id)
                .values(call.func)
                .iter()
                .any(|value| matches!(value, Value::Class(class) if program.derives_from(*class, "threading.Thread")))
        };
        let target = if is(&["threading.Thread", "multiprocessing.dummy.Process"]) || derived() {
            call.keyword("target").map(|arg| arg.value).or_else(|| call.positional(1))
        } else if is(&["threading.Timer"]) {
            call.argument(1, "function")
        } else if is(&["_thread.start_new_thread", "asyncio.to_thread"]) {
            call.positional(0)
        } else {
            let method = super::last_word(context, context.id, call.func).unwrap_or_default();
            match method.as_str() {
                "submit" | "start_soon" | "start_new_thread" => call.positional(0),
                "run_in_executor" => call.positional(1),
                _ if method.to_ascii_lowercase().contains("thread") => call.keyword("target").map(|arg| arg.value),
                _ => None,
            }
        };
        let Some(target) = target else { continue };
        let called = program.resolver(context.id).values(target).into_iter().filter_map(|value| match value {
            Value::Function(function) | Value::Method(function, _) => Some(function),
            Value::Instance(Type::Class(class)) => program.method(class, "__call__"),
            _ => None,
        });
        found.extend(called.filter(|function| function.module == context.id).map(|function| function.id));
    }
    for (id, function) in module.functions() {
        let Some(class) = function.class else { continue };
        let class = crate::program::ClassRef { module: context.id, id: class };
        let is_thread = program.mro(class).iter().any(|entry| match entry {
            Type::External(name) => crate::effects::knowledge::is_subclass(name, "threading.Thread") || name.ends_with("Thread"),
            Type::Class(_) => false,
        });
        if function.name == "run" && is_thread {
            found.push(id);
        }
    }
    found
}
