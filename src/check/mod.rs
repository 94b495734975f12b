//! The driver: the threads of the walk read and scan each file, and hand the few that deserve a parse to threads with large stacks.
//!
//! A file whose findings depend on who imports it, or derives from its classes, is linted again when the walk is over: by then the outlines
//! of all files are known. Where the arguments do not cover its project, the rest of the project is read for that, but not linted.
//!
//! An archive is walked over like a folder, one after the other, each with a snapshot of its own.
//!
//! Memory is bounded: a file that is skipped leaves nothing behind, and the queue between the two kinds of threads is short. The
//! result is sorted, so that it does not depend on the threads.

pub mod limits;
pub mod outlines;
pub mod panics;
pub mod read;

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use anyhow::Context as _;
use crossbeam_channel::{Receiver, Sender, bounded};
use pyrelint_lints::lint::STACK_SIZE;
use pyrelint_lints::sources::Sources;
use pyrelint_lints::{Diagnostic, Earlier, FileInput, Index, Outlines, RuleSet, Snapshot, lint, unreadable};

use crate::archives::Archive;
use crate::config::{Folder, Folders};
use crate::discover::{self, Arguments, File, Found};
use crate::filter::{Filter, Filtered};
use crate::paths;
use crate::report::progress::Progress;
use crate::sources::{Disk, Overlay};
use outlines::Collected;
use read::Reader;

/// How many files wait for each thread that lints.
const QUEUE: usize = 8;
/// From how many bytes on a file that must wait for the whole project is read again then: what waits would take most of the memory.
const READ_AGAIN: usize = 16 << 10;

/// What is to be checked, and how.
#[derive(Debug)]
pub struct Request<'a> {
    /// The settings of each folder.
    pub folders: &'a Arc<Folders>,
    /// Files and folders.
    pub arguments: &'a Arguments,
    /// The name that standard input goes by.
    pub stdin_filename: Option<&'a Path>,
    /// Whether files that `.gitignore` names are left out.
    pub respect_gitignore: bool,
    /// Number of threads.
    pub jobs: usize,
    /// What stands in the place of files.
    pub overlay: Arc<Overlay>,
    /// Panic in files whose name contains this text.
    pub panic_on: Option<&'a str>,
    /// Which findings are left out of the result; `None` for none.
    pub filter: Option<&'a Filter>,
    /// Whether people see how far the run has come.
    pub progress: bool,
    /// Who looks on.
    pub watcher: Option<&'a dyn Watcher>,
}

/// Somebody who looks on while files are checked, from all threads.
pub trait Watcher: Sync + std::fmt::Debug {
    /// Whether the result is not wanted any more: then nothing more is read or linted.
    fn is_cancelled(&self) -> bool;
    /// A file (by its shown path) was linted, and these are all findings that come of it.
    fn linted(&self, shown: &str, findings: &[Diagnostic]);
}

impl Request<'_> {
    fn is_cancelled(&self) -> bool {
        self.watcher.is_some_and(Watcher::is_cancelled)
    }
}

/// What came of a run.
#[derive(Debug, Default)]
pub struct Checked {
    /// The findings, in the order of the output.
    pub diagnostics: Vec<Diagnostic>,
    /// Files in which the analysis panicked, with what it said; sorted.
    pub panics: Vec<(String, String)>,
    /// Where the files with findings lie, by their shown paths.
    pub paths: BTreeMap<String, PathBuf>,
    /// Counters.
    pub counts: Counts,
    /// What became of the findings that were left out.
    pub filtered: Filtered,
}

/// How far a run has come, for those who watch it.
#[derive(Debug, Default)]
pub struct Tally {
    /// Files that were seen.
    pub files: AtomicU64,
    /// Files that are to be analyzed.
    pub wanted: AtomicU64,
    /// Files that are to be analyzed once more.
    pub again: AtomicU64,
    /// How often a file was analyzed.
    pub linted: AtomicU64,
    /// Whether all files have been seen.
    pub is_walked: AtomicBool,
}

/// Counters of a run.
#[derive(Clone, Copy, Debug, Default)]
pub struct Counts {
    /// Files that were checked.
    pub files: u64,
    /// Their bytes.
    pub bytes: u64,
    /// Files that were parsed.
    pub parsed: u64,
    /// Their bytes.
    pub parsed_bytes: u64,
    /// Modules that were parsed because others asked about them.
    pub loaded: u64,
    /// Their bytes.
    pub loaded_bytes: u64,
    /// Files that hold a trigger word or were named as arguments.
    pub wanted: u64,
    /// Time of all threads in the analysis, in microseconds.
    pub lint_microseconds: u64,
}

/// A file that deserves a parse.
struct Job {
    path: PathBuf,
    folder: Arc<Folder>,
    named: bool,
    text: Text,
    rules: Option<RuleSet>,
}

/// What a job is about.
enum Text {
    /// What was read from the file.
    Read(Vec<u8>),
    /// What stands in no file of its own.
    Given(Vec<u8>),
    /// What is to be read again.
    Released,
}

impl Job {
    /// Makes room until it is time for the job.
    fn wait(mut self) -> Self {
        if matches!(&self.text, Text::Read(bytes) if bytes.len() >= READ_AGAIN) {
            (self.text, self.rules) = (Text::Released, None);
        }
        self
    }
}

/// What the threads add to.
#[derive(Default)]
struct Shared<'a> {
    tally: Arc<Tally>,
    /// What is walked over, if it is no folder.
    archive: Option<&'a Arc<Archive>>,
    bytes: AtomicU64,
    /// What the threads of the walk report.
    walked: Mutex<Checked>,
    outlines: Mutex<Vec<Outlines>>,
}

/// Checks files and folders.
///
/// # Errors
/// If threads cannot be started, or modules cannot be read because the system is short of something.
pub fn check(request: &Request<'_>) -> anyhow::Result<Checked> {
    let tally = Arc::<Tally>::default();
    let progress = request.progress.then(|| Progress::start(Arc::clone(&tally)));
    let mut checked = Checked::default();
    if request.arguments.has_files() {
        check_files(request, &tally, &mut checked, None)?;
    }
    for path in &request.arguments.archives {
        if request.is_cancelled() {
            break;
        }
        match panics::catch(|| Archive::open(path)) {
            Ok(Ok(archive)) => check_files(request, &tally, &mut checked, Some(&Arc::new(archive)))?,
            Ok(Err(reason)) => checked.diagnostics.extend(unreadable_file(request, path, &reason)),
            Err(panic) => checked.panics.push((paths::shown(path, &request.folders.working_directory).into_owned(), panic)),
        }
    }
    checked.counts.files = tally.files.load(Ordering::Relaxed);
    checked.counts.wanted = tally.wanted.load(Ordering::Relaxed);
    checked.diagnostics.sort_by(Diagnostic::order);
    drop(progress);
    if let Some(filter) = request.filter {
        checked.filtered = filter.apply(&mut checked.diagnostics)?;
    }
    checked.panics.sort();
    Ok(checked)
}

/// Checks what was named, or the members of one of the archives.
fn check_files(request: &Request<'_>, tally: &Arc<Tally>, checked: &mut Checked, archive: Option<&Arc<Archive>>) -> anyhow::Result<()> {
    let shared = Shared { tally: Arc::clone(tally), archive, ..Shared::default() };
    let disk = Arc::new(Disk::new(request.folders.working_directory.clone(), Arc::clone(&request.overlay)).with(archive.cloned()));
    let sources: Arc<dyn Sources> = Arc::<Disk>::clone(&disk);
    let snapshot = Arc::new(Snapshot::new(sources));
    request.folders.look_into(archive.cloned());
    let mut deferred = pool(request, &snapshot, tally, checked, |sender| feed(request, &shared, sender))?;
    if !deferred.is_empty() && !request.is_cancelled() {
        tally.again.fetch_add(deferred.len() as u64, Ordering::Relaxed);
        deferred.sort_by(|a, b| a.path.cmp(&b.path));
        outline_the_rest(request, &shared, &snapshot, &deferred);
        let outlines = std::mem::take(&mut *shared.outlines.lock().unwrap_or_else(PoisonError::into_inner));
        snapshot.complete(Arc::new(Index::new(outlines)));
        pool(request, &snapshot, tally, checked, |sender| deferred.into_iter().for_each(|job| drop(sender.send(job))))?;
    }
    request.folders.look_into(None);
    disk.complete()?;
    checked.absorb(shared.walked.into_inner().unwrap_or_else(PoisonError::into_inner));
    let (loaded, loaded_bytes) = snapshot.loaded();
    checked.counts.loaded += loaded;
    checked.counts.loaded_bytes += loaded_bytes;
    checked.counts.bytes += shared.bytes.into_inner();
    Ok(())
}

/// Lints what `feed` sends, with as many threads as the request says. Returns the jobs that must wait for the whole project.
fn pool(
    request: &Request<'_>,
    snapshot: &Arc<Snapshot>,
    tally: &Tally,
    checked: &mut Checked,
    feed: impl FnOnce(Sender<Job>),
) -> anyhow::Result<Vec<Job>> {
    let (sender, receiver) = bounded(QUEUE * request.jobs);
    let mut deferred = Vec::new();
    thread::scope(|scope| -> anyhow::Result<()> {
        let mut workers = Vec::new();
        for _ in 0..request.jobs {
            let receiver = receiver.clone();
            let worker = thread::Builder::new().name("lint".to_owned()).stack_size(STACK_SIZE);
            match worker.spawn_scoped(scope, move || work(&receiver, request, snapshot, tally)) {
                Ok(worker) => workers.push(worker),
                // A limit on threads or memory: those that are there do it all.
                Err(_) if !workers.is_empty() => break,
                Err(error) => return Err(error).context("no thread could be started"),
            }
        }
        drop(receiver);
        feed(sender);
        for worker in workers {
            let (theirs, waiting) = worker.join().unwrap_or_default();
            checked.absorb(theirs);
            deferred.extend(waiting);
        }
        Ok(())
    })?;
    Ok(deferred)
}

/// Reads the projects that deferred files belong to, as far as the walk has not read them: for their outlines alone.
fn outline_the_rest(request: &Request<'_>, shared: &Shared<'_>, snapshot: &Snapshot, deferred: &[Job]) {
    let mut scopes = BTreeSet::new();
    for job in deferred {
        let Some(scope) = outlines::scope(snapshot, &job.path, &job.folder) else { continue };
        let covered = |folder: &PathBuf| scope.starts_with(folder);
        let is_walked = shared.archive.is_some_and(|archive| archive.holds(scope)) || request.arguments.folders.iter().any(covered);
        if !is_walked && !scopes.iter().any(covered) {
            scopes.insert(scope.to_owned());
        }
    }
    if scopes.is_empty() {
        return;
    }
    let mut all = shared.outlines.lock().unwrap_or_else(PoisonError::into_inner);
    let known: HashSet<PathBuf> = all.iter().flat_map(Outlines::files).map(Path::to_owned).collect();
    all.extend(outlines::read(scopes, &known, request.folders, request.respect_gitignore, request.jobs));
}

/// Reads everything, and sends what deserves a parse.
fn feed(request: &Request<'_>, shared: &Shared<'_>, sender: Sender<Job>) {
    let threads = request.jobs;
    let mut first_sender = Some(sender);
    if request.arguments.stdin && shared.archive.is_none() {
        stdin(request, shared, first_sender.as_ref());
    }
    let visitor = || {
        let sender = first_sender.clone();
        let (mut reader, mut outlines) = (Reader::default(), Collected::new(&shared.outlines));
        move |found: Found<'_>| match found {
            Found::File(file) => {
                let seen = panics::catch(|| scan(request, shared, &mut reader, &mut outlines.outlines, file, sender.as_ref()));
                if let Err(panic) = seen {
                    shared.panicked(request, file.path, panic);
                }
            }
            Found::Unreadable(path, reason) => shared.unreadable(request, path, reason),
        }
    };
    match shared.archive {
        Some(archive) => discover::walk_archive(archive, request.folders, threads, visitor),
        None => discover::walk(request.arguments, request.folders, request.respect_gitignore, threads, visitor),
    }
    first_sender.take();
    shared.tally.is_walked.store(true, Ordering::Relaxed);
}

/// Where what comes through standard input is taken to lie.
pub fn stdin_path(request: &Request<'_>) -> PathBuf {
    let here = &request.folders.working_directory;
    request.stdin_filename.map_or_else(|| here.join("-"), |name| paths::absolute(name, here))
}

fn stdin(request: &Request<'_>, shared: &Shared<'_>, sender: Option<&Sender<Job>>) {
    let path = stdin_path(request);
    let Some(folder) = path.parent().and_then(|parent| request.folders.of(parent)) else { return };
    if folder.settings.force_exclude.value && request.stdin_filename.is_some() && folder.settings.excludes_below(&path) {
        return;
    }
    shared.tally.files.fetch_add(1, Ordering::Relaxed);
    let bytes = match &request.overlay.stdin {
        Some(known) => (**known).clone(),
        None => read::stdin().map_err(|error| error.to_string()),
    };
    match bytes {
        Ok(bytes) => shared.send(sender, Job { path, folder, named: true, text: Text::Given(bytes), rules: None }),
        Err(error) => shared.unreadable(request, &path, &error),
    }
}

/// Reads one file and looks for trigger words.
fn scan(
    request: &Request<'_>,
    shared: &Shared<'_>,
    reader: &mut Reader,
    outlines: &mut Outlines,
    file: File<'_>,
    sender: Option<&Sender<Job>>,
) {
    if request.is_cancelled() {
        return;
    }
    shared.tally.files.fetch_add(1, Ordering::Relaxed);
    let member;
    let overlaid = request.overlay.files.get(file.path);
    let has_file = shared.archive.is_none() && overlaid.is_none();
    let bytes = if let Some(archive) = shared.archive {
        member = archive.read(file.path);
        member.as_deref().map_err(ToString::to_string)
    } else {
        overlaid.map_or_else(|| reader.read(file.path).map_err(|error| error.to_string()), |bytes| Ok(bytes.as_slice()))
    };
    match bytes {
        Ok(bytes) => {
            shared.bytes.fetch_add(bytes.len() as u64, Ordering::Relaxed);
            let scanner = &file.folder.settings.scanner;
            let (wanted, rules) = if let Some(format) = file.format {
                (scanner.wants_format(format, bytes), None)
            } else {
                outlines.add(file.path, bytes);
                let rules = scanner.wanted(bytes);
                (rules.is_some(), rules)
            };
            if file.named || wanted || panics_on(request, file.path) {
                match read::copy(bytes) {
                    Ok(bytes) => {
                        let text = if has_file { Text::Read(bytes) } else { Text::Given(bytes) };
                        let job = Job { path: file.path.to_owned(), folder: Arc::clone(file.folder), named: file.named, text, rules };
                        shared.send(sender, job);
                    }
                    Err(error) => shared.unreadable(request, file.path, &error.to_string()),
                }
            }
        }
        Err(reason) => shared.unreadable(request, file.path, &reason),
    }
}

/// The finding about what cannot be read, if it is wanted.
fn unreadable_file(request: &Request<'_>, path: &Path, reason: &str) -> Option<Diagnostic> {
    let mut diagnostic = unreadable(&paths::shown(path, &request.folders.working_directory), reason);
    if let Some(folder) = path.parent().and_then(|parent| request.folders.of(parent)) {
        let settings = &folder.settings;
        if !settings.lint.rules.without(settings.ignored_in(path)).contains(diagnostic.rule) {
            return None;
        }
        diagnostic.severity = settings.severity(diagnostic.rule).unwrap_or(diagnostic.severity);
    }
    Some(diagnostic)
}

impl Shared<'_> {
    fn send(&self, sender: Option<&Sender<Job>>, job: Job) {
        self.tally.wanted.fetch_add(1, Ordering::Relaxed);
        // Sending fails only if all workers are gone, and they catch what their files do to them.
        let _ = sender.map(|sender| sender.send(job));
    }

    fn unreadable(&self, request: &Request<'_>, path: &Path, reason: &str) {
        let diagnostic = unreadable_file(request, path, reason);
        self.walked.lock().unwrap_or_else(PoisonError::into_inner).diagnostics.extend(diagnostic);
    }

    fn panicked(&self, request: &Request<'_>, path: &Path, panic: String) {
        let shown = paths::shown(path, &request.folders.working_directory).into_owned();
        self.walked.lock().unwrap_or_else(PoisonError::into_inner).panics.push((shown, panic));
    }
}

impl Checked {
    fn absorb(&mut self, other: Self) {
        self.diagnostics.extend(other.diagnostics);
        self.panics.extend(other.panics);
        self.paths.extend(other.paths);
        self.counts.parsed += other.counts.parsed;
        self.counts.parsed_bytes += other.counts.parsed_bytes;
        self.counts.lint_microseconds += other.counts.lint_microseconds;
    }
}

/// Lints what comes through the queue until it ends.
fn work(receiver: &Receiver<Job>, request: &Request<'_>, snapshot: &Arc<Snapshot>, tally: &Tally) -> (Checked, Vec<Job>) {
    let (mut checked, mut deferred) = (Checked::default(), Vec::new());
    for job in receiver {
        if request.is_cancelled() {
            continue;
        }
        let start = std::time::Instant::now();
        let shown = paths::shown(&job.path, &request.folders.working_directory);
        let again;
        let bytes = match &job.text {
            Text::Read(bytes) | Text::Given(bytes) => bytes,
            Text::Released => match Reader::default().into_read(&job.path) {
                Ok(bytes) => {
                    again = bytes;
                    &again
                }
                Err(error) => {
                    checked.diagnostics.extend(unreadable_file(request, &job.path, &error.to_string()));
                    tally.linted.fetch_add(1, Ordering::Relaxed);
                    continue;
                }
            },
        };
        match panics::catch(|| lint_one(&job, bytes, &shown, request, snapshot)) {
            Ok(outcome) if outcome.incomplete => deferred.push(job.wait()),
            Ok(outcome) => {
                checked.counts.parsed += u64::from(outcome.parsed);
                checked.counts.parsed_bytes += if outcome.parsed { bytes.len() as u64 } else { 0 };
                if !outcome.diagnostics.is_empty() {
                    request.watcher.inspect(|watcher| watcher.linted(&shown, &outcome.diagnostics));
                    checked.paths.insert(shown.into_owned(), job.path);
                }
                checked.diagnostics.extend(outcome.diagnostics);
            }
            Err(panic) => checked.panics.push((shown.into_owned(), panic)),
        }
        tally.linted.fetch_add(1, Ordering::Relaxed);
        checked.counts.lint_microseconds += u64::try_from(start.elapsed().as_micros()).unwrap_or(u64::MAX);
    }
    (checked, deferred)
}

fn lint_one(job: &Job, bytes: &[u8], shown: &str, request: &Request<'_>, snapshot: &Arc<Snapshot>) -> pyrelint_lints::Outcome {
    assert!(!panics_on(request, &job.path), "asked for by --panic-on");
    let file = ReadFile { path: &job.path, shown, folder: &job.folder, bytes, named: job.named, rules: job.rules, earlier: None };
    lint_file(&file, snapshot)
}

/// A file that was read.
#[derive(Clone, Copy, Debug)]
pub struct ReadFile<'a> {
    /// Where it lies.
    pub path: &'a Path,
    /// Its path as diagnostics show it.
    pub shown: &'a str,
    /// The folder that it lies in.
    pub folder: &'a Folder,
    /// Its bytes.
    pub bytes: &'a [u8],
    /// Whether somebody asks for just this file: then it is parsed whatever it holds.
    pub named: bool,
    /// What the scanner said of the bytes, where it was asked.
    pub rules: Option<RuleSet>,
    /// What is kept of its text before, where it is an editor's document.
    pub earlier: Option<&'a Earlier>,
}

/// Lints one file by the settings of its folder.
pub fn lint_file(file: &ReadFile<'_>, snapshot: &Arc<Snapshot>) -> pyrelint_lints::Outcome {
    let settings = &file.folder.settings;
    let root = file.folder.root.as_deref().unwrap_or(&file.folder.home);
    let input = FileInput {
        path: file.shown,
        file: Some(file.path),
        below_root: &paths::shown(file.path, root),
        bytes: file.bytes,
        parse: file.named,
        configured_service: settings.service_reason(file.path),
        rules: file.rules,
        roots: &file.folder.roots,
        earlier: file.earlier,
    };
    let ignored = settings.ignored_in(file.path);
    if ignored.is_empty() {
        return lint(&input, &settings.lint, &settings.scanner, snapshot);
    }
    let mut own = settings.lint.clone();
    own.rules = own.rules.without(ignored);
    lint(&input, &own, &settings.scanner, snapshot)
}

fn panics_on(request: &Request<'_>, path: &Path) -> bool {
    request.panic_on.is_some_and(|text| path.file_name().is_some_and(|name| name.to_string_lossy().contains(text)))
}
