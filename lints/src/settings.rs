//! What the configuration means for the analysis of one file. How it is written, and where, is the program's business.

use std::sync::Arc;

use schemars::JsonSchema;
use serde::Deserialize;

use crate::diagnostic::Severity;
use crate::effects::declared::Declared;
use crate::rules::{Rule, RuleSet};

/// A version of Python, as `(major, minor)`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct PythonVersion {
    /// Major version.
    pub major: u8,
    /// Minor version.
    pub minor: u8,
}

impl PythonVersion {
    /// The oldest CPython whose behaviour the rules were checked against, and the default target.
    pub const OLDEST: Self = Self { major: 3, minor: 8 };
    /// The newest CPython that the parser knows.
    pub const NEWEST: Self = Self { major: 3, minor: 15 };
}

/// How service code is decided.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum ServiceMode {
    /// By configuration and by evidence in the code.
    #[default]
    Auto,
    /// Everything but tests, examples and documentation is service code.
    All,
    /// Nothing but what the configuration names is.
    None,
}

/// Options of the rules: `[tool.pyrelint.rules.<name>]`.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct RuleOptions {
    /// Options of `del-io` (RL101).
    pub del_io: DelIoOptions,
    /// Options of `del-releases-resource` (RL102).
    pub del_releases_resource: DelReleasesResourceOptions,
    /// Options of `exit-wait-status` (RL302).
    pub exit_wait_status: ExitWaitStatusOptions,
    /// Options of `exit-zero-on-failure` (RL304).
    pub exit_zero_on_failure: ExitZeroOnFailureOptions,
    /// Options of `exit-non-integer` (RL305).
    pub exit_non_integer: ExitNonIntegerOptions,
    /// Options of `unit-restart-delay` (RL402).
    pub unit_restart_delay: UnitRestartDelayOptions,
    /// Options of `pip-upgrade-drags-dependencies` (RL501).
    pub pip_upgrade_drags_dependencies: PipUpgradeDragsDependenciesOptions,
}

/// Options of RL402.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct UnitRestartDelayOptions {
    /// The shortest delay that is accepted, in seconds.
    #[schemars(extend("examples" = [5]))]
    pub minimum_delay: u64,
}

impl Default for UnitRestartDelayOptions {
    fn default() -> Self {
        Self { minimum_delay: 1 }
    }
}

/// Options of RL101.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct DelIoOptions {
    /// Kinds of effect that are not reported: a `__del__` that does nothing else is left alone.
    #[schemars(extend("examples" = [["logging", "console"]]))]
    pub allow: Vec<crate::effects::Kind>,
}

/// Options of RL102.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct DelReleasesResourceOptions {
    /// Further names of methods that release something.
    #[schemars(extend("examples" = [["hang_up"]]))]
    pub methods: Vec<String>,
    /// Names of methods that do not count.
    #[schemars(extend("examples" = [["release"]]))]
    pub ignore_methods: Vec<String>,
}

/// Options of RL302.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct ExitWaitStatusOptions {
    /// Further dotted names of functions that return a wait status.
    #[schemars(extend("examples" = [["mycompany.jobs.run"]]))]
    pub sources: Vec<String>,
    /// Further variable names that say "exit code".
    #[schemars(extend("examples" = [["job_status"]]))]
    pub names: Vec<String>,
}

/// Options of RL304.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct ExitZeroOnFailureOptions {
    /// Further dotted names of functions that report an error.
    #[schemars(extend("examples" = [["mycompany.alerts.send"]]))]
    pub reporters: Vec<String>,
    /// Further exceptions whose handler may exit with 0.
    #[schemars(extend("examples" = [["mycompany.errors.Stopped"]]))]
    pub allow_exceptions: Vec<String>,
}

/// Options of RL305.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct ExitNonIntegerOptions {
    /// Further names of functions whose true means success; `*` stands for any text.
    #[schemars(extend("examples" = [["is_*_done"]]))]
    pub success_names: Vec<String>,
}

/// Options of RL501.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct PipUpgradeDragsDependenciesOptions {
    /// Further packages that may be upgraded as they are, besides pip, setuptools and wheel.
    #[schemars(extend("examples" = [["certifi"]]))]
    pub allow: Vec<String>,
}

/// Everything that the analysis of a file depends on besides its text.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The rules that report.
    pub rules: RuleSet,
    /// Severities that the configuration sets.
    pub severities: Vec<(&'static Rule, Severity)>,
    /// The oldest Python that the code runs on.
    pub target_version: PythonVersion,
    /// Whether the configuration or the project's metadata says so; else it is the oldest that is known.
    pub target_version_is_told: bool,
    /// How service code is decided.
    pub service_mode: ServiceMode,
    /// Dotted names of the modules that the configuration calls entry points of services.
    pub service_entry_points: Vec<String>,
    /// What the configuration says that functions do.
    pub effects: Arc<Declared>,
    /// Options of the rules.
    pub options: RuleOptions,
    /// Whether `# pyrelint: ignore` and `# noqa` count.
    pub suppressions: bool,
    /// Whether the search for trigger words may skip files. Only tests switch it off.
    pub prefilter: bool,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            rules: RuleSet::defaults(),
            severities: Vec::new(),
            target_version: PythonVersion::OLDEST,
            target_version_is_told: false,
            service_mode: ServiceMode::default(),
            service_entry_points: Vec::new(),
            effects: Arc::default(),
            options: RuleOptions::default(),
            suppressions: true,
            prefilter: true,
        }
    }
}
