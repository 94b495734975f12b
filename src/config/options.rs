//! Options as they are written in a configuration file. What they mean together is the business of
//! [`super::settings`].

use std::collections::BTreeMap;
use std::path::PathBuf;

use pyrelint_lints::Severity;
use pyrelint_lints::effects::declared::DeclaredEffect;
use pyrelint_lints::settings::{RuleOptions, ServiceMode};
use schemars::JsonSchema;
use serde::Deserialize;

use super::words::{Glob, PerFileIgnores, RequiredVersion, RuleWord, TargetVersion};
use crate::cli::OutputFormat;

/// `[tool.pyrelint]`, or all of `pyrelint.toml`.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct Options {
    /// A configuration file whose options hold where this one says nothing. Relative to this file.
    #[schemars(extend("examples" = ["../pyrelint.toml"]))]
    pub extend: Option<PathBuf>,
    /// The versions of this program that the file is made for: a specifier, or one version. Others refuse to run.
    #[schemars(extend("examples" = [">=0.1"]))]
    pub required_version: Option<RequiredVersion>,
    /// The rules that report, instead of those that do so by default: names, codes, prefixes of codes, or `ALL`.
    ///
    /// Default: the rules that are on by default (see the table of rules).
    #[schemars(extend("examples" = [["RL1", "unit-restart"]]))]
    pub select: Option<Vec<RuleWord>>,
    /// Rules that do not report. Between `select` and `ignore` the narrower word wins.
    #[schemars(extend("examples" = [["RL305"]]))]
    pub ignore: Option<Vec<RuleWord>>,
    /// Further rules that report: above the default ones, or above those of the extended file.
    #[schemars(extend("examples" = [["del-defined"]]))]
    pub extend_select: Vec<RuleWord>,
    /// Further rules that do not report: above those that the extended file ignores.
    #[schemars(extend("examples" = [["exit-code-range"]]))]
    pub extend_ignore: Vec<RuleWord>,
    /// Rules that do not report in some files. A name without `/` means files and folders of that name anywhere, all else
    /// is relative to this file; a leading `!` means all other files.
    #[schemars(extend("examples" = [{"scripts/*": ["RL310"], "!services/**": ["RL2"]}]))]
    pub per_file_ignores: Option<PerFileIgnores>,
    /// Severities of rules, instead of their own. The narrower word wins.
    #[schemars(extend("examples" = [{"os-exit": "warning", "RL4": "error"}]))]
    pub severity: BTreeMap<RuleKey, Severity>,
    /// The files to check, instead of Python files, scripts with a Python shebang, and the files that say how programs are deployed.
    #[schemars(extend("examples" = [["src/**/*.py", "deploy/*.service"]]))]
    pub include: Option<Vec<Glob>>,
    /// Files and folders that are not checked, instead of the default list.
    #[schemars(extend("default" = super::settings::DEFAULT_EXCLUDE, "examples" = [["generated", "third_party/**"]]))]
    pub exclude: Option<Vec<Glob>>,
    /// Further files and folders that are not checked.
    #[schemars(extend("examples" = [["generated"]]))]
    pub extend_exclude: Vec<Glob>,
    /// Whether the files that `.gitignore` names are left out.
    #[schemars(extend("default" = true, "examples" = [false]))]
    pub respect_gitignore: Option<bool>,
    /// Whether `exclude` counts for files that are named as arguments, too: for pre-commit, which names them itself.
    #[schemars(extend("default" = false, "examples" = [true]))]
    pub force_exclude: Option<bool>,
    /// The oldest Python that the code runs on.
    ///
    /// Default: from `requires-python` in the project's metadata, else `"3.8"`.
    #[schemars(extend("examples" = ["3.11"]))]
    pub target_version: Option<TargetVersion>,
    /// The folders that hold first-party packages. Relative to this file.
    #[schemars(extend("default" = [".", "src"], "examples" = [["lib", "services"]]))]
    pub src: Option<Vec<PathBuf>>,
    /// The interpreter, or the folder of the virtual environment, whose installed packages are followed.
    ///
    /// Default: `VIRTUAL_ENV`, else the project's `.venv`.
    #[schemars(extend("examples" = [".venv"]))]
    pub python: Option<PathBuf>,
    /// Whether fixes count that may change what the program does.
    #[schemars(extend("default" = false, "examples" = [true]))]
    pub unsafe_fixes: Option<bool>,
    /// The file with findings that are not reported. Relative to this file.
    #[schemars(extend("examples" = ["pyrelint-baseline.toml"]))]
    pub baseline: Option<PathBuf>,
    /// How findings are written.
    #[schemars(extend("default" = "full", "examples" = ["concise"]))]
    pub output_format: Option<OutputFormat>,
    /// The lowest severity that makes the exit status 1.
    #[schemars(extend("default" = "warning", "examples" = ["info"]))]
    pub fail_on: Option<Severity>,
    /// What is service code.
    pub services: Services,
    /// What functions do, by their dotted names; `package.*` holds for all below that has no line of its own. Counts
    /// above what their source shows, and above the tables of libraries.
    #[schemars(extend("examples" = [{"mycompany.rpc.Client.call": "network", "mycompany.metrics.*": "none"}]))]
    pub effects: BTreeMap<String, DeclaredEffect>,
    /// Options of single rules: `[tool.pyrelint.rules.NAME]`.
    pub rules: RuleOptions,
}

/// `[services]`.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct Services {
    /// How service code is decided.
    #[schemars(extend("default" = "auto", "examples" = ["all"]))]
    pub mode: Option<ServiceMode>,
    /// Dotted names of the modules at which services start.
    #[schemars(extend("default" = [], "examples" = [["app.worker"]]))]
    pub entry_points: Option<Vec<String>>,
    /// Files that are service code.
    #[schemars(extend("default" = [], "examples" = [["services/**"]]))]
    pub paths: Option<Vec<Glob>>,
}

/// A rule or a prefix as a key of a table.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
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
