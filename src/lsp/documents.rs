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

    use super::*;

    /// A generator of numbers that are as good as random here.
    struct Numbers(u64);

    impl Numbers {
        fn below(&mut self, bound: usize) -> usize {
            self.0 ^= self.0 << 13;
            self.0 ^= self.0 >> 7;
            self.0 ^= self.0 << 17;
            usize::try_from(self.0 % bound as u64).unwrap_or_default()
        }
    }

    /// Letters of one to four bytes, one to two units of UTF-16, and all line ends.
    const LETTERS: &[&str] = &["a", "é", "€", "😀", " ", "\n", "\r\n", "\r", "x = 1"];

    /// The text as lines of characters, each with its end: the model counts by walking over it.
    fn position_of(text: &str, offset: usize, encoding: Encoding) -> Position {
        let (mut line, mut character) = (0, 0);
        let mut letters = text[..offset].chars().peekable();
        while let Some(letter) = letters.next() {
            // The two characters of one line end are one.
            if letter == '\r' && letters.peek() == Some(&'\n') {
                continue;
            }
            if letter == '\n' || letter == '\r' {
                (line, character) = (line + 1, 0);
            } else {
                character += match encoding {
                    Encoding::Utf8 => letter.len_utf8(),
                    Encoding::Utf16 => letter.len_utf16(),
                    Encoding::Utf32 => 1,
                } as u32;
            }
        }
        Position { line, character }
    }

    /// An offset between two characters, but not between the two of a line end: no position means that place.
    fn place(text: &str, numbers: &mut Numbers) -> usize {
        let mut at = numbers.below(text.len() + 1);
        while !text.is_char_boundary(at) || text[..at].ends_with('\r') && text[at..].starts_with('\n') {
            at -= 1;
        }
        at
    }

    #[test]
    fn ten_thousand_edits_give_the_text_of_the_model() {
        for encoding in [Encoding::Utf8, Encoding::Utf16, Encoding::Utf32] {
            let mut numbers = Numbers(0x9e37_79b9_7f4a_7c15);
            let mut document = Document::default();
            let mut model = String::new();
            for version in 0..10_000 {
                let (first, second) = (place(&model, &mut numbers), place(&model, &mut numbers));
                let text: String = (0..numbers.below(6)).map(|_| LETTERS[numbers.below(LETTERS.len())]).collect();
                // Long texts would make the model slow.
                let (start, end) = if model.len() > 400 { (0, first.max(second)) } else { (first.min(second), first.max(second)) };
                let (from, to) = (position_of(&model, start, encoding), position_of(&model, end, encoding));
                // Every seventh range is turned round, as some clients send them.
                let range = if version % 7 == 0 { Range { start: to, end: from } } else { Range { start: from, end: to } };
                let part = TextDocumentContentChangePartial { range, text: text.clone(), ..TextDocumentContentChangePartial::default() };
                document.change(version, vec![part.into()], encoding);
                model.replace_range(start..end, &text);
                assert_eq!(document.text, model, "{encoding:?}, edit {version}");
            }
        }
    }
}
