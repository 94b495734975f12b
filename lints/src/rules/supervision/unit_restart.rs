//! RL401: a service that nobody starts again when it has failed stays down until somebody notices.

use super::others;
use super::service::{Service, Setting};
use crate::context::Findings;
use crate::deploy::text::readable;
use crate::deployment::Deployment;
use crate::diagnostic::{Fix, Severity};
use crate::rules::{Family, FixAvailability, Rule};

pub(crate) static META: Rule = Rule {
    code: "RL401",
    name: "unit-restart",
    family: Family::Supervision,
    severity: Severity::Warning,
    default: true,
    fix: FixAvailability::Sometimes,
    triggers: &[],
    former_names: &[],
    page: include_str!("unit_restart.md"),
};

/// The values of `Restart=` that leave failures out, with what systemd does then (systemd.service(5), the table of `Restart=`).
const VALUES: &[(&str, &str)] = &[
    ("no", "systemd never starts it again, whatever ended it"),
    ("on-success", "systemd starts it again after a clean end alone: every failure is final"),
    ("on-abort", "systemd starts it again after an uncaught signal alone: an exception, which ends Python with 1, is final"),
    ("on-watchdog", "systemd starts it again after a missed watchdog alone: an exception, which ends Python with 1, is final"),
    ("on-abnormal", "systemd starts it again after a signal or a timeout alone: an exception, which ends Python with 1, is final"),
];

const HELP: &str = "`Restart=always` with `RestartSec=5`";

pub(crate) fn check(deployment: &Deployment<'_>, findings: &mut Findings<'_>) {
    others::restarts(deployment, findings);
    if let Some(service) = deployment.service()
        && service.is_long_running(deployment)
    {
        unit(deployment, service, findings);
    }
}

fn unit(deployment: &Deployment<'_>, service: &Service, findings: &mut Findings<'_>) {
    let Some(setting) = service.restart() else {
        if let Some(wrong) = service.setting("Service", "Restart") {
            return ignored(deployment, service, wrong, findings);
        }
        let Some(section) = service.own_section("Service") else { return };
        let message = format!("`{}` has no `Restart=`: when it fails, systemd does not start it again", service.name);
        findings.report(&META, message, deployment.place(&section.header)).help(HELP).fix(added(deployment, service));
        return;
    };
    let Some(value) = setting.value().filter(|_| setting.own) else { return };
    let (message, severity) = match VALUES.iter().find(|(name, _)| *name == value) {
        Some((_, consequence)) => (format!("`Restart={value}` of `{}`: {consequence}", service.name), Severity::Warning),
        None if value == "on-failure" => {
            let message = format!(
                "`Restart=on-failure` of `{}`: after an exit with 0, for whatever reason, systemd does not start it again",
                service.name
            );
            (message, Severity::Info)
        }
        None => return,
    };
    let fix = Fix::unsure("Use `Restart=always`", vec![deployment.edit(&setting.entry.value_place, "always")]);
    findings.report(&META, message, setting.place()).severity(severity).help(HELP).fix(Some(fix));
}

/// A value that systemd does not take.
fn ignored(deployment: &Deployment<'_>, service: &Service, setting: Setting<'_>, findings: &mut Findings<'_>) {
    let Some(value) = setting.value().filter(|_| setting.own) else { return };
    let message = format!(
        "`Restart={}` of `{}` is none of systemd's values and is ignored: when it fails, it is not started again",
        readable(value),
        service.name
    );
    let fix = Fix::unsure("Use `Restart=always`", vec![deployment.edit(&setting.entry.value_place, "always")]);
    findings.report(&META, message, setting.place()).help(HELP).fix(Some(fix));
}

/// `Restart=always` behind the command.
fn added(deployment: &Deployment<'_>, service: &Service) -> Option<Fix> {
    let has_delay = service.delay().is_some();
    let command = service.list("Service", "ExecStart").into_iter().rfind(|setting: &Setting<'_>| setting.own)?;
    let end = deployment.line_ending();
    let lines = if has_delay { format!("{end}Restart=always") } else { format!("{end}Restart=always{end}RestartSec=5") };
    let behind = command.entry.value_place.end;
    Some(Fix::unsure("Add `Restart=always`", vec![deployment.edit(&(behind..behind), lines)]))
}
