//! Where documents lie, and what files are called: between the client's addresses and the paths of the analysis.
//!
//! A client's own spelling is kept: it compares addresses as text, and would show each problem twice otherwise. For the same reason a folder that the
//! client reaches through a link keeps that name.

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};

use gen_lsp_types::Uri;

use crate::paths;

/// The schemes of documents that are checked. What a version control system shows, or a cell of a notebook, is none of them.
const SCHEMES: &[&str] = &["file", "untitled", "inmemory"];

/// See the module's documentation.
#[derive(Clone, Debug)]
pub struct Addresses {
    /// The folder that paths are shown relative to.
    here: PathBuf,
    /// The folders of the workspace, as the client calls them and without links.
    folders: Vec<(PathBuf, PathBuf)>,
    /// What the client calls its open documents, by where they lie.
    open: HashMap<PathBuf, String>,
}

impl Addresses {
    /// Addresses in a workspace of these folders, as the client calls them; `elsewhere` counts where there is none.
    pub fn new(folders: &[PathBuf], elsewhere: PathBuf) -> Self {
        let folders: Vec<_> = folders.iter().map(|folder| without_links(folder)).collect();
        let here = folders.first().map_or(elsewhere, |(_, real)| real.clone());
        Self { here, folders, open: HashMap::new() }
    }

    /// The folders of the workspace, without links.
    pub fn folders(&self) -> impl Iterator<Item = &Path> {
        self.folders.iter().map(|(_, real)| real.as_path())
    }

    /// The folder that paths are shown relative to: it stays for the whole session.
    pub fn here(&self) -> &Path {
        &self.here
    }

    /// The client has opened this folder as well.
    pub fn add_folder(&mut self, folder: &Path) {
        let entry = without_links(folder);
        if !self.folders.iter().any(|(_, real)| *real == entry.1) {
            self.folders.push(entry);
        }
    }

    /// The client has closed this folder.
    pub fn remove_folder(&mut self, folder: &Path) {
        let gone = without_links(folder);
        self.folders.retain(|(_, real)| *real != gone.1);
    }

    /// Keeps what the client calls a document that it has opened.
    pub fn opened(&mut self, path: PathBuf, spelling: String) {
        self.open.insert(path, spelling);
    }

    /// The document is not open any more.
    pub fn closed(&mut self, path: &Path) {
        self.open.remove(path);
    }

    /// Where a document lies; one that is nowhere is taken to lie in the session's folder.
    pub fn path(&self, uri: &Uri) -> PathBuf {
        let Some(path) = (uri.scheme() == "file").then(|| uri.to_file_path().ok()).flatten() else {
            let name = uri.path().rsplit('/').next().unwrap_or_default();
            let name: String = name.chars().map(|letter| if letter.is_alphanumeric() { letter } else { '-' }).collect();
            return self.here.join(format!("{}-{name}.py", uri.scheme()));
        };
        let behind_link = self.folders.iter().find_map(|(given, real)| {
            let below = path.strip_prefix(given).ok().filter(|_| given != real)?;
            Some(if below.as_os_str().is_empty() { real.clone() } else { real.join(below) })
        });
        behind_link.unwrap_or(path)
    }

    /// What the client calls a file.
    pub fn spelling(&self, path: &Path) -> Option<String> {
        if let Some(known) = self.open.get(path) {
            return Some(known.clone());
        }
        let linked = self.folders.iter().find_map(|(given, real)| {
            let below = path.strip_prefix(real).ok().filter(|_| given != real)?;
            Some(given.join(below))
        });
        Uri::from_file_path(linked.as_deref().unwrap_or(path)).ok().map(String::from)
    }

    /// The address of a file by its shown path.
    pub fn of_shown(&self, shown: &str) -> Option<String> {
        self.spelling(&self.path_of_shown(shown))
    }

    /// Where a file lies, by its shown path.
    pub fn path_of_shown(&self, shown: &str) -> PathBuf {
        paths::absolute(Path::new(shown), &self.here)
    }
}

/// A folder as it is called, and without links.
fn without_links(folder: &Path) -> (PathBuf, PathBuf) {
    // Without a slash at its end.
    let folder: PathBuf = folder.components().collect();
    let real = fs::canonicalize(&folder).unwrap_or_else(|_| folder.clone());
    (folder, real)
}

/// Whether documents with such an address are checked.
pub fn is_checked(uri: &Uri) -> bool {
    SCHEMES.contains(&uri.scheme())
}

/// Whether a file belongs to an interpreter's library, and not to the workspace: it is opened to be read.
pub fn is_library(path: &Path, folders: &[PathBuf]) -> bool {
    let is_versioned = |part: &std::ffi::OsStr| part.to_string_lossy().starts_with("python3");
    let parts: Vec<_> = path.components().map(std::path::Component::as_os_str).collect();
    let is_inside = folders.iter().any(|folder| path.starts_with(folder));
    !is_inside && parts.windows(2).any(|pair| pair[0] == "lib" && is_versioned(pair[1]))
        || parts.iter().any(|part| *part == "site-packages" || *part == ".venv")
}

/// Whether a folder is the user's home, or the whole disk: nobody's project, and far too much to be read for a lone file in it.
pub fn is_too_wide(folder: &Path) -> bool {
    folder.parent().is_none() || std::env::home_dir().is_some_and(|home| without_links(&home).1 == folder)
}
