//! Names of modules and of what they hold, at a place where they are needed: by an import that is there, or a new one.

use ruff_text_size::TextSize;

use super::{insert, line_ending, statements};
use crate::context::Context;
use crate::diagnostic::Edit;
use crate::module::Module;
use crate::module::ir::{Binding, BoundValue, ExprId, ExprKind, ScopeId, ScopeKind, StmtId, StmtKind};

/// How to write something that a module holds.
#[derive(Debug)]
pub(crate) struct Reference {
    /// The expression: `sys.exit`, `system.exit`, `bye`.
    pub(crate) text: String,
    /// The import that it needs.
    pub(crate) import: Option<Edit>,
}

/// Finds a way to write `module.name` where an expression stands. `None` where the module's name means something else there, or where
/// there is no place for an import.
pub(crate) fn reference(context: &Context<'_>, module: &str, name: &str, at: ExprId) -> Option<Reference> {
    if let Some(text) = imported(context, module, name, at) {
        return Some(Reference { text, import: None });
    }
    let index = context.module;
    let free = match index.binding_scope(index.expr(at).scope, module) {
        None => true,
        // A module that is imported elsewhere (under a condition, further down) may as well be imported at the top.
        Some(scope) => scope == ScopeId(0) && index.scope(scope).bindings[module].iter().all(|binding| is_module(binding, module)),
    };
    if !free {
        return None;
    }
    Some(Reference { text: format!("{module}.{name}"), import: Some(import(context, module)?) })
}

/// An import that binds the module or the name where an expression stands.
fn imported(context: &Context<'_>, module: &str, name: &str, at: ExprId) -> Option<String> {
    let index = context.module;
    let mut found: Option<(ScopeId, String)> = None;
    let mut scope = Some(index.expr(at).scope);
    while let Some(id) = scope {
        let mut names: Vec<&crate::module::ir::Name> = index.scope(id).bindings.keys().collect();
        names.sort_unstable();
        for bound in names {
            let bindings = &index.scope(id).bindings[bound];
            let [binding] = &bindings[..] else { continue };
            let text = match &binding.value {
                _ if is_module(binding, module) => format!("{bound}.{name}"),
                BoundValue::Imported { module: from, level: 0, name: held } if from == module && held == name => bound.to_string(),
                _ => continue,
            };
            if index.binding_scope(index.expr(at).scope, bound) == Some(id) && precedes(context, id, binding.stmt, at) {
                // `sys.exit` is clearer than an alias.
                let better = found.as_ref().is_none_or(|(known, other)| *known == id && text.len() < other.len() && text.contains('.'));
                if better {
                    found = Some((id, text));
                }
            }
        }
        if found.is_some() {
            break;
        }
        scope = index.scope(id).parent;
    }
    found.map(|(_, text)| text)
}

fn is_module(binding: &Binding, module: &str) -> bool {
    matches!(&binding.value, BoundValue::Module(name) if name == module)
}

/// Whether an import of a scope has run whenever an expression is evaluated: it stands in front of it (or of the function around it), in a
/// block that holds it.
fn precedes(context: &Context<'_>, scope: ScopeId, import: StmtId, at: ExprId) -> bool {
    let index = context.module;
    let block = index.stmt(import).parent;
    // A class body's names are seen from nowhere else, and a function's only from behind the import.
    if matches!(index.scope(scope).kind, ScopeKind::Class(_)) {
        return false;
    }
    let own = index.expr(at).stmt;
    let mut around = std::iter::successors(Some(own), |stmt| index.stmt(*stmt).parent.map(|(outer, _)| outer));
    around.any(|stmt| index.stmt(stmt).parent == block && index.stmt(stmt).range.start() > index.stmt(import).range.start())
}

/// Imports a module at the top of the file: in its place among the imports there, else behind the docstring and `from __future__`.
fn import(context: &Context<'_>, module: &str) -> Option<Edit> {
    let index = context.module;
    let body = index.body();
    let head = body.iter().enumerate().take_while(|(at, stmt)| *at == 0 && is_docstring(index, **stmt) || is_future(index, **stmt)).count();
    let line = format!("import {module}");
    let group = imports_at(index, &body[head..]);
    // The last one that sorts before the new one, else in front of the first.
    let earlier = group
        .iter()
        .rev()
        .find(|stmt| matches!(&index.stmt(**stmt).kind, StmtKind::Import(names) if names.iter().all(|name| name.as_str() < module)));
    if let Some(earlier) = earlier {
        return statements::after(context, *earlier, &[line]);
    }
    if let Some(first) = group.first() {
        return statements::before(context, *first, &[line]);
    }
    if let Some(last) = head.checked_sub(1).map(|last| body[last]) {
        let blank = if is_future(index, last) { vec![line] } else { vec![String::new(), line] };
        return after_head(context, last, &blank);
    }
    let first = *body.first()?;
    statements::before(context, first, &[line, String::new()])
}

/// Behind a docstring or `from __future__`, with a line between the import and code that is none.
fn after_head(context: &Context<'_>, stmt: StmtId, lines: &[String]) -> Option<Edit> {
    let index = context.module;
    let at = statements::line_end(index, index.stmt(stmt).range.end())?;
    let end = line_ending(index.file.text());
    let mut text: String = lines.iter().flat_map(|line| [end, line.as_ref()]).collect();
    let behind = statements::line_break(&index.file, at);
    let next = index.file.text()[behind.to_usize()..].lines().next().unwrap_or_default();
    if !next.trim().is_empty() {
        text.push_str(end);
    }
    Some(insert(context, at, text))
}

/// The imports that stand together at the head of a block, without a blank line between them.
fn imports_at(index: &Module, block: &[StmtId]) -> Vec<StmtId> {
    let mut group = Vec::new();
    let mut end: Option<TextSize> = None;
    for stmt in block {
        let data = index.stmt(*stmt);
        let together = end.is_none_or(|end| index.file.line(data.range.start()) <= index.file.line(end) + 1);
        if !together || !matches!(data.kind, StmtKind::Import(_) | StmtKind::ImportFrom { .. }) {
            break;
        }
        end = Some(data.range.end());
        group.push(*stmt);
    }
    group
}

fn is_docstring(index: &Module, stmt: StmtId) -> bool {
    matches!(index.stmt(stmt).kind, StmtKind::Expr(value) if matches!(index.kind(value), ExprKind::Str(_)))
}

fn is_future(index: &Module, stmt: StmtId) -> bool {
    matches!(&index.stmt(stmt).kind, StmtKind::ImportFrom { module, level: 0 } if module == "__future__")
}
