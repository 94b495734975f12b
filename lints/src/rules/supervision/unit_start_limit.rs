//! RL403: restarts that end for good. systemd counts the starts within an interval; a program that fails at once uses them up in a second, and is left
//! `failed` from then on, also when what it waited for is there again.

use super::service::{Service, Setting};
use super::spans::{self, SECOND, microseconds};
use super::{others, unit_restart_delay};
use crate::context::Findings;
use crate::deployment::Deployment;
use crate::diagnostic::{Edit, Fix, Severity};
use crate::rules::{Family, FixAvailability, Rule};

pub(crate) static META: Rule = Rule {
    code: "RL403",
    name: "unit-start-limit",
    family: Family::Supervision,
    severity: Severity::Warning,
    default: true,
    fix: FixAvailability::Sometimes,
    triggers: &[],
    former_names: &[],
    page: include_str!("unit_start_limit.md"),
};

/// systemd's limits where the unit says nothing (systemd-system.conf(5), `DefaultStartLimitIntervalSec=`, `DefaultStartLimitBurst=`).
const INTERVAL: u64 = 10 * SECOND;
const BURST: u64 = 5;

/// The names of the interval, in the sections where systemd reads them: the second and the third are those of before version 230.
const INTERVAL_KEYS: &[(&str, &str)] =
    &[("Unit", "StartLimitIntervalSec"), ("Unit", "StartLimitInterval"), ("Service", "StartLimitInterval")];
const BURST_KEYS: &[(&str, &str)] = &[("Unit", "StartLimitBurst"), ("Service", "StartLimitBurst")];

pub(crate) fn check(deployment: &Deployment<'_>, findings: &mut Findings<'_>) {
    others::start_limits(deployment, findings);
    let Some(service) = deployment.service() else { return };
    if let Some((key, fix)) = misplaced(deployment, service) {
        let holds = if first(service, INTERVAL_KEYS, |value| microseconds(value).is_some()).is_some() {
            "what is said elsewhere holds"
        } else {
            "the limit of 5 starts in 10 s holds"
        };
        let message = format!("`StartLimitIntervalSec=` of `{}` stands in `[Service]`, where systemd ignores it: {holds}", service.name);
        findings.report(&META, message, deployment.place(&key)).help("it belongs into `[Unit]`").fix(fix);
        return;
    }
    limit(deployment, service, findings);
}

/// The key in the wrong section, with the fix that moves it.
fn misplaced(deployment: &Deployment<'_>, service: &Service) -> Option<(std::ops::Range<usize>, Option<Fix>)> {
    let (_, entry) = service.own_entries().find(|(section, entry)| section.name == "Service" && entry.key == "StartLimitIntervalSec")?;
    let line = deployment.line_of(&entry.key_place, &entry.value_place);
    let text = deployment.slice(&(entry.key_place.start..entry.value_place.end)).to_owned();
    let end = deployment.line_ending();
    // A drop-in has its fix by hand: where its `[Unit]` belongs is not told.
    let added = if service.setting("Unit", "StartLimitIntervalSec").is_some() {
        Some(None)
    } else if let Some(unit) = service.own_section("Unit") {
        Some(Some(deployment.edit(&(unit.header.end..unit.header.end), format!("{end}{text}"))))
    } else {
        service.own_section("Service").map(|section| {
            let first = section.header.start;
            Some(deployment.edit(&(first..first), format!("[Unit]{end}{text}{end}{end}")))
        })
    };
    let fix = added.map(|added| {
        let edits: Vec<Edit> = added.into_iter().chain([deployment.edit(&line, "")]).collect();
        Fix::unsure("Move `StartLimitIntervalSec=` to `[Unit]`", edits)
    });
    Some((entry.key_place.start..entry.value_place.end, fix))
}

/// The assignment of the first of these keys that is made.
fn first<'a>(service: &'a Service, keys: &[(&'static str, &'static str)], takes: fn(&str) -> bool) -> Option<Setting<'a>> {
    keys.iter().find_map(|(section, key)| service.valid(section, key, takes))
}

fn limit(deployment: &Deployment<'_>, service: &Service, findings: &mut Findings<'_>) -> Option<()> {
    let restart = service.restart().filter(|restart| restart.value().is_some_and(|value| value != "no"))?;
    // The delay grows from one start to the next.
    if service.setting("Service", "RestartSteps").is_some_and(|steps| steps.value() != Some("0")) {
        return None;
    }
    let interval = first(service, INTERVAL_KEYS, |value| microseconds(value).is_some());
    let burst = first(service, BURST_KEYS, |value| value.parse::<u32>().is_ok());
    let delay = service.delay();
    let span = |setting: Option<Setting<'_>>, default: u64| setting.map_or(Some(default), |setting| microseconds(setting.value()?));
    let within = span(interval, INTERVAL)?;
    let starts: u64 = burst.map_or(Some(BURST), |burst| burst.value()?.parse().ok())?;
    let wait = span(delay, unit_restart_delay::DEFAULT)?;
    let unlimited = within == 0 || starts == 0;
    if unlimited || wait.saturating_mul(starts) >= within {
        return None;
    }
    // At what makes it so: a limit of the unit's own, else the short delay.
    let place = interval.or(burst).or(delay).unwrap_or(restart);
    if !place.own {
        return None;
    }
    let message = if within == u64::MAX {
        format!("`{}` is started {starts} times at most, ever: then systemd leaves it `failed`", service.name)
    } else {
        format!(
            "`{}` is started again after {} and at most {starts} times in {}: if it fails at once, systemd leaves it `failed` for good",
            service.name,
            spans::shown(wait),
            spans::shown(within)
        )
    };
    let report =
        findings.report(&META, message, place.place()).help("`StartLimitIntervalSec=0` in `[Unit]`, with `RestartSec=5` in `[Service]`");
    report.fix(unlimited_fix(deployment, service, interval));
    None
}

/// `StartLimitIntervalSec=0`.
fn unlimited_fix(deployment: &Deployment<'_>, service: &Service, interval: Option<Setting<'_>>) -> Option<Fix> {
    let end = deployment.line_ending();
    let edit = if let Some(interval) = interval {
        interval.own.then(|| deployment.edit(&interval.entry.value_place, "0"))?
    } else if let Some(unit) = service.own_section("Unit") {
        let last = unit.entries.last().map_or(unit.header.end, |entry| entry.value_place.end);
        deployment.edit(&(last..last), format!("{end}StartLimitIntervalSec=0"))
    } else {
        let first = service.own_section("Service")?.header.start;
        deployment.edit(&(first..first), format!("[Unit]{end}StartLimitIntervalSec=0{end}{end}"))
    };
    Some(Fix::unsure("Set `StartLimitIntervalSec=0`", vec![edit]))
}
