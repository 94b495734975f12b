//! RL504: a line without a version means what was published last, so that each install of the same file may yield something else.

use super::installers;
use crate::context::Findings;
use crate::deploy::Format;
use crate::deploy::pip::file::Lines;
use crate::deployment::Deployment;
use crate::diagnostic::Severity;
use crate::rules::{Family, FixAvailability, Rule};

pub(crate) static META: Rule = Rule {
    code: "RL504",
    name: "requirement-unpinned",
    family: Family::Dependencies,
    severity: Severity::Warning,
    default: false,
    fix: FixAvailability::None,
    triggers: &[],
    former_names: &[],
    page: include_str!("requirement_unpinned.md"),
};

pub(crate) fn check(deployment: &Deployment<'_>, findings: &mut Findings<'_>) {
    if deployment.format != Format::Requirements {
        return;
    }
    let lines = Lines::parse(deployment.file.text());
    if lines.is_locked() || lines.unpinned().next().is_none() {
        return;
    }
    let installers = installers(deployment);
    // One that constrains the versions does so for itself only.
    let Some(installer) = installers.iter().find(|installer| !installer.found.install.is_constrained) else { return };
    for (requirement, place) in lines.unpinned() {
        let message =
            format!("`{}` has no version of its own: each install takes the newest that is allowed on that day", requirement.name);
        findings
            .report(&META, message, deployment.place(place))
            .help("pin it (`==`), or lock the file with hashes (`pip-compile --generate-hashes`, `uv pip compile`)")
            .related("the file is installed here", installer.place.clone());
    }
}
