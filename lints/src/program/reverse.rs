//! Reverse questions: who imports a module, who derives from a class, along which imports does one file lead to another.
//!
//! They are asked only once a candidate for a finding exists, and answered from the snapshot's index. While that is not there yet - the
//! tree is still being read - the program notes that it was asked: its file is linted again when the index is complete.

use std::path::{Path, PathBuf};

use rustc_hash::FxHashSet;

use super::graph::lies_below;
use super::imports::is_package_file;
use super::outline::{ImportLine, Index};
use super::{ClassRef, ModuleId, Program, Type};
use crate::module::Module;
use crate::module::ir::{BoundValue, Name, StmtId, StmtKind};

/// How many files one question about derived classes loads.
const MAX_DERIVERS: usize = 60;
/// How many imports on a way may turn out to be none before the search is given up.
const MAX_REFUSED: usize = 20;

impl Program {
    /// The index of the project; `None` while the tree is being read.
    pub(super) fn index(&self) -> Option<&Index> {
        let index = self.snapshot.index();
        if index.is_none() {
            self.incomplete.set(true);
        }
        index
    }

    /// Whether a question could not be answered yet.
    pub(crate) fn is_incomplete(&self) -> bool {
        self.incomplete.get()
    }

    /// Whether an import statement imports the module of a file.
    fn leads_to(&self, importer: &Path, line: ImportLine<'_>, path: &Path) -> bool {
        let is = |level, name: &str| self.find(importer, level, name).is_some_and(|found| found == path);
        // The packages that a dotted name leads through are imported, too.
        let mut module = line.module;
        loop {
            if is(line.level, module) {
                return true;
            }
            match module.rsplit_once('.') {
                Some((package, _)) => module = package,
                None => break,
            }
        }
        line.names().any(|name| {
            let full = if line.module.is_empty() { name.to_owned() } else { format!("{}.{name}", line.module) };
            is(line.level, &full)
        })
    }

    /// The modules that import a module, each with its first live statement that does so; at most `most`, in the order of their paths.
    pub(crate) fn importers(&self, id: ModuleId, most: usize) -> Vec<(ModuleId, StmtId)> {
        let (Some(path), Some(graph)) = (self.path(id), self.graph(id)) else { return Vec::new() };
        let importers = graph.importers(path).filter_map(|file| {
            let importer = self.load(file)?;
            Some((importer, self.import_statement(importer, id)?))
        });
        importers.take(most).collect()
    }

    /// The files of a module's project that import a package from outside, in the order of their paths.
    pub(crate) fn files_importing(&self, id: ModuleId, package: &str) -> Vec<PathBuf> {
        let (Some(scope), Some(_)) = (self.scope(id), self.index()) else { return Vec::new() };
        self.snapshot.importing(package).iter().filter(|path| lies_below(path, scope)).cloned().collect()
    }

    /// The first live statement of a module that imports another.
    pub(crate) fn import_statement(&self, importer: ModuleId, id: ModuleId) -> Option<StmtId> {
        self.statement_that_imports(importer, id, false)
    }

    /// As [`Program::import_statement`], of those that run when the importing module is imported itself.
    pub(crate) fn top_import_statement(&self, importer: ModuleId, id: ModuleId) -> Option<StmtId> {
        self.statement_that_imports(importer, id, true)
    }

    fn statement_that_imports(&self, importer: ModuleId, id: ModuleId, top: bool) -> Option<StmtId> {
        let (importing, path) = (self.path(importer)?, self.path(id)?);
        let module = self.module(importer);
        // What else the module imports need not be loaded for this.
        let is = |level: u32, name: &str| self.find(importing, level, name).is_some_and(|found| found == path);
        let imports = module.stmts_holding(&["import"]).find(|(stmt, data)| {
            let found = match &data.kind {
                StmtKind::Import(names) => names.iter().any(|name| is(0, name) || packages(name).any(|package| is(0, package))),
                StmtKind::ImportFrom { module: name, level } => {
                    is(*level, name) || packages(name).any(|package| is(*level, package)) || takes_submodule(module, *stmt, is)
                }
                _ => false,
            };
            found && !(top && (data.function.is_some() || module.under_main_guard(*stmt))) && !self.is_dead(importer, *stmt)
        });
        imports.map(|(stmt, _)| stmt)
    }

    /// As `Graph::way_from`, with every import on it verified.
    pub(crate) fn way_from(&self, id: ModuleId, mut is_start: impl FnMut(&Path) -> bool) -> Option<Vec<ModuleId>> {
        let graph = self.graph(id)?;
        let path = self.path(id)?;
        let mut refused: Vec<(PathBuf, PathBuf)> = Vec::new();
        while refused.len() < MAX_REFUSED {
            let is_edge = |from: &Path, to: &Path| !refused.iter().any(|edge| edge.0 == from && edge.1 == to);
            let way = graph.way_from(path, is_edge, &mut is_start)?;
            let modules: Option<Vec<ModuleId>> = way.iter().map(|file| self.load(file)).collect();
            let broken = match &modules {
                Some(modules) => modules.windows(2).position(|pair| self.import_statement(pair[0], pair[1]).is_none()),
                None => Some(0),
            };
            let Some(broken) = broken else { return modules };
            refused.push((way[broken].to_owned(), way[broken + 1].to_owned()));
        }
        None
    }

    /// Whether importing a module imports another.
    pub(crate) fn brings(&self, importer: ModuleId, module: ModuleId) -> bool {
        let (Some(from), Some(to)) = (self.path(importer), self.path(module)) else { return false };
        self.way_at_import(importer, from, |file| file == to).is_some()
    }

    /// The way from a file of a module's project, along imports that run when it is imported, to one that satisfies a condition; the
    /// satisfying module last. The first module is the file's own.
    pub(crate) fn way_at_import(&self, id: ModuleId, path: &Path, mut is_target: impl FnMut(&Path) -> bool) -> Option<Vec<ModuleId>> {
        let graph = self.graph(id)?;
        let mut refused: Vec<(PathBuf, PathBuf)> = Vec::new();
        while refused.len() < MAX_REFUSED {
            let is_edge = |from: &Path, to: &Path| !refused.iter().any(|edge| edge.0 == from && edge.1 == to);
            let mut way = graph.way_to(path, is_edge, &mut is_target)?;
            way.reverse();
            let modules: Option<Vec<ModuleId>> = way.iter().map(|file| self.load(file)).collect();
            let broken = match &modules {
                Some(modules) => modules.windows(2).position(|pair| self.top_import_statement(pair[0], pair[1]).is_none()),
                None => Some(0),
            };
            let Some(broken) = broken else { return modules };
            let (Some(from), Some(to)) = (way.get(broken), way.get(broken + 1)) else { return None };
            refused.push(((*from).to_owned(), (*to).to_owned()));
        }
        None
    }

    /// Whether a file may derive a class from one of these names: it imports the class's module or a package around it, or takes one of the
    /// names from somewhere.
    fn may_see(&self, index: &Index, path: &Path, class: ClassRef, names: &[Name]) -> bool {
        let Some(defined) = self.path(class.module) else { return false };
        // Other projects in the tree have classes of these names, too.
        if !path.starts_with(self.snapshot.package_root(defined)) {
            return false;
        }
        index.imports_of(path).any(|line| {
            line.names().any(|name| name == "*" || names.iter().any(|known| known == name))
                || self.leads_to(path, line, defined)
                || self
                    .find(path, line.level, line.module)
                    .is_some_and(|found| is_package_file(&found) && found.parent().is_some_and(|package| defined.starts_with(package)))
        })
    }

    /// The classes of other modules that derive from a class and lie in a file that defines a function of one of these names.
    pub(super) fn foreign_subclasses(&self, class: ClassRef, methods: &[Name]) -> Vec<ClassRef> {
        if methods.is_empty() {
            return Vec::new();
        }
        let Some(index) = self.index() else { return Vec::new() };
        let definitions: Vec<String> = methods.iter().map(|name| format!("def {name}(")).collect();
        let definitions: Vec<&str> = definitions.iter().map(String::as_str).collect();
        let mut found: Vec<ClassRef> = Vec::new();
        // Names of classes whose derivations are looked for: a subclass's subclasses do not name the base.
        let mut names = vec![self.class(class).name.clone()];
        let mut seen: FxHashSet<&Path> = FxHashSet::default();
        let mut loaded = 0;
        let mut at = 0;
        while at < names.len() && names.len() < MAX_DERIVERS && loaded < MAX_DERIVERS {
            for (path, name) in index.derivers(&names[at]) {
                let own = self.path(class.module) == Some(path);
                if own || self.may_see(index, path, class, &names) {
                    let name = Name::from(name);
                    if !names.contains(&name) {
                        names.push(name);
                    }
                    if !own && seen.insert(path) && self.snapshot.search(path, &definitions) {
                        loaded += 1;
                        found.extend(self.derived_in(path, class));
                    }
                }
            }
            at += 1;
        }
        found
    }

    /// Other modules of the project that import a class by its name and call it; at most `most`, in the order of their paths.
    pub(crate) fn makers_elsewhere(&self, class: ClassRef, most: usize) -> Vec<ModuleId> {
        let (Some(defined), Some(index)) = (self.path(class.module), self.index()) else { return Vec::new() };
        let name = &self.class(class).name;
        let root = self.snapshot.package_root(defined);
        let files = index.by_file().filter(|(path, _)| *path != defined && lies_below(path, root));
        let takes = files.filter_map(|(path, mut lines)| lines.any(|line| line.names().any(|taken| taken == *name)).then_some(path));
        let mut files: Vec<&Path> = takes.collect();
        files.sort();
        let call = format!("{name}(");
        let calls = files.into_iter().filter(|path| self.snapshot.search(path, &[&call]));
        calls.filter_map(|path| self.load(path)).take(most).collect()
    }

    /// Whether a class of another file may derive from a class, by its name.
    pub(crate) fn has_foreign_derivers(&self, class: ClassRef) -> bool {
        let own = self.path(class.module);
        let name = self.class(class).name.clone();
        let names = [name];
        self.index().is_some_and(|index| {
            let others = index.derivers(&names[0]).into_iter().filter(|(path, _)| own != Some(path));
            others.into_iter().any(|(path, _)| self.may_see(index, path, class, &names))
        })
    }

    /// The classes in a file that derive from a class.
    fn derived_in(&self, path: &Path, class: ClassRef) -> Vec<ClassRef> {
        let Some(module) = self.load(path) else { return Vec::new() };
        let classes = self.module(module).classes().map(|(id, _)| ClassRef { module, id });
        classes.filter(|inner| *inner != class && self.mro(*inner).contains(&Type::Class(class))).collect()
    }
}

/// Whether a `from package import name` binds a submodule that satisfies a condition, which is asked with level and name.
fn takes_submodule(module: &Module, stmt: StmtId, is: impl Fn(u32, &str) -> bool) -> bool {
    module.bindings_of(stmt).any(|binding| match &binding.value {
        BoundValue::Imported { module, level, name } if module.is_empty() => is(*level, name),
        BoundValue::Imported { module, level, name } => is(*level, &format!("{module}.{name}")),
        _ => false,
    })
}

/// The packages that a dotted name leads through, the innermost first.
fn packages(name: &str) -> impl Iterator<Item = &str> {
    std::iter::successors(name.rsplit_once('.').map(|(package, _)| package), |name| name.rsplit_once('.').map(|(package, _)| package))
}
