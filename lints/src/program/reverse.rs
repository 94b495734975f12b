//! Reverse questions: who imports a module, who derives from a class, along which imports does one file lead to another.
//!
//! They are asked only once a candidate for a finding exists, and answered from the snapshot's index. While that is not there yet - the
//! tree is still being read - the program notes that it was asked: its file is linted again when the index is complete.

use std::path::{Path, PathBuf};

use rustc_hash::FxHashSet;

use super::imports::{Target, is_package_file};
use super::outline::{ImportLine, Index};
use super::{ClassRef, ModuleId, Program, Type};
use crate::module::ir::{Name, StmtKind};

/// How many files one question about derived classes loads.
const MAX_DERIVERS: usize = 60;
/// How many files are walked over from importer to importer.
const MAX_IMPORTERS: usize = 2_000;

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

    /// The files that seem to import the module of a file, sorted. Importing `a.b` also imports `a`.
    pub(crate) fn importing_files(&self, path: &Path) -> Vec<PathBuf> {
        let Some(index) = self.index() else { return Vec::new() };
        let is_package = is_package_file(path);
        let name = if is_package { path.parent().and_then(Path::file_name) } else { path.file_stem() };
        let Some(name) = name.and_then(|name| name.to_str()) else { return Vec::new() };
        let mut lines = index.imports(name);
        if is_package {
            // `from . import x` and `from .. import x` do not say the package's name.
            lines.extend(index.imports("\t\t,"));
        }
        let mut found: Vec<PathBuf> = Vec::new();
        for (importer, line) in lines {
            if importer != path && !found.iter().any(|known| known == importer) && self.leads_to(importer, line, path) {
                found.push(importer.to_owned());
            }
        }
        found.sort();
        found
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

    /// The modules that import a module, by their own statements; at most `most`.
    pub(crate) fn importers(&self, id: ModuleId, most: usize) -> Vec<ModuleId> {
        let Some(path) = self.path(id).map(Path::to_owned) else { return Vec::new() };
        let candidates = self.importing_files(&path);
        candidates
            .into_iter()
            .filter_map(|file| self.load(&file))
            .filter(|importer| self.imports_module(*importer, id))
            .take(most)
            .collect()
    }

    /// Whether a module has a live import statement that imports another.
    fn imports_module(&self, importer: ModuleId, id: ModuleId) -> bool {
        let module = self.module(importer);
        let is = |level: u32, name: &str| self.import(importer, level, name) == Target::Module(id);
        module.stmts().any(|(stmt, data)| {
            let found = match &data.kind {
                StmtKind::Import(names) => names.iter().any(|name| is(0, name) || packages(name).any(|package| is(0, package))),
                StmtKind::ImportFrom { module: name, level } => {
                    is(*level, name) || packages(name).any(|package| is(*level, package)) || self.takes_submodule(importer, stmt, id)
                }
                _ => false,
            };
            found && !self.is_dead(importer, stmt)
        })
    }

    /// Whether a `from package import name` binds a submodule.
    fn takes_submodule(&self, importer: ModuleId, stmt: crate::module::ir::StmtId, id: ModuleId) -> bool {
        use crate::module::ir::BoundValue;
        self.module(importer).bindings_of(stmt).any(|binding| match &binding.value {
            BoundValue::Imported { module, level, name } => {
                let full = if module.is_empty() { name.to_string() } else { format!("{module}.{name}") };
                self.import(importer, *level, &full) == Target::Module(id)
            }
            _ => false,
        })
    }

    /// The shortest way from a file that satisfies a condition to the module of a file, along imports: the satisfying file first, the
    /// asked one last. The condition is asked of each file once, the nearest first; the asked file itself is not.
    pub(crate) fn way_from(&self, path: &Path, mut is_start: impl FnMut(&Path) -> bool) -> Option<Vec<PathBuf>> {
        let mut seen: FxHashSet<PathBuf> = FxHashSet::default();
        seen.insert(path.to_owned());
        // Each file with the index of the one that it imports.
        let mut queue: Vec<(PathBuf, usize)> = vec![(path.to_owned(), usize::MAX)];
        let mut at = 0;
        while at < queue.len() && queue.len() < MAX_IMPORTERS {
            let current = queue[at].0.clone();
            for importer in self.importing_files(&current) {
                if !seen.insert(importer.clone()) {
                    continue;
                }
                let found = is_start(&importer);
                queue.push((importer, at));
                if found {
                    let mut way = Vec::new();
                    let mut step = queue.len() - 1;
                    while step != usize::MAX {
                        way.push(queue[step].0.clone());
                        step = queue[step].1;
                    }
                    return Some(way);
                }
            }
            at += 1;
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
        index.imports_of(path).into_iter().any(|line| {
            line.names().any(|name| name == "*" || names.iter().any(|known| known == name))
                || self.leads_to(path, line, defined)
                || self.find(path, line.level, line.module).is_some_and(|found| {
                    is_package_file(&found) && found.parent().is_some_and(|package| defined.starts_with(package))
                })
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

    /// The classes in a file that derive from a class.
    fn derived_in(&self, path: &Path, class: ClassRef) -> Vec<ClassRef> {
        let Some(module) = self.load(path) else { return Vec::new() };
        let classes = self.module(module).classes().map(|(id, _)| ClassRef { module, id });
        classes.filter(|inner| *inner != class && self.mro(*inner).contains(&Type::Class(class))).collect()
    }
}

/// The packages that a dotted name leads through, the innermost first.
fn packages(name: &str) -> impl Iterator<Item = &str> {
    std::iter::successors(name.rsplit_once('.').map(|(package, _)| package), |name| name.rsplit_once('.').map(|(package, _)| package))
}
