//! The modules of a run: each parsed at most once while it is in use, whichever thread asks first.
//!
//! A [`Snapshot`] says what the files of a project were at one moment. It is shared by all threads and by all files that are linted; each of
//! these makes a [`super::Program`] of its own, which borrows modules from here. Memory is bounded: once the texts that are kept
//! grow beyond a bound, those that nobody uses are given back, to be parsed again should they be asked for.

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError, RwLock};

use rustc_hash::FxHashMap;
use smallvec::SmallVec;

use super::graph::Graph;
use super::outline::{self, Index};
use super::started::Deployments;
use crate::module::Module;
use crate::module::ir::Name;
use crate::source::{self, SourceFile};
use crate::sources::{EntryKind, Sources};

/// How many bytes of source text are kept for others to use: the index of a module takes up to ten times as much as its text.
const MAX_KEPT_BYTES: usize = 2 << 20;

/// What is different from one snapshot to the next.
#[derive(Clone, Copy, Debug, Default)]
pub struct Change<'a> {
    /// The Python files whose text is different.
    pub files: &'a [PathBuf],
    /// Whether their outlines are different ([`super::outline::Outlines`]).
    pub outlines: bool,
    /// Whether files or folders came or went, or files that are no Python changed.
    pub tree: bool,
}

/// A module that is being parsed, or was.
type Slot = Arc<OnceLock<Option<Arc<Module>>>>;

/// See the module's documentation.
#[derive(Debug)]
pub struct Snapshot {
    pub(crate) sources: Arc<dyn Sources>,
    /// By their paths as text: to hash a path component by component costs more than the rest of the question.
    folders: RwLock<FxHashMap<OsString, Arc<Listing>>>,
    modules: Mutex<Kept>,
    index: OnceLock<Arc<Index>>,
    /// The files that import a package from outside.
    importing: Mutex<FxHashMap<String, Arc<[PathBuf]>>>,
    /// What the deployment files of projects say, by the projects' folders.
    deployments: Mutex<FxHashMap<PathBuf, Arc<Deployments>>>,
    /// The texts of projects' metadata, by their folders.
    metadata: Mutex<FxHashMap<PathBuf, Arc<str>>>,
    /// The graphs of projects, by their folders.
    graphs: Mutex<FxHashMap<PathBuf, Arc<OnceLock<Arc<Graph>>>>>,
    /// Whether the texts of files hold words or pass a test, by the place of the words or the test in memory.
    mentioned: RwLock<FxHashMap<usize, FxHashMap<OsString, bool>>>,
    /// Whether a function of a file may hold words, by the function's name and the words' place in memory.
    functions: RwLock<FxHashMap<(OsString, Name, usize), bool>>,
    loaded: AtomicU64,
    loaded_bytes: AtomicU64,
}

#[derive(Debug, Default)]
struct Kept {
    slots: FxHashMap<PathBuf, Slot>,
    bytes: usize,
    /// How many bytes were in use when it was last looked: to look again makes sense once there are more.
    used: usize,
}

/// What a folder holds.
#[derive(Debug, Default)]
pub(crate) struct Listing(FxHashMap<OsString, EntryKind>);

impl Listing {
    pub(crate) fn is_file(&self, name: &str) -> bool {
        self.0.get(OsStr::new(name)) == Some(&EntryKind::File)
    }

    /// Whether there may be a module or a package of a name.
    pub(crate) fn may_be_module(&self, name: &str) -> bool {
        self.is_folder(name) || {
            let mut file = SmallVec::<[u8; 64]>::from_slice(name.as_bytes());
            file.extend_from_slice(b".py");
            std::str::from_utf8(&file).is_ok_and(|file| self.is_file(file))
        }
    }

    /// The names and whether each is a folder, sorted; those that are no UTF-8 are left out.
    pub(crate) fn sorted(&self) -> Vec<(&str, bool)> {
        let mut entries: Vec<(&str, bool)> =
            self.0.iter().filter_map(|(name, kind)| Some((name.to_str()?, *kind == EntryKind::Folder))).collect();
        entries.sort_unstable();
        entries
    }

    pub(crate) fn is_folder(&self, name: &str) -> bool {
        self.0.get(OsStr::new(name)) == Some(&EntryKind::Folder)
    }

    /// The names of the modules and of what may be packages in it, in any order.
    pub(crate) fn modules(&self) -> impl Iterator<Item = &str> {
        let is_name = |name: &&str| {
            !name.starts_with(|first: char| first.is_ascii_digit()) && name.chars().all(|letter| letter.is_alphanumeric() || letter == '_')
        };
        let names = self.0.iter().filter_map(|(name, kind)| match kind {
            EntryKind::File => name.to_str()?.strip_suffix(".py"),
            EntryKind::Folder => name.to_str(),
        });
        names.filter(is_name).filter(|name| !matches!(*name, "__init__" | "__main__" | "__pycache__"))
    }
}

impl Snapshot {
    /// A snapshot of these sources.
    pub fn new(sources: Arc<dyn Sources>) -> Self {
        Self {
            sources,
            folders: RwLock::default(),
            modules: Mutex::default(),
            index: OnceLock::new(),
            importing: Mutex::default(),
            deployments: Mutex::default(),
            metadata: Mutex::default(),
            graphs: Mutex::default(),
            mentioned: RwLock::default(),
            functions: RwLock::default(),
            loaded: AtomicU64::new(0),
            loaded_bytes: AtomicU64::new(0),
        }
    }

    /// The snapshot of what there is after a change: all that the change leaves as it was is kept.
    #[must_use]
    pub fn after(mut self, sources: Arc<dyn Sources>, change: &Change<'_>) -> Self {
        self.sources = sources;
        let is_changed = |path: &OsStr| change.files.iter().any(|file| file.as_os_str() == path);
        for file in change.files {
            self.modules.get_mut().unwrap_or_else(PoisonError::into_inner).slots.remove(file);
        }
        let mentioned = self.mentioned.get_mut().unwrap_or_else(PoisonError::into_inner);
        mentioned.retain(|_, answers| {
            answers.retain(|file, _| !is_changed(file));
            !answers.is_empty()
        });
        self.functions.get_mut().unwrap_or_else(PoisonError::into_inner).retain(|key, _| !is_changed(&key.0));
        if change.tree {
            self.folders = RwLock::default();
            self.deployments = Mutex::default();
            self.metadata = Mutex::default();
        }
        if change.tree || change.outlines {
            self.index = OnceLock::new();
            self.importing = Mutex::default();
            self.graphs = Mutex::default();
        }
        self
    }

    /// Hands in what all files of the project import, once they have been read. Questions about it are answered from then on.
    pub fn complete(&self, index: Arc<Index>) {
        // A second index could only say the same.
        let _ = self.index.set(index);
    }

    /// What the deployment files of a project say; two threads may find out at once, and agree.
    pub(crate) fn deployments(&self, folder: &Path, make: impl FnOnce() -> Deployments) -> Arc<Deployments> {
        if let Some(known) = self.deployments.lock().unwrap_or_else(PoisonError::into_inner).get(folder) {
            return Arc::clone(known);
        }
        let found = Arc::new(make());
        self.deployments.lock().unwrap_or_else(PoisonError::into_inner).insert(folder.to_owned(), Arc::clone(&found));
        found
    }

    /// The text of what tells which scripts a project installs: `pyproject.toml`, `setup.cfg`, `setup.py`, and the `entry_points.txt` of
    /// folders `*.dist-info`, in its folder or the one above.
    pub(crate) fn metadata(&self, folder: &Path) -> Arc<str> {
        if let Some(known) = self.metadata.lock().unwrap_or_else(PoisonError::into_inner).get(folder) {
            return Arc::clone(known);
        }
        let mut text = String::new();
        let mut add = |path: PathBuf| {
            if let Some(bytes) = self.sources.read(&path) {
                text.push_str(&String::from_utf8_lossy(&bytes));
                text.push('\n');
            }
        };
        for folder in std::iter::once(folder).chain(folder.parent()) {
            let listing = self.listing(folder);
            let mut entries: Vec<_> = listing.0.iter().collect();
            entries.sort_by_key(|(name, _)| *name);
            for (name, kind) in entries {
                let name = name.to_string_lossy();
                match kind {
                    EntryKind::File if matches!(&*name, "pyproject.toml" | "setup.cfg" | "setup.py") => add(folder.join(&*name)),
                    EntryKind::Folder if name.ends_with(".dist-info") => add(folder.join(&*name).join("entry_points.txt")),
                    _ => {}
                }
            }
        }
        let text: Arc<str> = text.into();
        self.metadata.lock().unwrap_or_else(PoisonError::into_inner).insert(folder.to_owned(), Arc::clone(&text));
        text
    }

    /// The graph of a project, made by the first thread that asks.
    pub(crate) fn graph(&self, folder: &Path, make: impl FnOnce() -> Graph) -> Arc<Graph> {
        let slot = Arc::clone(self.graphs.lock().unwrap_or_else(PoisonError::into_inner).entry(folder.to_owned()).or_default());
        Arc::clone(slot.get_or_init(|| Arc::new(make())))
    }

    pub(crate) fn index(&self) -> Option<&Index> {
        self.index.get().map(Arc::as_ref)
    }

    /// The files that import a package by its absolute name, sorted; none before the index is known.
    pub(crate) fn importing(&self, package: &str) -> Arc<[PathBuf]> {
        let Some(index) = self.index() else { return Arc::default() };
        if let Some(known) = self.importing.lock().unwrap_or_else(PoisonError::into_inner).get(package) {
            return Arc::clone(known);
        }
        let found: Arc<[PathBuf]> = index.importing(package).into_iter().map(Path::to_owned).collect();
        self.importing.lock().unwrap_or_else(PoisonError::into_inner).insert(package.to_owned(), Arc::clone(&found));
        found
    }

    /// The folder above the outermost package that a file belongs to, or its own folder.
    pub fn package_root<'a>(&self, file: &'a Path) -> &'a Path {
        self.above_packages(file.parent().unwrap_or(file))
    }

    /// How many modules were parsed because others asked about them, and their bytes.
    pub fn loaded(&self) -> (u64, u64) {
        (self.loaded.load(Ordering::Relaxed), self.loaded_bytes.load(Ordering::Relaxed))
    }

    /// What a folder holds; nothing where it cannot be listed.
    pub(crate) fn listing(&self, folder: &Path) -> Arc<Listing> {
        if let Some(known) = self.folders.read().unwrap_or_else(PoisonError::into_inner).get(folder.as_os_str()) {
            return Arc::clone(known);
        }
        let listing = Arc::new(Listing(self.sources.list(folder).into_iter().collect()));
        self.folders.write().unwrap_or_else(PoisonError::into_inner).insert(folder.as_os_str().to_owned(), Arc::clone(&listing));
        listing
    }

    /// The folder above the outermost package that a folder belongs to (by `__init__.py`); the folder itself, where it is no package.
    pub(crate) fn above_packages<'a>(&self, folder: &'a Path) -> &'a Path {
        let mut at = folder;
        while self.listing(at).is_file("__init__.py") {
            match at.parent() {
                Some(parent) => at = parent,
                None => break,
            }
        }
        at
    }

    /// The module of a file; `None` where it cannot be read, decoded or parsed.
    pub(crate) fn module(&self, path: &Path) -> Option<Arc<Module>> {
        let slot = Arc::clone(self.kept().slots.entry(path.to_owned()).or_default());
        let mut bytes = 0;
        let module = slot.get_or_init(|| {
            let module = self.parse(path)?;
            bytes = module.file.text().len();
            Some(module)
        });
        if bytes > 0 {
            self.loaded.fetch_add(1, Ordering::Relaxed);
            self.loaded_bytes.fetch_add(bytes as u64, Ordering::Relaxed);
            self.account(bytes);
        }
        module.clone()
    }

    fn kept(&self) -> std::sync::MutexGuard<'_, Kept> {
        self.modules.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn account(&self, bytes: usize) {
        let mut kept = self.kept();
        kept.bytes += bytes;
        if kept.bytes > MAX_KEPT_BYTES.max(kept.used * 3 / 2) {
            // What is being parsed, or in use by a program, stays.
            kept.slots
                .retain(|_, slot| slot.get().is_none_or(|module| module.as_ref().is_some_and(|module| Arc::strong_count(module) > 1)));
            let used = kept.slots.values().filter_map(|slot| slot.get()?.as_ref()).map(|module| module.file.text().len()).sum();
            (kept.bytes, kept.used) = (used, used);
        }
    }

    /// Whether the text of a file holds any of these words.
    pub(crate) fn mentions(&self, path: &Path, words: &'static [&'static str]) -> bool {
        self.answered(path, words.as_ptr().addr(), || self.search(path, words))
    }

    /// The answer to a question about a file's text, asked once.
    fn answered(&self, path: &Path, question: usize, ask: impl FnOnce() -> bool) -> bool {
        let known =
            self.mentioned.read().unwrap_or_else(PoisonError::into_inner).get(&question).and_then(|all| all.get(path.as_os_str()).copied());
        known.unwrap_or_else(|| {
            let answer = ask();
            let mut mentioned = self.mentioned.write().unwrap_or_else(PoisonError::into_inner);
            mentioned.entry(question).or_default().insert(path.as_os_str().to_owned(), answer);
            answer
        })
    }

    /// Whether the function of a name in a file may hold any of these texts: see [`outline::function_may_hold`].
    pub(crate) fn function_may_hold(&self, path: &Path, name: &str, words: &'static [&'static str]) -> bool {
        let key = (path.as_os_str().to_owned(), Name::from(name), words.as_ptr().addr());
        if let Some(known) = self.functions.read().unwrap_or_else(PoisonError::into_inner).get(&key) {
            return *known;
        }
        let answer = self.look_for_function(path, name, words);
        self.functions.write().unwrap_or_else(PoisonError::into_inner).insert(key, answer);
        answer
    }

    fn look_for_function(&self, path: &Path, name: &str, words: &[&str]) -> bool {
        let known = self.kept().slots.get(path).and_then(|slot| slot.get().cloned());
        match known {
            Some(module) => module.is_some_and(|module| outline::function_may_hold(module.file.text().as_bytes(), name, words)),
            None => self.sources.passes(path, &mut |bytes| outline::function_may_hold(bytes, name, words)),
        }
    }

    /// Whether the text of a file passes a test; a file that cannot be read passes none.
    pub(crate) fn passes(&self, path: &Path, mut test: impl FnMut(&[u8]) -> bool) -> bool {
        let known = self.kept().slots.get(path).and_then(|slot| slot.get().cloned());
        match known {
            Some(module) => module.is_some_and(|module| test(module.file.text().as_bytes())),
            None => self.sources.passes(path, &mut test),
        }
    }

    /// As [`Snapshot::passes`], for a test that many ask: the answer is kept.
    pub(crate) fn passes_always(&self, path: &Path, test: fn(&[u8]) -> bool) -> bool {
        self.answered(path, test as usize, || self.passes(path, test))
    }

    /// As [`Snapshot::mentions`], for words that are asked for once.
    pub(crate) fn search(&self, path: &Path, words: &[&str]) -> bool {
        let known = self.kept().slots.get(path).and_then(|slot| slot.get().cloned());
        match known {
            Some(module) => module.is_some_and(|module| outline::holds(module.file.text().as_bytes(), words)),
            None => self.sources.passes(path, &mut |bytes| outline::holds(bytes, words)),
        }
    }

    fn parse(&self, path: &Path) -> Option<Arc<Module>> {
        let bytes = self.sources.read(path)?;
        let text = source::decode(&bytes).ok()?;
        Module::parse_in_parts(SourceFile::new(self.sources.shown(path), text)).ok().map(Arc::new)
    }
}
