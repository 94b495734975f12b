//! RL211: a supervisor reads a service's stdout through a pipe, and for a pipe Python keeps what is printed in a buffer of some kilobytes. Nobody sees it
//! until that is full; what is in it when the process is killed, crashes or calls `os._exit`, nobody ever sees.

use super::beside;
use crate::context::{Context, Findings};
use crate::diagnostic::{Fix, Severity};
use crate::fix::arguments::set_keyword;
use crate::module::Call;
use crate::module::ir::{ArgKind, ExprId, ExprKind, StmtKind};
use crate::program::constants::Constant;
use crate::program::exits::ExitKind;
use crate::program::service::project_root;
use crate::program::started::Started;
use crate::rules::{Family, FixAvailability, Rule};
use crate::trigger::PRINT;

pub(crate) static META: Rule = Rule {
    code: "RL211",
    name: "buffered-print-in-service",
    family: Family::Logging,
    severity: Severity::Info,
    default: false,
    fix: FixAvailability::Sometimes,
    triggers: &[&[PRINT]],
    former_names: &[],
    page: include_str!("buffered_print_in_service.md"),
};

pub(crate) fn check(context: &Context<'_>, findings: &mut Findings<'_>) {
    let prints: Vec<Call<'_>> = context.module.calls().filter(|call| is_buffered(context, *call)).collect();
    if prints.is_empty() {
        return;
    }
    let Some(service) = context.service() else { return };
    if is_started_unbuffered(context) || beside::find(context, WORDS, |there| changes_stdout(there).then_some(())).is_some() {
        return;
    }
    for call in prints {
        if !service.covers(context.module, context.module.expr(call.id).stmt) {
            continue;
        }
        let message = format!(
            "`print` writes into a buffer of a service ({}): the text comes late, and a process that is killed takes it along",
            service.reason
        );
        let mut report = findings
            .report(&META, message, context.place(context.module.expr(call.id).range))
            .help("log it, pass `flush=True`, or start the service with `PYTHONUNBUFFERED=1`")
            .fix(set_keyword(context, call, "flush", "True").map(|edits| Fix::unsure("Pass `flush=True`", edits)));
        for (message, place) in &service.places {
            report = report.related(message, place.clone());
        }
    }
}

/// Whether a call prints to stdout, and nothing behind it sees to it that the text goes out.
pub(crate) fn is_buffered(context: &Context<'_>, call: Call<'_>) -> bool {
    let (program, module) = (context.program, context.module);
    if !matches!(module.kind(call.func), ExprKind::Name(name) if name == "print") || !program.is_live(context.id, call.id) {
        return false;
    }
    let is_none = |value: ExprId| program.constant(context.id, value) == Some(Constant::None);
    let to_stdout = call.keyword("file").is_none_or(|file| is_none(file.value) || is_stdout(context, file.value));
    let flushes = call.keyword("flush").is_some_and(|flush| program.constant(context.id, flush.value).is_none_or(|value| value.truth()));
    let hidden = call.args.iter().any(|arg| arg.kind == ArgKind::DoubleStar);
    to_stdout
        && !flushes
        && !hidden
        && program.is_external(context.id, call.func, &["builtins.print"])
        && !is_flushed(context, call)
        && !is_last(context, call)
}

/// `sys.stdout`
fn is_stdout(context: &Context<'_>, expr: ExprId) -> bool {
    context.module.is_named(expr, "stdout")
}

/// Whether the function flushes stdout behind a call, or in a loop around it.
fn is_flushed(context: &Context<'_>, call: Call<'_>) -> bool {
    let module = context.module;
    let here = module.expr(call.id);
    let loops = || {
        module
            .around(here.stmt)
            .map(|(outer, _)| module.stmt(outer))
            .filter(|outer| matches!(outer.kind, StmtKind::For { .. } | StmtKind::While { .. }))
    };
    module.calls().any(|other| {
        let there = module.expr(other.id);
        matches!(module.kind(other.func), ExprKind::Attribute { value, attr, .. } if attr == "flush" && is_stdout(context, *value))
            && there.function == here.function
            && (there.range.start() > here.range.start() || loops().any(|around| around.range.contains_range(there.range)))
    })
}

/// Whether the block of a call goes on to end the process in the way that flushes its buffers.
fn is_last(context: &Context<'_>, call: Call<'_>) -> bool {
    let module = context.module;
    let stmt = module.expr(call.id).stmt;
    let block = module.block_of(stmt);
    let behind = block.iter().skip_while(|other| **other != stmt);
    behind.clone().any(|other| context.exits().iter().any(|exit| exit.stmt == *other && exit.kind != ExitKind::OsExit))
}

/// The texts without which no module changes how stdout is written.
const WORDS: &[&str] = &["stdout.reconfigure", "stdout =", "stdout=", "stdout, sys.stderr =", "setattr(sys"];

/// Whether a module replaces `sys.stdout`, or tells it to write through.
pub(crate) fn changes_stdout(context: &Context<'_>) -> bool {
    let module = context.module;
    let is_it = |expr: ExprId| module.dotted(expr).is_some_and(|parts| parts == ["sys", "stdout"]);
    let reconfigures = |call: Call<'_>| {
        let is_on = |name: &str| {
            call.keyword(name).is_some_and(|arg| context.program.constant(context.id, arg.value).is_none_or(|value| value.truth()))
        };
        matches!(module.kind(call.func), ExprKind::Attribute { value, attr, .. } if attr == "reconfigure" && is_stdout(context, *value))
            && (is_on("line_buffering") || is_on("write_through"))
    };
    let replaces = |kind: &StmtKind| match kind {
        StmtKind::Assign { targets, .. } => targets.iter().any(|target| match module.kind(*target) {
            ExprKind::Tuple(parts) => parts.iter().any(|part| is_it(*part)),
            _ => is_it(*target),
        }),
        _ => false,
    };
    // `setattr(sys, name, stream)`: which one it replaces may be told elsewhere.
    let sets = |call: Call<'_>| {
        matches!(module.kind(call.func), ExprKind::Name(name) if name == "setattr")
            && call.positional(0).is_some_and(|object| module.dotted(object).is_some_and(|parts| parts == ["sys"]))
            && call.positional(1).is_none_or(|name| match context.program.constant(context.id, name) {
                Some(Constant::Str(name)) => &*name == "stdout",
                _ => true,
            })
    };
    module.calls().any(|call| reconfigures(call) || sets(call)) || module.stmts().any(|(_, stmt)| replaces(&stmt.kind))
}

/// Whether a deployment file starts the module's program without a buffer. Where none leads to the module, those of the project tell.
fn is_started_unbuffered(context: &Context<'_>) -> bool {
    let program = context.program;
    let Some(root) = project_root(context) else { return false };
    let deployments = program.deployments(&root);
    let starts = &deployments.started;
    if !starts.iter().any(|start| start.unbuffered) {
        return false;
    }
    let leads = |start: &&Started| {
        program.path(context.id) == Some(&start.module) || program.way_from(context.id, |file| file == start.module).is_some()
    };
    let leading: Vec<&Started> = starts.iter().filter(leads).collect();
    leading.is_empty() || leading.iter().any(|start| start.unbuffered)
}
