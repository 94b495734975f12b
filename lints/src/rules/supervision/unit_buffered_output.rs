//! RL405: the journal is a pipe to the program, and for a pipe Python keeps what is printed in a buffer of some kilobytes. What is in it when the program
//! is killed is lost, and until it is full nobody sees anything.

use super::program;
use super::service::{Service, Setting};
use crate::context::{Context, Findings};
use crate::deploy::{Format, Interpreter, interpreter};
use crate::deployment::{Deployment, PythonStart};
use crate::diagnostic::{Fix, Place, Severity};
use crate::module::ir::{Slot, StmtId, StmtKind};
use crate::rules::logging::buffered_print_in_service::{changes_stdout, is_buffered};
use crate::rules::logging::options::is_off_by_default;
use crate::rules::{Family, FixAvailability, Rule};

pub(crate) static META: Rule = Rule {
    code: "RL405",
    name: "unit-buffered-output",
    family: Family::Supervision,
    severity: Severity::Warning,
    default: true,
    fix: FixAvailability::Sometimes,
    triggers: &[],
    former_names: &[],
    page: include_str!("unit_buffered_output.md"),
};

/// The texts without which no module prints, or changes how.
const WORDS: &[&str] = &["print", "stdout", "setattr(sys"];

/// The places for stdout that are no pipe (systemd.exec(5), `StandardOutput=`).
const NO_PIPE: &[&str] = &["null", "tty", "file:", "append:", "truncate:"];

pub(crate) fn check(deployment: &Deployment<'_>, findings: &mut Findings<'_>) {
    match (deployment.service(), deployment.format) {
        (Some(service), _) => unit(deployment, service, findings),
        (None, Format::Supervisord) => {
            for start in deployment.starts() {
                let Some(print) = first_print(deployment, start) else { continue };
                let place = Place::new(&deployment.file, start.start.command);
                report(start, place, print, "environment=PYTHONUNBUFFERED=\"1\"", None, findings);
            }
        }
        _ => {}
    }
}

fn unit(deployment: &Deployment<'_>, service: &Service, findings: &mut Findings<'_>) {
    let (_, own) = service.command_file();
    let output = service.setting("Service", "StandardOutput").and_then(Setting::value);
    let is_pipe = output.is_none_or(|output| !NO_PIPE.iter().any(|other| output.starts_with(other)));
    if !own || !is_pipe || service.is_set("PYTHONUNBUFFERED") || !service.is_long_running(deployment) {
        return;
    }
    for start in &service.starts {
        let (Some(print), Some(entry)) = (first_print(deployment, start), service.command(start)) else { continue };
        let fix = {
            let place = entry.key_place.start..entry.key_place.start;
            Fix::safe(
                "Set `PYTHONUNBUFFERED`",
                vec![deployment.edit(&place, format!("Environment=PYTHONUNBUFFERED=1{}", deployment.line_ending()))],
            )
        };
        let line = entry.key_place.start..entry.value_place.end;
        return report(start, deployment.place(&line), print, "Environment=PYTHONUNBUFFERED=1", Some(fix), findings);
    }
}

fn report(start: &PythonStart, place: Place, print: Place, setting: &str, fix: Option<Fix>, findings: &mut Findings<'_>) {
    let name = start.start.program.name();
    let message = format!("`{name}` prints into a buffer: what it says comes late, and is lost if it is killed");
    findings
        .report(&META, message, place)
        .help(format!("`{setting}`, or `python -u`"))
        .related("it prints here, without a flush", print)
        .fix(fix);
}

/// The first print that nobody flushes in what a program does until it is stopped: in what its start reaches by calls, and at the top of its module.
fn first_print(deployment: &Deployment<'_>, start: &PythonStart) -> Option<Place> {
    if start.start.unbuffered || !start.start.long_running || is_unbuffered_script(deployment, start) {
        return None;
    }
    let modules = program::modules_holding(deployment, start, WORDS);
    if modules.is_empty() || modules.iter().any(|id| changes_stdout(&deployment.at(*id))) {
        return None;
    }
    let (started, reached) = program::reached(deployment, start);
    let at_top = started.into_iter().map(|id| (id, None, Vec::new()));
    let in_functions = reached.into_iter().map(|(node, way)| (node.function.module, Some(node.function.id), way));
    at_top.chain(in_functions).find_map(|(id, function, way)| {
        if !modules.contains(&id) {
            return None;
        }
        let context = deployment.at(id);
        let module = context.module;
        let lives_on =
            || way.iter().enumerate().all(|(index, hop)| stays(&deployment.at(hop.caller.function.module), hop.stmt, index == 0));
        let mut prints = module.calls_named(&["print"]).filter(|call| module.expr(call.id).function == function);
        let print = prints.find(|call| {
            is_buffered(&context, *call) && stays(&context, module.expr(call.id).stmt, way.is_empty() && function.is_some()) && lives_on()
        })?;
        Some(context.place(module.expr(print.id).range))
    })
}

/// Whether a statement is a part of what the program does by default, and the program goes on behind it. In a function that it begins with, a `return` ends it.
fn stays(context: &Context<'_>, stmt: StmtId, in_main: bool) -> bool {
    let module = context.module;
    let on_demand = module.around(stmt).any(|(outer, slot)| match (&module.stmt(outer).kind, slot) {
        (StmtKind::If { branches }, Slot::Branch(index)) => {
            let test = branches.get(index as usize).and_then(|branch| branch.test);
            test.is_some_and(|test| is_off_by_default(context, test))
        }
        _ => false,
    });
    let behind = module.block_of(stmt).iter().skip_while(|other| **other != stmt).skip(1);
    let ends = |other: &StmtId| {
        context.exits().iter().any(|exit| exit.stmt == *other) || in_main && matches!(module.stmt(*other).kind, StmtKind::Return(_))
    };
    !on_demand && !behind.into_iter().any(ends)
}

/// `#!/usr/bin/python3 -u`
fn is_unbuffered_script(deployment: &Deployment<'_>, start: &PythonStart) -> bool {
    start.modules.iter().filter_map(|path| deployment.read(path)).any(|file| {
        let line = file.text().lines().next().unwrap_or_default();
        interpreter(line.as_bytes()) == Some(Interpreter::Python) && line.split_ascii_whitespace().any(|word| word == "-u")
    })
}
