//! The words of a value, with systemd's quotes and escapes (systemd.service(5), "Command lines"; systemd.syntax(7), "Quoting").

use std::ops::Range;

use super::BLANK;
use crate::deploy::shell::Word;
use crate::deploy::text::Text;

/// Splits a value into words. None where a quote is not closed: systemd ignores the whole assignment then.
pub(super) fn split(value: &Text) -> Option<Vec<Word>> {
    let mut words = Vec::new();
    let mut at = 0;
    while let Some(word) = next(value, &mut at).ok()? {
        words.push(word);
    }
    Some(words)
}

/// A quote is not closed.
pub(super) struct Unbalanced;

/// The next word from `at` on, if there is one; moves `at` to the word behind it.
pub(super) fn next(value: &Text, at: &mut usize) -> Result<Option<Word>, Unbalanced> {
    let text = value.as_str();
    skip(text, at);
    if *at >= text.len() {
        return Ok(None);
    }
    let start = *at;
    let mut word = Text::default();
    let mut quote = None;
    let mut quoted = false;
    while let Some(c) = text[*at..].chars().next() {
        let end = *at + c.len_utf8();
        match (quote, c) {
            (Some(open), _) if c == open => quote = None,
            (None, '\'' | '"') => {
                quote = Some(c);
                quoted = true;
            }
            (None, _) if BLANK.contains(&c) => break,
            (_, '\\') => {
                *at += escape(value, *at, &mut word);
                continue;
            }
            _ => word.push_text(value, *at..end),
        }
        *at = end;
    }
    if quote.is_some() {
        *at = text.len();
        return Err(Unbalanced);
    }
    let place = value.place(start..*at);
    skip(text, at);
    Ok(Some(Word { text: word, place, quoted }))
}

fn skip(text: &str, at: &mut usize) {
    *at += text[*at..].len() - text[*at..].trim_start_matches(BLANK).len();
}

/// At a backslash: puts in what the escape stands for; an unknown one stays as it is. The result is the escape's length.
fn escape(value: &Text, at: usize, word: &mut Text) -> usize {
    let rest = &value.as_str()[at + 1..];
    let Some(c) = rest.chars().next() else {
        word.push_text(value, at..at + 1);
        return 1;
    };
    let digits = |radix: u32, from: usize, count: usize| -> Option<(char, usize)> {
        let digits = rest.get(from..from + count)?;
        let valid = digits.chars().all(|digit| digit.is_digit(radix));
        let code = u32::from_str_radix(digits, radix).ok().filter(|code| valid && *code != 0)?;
        Some((char::from_u32(code)?, from + count))
    };
    let decoded = match c {
        'a' => Some(('\u{7}', 1)),
        'b' => Some(('\u{8}', 1)),
        'f' => Some(('\u{c}', 1)),
        'n' => Some(('\n', 1)),
        'r' => Some(('\r', 1)),
        't' => Some(('\t', 1)),
        'v' => Some(('\u{b}', 1)),
        's' => Some((' ', 1)),
        '\\' | '"' | '\'' => Some((c, 1)),
        'x' => digits(16, 1, 2),
        'u' => digits(16, 1, 4),
        'U' => digits(16, 1, 8),
        '0'..='3' => digits(8, 0, 3),
        _ => None,
    };
    let place = |range: Range<usize>| value.place(range);
    if let Some((c, length)) = decoded {
        word.push_decoded(c.encode_utf8(&mut [0; 4]), place(at..at + 1 + length));
        return 1 + length;
    }
    let length = 1 + c.len_utf8();
    word.push_text(value, at..at + length);
    length
}
