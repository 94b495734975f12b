//! What runs in one program with the linted module: itself, what it imports, what imports it, and what the start of a program imports beside it.

use std::path::Path;

use rustc_hash::FxHashSet;

use crate::context::{Context, Report};
use crate::program::ModuleId;
use crate::program::imports::is_package_file;
use crate::program::service::is_production;

/// Something that was found in a module beside the linted one.
#[derive(Debug)]
pub(crate) struct Beside<T> {
    pub(crate) what: T,
    /// The imports that bring the two modules together, each by the importing and the imported one; none where it is the linted module itself.
    imports: Vec<(ModuleId, ModuleId)>,
}

/// Asks the modules beside the linted one, the nearest first, but only those whose text holds one of the words.
pub(crate) fn find<T>(
    context: &Context<'_>,
    words: &'static [&'static str],
    ask: impl FnMut(&Context<'_>) -> Option<T>,
) -> Option<Beside<T>> {
    find_in(context, |file| context.program.text_holds(file, words), ask)
}

/// As [`find`], with any test of the files whose modules may be asked.
pub(crate) fn find_in<T>(
    context: &Context<'_>,
    may_answer: impl Fn(&Path) -> bool,
    mut ask: impl FnMut(&Context<'_>) -> Option<T>,
) -> Option<Beside<T>> {
    let program = context.program;
    if let Some(what) = ask(context) {
        return Some(Beside { what, imports: Vec::new() });
    }
    let own = program.path(context.id)?;
    // Each file is asked once, however many ways lead to it.
    let mut asked: FxHashSet<Box<Path>> = FxHashSet::default();
    let mut found = None;
    let mut answers = |file: &Path| {
        if file == own || !asked.insert(file.into()) {
            return false;
        }
        if !is_production(context, file) || !may_answer(file) {
            return false;
        }
        found = program.load(file).and_then(|id| ask(&context.at(id)));
        found.is_some()
    };
    let pairs = |way: &[ModuleId]| way.windows(2).map(|pair| (pair[0], pair[1])).collect::<Vec<_>>();
    let mut imports = program.way_at_import(context.id, own, &mut answers).map(|way| pairs(&way));
    if imports.is_none() {
        imports = program.way_from(context.id, &mut answers).map(|way| pairs(&way));
    }
    if imports.is_none() {
        let mut other = None;
        let way = program.way_from(context.id, |file| {
            other = is_start(context, file).then(|| program.way_at_import(context.id, file, &mut answers)).flatten();
            other.is_some()
        });
        imports = way.zip(other).map(|(way, other)| pairs(&way).into_iter().chain(pairs(&other)).collect());
    }
    Some(Beside { what: found?, imports: imports? })
}

/// Whether a program may start with a file: it has a guard for that, or nobody imports it.
fn is_start(context: &Context<'_>, file: &Path) -> bool {
    let program = context.program;
    if is_package_file(file) || !is_production(context, file) {
        return false;
    }
    let guarded = program.text_holds(file, &["__main__"]) || file.file_name().is_some_and(|name| name == "__main__.py");
    guarded || program.graph(context.id).is_some_and(|graph| graph.importers(file).next().is_none())
}

impl<T> Beside<T> {
    /// Adds the imports to a report.
    pub(crate) fn explain<'a>(&self, context: &Context<'_>, mut report: Report<'a>) -> Report<'a> {
        let program = context.program;
        let name = |id| program.module(id).file.path().to_owned();
        for (importer, imported) in &self.imports {
            let statement = program.top_import_statement(*importer, *imported).or_else(|| program.import_statement(*importer, *imported));
            if let Some(statement) = statement {
                let range = program.module(*importer).stmt(statement).range;
                report = report.related(format!("`{}` imports `{}`", name(*importer), name(*imported)), context.place_in(*importer, range));
            }
        }
        report
    }
}
