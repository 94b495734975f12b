//! What fixes are made of: edits that keep a text's formatting.
//!
//! A fix is offered only where its edits are certain to give the program that is meant: every helper here returns `None` where the
//! surroundings are such that it cannot be sure (a statement that shares its line, a name that is shadowed), and the rule then offers no fix.
//! Applying fixes, and checking that a text still parses, is the program's business.

pub(crate) mod arguments;
pub mod ignores;
pub(crate) mod imports;
pub(crate) mod statements;

use ruff_text_size::{TextRange, TextSize};

use crate::context::Context;
use crate::diagnostic::{Applicability, Edit, Fix, Place};
use crate::module::Module;
use crate::module::ir::{ExprId, ExprKind};

impl Fix {
    /// A fix that keeps the meaning, apart from the defect. The message is an imperative without trailing full stop.
    pub(crate) fn safe(message: impl Into<String>, edits: Vec<Edit>) -> Self {
        Self { applicability: Applicability::Safe, message: message.into(), edits }
    }

    /// A fix that a person should look at.
    pub(crate) fn unsure(message: impl Into<String>, edits: Vec<Edit>) -> Self {
        Self { applicability: Applicability::Unsafe, message: message.into(), edits }
    }

    /// Whether the fix is applied, given what the user allows.
    pub fn applies(&self, unsafe_fixes: bool) -> bool {
        unsafe_fixes || self.applicability == Applicability::Safe
    }
}

/// Replaces a range of the linted file.
pub(crate) fn replace(context: &Context<'_>, range: TextRange, replacement: impl Into<String>) -> Edit {
    Edit { place: context.place(range), replacement: replacement.into() }
}

/// Inserts a text into the linted file.
pub(crate) fn insert(context: &Context<'_>, at: TextSize, text: impl Into<String>) -> Edit {
    replace(context, TextRange::empty(at), text)
}

/// Replaces an expression by text that is made of its own.
pub(crate) fn rewrite(context: &Context<'_>, expr: ExprId, make: impl FnOnce(&str) -> String) -> Edit {
    let range = context.module.expr(expr).range;
    replace(context, range, make(context.module.file.slice(range)))
}

/// The text of an expression as an operand of a unary or binary operator: in parentheses where it needs them.
pub(crate) fn operand(module: &Module, expr: ExprId) -> String {
    let text = module.file.slice(module.expr(expr).range);
    let plain = matches!(
        module.kind(expr),
        ExprKind::Name(_) | ExprKind::Attribute { .. } | ExprKind::Call { .. } | ExprKind::Subscript { .. } | ExprKind::Await(_)
    );
    if plain && !text.contains(['\n', '\r']) { text.to_owned() } else { format!("({text})") }
}

/// Whether a builtin's name means the builtin where an expression stands.
pub(crate) fn is_builtin(module: &Module, at: ExprId, name: &str) -> bool {
    module.binding_scope(module.expr(at).scope, name).is_none() && module.star_imports().is_empty()
}

/// A name that nothing is bound to where an expression stands: the one that is wished, or with a number.
pub(crate) fn fresh_name(module: &Module, at: ExprId, wished: &str) -> Option<String> {
    let free = |name: &String| {
        module.exprs().all(|(_, expr)| !matches!(&expr.kind, ExprKind::Name(other) if other == name.as_str()))
            && module.binding_scope(module.expr(at).scope, name).is_none()
    };
    std::iter::once(wished.to_owned()).chain((2..10).map(|number| format!("{wished}{number}"))).find(free)
}

/// The text of an expression that may as well be evaluated twice: names, attributes, literals.
pub(crate) fn repeatable(module: &Module, expr: ExprId) -> Option<&str> {
    let plain = matches!(module.kind(expr), ExprKind::Str(_) | ExprKind::Int(_)) || module.dotted(expr).is_some();
    let text = module.file.slice(module.expr(expr).range);
    (plain && !text.contains(['\n', '\r', '#'])).then_some(text)
}

/// The line ending of a text: that of its first line.
pub(crate) fn line_ending(text: &str) -> &'static str {
    let at = memchr::memchr2(b'\n', b'\r', text.as_bytes());
    match at.map(|at| (text.as_bytes()[at], text.as_bytes().get(at + 1))) {
        Some((b'\r', Some(b'\n'))) => "\r\n",
        Some((b'\r', _)) => "\r",
        _ => "\n",
    }
}

/// A place's line up to it, where that is nothing but blanks: the indentation.
pub(crate) fn indentation(module: &Module, at: TextSize) -> Option<&str> {
    let line = module.file.line_range(module.file.line(at));
    let before = module.file.slice(TextRange::new(line.start(), at));
    before.trim_start_matches([' ', '\t', '\u{c}']).is_empty().then_some(before)
}

impl Edit {
    /// Where the edit starts and ends, in bytes of the text.
    pub fn bytes(&self) -> std::ops::Range<usize> {
        self.place.range.start().to_usize()..self.place.range.end().to_usize()
    }

    /// The path of the file that is edited, as diagnostics show it.
    pub fn path(&self) -> &str {
        self.place.file.path()
    }

    /// An edit of any file.
    pub fn new(place: Place, replacement: String) -> Self {
        Self { place, replacement }
    }
}
