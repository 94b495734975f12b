//! RL3xx: exit codes.
//!
//! What the rules share: which codes are 0, how an exit call is named in a message, and (in the modules below) what a handler
//! is for, where an error is reported, and which code runs in a forked child.

pub(crate) mod exit_code_range;
pub(crate) mod exit_count;
pub(crate) mod exit_in_callback;
pub(crate) mod exit_in_finally;
pub(crate) mod exit_in_library;
pub(crate) mod exit_in_thread;
pub(crate) mod exit_non_integer;
pub(crate) mod exit_reserved_code;
pub(crate) mod exit_status_dropped;
pub(crate) mod exit_swallowed;
pub(crate) mod exit_wait_status;
pub(crate) mod exit_zero_on_failure;
pub(crate) mod forks;
pub(crate) mod handlers;
pub(crate) mod handover;
pub(crate) mod kinds;
pub(crate) mod main_swallows_failure;
pub(crate) mod os_exit;
pub(crate) mod own_status;
pub(crate) mod polarity;
pub(crate) mod reports;
pub(crate) mod site_exit;
pub(crate) mod statuses;
pub(crate) mod users;

use std::cell::{OnceCell, RefCell};

use rustc_hash::{FxHashMap, FxHashSet};

use crate::context::Context;
use crate::effects::leave;
use crate::module::ir::{CmpOp, ExprId, ExprKind, FunctionId, Name, Slot, StmtId, StmtKind, WithItem};
use crate::program::constants::Constant;
use crate::program::exits::{Code, Exit, ExitKind};
use crate::program::flow::Arrival;
use crate::program::{FunctionRef, ModuleId, Value};
use crate::trigger::EXIT;

/// Without an exit no file can end the process. Those with a plain code (`sys.exit(1)`) are not among them (see `trigger`).
pub(crate) const TRIGGERS: super::Triggers = &[&[EXIT]];

/// An expression of a module.
type Place = (ModuleId, ExprId);

/// Answers that one exit call's question shares with another's.
#[derive(Default)]
pub(crate) struct Kept {
    /// The `try` statements whose `finally` always ends in an exit call.
    overruling: OnceCell<FxHashSet<StmtId>>,
    /// The calls that may run functions.
    calls: OnceCell<forks::Calls>,
    /// The last words of what is registered for signals.
    on_signals: OnceCell<FxHashSet<Name>>,
    /// What fails among the commands that are kept under an attribute of a module's parsed arguments.
    of_commands: RefCell<FxHashMap<(ModuleId, Name), Option<Place>>>,
    /// Whether functions run in a thread.
    in_thread: RefCell<FxHashMap<FunctionId, bool>>,
    /// Whether functions are called by a forked child.
    by_child: RefCell<FxHashMap<FunctionId, bool>>,
}

/// An exit call as a message names it: `raise SystemExit(2)`, `sys.exit(main())`.
pub(crate) fn shown(context: &Context<'_>, exit: &Exit) -> String {
    let snippet = context.module.snippet(exit.expr);
    let raised = exit.kind == ExitKind::SystemExit || exit.kind == ExitKind::Framework && !snippet.contains(".exit(");
    if raised { format!("raise {snippet}") } else { snippet }
}

/// The expression of the code, where the call itself holds it: what a helper takes by default is the helper's own matter.
pub(crate) fn own_code(context: &Context<'_>, exit: &Exit) -> Option<ExprId> {
    exit.code_expr().filter(|code| exit.range.contains_range(context.module.expr(*code).range))
}

/// The exit calls whose code may become the status of the process.
pub(crate) fn deciding<'a>(context: &'a Context<'_>) -> impl Iterator<Item = &'a Exit> {
    context.exits().iter().filter(|exit| !is_overruled(context, exit) && !is_expected(context, exit))
}

/// Whether a `finally` around an exit call always ends with another status, or goes on without it. `os._exit` runs no `finally`.
pub(crate) fn is_overruled(context: &Context<'_>, exit: &Exit) -> bool {
    let module = context.module;
    let exits = context.kept.overruling.get_or_init(|| context.exits().iter().flat_map(|other| ended_by(context, other.stmt)).collect());
    let leaves = |around: StmtId| module.leaves(module.slot(around, Slot::Finally)) || exits.contains(&around);
    exit.kind != ExitKind::OsExit
        && module
            .around(exit.stmt)
            .any(|(outer, slot)| slot != Slot::Finally && matches!(module.stmt(outer).kind, StmtKind::Try { .. }) && leaves(outer))
}

/// The `try` statements whose `finally` runs a statement whenever it is run itself: nothing but `with` and the body of a `try` stands around the
/// statement there.
fn ended_by<'a>(context: &'a Context<'_>, stmt: StmtId) -> impl Iterator<Item = StmtId> + 'a {
    let module = context.module;
    let always = |(outer, slot): &(StmtId, Slot)| {
        matches!(slot, Slot::Body | Slot::Finally) && matches!(module.stmt(*outer).kind, StmtKind::With { .. } | StmtKind::Try { .. })
    };
    module.around(stmt).take_while(always).filter(|(_, slot)| *slot == Slot::Finally).map(|(outer, _)| outer)
}

/// Whether a test expects the exit (`with pytest.raises(SystemExit):`), catches it, or calls a helper to see what that does.
fn is_expected(context: &Context<'_>, exit: &Exit) -> bool {
    let module = context.module;
    let caught = || leave::catcher(context.program, context.id, exit.stmt).is_some();
    if context.is_test() && (matches!(exit.kind, ExitKind::Helper(_)) || caught()) {
        return true;
    }
    let expects = |item: &WithItem| {
        module.call(item.context).is_some_and(|call| {
            ["raises", "assertRaises", "assertRaisesRegex"].iter().any(|name| module.is_named(call.func, name))
                && call.positional(0).is_some_and(|class| leave::names_exit(context.program, context.id, class))
        })
    };
    module.around(exit.stmt).any(|(outer, slot)| {
        slot == Slot::Body && matches!(&module.stmt(outer).kind, StmtKind::With { items, .. } if items.iter().any(expects))
    })
}

/// Whether an exit call stands in a handler of a failure, or right behind the report of one.
pub(crate) fn is_failure(context: &Context<'_>, exit: &Exit) -> bool {
    handlers::failure_handler(context, exit.stmt).is_some() || reports::reported_before(context, exit.stmt).is_some()
}

/// Whether an exit call ends with 0 in every case.
pub(crate) fn is_zero(context: &Context<'_>, exit: &Exit) -> bool {
    let code = match exit.code {
        Code::Absent => return true,
        Code::Unknown => return false,
        Code::Expr(code) => code,
    };
    let program = context.program;
    let zero = |constant: &Constant| *constant == Constant::None || constant.as_int() == Some(0);
    if let Some(constant) = program.constant(context.id, code) {
        return zero(&constant);
    }
    let arrivals = program.arrivals(context.id, code);
    !arrivals.is_empty()
        && arrivals.iter().all(|arrival| {
            !arrival.by_default
                && arrival.changes.is_empty()
                && (program.constant(arrival.module, arrival.expr).is_some_and(|constant| zero(&constant))
                    || returns_none(context, arrival.module, arrival.expr))
        })
        || returns_none(context, context.id, code)
}

/// Library calls whose result is `None`.
const NONE: &[&str] = &[
    "builtins.print",
    "traceback.print_exc",
    "traceback.print_exception",
    "traceback.print_stack",
    "logging.debug",
    "logging.info",
    "logging.warning",
    "logging.error",
    "logging.critical",
    "logging.fatal",
    "logging.exception",
    "logging.shutdown",
    "click.echo",
    "click.secho",
    "typer.echo",
    "typer.secho",
    "argparse.ArgumentParser.print_help",
    "argparse.ArgumentParser.print_usage",
    "optparse.OptionParser.print_help",
    "optparse.OptionParser.print_usage",
    "optparse.OptionParser.print_version",
];

/// Whether an expression is a call that is known to return `None`.
pub(crate) fn returns_none(context: &Context<'_>, module: ModuleId, expr: ExprId) -> bool {
    let program = context.program;
    let Some(call) = program.module(module).call(expr) else { return false };
    let values = program.resolver(module).values(call.func);
    let none = |value: &Value| match value {
        Value::External(name) => NONE.contains(&name.as_str()),
        Value::ExternalMethod(class, method) => {
            NONE.contains(&format!("{class}.{method}").as_str())
                || class == "logging.Logger" && NONE.contains(&format!("logging.{method}").as_str())
        }
        Value::Function(function) | Value::Method(function, _) => {
            let (data, code) = (program.function(*function), program.code(*function));
            !data.name.is_empty()
                && !code.is_generator
                && !data.is_async
                && data.decorators.is_empty()
                && code.returns.iter().all(Option::is_none)
                && !crate::program::resolve::is_stub(program.module(function.module), function.id)
        }
        _ => false,
    };
    !values.is_empty() && values.iter().all(none)
}

/// The dotted names of a callee outside the program: `os.system`, `subprocess.Popen.wait`.
pub(crate) fn callee_names(context: &Context<'_>, module: ModuleId, func: ExprId) -> Vec<String> {
    context
        .program
        .resolver(module)
        .values(func)
        .iter()
        .filter_map(|value| match value {
            Value::External(name) => Some(name.to_string()),
            Value::ExternalMethod(class, method) => Some(format!("{class}.{method}")),
            _ => None,
        })
        .collect()
}

/// The functions of the program that a callee may be.
pub(crate) fn callees(context: &Context<'_>, module: ModuleId, func: ExprId) -> Vec<FunctionRef> {
    context
        .program
        .resolver(module)
        .values(func)
        .iter()
        .filter_map(|value| match value {
            Value::Function(function) | Value::Method(function, _) => Some(*function),
            _ => None,
        })
        .collect()
}

/// Where an arriving value stands, unless that is in the exit call itself.
pub(crate) fn elsewhere(context: &Context<'_>, exit: &Exit, arrival: &Arrival) -> Option<crate::diagnostic::Place> {
    let range = context.program.module(arrival.module).expr(arrival.expr).range;
    let inside = arrival.module == context.id && exit.range.contains_range(range);
    (!inside).then(|| context.place_in(arrival.module, range))
}

/// Whether the exit stands in a function that takes a signal: it logs why it ends, and ends in order.
pub(crate) fn is_signal_handler(context: &Context<'_>, exit: &Exit) -> bool {
    let module = context.module;
    let Some(function) = module.stmt(exit.stmt).function else { return false };
    let data = module.function(function);
    let takes_signal = data.params.iter().any(|param| {
        matches!(param.name.as_str(), "signum" | "sig" | "signo" | "signal_number" | "signal_num" | "_signo" | "_signum" | "_sig")
    });
    // `signal.signal(SIGTERM, stop)`, `loop.add_signal_handler(SIGTERM, self.stop)`
    let registered = || {
        let calls = module.calls_named(&["signal", "add_signal_handler"]);
        calls.filter_map(|call| last_word(context, context.id, call.positional(1)?)).map(Name::from).collect()
    };
    takes_signal || context.kept.on_signals.get_or_init(registered).contains(&data.name)
}

/// Whether a statement runs on Windows only: it stands in a branch whose test says so.
pub(crate) fn on_windows(context: &Context<'_>, stmt: StmtId) -> bool {
    let module = context.module;
    module.around_all(stmt).any(|(outer, slot)| {
        let (StmtKind::If { branches }, Slot::Branch(index)) = (&module.stmt(outer).kind, slot) else { return false };
        let Some(test) = branches.get(index as usize).and_then(|branch| branch.test) else { return false };
        let ExprKind::Compare { left, rest } = module.kind(test) else {
            return module.call(test).is_some_and(|call| {
                // `sys.platform.startswith("win")`
                matches!(module.kind(call.func), ExprKind::Attribute { attr, .. } if attr == "startswith")
                    && call
                        .positional(0)
                        .is_some_and(|arg| matches!(module.kind(arg), ExprKind::Str(name) if &**name == "win" || &**name == "win32"))
            });
        };
        let names_it =
            |expr: ExprId| matches!(module.kind(expr), ExprKind::Str(name) if matches!(&**name, "nt" | "win32" | "Windows" | "cygwin"));
        matches!(&**rest, [(CmpOp::Eq, right)] if names_it(*left) || names_it(*right))
    })
}

/// The last word of a name or an attribute.
pub(crate) fn last_word(context: &Context<'_>, module: ModuleId, expr: ExprId) -> Option<String> {
    match context.program.module(module).kind(expr) {
        ExprKind::Name(name) | ExprKind::Attribute { attr: name, .. } => Some(name.to_string()),
        _ => None,
    }
}
