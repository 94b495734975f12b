//! RL310: `exit` and `quit` are put into the builtins by `site`, for the interactive shell. Under `python -S`, in frozen
//! and embedded interpreters they are a `NameError`; and they close stdin.

use crate::context::{Context, Findings};
use crate::diagnostic::{Fix, Severity};
use crate::fix::{self, imports};
use crate::module::ir::ArgKind;
use crate::program::exits::{Exit, ExitKind};
use crate::rules::{Family, FixAvailability, Rule};

pub(crate) static META: Rule = Rule {
    code: "RL310",
    name: "site-exit",
    family: Family::ExitCodes,
    severity: Severity::Warning,
    default: true,
    fix: FixAvailability::Sometimes,
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
        findings.report(&META, message, place).help("import `sys` and use `sys.exit`, or raise `SystemExit`").fix(fix(context, exit));
    }
}

/// `sys.exit` in its place. Where `sys` has to be imported for it, the new import may move what runs first.
fn fix(context: &Context<'_>, exit: &Exit) -> Option<Fix> {
    let call = context.module.call(exit.expr)?;
    let reference = imports::reference(context, "sys", "exit", exit.func)?;
    let mut edits = vec![fix::replace(context, context.module.expr(exit.func).range, reference.text.as_str())];
    // `sys.exit` takes its argument by position only.
    for arg in call.args.iter().filter(|arg| matches!(arg.kind, ArgKind::Keyword(_))) {
        let value = context.module.file.slice(context.module.expr(arg.value).range);
        edits.push(fix::replace(context, arg.range, value));
    }
    let message = format!("Use `{}`", reference.text);
    Some(match reference.import {
        None => Fix::safe(message, edits),
        Some(import) => {
            edits.push(import);
            Fix::unsure(format!("{message}, and import `sys`"), edits)
        }
    })
}
