//! RL307: where the interpreter calls back by itself, nobody can take a `SystemExit`: it is dropped, and the status stays what it was.

use ruff_text_size::TextRange;

use super::shown;
use crate::context::{Context, Findings};
use crate::diagnostic::Severity;
use crate::effects::leave::{callables, leavings};
use crate::effects::reach::Node;
use crate::module::ir::ExprId;
use crate::rules::finalizers::described;
use crate::rules::{Family, FixAvailability, Rule};
use crate::trigger::{EXIT, PLAIN_EXIT};

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
    ],
    former_names: &[],
    page: include_str!("exit_in_callback.md"),
};

pub(crate) fn check(context: &Context<'_>, findings: &mut Findings<'_>) {
    let mut seen: Vec<ExprId> = Vec::new();
    for (node, place, what) in callbacks(context) {
        for leaving in leavings(context.program, node) {
            if leaving.module != context.id || seen.contains(&leaving.exit.expr) {
                continue;
            }
            seen.push(leaving.exit.expr);
            let message = format!(
                "`{}` runs in {what}: the interpreter drops the `SystemExit`, and the status stays what it was",
                shown(context, &leaving.exit)
            );
            let mut report = findings
                .report(&META, message, context.place(leaving.exit.range))
                .help("decide on the status before the program ends: let the callback only clean up")
                .related(format!("{} is called from here", described(context, node)), context.place(place));
            for hop in &leaving.path {
                let message = format!("{} calls {}", described(context, hop.caller), described(context, hop.callee));
                report = report.related(message, context.place_in(hop.caller.function.module, hop.range));
            }
            let _ = report;
        }
    }
}

/// What registers callbacks: the position of the callback, and what it is.
const SOURCES: &[(&str, usize, &str)] = &[
    ("atexit.register", 0, "an `atexit` callback"),
    ("weakref.ref", 1, "a callback of a weak reference"),
    ("weakref.proxy", 1, "a callback of a weak reference"),
    ("weakref.finalize", 1, "a callback of `weakref.finalize`"),
];

/// The functions that the interpreter calls by itself, each with its place and what it is.
fn callbacks(context: &Context<'_>) -> Vec<(Node, TextRange, &'static str)> {
    let (program, module) = (context.program, context.module);
    let mut found: Vec<(Node, TextRange, &'static str)> = context
        .finalizers()
        .iter()
        .map(|finalizer| (Node { function: finalizer.function, this: Some(finalizer.class) }, finalizer.range, "a finalizer"))
        .collect();
    for call in module.calls() {
        for (name, index, what) in SOURCES {
            if let Some(callback) = call.argument(*index, "func")
                && program.is_external(context.id, call.func, &[name])
                && program.is_live(context.id, call.id)
            {
                found.extend(callables(program, context.id, callback).into_iter().map(|node| (node, module.expr(call.id).range, *what)));
            }
        }
    }
    // `@atexit.register`
    for (id, data) in module.functions() {
        if data.decorators.iter().any(|decorator| program.is_external(context.id, *decorator, &["atexit.register"])) {
            let function = crate::program::FunctionRef { module: context.id, id };
            found.push((Node { function, this: None }, data.name_range, "an `atexit` callback"));
        }
    }
    found
}
