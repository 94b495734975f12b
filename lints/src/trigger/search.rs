//! Searching a text for many words at once.
//!
//! The vector searcher is fast for few and short patterns, and refuses more than 64. So it is given a few
//! fragments of four bytes, each of which several words have in common (`exit` stands in `sys.exit(` and in `os._exit(`), chosen
//! greedily: of the fragments of the words that are left, the one that covers most of them, then the one that Python code holds
//! least. The words behind a fragment are compared where it is found.

use aho_corasick::packed::{self, MatchKind};
use aho_corasick::{AhoCorasick, Span};
use rustc_hash::FxHashMap;

/// The length of a fragment; shorter words are their own.
const LENGTH: usize = 4;

/// Searches for words with a value each.
#[derive(Clone, Debug)]
pub(super) struct Searcher<T> {
    machine: Machine,
    /// By fragment: the words that hold it.
    anchored: Vec<Vec<Anchored<T>>>,
}

/// A word by the place of its fragment.
#[derive(Clone, Debug)]
struct Anchored<T> {
    text: &'static str,
    /// Where in the word the fragment starts.
    offset: usize,
    value: T,
}

/// The machine's fastest way to search for a few short patterns.
#[derive(Clone, Debug)]
enum Machine {
    None,
    /// Vector instructions.
    Packed(packed::Searcher),
    /// An automaton, where there are no such instructions.
    Automaton(AhoCorasick),
}

impl<T> Default for Searcher<T> {
    fn default() -> Self {
        Self { machine: Machine::None, anchored: Vec::new() }
    }
}

impl<T: Copy> Searcher<T> {
    /// A searcher for words; `None` where none can be built.
    pub(super) fn new(words: impl Iterator<Item = (&'static str, T)>) -> Option<Self> {
        let words: Vec<(&'static str, T)> = words.collect();
        let mut candidates = Candidates::new(words.iter().map(|(text, _)| *text));
        let (mut fragments, mut anchored) = (Vec::new(), Vec::new());
        while let Some((fragment, covered)) = candidates.take() {
            let holding = covered.into_iter().filter_map(|index| {
                let (text, value) = words[index];
                position(text.as_bytes(), fragment).map(|offset| Anchored { text, offset, value })
            });
            anchored.push(holding.collect());
            fragments.push(fragment);
        }
        Some(Self { machine: Machine::new(&fragments)?, anchored })
    }

    /// Calls `found` with each word and the start of each of its occurrences until it says that this is enough; returns whether it did.
    pub(super) fn search(&self, bytes: &[u8], mut found: impl FnMut(T, usize) -> bool) -> bool {
        let mut at_fragment = |fragment: usize, at: usize| {
            self.anchored[fragment].iter().any(|word| {
                let Some(start) = at.checked_sub(word.offset) else { return false };
                bytes[start..].starts_with(word.text.as_bytes()) && found(word.value, start)
            })
        };
        match &self.machine {
            Machine::None => false,
            Machine::Packed(searcher) => {
                // Fragments may overlap, so the search goes on behind the start of each.
                let mut from = 0;
                while let Some(found) = searcher.find_in(bytes, Span { start: from, end: bytes.len() }) {
                    if at_fragment(found.pattern().as_usize(), found.start()) {
                        return true;
                    }
                    from = found.start() + 1;
                }
                false
            }
            Machine::Automaton(automaton) => {
                automaton.find_overlapping_iter(bytes).any(|found| at_fragment(found.pattern().as_usize(), found.start()))
            }
        }
    }
}

impl Machine {
    fn new(fragments: &[&[u8]]) -> Option<Self> {
        if fragments.is_empty() {
            return Some(Self::None);
        }
        let packed = packed::Config::new().match_kind(MatchKind::LeftmostFirst).builder().extend(fragments).build();
        packed.map(Self::Packed).or_else(|| AhoCorasick::new(fragments).ok().map(Self::Automaton))
    }
}

fn position(text: &[u8], fragment: &[u8]) -> Option<usize> {
    memchr::memmem::find(text, fragment)
}

/// The fragments of a word: all of their length, or the word itself where it is shorter.
fn fragments_of(text: &'static str) -> impl Iterator<Item = &'static [u8]> {
    text.as_bytes().windows(LENGTH.min(text.len()))
}

/// The fragments of all words. This runs at every start of the program, so that what is known of a fragment is told once.
struct Candidates {
    all: Vec<Candidate>,
    /// By word: the places of its fragments, each once.
    of_word: Vec<Vec<usize>>,
    is_covered: Vec<bool>,
}

struct Candidate {
    fragment: &'static [u8],
    /// The words that hold it.
    words: Vec<usize>,
    /// How many of these no fragment was taken for yet.
    left: usize,
    /// How many words it covers does not matter where it comes with every other line.
    is_common: bool,
    rarity: usize,
}

impl Candidates {
    fn new(words: impl Iterator<Item = &'static str>) -> Self {
        let (mut all, mut of_word) = (Vec::<Candidate>::new(), Vec::new());
        let mut places: FxHashMap<&'static [u8], usize> = FxHashMap::default();
        for (index, text) in words.enumerate() {
            let mut own = Vec::new();
            for fragment in fragments_of(text) {
                let place = *places.entry(fragment).or_insert_with(|| {
                    let (is_common, rarity) = (is_common(fragment), rarity(fragment));
                    all.push(Candidate { fragment, words: Vec::new(), left: 0, is_common, rarity });
                    all.len() - 1
                });
                if all[place].words.last() != Some(&index) {
                    all[place].words.push(index);
                    all[place].left += 1;
                    own.push(place);
                }
            }
            of_word.push(own);
        }
        let is_covered = vec![false; of_word.len()];
        Self { all, of_word, is_covered }
    }

    /// The fragment to search for next, with the words that are searched for by it.
    fn take(&mut self) -> Option<(&'static [u8], Vec<usize>)> {
        let left = self.all.iter().filter(|one| one.left > 0);
        let best = left.max_by_key(|one| (!one.is_common, one.left, one.rarity))?;
        let fragment = best.fragment;
        let covered: Vec<usize> = best.words.iter().copied().filter(|word| !self.is_covered[*word]).collect();
        for word in &covered {
            self.is_covered[*word] = true;
            self.of_word[*word].iter().for_each(|place| self.all[*place].left -= 1);
        }
        Some((fragment, covered))
    }
}

/// Text whose fragments are too common to search for.
const COMMON: &str = "\n    from x import x as x(self.x, x) -> None: return x = x.x if not x is None else raise x for x in x:\n    def class \n        \
                      os.path sys. import os import sys finally: except await async function exception serialize normalize config build \
                      execute group command Time error( debug( ";

fn is_common(fragment: &[u8]) -> bool {
    fragment.len() < LENGTH || position(COMMON.as_bytes(), fragment).is_some()
}

/// How rare the bytes of a fragment are in Python code, roughly.
fn rarity(fragment: &[u8]) -> usize {
    const BY_FREQUENCY: &[u8] = b" etsranoilfdcpum_.(h)";
    fragment.iter().map(|byte| BY_FREQUENCY.iter().position(|common| common == byte).unwrap_or(BY_FREQUENCY.len())).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_occurrence_of_every_word_is_found() {
        let words = ["exit(", "sys.exit(", "Exit", "ab", "finally", "xit(", "noqa"];
        let searcher = Searcher::new(words.iter().map(|word| (*word, *word))).expect("a searcher");
        let text = "sys.exit(1) abab SystemExit(2) # noqa finally xit(";
        let mut found = Vec::new();
        searcher.search(text.as_bytes(), |word, start| {
            found.push((start, word));
            false
        });
        found.sort_unstable();
        let mut expected: Vec<(usize, &str)> = words.iter().flat_map(|word| text.match_indices(word)).collect();
        expected.sort_unstable();
        assert_eq!(found, expected);
    }

    #[test]
    fn words_share_their_fragments() {
        let words = ["sys.exit(", "os._exit(", "ctx.exit(", "exit ("];
        let searcher = Searcher::new(words.iter().map(|word| (*word, ()))).expect("a searcher");
        assert_eq!(searcher.anchored.len(), 1);
    }
}
