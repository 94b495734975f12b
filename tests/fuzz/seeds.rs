//! The texts that cases are mutations of: the rules' pages, the literate cases, and the hard cases that were found before.

use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use super::markdown;

/// A file of a seed: its path below the project, and its bytes.
pub(crate) type File = (String, Vec<u8>);

/// The projects of all pages and cases.
pub(crate) static PROJECTS: LazyLock<Vec<Vec<File>>> = LazyLock::new(|| {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut pages = Vec::new();
    for folder in ["lints/src/rules", "tests/mdtest"] {
        collect(&root.join(folder), &mut pages);
    }
    pages.retain(|path| path.extension().is_some_and(|ending| ending == "md"));
    pages.sort();
    let projects = pages.iter().flat_map(|page| markdown::read(page).projects);
    let files = projects.map(|project| project.blocks.into_iter().map(|block| (block.name, block.text.into_bytes())).collect());
    files.filter(|files: &Vec<File>| !files.is_empty()).collect()
});

/// The Python texts among them.
pub(crate) static PYTHON: LazyLock<Vec<Vec<u8>>> = LazyLock::new(|| by_name(is_python).into_iter().map(|(_, bytes)| bytes).collect());

/// All other files.
pub(crate) static OTHERS: LazyLock<Vec<File>> = LazyLock::new(|| by_name(|name| !is_python(name) && !name.contains("pyproject")));

fn by_name(wanted: impl Fn(&str) -> bool) -> Vec<File> {
    PROJECTS.iter().flatten().filter(|(name, _)| wanted(name)).cloned().collect()
}

pub(crate) fn is_python(name: &str) -> bool {
    Path::new(name).extension().is_some_and(|ending| ending == "py")
}

/// All files below a folder.
pub(crate) fn collect(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        if entry.path().is_dir() { collect(&entry.path(), files) } else { files.push(entry.path()) }
    }
}
