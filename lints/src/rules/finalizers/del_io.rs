//! RL101.

use crate::context::{Context, Findings};
use crate::diagnostic::Severity;
use crate::rules::{Family, FixAvailability, Rule};

pub(crate) static META: Rule = Rule {
    code: "RL101",
    name: "del-io",
    family: Family::Finalizers,
    severity: Severity::Warning,
    default: true,
    fix: FixAvailability::None,
    triggers: &[&["__del__"]],
    former_names: &[],
    page: include_str!("del_io.md"),
};

pub(crate) fn check(context: &Context<'_>, findings: &mut Findings<'_>) {
    let _ = (context, findings);
}
