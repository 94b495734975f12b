//! Text in XML: some characters cannot be in a document at all, not even as a reference.

use std::borrow::Cow;
use std::fmt::Write as _;

use quick_xml::escape::escape;

/// Whether XML 1.0 forbids a character ([production 2](https://www.w3.org/TR/xml/#charsets)).
fn is_forbidden(letter: char) -> bool {
    matches!(letter, '\0'..='\u{8}' | '\u{b}' | '\u{c}' | '\u{e}'..='\u{1f}' | '\u{fffe}' | '\u{ffff}')
}

/// A text that XML can hold: what it forbids is written as an escape sequence of Python. Markup is left to the writer.
pub(super) fn text(text: &str) -> Cow<'_, str> {
    if !text.contains(is_forbidden) {
        return Cow::Borrowed(text);
    }
    let mut legal = String::with_capacity(text.len() + 16);
    for letter in text.chars() {
        let _ = match letter {
            _ if !is_forbidden(letter) => {
                legal.push(letter);
                Ok(())
            }
            '\0'..='\u{ff}' => write!(legal, "\\x{:02x}", u32::from(letter)),
            _ => write!(legal, "\\u{:04x}", u32::from(letter)),
        };
    }
    Cow::Owned(legal)
}

/// The value of an attribute with its markup escaped. Readers make a space of what breaks a line, unless it is a reference.
pub(super) fn attribute(value: &str) -> String {
    let text = text(value);
    escape(&*text).replace('\t', "&#9;").replace('\n', "&#10;").replace('\r', "&#13;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_xml_forbids_is_escaped() {
        assert_eq!(attribute("a\"<\n\u{1b}"), "a&quot;&lt;&#10;\\x1b");
        assert_eq!(text("a\u{1b}[0m\u{0}\u{c}\u{ffff}\t\n\r<é\u{9b}"), "a\\x1b[0m\\x00\\x0c\\uffff\t\n\r<é\u{9b}");
    }
}
