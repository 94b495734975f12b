//! Statements: blocks, imports, patterns, and what they bind.

use ruff_python_ast::{self as ast, Expr as AstExpr, Stmt as AstStmt};
use ruff_text_size::{Ranged, TextRange, TextSize};

use super::Lowering;
use super::operators::bin_op;
use crate::module::ir::{Block, BoundValue, Branch, Case, Handler, Name, Slot, Stmt, StmtId, StmtKind, WithItem};

impl Lowering<'_> {
    pub(super) fn block(&mut self, statements: &[AstStmt], parent: Option<(StmtId, Slot)>) -> Block {
        let outer = std::mem::replace(&mut self.parent, parent);
        let block = statements.iter().map(|statement| self.statement(statement)).collect();
        self.parent = outer;
        block
    }

    pub(super) fn statement(&mut self, statement: &AstStmt) -> StmtId {
        let id = StmtId(self.next(self.arenas.stmts.len()));
        self.arenas.stmts.push(Stmt { kind: StmtKind::Other, range: statement.range(), parent: self.parent, function: self.function });
        let outer = std::mem::replace(&mut self.stmt, id);
        let kind = self.statement_kind(statement, id);
        self.stmt = outer;
        if let Some(function) = self.function {
            match kind {
                StmtKind::With { .. } => self.code_mut(function).withs.push(id),
                StmtKind::Import(_) | StmtKind::ImportFrom { .. } => self.code_mut(function).imports.push(id),
                _ => {}
            }
        }
        let index = self.own(id.0);
        self.arenas.stmts[index].kind = kind;
        id
    }

    pub(super) fn statement_kind(&mut self, statement: &AstStmt, id: StmtId) -> StmtKind {
        match statement {
            AstStmt::Expr(node) => StmtKind::Expr(self.expr(&node.value)),
            AstStmt::Assign(node) => {
                let value = self.expr(&node.value);
                let targets = node.targets.iter().map(|target| self.expr(target)).collect();
                for target in &node.targets {
                    self.bind_target(target, &BoundValue::Expr(value));
                }
                if node.targets.iter().any(AstExpr::is_subscript_expr) {
                    self.arenas.storing.push(self.stmt);
                }
                StmtKind::Assign { targets, value }
            }
            AstStmt::AugAssign(node) => {
                let (target, value, op) = (self.expr(&node.target), self.expr(&node.value), bin_op(node.op));
                self.bind_target(&node.target, &BoundValue::Augmented { op, value });
                StmtKind::AugAssign { target, op }
            }
            AstStmt::AnnAssign(node) => {
                let annotation = self.annotation(&node.annotation);
                let value = node.value.as_deref().map(|value| self.expr(value));
                let target = self.expr(&node.target);
                self.bind_target(&node.target, &BoundValue::Annotated { annotation, value });
                StmtKind::AnnAssign { target, value }
            }
            AstStmt::Return(node) => {
                let value = node.value.as_deref().map(|value| self.expr(value));
                if let Some(function) = self.function {
                    self.code_mut(function).returns.push(value);
                }
                StmtKind::Return(value)
            }
            AstStmt::Raise(node) => {
                let exc = self.optional(node.exc.as_deref());
                self.optional(node.cause.as_deref());
                StmtKind::Raise { exc }
            }
            AstStmt::Delete(node) => {
                let targets = self.exprs(&node.targets);
                for target in &node.targets {
                    if let AstExpr::Name(name) = target {
                        self.bind(&name.id, name.range, BoundValue::Opaque);
                    }
                }
                StmtKind::Delete(targets)
            }
            AstStmt::Assert(node) => {
                let test = self.expr(&node.test);
                self.optional(node.msg.as_deref());
                StmtKind::Assert { test }
            }
            AstStmt::Import(node) => self.import(node),
            AstStmt::ImportFrom(node) => self.import_from(node),
            AstStmt::Global(node) => {
                let names = node.names.iter().map(|name| Name::from(name.as_str()));
                self.scope_mut().globals.extend(names);
                StmtKind::Declaration
            }
            AstStmt::Nonlocal(node) => {
                let names = node.names.iter().map(|name| Name::from(name.as_str()));
                self.scope_mut().nonlocals.extend(names);
                StmtKind::Declaration
            }
            AstStmt::Pass(_) => StmtKind::Pass,
            AstStmt::Break(_) => StmtKind::Break,
            AstStmt::Continue(_) => StmtKind::Continue,
            AstStmt::FunctionDef(node) => self.function_def(node, id),
            AstStmt::ClassDef(node) => self.class_def(node, id),
            AstStmt::TypeAlias(node) => {
                self.bind_target(&node.name, &BoundValue::Opaque);
                StmtKind::Other
            }
            AstStmt::IpyEscapeCommand(_) => StmtKind::Other,
            _ => self.compound(statement, id),
        }
    }

    pub(super) fn compound(&mut self, statement: &AstStmt, id: StmtId) -> StmtKind {
        match statement {
            AstStmt::If(node) => {
                let mut branches = Vec::with_capacity(1 + node.elif_else_clauses.len());
                let test = Some(self.expr(&node.test));
                branches.push(Branch { test, body: self.block(&node.body, Some((id, Slot::Branch(0)))) });
                for (index, clause) in node.elif_else_clauses.iter().enumerate() {
                    let test = self.optional(clause.test.as_ref());
                    let body = self.block(&clause.body, Some((id, Slot::Branch(index as u32 + 1))));
                    branches.push(Branch { test, body });
                }
                StmtKind::If { branches: branches.into() }
            }
            AstStmt::While(node) => StmtKind::While {
                test: self.expr(&node.test),
                body: self.block(&node.body, Some((id, Slot::Body))),
                orelse: self.block(&node.orelse, Some((id, Slot::Else))),
            },
            AstStmt::For(node) => {
                let iter = self.expr(&node.iter);
                self.expr(&node.target);
                self.bind_target(&node.target, &BoundValue::Element(iter));
                let body = self.block(&node.body, Some((id, Slot::Body)));
                let orelse = self.block(&node.orelse, Some((id, Slot::Else)));
                StmtKind::For { iter, body, orelse }
            }
            AstStmt::With(node) => {
                let mut items = Vec::with_capacity(node.items.len());
                for item in &node.items {
                    let context = self.expr(&item.context_expr);
                    let target = self.optional(item.optional_vars.as_deref());
                    if let Some(vars) = &item.optional_vars {
                        self.bind_target(vars, &BoundValue::Entered(context));
                    }
                    items.push(WithItem { context, target });
                }
                let body = self.block(&node.body, Some((id, Slot::Body)));
                StmtKind::With { items: items.into(), body }
            }
            AstStmt::Try(node) => {
                let body = self.block(&node.body, Some((id, Slot::Body)));
                let handlers = node.handlers.iter().enumerate().map(|(index, handler)| self.handler(handler, id, index as u32)).collect();
                let orelse = self.block(&node.orelse, Some((id, Slot::Else)));
                StmtKind::Try { body, handlers, orelse, finalbody: self.block(&node.finalbody, Some((id, Slot::Finally))) }
            }
            AstStmt::Match(node) => {
                self.expr(&node.subject);
                let cases = node.cases.iter().enumerate().map(|(index, case)| {
                    self.pattern(&case.pattern);
                    let guard = self.optional(case.guard.as_deref());
                    let irrefutable =
                        guard.is_none() && matches!(&case.pattern, ast::Pattern::MatchAs(pattern) if pattern.pattern.is_none());
                    Case { irrefutable, body: self.block(&case.body, Some((id, Slot::Case(index as u32)))) }
                });
                StmtKind::Match { cases: cases.collect() }
            }
            _ => StmtKind::Other,
        }
    }

    pub(super) fn handler(&mut self, handler: &ast::ExceptHandler, id: StmtId, index: u32) -> Handler {
        let ast::ExceptHandler::ExceptHandler(handler) = handler;
        let exception = self.optional(handler.type_.as_deref());
        if let Some(name) = &handler.name {
            self.bind(name, name.range, BoundValue::Exception(exception));
        }
        let start = handler.range.start();
        let end = handler.name.as_ref().map(Ranged::end).or_else(|| handler.type_.as_deref().map(Ranged::end));
        Handler {
            header: TextRange::new(start, end.unwrap_or(start + TextSize::of("except"))),
            exception,
            name: handler.name.as_ref().map(|name| Name::from(name.as_str())),
            body: self.block(&handler.body, Some((id, Slot::Handler(index)))),
        }
    }

    pub(super) fn pattern(&mut self, pattern: &ast::Pattern) {
        use ast::Pattern as P;
        let name = match pattern {
            P::MatchValue(node) => {
                self.expr(&node.value);
                None
            }
            P::MatchSingleton(_) => None,
            P::MatchSequence(node) => {
                node.patterns.iter().for_each(|inner| self.pattern(inner));
                None
            }
            P::MatchOr(node) => {
                node.patterns.iter().for_each(|inner| self.pattern(inner));
                None
            }
            P::MatchMapping(node) => {
                node.patterns.iter().for_each(|inner| self.pattern(inner));
                node.rest.as_ref()
            }
            P::MatchClass(node) => {
                self.expr(&node.cls);
                node.arguments.patterns.iter().for_each(|inner| self.pattern(inner));
                node.arguments.keywords.iter().for_each(|keyword| self.pattern(&keyword.pattern));
                None
            }
            P::MatchStar(node) => node.name.as_ref(),
            P::MatchAs(node) => {
                if let Some(inner) = &node.pattern {
                    self.pattern(inner);
                }
                node.name.as_ref()
            }
        };
        if let Some(name) = name {
            self.bind(name, name.range, BoundValue::Opaque);
        }
    }

    pub(super) fn import(&mut self, node: &ast::StmtImport) -> StmtKind {
        let names = node.names.iter().map(|alias| {
            let module = Name::from(alias.name.as_str());
            if let Some(name) = &alias.asname {
                self.bind(name, alias.range, BoundValue::Module(module.clone()));
            } else {
                let top = module.split('.').next().unwrap_or_default();
                self.bind(top, alias.range, BoundValue::Module(Name::from(top)));
            }
            module
        });
        StmtKind::Import(names.collect())
    }

    pub(super) fn import_from(&mut self, node: &ast::StmtImportFrom) -> StmtKind {
        let module = Name::from(node.module.as_ref().map_or("", |name| name.as_str()));
        for alias in &node.names {
            let name = Name::from(alias.name.as_str());
            if name == "*" {
                self.arenas.star_imports.push((module.clone(), node.level));
            } else {
                let imported = BoundValue::Imported { module: module.clone(), level: node.level, name };
                self.bind(alias.asname.as_ref().unwrap_or(&alias.name), alias.range, imported);
            }
        }
        StmtKind::ImportFrom { module, level: node.level }
    }
}
