//! What the analysis sees: the texts of open documents above the files on disk.
//!
//! A [`World`] keeps a snapshot of the project from edit to edit: modules, import graphs and answers to searches that an edit leaves as they were
//! are shared with the next snapshot. What a project's files import is read when a finding first depends on it; an edit that changes no
//! import and no class line leaves that alone.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use pyrelint_lints::{Change, Diagnostic, Index, Outlines, Snapshot};

use crate::check::{self, ReadFile, outlines, panics};
use crate::config::{ConfigError, Folder, Folders, Search, Switches};
use crate::discover::Arguments;
use crate::paths;
use crate::sources::{Disk, Overlay};

/// See the module's documentation.
#[derive(Debug)]
pub struct World {
    /// The folder that paths are shown relative to, and that counts where no file does.
    pub here: PathBuf,
    folders: Arc<Folders>,
    texts: HashMap<PathBuf, Arc<Vec<u8>>>,
    snapshot: Arc<Snapshot>,
    /// The folders whose outlines have been read.
    scopes: BTreeSet<PathBuf>,
    index: Option<Arc<Index>>,
    jobs: usize,
    generation: u64,
}

/// What came of a document.
#[derive(Debug)]
pub enum Linted {
    /// Nothing has changed since it was last asked for.
    Current,
    /// Its findings.
    Findings(Vec<Diagnostic>),
    /// It is excluded, or its configuration is wrong: nothing is said about it.
    Passed,
    /// A mistake of this program.
    Panicked(String),
}

impl World {
    /// The world as it is on disk, seen from a folder.
    pub fn new(here: PathBuf) -> Self {
        let jobs = std::thread::available_parallelism().map_or(1, usize::from);
        Self {
            folders: Arc::new(folders(&here)),
            snapshot: Arc::new(Snapshot::new(Arc::new(disk(&here, &HashMap::new())))),
            here,
            texts: HashMap::new(),
            scopes: BTreeSet::new(),
            index: None,
            jobs,
            generation: 0,
        }
    }

    /// Forgets what was read from disk: configuration files or many others have changed.
    pub fn reread(&mut self) {
        let (texts, generation) = (std::mem::take(&mut self.texts), self.generation + 1);
        *self = Self { texts, generation, ..Self::new(std::mem::take(&mut self.here)) };
        self.snapshot = Arc::new(Snapshot::new(self.sources()));
    }

    /// What is wrong with configuration files, since the last call.
    pub fn configuration_errors(&self) -> Vec<ConfigError> {
        self.folders.errors()
    }

    /// A document has this text from now on; with `None` it is as on disk again.
    pub fn set(&mut self, path: &Path, text: Option<&str>) {
        let before = self.bytes(path);
        match text {
            Some(text) => self.texts.insert(path.to_owned(), Arc::new(pyrelint_lints::source::to_bytes(text))),
            None => self.texts.remove(path),
        };
        let after = self.bytes(path);
        if before != after {
            self.changed(path, after.as_deref().map(Vec::as_slice), before.is_none() != after.is_none());
        }
    }

    /// A file has changed on disk.
    pub fn changed_on_disk(&mut self, path: &Path, tree: bool) {
        let bytes = self.bytes(path);
        self.changed(path, bytes.as_deref().map(Vec::as_slice), tree);
    }

    fn changed(&mut self, path: &Path, bytes: Option<&[u8]>, tree: bool) {
        let mut outline = Outlines::default();
        if let Some(bytes) = bytes {
            outline.add(path, bytes);
        }
        let mut outlines = false;
        if let Some(index) = &mut self.index
            && index.of(path) != outline
        {
            Arc::make_mut(index).replace(path, outline);
            outlines = true;
        }
        self.advance(&Change { files: &[path.to_owned()], outlines, tree });
    }

    /// A number that is another one whenever findings may be.
    pub fn generation(&self) -> u64 {
        self.generation
    }

    fn advance(&mut self, change: &Change<'_>) {
        self.generation += 1;
        let fresh = Arc::new(Snapshot::new(self.sources()));
        // Nobody else holds it while nothing is linted.
        if let Some(old) = Arc::into_inner(std::mem::replace(&mut self.snapshot, fresh)) {
            self.snapshot = Arc::new(old.after(self.sources(), change));
        }
        if let Some(index) = &self.index {
            self.snapshot.complete(Arc::clone(index));
        }
    }

    fn bytes(&self, path: &Path) -> Option<Arc<Vec<u8>>> {
        self.texts.get(path).cloned().or_else(|| check::read::Reader::default().read(path).ok().map(|bytes| Arc::new(bytes.to_vec())))
    }

    fn sources(&self) -> Arc<Disk> {
        Arc::new(disk(&self.here, &self.texts))
    }

    /// The findings of a document.
    pub fn lint(&mut self, path: &Path, text: &str) -> Linted {
        let Some(folder) = path.parent().and_then(|parent| self.folders.of(parent)) else { return Linted::Passed };
        if folder.settings.excludes_below(path) {
            return Linted::Passed;
        }
        if self.index.is_some() {
            self.cover(path, &folder);
        }
        let bytes = pyrelint_lints::source::to_bytes(text);
        let shown = paths::shown(path, &self.here).into_owned();
        let file = ReadFile { path, shown: &shown, folder: &folder, bytes: &bytes, named: true };
        let mut outcome = panics::catch(|| check::lint_file(&file, &self.here, &self.snapshot));
        if outcome.as_ref().is_ok_and(|outcome| outcome.incomplete) {
            self.cover(path, &folder);
            outcome = panics::catch(|| check::lint_file(&file, &self.here, &self.snapshot));
        }
        match outcome {
            Ok(outcome) => Linted::Findings(outcome.diagnostics),
            Err(panic) => Linted::Panicked(panic),
        }
    }

    /// The findings in all files of folders.
    ///
    /// # Errors
    /// If threads cannot be started.
    pub fn lint_all(&self, folders: &[PathBuf]) -> anyhow::Result<check::Checked> {
        let arguments = Arguments::new(folders, &self.folders, false);
        let gitignore = self.folders.of(&self.here).is_none_or(|folder| folder.settings.respect_gitignore.value);
        check::check(&check::Request {
            folders: &self.folders,
            arguments: &arguments,
            stdin_filename: None,
            respect_gitignore: gitignore,
            jobs: self.jobs,
            overlay: Arc::new(Overlay { files: self.texts.clone(), stdin: None }),
            panic_on: None,
            filter: None,
            progress: false,
        })
    }

    /// Reads what the files around a document import, if that was not done yet.
    fn cover(&mut self, path: &Path, folder: &Arc<Folder>) {
        let scope = outlines::scope(&self.snapshot, path, folder).map(Path::to_owned);
        let new = scope.filter(|scope| !self.scopes.iter().any(|known| scope.starts_with(known)));
        if new.is_none() && self.index.is_some() {
            return;
        }
        let mut index = self.index.take().map_or_else(Index::default, Arc::unwrap_or_clone);
        if let Some(scope) = new {
            let known: HashSet<PathBuf> = index.files().map(Path::to_owned).collect();
            let gitignore = folder.settings.respect_gitignore.value;
            for part in outlines::read(BTreeSet::from([scope.clone()]), &known, &self.folders, gitignore, self.jobs) {
                index.add(part);
            }
            for (path, bytes) in self.texts.iter().filter(|(path, _)| path.starts_with(&scope)) {
                let mut outline = Outlines::default();
                outline.add(path, bytes);
                index.replace(path, outline);
            }
            self.scopes.insert(scope);
        }
        self.index = Some(Arc::new(index));
        let generation = self.generation;
        self.advance(&Change { files: &[], outlines: true, tree: false });
        // More is known, but nothing is different.
        self.generation = generation;
    }
}

fn folders(here: &Path) -> Folders {
    Folders::new(here.to_owned(), Search::Nearest, Vec::new(), Switches { suppressions: true, prefilter: true })
}

fn disk(here: &Path, texts: &HashMap<PathBuf, Arc<Vec<u8>>>) -> Disk {
    Disk { working_directory: here.to_owned(), overlay: Arc::new(Overlay { files: texts.clone(), stdin: None }) }
}
