//! The order of execution inside a module, as far as it is certain: what runs before what, and whether a `basicConfig` call
//! comes too late to do anything.

use std::cell::{OnceCell, RefCell};

use ruff_text_size::{TextRange, TextSize};
use rustc_hash::{FxHashMap, FxHashSet};

use super::{at_import, loggers};
use crate::context::Context;
use crate::module::ir::{BinOp, ExprId, ExprKind, FunctionId, Handler, Slot, StmtId, StmtKind};
use crate::module::{Call, Module};
use crate::program::Value;

/// How many calls up an event is looked at.
const MAX_CALLS: usize = 4;

/// A place whose execution brings an event about: the event itself, or a call that leads to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Frame {
    function: Option<FunctionId>,
    expr: ExprId,
}

/// The places that lead to the evaluation of an expression. With `leaves`: only those that always do.
fn frames(context: &Context<'_>, expr: ExprId, leaves: Option<&Leaves>) -> Vec<Frame> {
    let module = context.module;
    let mut found = vec![Frame { function: module.expr(expr).function, expr }];
    let mut seen: FxHashSet<Frame> = found.iter().copied().collect();
    let mut level = found.clone();
    for _ in 0..MAX_CALLS {
        let mut next = Vec::new();
        for frame in level {
            let Some(function) = frame.function else { continue };
            if leaves.is_some_and(|leaves| !leaves.always_runs(module, function, frame.expr)) {
                continue;
            }
            for caller in context.program.callers(context.id, function) {
                let frame = Frame { function: module.expr(caller).function, expr: caller };
                if context.program.is_live(context.id, caller) && seen.insert(frame) {
                    found.push(frame);
                    next.push(frame);
                }
            }
        }
        level = next;
    }
    found
}

/// Where functions may end early: the start of the first statement of the body that holds a `return` or a `raise`. Told once for each function.
#[derive(Default)]
struct Leaves(RefCell<FxHashMap<FunctionId, Option<TextSize>>>);

impl Leaves {
    /// Whether running a function always evaluates an expression of its body.
    fn always_runs(&self, module: &Module, function: FunctionId, expr: ExprId) -> bool {
        let stmt = module.expr(expr).stmt;
        if module.is_generator(function) || !is_whole(module, expr) {
            return false;
        }
        let body = module.function_block(function);
        let start = |stmt: StmtId| module.stmt(stmt).range.start();
        let top = outermost(module, stmt);
        // What stands in a class inside the function is in none of its own statements.
        if body.get(body.partition_point(|other| start(*other) < start(top))) != Some(&top) {
            return false;
        }
        let leave =
            *self.0.borrow_mut().entry(function).or_insert_with(|| body.iter().copied().find(|other| may_leave(module, *other)).map(start));
        leave.is_none_or(|leave| leave >= start(top)) && unconditional(module, stmt, Some(top))
    }
}

/// The statement of the function's, or the module's, own block that a statement is or stands in.
fn outermost(module: &Module, stmt: StmtId) -> StmtId {
    module.around(stmt).last().map_or(stmt, |(outer, _)| outer)
}

/// Whether a statement may end its function.
fn may_leave(module: &Module, stmt: StmtId) -> bool {
    let function = module.stmt(stmt).function;
    module
        .stmts_within(std::slice::from_ref(&stmt))
        .any(|(_, other)| matches!(other.kind, StmtKind::Return(_) | StmtKind::Raise { .. }) && other.function == function)
}

/// Whether an expression is all that its statement does, so that it is evaluated whenever that runs.
fn is_whole(module: &Module, expr: ExprId) -> bool {
    match &module.stmt(module.expr(expr).stmt).kind {
        StmtKind::Expr(value) | StmtKind::Assign { value, .. } | StmtKind::Return(Some(value)) => {
            *value == expr || matches!(module.kind(*value), ExprKind::Await(inner) if *inner == expr)
        }
        _ => false,
    }
}

/// Whether a clause catches only what no configuration of logging raises.
fn awaits_others(module: &Module, handler: &Handler) -> bool {
    let is_other = |expr: ExprId| {
        module.dotted(expr).is_some_and(|parts| {
            matches!(parts.last(), Some(&("KeyboardInterrupt" | "SystemExit" | "ImportError" | "ModuleNotFoundError" | "CancelledError")))
        })
    };
    handler.exception.is_some_and(|exception| match module.kind(exception) {
        ExprKind::Tuple(parts) => parts.iter().all(|part| is_other(*part)),
        _ => is_other(exception),
    })
}

/// Whether a statement runs whenever the one around it does (the whole function or module where that is `None`).
fn unconditional(module: &Module, stmt: StmtId, outer: Option<StmtId>) -> bool {
    let mut at = stmt;
    while Some(at) != outer {
        let Some((around, slot)) = module.stmt(at).parent else { return outer.is_none() };
        let certain = match (&module.stmt(around).kind, slot) {
            (StmtKind::With { .. }, Slot::Body) | (StmtKind::Try { .. }, Slot::Finally) => true,
            (StmtKind::Try { body, handlers, .. }, Slot::Body) => {
                let first = body.first() == Some(&at);
                handlers.iter().all(|handler| module.leaves(&handler.body) || first && awaits_others(module, handler))
            }
            _ => false,
        };
        if !certain {
            return false;
        }
        at = around;
    }
    true
}

/// Whether one statement has run whenever another of the same function does.
pub(crate) fn dominates(module: &Module, first: StmtId, second: StmtId) -> bool {
    always_with(module, first).any(|earlier| precedes(module, earlier, second))
}

/// A statement, and those around it that never run without it.
fn always_with(module: &Module, stmt: StmtId) -> impl Iterator<Item = StmtId> {
    let around = std::iter::once(stmt).chain(module.around(stmt).map(|(outer, _)| outer));
    around.take_while(move |outer| unconditional(module, stmt, Some(*outer)))
}

/// Whether a statement stands in front of another one, or of one around that, in the same block. The body of a class is none.
fn precedes(module: &Module, earlier: StmtId, stmt: StmtId) -> bool {
    let place = |stmt: StmtId| module.stmt(stmt);
    let mut blocks = std::iter::once(stmt).chain(module.around(stmt).map(|(outer, _)| outer));
    blocks.any(|at| {
        place(at).parent == place(earlier).parent
            && place(earlier).range.start() < place(at).range.start()
            && !module.block_of(at).is_empty()
    })
}

/// Whether two statements stand in branches of which only one runs.
pub(crate) fn exclusive(module: &Module, first: StmtId, second: StmtId) -> bool {
    let slots = |stmt: StmtId| module.around(stmt).collect::<Vec<_>>();
    let others = slots(second);
    slots(first).into_iter().any(|(outer, slot)| {
        others.iter().any(|(other, other_slot)| {
            *other == outer
                && *other_slot != slot
                && matches!((slot, *other_slot), (Slot::Branch(_), Slot::Branch(_)) | (Slot::Case(_), Slot::Case(_)))
        })
    })
}

/// Whether an expression may be evaluated after another in the same run.
pub(crate) fn may_follow(context: &Context<'_>, later: ExprId, earlier: ExprId) -> bool {
    let module = context.module;
    let earlier = frames(context, earlier, None);
    frames(context, later, None).iter().any(|late| {
        earlier.iter().any(|early| {
            let (first, second) = (module.expr(early.expr), module.expr(late.expr));
            early.function == late.function
                && first.range.end() <= second.range.start()
                && !exclusive(module, first.stmt, second.stmt)
                && !module.leaves(between(module, first.stmt, second.stmt))
        })
    })
}

/// The statements between two of the same block; none where they stand in different ones.
fn between(module: &Module, first: StmtId, second: StmtId) -> &[StmtId] {
    let block = module.block_of(first);
    let at = |stmt| block.iter().position(|other| *other == stmt);
    match (at(first), at(second)) {
        (Some(first), Some(second)) if first < second => &block[first + 1..second],
        _ => &[],
    }
}

/// What gives the root logger a handler in a module; each call that configures logging asks for it.
pub(crate) struct Events<'a> {
    context: &'a Context<'a>,
    /// The calls that do, in the order of the text.
    all: Vec<ExprId>,
    ways: OnceCell<Ways>,
    barriers: OnceCell<Vec<TextRange>>,
    imports: OnceCell<Vec<StmtId>>,
    /// Whether handlers are taken away somewhere.
    resets: bool,
}

/// The block that a statement stands in.
type Block = Option<(StmtId, Slot)>;

/// The places that lead to the events of a module.
#[derive(Default)]
struct Ways {
    /// Those that have led to their event when control gets behind them, by the function and by the block, in the order of the events.
    behind: FxHashMap<(Option<FunctionId>, Block), Behind>,
    /// The events that certainly happen while the module is imported, in the order of the text.
    at_import: Vec<ExprId>,
}

/// What leads to events in one block.
struct Behind {
    /// Where the first of these statements starts.
    first: TextSize,
    all: Vec<Way>,
}

/// A statement that leads to an event.
struct Way {
    /// The event, by its place in the order of the events.
    event: usize,
    /// The place that leads to it.
    frame: ExprId,
    /// Where the statement starts: that of the frame, or one around it that never runs without it.
    start: TextSize,
}

impl Ways {
    fn new(context: &Context<'_>, events: &[ExprId]) -> Self {
        let module = context.module;
        let (leaves, mut ways) = (Leaves::default(), Self::default());
        for (index, event) in events.iter().enumerate() {
            let frames = frames(context, *event, Some(&leaves));
            for frame in frames.iter().filter(|frame| is_whole(module, frame.expr)) {
                for stmt in always_with(module, module.expr(frame.expr).stmt) {
                    let data = module.stmt(stmt);
                    let start = data.range.start();
                    let behind =
                        ways.behind.entry((frame.function, data.parent)).or_insert_with(|| Behind { first: start, all: Vec::new() });
                    behind.first = behind.first.min(start);
                    behind.all.push(Way { event: index, frame: frame.expr, start });
                }
            }
            // What a module does while it is imported precedes every function that it does not call itself meanwhile.
            let at_import = |frame: &Frame| {
                let stmt = module.expr(frame.expr).stmt;
                frame.function.is_none() && is_whole(module, frame.expr) && unconditional(module, stmt, None)
            };
            if frames.iter().any(at_import) {
                ways.at_import.push(*event);
            }
        }
        ways
    }
}

impl<'a> Events<'a> {
    pub(crate) fn new(context: &'a Context<'a>) -> Self {
        let calls = context.module.calls().map(|call| call.id);
        let all = calls.filter(|call| configures_root(context, *call) && context.program.is_live(context.id, *call)).collect();
        Self { context, all, ways: OnceCell::new(), barriers: OnceCell::new(), imports: OnceCell::new(), resets: resets_root(context) }
    }

    /// Whether anything in the module may take handlers from the root logger.
    pub(crate) fn resets(&self) -> bool {
        self.resets
    }

    /// The event that makes a `basicConfig` call do nothing: one that has certainly given the root logger a handler before.
    pub(crate) fn before(&self, call: ExprId) -> Option<ExprId> {
        if self.others(call).next().is_none() || asks_for_handlers(self.context, call) {
            return None;
        }
        // Where handlers are taken away somewhere, only what runs straight from one call to the other is certain.
        if self.resets {
            return self.others(call).find(|event| self.leads_straight(*event, call));
        }
        self.preceding(call, call, 0)
    }

    /// The import statements at the top of the module.
    pub(super) fn imports(&self) -> &[StmtId] {
        self.imports.get_or_init(|| at_import::imports(self.context))
    }

    /// All but the call itself.
    fn others(&self, call: ExprId) -> impl Iterator<Item = ExprId> {
        self.all.iter().copied().filter(move |event| *event != call)
    }

    fn ways(&self) -> &Ways {
        self.ways.get_or_init(|| Ways::new(self.context, &self.all))
    }

    /// Whether a function always evaluates one expression before another, and nothing in between may take handlers from the root logger.
    fn leads_straight(&self, first: ExprId, second: ExprId) -> bool {
        let module = self.context.module;
        let (start, end) = (module.expr(first), module.expr(second));
        if start.function != end.function || !is_whole(module, first) || !dominates(module, start.stmt, end.stmt) {
            return false;
        }
        let (from, to) = (start.range.end(), end.range.start());
        let barriers = self.barriers.get_or_init(|| barriers(self.context));
        let behind = &barriers[barriers.partition_point(|range| range.start() < from)..];
        !behind.iter().take_while(|range| range.start() < to).any(|range| range.end() <= to)
    }

    /// The first event but the call itself that has certainly happened when control gets to a place, by what stands in front of that in its function.
    fn in_front(&self, call: ExprId, at: ExprId) -> Option<ExprId> {
        let module = self.context.module;
        let here = module.expr(at);
        let blocks = std::iter::once(here.stmt).chain(module.around(here.stmt).map(|(outer, _)| outer));
        let first = |stmt: StmtId| {
            let data = module.stmt(stmt);
            let start = data.range.start();
            // The body of a class is no block.
            if module.block_of(stmt).is_empty() {
                return None;
            }
            let behind = self.ways().behind.get(&(here.function, data.parent)).filter(|behind| behind.first < start)?;
            behind.all.iter().find(|way| way.start < start && way.frame != at && self.all[way.event] != call).map(|way| way.event)
        };
        blocks.filter_map(first).min().map(|event| self.all[event])
    }

    fn preceding(&self, call: ExprId, at: ExprId, depth: usize) -> Option<ExprId> {
        let (context, module) = (self.context, self.context.module);
        if let Some(event) = self.in_front(call, at) {
            return Some(event);
        }
        let function = module.expr(at).function?;
        if depth >= MAX_CALLS {
            return None;
        }
        let callers: Vec<ExprId> = context
            .program
            .callers(context.id, function)
            .into_iter()
            .filter(|caller| module.expr(*caller).function != Some(function))
            .collect();
        let from_callers: Option<Vec<ExprId>> = callers.iter().map(|caller| self.preceding(call, *caller, depth + 1)).collect();
        if let Some(first) = from_callers.as_ref().and_then(|found| found.first()) {
            return Some(*first);
        }
        callers.iter().all(|caller| module.expr(*caller).function.is_some()).then_some(())?;
        self.ways().at_import.iter().copied().find(|event| *event != call)
    }
}

/// Whether a call gives the root logger a handler where it has none.
pub(crate) fn configures_root(context: &Context<'_>, call: ExprId) -> bool {
    const CALLS: &[&str] =
        &["basicConfig", "debug", "info", "warning", "warn", "error", "exception", "critical", "fatal", "log", "addHandler"];
    let Some(call) = context.module.call(call) else { return false };
    if !context.module.may_be_called(call.func, |last| CALLS.contains(&last)) {
        return false;
    }
    context.program.resolver(context.id).values(call.func).iter().any(|value| match value {
        Value::External(name) => match name.as_str() {
            "logging.basicConfig" => !call.keyword("handlers").is_some_and(
                |arg| matches!(context.module.kind(arg.value), ExprKind::List(parts) | ExprKind::Tuple(parts) if parts.is_empty()),
            ),
            "logging.debug" | "logging.info" | "logging.warning" | "logging.warn" | "logging.error" | "logging.exception"
            | "logging.critical" | "logging.fatal" | "logging.log" => true,
            _ => false,
        },
        Value::ExternalMethod(_, method) if method == "addHandler" => {
            receiver(context, call.func).is_some_and(|owner| loggers::identities(context, owner) == [loggers::Identity::Root])
        }
        _ => false,
    })
}

fn receiver(context: &Context<'_>, func: ExprId) -> Option<ExprId> {
    match context.module.kind(func) {
        ExprKind::Attribute { value, .. } => Some(*value),
        _ => None,
    }
}

/// What may take handlers from the root logger, or call what does: calls, and statements that replace handlers, in the order of the text.
fn barriers(context: &Context<'_>) -> Vec<TextRange> {
    let module = context.module;
    let is_own = |value: &Value| match value {
        Value::Function(function) | Value::Method(function, _) => function.module == context.id,
        Value::Class(class) => class.module == context.id,
        _ => false,
    };
    let calls = module
        .calls()
        .filter(|call| is_reset(module, *call) || context.program.resolver(context.id).values(call.func).iter().any(is_own))
        .map(|call| module.expr(call.id).range);
    let stmts = module.stmts().filter(|(_, stmt)| replaces_handlers(module, &stmt.kind)).map(|(_, stmt)| stmt.range);
    let mut found: Vec<TextRange> = calls.chain(stmts).collect();
    found.sort_unstable_by_key(|range| range.start());
    found
}

/// Whether anything in the module may take handlers from the root logger.
fn resets_root(context: &Context<'_>) -> bool {
    let module = context.module;
    module.calls().any(|call| is_reset(module, call)) || module.stmts().any(|(_, stmt)| replaces_handlers(module, &stmt.kind))
}

/// `logger.handlers`, `logger.handlers[:]`
fn is_handlers(module: &Module, expr: ExprId) -> bool {
    match module.kind(expr) {
        ExprKind::Attribute { attr, .. } => attr == "handlers",
        ExprKind::Subscript { value, .. } => matches!(module.kind(*value), ExprKind::Attribute { attr, .. } if attr == "handlers"),
        _ => false,
    }
}

/// Whether a call may take handlers away.
fn is_reset(module: &Module, call: Call<'_>) -> bool {
    match module.kind(call.func) {
        ExprKind::Attribute { value, attr, .. } => match attr.as_str() {
            "removeHandler" | "dictConfig" | "fileConfig" => true,
            "clear" | "pop" | "remove" => is_handlers(module, *value),
            _ => false,
        },
        ExprKind::Name(name) => name == "dictConfig" || name == "fileConfig",
        _ => false,
    }
}

fn replaces_handlers(module: &Module, stmt: &StmtKind) -> bool {
    match stmt {
        StmtKind::Assign { targets, .. } | StmtKind::Delete(targets) => targets.iter().any(|target| is_handlers(module, *target)),
        StmtKind::AugAssign { target, op: BinOp::Sub, .. } => is_handlers(module, *target),
        _ => false,
    }
}

/// Where each function, and the module outside of them, first takes handlers away: `removeHandler(...)`, `root.handlers.clear()`.
pub(crate) struct Resets(FxHashMap<Option<FunctionId>, TextSize>);

impl Resets {
    pub(crate) fn of(module: &Module) -> Self {
        let takes_away = |call: &Call<'_>| match module.kind(call.func) {
            ExprKind::Attribute { value, attr, .. } => attr == "removeHandler" || attr == "clear" && module.is_named(*value, "handlers"),
            _ => false,
        };
        let mut ends: FxHashMap<Option<FunctionId>, TextSize> = FxHashMap::default();
        for call in module.calls().filter(takes_away) {
            let expr = module.expr(call.id);
            let end = ends.entry(expr.function).or_insert(expr.range.end());
            *end = expr.range.end().min(*end);
        }
        Self(ends)
    }

    /// Whether the function of a call does so before it.
    pub(crate) fn come_before(&self, module: &Module, call: ExprId) -> bool {
        let here = module.expr(call);
        self.0.get(&here.function).is_some_and(|end| *end <= here.range.start())
    }
}

/// Whether a call stands behind a test for handlers: `if not root.handlers`, `if not root.hasHandlers()`.
pub(crate) fn asks_for_handlers(context: &Context<'_>, call: ExprId) -> bool {
    let module = context.module;
    let stmt = module.expr(call).stmt;
    module.around(stmt).any(|(outer, slot)| match (&module.stmt(outer).kind, slot) {
        (StmtKind::If { branches }, Slot::Branch(at)) => branches[..=at as usize].iter().filter_map(|branch| branch.test).any(|test| {
            let text = module.file.slice(module.expr(test).range);
            text.contains("handlers") || text.contains("hasHandlers")
        }),
        _ => false,
    })
}
