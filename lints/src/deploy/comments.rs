//! The comments of files that are no Python, and which lines belong together there: what suppressions need to know.

use std::sync::Arc;

use ruff_text_size::{TextRange, TextSize};

use super::Format;
use crate::source::SourceFile;
use crate::suppress::Commented;

/// The lines of a file.
#[derive(Debug)]
pub(crate) struct Layout {
    file: Arc<SourceFile>,
    format: Format,
    comments: Vec<TextRange>,
    /// The first and the last line of each statement that has several, in order.
    continued: Vec<(u32, u32)>,
    first: Option<TextSize>,
}

impl Layout {
    /// Reads a file. What stands in a comment is not judged: a `#` in a string of a shell may be taken for one, which matters only
    /// where a suppression follows it.
    pub(crate) fn read(file: &Arc<SourceFile>, format: Format) -> Self {
        let mut layout = Self { file: Arc::clone(file), format, comments: Vec::new(), continued: Vec::new(), first: None };
        let mut start = None;
        for line in 1..=file.line_count() {
            let range = file.line_range(line);
            let text = file.slice(range);
            let comment = layout.comment_in(text);
            layout.comments.extend(comment.map(|at| TextRange::new(range.start() + TextSize::new(at as u32), range.end())));
            if layout.is_blank(text) {
                continue;
            }
            layout.first.get_or_insert(range.start());
            let goes_on = text.trim_end().bytes().rev().take_while(|byte| *byte == b'\\').count() % 2 == 1;
            match (start, goes_on) {
                (None, true) => start = Some(line),
                (Some(first), false) => {
                    layout.continued.push((first, line));
                    start = None;
                }
                _ => {}
            }
        }
        layout.continued.extend(start.map(|first| (first, file.line_count())));
        layout
    }

    /// Where a comment starts in a line.
    fn comment_in(&self, text: &str) -> Option<usize> {
        let content = text.trim_start();
        if content.starts_with(self.signs()) {
            return Some(text.len() - content.len());
        }
        // A value of a unit ends at the end of its line.
        if self.format == Format::SystemdUnit {
            return None;
        }
        text.match_indices('#').map(|(at, _)| at).find(|at| text[..*at].ends_with(char::is_whitespace))
    }
}

impl Commented for Layout {
    fn file(&self) -> &Arc<SourceFile> {
        &self.file
    }

    fn comments(&self) -> &[TextRange] {
        &self.comments
    }

    fn signs(&self) -> &'static [char] {
        match self.format {
            Format::SystemdUnit | Format::Supervisord | Format::Tox => &['#', ';'],
            _ => &['#'],
        }
    }

    fn extent(&self, line: u32) -> (u32, u32) {
        let at = self.continued.partition_point(|(_, last)| *last < line);
        self.continued.get(at).copied().filter(|(first, _)| *first <= line).unwrap_or((line, line))
    }

    fn first_statement(&self) -> Option<TextSize> {
        self.first
    }
}
