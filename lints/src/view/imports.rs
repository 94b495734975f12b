//! Imports: where each leads, and what the names that it binds mean.

use rustc_hash::FxHashSet;

use super::calls::whole;
use super::names::Subject;
use super::{Import, Resolution, symbols};
use crate::diagnostic::Place;
use crate::effects::knowledge;
use crate::module::Module;
use crate::module::ir::{Binding, BoundValue, ExprKind, Name, StmtKind};
use crate::program::imports::Location;
use crate::program::{Program, stdlib};

/// The imports of the first module, in the order of the text; of a class or function those that it uses.
pub(super) fn imports(program: &Program, subject: &Subject) -> Vec<Import> {
    let module = program.module(Program::ROOT);
    let mut found: Vec<Import> = module.imported_names().into_iter().map(|(name, binding)| bound(program, name, binding)).collect();
    for (_, stmt) in module.stmts() {
        if let StmtKind::ImportFrom { module: from, level } = &stmt.kind
            && module.star_imports().iter().any(|star| star.0 == *from && star.1 == *level)
            && module.file.slice(stmt.range).trim_end().ends_with('*')
        {
            found.push(import(program, "*", from, *level, Some("*"), Place::new(&module.file, stmt.range)));
        }
    }
    if !matches!(subject, Subject::Module) {
        let ranges = whole(program, subject);
        let is_inside = |range| ranges.iter().any(|whole| whole.contains_range(range));
        let used: FxHashSet<&str> = names_in(module, &is_inside);
        found.retain(|import| import.name == "*" || used.contains(import.name.as_str()) || is_inside(import.place.range));
    }
    found.sort_by_key(|import| import.place.range.start());
    found
}

fn names_in<'a>(module: &'a Module, is_inside: &impl Fn(ruff_text_size::TextRange) -> bool) -> FxHashSet<&'a str> {
    let names = module.exprs().filter(|(_, expr)| is_inside(expr.range));
    names.filter_map(|(_, expr)| if let ExprKind::Name(name) = &expr.kind { Some(name.as_str()) } else { None }).collect()
}

fn bound(program: &Program, name: &Name, binding: &Binding) -> Import {
    let module = program.module(Program::ROOT);
    let place = Place::new(&module.file, binding.range);
    let mut import = if let BoundValue::Imported { module, level, name: imported } = &binding.value {
        import(program, name, module, *level, Some(imported), place)
    } else {
        // `import a.b` binds `a`, and imports `a.b`.
        let written = module.file.slice(binding.range).split_whitespace().next().unwrap_or_default();
        import(program, name, written, 0, None, place)
    };
    import.meanings = program.resolver(Program::ROOT).bound(&binding.value).iter().map(|value| symbols::meaning(program, value)).collect();
    import
}

fn import(program: &Program, name: &str, module: &str, level: u32, imported: Option<&str>, place: Place) -> Import {
    let resolution = resolution(program, level, module);
    Import {
        name: name.to_owned(),
        module: format!("{}{module}", ".".repeat(level as usize)),
        imported: imported.map(str::to_owned),
        place,
        file: resolution.path().map(|path| program.shown(path)),
        resolution,
        meanings: Vec::new(),
    }
}

fn resolution(program: &Program, level: u32, name: &str) -> Resolution {
    let top = name.split('.').next().unwrap_or_default();
    if level == 0 && stdlib::is_stdlib(top) {
        return Resolution::StandardLibrary;
    }
    match program.located(Program::ROOT, level, name) {
        Some(Location::File(path)) if program.load(&path).is_none() => Resolution::NotLoaded(path),
        Some(Location::File(path)) if program.is_installed(&path) => Resolution::Installed(path),
        Some(Location::File(path)) => Resolution::FirstParty(path),
        Some(Location::Namespace(folder)) => Resolution::Namespace(folder),
        None if level == 0 && knowledge::covers(top) => Resolution::Library,
        None => Resolution::NotFound,
    }
}
