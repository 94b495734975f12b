//! RL502: pip compares versions, not contents. A pinned version that is installed already is left as it is, whatever is in its files.

use super::Subject;
use crate::context::{Context, Findings};
use crate::deploy::pip::{Pin, Tool};
use crate::deployment::Deployment;
use crate::diagnostic::{Fix, Severity};
use crate::rules::{Family, FixAvailability, Rule};

pub(crate) static META: Rule = Rule {
    code: "RL502",
    name: "pip-upgrade-keeps-stale",
    family: Family::Dependencies,
    severity: Severity::Info,
    default: false,
    fix: FixAvailability::Sometimes,
    triggers: super::TRIGGERS,
    former_names: &[],
    page: include_str!("pip_upgrade_keeps_stale.md"),
};

pub(crate) fn check(context: &Context<'_>, findings: &mut Findings<'_>) {
    run(&Subject::of_python(context), findings);
}

pub(crate) fn check_deployment(deployment: &Deployment<'_>, findings: &mut Findings<'_>) {
    run(&Subject::of_deployment(deployment), findings);
}

fn run(subject: &Subject<'_>, findings: &mut Findings<'_>) {
    for found in subject.reported() {
        let install = &found.install;
        if !install.no_deps || install.reinstalls || install.changes_no_environment {
            continue;
        }
        let mut pinned =
            install.requirements().filter(|(_, requirement)| requirement.pin == Pin::Exact && requirement.specifier.starts_with('='));
        let Some((given, requirement)) = pinned.next() else { continue };
        let option = if install.tool == Tool::Uv { "--reinstall" } else { "--force-reinstall" };
        let message = format!(
            "Where `{}` has this version already, `--no-deps` without `{option}` leaves its files as they are, also damaged or older ones",
            requirement.name
        );
        let edit = subject.option_before(&given.place, option);
        findings
            .report(&META, message, subject.place(&found.place))
            .help(format!("add `{option}`: with `--no-deps` it touches this package alone"))
            .fix(edit.map(|edit| Fix::unsure(format!("Add `{option}`"), vec![edit])));
    }
}
