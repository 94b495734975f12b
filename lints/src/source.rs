//! A decoded source text: encoding, lines, positions.
//!
//! Python decides how a file is decoded by a byte order mark or by an encoding declaration in one of the first two
//! lines ([PEP 263], [lexical analysis]); UTF-8 is the default. The names are those of Python's `codecs`, which differ
//! from the labels of the web: `latin-1` is ISO-8859-1 to the letter, not windows-1252.
//!
//! Invariant: the text of a [`SourceFile`] holds no byte order mark, and every offset in this crate counts bytes of it.
//!
//! [PEP 263]: https://peps.python.org/pep-0263/
//! [lexical analysis]: https://docs.python.org/3/reference/lexical_analysis.html#encoding-declarations

mod codec;

use std::borrow::Cow;
use std::fmt;
use std::sync::{Arc, OnceLock};

use ruff_source_file::LineIndex;
use ruff_text_size::{TextRange, TextSize};

/// The greatest size of a file in bytes: positions are 32-bit.
pub const MAX_FILE_SIZE: usize = (u32::MAX - 1) as usize;

/// A file whose bytes have been decoded, shared by all diagnostics that point into it.
#[derive(Debug)]
pub struct SourceFile {
    path: Box<str>,
    text: Box<str>,
    lines: OnceLock<LineIndex>,
}

/// A position as people count: lines and columns from 1, columns in Unicode scalar values.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct LineColumn {
    /// Line number, from 1. CR, LF and CRLF each end a line.
    pub line: u32,
    /// Column, from 1, in Unicode scalar values.
    pub column: u32,
}

impl SourceFile {
    /// A file by the path that diagnostics show, and its decoded text.
    pub fn new(path: impl Into<Box<str>>, text: impl Into<Box<str>>) -> Arc<Self> {
        Arc::new(Self { path: path.into(), text: text.into(), lines: OnceLock::new() })
    }

    /// The path as diagnostics show it (see `Diagnostic::place`); `/`-separated.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// The decoded text, without a byte order mark.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The text of a range; empty where the range lies outside the text.
    pub fn slice(&self, range: TextRange) -> &str {
        self.text.get(range.start().to_usize()..range.end().to_usize()).unwrap_or_default()
    }

    /// The line index, built when first asked for.
    pub fn lines(&self) -> &LineIndex {
        self.lines.get_or_init(|| LineIndex::from_source_text(&self.text))
    }

    /// The number of the line (from 1) that holds an offset.
    pub fn line(&self, offset: TextSize) -> u32 {
        self.lines().line_index(self.clamp(offset)).get() as u32
    }

    /// An offset as line and column. Offsets behind the end, or inside a character, are moved back to one that exists.
    pub fn line_column(&self, offset: TextSize) -> LineColumn {
        let offset = self.clamp(offset);
        let line = self.lines().line_index(offset);
        let start = self.lines().line_start(line, &self.text).to_usize();
        let column = self.text[start..offset.to_usize()].chars().count() + 1;
        LineColumn { line: line.get() as u32, column: column as u32 }
    }

    /// The range of a line (from 1) without its line ending; empty behind the last line.
    pub fn line_range(&self, line: u32) -> TextRange {
        let starts = self.lines().line_starts();
        let Some(start) = (line as usize).checked_sub(1).and_then(|index| starts.get(index)) else {
            return TextRange::empty(TextSize::of(&*self.text));
        };
        let end = starts.get(line as usize).map_or(self.text.len(), TextSize::to_usize);
        let text = &self.text[start.to_usize()..end];
        TextRange::at(*start, TextSize::of(text.trim_end_matches(['\n', '\r'])))
    }

    /// How many lines the text has; an empty text has one.
    pub fn line_count(&self) -> u32 {
        self.lines().line_count() as u32
    }

    fn clamp(&self, offset: TextSize) -> TextSize {
        let mut offset = offset.to_usize().min(self.text.len());
        while !self.text.is_char_boundary(offset) {
            offset -= 1;
        }
        TextSize::new(offset as u32)
    }
}

/// Why bytes could not be decoded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DecodeError {
    /// The declared encoding is none that Python knows, or one that is not covered here.
    UnknownEncoding(String),
    /// The bytes are not text in the encoding; the offset is that of the first wrong byte.
    Malformed {
        /// The encoding as it was declared, or `utf-8`.
        encoding: String,
        /// Byte offset in the file.
        offset: usize,
    },
    /// A byte order mark for UTF-8 beside a declaration of another encoding.
    Contradiction(String),
    /// The file is larger than [`MAX_FILE_SIZE`].
    TooLarge(usize),
}

impl fmt::Display for DecodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::UnknownEncoding(name) => {
                write!(f, "its encoding declaration names `{name}`, which is no text encoding that pyrelint can read")
            }
            Self::Malformed { encoding, offset } => write!(f, "it is not text in {encoding}: byte {offset} does not decode"),
            Self::Contradiction(name) => {
                write!(f, "it starts with a UTF-8 byte order mark, but its encoding declaration says `{name}`")
            }
            Self::TooLarge(size) => write!(f, "it has {size} bytes, more than {MAX_FILE_SIZE}"),
        }
    }
}

/// Decodes a Python file as the interpreter would: byte order mark, declaration, else UTF-8.
///
/// # Errors
/// See [`DecodeError`].
pub fn decode(bytes: &[u8]) -> Result<Cow<'_, str>, DecodeError> {
    if bytes.len() > MAX_FILE_SIZE {
        return Err(DecodeError::TooLarge(bytes.len()));
    }
    let (body, has_mark) = match bytes.strip_prefix(b"\xef\xbb\xbf") {
        Some(rest) => (rest, true),
        None => (bytes, false),
    };
    let Some(name) = declared_encoding(body) else {
        return codec::utf8(body, "utf-8", bytes.len() - body.len());
    };
    if has_mark {
        if !codec::is_utf8(name) {
            return Err(DecodeError::Contradiction(name.to_owned()));
        }
        return codec::utf8(body, name, 3);
    }
    codec::decode(body, name)
}

/// Encodes a text as `original` is encoded: byte order mark, declaration, else UTF-8. `None` where the text has no such form, would not be read
/// back as it is, or where `original` itself would not come out byte for byte (a codec that has several ways to write a character).
pub fn encode(original: &[u8], text: &str) -> Option<Vec<u8>> {
    let before = decode(original).ok()?;
    let write = |text: &str| match original.strip_prefix(b"\xef\xbb\xbf") {
        Some(_) => Some([b"\xef\xbb\xbf", text.as_bytes()].concat()),
        None => match declared_encoding(original) {
            Some(name) => codec::encode(text, name),
            None => Some(text.as_bytes().to_owned()),
        },
    };
    if write(&before)? != original {
        return None;
    }
    let bytes = write(text)?;
    (decode(&bytes).ok()? == text).then_some(bytes)
}

/// The bytes of a file that holds a text: encoded as the text itself declares, in UTF-8 where it declares nothing or what it declares cannot hold
/// it.
pub fn to_bytes(text: &str) -> Vec<u8> {
    let declared = declared_encoding(text.as_bytes()).filter(|name| !codec::is_utf8(name));
    declared.and_then(|name| codec::encode(text, name)).unwrap_or_else(|| text.as_bytes().to_owned())
}

/// The encoding that one of the first two lines declares (`# -*- coding: NAME -*-`, `# vim: set fileencoding=NAME :`).
/// The second line counts only where the first is blank or a comment.
fn declared_encoding(bytes: &[u8]) -> Option<&str> {
    let mut rest = bytes;
    for _ in 0..2 {
        let end = memchr::memchr2(b'\n', b'\r', rest).unwrap_or(rest.len());
        let (line, tail) = rest.split_at(end);
        let trimmed = line.trim_ascii_start();
        let trimmed = trimmed.strip_prefix(b"\x0c").unwrap_or(trimmed).trim_ascii_start();
        if let Some(comment) = trimmed.strip_prefix(b"#") {
            if let Some(name) = encoding_in_comment(comment) {
                return Some(name);
            }
        } else if !trimmed.is_empty() {
            return None;
        }
        rest = tail.strip_prefix(b"\r\n").or_else(|| tail.get(1..)).unwrap_or_default();
    }
    None
}

/// What PEP 263's expression `coding[:=][ \t]*([-\w.]+)` finds in a comment.
fn encoding_in_comment(comment: &[u8]) -> Option<&str> {
    let mut from = 0;
    while let Some(at) = memchr::memmem::find(&comment[from..], b"coding") {
        let after = from + at + "coding".len();
        if let Some(b':' | b'=') = comment.get(after) {
            let name = &comment[after + 1..];
            let blanks = name.iter().take_while(|byte| matches!(byte, b' ' | b'\t')).count();
            let name = &name[blanks..];
            let length = name.iter().take_while(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(byte)).count();
            if length > 0 {
                return std::str::from_utf8(&name[..length]).ok();
            }
        }
        from = after;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(bytes: &[u8], expected: &str) {
        assert_eq!(decode(bytes).as_deref(), Ok(expected));
    }

    #[test]
    fn encodings_by_mark_declaration_and_default() {
        check("x = 'é'".as_bytes(), "x = 'é'");
        check(b"\xef\xbb\xbfx", "x");
        check(b"# -*- coding: latin-1 -*-\n'\xe9\x80'", "# -*- coding: latin-1 -*-\n'\u{e9}\u{80}'");
        check(b"# coding: cp1252\n'\x80'", "# coding: cp1252\n'€'");
        check(b"#!/usr/bin/python\n# vim: set fileencoding=koi8-r :\n'\xf6'", "#!/usr/bin/python\n# vim: set fileencoding=koi8-r :\n'Ж'");
        check(b"# coding: cp437\n'\x82'", "# coding: cp437\n'é'");
        check(b"# coding: utf_8\n'\xc3\xa9'", "# coding: utf_8\n'é'");
    }

    #[test]
    fn texts_are_written_as_they_were_read() {
        let files: [&[u8]; 8] = [
            "x = 'é'\r\n".as_bytes(),
            b"\xef\xbb\xbfx\n",
            b"# -*- coding: latin-1 -*-\n'\xe9\x80'",
            b"# coding: cp1252\n'\x80'",
            b"# coding: koi8-r\n'\xf6'",
            b"# coding: cp437\n'\x82'",
            b"# coding: iso8859-9\n'\xfd\x85'",
            b"# coding: shift_jis\n'\x83e\x83X\x83g'",
        ];
        for bytes in files {
            let text = decode(bytes).expect("it is text") + "y\n";
            assert_eq!(encode(bytes, &text), Some([bytes, b"y\n"].concat()), "{text}");
        }
        assert_eq!(encode(b"# coding: latin-1\n", "# coding: latin-1\n'\u{20ac}'"), None);
        // A fix must not take the declaration away.
        assert_eq!(encode(b"# coding: latin-1\n'\xe9'", "'\u{e9}'"), None);
        // ISO-2022-JP can switch to ASCII twice.
        assert_eq!(encode(b"# coding: iso2022_jp\n\x1b(B\x1b(B", "# coding: iso2022_jp\nx"), None);
    }

    #[test]
    fn a_declaration_behind_code_is_none() {
        assert!(matches!(decode(b"x = 1\n# coding: latin-1\n'\xe9'"), Err(DecodeError::Malformed { offset: 25, .. })));
    }

    #[test]
    fn what_cannot_be_decoded_is_said() {
        assert_eq!(decode(b"# coding: no-such-codec\n"), Err(DecodeError::UnknownEncoding("no-such-codec".into())));
        assert_eq!(decode(b"\xef\xbb\xbf# coding: latin-1\n"), Err(DecodeError::Contradiction("latin-1".into())));
        for name in ["cp1252", "cp1255", "cp869"] {
            let text = format!("# coding: {name}\n");
            let malformed = DecodeError::Malformed { encoding: name.into(), offset: text.len() };
            assert_eq!(decode(&[text.as_bytes(), b"\x81"].concat()), Err(malformed), "{name}");
        }
        assert_eq!(decode(b"# coding: utf8-sig\n"), Err(DecodeError::UnknownEncoding("utf8-sig".into())));
        assert_eq!(decode(b"# coding: ascii\n\xe9"), Err(DecodeError::Malformed { encoding: "ascii".into(), offset: 16 }));
    }

    #[test]
    fn positions_count_lines_of_every_kind_and_characters() {
        let file = SourceFile::new("x.py", "a\r\nb\rc\n\u{1f40d}d");
        let at = |offset| {
            let LineColumn { line, column } = file.line_column(TextSize::new(offset));
            (line, column)
        };
        assert_eq!([at(0), at(3), at(5), at(7), at(11), at(999)], [(1, 1), (2, 1), (3, 1), (4, 1), (4, 2), (4, 3)]);
        assert_eq!(file.slice(file.line_range(2)), "b");
        assert_eq!(file.slice(file.line_range(99)), "");
    }
}
