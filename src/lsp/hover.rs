//! Hovering over a rule, in a comment that silences it or in a configuration file, shows the rule's page.

use std::fs;
use std::ops::Range;
use std::path::Path;

use gen_lsp_types::{HoverParams, Position};
use pyrelint_lints::{RULES, Rule};
use serde_json::{Value, json};

use super::documents::key;
use super::position::Lines;
use super::session::Session;

/// The longest configuration file that is read for a hover.
const MAX_CONFIGURATION: u64 = 4 << 20;

impl Session {
    /// The client asks what to show at a place.
    pub(super) fn hover(&self, params: &HoverParams) -> Value {
        let uri = &params.text_document_position_params.text_document.uri;
        let path = self.addresses.path(uri);
        let Some(text) = self.documents.get(&key(uri)).map(|document| document.text.clone()).or_else(|| configuration(&path)) else {
            return Value::Null;
        };
        let encoding = self.abilities.encoding;
        let lines = Lines::new(&text);
        let position: Position = params.text_document_position_params.position;
        let at = lines.offset(&text, position, encoding);
        let found = if is_configuration(&path) { rule_in_configuration(&text, at, &path) } else { rule_in_comment(&text, at) };
        let Some((rule, word)) = found else { return Value::Null };
        let kind = if self.abilities.markdown { "markdown" } else { "plaintext" };
        json!({ "contents": { "kind": kind, "value": rule.page }, "range": lines.range(&text, word, encoding) })
    }
}

/// Whether a file of this name configures us.
fn is_configuration(path: &Path) -> bool {
    path.file_name().is_some_and(|name| name == "pyproject.toml" || name == "pyrelint.toml" || name == ".pyrelint.toml")
}

/// The text of a configuration file that is not open.
fn configuration(path: &Path) -> Option<String> {
    let is_small = fs::metadata(path).is_ok_and(|data| data.is_file() && data.len() <= MAX_CONFIGURATION);
    (is_configuration(path) && is_small).then(|| fs::read_to_string(path).ok()).flatten()
}

/// The rule whose name or code stands at a place, in a comment that silences findings.
fn rule_in_comment(text: &str, at: usize) -> Option<(&'static Rule, Range<usize>)> {
    let line = line_around(text, at);
    let comment = line.start + text[line.clone()].find('#')?;
    let words = text[comment..line.end].to_ascii_lowercase();
    if comment > at || !["pyrelint", "noqa"].iter().any(|word| words.contains(word)) {
        return None;
    }
    let word = word_around(text, at, comment..line.end);
    Some((rule_of(text.get(word.clone())?)?, word))
}

/// The rule whose name or code stands at a place of a configuration file; in `pyproject.toml` names count in our tables only.
fn rule_in_configuration(text: &str, at: usize, path: &Path) -> Option<(&'static Rule, Range<usize>)> {
    let line = line_around(text, at);
    let word = word_around(text, at, line.clone());
    let rule = rule_of(text.get(word.clone())?)?;
    let is_shared = path.file_name().is_some_and(|name| name == "pyproject.toml");
    let heading = text[..line.end].lines().rev().find_map(|line| line.trim_start().strip_prefix('['));
    let is_ours = heading.is_some_and(|heading| heading.trim_start_matches('[').trim_start().starts_with("tool.pyrelint"));
    (!is_shared || is_ours).then_some((rule, word))
}

fn line_around(text: &str, at: usize) -> Range<usize> {
    let start = text[..at].rfind(['\n', '\r']).map_or(0, |end| end + 1);
    start..text[at..].find(['\n', '\r']).map_or(text.len(), |end| at + end)
}

fn word_around(text: &str, at: usize, within: Range<usize>) -> Range<usize> {
    let is_in_word = |letter: char| letter.is_ascii_alphanumeric() || letter == '-';
    let start = text[within.start..at].rfind(|letter| !is_in_word(letter)).map_or(within.start, |found| {
        let found = within.start + found;
        found + text[found..].chars().next().map_or(0, char::len_utf8)
    });
    start..text[at..within.end].find(|letter| !is_in_word(letter)).map_or(within.end, |found| at + found)
}

/// The rule of a name or code.
pub fn rule_of(word: &str) -> Option<&'static Rule> {
    RULES.iter().copied().find(|rule| rule.code.eq_ignore_ascii_case(word) || rule.name == word || rule.former_names.contains(&word))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The code of the rule at the place that `|` marks.
    #[track_caller]
    fn code(marked: &str, file: Option<&str>) -> Option<&'static str> {
        let at = marked.find('|').expect("a marked place");
        let text = marked.replace('|', "");
        let found = match file {
            Some(name) => rule_in_configuration(&text, at, Path::new(name)),
            None => rule_in_comment(&text, at),
        };
        found.map(|(rule, _)| rule.code)
    }

    #[test]
    fn rules_in_comments_have_pages() {
        assert_eq!(code("exit()  # pyrelint: ignore[site-|exit, RL303]\n", None), Some("RL310"));
        assert_eq!(code("exit()  # é noqa: |RL310", None), Some("RL310"));
        assert_eq!(code("exit()  # NOQA: RL310|", None), Some("RL310"));
        assert_eq!(code("x = 'RL3|10'", None), None);
        assert_eq!(code("# RL3|10 is about exits", None), None);
        assert_eq!(code("|", None), None);
    }

    #[test]
    fn rules_in_configuration_files_have_pages() {
        assert_eq!(code("ignore = [\"RL3|10\"]", Some("pyrelint.toml")), Some("RL310"));
        assert_eq!(code("[rules.del-|io]\n", Some(".pyrelint.toml")), Some("RL101"));
        assert_eq!(code("[tool.pyrelint]\nignore = [\n  'é', \"site-exit|\",\n]\n", Some("pyproject.toml")), Some("RL310"));
        assert_eq!(code("[project]\ndependencies = [\"site-|exit\"]\n[tool.pyrelint]\n", Some("pyproject.toml")), None);
    }
}
