//! RL002: a suppression that silences nothing hides the next finding on its line. The comments are judged in `suppress`.

use crate::context::{Context, Findings};
use crate::diagnostic::Severity;
use crate::rules::{Family, FixAvailability, Rule};

pub(crate) static META: Rule = Rule {
    code: "RL002",
    name: "unused-ignore",
    family: Family::Run,
    severity: Severity::Warning,
    default: true,
    fix: FixAvailability::Always,
    triggers: super::COMMENT_TRIGGERS,
    former_names: &[],
    page: include_str!("unused_ignore.md"),
};

pub(crate) fn check(_: &Context<'_>, _: &mut Findings<'_>) {}
