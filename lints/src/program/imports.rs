//! Imports: from a module's name, as an import statement writes it, to the file that it means.
//!
//! Absolute names are looked up in the roots, in this order: the folder above the importing file's outermost package (its own folder, where
//! it is in none), the project's first-party folders, the folders of installed packages, and at last the importing file's own
//! folder, which is the first entry of `sys.path` when the file is run as a script. The standard library is never followed:
//! what it does is known. Of two roots the first wins that holds a module or a regular package; a folder without `__init__.py`
//! is a namespace package ([PEP 420]) only where no root has better. Stubs and extension modules are no source.
//!
//! [PEP 420]: https://peps.python.org/pep-0420/

use std::path::{Path, PathBuf};

use super::snapshot::Snapshot;
use super::{Loaded, ModuleId, Program, stdlib};
use crate::effects::knowledge;
use crate::module::ir::Name;

/// From how many modules on a program follows no import to another one.
const MAX_IMPORTED: usize = 400;
/// How many modules one program may hold. There is room left for those that are asked for by their files: what they would show must not depend on how
/// far earlier questions had to go.
const MAX_MODULES: usize = 600;

/// What an import means.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Target {
    /// A module of the program.
    Module(ModuleId),
    /// A folder that is a namespace package.
    Namespace(PathBuf),
    /// Nothing that there is source for: the standard library, a package that is not installed, an extension module.
    Outside,
}

/// Where a module's source lies.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Location {
    File(PathBuf),
    Namespace(PathBuf),
}

/// How many folders without `__init__.py` may lie between a package and a module of it.
const MAX_PLAIN_FOLDERS: usize = 3;

impl Program {
    /// The module that `from ..package import` or `import package.module` means in a module. `name` may be empty where `level` is not 0.
    pub(crate) fn import(&self, from: ModuleId, level: u32, name: &str) -> Target {
        if level == 0 && stdlib::is_stdlib(name.split('.').next().unwrap_or_default()) {
            return Target::Outside;
        }
        let Some(path) = self.path(from) else { return Target::Outside };
        let key = (from, level, Name::from(name));
        if let Some(known) = self.imports.borrow().get(&key) {
            return known.clone();
        }
        let found = match self.locate(path, level, name) {
            Some(Location::File(path)) if !self.is_worth_loading(&path) => {
                self.refused.set(true);
                return Target::Outside;
            }
            Some(Location::File(path)) => self.imported(&path),
            Some(Location::Namespace(folder)) => Target::Namespace(folder),
            None => Target::Outside,
        };
        self.imports.borrow_mut().insert(key, found.clone());
        found
    }

    /// The submodule of a package, if it has one of that name.
    pub(crate) fn submodule(&self, package: ModuleId, name: &str) -> Target {
        let is_package = self.path(package).is_some_and(is_package_file);
        if is_package { self.import(package, 1, name) } else { Target::Outside }
    }

    /// The names of all submodules of a package, in any order.
    pub(crate) fn submodules(&self, package: ModuleId) -> Vec<String> {
        let folder = self.path(package).filter(|path| is_package_file(path)).and_then(Path::parent);
        folder.map(|folder| self.snapshot.listing(folder).modules().map(str::to_owned).collect()).unwrap_or_default()
    }

    /// The module in a namespace package.
    pub(crate) fn in_namespace(&self, folder: &Path, name: &str) -> Target {
        match step(&self.snapshot, folder, name) {
            Some(Location::File(path)) => self.imported(&path),
            Some(Location::Namespace(folder)) => Target::Namespace(folder),
            None => Target::Outside,
        }
    }

    /// Asks questions for which only modules matter whose text holds one of these words: others are not loaded for them, and what they
    /// define stays unknown. For searches through all calls of a module, most of which lead nowhere. Packages' `__init__.py` are
    /// loaded all the same: what they hand on stands elsewhere.
    pub(crate) fn scanning<T>(&self, words: &'static [&'static str], ask: impl FnOnce() -> T) -> T {
        let outer = self.scanned_words.replace(Some(words));
        let answer = ask();
        self.scanned_words.set(outer);
        answer
    }

    /// Asks questions for which no module is loaded that is not there yet, if so wished.
    pub(crate) fn frozen<T>(&self, frozen: bool, ask: impl FnOnce() -> T) -> T {
        if frozen { self.scanning(&[], ask) } else { ask() }
    }

    /// Whether no module is loaded that is not there yet.
    pub(crate) fn is_frozen(&self) -> bool {
        self.scanned_words.get().is_some_and(<[_]>::is_empty)
    }

    /// Whether the text of a file holds any of these words.
    pub(crate) fn text_holds(&self, path: &Path, words: &'static [&'static str]) -> bool {
        self.snapshot.mentions(path, words)
    }

    /// Whether the function of a name in the module that an import means may hold any of these texts, judged by the lines of its definition
    /// without a parse. A module that only hands the name on may. Of a module that is not there, no.
    pub(crate) fn function_may_hold(&self, from: ModuleId, level: u32, module: &str, name: &str, words: &'static [&'static str]) -> bool {
        let Some(path) = self.path(from).and_then(|importer| self.find(importer, level, module)) else { return false };
        self.snapshot.function_may_hold(&path, name, words)
    }

    /// Whether the text of a file passes a test.
    pub(crate) fn text_passes(&self, path: &Path, test: impl FnMut(&[u8]) -> bool) -> bool {
        self.snapshot.passes(path, test)
    }

    /// The files of the packages around a module, the outermost first: they are imported before it.
    pub(crate) fn packages_of(&self, id: ModuleId) -> Vec<PathBuf> {
        let mut found = Vec::new();
        let Some(path) = self.path(id) else { return found };
        let mut folder = if is_package_file(path) { path.parent().and_then(Path::parent) } else { path.parent() };
        while let Some(at) = folder.filter(|at| self.snapshot.listing(at).is_file("__init__.py")) {
            found.push(at.join("__init__.py"));
            folder = at.parent();
        }
        found.reverse();
        found
    }

    /// Whether the text of a file passes a test that is asked of many files by many; the answer is kept.
    pub(crate) fn text_always_passes(&self, path: &Path, test: fn(&[u8]) -> bool) -> bool {
        self.snapshot.passes_always(path, test)
    }

    /// The files that an import statement imports: packages before what lies in them, then submodules among the names.
    pub(crate) fn imported_files(&self, id: ModuleId, stmt: crate::module::ir::StmtId) -> Vec<PathBuf> {
        use crate::module::ir::{BoundValue, StmtKind};
        let module = self.module(id);
        let mut found = Vec::new();
        let Some(path) = self.path(id) else { return found };
        let mut add = |level: u32, name: &str| {
            let ends = name.match_indices('.').map(|(dot, _)| dot).chain([name.len()]);
            for end in ends {
                if let Some(imported) = self.find(path, level, &name[..end])
                    && !found.contains(&imported)
                {
                    found.push(imported);
                }
            }
        };
        match &module.stmt(stmt).kind {
            StmtKind::Import(names) => names.iter().for_each(|name| add(0, name)),
            StmtKind::ImportFrom { module: name, level } => {
                add(*level, name);
                for binding in module.bindings_of(stmt) {
                    if let BoundValue::Imported { module, level, name } = &binding.value {
                        let full = if module.is_empty() { name.to_string() } else { format!("{module}.{name}") };
                        add(*level, &full);
                    }
                }
            }
            _ => {}
        }
        found
    }

    fn is_worth_loading(&self, path: &Path) -> bool {
        let Some(words) = self.scanned_words.get() else { return true };
        self.by_path.borrow().contains_key(path) || !words.is_empty() && (is_package_file(path) || self.snapshot.mentions(path, words))
    }

    /// The file of the module that an import in a file means, without loading it.
    pub(super) fn find(&self, importer: &Path, level: u32, name: &str) -> Option<PathBuf> {
        match self.location(importer, level, name)? {
            Location::File(path) => Some(path),
            Location::Namespace(_) => None,
        }
    }

    /// Where the module lies that an import in a file means; nowhere for those of the standard library.
    pub(super) fn location(&self, importer: &Path, level: u32, name: &str) -> Option<Location> {
        if level == 0 && stdlib::is_stdlib(name.split('.').next().unwrap_or_default()) {
            return None;
        }
        self.locate(importer, level, name)
    }

    /// Where the module of an import lies, without loading it.
    pub(crate) fn located(&self, from: ModuleId, level: u32, name: &str) -> Option<Location> {
        self.locate(self.path(from)?, level, name)
    }

    /// Whether a file belongs to an installed package: it lies below a folder of these, and the project's own folders are none of them.
    pub(crate) fn is_installed(&self, path: &Path) -> bool {
        let depth = |roots: &[PathBuf]| roots.iter().filter(|root| path.starts_with(root)).map(|root| root.components().count()).max();
        depth(&self.roots.installed) > depth(&self.roots.first_party)
    }

    /// Whether the program holds so many modules that no import leads to another one any more.
    pub(crate) fn is_full(&self) -> bool {
        self.modules.len() >= MAX_IMPORTED
    }

    /// A path as output shows it.
    pub(crate) fn shown(&self, path: &Path) -> String {
        self.snapshot.sources.shown(path)
    }

    fn locate(&self, importer: &Path, level: u32, name: &str) -> Option<Location> {
        let folder = importer.parent()?;
        if level > 0 {
            let base = (1..level).try_fold(folder, |at, _| at.parent())?;
            return if name.is_empty() { Some(as_package(&self.snapshot, base)) } else { walk(&self.snapshot, base, name) };
        }
        let own = self.snapshot.above_packages(folder);
        let roots = &self.roots;
        // What the tables say of an installed package is more than its source shows.
        let known = knowledge::covers(name.split('.').next().unwrap_or_default());
        let installed = roots.installed.iter().filter(|_| !known).map(PathBuf::as_path);
        let all =
            std::iter::once(own).chain(roots.first_party.iter().map(PathBuf::as_path)).chain(installed).chain(std::iter::once(folder));
        let mut namespace = None;
        for root in all {
            match walk(&self.snapshot, root, name) {
                Some(found @ Location::File(_)) => return Some(found),
                Some(found) => namespace = namespace.or(Some(found)),
                None => {}
            }
        }
        namespace
    }

    /// The module of a file, loaded where it is not there yet; `None` where there is no more room, or the file cannot be parsed.
    pub(crate) fn load(&self, path: &Path) -> Option<ModuleId> {
        self.load_within(path, MAX_MODULES)
    }

    /// As [`Program::load`], for a file that an import leads to.
    fn imported(&self, path: &Path) -> Target {
        self.load_within(path, MAX_IMPORTED).map_or(Target::Outside, Target::Module)
    }

    fn load_within(&self, path: &Path, most: usize) -> Option<ModuleId> {
        if let Some(known) = self.by_path.borrow().get(path) {
            return *known;
        }
        if self.modules.len() >= most {
            return None;
        }
        let id = self.snapshot.module(path).map(|module| {
            self.modules.push(Box::new(Loaded { module, path: Some(path.to_owned()) }));
            ModuleId(self.modules.len() as u32 - 1)
        });
        self.by_path.borrow_mut().insert(path.to_owned(), id);
        id
    }

    /// The dotted name by which others import a module of the project's packages, where its file lies anywhere.
    pub(crate) fn dotted_name(&self, id: ModuleId) -> Option<String> {
        let path = self.path(id)?;
        let mut root = self.snapshot.above_packages(path.parent()?);
        // A folder without `__init__.py` inside a package is a part of it.
        if let Some(package) = root.ancestors().take(MAX_PLAIN_FOLDERS).find(|folder| self.snapshot.listing(folder).is_file("__init__.py"))
        {
            root = self.snapshot.above_packages(package);
        }
        let below = path.strip_prefix(root).ok()?.with_extension("");
        let mut parts: Vec<_> = below.iter().map(|part| part.to_string_lossy()).collect();
        if is_package_file(path) {
            parts.pop();
        }
        Some(parts.join("."))
    }

    /// Where a module's file lies; unknown for standard input.
    pub(crate) fn path(&self, id: ModuleId) -> Option<&Path> {
        self.modules[id.0 as usize].path.as_deref()
    }
}

/// Whether a file is the `__init__.py` of a package.
pub(crate) fn is_package_file(path: &Path) -> bool {
    path.file_name().is_some_and(|name| name == "__init__.py")
}

/// Follows a dotted name below a folder.
pub(crate) fn walk(snapshot: &Snapshot, base: &Path, name: &str) -> Option<Location> {
    let (parents, last) = name.rsplit_once('.').map_or((None, name), |(parents, last)| (Some(parents), last));
    let mut folder = base.to_owned();
    for part in parents.into_iter().flat_map(|parents| parents.split('.')) {
        if !snapshot.listing(&folder).is_folder(part) {
            return None;
        }
        folder.push(part);
    }
    step(snapshot, &folder, last)
}

/// A module, package or namespace package right in a folder.
pub(super) fn step(snapshot: &Snapshot, folder: &Path, name: &str) -> Option<Location> {
    let listing = snapshot.listing(folder);
    let is_folder = listing.is_folder(name);
    if is_folder && snapshot.listing(&folder.join(name)).is_file("__init__.py") {
        return Some(Location::File(folder.join(name).join("__init__.py")));
    }
    let file = format!("{name}.py");
    if listing.is_file(&file) {
        return Some(Location::File(folder.join(file)));
    }
    is_folder.then(|| Location::Namespace(folder.join(name)))
}

/// The package that a folder is.
fn as_package(snapshot: &Snapshot, folder: &Path) -> Location {
    let listing = snapshot.listing(folder);
    if listing.is_file("__init__.py") { Location::File(folder.join("__init__.py")) } else { Location::Namespace(folder.to_owned()) }
}
