//! RL201.

use crate::context::{Context, Findings};
use crate::diagnostic::Severity;
use crate::rules::{Family, FixAvailability, Rule};

pub(crate) static META: Rule = Rule {
    code: "RL201",
    name: "basic-config-handler-level",
    family: Family::Logging,
    severity: Severity::Warning,
    default: true,
    fix: FixAvailability::None,
    triggers: &[&["basicConfig"]],
    former_names: &[],
    page: include_str!("basic_config_handler_level.md"),
};

pub(crate) fn check(context: &Context<'_>, findings: &mut Findings<'_>) {
    let _ = (context, findings);
}
