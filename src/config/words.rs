//! The words of options that mean more than their text: rules, globs, versions. The same types read the command line and
//! the configuration files, so that both accept the same and complain alike.
//!
//! An error's first line says what is wrong; a second one, where there is one, how to mend it.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::marker::PhantomData;
use std::str::FromStr;

use pep440_rs::{Version, VersionSpecifiers};
use pyrelint_lints::settings::PythonVersion;
use pyrelint_lints::{RULES, Rule, RuleSet, Selector};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, de};

/// Reads a value of a configuration file through its `FromStr`. Inside of a visitor, so that the library knows the place of a
/// mistake.
struct FromStrVisitor<T>(PhantomData<T>);

impl<T: FromStr<Err = String>> de::Visitor<'_> for FromStrVisitor<T> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a string")
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<T, E> {
        text.parse().map_err(de::Error::custom)
    }
}

macro_rules! deserialize_from_str {
    ($($name:ident)*) => {$(
        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                deserializer.deserialize_str(FromStrVisitor(PhantomData))
            }
        }
    )*};
}

deserialize_from_str!(RuleWord Glob TargetVersion RequiredVersion);

/// One word of a selection of rules: a name, a code, a prefix or `ALL`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RuleWord {
    text: String,
    selector: Selector,
}

impl RuleWord {
    /// The rules that are meant.
    pub fn rules(&self) -> RuleSet {
        self.selector.rules()
    }

    /// How narrow the word is: a prefix is more so than `ALL`, a longer prefix more than a shorter one, a rule most of all.
    pub fn specificity(&self) -> usize {
        match self.selector {
            Selector::Rule(_) | Selector::Former(_) => usize::MAX,
            Selector::Prefix(_) if self.text.eq_ignore_ascii_case("all") => 0,
            Selector::Prefix(_) => self.text.len(),
        }
    }

    /// The rule, where the word means exactly one by its name or code.
    pub fn rule(&self) -> Option<&'static Rule> {
        match self.selector {
            Selector::Rule(rule) | Selector::Former(rule) => Some(rule),
            Selector::Prefix(_) => None,
        }
    }

    /// The warning to print where the word is a name that the rule no longer has.
    pub fn former(&self) -> Option<String> {
        match self.selector {
            Selector::Former(rule) => Some(format!("the rule `{}` is called `{}` now", self.text, rule.name)),
            _ => None,
        }
    }
}

impl fmt::Display for RuleWord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl FromStr for RuleWord {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let text = text.trim();
        Selector::parse(text).map(|selector| Self { text: text.to_owned(), selector }).ok_or_else(|| {
            let names = RULES.iter().flat_map(|rule| [rule.name, rule.code]).chain(["ALL"]);
            let hint = nearest(text, names).map_or_else(
                || "run `pyrelint rules` for the list; prefixes such as `RL1` and `ALL` are accepted, too".to_owned(),
                |name| format!("did you mean `{name}`?"),
            );
            format!("unknown rule `{text}`\n{hint}")
        })
    }
}

/// The words that have a meaning of their own: what an editor offers. The program reads codes in small letters as well.
impl JsonSchema for RuleWord {
    fn schema_name() -> Cow<'static, str> {
        "Rule".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        // RL101 is in RL1 and RL10: every prefix that means more than its one rule.
        let prefixes: BTreeSet<&str> = RULES.iter().flat_map(|rule| (2..rule.code.len()).map(|end| &rule.code[..end])).collect();
        let words: Vec<&str> = ["ALL"].into_iter().chain(prefixes).chain(RULES.iter().flat_map(|rule| [rule.code, rule.name])).collect();
        let known = json_schema!({
            "description": "A rule by its name or code, all rules whose codes begin alike, or `ALL`.",
            "type": "string",
            "enum": words,
        });
        let former: Vec<&str> = RULES.iter().flat_map(|rule| rule.former_names).copied().collect();
        if former.is_empty() {
            return known;
        }
        json_schema!({"anyOf": [known, {"description": "A name that a rule had before.", "type": "string", "enum": former, "deprecated": true}]})
    }
}

/// A glob for paths: a name without `/` means files and folders of that name anywhere, all else is relative to a folder.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Glob(String);

impl Glob {
    /// The text as it was written.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl JsonSchema for Glob {
    fn schema_name() -> Cow<'static, str> {
        "Glob".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "description": "A glob. Without `/` it means files and folders of that name anywhere, else it is relative to the folder of this file.",
            "type": "string",
        })
    }
}

impl FromStr for Glob {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        globset::Glob::new(text).map_err(|error| format!("invalid glob `{text}`: {}", error.kind()))?;
        Ok(Self(text.to_owned()))
    }
}

/// `GLOB:RULE` of the command line.
#[derive(Clone, Debug)]
pub struct PerFileIgnore {
    /// The files; a leading `!` means all others.
    pub glob: Glob,
    /// The rule.
    pub rule: RuleWord,
}

impl FromStr for PerFileIgnore {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (glob, rule) = text.rsplit_once(':').ok_or("expected `GLOB:RULE`, such as `tests/*:RL301`")?;
        Ok(Self { glob: glob.parse()?, rule: rule.parse()? })
    }
}

/// Files and the rules that are ignored in them.
pub type PerFileIgnores = BTreeMap<Glob, Vec<RuleWord>>;

/// A version of Python that code can be written for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TargetVersion(pub PythonVersion);

impl JsonSchema for TargetVersion {
    fn schema_name() -> Cow<'static, str> {
        "TargetVersion".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        let minors = || PythonVersion::OLDEST.minor..=PythonVersion::NEWEST.minor;
        let words: Vec<String> = minors().map(|minor| format!("3.{minor}")).chain(minors().map(|minor| format!("py3{minor}"))).collect();
        json_schema!({"description": "A version of Python.", "type": "string", "enum": words})
    }
}

impl FromStr for TargetVersion {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let PythonVersion { minor: oldest, .. } = PythonVersion::OLDEST;
        let PythonVersion { minor: newest, .. } = PythonVersion::NEWEST;
        let complaint =
            || format!("invalid version of Python `{text}`\nexpected `3.{oldest}` to `3.{newest}`, or `py3{oldest}` to `py3{newest}`");
        let minor = text.strip_prefix("3.").or_else(|| text.strip_prefix("py3")).ok_or_else(complaint)?;
        let minor = minor.parse().ok().filter(|minor| (oldest..=newest).contains(minor)).ok_or_else(complaint)?;
        Ok(Self(PythonVersion { major: 3, minor }))
    }
}

/// The oldest supported version that a `requires-python` allows; `None` where it cannot be read.
pub fn oldest_python(requires: &str) -> Option<PythonVersion> {
    /// More patch releases than any version of Python has had.
    const PATCHES: u64 = 40;
    let specifiers: VersionSpecifiers = requires.parse().ok()?;
    let allowed = |minor: u8| (0..PATCHES).any(|patch| specifiers.contains(&Version::new([3, u64::from(minor), patch])));
    let (oldest, newest) = (PythonVersion::OLDEST.minor, PythonVersion::NEWEST.minor);
    (oldest..=newest).find(|minor| allowed(*minor)).map(|minor| PythonVersion { major: 3, minor })
}

/// The versions of this program that a configuration is made for (`>=0.1,<0.3`, or one version). This program is one of
/// them: reading another fails.
#[derive(Clone, Debug)]
pub struct RequiredVersion(String);

impl fmt::Display for RequiredVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl JsonSchema for RequiredVersion {
    fn schema_name() -> Cow<'static, str> {
        "RequiredVersion".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({"description": "A version, or a specifier as in Python's packaging (PEP 440).", "type": "string"})
    }
}

impl FromStr for RequiredVersion {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let specifiers = text.parse().or_else(|_| format!("=={text}").parse::<VersionSpecifiers>());
        let specifiers = specifiers.map_err(|_| format!("invalid version `{text}`\nexpected a specifier such as `>=0.1,<0.3`"))?;
        let version = env!("CARGO_PKG_VERSION");
        if !version.parse().is_ok_and(|version| specifiers.contains(&version)) {
            return Err(format!("this configuration is made for pyrelint {text}, but this is {version}\ninstall a version that fits"));
        }
        Ok(Self(text.to_owned()))
    }
}

/// The dotted names that a mistyped one may have meant, the most probable first: those that are nearly the same, else those that end in nearly
/// the same word, else one that begins with it, completed by the rest.
pub fn nearest_names(name: &str, candidates: &[String], most: usize) -> Vec<String> {
    let lower = name.to_lowercase();
    let distance = |word: &str, candidate: &str| {
        let distance = strsim::damerau_levenshtein(word, candidate);
        (distance <= (candidate.chars().count() / 3).clamp(1, 3)).then_some(distance)
    };
    let best = |score: &dyn Fn(&str) -> Option<usize>| -> Vec<String> {
        let mut scored: Vec<(usize, &String)> = candidates.iter().filter_map(|one| Some((score(&one.to_lowercase())?, one))).collect();
        scored.sort();
        // What is much farther than the nearest was not meant.
        let least = scored.first().map_or(0, |(score, _)| *score);
        scored.into_iter().take_while(|(score, _)| *score <= least + 1).take(most).map(|(_, one)| one.clone()).collect()
    };
    let found = best(&|candidate| distance(&lower, candidate));
    if !found.is_empty() {
        return found;
    }
    if let Some((first, rest)) = lower.split_once('.') {
        // What is in a class is among the candidates; what is in a module is not.
        let is_class =
            |name: &str| candidates.iter().any(|other| other.to_lowercase().strip_prefix(name).is_some_and(|rest| rest.starts_with('.')));
        let found = best(&|one| distance(first, one).filter(|distance| *distance > 0 && !one.contains('.') && !is_class(one)));
        if !found.is_empty() {
            let rest = &name[name.len() - rest.len()..];
            return found.into_iter().map(|first| format!("{first}.{rest}")).collect();
        }
    }
    let last = |name: &str| name.rsplit('.').next().unwrap_or_default().to_owned();
    best(&|candidate| distance(&last(&lower), &last(candidate)))
}

/// The candidate that a mistyped word most probably meant.
pub fn nearest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let lower = word.to_lowercase();
    candidates
        .into_iter()
        .map(|candidate| (strsim::damerau_levenshtein(&lower, &candidate.to_lowercase()), candidate))
        .filter(|(distance, candidate)| *distance <= (candidate.len() / 3).clamp(1, 3))
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_name_is_suggested() {
        assert_eq!("del-oi".parse::<RuleWord>().expect_err("no such rule"), "unknown rule `del-oi`\ndid you mean `del-io`?");
        assert!("E501".parse::<RuleWord>().expect_err("no such rule").contains("pyrelint rules"));
    }

    #[test]
    fn the_nearest_dotted_names_are_suggested() {
        let names = ["client", "Client", "Client.close", "Client.clear", "Pool.release", "main"].map(str::to_owned);
        assert_eq!(nearest_names("Client.clsoe", &names, 3), ["Client.close"]);
        assert_eq!(nearest_names("mian.Worker", &names, 3), ["main.Worker"]);
        assert_eq!(nearest_names("Client.realease", &names, 3), ["Pool.release"]);
        assert!(nearest_names("nothing_alike", &names, 3).is_empty());
    }

    #[test]
    fn words_know_how_narrow_they_are() {
        let specificity = |text: &str| text.parse::<RuleWord>().map(|word| word.specificity()).unwrap_or_default();
        assert!(
            specificity("ALL") < specificity("RL") && specificity("RL") < specificity("RL1") && specificity("RL1") < specificity("del-io")
        );
    }

    #[test]
    fn target_versions() {
        let minor = |text: &str| text.parse::<TargetVersion>().map(|TargetVersion(version)| version.minor).ok();
        assert_eq!([minor("3.8"), minor("py311"), minor("3.10")], [Some(8), Some(11), Some(10)]);
        assert_eq!([minor("3.7"), minor("2.7"), minor("4"), minor("py3"), minor("")], [None; 5]);
    }

    #[test]
    fn the_oldest_python_of_a_specifier() {
        let minor = |text: &str| oldest_python(text).map(|version| version.minor);
        assert_eq!([minor(">=3.9"), minor("~=3.10"), minor(">=3.8.1,<4"), minor("==3.11.4")], [Some(9), Some(10), Some(8), Some(11)]);
        assert_eq!([minor(">=3.6"), minor(">3.8, !=3.8.*"), minor("==3.12.*"), minor(">=2.7,<3")], [Some(8), Some(9), Some(12), None]);
    }

    #[test]
    fn required_versions() {
        let met = |text: &str| text.parse::<RequiredVersion>().is_ok();
        assert!(met(">=0.0.1") && met(env!("CARGO_PKG_VERSION")) && !met(">=99"));
        assert!(!met("new"));
    }
}
