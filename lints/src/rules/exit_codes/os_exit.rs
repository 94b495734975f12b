//! RL311.

use crate::context::{Context, Findings};
use crate::diagnostic::Severity;
use crate::rules::{Family, FixAvailability, Rule};

pub(crate) static META: Rule = Rule {
    code: "RL311",
    name: "os-exit",
    family: Family::ExitCodes,
    severity: Severity::Info,
    default: true,
    fix: FixAvailability::None,
    triggers: &[&["_exit"]],
    former_names: &[],
    page: include_str!("os_exit.md"),
};

pub(crate) fn check(context: &Context<'_>, findings: &mut Findings<'_>) {
    let _ = (context, findings);
}
