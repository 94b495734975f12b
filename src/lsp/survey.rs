//! The findings in all files of a workspace: made on threads of their own from what the world was at one moment, handed over in batches, and given up when
//! nobody wants them any more.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use crossbeam_channel::Sender;
use gen_lsp_types::Diagnostic;

use super::addresses::Addresses;
use super::client::Abilities;
use super::configuration::Configured;
use super::report::{Reporter, digest};
use super::server::Task;
use crate::check::{self, Checked, Watcher};
use crate::config::Folders;
use crate::discover::Arguments;
use crate::sources::Overlay;

/// A batch is handed over when it has this many files, or is this old.
const BATCH: usize = 64;
const BATCH_AGE: Duration = Duration::from_millis(100);

/// What was found in a file.
#[derive(Clone, Debug)]
pub struct FileReport {
    /// What the client calls the file.
    pub uri: String,
    /// The diagnostics, sorted.
    pub diagnostics: Vec<Diagnostic>,
    /// What tells them from others.
    pub id: String,
}

/// The reports by the files' addresses.
pub type Reports = BTreeMap<String, FileReport>;

/// All that is needed to check a workspace.
#[derive(Debug)]
pub struct Survey {
    /// The settings of each folder.
    pub folders: Arc<Folders>,
    /// The folders to check, without links.
    pub roots: Vec<PathBuf>,
    /// The texts of open documents.
    pub overlay: Arc<Overlay>,
    /// Number of threads.
    pub jobs: usize,
}

/// To whom a survey reports.
#[derive(Debug)]
pub struct Listener {
    /// The number of the survey.
    pub number: u64,
    /// Set when the result is not wanted any more.
    pub stop: Arc<AtomicBool>,
    /// Where batches and the result go.
    pub tasks: Sender<Task>,
    /// What the client can show.
    pub abilities: Abilities,
    /// What it calls files.
    pub addresses: Addresses,
    /// What the user wants to see.
    pub settings: Arc<Configured>,
}

impl Survey {
    /// Checks the workspace. What was found file by file has been handed over in part when this returns all of it.
    ///
    /// # Errors
    /// If threads cannot be started.
    pub fn run(&self, listener: &Listener) -> anyhow::Result<Reports> {
        let stream = Stream { listener, batch: Mutex::new((Instant::now(), Vec::new())) };
        let mut reports = Reports::new();
        // Whether `.gitignore` counts is decided once for a walk.
        for respected in [true, false] {
            let reads = |root: &&PathBuf| self.folders.of(root).is_some_and(|folder| folder.settings.respect_gitignore.value == respected);
            let roots: Vec<PathBuf> = self.roots.iter().filter(reads).cloned().collect();
            if !roots.is_empty() && !stream.is_cancelled() {
                let checked = self.check(&roots, respected, &stream)?;
                reports.extend(listener.reports(&checked.diagnostics));
            }
        }
        Ok(reports)
    }

    fn check(&self, roots: &[PathBuf], respect_gitignore: bool, watcher: &dyn Watcher) -> anyhow::Result<Checked> {
        let arguments = Arguments::new(roots, &self.folders, false);
        check::check(&check::Request {
            folders: &self.folders,
            arguments: &arguments,
            stdin_filename: None,
            respect_gitignore,
            jobs: self.jobs,
            overlay: Arc::clone(&self.overlay),
            panic_on: None,
            filter: None,
            progress: false,
            watcher: Some(watcher),
        })
    }
}

impl Listener {
    /// Findings as diagnostics, by file.
    fn reports(&self, findings: &[pyrelint_lints::Diagnostic]) -> Reports {
        let mut by_file: BTreeMap<&str, Vec<&pyrelint_lints::Diagnostic>> = BTreeMap::new();
        for finding in findings {
            by_file.entry(finding.place.file.path()).or_default().push(finding);
        }
        let report = |(shown, findings): (&str, Vec<&pyrelint_lints::Diagnostic>)| self.report(shown, &findings);
        by_file.into_iter().filter_map(report).map(|report| (report.uri.clone(), report)).collect()
    }

    /// The report of a file; `None` where nothing of it is shown.
    fn report(&self, shown: &str, findings: &[&pyrelint_lints::Diagnostic]) -> Option<FileReport> {
        let settings = self.settings.of(&self.addresses.path_of_shown(shown));
        let reporter = Reporter { abilities: self.abilities, addresses: &self.addresses, unsafe_fixes: settings.unsafe_fixes };
        let mut findings: Vec<_> = findings.iter().filter(|finding| settings.shows(finding)).collect();
        findings.sort_by(|a, b| a.order(b));
        let diagnostics: Vec<Diagnostic> = findings.into_iter().map(|finding| reporter.diagnostic(finding)).collect();
        let id = format!("{:016x}", digest(&diagnostics));
        (!diagnostics.is_empty()).then_some(FileReport { uri: self.addresses.of_shown(shown)?, diagnostics, id })
    }
}

/// The batches of a survey.
#[derive(Debug)]
struct Stream<'a> {
    listener: &'a Listener,
    batch: Mutex<(Instant, Vec<FileReport>)>,
}

impl Watcher for Stream<'_> {
    fn is_cancelled(&self) -> bool {
        self.listener.stop.load(Ordering::Relaxed)
    }

    fn linted(&self, shown: &str, findings: &[pyrelint_lints::Diagnostic]) {
        // What lies in other files comes with the result: others may add to it.
        let own: Vec<_> = findings.iter().filter(|finding| finding.place.file.path() == shown).collect();
        let Some(report) = self.listener.report(shown, &own) else { return };
        let mut batch = self.batch.lock().unwrap_or_else(PoisonError::into_inner);
        batch.1.push(report);
        if batch.1.len() >= BATCH || batch.0.elapsed() >= BATCH_AGE {
            batch.0 = Instant::now();
            let mut files = std::mem::take(&mut batch.1);
            files.sort_by(|a, b| a.uri.cmp(&b.uri));
            // Nobody listens any more only when the server ends.
            let _ = self.listener.tasks.send(Task::Batch(self.listener.number, files));
        }
    }
}
