//! Which files without an extension are scripts, by the interpreter that their first line names.

use std::io::{self, Read};
use std::path::Path;

use crate::check::read;

/// No kernel reads more of a first line.
const FIRST_LINE: usize = 256;

/// Room for a first line.
pub(super) type Buffer = [u8; FIRST_LINE];

/// The start of a regular file, as far as a kernel reads it to find the interpreter. Of a file that cannot be read: nothing.
///
/// # Errors
/// If the system is short of something: then nothing is known about the file.
pub(super) fn start(path: &Path, buffer: &mut Buffer) -> io::Result<usize> {
    match read::open(path).and_then(|mut file| file.read(buffer)) {
        Err(error) if read::is_short(&error) => Err(error),
        read => Ok(read.unwrap_or_default()),
    }
}

/// Room for [`start`].
pub(super) const fn buffer() -> Buffer {
    [0; FIRST_LINE]
}
