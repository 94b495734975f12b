//! RL407: with `-` in front of the command systemd takes every failure for a success, so that `Restart=on-failure` never acts and nobody sees the unit fail.

use super::service::Setting;
use crate::context::Findings;
use crate::deploy::text::readable;
use crate::deployment::Deployment;
use crate::diagnostic::{Fix, Severity};
use crate::rules::{Family, FixAvailability, Rule};

pub(crate) static META: Rule = Rule {
    code: "RL407",
    name: "unit-ignores-failure",
    family: Family::Supervision,
    severity: Severity::Warning,
    default: true,
    fix: FixAvailability::Always,
    triggers: &[],
    former_names: &[],
    page: include_str!("unit_ignores_failure.md"),
};

pub(crate) fn check(deployment: &Deployment<'_>, findings: &mut Findings<'_>) {
    let Some(service) = deployment.service() else { return };
    let restart = service.restart().map(Setting::value);
    // It is started again whatever its end was, and a job may fail.
    if matches!(restart, Some(None | Some("always" | "on-success"))) || !service.is_long_running(deployment) {
        return;
    }
    for start in service.starts.iter().filter(|start| start.start.ignores_failure) {
        let Some(entry) = service.command(start).filter(|_| service.command_file().1) else { continue };
        let consequence = match restart {
            Some(Some(value)) if value != "no" => format!("`Restart={}` never acts", readable(value)),
            _ => "the unit never shows as failed".to_owned(),
        };
        let message = format!("`ExecStart=-` of `{}` makes a success of every failure: {consequence}", service.name);
        let command = usize::from(start.start.command.start());
        let prefixes =
            deployment.slice(&(command..entry.value_place.end)).chars().take_while(|sign| "-@:+!|".contains(*sign)).collect::<String>();
        let fix =
            prefixes.find('-').map(|at| Fix::unsure("Take the `-` away", vec![deployment.edit(&(command + at..command + at + 1), "")]));
        let line = entry.key_place.start..entry.value_place.end;
        findings.report(&META, message, deployment.place(&line)).help("take the `-` away").fix(fix);
    }
}
