//! From the target of `pyrelint graph` to what is known about it.
//!
//! A target is a file, a file with a qualified name behind `:` or `::`, or a dotted name. What exists as a file is a file, whatever its name;
//! then the longest part in front of a colon that exists is; the rest is looked up as a dotted name.

use std::borrow::Cow;
use std::collections::{BTreeSet, HashSet};
use std::ffi::{OsStr, OsString};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread;

use anyhow::{Context as _, bail};
use pyrelint_lints::lint::STACK_SIZE;
use pyrelint_lints::sources::Sources;
use pyrelint_lints::view::{self, Answer, NoModule, Question, View};
use pyrelint_lints::{FileInput, Index, Snapshot};

use crate::check::read::Reader;
use crate::check::{limits, outlines, panics};
use crate::config::words::nearest_names;
use crate::config::{Folder, Folders};
use crate::paths;
use crate::sources::Disk;

/// How many names are suggested.
const SUGGESTIONS: usize = 3;
/// How many times a name may lead to another file.
const MAX_REDIRECTS: usize = 16;

/// A file, and a qualified name in it (empty for the whole).
#[derive(Debug, PartialEq, Eq)]
struct Target {
    file: PathBuf,
    name: String,
}

/// What is known about a target.
///
/// # Errors
/// If there is no such target, or its file cannot be read.
pub fn view(typed: &OsStr, depth: usize, folders: &Arc<Folders>) -> anyhow::Result<View> {
    let disk = Arc::new(Disk::new(folders.working_directory.clone(), Arc::default()));
    let sources: Arc<dyn Sources> = Arc::<Disk>::clone(&disk);
    let snapshot = Arc::new(Snapshot::new(sources));
    let target = find(typed, folders, &snapshot)?;
    complete(&target.file, folders, &snapshot)?;
    // Deeply nested programs need a deep stack.
    thread::scope(|scope| {
        let worker = thread::Builder::new().name("graph".to_owned()).stack_size(STACK_SIZE);
        let worker = worker.spawn_scoped(scope, || panics::catch(|| look(target, depth, folders, &snapshot)));
        let outcome = worker.context("no thread could be started")?.join();
        disk.complete()?;
        match outcome {
            Ok(Ok(view)) => view,
            Ok(Err(panic)) => bail!("internal error: {panic}; please report it"),
            Err(_) => bail!("internal error; please report it"),
        }
    })
}

/// Reads what other files of the target's project import and derive.
fn complete(file: &Path, folders: &Arc<Folders>, snapshot: &Snapshot) -> anyhow::Result<()> {
    let folder = file.parent().and_then(|parent| folders.of(parent));
    let scope = folder.as_ref().and_then(|folder| outlines::scope(snapshot, file, folder));
    let outlines = match (scope, &folder) {
        (Some(scope), Some(folder)) => {
            let jobs = limits::jobs(thread::available_parallelism().map_or(1, usize::from))?;
            let respect_gitignore = folder.settings.respect_gitignore.value;
            outlines::read(BTreeSet::from([scope.to_owned()]), &HashSet::new(), folders, respect_gitignore, jobs)
        }
        _ => Vec::new(),
    };
    snapshot.complete(Arc::new(Index::new(outlines)));
    Ok(())
}

/// Asks about a target, and follows its name to the file that defines it.
fn look(mut target: Target, depth: usize, folders: &Folders, snapshot: &Arc<Snapshot>) -> anyhow::Result<View> {
    for _ in 0..MAX_REDIRECTS {
        let shown = paths::shown(&target.file, &folders.working_directory).into_owned();
        let Some(folder) = target.file.parent().and_then(|parent| folders.of(parent)) else {
            bail!("{shown}: its configuration is wrong");
        };
        match ask(&target, &shown, depth, &folder, folders, snapshot)? {
            Answer::View(view) => return Ok(*view),
            Answer::Elsewhere(file, name) => target = Target { file, name },
            Answer::Outside(name) => bail!(
                "`{}` in {shown} is `{name}`, for which there is no source here\n\nWhat the tables say of it is shown where it is called.",
                target.name
            ),
            Answer::NoSuchName(names) => {
                let near = nearest_names(&target.name, &names, SUGGESTIONS);
                let near: Vec<String> = near.iter().map(|name| format!("{shown}:{name}")).collect();
                let list = format!("`pyrelint graph {}` shows all that it defines.", quoted(&shown));
                bail!("{shown} has no class or function `{}`{}", target.name, hint(&near, &list));
            }
            Answer::Unreadable(reason) => bail!("{shown} cannot be read: {reason}"),
        }
    }
    bail!("`{}` only stands for other names", target.name)
}

fn ask(target: &Target, shown: &str, depth: usize, folder: &Folder, folders: &Folders, snapshot: &Arc<Snapshot>) -> anyhow::Result<Answer> {
    let mut reader = Reader::default();
    let bytes = match reader.read(&target.file) {
        Ok(bytes) => bytes,
        Err(error) => bail!("{shown} cannot be read: {error}"),
    };
    let root = folder.root.as_deref().unwrap_or(&folders.working_directory);
    let input = FileInput {
        path: shown,
        file: Some(&target.file),
        below_root: &paths::shown(&target.file, root),
        bytes,
        parse: true,
        configured_service: folder.settings.service_reason(&target.file),
        rules: None,
        roots: &folder.roots,
        earlier: None,
    };
    Ok(view::view(&Question { input, name: &target.name, depth }, &folder.settings.lint, snapshot))
}

/// The target that was meant.
fn find(typed: &OsStr, folders: &Folders, snapshot: &Snapshot) -> anyhow::Result<Target> {
    for (path, name) in splits(typed) {
        let Ok(file) = fs::canonicalize(&path) else { continue };
        if name.is_empty() && has_trailing_colon(typed, &path) {
            bail!("`{}` names nothing behind the colon", typed.to_string_lossy());
        }
        if !file.is_dir() {
            return Ok(Target { file, name });
        }
        let package = file.join("__init__.py");
        if package.is_file() {
            return Ok(Target { file: package, name });
        }
        // A folder and a module may have the same name; a module is what can be looked at.
        if !is_dotted(typed) {
            bail!("`{}` is a folder without `__init__.py`: name one of its files", paths::text(&path));
        }
    }
    match typed.to_str().filter(|_| is_dotted(typed)) {
        Some(dotted) => find_dotted(dotted, folders, snapshot),
        None => Err(no_file(typed)),
    }
}

fn find_dotted(dotted: &str, folders: &Folders, snapshot: &Snapshot) -> anyhow::Result<Target> {
    let here = &folders.working_directory;
    let Some(folder) = folders.of(here) else { bail!("the configuration of the working directory is wrong") };
    match view::find_module(snapshot, &folder.roots, here, dotted) {
        Ok((file, name)) => Ok(Target { file, name }),
        Err(NoModule::StandardLibrary) => {
            bail!("`{dotted}` is of the standard library: what it does is known by the tables, and its source is not followed")
        }
        Err(NoModule::Namespace(names)) => {
            let some: Vec<String> = names.iter().take(SUGGESTIONS).map(|name| format!("`{name}`")).collect();
            let example = if some.is_empty() { String::new() } else { format!(", such as {}", some.join(", ")) };
            bail!("`{dotted}` is a folder without `__init__.py`: name a module in it{example}")
        }
        Err(NoModule::Unknown(names)) => {
            let near = nearest_names(dotted, &names, SUGGESTIONS);
            let list = "Dotted names are looked up from the project of the working directory; a file is named by its path.";
            bail!("there is no file and no module `{dotted}`{}", hint(&near, list))
        }
    }
}

/// That a file does not exist, with those beside it.
fn no_file(typed: &OsStr) -> anyhow::Error {
    let (path, qualified) = splits(typed).into_iter().last().unwrap_or_default();
    let folder = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let shown = paths::text(&path);
    if !folder.is_dir() {
        return anyhow::anyhow!("there is no file `{shown}`: there is no folder `{}`", paths::text(folder));
    }
    let files = fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| PathBuf::from(entry.file_name()));
    let files = files.filter(|file| file.extension().is_some_and(|extension| extension == "py"));
    let mut stems: Vec<String> = files.filter_map(|file| file.file_stem()?.to_str().map(str::to_owned)).collect();
    stems.sort();
    let name = path.file_name().map(OsStr::to_string_lossy).unwrap_or_default();
    let stem = name.strip_suffix(".py").unwrap_or(&name);
    let ending = if qualified.is_empty() { String::new() } else { format!(":{qualified}") };
    let near: Vec<String> = nearest_names(stem, &stems, SUGGESTIONS)
        .into_iter()
        .map(|stem| format!("{}{ending}", paths::text(&path.with_file_name(format!("{stem}.py")))))
        .collect();
    anyhow::anyhow!(
        "there is no file `{shown}`{}",
        hint(&near, "A target is a file, a file with a name (`app/cli.py:main`), or a dotted name.")
    )
}

fn hint(near: &[String], otherwise: &str) -> String {
    match near {
        [] => format!("\n\n{otherwise}"),
        [one] => format!("\n\nDid you mean `{one}`?"),
        [first @ .., last] => {
            format!("\n\nDid you mean {} or `{last}`?", first.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", "))
        }
    }
}

/// A path as a shell takes it.
fn quoted(path: &str) -> Cow<'_, str> {
    let is_plain = |letter: char| letter.is_ascii_alphanumeric() || "/._-+@%".contains(letter);
    if !path.is_empty() && !path.starts_with('-') && path.chars().all(is_plain) {
        return Cow::Borrowed(path);
    }
    let start = if path.starts_with('-') { "./" } else { "" };
    Cow::Owned(format!("'{start}{}'", path.replace('\'', r"'\''")))
}

/// Whether a text is nothing but letters, digits, underscores and dots, and so may be a dotted name.
fn is_dotted(typed: &OsStr) -> bool {
    typed.to_str().is_some_and(|text| {
        Path::new(text).extension().is_none_or(|extension| extension != "py")
            && text.split('.').all(|part| !part.is_empty() && part.chars().all(|letter| letter.is_alphanumeric() || letter == '_'))
    })
}

fn has_trailing_colon(typed: &OsStr, path: &Path) -> bool {
    typed != path.as_os_str() && typed.as_encoded_bytes().ends_with(b":")
}

/// The ways to read a target as a file with a qualified name, in the order in which they are tried: the whole as a file, then a split at each
/// colon from the right.
fn splits(typed: &OsStr) -> Vec<(PathBuf, String)> {
    let bytes = typed.as_encoded_bytes();
    let mut found = vec![(PathBuf::from(typed), String::new())];
    for at in (0..bytes.len()).rev().filter(|at| bytes[*at] == b':') {
        // `::` is one separator.
        if bytes.get(at + 1) == Some(&b':') {
            continue;
        }
        let end = if at > 0 && bytes[at - 1] == b':' { at - 1 } else { at };
        let (Some(path), Ok(name)) = (part(typed, end), std::str::from_utf8(&bytes[at + 1..])) else { continue };
        if !path.is_empty() {
            found.push((PathBuf::from(path), name.to_owned()));
        }
    }
    found
}

/// The first bytes of a text of the system.
#[cfg(unix)]
#[expect(clippy::unnecessary_wraps, reason = "on other systems not every part is a text")]
fn part(text: &OsStr, end: usize) -> Option<OsString> {
    use std::os::unix::ffi::OsStrExt;
    Some(OsStr::from_bytes(&text.as_bytes()[..end]).to_owned())
}

/// The first bytes of a text of the system.
#[cfg(not(unix))]
fn part(text: &OsStr, end: usize) -> Option<OsString> {
    text.to_str().and_then(|text| text.get(..end)).map(OsString::from)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn targets_are_split_from_the_right() {
        let split = |text: &str| -> Vec<(String, String)> {
            splits(OsStr::new(text)).into_iter().map(|(path, name)| (path.display().to_string(), name)).collect()
        };
        let pairs =
            |pairs: &[(&str, &str)]| -> Vec<(String, String)> { pairs.iter().map(|(a, b)| ((*a).to_owned(), (*b).to_owned())).collect() };
        assert_eq!(split("a.py"), pairs(&[("a.py", "")]));
        assert_eq!(split("a.py:B.c"), pairs(&[("a.py:B.c", ""), ("a.py", "B.c")]));
        assert_eq!(split("a.py::B.c"), pairs(&[("a.py::B.c", ""), ("a.py", "B.c")]));
        assert_eq!(split("x:y.py:f"), pairs(&[("x:y.py:f", ""), ("x:y.py", "f"), ("x", "y.py:f")]));
        assert_eq!(split(":f"), pairs(&[(":f", "")]));
    }

    #[test]
    fn paths_are_quoted_for_the_shell() {
        assert_eq!(quoted("app/cli.py"), "app/cli.py");
        assert_eq!(quoted("it's $HOME.py"), r"'it'\''s $HOME.py'");
        assert_eq!(quoted("-x.py"), "'./-x.py'");
    }
}
