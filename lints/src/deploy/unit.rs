//! Unit files of systemd, by systemd.syntax(7) and what systemd does.
//!
//! Lines end at a line feed, a carriage return or a NUL, in any combination. A line whose first character is `#` or `;` is a comment, also between
//! the lines of a continued one; a backslash at the end (that is not itself escaped) joins the next line, and stands for a space. A line that is not
//! `[Section]` or `Key=value` is ignored, as is an assignment before the first section; a broken section header ends the reading.

use std::ops::Range;

use super::text::Text;

pub(crate) mod exec;
mod words;

/// A unit file.
#[derive(Clone, Debug, Default)]
pub(crate) struct Unit {
    /// In the order of the file; a name may come more than once.
    pub(crate) sections: Vec<Section>,
}

/// A section, from its header on.
#[derive(Clone, Debug)]
pub(crate) struct Section {
    /// Between the brackets.
    pub(crate) name: String,
    /// The place of the header, with the brackets.
    pub(crate) header: Range<usize>,
    /// Its assignments.
    pub(crate) entries: Vec<Entry>,
}

/// An assignment.
#[derive(Clone, Debug)]
pub(crate) struct Entry {
    /// Before `=`.
    pub(crate) key: String,
    /// The key's place.
    pub(crate) key_place: Range<usize>,
    /// Behind `=`, with continued lines joined, stripped; quotes and escapes are still there.
    pub(crate) value: Text,
    /// The value's place: empty, behind `=`, where there is none.
    pub(crate) value_place: Range<usize>,
}

impl Unit {
    /// Reads a unit file.
    pub(crate) fn parse(text: &str) -> Self {
        let mut unit = Self::default();
        let mut joined = Text::default();
        let mut at = if text.starts_with('\u{feff}') { 3 } else { 0 };
        while at < text.len() {
            let line = line(&text[at..]);
            let start = at;
            at += line.len() + line_end(&text[at + line.len()..]);
            if line.trim_start_matches(BLANK).starts_with(['#', ';']) {
                continue;
            }
            let end = start + line.len();
            if ends_with_escape(line) {
                joined.push(&text[start..end - 1], start);
                joined.push_decoded(" ", end - 1..at.max(end));
                continue;
            }
            joined.push(line, start);
            if !unit.line(&std::mem::take(&mut joined)) {
                return unit;
            }
        }
        unit.line(&joined);
        unit
    }

    /// Takes a whole line; false where systemd stops.
    fn line(&mut self, line: &Text) -> bool {
        let text = line.as_str();
        let stripped = strip(text, 0..text.len());
        let content = &text[stripped.clone()];
        if let Some(header) = content.strip_prefix('[') {
            let Some(name) = header.strip_suffix(']') else { return false };
            self.sections.push(Section { name: name.to_owned(), header: line.place(stripped), entries: Vec::new() });
            return true;
        }
        let (Some(section), Some(sign)) = (self.sections.last_mut(), content.find('=')) else { return true };
        let key = strip(text, stripped.start..stripped.start + sign);
        let value = strip(text, stripped.start + sign + 1..stripped.end);
        let mut value_text = Text::default();
        value_text.push_text(line, value.clone());
        let behind = line.place(stripped.start + sign..stripped.start + sign + 1).end;
        let value_place = if value.is_empty() { behind..behind } else { line.place(value) };
        section.entries.push(Entry { key: text[key.clone()].to_owned(), key_place: line.place(key), value: value_text, value_place });
        true
    }

    /// The sections of this name.
    pub(crate) fn sections(&self, name: &str) -> impl Iterator<Item = &Section> {
        self.sections.iter().filter(move |section| section.name == name)
    }

    /// The assignments to a key, in the order of the file.
    pub(crate) fn entries(&self, section: &str, key: &str) -> impl Iterator<Item = &Entry> {
        self.sections(section).flat_map(|section| section.entries.iter()).filter(move |entry| entry.key == key)
    }

    /// The assignment that counts, for a key that has one value: the last one. An empty one takes it back to the default.
    pub(crate) fn last(&self, section: &str, key: &str) -> Option<&Entry> {
        self.entries(section, key).last()
    }

    /// The assignments that count, for a key that is a list: those behind the last empty one.
    pub(crate) fn list(&self, section: &str, key: &str) -> Vec<&Entry> {
        let entries: Vec<&Entry> = self.entries(section, key).collect();
        let from = entries.iter().rposition(|entry| entry.value.as_str().is_empty()).map_or(0, |at| at + 1);
        entries[from..].to_vec()
    }
}

/// systemd's white space.
const BLANK: [char; 4] = [' ', '\t', '\n', '\r'];

/// What ends a line.
pub(crate) const LINE_ENDS: [char; 3] = ['\n', '\r', '\0'];

fn line(text: &str) -> &str {
    &text[..text.find(LINE_ENDS).unwrap_or(text.len())]
}

/// The length of the line's end: each of its characters once.
pub(crate) fn line_end(text: &str) -> usize {
    let mut seen = [false; 3];
    let is_new = |byte: u8| {
        let Some(kind) = [b'\n', b'\r', b'\0'].iter().position(|end| *end == byte) else { return false };
        !std::mem::replace(&mut seen[kind], true)
    };
    text.bytes().map(is_new).take_while(|new| *new).count()
}

/// Whether the last character is a backslash that no other one escapes.
fn ends_with_escape(line: &str) -> bool {
    line.bytes().rev().take_while(|byte| *byte == b'\\').count() % 2 == 1
}

/// A range of the text without white space around it.
fn strip(text: &str, range: Range<usize>) -> Range<usize> {
    let part = &text[range.clone()];
    let start = range.start + (part.len() - part.trim_start_matches(BLANK).len());
    start..(start + part.trim_matches(BLANK).len())
}

#[cfg(test)]
mod tests;
