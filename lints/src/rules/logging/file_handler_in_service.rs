//! RL206: a service's stdout and stderr are collected by its supervisor. A log file that it opens itself fills the disk, fails on
//! read-only file systems, and is invisible to `journalctl` and `kubectl logs`.

use super::files::{Demand, LogFile, log_files};
use crate::context::{Context, Findings};
use crate::diagnostic::Severity;
use crate::program::service::Evidence;
use crate::rules::{Family, FixAvailability, Rule};

pub(crate) static META: Rule = Rule {
    code: "RL206",
    name: "file-handler-in-service",
    family: Family::Logging,
    severity: Severity::Warning,
    default: true,
    fix: FixAvailability::None,
    triggers: &[
        &["*FileHandler"],
        &["basicConfig"],
        &["loguru"],
        &["*WriteLoggerFactory"],
        &["*PrintLoggerFactory"],
        &["*BytesLoggerFactory"],
    ],
    former_names: &[],
    page: include_str!("file_handler_in_service.md"),
};

pub(crate) fn check(context: &Context<'_>, findings: &mut Findings<'_>) {
    // Files are looked for first: they are rarer than services.
    for file in log_files(context) {
        let Some(service) = context.service() else { return };
        report(context, findings, &file, service);
    }
}

fn report(context: &Context<'_>, findings: &mut Findings<'_>, file: &LogFile, service: &Evidence) {
    let opens = match file.demand {
        Demand::Always => "opens a log file",
        Demand::OnDemand(_) => "opens a log file on demand",
    };
    let message = format!(
        "`{}` {opens} in a service ({}): it fails on a read-only file system, fills the disk, and its supervisor never sees it",
        file.what, service.reason
    );
    let mut report = findings
        .report(&META, message, context.place(file.range))
        .help("log to stderr with a `StreamHandler` that has a level, and let the supervisor collect it");
    if let Demand::OnDemand(range) = file.demand {
        report = report.severity(Severity::Info).related("only where this is given", context.place(range));
    }
    for (message, place) in &service.places {
        report = report.related(message, place.clone());
    }
}
