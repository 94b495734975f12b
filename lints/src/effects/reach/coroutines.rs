//! Coroutines: a call makes one, and whoever awaits it runs it. What a task does later is not what the function does that makes it.

use super::{Effect, Node, Search, knowledge};
use crate::module::ir::{ExprId, ExprKind, StmtKind};
use crate::module::{Call, Module};

/// What runs a coroutine later, or in another thread.
const SCHEDULING: &[&str] =
    &["create_task", "ensure_future", "run_coroutine_threadsafe", "gather", "start_soon", "spawn", "call_soon", "call_soon_threadsafe"];

/// How many calls behind a coroutine's are looked at.
const MAX_AROUND: usize = 8;

impl Search<'_> {
    /// Whether a call of a coroutine function is the argument of what runs it later.
    pub(super) fn is_scheduled(&self, node: Node, coroutine: ExprId) -> bool {
        let module = self.program.module(node.function.module);
        // The calls are in the order in which they end: what a call is an argument of comes soon behind it.
        let calls = &module.code(node.function.id).calls;
        let behind = calls.partition_point(|call| call.0 <= coroutine.0);
        calls[behind..].iter().take(MAX_AROUND).filter_map(|call| module.call(*call)).any(|call| {
            SCHEDULING.iter().any(|name| module.is_named(call.func, name)) && call.args.iter().any(|arg| arg.value == coroutine)
        })
    }
}

/// Whether a library's method only makes a coroutine, and the call is thrown away.
pub(super) fn is_lost(module: &Module, call: Call<'_>, name: &str) -> bool {
    knowledge::is_coroutine(name) && matches!(module.stmt(module.expr(call.id).stmt).kind, StmtKind::Expr(whole) if whole == call.id)
}

/// What a method of a loop does, where only the name says that the object is one: `self.loop.create_task(...)`.
pub(super) fn of_loop(module: &Module, receiver: ExprId, method: &str) -> Option<Effect> {
    let (ExprKind::Name(name) | ExprKind::Attribute { attr: name, .. }) = module.kind(receiver) else { return None };
    let is_loop = matches!(name.trim_matches('_'), "loop" | "event_loop" | "eventloop" | "ioloop" | "io_loop" | "asyncio_loop");
    let schedules = matches!(
        method,
        "run_until_complete" | "create_task" | "call_soon" | "call_soon_threadsafe" | "call_later" | "call_at" | "run_in_executor"
    );
    if is_loop && schedules { knowledge::method_effect("asyncio.AbstractEventLoop", method).flatten() } else { None }
}
