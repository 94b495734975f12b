//! The modules that may run a library's exit calls in a thread, or where the interpreter calls back: they import it and say the name of a
//! function that leads to one.
//!
//! Only libraries are asked about: the functions of a program are its own. Importers are read, and only those loaded whose text holds what
//! the question needs.

use memchr::memmem;
use rustc_hash::{FxHashMap, FxHashSet};

use crate::context::{Context, Role};
use crate::effects::leave::raises;
use crate::module::ir::{ExprKind, FunctionId};
use crate::program::ModuleId;
use crate::program::service::is_production;

/// How many modules one question loads.
const MAX_LOADED: usize = 8;

/// The importers of a library that hold one of these words, in the order of their paths.
pub(super) fn users(context: &Context<'_>, words: &'static [&'static str]) -> Vec<ModuleId> {
    let program = context.program;
    if context.role != Role::Production || is_program(context) {
        return Vec::new();
    }
    let names = leading_names(context);
    if names.is_empty() {
        return Vec::new();
    }
    let (Some(path), Some(graph)) = (program.path(context.id), program.graph(context.id)) else { return Vec::new() };
    let holds_name = |text: &[u8]| names.iter().any(|name| memmem::find(text, name.as_bytes()).is_some());
    let files = graph
        .importers(path)
        .filter(|file| is_production(context, file) && program.text_holds(file, words) && program.text_passes(file, holds_name));
    let files = files.take(MAX_LOADED);
    files.filter_map(|file| program.load(file)).collect()
}

/// Whether a module is started, and not only imported, as far as its own text tells.
pub(super) fn is_program(context: &Context<'_>) -> bool {
    let text = context.module.file.text();
    text.starts_with("#!") || text.contains("__main__") || context.input.below_root.ends_with("__main__.py")
}

/// The names of the functions of a module that make an exit call or call one that does, as far as names tell; of a class whose `__init__`
/// does, its own.
pub(super) fn leading_names<'a>(context: &Context<'a>) -> Vec<&'a str> {
    let module = context.module;
    let mut leading: FxHashSet<FunctionId> = FxHashSet::default();
    let mut names: Vec<&str> = Vec::new();
    let mut add = |function: Option<FunctionId>, names: &mut Vec<&'a str>| {
        // What an inner function does, the outer one may run.
        for id in std::iter::successors(function, |id| module.function(*id).outer) {
            let data = module.function(id);
            if leading.insert(id) && !data.name.is_empty() {
                names.push(match data.class {
                    Some(class) if data.name == "__init__" => module.class(class).name.as_str(),
                    _ => data.name.as_str(),
                });
            }
        }
    };
    for exit in context.exits().iter().filter(|exit| raises(exit)) {
        add(module.expr(exit.expr).function, &mut names);
    }
    if names.is_empty() {
        return names;
    }
    let mut callers: FxHashMap<&str, Vec<FunctionId>> = FxHashMap::default();
    for call in module.calls() {
        if let ExprKind::Name(name) | ExprKind::Attribute { attr: name, .. } = module.kind(call.func)
            && let Some(function) = module.expr(call.id).function
        {
            callers.entry(name.as_str()).or_default().push(function);
        }
    }
    let mut known = 0;
    while let Some(name) = names.get(known) {
        for caller in callers.remove(name).unwrap_or_default() {
            add(Some(caller), &mut names);
        }
        known += 1;
    }
    names
}
