//! From arguments to files: the parallel walk, `.gitignore`, exclusions, scripts without an extension.
//!
//! Links are not followed in a walk, hidden folders are skipped, and no file comes twice, however often the arguments name it. What is named
//! as an argument is always linted, unless `--force-exclude` says otherwise. Nothing is read here but the first line of what may be a
//! script; nothing that is no regular file is ever opened.

mod arguments;
mod ignored;
mod members;
mod script;

use std::collections::{BTreeMap, HashMap, HashSet};
use std::ffi::OsStr;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use ignore::{DirEntry, WalkBuilder, WalkState};
use ignored::Kinds;

pub use arguments::Arguments;
pub use members::walk_archive;

use pyrelint_lints::deploy::{Format, Interpreter, interpreter, linted_as};

use crate::config::{Folder, FolderSettings, Folders};

/// What a walk comes across.
#[derive(Debug)]
pub enum Found<'a> {
    /// A file to lint.
    File(File<'a>),
    /// Something that should be linted and cannot be, with the reason (it completes "cannot be read: ").
    Unreadable(&'a Path, &'a str),
}

/// A file to lint.
#[derive(Clone, Copy, Debug)]
pub struct File<'a> {
    /// Its absolute path.
    pub path: &'a Path,
    /// What is known of its folder.
    pub folder: &'a Arc<Folder>,
    /// Whether it was named as an argument.
    pub named: bool,
    /// What it is, if it is no Python.
    pub format: Option<Format>,
}

/// Walks over files and folders with a number of threads. Each of them gets a visitor of its own; the order in which files come is
/// not determined.
pub fn walk<'s, V>(arguments: &Arguments, folders: &Arc<Folders>, respect_gitignore: bool, threads: usize, mut visitor: impl FnMut() -> V)
where
    V: FnMut(Found<'_>) + Send + 's,
{
    let mut first = visitor();
    for (path, reason) in &arguments.unreadable {
        first(Found::Unreadable(path, reason));
    }
    drop(first);
    let named: Arc<HashSet<PathBuf>> = Arc::new(arguments.roots().map(Path::to_owned).collect());
    let deferred = Arc::new(Deferred::default());
    let mut waiting = roots_by_kinds(arguments, folders, Kinds::new(respect_gitignore));
    while let Some((kinds, roots)) = waiting.pop_first() {
        let Some(mut builder) = builder(&roots) else { continue };
        builder.standard_filters(respect_gitignore).ignore(kinds.ignore).git_ignore(kinds.gitignore).git_exclude(kinds.exclude);
        builder.hidden(false).follow_links(false).threads(threads);
        let filter = Filter { folders: Arc::clone(folders), named: Arc::clone(&named), kinds, deferred: Arc::clone(&deferred) };
        builder.filter_entry(move |entry| !is_folder(entry) || filter.descends(entry));
        let look = || Look { folders: Arc::clone(folders), named: Arc::clone(&named), last: None };
        if can_start(threads) {
            builder.build_parallel().run(|| {
                let (mut visit, mut look) = (visitor(), look());
                Box::new(move |entry| {
                    look.at(entry, &mut visit);
                    WalkState::Continue
                })
            });
        } else {
            let (mut visit, mut look) = (visitor(), look());
            builder.build().for_each(|entry| look.at(entry, &mut visit));
        }
        deferred.move_to(&mut waiting);
    }
}

/// Whether a number of threads can be started, and some besides, for what else is started meanwhile: the library takes it for a mistake of the
/// program if one of its own cannot be. Where they cannot, this thread walks alone.
fn can_start(threads: usize) -> bool {
    const SPARE: usize = 2;
    let (release, wait) = crossbeam_channel::bounded::<()>(0);
    let wanted = threads + SPARE;
    let started: Vec<_> = (0..wanted)
        .map_while(|_| {
            let wait = wait.clone();
            thread::Builder::new().spawn(move || wait.recv().is_ok()).ok()
        })
        .collect();
    let all = started.len() == wanted;
    drop(release);
    for thread in started {
        let _ = thread.join();
    }
    all
}

fn builder(roots: &[PathBuf]) -> Option<WalkBuilder> {
    let mut roots = roots.iter();
    let mut builder = WalkBuilder::new(roots.next()?);
    roots.for_each(|root| {
        builder.add(root);
    });
    Some(builder)
}

/// What is walked, by the kinds of ignore files that count there.
type Roots = BTreeMap<Kinds, Vec<PathBuf>>;

/// The files and folders to start from.
fn roots_by_kinds(arguments: &Arguments, folders: &Folders, kinds: Kinds) -> Roots {
    let (mut roots, mut known) = (Roots::new(), HashMap::new());
    for root in arguments.roots() {
        let folder = if arguments.files.contains(root) { root.parent().unwrap_or(root) } else { root };
        let kinds = kinds.at(folder, &mut known, &mut |path| folders.passes_over(path));
        roots.entry(kinds).or_default().push(root.to_owned());
    }
    roots
}

/// Folders that wait for a walk of their own, because of ignore files in them that must not be read.
#[derive(Default)]
struct Deferred {
    folders: Mutex<Roots>,
}

impl Deferred {
    /// Whether a folder waits, because fewer kinds count in it than above.
    fn waits(&self, folder: &Path, above: Kinds, folders: &Folders) -> bool {
        // What is known of the folder is asked for by its files, too: one look for `.git` is enough.
        let may_be_repository = folders.of(folder).is_none_or(|known| known.root.as_deref() == Some(folder));
        let kinds = above.in_folder(folder, may_be_repository, &mut |path| folders.passes_over(path));
        if kinds != above {
            self.folders.lock().unwrap_or_else(PoisonError::into_inner).entry(kinds).or_default().push(folder.to_owned());
        }
        kinds != above
    }

    fn move_to(&self, waiting: &mut Roots) {
        for (kinds, folders) in std::mem::take(&mut *self.folders.lock().unwrap_or_else(PoisonError::into_inner)) {
            waiting.entry(kinds).or_default().extend(folders);
        }
    }
}

fn is_folder(entry: &DirEntry) -> bool {
    entry.file_type().is_some_and(|kind| kind.is_dir())
}

/// Which folders are walked.
struct Filter {
    folders: Arc<Folders>,
    named: Arc<HashSet<PathBuf>>,
    kinds: Kinds,
    deferred: Arc<Deferred>,
}

impl Filter {
    fn descends(&self, entry: &DirEntry) -> bool {
        if entry.depth() == 0 {
            return true;
        }
        let path = entry.path();
        !self.named.contains(path) && descends(path, &self.folders) && !self.deferred.waits(path, self.kinds, &self.folders)
    }
}

/// Whether what lies in a folder is linted.
fn descends(path: &Path, folders: &Folders) -> bool {
    let name = path.file_name().unwrap_or_default().as_encoded_bytes();
    // The workflows of GitHub lie in a hidden folder; what else is there is none of ours.
    let above = || path.parent().and_then(Path::file_name).is_some_and(|above| above == ".github");
    if name.starts_with(b".") && name != b".github" || above() && name != b"workflows" {
        return false;
    }
    // Where the configuration is wrong nothing is linted, and the run says so in the end.
    path.parent().and_then(|parent| folders.of(parent)).is_some_and(|folder| !folder.settings.excludes(path))
}

/// One thread's look at the entries of the walk.
struct Look {
    folders: Arc<Folders>,
    named: Arc<HashSet<PathBuf>>,
    /// The folder of the last file: the next one mostly lies in the same.
    last: Option<(PathBuf, Arc<Folder>)>,
}

impl Look {
    fn at(&mut self, entry: Result<DirEntry, ignore::Error>, visit: &mut impl FnMut(Found<'_>)) {
        let entry = match entry {
            Ok(entry) => entry,
            Err(error) => return report_error(&error, None, visit),
        };
        let Some(kind) = entry.file_type() else { return };
        let (path, named) = (entry.path(), entry.depth() == 0);
        if kind.is_dir() || kind.is_symlink() || (!named && self.named.contains(path)) {
            return;
        }
        self.at_file(path, named, kind.is_file(), |buffer| script::start(path, buffer), visit);
    }

    /// Looks at what is no folder; `start` reads its first bytes.
    fn at_file(
        &mut self,
        path: &Path,
        named: bool,
        regular: bool,
        start: impl FnOnce(&mut script::Buffer) -> io::Result<usize>,
        visit: &mut impl FnMut(Found<'_>),
    ) {
        let Some(folder) = self.folder(path) else { return };
        let format = match kind_of(path, &folder.settings, regular, named, start) {
            Ok(Some(format)) => format,
            Ok(None) => return,
            Err(error) => return visit(Found::Unreadable(path, &arguments::reason(&error))),
        };
        if !named && folder.settings.excludes(path) {
            return;
        }
        if regular {
            visit(Found::File(File { path, folder, named, format }));
        } else {
            visit(Found::Unreadable(path, arguments::NO_REGULAR_FILE));
        }
    }

    fn folder(&mut self, path: &Path) -> Option<&Arc<Folder>> {
        let parent = path.parent()?;
        // As text: comparing component by component costs more than the hash that it would save.
        if self.last.as_ref().is_none_or(|(last, _)| last.as_os_str() != parent.as_os_str()) {
            self.last = None;
            let folder = self.folders.of(parent)?;
            self.last = Some((parent.to_owned(), folder));
        }
        self.last.as_ref().map(|(_, folder)| folder)
    }
}

/// What a file is linted as: `Some(None)` is Python, `None` what is not linted. `start` reads its first bytes.
///
/// # Errors
/// If that depends on its first line, and the system is short of something that reading it takes.
#[expect(clippy::option_option, reason = "what is Python and what is not linted differ")]
fn kind_of(
    path: &Path,
    settings: &FolderSettings,
    regular: bool,
    named: bool,
    start: impl FnOnce(&mut script::Buffer) -> io::Result<usize>,
) -> io::Result<Option<Option<Format>>> {
    let extension = path.extension();
    let is_python = extension.is_some_and(|extension| extension == "py" || extension == "pyw");
    if !named && extension.is_some_and(never_linted) {
        return Ok(None);
    }
    // Of a hidden folder just the workflows are wanted.
    let is_hidden_place = || path.parent().and_then(Path::file_name).is_some_and(|name| name == "workflows" || name == ".github");
    if is_python {
        let included = settings.include.as_ref().is_none_or(|include| include.matches(path));
        return Ok((named || included && !(is_hidden_place() && below_github(path))).then_some(None));
    }
    let text = path.to_string_lossy();
    let mut format = linted_as(&text, b"");
    // Hidden files have no extension either, but nobody starts a service by them.
    let mut is_script = false;
    if format.is_none() && extension.is_none() && regular && !path.file_name().is_some_and(is_hidden) {
        let mut buffer = script::buffer();
        let length = start(&mut buffer)?;
        is_script = interpreter(&buffer[..length]) == Some(Interpreter::Python);
        format = linted_as(&text, &buffer[..length]);
    }
    let wanted = match &settings.include {
        Some(include) => include.matches(path),
        None => {
            is_script
                || format.is_some_and(|format| settings.scanner.wants_deployment() && (format == Format::Workflow || !below_github(path)))
        }
    };
    Ok((named || wanted).then_some(format))
}

/// Whether a file lies in `.github` or in a folder of it.
fn below_github(path: &Path) -> bool {
    path.ancestors().skip(1).take(2).any(|folder| folder.file_name().is_some_and(|name| name == ".github"))
}

fn is_hidden(name: &OsStr) -> bool {
    name.as_encoded_bytes().starts_with(b".")
}

/// Whether files with this extension are not linted whoever names them: stubs have nothing that runs, notebooks are no Python source.
pub fn never_linted(extension: &OsStr) -> bool {
    extension == "pyi" || extension == "ipynb"
}

/// Reports what the walk could not read. Mistakes in ignore files are the business of Git.
fn report_error(error: &ignore::Error, path: Option<&Path>, visit: &mut impl FnMut(Found<'_>)) {
    match error {
        ignore::Error::WithPath { path, err } => report_error(err, Some(path), visit),
        ignore::Error::WithDepth { err, .. } | ignore::Error::WithLineNumber { err, .. } => report_error(err, path, visit),
        ignore::Error::Io(error) => visit(Found::Unreadable(path.unwrap_or(Path::new(".")), &arguments::reason(error))),
        _ => {}
    }
}
