//! Archives as arguments: their members are read in memory as if they lay in a folder, and nothing is unpacked to the disk.
//!
//! The member `pkg/mod.py` of `dist/pkg.whl` has the path `dist/pkg.whl!/pkg/mod.py`. An archive is a project of its own: what its modules import
//! is looked for in it, and its own configuration files count in it. Archives in archives are not opened.
//!
//! An archive may come from anywhere: names that lead out of it, what is encrypted, what unpacks to far more than it has, and what is broken is
//! reported with the member's name, and the rest is read. See [`MAX_NODES`], [`MAX_NAME`], [`MAX_MEMBER`] and [`Allowance`] for the bounds.

mod names;
mod tar;
mod tree;
mod window;
mod zip;

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use pyrelint_lints::deploy::linted_as;
use pyrelint_lints::sources::EntryKind;

use crate::check::read::{self, ReadError};
use tree::Tree;

/// The most files and folders of an archive that count.
pub const MAX_NODES: usize = 1_000_000;
/// The longest name of a member, in bytes.
pub const MAX_NAME: usize = 1024;
/// The largest member that is read, in bytes.
pub const MAX_MEMBER: u64 = 64 << 20;
/// The largest member that is read if its name is not Python's, in bytes: what deploys programs and names them is small.
pub const MAX_OTHER: u64 = 1 << 20;

/// How much may come out of an archive.
#[derive(Clone, Copy, Debug)]
pub struct Allowance {
    /// Bytes.
    left: u64,
}

impl Allowance {
    /// What is allowed whatever the size of the archive, in bytes.
    pub const LEAST: u64 = 256 << 20;
    /// The most that is kept in memory, in bytes.
    pub const MOST: u64 = 2 << 30;
    /// How many times its own size an archive may unpack to.
    pub const RATIO: u64 = 100;

    /// What may be kept of an archive of `size` bytes.
    const fn kept(size: u64) -> Self {
        let unpacked = Self::unpacked(size);
        Self { left: if unpacked < Self::MOST { unpacked } else { Self::MOST } }
    }

    /// How many bytes an archive of `size` bytes may unpack to.
    const fn unpacked(size: u64) -> u64 {
        let scaled = size.saturating_mul(Self::RATIO);
        if scaled < Self::LEAST { Self::LEAST } else { scaled }
    }

    /// Takes some; whether there was enough left.
    const fn take(&mut self, bytes: u64) -> bool {
        match self.left.checked_sub(bytes) {
            Some(left) => {
                self.left = left;
                true
            }
            None => false,
        }
    }
}

/// What kinds of archives there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Zip,
    Tar(Compression),
}

/// How a tar archive is compressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Compression {
    None,
    Gzip,
    Bzip2,
    Xz,
    Zstd,
}

impl Compression {
    /// What a stream of it is called.
    const fn name(self) -> &'static str {
        match self {
            Self::None => "file",
            Self::Gzip => "gzip stream",
            Self::Bzip2 => "bzip2 stream",
            Self::Xz => "xz stream",
            Self::Zstd => "Zstandard stream",
        }
    }
}

/// The ends of names, in lower case, with what they say.
const KINDS: [(&str, Kind); 15] = [
    (".whl", Kind::Zip),
    (".zip", Kind::Zip),
    (".egg", Kind::Zip),
    (".pyz", Kind::Zip),
    (".tar", Kind::Tar(Compression::None)),
    (".tar.gz", Kind::Tar(Compression::Gzip)),
    (".tgz", Kind::Tar(Compression::Gzip)),
    (".tar.bz2", Kind::Tar(Compression::Bzip2)),
    (".tbz", Kind::Tar(Compression::Bzip2)),
    (".tbz2", Kind::Tar(Compression::Bzip2)),
    (".tar.xz", Kind::Tar(Compression::Xz)),
    (".txz", Kind::Tar(Compression::Xz)),
    (".tar.zst", Kind::Tar(Compression::Zstd)),
    (".tzst", Kind::Tar(Compression::Zstd)),
    (".tar.zstd", Kind::Tar(Compression::Zstd)),
];

fn kind(path: &Path) -> Option<Kind> {
    let name = path.file_name()?.as_encoded_bytes();
    let ends = |end: &str| name.len() > end.len() && name[name.len() - end.len()..].eq_ignore_ascii_case(end.as_bytes());
    KINDS.iter().find(|(end, _)| ends(end)).map(|(_, kind)| *kind)
}

/// Whether a file is an archive, by its name.
pub fn is_archive(path: &Path) -> bool {
    kind(path).is_some()
}

/// What stands between the path of an archive and that of a member.
const MARK: &str = "!";

/// The folder that stands for the inside of an archive.
pub fn root(archive: &Path) -> PathBuf {
    let mut root = archive.as_os_str().to_owned();
    root.push(MARK);
    PathBuf::from(root)
}

/// The archive that a path leads into, by its text alone; `None` for other paths.
pub fn around(path: &Path) -> Option<PathBuf> {
    path.ancestors().skip(1).find_map(|folder| {
        let name = folder.file_name()?.to_str()?.strip_suffix(MARK)?;
        let archive = folder.with_file_name(name);
        is_archive(&archive).then_some(archive)
    })
}

/// An archive that is open.
#[derive(Debug)]
pub struct Archive {
    /// The folder that stands for its inside.
    root: PathBuf,
    tree: Tree,
    content: Content,
    /// What cannot be read, with the reasons (they complete "cannot be read: "); sorted.
    unreadable: BTreeMap<PathBuf, String>,
}

/// Where the bytes of members are.
#[derive(Debug)]
enum Content {
    /// In the archive: each is unpacked when it is asked for.
    Zip(zip::Members),
    /// In memory.
    Kept(Vec<Vec<u8>>),
}

/// What is found while an archive is opened.
#[derive(Debug)]
struct Found {
    root: PathBuf,
    tree: Tree,
    unreadable: BTreeMap<PathBuf, String>,
}

impl Found {
    /// Says that a member cannot be read, if it would be. One reason for each is enough.
    fn unreadable(&mut self, below: &Path, reason: impl Into<String>) {
        if is_linted(below) {
            self.unreadable.entry(self.root.join(below)).or_insert_with(|| reason.into());
        }
    }

    /// Says what is wrong with the archive itself, or that a part of it is not looked at.
    fn archive(&mut self, archive: &Path, reason: impl Into<String>) {
        self.unreadable.entry(archive.to_owned()).or_insert_with(|| reason.into());
    }

    /// The place of a member by its name, or `None` for one that has none; that has been said then.
    fn place(&mut self, name: &[u8]) -> Option<PathBuf> {
        match names::place(name) {
            Ok(place) => Some(place),
            Err((shown, reason)) => {
                self.unreadable(&shown, reason);
                None
            }
        }
    }
}

impl Archive {
    /// Opens an archive and reads the names of its members.
    ///
    /// # Errors
    /// If it cannot be read, or none of its members can: the reason completes "cannot be read: ".
    pub fn open(path: &Path) -> Result<Self, String> {
        let file = read::open(path).map_err(|error| ReadError::reason(&error))?;
        let data = file.metadata().map_err(|error| ReadError::reason(&error))?;
        if !data.is_file() {
            return Err(ReadError::NoRegularFile.to_string());
        }
        if data.len() == 0 {
            return Err("it is empty".to_owned());
        }
        let mut found = Found { root: root(path), tree: Tree::default(), unreadable: BTreeMap::new() };
        let content = match kind(path) {
            None => return Err("it is no archive".to_owned()),
            Some(Kind::Zip) => Content::Zip(zip::open(path, file, data.len(), &mut found)?),
            Some(Kind::Tar(compression)) => Content::Kept(tar::read(path, file, data.len(), compression, &mut found)?),
        };
        let Found { root, tree, mut unreadable } = found;
        for below in tree.clashes() {
            if is_linted(&below) {
                unreadable.entry(root.join(below)).or_insert_with(|| "the archive holds a file and a folder of this name".to_owned());
            }
        }
        Ok(Self { root, tree, content, unreadable })
    }

    /// The folder that stands for its inside.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// What cannot be read, with the reasons (they complete "cannot be read: "), sorted.
    pub fn unreadable(&self) -> impl Iterator<Item = (&Path, &str)> {
        self.unreadable.iter().map(|(path, reason)| (path.as_path(), reason.as_str()))
    }

    /// Whether a path leads into this archive.
    pub fn holds(&self, path: &Path) -> bool {
        path.starts_with(&self.root)
    }

    /// What a path stands for, if it does for anything.
    pub fn kind(&self, path: &Path) -> Option<EntryKind> {
        self.tree.kind(path.strip_prefix(&self.root).ok()?)
    }

    /// The files and folders in a folder, sorted by their names.
    pub fn list(&self, folder: &Path) -> Vec<(&OsStr, EntryKind)> {
        folder.strip_prefix(&self.root).map(|folder| self.tree.list(folder)).unwrap_or_default()
    }

    /// The files and folders in a folder, as [`pyrelint_lints::Sources`] wants them.
    pub fn entries(&self, folder: &Path) -> Vec<(OsString, EntryKind)> {
        self.list(folder).into_iter().map(|(name, kind)| (name.to_owned(), kind)).collect()
    }

    /// The bytes of a member.
    ///
    /// # Errors
    /// If there is no such file, it is too large, or what it is packed in is broken.
    pub fn read(&self, path: &Path) -> Result<Vec<u8>, ReadError> {
        let below = path.strip_prefix(&self.root).map_err(|_| io::Error::from(io::ErrorKind::NotFound))?;
        let index = self.tree.file(below).ok_or_else(|| io::Error::from(io::ErrorKind::NotFound))?;
        match &self.content {
            Content::Zip(members) => members.read(index),
            Content::Kept(texts) => read::copy(texts.get(index).ok_or(ReadError::TooLarge)?),
        }
    }

    /// The start of a member, as much as the buffer takes; nothing of one that cannot be read.
    pub fn start(&self, path: &Path, buffer: &mut [u8]) -> usize {
        let Some(index) = path.strip_prefix(&self.root).ok().and_then(|below| self.tree.file(below)) else { return 0 };
        match &self.content {
            Content::Zip(members) => members.start(index, buffer),
            Content::Kept(texts) => texts.get(index).and_then(|text| text.as_slice().read(buffer).ok()).unwrap_or_default(),
        }
    }

    /// A text in UTF-8 without a byte order mark.
    ///
    /// # Errors
    /// If it cannot be read.
    pub fn text(&self, path: &Path) -> io::Result<String> {
        let bytes = self.read(path).map_err(|error| match error {
            ReadError::Io(error) => error,
            other => io::Error::other(other.to_string()),
        })?;
        read::text(&bytes)
    }
}

fn is_python(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension == "py" || extension == "pyw")
}

/// Whether a member is linted by its name alone: of those that are not, nobody misses a word.
fn is_linted(path: &Path) -> bool {
    is_python(path) || linted_as(&path.to_string_lossy(), b"").is_some()
}

/// The size up to which a member is read, in bytes.
fn limit(path: &Path) -> u64 {
    if is_python(path) || path.extension().is_none() { MAX_MEMBER } else { MAX_OTHER }
}

/// Why a member is not read that is larger than it may be.
fn too_large(limit: u64) -> String {
    format!("it unpacks to more than {} MB", limit >> 20)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn archives_are_known_by_their_names() {
        for name in ["a.whl", "a.ZIP", "dist/a-1.0.tar.gz", "a.tgz", "a.tar.zst", "b.egg", "c.pyz"] {
            assert!(is_archive(Path::new(name)), "{name}");
        }
        for name in [".whl", "a.gz", "tar.gz.py", "a.tar.gz.sig", "whl", "a", ".."] {
            assert!(!is_archive(Path::new(name)), "{name}");
        }
    }

    #[test]
    fn paths_of_members_lead_to_their_archive() {
        assert_eq!(root(Path::new("/a/b.whl")), Path::new("/a/b.whl!"));
        assert_eq!(around(Path::new("/a/b.whl!/c/d.py")), Some(PathBuf::from("/a/b.whl")));
        assert_eq!(around(Path::new("/a/b.whl!")), None);
        assert_eq!(around(Path::new("/a/b!/c.py")), None);
    }

    #[test]
    fn large_archives_may_hold_more() {
        assert_eq!(Allowance::unpacked(1), 256 << 20);
        assert_eq!(Allowance::unpacked(100 << 20), 10_000 << 20);
        assert_eq!(Allowance::kept(100 << 20).left, 2 << 30);
        let mut allowance = Allowance { left: 3 };
        assert_eq!([2, 2, 1, 1].map(|bytes| allowance.take(bytes)), [true, false, true, false]);
    }
}
