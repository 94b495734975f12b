//! RL301.

use crate::context::{Context, Findings};
use crate::diagnostic::Severity;
use crate::rules::{Family, FixAvailability, Rule};

pub(crate) static META: Rule = Rule {
    code: "RL301",
    name: "exit-code-range",
    family: Family::ExitCodes,
    severity: Severity::Warning,
    default: true,
    fix: FixAvailability::None,
    triggers: super::TRIGGERS,
    former_names: &[],
    page: include_str!("exit_code_range.md"),
};

pub(crate) fn check(context: &Context<'_>, findings: &mut Findings<'_>) {
    let _ = (context, findings);
}
