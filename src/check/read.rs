//! Reading files: each once, into a buffer that is used again.

use std::collections::TryReserveError;
use std::fs::{File, OpenOptions};
use std::io::{self, Read};
use std::path::Path;

use pyrelint_lints::source::MAX_FILE_SIZE;

/// A buffer larger than this is given back after its file.
const KEPT: usize = 4 << 20;

/// Why a file cannot be linted. The text completes "cannot be read: ".
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// The system says no.
    #[error("{}", Self::reason(.0))]
    Io(#[from] io::Error),
    /// A pipe, a device, a socket.
    #[error("it is no regular file")]
    NoRegularFile,
    /// More than positions can count.
    #[error("it has more than {MAX_FILE_SIZE} bytes")]
    TooLarge,
}

impl ReadError {
    /// What the system says, without its number.
    pub(crate) fn reason(error: &io::Error) -> String {
        let text = error.to_string();
        text.split_once(" (os error").map_or(text.as_str(), |(text, _)| text).to_owned()
    }
}

/// A buffer for one file after the other.
#[derive(Debug, Default)]
pub struct Reader {
    /// Initialized throughout: growing it writes zeros, using it again does not.
    buffer: Vec<u8>,
}

impl Reader {
    /// The bytes of one file, as [`Self::read`] reads them.
    ///
    /// # Errors
    /// See [`ReadError`].
    pub fn into_read(mut self, path: &Path) -> Result<Vec<u8>, ReadError> {
        let length = self.read(path)?.len();
        self.buffer.truncate(length);
        self.buffer.shrink_to_fit();
        Ok(self.buffer)
    }

    /// The bytes of a regular file. What has become a pipe or a device since the walk saw it is not read.
    ///
    /// # Errors
    /// See [`ReadError`].
    pub fn read(&mut self, path: &Path) -> Result<&[u8], ReadError> {
        let mut file = open(path)?;
        let data = file.metadata()?;
        if !data.is_file() {
            return Err(ReadError::NoRegularFile);
        }
        let size = usize::try_from(data.len()).ok().filter(|size| *size <= MAX_FILE_SIZE).ok_or(ReadError::TooLarge)?;
        if self.buffer.len() > KEPT && size < KEPT {
            self.buffer = Vec::new();
        }
        let mut length = 0;
        loop {
            // One byte more than is expected: the read that finds the end needs room, too.
            if self.buffer.len() <= length.max(size) {
                // What has grown since may go on to.
                let wanted = if length > size { 2 * length } else { size } + (16 << 10);
                self.buffer.try_reserve_exact(wanted - self.buffer.len()).map_err(out_of_memory)?;
                self.buffer.resize(wanted, 0);
            }
            match file.read(&mut self.buffer[length..]) {
                Ok(0) => return Ok(&self.buffer[..length]),
                Ok(count) => length += count,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error.into()),
            }
            if length > MAX_FILE_SIZE {
                return Err(ReadError::TooLarge);
            }
        }
    }
}

/// A copy of what was read.
///
/// # Errors
/// If there is no room for it.
pub fn copy(bytes: &[u8]) -> Result<Vec<u8>, ReadError> {
    let mut copy = Vec::new();
    copy.try_reserve_exact(bytes.len()).map_err(out_of_memory)?;
    copy.extend_from_slice(bytes);
    Ok(copy)
}

fn out_of_memory(_: TryReserveError) -> ReadError {
    ReadError::Io(io::ErrorKind::OutOfMemory.into())
}

/// Opens a file without ever waiting for the other end of a pipe.
///
/// # Errors
/// What the system says.
pub(crate) fn open(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.read(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::custom_flags(&mut options, libc::O_NONBLOCK);
    options.open(path)
}

/// Text in UTF-8 without a byte order mark.
///
/// # Errors
/// If it is none.
pub(crate) fn text(bytes: &[u8]) -> io::Result<String> {
    let text = std::str::from_utf8(bytes).map_err(|_| io::Error::new(io::ErrorKind::InvalidData, "it is not UTF-8"))?;
    Ok(text.strip_prefix('\u{feff}').unwrap_or(text).to_owned())
}

/// Whether an error tells of the system and not of the file.
pub(crate) fn is_short(error: &io::Error) -> bool {
    #[cfg(unix)]
    let of_files = matches!(error.raw_os_error(), Some(libc::EMFILE | libc::ENFILE));
    #[cfg(not(unix))]
    let of_files = false;
    of_files || error.kind() == io::ErrorKind::OutOfMemory
}

/// All of standard input.
///
/// # Errors
/// See [`ReadError`].
pub fn stdin() -> Result<Vec<u8>, ReadError> {
    let mut bytes = Vec::new();
    io::stdin().lock().take(MAX_FILE_SIZE as u64 + 1).read_to_end(&mut bytes)?;
    if bytes.len() > MAX_FILE_SIZE { Err(ReadError::TooLarge) } else { Ok(bytes) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_buffer_holds_one_file_after_the_other() {
        let folder = tempfile::tempdir().expect("a folder can be made");
        let mut reader = Reader::default();
        for size in [0, 10, 100_000, 5 << 20, 3, 16 << 10] {
            let path = folder.path().join("file");
            std::fs::write(&path, vec![b'x'; size]).expect("the file can be written");
            assert_eq!(reader.read(&path).map(<[u8]>::len).ok(), Some(size));
        }
        assert!(matches!(reader.read(folder.path()), Err(ReadError::NoRegularFile | ReadError::Io(_))));
        assert!(matches!(reader.read(Path::new("/nonexistent")), Err(ReadError::Io(_))));
    }
}
