//! Reverse questions: who imports a module, who derives from a class, along which imports does one file lead to another.
//!
//! They are asked only once a candidate for a finding exists, and answered from the snapshot's index. While that is not there yet - the
//! tree is still being read - the program notes that it was asked: its file is linted again when the index is complete.

use std::path::{Path, PathBuf};

use rustc_hash::FxHashSet;

use super::imports::{Target, is_package_file};
use super::outline::{ImportLine, Index};
use super::{ClassRef, ModuleId, Program, Type};
use crate::module::ir::StmtKind;

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
        candidates.into_iter().filter_map(|file| self.load(&file)).filter(|importer| self.imports_module(*importer, id)).take(most).collect()
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

    /// The classes of other modules that derive from a class.
    pub(super) fn foreign_subclasses(&self, class: ClassRef) -> Vec<ClassRef> {
        let Some(index) = self.index() else { return Vec::new() };
        let name = self.class(class).name.clone();
        let mut found: Vec<ClassRef> = Vec::new();
        // Names of classes whose derivations are looked for: a subclass's subclasses do not name the base.
        let mut names = vec![name];
        let mut loaded = 0;
        let mut at = 0;
        while at < names.len() {
            for path in index.derivers(&names[at]) {
                if loaded >= MAX_DERIVERS {
                    return found;
                }
                loaded += 1;
                let Some(id) = self.load(path).filter(|id| *id != class.module) else { continue };
                for (inner, data) in self.module(id).classes() {
                    let inner = ClassRef { module: id, id: inner };
                    if !found.contains(&inner) && self.mro(inner).contains(&Type::Class(class)) {
                        found.push(inner);
                        if !names.contains(&data.name) {
                            names.push(data.name.clone());
                        }
                    }
                }
            }
            at += 1;
        }
        found
    }
}

/// The packages that a dotted name leads through, the innermost first.
fn packages(name: &str) -> impl Iterator<Item = &str> {
    std::iter::successors(name.rsplit_once('.').map(|(package, _)| package), |name| name.rsplit_once('.').map(|(package, _)| package))
}
