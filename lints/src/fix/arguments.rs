//! Arguments of calls: added, replaced, taken out, with the call's own formatting.

use ruff_text_size::{TextRange, TextSize};

use super::{indentation, insert, line_ending, replace};
use crate::context::Context;
use crate::diagnostic::Edit;
use crate::module::Call;
use crate::module::ir::{Arg, ArgKind, ComprehensionKind, ExprKind};

/// Where the arguments of a call end.
struct Tail {
    /// Behind the last argument and the parentheses around it.
    last: TextSize,
    /// Behind the comma that follows it.
    comma: Option<TextSize>,
    /// Whether a comment stands behind it.
    comment: bool,
}

/// Sets a keyword argument: replaces its value, or adds it behind the last argument. `None` where `**mapping` may hold it already, or a
/// generator stands without parentheses of its own.
pub(crate) fn set_keyword(context: &Context<'_>, call: Call<'_>, name: &str, value: &str) -> Option<Vec<Edit>> {
    if let Some(arg) = call.keyword(name) {
        return Some(vec![replace(context, context.module.expr(arg.value).range, value)]);
    }
    if call.args.iter().any(|arg| arg.kind == ArgKind::DoubleStar) {
        return None;
    }
    append(context, call, &format!("{name}={value}"))
}

/// Adds an argument behind the last one: on a line of its own where that has one.
pub(crate) fn append(context: &Context<'_>, call: Call<'_>, argument: &str) -> Option<Vec<Edit>> {
    let module = context.module;
    // What the parser made up for a broken text may reach beyond the call.
    if !module.syntax_errors.is_empty() {
        return None;
    }
    let end = module.expr(call.id).range.end();
    let close = end - TextSize::new(1);
    if module.file.slice(TextRange::new(close, end)) != ")" {
        return None;
    }
    let Some(last) = call.args.last() else {
        return Some(vec![insert(context, close, argument)]);
    };
    if call.args.len() == 1 && matches!(module.kind(last.value), ExprKind::Comprehension { kind: ComprehensionKind::Generator, .. }) {
        return None;
    }
    let tail = tail(module.file.slice(TextRange::new(last.range.end(), close)), last.range.end());
    let own_line = indentation(module, last.range.start()).map(|indent| format!("{}{indent}", line_ending(module.file.text())));
    let Some(own_line) = own_line else {
        let comma = if tail.comma.is_some() { "" } else { "," };
        // A comment would swallow what follows it.
        let (at, end) = if tail.comment { (tail.comma.unwrap_or(tail.last), ",") } else { (tail.comma.unwrap_or(tail.last), "") };
        let trailing = if tail.comma.is_some() { "," } else { end };
        return Some(vec![insert(context, at, format!("{comma} {argument}{trailing}"))]);
    };
    let behind = tail.comma.unwrap_or(tail.last);
    let line = module.file.line_range(module.file.line(behind));
    let rest = module.file.slice(TextRange::new(behind, line.end().max(behind))).trim_start();
    let mut edits = Vec::new();
    if rest.starts_with('#') && line.end() < close {
        if tail.comma.is_none() {
            edits.push(insert(context, tail.last, ","));
        }
        edits.push(insert(context, line.end(), format!("{own_line}{argument},")));
    } else {
        let comma = if tail.comma.is_some() { "" } else { "," };
        let trailing = if tail.comma.is_some() { "," } else { "" };
        edits.push(insert(context, behind, format!("{comma}{own_line}{argument}{trailing}")));
    }
    Some(edits)
}

/// Takes arguments out of a call, each with its comma. `None` where comments stand among them: what they speak of is not known.
pub(crate) fn remove(context: &Context<'_>, call: Call<'_>, gone: impl Fn(&Arg) -> bool) -> Option<Vec<Edit>> {
    if !context.module.syntax_errors.is_empty() {
        return None;
    }
    let text = |range: TextRange| context.module.file.slice(range);
    // Between arguments stands nothing but a comma: a comment would be lost, a parenthesis belongs to one of them.
    let is_plain = |range: TextRange| !text(range).contains(['#', '(', ')']);
    let mut edits = Vec::new();
    // Those at the end go with the comma in front of them, others with the one behind.
    let kept = call.args.iter().rposition(|arg| !gone(arg));
    if let (Some(last), true) = (call.args.last(), kept.is_none_or(|kept| kept + 1 < call.args.len())) {
        let start = kept.map_or_else(|| call.args[0].range.start(), |kept| call.args[kept].range.end());
        let between = call.args.windows(2).skip(kept.unwrap_or(0)).map(|pair| TextRange::new(pair[0].range.end(), pair[1].range.start()));
        if !between.into_iter().all(is_plain) {
            return None;
        }
        let close = context.module.expr(call.id).range.end() - TextSize::new(1);
        let tail = tail(text(TextRange::new(last.range.end(), close.max(last.range.end()))), last.range.end());
        // Where none is left, the comma behind the last one goes, too; a parenthesis there is one around a value.
        let end = if kept.is_none() { tail.comma.unwrap_or(tail.last) } else { last.range.end() };
        if kept.is_none() && tail.last != last.range.end() {
            return None;
        }
        edits.push(replace(context, TextRange::new(start, end), ""));
    }
    for pair in call.args.windows(2).take(kept.unwrap_or(0)).filter(|pair| gone(&pair[0])) {
        if !is_plain(TextRange::new(pair[0].range.end(), pair[1].range.start())) {
            return None;
        }
        edits.push(replace(context, TextRange::new(pair[0].range.start(), pair[1].range.start()), ""));
    }
    Some(edits)
}

/// Reads what stands between the last argument and the closing parenthesis.
fn tail(text: &str, start: TextSize) -> Tail {
    let mut found = Tail { last: start, comma: None, comment: false };
    let mut in_comment = false;
    for (at, letter) in text.char_indices() {
        let behind = start + TextSize::new((at + letter.len_utf8()) as u32);
        match letter {
            '\n' | '\r' => in_comment = false,
            _ if in_comment => {}
            '#' => {
                in_comment = true;
                found.comment = true;
            }
            ')' => found.last = behind,
            ',' => found.comma = Some(behind),
            _ => {}
        }
    }
    found
}
