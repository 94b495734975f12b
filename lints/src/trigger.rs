//! Which texts deserve a parse.
//!
//! A rule names the words without which no text can hold a finding of it, as conjunctions ("`noqa` and `RL1`"). All words of the
//! selected rules are searched in one pass over the raw bytes: Python's source encodings are supersets of ASCII, so that
//! nothing has to be decoded for it. Skipping a file is allowed only where it cannot change a result; a test compares runs with and
//! without this filter.

use aho_corasick::packed::{self, MatchKind};
use aho_corasick::{AhoCorasick, Span};

use crate::settings::Settings;

/// The greatest number of words that are told apart (bits of a set).
const MAX_WORDS: usize = 64;

/// Searches texts for the trigger words of a selection of rules. Building one is cheap enough to do once per configuration.
#[derive(Clone, Debug)]
pub struct Scanner {
    /// Whether every text is wanted.
    all: bool,
    words: Words,
    /// For each word the set of the words that a match of it shows: itself, and those that it starts with.
    shows: Vec<u64>,
    /// The conjunctions as sets of words.
    conjunctions: Vec<u64>,
}

/// The machine's fastest way to search for a few short words.
#[derive(Clone, Debug)]
enum Words {
    None,
    /// Vector instructions. Finds one match at a place.
    Packed(packed::Searcher),
    /// An automaton, where there are no such instructions.
    Automaton(AhoCorasick),
}

impl Scanner {
    /// A scanner for the rules that these settings select.
    pub fn new(settings: &Settings) -> Self {
        let triggers = || settings.rules.iter().flat_map(|rule| rule.triggers.iter());
        let mut words: Vec<&'static str> = triggers().flat_map(|conjunction| conjunction.iter().copied()).collect();
        // Of two words that start alike the longer is looked for first; its match shows the shorter, too.
        words.sort_by_key(|word| (usize::MAX - word.len(), *word));
        words.dedup();
        let bit = |index: usize| 1_u64.checked_shl(index as u32).unwrap_or(0);
        let set =
            |holds: &dyn Fn(&str) -> bool| (0..words.len()).filter(|index| holds(words[*index])).fold(0, |set, index| set | bit(index));
        let mut conjunctions: Vec<u64> = triggers().map(|conjunction| set(&|word| conjunction.contains(&word))).collect();
        conjunctions.sort_unstable();
        conjunctions.dedup();
        let shows = words.iter().map(|word| set(&|start| word.starts_with(start))).collect();
        let searcher = packed::Config::new().match_kind(MatchKind::LeftmostFirst).builder().extend(&words).build();
        let searcher = match searcher {
            _ if words.is_empty() => Words::None,
            Some(searcher) => Words::Packed(searcher),
            None => AhoCorasick::new(&words).map_or(Words::None, Words::Automaton),
        };
        // Should there be too many words for a set or a searcher, nothing may be skipped.
        let unable = words.len() > MAX_WORDS || matches!(searcher, Words::None) && !words.is_empty();
        Self { all: !settings.prefilter || unable, words: searcher, shows, conjunctions }
    }

    /// Whether a text can hold a finding of the selected rules.
    pub fn wants(&self, bytes: &[u8]) -> bool {
        let mut seen = 0_u64;
        let mut enough = |word: usize| {
            let before = seen;
            seen |= self.shows[word];
            seen != before && self.conjunctions.iter().any(|conjunction| seen & conjunction == *conjunction)
        };
        match &self.words {
            _ if self.all => true,
            Words::None => false,
            Words::Packed(searcher) => {
                // Matches may overlap, so the search goes on behind the start of each.
                let mut from = 0;
                while let Some(found) = searcher.find_in(bytes, Span { start: from, end: bytes.len() }) {
                    if enough(found.pattern().as_usize()) {
                        return true;
                    }
                    from = found.start() + 1;
                }
                false
            }
            Words::Automaton(automaton) => automaton.find_overlapping_iter(bytes).any(|found| enough(found.pattern().as_usize())),
        }
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

    #[test]
    fn matches_overlap() {
        assert!(scanner("RL3").wants(b"from sys import exit as bye"));
        assert!(scanner("RL311").wants(b"bye = os._exit\n"));
    }
}
