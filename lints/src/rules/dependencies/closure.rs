//! A requirements file with the files that it names.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::MAX_FILES;
use crate::deploy::pip::file::Lines;
use crate::program::Program;
use crate::source::SourceFile;

/// The file first, then those that it names by `-r`, each once.
pub(super) fn closure(program: &Program, path: PathBuf, file: Arc<SourceFile>) -> Vec<(PathBuf, Arc<SourceFile>, Lines)> {
    let lines = Lines::parse(file.text());
    let mut all = vec![(path, file, lines)];
    let mut at = 0;
    while at < all.len() {
        let folder = all[at].0.parent().unwrap_or(Path::new("")).to_owned();
        let named: Vec<PathBuf> = all[at].2.files().map(|given| joined(&folder, &given.text)).collect();
        for path in named {
            if all.len() < MAX_FILES
                && all.iter().all(|(known, ..)| *known != path)
                && let Some(file) = program.read_file(&path)
            {
                let lines = Lines::parse(file.text());
                all.push((path, file, lines));
            }
        }
        at += 1;
    }
    all
}

/// A path from a folder, without `..`.
fn joined(folder: &Path, path: &str) -> PathBuf {
    let mut result = folder.to_owned();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                result.pop();
            }
            _ => result.push(part),
        }
    }
    result
}
