//! Expansions: `$name`, `${name:-default}`, `$(command)`, `` `command` ``.

use super::{Lexer, MAX_DEPTH, Text, UNKNOWN};

impl Lexer<'_> {
    /// At `$`.
    pub(super) fn dollar(&mut self, quoted: bool) {
        let rest = self.rest();
        let next = rest.as_bytes().get(1).copied();
        match next {
            Some(b'{') => {
                let length = braced(&rest[2..]);
                self.parameter(self.at + 2..self.at + 2 + length, quoted);
            }
            Some(b'(') => self.unknown(1 + balanced(&rest[1..])),
            Some(b'\'') if !quoted => {
                self.at += 1;
                self.single_quoted();
            }
            Some(b'"') if !quoted => {
                self.at += 1;
                self.double_quoted();
            }
            Some(byte) if byte.is_ascii_alphabetic() || byte == b'_' => {
                let length = rest[1..].bytes().take_while(|byte| byte.is_ascii_alphanumeric() || *byte == b'_').count();
                let end = self.at + 1 + length;
                self.variable(&rest[1..=length], end, quoted);
            }
            Some(b'0'..=b'9' | b'@' | b'*' | b'#' | b'?' | b'-' | b'$' | b'!') => self.unknown(2),
            _ => self.literal(1),
        }
    }

    /// At a backquote.
    pub(super) fn backquoted(&mut self) {
        let rest = &self.rest()[1..];
        let mut escaped = false;
        let length = rest.bytes().position(|byte| {
            let ends = byte == b'`' && !escaped;
            escaped = byte == b'\\' && !escaped;
            ends
        });
        self.unknown(length.map_or(rest.len() + 1, |length| length + 2));
    }

    /// The next bytes are something of which nothing is known.
    fn unknown(&mut self, length: usize) {
        let end = (self.at + length).min(self.text.as_str().len());
        self.current.push(UNKNOWN.encode_utf8(&mut [0; 4]), self.text.place(self.at..end));
        self.at = end;
    }

    /// `${...}`, where `inner` is what the braces hold.
    fn parameter(&mut self, inner: std::ops::Range<usize>, quoted: bool) {
        let end = (inner.end + 1).min(self.text.as_str().len());
        let parameter = self.text.as_str().get(inner.clone()).unwrap_or_default();
        let length = parameter.bytes().take_while(|byte| byte.is_ascii_alphanumeric() || *byte == b'_').count();
        let (name, operator) = parameter.split_at(length);
        if operator.is_empty() && !name.is_empty() {
            return self.variable(name, end, quoted);
        }
        let default = ["-", "=", ":-", ":="].into_iter().filter(|sign| operator.starts_with(sign)).map(str::len).next_back();
        let known = self.environment.get(name).is_some_and(|value| !value.is_empty());
        match default {
            Some(_) if known => self.variable(name, end, quoted),
            Some(sign) if self.depth < MAX_DEPTH && !self.environment.is_set(name) => {
                self.default(inner.start + length + sign..inner.end, quoted);
                self.at = end;
            }
            _ => self.unknown(end - self.at),
        }
    }

    /// A default value: text that is expanded in turn.
    fn default(&mut self, range: std::ops::Range<usize>, quoted: bool) {
        let mut part = Text::default();
        part.push_text(self.text, range);
        let mut inner = Lexer::new(&part, self.environment.inner(), self.depth + 1);
        inner.operators = false;
        inner.run();
        let words = std::mem::take(&mut inner.words);
        for (index, word) in words.into_iter().enumerate() {
            if index > 0 {
                if quoted {
                    self.current.push(" ", word.place.start..word.place.start + 1);
                } else {
                    self.finish_word();
                }
            }
            self.current.touch(word.place);
            self.current.text.push_text(&word.text, 0..word.text.as_str().len());
        }
    }

    /// The value of a variable, split at white space where it is not quoted.
    fn variable(&mut self, name: &str, end: usize, quoted: bool) {
        let Some(value) = self.environment.expand(name).map(str::to_owned) else {
            return self.unknown(end - self.at);
        };
        let place = self.text.place(self.at..end);
        self.at = end;
        if quoted {
            return self.current.push(&value, place);
        }
        let blank = |c: char| matches!(c, ' ' | '\t' | '\n');
        if value.starts_with(blank) {
            self.finish_word();
        }
        for (index, part) in value.split(blank).filter(|part| !part.is_empty()).enumerate() {
            if index > 0 {
                self.finish_word();
            }
            self.current.push(part, place.clone());
        }
        if value.ends_with(blank) {
            self.finish_word();
        }
    }
}

/// The length of what the braces of `${...}` hold.
fn braced(text: &str) -> usize {
    let bytes = text.as_bytes();
    let (mut depth, mut at) = (0_usize, 0);
    while let Some(byte) = bytes.get(at) {
        match byte {
            b'\\' => at += 1,
            b'$' if bytes.get(at + 1) == Some(&b'{') => {
                depth += 1;
                at += 1;
            }
            b'}' if depth == 0 => return at,
            b'}' => depth -= 1,
            _ => {}
        }
        at += 1;
    }
    text.len()
}

/// The length of a text in parentheses, from the first one to the one that closes it.
pub(super) fn balanced(text: &str) -> usize {
    let bytes = text.as_bytes();
    let (mut depth, mut at) = (0_usize, 0);
    let mut quote = None;
    while let Some(byte) = bytes.get(at) {
        match (quote, byte) {
            (Some(b'\''), b'\\') => {}
            (_, b'\\') => at += 1,
            (Some(open), _) if *byte == open => quote = None,
            (None, b'\'' | b'"') => quote = Some(*byte),
            (None, b'(') => depth += 1,
            (None, b')') if depth <= 1 => return at + 1,
            (None, b')') => depth -= 1,
            _ => {}
        }
        at += 1;
    }
    text.len()
}
