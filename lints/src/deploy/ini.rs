//! INI files as Python's `configparser` reads them: sections, keys with `=` or `:`, values that go on in deeper indented lines, whole-line comments
//! with `#` and `;`, and where the program says so also comments at the end of a line.

use std::ops::Range;

use super::text::Text;

/// A section.
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
    /// In lower case.
    pub(crate) key: String,
    /// The key's place.
    pub(crate) key_place: Range<usize>,
    /// The lines of the value, stripped, each with its places.
    pub(crate) lines: Vec<Text>,
}

impl Entry {
    /// The value as one text, with lines joined by `\n`.
    pub(crate) fn value(&self) -> Text {
        let mut value = Text::default();
        for (index, line) in self.lines.iter().enumerate() {
            if index > 0 {
                let end = line.whole().start;
                value.push_decoded("\n", end..end);
            }
            value.push_text(line, 0..line.as_str().len());
        }
        value
    }

    /// The place of the value.
    pub(crate) fn place(&self) -> Range<usize> {
        let mut places = self.lines.iter().filter(|line| !line.as_str().is_empty()).map(Text::whole);
        places.next().map_or(0..0, |first| places.fold(first, |all, place| all.start..place.end))
    }
}

impl Entry {
    /// From the key to the end of the value.
    pub(crate) fn whole(&self) -> Range<usize> {
        self.key_place.start..self.place().end.max(self.key_place.end)
    }
}

/// The signs that begin a comment at the end of a line, after white space.
pub(crate) type InlineComments = &'static [char];

/// Reads a text. What `configparser` refuses is left out.
pub(crate) fn parse(text: &str, inline: InlineComments) -> Vec<Section> {
    let mut sections: Vec<Section> = Vec::new();
    let mut indent = 0;
    let mut in_value = false;
    let mut at = 0;
    for line in text.split_inclusive('\n') {
        let start = at;
        at += line.len();
        let content = without_comment(line, inline).trim_end();
        let stripped = content.trim_start();
        if stripped.is_empty() {
            continue;
        }
        let place = start + (content.len() - stripped.len())..start + content.len();
        let deep = content.len() - stripped.len();
        let Some(section) = sections.last_mut().filter(|_| !is_header(stripped) || in_value && deep > indent) else {
            if let Some(name) = header(stripped) {
                let header = place.start..place.start + name.len() + 2;
                sections.push(Section { name: name.to_owned(), header, entries: Vec::new() });
                in_value = false;
            }
            continue;
        };
        if in_value && deep > indent {
            if let Some(entry) = section.entries.last_mut() {
                entry.lines.push(Text::slice(text, place));
            }
            continue;
        }
        (indent, in_value) = (deep, true);
        let sign = stripped.find(['=', ':']);
        let key = stripped[..sign.unwrap_or(stripped.len())].trim_end().to_ascii_lowercase();
        let written = stripped[..sign.unwrap_or(stripped.len())].trim_end().len();
        let mut entry = Entry { key, key_place: place.start..place.start + written, lines: Vec::new() };
        if let Some(sign) = sign {
            let value = stripped[sign + 1..].trim_start();
            entry.lines.push(Text::slice(text, place.end - value.len()..place.end));
        }
        section.entries.push(entry);
    }
    sections
}

fn is_header(line: &str) -> bool {
    header(line).is_some()
}

fn header(line: &str) -> Option<&str> {
    let (name, _) = line.strip_prefix('[')?.split_once(']')?;
    Some(name)
}

/// The line without a comment. A comment's sign stands at the start of the line, or, for inline ones, behind white space.
fn without_comment(line: &str, inline: InlineComments) -> &str {
    if line.trim_start().starts_with(['#', ';']) {
        return "";
    }
    if inline.is_empty() {
        return line;
    }
    let mut blank = false;
    let comment = line.char_indices().find(|(_, c)| {
        let starts = blank && inline.contains(c);
        blank = c.is_whitespace();
        starts
    });
    comment.map_or(line, |(at, _)| &line[..at])
}

#[cfg(test)]
mod tests {
    use super::parse;

    #[test]
    fn values() {
        let text = "# c\nno = section\n[a]\nK = v ; w\n; c\nx:\n  one\n\n  # c\n  [two]\nflag\n[b] ; c\n y = 1\n z=2\n   3\n";
        let shown = |inline| -> Vec<String> {
            let one = |section: super::Section| {
                let entries: Vec<String> =
                    section.entries.iter().map(|entry| format!("{}={:?}", entry.key, entry.value().as_str())).collect();
                format!("{}: {}", section.name, entries.join(" "))
            };
            parse(text, inline).into_iter().map(one).collect()
        };
        assert_eq!(shown(&[]), ["a: k=\"v ; w\" x=\"\\none\\n[two]\" flag=\"\"", "b: y=\"1\" z=\"2\\n3\""]);
        assert_eq!(shown(&[';'])[0], "a: k=\"v\" x=\"\\none\\n[two]\" flag=\"\"");
        let sections = parse(text, &[]);
        assert_eq!(&text[sections[0].entries[1].place()], "one\n\n  # c\n  [two]");
        assert_eq!(&text[sections[1].entries[1].place()], "2\n   3");
    }
}
