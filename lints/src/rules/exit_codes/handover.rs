//! Whether a thread tells the others that it ends, and why: then its exit call ends what it should.

use crate::context::Context;
use crate::module::ir::{ExprId, ExprKind, StmtId, StmtKind};
use crate::program::exits::Exit;

/// Calls that wake or end another thread, or the process.
const SIGNALS: &[&str] = &[
    "set",
    "put",
    "put_nowait",
    "interrupt_main",
    "kill",
    "killpg",
    "raise_signal",
    "call_soon_threadsafe",
    "set_exception",
    "notify",
    "notify_all",
    "abort",
    "stop",
    "shutdown",
    "terminate",
];
/// Parts of the names of what is kept for other threads to look at.
const STATES: &[&str] = &[
    "exit", "status", "code", "err", "fail", "exc", "stop", "run", "alive", "dead", "done", "quit", "shutdown", "result", "abort", "finish",
];

/// Whether a statement before an exit call in its block hands the end over: it sets an event, puts something into a queue, sends
/// a signal, or keeps a state where others see it.
pub(super) fn is_handed_over(context: &Context<'_>, exit: &Exit) -> bool {
    let module = context.module;
    module.before(exit.stmt).any(|earlier| {
        let range = module.stmt(earlier).range;
        module.calls().any(|call| range.contains_range(module.expr(call.id).range) && signals(context, call.func))
            || module.stmts().any(|(id, stmt)| range.contains_range(stmt.range) && keeps_state(context, id))
    })
}

fn signals(context: &Context<'_>, func: ExprId) -> bool {
    super::last_word(context, context.id, func).is_some_and(|name| SIGNALS.contains(&name.trim_matches('_')))
}

/// `self.failed = True`, `statuses[worker] = status`, and the same for a global variable.
fn keeps_state(context: &Context<'_>, stmt: StmtId) -> bool {
    let module = context.module;
    let StmtKind::Assign { targets, .. } = &module.stmt(stmt).kind else { return false };
    targets.iter().any(|target| {
        let named = |expr: ExprId| {
            let name = super::last_word(context, context.id, expr).unwrap_or_default().to_ascii_lowercase();
            STATES.iter().any(|state| name.contains(state))
        };
        match module.kind(*target) {
            ExprKind::Subscript { value, .. } => named(*value),
            ExprKind::Attribute { .. } => named(*target),
            ExprKind::Name(name) => named(*target) && is_shared(context, *target, name),
            _ => false,
        }
    })
}

/// Whether a name that is assigned to in a function belongs to the module or to a function around.
fn is_shared(context: &Context<'_>, target: ExprId, name: &str) -> bool {
    let scope = context.module.scope(context.module.expr(target).scope);
    scope.globals.iter().chain(&scope.nonlocals).any(|declared| declared == name)
}
