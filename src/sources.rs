//! The operating system's files, as the analysis sees them.

use std::cell::Cell;
use std::collections::HashMap;
use std::ffi::OsString;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use anyhow::bail;
use pyrelint_lints::sources::{EntryKind, Sources};

use crate::archives::Archive;
use crate::check::read::{ReadError, Reader, is_short};
use crate::paths;

/// Texts that stand in the place of files, whatever is on disk.
#[derive(Clone, Debug, Default)]
pub struct Overlay {
    /// The bytes of files.
    pub files: HashMap<PathBuf, Arc<Vec<u8>>>,
    /// What standard input held, or why it could not be read; `None` where it has not been read.
    pub stdin: Option<Arc<Result<Vec<u8>, String>>>,
}

thread_local! {
    /// For files that are only looked at.
    static READER: Cell<Reader> = Cell::default();
}

/// The files on disk, and what lies above them.
#[derive(Debug)]
pub struct Disk {
    /// Paths below it are shown relative to it.
    pub working_directory: PathBuf,
    /// What stands in the place of files.
    pub overlay: Arc<Overlay>,
    /// An archive with paths of its own.
    archive: Option<Arc<Archive>>,
    /// The first file or folder that could not be read because the system is short of something, and of what.
    short: OnceLock<(PathBuf, String)>,
}

impl Disk {
    /// The files on disk under those of an overlay.
    pub fn new(working_directory: PathBuf, overlay: Arc<Overlay>) -> Self {
        Self { working_directory, overlay, archive: None, short: OnceLock::new() }
    }

    /// The same with the members of an archive.
    #[must_use]
    pub fn with(self, archive: Option<Arc<Archive>>) -> Self {
        Self { archive, ..self }
    }

    fn archive_of(&self, path: &Path) -> Option<&Archive> {
        self.archive.as_deref().filter(|archive| archive.holds(path))
    }

    /// Whether all that was asked for and is there has been read.
    ///
    /// # Errors
    /// If the system was short of something: then findings may be missing that depend on what was not read.
    pub fn complete(&self) -> anyhow::Result<()> {
        match self.short.get() {
            None => Ok(()),
            Some((path, reason)) => bail!("{}: cannot be read: {reason}; findings would be missing without it", self.shown(path)),
        }
    }

    /// What was read; why it was not is noted.
    fn noted<T>(&self, path: &Path, read: Result<T, ReadError>) -> Option<T> {
        if let Err(ReadError::Io(error)) = &read {
            self.note(path, error);
        }
        read.ok()
    }

    fn note(&self, path: &Path, error: &io::Error) {
        if is_short(error) {
            self.short.get_or_init(|| (path.to_owned(), ReadError::reason(error)));
        }
    }
}

impl Sources for Disk {
    fn list(&self, folder: &Path) -> Vec<(OsString, EntryKind)> {
        if let Some(archive) = self.archive_of(folder) {
            return archive.entries(folder);
        }
        let entries = match fs::read_dir(folder) {
            Ok(entries) => entries,
            Err(error) => {
                self.note(folder, &error);
                return Vec::new();
            }
        };
        entries.flatten().filter_map(|entry| Some((entry.file_name(), kind(&entry)?))).collect()
    }

    fn read(&self, path: &Path) -> Option<Vec<u8>> {
        if let Some(bytes) = self.overlay.files.get(path) {
            return Some(bytes.to_vec());
        }
        let read = match self.archive_of(path) {
            Some(archive) => archive.read(path),
            None => Reader::default().into_read(path),
        };
        self.noted(path, read)
    }

    fn passes(&self, path: &Path, test: &mut dyn FnMut(&[u8]) -> bool) -> bool {
        if let Some(bytes) = self.overlay.files.get(path) {
            return test(bytes);
        }
        if self.archive_of(path).is_some() {
            return self.read(path).is_some_and(|bytes| test(&bytes));
        }
        // The test may read, too.
        let mut reader = READER.take();
        let passes = self.noted(path, reader.read(path)).is_some_and(test);
        READER.set(reader);
        passes
    }

    fn shown(&self, path: &Path) -> String {
        paths::shown(path, &self.working_directory).into_owned()
    }
}

/// What an entry is, behind links; `None` for pipes, devices, sockets, and links to nothing.
fn kind(entry: &fs::DirEntry) -> Option<EntryKind> {
    let mut kind = entry.file_type().ok()?;
    if kind.is_symlink() {
        kind = fs::metadata(entry.path()).ok()?.file_type();
    }
    if kind.is_dir() { Some(EntryKind::Folder) } else { kind.is_file().then_some(EntryKind::File) }
}
