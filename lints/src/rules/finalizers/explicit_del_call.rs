//! RL109.

use crate::context::{Context, Findings};
use crate::diagnostic::Severity;
use crate::rules::{Family, FixAvailability, Rule};

pub(crate) static META: Rule = Rule {
    code: "RL109",
    name: "explicit-del-call",
    family: Family::Finalizers,
    severity: Severity::Warning,
    default: true,
    fix: FixAvailability::None,
    triggers: &[&["__del__"]],
    former_names: &[],
    page: include_str!("explicit_del_call.md"),
};

pub(crate) fn check(context: &Context<'_>, findings: &mut Findings<'_>) {
    let _ = (context, findings);
}
