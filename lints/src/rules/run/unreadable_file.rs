//! RL003.

use crate::context::{Context, Findings};
use crate::diagnostic::Severity;
use crate::rules::{Family, FixAvailability, Rule};

pub(crate) static META: Rule = Rule {
    code: "RL003",
    name: "unreadable-file",
    family: Family::Run,
    severity: Severity::Error,
    default: true,
    fix: FixAvailability::None,
    triggers: &[],
    former_names: &[],
    page: include_str!("unreadable_file.md"),
};

pub(crate) fn check(context: &Context<'_>, findings: &mut Findings<'_>) {
    let _ = (context, findings);
}
