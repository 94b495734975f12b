//! The modules that the deployment files of a project start.
//!
//! Files are looked for in the project's folder and a few levels below it, when a module asks why it should be service code, or a deployment file
//! what it starts; what is found is kept for all files of the project. What is no Python, and what only jobs run, is left out of [`Started`].

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::imports::is_package_file;
use super::{ModuleId, Program};
use crate::context::Role;
use crate::deploy::{self, EntryPoint, Program as StartedProgram, Start, Workers};
use crate::diagnostic::Place;
use crate::source::SourceFile;

/// How many levels below the project's folder deployment files are looked for.
const MAX_DEPTH: usize = 4;
/// How many folders are looked into.
const MAX_FOLDERS: usize = 1_000;
/// How many parts a script's path may have to be looked for.
const MAX_PARTS: usize = 64;
/// Folders that hold nothing of the project's own deployment, besides hidden ones.
const SKIPPED: &[&str] = &["node_modules", "site-packages", "__pycache__", "venv", "env", "build", "dist"];

/// A module that a deployment file starts.
#[derive(Clone, Debug)]
pub(crate) struct Started {
    /// The module's file.
    pub(crate) module: PathBuf,
    /// The word that names it in the deployment file.
    pub(crate) place: Place,
    /// The key or instruction that starts it.
    pub(crate) key: &'static str,
    /// Whether several processes of it run.
    pub(crate) several: bool,
    /// Whether its stdout has no buffer: `python -u`, `PYTHONUNBUFFERED`.
    pub(crate) unbuffered: bool,
    /// The Django settings module, where the command names it.
    pub(crate) settings: Option<String>,
}

/// What the deployment files and the metadata of a project say.
#[derive(Debug, Default)]
pub(crate) struct Deployments {
    /// The modules that are started and meant to keep running, sorted by file and place.
    pub(crate) started: Vec<Started>,
    /// Console scripts.
    pub(crate) entry_points: Vec<EntryPoint>,
}

/// Whether a start is that of several processes.
fn is_several(start: &Start) -> bool {
    match start.workers {
        Some(Workers::Exactly(count)) => count > 1,
        Some(Workers::Several) => true,
        None => false,
    }
}

impl Program {
    /// What the deployment files of a project say.
    pub(crate) fn deployments(&self, root: &Path) -> Arc<Deployments> {
        self.snapshot.deployments(root, || self.find_deployments(root))
    }

    fn find_deployments(&self, root: &Path) -> Deployments {
        let mut starts: Vec<(Start, Arc<SourceFile>, PathBuf)> = Vec::new();
        let mut entry_points: Vec<EntryPoint> = Vec::new();
        for path in self.deployment_files(root) {
            let shown = path.to_string_lossy();
            let Some(text) = self.snapshot.sources.read(&path).and_then(|bytes| String::from_utf8(bytes).ok()) else { continue };
            entry_points.extend(deploy::entry_points(&shown, &text));
            let found = deploy::starts(&shown, &text);
            if !found.is_empty() {
                let file = SourceFile::new(self.snapshot.sources.shown(&path), text);
                starts.extend(found.into_iter().map(|start| (start, Arc::clone(&file), path.clone())));
            }
        }
        let mut found = Vec::new();
        for (start, file, path) in starts.iter().filter(|(start, ..)| start.long_running) {
            let near = path.parent().unwrap_or(root);
            for module in self.modules_of(&start.program, &entry_points, root, near) {
                found.push(Started {
                    module,
                    place: Place::new(file, start.range),
                    key: start.kind.key(),
                    several: is_several(start),
                    unbuffered: start.unbuffered,
                    settings: start.settings.clone(),
                });
            }
        }
        Deployments { started: found, entry_points }
    }

    /// The files of a project that may start something or name console scripts, sorted.
    fn deployment_files(&self, root: &Path) -> Vec<PathBuf> {
        self.project_files(root, |path| deploy::is_deployment_file(path).is_some())
    }

    /// The files of a project, a few levels deep, whose paths are wanted, sorted. Tests, examples and what is hidden are left out, but for GitHub's folder.
    pub(crate) fn project_files(&self, root: &Path, is_wanted: impl Fn(&str) -> bool) -> Vec<PathBuf> {
        let mut files = Vec::new();
        let mut folders = vec![(root.to_owned(), 0)];
        let mut at = 0;
        while at < folders.len() && at < MAX_FOLDERS {
            let (folder, depth) = folders[at].clone();
            at += 1;
            let listing = self.snapshot.listing(&folder);
            for (name, is_folder) in listing.sorted() {
                let path = folder.join(name);
                if is_folder {
                    let below = path.strip_prefix(root).unwrap_or(&path).join("x");
                    let skipped = name.starts_with('.') && name != ".github" || SKIPPED.contains(&name);
                    if depth < MAX_DEPTH && !skipped && Role::of(&below.to_string_lossy()) == Role::Production {
                        folders.push((path, depth + 1));
                    }
                } else if is_wanted(&path.to_string_lossy()) {
                    files.push(path);
                }
            }
        }
        files.sort();
        files
    }

    /// The files of the modules that a program is.
    pub(crate) fn modules_of(&self, program: &StartedProgram, entry_points: &[EntryPoint], root: &Path, near: &Path) -> Vec<PathBuf> {
        match program {
            StartedProgram::Module(name) => self.named_module(name, root, near).into_iter().collect(),
            StartedProgram::Script(path) => self.script(path, root, near).into_iter().collect(),
            StartedProgram::ShellScript(_) => Vec::new(),
            StartedProgram::Executable(path) => {
                let name = path.rsplit('/').next().unwrap_or(path);
                let scripts = entry_points.iter().filter(|entry| entry.name == name);
                let found: Vec<PathBuf> = scripts.filter_map(|entry| self.named_module(&entry.module, root, near)).collect();
                if !found.is_empty() || path.ends_with('/') {
                    return found;
                }
                // A script that has no ending.
                let script = self.script(path, root, near).filter(|script| self.is_python_script(script));
                script.into_iter().collect()
            }
        }
    }

    /// The names of the files in a folder, sorted; those that are no UTF-8 are left out.
    pub(crate) fn files_in(&self, folder: &Path) -> Vec<String> {
        let listing = self.snapshot.listing(folder);
        listing.sorted().into_iter().filter(|(_, is_folder)| !is_folder).map(|(name, _)| name.to_owned()).collect()
    }

    /// The names of the folders in a folder, sorted; those that are no UTF-8 are left out.
    pub(crate) fn folders_in(&self, folder: &Path) -> Vec<String> {
        let listing = self.snapshot.listing(folder);
        listing.sorted().into_iter().filter(|(_, is_folder)| *is_folder).map(|(name, _)| name.to_owned()).collect()
    }

    /// A file of the project that is no Python, decoded.
    pub(crate) fn read_file(&self, path: &Path) -> Option<Arc<SourceFile>> {
        let bytes = self.snapshot.sources.read(path)?;
        Some(SourceFile::new(self.snapshot.sources.shown(path), crate::deployment::decode(&bytes)))
    }

    /// Whether the first line of a file names Python as its interpreter.
    pub(crate) fn is_python_script(&self, path: &Path) -> bool {
        let bytes = self.snapshot.sources.read(path).unwrap_or_default();
        deploy::interpreter(&bytes) == Some(deploy::Interpreter::Python)
    }

    /// The file of the longest start of a dotted name that is a module; a package stands for its `__main__`, where it has one.
    fn named_module(&self, name: &str, root: &Path, near: &Path) -> Option<PathBuf> {
        let mut name = name;
        loop {
            // As if a file right in the folder imported it.
            let found = [near, root].iter().find_map(|folder| self.find(&folder.join("-.py"), 0, name));
            if let Some(file) = found {
                let main = file.with_file_name("__main__.py");
                let has_main =
                    is_package_file(&file) && file.parent().is_some_and(|folder| self.snapshot.listing(folder).is_file("__main__.py"));
                return Some(if has_main { main } else { file });
            }
            name = name.rsplit_once('.')?.0;
        }
    }

    /// The file of a script by its path: beside the deployment file, in a folder above it, or in the project's folder; else by the longest ending that is
    /// there.
    pub(crate) fn script(&self, path: &str, root: &Path, near: &Path) -> Option<PathBuf> {
        let parts: Vec<&str> = path.split('/').filter(|part| !part.is_empty() && *part != ".").collect();
        // No path that a system opens has so many; each ending is looked for in each folder.
        if parts.contains(&"..") || parts.len() > MAX_PARTS {
            return None;
        }
        // A tree that is installed as it stands may lie anywhere in the project.
        let folders = || near.ancestors().take_while(|folder| folder.starts_with(root)).chain([near, root]);
        (0..parts.len()).find_map(|from| {
            folders().find_map(|folder| {
                let (name, folders) = parts[from..].split_last()?;
                let folder = folders.iter().fold(folder.to_path_buf(), |folder, part| folder.join(part));
                self.snapshot.listing(&folder).is_file(name).then(|| folder.join(name))
            })
        })
    }

    /// The way from a module that a deployment file starts to a module, along imports, with what starts it. The module itself may be it.
    pub(crate) fn way_from_start(&self, id: ModuleId, root: &Path) -> Option<(Vec<ModuleId>, Started)> {
        let deployments = self.deployments(root);
        let started = &deployments.started;
        let own = self.path(id)?;
        if let Some(start) = started.iter().find(|start| start.module == own) {
            return Some((vec![id], start.clone()));
        }
        if started.is_empty() {
            return None;
        }
        let way = self.way_from(id, |file| started.iter().any(|start| start.module == file))?;
        let first = self.path(*way.first()?)?;
        let start = started.iter().find(|start| start.module == first)?.clone();
        Some((way, start))
    }
}
