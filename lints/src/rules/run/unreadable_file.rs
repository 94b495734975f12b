//! RL003: a file that cannot be read is a file that nobody checked. Reported where files are decoded, parsed and opened.

use crate::context::{Context, Findings};
use crate::diagnostic::Severity;
use crate::rules::{Family, FixAvailability, Rule};

pub(crate) static META: Rule = Rule {
    code: "RL003",
    name: "unreadable-file",
    family: Family::Run,
    severity: Severity::Error,
    default: true,
    fix: FixAvailability::None,
    triggers: &[],
    former_names: &[],
    page: include_str!("unreadable_file.md"),
};

pub(crate) fn check(_: &Context<'_>, _: &mut Findings<'_>) {}
