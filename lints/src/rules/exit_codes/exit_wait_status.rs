//! RL302.

use crate::context::{Context, Findings};
use crate::diagnostic::Severity;
use crate::rules::{Family, FixAvailability, Rule};

pub(crate) static META: Rule = Rule {
    code: "RL302",
    name: "exit-wait-status",
    family: Family::ExitCodes,
    severity: Severity::Error,
    default: true,
    fix: FixAvailability::None,
    triggers: super::TRIGGERS,
    former_names: &[],
    page: include_str!("exit_wait_status.md"),
};

pub(crate) fn check(context: &Context<'_>, findings: &mut Findings<'_>) {
    let _ = (context, findings);
}
