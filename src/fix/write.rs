//! Puts a new text in the place of a file, atomically: whoever reads the file sees the old text or the new one, and a run that is killed
//! leaves one of them.
//!
//! The text goes to a temporary file beside the old one, onto the disk, and then takes its name. Links are followed before a run begins, and
//! only where they were named as arguments; a file that has become a link since, or lies below a folder that has, is left alone, so nothing is
//! written outside of what was checked. A file with several names (hard links) is replaced under the one that was checked; the others keep the old text.
//!
//! Runs at the same time exclude each other by a lock on the file that is replaced: who comes second finds another file under the
//! name, and leaves it alone.

use std::fs::{self, File};
use std::io::{self, Read, Write as _};
use std::path::{Path, PathBuf};

use crate::check::read::ReadError;

/// Why a file was not written. The text completes "not fixed: ".
#[derive(Debug, thiserror::Error)]
pub enum WriteError {
    /// Somebody else wrote it.
    #[error("it changed while it was checked; run again")]
    Changed,
    /// A link where a file was.
    #[error("it has become a link")]
    Link,
    /// Nobody may write it.
    #[error("it is read-only")]
    ReadOnly,
    /// The system says no.
    #[error("{}", ReadError::reason(.0))]
    Io(#[from] io::Error),
}

/// Replaces a file that holds `original`.
///
/// # Errors
/// See [`WriteError`]; the file is as it was then.
pub fn replace(path: &Path, original: &[u8], bytes: &[u8]) -> Result<(), WriteError> {
    let (folder, name) = path.parent().zip(path.file_name()).ok_or(io::Error::from(io::ErrorKind::InvalidInput))?;
    let held = hold(folder)?;
    replace_in(&held.path, &held.path.join(name), original, bytes)
}

/// A folder that stays the same one while a file in it is replaced, whatever its path leads to meanwhile.
struct Held {
    /// A path that leads there as long as this lives.
    path: PathBuf,
    _open: Option<File>,
}

/// Opens a folder part by part, so that no link on the way is followed.
fn hold(folder: &Path) -> Result<Held, WriteError> {
    #[cfg(target_os = "linux")]
    {
        use std::os::fd::AsRawFd;
        use std::os::unix::fs::OpenOptionsExt;
        let through = |open: &File| PathBuf::from(format!("/proc/self/fd/{}", open.as_raw_fd()));
        let mut options = fs::OpenOptions::new();
        // Such a handle needs no permission to read the folder.
        options.read(true).custom_flags(libc::O_PATH | libc::O_NOFOLLOW | libc::O_DIRECTORY);
        let mut open = options.open("/")?;
        if through(&open).exists() && folder.is_absolute() {
            for part in folder.components().skip(1) {
                open = options.open(through(&open).join(part)).map_err(|error| match error.kind() {
                    io::ErrorKind::NotADirectory => WriteError::Link,
                    _ => error.into(),
                })?;
            }
            return Ok(Held { path: through(&open), _open: Some(open) });
        }
    }
    // Elsewhere the path is looked at once more, which leaves a moment.
    if fs::canonicalize(folder)? != folder {
        return Err(WriteError::Link);
    }
    Ok(Held { path: folder.to_owned(), _open: None })
}

fn replace_in(folder: &Path, path: &Path, original: &[u8], bytes: &[u8]) -> Result<(), WriteError> {
    let data = fs::symlink_metadata(path)?;
    if data.is_symlink() {
        return Err(WriteError::Link);
    }
    if !data.is_file() {
        return Err(WriteError::Changed);
    }
    if data.permissions().readonly() {
        return Err(WriteError::ReadOnly);
    }
    let mut old = open(path)?;
    lock(&old)?;
    let mut now = Vec::new();
    old.read_to_end(&mut now)?;
    if now != original || !is_at(&old, path)? {
        return Err(WriteError::Changed);
    }
    let mut new = tempfile::Builder::new().prefix(".pyrelint-").suffix(".tmp").tempfile_in(folder)?;
    new.write_all(bytes)?;
    new.as_file().set_permissions(data.permissions())?;
    keep_owner(new.as_file(), &data);
    new.as_file().sync_all()?;
    // An editor may have saved in the meantime.
    let mut now = Vec::new();
    open(path)?.read_to_end(&mut now)?;
    if now != original {
        return Err(WriteError::Changed);
    }
    new.persist(path).map_err(|error| error.error)?;
    // The new name is on the disk once the folder is; some file systems know no such thing.
    let _ = File::open(folder).and_then(|folder| folder.sync_all());
    Ok(())
}

/// Opens a regular file; what has become a pipe is not waited for, and a link not followed.
fn open(path: &Path) -> Result<File, WriteError> {
    let mut options = fs::OpenOptions::new();
    options.read(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::custom_flags(&mut options, libc::O_NONBLOCK | libc::O_NOFOLLOW);
    let file = options.open(path)?;
    if file.metadata()?.is_file() { Ok(file) } else { Err(WriteError::Changed) }
}

/// Waits until no other run replaces the file. Some file systems know no locks.
fn lock(file: &File) -> io::Result<()> {
    match file.lock() {
        Err(error) if error.kind() == io::ErrorKind::Unsupported => Ok(()),
        other => other,
    }
}

/// Whether a path still leads to an open file.
fn is_at(file: &File, path: &Path) -> io::Result<bool> {
    #[cfg(unix)]
    {
        use std::os::unix::fs::MetadataExt;
        let (open, named) = (file.metadata()?, fs::symlink_metadata(path)?);
        Ok((open.dev(), open.ino()) == (named.dev(), named.ino()))
    }
    #[cfg(not(unix))]
    {
        let _ = (file, path);
        Ok(true)
    }
}

/// Gives the new file to the owner of the old one, where the system lets us: root must not take files away from people.
fn keep_owner(file: &File, data: &fs::Metadata) {
    #[cfg(unix)]
    {
        use std::os::unix::fs::MetadataExt;
        let _ = std::os::unix::fs::fchown(file, Some(data.uid()), Some(data.gid()));
    }
    #[cfg(not(unix))]
    let _ = (file, data);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_was_read_is_replaced() {
        let folder = tempfile::tempdir().expect("a folder can be made");
        let path = folder.path().join("a.py");
        fs::write(&path, "old").expect("the file can be written");
        assert!(matches!(replace(&path, b"other", b"new"), Err(WriteError::Changed)));
        assert_eq!(fs::read(&path).expect("it is there"), b"old");
        replace(&path, b"old", b"new").expect("the file can be replaced");
        assert_eq!(fs::read(&path).expect("it is there"), b"new");
        assert_eq!(fs::read_dir(folder.path()).expect("readable").count(), 1, "a temporary file is left");
        assert!(matches!(replace(&folder.path().join("b.py"), b"", b"new"), Err(WriteError::Io(_))));
    }

    #[cfg(unix)]
    #[test]
    fn permissions_stay_and_links_are_not_followed() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().expect("a folder can be made");
        let (path, link) = (folder.path().join("a.py"), folder.path().join("link.py"));
        fs::write(&path, "old").expect("the file can be written");
        let mode = |mode| fs::set_permissions(&path, fs::Permissions::from_mode(mode)).expect("the mode can be set");
        mode(0o754);
        std::os::unix::fs::symlink(&path, &link).expect("a link can be made");
        assert!(matches!(replace(&link, b"old", b"new"), Err(WriteError::Link)));
        replace(&path, b"old", b"new").expect("the file can be replaced");
        assert_eq!(fs::metadata(&path).expect("it is there").permissions().mode() & 0o7777, 0o754);
        mode(0o444);
        assert!(matches!(replace(&path, b"new", b"newer"), Err(WriteError::ReadOnly)));
    }

    #[test]
    fn of_runs_at_the_same_time_one_writes() {
        let folder = tempfile::tempdir().expect("a folder can be made");
        let path = folder.path().join("a.py");
        fs::write(&path, "old").expect("the file can be written");
        let results = std::thread::scope(|scope| {
            let runs: Vec<_> = (0..8).map(|_| scope.spawn(|| replace(&path, b"old", b"new").is_ok())).collect();
            runs.into_iter().map(|run| run.join().expect("no panic")).collect::<Vec<_>>()
        });
        assert_eq!(results.iter().filter(|written| **written).count(), 1);
        assert_eq!(fs::read(&path).expect("it is there"), b"new");
    }
}
