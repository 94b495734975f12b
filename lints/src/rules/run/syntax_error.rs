//! RL001.

use crate::context::{Context, Findings};
use crate::diagnostic::Severity;
use crate::rules::{Family, FixAvailability, Rule};

pub(crate) static META: Rule = Rule {
    code: "RL001",
    name: "syntax-error",
    family: Family::Run,
    severity: Severity::Error,
    default: true,
    fix: FixAvailability::None,
    triggers: &[],
    former_names: &[],
    page: include_str!("syntax_error.md"),
};

pub(crate) fn check(context: &Context<'_>, findings: &mut Findings<'_>) {
    let _ = (context, findings);
}
