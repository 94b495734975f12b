//! The index of a text made from that of the text before, for an editor: at a keystroke nearly all is as it was.
//!
//! One region of the text is different. The functions that lie in front of it or behind it with their headers are the same; what was read
//! from their bodies is taken over, and the places and ids in it are put right. What is at the top of the module and of its classes, and the
//! functions that the region touches, are parsed again. All bodies have been parsed once, so that it is known whether the text has errors:
//! where it has any, it is parsed in whole, and what was known before is kept for the next text.

use std::ops::Range;
use std::sync::{Arc, Mutex, PoisonError};

use ruff_text_size::{TextRange, TextSize};

use super::ir::{
    Arg, AttributeBinding, Attributes, Binding, Block, BoundValue, Branch, Case, Class, ClassId, Code, Expr, ExprId, ExprKind, Function,
    FunctionBody, FunctionId, Generator, Handler, Param, Scope, ScopeId, ScopeKind, Stmt, StmtId, StmtKind, WithItem,
};
use super::lower::{Arenas, LeftOut, PART_SIZE, base_of};
use super::parts::{self, Part};
use super::{Module, TooDeep, may_suppress, nesting};
use crate::source::SourceFile;

/// What is kept of a document from one of its texts to the next, so that only what an edit changes is parsed again.
#[derive(Debug, Default)]
pub struct Earlier(Mutex<Option<Arc<Module>>>);

impl Earlier {
    /// The last module, where nobody else uses it any more.
    fn take(&self) -> Option<Module> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take().and_then(Arc::into_inner)
    }

    fn keep(&self, module: Option<Arc<Module>>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = module;
    }

    /// As [`Module::parse`].
    pub(crate) fn parse(&self, file: Arc<SourceFile>) -> Result<Arc<Module>, TooDeep> {
        let mut before = self.take();
        let same = before.as_ref().map(|before| Same::new(before.file.text(), file.text()));
        let (from, mut bodies) = before.as_ref().zip(same.as_ref()).map(|(before, same)| same.scanned(before)).unwrap_or_default();
        let scanned = nesting::scan_from(file.text(), from);
        if let Some(offset) = scanned.too_deep {
            self.keep(before.map(Arc::new));
            return Err(TooDeep(offset));
        }
        bodies.extend(scanned.bodies);
        let split = parts::split(file.text(), bodies, true);
        let module = split.and_then(|(top, parts)| complete(&mut before, same.as_ref(), &file, top, parts)).map(Arc::new);
        if let Some(module) = module {
            self.keep(Some(Arc::clone(&module)));
            return Ok(module);
        }
        self.keep(before.map(Arc::new));
        Ok(Arc::new(Module::parse_whole(file)))
    }
}

/// The index of a text, all bodies of which are known or parsed; `None` where one of them has errors: then what was before is left alone.
fn complete(before: &mut Option<Module>, same: Option<&Same>, file: &Arc<SourceFile>, top: Arenas, mut parts: Vec<Part>) -> Option<Module> {
    let text = file.text();
    let known: Vec<Option<usize>> = match (before.as_ref(), same) {
        (Some(before), Some(same)) => {
            parts.iter().enumerate().map(|(index, part)| same.part(before, &top, parts.len(), index, part)).collect()
        }
        _ => vec![None; parts.len()],
    };
    let mut fresh = parts.iter().enumerate().zip(&known).filter(|(_, known)| known.is_none());
    if !fresh.all(|((index, part), _)| part.check(index, text, &top)) {
        return None;
    }
    if let (Some(mut before), Some(same)) = (before.take(), same) {
        for (index, part) in parts.iter_mut().enumerate() {
            if let Some(then) = known[index]
                && let Some(mut arenas) = before.parts[then].arenas.take()
            {
                let old = &before.parts[then];
                let by = if part.body.start < same.front { 0 } else { same.longer };
                Move { by, bases: (base_of(then), base_of(index)), around: (old.left_out, part.left_out) }.apply(&mut arenas);
                // Nobody has asked for anything in it yet.
                let _ = part.arenas.set(arenas);
            }
        }
    }
    let mut module = Module { is_complete: true, ..Module::new(Arc::clone(file), top, parts.into()) };
    if may_suppress(text) {
        let parts = module.parts.iter().filter_map(|part| part.arenas.get());
        module.comments = std::iter::once(&module.top).chain(parts).flat_map(|arenas| &arenas.comments).copied().collect();
        module.comments.sort_by_key(|comment| comment.start());
    }
    Some(module)
}

/// What two texts have in common.
struct Same {
    /// The length in bytes of what both begin with.
    front: usize,
    /// Where what both end with begins in the new one.
    back: usize,
    /// By how many bytes the new one is longer, wrapping around where it is shorter.
    longer: u32,
}

impl Same {
    fn new(before: &str, after: &str) -> Self {
        const STEP: usize = 64;
        let (old, new) = (before.as_bytes(), after.as_bytes());
        let steps = old.chunks_exact(STEP).zip(new.chunks_exact(STEP)).take_while(|(old, new)| old == new).count();
        let rest = old[steps * STEP..].iter().zip(&new[steps * STEP..]).take_while(|(old, new)| old == new).count();
        let front = steps * STEP + rest;
        let (old, new) = (&old[front..], &new[front..]);
        let steps = old.rchunks_exact(STEP).zip(new.rchunks_exact(STEP)).take_while(|(old, new)| old == new).count();
        let ends = (&old[..old.len() - steps * STEP], &new[..new.len() - steps * STEP]);
        let rest = ends.0.iter().rev().zip(ends.1.iter().rev()).take_while(|(old, new)| old == new).count();
        Self { front, back: after.len() - steps * STEP - rest, longer: (after.len() as u32).wrapping_sub(before.len() as u32) }
    }

    /// The place in front of which nothing need be scanned again, and the bodies that are there: where the last statement starts that is in no other,
    /// at the start of a line, in front of the edit.
    fn scanned(&self, before: &Module) -> (usize, Vec<Range<usize>>) {
        let text = before.file.text().as_bytes();
        let starts = before.top.body.iter().map(|stmt| usize::from(before.stmt(*stmt).range.start()));
        let is_line = |start: &usize| *start == 0 || matches!(text[start - 1], b'\n' | b'\r');
        let from = starts.take_while(|start| *start < self.front).filter(is_line).last().unwrap_or_default();
        let bodies = before.parts.iter().map(|part| part.body.clone()).take_while(|body| body.end <= from);
        (from, bodies.collect())
    }

    /// The part of the index before that a part of the new one is, header and all, where it was read.
    fn part(&self, before: &Module, top: &Arenas, count: usize, index: usize, part: &Part) -> Option<usize> {
        let is_in_front = part.body.end < self.front;
        let then = if is_in_front { index } else { (index + before.parts.len()).checked_sub(count)? };
        let old = before.parts.get(then).filter(|old| old.arenas.get().is_some())?;
        let header = |arenas: &Arenas, left_out: LeftOut| usize::from(arenas.stmts[left_out.stmt.0 as usize].range.start());
        let by = if is_in_front { 0 } else { self.longer };
        let is_moved = |old: usize, new: usize| (old as u32).wrapping_add(by) == new as u32;
        let start = header(top, part.left_out);
        let is_method = |arenas: &Arenas, left_out: LeftOut| arenas.functions[left_out.function.0 as usize].class.is_some();
        let is_same = (is_in_front || start >= self.back)
            && is_moved(old.body.start, part.body.start)
            && is_moved(old.body.end, part.body.end)
            && is_moved(header(&before.top, old.left_out), start)
            && is_method(&before.top, old.left_out) == is_method(top, part.left_out);
        is_same.then_some(then)
    }
}

fn all<T>(items: impl IntoIterator<Item = T>, mut each: impl FnMut(T)) {
    for item in items {
        each(item);
    }
}

/// What becomes of the arenas of a part that is taken over.
struct Move {
    /// By how many bytes its text stands further behind, wrapping around where it is further in front.
    by: u32,
    /// The first id of its arenas before and after.
    bases: (u32, u32),
    /// The function that it is the body of, before and after. Of all that is around nothing else is named in a part.
    around: (LeftOut, LeftOut),
}

impl Move {
    fn apply(&self, arenas: &mut Arenas) {
        let (old, new) = &self.around;
        let is_same_around = old.function == new.function && old.scope == new.scope && old.stmt == new.stmt;
        if self.by == 0 && self.bases.0 == self.bases.1 && is_same_around {
            return;
        }
        let Arenas { exprs, stmts, functions, classes, scopes, body, calls, adding, storing, star_imports: _, code, attributes, comments } =
            arenas;
        all(exprs.iter_mut(), |expr| self.in_expr(expr));
        all(stmts.iter_mut(), |stmt| self.in_stmt(stmt));
        all(functions.iter_mut(), |function| self.in_function(function));
        all(classes.iter_mut(), |class| self.in_class(class));
        all(scopes.iter_mut(), |scope| self.in_scope(scope));
        self.block(body);
        all(calls.iter_mut().chain(adding), |call| self.expr(call));
        all(storing.iter_mut(), |stmt| self.stmt(stmt));
        self.in_code(code);
        self.in_attributes(attributes);
        all(comments.iter_mut(), |comment| self.range(comment));
    }

    fn range(&self, range: &mut TextRange) {
        let moved = |offset: TextSize| TextSize::new(u32::from(offset).wrapping_add(self.by));
        *range = TextRange::new(moved(range.start()), moved(range.end()));
    }

    /// An id of the part itself, or that of what is around it.
    fn id(&self, id: &mut u32, around: u32) {
        *id = if *id >= PART_SIZE { *id - self.bases.0 + self.bases.1 } else { around };
    }

    fn expr(&self, id: &mut ExprId) {
        self.id(&mut id.0, 0);
    }

    fn stmt(&self, id: &mut StmtId) {
        self.id(&mut id.0, self.around.1.stmt.0);
    }

    fn function(&self, id: &mut FunctionId) {
        self.id(&mut id.0, self.around.1.function.0);
    }

    fn class(&self, id: &mut ClassId) {
        self.id(&mut id.0, 0);
    }

    fn scope(&self, id: &mut ScopeId) {
        self.id(&mut id.0, self.around.1.scope.0);
    }

    fn exprs<'a>(&self, ids: impl IntoIterator<Item = &'a mut ExprId>) {
        all(ids, |id| self.expr(id));
    }

    fn block(&self, block: &mut Block) {
        all(block.iter_mut(), |stmt| self.stmt(stmt));
    }

    fn in_expr(&self, expr: &mut Expr) {
        let Expr { kind, range, scope, stmt, function } = expr;
        self.range(range);
        self.scope(scope);
        self.stmt(stmt);
        all(function.iter_mut(), |function| self.function(function));
        match kind {
            ExprKind::Name(_)
            | ExprKind::Str(_)
            | ExprKind::Bytes
            | ExprKind::Int(_)
            | ExprKind::Float(_)
            | ExprKind::Complex
            | ExprKind::Bool(_)
            | ExprKind::None
            | ExprKind::Ellipsis
            | ExprKind::FString(_)
            | ExprKind::Slice
            | ExprKind::Yield
            | ExprKind::Other => {}
            ExprKind::Attribute { value, attr: _, attr_range } => {
                self.expr(value);
                self.range(attr_range);
            }
            ExprKind::Call { func, args } => {
                self.expr(func);
                for Arg { kind: _, value, range } in args {
                    self.expr(value);
                    self.range(range);
                }
            }
            ExprKind::BinOp { left, op: _, right } => self.exprs([left, right]),
            ExprKind::Unary { op: _, operand: inner } | ExprKind::Starred(inner) | ExprKind::Await(inner) => self.expr(inner),
            ExprKind::BoolOp { is_and: _, values } | ExprKind::Tuple(values) | ExprKind::List(values) | ExprKind::Set(values) => {
                self.exprs(values);
            }
            ExprKind::Compare { left, rest } => {
                self.expr(left);
                self.exprs(rest.iter_mut().map(|(_, right)| right));
            }
            ExprKind::If { test, body, orelse } => self.exprs([test, body, orelse]),
            ExprKind::Lambda(function) => self.function(function),
            ExprKind::Dict(items) => {
                for (key, value) in items {
                    self.exprs(key);
                    self.expr(value);
                }
            }
            ExprKind::Comprehension { kind: _, element, generators } => {
                self.expr(element);
                self.exprs(generators.iter_mut().map(|Generator { iter }| iter));
            }
            ExprKind::Subscript { value, slice } => self.exprs([value, slice]),
            ExprKind::Named { target, value } => self.exprs([target, value]),
        }
    }

    fn in_stmt(&self, stmt: &mut Stmt) {
        let Stmt { kind, range, parent, function } = stmt;
        self.range(range);
        all(parent.iter_mut(), |(outer, _)| self.stmt(outer));
        all(function.iter_mut(), |function| self.function(function));
        match kind {
            StmtKind::Import(_)
            | StmtKind::ImportFrom { .. }
            | StmtKind::Declaration
            | StmtKind::Pass
            | StmtKind::Break
            | StmtKind::Continue
            | StmtKind::Other => {}
            StmtKind::Expr(value) | StmtKind::AugAssign { target: value, op: _ } | StmtKind::Assert { test: value } => self.expr(value),
            StmtKind::Assign { targets, value } => {
                self.exprs(targets);
                self.expr(value);
            }
            StmtKind::AnnAssign { target, value } => {
                self.expr(target);
                self.exprs(value);
            }
            StmtKind::Return(value) | StmtKind::Raise { exc: value } => self.exprs(value),
            StmtKind::Delete(targets) => self.exprs(targets),
            StmtKind::If { branches } => {
                for Branch { test, body } in branches {
                    self.exprs(test);
                    self.block(body);
                }
            }
            StmtKind::While { test: head, body, orelse } | StmtKind::For { iter: head, body, orelse } => {
                self.expr(head);
                self.block(body);
                self.block(orelse);
            }
            StmtKind::With { items, body } => {
                for WithItem { context, target } in items {
                    self.expr(context);
                    self.exprs(target);
                }
                self.block(body);
            }
            StmtKind::Try { body, handlers, orelse, finalbody } => {
                for Handler { header, exception, name: _, body } in handlers {
                    self.range(header);
                    self.exprs(exception);
                    self.block(body);
                }
                all([body, orelse, finalbody], |block| self.block(block));
            }
            StmtKind::Match { cases } => all(cases.iter_mut(), |Case { irrefutable: _, body }| self.block(body)),
            StmtKind::Function(function) => self.function(function),
            StmtKind::Class(class) => self.class(class),
        }
    }

    fn in_function(&self, function: &mut Function) {
        let Function { name: _, name_range, scope, class, outer, decorators, params, returns_annotation, is_async: _, code } = function;
        self.range(name_range);
        self.scope(scope);
        all(class.iter_mut(), |class| self.class(class));
        all(outer.iter_mut(), |outer| self.function(outer));
        self.exprs(decorators);
        for Param { name: _, name_range, kind: _, annotation, default } in params {
            self.range(name_range);
            self.exprs(annotation.iter_mut().chain(default));
        }
        self.exprs(returns_annotation);
        self.in_code(code);
    }

    fn in_code(&self, code: &mut Code) {
        let Code { body, is_generator: _, calls, loads, withs, imports, returns, docstring: _ } = code;
        match body {
            FunctionBody::Block(block) => self.block(block),
            FunctionBody::Lambda(body) => self.expr(body),
        }
        self.exprs(calls.iter_mut().chain(loads));
        all(withs.iter_mut().chain(imports), |stmt| self.stmt(stmt));
        self.exprs(returns.iter_mut().flatten());
    }

    fn in_class(&self, class: &mut Class) {
        let Class { name: _, range, scope, bases, attributes } = class;
        self.range(range);
        self.scope(scope);
        self.exprs(bases);
        self.in_attributes(attributes);
    }

    fn in_attributes(&self, attributes: &mut Attributes) {
        for AttributeBinding { value, stmt, range } in attributes.values_mut().flatten() {
            self.in_bound(value);
            self.stmt(stmt);
            self.range(range);
        }
    }

    fn in_scope(&self, scope: &mut Scope) {
        let Scope { kind, parent, bindings, globals: _, nonlocals: _ } = scope;
        match kind {
            ScopeKind::Class(class) => self.class(class),
            ScopeKind::Function(function) => self.function(function),
            ScopeKind::Module | ScopeKind::Comprehension => {}
        }
        all(parent.iter_mut(), |parent| self.scope(parent));
        for Binding { value, range, stmt } in bindings.values_mut().flatten() {
            self.in_bound(value);
            self.range(range);
            self.stmt(stmt);
        }
    }

    fn in_bound(&self, value: &mut BoundValue) {
        match value {
            BoundValue::Expr(value)
            | BoundValue::Augmented { op: _, value }
            | BoundValue::Element(value)
            | BoundValue::Unpacked(value, _)
            | BoundValue::Entered(value) => self.expr(value),
            BoundValue::Annotated { annotation, value } => {
                self.expr(annotation);
                self.exprs(value);
            }
            BoundValue::Exception(class) => self.exprs(class),
            BoundValue::Module(_) | BoundValue::Imported { .. } | BoundValue::Opaque => {}
            BoundValue::Function(function) | BoundValue::Param(function, _) => self.function(function),
            BoundValue::Class(class) => self.class(class),
        }
    }
}

#[cfg(test)]
mod tests;
