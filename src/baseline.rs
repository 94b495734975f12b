//! The baseline: findings that were there when somebody began to use this program, and that are not reported until they are looked at.
//!
//! It is a file in TOML that people read and version control merges: sorted, one entry on each line, and no line that changes because another
//! one does. An entry names a finding by its rule, its file and the text around it ([`Identity`]), never by a line number. Entries that are
//! alike are one with a count.
//!
//! A finding takes up the entry that is like it in everything; else, as long as some are left, one that differs in the line before; else, where
//! its file has no entry, one of a file that is gone: it was renamed.

use std::collections::{HashMap, HashSet};
use std::fmt::Write as _;
use std::hash::Hash;
use std::path::{Path, PathBuf};

use pyrelint_lints::source::SourceFile;
use pyrelint_lints::{Diagnostic, Rule, Selector};
use serde::Deserialize;
use toml_writer::{ToTomlValue, TomlStringBuilder};

use crate::config::{ConfigError, Folders, layer};
use crate::discover::Arguments;
use crate::identity::Identity;
use crate::{archives, paths, report};

/// The version of the format.
const VERSION: u32 = 1;
const HEADER: &str = "\
# Findings that pyrelint does not report, because they were there before: one on each line.
# `pyrelint --write-baseline` writes this file anew; `pyrelint --prune-baseline` only removes what matches no finding any more.
";

/// A baseline as it was read.
#[derive(Debug)]
pub struct Baseline {
    /// Where it lies.
    path: PathBuf,
    /// The same for people.
    shown: String,
    /// Paths of findings are relative to it.
    working_directory: PathBuf,
    entries: Vec<Entry>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Document {
    version: u32,
    #[serde(default)]
    findings: Vec<Entry>,
}

/// Findings that are alike.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    /// The file, relative to the folder of the baseline.
    path: String,
    /// The rule's name, or one that it had before.
    rule: String,
    #[serde(default)]
    scope: String,
    #[serde(default)]
    line: String,
    #[serde(default)]
    after: String,
    #[serde(default = "one")]
    count: u32,
}

fn one() -> u32 {
    1
}

/// What of a baseline and of findings belongs together.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Matching {
    /// Which findings the baseline knows.
    pub known: Vec<bool>,
    /// How many those are.
    pub count: usize,
    /// How many of each entry match no finding.
    pub unmatched: Vec<u32>,
}

/// What a run has looked at: nothing can be said about the entries of other files and rules.
#[derive(Clone, Copy, Debug)]
pub struct Covered<'a> {
    /// The files and folders.
    pub arguments: &'a Arguments,
    /// The settings that say which rules report.
    pub folders: &'a Folders,
}

impl Baseline {
    /// Reads a baseline.
    ///
    /// # Errors
    /// If it is none, with the place of the mistake.
    pub fn read(path: &Path, working_directory: &Path) -> Result<Self, ConfigError> {
        let shown = paths::shown(path, working_directory).into_owned();
        let text = match layer::read(path) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                let mut error = ConfigError::of_file(&shown, "there is no such baseline");
                error.help = Some("`--write-baseline` makes it from the findings of now".to_owned());
                return Err(error);
            }
            Err(error) => return Err(ConfigError::unreadable(&shown, path, &error)),
        };
        let file = SourceFile::new(shown.as_str(), text.as_str());
        let document: Document = toml::from_str(&text).map_err(|error| ConfigError::of_toml(&file, &error))?;
        if document.version != VERSION {
            let message = format!("this baseline has version {}, and this program knows version {VERSION}", document.version);
            return Err(ConfigError::of_file(&shown, message));
        }
        Ok(Self { entries: document.findings, ..Self::empty(path, working_directory) })
    }

    /// A baseline that knows no finding, at a place where there may be none.
    pub fn empty(path: &Path, working_directory: &Path) -> Self {
        Self {
            path: path.to_owned(),
            shown: paths::shown(path, working_directory).into_owned(),
            working_directory: working_directory.to_owned(),
            entries: Vec::new(),
        }
    }

    /// Its path for people.
    pub fn shown(&self) -> &str {
        &self.shown
    }

    /// Which findings the baseline knows.
    pub fn matching(&self, diagnostics: &[Diagnostic]) -> Matching {
        let found: Vec<Entry> = diagnostics.iter().map(|diagnostic| self.entry(diagnostic)).collect();
        let rules: Vec<Option<&Rule>> = self.entries.iter().map(Entry::rule).collect();
        let mut matching =
            Matching { known: vec![false; found.len()], count: 0, unmatched: self.entries.iter().map(|entry| entry.count).collect() };
        let code = |index: usize| rules[index].map_or("", |rule| rule.code);
        let entries = || self.entries.iter().enumerate();
        let found = || found.iter().zip(diagnostics).map(|(entry, diagnostic)| (entry, diagnostic.rule.code));
        matching.take(
            entries().map(|(index, entry)| Some((&entry.path, code(index), &entry.scope, &entry.line, &entry.after))),
            found().map(|(entry, code)| Some((&entry.path, code, &entry.scope, &entry.line, &entry.after))),
        );
        matching.take(
            entries().map(|(index, entry)| Some((&entry.path, code(index), &entry.scope, &entry.line))),
            found().map(|(entry, code)| Some((&entry.path, code, &entry.scope, &entry.line))),
        );
        let named: HashSet<&str> = self.entries.iter().map(|entry| entry.path.as_str()).collect();
        let mut gone: HashMap<&str, bool> = HashMap::new();
        let mut is_gone = |path| *gone.entry(path).or_insert_with(|| !self.exists(path));
        if matching.known.contains(&false) {
            matching.take(
                entries().map(|(index, entry)| is_gone(entry.path.as_str()).then(|| (code(index), &entry.scope, &entry.line))),
                found().map(|(entry, code)| (!named.contains(entry.path.as_str())).then_some((code, &entry.scope, &entry.line))),
            );
        }
        matching
    }

    /// The entries that match no finding and that the run would have found, for people, with how many of each.
    pub fn stale(&self, unmatched: &[u32], covered: Covered<'_>) -> Vec<String> {
        let stale = self.entries.iter().zip(unmatched).filter(|(entry, left)| **left > 0 && self.covers(entry, covered));
        let stale = stale.map(|(entry, left)| {
            let scope = if entry.scope.is_empty() { String::new() } else { format!(" in `{}`", entry.scope) };
            let times = if *left > 1 { format!(" ({left} times)") } else { String::new() };
            format!("{}: {}{scope}: {}{times}", entry.path, entry.rule, entry.line)
        });
        stale.collect()
    }

    /// Writes findings as the new baseline. Entries that the run could not have found stay.
    ///
    /// # Errors
    /// If the file cannot be written.
    pub fn rewrite(&self, diagnostics: &[Diagnostic], covered: Covered<'_>) -> anyhow::Result<()> {
        let new = diagnostics.iter().map(|diagnostic| self.entry(diagnostic));
        let kept = self.entries.iter().filter(|entry| !self.covers(entry, covered)).cloned();
        self.write(new.chain(kept).collect())
    }

    /// Takes out what matches no finding.
    ///
    /// # Errors
    /// If the file cannot be written.
    pub fn prune(&self, unmatched: &[u32], covered: Covered<'_>) -> anyhow::Result<()> {
        let kept = self.entries.iter().zip(unmatched).map(|(entry, left)| {
            let left = if self.covers(entry, covered) { *left } else { 0 };
            Entry { count: entry.count.saturating_sub(left), ..entry.clone() }
        });
        self.write(kept.filter(|entry| entry.count > 0).collect())
    }

    fn write(&self, entries: Vec<Entry>) -> anyhow::Result<()> {
        let text = text(entries);
        report::replace_file(&self.path, text.as_bytes())
    }

    /// Whether a file is there. What an archive holds is not looked at: it is taken to hold it still.
    fn exists(&self, path: &str) -> bool {
        let path = self.absolute(path);
        archives::around(&path).unwrap_or(path).exists()
    }

    fn absolute(&self, path: &str) -> PathBuf {
        paths::absolute(Path::new(path), self.folder())
    }

    fn folder(&self) -> &Path {
        self.path.parent().unwrap_or(&self.working_directory)
    }

    fn entry(&self, diagnostic: &Diagnostic) -> Entry {
        let path = paths::absolute(Path::new(diagnostic.place.file.path()), &self.working_directory);
        let Identity { scope, line, after } = Identity::of(&diagnostic.place);
        let path = paths::shown(&path, self.folder()).into_owned();
        Entry { path, rule: diagnostic.rule.name.to_owned(), scope, line, after, count: 1 }
    }

    /// Whether a run would have found what an entry stands for.
    fn covers(&self, entry: &Entry, covered: Covered<'_>) -> bool {
        let path = self.absolute(&entry.path);
        let Covered { arguments, folders } = covered;
        if !arguments.cover(&path) {
            return false;
        }
        // A rule that this program does not know reports nothing.
        let Some(rule) = entry.rule() else { return true };
        path.parent().and_then(|folder| folders.of(folder)).is_some_and(|folder| folder.settings.lint.rules.contains(rule))
    }
}

impl Entry {
    fn rule(&self) -> Option<&'static Rule> {
        match Selector::parse(&self.rule)? {
            Selector::Rule(rule) | Selector::Former(rule) => Some(rule),
            Selector::Prefix(_) => None,
        }
    }
}

impl Matching {
    /// Lets findings that are not known yet take up entries of the same key.
    fn take<K: Hash + Eq>(&mut self, entries: impl Iterator<Item = Option<K>>, found: impl Iterator<Item = Option<K>>) {
        let mut free: HashMap<K, Vec<usize>> = HashMap::new();
        for (index, key) in entries.enumerate() {
            if let Some(key) = key.filter(|_| self.unmatched[index] > 0) {
                free.entry(key).or_default().push(index);
            }
        }
        for (index, key) in found.enumerate() {
            if self.known[index] {
                continue;
            }
            let Some(entries) = key.and_then(|key| free.get(&key)) else { continue };
            if let Some(entry) = entries.iter().find(|entry| self.unmatched[**entry] > 0) {
                self.unmatched[*entry] -= 1;
                self.known[index] = true;
                self.count += 1;
            }
        }
    }
}

/// The file with these entries: sorted, those that are alike once.
fn text(mut entries: Vec<Entry>) -> String {
    entries.sort();
    entries.dedup_by(|one, kept| {
        let is_same = Entry { count: kept.count, ..one.clone() } == *kept;
        if is_same {
            kept.count += one.count;
        }
        is_same
    });
    let mut text = format!("{HEADER}version = {VERSION}\nfindings = [\n");
    let string = |text: &str| TomlStringBuilder::new(text).as_basic().to_toml_value();
    for entry in entries {
        let _ = write!(text, "  {{ path = {}, rule = {}", string(&entry.path), string(&entry.rule));
        for (key, value) in [("scope", &entry.scope), ("line", &entry.line), ("after", &entry.after)] {
            if !value.is_empty() {
                let _ = write!(text, ", {key} = {}", string(value));
            }
        }
        if entry.count > 1 {
            let _ = write!(text, ", count = {}", entry.count);
        }
        text.push_str(" },\n");
    }
    text.push_str("]\n");
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(path: &str, line: &str, after: &str) -> Entry {
        let text = str::to_owned;
        Entry { path: text(path), rule: text("site-exit"), scope: String::new(), line: text(line), after: text(after), count: 1 }
    }

    #[test]
    fn the_file_is_sorted_and_reads_back() {
        let hostile = entry("a\n\"\\\u{1b}\u{7f}é.py", "x = '''\"\"\"'", "\t");
        let text = text(vec![entry("b.py", "exit()", ""), entry("a.py", "exit()", "x"), entry("b.py", "exit()", ""), hostile.clone()]);
        let document: Document = toml::from_str(&text).expect("it is TOML");
        assert_eq!(document.findings, [hostile, entry("a.py", "exit()", "x"), Entry { count: 2, ..entry("b.py", "exit()", "") }]);
        assert_eq!(text.lines().count(), 4 + 3 + 1, "{text}");
        assert!(text.contains("  { path = \"b.py\", rule = \"site-exit\", line = \"exit()\", count = 2 },\n"), "{text}");
    }

    #[test]
    fn entries_are_taken_up_once() {
        let mut matching = Matching { known: vec![false; 4], count: 0, unmatched: vec![1, 2] };
        matching.take([Some("a"), Some("b")].into_iter(), ["b", "a", "a", "b"].map(Some).into_iter());
        assert_eq!(matching, Matching { known: vec![true, true, false, true], count: 3, unmatched: vec![0, 0] });
    }
}
