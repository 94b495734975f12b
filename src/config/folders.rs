//! The settings of each folder: the nearest configuration file counts, as with Ruff.
//!
//! Every folder is looked at once, whichever thread asks first. What is wrong with configuration files is kept until the end of the
//! run, so that what is said does not depend on the threads; files below a wrong configuration are not linted.

use std::collections::{BTreeSet, HashMap};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use pyrelint_lints::Roots;
use pyrelint_lints::settings::PythonVersion;
use pyrelint_lints::sources::EntryKind;

use super::environment;
use super::error::ConfigError;
use super::layer::{self, Chain, Layer};
use super::settings::{FolderSettings, Switches};
use crate::archives::Archive;
use crate::paths;

/// The names of configuration files; the first that is there counts.
const FILES: [&str; 2] = [".pyrelint.toml", "pyrelint.toml"];
/// What shows that a folder is the root of a project, besides `pyproject.toml`.
const ROOT_MARKERS: [&str; 3] = ["setup.cfg", "setup.py", ".git"];

/// Where configuration files are looked for.
#[derive(Debug)]
pub enum Search {
    /// In the folder of each file and above.
    Nearest,
    /// Nowhere; these layers hold for all files.
    Fixed(Vec<Layer>),
}

/// How the settings of an editor and those of configuration files go together.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Preference {
    /// Files win: what a project says about itself holds for everybody.
    #[default]
    FilesystemFirst,
    /// The editor's settings win.
    EditorFirst,
    /// Configuration files do not count.
    EditorOnly,
}

/// What an editor says about the files below a folder.
#[derive(Clone, Debug, Default)]
pub struct Scope {
    /// The folder, without links; the innermost that holds a file counts for it. Empty for all files that lie in no other one.
    pub folder: PathBuf,
    /// The settings; later ones win.
    pub layers: Vec<Layer>,
    /// What wins over what.
    pub preference: Preference,
}

/// What is known of a folder.
#[derive(Debug)]
pub struct Folder {
    /// The working directory, or the folder of an editor's workspace that it belongs to.
    pub home: PathBuf,
    /// The settings of its files.
    pub settings: Arc<FolderSettings>,
    /// The root of the project that it belongs to.
    pub root: Option<PathBuf>,
    /// Where the absolute imports of its files are looked up.
    pub roots: Arc<Roots>,
    chain: Chain,
    /// The folder of the configuration file.
    configured: Option<PathBuf>,
    python: Option<(PythonVersion, String)>,
}

/// All folders of a run.
#[derive(Debug)]
pub struct Folders {
    /// The working directory, without links.
    pub working_directory: PathBuf,
    nearest: bool,
    fixed: Chain,
    flags: Vec<Layer>,
    scopes: Vec<Scope>,
    switches: Switches,
    /// The archive that is looked at: folders in it have their settings from its own files.
    archive: RwLock<Option<Arc<Archive>>>,
    known: RwLock<HashMap<PathBuf, Option<Arc<Folder>>>>,
    environments: Mutex<HashMap<PathBuf, Vec<PathBuf>>>,
    errors: Mutex<Vec<ConfigError>>,
    warnings: Mutex<BTreeSet<String>>,
}

impl Folders {
    /// Folders whose settings come from files as `search` says, then from `flags`.
    pub fn new(working_directory: PathBuf, search: Search, flags: Vec<Layer>, switches: Switches) -> Self {
        let (nearest, fixed) = match search {
            Search::Nearest => (true, Vec::new()),
            Search::Fixed(layers) => (false, layers),
        };
        let warnings = fixed.iter().chain(&flags).flat_map(Layer::warnings).collect();
        Self {
            working_directory,
            nearest,
            fixed: Arc::new(fixed),
            flags,
            scopes: Vec::new(),
            switches,
            archive: RwLock::default(),
            known: RwLock::default(),
            environments: Mutex::default(),
            errors: Mutex::default(),
            warnings: Mutex::new(warnings),
        }
    }

    /// Folders whose settings come from the nearest files and from an editor.
    pub fn of_editor(working_directory: PathBuf, scopes: Vec<Scope>, switches: Switches) -> Self {
        Self { scopes, ..Self::new(working_directory, Search::Nearest, Vec::new(), switches) }
    }

    /// What is known of a folder (an absolute path); `None` where its configuration is wrong.
    pub fn of(&self, folder: &Path) -> Option<Arc<Folder>> {
        if let Some(known) = self.known.read().unwrap_or_else(PoisonError::into_inner).get(folder) {
            return known.clone();
        }
        // Asked outside of any lock: two threads may do the same work, and agree.
        let made = match folder.parent() {
            Some(parent) => self.of(parent).and_then(|parent| self.make(folder, Some(&parent))),
            None => self.make(folder, None),
        };
        self.known.write().unwrap_or_else(PoisonError::into_inner).entry(folder.to_owned()).or_insert(made).clone()
    }

    /// Has folders in an archive find its configuration files, as long as no other one is looked at.
    pub(crate) fn look_into(&self, archive: Option<Arc<Archive>>) {
        *self.archive.write().unwrap_or_else(PoisonError::into_inner) = archive;
    }

    /// What is wrong with configuration files that have been looked at, sorted by path.
    pub fn errors(&self) -> Vec<ConfigError> {
        let mut errors = std::mem::take(&mut *self.errors.lock().unwrap_or_else(PoisonError::into_inner));
        errors.sort_by(|a, b| (a.place.file.path(), &a.message).cmp(&(b.place.file.path(), &b.message)));
        errors.dedup_by(|a, b| a.place.file.path() == b.place.file.path() && a.message == b.message);
        errors
    }

    /// What the authors of configuration files should know, sorted.
    pub fn warnings(&self) -> BTreeSet<String> {
        std::mem::take(&mut *self.warnings.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn make(&self, folder: &Path, parent: Option<&Arc<Folder>>) -> Option<Arc<Folder>> {
        match self.try_make(folder, parent) {
            Ok(made) => Some(made),
            Err(error) => {
                self.errors.lock().unwrap_or_else(PoisonError::into_inner).push(error);
                None
            }
        }
    }

    fn try_make(&self, folder: &Path, parent: Option<&Arc<Folder>>) -> Result<Arc<Folder>, ConfigError> {
        let archive = self.archive.read().unwrap_or_else(PoisonError::into_inner).clone().filter(|archive| archive.holds(folder));
        let archive = archive.as_deref();
        let pyproject = folder.join("pyproject.toml");
        let has_pyproject = match archive {
            Some(archive) => archive.kind(&pyproject) == Some(EntryKind::File),
            None => fs::metadata(&pyproject).is_ok_and(|data| data.is_file()),
        };
        let metadata = has_pyproject.then(|| layer::metadata(&pyproject, archive));
        let scope = self.scope(folder);
        let reads_files = self.nearest && scope.is_none_or(|scope| scope.preference != Preference::EditorOnly);
        let home = scope.map(|scope| scope.folder.as_path()).filter(|path| !path.as_os_str().is_empty()).unwrap_or(&self.working_directory);
        let layers = if reads_files { self.layers_in(folder, &pyproject, metadata.as_ref(), archive)? } else { None };
        let has = |name: &&str| match archive {
            Some(archive) => archive.kind(&folder.join(name)).is_some(),
            None => fs::symlink_metadata(folder.join(name)).is_ok(),
        };
        let is_root = metadata.is_some() || archive.is_some_and(|archive| archive.root() == folder) || ROOT_MARKERS.iter().any(has);
        let python = metadata.and_then(|found| found.oldest_python);
        if let Some(parent) = parent
            && layers.is_none()
            && python.is_none()
            && !is_root
            && folder != self.working_directory
            && folder != home
        {
            return Ok(Arc::clone(parent));
        }
        let python = python
            .map(|version| (version, format!("requires-python in {}", paths::shown(&pyproject, &self.working_directory))))
            .or_else(|| parent.and_then(|parent| parent.python.clone()));
        let root = if is_root { Some(folder.to_owned()) } else { parent.and_then(|parent| parent.root.clone()) };
        let (chain, configured) = match (layers, parent) {
            (Some(layers), _) => (Arc::new(layers), Some(folder.to_owned())),
            (None, _) if self.nearest && !reads_files => (Arc::default(), None),
            (None, Some(parent)) => (Arc::clone(&parent.chain), parent.configured.clone()),
            (None, None) => (Arc::clone(&self.fixed), self.fixed.last().map(|layer| layer.folder.clone())),
        };
        let base = configured.as_deref().or(root.as_deref()).unwrap_or(home);
        let editor = scope.map(|scope| scope.layers.as_slice()).unwrap_or_default();
        let (first, last) = match scope.map(|scope| scope.preference) {
            Some(Preference::FilesystemFirst) => (editor, chain.as_slice()),
            _ => (chain.as_slice(), editor),
        };
        let layers = first.iter().chain(last).chain(&self.flags).cloned().collect();
        let settings = FolderSettings::new(layers, base, python.as_ref(), self.switches)?;
        // Where nothing shows a project, the working directory is none of the files that lie elsewhere.
        let elsewhere = configured.is_none() && root.is_none() && !folder.starts_with(home);
        let first_party = if elsewhere { Vec::new() } else { settings.src.value.clone() };
        let environment = match &settings.python {
            Some(python) => Some(python.value.clone()),
            None if elsewhere => None,
            None => environment::of_project(root.as_deref().unwrap_or(base)),
        };
        let installed = environment.map(|python| self.installed(&python)).unwrap_or_default();
        let roots = Arc::new(Roots { first_party, installed });
        let home = home.to_owned();
        Ok(Arc::new(Folder { home, settings: Arc::new(settings), root, roots, chain, configured, python }))
    }

    /// What an editor says about the files of a folder.
    fn scope(&self, folder: &Path) -> Option<&Scope> {
        let around = self.scopes.iter().filter(|scope| folder.starts_with(&scope.folder));
        around.max_by_key(|scope| scope.folder.as_os_str().len())
    }

    /// The layers of the configuration file of a folder, if it has one.
    fn layers_in(
        &self,
        folder: &Path,
        pyproject: &Path,
        metadata: Option<&layer::Metadata>,
        archive: Option<&Archive>,
    ) -> Result<Option<Vec<Layer>>, ConfigError> {
        let own = FILES.iter().map(|name| folder.join(name)).find(|path| match archive {
            Some(archive) => archive.kind(path).is_some(),
            None => fs::metadata(path).is_ok(),
        });
        let path = match (own, metadata) {
            (Some(path), _) => path,
            (None, Some(found)) if found.mentions_us => pyproject.to_owned(),
            (None, found) => {
                if let Some(reason) = found.and_then(|found| found.broken.as_ref()) {
                    self.warn(format!("{}: no valid TOML, passed over: {reason}", paths::shown(pyproject, &self.working_directory)));
                }
                return Ok(None);
            }
        };
        let layers = match layer::load(&path, &self.working_directory, archive) {
            Err(error)
                if path == pyproject && metadata.is_some_and(|found| found.broken.is_some()) && !layer::is_ours(pyproject, archive) =>
            {
                self.warn(format!("{error}; passed over"));
                None
            }
            other => other?,
        };
        for warning in layers.iter().flatten().flat_map(Layer::warnings) {
            self.warn(warning);
        }
        Ok(layers)
    }

    /// The folders of an environment's packages; looked for once.
    fn installed(&self, python: &Path) -> Vec<PathBuf> {
        let mut known = self.environments.lock().unwrap_or_else(PoisonError::into_inner);
        known.entry(python.to_owned()).or_insert_with(|| environment::site_packages(python)).clone()
    }

    /// Notes that an ignore file does not count, because it may have no end.
    pub(crate) fn passes_over(&self, path: &Path) {
        let shown = paths::shown(path, &self.working_directory);
        self.warn(format!(
            "{shown}: no regular file, or larger than 1 MB; passed over, and so are those of the same name in folders below"
        ));
    }

    fn warn(&self, text: String) {
        self.warnings.lock().unwrap_or_else(PoisonError::into_inner).insert(text);
    }
}
