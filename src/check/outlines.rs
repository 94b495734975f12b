//! Outlines of files: what they import and which classes they derive. Questions in that direction need those of a whole project.

use std::collections::{BTreeSet, HashSet};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use pyrelint_lints::{Outlines, Snapshot};

use super::read::Reader;
use crate::config::{Folder, Folders};
use crate::discover::{self, Arguments, Found};

/// The folder whose files may import a file or derive from its classes: the project's, else the one above the outermost package. A lone file of
/// no project and no package has nobody to ask.
pub(crate) fn scope<'a>(snapshot: &Snapshot, path: &'a Path, folder: &'a Folder) -> Option<&'a Path> {
    let package = snapshot.package_root(path);
    match &folder.root {
        Some(root) => Some(root.as_path()),
        None if Some(package) != path.parent() => Some(package),
        None => None,
    }
}

/// Reads the files of folders, but for those that are known, for their outlines alone.
pub(crate) fn read(
    scopes: BTreeSet<PathBuf>,
    known: &HashSet<PathBuf>,
    folders: &Arc<Folders>,
    respect_gitignore: bool,
    jobs: usize,
) -> Vec<Outlines> {
    let all = Mutex::default();
    let arguments = Arguments { folders: scopes, ..Arguments::default() };
    discover::walk(&arguments, folders, respect_gitignore, jobs, || {
        let (mut reader, mut collected) = (Reader::default(), Collected::new(&all));
        move |found: Found<'_>| {
            if let Found::File(file) = found
                && file.format.is_none()
                && !known.contains(file.path)
                && let Ok(bytes) = reader.read(file.path)
            {
                collected.outlines.add(file.path, bytes);
            }
        }
    });
    all.into_inner().unwrap_or_else(PoisonError::into_inner)
}

/// The outlines that one thread collects; handed in when it ends.
pub(super) struct Collected<'a> {
    pub(super) outlines: Outlines,
    all: &'a Mutex<Vec<Outlines>>,
}

impl<'a> Collected<'a> {
    pub(super) fn new(all: &'a Mutex<Vec<Outlines>>) -> Self {
        Self { outlines: Outlines::default(), all }
    }
}

impl Drop for Collected<'_> {
    fn drop(&mut self) {
        let outlines = std::mem::take(&mut self.outlines);
        self.all.lock().unwrap_or_else(PoisonError::into_inner).push(outlines);
    }
}
