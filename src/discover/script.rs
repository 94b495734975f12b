//! Which files without an extension are scripts, by the interpreter that their first line names.

use std::fs::File;
use std::io::Read;
use std::path::Path;

/// No kernel reads more of a first line.
const FIRST_LINE: usize = 256;

/// The start of a regular file, as far as a kernel reads it to find the interpreter. Of a file that cannot be read: nothing.
pub(super) fn start(path: &Path, buffer: &mut [u8; FIRST_LINE]) -> usize {
    File::open(path).and_then(|mut file| file.read(buffer)).unwrap_or_default()
}

/// Room for [`start`].
pub(super) const fn buffer() -> [u8; FIRST_LINE] {
    [0; FIRST_LINE]
}
