//! The part of a source text that a finding shows: a few lines, cut to what fits a terminal, escaped, with the marked range
//! moved along.

use std::ops::Range;

use pyrelint_lints::Place;

use super::escape;

/// How many characters of a line are shown at most.
const WIDTH: usize = 140;
/// How many characters are shown before a mark that lies far to the right.
const LEAD: usize = 40;
/// How many lines of a long range are shown.
const LINES: u32 = 4;
/// What stands for the part of a line that is cut.
const CUT: &str = "...";

/// Lines of a source text, ready for a terminal.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Excerpt {
    /// The lines, joined by line feeds.
    pub(super) text: String,
    /// The number of the first line.
    pub(super) first_line: u32,
    /// The bytes of `text` that are marked.
    pub(super) mark: Range<usize>,
}

impl Excerpt {
    /// The lines around a place; `None` where the file has no text.
    pub(super) fn new(place: &Place) -> Option<Self> {
        let source = &*place.file;
        if source.text().is_empty() {
            return None;
        }
        let (start, end) = (place.range.start().to_usize(), place.range.end().to_usize().min(source.text().len()));
        let first_line = source.line(place.range.start());
        let last_line = source.line(place.range.end()).clamp(first_line, first_line + LINES - 1);
        let mut shown = Self { text: String::new(), first_line, mark: 0..0 };
        for number in first_line..=last_line {
            let range = source.line_range(number);
            let (from, line) = (range.start().to_usize(), source.slice(range));
            let mark = start.clamp(from, from + line.len()) - from..end.clamp(from, from + line.len()) - from;
            if number > first_line {
                shown.text.push('\n');
            }
            let mark = shown.push_line(line, mark);
            if number == first_line {
                shown.mark.start = mark.start;
            }
            shown.mark.end = mark.end;
        }
        Some(shown)
    }

    /// Appends the part of a line around a mark (bytes of the line), and returns where the mark is now.
    fn push_line(&mut self, line: &str, mark: Range<usize>) -> Range<usize> {
        let from = if line.len() <= WIDTH || line[..mark.start].chars().count() + LEAD <= WIDTH {
            0
        } else {
            line[..mark.start].char_indices().rev().nth(LEAD - 1).map_or(0, |(at, _)| at)
        };
        let to = line[from..].char_indices().nth(WIDTH).map_or(line.len(), |(at, _)| from + at);
        if from > 0 {
            self.text.push_str(CUT);
        }
        let mut moved = self.text.len()..self.text.len();
        for (at, letter) in line[from..to].char_indices() {
            if from + at == mark.start {
                moved.start = self.text.len();
            }
            if letter == '\t' {
                self.text.push_str("    ");
            } else {
                escape::push(&mut self.text, letter);
            }
            if from + at < mark.end {
                moved.end = self.text.len();
            }
        }
        if mark.start >= to {
            moved.start = self.text.len();
        }
        if to < line.len() {
            self.text.push_str(CUT);
        }
        moved.start..moved.end.max(moved.start)
    }
}

#[cfg(test)]
mod tests {
    use pyrelint_lints::source::SourceFile;
    use ruff_text_size::{TextRange, TextSize};

    use super::*;

    fn excerpt(text: &str, mark: &str) -> Excerpt {
        let start = text.find(mark).expect("the mark is in the text");
        let range = TextRange::at(TextSize::new(start as u32), TextSize::of(mark));
        Excerpt::new(&Place::new(&SourceFile::new("a.py", text), range)).expect("there is a text")
    }

    #[track_caller]
    fn check(text: &str, mark: &str, expected: &str, marked: &str) {
        let found = excerpt(text, mark);
        assert_eq!((found.text.as_str(), &found.text[found.mark.clone()]), (expected, marked));
    }

    #[test]
    fn the_mark_moves_with_what_is_escaped() {
        check("import sys\r\n\tx\u{1b}; exit(1)  # \u{202e}", "exit(1)", "    x\\x1b; exit(1)  # \\u202e", "exit(1)");
        check("a\rb\x07c\rd", "\x07", "b\\x07c", "\\x07");
        check("x = 'é🐍'", "🐍", "x = 'é🐍'", "🐍");
    }

    #[test]
    fn long_lines_are_cut_around_the_mark() {
        let text = format!("x = '{}'; exit(256); y = '{}'", "a".repeat(20_000), "é".repeat(20_000));
        let found = excerpt(&text, "exit(256)");
        assert_eq!(&found.text[found.mark.clone()], "exit(256)");
        assert!(found.text.starts_with("...aaa") && found.text.ends_with("é..."), "{}", found.text);
        assert_eq!(found.text.chars().count(), WIDTH + 2 * CUT.len());
        let all = excerpt(&text, &text);
        assert_eq!((all.mark.start, all.text.len()), (0, WIDTH + CUT.len()));
    }

    #[test]
    fn ranges_of_many_lines_are_cut() {
        let text = "f(\n1,\n2,\n3,\n4,\n5)";
        check(text, text, "f(\n1,\n2,\n3,", "f(\n1,\n2,\n3,");
        assert_eq!(Excerpt::new(&Place::of_path("a.py")), None);
    }
}
