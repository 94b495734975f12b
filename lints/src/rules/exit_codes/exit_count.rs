//! RL303.

use crate::context::{Context, Findings};
use crate::diagnostic::Severity;
use crate::rules::{Family, FixAvailability, Rule};

pub(crate) static META: Rule = Rule {
    code: "RL303",
    name: "exit-count",
    family: Family::ExitCodes,
    severity: Severity::Warning,
    default: true,
    fix: FixAvailability::None,
    triggers: super::TRIGGERS,
    former_names: &[],
    page: include_str!("exit_count.md"),
};

pub(crate) fn check(context: &Context<'_>, findings: &mut Findings<'_>) {
    let _ = (context, findings);
}
