//! RL205.

use crate::context::{Context, Findings};
use crate::diagnostic::Severity;
use crate::rules::{Family, FixAvailability, Rule};

pub(crate) static META: Rule = Rule {
    code: "RL205",
    name: "basic-config-invalid",
    family: Family::Logging,
    severity: Severity::Error,
    default: true,
    fix: FixAvailability::None,
    triggers: &[&["basicConfig"]],
    former_names: &[],
    page: include_str!("basic_config_invalid.md"),
};

pub(crate) fn check(context: &Context<'_>, findings: &mut Findings<'_>) {
    let _ = (context, findings);
}
