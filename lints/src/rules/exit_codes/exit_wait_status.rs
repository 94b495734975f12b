//! RL302: a wait status holds the exit code in its second byte. An exit call keeps the first, which is 0: every command that
//! failed becomes a success. A status that is negative after a signal is lost likewise when `max` or `sum` merge it.

use rustc_hash::FxHashSet;

use super::statuses::{self, Origin, is_decoded, is_only_tested, negative, wait_statuses};
use super::{deciding, on_windows, own_code, shown};
use crate::context::{Context, Findings};
use crate::diagnostic::{Fix, Place, Severity};
use crate::fix::{self, imports};
use crate::module::ir::{CmpOp, ExprId, ExprKind, StmtKind};
use crate::program::ModuleId;
use crate::program::exits::Exit;
use crate::program::flow::{Arrival, Returned};
use crate::rules::{Family, FixAvailability, Rule};
use crate::settings::PythonVersion;
use crate::trigger::{EXIT, WAIT_STATUS};

pub(crate) static META: Rule = Rule {
    code: "RL302",
    name: "exit-wait-status",
    family: Family::ExitCodes,
    severity: Severity::Error,
    default: true,
    fix: FixAvailability::Sometimes,
    // A wait status that is compared or kept needs no exit call in its file.
    triggers: &[&[EXIT], &[WAIT_STATUS]],
    former_names: &[],
    page: include_str!("exit_wait_status.md"),
};

/// Names of variables that say "exit code".
const NAMES: &[&str] = &["exit_code", "exitcode", "return_code", "returncode", "retcode", "ret_code"];
pub(crate) fn check(context: &Context<'_>, findings: &mut Findings<'_>) {
    let mut used = FxHashSet::default();
    for exit in deciding(context) {
        let Some(code) = own_code(context, exit).filter(|_| !on_windows(context, exit.stmt)) else { continue };
        let origins = wait_statuses(context, context.id, code, None, 0);
        used.extend(origins.iter().map(|origin| (origin.module, origin.expr)));
        if origins.is_empty() {
            if let Some((merged, by)) = negative(context, code) {
                report_merged(context, findings, exit, &merged, &by);
            }
            continue;
        }
        for group in by_return(&origins) {
            report_exit(context, findings, exit, &group);
        }
    }
    comparisons(context, findings, &mut used);
    kept(context, findings, &used);
}

/// One group for what comes from the function around and for each `return` of another: these are mended one by one.
fn by_return(origins: &[Origin]) -> Vec<Vec<Origin>> {
    let mut groups: Vec<Vec<Origin>> = Vec::new();
    for origin in origins {
        match groups.iter_mut().find(|group| group[0].returned == origin.returned) {
            Some(group) => group.push(origin.clone()),
            None => groups.push(vec![origin.clone()]),
        }
    }
    groups
}

fn report_exit(context: &Context<'_>, findings: &mut Findings<'_>, exit: &Exit, origins: &[Origin]) {
    let first = &origins[0];
    let source = context.program.module(first.module).snippet(first.expr);
    let whose = match first.returned {
        Some(returned) => {
            let line = return_place(context, returned).start().line;
            format!(" that `{}` returns (line {line})", context.program.qualified_name(returned.function))
        }
        None => String::new(),
    };
    let message = format!(
        "`{}` exits with the wait status of `{source}`{whose}: the exit code is in its second byte, and a failure becomes 0",
        shown(context, exit)
    );
    let mut report = findings.report(&META, message, context.place(exit.range)).help(HELP);
    if let Some(code) = own_code(context, exit) {
        report = report.fix(decode(context, code));
    }
    for origin in origins {
        report = report.related("the wait status comes from here", origin_place(context, origin));
    }
    if let Some(returned) = first.returned {
        report.related("it is returned here", return_place(context, returned));
    }
}

/// `os.waitstatus_to_exitcode` around an expression that is nothing but a wait status, where the oldest Python has it. On Windows,
/// `os.system` returns the exit code itself.
fn decode(context: &Context<'_>, status: ExprId) -> Option<Fix> {
    if context.settings.target_version < (PythonVersion { major: 3, minor: 9 }) {
        return None;
    }
    let arrivals = context.program.arrivals(context.id, status);
    let is_status = |arrival: &Arrival| {
        let module = context.program.module(arrival.module);
        // `close()` of a pipe returns `None` for success.
        let closes = module
            .call(arrival.expr)
            .is_some_and(|call| matches!(module.kind(call.func), ExprKind::Attribute { attr, .. } if attr == "close"));
        let found = wait_statuses(context, arrival.module, arrival.expr, arrival.part, 0);
        let zero = context.program.constant(arrival.module, arrival.expr).is_some_and(|code| code.as_int() == Some(0));
        arrival.changes.is_empty()
            && !closes
            && (zero || found.iter().any(|origin| (origin.module, origin.expr) == (arrival.module, arrival.expr)))
    };
    if !arrivals.iter().all(is_status) {
        return None;
    }
    let reference = imports::reference(context, "os", "waitstatus_to_exitcode", status)?;
    let mut edits = vec![fix::rewrite(context, status, |status| format!("{}({status})", reference.text))];
    edits.extend(reference.import);
    Some(Fix::unsure("Take the exit code out of the wait status", edits))
}

const HELP: &str = "use `subprocess.call`, or take the exit code out with `os.waitstatus_to_exitcode` or `os.WEXITSTATUS`";

fn origin_place(context: &Context<'_>, origin: &Origin) -> Place {
    context.place_in(origin.module, context.program.module(origin.module).expr(origin.expr).range)
}

fn return_place(context: &Context<'_>, returned: Returned) -> Place {
    let module = returned.function.module;
    context.place_in(module, context.program.module(module).expr(returned.value).range)
}

// ---- wait statuses that are compared or kept

/// `os.system(...) == 2`.
fn comparisons(context: &Context<'_>, findings: &mut Findings<'_>, used: &mut FxHashSet<(ModuleId, ExprId)>) {
    let module = context.module;
    for (id, expr) in module.exprs() {
        let ExprKind::Compare { left, rest } = &expr.kind else { continue };
        let [(op, right)] = &**rest else { continue };
        let sides = match op {
            CmpOp::Eq | CmpOp::NotEq => [(*left, *right), (*right, *left)],
            CmpOp::In | CmpOp::NotIn => [(*left, *right), (*left, *right)],
            _ => continue,
        };
        let statuses = |status| context.program.scanning(WAIT_WORDS, || wait_statuses(context, context.id, status, None, 0));
        let found = sides.into_iter().filter(|(status, code)| may_be_compared(context, *status, *code)).find_map(|(status, code)| {
            let origins = statuses(status);
            if origins.is_empty() {
                return None;
            }
            // What a child was killed by stands in the low byte.
            let killed = origins.iter().all(|origin| statuses::is_of_a_child(context, origin)) && is_kill_signal(context, code);
            (!killed && is_small_code(context, code)).then_some((status, code, origins))
        });
        let Some((status, code, origins)) = found else { continue };
        let Some(first) = origins.first() else { continue };
        if !context.program.is_live(context.id, id) {
            continue;
        }
        used.extend(origins.iter().map(|origin| (origin.module, origin.expr)));
        let message = format!(
            "the wait status `{}` is compared with the exit code `{}`: it holds the code times 256, and the comparison never means that code",
            module.snippet(status),
            module.snippet(code)
        );
        findings
            .report(&META, message, context.place(expr.range))
            .help("compare `os.waitstatus_to_exitcode(status)` or `os.WEXITSTATUS(status)`, or use `subprocess`")
            .fix(decode(context, status))
            .related("the wait status comes from here", origin_place(context, first));
    }
}

/// Whether two expressions are of forms that a wait status and an exit code have: most comparisons are with a text or `None`.
fn may_be_compared(context: &Context<'_>, status: ExprId, code: ExprId) -> bool {
    let module = context.module;
    let is_literal = |expr| matches!(module.kind(expr), ExprKind::Str(_) | ExprKind::None | ExprKind::Int(_));
    let is_code = match module.kind(code) {
        ExprKind::Int(Some(value)) => (1..=255).contains(value),
        ExprKind::Str(_) | ExprKind::None => false,
        _ => true,
    };
    is_code && !is_literal(status)
}

/// The words without which no module yields a wait status.
const WAIT_WORDS: &[&str] = &["os.system", "os.wait", "waitpid", "popen", "pty.spawn", "import system", "import wait"];

/// An integer from 1 to 255, or a collection of integers of which one is.
fn is_small_code(context: &Context<'_>, expr: ExprId) -> bool {
    let small =
        |expr| context.program.constant(context.id, expr).and_then(|code| code.as_int()).is_some_and(|code| (1..=255).contains(&code));
    match context.module.kind(expr) {
        ExprKind::Tuple(parts) | ExprKind::List(parts) | ExprKind::Set(parts) => parts.iter().any(|part| small(*part)),
        _ => small(expr),
    }
}

/// `SIGKILL` or `SIGTERM` by number, also beside 0 in a collection.
fn is_kill_signal(context: &Context<'_>, expr: ExprId) -> bool {
    let is = |expr, known: &[i128]| {
        context.program.constant(context.id, expr).and_then(|code| code.as_int()).is_some_and(|code| known.contains(&code))
    };
    match context.module.kind(expr) {
        ExprKind::Tuple(parts) | ExprKind::List(parts) | ExprKind::Set(parts) => parts.iter().all(|part| is(*part, &[0, 9, 15])),
        _ => is(expr, &[9, 15]),
    }
}

/// `exit_code = os.system(...)`.
fn kept(context: &Context<'_>, findings: &mut Findings<'_>, used: &FxHashSet<(ModuleId, ExprId)>) {
    let module = context.module;
    for (id, stmt) in module.stmts() {
        let (targets, value): (&[ExprId], ExprId) = match &stmt.kind {
            StmtKind::Assign { targets, value } => (targets, *value),
            StmtKind::AnnAssign { target, value: Some(value), .. } => (std::slice::from_ref(target), *value),
            _ => continue,
        };
        let mut pairs: Vec<(ExprId, Option<u32>)> = Vec::new();
        for target in targets {
            match module.kind(*target) {
                ExprKind::Tuple(parts) | ExprKind::List(parts) => pairs.extend(parts.iter().zip(0..).map(|(part, at)| (*part, Some(at)))),
                _ => pairs.push((*target, None)),
            }
        }
        for (target, part) in pairs {
            if !says_exit_code(context, target) || !context.program.is_live(context.id, value) {
                continue;
            }
            let origins = wait_statuses(context, context.id, value, part, 0);
            let Some(first) = origins.first() else { continue };
            let decoded = is_decoded(context, target) || matches!(module.kind(value), ExprKind::Name(_)) && is_decoded(context, value);
            if used.contains(&(first.module, first.expr)) || decoded || is_only_tested(context, target) || on_windows(context, id) {
                continue;
            }
            let message = format!(
                "`{}` keeps the wait status of `{}`, which is no exit code: a command that fails with 1 yields 256",
                module.snippet(target),
                context.program.module(first.module).snippet(first.expr)
            );
            let range = ruff_text_size::TextRange::new(module.stmt(id).range.start(), module.stmt(id).range.end());
            let whole = part.is_none() && first.expr == value;
            let fix = if whole { decode(context, value) } else { None };
            findings.report(&META, message, context.place(range)).help(HELP).fix(fix);
        }
    }
}

fn says_exit_code(context: &Context<'_>, target: ExprId) -> bool {
    let Some(word) = super::last_word(context, context.id, target) else { return false };
    let word = word.trim_matches('_').to_ascii_lowercase();
    NAMES.contains(&word.as_str()) || context.settings.options.exit_wait_status.names.contains(&word)
}

fn report_merged(context: &Context<'_>, findings: &mut Findings<'_>, exit: &Exit, merged: &Arrival, status: &Arrival) {
    let (merge, part) =
        (context.program.module(merged.module).snippet(merged.expr), context.program.module(status.module).snippet(status.expr));
    let message = format!(
        "`{}` exits with `{merge}`: after a signal `{part}` is negative, and a killed process becomes a success",
        shown(context, exit)
    );
    let place = context.place_in(status.module, context.program.module(status.module).expr(status.expr).range);
    findings
        .report(&META, message, context.place(exit.range))
        .help("exit with 1 where any status is not 0: `sys.exit(1 if any(statuses) else 0)`")
        .related("this status is negative after a signal", place);
}
