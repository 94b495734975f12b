//! Expressions, with the scopes of comprehensions.

use ruff_python_ast::{self as ast, Expr as AstExpr};
use ruff_text_size::{Ranged, TextRange};

use super::ADDING;
use super::Lowering;
use super::operators::{bin_op, cmp_op, unary_op};
use crate::module::ir::{
    Arg, ArgKind, BoundValue, ComprehensionKind, Expr, ExprId, ExprKind, FStringPart, Generator, Name, Scope, ScopeKind,
};
use crate::module::nesting;

impl Lowering<'_> {
    pub(super) fn exprs(&mut self, expressions: &[AstExpr]) -> Box<[ExprId]> {
        expressions.iter().map(|expression| self.expr(expression)).collect()
    }

    pub(super) fn optional(&mut self, expression: Option<&AstExpr>) -> Option<ExprId> {
        expression.map(|expression| self.expr(expression))
    }

    pub(super) fn push(&mut self, kind: ExprKind, range: TextRange) -> ExprId {
        let id = ExprId(self.next(self.arenas.exprs.len()));
        self.arenas.exprs.push(Expr { kind, range, scope: self.scope, stmt: self.stmt, function: self.function });
        id
    }

    /// An annotation; one that is written as a string is parsed, with the string's range for all its parts.
    pub(super) fn annotation(&mut self, expression: &AstExpr) -> ExprId {
        if let AstExpr::StringLiteral(literal) = expression
            && nesting::too_deep(literal.value.to_str()).is_none()
            && let Ok(parsed) = ruff_python_parser::parse_expression(literal.value.to_str())
        {
            let mut inner = parsed.into_syntax().body;
            ast::relocate::relocate_expr(&mut inner, literal.range);
            return self.expr(&inner);
        }
        self.expr(expression)
    }

    pub(super) fn expr(&mut self, expression: &AstExpr) -> ExprId {
        let kind = self.expr_kind(expression);
        let is_call = matches!(kind, ExprKind::Call { .. });
        let is_adding = matches!(expression, AstExpr::Call(node)
            if matches!(&*node.func, AstExpr::Attribute(method) if ADDING.contains(&method.attr.as_str())));
        let is_load = matches!(expression, AstExpr::Attribute(node) if node.ctx.is_load());
        let id = self.push(kind, expression.range());
        if let (true, Some(function)) = (is_load, self.function) {
            self.code_mut(function).loads.push(id);
        }
        if is_call {
            self.arenas.calls.push(id);
            if is_adding {
                self.arenas.adding.push(id);
            }
            if let Some(function) = self.function {
                self.code_mut(function).calls.push(id);
            }
        }
        id
    }

    pub(super) fn expr_kind(&mut self, expression: &AstExpr) -> ExprKind {
        match expression {
            AstExpr::Name(node) => ExprKind::Name(Name::from(node.id.as_str())),
            AstExpr::Attribute(node) => {
                ExprKind::Attribute { value: self.expr(&node.value), attr: Name::from(node.attr.as_str()), attr_range: node.attr.range }
            }
            AstExpr::Call(node) => ExprKind::Call { func: self.expr(&node.func), args: self.args(&node.arguments) },
            AstExpr::StringLiteral(node) => ExprKind::Str(node.value.to_str().into()),
            AstExpr::BytesLiteral(_) => ExprKind::Bytes,
            AstExpr::NumberLiteral(node) => match &node.value {
                ast::Number::Int(value) => ExprKind::Int(value.as_i64()),
                ast::Number::Float(value) => ExprKind::Float(*value),
                ast::Number::Complex { .. } => ExprKind::Complex,
            },
            AstExpr::BooleanLiteral(node) => ExprKind::Bool(node.value),
            AstExpr::NoneLiteral(_) => ExprKind::None,
            AstExpr::EllipsisLiteral(_) => ExprKind::Ellipsis,
            AstExpr::FString(node) => ExprKind::FString(self.fstring(node)),
            AstExpr::BinOp(node) => ExprKind::BinOp { left: self.expr(&node.left), op: bin_op(node.op), right: self.expr(&node.right) },
            AstExpr::UnaryOp(node) => ExprKind::Unary { op: unary_op(node.op), operand: self.expr(&node.operand) },
            AstExpr::BoolOp(node) => ExprKind::BoolOp { is_and: node.op == ast::BoolOp::And, values: self.exprs(&node.values) },
            AstExpr::Compare(node) => {
                let left = self.expr(&node.left);
                let rest = node.ops.iter().zip(&node.comparators).map(|(op, value)| (cmp_op(*op), self.expr(value)));
                ExprKind::Compare { left, rest: rest.collect() }
            }
            AstExpr::If(node) => ExprKind::If { test: self.expr(&node.test), body: self.expr(&node.body), orelse: self.expr(&node.orelse) },
            AstExpr::Lambda(node) => self.lambda(node),
            AstExpr::Tuple(node) => ExprKind::Tuple(self.exprs(&node.elts)),
            AstExpr::List(node) => ExprKind::List(self.exprs(&node.elts)),
            AstExpr::Set(node) => ExprKind::Set(self.exprs(&node.elts)),
            AstExpr::Dict(node) => {
                let items = node.items.iter().map(|item| (self.optional(item.key.as_ref()), self.expr(&item.value)));
                ExprKind::Dict(items.collect())
            }
            AstExpr::Subscript(node) => ExprKind::Subscript { value: self.expr(&node.value), slice: self.expr(&node.slice) },
            AstExpr::Slice(node) => {
                let parts = [&node.lower, &node.upper, &node.step];
                for part in parts.into_iter().flatten() {
                    self.expr(part);
                }
                ExprKind::Slice
            }
            AstExpr::Starred(node) => ExprKind::Starred(self.expr(&node.value)),
            AstExpr::Named(node) => {
                let (value, target) = (self.expr(&node.value), self.expr(&node.target));
                self.bind_walrus(&node.target, value);
                ExprKind::Named { target, value }
            }
            AstExpr::Await(node) => ExprKind::Await(self.expr(&node.value)),
            AstExpr::Yield(node) => {
                self.mark_generator();
                self.optional(node.value.as_deref());
                ExprKind::Yield
            }
            AstExpr::YieldFrom(node) => {
                self.mark_generator();
                self.expr(&node.value);
                ExprKind::Yield
            }
            AstExpr::ListComp(node) => self.comprehension(ComprehensionKind::List, None, &node.elt, &node.generators),
            AstExpr::SetComp(node) => self.comprehension(ComprehensionKind::Set, None, &node.elt, &node.generators),
            AstExpr::Generator(node) => self.comprehension(ComprehensionKind::Generator, None, &node.elt, &node.generators),
            AstExpr::DictComp(node) => self.comprehension(ComprehensionKind::Dict, node.key.as_deref(), &node.value, &node.generators),
            AstExpr::TString(node) => {
                let parts: Vec<_> = node.value.elements().filter_map(|element| element.as_interpolation()).collect();
                for part in parts {
                    self.expr(&part.expression);
                }
                ExprKind::Other
            }
            AstExpr::IpyEscapeCommand(_) => ExprKind::Other,
        }
    }

    pub(super) fn mark_generator(&mut self) {
        if let Some(function) = self.function {
            self.code_mut(function).is_generator = true;
        }
    }

    pub(super) fn args(&mut self, arguments: &ast::Arguments) -> Box<[Arg]> {
        let mut args: Vec<Arg> = Vec::with_capacity(arguments.len());
        for arg in &arguments.args {
            let (kind, value) = match arg {
                AstExpr::Starred(starred) => (ArgKind::Star, &*starred.value),
                _ => (ArgKind::Positional, arg),
            };
            args.push(Arg { kind, value: self.expr(value), range: arg.range() });
        }
        for keyword in &arguments.keywords {
            let kind = keyword.arg.as_ref().map_or(ArgKind::DoubleStar, |name| ArgKind::Keyword(Name::from(name.as_str())));
            args.push(Arg { kind, value: self.expr(&keyword.value), range: keyword.range });
        }
        args.into()
    }

    pub(super) fn fstring(&mut self, node: &ast::ExprFString) -> Box<[FStringPart]> {
        let mut parts = Vec::new();
        for part in &node.value {
            match part {
                ast::FStringPart::Literal(literal) => parts.push(FStringPart::Text((*literal.value).into())),
                ast::FStringPart::FString(fstring) => self.fstring_elements(&fstring.elements, &mut parts),
            }
        }
        parts.into()
    }

    pub(super) fn fstring_elements(&mut self, elements: &ast::InterpolatedStringElements, parts: &mut Vec<FStringPart>) {
        for element in elements {
            match element {
                ast::InterpolatedStringElement::Literal(literal) => parts.push(FStringPart::Text((*literal.value).into())),
                ast::InterpolatedStringElement::Interpolation(value) => {
                    self.expr(&value.expression);
                    parts.push(FStringPart::Value);
                    if let Some(format) = &value.format_spec {
                        self.fstring_elements(&format.elements, &mut Vec::new());
                    }
                }
            }
        }
    }

    /// A name bound by `:=` in a comprehension belongs to the scope around it (PEP 572).
    pub(super) fn bind_walrus(&mut self, target: &AstExpr, value: ExprId) {
        let inner = self.scope;
        while let Scope { kind: ScopeKind::Comprehension, parent: Some(parent), .. } = &self.arenas.scopes[self.own(self.scope.0)] {
            self.scope = *parent;
        }
        self.bind_target(target, &BoundValue::Expr(value));
        self.scope = inner;
    }

    pub(super) fn comprehension(
        &mut self,
        kind: ComprehensionKind,
        key: Option<&AstExpr>,
        element: &AstExpr,
        generators: &[ast::Comprehension],
    ) -> ExprKind {
        let outer = self.scope;
        let inner = self.new_scope(ScopeKind::Comprehension, Some(outer));
        let mut lowered = Vec::with_capacity(generators.len());
        for (index, generator) in generators.iter().enumerate() {
            // The first iterable is evaluated in the scope around the comprehension.
            self.scope = if index == 0 { outer } else { inner };
            let iter = self.expr(&generator.iter);
            self.scope = inner;
            self.expr(&generator.target);
            self.bind_target(&generator.target, &BoundValue::Element(iter));
            for test in &generator.ifs {
                self.expr(test);
            }
            lowered.push(Generator { iter });
        }
        self.scope = inner;
        self.optional(key);
        let element = self.expr(element);
        self.scope = outer;
        ExprKind::Comprehension { kind, element, generators: lowered.into() }
    }
}
