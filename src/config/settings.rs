//! What all layers mean together for the files of a folder.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use pyrelint_lints::effects::declared::Declared;
use pyrelint_lints::settings::{PythonVersion, RuleOptions, ServiceMode};
use pyrelint_lints::{RuleSet, Scanner, Settings, Severity};
use serde::Deserialize;

use super::error::ConfigError;
use super::globs::{FileGlob, PathGlobs};
use super::layer::Layer;
use super::options::Options;
use super::selection;
use crate::cli::OutputFormat;

/// The files and folders that are excluded where the configuration says nothing; Ruff's list.
pub const DEFAULT_EXCLUDE: &[&str] = &[
    ".bzr",
    ".direnv",
    ".eggs",
    ".git",
    ".git-rewrite",
    ".hg",
    ".ipynb_checkpoints",
    ".mypy_cache",
    ".nox",
    ".pants.d",
    ".pyenv",
    ".pytest_cache",
    ".pytype",
    ".ruff_cache",
    ".svn",
    ".tox",
    ".venv",
    ".vscode",
    "__pypackages__",
    "_build",
    "buck-out",
    "dist",
    "node_modules",
    "site-packages",
    "venv",
];

/// A value with the place that it comes from.
#[derive(Clone, Debug)]
pub struct Setting<T> {
    /// The value.
    pub value: T,
    /// Where it is written; "default" where nowhere.
    pub origin: String,
}

/// The settings of the files of a folder.
#[derive(Debug)]
pub struct FolderSettings {
    /// What the analysis needs.
    pub lint: Settings,
    /// The search for the trigger words of the selected rules.
    pub scanner: Scanner,
    /// The folder up to which globs look at the folders that a file lies in.
    pub base: PathBuf,
    /// Which files are excluded.
    pub exclude: PathGlobs,
    /// Which files are linted; `None` for Python files and scripts.
    pub include: Option<PathGlobs>,
    /// Rules that do not report in some files.
    pub per_file_ignores: Vec<(FileGlob, RuleSet)>,
    /// Files that are service code, with the reason to give.
    pub services: Vec<(FileGlob, String)>,
    /// Whether files that `.gitignore` names are left out.
    pub respect_gitignore: Setting<bool>,
    /// Whether exclusions count for files that are named as arguments.
    pub force_exclude: Setting<bool>,
    /// The oldest Python that the code runs on.
    pub target_version: Setting<PythonVersion>,
    /// Whether fixes count that may change what the program does.
    pub unsafe_fixes: Setting<bool>,
    /// The file with findings that are not reported.
    pub baseline: Option<Setting<PathBuf>>,
    /// How findings are written.
    pub output_format: Setting<OutputFormat>,
    /// The lowest severity that makes the exit status 1.
    pub fail_on: Setting<Severity>,
    /// Folders of first-party packages.
    pub src: Setting<Vec<PathBuf>>,
    /// The interpreter or environment that the configuration names.
    pub python: Option<Setting<PathBuf>>,
    /// The layers that all this was made of, the first first.
    pub layers: Vec<Layer>,
}

/// Switches of a run that no configuration file has.
#[derive(Clone, Copy, Debug)]
pub struct Switches {
    /// Whether ignore comments count.
    pub suppressions: bool,
    /// Whether files without trigger words are skipped.
    pub prefilter: bool,
}

impl FolderSettings {
    /// What layers mean; later ones win. `python` is what the project says about its oldest version, and where.
    ///
    /// # Errors
    /// If globs or options of rules cannot be put together.
    pub fn new(layers: Vec<Layer>, base: &Path, python: Option<&(PythonVersion, String)>, switches: Switches) -> Result<Self, ConfigError> {
        let fail = |error: &dyn std::fmt::Display| {
            let origin = layers.last().map_or("configuration", |layer| layer.origin.as_str());
            ConfigError::of_file(origin, error.to_string())
        };
        let target_version = last(&layers, |options| options.target_version.map(|version| version.0));
        let target_version = target_version.or_else(|| python.map(|(value, origin)| Setting { value: *value, origin: origin.clone() }));
        let target_version_is_told = target_version.is_some();
        let target_version = target_version.unwrap_or_else(|| default(PythonVersion::OLDEST));
        let lint = Settings {
            rules: selection::rules(&layers),
            severities: selection::severities(&layers),
            target_version: target_version.value,
            target_version_is_told,
            service_mode: last(&layers, |options| options.services.mode).map_or_else(ServiceMode::default, |mode| mode.value),
            service_entry_points: last(&layers, |options| options.services.entry_points.clone())
                .map(|names| names.value)
                .unwrap_or_default(),
            effects: Arc::new(Declared(layers.iter().flat_map(|layer| layer.options.effects.clone()).collect())),
            options: rule_options(&layers).map_err(|error| fail(&error))?,
            suppressions: switches.suppressions,
            prefilter: switches.prefilter,
        };
        Ok(Self {
            scanner: Scanner::new(&lint),
            lint,
            base: base.to_owned(),
            exclude: exclude(&layers, base).map_err(|error| fail(&error))?,
            include: include(&layers).map_err(|error| fail(&error))?,
            per_file_ignores: per_file_ignores(&layers).map_err(|error| fail(&error))?,
            services: services(&layers).map_err(|error| fail(&error))?,
            respect_gitignore: last(&layers, |options| options.respect_gitignore).unwrap_or_else(|| default(true)),
            force_exclude: last(&layers, |options| options.force_exclude).unwrap_or_else(|| default(false)),
            unsafe_fixes: last(&layers, |options| options.unsafe_fixes).unwrap_or_else(|| default(false)),
            output_format: last(&layers, |options| options.output_format).unwrap_or_else(|| default(OutputFormat::Full)),
            fail_on: last(&layers, |options| options.fail_on).unwrap_or_else(|| default(Severity::Warning)),
            src: src(&layers, base),
            python: path(&layers, |options| options.python.as_ref()),
            baseline: path(&layers, |options| options.baseline.as_ref()),
            target_version,
            layers,
        })
    }

    /// Whether a file or folder is excluded by itself.
    pub fn excludes(&self, path: &Path) -> bool {
        self.exclude.matches(path)
    }

    /// Whether a file is excluded by itself or by a folder that it lies in.
    pub fn excludes_below(&self, path: &Path) -> bool {
        self.exclude.matches_below(path, &self.base)
    }

    /// The rules that are ignored in a file.
    pub fn ignored_in(&self, path: &Path) -> RuleSet {
        let matching = self.per_file_ignores.iter().filter(|(glob, _)| glob.matches(path, &self.base));
        matching.fold(RuleSet::EMPTY, |set, (_, rules)| set.union(*rules))
    }

    /// Why the configuration calls a file service code, if it does.
    pub fn service_reason(&self, path: &Path) -> Option<&str> {
        self.services.iter().find(|(glob, _)| glob.matches(path, &self.base)).map(|(_, reason)| reason.as_str())
    }

    /// The severity that the configuration gives a rule.
    pub fn severity(&self, rule: &pyrelint_lints::Rule) -> Option<Severity> {
        self.lint.severities.iter().find(|(known, _)| *known == rule).map(|(_, severity)| *severity)
    }
}

fn default<T>(value: T) -> Setting<T> {
    Setting { value, origin: "default".to_owned() }
}

/// The value of the last layer that has one.
fn last<T>(layers: &[Layer], get: impl Fn(&Options) -> Option<T>) -> Option<Setting<T>> {
    layers.iter().rev().find_map(|layer| get(&layer.options).map(|value| Setting { value, origin: layer.origin.clone() }))
}

fn exclude(layers: &[Layer], base: &Path) -> Result<PathGlobs, globset::Error> {
    let main: Vec<(&str, &Path)> = match layers.iter().rev().find_map(|layer| layer.options.exclude.as_ref().map(|globs| (globs, layer))) {
        Some((globs, layer)) => globs.iter().map(|glob| (glob.as_str(), layer.folder.as_path())).collect(),
        None => DEFAULT_EXCLUDE.iter().map(|name| (*name, base)).collect(),
    };
    let further = layers.iter().flat_map(|layer| layer.options.extend_exclude.iter().map(|glob| (glob.as_str(), layer.folder.as_path())));
    PathGlobs::new(main.into_iter().chain(further))
}

fn include(layers: &[Layer]) -> Result<Option<PathGlobs>, globset::Error> {
    let found = layers.iter().rev().find_map(|layer| layer.options.include.as_ref().map(|globs| (globs, layer)));
    found.map(|(globs, layer)| PathGlobs::new(globs.iter().map(|glob| (glob.as_str(), layer.folder.as_path())))).transpose()
}

fn per_file_ignores(layers: &[Layer]) -> Result<Vec<(FileGlob, RuleSet)>, globset::Error> {
    let found = layers.iter().rev().find_map(|layer| layer.options.per_file_ignores.as_ref().map(|ignores| (ignores, layer)));
    let entries = found.into_iter().flat_map(|(ignores, layer)| ignores.iter().map(move |entry| (entry, layer)));
    entries
        .map(|((glob, words), layer)| {
            let rules = words.iter().fold(RuleSet::EMPTY, |set, word| set.union(word.rules()));
            Ok((FileGlob::new(glob, &layer.folder)?, rules))
        })
        .collect()
}

fn services(layers: &[Layer]) -> Result<Vec<(FileGlob, String)>, globset::Error> {
    let found = layers.iter().rev().find_map(|layer| layer.options.services.paths.as_ref().map(|globs| (globs, layer)));
    let globs = found.into_iter().flat_map(|(globs, layer)| globs.iter().map(move |glob| (glob, layer)));
    globs.map(|(glob, layer)| Ok((FileGlob::new(glob, &layer.folder)?, format!("`services.paths` names `{}`", glob.as_str())))).collect()
}

fn src(layers: &[Layer], base: &Path) -> Setting<Vec<PathBuf>> {
    let found = layers.iter().rev().find_map(|layer| layer.options.src.as_ref().map(|folders| (folders, layer)));
    match found {
        Some((folders, layer)) => {
            let value = folders.iter().map(|folder| crate::paths::absolute(folder, &layer.folder)).collect();
            Setting { value, origin: layer.origin.clone() }
        }
        None => default(vec![base.to_owned(), base.join("src")]),
    }
}

/// A path of the last layer that has one; relative to where it is written.
fn path(layers: &[Layer], get: impl Fn(&Options) -> Option<&PathBuf>) -> Option<Setting<PathBuf>> {
    layers.iter().rev().find_map(|layer| {
        let path = get(&layer.options)?;
        Some(Setting { value: crate::paths::absolute(path, &layer.folder), origin: layer.origin.clone() })
    })
}

/// The options of rules: tables are merged key by key, other values replaced.
fn rule_options(layers: &[Layer]) -> Result<RuleOptions, toml::de::Error> {
    let mut merged = toml::Table::new();
    for layer in layers {
        for (rule, options) in &layer.rules {
            match (merged.get_mut(rule).and_then(toml::Value::as_table_mut), options.as_table()) {
                (Some(known), Some(options)) => known.extend(options.clone()),
                _ => {
                    merged.insert(rule.clone(), options.clone());
                }
            }
        }
    }
    RuleOptions::deserialize(merged)
}
