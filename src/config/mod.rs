//! The configuration: from `pyproject.toml`, `pyrelint.toml` and flags (as written: [`options`]) to the settings of each folder (as
//! meant: [`settings`]).
//!
//! [`words`] reads what is more than text; [`layer`] the files; `selection` and [`settings`] put layers together; [`mod@folders`] finds
//! the layers of each folder; [`show`] tells people about it,
//! [`schema`] programs, and [`mod@reference`] writes the reference that people read.

pub mod environment;
mod error;
pub mod folders;
pub mod globs;
pub mod layer;
pub mod options;
pub mod reference;
pub mod schema;
mod selection;
pub mod settings;
pub mod show;
pub mod words;

use std::path::{Path, PathBuf};

use anyhow::Context as _;

pub use error::ConfigError;
pub use folders::{Folder, Folders, Preference, Scope, Search};
pub use settings::{FolderSettings, Switches};

use crate::cli::{CheckArgs, FileArgs, SelectionArgs, SourceArgs};
use crate::paths;
use layer::Layer;
use options::Options;

/// The working directory, without links.
///
/// # Errors
/// If it does not exist any more.
pub fn working_directory() -> anyhow::Result<PathBuf> {
    std::env::current_dir().and_then(std::fs::canonicalize).context("the working directory cannot be read")
}

/// The folders of a run, from what was typed.
///
/// # Errors
/// If `--config` names no readable file, or what it says is wrong.
pub fn folders(source: &SourceArgs, flags: Options, switches: Switches) -> anyhow::Result<Folders> {
    let here = working_directory()?;
    let mut file = None;
    let mut layers = Vec::new();
    for text in &source.config {
        if text.contains('=') && !Path::new(text).exists() {
            layers.push(Layer::inline(text, &here)?);
        } else if file.replace(text).is_some() {
            anyhow::bail!("--config names more than one file: only one can be the configuration");
        }
    }
    layers.push(Layer::flags(flags, &here));
    let search = match file {
        Some(_) if source.isolated => anyhow::bail!("--isolated and --config FILE contradict each other"),
        Some(text) => Search::Fixed(named_file(text, &here)?),
        None if source.isolated => Search::Fixed(Vec::new()),
        None => Search::Nearest,
    };
    Ok(Folders::new(here, search, layers, switches))
}

fn named_file(text: &str, here: &Path) -> anyhow::Result<Vec<Layer>> {
    let path = paths::absolute(Path::new(text), here);
    if !path.exists() {
        anyhow::bail!("--config: `{text}` is neither a file nor an option such as `fail-on = \"info\"`");
    }
    let layers = layer::load(&path, here, None)?;
    layers.with_context(|| format!("--config: `{text}` has no table `[tool.pyrelint]`"))
}

/// The options that the flags of `check` set.
pub fn flags(arguments: &CheckArgs) -> Options {
    let mut options = selection_flags(&arguments.rules);
    let FileArgs { python, exclude, extend_exclude, force_exclude, no_force_exclude, no_respect_gitignore, respect_gitignore, .. } =
        &arguments.files;
    options.exclude.clone_from(exclude);
    options.python.clone_from(python);
    options.extend_exclude.clone_from(extend_exclude);
    options.force_exclude = switch(*force_exclude, *no_force_exclude);
    options.respect_gitignore = switch(*respect_gitignore, *no_respect_gitignore);
    // Of two flags that contradict each other the last one counts; clap does not settle that between a flag and a variable.
    options.unsafe_fixes = switch(arguments.fix.unsafe_fixes, arguments.fix.no_unsafe_fixes).or_else(|| variable("PYRELINT_UNSAFE_FIXES"));
    options.baseline.clone_from(&arguments.reported.baseline);
    options.output_format = arguments.output.output_format;
    options.fail_on = arguments.output.fail_on;
    options
}

/// The options that the flags about rules set.
pub fn selection_flags(arguments: &SelectionArgs) -> Options {
    let per_file_ignores = arguments.per_file_ignores.as_ref().map(|entries| {
        let mut ignores = words::PerFileIgnores::new();
        for entry in entries {
            ignores.entry(entry.glob.clone()).or_default().push(entry.rule.clone());
        }
        ignores
    });
    Options {
        select: arguments.select.clone(),
        ignore: arguments.ignore.clone(),
        extend_select: arguments.extend_select.clone(),
        extend_ignore: arguments.extend_ignore.clone(),
        per_file_ignores,
        target_version: arguments.target_version,
        ..Options::default()
    }
}

/// A switch in the environment.
fn variable(name: &str) -> Option<bool> {
    let value = std::env::var_os(name).filter(|value| !value.is_empty())?;
    Some(!["0", "false", "no", "off"].iter().any(|no| value.eq_ignore_ascii_case(no)))
}

fn switch(on: bool, off: bool) -> Option<bool> {
    (on || off).then_some(on)
}
