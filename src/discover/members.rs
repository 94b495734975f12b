//! The walk over an archive: as over a folder, but for ignore files, which do not count. What an archive holds was put there.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use pyrelint_lints::sources::EntryKind;

use super::{Found, Look, descends, script};
use crate::archives::Archive;
use crate::check::panics;
use crate::config::Folders;

/// Walks over the members of an archive with a number of threads. Each of them gets a visitor of its own; the order in which files come is
/// not determined.
pub fn walk_archive<V>(archive: &Archive, folders: &Arc<Folders>, threads: usize, mut visitor: impl FnMut() -> V)
where
    V: FnMut(Found<'_>) + Send,
{
    let mut first = visitor();
    for (path, reason) in archive.unreadable().filter(|(path, _)| is_wanted(path, archive, folders)) {
        first(Found::Unreadable(path, reason));
    }
    let files = files(archive, folders);
    let next = AtomicUsize::new(0);
    let work = |mut visit: V| {
        let mut look = Look { folders: Arc::clone(folders), named: Arc::default(), last: None };
        while let Some(path) = files.get(next.fetch_add(1, Ordering::Relaxed)) {
            // What a decoder panics on is no script.
            let start = |buffer: &mut script::Buffer| Ok(panics::catch(|| archive.start(path, buffer)).unwrap_or_default());
            look.at_file(path, false, true, start, &mut visit);
        }
    };
    thread::scope(|scope| {
        for _ in 1..threads.min(files.len()) {
            let visit = visitor();
            // Those that cannot be started leave their part to the others.
            if thread::Builder::new().name("walk".to_owned()).spawn_scoped(scope, || work(visit)).is_err() {
                break;
            }
        }
        work(first);
    });
}

/// Whether a member would be looked at, if it could be read. The archive itself always is.
fn is_wanted(path: &Path, archive: &Archive, folders: &Folders) -> bool {
    let Ok(below) = path.strip_prefix(archive.root()) else { return true };
    let above = below.ancestors().skip(1).filter(|folder| !folder.as_os_str().is_empty());
    above.into_iter().all(|folder| descends(&archive.root().join(folder), folders))
        && path.parent().and_then(|parent| folders.of(parent)).is_some_and(|folder| !folder.settings.excludes(path))
}

/// The files of all folders that are linted.
fn files(archive: &Archive, folders: &Folders) -> Vec<PathBuf> {
    let mut files = Vec::new();
    let mut waiting = vec![archive.root().to_owned()];
    while let Some(folder) = waiting.pop() {
        for (name, kind) in archive.list(&folder) {
            let path = folder.join(name);
            match kind {
                EntryKind::File => files.push(path),
                EntryKind::Folder if descends(&path, folders) => waiting.push(path),
                EntryKind::Folder => {}
            }
        }
    }
    files
}
