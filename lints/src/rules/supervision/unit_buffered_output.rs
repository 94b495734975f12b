//! RL405: the journal is a pipe to the program, and for a pipe Python keeps what is printed in a buffer of some kilobytes. What is in it when the program
//! is killed is lost, and until it is full nobody sees anything.

use super::program;
use super::service::{Service, Setting};
use crate::context::Findings;
use crate::deploy::{Format, Interpreter, interpreter};
use crate::deployment::{Deployment, PythonStart};
use crate::diagnostic::{Fix, Place, Severity};
use crate::rules::logging::buffered_print_in_service::{changes_stdout, is_buffered};
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
const WORDS: &[&str] = &["print", "stdout"];

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

/// The first print of a program that nobody flushes, in the module that is started or in one that it imports.
fn first_print(deployment: &Deployment<'_>, start: &PythonStart) -> Option<Place> {
    if start.start.unbuffered || !start.start.long_running || is_unbuffered_script(deployment, start) {
        return None;
    }
    let modules = program::modules_holding(deployment, start, WORDS);
    let contexts: Vec<_> = modules.into_iter().map(|id| deployment.at(id)).collect();
    if contexts.iter().any(changes_stdout) {
        return None;
    }
    contexts.iter().find_map(|context| {
        let module = context.module;
        // What runs under the guard of an imported module does not run here.
        let runs = |expr| {
            deployment.program.path(context.id).is_some_and(|path| start.modules.iter().any(|own| own == path))
                || !module.under_main_guard(expr)
        };
        let print = module.calls().find(|call| is_buffered(context, *call) && runs(module.expr(call.id).stmt))?;
        Some(context.place(module.expr(print.id).range))
    })
}

/// `#!/usr/bin/python3 -u`
fn is_unbuffered_script(deployment: &Deployment<'_>, start: &PythonStart) -> bool {
    start.modules.iter().filter_map(|path| deployment.read(path)).any(|file| {
        let line = file.text().lines().next().unwrap_or_default();
        interpreter(line.as_bytes()) == Some(Interpreter::Python) && line.split_ascii_whitespace().any(|word| word == "-u")
    })
}
