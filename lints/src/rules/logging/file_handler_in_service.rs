//! RL206.

use crate::context::{Context, Findings};
use crate::diagnostic::Severity;
use crate::rules::{Family, FixAvailability, Rule};

pub(crate) static META: Rule = Rule {
    code: "RL206",
    name: "file-handler-in-service",
    family: Family::Logging,
    severity: Severity::Warning,
    default: true,
    fix: FixAvailability::None,
    triggers: &[&["FileHandler"], &["basicConfig"], &["loguru"], &["WriteLoggerFactory"]],
    former_names: &[],
    page: include_str!("file_handler_in_service.md"),
};

pub(crate) fn check(context: &Context<'_>, findings: &mut Findings<'_>) {
    let _ = (context, findings);
}
