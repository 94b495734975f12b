//! Options as they are written in a configuration file. What they mean together is the business of
//! [`super::settings`].

use std::collections::BTreeMap;
use std::path::PathBuf;

use pyrelint_lints::Severity;
use pyrelint_lints::effects::declared::DeclaredEffect;
use pyrelint_lints::settings::{RuleOptions, ServiceMode};
use serde::Deserialize;

use super::words::{Glob, PerFileIgnores, RequiredVersion, RuleWord, TargetVersion};
use crate::cli::OutputFormat;

/// `[tool.pyrelint]`, or all of `pyrelint.toml`.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct Options {
    /// A file whose options hold where this one says nothing; relative to this file.
    pub extend: Option<PathBuf>,
    /// The versions of this program that the file is made for.
    pub required_version: Option<RequiredVersion>,
    /// The rules that report.
    pub select: Option<Vec<RuleWord>>,
    /// Rules that do not.
    pub ignore: Option<Vec<RuleWord>>,
    /// Further rules that report.
    pub extend_select: Vec<RuleWord>,
    /// Further rules that do not.
    pub extend_ignore: Vec<RuleWord>,
    /// Rules that do not report in some files.
    pub per_file_ignores: Option<PerFileIgnores>,
    /// Severities of rules.
    pub severity: BTreeMap<RuleKey, Severity>,
    /// The files to check; instead of `*.py`, `*.pyw` and Python scripts.
    pub include: Option<Vec<Glob>>,
    /// Files and folders that are not checked; instead of the default list.
    pub exclude: Option<Vec<Glob>>,
    /// Further files and folders that are not checked.
    pub extend_exclude: Vec<Glob>,
    /// Whether the files that `.gitignore` names are left out.
    pub respect_gitignore: Option<bool>,
    /// Whether `exclude` counts for files that are named as arguments.
    pub force_exclude: Option<bool>,
    /// The oldest Python that the code runs on.
    pub target_version: Option<TargetVersion>,
    /// The folders that hold first-party packages, besides the project root and its `src`.
    pub src: Option<Vec<PathBuf>>,
    /// The interpreter, or the folder of the virtual environment, whose installed packages are followed.
    pub python: Option<PathBuf>,
    /// Whether fixes count that may change what the program does.
    pub unsafe_fixes: Option<bool>,
    /// The file with findings that are not reported.
    pub baseline: Option<PathBuf>,
    /// How findings are written.
    pub output_format: Option<OutputFormat>,
    /// The lowest severity that makes the exit status 1.
    pub fail_on: Option<Severity>,
    /// What is service code.
    pub services: Services,
    /// What functions do, by their dotted names: beyond the tables, and above them.
    pub effects: BTreeMap<String, DeclaredEffect>,
    /// Options of rules. Read here so that mistakes are found where they are written.
    pub rules: RuleOptions,
}

/// `[services]`.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct Services {
    /// How service code is decided.
    pub mode: Option<ServiceMode>,
    /// Dotted names of modules at which services start.
    pub entry_points: Option<Vec<String>>,
    /// Files that are service code.
    pub paths: Option<Vec<Glob>>,
}

/// A rule or a prefix as a key of a table.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(transparent)]
pub struct RuleKey(pub RuleWord);

impl Ord for RuleKey {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        (self.0.specificity(), self.0.to_string()).cmp(&(other.0.specificity(), other.0.to_string()))
    }
}

impl PartialOrd for RuleKey {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}
