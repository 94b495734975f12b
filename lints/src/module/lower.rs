//! The ONE walk over a syntax tree, which builds the index. The only module beside the parse that names the parser's types.

use std::cell::Cell;

use ruff_python_ast::{self as ast, Expr as AstExpr, Stmt as AstStmt};
use ruff_text_size::{Ranged, TextRange, TextSize};
use rustc_hash::FxHashMap;

use super::ir::{
    Arg, ArgKind, AttributeBinding, BinOp, Binding, Block, BoundValue, Branch, Case, Class, ClassId, CmpOp, ComprehensionKind, Expr,
    ExprId, ExprKind, FStringPart, Function, FunctionBody, FunctionId, Generator, Handler, Name, Param, ParamKind, Scope, ScopeId,
    ScopeKind, Slot, Stmt, StmtId, StmtKind, UnaryOp, WithItem,
};

/// The arenas that the walk fills.
#[derive(Debug, Default)]
pub(crate) struct Arenas {
    pub(crate) exprs: Vec<Expr>,
    pub(crate) stmts: Vec<Stmt>,
    pub(crate) functions: Vec<Function>,
    pub(crate) classes: Vec<Class>,
    pub(crate) scopes: Vec<Scope>,
    /// The statements at the top of the module.
    pub(crate) body: Block,
    /// Every call, in the order of the text.
    pub(crate) calls: Vec<ExprId>,
    /// The modules (and the levels) of all star imports at module level.
    pub(crate) star_imports: Vec<(Name, u32)>,
}

thread_local! {
    /// The arenas of the module that this thread dropped last, empty but with their memory: to grow new ones for every file costs as
    /// much as filling them.
    static USED: Cell<Option<Arenas>> = const { Cell::new(None) };
}

impl Arenas {
    /// Keeps the memory for the next module of this thread.
    pub(super) fn recycle(mut self) {
        self.exprs.clear();
        self.stmts.clear();
        self.functions.clear();
        self.classes.clear();
        self.scopes.clear();
        self.calls.clear();
        self.star_imports.clear();
        self.body = Block::default();
        // What one huge file needed is not kept for small ones.
        if self.exprs.capacity() <= MAX_KEPT {
            USED.with(|used| used.set(Some(self)));
        }
    }
}

// Half of the index's memory are expressions.
const _: () = assert!(size_of::<Expr>() <= 64);

/// The greatest number of expressions whose memory is kept.
const MAX_KEPT: usize = 200_000;

/// Walks a module's statements. `size` is the length of its text.
pub(super) fn lower(body: &[AstStmt], size: usize) -> Arenas {
    let mut arenas = USED.with(Cell::take).unwrap_or_default();
    // What a text of this size has on average: growing step by step would copy everything again and again.
    arenas.exprs.reserve(size / 14);
    arenas.stmts.reserve(size / 50);
    let mut lowering = Lowering { arenas, scope: ScopeId(0), function: None, class: None, stmt: StmtId(0), parent: None };
    lowering.new_scope(ScopeKind::Module, None);
    lowering.arenas.body = lowering.block(body, None);
    lowering.arenas
}

struct Lowering {
    arenas: Arenas,
    scope: ScopeId,
    function: Option<FunctionId>,
    /// The class whose body is being walked directly (`None` inside its methods).
    class: Option<ClassId>,
    stmt: StmtId,
    parent: Option<(StmtId, Slot)>,
}

impl Lowering {
    // ---- scopes and bindings

    fn new_scope(&mut self, kind: ScopeKind, parent: Option<ScopeId>) -> ScopeId {
        let id = ScopeId(self.arenas.scopes.len() as u32);
        self.arenas.scopes.push(Scope { kind, parent, bindings: FxHashMap::default(), globals: Vec::new(), nonlocals: Vec::new() });
        id
    }

    /// Binds a name in the scope that Python binds it in: where it is declared `global` or `nonlocal`, another one.
    fn bind(&mut self, name: &str, range: TextRange, value: BoundValue) {
        let scope = self.binding_scope(name, self.scope);
        let binding = Binding { value, range, stmt: self.stmt };
        self.arenas.scopes[scope.index()].bindings.entry(Name::from(name)).or_default().push(binding);
    }

    fn binding_scope(&self, name: &str, from: ScopeId) -> ScopeId {
        let scope = &self.arenas.scopes[from.index()];
        if scope.globals.iter().any(|global| global == name) {
            return ScopeId(0);
        }
        if !scope.nonlocals.iter().any(|nonlocal| nonlocal == name) {
            return from;
        }
        let mut outer = scope.parent;
        while let Some(id) = outer {
            let scope = &self.arenas.scopes[id.index()];
            if matches!(scope.kind, ScopeKind::Function(_)) && scope.bindings.contains_key(name) {
                return id;
            }
            outer = scope.parent;
        }
        from
    }

    /// Binds everything that a target names, and records attributes of `self`.
    fn bind_target(&mut self, target: &AstExpr, value: &BoundValue) {
        match target {
            AstExpr::Name(name) => self.bind(&name.id, name.range, value.clone()),
            AstExpr::Starred(starred) => self.bind_target(&starred.value, &BoundValue::Opaque),
            AstExpr::Tuple(ast::ExprTuple { elts, .. }) | AstExpr::List(ast::ExprList { elts, .. }) => {
                for (index, element) in elts.iter().enumerate() {
                    let part = match value {
                        BoundValue::Expr(whole) => self.part_of(*whole, index),
                        _ => BoundValue::Opaque,
                    };
                    self.bind_target(element, &part);
                }
            }
            AstExpr::Attribute(attribute) => self.bind_attribute(attribute, value),
            _ => {}
        }
    }

    /// The n-th part of an unpacked expression; exact where the expression is written as a tuple or a list.
    fn part_of(&self, whole: ExprId, index: usize) -> BoundValue {
        match &self.arenas.exprs[whole.index()].kind {
            ExprKind::Tuple(parts) | ExprKind::List(parts)
                if !parts.iter().any(|part| matches!(self.arenas.exprs[part.index()].kind, ExprKind::Starred(_))) =>
            {
                parts.get(index).map_or(BoundValue::Opaque, |part| BoundValue::Expr(*part))
            }
            _ => BoundValue::Unpacked(whole, index as u32),
        }
    }

    /// `self.x = value` in a method, where `self` is its first parameter.
    fn bind_attribute(&mut self, attribute: &ast::ExprAttribute, value: &BoundValue) {
        let AstExpr::Name(receiver) = &*attribute.value else { return };
        // A closure in a method assigns to the method's `self`.
        let mut function = self.function;
        while let Some(method) = function {
            let data = &self.arenas.functions[method.index()];
            if data.params.iter().any(|param| param.name == receiver.id.as_str()) {
                let is_self = data.params.first().is_some_and(|param| param.name == receiver.id.as_str());
                if let (Some(class), true) = (data.class, is_self) {
                    let binding = AttributeBinding { value: value.clone(), stmt: self.stmt, range: attribute.attr.range };
                    let attributes = &mut self.arenas.classes[class.index()].attributes;
                    attributes.entry(Name::from(attribute.attr.as_str())).or_default().push(binding);
                }
                return;
            }
            function = data.outer;
        }
    }

    // ---- statements

    fn block(&mut self, statements: &[AstStmt], parent: Option<(StmtId, Slot)>) -> Block {
        let outer = std::mem::replace(&mut self.parent, parent);
        let block = statements.iter().map(|statement| self.statement(statement)).collect();
        self.parent = outer;
        block
    }

    fn statement(&mut self, statement: &AstStmt) -> StmtId {
        let id = StmtId(self.arenas.stmts.len() as u32);
        self.arenas.stmts.push(Stmt { kind: StmtKind::Other, range: statement.range(), parent: self.parent, function: self.function });
        let outer = std::mem::replace(&mut self.stmt, id);
        let kind = self.statement_kind(statement, id);
        self.stmt = outer;
        if let Some(function) = self.function {
            let function = &mut self.arenas.functions[function.index()];
            match kind {
                StmtKind::With { .. } => function.withs.push(id),
                StmtKind::Import(_) | StmtKind::ImportFrom { .. } => function.imports.push(id),
                _ => {}
            }
        }
        self.arenas.stmts[id.index()].kind = kind;
        id
    }

    fn statement_kind(&mut self, statement: &AstStmt, id: StmtId) -> StmtKind {
        match statement {
            AstStmt::Expr(node) => StmtKind::Expr(self.expr(&node.value)),
            AstStmt::Assign(node) => {
                let value = self.expr(&node.value);
                let targets = node.targets.iter().map(|target| self.expr(target)).collect();
                for target in &node.targets {
                    self.bind_target(target, &BoundValue::Expr(value));
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
                    self.arenas.functions[function.index()].returns.push(value);
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
                self.arenas.scopes[self.scope.index()].globals.extend(names);
                StmtKind::Declaration
            }
            AstStmt::Nonlocal(node) => {
                let names = node.names.iter().map(|name| Name::from(name.as_str()));
                self.arenas.scopes[self.scope.index()].nonlocals.extend(names);
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

    fn compound(&mut self, statement: &AstStmt, id: StmtId) -> StmtKind {
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

    fn handler(&mut self, handler: &ast::ExceptHandler, id: StmtId, index: u32) -> Handler {
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

    fn pattern(&mut self, pattern: &ast::Pattern) {
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

    fn import(&mut self, node: &ast::StmtImport) -> StmtKind {
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

    fn import_from(&mut self, node: &ast::StmtImportFrom) -> StmtKind {
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

    // ---- functions and classes

    fn function_def(&mut self, node: &ast::StmtFunctionDef, stmt: StmtId) -> StmtKind {
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
            calls: Vec::new(),
            loads: Vec::new(),
            withs: Vec::new(),
            imports: Vec::new(),
            returns: Vec::new(),
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

    fn lambda(&mut self, node: &ast::ExprLambda) -> ExprKind {
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
            calls: Vec::new(),
            loads: Vec::new(),
            withs: Vec::new(),
            imports: Vec::new(),
            returns: Vec::new(),
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

    fn params(&mut self, parameters: &ast::Parameters) -> Box<[Param]> {
        let mut params = Vec::new();
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

    fn param(&mut self, param: &ast::Parameter, default: Option<&AstExpr>, kind: ParamKind) -> Param {
        Param {
            name: Name::from(param.name.as_str()),
            kind,
            annotation: param.annotation.as_deref().map(|annotation| self.annotation(annotation)),
            default: self.optional(default),
        }
    }

    fn bind_params(&mut self, parameters: &ast::Parameters, function: FunctionId) {
        let params: Vec<_> = parameters.posonlyargs.iter().chain(&parameters.args).map(|param| &param.parameter).collect();
        let params = params.into_iter().chain(parameters.vararg.as_deref());
        let params = params.chain(parameters.kwonlyargs.iter().map(|param| &param.parameter)).chain(parameters.kwarg.as_deref());
        for (index, param) in params.enumerate() {
            self.bind(&param.name, param.name.range, BoundValue::Param(function, index as u32));
        }
    }

    fn class_def(&mut self, node: &ast::StmtClassDef, stmt: StmtId) -> StmtKind {
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

    // ---- expressions

    fn exprs(&mut self, expressions: &[AstExpr]) -> Box<[ExprId]> {
        expressions.iter().map(|expression| self.expr(expression)).collect()
    }

    fn optional(&mut self, expression: Option<&AstExpr>) -> Option<ExprId> {
        expression.map(|expression| self.expr(expression))
    }

    fn push(&mut self, kind: ExprKind, range: TextRange) -> ExprId {
        let id = ExprId(self.arenas.exprs.len() as u32);
        self.arenas.exprs.push(Expr { kind, range, scope: self.scope, stmt: self.stmt, function: self.function });
        id
    }

    /// An annotation; one that is written as a string is parsed, with the string's range for all its parts.
    fn annotation(&mut self, expression: &AstExpr) -> ExprId {
        if let AstExpr::StringLiteral(literal) = expression
            && let Ok(parsed) = ruff_python_parser::parse_expression(literal.value.to_str())
            && super::nesting::too_deep(literal.value.to_str()).is_none()
        {
            let mut inner = parsed.into_syntax().body;
            ast::relocate::relocate_expr(&mut inner, literal.range);
            return self.expr(&inner);
        }
        self.expr(expression)
    }

    fn expr(&mut self, expression: &AstExpr) -> ExprId {
        let kind = self.expr_kind(expression);
        let is_call = matches!(kind, ExprKind::Call { .. });
        let is_load = matches!(expression, AstExpr::Attribute(node) if node.ctx.is_load());
        let id = self.push(kind, expression.range());
        if let (true, Some(function)) = (is_load, self.function) {
            self.arenas.functions[function.index()].loads.push(id);
        }
        if is_call {
            self.arenas.calls.push(id);
            if let Some(function) = self.function {
                self.arenas.functions[function.index()].calls.push(id);
            }
        }
        id
    }

    fn expr_kind(&mut self, expression: &AstExpr) -> ExprKind {
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

    fn mark_generator(&mut self) {
        if let Some(function) = self.function {
            self.arenas.functions[function.index()].is_generator = true;
        }
    }

    fn args(&mut self, arguments: &ast::Arguments) -> Box<[Arg]> {
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

    fn fstring(&mut self, node: &ast::ExprFString) -> Box<[FStringPart]> {
        let mut parts = Vec::new();
        for part in &node.value {
            match part {
                ast::FStringPart::Literal(literal) => parts.push(FStringPart::Text((*literal.value).into())),
                ast::FStringPart::FString(fstring) => self.fstring_elements(&fstring.elements, &mut parts),
            }
        }
        parts.into()
    }

    fn fstring_elements(&mut self, elements: &ast::InterpolatedStringElements, parts: &mut Vec<FStringPart>) {
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
    fn bind_walrus(&mut self, target: &AstExpr, value: ExprId) {
        let inner = self.scope;
        while let Scope { kind: ScopeKind::Comprehension, parent: Some(parent), .. } = &self.arenas.scopes[self.scope.index()] {
            self.scope = *parent;
        }
        self.bind_target(target, &BoundValue::Expr(value));
        self.scope = inner;
    }

    fn comprehension(
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

fn docstring(body: &[AstStmt]) -> Option<Box<str>> {
    match body.first()? {
        AstStmt::Expr(ast::StmtExpr { value, .. }) => match &**value {
            AstExpr::StringLiteral(literal) => Some(literal.value.to_str().into()),
            _ => None,
        },
        _ => None,
    }
}

fn bin_op(op: ast::Operator) -> BinOp {
    match op {
        ast::Operator::Add => BinOp::Add,
        ast::Operator::Sub => BinOp::Sub,
        ast::Operator::Mult => BinOp::Mult,
        ast::Operator::MatMult => BinOp::MatMult,
        ast::Operator::Div => BinOp::Div,
        ast::Operator::Mod => BinOp::Mod,
        ast::Operator::Pow => BinOp::Pow,
        ast::Operator::LShift => BinOp::LShift,
        ast::Operator::RShift => BinOp::RShift,
        ast::Operator::BitOr => BinOp::BitOr,
        ast::Operator::BitXor => BinOp::BitXor,
        ast::Operator::BitAnd => BinOp::BitAnd,
        ast::Operator::FloorDiv => BinOp::FloorDiv,
    }
}

fn unary_op(op: ast::UnaryOp) -> UnaryOp {
    match op {
        ast::UnaryOp::Invert => UnaryOp::Invert,
        ast::UnaryOp::Not => UnaryOp::Not,
        ast::UnaryOp::UAdd => UnaryOp::Plus,
        ast::UnaryOp::USub => UnaryOp::Minus,
    }
}

fn cmp_op(op: ast::CmpOp) -> CmpOp {
    match op {
        ast::CmpOp::Eq => CmpOp::Eq,
        ast::CmpOp::NotEq => CmpOp::NotEq,
        ast::CmpOp::Lt => CmpOp::Lt,
        ast::CmpOp::LtE => CmpOp::LtE,
        ast::CmpOp::Gt => CmpOp::Gt,
        ast::CmpOp::GtE => CmpOp::GtE,
        ast::CmpOp::Is => CmpOp::Is,
        ast::CmpOp::IsNot => CmpOp::IsNot,
        ast::CmpOp::In => CmpOp::In,
        ast::CmpOp::NotIn => CmpOp::NotIn,
    }
}
