//! Who imports whom: the graph of a project's files along their import statements.
//!
//! Made from the snapshot's index when the first question about a project comes, and kept for all others. Its edges are candidates: an outline takes
//! an example in a docstring for an import, so a program verifies the edges that it reports.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustc_hash::FxHashMap;

use super::imports::{Location, is_package_file, step};
use super::outline::ImportLine;
use super::{ModuleId, Program};

/// How many files are walked over from importer to importer.
const MAX_WALKED: usize = 4_000;

/// How many files that a module imports, directly or not, are asked.
const MAX_IMPORTED: usize = 400;

/// The graph of one project.
#[derive(Debug, Default)]
pub(crate) struct Graph {
    files: Vec<PathBuf>,
    ids: FxHashMap<OsString, u32>,
    /// The files that import each file, in the order of the paths.
    imported_by: Vec<Vec<u32>>,
    /// The files that each file imports, in the order of the paths.
    imports: Vec<Vec<u32>>,
}

impl Graph {
    /// The files that import a file, in the order of the paths.
    pub(crate) fn importers(&self, path: &Path) -> impl Iterator<Item = &Path> {
        let importers = self.ids.get(path.as_os_str()).map(|id| self.imported_by[*id as usize].as_slice()).unwrap_or_default();
        importers.iter().map(|id| self.files[*id as usize].as_path())
    }

    /// The shortest way from a file that satisfies a condition to a file, along imports: the satisfying file first, the asked one last. The
    /// condition is asked of each file once, the nearest first, and not of the asked file itself. `is_edge` may refuse an import.
    pub(crate) fn way_from(
        &self,
        path: &Path,
        mut is_edge: impl FnMut(&Path, &Path) -> bool,
        is_start: impl FnMut(&Path) -> bool,
    ) -> Option<Vec<&Path>> {
        self.search(&self.imported_by, path, MAX_WALKED, |from, to| is_edge(to, from), is_start)
    }

    /// The shortest way from a file along its imports to one that satisfies a condition: the satisfying file first, the asked one last. The asked
    /// file itself is asked, too.
    pub(crate) fn way_to(
        &self,
        path: &Path,
        mut is_edge: impl FnMut(&Path, &Path) -> bool,
        mut is_target: impl FnMut(&Path) -> bool,
    ) -> Option<Vec<&Path>> {
        if is_target(path) {
            return self.ids.get(path.as_os_str()).map(|id| vec![self.files[*id as usize].as_path()]);
        }
        self.search(&self.imports, path, MAX_IMPORTED, |from, to| is_edge(from, to), is_target)
    }

    /// Whether imports, in whatever direction, lead from one file to another.
    pub(crate) fn connects(&self, path: &Path, other: &Path) -> bool {
        let (Some(start), Some(goal)) = (self.ids.get(path.as_os_str()), self.ids.get(other.as_os_str())) else { return path == other };
        let mut seen = vec![false; self.files.len()];
        seen[*start as usize] = true;
        let mut queue = vec![*start];
        while let Some(at) = queue.pop() {
            if at == *goal {
                return true;
            }
            for next in self.imports[at as usize].iter().chain(&self.imported_by[at as usize]) {
                if !std::mem::replace(&mut seen[*next as usize], true) {
                    queue.push(*next);
                }
            }
        }
        false
    }

    /// A breadth-first search along edges; `is_edge` is asked with the file at hand and the next one.
    fn search(
        &self,
        edges: &[Vec<u32>],
        path: &Path,
        most: usize,
        mut is_edge: impl FnMut(&Path, &Path) -> bool,
        mut is_goal: impl FnMut(&Path) -> bool,
    ) -> Option<Vec<&Path>> {
        let start = *self.ids.get(path.as_os_str())?;
        let mut seen = vec![false; self.files.len()];
        seen[start as usize] = true;
        // Each file with the place in the queue of the one that it imports.
        let mut queue: Vec<(u32, usize)> = vec![(start, usize::MAX)];
        let mut at = 0;
        while at < queue.len() && queue.len() < most {
            let current = queue[at].0 as usize;
            for importer in &edges[current] {
                if seen[*importer as usize] || !is_edge(&self.files[current], &self.files[*importer as usize]) {
                    continue;
                }
                seen[*importer as usize] = true;
                queue.push((*importer, at));
                if is_goal(&self.files[*importer as usize]) {
                    let mut way = Vec::new();
                    let mut step = queue.len() - 1;
                    while step != usize::MAX {
                        way.push(self.files[queue[step].0 as usize].as_path());
                        step = queue[step].1;
                    }
                    return Some(way);
                }
            }
            at += 1;
        }
        None
    }
}

impl Program {
    /// The folder whose files may import a module: the project's, or the one above its outermost package.
    pub(crate) fn scope(&self, id: ModuleId) -> Option<&Path> {
        let path = self.path(id)?;
        let package = self.snapshot.package_root(path);
        let root = self.roots.first_party.iter().map(PathBuf::as_path).filter(|root| path.starts_with(root));
        Some(root.min_by_key(|root| root.components().count()).filter(|root| package.starts_with(root)).unwrap_or(package))
    }

    /// The graph of the project that a module belongs to; `None` while the tree is being read.
    pub(crate) fn graph(&self, id: ModuleId) -> Option<Arc<Graph>> {
        let scope = self.scope(id)?;
        let index = self.index()?;
        Some(self.snapshot.graph(scope, || {
            let mut making = Making {
                program: self,
                scope,
                files: Vec::new(),
                ids: FxHashMap::default(),
                folders: FxHashMap::default(),
                known: Vec::new(),
            };
            let mut edges: Vec<(u32, u32)> = Vec::new();
            for (path, lines) in index.by_file().filter(|(path, _)| lies_below(path, scope)) {
                let mut importer = None;
                let folder = making.folder(path);
                for line in lines {
                    making.imported_files(path, folder, line, |making, found| {
                        let importer = *importer.get_or_insert_with(|| making.id(path));
                        if found != importer {
                            edges.push((importer, found));
                        }
                    });
                }
            }
            making.graph(&edges)
        }))
    }
}

/// Whether a path lies below a folder; by the bytes, which is many times cheaper than component by component.
pub(super) fn lies_below(path: &Path, folder: &Path) -> bool {
    let (path, folder) = (path.as_os_str().as_encoded_bytes(), folder.as_os_str().as_encoded_bytes());
    path.strip_prefix(folder)
        .is_some_and(|rest| folder.ends_with(b"/") || rest.starts_with(b"/") || cfg!(windows) && rest.starts_with(b"\\"))
}

/// A graph that is being made.
struct Making<'a> {
    program: &'a Program,
    scope: &'a Path,
    files: Vec<PathBuf>,
    /// Files by their paths as text: to hash a path component by component costs more than all the rest.
    ids: FxHashMap<OsString, u32>,
    /// The folders of importing files, each with what imports of a level mean there.
    folders: FxHashMap<OsString, usize>,
    known: Vec<FxHashMap<u32, FxHashMap<String, Meaning>>>,
}

/// What the name of a module means.
#[derive(Clone, Copy)]
struct Meaning {
    /// The file, if it is one of the project.
    file: Option<u32>,
    parts: Parts,
}

/// Where what lies in a module is to be looked for.
#[derive(Clone, Copy)]
enum Parts {
    /// A module in one file, or nothing that there is source for: nothing lies in it.
    None,
    /// The folder of this package of the project.
    Package,
    /// Folders without `__init__.py`, in several places perhaps, or a package outside.
    Anywhere,
}

impl Making<'_> {
    fn id(&mut self, path: &Path) -> u32 {
        if let Some(id) = self.ids.get(path.as_os_str()) {
            return *id;
        }
        let id = self.files.len() as u32;
        self.files.push(path.to_owned());
        self.ids.insert(path.as_os_str().to_owned(), id);
        id
    }

    /// What an import means.
    fn find(&mut self, importer: &Path, folder: usize, level: u32, name: &str) -> Meaning {
        if let Some(known) = self.known[folder].get(&level).and_then(|known| known.get(name)) {
            return *known;
        }
        let meaning = match self.program.location(importer, level, name) {
            None => Meaning { file: None, parts: Parts::None },
            Some(Location::Namespace(_)) => Meaning { file: None, parts: Parts::Anywhere },
            Some(Location::File(path)) => {
                let file = lies_below(&path, self.scope).then(|| self.id(&path));
                let parts = match (is_package_file(&path), file) {
                    (false, _) => Parts::None,
                    (true, Some(_)) => Parts::Package,
                    (true, None) => Parts::Anywhere,
                };
                Meaning { file, parts }
            }
        };
        self.known[folder].entry(level).or_default().insert(name.to_owned(), meaning);
        meaning
    }

    /// The file of a submodule right in a package.
    fn submodule(&mut self, package: u32, name: &str) -> Option<u32> {
        let folder = self.files[package as usize].parent()?;
        let listing = self.program.snapshot.listing(folder);
        // Most names are no modules.
        if !listing.may_be_module(name) {
            return None;
        }
        match step(&self.program.snapshot, folder, name)? {
            Location::File(path) => Some(self.id(&path)),
            Location::Namespace(_) => None,
        }
    }

    /// The number of the folder that a file lies in.
    fn folder(&mut self, file: &Path) -> usize {
        let folder = file.parent().unwrap_or(file).as_os_str();
        if let Some(known) = self.folders.get(folder) {
            return *known;
        }
        self.known.push(FxHashMap::default());
        self.folders.insert(folder.to_owned(), self.known.len() - 1);
        self.known.len() - 1
    }

    /// The files that an import statement imports: the module, the packages that its name leads through, submodules among the names.
    fn imported_files(&mut self, importer: &Path, folder: usize, line: ImportLine<'_>, mut each: impl FnMut(&mut Self, u32)) {
        let whole = self.find(importer, folder, line.level, line.module);
        let mut module = line.module;
        let mut at = whole;
        loop {
            if let Some(found) = at.file {
                each(self, found);
            }
            let Some((package, _)) = module.rsplit_once('.') else { break };
            module = package;
            at = self.find(importer, folder, line.level, module);
        }
        for name in line.names() {
            let found = match (whole.parts, whole.file) {
                (Parts::None, _) => None,
                (Parts::Package, Some(package)) => self.submodule(package, name),
                _ if line.module.is_empty() => self.find(importer, folder, line.level, name).file,
                _ => self.find(importer, folder, line.level, &format!("{}.{name}", line.module)).file,
            };
            if let Some(found) = found {
                each(self, found);
            }
        }
    }

    /// The graph of these edges, its files in the order of their paths.
    fn graph(self, edges: &[(u32, u32)]) -> Graph {
        let mut order: Vec<u32> = (0..self.files.len() as u32).collect();
        order.sort_unstable_by(|a, b| self.files[*a as usize].as_os_str().cmp(self.files[*b as usize].as_os_str()));
        let mut places = vec![0_u32; order.len()];
        for (place, id) in order.iter().enumerate() {
            places[*id as usize] = place as u32;
        }
        let mut imported_by = vec![Vec::new(); order.len()];
        let mut imports = vec![Vec::new(); order.len()];
        for (from, to) in edges {
            let (from, to) = (places[*from as usize], places[*to as usize]);
            imported_by[to as usize].push(from);
            imports[from as usize].push(to);
        }
        for edges in imported_by.iter_mut().chain(&mut imports) {
            edges.sort_unstable();
            edges.dedup();
        }
        let files: Vec<PathBuf> = order.iter().map(|id| self.files[*id as usize].clone()).collect();
        let ids = files.iter().enumerate().map(|(id, path)| (path.as_os_str().to_owned(), id as u32)).collect();
        Graph { files, ids, imported_by, imports }
    }
}
