//! Where options are written: files (with what they extend), `KEY=VALUE` arguments, flags. Each is a layer; later ones win.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use pyrelint_lints::settings::PythonVersion;
use pyrelint_lints::source::SourceFile;
use serde::Deserialize;

use super::error::ConfigError;
use super::options::Options;
use super::words::{self, RuleWord};
use crate::archives::Archive;
use crate::check::read::{self, ReadError, Reader};
use crate::paths;

/// Options with the place that they come from.
#[derive(Clone, Debug)]
pub struct Layer {
    /// What people are told about the place: a file's path, "command line".
    pub origin: String,
    /// The folder that globs and paths are relative to.
    pub folder: PathBuf,
    /// The options.
    pub options: Options,
    /// The table `rules` as it was written, so that layers can be merged option by option.
    pub rules: toml::Table,
}

#[derive(Deserialize)]
struct Pyproject<T> {
    tool: Option<Tool<T>>,
}

#[derive(Deserialize)]
struct Tool<T> {
    pyrelint: Option<T>,
}

impl Layer {
    /// Options that stand on the command line.
    pub fn flags(options: Options, working_directory: &Path) -> Self {
        Self { origin: "command line".to_owned(), folder: working_directory.to_owned(), options, rules: toml::Table::new() }
    }

    /// `KEY=VALUE` of the command line, as TOML.
    ///
    /// # Errors
    /// If the text is no TOML, or no option.
    pub fn inline(text: &str, working_directory: &Path) -> Result<Self, ConfigError> {
        let file = SourceFile::new("--config", text);
        let options = toml::from_str(text).map_err(|error| ConfigError::of_toml(&file, &error))?;
        let table: toml::Table = toml::from_str(text).map_err(|error| ConfigError::of_toml(&file, &error))?;
        Ok(Self { origin: format!("--config '{text}'"), folder: working_directory.to_owned(), options, rules: rules_of(table) })
    }

    /// The names that rules had before, in these options: what to tell their author.
    pub fn warnings(&self) -> impl Iterator<Item = String> {
        let options = &self.options;
        let lists =
            [options.select.as_deref(), options.ignore.as_deref(), Some(&options.extend_select[..]), Some(&options.extend_ignore[..])];
        let words = lists.into_iter().flatten().flatten();
        let words = words.chain(options.per_file_ignores.iter().flat_map(|ignores| ignores.values().flatten()));
        words.chain(options.severity.keys().map(|key| &key.0)).filter_map(RuleWord::former).map(|text| format!("{}: {text}", self.origin))
    }
}

/// Reads a configuration file, which may lie in an archive, and all that it extends. The file itself comes last. `None` for a `pyproject.toml`
/// without `[tool.pyrelint]`.
///
/// # Errors
/// If one of the files cannot be read or holds a mistake, or if one in an archive extends one that is not.
pub fn load(path: &Path, working_directory: &Path, archive: Option<&Archive>) -> Result<Option<Vec<Layer>>, ConfigError> {
    let mut layers = Vec::new();
    let mut seen = Vec::new();
    let mut next = Some(path.to_owned());
    while let Some(path) = next {
        let shown = paths::shown(&path, working_directory).into_owned();
        let text = read_in(&path, archive).map_err(|error| ConfigError::unreadable(&shown, &path, &error))?;
        let Some(layer) = parse(&path, &shown, &text)? else {
            if seen.is_empty() {
                return Ok(None);
            }
            return Err(ConfigError::of_file(&shown, "is extended, but has no table `[tool.pyrelint]`"));
        };
        seen.push(path);
        next = layer.options.extend.as_ref().map(|extend| paths::absolute(extend, &layer.folder));
        if let Some(next) = &next
            && seen.contains(next)
        {
            return Err(ConfigError::of_file(&shown, format!("extends itself through `{}`", paths::shown(next, working_directory))));
        }
        if let (Some(next), Some(archive)) = (&next, archive)
            && !archive.holds(next)
        {
            return Err(ConfigError::of_file(&shown, "extends a file that lies outside of the archive"));
        }
        layers.push(layer);
    }
    layers.reverse();
    Ok(Some(layers))
}

/// Reads a text file without a byte order mark. Never waits for a pipe.
pub(crate) fn read(path: &Path) -> io::Result<String> {
    let mut reader = Reader::default();
    let bytes = reader.read(path).map_err(|error| match error {
        ReadError::Io(error) => error,
        other => io::Error::other(other.to_string()),
    })?;
    read::text(bytes)
}

/// Reads a text file of the disk or, where its path leads into one, of an archive.
fn read_in(path: &Path, archive: Option<&Archive>) -> io::Result<String> {
    match archive.filter(|archive| archive.holds(path)) {
        Some(archive) => archive.text(path),
        None => read(path),
    }
}

fn parse(path: &Path, shown: &str, text: &str) -> Result<Option<Layer>, ConfigError> {
    let file = SourceFile::new(shown, text);
    let fail = |error: toml::de::Error| ConfigError::of_toml(&file, &error);
    let folder = path.parent().unwrap_or(path).to_owned();
    let (options, table) = if path.file_name().is_some_and(|name| name == "pyproject.toml") {
        let options: Pyproject<Options> = toml::from_str(text).map_err(fail)?;
        let tables: Pyproject<toml::Table> = toml::from_str(text).map_err(fail)?;
        match (options.tool.and_then(|tool| tool.pyrelint), tables.tool.and_then(|tool| tool.pyrelint)) {
            (Some(options), Some(table)) => (options, table),
            _ => return Ok(None),
        }
    } else {
        (toml::from_str(text).map_err(fail)?, toml::from_str(text).map_err(fail)?)
    };
    Ok(Some(Layer { origin: shown.to_owned(), folder, options, rules: rules_of(table) }))
}

fn rules_of(mut table: toml::Table) -> toml::Table {
    match table.remove("rules") {
        Some(toml::Value::Table(rules)) => rules,
        _ => toml::Table::new(),
    }
}

/// What a `pyproject.toml` says about the project, whoever reads it.
pub(super) struct Metadata {
    /// Whether the text may hold `[tool.pyrelint]`.
    pub(super) mentions_us: bool,
    /// The oldest Python of `requires-python`.
    pub(super) oldest_python: Option<PythonVersion>,
    /// Why the file is no TOML, if it is none.
    pub(super) broken: Option<String>,
}

/// Looks at a `pyproject.toml`. Mistakes in what belongs to other tools are theirs.
pub(super) fn metadata(path: &Path, archive: Option<&Archive>) -> Metadata {
    #[derive(Deserialize)]
    #[serde(rename_all = "kebab-case")]
    struct Project {
        requires_python: Option<toml::Value>,
    }
    #[derive(Deserialize)]
    struct File {
        project: Option<Project>,
    }

    let Ok(text) = read_in(path, archive) else {
        return Metadata { mentions_us: false, oldest_python: None, broken: None };
    };
    let mentions_us = text.contains("pyrelint");
    let mut found = Metadata { mentions_us, oldest_python: None, broken: None };
    if !mentions_us && !text.contains("requires-python") {
        return found;
    }
    match toml::from_str::<File>(&text) {
        Ok(File { project }) => {
            let requires = project.and_then(|project| project.requires_python);
            found.oldest_python = requires.as_ref().and_then(toml::Value::as_str).and_then(words::oldest_python);
        }
        Err(error) => found.broken = Some(error.message().to_owned()),
    }
    found
}

/// Whether a `pyproject.toml` that is no TOML may be passed over: it cannot be ours.
pub(super) fn is_ours(path: &Path, archive: Option<&Archive>) -> bool {
    read_in(path, archive).is_ok_and(|text| text.contains("tool.pyrelint"))
}

/// A layer list that many folders share.
pub(super) type Chain = Arc<Vec<Layer>>;
