//! Which loggers exist when a logging configuration runs.
//!
//! Whoever runs code of a module has imported it, and what it imports: the loggers that these make at their top exist. So each body that leads
//! to the configuration is asked: what it, and the imports before, have made.

use std::path::PathBuf;

use super::at_import::MAX_INDENT;
use super::order::exclusive;
use super::runs::leading_to;
use crate::context::Context;
use crate::module::ir::{ExprId, ExprKind, StmtKind};
use crate::program::constants::Constant;
use crate::program::{ModuleId, Program};

/// A logger that exists when the configuration runs.
pub(super) struct Existing {
    pub(super) module: ModuleId,
    /// The call of `getLogger`.
    pub(super) call: ExprId,
    /// Its name; `None` where it is computed.
    pub(super) name: Option<String>,
}

/// A logger that exists when a call of a module runs, and that the configuration does not name.
pub(super) fn existing(context: &Context<'_>, module: ModuleId, call: ExprId, spared: &[String]) -> Option<Existing> {
    let here = before(context, module, call, spared).or_else(|| runner(context, module, spared));
    here.or_else(|| leading_to(context, module, call).iter().skip(1).find_map(|lead| before(context, lead.module, lead.expr, spared)))
}

/// A logger of a module, or of what it imports, that exists when an expression of it is evaluated.
fn before(context: &Context<'_>, id: ModuleId, expr: ExprId, spared: &[String]) -> Option<Existing> {
    let program = context.program;
    let module = program.module(id);
    let here = module.expr(expr);
    let is_before = |expr: ExprId| {
        let made = module.expr(expr);
        here.function.is_some() || made.range.end() <= here.range.start() && !exclusive(module, made.stmt, here.stmt)
    };
    if let Some(own) = loggers(program, id).into_iter().find(|logger| is_before(logger.call) && !is_spared(logger, spared)) {
        return Some(own);
    }
    let find = |imported: PathBuf| {
        let mut found = None;
        program.way_at_import(id, &imported, |file| {
            if program.path(id) == Some(file) || !program.text_holds(file, &["getLogger("]) || !program.text_always_passes(file, has_logger)
            {
                return false;
            }
            found = program.load(file).and_then(|id| loggers(program, id).into_iter().find(|logger| !is_spared(logger, spared)));
            found.is_some()
        })?;
        found
    };
    let imports = module.stmts().filter(|(stmt, data)| {
        let is_import = matches!(data.kind, StmtKind::Import(_) | StmtKind::ImportFrom { .. });
        let precedes = here.function.is_some() || data.range.end() <= here.range.start();
        is_import && data.function.is_none() && precedes && !program.is_dead(id, *stmt)
    });
    let own = program.path(id);
    let imported: Vec<PathBuf> =
        imports.flat_map(|(stmt, _)| program.imported_files(id, stmt)).filter(|imported| own != Some(imported)).collect();
    imported.into_iter().find_map(find)
}

/// A logger of a module that runs this one by name: `runpy.run_module("package.env")`, `importlib.import_module(...)`.
fn runner(context: &Context<'_>, id: ModuleId, spared: &[String]) -> Option<Existing> {
    let program = context.program;
    let name = program.dotted_name(id)?;
    let graph = program.graph(id)?;
    let path = program.path(id)?;
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
    let calls = module.top_calls().filter(|call| {
        program.is_external(id, call.func, &["logging.getLogger"])
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
