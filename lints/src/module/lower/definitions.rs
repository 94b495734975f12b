//! Functions, lambdas and classes: their scopes, parameters and bodies.

use ruff_python_ast::{self as ast, Expr as AstExpr, Stmt as AstStmt};
use rustc_hash::FxHashMap;
use smallvec::SmallVec;

use super::Lowering;
use crate::module::ir::{
    Block, BoundValue, Class, ClassId, ExprKind, Function, FunctionBody, FunctionId, Name, Param, ParamKind, ScopeKind, Slot, StmtId,
    StmtKind,
};

impl Lowering {
    pub(super) fn function_def(&mut self, node: &ast::StmtFunctionDef, stmt: StmtId) -> StmtKind {
        let decorators = node.decorator_list.iter().map(|decorator| self.expr(&decorator.expression)).collect();
        let returns_annotation = node.returns.as_deref().map(|annotation| self.annotation(annotation));
        let params = self.params(&node.parameters);
        let function = FunctionId(self.arenas.functions.len() as u32);
        self.bind(&node.name, node.name.range, BoundValue::Function(function));
        let scope = self.new_scope(ScopeKind::Function(function), Some(self.scope));
        self.arenas.functions.push(Function {
            name: Name::from(node.name.as_str()),
            name_range: node.name.range,
            scope,
            class: self.class,
            outer: self.function,
            decorators,
            params,
            returns_annotation,
            body: FunctionBody::Block(Block::default()),
            is_async: node.is_async,
            is_generator: false,
            calls: SmallVec::new(),
            loads: SmallVec::new(),
            withs: Vec::new(),
            imports: Vec::new(),
            returns: SmallVec::new(),
            docstring: docstring(&node.body),
        });
        let outer = (self.scope, self.function, self.class.take());
        (self.scope, self.function) = (scope, Some(function));
        self.bind_params(&node.parameters, function);
        let body = self.block(&node.body, Some((stmt, Slot::Body)));
        (self.scope, self.function, self.class) = outer;
        self.arenas.functions[function.index()].body = FunctionBody::Block(body);
        StmtKind::Function(function)
    }

    pub(super) fn lambda(&mut self, node: &ast::ExprLambda) -> ExprKind {
        let params = node.parameters.as_deref().map(|parameters| self.params(parameters)).unwrap_or_default();
        let function = FunctionId(self.arenas.functions.len() as u32);
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
            body: FunctionBody::Block(Block::default()),
            is_async: false,
            is_generator: false,
            calls: SmallVec::new(),
            loads: SmallVec::new(),
            withs: Vec::new(),
            imports: Vec::new(),
            returns: SmallVec::new(),
            docstring: None,
        });
        let outer = (self.scope, self.function, self.class.take());
        (self.scope, self.function) = (scope, Some(function));
        if let Some(parameters) = &node.parameters {
            self.bind_params(parameters, function);
        }
        let body = self.expr(&node.body);
        (self.scope, self.function, self.class) = outer;
        let data = &mut self.arenas.functions[function.index()];
        data.body = FunctionBody::Lambda(body);
        data.returns.push(Some(body));
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
            kind,
            annotation: param.annotation.as_deref().map(|annotation| self.annotation(annotation)),
            default: self.optional(default),
        }
    }

    pub(super) fn bind_params(&mut self, parameters: &ast::Parameters, function: FunctionId) {
        let params = parameters.posonlyargs.iter().chain(&parameters.args).map(|param| &param.parameter);
        let params = params.chain(parameters.vararg.as_deref());
        let params = params.chain(parameters.kwonlyargs.iter().map(|param| &param.parameter)).chain(parameters.kwarg.as_deref());
        for (index, param) in params.enumerate() {
            self.bind(&param.name, param.name.range, BoundValue::Param(function, index as u32));
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
        let class = ClassId(self.arenas.classes.len() as u32);
        self.bind(&node.name, node.name.range, BoundValue::Class(class));
        let scope = self.new_scope(ScopeKind::Class(class), Some(self.scope));
        self.arenas.classes.push(Class {
            name: Name::from(node.name.as_str()),
            range: node.range,
            scope,
            bases: bases.into(),
            attributes: FxHashMap::default(),
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
