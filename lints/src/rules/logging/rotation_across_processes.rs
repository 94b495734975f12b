//! RL209: a rotating handler renames the file that it writes. Other processes that have opened it go on writing to the renamed one, and rename in their
//! turn: backups are overwritten, and records are lost.

use super::beside::{self, Beside};
use super::files::{LogFile, Rotation, log_files};
use super::processes::{self, Processes};
use super::runs::{self, Body, Lead};
use super::sharing::{self, Start};
use crate::context::{Context, Findings, Role};
use crate::diagnostic::Severity;
use crate::program::service::project_root;
use crate::program::started::Started;
use crate::program::{ClassRef, FunctionRef, ModuleId};
use crate::rules::{Family, FixAvailability, Rule};

pub(crate) static META: Rule = Rule {
    code: "RL209",
    name: "rotation-across-processes",
    family: Family::Logging,
    severity: Severity::Warning,
    default: true,
    fix: FixAvailability::None,
    triggers: &[&["*RotatingFileHandler"], &["loguru", "rotation"]],
    former_names: &[],
    page: include_str!("rotation_across_processes.md"),
};

pub(crate) fn check(context: &Context<'_>, findings: &mut Findings<'_>) {
    if context.role != Role::Production || hands_over(context) {
        return;
    }
    for file in log_files(context) {
        if file.rotation == Rotation::None || sharing::names_process(context, &file) || is_fed_by_queue(context, &file) {
            continue;
        }
        // A queue brings all records to one process, which is all that processes of one program need.
        let processes = if file.rotation == Rotation::Alone { in_several(context, &file) } else { None };
        if let Some(processes) = processes {
            report_processes(context, findings, &file, &processes);
        } else if let Some((start, lead)) = in_workers(context, &file) {
            report_workers(context, findings, &file, &start, lead);
        } else if let Some(starts) = sharing::two_starts(context, &file) {
            report_starts(context, findings, &file, &starts);
        }
    }
}

/// Where a program that opens a file becomes several processes that have it open.
fn in_several(context: &Context<'_>, file: &LogFile) -> Option<Beside<Shared>> {
    let mut opening = None;
    beside::find(context, processes::WORDS, |there| {
        processes::started(there).find_map(|processes| {
            let opening = opening.get_or_insert_with(|| runs::leading_to(context, context.id, file.at));
            let lead = shared(there, opening, &processes)?;
            Some(Shared { processes, lead })
        })
    })
}

/// What a deployment file starts as several processes, each of which opens a file.
fn in_workers(context: &Context<'_>, file: &LogFile) -> Option<(Started, Lead)> {
    let program = context.program;
    let deployments = program.deployments(&project_root(context)?);
    let several: Vec<&Started> = deployments.started.iter().filter(|start| start.several).collect();
    if several.is_empty() {
        return None;
    }
    let opening = runs::leading_to(context, context.id, file.at);
    several.into_iter().find_map(|start| {
        let started = program.load(&start.module)?;
        let lead = opening.iter().find(|lead| match lead.body {
            Body::Top(module) => module == started || is_settings(context, module, start) || program.brings(started, module),
            Body::Function(function) => function.module == started,
            Body::Guard(_) => false,
        })?;
        Some((start.clone(), *lead))
    })
}

/// Whether a module holds the Django settings of what is started: the command names it, or the started module does.
fn is_settings(context: &Context<'_>, module: ModuleId, start: &Started) -> bool {
    let Some(name) = context.program.dotted_name(module) else { return false };
    let holds = |text: &[u8]| {
        memchr::memmem::find(text, b"DJANGO_SETTINGS_MODULE").is_some()
            && [format!("\"{name}\""), format!("'{name}'")].iter().any(|quoted| memchr::memmem::find(text, quoted.as_bytes()).is_some())
    };
    start.settings.as_ref().is_some_and(|settings| *settings == name) || context.program.text_passes(&start.module, holds)
}

/// A file that several processes have open.
struct Shared {
    processes: Processes,
    /// What leads to the file.
    lead: Lead,
}

/// Whether processes share a file: each opens it, or they are started where it is open. What opens the file in one process alone does no harm.
fn shared(context: &Context<'_>, opening: &[Lead], processes: &Processes) -> Option<Lead> {
    let way = &processes.way;
    let opened_by = |function: &FunctionRef| opening.iter().find(|lead| lead.body == Body::Function(*function));
    if let Some(lead) = way.run.iter().filter(|_| way.many).find_map(opened_by) {
        return Some(*lead);
    }
    if way.served {
        return opening.last().copied();
    }
    runs::meeting(context.program, opening, &runs::leading_to(context, processes.module, processes.call)).copied()
}

/// Whether the module hands records to another process or thread that alone writes the file.
fn hands_over(context: &Context<'_>) -> bool {
    let text = context.module.file.text();
    ["QueueHandler", "QueueListener", "install_mp_handler"].iter().any(|word| text.contains(word))
}

/// Whether a handler is a part of another one that brings the records of all processes to one by a queue of its own.
fn is_fed_by_queue(context: &Context<'_>, file: &LogFile) -> bool {
    let module = context.module;
    let around = module.expr(file.at).function.and_then(|function| module.class_around(function));
    around.is_some_and(|id| {
        context.program.derives_from(ClassRef { module: context.id, id }, "logging.Handler")
            && module.calls().any(|call| {
                let owner = module.expr(call.id).function.and_then(|function| module.class_around(function));
                owner == Some(id) && module.may_be_named(call.func, |last| last.ends_with("Queue"))
            })
    })
}

const HELP: &str = "let one process write: log to stderr and leave files to the supervisor, hand records over with `QueueHandler` and `QueueListener`, or put the process's id into the file's name";

fn report_processes(context: &Context<'_>, findings: &mut Findings<'_>, file: &LogFile, shared: &Beside<Shared>) {
    let there = &shared.what.processes;
    let message = format!(
        "`{}` rotates a log file, and the program {}: they rename it under each other, and records are lost",
        file.what, there.way.clause
    );
    let report = findings
        .report(&META, message, context.place(file.range))
        .help(HELP)
        .related("here it becomes several processes", context.place_in(there.module, there.range));
    let report = shared.what.lead.explain(context, file.at, report);
    let _ = shared.explain(context, report);
}

fn report_workers(context: &Context<'_>, findings: &mut Findings<'_>, file: &LogFile, start: &Started, lead: Lead) {
    let message = format!(
        "`{}` rotates a log file, and {} in `{}` starts several workers: they rename it under each other, and records are lost",
        file.what,
        start.key,
        start.place.file.path()
    );
    let report = findings
        .report(&META, message, context.place(file.range))
        .help(HELP)
        .related("here several workers are started", start.place.clone());
    let _ = lead.explain(context, file.at, report);
}

fn report_starts(context: &Context<'_>, findings: &mut Findings<'_>, file: &LogFile, starts: &[Start; 2]) {
    let name = |start: &Start| context.program.module(start.module).file.path().to_owned();
    let message = format!(
        "`{}` rotates a log file that two programs open, `{}` and `{}`: they rename it under each other, and records are lost",
        file.what,
        name(&starts[0]),
        name(&starts[1])
    );
    let mut report = findings.report(&META, message, context.place(file.range)).help(HELP);
    for start in starts {
        report = report.related("a program opens it from here", context.place_in(start.module, start.range));
    }
}
