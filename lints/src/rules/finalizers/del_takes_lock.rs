//! RL105: collection may start at any allocation, also while the thread holds the lock that the finalizer wants: a lock that is not reentrant
//! then waits for itself, forever.

use crate::context::{Context, Findings};
use crate::diagnostic::Severity;
use crate::effects::Kind;
use crate::rules::{Family, FixAvailability, Rule};

pub(crate) static META: Rule = Rule {
    code: "RL105",
    name: "del-takes-lock",
    family: Family::Finalizers,
    severity: Severity::Warning,
    default: true,
    fix: FixAvailability::None,
    triggers: super::TRIGGERS,
    former_names: &[],
    page: include_str!("del_takes_lock.md"),
};

pub(crate) fn check(context: &Context<'_>, findings: &mut Findings<'_>) {
    for finalizer in context.finalizers().iter() {
        let locks = super::effects_of_kind(context, finalizer, Kind::Lock);
        let Some(first) = locks.first() else { continue };
        let whose = super::whose(context, finalizer);
        let message = format!(
            "`{}`{whose} {}: if the object is collected while its thread holds that lock, the thread waits for itself forever",
            finalizer.name, first.clause
        );
        let report = findings
            .report(&META, message, context.place(finalizer.range))
            .help("take no lock in a finalizer: hand the work over by `queue.SimpleQueue.put`, or use a `threading.RLock`");
        super::tell(context, report, first);
    }
}
