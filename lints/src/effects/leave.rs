//! Which exit calls a function reaches, and by which calls: what is asked of a thread's target, of a callback, of a `try`.

use super::reach::{Hop, Node, reach};
use crate::module::Module;
use crate::module::ir::{ExprId, ExprKind, Handler, Slot, StmtId, StmtKind};
use crate::program::exits::{EXIT_TEXTS, Exit, ExitKind};
use crate::program::{ModuleId, Program, Value};

/// An exit call that a function reaches.
#[derive(Clone, Debug)]
pub(crate) struct Leaving {
    pub(crate) module: ModuleId,
    pub(crate) exit: Exit,
    /// The calls that lead to the function that makes it.
    pub(crate) path: Vec<Hop>,
}

/// The exit calls that raise `SystemExit` in a function or in what it calls, nearest first, where no clause on the way catches that.
pub(crate) fn leavings(program: &Program, start: Node) -> Vec<Leaving> {
    program.scanning(EXIT_TEXTS, || {
        let reached = reach(program, start);
        let mut found = Vec::new();
        for (node, path) in reached.nodes.iter().zip(&reached.ways) {
            let id = node.function.module;
            if path.iter().any(|hop| catcher(program, hop.caller.function.module, hop.stmt).is_some()) || is_switched_off(program, path) {
                continue;
            }
            let module = program.module(id);
            let asked_for = |stmt: StmtId| path.last().is_none_or(|hop| !needs_what_is_not_given(program, hop, stmt));
            for exit in program.exits_of(id).iter().filter(|exit| raises(exit)) {
                let own = module.expr(exit.expr).function == Some(node.function.id);
                if own && catcher(program, id, exit.stmt).is_none() && asked_for(exit.stmt) {
                    found.push(Leaving { module: id, exit: *exit, path: path.clone() });
                }
            }
        }
        found.sort_by_key(|leaving| leaving.path.len());
        found
    })
}

/// Whether a call on a way stands in a branch that the call before it does not ask for.
fn is_switched_off(program: &Program, path: &[Hop]) -> bool {
    path.windows(2).any(|pair| needs_what_is_not_given(program, &pair[0], pair[1].stmt))
}

/// Whether a statement of the function that a call runs stands in a branch for which the call would have to pass an argument, and does not:
/// `if dump:` where `dump=None` is the default.
fn needs_what_is_not_given(program: &Program, hop: &Hop, stmt: StmtId) -> bool {
    let callee = hop.callee.function;
    let (module, outer) = (program.module(callee.module), program.module(hop.caller.function.module));
    let mut calls = outer.code(hop.caller.function.id).calls.iter();
    let Some(call) = calls.find(|call| outer.expr(**call).range == hop.range).and_then(|call| outer.call(*call)) else { return false };
    let params = &module.function(callee.id).params;
    let off = |name: &str| {
        params.iter().position(|param| param.name == name).is_some_and(|index| {
            let falsy =
                params[index].default.and_then(|default| program.constant(callee.module, default)).is_some_and(|value| !value.truth());
            // A method's `self` is not among the arguments; one argument more than there are is none.
            falsy
                && call.keyword(name).is_none()
                && call.positional(index).is_none()
                && (module.function(callee.id).class.is_none() || index == 0 || call.positional(index - 1).is_none())
        })
    };
    module.around(stmt).any(|(outer, slot)| match (&module.stmt(outer).kind, slot) {
        (StmtKind::If { branches }, Slot::Branch(index)) => {
            branches.get(index as usize).and_then(|branch| branch.test).is_some_and(|test| is_false(module, test, &off))
        }
        _ => false,
    })
}

/// Whether a test is false where these names are.
fn is_false(module: &Module, test: ExprId, off: &dyn Fn(&str) -> bool) -> bool {
    match module.kind(test) {
        ExprKind::Name(name) => off(name),
        ExprKind::BoolOp { is_and: true, values } => values.iter().any(|value| is_false(module, *value, off)),
        ExprKind::BoolOp { is_and: false, values } => values.iter().all(|value| is_false(module, *value, off)),
        _ => false,
    }
}

/// Whether an exit call raises `SystemExit` right there.
pub(crate) fn raises(exit: &Exit) -> bool {
    matches!(exit.kind, ExitKind::SysExit | ExitKind::SystemExit | ExitKind::Site)
}

/// The clause that catches a `SystemExit` of a statement, within its function: the `try` with the clause's number.
pub(crate) fn catcher(program: &Program, id: ModuleId, stmt: StmtId) -> Option<(StmtId, usize)> {
    let module = program.module(id);
    module.around(stmt).find_map(|(outer, slot)| match (&module.stmt(outer).kind, slot) {
        (StmtKind::Try { handlers, .. }, Slot::Body) => {
            let index = handlers.iter().position(|handler| catches_exit(program, id, handler))?;
            Some((outer, index))
        }
        (StmtKind::With { items, .. }, Slot::Body) => {
            items.iter().any(|item| suppresses_exit(program, id, item.context)).then_some((outer, 0))
        }
        _ => None,
    })
}

/// Whether an `except` clause catches `SystemExit`.
pub(crate) fn catches_exit(program: &Program, id: ModuleId, handler: &Handler) -> bool {
    handler.exception.is_none_or(|exception| names_exit(program, id, exception))
}

/// Whether a class, or one of a tuple of classes, is `SystemExit` or its base.
pub(crate) fn names_exit(program: &Program, id: ModuleId, classes: ExprId) -> bool {
    match program.module(id).kind(classes) {
        ExprKind::Tuple(classes) => classes.iter().any(|class| is_exit_class(program, id, *class)),
        _ => is_exit_class(program, id, classes),
    }
}

fn is_exit_class(program: &Program, id: ModuleId, class: ExprId) -> bool {
    program.is_external(id, class, &["builtins.SystemExit", "builtins.BaseException"])
}

/// `contextlib.suppress(SystemExit)`
pub(crate) fn suppresses_exit(program: &Program, id: ModuleId, context: ExprId) -> bool {
    let module = program.module(id);
    module.call(context).is_some_and(|call| {
        program.is_external(id, call.func, &["contextlib.suppress"]) && call.args.iter().any(|arg| is_exit_class(program, id, arg.value))
    })
}

/// The functions that an expression, passed as a callable, may be; with the class of `self` for methods.
pub(crate) fn callables(program: &Program, id: ModuleId, expr: ExprId) -> Vec<Node> {
    let module = program.module(id);
    let this = module.expr(expr).function.and_then(|function| module.class_around(function));
    let this = this.map(|class| crate::program::ClassRef { module: id, id: class });
    let mut found = Vec::new();
    for value in program.resolver(id).values(expr) {
        match value {
            Value::Function(function) => {
                let outer = program.function(function).outer.is_some();
                found.push(Node { function, this: this.filter(|_| outer) });
            }
            Value::Method(function, crate::program::Type::Class(class)) => found.push(Node { function, this: Some(class) }),
            Value::Instance(crate::program::Type::Class(class)) => {
                found.extend(program.method(class, "__call__").map(|function| Node { function, this: Some(class) }));
            }
            _ => {}
        }
    }
    found
}
