//! The installed packages that a project's imports lead to: the `site-packages` of its Python environment, found without running any
//! Python.
//!
//! The environment is what `python` names (an interpreter or the folder of a virtual environment), else `VIRTUAL_ENV`, else the project's
//! `.venv`. What its `.pth` files add to the path, editable installs among them, counts; code in such files is not run ([site]).
//!
//! [site]: https://docs.python.org/3/library/site.html

use std::fs;
use std::path::{Path, PathBuf};

/// The folder of an environment in a project.
const OWN: &str = ".venv";
/// The longest `.pth` file that is read, in bytes.
const MAX_PTH: u64 = 1 << 20;

/// The folders that hold an environment's packages, in the order of its `sys.path`; empty where nothing of the kind is found. `python` is an
/// interpreter or an environment's folder.
pub fn site_packages(python: &Path) -> Vec<PathBuf> {
    let mut folders = Vec::new();
    for prefix in prefixes(python) {
        for candidate in site_folders(&prefix) {
            add(&mut folders, candidate);
        }
        if !folders.is_empty() {
            break;
        }
    }
    for folder in folders.clone() {
        for path in pth_entries(&folder) {
            add(&mut folders, path);
        }
    }
    folders
}

/// The environment of a project, where the configuration names none.
pub fn of_project(root: &Path) -> Option<PathBuf> {
    let active = std::env::var_os("VIRTUAL_ENV").filter(|path| !path.is_empty()).map(PathBuf::from);
    active.into_iter().chain([root.join(OWN)]).find(|folder| folder.is_dir())
}

/// The folders in which an environment's `lib` may lie: the named one, or for an interpreter that of its own path and that of the file behind
/// its links.
fn prefixes(python: &Path) -> Vec<PathBuf> {
    if python.is_dir() {
        return vec![python.to_owned()];
    }
    let above = |path: &Path| path.parent().and_then(Path::parent).map(Path::to_owned);
    let real = fs::canonicalize(python).ok();
    above(python).into_iter().chain(real.as_deref().and_then(above)).collect()
}

fn site_folders(prefix: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for lib in ["lib", "lib64"] {
        let Ok(entries) = fs::read_dir(prefix.join(lib)) else { continue };
        let mut versions: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
        versions.sort();
        for version in versions {
            let is_python = version.file_name().is_some_and(|name| name.as_encoded_bytes().starts_with(b"python3"));
            if is_python {
                found.extend(["site-packages", "dist-packages"].map(|name| version.join(name)));
            }
        }
    }
    // Windows.
    found.push(prefix.join("Lib").join("site-packages"));
    found
}

/// The folders that the `.pth` files of a folder add.
fn pth_entries(folder: &Path) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(folder) else { return Vec::new() };
    let mut files: Vec<PathBuf> =
        entries.flatten().map(|entry| entry.path()).filter(|path| path.extension() == Some("pth".as_ref())).collect();
    files.sort();
    let mut found = Vec::new();
    for file in files {
        let small = fs::metadata(&file).is_ok_and(|data| data.is_file() && data.len() <= MAX_PTH);
        let Some(text) = small.then(|| fs::read_to_string(&file).ok()).flatten() else { continue };
        let lines = text.lines().map(str::trim_end);
        let lines =
            lines.filter(|line| !(line.is_empty() || line.starts_with('#') || line.starts_with("import ") || line.starts_with("import\t")));
        found.extend(lines.map(|line| folder.join(line)));
    }
    found
}

fn add(folders: &mut Vec<PathBuf>, path: PathBuf) {
    // `lib64` is a link to `lib` on most systems.
    let real = fs::canonicalize(&path).unwrap_or(path);
    if real.is_dir() && !folders.contains(&real) {
        folders.push(real);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packages_and_editable_installs_are_found() {
        let folder = tempfile::tempdir().expect("a folder can be made");
        let here = fs::canonicalize(folder.path()).expect("it is there");
        let site = here.join("env/lib/python3.12/site-packages");
        fs::create_dir_all(&site).expect("folders can be made");
        fs::create_dir_all(here.join("work/src")).expect("folders can be made");
        fs::create_dir_all(here.join("env/bin")).expect("folders can be made");
        fs::write(here.join("env/bin/python"), "").expect("files can be written");
        let text = format!("# a comment\nimport os\n{}\nmissing\n", here.join("work/src").display());
        fs::write(site.join("__editable__.x.pth"), text).expect("files can be written");
        let wanted = [site, here.join("work/src")];
        assert_eq!(site_packages(&here.join("env")), wanted);
        assert_eq!(site_packages(&here.join("env/bin/python")), wanted);
        assert!(site_packages(&here.join("nothing")).is_empty());
    }
}
