//! The questions of the rules about units, put to supervisord, Compose and Kubernetes. Each rule's page has the table of what corresponds to what.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use crate::context::Findings;
use crate::deploy::ini::{self, Entry, Section};
use crate::deploy::supervisord::{COMMENTS, PROGRAMS};
use crate::deploy::yaml::{NodeId, Yaml};
use crate::deploy::{Format, kubernetes, text};
use crate::deployment::Deployment;
use crate::diagnostic::{Fix, Severity};
use crate::rules::Rule;

use super::{unit_restart, unit_start_limit};

/// A finding about a key, or about the place where it is absent.
struct Case {
    rule: &'static Rule,
    severity: Severity,
    message: String,
    help: &'static str,
    place: Range<usize>,
    /// The value that the fix puts in place of the one at `place`.
    value: Option<(Range<usize>, &'static str)>,
}

fn report(deployment: &Deployment<'_>, case: Case, findings: &mut Findings<'_>) {
    let fix = case.value.map(|(place, value)| Fix::unsure(format!("Use `{value}`"), vec![deployment.edit(&place, value)]));
    findings.report(case.rule, case.message, deployment.place(&case.place)).severity(case.severity).help(case.help).fix(fix);
}

/// Who is not brought back.
pub(super) fn restarts(deployment: &Deployment<'_>, findings: &mut Findings<'_>) {
    let cases = match deployment.format {
        Format::Supervisord => supervisord(deployment, autorestart),
        Format::Compose => compose(deployment, restart),
        Format::Kubernetes => pods(deployment),
        _ => Vec::new(),
    };
    for case in cases {
        report(deployment, case, findings);
    }
}

/// Whose restarts end for good.
pub(super) fn start_limits(deployment: &Deployment<'_>, findings: &mut Findings<'_>) {
    let cases = match deployment.format {
        Format::Supervisord => supervisord(deployment, start_retries),
        Format::Compose => compose(deployment, retries),
        _ => Vec::new(),
    };
    for case in cases {
        report(deployment, case, findings);
    }
}

/// The names of what the file starts that is Python and meant to keep running.
fn names<'a>(deployment: &'a Deployment<'_>) -> BTreeSet<&'a str> {
    deployment.starts().iter().filter(|start| start.start.long_running).filter_map(|start| start.start.name.as_deref()).collect()
}

// ---- supervisord

fn supervisord(deployment: &Deployment<'_>, ask: fn(&str, &Section) -> Option<Case>) -> Vec<Case> {
    let names = names(deployment);
    let plain = text::without_template(deployment.file.text());
    let sections = ini::parse(&plain, COMMENTS);
    let programs = sections.iter().filter_map(|section| {
        let name = PROGRAMS.iter().find_map(|prefix| section.name.strip_prefix(prefix))?.trim();
        names.contains(name).then(|| ask(&text::readable(name), section)).flatten()
    });
    programs.collect()
}

fn last<'a>(section: &'a Section, key: &str) -> Option<&'a Entry> {
    section.entries.iter().rev().find(|entry| entry.key == key)
}

fn autorestart(name: &str, section: &Section) -> Option<Case> {
    const HELP: &str = "`autorestart=true`";
    let Some(entry) = last(section, "autorestart") else {
        let message =
            format!("`{name}` has no `autorestart=`: after an exit with 0, for whatever reason, supervisord does not start it again");
        return Some(Case {
            rule: &unit_restart::META,
            severity: Severity::Info,
            message,
            help: HELP,
            place: section.header.clone(),
            value: None,
        });
    };
    let value = entry.value();
    let (severity, consequence) = match value.as_str().to_ascii_lowercase().as_str() {
        "false" | "off" | "no" | "0" => (Severity::Warning, "supervisord never starts it again, whatever ended it"),
        "unexpected" => (Severity::Info, "after an exit with 0, for whatever reason, supervisord does not start it again"),
        _ => return None,
    };
    let message = format!("`autorestart={}` of `{name}`: {consequence}", value.as_str());
    let place = entry.whole();
    Some(Case { rule: &unit_restart::META, severity, message, help: HELP, place, value: Some((entry.place(), "true")) })
}

/// Where programs of supervisord say that an exit with 0 is final, by their names: by `autorestart=`, or, as that is the default, by their headers. Those
/// that do not are left out.
pub(super) fn final_successes(deployment: &Deployment<'_>) -> BTreeMap<String, Range<usize>> {
    let plain = text::without_template(deployment.file.text());
    let mut found = BTreeMap::new();
    for section in ini::parse(&plain, COMMENTS) {
        if let Some(name) = PROGRAMS.iter().find_map(|prefix| section.name.strip_prefix(prefix)) {
            // Of several the first counts.
            found.entry(name.trim().to_owned()).or_insert_with(|| final_success(&section));
        }
    }
    found.into_iter().filter_map(|(name, place)| Some((name, place?))).collect()
}

fn final_success(section: &Section) -> Option<Range<usize>> {
    // A status that is expected is final; 0 is unless the list says otherwise.
    let expected = last(section, "exitcodes").is_none_or(|codes| codes.value().as_str().split(',').any(|code| code.trim() == "0"));
    match last(section, "autorestart") {
        _ if !expected => None,
        None => Some(section.header.clone()),
        Some(entry) => entry.value().as_str().eq_ignore_ascii_case("unexpected").then(|| entry.whole()),
    }
}

/// How many starts that fail at once supervisord tries by default; from how many on it is taken for meant.
const RETRIES: u64 = 3;
const MANY_RETRIES: u64 = 100;

fn start_retries(name: &str, section: &Section) -> Option<Case> {
    let entry = last(section, "startretries");
    let retries = entry.map_or(Some(RETRIES), |entry| entry.value().as_str().trim().parse().ok())?;
    if retries >= MANY_RETRIES || last(section, "autorestart").is_some_and(|entry| entry.value().as_str().eq_ignore_ascii_case("false")) {
        return None;
    }
    let message = format!("`{name}` is tried {retries} times more if it fails at its start: then supervisord leaves it `FATAL` for good");
    let (severity, place) = entry.map_or_else(|| (Severity::Info, section.header.clone()), |entry| (Severity::Warning, entry.whole()));
    let help =
        "`startretries=` with a number that covers the time for which what it needs may be away; the delay grows by a second with each";
    Some(Case { rule: &unit_start_limit::META, severity, message, help, place, value: None })
}

// ---- Compose

fn compose(deployment: &Deployment<'_>, ask: fn(&Yaml, &str, NodeId) -> Option<Case>) -> Vec<Case> {
    let names = names(deployment);
    let plain = text::without_template(deployment.file.text());
    let yaml = Yaml::parse(&plain);
    let mut cases = Vec::new();
    for document in &yaml.documents {
        let Some(services) = yaml.get(*document, "services") else { continue };
        for (name, service) in yaml.map(services).unwrap_or_default() {
            let name = yaml.text(*name).unwrap_or_default();
            cases.extend(names.contains(name).then(|| ask(&yaml, &text::readable(name), *service)).flatten());
        }
    }
    cases
}

fn restart(yaml: &Yaml, name: &str, service: NodeId) -> Option<Case> {
    let node = yaml.get(service, "restart")?;
    let value = yaml.text(node)?;
    let consequence = match value.split(':').next()? {
        "no" | "false" => "Docker never starts it again, whatever ended it",
        "on-failure" => "after an exit with 0, for whatever reason, Docker does not start it again",
        _ => return None,
    };
    let message = format!("`restart: {value}` of `{name}`: {consequence}");
    let place = yaml.place(node);
    let value = Some((place.clone(), "unless-stopped"));
    Some(Case { rule: &unit_restart::META, severity: Severity::Info, message, help: "`restart: unless-stopped`", place, value })
}

fn retries(yaml: &Yaml, name: &str, service: NodeId) -> Option<Case> {
    let node = yaml.get(service, "restart")?;
    let count: u64 = yaml.text(node)?.strip_prefix("on-failure:")?.trim().parse().ok()?;
    let message = format!("`{name}` is started again {count} times at most: then it stays down for good");
    let place = yaml.place(node);
    let value = Some((place.clone(), "unless-stopped"));
    Some(Case { rule: &unit_start_limit::META, severity: Severity::Warning, message, help: "`restart: unless-stopped`", place, value })
}

// ---- Kubernetes

fn pods(deployment: &Deployment<'_>) -> Vec<Case> {
    let names = names(deployment);
    let plain = text::without_template(deployment.file.text());
    let yaml = Yaml::parse(&plain);
    let mut cases = Vec::new();
    for object in yaml.documents.iter().copied() {
        // Only bare pods have a choice: those of deployments and their like are always restarted, those of jobs are meant to end.
        if yaml.get(object, "kind").and_then(|kind| yaml.text(kind)) != Some("Pod") {
            continue;
        }
        let Some(node) = yaml.path(object, &["spec", "restartPolicy"]) else { continue };
        let containers = kubernetes::container_names(&yaml, object);
        let Some(name) = containers.iter().find(|name| names.contains(name.as_str())).map(|name| text::readable(name)) else { continue };
        let (severity, consequence) = match yaml.text(node) {
            Some("Never") => (Severity::Warning, "the kubelet never starts it again, whatever ended it"),
            Some("OnFailure") => (Severity::Info, "after an exit with 0, for whatever reason, the kubelet does not start it again"),
            _ => continue,
        };
        let message = format!("`restartPolicy: {}` of `{name}`: {consequence}", yaml.text(node).unwrap_or_default());
        let place = yaml.place(node);
        let value = Some((place.clone(), "Always"));
        cases.push(Case { rule: &unit_restart::META, severity, message, help: "`restartPolicy: Always`, or a Deployment", place, value });
    }
    cases
}
