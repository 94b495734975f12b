//! RL110: for code bases that want no `__del__` at all.

use crate::context::{Context, Findings};
use crate::diagnostic::Severity;
use crate::rules::{Family, FixAvailability, Rule};

pub(crate) static META: Rule = Rule {
    code: "RL110",
    name: "del-defined",
    family: Family::Finalizers,
    severity: Severity::Info,
    default: false,
    fix: FixAvailability::None,
    triggers: super::TRIGGERS,
    former_names: &[],
    page: include_str!("del_defined.md"),
};

pub(crate) fn check(context: &Context<'_>, findings: &mut Findings<'_>) {
    for finalizer in context.finalizers().iter() {
        let message = format!("`{}` is a finalizer: when it runs, and in which thread, nobody decides", finalizer.name);
        findings
            .report(&META, message, context.place(finalizer.range))
            .help("use a context manager, or `weakref.finalize` for what must happen when the object goes");
    }
}
