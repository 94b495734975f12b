//! RL004.

use crate::context::{Context, Findings};
use crate::diagnostic::Severity;
use crate::rules::{Family, FixAvailability, Rule};

pub(crate) static META: Rule = Rule {
    code: "RL004",
    name: "invalid-ignore",
    family: Family::Run,
    severity: Severity::Warning,
    default: true,
    fix: FixAvailability::None,
    triggers: &[&["pyrelint:"]],
    former_names: &[],
    page: include_str!("invalid_ignore.md"),
};

pub(crate) fn check(context: &Context<'_>, findings: &mut Findings<'_>) {
    let _ = (context, findings);
}
