//! RL202.

use crate::context::{Context, Findings};
use crate::diagnostic::Severity;
use crate::rules::{Family, FixAvailability, Rule};

pub(crate) static META: Rule = Rule {
    code: "RL202",
    name: "basic-config-root-level",
    family: Family::Logging,
    severity: Severity::Warning,
    default: true,
    fix: FixAvailability::None,
    triggers: &[&["basicConfig"]],
    former_names: &[],
    page: include_str!("basic_config_root_level.md"),
};

pub(crate) fn check(context: &Context<'_>, findings: &mut Findings<'_>) {
    let _ = (context, findings);
}
