//! Functions, lambdas and classes: their scopes, parameters and bodies.

use ruff_python_ast::{self as ast, Expr as AstExpr, Stmt as AstStmt};
use ruff_text_size::Ranged;

use super::{Lowering, base_of};
use crate::module::ir::{
    Attributes, BoundValue, Class, ClassId, Code, ExprKind, Function, FunctionBody, FunctionId, Name, Param, ParamKind, ScopeId, ScopeKind,
    Slot, StmtId, StmtKind,
};

impl Lowering<'_> {
    pub(super) fn function_def(&mut self, node: &ast::StmtFunctionDef, stmt: StmtId) -> StmtKind {
        let decorators = node.decorator_list.iter().map(|decorator| self.expr(&decorator.expression)).collect();
        let returns_annotation = node.returns.as_deref().map(|annotation| self.annotation(annotation));
        let params = self.params(&node.parameters);
        let function = FunctionId(self.next(self.arenas.functions.len()));
        self.bind(&node.name, node.name.range, BoundValue::Function(function));
        // Where more stands beside what was left out, the scan took the body's end for another one than the parser does.
        let part = match &node.body[..] {
            [only] => self.part_at(only.range().start()),
            _ => None,
        };
        let scope = match part {
            Some(part) => ScopeId(base_of(part)),
            None => self.new_scope(ScopeKind::Function(function), Some(self.scope)),
        };
        self.arenas.functions.push(Function {
            name: Name::from(node.name.as_str()),
            name_range: node.name.range,
            scope,
            class: self.class,
            outer: self.function,
            decorators,
            params,
            returns_annotation,
            is_async: node.is_async,
            code: Code::default(),
        });
        if let Some(part) = part {
            self.left_out(part, function, stmt);
        } else {
            let outer = (self.scope, self.function, self.class.take());
            self.scope = scope;
            self.function_body(&node.body, function, stmt);
            (self.scope, self.function, self.class) = outer;
        }
        StmtKind::Function(function)
    }

    /// Parameters and body of a function, in its own scope.
    pub(super) fn function_body(&mut self, body: &[AstStmt], function: FunctionId, stmt: StmtId) {
        self.function = Some(function);
        self.bind_params(function);
        let block = self.block(body, Some((stmt, Slot::Body)));
        let code = self.code_mut(function);
        code.body = FunctionBody::Block(block);
        code.docstring = docstring(body);
    }

    pub(super) fn lambda(&mut self, node: &ast::ExprLambda) -> ExprKind {
        let params = node.parameters.as_deref().map(|parameters| self.params(parameters)).unwrap_or_default();
        let function = FunctionId(self.next(self.arenas.functions.len()));
        let scope = self.new_scope(ScopeKind::Function(function), Some(self.scope));
        self.arenas.functions.push(Function {
            name: Name::default(),
            name_range: node.range,
            scope,
            class: None,
            outer: self.function,
            decorators: Box::default(),
            params,
            returns_annotation: None,
            is_async: false,
            code: Code::default(),
        });
        let outer = (self.scope, self.function, self.class.take());
        (self.scope, self.function) = (scope, Some(function));
        self.bind_params(function);
        let body = self.expr(&node.body);
        (self.scope, self.function, self.class) = outer;
        let code = self.code_mut(function);
        code.body = FunctionBody::Lambda(body);
        code.returns.push(Some(body));
        ExprKind::Lambda(function)
    }

    pub(super) fn params(&mut self, parameters: &ast::Parameters) -> Box<[Param]> {
        let stars = usize::from(parameters.vararg.is_some()) + usize::from(parameters.kwarg.is_some());
        let named = parameters.posonlyargs.len() + parameters.args.len() + parameters.kwonlyargs.len();
        let mut params = Vec::with_capacity(named + stars);
        let groups = [(&parameters.posonlyargs, ParamKind::PositionalOnly), (&parameters.args, ParamKind::Normal)];
        for (group, kind) in groups {
            for param in group {
                params.push(self.param(&param.parameter, param.default.as_deref(), kind));
            }
        }
        if let Some(param) = &parameters.vararg {
            params.push(self.param(param, None, ParamKind::Star));
        }
        for param in &parameters.kwonlyargs {
            params.push(self.param(&param.parameter, param.default.as_deref(), ParamKind::KeywordOnly));
        }
        if let Some(param) = &parameters.kwarg {
            params.push(self.param(param, None, ParamKind::DoubleStar));
        }
        params.into()
    }

    pub(super) fn param(&mut self, param: &ast::Parameter, default: Option<&AstExpr>, kind: ParamKind) -> Param {
        Param {
            name: Name::from(param.name.as_str()),
            name_range: param.name.range,
            kind,
            annotation: param.annotation.as_deref().map(|annotation| self.annotation(annotation)),
            default: self.optional(default),
        }
    }

    fn bind_params(&mut self, function: FunctionId) {
        let params: Vec<_> = self.function_data(function).params.iter().map(|param| (param.name.clone(), param.name_range)).collect();
        for (index, (name, range)) in params.into_iter().enumerate() {
            self.bind(&name, range, BoundValue::Param(function, index as u32));
        }
    }

    pub(super) fn class_def(&mut self, node: &ast::StmtClassDef, stmt: StmtId) -> StmtKind {
        for decorator in &node.decorator_list {
            self.expr(&decorator.expression);
        }
        let mut bases = Vec::new();
        if let Some(arguments) = &node.arguments {
            bases.extend(arguments.args.iter().map(|base| self.expr(base)));
            for keyword in &arguments.keywords {
                self.expr(&keyword.value);
            }
        }
        let class = ClassId(self.next(self.arenas.classes.len()));
        self.bind(&node.name, node.name.range, BoundValue::Class(class));
        let scope = self.new_scope(ScopeKind::Class(class), Some(self.scope));
        self.arenas.classes.push(Class {
            name: Name::from(node.name.as_str()),
            range: node.range,
            scope,
            bases: bases.into(),
            attributes: Attributes::default(),
        });
        let outer = (self.scope, self.class.replace(class));
        self.scope = scope;
        self.block(&node.body, Some((stmt, Slot::Body)));
        (self.scope, self.class) = outer;
        StmtKind::Class(class)
    }
}

fn docstring(body: &[AstStmt]) -> Option<Box<str>> {
    match body.first()? {
        AstStmt::Expr(ast::StmtExpr { value, .. }) => match &**value {
            AstExpr::StringLiteral(literal) => Some(literal.value.to_str().into()),
            _ => None,
        },
        _ => None,
    }
}
