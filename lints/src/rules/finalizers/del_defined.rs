//! RL110.

use crate::context::{Context, Findings};
use crate::diagnostic::Severity;
use crate::rules::{Family, FixAvailability, Rule};

pub(crate) static META: Rule = Rule {
    code: "RL110",
    name: "del-defined",
    family: Family::Finalizers,
    severity: Severity::Info,
    default: false,
    fix: FixAvailability::None,
    triggers: &[&["__del__"]],
    former_names: &[],
    page: include_str!("del_defined.md"),
};

pub(crate) fn check(context: &Context<'_>, findings: &mut Findings<'_>) {
    let _ = (context, findings);
}
