//! Ignore files that must not be read: the library that walks reads each to its end, whatever it is, and a repository may hold a link to a
//! device that has none.
//!
//! Where a folder has such a file, no file of its kind counts below that folder: more is checked then, never less. This guards against what a
//! repository holds, not against somebody who changes it during the run.

use std::collections::HashMap;
use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};

use crate::check::read;

/// The largest ignore file that counts, in bytes. Each of its lines becomes part of a regular expression.
const MAX_SIZE: u64 = 1 << 20;
/// The longest file that names a folder of Git, in bytes: longer than any path.
const MAX_POINTER: u64 = 64 << 10;

/// Which kinds of ignore files count.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Kinds {
    /// `.ignore`.
    pub(super) ignore: bool,
    /// `.gitignore`.
    pub(super) gitignore: bool,
    /// `.git/info/exclude`.
    pub(super) exclude: bool,
}

impl Kinds {
    /// All or none.
    pub(super) const fn new(respected: bool) -> Self {
        Self { ignore: respected, gitignore: respected, exclude: respected }
    }

    /// What is left of them below a folder, which holds a `.git` only if it `may_be_repository`. `passed_over` is told of each file that does
    /// not count.
    pub(super) fn in_folder(mut self, folder: &Path, may_be_repository: bool, passed_over: &mut dyn FnMut(&Path)) -> Self {
        let mut look = |counts: &mut bool, path: PathBuf| {
            if *counts && !ends(&path, MAX_SIZE) {
                *counts = false;
                passed_over(&path);
            }
        };
        look(&mut self.ignore, folder.join(".ignore"));
        look(&mut self.gitignore, folder.join(".gitignore"));
        if self.exclude && may_be_repository {
            match git_folder(folder.join(".git")) {
                Ok(Some(git)) => look(&mut self.exclude, git.join("info").join("exclude")),
                Ok(None) => {}
                Err(path) => {
                    self.exclude = false;
                    passed_over(&path);
                }
            }
        }
        self
    }

    /// What is left of them in a folder, by the files in it and in all folders above.
    pub(super) fn at(self, folder: &Path, known: &mut HashMap<PathBuf, Self>, passed_over: &mut dyn FnMut(&Path)) -> Self {
        if let Some(known) = known.get(folder) {
            return *known;
        }
        let above = folder.parent().map_or(self, |parent| self.at(parent, known, passed_over));
        let here = above.in_folder(folder, true, passed_over);
        known.insert(folder.to_owned(), here);
        here
    }
}

/// The folder in which Git keeps what `.git` stands for: itself, or what it names as the file of a worktree; `None` where there is none.
///
/// # Errors
/// The file that would have to be read for it and must not be.
fn git_folder(git: PathBuf) -> Result<Option<PathBuf>, PathBuf> {
    match fs::metadata(&git) {
        Err(_) => Ok(None),
        Ok(data) if !data.is_file() => Ok(Some(git)),
        Ok(_) => {
            let Some(named) = first_line(git)?.and_then(|line| line.strip_prefix("gitdir: ").map(PathBuf::from)) else { return Ok(None) };
            let common = first_line(named.join("commondir"))?;
            // Where it is relative, it is so to the folder that names it.
            Ok(common.map(|common| named.join(common)))
        }
    }
}

fn first_line(path: PathBuf) -> Result<Option<String>, PathBuf> {
    if !ends(&path, MAX_POINTER) {
        return Err(path);
    }
    let text = fs::read(path).unwrap_or_default();
    Ok(String::from_utf8_lossy(&text).lines().next().map(str::to_owned))
}

/// Whether reading a file comes to an end soon, if it can be read at all.
fn ends(path: &Path, size: u64) -> bool {
    match fs::metadata(path) {
        Err(_) => true,
        Ok(data) if data.is_dir() => true,
        // What the kernel makes up is a regular file without a size, and may have the reader wait.
        Ok(data) if data.is_file() && data.len() == 0 => match read::open(path) {
            Err(_) => true,
            Ok(mut file) => file.read(&mut [0]).is_ok_and(|count| count == 0),
        },
        Ok(data) => data.is_file() && data.len() <= size,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_there_counts() {
        let folder = tempfile::tempdir().expect("a folder can be made");
        let here = folder.path();
        let mut passed = Vec::new();
        let kinds = |passed: &mut Vec<PathBuf>| Kinds::new(true).in_folder(here, true, &mut |path| passed.push(path.to_owned()));
        assert_eq!(kinds(&mut passed), Kinds::new(true));
        fs::write(here.join(".ignore"), "").expect("it can be written");
        fs::write(here.join(".gitignore"), "a\n").expect("it can be written");
        fs::create_dir_all(here.join(".git/info")).expect("it can be made");
        fs::write(here.join(".git/info/exclude"), "b\n").expect("it can be written");
        assert_eq!(kinds(&mut passed), Kinds::new(true));
        assert!(passed.is_empty());
        fs::write(here.join(".ignore"), vec![b'\n'; (1 << 20) + 1]).expect("it can be written");
        assert_eq!(kinds(&mut passed), Kinds { ignore: false, ..Kinds::new(true) });
        assert_eq!(passed, [here.join(".ignore")]);
    }

    #[test]
    fn a_worktree_is_followed_to_its_repository() {
        let folder = tempfile::tempdir().expect("a folder can be made");
        let here = folder.path();
        let names = here.join("repository/.git/worktrees/x");
        fs::create_dir_all(&names).expect("it can be made");
        fs::write(names.join("commondir"), "../..\n").expect("it can be written");
        fs::write(here.join(".git"), format!("gitdir: {}\n", names.display())).expect("it can be written");
        assert_eq!(git_folder(here.join(".git")), Ok(Some(names.join("../.."))));
        fs::write(names.join("commondir"), vec![b'x'; 70_000]).expect("it can be written");
        assert_eq!(git_folder(here.join(".git")), Err(names.join("commondir")));
    }
}
