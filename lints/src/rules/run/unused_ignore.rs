//! RL002.

use crate::context::{Context, Findings};
use crate::diagnostic::Severity;
use crate::rules::{Family, FixAvailability, Rule};

pub(crate) static META: Rule = Rule {
    code: "RL002",
    name: "unused-ignore",
    family: Family::Run,
    severity: Severity::Warning,
    default: true,
    fix: FixAvailability::None,
    triggers: &[&["pyrelint:"], &["noqa", "RL0"], &["noqa", "RL1"], &["noqa", "RL2"], &["noqa", "RL3"]],
    former_names: &[],
    page: include_str!("unused_ignore.md"),
};

pub(crate) fn check(context: &Context<'_>, findings: &mut Findings<'_>) {
    let _ = (context, findings);
}
