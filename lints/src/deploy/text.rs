//! Texts that are put together from pieces of a file (continued lines joined, quotes taken away, escapes decoded) and still know the place
//! of every byte.

use std::ops::Range;

use ruff_text_size::{TextRange, TextSize};

/// Stands in a [`Text`] for a part whose value is not known here: a variable, a specifier of systemd, a template's expression. One such
/// character or several in a row mean the same: any text, also none.
///
/// It is DEL: one byte long, so that it replaces without moving places, and nothing that a command line could mean.
pub(crate) const UNKNOWN: char = '\u{7f}';

/// A text whose bytes know their places in the file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Text {
    text: String,
    /// In the order of `at`; the first one's is 0.
    runs: Vec<Run>,
}

/// From `at` on (up to the next run) the text stands for the file's bytes from `source` on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Run {
    at: usize,
    source: usize,
    /// The length in the file, where it is not that of the text: then the whole run has one place.
    decoded: Option<usize>,
}

impl Text {
    /// A part of a file as it stands there.
    pub(crate) fn slice(file: &str, range: Range<usize>) -> Self {
        let mut text = Self::default();
        text.push(file.get(range.clone()).unwrap_or_default(), range.start);
        text
    }

    /// A text that has one place as a whole.
    pub(crate) fn at(text: &str, place: Range<usize>) -> Self {
        let mut result = Self::default();
        result.push_decoded(text, place);
        result
    }

    /// The text.
    pub(crate) fn as_str(&self) -> &str {
        &self.text
    }

    /// Whether all of it is known.
    pub(crate) fn is_known(&self) -> bool {
        !self.text.contains(UNKNOWN)
    }

    /// Whether nothing of it is known, so that it may be no word at all, or many.
    pub(crate) fn is_unknown(&self) -> bool {
        !self.text.is_empty() && self.text.chars().all(|c| c == UNKNOWN)
    }

    /// Appends what stands in the file at `source`, as it is.
    pub(crate) fn push(&mut self, part: &str, source: usize) {
        if part.is_empty() {
            return;
        }
        let at = self.text.len();
        let goes_on = self.runs.last().is_some_and(|run| run.decoded.is_none() && run.source + (at - run.at) == source);
        if !goes_on {
            self.runs.push(Run { at, source, decoded: None });
        }
        self.text.push_str(part);
    }

    /// Appends a text that the file's bytes in `place` stand for.
    pub(crate) fn push_decoded(&mut self, part: &str, place: Range<usize>) {
        if part.is_empty() {
            return;
        }
        if part.len() == place.len() {
            return self.push(part, place.start);
        }
        self.runs.push(Run { at: self.text.len(), source: place.start, decoded: Some(place.len()) });
        self.text.push_str(part);
    }

    /// Appends a part of another text with its places.
    pub(crate) fn push_text(&mut self, other: &Self, range: Range<usize>) {
        let mut at = range.start;
        let first = other.runs.partition_point(|run| run.at <= at).saturating_sub(1);
        for (index, run) in other.runs.iter().enumerate().skip(first) {
            let end = other.runs.get(index + 1).map_or(other.text.len(), |next| next.at).min(range.end);
            if at >= range.end {
                break;
            }
            let Some(part) = other.text.get(at..end) else { break };
            match run.decoded {
                None => self.push(part, run.source + (at - run.at)),
                Some(length) => self.push_decoded(part, run.source..run.source + length),
            }
            at = end;
        }
    }

    /// The place in the file of a part of this text.
    pub(crate) fn place(&self, range: Range<usize>) -> Range<usize> {
        let start = self.run(range.start).map_or(0, |run| run.source + if run.decoded.is_some() { 0 } else { range.start - run.at });
        if range.is_empty() {
            return start..start;
        }
        let last = range.end - 1;
        let end = self.run(last).map_or(0, |run| run.source + run.decoded.unwrap_or(last - run.at + 1));
        start..end.max(start)
    }

    /// The place of the whole text.
    pub(crate) fn whole(&self) -> Range<usize> {
        self.place(0..self.text.len())
    }

    fn run(&self, at: usize) -> Option<&Run> {
        self.runs.get(self.runs.partition_point(|run| run.at <= at).checked_sub(1)?)
    }
}

/// A range of the file as positions.
pub(crate) fn text_range(range: &Range<usize>) -> TextRange {
    let size = |at: usize| TextSize::new(u32::try_from(at).unwrap_or(u32::MAX));
    TextRange::new(size(range.start), size(range.end.max(range.start)))
}

/// A value as messages show it: what is not known is an ellipsis, however long it is, and so is what is more than a message bears.
pub(crate) fn readable(value: &str) -> String {
    const LONGEST: usize = 80;
    let mut shown = String::new();
    for (count, letter) in value.chars().enumerate() {
        let letter = if letter == UNKNOWN || count == LONGEST { '…' } else { letter };
        if letter != '…' || !shown.ends_with('…') {
            shown.push(letter);
        }
        if count == LONGEST {
            break;
        }
    }
    shown
}

/// Takes the expressions of a template out of a text without moving anything: what `{{ ... }}` and `@NAME@` stand for is [`UNKNOWN`],
/// statements and comments (`{% ... %}`, `{# ... #}`) are blank.
pub(crate) fn without_template(text: &str) -> String {
    let mut bytes = text.as_bytes().to_vec();
    let mut at = 0;
    while let Some(&byte) = bytes.get(at) {
        let (close, fill): (&[u8], u8) = match (byte, bytes.get(at + 1)) {
            (b'{', Some(b'{')) => (b"}}", UNKNOWN as u8),
            (b'{', Some(b'%')) => (b"%}", b' '),
            (b'{', Some(b'#')) => (b"#}", b' '),
            (b'@', _) => match placeholder(&text[at + 1..]) {
                Some(length) => {
                    bytes[at..at + length + 2].fill(UNKNOWN as u8);
                    at += length + 2;
                    continue;
                }
                None => (b"", 0),
            },
            _ => (b"", 0),
        };
        let end = if close.is_empty() { None } else { memchr::memmem::find(&bytes[at + 2..], close) };
        let Some(end) = end.map(|end| at + 2 + end + 2) else {
            // Without its end none of this kind has one: do not look for it again and again.
            at += if close.is_empty() { 1 } else { 2 };
            if !close.is_empty() {
                break;
            }
            continue;
        };
        // A line that holds nothing else is a statement of Helm's templates.
        let fill = if fill == UNKNOWN as u8 && is_alone(text, at..end) { b' ' } else { fill };
        for byte in &mut bytes[at..end] {
            if !matches!(byte, b'\n' | b'\r') {
                *byte = fill;
            }
        }
        at = end;
    }
    String::from_utf8(bytes).unwrap_or_else(|_| text.to_owned())
}

/// Whether nothing but white space stands beside this range on its lines.
fn is_alone(text: &str, range: Range<usize>) -> bool {
    let before = text.as_bytes()[..range.start].iter().rev().take_while(|byte| **byte != b'\n');
    let after = text.as_bytes()[range.end..].iter().take_while(|byte| **byte != b'\n');
    before.take(MAX_INDENT).chain(after.take(MAX_INDENT)).all(u8::is_ascii_whitespace)
}

/// How far is looked for the ends of a line.
const MAX_INDENT: usize = 200;

/// The length of NAME in `NAME@`.
fn placeholder(text: &str) -> Option<usize> {
    let length = text.bytes().take_while(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.')).count();
    let first = text.bytes().next()?;
    (length > 0 && first.is_ascii_alphabetic() && text.as_bytes().get(length) == Some(&b'@')).then_some(length)
}

#[cfg(test)]
mod tests {
    use super::{Text, without_template};

    #[test]
    fn places_survive_joining_and_decoding() {
        let file = "ab \\\n  c\\x41d";
        let mut text = Text::slice(file, 0..3);
        text.push_decoded(" ", 3..5);
        text.push(&file[7..8], 7);
        text.push_decoded("A", 8..12);
        text.push("d", 12);
        assert_eq!(text.as_str(), "ab  cAd");
        assert_eq!(text.place(0..2), 0..2);
        assert_eq!(text.place(2..5), 2..8);
        assert_eq!(text.place(5..6), 8..12);
        assert_eq!(text.place(6..7), 12..13);
        let mut part = Text::default();
        part.push_text(&text, 1..6);
        assert_eq!((part.as_str(), part.place(0..1), part.place(4..5)), ("b  cA", 1..2, 8..12));
    }

    #[test]
    fn templates_are_taken_out_in_place() {
        let shown = |text: &str| without_template(text).replace('\u{7f}', "?");
        assert_eq!(shown("a {{ b }}/c {# x #}@PY@ d@e f@g.h"), "a ???????/c        ???? d@e f@g.h");
        assert_eq!(shown("{% if a %}\nx{{ é\n}}"), "          \nx?????\n??");
        assert_eq!(shown("a:\n  {{- if x }}\n  b: {{ c }}\n"), "a:\n             \n  b: ???????\n");
        assert_eq!(shown("{{ a"), "{{ a");
    }
}
