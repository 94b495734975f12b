//! Where output goes: a stream, or a file that is there as a whole or not at all.

use std::fs;
use std::io::{self, BufWriter, Write};
use std::path::Path;

use anyhow::Context as _;

/// Where findings go.
#[derive(Clone, Copy, Debug)]
pub enum Destination<'a> {
    /// Standard output.
    Stdout,
    /// Standard error: standard output belongs to something else, the text that was fixed.
    Stderr,
    /// A file, which is replaced.
    File(&'a Path),
}

impl Destination<'_> {
    /// Writes to it. That nobody reads a stream any more is no error.
    ///
    /// # Errors
    /// If it cannot be written; a file is as it was then.
    pub(super) fn write(self, write: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> anyhow::Result<()> {
        match self {
            Self::Stdout => to_stdout(write).context("standard output cannot be written"),
            Self::Stderr => to_stream(io::stderr().lock(), write).context("standard error cannot be written"),
            Self::File(path) => to_file(path, write).map_err(|error| unwritten(path, &error)),
        }
    }
}

/// Writes to stdout. That nobody reads any more is no error.
///
/// # Errors
/// If stdout cannot be written.
pub(super) fn to_stdout(write: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> io::Result<()> {
    to_stream(io::stdout().lock(), write)
}

fn to_stream(stream: impl Write, write: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> io::Result<()> {
    let mut out = BufWriter::with_capacity(1 << 16, stream);
    match write(&mut out).and_then(|()| out.flush()) {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => {
            // What is left in the buffer would fail again.
            let _ = out.into_parts();
            Ok(())
        }
        other => other,
    }
}

/// Replaces a file: whoever reads it sees the old text or the new one. A link stays, and what it leads to is replaced; a pipe or a device
/// (`/dev/stderr`) is written as it is.
fn to_file(path: &Path, write: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> io::Result<()> {
    // Asked before the path is resolved: where `/dev/stdout` leads has no name in the file system if it is a pipe.
    let old = match fs::metadata(path) {
        Ok(data) if data.is_dir() => return Err(io::ErrorKind::IsADirectory.into()),
        Ok(data) if !data.is_file() => return to_stream(fs::OpenOptions::new().write(true).open(path)?, write),
        Ok(data) => Some(data),
        Err(error) if error.kind() == io::ErrorKind::NotFound => None,
        Err(error) => return Err(error),
    };
    let path = if old.is_some() || fs::symlink_metadata(path).is_ok() { fs::canonicalize(path)? } else { path.to_owned() };
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut builder = tempfile::Builder::new();
    builder.prefix(".pyrelint-").suffix(".tmp");
    #[cfg(unix)]
    // As for any new file, the process's mask takes away from this; the library's default would be a file for its owner alone.
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
    let new = builder.tempfile_in(folder)?;
    if let Some(old) = old {
        new.as_file().set_permissions(old.permissions())?;
    }
    let mut out = BufWriter::with_capacity(1 << 16, new);
    write(&mut out)?;
    let new = out.into_inner().map_err(io::IntoInnerError::into_error)?;
    new.persist(path).map_err(|error| error.error)?;
    Ok(())
}

/// Replaces a file that the program keeps for its user.
///
/// # Errors
/// If it cannot be written; it is as it was then.
pub fn replace_file(path: &Path, bytes: &[u8]) -> anyhow::Result<()> {
    to_file(path, |out| out.write_all(bytes)).map_err(|error| unwritten(path, &error))
}

/// Why a file is as it was. The library's own text would name a temporary file.
fn unwritten(path: &Path, error: &io::Error) -> anyhow::Error {
    let reason = match error.kind() {
        io::ErrorKind::NotFound => "its folder does not exist".to_owned(),
        io::ErrorKind::PermissionDenied => "permission denied".to_owned(),
        io::ErrorKind::IsADirectory => "it is a folder".to_owned(),
        io::ErrorKind::NotADirectory => "a part of its path is no folder".to_owned(),
        _ => error.to_string(),
    };
    anyhow::anyhow!("{}: cannot be written: {reason}", crate::paths::text(path))
}
