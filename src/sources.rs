//! The operating system's files, as the analysis sees them.

use std::collections::HashMap;
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use pyrelint_lints::sources::{EntryKind, Sources};

use crate::check::read::Reader;
use crate::paths;

/// Texts that stand in the place of files, whatever is on disk.
#[derive(Clone, Debug, Default)]
pub struct Overlay {
    /// The bytes of files.
    pub files: HashMap<PathBuf, Arc<Vec<u8>>>,
    /// What standard input held, or why it could not be read; `None` where it has not been read.
    pub stdin: Option<Arc<Result<Vec<u8>, String>>>,
}

/// The files on disk, and what lies above them.
#[derive(Debug)]
pub struct Disk {
    /// Paths below it are shown relative to it.
    pub working_directory: PathBuf,
    /// What stands in the place of files.
    pub overlay: Arc<Overlay>,
}

impl Sources for Disk {
    fn list(&self, folder: &Path) -> Vec<(OsString, EntryKind)> {
        let Ok(entries) = fs::read_dir(folder) else { return Vec::new() };
        entries.flatten().filter_map(|entry| Some((entry.file_name(), kind(&entry)?))).collect()
    }

    fn read(&self, path: &Path) -> Option<Vec<u8>> {
        if let Some(bytes) = self.overlay.files.get(path) {
            return Some(bytes.to_vec());
        }
        Reader::default().read(path).ok().map(<[u8]>::to_owned)
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
