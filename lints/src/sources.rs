//! The door to the files of the analysed project.
//!
//! The analysis names no file system. It asks a [`Sources`], which the program hands in: the operating system's files for the command line,
//! unsaved documents above these for an editor, a map in tests.

use std::ffi::OsString;
use std::fmt::Debug;
use std::path::{Path, PathBuf};

/// What a name in a folder stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EntryKind {
    /// A regular file (or a link to one).
    File,
    /// A folder (or a link to one).
    Folder,
}

/// Where the texts of modules come from. Paths are absolute.
pub trait Sources: Debug + Send + Sync {
    /// The files and folders in a folder, in any order; empty where it cannot be listed. What is neither is left out.
    fn list(&self, folder: &Path) -> Vec<(OsString, EntryKind)>;

    /// The bytes of a regular file; `None` where it cannot be read. Never waits for a pipe or a device.
    fn read(&self, path: &Path) -> Option<Vec<u8>>;

    /// Whether the bytes of a regular file pass a test; a file that cannot be read passes none. Sources that need not copy the bytes for it do
    /// better.
    fn passes(&self, path: &Path, test: &mut dyn FnMut(&[u8]) -> bool) -> bool {
        self.read(path).is_some_and(|bytes| test(&bytes))
    }

    /// A path as diagnostics show it; `/`-separated.
    fn shown(&self, path: &Path) -> String;
}

/// No files at all: every import leads out of the program.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoSources;

impl Sources for NoSources {
    fn list(&self, _: &Path) -> Vec<(OsString, EntryKind)> {
        Vec::new()
    }

    fn read(&self, _: &Path) -> Option<Vec<u8>> {
        None
    }

    fn shown(&self, path: &Path) -> String {
        path.to_string_lossy().into_owned()
    }
}

/// The folders in which absolute imports are looked up, in this order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Roots {
    /// Folders of the project's own packages. The folder above a file's outermost package, or that of a file in no package, always
    /// comes first and is not listed here.
    pub first_party: Vec<PathBuf>,
    /// Folders of installed packages (`site-packages`): followed, never reported on.
    pub installed: Vec<PathBuf>,
}
