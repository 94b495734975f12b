//! RL206: a service's stdout and stderr are collected by its supervisor. A log file that it opens itself fills the disk, fails on
//! read-only file systems, and is invisible to `journalctl` and `kubectl logs`.

use super::files::{Demand, LogFile, log_files};
use crate::context::{Context, Findings};
use crate::diagnostic::{Edit, Fix, Severity};
use crate::fix::{self, arguments, imports, statements};
use crate::module::Call;
use crate::module::ir::{ArgKind, ExprKind, StmtKind};
use crate::program::service::Evidence;
use crate::rules::{Family, FixAvailability, Rule};

pub(crate) static META: Rule = Rule {
    code: "RL206",
    name: "file-handler-in-service",
    family: Family::Logging,
    severity: Severity::Warning,
    default: true,
    fix: FixAvailability::Sometimes,
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
        if !service.covers(context.module, context.module.expr(file.at).stmt) {
            continue;
        }
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
        .help("log to stderr with a `StreamHandler` that has a level, and let the supervisor collect it")
        .fix(if matches!(file.demand, Demand::Always) { fix(context, file) } else { None });
    if let Demand::OnDemand(range) = file.demand {
        report = report.severity(Severity::Info).related("only where this is given", context.place(range));
    }
    for (message, place) in &service.places {
        report = report.related(message, place.clone());
    }
}

/// What only handlers of files have: a program that uses one of these needs the file.
const OF_FILES: &[&str] = &[
    "doRollover",
    "shouldRollover",
    "baseFilename",
    "rotation_filename",
    "namer",
    "rotator",
    "suffix",
    "extMatch",
    "maxBytes",
    "backupCount",
];

/// A handler of stderr in the place of the file's.
fn fix(context: &Context<'_>, file: &LogFile) -> Option<Fix> {
    let module = context.module;
    let config = context
        .logging()
        .calls
        .iter()
        .find(|config| config.keyword("filename").is_some_and(|arg| arg.range == file.range))
        .map(|config| config.call);
    let edits = if let Some(config) = config {
        let call = module.call(config).filter(|call| call.keyword("filename").is_some())?;
        arguments::remove(
            context,
            call,
            |arg| matches!(&arg.kind, ArgKind::Keyword(name) if matches!(name.as_str(), "filename" | "filemode" | "encoding" | "errors")),
        )?
    } else {
        handler(context, module.calls().find(|call| module.expr(call.id).range == file.range)?)?
    };
    Some(Fix::unsure("Log to stderr", edits))
}

/// Replaces the handler of a file that the standard library has, and gives it a level where it has none and a name.
fn handler(context: &Context<'_>, call: Call<'_>) -> Option<Vec<Edit>> {
    let module = context.module;
    let is_standard = context.program.externals(context.id, call.func).iter().all(|name| name.starts_with("logging."));
    let needs_file =
        module.exprs().any(|(_, expr)| matches!(&expr.kind, ExprKind::Attribute { attr, .. } if OF_FILES.contains(&attr.as_str())));
    if !is_standard || needs_file {
        return None;
    }
    let class = imports::reference(context, "logging", "StreamHandler", call.func)?;
    let mut edits = vec![fix::replace(context, module.expr(call.id).range, format!("{}()", class.text))];
    let imports = class.import.is_some();
    edits.extend(class.import);
    if super::levels::collect(context).objects.contains(&call.id) || call.keyword("level").is_some() {
        return Some(edits);
    }
    let stmt = module.expr(call.id).stmt;
    match &module.stmt(stmt).kind {
        StmtKind::Assign { targets, value } if *value == call.id && targets.len() == 1 && module.dotted(targets[0]).is_some() => {
            let level = imports::reference(context, "logging", "INFO", call.func)?;
            let target = module.file.slice(module.expr(targets[0]).range);
            edits.push(statements::after(context, stmt, &[format!("{target}.setLevel({})", level.text)])?);
            edits.extend(level.import.filter(|_| !imports));
            Some(edits)
        }
        // `basicConfig` is told to give it one.
        _ if context.logging().calls.iter().any(|config| module.expr(config.call).range.contains_range(module.expr(call.id).range)) => {
            Some(edits)
        }
        _ => None,
    }
}
