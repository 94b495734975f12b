//! RL310: `exit` and `quit` are put into the builtins by `site`, for the interactive shell. Under `python -S`, in frozen
//! and embedded interpreters they are a `NameError`; and they close stdin.

use crate::context::{Context, Findings};
use crate::diagnostic::Severity;
use crate::program::exits::ExitKind;
use crate::rules::{Family, FixAvailability, Rule};

pub(crate) static META: Rule = Rule {
    code: "RL310",
    name: "site-exit",
    family: Family::ExitCodes,
    severity: Severity::Warning,
    default: true,
    fix: FixAvailability::None,
    triggers: super::TRIGGERS,
    former_names: &[],
    page: include_str!("site_exit.md"),
};

pub(crate) fn check(context: &Context<'_>, findings: &mut Findings<'_>) {
    for exit in context.exits().iter().filter(|exit| exit.kind == ExitKind::Site) {
        let name = context.module.snippet(exit.func);
        let message =
            format!("`{name}` is a builtin for the interactive shell: under `python -S` and in frozen programs it raises `NameError`");
        let place = context.place(exit.range);
        findings.report(&META, message, place).help("import `sys` and use `sys.exit`, or raise `SystemExit`");
    }
}
