//! Places in a text: the protocol counts lines from 0 and, within a line, in the units that client and server agree on; the analysis counts bytes.
//!
//! Every function here is total: whatever numbers a client sends, the result lies in the text, at the border of a character.

use gen_lsp_types::{Position, Range};
use pyrelint_lints::Place;

/// What a `character` counts (LSP 3.17, "Position Encoding Kind").
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Encoding {
    /// Bytes of UTF-8.
    Utf8,
    /// Code units of UTF-16; what holds where a client says nothing.
    #[default]
    Utf16,
    /// Characters.
    Utf32,
}

impl Encoding {
    fn units(self, letter: char) -> usize {
        match self {
            Self::Utf8 => letter.len_utf8(),
            Self::Utf16 => letter.len_utf16(),
            Self::Utf32 => 1,
        }
    }

    /// How many units a text has.
    fn length(self, text: &str) -> u32 {
        let length: usize = match self {
            Self::Utf8 => text.len(),
            _ if text.is_ascii() => text.len(),
            _ => text.chars().map(|letter| self.units(letter)).sum(),
        };
        u32::try_from(length).unwrap_or(u32::MAX)
    }
}

/// The offsets at which the lines of a text start. Lines end with `\n`, `\r\n` or `\r`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Lines(Vec<usize>);

impl Lines {
    /// Looks for the lines of a text.
    pub fn new(text: &str) -> Self {
        let bytes = text.as_bytes();
        let ends = memchr::memchr2_iter(b'\n', b'\r', bytes).filter(|at| bytes[*at] == b'\n' || bytes.get(at + 1) != Some(&b'\n'));
        Self(std::iter::once(0).chain(ends.map(|at| at + 1)).collect())
    }

    /// The text of a line without its end.
    fn line<'a>(&self, text: &'a str, line: usize) -> &'a str {
        let Some(start) = self.0.get(line) else { return "" };
        let end = self.0.get(line + 1).copied().unwrap_or(text.len());
        text[*start..end].trim_end_matches(['\n', '\r'])
    }

    /// The byte that a position means. Behind the end of a line it is the line's end, behind the last line the text's; inside a character its start.
    pub fn offset(&self, text: &str, position: Position, encoding: Encoding) -> usize {
        let Some(start) = self.0.get(position.line as usize) else { return text.len() };
        let line = self.line(text, position.line as usize);
        let mut left = position.character as usize;
        for (at, letter) in line.char_indices() {
            let units = encoding.units(letter);
            if left < units {
                return start + at;
            }
            left -= units;
        }
        start + line.len()
    }

    /// The range of bytes of a text.
    pub fn range(&self, text: &str, bytes: std::ops::Range<usize>, encoding: Encoding) -> Range {
        let position = |offset: usize| {
            let line = self.0.partition_point(|start| *start <= offset).saturating_sub(1);
            Position { line: line as u32, character: encoding.length(text.get(self.0[line]..offset).unwrap_or_default()) }
        };
        Range { start: position(bytes.start), end: position(bytes.end) }
    }

    /// The bytes of a range; one that ends before it starts is turned round.
    pub fn bytes(&self, text: &str, range: Range, encoding: Encoding) -> std::ops::Range<usize> {
        let (start, end) = (self.offset(text, range.start, encoding), self.offset(text, range.end, encoding));
        start.min(end)..start.max(end)
    }
}

/// The range of a place.
pub fn range(place: &Place, encoding: Encoding) -> Range {
    let position = |offset| {
        let file = &place.file;
        let line = file.line(offset);
        let start = file.line_range(line).start();
        let before = &file.text()[start.to_usize()..offset.to_usize().clamp(start.to_usize(), file.text().len())];
        Position { line: line.saturating_sub(1), character: encoding.length(before) }
    };
    Range { start: position(place.range.start()), end: position(place.range.end()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(line: u32, character: u32) -> Position {
        Position { line, character }
    }

    #[test]
    fn positions_count_in_the_agreed_units() {
        let text = "a\r\né😀b\rc\n";
        let lines = Lines::new(text);
        let offset = |position, encoding| lines.offset(text, position, encoding);
        assert_eq!(offset(at(1, 6), Encoding::Utf8), 9);
        assert_eq!(offset(at(1, 3), Encoding::Utf16), 9);
        assert_eq!(offset(at(1, 2), Encoding::Utf32), 9);
        assert_eq!(offset(at(1, 2), Encoding::Utf16), 5, "in the middle of a pair of surrogates");
        assert_eq!(offset(at(1, 99), Encoding::Utf16), 10, "behind the end of the line");
        assert_eq!(offset(at(2, 0), Encoding::Utf16), 11);
        assert_eq!(offset(at(u32::MAX, u32::MAX), Encoding::Utf16), text.len());
        let inverted = Range { start: at(2, 1), end: at(0, 0) };
        assert_eq!(lines.bytes(text, inverted, Encoding::Utf16), 0..12);
    }
}
