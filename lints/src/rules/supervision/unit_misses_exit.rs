//! RL404: `Restart=on-failure` acts on what the exit status shows. A program that fails and exits with 0 has succeeded, and stays down; so does one whose
//! status the unit calls a success.

use super::others;
use super::program::{self, Hidden};
use super::service::{Service, Setting};
use crate::context::Findings;
use crate::deploy::Format;
use crate::deployment::{Deployment, PythonStart};
use crate::diagnostic::{Fix, Place, Severity};
use crate::effects::leave::Leaving;
use crate::program::exits::Code;
use crate::rules::exit_codes::{is_failure, shown};
use crate::rules::{Family, FixAvailability, Rule};

pub(crate) static META: Rule = Rule {
    code: "RL404",
    name: "unit-misses-exit",
    family: Family::Supervision,
    severity: Severity::Error,
    default: true,
    fix: FixAvailability::Sometimes,
    triggers: &[],
    former_names: &[],
    page: include_str!("unit_misses_exit.md"),
};

/// The values of `Restart=` that look at how the program ended.
const CONDITIONAL: &[&str] = &["on-failure", "on-abnormal", "on-abort", "on-watchdog"];

/// What an uncaught exception makes of Python's exit status.
const UNCAUGHT: i128 = 1;

/// How many failures are shown.
const MAX_SHOWN: usize = 3;

pub(crate) fn check(deployment: &Deployment<'_>, findings: &mut Findings<'_>) {
    if deployment.format == Format::Supervisord {
        return supervisord(deployment, findings);
    }
    let Some(service) = deployment.service() else { return };
    let Some(restart) = service.restart().filter(|restart| restart.own) else { return };
    let Some(value) = restart.value() else { return };
    if value == "no" || !service.is_long_running(deployment) {
        return;
    }
    for start in &service.starts {
        if CONDITIONAL.contains(&value) {
            let hidden = program::hidden_failures(deployment, start);
            if !hidden.is_empty() {
                return hidden_failures(deployment, service, restart, start, &hidden, findings);
            }
        }
        if let Some(listed) = listed_failure(deployment, service, value, start) {
            return report_listed(deployment, service, restart, start, listed, findings);
        }
    }
}

/// The same question to supervisord, whose default is to leave a program down that ended with 0.
fn supervisord(deployment: &Deployment<'_>, findings: &mut Findings<'_>) {
    let places = others::final_successes(deployment);
    for start in deployment.starts() {
        let Some(name) = start.start.name.as_deref() else { continue };
        let Some(place) = places.get(name) else { continue };
        let hidden = program::hidden_failures(deployment, start);
        if hidden.is_empty() {
            continue;
        }
        let program = start.start.program.name();
        let message =
            format!("supervisord does not bring `{program}` of `{name}` back: it can fail and exit with 0, which is an expected end");
        let started = Place::new(&deployment.file, start.start.range);
        let mut report = findings
            .report(&META, message, deployment.place(place))
            .help("let the program exit with 1 where it fails, or use `autorestart=true`")
            .related(format!("this starts `{program}`"), started);
        for failure in hidden.iter().take(MAX_SHOWN) {
            for (text, place) in program::steps(deployment, &failure.path) {
                report = report.related(text, place);
            }
            report = report.related(failure.diagnostic.message.clone(), failure.diagnostic.place.clone());
        }
    }
}

/// The place of the word that names the program.
fn started(service: &Service, start: &PythonStart) -> (String, Place) {
    let (file, _) = service.command_file();
    (format!("this starts `{}`", start.start.program.name()), Place::new(file, start.start.range))
}

fn hidden_failures(
    deployment: &Deployment<'_>,
    service: &Service,
    restart: Setting<'_>,
    start: &PythonStart,
    hidden: &[Hidden],
    findings: &mut Findings<'_>,
) {
    let value = restart.value().unwrap_or_default();
    let message = format!(
        "`Restart={value}` of `{}` does not bring `{}` back: it can fail and exit with 0, which systemd takes for a clean end",
        service.name,
        start.start.program.name()
    );
    let (text, place) = started(service, start);
    let mut report = findings
        .report(&META, message, restart.place())
        .help("let the program exit with 1 where it fails, or use `Restart=always`")
        .fix(Some(always(deployment, restart)))
        .related(text, place);
    for failure in hidden.iter().take(MAX_SHOWN) {
        for (text, place) in program::steps(deployment, &failure.path) {
            report = report.related(text, place);
        }
        report = report.related(failure.diagnostic.message.clone(), failure.diagnostic.place.clone());
    }
}

fn always(deployment: &Deployment<'_>, restart: Setting<'_>) -> Fix {
    Fix::unsure("Use `Restart=always`", vec![deployment.edit(&restart.entry.value_place, "always")])
}

/// A status that the unit takes for a success, or for a reason not to restart, and that the program fails with.
struct Listed<'a> {
    setting: Setting<'a>,
    key: &'static str,
    status: i128,
    steps: Vec<(String, Place)>,
    /// The exit call with this status; none for an uncaught exception.
    exit: Option<(String, Place)>,
}

fn listed_failure<'a>(deployment: &Deployment<'_>, service: &'a Service, restart: &str, start: &PythonStart) -> Option<Listed<'a>> {
    let conditional = CONDITIONAL.contains(&restart);
    let keys: &[&'static str] =
        if conditional { &["SuccessExitStatus", "RestartPreventExitStatus"] } else { &["RestartPreventExitStatus"] };
    let mut exits: Option<Vec<Leaving>> = None;
    for key in keys {
        for setting in service.list("Service", key) {
            let Some(value) = setting.value() else { continue };
            for status in value.split_ascii_whitespace().filter_map(status) {
                let exits = exits.get_or_insert_with(|| program::exits(deployment, start));
                if let Some(leaving) = exits.iter().find(|leaving| fails_with(deployment, leaving, status)) {
                    let context = deployment.at(leaving.module);
                    let exit = shown(&context, &leaving.exit);
                    let exit = Some((format!("`{exit}` ends the program with {status} for a failure"), context.place(leaving.exit.range)));
                    return Some(Listed { setting, key, status, steps: program::steps(deployment, &leaving.path), exit });
                }
                if status == UNCAUGHT {
                    return Some(Listed { setting, key, status, steps: Vec::new(), exit: None });
                }
            }
        }
    }
    None
}

fn report_listed(
    deployment: &Deployment<'_>,
    service: &Service,
    restart: Setting<'_>,
    start: &PythonStart,
    listed: Listed<'_>,
    findings: &mut Findings<'_>,
) {
    // A status that is a success is restarted by `always` all the same.
    let fix = (listed.key == "SuccessExitStatus").then(|| always(deployment, restart));
    let Listed { setting, key, status, steps, exit } = listed;
    let what = if key == "SuccessExitStatus" { "takes for a clean end" } else { "takes for a reason to leave it down" };
    let fails = if exit.is_some() { "fails with" } else { "exits after an uncaught exception, as every Python program, with" };
    let message = format!(
        "`Restart={}` of `{}` does not bring `{}` back: it {fails} {status}, which `{key}=` {what}",
        restart.value().unwrap_or_default(),
        service.name,
        start.start.program.name()
    );
    let (text, place) = started(service, start);
    let mut report = findings
        .report(&META, message, restart.place())
        .help(format!("take {status} out of `{key}=`, or let the program fail with another status"))
        .fix(fix)
        .related(format!("{status} is listed here"), setting.place())
        .related(text, place);
    for (text, place) in steps.into_iter().chain(exit) {
        report = report.related(text, place);
    }
}

/// Whether an exit call ends the program with a status for a failure.
fn fails_with(deployment: &Deployment<'_>, leaving: &Leaving, status: i128) -> bool {
    let context = deployment.at(leaving.module);
    let Code::Expr(code) = leaving.exit.code else { return false };
    let value = deployment.program.constant(leaving.module, code).and_then(|value| value.as_int());
    value == Some(status) && is_failure(&context, &leaving.exit)
}

/// A status as systemd reads it: a number, or a name of its table (systemd.exec(5), "Process Exit Codes"). Signals are none.
fn status(word: &str) -> Option<i128> {
    const NAMES: &[(&str, i128)] = &[
        ("FAILURE", 1),
        ("INVALIDARGUMENT", 2),
        ("NOTIMPLEMENTED", 3),
        ("NOPERMISSION", 4),
        ("NOTINSTALLED", 5),
        ("NOTCONFIGURED", 6),
        ("NOTRUNNING", 7),
        ("USAGE", 64),
        ("DATAERR", 65),
        ("NOINPUT", 66),
        ("NOUSER", 67),
        ("NOHOST", 68),
        ("UNAVAILABLE", 69),
        ("SOFTWARE", 70),
        ("OSERR", 71),
        ("OSFILE", 72),
        ("CANTCREAT", 73),
        ("IOERR", 74),
        ("TEMPFAIL", 75),
        ("PROTOCOL", 76),
        ("NOPERM", 77),
        ("CONFIG", 78),
    ];
    match word.parse::<u8>() {
        Ok(0) => None,
        Ok(status) => Some(i128::from(status)),
        Err(_) => NAMES.iter().find(|(name, _)| *name == word).map(|(_, status)| *status),
    }
}
