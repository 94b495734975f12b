//! The names of members: what they may be, and where they lead.

use std::path::{Component, Path, PathBuf};

use super::MAX_NAME;

/// The place of a member, relative to the archive.
///
/// # Errors
/// If it has none: with a harmless name to show, and the reason.
pub(super) fn place(name: &[u8]) -> Result<PathBuf, (PathBuf, String)> {
    let fail = |reason: &str| Err((harmless(name), reason.to_owned()));
    if name.len() > MAX_NAME {
        return Err((harmless(name), format!("its name in the archive has more than {MAX_NAME} bytes")));
    }
    if name.contains(&0) {
        return fail("its name in the archive holds a zero byte");
    }
    // Some programs on Windows write their own separators, against both formats.
    if name.starts_with(b"/") || name.starts_with(b"\\") || name.get(1) == Some(&b':') && name.contains(&b'\\') {
        return fail("its name in the archive leads out of it");
    }
    let mut place = PathBuf::new();
    let path = to_path(name);
    for component in path.components() {
        match component {
            Component::Normal(part) => place.push(part),
            Component::CurDir => {}
            Component::ParentDir | Component::RootDir | Component::Prefix(_) => return fail("its name in the archive leads out of it"),
        }
    }
    Ok(place)
}

/// Where a link leads, if it leads out of the archive.
pub(super) fn leads_out(link: &Path, target: &[u8]) -> bool {
    if target.starts_with(b"/") {
        return true;
    }
    let mut depth = link.components().count().saturating_sub(1);
    for component in to_path(target).components() {
        match component {
            Component::Normal(_) => depth += 1,
            Component::CurDir => {}
            Component::ParentDir if depth > 0 => depth -= 1,
            _ => return true,
        }
    }
    false
}

/// A name that can be shown for one that leads anywhere: without what leads up, and cut where it is too long.
fn harmless(name: &[u8]) -> PathBuf {
    let end = name.len().saturating_sub(MAX_NAME / 4);
    let tail = if name.len() > MAX_NAME { &name[end..] } else { name };
    let text = String::from_utf8_lossy(tail).replace(['\0', '\\'], "/");
    text.split('/').filter(|part| !matches!(*part, "" | "." | "..")).collect()
}

#[cfg(unix)]
fn to_path(name: &[u8]) -> PathBuf {
    PathBuf::from(<std::ffi::OsStr as std::os::unix::ffi::OsStrExt>::from_bytes(name))
}

#[cfg(not(unix))]
fn to_path(name: &[u8]) -> PathBuf {
    PathBuf::from(String::from_utf8_lossy(name).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_relative() {
        let good = |name: &str| place(name.as_bytes()).unwrap_or_else(|(_, reason)| panic!("{name}: {reason}"));
        assert_eq!(good("a/b.py"), Path::new("a/b.py"));
        assert_eq!(good("./a//b.py"), Path::new("a/b.py"));
        assert_eq!(good("a/b/"), Path::new("a/b"));
        assert_eq!(good("."), Path::new(""));
        assert_eq!(good("a:b.py"), Path::new("a:b.py"));
    }

    #[test]
    fn names_that_lead_out_have_no_place() {
        let bad = |name: &[u8]| place(name).expect_err("it leads out").0;
        assert_eq!(bad(b"../a.py"), Path::new("a.py"));
        assert_eq!(bad(b"a/../../b.py"), Path::new("a/b.py"));
        assert_eq!(bad(b"/etc/a.py"), Path::new("etc/a.py"));
        assert_eq!(bad(b"\\\\server\\a.py"), Path::new("server/a.py"));
        assert_eq!(bad(b"C:\\a.py"), Path::new("C:/a.py"));
        assert_eq!(bad(b"a\0b.py"), Path::new("a/b.py"));
        assert!(bad(&[b'a'; 5000]).as_os_str().len() <= MAX_NAME);
    }

    #[test]
    fn links_are_followed_by_their_text() {
        let out = |link: &str, target: &[u8]| leads_out(Path::new(link), target);
        assert!(out("a.py", b"/etc/passwd") && out("a.py", b"../b.py") && out("a/b/c.py", b"../../../d.py"));
        assert!(!out("a/b.py", b"../c.py") && !out("a.py", b"b.py"));
    }
}
