//! RL209: a rotating handler renames the file that it writes. Other processes that have opened it go on writing to the renamed one, and rename in their
//! turn: backups are overwritten, and records are lost.

use super::beside::{self, Beside};
use super::files::{LogFile, Rotation, log_files};
use super::processes::{self, Processes};
use super::sharing::{self, Start};
use crate::context::{Context, Findings, Role};
use crate::diagnostic::Severity;
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
    let mut several = None;
    for file in log_files(context) {
        if file.rotation == Rotation::None || sharing::names_process(context, &file) {
            continue;
        }
        // A queue brings all records to one process, which is all that processes of one program need.
        let processes = several.get_or_insert_with(|| beside::find(context, processes::WORDS, processes::started)).as_ref();
        if let Some(processes) = processes.filter(|_| file.rotation == Rotation::Alone) {
            report_processes(context, findings, &file, processes);
        } else if let Some(starts) = sharing::two_starts(context, &file) {
            report_starts(context, findings, &file, &starts);
        }
    }
}

/// Whether the module hands records to another process or thread that alone writes the file.
fn hands_over(context: &Context<'_>) -> bool {
    let text = context.module.file.text();
    text.contains("QueueHandler") || text.contains("QueueListener")
}

const HELP: &str = "let one process write: log to stderr and leave files to the supervisor, hand records over with `QueueHandler` and `QueueListener`, or put the process's id into the file's name";

fn report_processes(context: &Context<'_>, findings: &mut Findings<'_>, file: &LogFile, processes: &Beside<Processes>) {
    let there = processes.what;
    let message = format!(
        "`{}` rotates a log file, and the program {}: they rename it under each other, and records are lost",
        file.what, there.clause
    );
    let report = findings
        .report(&META, message, context.place(file.range))
        .help(HELP)
        .related("here it becomes several processes", context.place_in(there.module, there.range));
    let _ = processes.explain(context, report);
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
