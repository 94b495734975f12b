//! What a finding is recognized by after the file around it has changed: not its line number, but the text of its line, what that line
//! stands in, and the line before.
//!
//! Everything here is read off the text, by indentation, not off a syntax tree: it has to work on files that do not parse, on deployment
//! files, and the same way in every version of the program. Baselines on disk and fingerprints in reports rely on it: changing what
//! [`Identity::of`] returns brings back what users have put aside.

use std::collections::HashMap;
use std::fmt::Write as _;

use pyrelint_lints::source::SourceFile;
use pyrelint_lints::{Diagnostic, Place};
use sha2::{Digest, Sha256};

/// How many characters of a line are kept; a longer one is cut, and told apart by a hash of the rest.
const LONGEST: usize = 160;

/// The endings of files with sections.
const SECTIONED: [&str; 5] = ["service", "conf", "ini", "cfg", "toml"];

/// The text around a finding.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Identity {
    /// The classes and functions that the line stands in (`Client.close`), or the section of a configuration file; empty at the top.
    pub scope: String,
    /// The line, with single spaces.
    pub line: String,
    /// The last line before it that is not blank, with single spaces.
    pub after: String,
}

impl Identity {
    /// What a place is recognized by. Empty where the file has no text.
    pub fn of(place: &Place) -> Self {
        let file = &*place.file;
        if file.text().is_empty() {
            return Self::default();
        }
        let number = file.line(place.range.start());
        let after = (1..number).rev().map(|number| line(file, number)).find(|line| !line.trim().is_empty());
        Self { scope: scope(file, number), line: normalized(line(file, number)), after: normalized(after.unwrap_or_default()) }
    }
}

fn line(file: &SourceFile, number: u32) -> &str {
    file.slice(file.line_range(number))
}

/// A line with single spaces, cut if it is long.
fn normalized(line: &str) -> String {
    let mut text = String::with_capacity(line.len().min(LONGEST + 1));
    for word in line.split_whitespace() {
        if !text.is_empty() {
            text.push(' ');
        }
        text.push_str(word);
    }
    if let Some((end, _)) = text.char_indices().nth(LONGEST) {
        let rest = hash([&text[end..]]);
        text.truncate(end);
        let _ = write!(text, "... {}", &rest[..8]);
    }
    text
}

/// What a line stands in, by the lines above that are indented less.
fn scope(file: &SourceFile, number: u32) -> String {
    let mut names = Vec::new();
    let mut limit = indentation(line(file, number));
    let ending = file.path().rsplit('.').next().unwrap_or_default();
    let has_sections = SECTIONED.contains(&ending);
    for number in (1..number).rev() {
        let text = line(file, number);
        let bare = text.trim_start();
        if has_sections && let Some(section) = bare.strip_prefix('[').and_then(|rest| rest.trim_end().strip_suffix(']')) {
            names.push(section);
            break;
        }
        // Blank lines, comments and what only closes a bracket say nothing about nesting.
        if limit == 0 || bare.is_empty() || bare.starts_with(['#', ')', ']', '}']) {
            continue;
        }
        let indentation = indentation(text);
        if indentation < limit {
            limit = indentation;
            names.extend(name(bare));
        }
    }
    names.reverse();
    names.join(".")
}

fn indentation(line: &str) -> usize {
    line.chars().take_while(|letter| letter.is_whitespace()).map(|letter| if letter == '\t' { 8 } else { 1 }).sum()
}

/// The name that a line gives to what is indented below it: a class, a function, a key of YAML.
fn name(line: &str) -> Option<&str> {
    let words = line.strip_prefix("async ").map_or(line, str::trim_start);
    let definition = words.strip_prefix("def ").or_else(|| words.strip_prefix("class ")).map(str::trim_start);
    if let Some(rest) = definition {
        let end = rest.find(|letter: char| !letter.is_alphanumeric() && letter != '_').unwrap_or(rest.len());
        return Some(&rest[..end]).filter(|name| !name.is_empty());
    }
    let key = line.trim_end().strip_suffix(':')?.trim_start_matches("- ");
    // `else:`, `try:` and `finally:` look like keys.
    let is_key = !key.is_empty() && !matches!(key, "else" | "try" | "finally" | "except") && !key.contains([' ', '(']);
    is_key.then_some(key)
}

/// A finding's fingerprints.
#[derive(Clone, Debug)]
pub struct Fingerprint {
    /// Of the text around it, within its rule and file: 16 hexadecimal digits and, behind a colon, which one of those that are alike.
    pub context: String,
    /// Of rule, file and text together, unique in a report: 64 hexadecimal digits.
    pub unique: String,
}

/// The fingerprints of findings, in their order.
pub fn fingerprints(diagnostics: &[Diagnostic]) -> Vec<Fingerprint> {
    let mut seen: HashMap<(&str, &str, String), u32> = HashMap::new();
    let mut found = Vec::with_capacity(diagnostics.len());
    for diagnostic in diagnostics {
        let Identity { scope, line, .. } = Identity::of(&diagnostic.place);
        let (code, path) = (diagnostic.rule.code, diagnostic.place.file.path());
        let context = hash([scope.as_str(), &line]);
        let nth = seen.entry((code, path, context.clone())).or_insert(0);
        *nth += 1;
        let unique = hash([code, path, &context, &nth.to_string()]);
        found.push(Fingerprint { context: format!("{}:{nth}", &context[..16]), unique });
    }
    found
}

/// SHA-256 of texts, in hexadecimal digits.
fn hash<'a>(texts: impl IntoIterator<Item = &'a str>) -> String {
    let mut hash = Sha256::new();
    for text in texts {
        hash.update(text.as_bytes());
        hash.update([0]);
    }
    hash.finalize().iter().fold(String::with_capacity(64), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

#[cfg(test)]
mod tests {
    use ruff_text_size::{TextRange, TextSize};

    use super::*;

    fn identity(path: &str, text: &str, mark: &str) -> (String, String, String) {
        let at = text.find(mark).expect("the mark is in the text");
        let place = Place::new(&SourceFile::new(path, text), TextRange::empty(TextSize::new(at as u32)));
        let Identity { scope, line, after } = Identity::of(&place);
        (scope, line, after)
    }

    #[track_caller]
    fn check(path: &str, text: &str, mark: &str, expected: [&str; 3]) {
        let (scope, line, after) = identity(path, text, mark);
        assert_eq!([scope.as_str(), &line, &after], expected);
    }

    #[test]
    fn the_scope_is_read_off_the_indentation() {
        let text =
            "class A(\n    Base,\n):\n    x = 1\n    # c\n\n    async def  f(self):\n        if x:\n            pass\n        HERE  =  1\n";
        check("a.py", text, "HERE", ["A.f", "HERE = 1", "pass"]);
        check("a.py", "def f():\n    pass\n\nif x:\n    HERE\n", "HERE", ["", "HERE", "if x:"]);
        check("a.py", "def f():\n    try:\n        HERE\n", "HERE", ["f", "HERE", "try:"]);
        check("a.service", "[Unit]\n[Service]\nExecStart=x\nHERE=1", "HERE", ["Service", "HERE=1", "ExecStart=x"]);
        check("compose.yaml", "services:\n  web:\n    HERE: x", "HERE", ["services.web", "HERE: x", "web:"]);
        check("a.py", "HERE", "HERE", ["", "HERE", ""]);
    }

    #[test]
    fn long_lines_are_told_apart() {
        let text = |end: &str| format!("HERE{}{end}", "x".repeat(3_000));
        let one = identity("a.py", &text("1"), "HERE").1;
        assert!(one.chars().count() == LONGEST + 12 && one != identity("a.py", &text("2"), "HERE").1, "{one}");
    }

    #[test]
    fn hashes_are_those_of_every_version() {
        assert_eq!(hash(["a", "b"]), "8fb20ef63ced4145fc2e983ffe597d1dcff39154c3bf21f0fa9dde6a0c50fdc9");
    }
}
