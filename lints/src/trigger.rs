//! Which texts deserve a parse.
//!
//! A rule names the words without which no text can hold a finding of it, as conjunctions ("`noqa` and `RL1`"). All words of the
//! selected rules are searched in one pass over the raw bytes: Python's source encodings are supersets of ASCII, so that
//! nothing has to be decoded for it. Skipping a file is allowed only where it cannot change a result; a test compares runs with and
//! without this filter.
//!
//! A word that starts with a letter or an underscore stands for a whole name's start: `exit(` is not found in `on_exit(`. A `*` in
//! front of it takes that back (`*FileHandler`), a `!` also keeps it from being an attribute (`!quit(`), a `!` behind it from being called. The word `PLAIN_EXIT` stands
//! for calls such as `sys.exit(1)`, whose code is a plain number from 1 to 255, or a message; they are no matches of `sys.exit(`. And `noqa` counts where a
//! code of ours stands behind it on its line, `from os import` where a function that yields a wait status may.

use aho_corasick::packed::{self, MatchKind};
use aho_corasick::{AhoCorasick, Span};

use crate::rules::RuleSet;
use crate::settings::Settings;

/// The greatest number of words that are told apart (bits of a set).
const MAX_WORDS: usize = 64;

/// Stands for `sys.exit(N)` and `SystemExit(N)` with a literal code from 1 to 255, or a message: most exit calls are such, and hardly any
/// rule has a word to say about them. No text that Python takes holds a NUL, so the word itself is never found.
pub(crate) const PLAIN_EXIT: &str = "\0exit(1)";

/// The words of which [`PLAIN_EXIT`] is the harmless form.
const EXIT_CALLS: [&str; 4] = ["sys.exit(", "ctx.exit(", "context.exit(", "SystemExit("];

/// Searches texts for the trigger words of a selection of rules. Building one is cheap enough to do once per configuration.
#[derive(Clone, Debug)]
pub struct Scanner {
    /// The rules that are selected.
    selected: RuleSet,
    /// Whether every text is wanted.
    all: bool,
    words: Vec<Word>,
    searcher: Searcher,
    /// The conjunctions of each rule, as sets of words.
    rules: Vec<(&'static crate::rules::Rule, Vec<u64>)>,
    /// All conjunctions.
    conjunctions: Vec<u64>,
}

/// A trigger word.
#[derive(Clone, Debug)]
struct Word {
    text: &'static str,
    /// Whether it must not be the end of a longer name.
    whole: bool,
    /// Whether it must not be an attribute.
    bare: bool,
    /// Whether it must not be called.
    uncalled: bool,
    /// The set of the words that a match shows: itself, and those that it starts with.
    shows: u64,
    /// What a match shows where it is a plain exit call.
    plain: Option<u64>,
}

/// The machine's fastest way to search for a few short words.
#[derive(Clone, Debug)]
enum Searcher {
    None,
    /// Vector instructions. Finds one match at a place.
    Packed(packed::Searcher),
    /// An automaton, where there are no such instructions.
    Automaton(AhoCorasick),
}

impl Scanner {
    /// A scanner for the rules that these settings select.
    pub fn new(settings: &Settings) -> Self {
        let selected = settings.rules;
        let mut names: Vec<&'static str> =
            selected.iter().flat_map(|rule| rule.triggers.iter()).flat_map(|words| words.iter().copied()).collect();
        // Of two words that start alike the longer is looked for first; its match shows the shorter, too.
        names.sort_by_key(|name| (usize::MAX - text(name).len(), *name));
        names.dedup();
        let bit = |index: usize| 1_u64.checked_shl(index as u32).unwrap_or(0);
        let set =
            |holds: &dyn Fn(&str) -> bool| (0..names.len()).filter(|index| holds(names[*index])).fold(0, |set, index| set | bit(index));
        let plain = set(&|name| name == PLAIN_EXIT);
        let words: Vec<Word> = names
            .iter()
            .map(|name| Word {
                text: text(name),
                whole: !name.starts_with('*') && text(name).starts_with(|first: char| first.is_ascii_alphanumeric() || first == '_'),
                bare: name.starts_with('!'),
                uncalled: name.ends_with('!'),
                shows: set(&|other| {
                    let rest = text(name).strip_prefix(text(other));
                    other != PLAIN_EXIT && rest.is_some_and(|rest| !(other.ends_with('!') && rest.starts_with('(')))
                }),
                plain: EXIT_CALLS.contains(name).then_some(plain),
            })
            .collect();
        let rules: Vec<_> = selected
            .iter()
            .map(|rule| (rule, rule.triggers.iter().map(|conjunction| set(&|word| conjunction.contains(&word))).collect::<Vec<_>>()))
            .collect();
        let mut conjunctions: Vec<u64> = rules.iter().flat_map(|(_, conjunctions)| conjunctions.iter().copied()).collect();
        conjunctions.sort_unstable();
        conjunctions.dedup();
        let searcher = Searcher::new(&words);
        // Should there be too many words for a set or a searcher, nothing may be skipped.
        let unable = words.len() > MAX_WORDS || matches!(searcher, Searcher::None) && !words.is_empty();
        Self { selected, all: !settings.prefilter || unable, words, searcher, rules, conjunctions }
    }

    /// Whether a text can hold a finding of the selected rules.
    pub fn wants(&self, bytes: &[u8]) -> bool {
        self.all || self.search(bytes, |seen| self.conjunctions.iter().any(|conjunction| seen & conjunction == *conjunction)).1
    }

    /// The selected rules that can say anything about a text (and those about the run itself).
    pub(crate) fn rules(&self, bytes: &[u8]) -> RuleSet {
        if self.all {
            return self.selected;
        }
        let seen = self.search(bytes, |_| false).0;
        let can = |(rule, conjunctions): &&(&crate::rules::Rule, Vec<u64>)| {
            rule.triggers.is_empty() || conjunctions.iter().any(|conjunction| seen & conjunction == *conjunction)
        };
        self.rules.iter().filter(can).map(|(rule, _)| *rule).collect()
    }

    /// Searches until `enough` says so of the words seen; returns these, and whether it did.
    fn search(&self, bytes: &[u8], enough: impl Fn(u64) -> bool) -> (u64, bool) {
        let mut seen = 0_u64;
        let mut add = |word: usize, start: usize| {
            let before = seen;
            seen |= self.words[word].found(bytes, start);
            seen != before && enough(seen)
        };
        let done = match &self.searcher {
            Searcher::None => false,
            Searcher::Packed(searcher) => {
                // Matches may overlap, so the search goes on behind the start of each.
                let mut from = 0;
                loop {
                    let Some(found) = searcher.find_in(bytes, Span { start: from, end: bytes.len() }) else { break false };
                    if add(found.pattern().as_usize(), found.start()) {
                        break true;
                    }
                    from = found.start() + 1;
                }
            }
            Searcher::Automaton(automaton) => {
                automaton.find_overlapping_iter(bytes).any(|found| add(found.pattern().as_usize(), found.start()))
            }
        };
        (seen, done)
    }
}

impl Searcher {
    fn new(words: &[Word]) -> Self {
        let texts = || words.iter().map(|word| word.text);
        if words.is_empty() {
            return Self::None;
        }
        match packed::Config::new().match_kind(MatchKind::LeftmostFirst).builder().extend(texts()).build() {
            Some(searcher) => Self::Packed(searcher),
            None => AhoCorasick::new(texts()).map_or(Self::None, Self::Automaton),
        }
    }
}

impl Word {
    /// What a match at a place shows.
    fn found(&self, bytes: &[u8], start: usize) -> u64 {
        let before = start.checked_sub(1).map_or(b'\n', |at| bytes[at]);
        let in_name = before.is_ascii_alphanumeric() || before == b'_' || before >= 0x80;
        let behind = &bytes[start + self.text.len()..];
        // A definition of that name is no use of it.
        let defined = self.whole && self.text.ends_with('(') && bytes[..start].ends_with(b"def ");
        if self.whole && in_name || defined || self.bare && before == b'.' || self.uncalled && behind.first() == Some(&b'(') {
            return 0;
        }
        let line = || &behind[..memchr::memchr2(b'\n', b'\r', behind).unwrap_or(behind.len())];
        let idle = match self.text {
            "noqa" | "NOQA" | "NoQA" => !names_a_code(line()),
            "from os import" => !names_a_wait(line()),
            _ => false,
        };
        if idle {
            return 0;
        }
        match self.plain {
            Some(plain) if is_plain(behind) => plain,
            _ => self.shows,
        }
    }
}

/// The text of a word without its marks.
fn text(name: &str) -> &str {
    name.trim_start_matches(['*', '!']).trim_end_matches('!')
}

/// Whether the rest of an import may name a function that yields a wait status; one in parentheses goes on behind the line.
fn names_a_wait(line: &[u8]) -> bool {
    let names = [&b"system"[..], b"popen", b"wait", b"(", b"\\", b"*"];
    names.iter().any(|name| memchr::memmem::find(line, name).is_some())
}

/// Whether the rest of a line holds `RL` and a digit.
fn names_a_code(line: &[u8]) -> bool {
    line.windows(3).any(|window| window.starts_with(b"RL") && window[2].is_ascii_digit())
}

/// Whether a call's arguments are a plain number from 1 to 255, or start with the text of a message.
fn is_plain(arguments: &[u8]) -> bool {
    let message = arguments.strip_prefix(b"f").unwrap_or(arguments);
    if let [b'"' | b'\'', first, ..] = message {
        // Behind the message may stand another code: `"..." if failed else 256`; also on the next line.
        let line = &message[..memchr::memchr2(b'\n', b'\r', message).unwrap_or(message.len())];
        let others = [&b" if "[..], b" or ", b" and "];
        return first.is_ascii_alphabetic()
            && line.contains(&b')')
            && !others.iter().any(|other| memchr::memmem::find(line, other).is_some());
    }
    let digits = arguments.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let number = std::str::from_utf8(&arguments[..digits]).ok().and_then(|digits| digits.parse::<u16>().ok());
    arguments.get(digits) == Some(&b')') && number.is_some_and(|number| (1..=255).contains(&number))
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
        assert!(!scanner("RL3").wants(b"self.on_exit(0)"));
        assert!(!scanner("RL310").wants(b"browser.quit()"));
        assert!(!scanner("RL310").wants(b"def quit(self): pass"));
        assert!(!scanner("RL302").wants(b"from os import path"));
        assert!(scanner("RL302").wants(b"from os import system as run"));
        assert!(scanner("RL206").wants(b"RotatingFileHandler('x')"));
    }

    #[test]
    fn plain_exit_calls_matter_only_beside_finally() {
        assert!(!scanner("RL3").wants(b"import sys\nsys.exit(1)\nraise SystemExit(2)"));
        assert!(scanner("RL3").wants(b"try: pass\nfinally: sys.exit(1)"));
        assert!(scanner("RL3").wants(b"sys.exit(0)") && scanner("RL3").wants(b"sys.exit(256)"));
        assert!(scanner("RL310").wants(b"exit(1)"));
        assert!(!scanner("ALL").rules(b"sys.exit(0)").contains(&crate::rules::finalizers::del_io::META));
        assert!(scanner("RL304").wants(b"raise SystemExit # bye"));
        assert!(!scanner("RL301").wants(b"sys.exit('failed')") && scanner("RL301").wants(b"sys.exit('failed' if it else 256)"));
        assert!(scanner("RL301").wants(b"leave = sys.exit  # bye") && scanner("RL310").wants(b"leave = quit\n"));
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
