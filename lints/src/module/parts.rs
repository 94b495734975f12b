//! Functions whose bodies are parsed when somebody asks for them.
//!
//! Of a module that a program loads to follow a call, a base class or an import, it looks at a few functions; the rest of the text would be
//! parsed for nothing. So the bodies of functions that are in no other function are left out at first: the parser sees a
//! string of the body's length in their place. Every body is a part, with arenas of its own, that are filled on the first question
//! for anything in it. Ids tell the part in their high bits.
//!
//! A body with the word `global` is never left out: it may bind names of the module. Nothing else that stands in a function's
//! body changes the module around it, but for attributes of `self`, which [`super::Module::attribute`] puts together.
//!
//! A text that is short, long, or cannot be parsed without errors with its bodies left out, is parsed in whole.

use std::cell::RefCell;
use std::ops::Range;
use std::sync::OnceLock;

use ruff_python_ast::token::TokenKind;
use ruff_python_ast::{Mod, Stmt};
use ruff_python_parser::{Mode, ParseOptions, Parsed, parse_unchecked};
use ruff_text_size::{Ranged, TextRange, TextSize};

use super::lower::{self, Arenas, LeftOut};

/// The shortest body in bytes that is worth the trouble.
const MIN_BODY: usize = 120;

/// The shortest and the longest text, in bytes, that is parsed in parts. Every part is parsed behind an empty text of the length of
/// what stands before it.
const TEXTS: Range<usize> = 1_500..256 << 10;

/// The greatest number of parts: their number and the place in them share 32 bits.
const MAX_PARTS: usize = 4_000;

/// What a body is parsed below: as long as the shortest line with a `def` and more.
const HEADER: &str = "if 1:\n";

/// Spaces, to be put together to more.
const BLANK: &str = "                                                                ";

thread_local! {
    static PADDED: RefCell<Padded> = RefCell::default();
}

/// The text of a body behind a comment as long as what stands before it in its module, so that it has the same place. Used again: to write that
/// comment anew for each body of a module would take the square of the module's length.
#[derive(Debug, Default)]
struct Padded {
    text: String,
    /// How much of it is the comment.
    comment: usize,
}

impl Padded {
    fn fill(&mut self, comment: usize, body: &str) {
        self.text.truncate(self.comment.min(comment));
        if self.text.is_empty() {
            self.text.push('#');
        }
        while self.text.len() < comment {
            let missing = comment - self.text.len();
            self.text.push_str(&BLANK[..missing.min(BLANK.len())]);
        }
        self.comment = comment;
        for part in ["\n", HEADER, body] {
            self.text.push_str(part);
        }
    }
}

/// A body that was left out.
#[derive(Debug)]
pub(super) struct Part {
    pub(super) body: Range<usize>,
    pub(super) left_out: LeftOut,
    pub(super) arenas: OnceLock<Arenas>,
}

/// A text without the bodies of its functions; whether with the comments that are in it.
pub(super) fn split(text: &str, mut bodies: Vec<Range<usize>>, with_comments: bool) -> Option<(Arenas, Vec<Part>)> {
    if !TEXTS.contains(&text.len()) {
        return None;
    }
    let bytes = text.as_bytes();
    let may_declare = memchr::memmem::find(bytes, b"global").is_some();
    bodies.retain(|body| {
        body.len() >= MIN_BODY
            && body.start > HEADER.len() + 2
            && !(may_declare && memchr::memmem::find(&bytes[body.clone()], b"global").is_some())
    });
    if bodies.is_empty() || bodies.len() > MAX_PARTS {
        return None;
    }
    let mut rest = bytes.to_vec();
    let mut starts = Vec::with_capacity(bodies.len());
    for body in &bodies {
        let part = &mut rest[body.clone()];
        let indent = part.iter().take_while(|byte| byte.is_ascii_whitespace()).count();
        let [first, blank @ .., last] = part.get_mut(indent..)? else { return None };
        (*first, *last) = (b'"', b'"');
        blank.fill(b' ');
        starts.push(TextSize::new((body.start + indent) as u32));
    }
    let rest = String::from_utf8(rest).ok()?;
    let parsed = parse_unchecked(&rest, ParseOptions::from(Mode::Module));
    if !parsed.errors().is_empty() {
        return None;
    }
    let Mod::Module(module) = parsed.syntax() else { return None };
    let size = text.len() - bodies.iter().map(Range::len).sum::<usize>();
    let (mut arenas, left_out) = lower::lower(&module.body, size, &starts)?;
    if with_comments {
        arenas.comments = comments(&parsed, 0);
    }
    let parts = bodies.into_iter().zip(left_out).map(|(body, left_out)| Part { body, left_out, arenas: OnceLock::new() });
    Some((arenas, parts.collect()))
}

impl Part {
    /// The text of the body.
    pub(super) fn text<'a>(&self, text: &'a str) -> &'a str {
        &text[self.body.clone()]
    }

    pub(super) fn is_parsed(&self) -> bool {
        self.arenas.get().is_some()
    }

    /// What the body holds. `text` is the module's, `around` what was not left out of it.
    pub(super) fn arenas(&self, index: usize, text: &str, around: &Arenas) -> &Arenas {
        self.arenas.get_or_init(|| {
            let parsed = self.parse(text);
            lower::lower_part(statements(&parsed).unwrap_or_default(), self.body.len(), around, index, self.left_out)
        })
    }

    /// As [`Part::arenas`], with the comments in it; whether it could be parsed without errors.
    pub(super) fn check(&self, index: usize, text: &str, around: &Arenas) -> bool {
        let parsed = self.parse(text);
        let Some(body) = statements(&parsed).filter(|_| parsed.errors().is_empty()) else { return false };
        let mut arenas = lower::lower_part(body, self.body.len(), around, index, self.left_out);
        arenas.comments = comments(&parsed, self.body.start);
        self.arenas.set(arenas).is_ok()
    }

    fn parse(&self, text: &str) -> Parsed<Mod> {
        PADDED.with_borrow_mut(|padded| {
            padded.fill(self.body.start - HEADER.len() - 1, self.text(text));
            parse_unchecked(&padded.text, ParseOptions::from(Mode::Module))
        })
    }
}

/// The statements of a body, which are all that was parsed.
fn statements(parsed: &Parsed<Mod>) -> Option<&[Stmt]> {
    match parsed.syntax() {
        Mod::Module(module) => match &module.body[..] {
            [Stmt::If(node)] if node.elif_else_clauses.is_empty() => Some(&node.body),
            _ => None,
        },
        Mod::Expression(_) => None,
    }
}

/// The comments of a text, from an offset on.
fn comments(parsed: &Parsed<Mod>, from: usize) -> Vec<TextRange> {
    let comments = parsed.tokens().iter().filter(|token| token.kind() == TokenKind::Comment).map(Ranged::range);
    comments.filter(|range| usize::from(range.start()) >= from).collect()
}

#[cfg(test)]
pub(super) mod tests;
