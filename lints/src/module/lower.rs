//! The ONE walk over a syntax tree, which builds the index. The only modules beside the parse that name the parser's types.
//!
//! Here: what the walk fills, and how names are bound. Below: what it does at statements, definitions and expressions.

mod definitions;
mod expressions;
mod operators;
mod statements;

use ruff_python_ast::{self as ast, Expr as AstExpr, Stmt as AstStmt};
use ruff_text_size::{TextRange, TextSize};
use rustc_hash::FxHashMap;

use super::ir::{
    AttributeBinding, Attributes, Binding, Block, BoundValue, Class, ClassId, Code, Expr, ExprId, ExprKind, Function, FunctionId, Name,
    Scope, ScopeId, ScopeKind, Slot, Stmt, StmtId,
};

/// The ids of a part begin at a multiple of this, those of what is parsed first at 0.
pub(super) const PART_SIZE: u32 = 1 << 20;

/// The first id of a part.
pub(super) fn base_of(part: usize) -> u32 {
    (part as u32 + 1) * PART_SIZE
}

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
    /// The calls among them of methods that put something into a container ([`ADDING`]).
    pub(crate) adding: Vec<ExprId>,
    /// The assignments to elements (`container[key] = value`), in the order of the text.
    pub(crate) storing: Vec<StmtId>,
    /// The modules (and the levels) of all star imports at module level.
    pub(crate) star_imports: Vec<(Name, u32)>,
    /// Of a part: what its function does.
    pub(crate) code: Code,
    /// Of a part: what its function, a method, assigns to attributes of `self`.
    pub(crate) attributes: Attributes,
    /// The comments in the order of the text, where they were asked for with the parse.
    pub(crate) comments: Vec<TextRange>,
}

/// How much was in the arenas at one moment of the walk.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Mark {
    pub(crate) exprs: usize,
    pub(crate) stmts: usize,
    pub(crate) functions: usize,
    pub(crate) classes: usize,
    pub(crate) calls: usize,
    pub(crate) adding: usize,
    pub(crate) storing: usize,
}

/// The names of methods that put their last argument into a container.
pub(crate) const ADDING: &[&str] = &["add", "append", "appendleft", "insert", "put", "put_nowait", "setdefault"];

/// A function whose body was left out.
#[derive(Clone, Copy, Debug)]
pub(crate) struct LeftOut {
    pub(crate) function: FunctionId,
    /// The scope around the function.
    pub(crate) scope: ScopeId,
    /// The function's definition.
    pub(crate) stmt: StmtId,
    /// Where its contents belong among the rest.
    pub(crate) mark: Mark,
}

impl Arenas {
    /// Arenas with room for about what a text of this size in bytes has: growing step by step would copy everything again and again.
    fn with_capacity(size: usize) -> Self {
        Self {
            exprs: Vec::with_capacity(size / 16),
            stmts: Vec::with_capacity(size / 70),
            functions: Vec::with_capacity(size / 700),
            scopes: Vec::with_capacity(size / 600 + 1),
            calls: Vec::with_capacity(size / 140),
            ..Self::default()
        }
    }

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

/// Walks a module's statements. `size` is the length of what was parsed; `parts` are the offsets at which bodies that were left out begin,
/// ascending. `None` where one of them was not met.
pub(super) fn lower(body: &[AstStmt], size: usize, parts: &[TextSize]) -> Option<(Arenas, Vec<LeftOut>)> {
    let mut lowering = Lowering {
        arenas: Arenas::with_capacity(size),
        base: 0,
        around: None,
        parts,
        left_out: Vec::with_capacity(parts.len()),
        scope: ScopeId(0),
        function: None,
        class: None,
        stmt: StmtId(0),
        parent: None,
    };
    lowering.new_scope(ScopeKind::Module, None);
    lowering.arenas.body = lowering.block(body, None);
    lowering.settle_nonlocals();
    lowering.arenas.shrink();
    (lowering.left_out.len() == parts.len()).then_some((lowering.arenas, lowering.left_out))
}

/// Walks the body of a function that was left out before. `around` is all that was not.
pub(super) fn lower_part(body: &[AstStmt], size: usize, around: &Arenas, part: usize, left_out: LeftOut) -> Arenas {
    let mut lowering = Lowering {
        arenas: Arenas::with_capacity(size),
        base: base_of(part),
        around: Some(around),
        parts: &[],
        left_out: Vec::new(),
        scope: ScopeId(base_of(part)),
        function: None,
        class: None,
        stmt: left_out.stmt,
        parent: None,
    };
    lowering.new_scope(ScopeKind::Function(left_out.function), Some(left_out.scope));
    lowering.function_body(body, left_out.function, left_out.stmt);
    lowering.settle_nonlocals();
    lowering.arenas.shrink();
    lowering.arenas
}

struct Lowering<'a> {
    arenas: Arenas,
    /// The first id of all arenas.
    base: u32,
    /// Where ids below `base` belong.
    around: Option<&'a Arenas>,
    /// See [`lower`].
    parts: &'a [TextSize],
    left_out: Vec<LeftOut>,
    scope: ScopeId,
    function: Option<FunctionId>,
    /// The class whose body is being walked directly (`None` inside its methods).
    class: Option<ClassId>,
    stmt: StmtId,
    parent: Option<(StmtId, Slot)>,
}

impl Lowering<'_> {
    /// The id for what comes at this place of an arena.
    fn next(&self, index: usize) -> u32 {
        self.base + index as u32
    }

    /// The place in its arena of what this walk made.
    fn own(&self, id: u32) -> usize {
        (id - self.base) as usize
    }

    fn is_own(&self, id: u32) -> bool {
        id >= self.base
    }

    fn function_data(&self, id: FunctionId) -> &Function {
        match self.around {
            Some(around) if !self.is_own(id.0) => &around.functions[id.0 as usize],
            _ => &self.arenas.functions[self.own(id.0)],
        }
    }

    fn code_mut(&mut self, id: FunctionId) -> &mut Code {
        if self.is_own(id.0) {
            let index = self.own(id.0);
            &mut self.arenas.functions[index].code
        } else {
            &mut self.arenas.code
        }
    }

    /// The scope that is being walked: always one of this walk.
    fn scope_mut(&mut self) -> &mut Scope {
        let index = self.own(self.scope.0);
        &mut self.arenas.scopes[index]
    }

    /// The part whose text begins here.
    fn part_at(&self, start: TextSize) -> Option<usize> {
        self.parts.binary_search(&start).ok().filter(|part| *part == self.left_out.len())
    }

    fn left_out(&mut self, part: usize, function: FunctionId, stmt: StmtId) {
        debug_assert_eq!(part, self.left_out.len());
        let arenas = &self.arenas;
        let mark = Mark {
            exprs: arenas.exprs.len(),
            stmts: arenas.stmts.len(),
            functions: arenas.functions.len(),
            classes: arenas.classes.len(),
            calls: arenas.calls.len(),
            adding: arenas.adding.len(),
            storing: arenas.storing.len(),
        };
        self.left_out.push(LeftOut { function, scope: self.scope, stmt, mark });
    }

    fn new_scope(&mut self, kind: ScopeKind, parent: Option<ScopeId>) -> ScopeId {
        let id = ScopeId(self.next(self.arenas.scopes.len()));
        self.arenas.scopes.push(Scope { kind, parent, bindings: FxHashMap::default(), globals: Vec::new(), nonlocals: Vec::new() });
        id
    }

    /// Binds a name in the scope that Python binds it in: where it is declared `global` or `nonlocal`, another one.
    fn bind(&mut self, name: &str, range: TextRange, value: BoundValue) {
        let scope = self.binding_scope(name, self.scope);
        let binding = Binding { value, range, stmt: self.stmt };
        let index = self.own(scope.0);
        self.arenas.scopes[index].bindings.entry(Name::from(name)).or_default().push(binding);
    }

    fn binding_scope(&self, name: &str, from: ScopeId) -> ScopeId {
        let scope = &self.arenas.scopes[self.own(from.0)];
        // No body that is left out holds such a declaration.
        if self.base == 0 && scope.globals.iter().any(|global| global == name) {
            return ScopeId(0);
        }
        let is_nonlocal = scope.nonlocals.iter().any(|nonlocal| nonlocal == name);
        if is_nonlocal { self.function_that_binds(name, scope.parent).unwrap_or(from) } else { from }
    }

    /// The nearest function scope, from one outwards, that binds a name so far.
    fn function_that_binds(&self, name: &str, from: Option<ScopeId>) -> Option<ScopeId> {
        let mut outer = from;
        while let Some(id) = outer.filter(|id| self.is_own(id.0)) {
            let scope = &self.arenas.scopes[self.own(id.0)];
            // A name that is nonlocal there, too, belongs further out.
            let is_its_own = !scope.nonlocals.iter().any(|nonlocal| nonlocal == name);
            if is_its_own && matches!(scope.kind, ScopeKind::Function(_)) && scope.bindings.contains_key(name) {
                return Some(id);
            }
            outer = scope.parent;
        }
        None
    }

    /// Moves what was bound to a nonlocal name before the function around bound it: that may come after the definition that declares it.
    fn settle_nonlocals(&mut self) {
        for index in 0..self.arenas.scopes.len() {
            for name in self.arenas.scopes[index].nonlocals.clone() {
                let Some(target) = self.function_that_binds(&name, self.arenas.scopes[index].parent) else { continue };
                if let Some(bindings) = self.arenas.scopes[index].bindings.remove(&name) {
                    let target = self.own(target.0);
                    let there = self.arenas.scopes[target].bindings.entry(name).or_default();
                    there.extend(bindings);
                    there.sort_by_key(|binding| binding.range.start());
                }
            }
        }
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
        match &self.arenas.exprs[self.own(whole.0)].kind {
            ExprKind::Tuple(parts) | ExprKind::List(parts)
                if !parts.iter().any(|part| matches!(self.arenas.exprs[self.own(part.0)].kind, ExprKind::Starred(_))) =>
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
            let data = self.function_data(method);
            if data.params.iter().any(|param| param.name == receiver.id.as_str()) {
                let is_self = data.params.first().is_some_and(|param| param.name == receiver.id.as_str());
                if let (Some(class), true) = (data.class, is_self) {
                    let binding = AttributeBinding { value: value.clone(), stmt: self.stmt, range: attribute.attr.range };
                    let attributes = if self.is_own(class.0) {
                        let index = self.own(class.0);
                        &mut self.arenas.classes[index].attributes
                    } else {
                        &mut self.arenas.attributes
                    };
                    attributes.entry(Name::from(attribute.attr.as_str())).or_default().push(binding);
                }
                return;
            }
            function = data.outer;
        }
    }
}
