//! How paths are shown: relative to the working directory where they lie below it, `/`-separated, and with `\xNN` for
//! the bytes of a name that are no UTF-8.

use std::borrow::Cow;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

/// A path as text. Control characters stay: who prints for people escapes them.
pub fn text(path: &Path) -> Cow<'_, str> {
    if cfg!(unix)
        && let Some(text) = path.to_str()
    {
        return Cow::Borrowed(text);
    }
    let mut shown = String::new();
    for chunk in path.as_os_str().as_encoded_bytes().utf8_chunks() {
        shown.push_str(chunk.valid());
        for byte in chunk.invalid() {
            let _ = write!(shown, "\\x{byte:02x}");
        }
    }
    if cfg!(windows) {
        shown = shown.replace('\\', "/");
    }
    Cow::Owned(shown)
}

/// An absolute path as the output shows it.
pub fn shown<'a>(path: &'a Path, working_directory: &Path) -> Cow<'a, str> {
    match path.strip_prefix(working_directory) {
        Ok(below) if below.as_os_str().is_empty() => Cow::Borrowed("."),
        Ok(below) => text(below),
        Err(_) => text(path),
    }
}

/// An absolute path without `.` and `..`, made so by its text alone; links are not looked at.
pub fn absolute(path: &Path, working_directory: &Path) -> PathBuf {
    let mut absolute = PathBuf::new();
    for component in working_directory.join(path).components() {
        match component {
            std::path::Component::CurDir => {}
            std::path::Component::ParentDir => {
                absolute.pop();
            }
            other => absolute.push(other),
        }
    }
    absolute
}

#[cfg(all(test, unix))]
mod tests {
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt;

    use super::*;

    #[test]
    fn bytes_that_are_no_text_are_escaped() {
        assert_eq!(text(Path::new(OsStr::from_bytes(b"a\xff\x00b\xc3\xa9"))), "a\\xff\u{0}b\u{e9}");
    }

    #[test]
    fn paths_below_the_working_directory_are_relative() {
        let here = Path::new("/srv/here");
        assert_eq!(shown(Path::new("/srv/here/a/b.py"), here), "a/b.py");
        assert_eq!(shown(Path::new("/srv/hereafter/b.py"), here), "/srv/hereafter/b.py");
        assert_eq!(shown(here, here), ".");
        assert_eq!(absolute(Path::new("../x/./y.py"), here), Path::new("/srv/x/y.py"));
    }
}
