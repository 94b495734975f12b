//! Statements in front of and behind others.

use ruff_text_size::{TextRange, TextSize};

use super::{indentation, insert, line_ending};
use crate::context::Context;
use crate::diagnostic::Edit;
use crate::module::Module;
use crate::module::ir::{StmtId, StmtKind};
use crate::source::SourceFile;

/// Inserts lines in front of a statement, indented like it. `None` where the statement does not begin its line.
pub(crate) fn before(context: &Context<'_>, stmt: StmtId, lines: &[String]) -> Option<Edit> {
    let module = context.module;
    let start = module.stmt(stmt).range.start();
    let indent = indentation(module, start)?;
    if continues(module, start) {
        return None;
    }
    let end = line_ending(module.file.text());
    let text: String = lines.iter().flat_map(|line| [line.as_str(), end, indent]).collect();
    Some(insert(context, start, text))
}

/// Inserts lines behind a statement, indented like it. `None` where something else follows on its line, or it does not begin its own.
pub(crate) fn after(context: &Context<'_>, stmt: StmtId, lines: &[String]) -> Option<Edit> {
    let module = context.module;
    let range = module.stmt(stmt).range;
    let indent = indentation(module, range.start()).filter(|_| !continues(module, range.start()))?;
    let at = line_end(module, range.end())?;
    let end = line_ending(module.file.text());
    let text: String = lines.iter().flat_map(|line| [end, indent, line.as_str()]).collect();
    Some(insert(context, at, text))
}

/// The end of the line behind a statement, where nothing but blanks and a comment follows.
pub(super) fn line_end(module: &Module, behind: TextSize) -> Option<TextSize> {
    let line = module.file.line_range(module.file.line(behind));
    let rest = module.file.slice(TextRange::new(behind, line.end())).trim_start();
    (rest.is_empty() || rest.starts_with('#')).then_some(line.end())
}

/// The start of the line behind a line's end.
pub(super) fn line_break(file: &SourceFile, end: TextSize) -> TextSize {
    let rest = &file.text()[end.to_usize()..];
    let length = if rest.starts_with("\r\n") { 2 } else { u32::from(rest.starts_with(['\n', '\r'])) };
    end + TextSize::new(length)
}

/// Whether a place's line continues the one before by a backslash.
fn continues(module: &Module, at: TextSize) -> bool {
    let line = module.file.line(at);
    line > 1 && module.file.slice(module.file.line_range(line - 1)).trim_end().ends_with('\\')
}

/// Whether a statement is an expression alone, as a call that nobody looks at the result of.
pub(crate) fn is_bare(module: &Module, stmt: StmtId, expr: crate::module::ir::ExprId) -> bool {
    matches!(module.stmt(stmt).kind, StmtKind::Expr(value) if value == expr)
}
