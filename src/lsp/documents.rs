//! The documents that the client has open.

use std::collections::BTreeMap;
use std::path::PathBuf;

use gen_lsp_types::{TextDocumentContentChangeEvent as Change, Uri};

use super::position::{Encoding, Lines};

/// An open document.
#[derive(Clone, Debug, Default)]
pub struct Document {
    /// Its address as the client spells it.
    pub uri: String,
    /// Where it lies.
    pub path: PathBuf,
    /// Its text.
    pub text: String,
    /// The version that the client gave it.
    pub version: i32,
    /// Whether it is to be checked: Python that is nobody else's.
    pub is_checked: bool,
}

impl Document {
    /// Makes changes, one after the other.
    pub fn change(&mut self, version: i32, changes: Vec<Change>, encoding: Encoding) {
        for change in changes {
            match change {
                Change::TextDocumentContentChangePartial(part) => {
                    let bytes = Lines::new(&self.text).bytes(&self.text, part.range, encoding);
                    self.text.replace_range(bytes, &part.text);
                }
                Change::TextDocumentContentChangeWholeDocument(whole) => self.text = whole.text,
            }
        }
        self.version = version;
    }
}

/// All open documents, by their addresses.
pub type Documents = BTreeMap<String, Document>;

/// The key of a document: however the client escapes its address, it is one and the same.
pub fn key(uri: &Uri) -> String {
    uri.as_str().to_owned()
}

#[cfg(test)]
mod tests {
    use gen_lsp_types::{Position, Range, TextDocumentContentChangePartial};
    use proptest::prelude::*;
    use proptest::test_runner::{Config, RngSeed, TestRunner};

    use super::*;

    /// Letters of one to four bytes, one to two units of UTF-16, and all line ends.
    const LETTERS: &[&str] = &["a", "é", "€", "😀", "\u{200d}", "\u{feff}", " ", "\n", "\r\n", "\r", "\u{2028}", "x = 1"];

    /// The text as lines of characters, each with its end: positions are counted by walking over it.
    fn model(text: &str, position: Position, encoding: Encoding) -> usize {
        let (mut line, mut character) = (0, 0);
        let mut letters = text.char_indices().peekable();
        while let Some((at, letter)) = letters.next() {
            let is_end = matches!(letter, '\r' | '\n');
            let units = match encoding {
                Encoding::Utf8 => letter.len_utf8(),
                Encoding::Utf16 => letter.len_utf16(),
                Encoding::Utf32 => 1,
            } as u32;
            // Within a character its start counts, behind the end of a line its end.
            if line == position.line && (is_end || position.character < character + units) {
                return at;
            }
            character += units;
            if is_end {
                if letter == '\r' && letters.peek().is_some_and(|(_, next)| *next == '\n') {
                    letters.next();
                }
                (line, character) = (line + 1, 0);
            }
        }
        text.len()
    }

    fn position() -> impl Strategy<Value = Position> {
        let number = prop_oneof![20 => 0..12_u32, 1 => Just(u32::MAX), 1 => 0..2_000_u32];
        (number.clone(), number).prop_map(|(line, character)| Position { line, character })
    }

    fn text(most: usize) -> impl Strategy<Value = String> {
        prop::collection::vec(prop::sample::select(LETTERS), 0..most).prop_map(|letters| letters.concat())
    }

    #[test]
    fn after_random_edits_the_text_is_that_of_the_model() {
        let edits = prop::collection::vec((position(), position(), text(6)), 100);
        let encoding = prop::sample::select(vec![Encoding::Utf8, Encoding::Utf16, Encoding::Utf32]);
        // 10,000 edits; the seed is fixed, so that a run that fails does so again.
        let config = Config { cases: 100, failure_persistence: None, rng_seed: RngSeed::Fixed(1), ..Config::default() };
        let outcome = TestRunner::new(config).run(&(encoding, text(60), edits), |(encoding, start, edits)| {
            let mut document = Document { text: start.clone(), ..Document::default() };
            let mut expected = start;
            for (version, (from, to, text)) in (2..).zip(edits) {
                let (one, other) = (model(&expected, from, encoding), model(&expected, to, encoding));
                expected.replace_range(one.min(other)..one.max(other), &text);
                let range = Range { start: from, end: to };
                let part = TextDocumentContentChangePartial { range, text, ..TextDocumentContentChangePartial::default() };
                document.change(version, vec![part.into()], encoding);
                prop_assert_eq!(&document.text, &expected);
                prop_assert_eq!(document.version, version);
            }
            Ok(())
        });
        outcome.unwrap_or_else(|failure| panic!("{failure}"));
    }
}
