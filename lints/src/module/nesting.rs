//! How deep a text nests, measured before it is parsed.
//!
//! The parser, the walk over its tree and the dropping of that tree recurse once or several times per level; without a bound
//! they would overflow the stack, which nothing can catch. So the depth is bounded from above first, by a scan over
//! the bytes that keeps its own stack. It knows strings, comments, brackets, replacement fields of f-strings and
//! indentation, and takes every operator for a level.
//!
//! On the way the scan notes where the bodies of functions are, for whoever wants to parse them later ([`super::parts`]).
//!
//! A first, rough scan takes every byte of code for an operator, so that it can pass over names, numbers and blanks in one go. Few
//! texts have so long an expression that it cannot tell; these are scanned again, exactly.
//!
//! CPython has bounds of its own: 200 open brackets (`MAXLEVEL`), 100 levels of indentation (`MAXINDENT`), 150 nested
//! f-strings (`MAXFSTRINGLEVEL`), and some thousand operators (the recursion limit of its compiler).

use std::ops::Range;

use ruff_text_size::TextSize;

/// The greatest number of brackets, f-strings and blocks around a token: more than CPython accepts.
pub(crate) const MAX_BRACKETS: usize = 500;

/// The greatest number of operators, brackets and blocks around an operand.
pub(crate) const MAX_DEPTH: usize = 6_000;

/// The stack in bytes that a thread needs to lint a text of any accepted depth.
pub const STACK_SIZE: usize = 256 << 20;

/// What the scan is inside of.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Level {
    /// The text itself.
    Text,
    Bracket,
    /// An f-string or t-string by its quote: the byte, and whether it is tripled.
    Interpolated(u8, bool),
    /// A replacement field, before its format.
    Field,
    /// The format of a replacement field.
    Format,
}

/// The length of `lambda`, the longest keyword that joins operands; prefixes of strings are shorter.
const LONGEST_KEYWORD: usize = 6;

/// The bytes of names and keywords.
const IN_WORD: [bool; 256] = {
    let mut table = [false; 256];
    let mut byte = 0;
    while byte < 256 {
        table[byte] = byte >= 0x80 || byte == b'_' as usize || (byte as u8).is_ascii_alphanumeric();
        byte += 1;
    }
    table
};

/// The bytes at which the rough scan stops.
const STOPS: [bool; 256] = {
    let mut table = [false; 256];
    let stops = b"()[]{}\"'#\n\r\\,;:";
    let mut index = 0;
    while index < stops.len() {
        table[stops[index] as usize] = true;
        index += 1;
    }
    table
};

struct Scan<'a> {
    bytes: &'a [u8],
    /// Whether operators are told from other bytes.
    exact: bool,
    at: usize,
    /// The open levels, each with the number of operators chained there since the last comma.
    open: Vec<(Level, usize)>,
    /// The sum of these numbers.
    chained: usize,
    indents: Vec<usize>,
    functions: Functions,
}

/// The bodies of functions that are in no other function.
#[derive(Default)]
struct Functions {
    bodies: Vec<Range<usize>>,
    /// The column of the definition whose body is passed, and where that body starts, once it does.
    open: Option<(usize, Option<usize>)>,
    /// Whether the line that is passed has code that goes on.
    in_code: bool,
    /// The end of the last line with code.
    code_end: usize,
}

/// What a scan of a text found.
pub(super) struct Scanned {
    /// The offset where it nests deeper than is parsed, if it does.
    pub(super) too_deep: Option<TextSize>,
    /// The bodies of functions that are in no other function, each from the start of its first line to the end of its last statement, in
    /// bytes. Those on the line of their `def` are left out. Only if the text does not nest too deep, and not to be relied on where it is broken.
    pub(super) bodies: Vec<Range<usize>>,
}

/// The offset where a text nests deeper than is parsed, if it does.
pub(crate) fn too_deep(text: &str) -> Option<TextSize> {
    // Every level takes a byte.
    if text.len() <= MAX_BRACKETS { None } else { scan(text).too_deep }
}

/// Scans a text of any length.
pub(super) fn scan(text: &str) -> Scanned {
    scan_from(text, 0)
}

/// Scans a text from the start of a statement on that is in no other, at the start of a line.
pub(super) fn scan_from(text: &str, start: usize) -> Scanned {
    let run = |exact| {
        let functions = Functions::default();
        Scan { bytes: text.as_bytes(), exact, at: start, open: vec![(Level::Text, 0)], chained: 0, indents: vec![0], functions }.run()
    };
    let found = run(false).or_else(|_| run(true));
    match found {
        Ok(bodies) => Scanned { too_deep: None, bodies },
        Err(at) => Scanned { too_deep: Some(TextSize::new(at.min(text.len()) as u32)), bodies: Vec::new() },
    }
}

impl Scan<'_> {
    /// The bodies of functions, or the place where the depth exceeds its bounds.
    fn run(mut self) -> Result<Vec<Range<usize>>, usize> {
        self.indentation();
        while self.at < self.bytes.len() {
            match self.open.last().map_or(Level::Text, |level| level.0) {
                Level::Text | Level::Bracket | Level::Field if self.exact => self.code(),
                Level::Text | Level::Bracket | Level::Field => self.rough_code(),
                Level::Interpolated(quote, tripled) => self.interpolated(quote, tripled),
                Level::Format => self.format(),
            }
            if self.is_too_deep() {
                return Err(self.at);
            }
        }
        self.functions.code_ends(self.bytes.len());
        self.functions.close(self.bytes);
        Ok(self.functions.bodies)
    }

    fn is_too_deep(&self) -> bool {
        let brackets = self.open.len() + self.indents.len() - 2;
        brackets > MAX_BRACKETS || brackets + self.chained > MAX_DEPTH
    }

    fn push(&mut self, level: Level) {
        self.open.push((level, 0));
    }

    fn pop(&mut self) {
        if self.open.len() > 1 {
            self.chained -= self.open.pop().map_or(0, |level| level.1);
        }
    }

    /// So many more operators at this level.
    fn chain(&mut self, count: usize) {
        if let Some(level) = self.open.last_mut() {
            level.1 += count;
            self.chained += count;
        }
    }

    /// The operands before a comma are no part of those behind it.
    fn reset(&mut self) {
        if let Some(level) = self.open.last_mut() {
            self.chained -= std::mem::take(&mut level.1);
        }
    }

    fn byte(&self, offset: usize) -> u8 {
        self.bytes.get(self.at + offset).copied().unwrap_or(0)
    }

    /// At the start of a logical line: how far its blocks nest.
    fn indentation(&mut self) {
        let start = self.at;
        let mut column = 0;
        loop {
            match self.byte(0) {
                b' ' => column += 1,
                b'\t' => column = column / 8 * 8 + 8,
                b'\x0c' => column = 0,
                _ => break,
            }
            self.at += 1;
        }
        if matches!(self.byte(0), b'\n' | b'\r' | b'#') || self.at >= self.bytes.len() {
            return;
        }
        while self.indents.last().is_some_and(|last| *last > column) {
            self.indents.pop();
        }
        if self.indents.last().is_none_or(|last| *last < column) {
            self.indents.push(column);
        }
        self.functions.line(start, column, self.bytes, self.at);
    }

    /// Code up to the next byte that is more than an operator, and that byte.
    fn rough_code(&mut self) {
        let rest = &self.bytes[self.at..];
        let length = rest.iter().position(|byte| STOPS[usize::from(*byte)]).unwrap_or(rest.len());
        if length > 0 {
            self.at += length;
            self.chain(length);
            // The byte behind may end the expression, and take back what was counted.
            if self.is_too_deep() {
                return;
            }
        }
        match self.byte(0) {
            b'"' | b'\'' => self.string(self.is_interpolated()),
            _ if self.at < self.bytes.len() => self.code(),
            _ => {}
        }
    }

    /// Whether the letters right before a quote make its string an f-string or a t-string.
    fn is_interpolated(&self) -> bool {
        let prefix = || self.bytes[..self.at].iter().rev().take(3).take_while(|byte| IN_WORD[usize::from(**byte)]);
        (1..=2).contains(&prefix().count()) && prefix().any(|byte| matches!(byte, b'f' | b'F' | b't' | b'T'))
    }

    /// One token of code.
    fn code(&mut self) {
        let byte = self.byte(0);
        match byte {
            b' ' | b'\t' | b'\x0c' => self.at += 1,
            b'a'..=b'z' | b'A'..=b'Z' | b'_' | 0x80.. => self.word(),
            b'\n' | b'\r' => {
                self.at += 1;
                if self.open.len() == 1 || self.statement_follows() {
                    self.functions.code_ends(self.at - 1);
                    self.open.truncate(1);
                    self.chained = 0;
                    self.open[0].1 = 0;
                    self.indentation();
                }
            }
            b'\\' => self.at += if self.bytes[self.at + 1..].starts_with(b"\r\n") { 3 } else { 2 },
            b'#' => {
                if self.open.len() == 1 {
                    self.functions.code_ends(self.at);
                }
                self.at += memchr::memchr2(b'\n', b'\r', &self.bytes[self.at..]).unwrap_or(self.bytes.len() - self.at);
            }
            b'(' | b'[' | b'{' => {
                self.push(Level::Bracket);
                self.at += 1;
            }
            b')' | b']' | b'}' => {
                self.pop();
                self.chain(1);
                self.at += 1;
            }
            b'"' | b'\'' => self.string(false),
            b',' => {
                self.reset();
                self.at += 1;
            }
            b';' if self.open.len() == 1 => {
                self.reset();
                self.at += 1;
            }
            b':' if self.open.last().is_some_and(|level| level.0 == Level::Field) => {
                if let Some(level) = self.open.last_mut() {
                    level.0 = Level::Format;
                }
                self.at += 1;
            }
            b'0'..=b'9' => {
                while matches!(self.byte(0), b'0'..=b'9' | b'a'..=b'z' | b'A'..=b'Z' | b'_' | b'.') {
                    self.at += 1;
                }
            }
            _ => {
                self.chain(1);
                self.at += 1;
            }
        }
    }

    /// Whether the line starts with a keyword that cannot stand in brackets: an unclosed bracket ends there for the parser, too.
    fn statement_follows(&self) -> bool {
        let rest = self.bytes[self.at..].trim_ascii_start();
        let length = rest.iter().take_while(|byte| byte.is_ascii_lowercase()).count();
        matches!(
            &rest[..length],
            b"def" | b"class" | b"import" | b"return" | b"while" | b"try" | b"with" | b"raise" | b"del" | b"pass" | b"global" | b"assert"
        )
    }

    fn word(&mut self) {
        let rest = &self.bytes[self.at..];
        let length = rest.iter().position(|byte| !IN_WORD[usize::from(*byte)]).unwrap_or(rest.len());
        let word = &rest[..length];
        self.at += length;
        if length > LONGEST_KEYWORD {
            return;
        }
        if matches!(self.byte(0), b'"' | b'\'') && word.len() <= 2 {
            let has = |letter: u8| word.iter().any(|byte| byte.eq_ignore_ascii_case(&letter));
            self.string(has(b'f') || has(b't'));
        } else if matches!(
            word,
            b"not" | b"await" | b"lambda" | b"if" | b"else" | b"and" | b"or" | b"in" | b"is" | b"for" | b"yield" | b"from"
        ) {
            self.chain(1);
        }
    }

    /// A string from its quote on. One that is not closed on its line ends there.
    fn string(&mut self, interpolated: bool) {
        let quote = self.byte(0);
        let tripled = self.byte(1) == quote && self.byte(2) == quote;
        if !tripled && self.byte(1) == quote {
            self.at += 2;
            return;
        }
        self.at += if tripled { 3 } else { 1 };
        if interpolated {
            self.push(Level::Interpolated(quote, tripled));
            return;
        }
        while self.at < self.bytes.len() {
            let Some(found) = memchr::memchr3(quote, b'\\', b'\n', &self.bytes[self.at..]) else {
                self.at = self.bytes.len();
                return;
            };
            self.at += found;
            match self.byte(0) {
                b'\\' => self.at += 2,
                b'\n' if tripled => self.at += 1,
                b'\n' => return,
                _ if !tripled => {
                    self.at += 1;
                    return;
                }
                _ if self.byte(1) == quote && self.byte(2) == quote => {
                    self.at += 3;
                    return;
                }
                _ => self.at += 1,
            }
        }
    }

    /// A piece of the text of an f-string.
    fn interpolated(&mut self, quote: u8, tripled: bool) {
        match self.byte(0) {
            b'\\' => self.at += 2,
            b'{' if self.byte(1) == b'{' => self.at += 2,
            b'{' => {
                self.push(Level::Field);
                self.at += 1;
            }
            b'\n' if !tripled => self.pop(),
            byte if byte == quote && (!tripled || self.byte(1) == quote && self.byte(2) == quote) => {
                self.pop();
                self.at += if tripled { 3 } else { 1 };
            }
            _ => self.at += 1,
        }
    }

    /// A piece of the format of a replacement field.
    fn format(&mut self) {
        match self.byte(0) {
            b'{' => self.push(Level::Field),
            b'}' => self.pop(),
            // Only a tripled f-string may go on behind a line end; a broken one is left to the parser.
            _ => {}
        }
        self.at += 1;
    }
}

impl Functions {
    /// At the first character of a line with code, whose text begins at `start`.
    fn line(&mut self, start: usize, column: usize, bytes: &[u8], at: usize) {
        self.in_code = true;
        if let Some((outer, body)) = &mut self.open {
            if column > *outer {
                body.get_or_insert(start);
                return;
            }
            self.close(bytes);
        }
        let rest = &bytes[at..];
        if rest.starts_with(b"def ") || rest.starts_with(b"async def ") {
            self.open = Some((column, None));
        }
    }

    /// A line, or the code in front of its comment, ends.
    fn code_ends(&mut self, at: usize) {
        if std::mem::take(&mut self.in_code) {
            self.code_end = at;
        }
    }

    /// The body that is passed ends with the last line of code.
    fn close(&mut self, bytes: &[u8]) {
        if let Some((_, Some(start))) = self.open.take() {
            let code = bytes[start..self.code_end].trim_ascii_end();
            let semicolons = code.iter().rev().take_while(|byte| **byte == b';').count();
            self.bodies.push(start..start + code[..code.len() - semicolons].trim_ascii_end().len());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, deep: bool) {
        assert_eq!(too_deep(text).is_some(), deep);
    }

    #[test]
    fn brackets_operators_and_blocks_nest() {
        check(&format!("x = {}1{}", "(".repeat(600), ")".repeat(600)), true);
        check(&format!("x = {}1", "-".repeat(7000)), true);
        check(&format!("x = {}1", "not ".repeat(7000)), true);
        check(&format!("x = a{}", ".b".repeat(7000)), true);
        check(&format!("x = 1{}\n", "+1".repeat(7000)), true);
        check(&format!("x = [1{}, 2]\n", "+1".repeat(7000)), true);
        check(&format!("x = a{}", "()".repeat(7000)), true);
        check(&format!("x = {}1{}", "f\"{".repeat(600), "}\"".repeat(600)), true);
        check(&(0..600).fold(String::new(), |text, level| text + &" ".repeat(level) + "if x:\n"), true);
    }

    #[test]
    fn what_is_long_but_flat_does_not() {
        check(&format!("x = [{}]", "(1, -2), ".repeat(20_000)), false);
        check(&format!("{}pass", "if x: pass\nel".repeat(20_000)), false);
        check(&format!("x = '{}'", "(".repeat(20_000)), false);
        check(&format!("x = '''{}\n'''", "(\n".repeat(20_000)), false);
        check(&format!("x = f'{}'", "{{((".repeat(20_000)), false);
        check(&format!("x = f'{}'", "{a:'>3}(((".repeat(20_000)), false);
        check(&format!("# {}", "(".repeat(20_000)), false);
        check(&"x = a.b(1) + 2\n".repeat(20_000), false);
        check(&format!("x = 1{}", " + 1".repeat(5_000)), false);
        check(&format!("if x:\n{}", "    if y:\n        pass\n".repeat(5_000)), false);
    }
}
