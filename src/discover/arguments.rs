//! The paths that were typed.

use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crate::archives;
use crate::check::read::ReadError;
use crate::config::Folders;
use crate::paths;

/// Why a pipe, a socket or a device is not read (completes "cannot be read: ").
pub(super) const NO_REGULAR_FILE: &str = "it is no regular file";

/// The paths that were typed, each once.
#[derive(Debug, Default)]
pub struct Arguments {
    /// Files, without links.
    pub files: BTreeSet<PathBuf>,
    /// Folders, without links.
    pub folders: BTreeSet<PathBuf>,
    /// Archives, without links: their members are linted.
    pub archives: BTreeSet<PathBuf>,
    /// Whether standard input is to be read.
    pub stdin: bool,
    /// What is neither a file nor a folder, with the reason.
    pub unreadable: Vec<(PathBuf, String)>,
    /// Files that are never linted: stubs and notebooks.
    pub skipped: BTreeSet<PathBuf>,
}

impl Arguments {
    /// Looks at the paths that were typed; without any, the working directory. `forced` says whether exclusions count for them.
    pub fn new(typed: &[PathBuf], folders: &Folders, forced: bool) -> Self {
        let mut arguments = Self::default();
        if typed.is_empty() {
            arguments.folders.insert(folders.working_directory.clone());
        }
        for path in typed {
            if path.as_os_str() == "-" {
                arguments.stdin = true;
            } else {
                arguments.add(path, folders, forced);
            }
        }
        arguments.unreadable.sort();
        arguments.unreadable.dedup();
        arguments
    }

    /// Whether a file is one of them, or lies in one of them.
    pub fn cover(&self, path: &Path) -> bool {
        self.files.contains(path)
            || self.folders.iter().any(|folder| path.starts_with(folder))
            || archives::around(path).is_some_and(|archive| self.archives.contains(&archive))
    }

    /// Whether there is something to look at besides archives.
    pub fn has_files(&self) -> bool {
        self.stdin || !(self.files.is_empty() && self.folders.is_empty() && self.unreadable.is_empty())
    }

    /// Files and folders.
    pub(super) fn roots(&self) -> impl Iterator<Item = &Path> {
        self.folders.iter().chain(&self.files).map(PathBuf::as_path)
    }

    fn add(&mut self, typed: &Path, folders: &Folders, forced: bool) {
        // Links are followed here, once: the rest of the run sees the file that is meant.
        let found = fs::canonicalize(typed).and_then(|path| fs::metadata(&path).map(|data| (path, data)));
        let (path, data) = match found {
            Ok(found) => found,
            Err(error) => {
                let path = paths::absolute(typed, &folders.working_directory);
                if !forced || !is_excluded(&path, folders) {
                    self.unreadable.push((path, reason(&error)));
                }
                return;
            }
        };
        if forced && is_excluded(&path, folders) {
            return;
        }
        if data.is_dir() {
            self.folders.insert(path);
        } else if !data.is_file() {
            self.unreadable.push((path, NO_REGULAR_FILE.to_owned()));
        } else if path.extension().is_some_and(super::never_linted) {
            self.skipped.insert(path);
        } else if archives::is_archive(&path) {
            self.archives.insert(path);
        } else {
            self.files.insert(path);
        }
    }
}

fn is_excluded(path: &Path, folders: &Folders) -> bool {
    path.parent().and_then(|parent| folders.of(parent)).is_some_and(|folder| folder.settings.excludes_below(path))
}

/// An error of the system without its number, as the completion of "cannot be read: ".
pub(super) fn reason(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::NotFound => "it does not exist".to_owned(),
        io::ErrorKind::PermissionDenied => "permission denied".to_owned(),
        io::ErrorKind::NotADirectory => "a part of its path is no folder".to_owned(),
        _ => ReadError::reason(error),
    }
}
