//! RL312: shells and supervisors say with some codes that a program did not run at all, or was killed. A program that exits with one of these
//! cannot be told from that.

use super::{deciding, elsewhere, forks, handlers, is_signal_handler, on_windows, own_code, shown};
use crate::context::{Context, Findings};
use crate::diagnostic::Severity;
use crate::module::ir::{ExprKind, StmtId};
use crate::program::exits::Exit;
use crate::program::flow::Arrival;
use crate::rules::{Family, FixAvailability, Rule};
use crate::trigger::{EXIT, PLAIN_EXIT};

pub(crate) static META: Rule = Rule {
    code: "RL312",
    name: "exit-reserved-code",
    family: Family::ExitCodes,
    severity: Severity::Info,
    default: false,
    fix: FixAvailability::None,
    triggers: &[&[EXIT], &[PLAIN_EXIT]],
    former_names: &[],
    page: include_str!("exit_reserved_code.md"),
};

pub(crate) fn check(context: &Context<'_>, findings: &mut Findings<'_>) {
    for exit in deciding(context) {
        let Some(code) = own_code(context, exit).filter(|_| !on_windows(context, exit.stmt)) else { continue };
        let arrivals = context.program.arrivals(context.id, code);
        let found = arrivals.iter().find_map(|arrival| {
            let code = constant(context, arrival)?;
            let meaning = meaning(code).filter(|_| !is_meant(context, exit, arrival, code))?;
            Some((arrival, code, meaning))
        });
        let Some((arrival, code, meaning)) = found else { continue };
        let message = format!("`{}` exits with {code}: {meaning}", shown(context, exit));
        let mut report =
            findings.report(&META, message, context.place(exit.range)).help("use a code from 1 to 125 for the program's own failures");
        if let Some(place) = elsewhere(context, exit, arrival) {
            report = report.related("the code comes from here", place);
        }
        let _ = report;
    }
}

fn constant(context: &Context<'_>, arrival: &Arrival) -> Option<i128> {
    let plain = arrival.changes.is_empty() && arrival.part.is_none();
    // `128 + number` says itself what it means.
    let composed = matches!(context.program.module(arrival.module).kind(arrival.expr), ExprKind::BinOp { .. });
    context.program.constant(arrival.module, arrival.expr).filter(|_| plain && !composed)?.as_int()
}

/// What others take a code for.
fn meaning(code: i128) -> Option<String> {
    match code {
        126 => Some("a shell says so of a command that it could not run".to_owned()),
        127 => Some("a shell says so of a command that it did not find".to_owned()),
        129..=192 => Some(format!("a shell says so of a process that signal {} killed", code - 128)),
        200..=245 => Some("systemd says so where it could not even start the program".to_owned()),
        _ => None,
    }
}

/// Whether the code says what it is taken for.
fn is_meant(context: &Context<'_>, exit: &Exit, arrival: &Arrival, code: i128) -> bool {
    // Where the code is written, and where the process ends with it.
    let home = context.at(arrival.module);
    let catches = |names: &[&str]| catches(context, exit.stmt, names) || catches(&home, home.module.expr(arrival.expr).stmt, names);
    match code {
        126 | 127 => forks::in_child(context, exit.stmt) || catches(&["FileNotFoundError", "PermissionError", "OSError"]),
        130 => is_signal_handler(context, exit) || catches(&["KeyboardInterrupt"]),
        141 => is_signal_handler(context, exit) || catches(&["BrokenPipeError"]),
        129..=192 => is_signal_handler(context, exit),
        _ => false,
    }
}

/// Whether the clause around a statement catches one of these builtin exceptions.
fn catches(context: &Context<'_>, stmt: StmtId, names: &[&str]) -> bool {
    let Some((_, handler)) = context.module.handler_around(stmt) else { return false };
    handler.exception.is_some_and(|exception| {
        handlers::members(context, exception, 0).into_iter().any(|class| {
            let caught = context.program.externals(context.id, class);
            caught.iter().any(|name| name.strip_prefix("builtins.").is_some_and(|name| names.contains(&name)))
        })
    })
}
