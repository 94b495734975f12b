//! RL402: a program that fails at once is started again at once, ten times a second, until systemd gives up or the machine has nothing else to do.

use super::service::Setting;
use super::spans::{self, SECOND, microseconds};
use crate::context::Findings;
use crate::deployment::Deployment;
use crate::diagnostic::{Fix, Severity};
use crate::rules::{Family, FixAvailability, Rule};

pub(crate) static META: Rule = Rule {
    code: "RL402",
    name: "unit-restart-delay",
    family: Family::Supervision,
    severity: Severity::Warning,
    default: true,
    fix: FixAvailability::Always,
    triggers: &[],
    former_names: &[],
    page: include_str!("unit_restart_delay.md"),
};

/// systemd's delay where the unit says nothing, in microseconds (systemd-system.conf(5), `DefaultRestartSec=`).
pub(super) const DEFAULT: u64 = 100_000;

pub(crate) fn check(deployment: &Deployment<'_>, findings: &mut Findings<'_>) {
    let Some(service) = deployment.service() else { return };
    let Some(restart) = service.restart().filter(|restart| restart.value().is_some_and(|value| value != "no")) else {
        return;
    };
    // The delay grows from one start to the next.
    if service.setting("Service", "RestartSteps").is_some_and(|steps| steps.value() != Some("0")) {
        return;
    }
    let delay = service.delay();
    let Some((span, told)) = delay.map_or(Some((DEFAULT, None)), |delay| Some((microseconds(delay.value()?)?, Some(delay)))) else {
        return;
    };
    let least = deployment.settings.options.unit_restart_delay.minimum_delay.saturating_mul(SECOND);
    let place = told.unwrap_or(restart);
    if span >= least || !place.own {
        return;
    }
    let name = &service.name;
    // One that systemd does not take is ignored.
    let wrong = service.setting("Service", "RestartSec").filter(|delay| told.is_none() && delay.own);
    let message = match (told, wrong) {
        (Some(_), _) => {
            format!("`RestartSec={}` of `{name}`: a program that fails at once is started again after {}", value(place), spans::shown(span))
        }
        (None, Some(wrong)) => {
            format!(
                "`RestartSec={}` of `{name}` is no span of time and is ignored: a program that fails at once is started again after 100 ms",
                value(wrong)
            )
        }
        (None, None) => format!("`{name}` has no `RestartSec=`: a program that fails at once is started again after 100 ms"),
    };
    let fix = if let Some(delay) = told.or(wrong) {
        Fix::safe("Wait 5 s", vec![deployment.edit(&delay.entry.value_place, "5")])
    } else {
        let end = restart.entry.value_place.end;
        Fix::safe("Add `RestartSec=5`", vec![deployment.edit(&(end..end), format!("{}RestartSec=5", deployment.line_ending()))])
    };
    let place = wrong.unwrap_or(place);
    findings.report(&META, message, place.place()).help("`RestartSec=5`").fix(Some(fix));
}

fn value(setting: Setting<'_>) -> &str {
    setting.value().unwrap_or_default()
}
