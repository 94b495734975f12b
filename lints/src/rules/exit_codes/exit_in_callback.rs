//! RL307: where the interpreter calls back by itself, nobody can take a `SystemExit`: it is dropped, and the status stays what it was.

use ruff_text_size::TextRange;

use super::{shown, users};
use crate::context::{Context, Findings};
use crate::diagnostic::Severity;
use crate::effects::leave::{Leaving, callables, leavings, raises};
use crate::effects::reach::Node;
use crate::module::ir::ExprId;
use crate::program::{ClassRef, FunctionRef, ModuleId};
use crate::rules::finalizers::described;
use crate::rules::{Family, FixAvailability, Rule};
use crate::trigger::{EXIT, LIBRARY_EXIT, PLAIN_EXIT};

pub(crate) static META: Rule = Rule {
    code: "RL307",
    name: "exit-in-callback",
    family: Family::ExitCodes,
    severity: Severity::Error,
    default: true,
    fix: FixAvailability::None,
    triggers: &[
        &["__del__", EXIT],
        &["__del__", PLAIN_EXIT],
        &["atexit", EXIT],
        &["atexit", PLAIN_EXIT],
        &["weakref", EXIT],
        &["weakref", PLAIN_EXIT],
        // Others may register the functions of a library.
        &[LIBRARY_EXIT],
    ],
    former_names: &[],
    page: include_str!("exit_in_callback.md"),
};

/// The texts without which no module makes a function of another a callback.
const WORDS: &[&str] = &["atexit", "weakref", "__del__"];

/// A function that the interpreter calls by itself.
struct Callback {
    node: Node,
    /// Where it becomes one: a module, and a place in it.
    home: ModuleId,
    range: TextRange,
    what: &'static str,
}

pub(crate) fn check(context: &Context<'_>, findings: &mut Findings<'_>) {
    if !context.exits().iter().any(|exit| raises(exit) && context.module.expr(exit.expr).function.is_some()) {
        return;
    }
    let mut seen: Vec<ExprId> = Vec::new();
    look_at(context, findings, &callbacks(context), &mut seen);
    for user in users::users(context, WORDS) {
        look_at(context, findings, &callbacks(&context.at(user)), &mut seen);
    }
}

/// Reports the exit calls of the file that callbacks reach.
fn look_at(context: &Context<'_>, findings: &mut Findings<'_>, callbacks: &[Callback], seen: &mut Vec<ExprId>) {
    for callback in callbacks {
        for leaving in leavings(context.program, callback.node) {
            if leaving.module == context.id && !seen.contains(&leaving.exit.expr) {
                seen.push(leaving.exit.expr);
                report(context, findings, &leaving, callback);
            }
        }
    }
}

fn report(context: &Context<'_>, findings: &mut Findings<'_>, leaving: &Leaving, callback: &Callback) {
    let message = format!(
        "`{}` runs in {}: the interpreter drops the `SystemExit`, and the status stays what it was",
        shown(context, &leaving.exit),
        callback.what
    );
    let mut report = findings
        .report(&META, message, context.place(leaving.exit.range))
        .help("decide on the status before the program ends: let the callback only clean up")
        .related(format!("{} is called from here", described(context, callback.node)), context.place_in(callback.home, callback.range));
    for hop in &leaving.path {
        let message = format!("{} calls {}", described(context, hop.caller), described(context, hop.callee));
        report = report.related(message, context.place_in(hop.caller.function.module, hop.range));
    }
    let _ = report;
}

/// What registers callbacks: the position of the callback, and what it is.
const SOURCES: &[(&str, usize, &str)] = &[
    ("atexit.register", 0, "an `atexit` callback"),
    ("weakref.ref", 1, "a callback of a weak reference"),
    ("weakref.proxy", 1, "a callback of a weak reference"),
    ("weakref.finalize", 1, "a callback of `weakref.finalize`"),
];

/// Their last words.
const NAMES: &[&str] = &["register", "ref", "proxy", "finalize"];

/// The functions that a module makes the interpreter call by itself.
fn callbacks(context: &Context<'_>) -> Vec<Callback> {
    let (program, module) = (context.program, context.module);
    let home = context.id;
    let mut found: Vec<Callback> = Vec::new();
    for (id, class) in module.classes() {
        let class_ref = ClassRef { module: home, id };
        let own = module.scope(class.scope).bindings.get("__del__").and_then(|bindings| bindings.last());
        if let Some(binding) = own
            && let Some(function) = program.own_method(class_ref, "__del__")
        {
            let node = Node { function, this: Some(class_ref) };
            found.push(Callback { node, home, range: binding.range, what: "a finalizer" });
        }
    }
    for call in module.calls_that_may_be(NAMES, |last| NAMES.contains(&last)) {
        for (name, index, what) in SOURCES {
            if let Some(callback) = call.argument(*index, "func")
                && program.is_external(home, call.func, &[name])
                && program.is_live(home, call.id)
            {
                let range = module.expr(call.id).range;
                found.extend(callables(program, home, callback).into_iter().map(|node| Callback { node, home, range, what }));
            }
        }
    }
    // `@atexit.register`
    for (id, data) in module.functions() {
        if data.decorators.iter().any(|decorator| program.is_external(home, *decorator, &["atexit.register"])) {
            let node = Node { function: FunctionRef { module: home, id }, this: None };
            found.push(Callback { node, home, range: data.name_range, what: "an `atexit` callback" });
        }
    }
    found
}
