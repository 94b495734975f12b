//! The folders of an archive, by the names of its members.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};

use pyrelint_lints::sources::EntryKind;

use super::MAX_NODES;

/// Files and folders.
#[derive(Debug)]
pub(super) struct Tree {
    /// The first is the root.
    nodes: Vec<Node>,
}

#[derive(Debug, Default)]
struct Node {
    children: BTreeMap<OsString, u32>,
    /// Which member it is, if it is a file.
    file: Option<u32>,
}

/// What became of a file that was added.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Added {
    /// It is new.
    New,
    /// It took the place of another one of that name.
    Again,
    /// The tree is full.
    Full,
}

impl Default for Tree {
    fn default() -> Self {
        Self { nodes: vec![Node::default()] }
    }
}

impl Tree {
    /// Adds a file with the folders above it. The last one of a name counts, as it does when an archive is unpacked.
    pub(super) fn add(&mut self, path: &Path, member: usize) -> Added {
        let mut at = 0;
        for name in path {
            at = match self.nodes[at].children.get(name) {
                Some(child) => *child as usize,
                None if self.nodes.len() >= MAX_NODES => return Added::Full,
                None => {
                    let child = self.nodes.len();
                    self.nodes.push(Node::default());
                    self.nodes[at].children.insert(name.to_owned(), child as u32);
                    child
                }
            };
        }
        match self.nodes[at].file.replace(member as u32) {
            Some(_) => Added::Again,
            None => Added::New,
        }
    }

    fn node(&self, path: &Path) -> Option<&Node> {
        let mut node = self.nodes.first()?;
        for name in path {
            node = self.nodes.get(*node.children.get(name)? as usize)?;
        }
        Some(node)
    }

    /// Which member a file is.
    pub(super) fn file(&self, path: &Path) -> Option<usize> {
        self.node(path)?.as_file()
    }

    /// What a path stands for.
    pub(super) fn kind(&self, path: &Path) -> Option<EntryKind> {
        self.node(path).map(Node::kind)
    }

    /// The files and folders in a folder, sorted.
    pub(super) fn list(&self, folder: &Path) -> Vec<(&OsStr, EntryKind)> {
        let Some(node) = self.node(folder) else { return Vec::new() };
        node.children.iter().map(|(name, child)| (name.as_os_str(), self.nodes[*child as usize].kind())).collect()
    }

    /// The names that are those of a file and of a folder with files.
    pub(super) fn clashes(&self) -> Vec<PathBuf> {
        let mut clashes = Vec::new();
        if self.nodes.iter().any(Node::clashes) {
            let mut folders = vec![(PathBuf::new(), 0)];
            while let Some((folder, at)) = folders.pop() {
                for (name, child) in &self.nodes[at].children {
                    let (path, child) = (folder.join(name), *child as usize);
                    if self.nodes[child].clashes() {
                        clashes.push(path.clone());
                    }
                    if !self.nodes[child].children.is_empty() {
                        folders.push((path, child));
                    }
                }
            }
        }
        clashes
    }
}

impl Node {
    /// Which member it is. What is a folder too is a folder: no disk holds both.
    fn as_file(&self) -> Option<usize> {
        self.file.filter(|_| self.children.is_empty()).map(|member| member as usize)
    }

    fn kind(&self) -> EntryKind {
        if self.as_file().is_some() { EntryKind::File } else { EntryKind::Folder }
    }

    fn clashes(&self) -> bool {
        self.file.is_some() && !self.children.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_file_of_a_name_counts() {
        let mut tree = Tree::default();
        assert_eq!(tree.add(Path::new("a/b.py"), 0), Added::New);
        assert_eq!(tree.add(Path::new("a/c.py"), 1), Added::New);
        assert_eq!(tree.add(Path::new("a/b.py"), 2), Added::Again);
        assert_eq!(tree.file(Path::new("a/b.py")), Some(2));
        assert_eq!(tree.kind(Path::new("a")), Some(EntryKind::Folder));
        assert_eq!(tree.list(Path::new("a")), [(OsStr::new("b.py"), EntryKind::File), (OsStr::new("c.py"), EntryKind::File)]);
        assert_eq!(tree.list(Path::new("")), [(OsStr::new("a"), EntryKind::Folder)]);
        assert!(tree.list(Path::new("x")).is_empty() && tree.clashes().is_empty());
    }

    #[test]
    fn what_is_a_file_and_a_folder_is_a_folder() {
        let mut tree = Tree::default();
        tree.add(Path::new("a.py"), 0);
        tree.add(Path::new("a.py/b.py"), 1);
        assert_eq!(tree.file(Path::new("a.py")), None);
        assert_eq!(tree.clashes(), [Path::new("a.py")]);
    }
}
