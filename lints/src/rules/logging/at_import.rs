//! What configures the root logger while modules are imported.
//!
//! An event is a call at the top of a module that gives the root a handler: `basicConfig`, `logging.warning(...)` and its like, `addHandler` on the
//! root. It stands under no condition but a `try` or a `with`: the clause for a missing module counts, for that is when such calls happen.

use std::path::Path;

use super::order::configures_root;
use crate::context::Context;
use crate::module::ir::{ExprId, StmtId, StmtKind};
use crate::module::{Call, Module};
use crate::program::{ModuleId, Program};

/// The texts without which no module has an event.
const WORDS: &[&str] = &[
    "basicConfig",
    "logging.debug(",
    "logging.info(",
    "logging.warning(",
    "logging.warn(",
    "logging.error(",
    "logging.critical(",
    "logging.exception(",
    "logging.log(",
    "addHandler(",
];

/// Each word holds one of these.
const PARTS: &[&str] = &["logging.", "basicConfig", "addHandler(", "logging as "];

/// An event that happens while a module is imported.
#[derive(Clone, Debug)]
pub(crate) struct AtImport {
    pub(crate) module: ModuleId,
    pub(crate) call: ExprId,
    /// The modules from the first imported one to that of the event.
    pub(crate) way: Vec<ModuleId>,
    /// The statement that imports the first one; `None` where that is a package around the linted module.
    pub(crate) statement: Option<StmtId>,
}

/// The events of the module itself, in the order of the text.
pub(crate) fn own_events<'a>(context: &'a Context<'_>) -> impl Iterator<Item = ExprId> + 'a {
    events(context, context.module.top_calls(), false)
}

/// The records that are logged to the root at the top of the module under a condition: it is configured by accident, whatever the condition is.
pub(crate) fn conditional_records<'a>(context: &'a Context<'_>) -> impl Iterator<Item = ExprId> + 'a {
    let module = context.module;
    let is_record = |call: &Call<'_>| !["basicConfig", "addHandler"].iter().any(|name| module.is_named(call.func, name));
    events(context, module.top_calls().filter(is_record), true)
}

/// Those of calls at the top of the module that are events, under a condition or without one.
fn events<'a>(
    context: &'a Context<'_>,
    calls: impl Iterator<Item = Call<'a>> + 'a,
    under_condition: bool,
) -> impl Iterator<Item = ExprId> + 'a {
    let module = context.module;
    calls.map(|call| call.id).filter(move |call| {
        let stmt = module.expr(*call).stmt;
        is_shallow(module, stmt)
            && has_condition(module, stmt) == Some(under_condition)
            && configures_root(context, *call)
            && context.program.is_live(context.id, *call)
            && !module.under_main_guard(stmt)
    })
}

/// The deepest indent of an event: that of a block at the top of a module. It keeps the search for trigger words cheap.
pub(crate) const MAX_INDENT: usize = 4;

fn is_shallow(module: &Module, stmt: StmtId) -> bool {
    module.file.line_column(module.stmt(stmt).range.start()).column as usize <= MAX_INDENT + 1
}

/// Whether a statement at the top of a module stands under an `if`; `None` where something else but a `try` or a `with` stands around it.
fn has_condition(module: &Module, stmt: StmtId) -> Option<bool> {
    let mut found = false;
    for (outer, _) in module.around_all(stmt) {
        match module.stmt(outer).kind {
            StmtKind::Try { .. } | StmtKind::With { .. } => {}
            StmtKind::If { .. } => found = true,
            _ => return None,
        }
    }
    Some(found)
}

/// The import statements at the top of the linted module that can run, in the order of the text.
pub(super) fn imports(context: &Context<'_>) -> Vec<StmtId> {
    imports_of(context.program, context.id)
}

fn imports_of(program: &Program, id: ModuleId) -> Vec<StmtId> {
    let is_import = |kind: &StmtKind| matches!(kind, StmtKind::Import(_) | StmtKind::ImportFrom { .. });
    let stmts = program.module(id).stmts().filter(|(_, data)| is_import(&data.kind) && data.function.is_none());
    stmts.map(|(statement, _)| statement).filter(|statement| !program.is_dead(id, *statement)).collect()
}

/// The event of an imported module that happens before a call of the linted module, whose [`imports`] are given.
pub(super) fn before(context: &Context<'_>, imports: &[StmtId], call: ExprId) -> Option<AtImport> {
    let (program, module) = (context.program, context.module);
    // The packages around a module are imported before it.
    let packages = program.packages_of(context.id);
    for package in &packages {
        if let Some(event) = from(context, package, None).filter(|event| !is_imported_before(context, package, event)) {
            return Some(event);
        }
    }
    // A package around it that imports this module first is not imported again by an import here.
    let is_later = |event: &AtImport| {
        let home = program.path(event.module);
        packages.iter().any(|package| home == Some(package) && is_imported_before(context, package, event))
    };
    let here = module.expr(call);
    for statement in imports {
        if here.function.is_none() && module.stmt(*statement).range.end() > here.range.start() {
            continue;
        }
        let own = program.path(context.id);
        let files = program.imported_files(context.id, *statement).into_iter();
        let mut events = files.filter(|file| own != Some(file)).filter_map(|file| from(context, &file, Some(*statement)));
        if let Some(event) = events.find(|event| !is_later(event)) {
            return Some(event);
        }
    }
    None
}

/// Whether a package imports the linted module before its event happens.
fn is_imported_before(context: &Context<'_>, package: &Path, event: &AtImport) -> bool {
    let program = context.program;
    let (Some(id), Some(own)) = (program.load(package), program.path(context.id)) else { return false };
    let module = program.module(id);
    let mut imports = imports_of(program, id).into_iter();
    let first = imports.find(|statement| program.imported_files(id, *statement).iter().any(|file| file == own));
    first.is_some_and(|first| event.module != id || module.stmt(first).range.start() < module.expr(event.call).range.start())
}

/// The first event that importing a module leads to, without a detour over the linted one.
fn from(context: &Context<'_>, imported: &Path, statement: Option<StmtId>) -> Option<AtImport> {
    let mut event = None;
    let way = context.program.way_at_import(context.id, imported, |file| {
        if context.program.path(context.id) == Some(file) || !may_have_event(context, file) {
            return false;
        }
        event = context.program.load(file).and_then(|id| {
            let there = context.at(id);
            let first = own_events(&there).next();
            first.map(|call| (id, call))
        });
        event.is_some()
    })?;
    let (module, call) = event?;
    (!way.contains(&context.id)).then_some(AtImport { module, call, way, statement })
}

/// Whether the text of a file may hold an event: one of the words stands on a line at the top, or below a `try`, a `with` or an `except` there.
fn may_have_event(context: &Context<'_>, file: &Path) -> bool {
    context.program.text_always_passes(file, has_top_level_word)
}

fn has_top_level_word(text: &[u8]) -> bool {
    let holds = |words: &[&str]| words.iter().any(|word| memchr::memmem::find(text, word.as_bytes()).is_some());
    // Most files hold no part of any.
    if !holds(PARTS) {
        return false;
    }
    // Under another name anything may be an event.
    if holds(&["import logging as "]) {
        return true;
    }
    if !holds(WORDS) {
        return false;
    }
    let mut inside = false;
    for line in text.split(|byte| *byte == b'\n') {
        match line.first() {
            None | Some(b' ' | b'\t' | b'\r' | b')' | b']' | b'}' | b'#') => {}
            Some(_) => {
                inside = ["try", "except", "else", "finally", "with"].iter().any(|word| line.starts_with(word.as_bytes()))
                    || !["def ", "class ", "async ", "@", "if ", "for ", "while "].iter().any(|word| line.starts_with(word.as_bytes()));
            }
        }
        if inside && WORDS.iter().any(|word| memchr::memmem::find(line, word.as_bytes()).is_some()) {
            return true;
        }
    }
    false
}
