//! RL001: what cannot be parsed cannot be checked, nor run.

use crate::context::{Context, Findings};
use crate::diagnostic::Severity;
use crate::rules::{Family, FixAvailability, Rule};

pub(crate) static META: Rule = Rule {
    code: "RL001",
    name: "syntax-error",
    family: Family::Run,
    severity: Severity::Error,
    default: true,
    fix: FixAvailability::None,
    // No word tells; the rule speaks of the files that others have parsed.
    triggers: &[],
    former_names: &[],
    page: include_str!("syntax_error.md"),
};

pub(crate) fn check(context: &Context<'_>, findings: &mut Findings<'_>) {
    // The errors behind the first are mostly its echo.
    if let Some((range, message)) = context.module.syntax_errors.first() {
        findings.report(&META, format!("Syntax error: {}", message.trim_end_matches('.')), context.place(*range));
    }
}
