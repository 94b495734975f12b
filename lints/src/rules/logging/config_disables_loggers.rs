//! RL207: `dictConfig` and `fileConfig` disable every logger that exists already and that the configuration does not name, unless they are told not
//! to. Loggers of modules exist as soon as these are imported; from then on they say nothing, not even an error.

use super::carried;
use super::existing::{Existing, existing};
use crate::context::{Context, Findings, Report};
use crate::diagnostic::{Edit, Fix, Severity};
use crate::fix::arguments::set_keyword;
use crate::fix::{self};
use crate::module::Call;
use crate::module::ir::{ArgKind, BoundValue, ExprId, ExprKind, ScopeId, StmtKind};
use crate::program::ModuleId;
use crate::program::constants::Constant;
use crate::program::imports::Target;
use crate::rules::{Family, FixAvailability, Rule};
use crate::trigger::LOGGING_DICTIONARY;

pub(crate) static META: Rule = Rule {
    code: "RL207",
    name: "config-disables-loggers",
    family: Family::Logging,
    severity: Severity::Warning,
    default: true,
    fix: FixAvailability::Sometimes,
    triggers: &[&["dictConfig"], &["fileConfig"], &[LOGGING_DICTIONARY]],
    former_names: &[],
    page: include_str!("config_disables_loggers.md"),
};

/// The position of `disable_existing_loggers` in `fileConfig`.
const FILE_CONFIG_POSITION: usize = 2;

pub(crate) fn check(context: &Context<'_>, findings: &mut Findings<'_>) {
    let module = context.module;
    for call in module.calls() {
        let is = |names: &[&str]| context.program.is_external(context.id, call.func, names);
        if !is(&["logging.config.dictConfig", "logging.config.fileConfig"]) {
            continue;
        }
        let spared = if is(&["logging.config.dictConfig"]) {
            call.argument(0, "config").and_then(|config| disabling(context, config))
        } else {
            disables_by_argument(context, call).then(Vec::new)
        };
        let Some(spared) = spared else { continue };
        if !context.program.is_live(context.id, call.id) {
            continue;
        }
        let Some(existing) = existing(context, context.id, call.id, &spared) else { continue };
        let callee = module.snippet(call.func);
        let message = format!("`{callee}` disables the loggers that exist already: {} goes silent, and nothing says so", shown(&existing));
        let report = findings.report(&META, message, context.place(module.expr(call.id).range)).help(HELP).fix(fix(context, call));
        explain(context, report, &existing);
    }
    for carried in carried::dictionaries(context) {
        let message = format!(
            "this configuration disables the loggers that exist already when `dictConfig` is given it: {} goes silent, and nothing says so",
            shown(&carried.existing)
        );
        let report = findings
            .report(&META, message, context.place(module.expr(carried.dictionary).range))
            .help(HELP)
            .fix(fix_dictionary(context, carried.dictionary))
            .related(
                "it reaches this call",
                context.place_in(carried.module, context.program.module(carried.module).expr(carried.call).range),
            );
        explain(context, report, &carried.existing);
    }
}

const HELP: &str = "say `disable_existing_loggers` is `False`";

/// The name of a logger.
fn shown(existing: &Existing) -> String {
    existing.name.as_ref().map_or_else(|| "a logger".to_owned(), |name| format!("the logger `{name}`"))
}

fn explain(context: &Context<'_>, report: Report<'_>, existing: &Existing) {
    let range = context.program.module(existing.module).expr(existing.call).range;
    report.related("this logger exists before", context.place_in(existing.module, range));
}

/// Says `False` in the call of `fileConfig`, or in the dictionary where it is written here.
fn fix(context: &Context<'_>, call: Call<'_>) -> Option<Fix> {
    let module = context.module;
    if !context.program.is_external(context.id, call.func, &["logging.config.fileConfig"]) {
        let (_, dictionary) = dictionary(context, call.argument(0, "config")?).filter(|(home, _)| *home == context.id)?;
        return fix_dictionary(context, dictionary);
    }
    let edits = match call.positional(FILE_CONFIG_POSITION) {
        Some(value) => vec![fix::replace(context, module.expr(value).range, "False")],
        None => set_keyword(context, call, KEY, "False")?,
    };
    Some(Fix::unsure(FIXED, edits))
}

const KEY: &str = "disable_existing_loggers";
const FIXED: &str = "Let the loggers that exist go on";

/// Says `False` in a dictionary of the linted module.
fn fix_dictionary(context: &Context<'_>, dictionary: ExprId) -> Option<Fix> {
    let module = context.module;
    let ExprKind::Dict(items) = module.kind(dictionary) else { return None };
    let is = |item: &&(Option<ExprId>, ExprId), wanted: &str| {
        item.0
            .and_then(|key| context.program.constant(context.id, key))
            .is_some_and(|key| matches!(key, Constant::Str(key) if &*key == wanted))
    };
    let edit = if let Some((_, value)) = items.iter().find(|item| is(item, KEY)) {
        fix::replace(context, module.expr(*value).range, "False")
    } else {
        let (key, value) = items.iter().find(|item| is(item, "version"))?;
        behind_item(context, (*key)?, *value, KEY)?
    };
    Some(Fix::unsure(FIXED, vec![edit]))
}

/// Adds an item with the value `False` behind another, on a line of its own where that has one, and in its quotes.
fn behind_item(context: &Context<'_>, key: ExprId, value: ExprId, name: &str) -> Option<Edit> {
    let module = context.module;
    let (start, end) = (module.expr(key).range.start(), module.expr(value).range.end());
    let rest = module.file.text()[end.to_usize()..].trim_start();
    if !rest.starts_with([',', '}']) {
        return None;
    }
    let quote = if module.file.slice(module.expr(key).range).starts_with('\'') { '\'' } else { '"' };
    let gap = match fix::indentation(module, start) {
        Some(indent) => format!("{}{indent}", fix::line_ending(module.file.text())),
        None => " ".to_owned(),
    };
    Some(fix::insert(context, end, format!(",{gap}{quote}{name}{quote}: False")))
}

/// The names that a configuration spares, where it is a dictionary that disables the others; `None` where it does not, or cannot be told.
fn disabling(context: &Context<'_>, config: ExprId) -> Option<Vec<String>> {
    let (home, dictionary) = dictionary(context, config)?;
    let changed = matches!(context.module.kind(config), ExprKind::Name(name) if changes(context, name));
    // What is put into it later may be the missing key.
    if changed { None } else { spared(context, home, dictionary) }
}

/// As [`disabling`], of a dictionary of a module.
pub(super) fn spared(context: &Context<'_>, home: ModuleId, dictionary: ExprId) -> Option<Vec<String>> {
    let program = context.program;
    let module = program.module(home);
    let ExprKind::Dict(items) = module.kind(dictionary) else { return None };
    let mut spared = Vec::new();
    let mut version = false;
    for (key, value) in items {
        let Some(Constant::Str(key)) = program.constant(home, (*key)?) else { return None };
        match &*key {
            "version" => version = true,
            "disable_existing_loggers" if program.constant(home, *value).is_none_or(|value| !value.truth()) => return None,
            "incremental" if program.constant(home, *value).is_none_or(|value| value.truth()) => return None,
            "loggers" => {
                let ExprKind::Dict(loggers) = module.kind(*value) else { return None };
                for (name, _) in loggers {
                    match program.constant(home, (*name)?) {
                        Some(Constant::Str(name)) => spared.push(name.into()),
                        _ => return None,
                    }
                }
            }
            _ => {}
        }
    }
    version.then_some(spared)
}

/// The dictionary that an expression is: here, or in the module that it is imported from.
pub(super) fn dictionary(context: &Context<'_>, config: ExprId) -> Option<(ModuleId, ExprId)> {
    let program = context.program;
    if let ExprKind::Name(name) = context.module.kind(config) {
        let scope = context.module.binding_scope(context.module.expr(config).scope, name)?;
        if let [binding] = context.module.scope(scope).bindings[name].as_slice()
            && let BoundValue::Imported { module, level, name } = &binding.value
        {
            let Target::Module(home) = program.import(context.id, *level, module) else { return None };
            let there = program.module(home).scope(ScopeId(0)).bindings.get(name)?;
            return match there.as_slice() {
                [binding] => match binding.value {
                    BoundValue::Expr(value) | BoundValue::Annotated { value: Some(value), .. } => Some((home, value)),
                    _ => None,
                },
                _ => None,
            };
        }
    }
    match program.origins(context.id, config).as_slice() {
        [only] => Some((context.id, *only)),
        _ => None,
    }
}

/// Whether statements put something into the dictionary of a name.
pub(super) fn changes(context: &Context<'_>, name: &str) -> bool {
    let module = context.module;
    let is_it = |expr: ExprId| matches!(module.kind(expr), ExprKind::Name(other) if other == name);
    module.stmts().any(|(_, stmt)| match &stmt.kind {
        StmtKind::Assign { targets, .. } => {
            targets.iter().any(|target| matches!(module.kind(*target), ExprKind::Subscript { value, .. } if is_it(*value)))
        }
        _ => false,
    }) || module.calls().any(|call| {
        matches!(module.kind(call.func), ExprKind::Attribute { value, attr, .. } if is_it(*value) && matches!(attr.as_str(), "update" | "setdefault"))
    })
}

/// Whether a `fileConfig` call leaves `disable_existing_loggers` true.
fn disables_by_argument(context: &Context<'_>, call: Call<'_>) -> bool {
    if call.args.iter().any(|arg| matches!(arg.kind, ArgKind::Star | ArgKind::DoubleStar)) {
        return false;
    }
    call.argument(FILE_CONFIG_POSITION, "disable_existing_loggers")
        .is_none_or(|value| context.program.constant(context.id, value).is_some_and(|value| value.truth()))
}
