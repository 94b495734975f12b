//! RL103.

use crate::context::{Context, Findings};
use crate::diagnostic::Severity;
use crate::rules::{Family, FixAvailability, Rule};

pub(crate) static META: Rule = Rule {
    code: "RL103",
    name: "del-never-runs",
    family: Family::Finalizers,
    severity: Severity::Error,
    default: true,
    fix: FixAvailability::None,
    triggers: &[&["__del__"]],
    former_names: &[],
    page: include_str!("del_never_runs.md"),
};

pub(crate) fn check(context: &Context<'_>, findings: &mut Findings<'_>) {
    let _ = (context, findings);
}
