//! The ONE walk over a syntax tree, which builds the index. The only modules beside the parse that name the parser's types.
//!
//! Here: what the walk fills, and how names are bound. Below: what it does at statements, definitions and expressions.

mod definitions;
mod expressions;
mod operators;
mod statements;

use ruff_python_ast::{self as ast, Expr as AstExpr, Stmt as AstStmt};
use ruff_text_size::TextRange;
use rustc_hash::FxHashMap;

use super::ir::{
    AttributeBinding, Binding, Block, BoundValue, Class, ClassId, Expr, ExprId, ExprKind, Function, FunctionId, Name, Scope, ScopeId,
    ScopeKind, Slot, Stmt, StmtId,
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

impl Arenas {
    /// Gives back the room that was not needed: others may keep the module for long.
    fn shrink(&mut self) {
        self.exprs.shrink_to_fit();
        self.stmts.shrink_to_fit();
        self.functions.shrink_to_fit();
        self.scopes.shrink_to_fit();
        self.calls.shrink_to_fit();
    }
}

// Half of the index's memory are expressions.
const _: () = assert!(size_of::<Expr>() <= 64);

/// Walks a module's statements. `size` is the length of its text.
pub(super) fn lower(body: &[AstStmt], size: usize) -> Arenas {
    // About what a text of this size has: growing step by step would copy everything again and again.
    let arenas = Arenas {
        exprs: Vec::with_capacity(size / 16),
        stmts: Vec::with_capacity(size / 70),
        functions: Vec::with_capacity(size / 700),
        scopes: Vec::with_capacity(size / 600),
        calls: Vec::with_capacity(size / 140),
        ..Arenas::default()
    };
    let mut lowering = Lowering { arenas, scope: ScopeId(0), function: None, class: None, stmt: StmtId(0), parent: None };
    lowering.new_scope(ScopeKind::Module, None);
    lowering.arenas.body = lowering.block(body, None);
    lowering.arenas.shrink();
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
}
