//! RL107: a finalizer runs in whatever thread collects the object, with no event loop, another loop or a closed one; what it schedules there is
//! refused or never runs.

use crate::context::{Context, Findings};
use crate::diagnostic::Severity;
use crate::effects::Kind;
use crate::rules::{Family, FixAvailability, Rule};

pub(crate) static META: Rule = Rule {
    code: "RL107",
    name: "del-event-loop",
    family: Family::Finalizers,
    severity: Severity::Error,
    default: true,
    fix: FixAvailability::None,
    triggers: super::TRIGGERS,
    former_names: &[],
    page: include_str!("del_event_loop.md"),
};

pub(crate) fn check(context: &Context<'_>, findings: &mut Findings<'_>) {
    for finalizer in context.finalizers().iter() {
        let effects = super::effects_of_kind(context, finalizer, Kind::EventLoop);
        let Some(first) = effects.first() else { continue };
        let whose = super::whose(context, finalizer);
        let message = format!(
            "`{}`{whose} {}: it may run without an event loop, with another or a closed one, or in another thread",
            finalizer.name, first.clause
        );
        let report = findings
            .report(&META, message, context.place(finalizer.range))
            .help("offer `async def aclose()` with `__aenter__`/`__aexit__`, and only warn (`ResourceWarning`) where that was forgotten");
        super::tell(context, report, first);
    }
}
