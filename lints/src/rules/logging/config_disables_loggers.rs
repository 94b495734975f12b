//! RL207: `dictConfig` and `fileConfig` disable every logger that exists already and that the configuration does not name, unless they are told not
//! to. Loggers of modules exist as soon as these are imported; from then on they say nothing, not even an error.

use super::at_import::MAX_INDENT;
use crate::context::{Context, Findings};
use crate::diagnostic::{Edit, Fix, Severity};
use crate::fix::arguments::set_keyword;
use crate::fix::{self};
use crate::module::Call;
use crate::module::ir::{ArgKind, BoundValue, ExprId, ExprKind, ScopeId, StmtKind};
use crate::program::constants::Constant;
use crate::program::imports::Target;
use crate::program::{ModuleId, Program};
use crate::rules::{Family, FixAvailability, Rule};

pub(crate) static META: Rule = Rule {
    code: "RL207",
    name: "config-disables-loggers",
    family: Family::Logging,
    severity: Severity::Warning,
    default: true,
    fix: FixAvailability::Sometimes,
    triggers: &[&["dictConfig"], &["fileConfig"]],
    former_names: &[],
    page: include_str!("config_disables_loggers.md"),
};

/// The position of `disable_existing_loggers` in `fileConfig`.
const FILE_CONFIG_POSITION: usize = 2;

/// A logger that exists when the configuration runs.
struct Existing {
    module: ModuleId,
    /// The call of `getLogger`.
    call: ExprId,
    /// Its name; `None` where it is computed.
    name: Option<String>,
}

pub(crate) fn check(context: &Context<'_>, findings: &mut Findings<'_>) {
    let module = context.module;
    for call in module.calls() {
        let is = |name: &str| context.program.is_external(context.id, call.func, &[name]);
        let spared = if is("logging.config.dictConfig") {
            call.argument(0, "config").and_then(|config| disabling(context, config))
        } else if is("logging.config.fileConfig") {
            disables_by_argument(context, call).then(Vec::new)
        } else {
            None
        };
        let Some(spared) = spared else { continue };
        if !context.program.is_live(context.id, call.id) {
            continue;
        }
        let Some(existing) = existing(context, call.id, &spared) else { continue };
        let callee = module.snippet(call.func);
        let name = existing.name.clone().map_or_else(|| "a logger".to_owned(), |name| format!("the logger `{name}`"));
        let message = format!("`{callee}` disables the loggers that exist already: {name} goes silent, and nothing says so");
        findings
            .report(&META, message, context.place(module.expr(call.id).range))
            .help("say `disable_existing_loggers` is `False`")
            .fix(fix(context, call))
            .related(
                "this logger exists before",
                context.place_in(existing.module, context.program.module(existing.module).expr(existing.call).range),
            );
    }
}

/// Says `False` in the call of `fileConfig`, or in the dictionary where it is written here.
fn fix(context: &Context<'_>, call: Call<'_>) -> Option<Fix> {
    const KEY: &str = "disable_existing_loggers";
    let module = context.module;
    let edits = if context.program.is_external(context.id, call.func, &["logging.config.fileConfig"]) {
        match call.positional(FILE_CONFIG_POSITION) {
            Some(value) => vec![fix::replace(context, module.expr(value).range, "False")],
            None => set_keyword(context, call, KEY, "False")?,
        }
    } else {
        let (home, dictionary) = dictionary(context, call.argument(0, "config")?).filter(|(home, _)| *home == context.id)?;
        let ExprKind::Dict(items) = module.kind(dictionary) else { return None };
        let is = |item: &&(Option<ExprId>, ExprId), wanted: &str| {
            item.0
                .and_then(|key| context.program.constant(home, key))
                .is_some_and(|key| matches!(key, Constant::Str(key) if &*key == wanted))
        };
        if let Some((_, value)) = items.iter().find(|item| is(item, KEY)) {
            vec![fix::replace(context, module.expr(*value).range, "False")]
        } else {
            let (key, value) = items.iter().find(|item| is(item, "version"))?;
            vec![behind_item(context, (*key)?, *value, KEY)?]
        }
    };
    Some(Fix::unsure("Let the loggers that exist go on", edits))
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
    // What is put into it later may be the missing key.
    (version && !changes(context, config)).then_some(spared)
}

/// The dictionary that an expression is: here, or in the module that it is imported from.
fn dictionary(context: &Context<'_>, config: ExprId) -> Option<(ModuleId, ExprId)> {
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
fn changes(context: &Context<'_>, config: ExprId) -> bool {
    let module = context.module;
    let ExprKind::Name(name) = module.kind(config) else { return false };
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

/// A logger that exists when a call runs, and that the configuration does not name: of the module, of what it imports before, of a module that
/// runs this one.
fn existing(context: &Context<'_>, call: ExprId, spared: &[String]) -> Option<Existing> {
    let (program, module) = (context.program, context.module);
    let here = module.expr(call);
    let before = |expr: ExprId| here.function.is_some() || module.expr(expr).range.end() <= here.range.start();
    if let Some(own) = loggers(program, context.id).into_iter().find(|logger| before(logger.call) && !is_spared(logger, spared)) {
        return Some(own);
    }
    let find = |imported: ModuleId| {
        let mut found = None;
        program.way_at_import(imported, |file| {
            if program.path(context.id) == Some(file)
                || !program.text_holds(file, &["getLogger("])
                || !program.text_passes(file, has_logger)
            {
                return false;
            }
            found = program.load(file).and_then(|id| loggers(program, id).into_iter().find(|logger| !is_spared(logger, spared)));
            found.is_some()
        })?;
        found
    };
    let imports = module.stmts().filter(|(id, data)| {
        let is_import = matches!(data.kind, StmtKind::Import(_) | StmtKind::ImportFrom { .. });
        is_import
            && data.function.is_none()
            && (here.function.is_some() || data.range.end() <= here.range.start())
            && !program.is_dead(context.id, *id)
    });
    let imported: Vec<ModuleId> =
        imports.flat_map(|(id, _)| program.imported_modules(context.id, id)).filter(|id| *id != context.id).collect();
    imported.into_iter().find_map(find).or_else(|| runner(context, spared))
}

/// A logger of a module that runs this one by name: `runpy.run_module("package.env")`, `importlib.import_module(...)`.
fn runner(context: &Context<'_>, spared: &[String]) -> Option<Existing> {
    let program = context.program;
    let name = program.dotted_name(context.id)?;
    let graph = program.graph(context.id)?;
    let path = program.path(context.id)?;
    let calls = [format!("_module(\"{name}\""), format!("_module('{name}'")];
    graph.importers(path).find_map(|file| {
        let runs = program.text_passes(file, |text| calls.iter().any(|call| memchr::memmem::find(text, call.as_bytes()).is_some()));
        let id = runs.then(|| program.load(file)).flatten()?;
        loggers(program, id).into_iter().find(|logger| !is_spared(logger, spared))
    })
}

/// The loggers that a module makes at its top.
fn loggers(program: &Program, id: ModuleId) -> Vec<Existing> {
    let module = program.module(id);
    let calls = module.calls().filter(|call| {
        module.expr(call.id).function.is_none()
            && program.is_external(id, call.func, &["logging.getLogger"])
            && program.is_live(id, call.id)
            && !module.under_main_guard(module.expr(call.id).stmt)
    });
    calls
        .filter_map(|call| {
            let argument = call.argument(0, "name")?;
            let name = match (module.kind(argument), program.constant(id, argument)) {
                (ExprKind::Name(name), _) if name == "__name__" => program.dotted_name(id),
                (_, Some(Constant::Str(name))) if name.is_empty() || &*name == "root" => return None,
                (_, Some(Constant::Str(name))) => Some(name.into()),
                (_, Some(_)) => return None,
                _ => None,
            };
            Some(Existing { module: id, call: call.id, name })
        })
        .collect()
}

/// Whether a configuration names a logger, or one above it. What is computed may be named.
fn is_spared(logger: &Existing, spared: &[String]) -> bool {
    match &logger.name {
        None => !spared.is_empty(),
        Some(name) => {
            spared.iter().any(|spared| name == spared || name.strip_prefix(spared.as_str()).is_some_and(|rest| rest.starts_with('.')))
        }
    }
}

/// Whether a text makes a logger on a line at its top.
fn has_logger(text: &[u8]) -> bool {
    memchr::memmem::find_iter(text, "getLogger(").any(|at| {
        let line = memchr::memrchr(b'\n', &text[..at]).map_or(0, |end| end + 1);
        text[line..at].iter().take_while(|byte| matches!(byte, b' ' | b'\t')).count() <= MAX_INDENT
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn loggers_at_the_top_are_seen() {
        assert!(has_logger(b"import logging\nlog = logging.getLogger(__name__)\n"));
        assert!(!has_logger(b"def f():\n    class A:\n        x = getLogger()"));
    }
}
