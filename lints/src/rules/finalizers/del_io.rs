//! RL101: a finalizer runs at any time, in any thread, and at shutdown when the interpreter is half gone; whatever it
//! raises is printed and dropped. Input and output fail there, block there, or are lost there.

use super::Finalizer;
use crate::context::{Context, Findings};
use crate::diagnostic::Severity;
use crate::effects::Kind;
use crate::effects::reach::Found;
use crate::rules::{Family, FixAvailability, Rule};

pub(crate) static META: Rule = Rule {
    code: "RL101",
    name: "del-io",
    family: Family::Finalizers,
    severity: Severity::Warning,
    default: true,
    fix: FixAvailability::None,
    triggers: super::TRIGGERS,
    former_names: &[],
    page: include_str!("del_io.md"),
};

pub(crate) fn check(context: &Context<'_>, findings: &mut Findings<'_>) {
    for finalizer in context.finalizers().iter() {
        let effects = io_effects(context, finalizer);
        if let Some(first) = effects.first() {
            report(context, findings, finalizer, first, &effects);
        }
    }
}

/// The effects that this rule speaks of, nearest first: what happens outside of `except` clauses before what only reports.
pub(crate) fn io_effects<'a>(context: &Context<'_>, finalizer: &'a Finalizer) -> Vec<&'a Found> {
    let allow = &context.settings.options.del_io.allow;
    // A finalizer that never runs has no effect; RL103 says so.
    if super::del_never_runs::never_runs(context, finalizer).is_some() {
        return Vec::new();
    }
    let mut effects: Vec<&Found> =
        finalizer.reached.effects.iter().filter(|effect| effect.kind.is_io() && !allow.contains(&effect.kind)).collect();
    effects.sort_by_key(|effect| (effect.in_handler, !effect.kind.is_main_io(), effect.path.len()));
    effects
}

fn report(context: &Context<'_>, findings: &mut Findings<'_>, finalizer: &Finalizer, first: &Found, effects: &[&Found]) {
    let more = match effects.len() {
        1 => String::new(),
        2 => " and has 1 more effect".to_owned(),
        count => format!(" and has {} more effects", count - 1),
    };
    let whose = super::whose(context, finalizer);
    let message = format!(
        "`{}`{whose} {}{more} ({}): it may run at any time, in any thread, or half-way through shutdown",
        finalizer.name,
        first.clause,
        kinds(effects)
    );
    let all_in_handlers = effects.iter().all(|effect| effect.in_handler);
    let mut report = findings.report(&META, message, context.place(finalizer.range)).help(help(first.kind));
    if all_in_handlers {
        report = report.severity(Severity::Info);
    }
    super::tell(context, report, first);
}

/// The kinds of the effects, each once, that of the first one first.
fn kinds(effects: &[&Found]) -> String {
    let mut seen: Vec<Kind> = Vec::new();
    for effect in effects {
        if !seen.contains(&effect.kind) {
            seen.push(effect.kind);
        }
    }
    seen.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}

fn help(kind: Kind) -> &'static str {
    match kind {
        Kind::Console | Kind::Logging => {
            "raise a `ResourceWarning` with `warnings.warn` instead, and let callers close the object by `with` or `contextlib.closing`"
        }
        Kind::Import => "import at module level, and keep what the finalizer needs as a default of a parameter or an attribute",
        _ => {
            "offer `close()` with `__enter__`/`__exit__` (or `contextlib.closing`), and use `weakref.finalize` for what must happen at exit"
        }
    }
}
