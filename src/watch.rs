//! `--watch`: tells when files change that findings depend on.
//!
//! Changes are collected until none has come for a while: editors write a file in several steps. What the program writes itself, what is
//! excluded, and what no analysis reads (bytecode, logs, backups of editors) does not count, so that a run never causes the next.

use std::collections::BTreeSet;
use std::fs;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::{self, Receiver};
use std::time::Duration;

use anyhow::Context as _;
use notify::{RecommendedWatcher, RecursiveMode};
use notify_debouncer_full::{DebounceEventResult, Debouncer, RecommendedCache, new_debouncer};

use crate::config::Folders;

/// How long nothing has to happen before changes are told.
const QUIET: Duration = Duration::from_millis(150);
/// The endings of files that an analysis may read: Python, deployment files and their templates, and configuration.
const ENDINGS: [&str; 19] = [
    "py",
    "pyw",
    "toml",
    "cfg",
    "ini",
    "conf",
    "service",
    "yml",
    "yaml",
    "sh",
    "in",
    "j2",
    "jinja",
    "jinja2",
    "tmpl",
    "tpl",
    "template",
    "erb",
    "gitignore",
];

/// Which changes count.
#[derive(Clone, Debug)]
pub struct Relevance {
    /// The settings that say what is excluded.
    pub folders: Arc<Folders>,
    /// What is watched: hidden folders count below it, not above.
    pub roots: Vec<PathBuf>,
    /// Files that the program writes itself.
    pub outputs: Vec<PathBuf>,
}

/// Waits for changes.
pub struct Watcher {
    debouncer: Debouncer<RecommendedWatcher, RecommendedCache>,
    events: Receiver<DebounceEventResult>,
    watched: BTreeSet<PathBuf>,
    relevance: Option<Relevance>,
}

impl Watcher {
    /// A watcher of nothing.
    ///
    /// # Errors
    /// If the system has no way to watch files.
    pub fn new() -> anyhow::Result<Self> {
        let (sender, events) = mpsc::channel();
        let debouncer = new_debouncer(QUIET, None, sender).context("files cannot be watched")?;
        Ok(Self { debouncer, events, watched: BTreeSet::new(), relevance: None })
    }

    /// Watches files, and folders with all below them, instead of what was watched before.
    ///
    /// # Errors
    /// If the system does not watch that many folders.
    pub fn watch(&mut self, relevance: Relevance) -> anyhow::Result<()> {
        let roots = &relevance.roots;
        // Editors replace files: the name is watched, by its folder.
        let folder = |root: &PathBuf| if root.is_dir() { Some(root.clone()) } else { root.parent().map(Path::to_owned) };
        let wanted: BTreeSet<PathBuf> = roots.iter().filter_map(folder).collect();
        for gone in self.watched.difference(&wanted) {
            // A folder that has been removed is not watched any more.
            let _ = self.debouncer.unwatch(gone);
        }
        for new in wanted.difference(&self.watched) {
            let mode = if roots.contains(new) { RecursiveMode::Recursive } else { RecursiveMode::NonRecursive };
            self.debouncer.watch(new, mode).with_context(|| format!("{}: cannot be watched", crate::paths::text(new)))?;
        }
        self.watched = wanted;
        self.relevance = Some(relevance);
        Ok(())
    }

    /// Waits until something has changed.
    ///
    /// # Errors
    /// If the watcher fails.
    pub fn wait(&self) -> anyhow::Result<()> {
        for events in &self.events {
            // An event that got lost is reason enough to look.
            let Ok(events) = events else { return Ok(()) };
            let changes = events.iter().filter(|event| !event.kind.is_access());
            let mut paths = changes.flat_map(|event| &event.paths);
            if paths.any(|path| self.relevance.as_ref().is_none_or(|relevance| relevance.of(path))) {
                return Ok(());
            }
        }
        anyhow::bail!("files are not watched any more")
    }
}

impl Relevance {
    /// Whether a change of a path counts.
    fn of(&self, path: &Path) -> bool {
        if self.outputs.iter().any(|output| output == path) {
            return false;
        }
        let Some((folder, name)) = path.parent().zip(path.file_name().and_then(|name| name.to_str())) else { return false };
        let is_hidden = |part: &std::path::Component<'_>| part.as_os_str().as_encoded_bytes().starts_with(b".");
        let below = self.roots.iter().find_map(|root| folder.strip_prefix(root).ok()).unwrap_or(Path::new(""));
        if below.components().any(|part| is_hidden(&part)) || name.starts_with(".pyrelint-") {
            return false;
        }
        let is_readable = match name.rsplit_once('.') {
            Some((_, ending)) => ENDINGS.contains(&ending) || name.contains("ockerfile") || name.contains("ontainerfile"),
            None => matches!(name, "Procfile" | "Dockerfile" | "Containerfile") || path.is_dir() || is_script(path),
        };
        // A removed folder has no ending either, and its files are told by themselves.
        is_readable && self.folders.of(folder).is_none_or(|folder| !folder.settings.excludes_below(path))
    }
}

/// Whether a file starts like a script.
fn is_script(path: &Path) -> bool {
    let mut start = [0; 2];
    let is_file = fs::metadata(path).is_ok_and(|data| data.is_file());
    is_file && fs::File::open(path).and_then(|mut file| file.read_exact(&mut start)).is_ok() && start == *b"#!"
}
