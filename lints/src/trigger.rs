//! Which texts deserve a parse.
//!
//! A rule names the words without which no text can hold a finding of it, as conjunctions ("`noqa` and `RL1`"). All words of the
//! selected rules are searched in one pass over the raw bytes: Python's source encodings are supersets of ASCII, so that
//! nothing has to be decoded for it. Skipping a file is allowed only where it cannot change a result; a test compares runs with and
//! without this filter.

use aho_corasick::{AhoCorasick, MatchKind};

use crate::settings::Settings;

/// The greatest number of conjunctions that are told apart (bits of a set).
const MAX_WORDS: usize = 64;

/// Searches texts for the trigger words of a selection of rules. Building one is cheap enough to do once per configuration.
#[derive(Clone, Debug)]
pub struct Scanner {
    all: bool,
    /// Finds the words; a pattern's number is its bit.
    words: Option<AhoCorasick>,
    /// The conjunctions as sets of words.
    conjunctions: Vec<u64>,
}

impl Scanner {
    /// A scanner for the rules that these settings select.
    pub fn new(settings: &Settings) -> Self {
        let mut words: Vec<&'static str> = Vec::new();
        let mut conjunctions = Vec::new();
        for conjunction in settings.rules.iter().flat_map(|rule| rule.triggers.iter()) {
            let mut set = 0;
            for word in *conjunction {
                let index = words.iter().position(|other| other == word).unwrap_or_else(|| {
                    words.push(word);
                    words.len() - 1
                });
                set |= 1_u64.checked_shl(index as u32).unwrap_or(0);
            }
            if !conjunctions.contains(&set) {
                conjunctions.push(set);
            }
        }
        let searcher = AhoCorasick::builder().match_kind(MatchKind::Standard).build(&words);
        // Should the words ever be too many for a set or a searcher, nothing may be skipped.
        let all = !settings.prefilter || words.len() > MAX_WORDS || searcher.is_err();
        Self { all, words: searcher.ok().filter(|_| !words.is_empty()), conjunctions }
    }

    /// Whether a text can hold a finding of the selected rules.
    pub fn wants(&self, bytes: &[u8]) -> bool {
        if self.all {
            return true;
        }
        let Some(words) = &self.words else { return false };
        let mut seen = 0_u64;
        // One word may hide in another, so overlapping matches count.
        for found in words.find_overlapping_iter(bytes) {
            let bit = 1 << found.pattern().as_usize();
            if seen & bit == 0 {
                seen |= bit;
                if self.conjunctions.iter().any(|conjunction| seen & conjunction == *conjunction) {
                    return true;
                }
            }
        }
        false
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::{RuleSet, Selector};

    fn scanner(selection: &str) -> Scanner {
        let rules: RuleSet = Selector::parse(selection).map(Selector::rules).unwrap_or_default();
        Scanner::new(&Settings { rules, ..Settings::default() })
    }

    #[test]
    fn words_decide() {
        assert!(scanner("RL101").wants(b"class A:\n    def __del__(self): ..."));
        assert!(!scanner("RL101").wants(b"import sys\nsys.exit(256)"));
        assert!(scanner("RL301").wants(b"import sys\nsys.exit(256)"));
        assert!(!scanner("RL001").wants(b"def f(:"));
    }

    #[test]
    fn a_conjunction_wants_all_its_words() {
        assert!(!scanner("RL002").wants(b"x = 1  # noqa: E501"));
        assert!(scanner("RL002").wants(b"x = 1  # noqa: E501, RL101"));
    }
}
