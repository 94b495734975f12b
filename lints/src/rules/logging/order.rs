//! The order of execution inside a module, as far as it is certain: what runs before what, and whether a `basicConfig` call
//! comes too late to do anything.

use std::cell::OnceCell;

use ruff_text_size::TextRange;

use super::loggers;
use crate::context::Context;
use crate::module::ir::{BinOp, ExprId, ExprKind, FunctionId, Handler, Slot, StmtId, StmtKind};
use crate::module::{Call, Module};
use crate::program::Value;

/// How many calls up an event is looked at.
const MAX_CALLS: usize = 4;

/// A place whose execution brings an event about: the event itself, or a call that leads to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Frame {
    function: Option<FunctionId>,
    expr: ExprId,
}

/// The places that lead to the evaluation of an expression. `certain`: only those that always do.
fn frames(context: &Context<'_>, expr: ExprId, certain: bool) -> Vec<Frame> {
    let module = context.module;
    let mut found = vec![Frame { function: module.expr(expr).function, expr }];
    let mut level = found.clone();
    for _ in 0..MAX_CALLS {
        let mut next = Vec::new();
        for frame in level {
            let Some(function) = frame.function else { continue };
            if certain && !always_runs(module, function, frame.expr) {
                continue;
            }
            for caller in context.program.callers(context.id, function) {
                let frame = Frame { function: module.expr(caller).function, expr: caller };
                if context.program.is_live(context.id, caller) && !found.contains(&frame) {
                    found.push(frame);
                    next.push(frame);
                }
            }
        }
        level = next;
    }
    found
}

/// Whether running a function always evaluates an expression of its body.
fn always_runs(module: &Module, function: FunctionId, expr: ExprId) -> bool {
    let stmt = module.expr(expr).stmt;
    let body = module.function_block(function);
    if module.is_generator(function) || !is_whole(module, expr) {
        return false;
    }
    for top in body {
        if *top == stmt || contains(module, *top, stmt) {
            return unconditional(module, stmt, Some(*top));
        }
        if may_leave(module, *top) {
            return false;
        }
    }
    false
}

fn contains(module: &Module, outer: StmtId, inner: StmtId) -> bool {
    outer == inner || module.around(inner).any(|(around, _)| around == outer)
}

/// Whether a statement may end its function.
fn may_leave(module: &Module, stmt: StmtId) -> bool {
    let range = module.stmt(stmt).range;
    module.stmts().any(|(_, other)| {
        matches!(other.kind, StmtKind::Return(_) | StmtKind::Raise { .. })
            && range.contains_range(other.range)
            && other.function == module.stmt(stmt).function
    })
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
    std::iter::once(second).chain(module.around(second).map(|(around, _)| around)).any(|at| {
        module.before(at).any(|earlier| earlier == first || contains(module, earlier, first) && unconditional(module, first, Some(earlier)))
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
    let earlier = frames(context, earlier, false);
    frames(context, later, false).iter().any(|late| {
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
    all: Vec<Event>,
    /// Whether handlers are taken away somewhere.
    resets: bool,
}

struct Event {
    expr: ExprId,
    /// The places that lead to it.
    frames: OnceCell<Vec<Frame>>,
}

impl<'a> Events<'a> {
    pub(crate) fn new(context: &'a Context<'a>) -> Self {
        let calls = context.module.calls().map(|call| call.id);
        let live = calls.filter(|call| configures_root(context, *call) && context.program.is_live(context.id, *call));
        let all = live.map(|expr| Event { expr, frames: OnceCell::new() }).collect();
        Self { context, all, resets: resets_root(context) }
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
            return self.others(call).map(|event| event.expr).find(|event| leads_straight(self.context, *event, call));
        }
        self.preceding(call, call, 0)
    }

    /// All but the call itself.
    fn others(&self, call: ExprId) -> impl Iterator<Item = &Event> {
        self.all.iter().filter(move |event| event.expr != call)
    }

    fn frames<'e>(&self, event: &'e Event) -> &'e [Frame] {
        event.frames.get_or_init(|| frames(self.context, event.expr, true))
    }

    fn preceding(&self, call: ExprId, at: ExprId, depth: usize) -> Option<ExprId> {
        let (context, module) = (self.context, self.context.module);
        let here = module.expr(at);
        for event in self.others(call) {
            let before = self.frames(event).iter().any(|frame| {
                frame.function == here.function
                    && frame.expr != at
                    && is_whole(module, frame.expr)
                    && dominates(module, module.expr(frame.expr).stmt, here.stmt)
            });
            if before {
                return Some(event.expr);
            }
        }
        let function = here.function?;
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
        // What a module does while it is imported precedes every function that it does not call itself meanwhile.
        let at_import = |frame: &Frame| {
            let stmt = module.expr(frame.expr).stmt;
            frame.function.is_none() && is_whole(module, frame.expr) && unconditional(module, stmt, None)
        };
        callers.iter().all(|caller| module.expr(*caller).function.is_some()).then_some(())?;
        self.others(call).find(|event| self.frames(event).iter().any(at_import)).map(|event| event.expr)
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

/// Whether a function always evaluates one expression before another, and nothing in between may take handlers from the root logger.
fn leads_straight(context: &Context<'_>, first: ExprId, second: ExprId) -> bool {
    let module = context.module;
    let (start, end) = (module.expr(first), module.expr(second));
    if start.function != end.function || !is_whole(module, first) || !dominates(module, start.stmt, end.stmt) {
        return false;
    }
    let is_between = |range: TextRange| range.start() >= start.range.end() && range.end() <= end.range.start();
    let resets = module.calls().filter(|call| is_between(module.expr(call.id).range)).any(|call| {
        let is_own = |value: &Value| match value {
            Value::Function(function) | Value::Method(function, _) => function.module == context.id,
            Value::Class(class) => class.module == context.id,
            _ => false,
        };
        is_reset(module, call) || context.program.resolver(context.id).values(call.func).iter().any(is_own)
    });
    !resets && !module.stmts().any(|(_, stmt)| is_between(stmt.range) && replaces_handlers(module, &stmt.kind))
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

/// Whether the function of a call takes handlers away before it: `removeHandler(...)`, `root.handlers.clear()`.
pub(crate) fn resets_root_before(context: &Context<'_>, call: ExprId) -> bool {
    let module = context.module;
    let here = module.expr(call);
    module.calls().any(|other| {
        let there = module.expr(other.id);
        there.function == here.function
            && there.range.end() <= here.range.start()
            && match module.kind(other.func) {
                ExprKind::Attribute { value, attr, .. } => {
                    attr == "removeHandler" || attr == "clear" && module.is_named(*value, "handlers")
                }
                _ => false,
            }
    })
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
