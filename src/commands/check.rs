//! `pyrelint check`: from what was typed to findings, and how the run ends.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use anyhow::{Context as _, bail};

use super::{configuration_is_wrong, warn};
use crate::archives::Archive;
use crate::baseline::{Baseline, Covered};
use crate::changes::Changes;
use crate::check::{self, Checked, Request, limits};
use crate::cli::{CheckArgs, FixArgs, OutputArgs};
use crate::config::{self, Folder, FolderSettings, Folders, Switches};
use crate::discover::{self, Arguments, Found};
use crate::filter::Filter;
use crate::fix::{self, Fixed, Wanted};
use crate::report::stderr::Stderr;
use crate::report::{self, Destination, progress};
use crate::watch::{Relevance, Watcher};
use crate::{ExitStatus, paths};

/// `pyrelint check`.
pub(super) fn run(typed: &CheckArgs, stderr: Stderr) -> anyhow::Result<ExitStatus> {
    if typed.watch { watch(typed, stderr) } else { once(typed, stderr) }
}

/// What was typed, with the configuration that holds for the run.
struct Prepared {
    folders: Arc<Folders>,
    arguments: Arguments,
    /// What holds for the run, not for a file, is decided by the configuration of the working directory.
    base: Arc<Folder>,
}

impl Prepared {
    /// `None` where the configuration of the working directory is wrong; that has been said then.
    fn new(typed: &CheckArgs, stderr: Stderr) -> anyhow::Result<Option<Self>> {
        let switches = Switches { suppressions: !typed.rules.ignore_suppressions, prefilter: !typed.no_prefilter };
        let folders = Arc::new(config::folders(&typed.config, config::flags(typed), switches)?);
        let Some(base) = folders.of(&folders.working_directory) else {
            configuration_is_wrong(&folders, stderr);
            return Ok(None);
        };
        let arguments = Arguments::new(&typed.paths, &folders, base.settings.force_exclude.value);
        Ok(Some(Self { folders, arguments, base }))
    }

    fn settings(&self) -> &FolderSettings {
        &self.base.settings
    }

    fn covered(&self) -> Covered<'_> {
        Covered { arguments: &self.arguments, folders: &self.folders }
    }
}

/// One run.
fn once(typed: &CheckArgs, stderr: Stderr) -> anyhow::Result<ExitStatus> {
    let start = Instant::now();
    let Some(prepared) = Prepared::new(typed, stderr)? else { return Ok(ExitStatus::Error) };
    let (Prepared { folders, arguments, .. }, settings) = (&prepared, prepared.settings());
    if typed.output.show_files {
        return show_files(typed, arguments, folders, settings.respect_gitignore.value, stderr);
    }
    let filter = filter(typed, settings, &folders.working_directory)?;
    let unsafe_fixes = settings.unsafe_fixes.value;
    let mut request = Request {
        folders,
        arguments,
        stdin_filename: typed.files.stdin_filename.as_deref(),
        respect_gitignore: settings.respect_gitignore.value,
        jobs: jobs(typed)?,
        overlay: Arc::default(),
        panic_on: typed.panic_on.as_deref(),
        watcher: None,
        filter: Some(&filter).filter(|_| !typed.reported.write_baseline),
        progress: !typed.output.verbosity.quiet && progress::is_seen(),
    };
    let wanted = wanted(typed, unsafe_fixes);
    let fixing = wanted.fixes || wanted.ignores.is_some();
    if let Some(archive) = arguments.archives.first().filter(|_| fixing) {
        bail!("{}: archives are not changed; unpack it to fix what it holds", paths::shown(archive, &folders.working_directory));
    }
    let mut fixed = if fixing { fix::fix(&mut request, &wanted)? } else { Fixed { checked: check::check(&request)?, ..Fixed::default() } };
    if warn(folders, stderr) {
        return Ok(ExitStatus::Error);
    }
    if let Some(baseline) = filter.baseline.as_ref().filter(|_| typed.reported.write_baseline) {
        return write_baseline(baseline, &fixed.checked, prepared.covered(), typed.output.verbosity.quiet, stderr);
    }
    let style =
        report::Style { color: typed.output.verbosity.color, unsafe_fixes, destination: destination(typed, fixing && arguments.stdin) };
    if fixing {
        hand_out(typed, &mut request, &mut fixed, style)?;
    }
    stderr.left(&fixed.left);
    stderr.mistakes(&fixed.errors);
    let checked = &fixed.checked;
    let status = status(typed, &fixed, settings);
    if !(typed.fix.diff || typed.fix.fix_only) {
        let format = settings.output_format.value;
        if typed.output.statistics {
            report::statistics(format, &checked.diagnostics, style)?;
        } else {
            let run = report::Run {
                diagnostics: &checked.diagnostics,
                panics: &checked.panics,
                working_directory: &folders.working_directory,
                status,
            };
            report::findings(format, run, style)?;
        }
    }
    if fixing && !typed.output.verbosity.quiet {
        stderr.fixed(&fixed, typed.fix.diff, typed.output.verbosity.verbose);
    }
    say(checked, &prepared, &typed.output, unsafe_fixes, start, stderr);
    if let Some(baseline) = &filter.baseline {
        stale(baseline, &checked.filtered.unmatched, typed, prepared.covered(), stderr)?;
    }
    Ok(status)
}

/// How the run ends.
fn status(typed: &CheckArgs, fixed: &Fixed, settings: &FolderSettings) -> ExitStatus {
    let fails = if typed.fix.diff {
        !fixed.files.is_empty()
    } else if typed.fix.fix_only {
        !fixed.left.is_empty()
    } else {
        fixed.checked.diagnostics.iter().any(|diagnostic| diagnostic.severity >= settings.fail_on.value)
    };
    match (fixed.checked.panics.is_empty() && fixed.errors.is_empty(), fails && !typed.output.exit_zero) {
        (false, _) => ExitStatus::Error,
        (true, true) => ExitStatus::Findings,
        (true, false) => ExitStatus::Clean,
    }
}

/// Where findings go. With fixed text on stdout they go elsewhere.
fn destination(typed: &CheckArgs, stdout_is_taken: bool) -> Destination<'_> {
    match &typed.output.output_file {
        Some(path) => Destination::File(path),
        None if stdout_is_taken => Destination::Stderr,
        None => Destination::Stdout,
    }
}

/// What leaves findings out, by the flags and the configuration.
fn filter(typed: &CheckArgs, settings: &FolderSettings, working_directory: &Path) -> anyhow::Result<Filter> {
    let reported = &typed.reported;
    let path = settings.baseline.as_ref().map(|setting| setting.value.as_path()).filter(|_| !reported.no_baseline);
    let baseline = match path {
        None if reported.write_baseline || reported.prune_baseline => {
            bail!("no baseline is named: give `--baseline FILE`, or set `baseline = \"FILE\"` in the configuration")
        }
        None => None,
        Some(path) if reported.write_baseline && !path.exists() => Some(Baseline::empty(path, working_directory)),
        Some(path) => Some(Baseline::read(path, working_directory)?),
    };
    let changes = reported.diff_base.as_ref().map(|revision| Changes::since(revision, working_directory).context("--diff-base"));
    Ok(Filter { baseline, changes: changes.transpose()? })
}

/// `--write-baseline`.
fn write_baseline(baseline: &Baseline, checked: &Checked, covered: Covered<'_>, quiet: bool, stderr: Stderr) -> anyhow::Result<ExitStatus> {
    stderr.panics(&checked.panics);
    if !checked.panics.is_empty() {
        bail!("{}: the baseline is not written, because some files could not be checked", baseline.shown());
    }
    baseline.rewrite(&checked.diagnostics, covered)?;
    if !quiet {
        stderr.baseline_written(checked.diagnostics.len(), baseline.shown());
    }
    Ok(ExitStatus::Clean)
}

/// Names the entries of the baseline that match nothing any more, or takes them out.
fn stale(baseline: &Baseline, unmatched: &[u32], typed: &CheckArgs, covered: Covered<'_>, stderr: Stderr) -> anyhow::Result<()> {
    let stale = baseline.stale(unmatched, covered);
    if typed.reported.prune_baseline && !stale.is_empty() {
        baseline.prune(unmatched, covered)?;
    }
    if !typed.output.verbosity.quiet {
        stderr.stale(baseline.shown(), &stale, typed.reported.prune_baseline, typed.output.verbosity.verbose);
    }
    Ok(())
}

/// `--watch`: one run after the other, until the process is ended. What goes wrong in one of them is said; the next may go well.
fn watch(typed: &CheckArgs, stderr: Stderr) -> anyhow::Result<ExitStatus> {
    if typed.paths.iter().any(|path| path.as_os_str() == "-") {
        bail!("standard input cannot be watched");
    }
    let mut watcher = Watcher::new()?;
    loop {
        // The configuration may be what has changed, and with it what is to be watched.
        let prepared = Prepared::new(typed, stderr);
        if let Ok(Some(prepared)) = &prepared {
            watcher.watch(relevance(typed, prepared))?;
        }
        report::clear_screen();
        match prepared.and_then(|_| once(typed, stderr)) {
            Ok(_) => {}
            Err(error) => stderr.error(&error),
        }
        stderr.watching();
        watcher.wait()?;
    }
}

/// The folders and files whose changes change findings: what was typed, and the projects that it belongs to, for their other modules and
/// their configuration.
fn roots(prepared: &Prepared) -> Vec<PathBuf> {
    let Arguments { files, folders, archives, .. } = &prepared.arguments;
    let projects = folders.iter().map(PathBuf::as_path).chain(files.iter().filter_map(|file| file.parent()));
    let projects = projects.filter_map(|folder| prepared.folders.of(folder)?.root.clone());
    let mut roots: Vec<PathBuf> = projects.chain(folders.iter().chain(files).chain(archives).cloned()).collect();
    roots.sort();
    roots.dedup_by(|one, kept| one.starts_with(kept));
    roots
}

/// Which changes count.
fn relevance(typed: &CheckArgs, prepared: &Prepared) -> Relevance {
    let here = &prepared.folders.working_directory;
    let file = typed.output.output_file.as_ref().map(|path| paths::absolute(path, here));
    Relevance { folders: Arc::clone(&prepared.folders), roots: roots(prepared), outputs: file.into_iter().collect() }
}

/// What the flags say about fixing.
fn wanted(typed: &CheckArgs, unsafe_fixes: bool) -> Wanted {
    let FixArgs { fix, fix_only, diff, add_ignores, .. } = &typed.fix;
    let ignores = add_ignores.clone().map(|reason| Some(reason).filter(|reason| !reason.is_empty()));
    Wanted { fixes: *fix || *fix_only || *diff && ignores.is_none(), unsafe_fixes, ignores }
}

/// Shows the new texts, or writes them where they belong.
fn hand_out(typed: &CheckArgs, request: &mut Request<'_>, fixed: &mut Fixed, style: report::Style<'_>) -> anyhow::Result<()> {
    if typed.fix.diff {
        report::differences(fixed.files.values(), style.color)?;
        return Ok(());
    }
    fix::write_all(request, fixed)?;
    if let Some(Ok(text)) = request.overlay.stdin.as_deref() {
        report::bytes(text)?;
    }
    Ok(())
}

/// What is said about a run after its findings.
fn say(checked: &Checked, prepared: &Prepared, output: &OutputArgs, unsafe_fixes: bool, start: Instant, stderr: Stderr) {
    let Prepared { arguments, folders, .. } = prepared;
    stderr.panics(&checked.panics);
    if output.verbosity.quiet {
        return;
    }
    for path in &arguments.skipped {
        let path = paths::shown(path, &folders.working_directory);
        stderr.warning(&format!("{path}: stub files and notebooks are not checked"));
    }
    if checked.counts.files == 0 && checked.diagnostics.is_empty() && arguments.skipped.is_empty() {
        stderr.warning("nothing to check was found; `pyrelint --show-files` lists what would be checked");
    }
    stderr.summary(checked, start.elapsed(), output.verbosity.verbose);
    // Where archives are among the arguments, there is no fixing.
    if arguments.archives.is_empty() {
        stderr.fixable(&checked.diagnostics, unsafe_fixes);
    }
}

fn jobs(typed: &CheckArgs) -> anyhow::Result<usize> {
    let all = || std::thread::available_parallelism().map_or(1, usize::from);
    limits::jobs(typed.jobs.filter(|jobs| *jobs > 0).unwrap_or_else(all).min(256))
}

/// `pyrelint check --show-files`.
fn show_files(
    typed: &CheckArgs,
    arguments: &Arguments,
    folders: &Arc<Folders>,
    respect_gitignore: bool,
    stderr: Stderr,
) -> anyhow::Result<ExitStatus> {
    let files: Mutex<Vec<String>> = Mutex::default();
    let (files_here, jobs) = (&files, jobs(typed)?);
    let visitor = || {
        move |found: Found<'_>| {
            if let Found::File(file) = found {
                let shown = paths::shown(file.path, &folders.working_directory).into_owned();
                files_here.lock().unwrap_or_else(PoisonError::into_inner).push(shown);
            }
        }
    };
    if arguments.has_files() {
        discover::walk(arguments, folders, respect_gitignore, jobs, visitor);
    }
    for path in &arguments.archives {
        // What cannot be opened has nothing that would be checked; a run says why.
        let Ok(archive) = Archive::open(path).map(Arc::new) else { continue };
        folders.look_into(Some(Arc::clone(&archive)));
        discover::walk_archive(&archive, folders, jobs, visitor);
        folders.look_into(None);
    }
    if warn(folders, stderr) {
        return Ok(ExitStatus::Error);
    }
    let mut files = files.into_inner().unwrap_or_else(PoisonError::into_inner);
    files.sort_unstable();
    report::names(&files)?;
    Ok(ExitStatus::Clean)
}
