//! The attributes of its own object that a finalizer reads unguarded, itself and in the methods that it calls.

use ruff_text_size::TextRange;
use std::cell::RefCell;

use rustc_hash::{FxHashMap, FxHashSet};

use super::Finalizer;
use super::init::{Initialized, Setting, is_self};
use crate::context::Context;
use crate::module::Module;
use crate::module::ir::{BoundValue, CmpOp, ExprId, ExprKind, Handler, Name, Slot, StmtId, StmtKind, UnaryOp};
use crate::program::constants::Constant;
use crate::program::{ClassRef, FunctionRef, ModuleId, Program, Type, Value};

/// How many calls deep reads are looked for.
const MAX_DEPTH: usize = 6;

/// A read of an attribute.
#[derive(Clone, Debug)]
pub(super) struct Read {
    pub(super) attribute: Name,
    pub(super) module: ModuleId,
    pub(super) range: TextRange,
}

impl Read {
    /// The attribute as code writes it.
    pub(super) fn shown(&self) -> String {
        format!("self.{}", self.attribute)
    }
}

/// The reads that nothing guards where a finalizer runs for an object of a class, in the order of the text, those of called methods where they are called.
pub(super) fn reads(context: &Context<'_>, finalizer: &Finalizer, class: ClassRef, state: &Initialized) -> Vec<Read> {
    let mut walk =
        Walk { program: context.program, class, state, found: Vec::new(), seen: FxHashSet::default(), gates: RefCell::default() };
    walk.function(finalizer.function, 0);
    walk.found
}

struct Walk<'a> {
    program: &'a Program,
    class: ClassRef,
    state: &'a Initialized,
    found: Vec<Read>,
    seen: FxHashSet<FunctionRef>,
    /// See [`Walk::is_gated`].
    gates: RefCell<Gates>,
}

/// How many statements of a block were looked at, and which of them is the first gate.
type Gates = FxHashMap<(FunctionRef, StmtId), (usize, Option<usize>)>;

impl Walk<'_> {
    fn function(&mut self, function: FunctionRef, depth: usize) {
        if depth > MAX_DEPTH || !self.seen.insert(function) {
            return;
        }
        let module = self.program.module(function.module);
        let code = module.code(function.id);
        if code.is_generator || module.function(function.id).is_async {
            return;
        }
        // `del self.x` asks for the attribute as a read does.
        let deleted = module.stmts_of(function.id).filter_map(|(_, stmt)| match &stmt.kind {
            StmtKind::Delete(targets) => Some(&**targets),
            _ => None,
        });
        let asked = code.loads.iter().chain(deleted.flatten());
        let mut events: Vec<(TextRange, ExprId)> = asked.map(|load| (module.expr(*load).range, *load)).collect();
        events.sort_by_key(|(range, _)| (range.start(), range.end()));
        // What was assigned before in the same function is there.
        let mut set: FxHashSet<&Name> = FxHashSet::default();
        let mut stores = stores(module, function);
        stores.sort_by_key(|(_, end)| *end);
        let mut stores = stores.into_iter().peekable();
        for (range, load) in events {
            let ExprKind::Attribute { value, attr, .. } = module.kind(load) else { continue };
            let on_super = module.call(*value).is_some_and(|call| module.is_named(call.func, "super"));
            if !on_super && !is_self(module, function, *value) || !self.program.is_live(function.module, load) {
                continue;
            }
            if on_super {
                let resolver = self.program.resolver_for(function.module, Some(self.class));
                let values = resolver.values(load);
                let method = values.iter().find_map(|value| if let Value::Method(method, _) = value { Some(*method) } else { None });
                if let Some(method) = method.filter(|_| !self.is_guarded(function, load)) {
                    self.function(method, depth + 1);
                }
                continue;
            }
            while let Some((name, _)) = stores.next_if(|(_, end)| *end <= range.start()) {
                set.insert(name);
            }
            if set.contains(attr) || self.is_guarded(function, load) {
                continue;
            }
            match self.method(function, *value, attr) {
                Some(method) => self.function(method, depth + 1),
                None => self.found.push(Read { attribute: attr.clone(), module: function.module, range }),
            }
        }
    }

    /// The method or the property's getter that loading an attribute of the object leads to.
    fn method(&self, function: FunctionRef, value: ExprId, attr: &Name) -> Option<FunctionRef> {
        let resolver = self.program.resolver_for(function.module, Some(self.class));
        if let Some((getter, _)) = resolver.property(value, attr) {
            return Some(getter);
        }
        resolver.member(&Value::Instance(Type::Class(self.class)), attr).iter().find_map(|value| match value {
            Value::Method(method, _) => Some(*method),
            _ => None,
        })
    }

    fn is_guarded(&self, function: FunctionRef, load: ExprId) -> bool {
        let module = self.program.module(function.module);
        let stmt = module.expr(load).stmt;
        if self.asks(function.module, stmt, load) {
            return true;
        }
        let mut at = stmt;
        // The blocks outwards: what stands around, and what returned before.
        loop {
            if self.is_gated(function, at) {
                return true;
            }
            let Some((outer, slot)) = module.stmt(at).parent else { return false };
            if self.guards(function, outer, slot, load) {
                return true;
            }
            if matches!(module.stmt(outer).kind, StmtKind::Function(_) | StmtKind::Class(_)) {
                return false;
            }
            at = outer;
        }
    }

    /// Whether control gets to a statement only by a gate in front of it in its block. Each statement of a block is looked at once, and not anew
    /// for each read behind it.
    fn is_gated(&self, function: FunctionRef, stmt: StmtId) -> bool {
        let module = self.program.module(function.module);
        let block = module.block_of(stmt);
        let Some(first) = block.first() else { return false };
        let start = module.stmt(stmt).range.start();
        let end = block.partition_point(|other| module.stmt(*other).range.start() < start);
        let (seen, gate) = self.gates.borrow().get(&(function, *first)).copied().unwrap_or_default();
        let gate = gate.or_else(|| (seen..end).find(|at| self.is_gate(function, block[*at])));
        self.gates.borrow_mut().insert((function, *first), (seen.max(end), gate));
        gate.is_some_and(|gate| gate < end)
    }

    /// Whether a statement lets control behind it only where the object's state was asked for.
    fn is_gate(&self, function: FunctionRef, stmt: StmtId) -> bool {
        let module = self.program.module(function.module);
        match &module.stmt(stmt).kind {
            StmtKind::If { branches } => branches.first().and_then(|branch| branch.test).is_some_and(|test| {
                module.leaves(&branches[0].body)
                    && (asks_in(module, test) || self.outcome(function, test) != Some(false) && self.mentions_state(function, test))
            }),
            // `try: self.x except AttributeError: return`
            StmtKind::Try { handlers, .. } => {
                handlers.iter().any(|handler| self.catches(function.module, handler) && module.leaves(&handler.body))
            }
            _ => false,
        }
    }

    /// Whether an expression around a read, in the same statement, asks for the attribute first: `hasattr(self, "x") and self.x.close()`.
    fn asks(&self, id: ModuleId, stmt: StmtId, load: ExprId) -> bool {
        let module = self.program.module(id);
        let range = module.expr(load).range;
        module.choices_in(stmt).iter().map(|choice| module.expr(*choice)).any(|expr| {
            expr.range.contains_range(range)
                && match &expr.kind {
                    ExprKind::BoolOp { values, .. } => {
                        values.iter().any(|value| module.expr(*value).range.end() <= range.start() && asks_in(module, *value))
                    }
                    ExprKind::If { test, .. } => !module.expr(*test).range.contains_range(range) && asks_in(module, *test),
                    _ => false,
                }
        })
    }

    /// Whether a compound statement around a read guards it.
    fn guards(&self, function: FunctionRef, outer: StmtId, slot: Slot, load: ExprId) -> bool {
        let module = self.program.module(function.module);
        match (&module.stmt(outer).kind, slot) {
            (StmtKind::Try { handlers, .. }, Slot::Body) => handlers.iter().any(|handler| self.catches(function.module, handler)),
            (StmtKind::With { items, .. }, Slot::Body) => items.iter().any(|item| {
                module.call(item.context).is_some_and(|call| {
                    self.program.is_external(function.module, call.func, &["contextlib.suppress"])
                        && call.args.iter().any(|arg| self.is_wide(function.module, arg.value))
                })
            }),
            (StmtKind::If { branches }, Slot::Branch(index)) => {
                let index = index as usize;
                let tests = branches.iter().take(index + 1).enumerate().filter_map(|(at, branch)| Some((at, branch.test?)));
                tests.into_iter().any(|(at, test)| {
                    // The test itself is no guard for what it reads.
                    let inside = module.expr(test).range.contains_range(module.expr(load).range);
                    let runs = if at == index { Some(true) } else { Some(false) };
                    !inside && (asks_in(module, test) || self.mentions_state(function, test) && self.outcome(function, test) != runs)
                })
            }
            (StmtKind::While { test, .. }, Slot::Body) => {
                asks_in(module, *test) || self.mentions_state(function, *test) && self.outcome(function, *test) != Some(true)
            }
            _ => false,
        }
    }

    /// Whether a clause catches an `AttributeError`.
    fn catches(&self, id: ModuleId, handler: &Handler) -> bool {
        let module = self.program.module(id);
        match handler.exception {
            None => true,
            Some(exception) => match module.kind(exception) {
                ExprKind::Tuple(classes) => classes.iter().any(|class| self.is_wide(id, *class)),
                _ => self.is_wide(id, exception),
            },
        }
    }

    fn is_wide(&self, id: ModuleId, class: ExprId) -> bool {
        const WIDE: &[&str] = &["builtins.AttributeError", "builtins.Exception", "builtins.BaseException"];
        self.program.resolver(id).values(class).iter().any(|value| match value {
            Value::External(name) => WIDE.contains(&name.as_str()),
            Value::Unresolved(_) => true,
            _ => false,
        })
    }

    /// Whether a test looks at the object's state: an attribute that is there for certain, or a default of the class.
    fn mentions_state(&self, function: FunctionRef, test: ExprId) -> bool {
        let module = self.program.module(function.module);
        let range = module.expr(test).range;
        module.code(function.id).loads.iter().any(|load| match module.kind(*load) {
            ExprKind::Attribute { value, attr, .. } => {
                range.contains_range(module.expr(*load).range)
                    && is_self(module, function, *value)
                    && (self.exists(attr)
                        || self.answer(function, *load).is_some_and(|(method, answer)| self.mentions_state(method, answer)))
            }
            _ => false,
        })
    }

    /// What a question to the object itself yields, `self.connected` or `self.connected()`: the method, where all it does is to return an
    /// expression, and that expression.
    fn answer(&self, function: FunctionRef, asked: ExprId) -> Option<(FunctionRef, ExprId)> {
        let module = self.program.module(function.module);
        let ExprKind::Attribute { value, attr, .. } = module.kind(asked) else { return None };
        if !is_self(module, function, *value) {
            return None;
        }
        let method = self.method(function, *value, attr).filter(|method| *method != function)?;
        let there = self.program.module(method.module);
        let is_text =
            |stmt: &StmtId| matches!(there.stmt(*stmt).kind, StmtKind::Expr(value) if matches!(there.kind(value), ExprKind::Str(_)));
        match there.function_block(method.id).iter().filter(|stmt| !is_text(stmt)).collect::<Vec<_>>()[..] {
            [only] => match there.stmt(*only).kind {
                // A method that asks another one is followed no further.
                StmtKind::Return(Some(value)) if !self.asks_method(method, value) => Some((method, value)),
                _ => None,
            },
            _ => None,
        }
    }

    /// Whether an expression loads a method or a property of the object.
    fn asks_method(&self, function: FunctionRef, expr: ExprId) -> bool {
        let module = self.program.module(function.module);
        let range = module.expr(expr).range;
        module.code(function.id).loads.iter().any(|load| match module.kind(*load) {
            ExprKind::Attribute { value, attr, .. } => {
                range.contains_range(module.expr(*load).range)
                    && is_self(module, function, *value)
                    && self.method(function, *value, attr).is_some()
            }
            _ => false,
        })
    }

    fn exists(&self, attr: &Name) -> bool {
        matches!(self.state.attributes.get(attr), Some(Setting::Certain)) || self.default(attr).is_some()
    }

    /// The value that the class body gives an attribute.
    fn default(&self, attr: &str) -> Option<(ModuleId, ExprId)> {
        self.program.mro(self.class).iter().find_map(|entry| {
            let Type::Class(class) = entry else { return None };
            match self.program.module(class.module).own_binding(class.id, attr)?.value {
                BoundValue::Expr(value) | BoundValue::Annotated { value: Some(value), .. } => Some((class.module, value)),
                _ => None,
            }
        })
    }

    /// What a test yields where `__init__` ended early, as far as the sentinels tell.
    fn outcome(&self, function: FunctionRef, test: ExprId) -> Option<bool> {
        let module = self.program.module(function.module);
        match module.kind(test) {
            ExprKind::Unary { op: UnaryOp::Not, operand } => Some(!self.outcome(function, *operand)?),
            ExprKind::BoolOp { is_and, values } => {
                let parts: Vec<_> = values.iter().map(|value| self.outcome(function, *value)).collect();
                if parts.contains(&Some(!is_and)) { Some(!is_and) } else { parts.iter().all(Option::is_some).then_some(*is_and) }
            }
            ExprKind::Compare { left, rest } => match &**rest {
                [(CmpOp::Is | CmpOp::Eq, right)] => Some(self.initial(function, *left)? == self.initial(function, *right)?),
                [(CmpOp::IsNot | CmpOp::NotEq, right)] => Some(self.initial(function, *left)? != self.initial(function, *right)?),
                _ => None,
            },
            ExprKind::Call { func, args } => match &**args {
                [] => self.answer(function, *func).and_then(|(method, answer)| self.outcome(method, answer)),
                [only] if module.is_named(*func, "bool") => self.outcome(function, only.value),
                _ => None,
            },
            ExprKind::Attribute { .. } if self.answer(function, test).is_some() => {
                self.answer(function, test).and_then(|(method, answer)| self.outcome(method, answer))
            }
            _ => self.initial(function, test).map(|value| value.truth()),
        }
    }

    /// The constant that an expression is before `__init__` has done more than to set its sentinels.
    fn initial(&self, function: FunctionRef, expr: ExprId) -> Option<Constant> {
        let module = self.program.module(function.module);
        if let ExprKind::Attribute { value, attr, .. } = module.kind(expr)
            && is_self(module, function, *value)
        {
            if let Some(value) = self.state.sentinels.get(attr) {
                // The first assignment stands in `__init__` of some class of the line; constants need no scope.
                return self.program.mro(self.class).iter().find_map(|entry| match entry {
                    Type::Class(class) => {
                        let there = self.program.module(class.module);
                        let bound = there.attribute(class.id, attr);
                        let is_it = bound.iter().any(|binding| matches!(binding.value, BoundValue::Expr(bound) | BoundValue::Annotated { value: Some(bound), .. } if bound == *value));
                        is_it.then(|| literal(there, *value)).flatten()
                    }
                    Type::External(_) => None,
                });
            }
            let (id, value) = self.default(attr)?;
            return literal(self.program.module(id), value);
        }
        literal(module, expr)
    }
}

/// A literal constant; empty containers are false like `None`.
fn literal(module: &Module, expr: ExprId) -> Option<Constant> {
    match module.kind(expr) {
        ExprKind::None => Some(Constant::None),
        ExprKind::Bool(value) => Some(Constant::Bool(*value)),
        ExprKind::Int(Some(value)) => Some(Constant::Int(i128::from(*value))),
        ExprKind::Str(text) => Some(Constant::Str(text.clone())),
        ExprKind::List(parts) | ExprKind::Tuple(parts) if parts.is_empty() => Some(Constant::Bool(false)),
        ExprKind::Dict(items) if items.is_empty() => Some(Constant::Bool(false)),
        _ => None,
    }
}

/// The attributes of the object that a function assigns, each with the end of its statement.
fn stores(module: &Module, function: FunctionRef) -> Vec<(&Name, ruff_text_size::TextSize)> {
    let own = module.stmts_of(function.id);
    let mut found = Vec::new();
    for (_, stmt) in own {
        let targets: &[ExprId] = match &stmt.kind {
            StmtKind::Assign { targets, .. } => targets,
            StmtKind::AnnAssign { target, value: Some(_) } => std::slice::from_ref(target),
            _ => continue,
        };
        for target in targets {
            if let ExprKind::Attribute { value, attr, .. } = module.kind(*target)
                && is_self(module, function, *value)
            {
                found.push((attr, stmt.range.end()));
            }
        }
    }
    found
}

/// Whether a test asks whether attributes are there: `hasattr`, `getattr`, `__dict__`.
fn asks_in(module: &Module, test: ExprId) -> bool {
    module.within(test).any(|(_, expr)| match &expr.kind {
        ExprKind::Name(name) => name == "hasattr" || name == "getattr" || name == "vars",
        ExprKind::Attribute { attr, .. } => attr == "__dict__" || attr == "is_finalizing",
        _ => false,
    })
}
