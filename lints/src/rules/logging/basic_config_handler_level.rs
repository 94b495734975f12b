//! RL201: a handler's level is `NOTSET` unless it is set, and a record of a logger with a level of its own never meets the root's
//! level. So the level that `basicConfig` gives the root bounds nothing that a library has set otherwise.

use super::handlers::{Status, status};
use super::{BasicConfig, Logging, basic_config_invalid, order};
use crate::context::{Context, Findings};
use crate::diagnostic::Severity;
use crate::module::ir::ExprId;
use crate::rules::{Family, FixAvailability, Rule};

pub(crate) static META: Rule = Rule {
    code: "RL201",
    name: "basic-config-handler-level",
    family: Family::Logging,
    severity: Severity::Warning,
    default: true,
    fix: FixAvailability::None,
    triggers: &[&["basicConfig"]],
    former_names: &[],
    page: include_str!("basic_config_handler_level.md"),
};

/// A handler without a level.
enum Bare {
    /// The one that `basicConfig` makes.
    Own,
    /// One that is passed.
    Passed(ExprId),
}

pub(crate) fn check(context: &Context<'_>, findings: &mut Findings<'_>) {
    let logging = context.logging();
    for config in &logging.calls {
        if config.earlier.is_some() || basic_config_invalid::defect(context, config).is_some() {
            continue;
        }
        let Some(bare) = bare_handler(context, &logging, config) else { continue };
        let levelled_after = logging.levels.root_handlers.iter().any(|set| order::may_follow(context, *set, config.call));
        if !levelled_after {
            report(context, findings, config, &bare);
        }
    }
}

/// A handler of the call that has no level of its own.
fn bare_handler(context: &Context<'_>, logging: &Logging, config: &BasicConfig) -> Option<Bare> {
    let Some(handlers) = config.keyword("handlers") else {
        return (!config.open).then_some(Bare::Own);
    };
    let elements = context.program.elements(context.id, handlers.value);
    let bare = elements.items.iter().find(|item| status(context, &logging.levels, **item) == Status::Bare);
    match bare {
        Some(item) => Some(Bare::Passed(*item)),
        None => elements.none.then_some(Bare::Own),
    }
}

fn report(context: &Context<'_>, findings: &mut Findings<'_>, config: &BasicConfig, bare: &Bare) {
    let what = match bare {
        Bare::Own => "`logging.basicConfig` makes a handler without a level".to_owned(),
        Bare::Passed(handler) => {
            format!("`logging.basicConfig` is given `{}`, a handler without a level", context.module.snippet(*handler))
        }
    };
    let message = format!("{what}: it writes whatever a logger with a level of its own lets pass, in spite of the root's level");
    let service = context.service();
    let mut report = findings
        .report(&META, message, context.place(config.range))
        .severity(if service.is_some() { Severity::Warning } else { Severity::Info })
        .help("pass `handlers=[handler]` after `handler.setLevel(...)`: a handler's own level is `NOTSET`, and the root's is not asked for records of other loggers");
    if let Bare::Passed(handler) = bare {
        report = report.related("the handler is made here, and gets no level", context.place(context.module.expr(*handler).range));
    }
    for (message, place) in service.iter().flat_map(|evidence| &evidence.places) {
        report = report.related(message, place.clone());
    }
}
