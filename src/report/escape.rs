//! Text from analyzed files, their names and configurations never reaches a terminal raw: what could steer it is written as an
//! escape sequence of Python.

use std::borrow::Cow;
use std::fmt::Write as _;

/// Whether a character could steer a terminal or turn the direction of the text around it.
pub(super) fn steers(letter: char) -> bool {
    letter.is_control()
        || matches!(letter, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
}

/// A text that stays on its line.
pub fn line(text: &str) -> Cow<'_, str> {
    if text.is_ascii() && !text.bytes().any(|byte| byte.is_ascii_control()) || !text.contains(steers) {
        return Cow::Borrowed(text);
    }
    let mut escaped = String::with_capacity(text.len() + 16);
    text.chars().for_each(|letter| push(&mut escaped, letter));
    Cow::Owned(escaped)
}

/// A text whose line ends stay.
pub fn lines(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for letter in text.chars() {
        if letter == '\n' { escaped.push('\n') } else { push(&mut escaped, letter) }
    }
    escaped
}

/// Appends a character, escaped if it has to be.
pub(super) fn push(text: &mut String, letter: char) {
    let _ = match letter {
        '\n' => write!(text, "\\n"),
        '\r' => write!(text, "\\r"),
        '\t' => write!(text, "\\t"),
        _ if !steers(letter) => {
            text.push(letter);
            Ok(())
        }
        '\0'..='\u{ff}' => write!(text, "\\x{:02x}", u32::from(letter)),
        _ => write!(text, "\\u{:04x}", u32::from(letter)),
    };
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_steers_is_escaped() {
        assert_eq!(line("a\x1b[31m\u{7}\n\u{9b}\u{7f}\u{202e}\u{2066}é🐍"), "a\\x1b[31m\\x07\\n\\x9b\\x7f\\u202e\\u2066é🐍");
        assert_eq!(lines("a\nb\tc"), "a\nb\\tc");
        assert!(matches!(line("plain é"), Cow::Borrowed(_)));
    }
}
