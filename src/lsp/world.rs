//! What the analysis sees: the texts of open documents above the files on disk.
//!
//! A [`World`] keeps a snapshot of the project from edit to edit: modules, import graphs and answers to searches that an edit leaves as they were
//! are shared with the next snapshot. What a project's files import is read when a finding first depends on it; an edit that changes no
//! import and no class line leaves that alone.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use pyrelint_lints::deploy::linted_as;
use pyrelint_lints::{Change, Diagnostic, Earlier, Index, Outlines, Snapshot};

use super::addresses::is_too_wide;
use super::settings::SWITCHES;
use super::survey::Survey;
use crate::check::{self, ReadFile, limits, outlines, panics};
use crate::config::{ConfigError, Folder, Folders, Scope};
use crate::paths;
use crate::sources::{Disk, Overlay};

/// See the module's documentation.
#[derive(Debug)]
pub struct World {
    /// The folder that paths are shown relative to, and that counts where no file does.
    pub here: PathBuf,
    folders: Arc<Folders>,
    texts: HashMap<PathBuf, Arc<Vec<u8>>>,
    /// What is kept of the documents that were linted, for their next texts.
    earlier: HashMap<PathBuf, Arc<Earlier>>,
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
    /// The world as it is on disk, seen from a folder, by the settings of an editor.
    pub fn new(here: PathBuf, scopes: Vec<Scope>) -> Self {
        // Where few files may be open, one thread is tried: an editor wants to hear about what can be read.
        let jobs = limits::jobs(std::thread::available_parallelism().map_or(1, usize::from)).unwrap_or(1);
        Self {
            folders: Arc::new(Folders::of_editor(here.clone(), scopes, SWITCHES)),
            snapshot: Arc::new(Snapshot::new(Arc::new(disk(&here, &HashMap::new())))),
            here,
            texts: HashMap::new(),
            earlier: HashMap::new(),
            scopes: BTreeSet::new(),
            index: None,
            jobs,
            generation: 0,
        }
    }

    /// Forgets what was read from disk: settings, configuration files or many others have changed.
    pub fn reread(&mut self, scopes: Vec<Scope>) {
        let (texts, generation) = (std::mem::take(&mut self.texts), self.generation + 1);
        *self = Self { texts, generation, ..Self::new(std::mem::take(&mut self.here), scopes) };
        self.snapshot = Arc::new(Snapshot::new(self.sources()));
    }

    /// What is wrong with configuration files, since the last call.
    pub fn configuration_errors(&self) -> Vec<ConfigError> {
        self.folders.errors()
    }

    /// A document has this text from now on; with `None` it is as on disk again.
    pub fn set(&mut self, path: &Path, text: Option<&str>) {
        let before = self.bytes(path);
        if let Some(text) = text {
            self.texts.insert(path.to_owned(), Arc::new(pyrelint_lints::source::to_bytes(text)));
        } else {
            self.texts.remove(path);
            self.earlier.remove(path);
        }
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
        if linted_as(&path.to_string_lossy(), bytes.unwrap_or_default()).is_some() {
            // What it starts may be another program; it imports nothing.
            return self.advance(&Change { files: &[], outlines: false, tree: true });
        }
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

    /// The findings of a document. Whether its syntax is in order is found out only where that is asked, or where rules may have something to say.
    pub fn lint(&mut self, path: &Path, text: &str, asks_for_syntax: bool) -> Linted {
        let Some(folder) = path.parent().and_then(|parent| self.folders.of(parent)) else { return Linted::Passed };
        if folder.settings.excludes_below(path) {
            return Linted::Passed;
        }
        if self.index.is_some() {
            self.cover(path, &folder);
        }
        let bytes = pyrelint_lints::source::to_bytes(text);
        let rules = folder.settings.scanner.wanted(&bytes);
        if rules.is_none() && !asks_for_syntax && linted_as(&path.to_string_lossy(), &bytes).is_none() {
            return Linted::Findings(Vec::new());
        }
        let shown = paths::shown(path, &self.here).into_owned();
        let earlier = Arc::clone(self.earlier.entry(path.to_owned()).or_default());
        let file = ReadFile { path, shown: &shown, folder: &folder, bytes: &bytes, named: true, rules, earlier: Some(&earlier) };
        let mut outcome = panics::catch(|| check::lint_file(&file, &self.snapshot));
        if outcome.as_ref().is_ok_and(|outcome| outcome.incomplete) {
            self.cover(path, &folder);
            outcome = panics::catch(|| check::lint_file(&file, &self.snapshot));
        }
        match outcome {
            Ok(outcome) => Linted::Findings(outcome.diagnostics),
            Err(panic) => Linted::Panicked(panic),
        }
    }

    /// All that is needed to find what there is in all files of folders, as they are now; on another thread, if need be.
    pub fn survey(&self, roots: Vec<PathBuf>) -> Survey {
        let overlay = Arc::new(Overlay { files: self.texts.clone(), stdin: None });
        Survey { folders: Arc::clone(&self.folders), roots, overlay, jobs: self.jobs }
    }

    /// Whether a file below a folder is known.
    pub fn knows_below(&self, folder: &Path) -> bool {
        self.index.as_ref().is_some_and(|index| index.files().any(|file| file.starts_with(folder)))
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
            // Who imports a file that lies loose in the home folder is not worth reading all of it: what is open is asked.
            let is_read = !is_too_wide(&scope);
            let known: HashSet<PathBuf> = index.files().map(Path::to_owned).collect();
            let gitignore = folder.settings.respect_gitignore.value;
            let folders = is_read.then(|| scope.clone()).into_iter().collect();
            for part in outlines::read(folders, &known, &self.folders, gitignore, self.jobs) {
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

fn disk(here: &Path, texts: &HashMap<PathBuf, Arc<Vec<u8>>>) -> Disk {
    Disk::new(here.to_owned(), Arc::new(Overlay { files: texts.clone(), stdin: None }))
}
