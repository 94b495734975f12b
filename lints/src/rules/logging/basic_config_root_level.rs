//! RL202: the root logger starts at `WARNING`, and `basicConfig` without a level leaves it there: what is logged below is
//! thrown away where it is made, although logging is configured.

use super::loggers::{Identity, identities, is_logger};
use super::order::Resets;
use super::{BasicConfig, Levels, basic_config_invalid};
use crate::context::{Context, Findings};
use crate::diagnostic::Severity;
use crate::module::Call;
use crate::module::ir::{ExprId, ExprKind};
use crate::program::Value;
use crate::program::constants::Constant;
use crate::rules::{Family, FixAvailability, Rule};

pub(crate) static META: Rule = Rule {
    code: "RL202",
    name: "basic-config-root-level",
    family: Family::Logging,
    severity: Severity::Warning,
    default: true,
    fix: FixAvailability::None,
    triggers: &[&["basicConfig"]],
    former_names: &[],
    page: include_str!("basic_config_root_level.md"),
};

/// `WARNING`, where the root logger starts.
const WARNING: i128 = 30;

pub(crate) fn check(context: &Context<'_>, findings: &mut Findings<'_>) {
    let logging = context.logging();
    if logging.levels.root {
        return;
    }
    let (mut lost, mut resets) = (None, None);
    for config in &logging.calls {
        // What takes handlers away first does not start from scratch: the level is the one that was set with them.
        let again = resets.get_or_insert_with(|| Resets::of(context.module)).come_before(context.module, config.call);
        if again || config.earlier.is_some() || sets_level(context, config) || basic_config_invalid::defect(context, config).is_some() {
            continue;
        }
        let records = lost.get_or_insert_with(|| records(context, &logging.levels));
        let Some(first) = records.first() else { return };
        let more = match records.len() {
            1 => String::new(),
            count => format!(" (and {} more)", count - 1),
        };
        let message = format!(
            "`logging.basicConfig` sets no level, so that the root logger stays at `WARNING` and `{}`{more} is not written",
            shown(context, *first)
        );
        findings
            .report(&META, message, context.place(config.range))
            .help("pass `level=logging.INFO`, or whatever level the program shall log at")
            .related("this record is thrown away", context.place(context.module.expr(*first).range));
    }
}

/// Whether a call sets the root logger's level, or may. A level of `None` is none.
fn sets_level(context: &Context<'_>, config: &BasicConfig) -> bool {
    match config.keyword("level") {
        Some(level) => context.program.constant(context.id, level.value) != Some(Constant::None),
        None => config.open,
    }
}

/// The callee of a record: `log.info(...)`.
fn shown(context: &Context<'_>, call: ExprId) -> String {
    context.module.call(call).map(|call| format!("{}(...)", context.module.snippet(call.func))).unwrap_or_default()
}

/// The calls that make records below `WARNING` on loggers whose level is the root's.
fn records(context: &Context<'_>, levels: &Levels) -> Vec<ExprId> {
    let module = context.module;
    let makes = |call: &Call<'_>| {
        context.program.is_live(context.id, call.id) && is_below_warning(context, *call) && depends_on_root(context, levels, *call)
    };
    module.calls().filter(makes).map(|call| call.id).collect()
}

fn is_below_warning(context: &Context<'_>, call: Call<'_>) -> bool {
    let name = match context.module.kind(call.func) {
        ExprKind::Attribute { attr, .. } => attr.clone(),
        ExprKind::Name(_) => match context.program.externals(context.id, call.func).first() {
            Some(name) => name.strip_prefix("logging.").unwrap_or_default().into(),
            None => return false,
        },
        _ => return false,
    };
    match name.as_str() {
        "info" | "debug" => true,
        "log" => {
            let level = call.argument(0, "level");
            level.is_some_and(|level| match context.program.constant(context.id, level).and_then(|level| level.as_int()) {
                Some(level) => level < WARNING,
                None => context.program.is_external(context.id, level, &["logging.INFO", "logging.DEBUG"]),
            })
        }
        _ => false,
    }
}

/// Whether a record is made by the root logger, or by one that has no level of its own.
fn depends_on_root(context: &Context<'_>, levels: &Levels, call: Call<'_>) -> bool {
    let by_module =
        context.program.resolver(context.id).values(call.func).iter().any(
            |value| matches!(value, Value::External(name) if matches!(name.as_str(), "logging.info" | "logging.debug" | "logging.log")),
        );
    if by_module {
        return true;
    }
    let ExprKind::Attribute { value, .. } = context.module.kind(call.func) else { return false };
    if !is_logger(context, *value) {
        return false;
    }
    let own = |identity: &Identity| levels.loggers.iter().any(|other| identity.inherits_from(other));
    identities(context, *value).iter().any(|identity| *identity == Identity::Root || !own(identity))
}
