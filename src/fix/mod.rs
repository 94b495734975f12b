//! Applies fixes to texts and files.
//!
//! A run checks, applies what does not overlap, and checks again, until nothing changes: fixes that were in each other's way come in
//! turn, and what is left is exactly what a later run would report. Until the end everything happens in memory: the new texts lie above the files
//! on disk (an [`Overlay`]). Then [`mod@write`] puts each in the place of its file, atomically, or [`crate::report`] shows the difference.
//!
//! Invariants: a file that parsed still parses; a file keeps its encoding, byte order mark, line endings and permissions; a file that
//! somebody else changed in the meantime is left alone; all edits of a fix are made, or none.

pub mod merge;
mod round;
pub mod write;

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::Arc;
use std::thread;

use anyhow::Context as _;
use pyrelint_lints::fix::ignores;
use pyrelint_lints::lint::STACK_SIZE;
use pyrelint_lints::source::SourceFile;
use pyrelint_lints::{Diagnostic, Rule};

use crate::check::{self, Checked, Request};
use crate::sources::Overlay;
pub use merge::Planned;
pub use round::Round;

/// After how many rounds fixes that undo each other are given up.
const MAX_ROUNDS: usize = 24;

/// What is to be done about findings.
#[derive(Clone, Debug, Default)]
pub struct Wanted {
    /// Whether fixes are applied.
    pub fixes: bool,
    /// Whether those are, too, that may change what the program does.
    pub unsafe_fixes: bool,
    /// Whether comments silence what is left, and the reason that they give.
    pub ignores: Option<Option<String>>,
}

/// A file with a new text.
#[derive(Clone, Debug)]
pub struct Changed {
    /// The path as it is shown.
    pub shown: String,
    /// What the file held when it was first read.
    pub original: Vec<u8>,
    /// What it is to hold.
    pub bytes: Vec<u8>,
    /// Both as text.
    pub texts: (String, String),
}

/// What came of fixing.
#[derive(Debug, Default)]
pub struct Fixed {
    /// What is left.
    pub checked: Checked,
    /// The files whose text changes, by where they lie.
    pub files: BTreeMap<PathBuf, Changed>,
    /// How many findings of each rule were fixed, by its code.
    pub counts: BTreeMap<&'static str, (&'static Rule, usize)>,
    /// How many findings were silenced.
    pub silenced: usize,
    /// Mistakes of this program, with the file.
    pub errors: Vec<(String, String)>,
    /// Why files were left as they are.
    pub left: Vec<(String, String)>,
    /// In how many rounds a file was changed, by its shown path.
    pub rounds: BTreeMap<String, usize>,
}

impl Fixed {
    /// How many findings were fixed.
    pub fn count(&self) -> usize {
        self.counts.values().map(|(_, count)| count).sum()
    }
}

/// Checks, and fixes in memory what is wanted.
///
/// # Errors
/// If threads cannot be started.
pub fn fix(request: &mut Request<'_>, wanted: &Wanted) -> anyhow::Result<Fixed> {
    if request.arguments.stdin {
        // It can be read only once, and is checked more often.
        let stdin = Some(Arc::new(check::read::stdin().map_err(|error| error.to_string())));
        request.overlay = Arc::new(Overlay { stdin, ..Overlay::default() });
    }
    let mut fixed = Fixed { checked: check::check(request)?, ..Fixed::default() };
    let mut barred = Barred::default();
    if wanted.fixes {
        let mut rounds = 0;
        while advance(request, &mut fixed, &mut barred, |diagnostics| planned(diagnostics, wanted.unsafe_fixes))? {
            rounds += 1;
            if rounds == MAX_ROUNDS {
                let unsettled = fixed.checked.diagnostics.iter().filter(|found| applies(found, wanted.unsafe_fixes));
                // Where others change files meanwhile, there is something new in every round: just what each round fixed has no end.
                let unsettled = unsettled.filter(|found| fixed.rounds.get(found.place.file.path()) == Some(&rounds));
                let unsettled: BTreeSet<_> = unsettled.map(|found| (found.place.file.path().to_owned(), found.rule.name)).collect();
                fixed
                    .errors
                    .extend(unsettled.into_iter().map(|(path, rule)| (path, format!("the fixes of `{rule}` never come to an end"))));
                break;
            }
        }
    }
    if let Some(reason) = &wanted.ignores {
        let before = fixed.checked.diagnostics.len();
        advance(request, &mut fixed, &mut barred, |diagnostics| silencing(diagnostics, reason.as_deref()))?;
        fixed.silenced = before.saturating_sub(fixed.checked.diagnostics.len());
    }
    fixed.files.retain(|_, file| file.bytes != file.original);
    Ok(fixed)
}

/// What is not tried again.
#[derive(Debug, Default)]
pub struct Barred {
    /// Files that cannot be changed.
    files: BTreeSet<String>,
    /// Rules whose fix went wrong in a file.
    fixes: BTreeSet<(String, &'static str)>,
}

impl Barred {
    fn allows(&self, planned: &Planned) -> bool {
        let rule = planned.rule.map_or("", |rule| rule.code);
        planned.edits.iter().all(|edit| !self.files.contains(edit.path()) && !self.fixes.contains(&(edit.path().to_owned(), rule)))
    }
}

fn applies(diagnostic: &Diagnostic, unsafe_fixes: bool) -> bool {
    diagnostic.fix.as_ref().is_some_and(|fix| fix.applies(unsafe_fixes))
}

/// The fixes of findings that are to be applied.
pub fn planned<'a>(diagnostics: impl IntoIterator<Item = &'a Diagnostic>, unsafe_fixes: bool) -> Vec<Planned> {
    let fixable = diagnostics.into_iter().filter(|diagnostic| applies(diagnostic, unsafe_fixes));
    fixable.map(|found| Planned { rule: Some(found.rule), edits: found.fix.iter().flat_map(|fix| fix.edits.clone()).collect() }).collect()
}

/// The comments that silence findings, file by file.
fn silencing(diagnostics: &[Diagnostic], reason: Option<&str>) -> Vec<Planned> {
    let mut files: BTreeMap<&str, (&Arc<SourceFile>, Vec<&Diagnostic>)> = BTreeMap::new();
    for diagnostic in diagnostics {
        let file = &diagnostic.place.file;
        files.entry(file.path()).or_insert_with(|| (file, Vec::new())).1.push(diagnostic);
    }
    files.into_values().map(|(file, findings)| Planned { rule: None, edits: ignores::add(file, &findings, reason) }).collect()
}

/// One round: plans, applies, and checks again. Returns whether anything changed.
fn advance(
    request: &mut Request<'_>,
    fixed: &mut Fixed,
    barred: &mut Barred,
    plan: impl FnOnce(&[Diagnostic]) -> Vec<Planned> + Send,
) -> anyhow::Result<bool> {
    let overlay = Arc::clone(&request.overlay);
    let checked = &fixed.checked;
    let known = &fixed.files;
    let stdin = check::stdin_path(request);
    let (round, bars) = on_large_stack(|| {
        let mut round = Round::new(known, &checked.paths, &overlay, &stdin, &request.folders.working_directory);
        let plans = plan(&checked.diagnostics).into_iter().filter(|planned| !planned.edits.is_empty() && barred.allows(planned)).collect();
        round.apply(plans, &pyrelint_lints::lint::still_parses);
        let bars = std::mem::take(&mut round.barred);
        (round.finish(), bars)
    })?;
    barred.files.extend(bars.files);
    barred.fixes.extend(bars.fixes);
    fixed.errors.extend(round.errors);
    fixed.left.extend(round.left);
    for rule in round.applied {
        fixed.counts.entry(rule.code).or_insert((rule, 0)).1 += 1;
    }
    if round.files.is_empty() {
        return Ok(false);
    }
    let mut overlay = Overlay { stdin: overlay.stdin.clone(), files: overlay.files.clone() };
    for (path, file) in &round.files {
        let bytes = Arc::new(file.bytes.clone());
        if request.arguments.stdin && *path == stdin {
            overlay.stdin = Some(Arc::new(Ok(file.bytes.clone())));
        } else {
            overlay.files.insert(path.clone(), bytes);
        }
    }
    for file in round.files.values() {
        *fixed.rounds.entry(file.shown.clone()).or_default() += 1;
    }
    fixed.files.extend(round.files);
    request.overlay = Arc::new(overlay);
    fixed.checked = check::check(request)?;
    Ok(true)
}

/// Parsing recurses as deep as a text nests.
fn on_large_stack<T: Send>(work: impl FnOnce() -> T + Send) -> anyhow::Result<T> {
    thread::scope(|scope| {
        let thread =
            thread::Builder::new().name("fix".to_owned()).stack_size(STACK_SIZE).spawn_scoped(scope, || check::panics::catch(work));
        let outcome = thread.context("no thread could be started")?.join();
        outcome.unwrap_or_else(|_| Err("a panic without a message".to_owned())).map_err(|panic| anyhow::anyhow!("internal error: {panic}"))
    })
}

/// Writes the new texts to their files; those that cannot be written are taken back, and what is left is checked again.
///
/// # Errors
/// If threads cannot be started.
pub fn write_all(request: &mut Request<'_>, fixed: &mut Fixed) -> anyhow::Result<()> {
    let stdin = request.arguments.stdin.then(|| check::stdin_path(request));
    let mut failed = Vec::new();
    for (path, file) in fixed.files.iter().filter(|(path, _)| stdin.as_ref() != Some(path)) {
        if let Err(error) = write::replace(path, &file.original, &file.bytes) {
            fixed.left.push((file.shown.clone(), error.to_string()));
            failed.push(path.clone());
        }
    }
    if failed.is_empty() {
        return Ok(());
    }
    let mut overlay = Overlay { stdin: request.overlay.stdin.clone(), files: request.overlay.files.clone() };
    for path in failed {
        overlay.files.remove(&path);
        fixed.files.remove(&path);
    }
    request.overlay = Arc::new(overlay);
    fixed.checked = check::check(request)?;
    Ok(())
}
