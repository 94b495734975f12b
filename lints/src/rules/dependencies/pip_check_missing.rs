//! RL503: pip installs what contradicts what is there, says so in a line of its output, and succeeds. `pip check` is what fails.

use super::Subject;
use crate::context::{Context, Findings};
use crate::deploy::Format;
use crate::deploy::installs::Found;
use crate::deploy::pip::Tool;
use crate::deployment::Deployment;
use crate::diagnostic::Severity;
use crate::rules::{Family, FixAvailability, Rule};

pub(crate) static META: Rule = Rule {
    code: "RL503",
    name: "pip-check-missing",
    family: Family::Dependencies,
    severity: Severity::Info,
    default: false,
    fix: FixAvailability::None,
    triggers: super::TRIGGERS,
    former_names: &[],
    page: include_str!("pip_check_missing.md"),
};

pub(crate) fn check(context: &Context<'_>, findings: &mut Findings<'_>) {
    run(&Subject::of_python(context), findings);
}

pub(crate) fn check_deployment(deployment: &Deployment<'_>, findings: &mut Findings<'_>) {
    // The environments of tox are made for tests.
    if deployment.format != Format::Tox {
        run(&Subject::of_deployment(deployment), findings);
    }
}

fn run(subject: &Subject<'_>, findings: &mut Findings<'_>) {
    if subject.installs.checks {
        return;
    }
    let counts = |found: &&Found| !found.install.changes_no_environment && !found.in_session && !Subject::is_about_installers(found);
    let Some(last) = subject.reported().filter(counts).last() else { return };
    let check = if last.install.tool == Tool::Uv { "uv pip check" } else { "pip check" };
    let message = format!("Nothing runs `{check}` after this install: packages that contradict each other go unseen");
    findings
        .report(&META, message, subject.place(&last.place))
        .help(format!("run `{check}` behind the last install: it fails where a dependency is missing or does not fit"));
}
