//! THE list of rules. Adding one: its two files (`<rule>.rs`, `<rule>.md`), a `mod` line in its family, a word here.

pub(crate) mod dependencies;
pub(crate) mod exit_codes;
pub(crate) mod finalizers;
pub(crate) mod logging;
pub(crate) mod run;
pub(crate) mod supervision;

use std::fmt;

use crate::context::{Context, Findings};
use crate::deployment::Deployment;
use crate::diagnostic::Severity;

/// A group of rules about one subject; the first digit of the code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Family {
    /// RL0xx, about the run itself.
    Run,
    /// RL1xx, `__del__`.
    Finalizers,
    /// RL2xx.
    Logging,
    /// RL3xx.
    ExitCodes,
    /// RL4xx, units of systemd and their like.
    Supervision,
    /// RL5xx, installs by pip.
    Dependencies,
}

impl Family {
    /// The heading of the family.
    pub fn title(self) -> &'static str {
        match self {
            Self::Run => "About the run itself",
            Self::Finalizers => "Finalizers",
            Self::Logging => "Logging",
            Self::ExitCodes => "Exit codes",
            Self::Supervision => "Supervision",
            Self::Dependencies => "Dependencies in deployment",
        }
    }

    /// The folder of the family's rules and pages, below `lints/src/rules`.
    pub fn folder(self) -> &'static str {
        match self {
            Self::Run => "run",
            Self::Finalizers => "finalizers",
            Self::Logging => "logging",
            Self::ExitCodes => "exit_codes",
            Self::Supervision => "supervision",
            Self::Dependencies => "dependencies",
        }
    }

    /// The prefix of the family's codes.
    pub fn prefix(self) -> &'static str {
        match self {
            Self::Run => "RL0",
            Self::Finalizers => "RL1",
            Self::Logging => "RL2",
            Self::ExitCodes => "RL3",
            Self::Supervision => "RL4",
            Self::Dependencies => "RL5",
        }
    }
}

/// Whether a rule's findings can be repaired by the program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FixAvailability {
    /// Never.
    None,
    /// Where the surroundings allow it.
    Sometimes,
    /// Always.
    Always,
}

impl FixAvailability {
    /// The word of the lists.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Sometimes => "sometimes",
            Self::Always => "always",
        }
    }
}

/// The words that a text must hold for a rule to say anything about it: any one of the conjunctions.
pub type Triggers = &'static [&'static [&'static str]];

/// What is known of a rule without running it.
#[derive(Debug, PartialEq, Eq)]
pub struct Rule {
    /// The stable code, `RL` and three digits.
    pub code: &'static str,
    /// The stable name in kebab-case.
    pub name: &'static str,
    /// The family.
    pub family: Family,
    /// The severity where neither the case nor the configuration says another.
    pub severity: Severity,
    /// Whether the rule runs without being selected.
    pub default: bool,
    /// Whether it offers fixes.
    pub fix: FixAvailability,
    /// See [`Triggers`].
    pub triggers: Triggers,
    /// Names that the rule had before; they keep working, with a warning.
    pub former_names: &'static [&'static str],
    /// The rule's page (Markdown).
    pub page: &'static str,
}

impl Rule {
    /// The page's first sentence: what the rule reports.
    pub fn summary(&self) -> &'static str {
        self.page.lines().skip(1).find(|line| !line.trim().is_empty()).unwrap_or_default()
    }
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.name, self.code)
    }
}

/// A rule with what it does about Python, or about another file.
pub(crate) struct Entry<Check> {
    pub(crate) rule: &'static Rule,
    pub(crate) check: Check,
}

/// Looks at a Python file.
type CheckPython = fn(&Context<'_>, &mut Findings<'_>);

/// Looks at a file that says how programs are deployed.
type CheckDeployment = fn(&Deployment<'_>, &mut Findings<'_>);

macro_rules! rules {
    (
        python: $($family:ident { $($rule:ident)* })*;
        deployment: $($other:ident { $($deployed:ident)* })*;
        mixed: $(both $third:ident { $($double:ident)* } deployment $fourth:ident { $($file:ident)* })*
    ) => {
        /// Every rule, in the order of the codes.
        pub static RULES: &[&Rule] =
            &[$($(&$family::$rule::META,)*)* $($(&$other::$deployed::META,)*)* $($(&$third::$double::META,)* $(&$fourth::$file::META,)*)*];
        pub(crate) static ENTRIES: &[Entry<CheckPython>] = &[
            $($(Entry { rule: &$family::$rule::META, check: $family::$rule::check },)*)*
            $($(Entry { rule: &$third::$double::META, check: $third::$double::check },)*)*
        ];
        pub(crate) static DEPLOYMENT_ENTRIES: &[Entry<CheckDeployment>] = &[
            $($(Entry { rule: &$other::$deployed::META, check: $other::$deployed::check },)*)*
            $(
                $(Entry { rule: &$third::$double::META, check: $third::$double::check_deployment },)*
                $(Entry { rule: &$fourth::$file::META, check: $fourth::$file::check },)*
            )*
        ];
    };
}

rules! {
    python:
    run { syntax_error unused_ignore unreadable_file invalid_ignore }
    finalizers { del_io del_releases_resource del_never_runs del_partial_init del_takes_lock del_in_cycle del_event_loop del_skips_super explicit_del_call del_defined del_raises del_resurrects finalize_keeps_alive }
    logging { basic_config_handler_level basic_config_root_level basic_config_no_effect basic_config_in_library basic_config_invalid file_handler_in_service config_disables_loggers two_logging_systems rotation_across_processes handler_added_repeatedly buffered_print_in_service }
    exit_codes { exit_code_range exit_wait_status exit_count exit_zero_on_failure exit_non_integer exit_in_thread exit_in_callback exit_in_finally exit_swallowed site_exit os_exit exit_reserved_code exit_in_library exit_status_dropped main_swallows_failure };
    deployment:
    supervision { unit_restart unit_restart_delay unit_start_limit unit_misses_exit unit_buffered_output unit_unwritable_log unit_ignores_failure unit_hides_status };
    mixed:
    both dependencies { pip_upgrade_drags_dependencies pip_upgrade_keeps_stale pip_check_missing }
    deployment dependencies { requirement_unpinned requirement_not_locked }
    both dependencies { pip_failure_ignored }
    deployment dependencies {}
}

/// A set of rules.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RuleSet(u128);

impl RuleSet {
    /// No rule.
    pub const EMPTY: Self = Self(0);

    /// All rules, those that are off by default included.
    pub fn all() -> Self {
        RULES.iter().copied().collect()
    }

    /// The rules that are on by default.
    pub fn defaults() -> Self {
        RULES.iter().copied().filter(|rule| rule.default).collect()
    }

    /// Whether a rule is in the set.
    pub fn contains(self, rule: &Rule) -> bool {
        self.0 & bit(rule) != 0
    }

    /// Adds a rule.
    pub fn insert(&mut self, rule: &Rule) {
        self.0 |= bit(rule);
    }

    /// The rules of either set.
    #[must_use]
    pub fn union(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// The rules of this set that are not in the other.
    #[must_use]
    pub fn without(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }

    /// Whether no rule is in the set.
    pub fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// The rules of the set in the order of the codes.
    pub fn iter(self) -> impl Iterator<Item = &'static Rule> {
        RULES.iter().copied().filter(move |rule| self.contains(rule))
    }
}

impl<'a> FromIterator<&'a Rule> for RuleSet {
    fn from_iter<I: IntoIterator<Item = &'a Rule>>(rules: I) -> Self {
        let mut set = Self::EMPTY;
        for rule in rules {
            set.insert(rule);
        }
        set
    }
}

fn bit(rule: &Rule) -> u128 {
    RULES.binary_search_by(|probe| probe.code.cmp(rule.code)).map_or(0, |index| 1 << index)
}

/// What a word of a selection means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Selector {
    /// One rule by its code or name.
    Rule(&'static Rule),
    /// One rule by a name that it had before.
    Former(&'static Rule),
    /// All rules whose code starts with a prefix; `ALL` and `RL` are all.
    Prefix(RuleSet),
}

impl Selector {
    /// Reads `RL101`, `del-io`, `RL1`, `ALL`. Codes and `ALL` are accepted in any case. `None` where no rule is meant.
    pub fn parse(text: &str) -> Option<Self> {
        if let Some(rule) = RULES.iter().find(|rule| rule.name == text || rule.code.eq_ignore_ascii_case(text)) {
            return Some(Self::Rule(rule));
        }
        if let Some(rule) = RULES.iter().find(|rule| rule.former_names.contains(&text)) {
            return Some(Self::Former(rule));
        }
        if text.eq_ignore_ascii_case("all") {
            return Some(Self::Prefix(RuleSet::all()));
        }
        let prefix = text.to_ascii_uppercase();
        if !prefix.starts_with("RL") {
            return None;
        }
        let set: RuleSet = RULES.iter().copied().filter(|rule| rule.code.starts_with(&prefix)).collect();
        (!set.is_empty()).then_some(Self::Prefix(set))
    }

    /// The rules that are meant.
    pub fn rules(self) -> RuleSet {
        match self {
            Self::Rule(rule) | Self::Former(rule) => [rule].into_iter().collect(),
            Self::Prefix(set) => set,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_is_sorted_and_unique() {
        assert!(RULES.windows(2).all(|pair| pair[0].code < pair[1].code));
        assert!(RULES.len() <= 128, "RuleSet is a 128-bit set");
        for rule in RULES {
            assert!(rule.code.starts_with(rule.family.prefix()), "{rule}");
            assert!(rule.name.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'-' || byte.is_ascii_digit()), "{rule}");
        }
    }

    #[test]
    fn selectors() {
        let del_io = Selector::parse("RL101");
        assert_eq!(Selector::parse("del-io"), del_io);
        assert_eq!(Selector::parse("rl101"), del_io);
        assert_eq!(Selector::parse("ALL").map(Selector::rules), Some(RuleSet::all()));
        assert_eq!(Selector::parse("RL1").map(|found| found.rules().contains(&finalizers::del_defined::META)), Some(true));
        assert_eq!(Selector::parse("RL9"), None);
        assert_eq!(Selector::parse("E501"), None);
        assert!(RuleSet::defaults().without(RuleSet::all()).is_empty());
    }
}
