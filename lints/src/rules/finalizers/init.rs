//! What `__init__` has set, and when: the attributes that exist for certain, and those that are set only behind a statement that can fail.
//!
//! The statements are walked in the order in which they run; calls of the object's own methods and of `super().__init__` are entered. What can
//! raise is judged by what a statement does: keeping constants, parameters, attributes and containers of such cannot; opening, connecting,
//! spawning, parsing, indexing and calls of other functions can.

use ruff_text_size::TextRange;
use rustc_hash::{FxHashMap, FxHashSet};

use super::harmless::{HARMLESS, HARMLESS_METHODS};
use crate::context::Context;
use crate::module::Module;
use crate::module::ir::{CmpOp, ExprId, ExprKind, Handler, Name, StmtId, StmtKind};
use crate::program::resolve::{is_stub, looks_like_class};
use crate::program::{ClassRef, FunctionRef, ModuleId, Program, Type, Value};

/// How many calls deep `__init__` is followed.
const MAX_DEPTH: usize = 4;

/// Where an attribute is first set, and what may go wrong before.
#[derive(Clone, Debug)]
pub(super) enum Setting {
    /// Whenever the object exists.
    Certain,
    /// Only if this statement succeeds, or does not return early.
    Behind(Obstacle),
}

/// A statement that may end `__init__`.
#[derive(Clone, Debug)]
pub(super) struct Obstacle {
    pub(super) module: ModuleId,
    pub(super) range: TextRange,
    /// Completes "`__init__` may ... here".
    pub(super) what: &'static str,
}

/// What is known of an object after `__init__`.
#[derive(Debug, Default)]
pub(super) struct Initialized {
    pub(super) attributes: FxHashMap<Name, Setting>,
    /// The constants that attributes get for certain: sentinels.
    pub(super) sentinels: FxHashMap<Name, ExprId>,
    /// Whether attributes may be set in ways that are not followed (`setattr`, `self.__dict__.update`).
    pub(super) open: bool,
}

/// Walks the `__init__` that an object of a class runs; `None` where it has none in the program.
pub(super) fn initialized(context: &Context<'_>, class: ClassRef) -> Option<Initialized> {
    let init = context.program.method(class, "__init__")?;
    let mut walk = Walk::new(context.program, class, FxHashSet::default(), false);
    walk.convinced = !context.program.mro(class).iter().all(|entry| matches!(entry, Type::Class(_)) || is_plain(entry));
    walk.function(init, 0);
    Some(walk.found)
}

struct Walk<'a> {
    program: &'a Program,
    class: ClassRef,
    found: Initialized,
    /// The first statement behind which nothing is certain.
    obstacle: Option<Obstacle>,
    open: FxHashSet<FunctionRef>,
    /// Whether it is only asked if there is an obstacle.
    judges: bool,
    /// Whether only that counts as an obstacle which is known to fail at times: of a class with a foreign base, most calls are the framework's.
    convinced: bool,
}

impl<'a> Walk<'a> {
    fn new(program: &'a Program, class: ClassRef, open: FxHashSet<FunctionRef>, judges: bool) -> Self {
        Self { program, class, found: Initialized::default(), obstacle: None, open, judges, convinced: false }
    }

    /// Whether all that is asked is known: an obstacle that stands before a statement stands before all behind it.
    fn is_judged(&self) -> bool {
        self.judges && self.obstacle.is_some()
    }

    fn function(&mut self, function: FunctionRef, depth: usize) {
        if depth > MAX_DEPTH || !self.open.insert(function) {
            return;
        }
        let module = self.program.module(function.module);
        if !is_stub(module, function.id) {
            self.block(function, module.function_block(function.id), depth);
        }
        self.open.remove(&function);
    }

    fn block(&mut self, function: FunctionRef, block: &[StmtId], depth: usize) {
        for stmt in block {
            self.stmt(function, *stmt, depth);
        }
    }

    fn stmt(&mut self, function: FunctionRef, id: StmtId, depth: usize) {
        let module = self.program.module(function.module);
        if self.is_judged() || self.program.is_dead(function.module, id) {
            return;
        }
        match &module.stmt(id).kind {
            StmtKind::Expr(value) => self.value(function, *value, depth),
            StmtKind::Assign { targets, value } => {
                self.value(function, *value, depth);
                for target in targets {
                    self.target(function, *target, Some(*value));
                }
            }
            StmtKind::AnnAssign { target, value: Some(value) } => {
                self.value(function, *value, depth);
                self.target(function, *target, Some(*value));
            }
            StmtKind::Return(value) => {
                if let Some(value) = value {
                    self.value(function, *value, depth);
                }
                // The end of `__init__` itself is no obstacle for what stands before it; a helper's return is none for its caller.
                if depth == 0 {
                    self.hinder(function.module, module.stmt(id).range, "return early");
                }
            }
            StmtKind::Assert { test } if narrows(module, *test) => {}
            StmtKind::Raise { .. } | StmtKind::Assert { .. } => self.hinder(function.module, module.stmt(id).range, "raise an exception"),
            StmtKind::Import(names) if names.iter().all(|name| self.is_at_hand(function.module, 0, name)) => {}
            StmtKind::ImportFrom { module: name, level } if self.is_at_hand(function.module, *level, name) => {}
            StmtKind::Import(_) | StmtKind::ImportFrom { .. } => self.hinder(function.module, module.stmt(id).range, "fail to import"),
            StmtKind::If { branches } => {
                branches.iter().for_each(|branch| branch.test.iter().for_each(|test| self.value(function, *test, depth)));
                let blocks: Vec<&[StmtId]> = branches.iter().map(|branch| &*branch.body).collect();
                self.branches(function, &blocks, depth);
            }
            StmtKind::While { test, body, orelse } => {
                self.value(function, *test, depth);
                self.block(function, body, depth);
                self.block(function, orelse, depth);
            }
            StmtKind::For { iter, body, orelse } => {
                self.value(function, *iter, depth);
                self.block(function, body, depth);
                self.block(function, orelse, depth);
            }
            StmtKind::With { items, body } => {
                items.iter().for_each(|item| self.value(function, item.context, depth));
                items.iter().filter_map(|item| item.target).for_each(|target| self.target(function, target, None));
                self.block(function, body, depth);
            }
            StmtKind::Try { body, handlers, orelse, finalbody } => {
                self.set_on_failure(function, handlers, finalbody);
                let swallowed = handlers.iter().any(|handler| !module.leaves(&handler.body) && !raises(module, &handler.body));
                let before = self.obstacle.clone();
                self.block(function, body, depth);
                if swallowed {
                    // What failed inside is over; whether the body came to its end is not known, and is not held against it.
                    self.obstacle.clone_from(&before);
                }
                handlers.iter().for_each(|handler| self.block(function, &handler.body, depth));
                if swallowed {
                    self.obstacle = before;
                }
                self.block(function, orelse, depth);
                self.block(function, finalbody, depth);
            }
            StmtKind::Match { cases, .. } => {
                let blocks: Vec<&[StmtId]> = cases.iter().map(|case| &*case.body).collect();
                self.branches(function, &blocks, depth);
            }
            _ => {}
        }
    }

    /// What clauses that catch everything, or `finally`, set first is there whether the body fails or not.
    fn set_on_failure(&mut self, function: FunctionRef, handlers: &[Handler], finalbody: &[StmtId]) {
        let module = self.program.module(function.module);
        let catches_all = |handler: &&Handler| {
            handler.exception.is_none_or(|exception| module.is_named(exception, "Exception") || module.is_named(exception, "BaseException"))
        };
        let clause = handlers.iter().find(catches_all).map_or(&[][..], |handler| &handler.body);
        for block in [clause, finalbody] {
            for stmt in block {
                // Only constants and the like: what else is done may fail.
                let StmtKind::Assign { targets, value } = &module.stmt(*stmt).kind else { break };
                if matches!(module.kind(*value), ExprKind::Call { .. } | ExprKind::Subscript { .. }) {
                    break;
                }
                targets.iter().for_each(|target| self.target(function, *target, None));
            }
        }
    }

    /// Walks alternatives. What one of them sets is taken for set: the author knows the condition, and asks for it elsewhere. An early end in
    /// one is an obstacle for what comes behind.
    #[expect(clippy::iter_over_hash_type, reason = "each name is handled for itself, in whatever order")]
    fn branches(&mut self, function: FunctionRef, blocks: &[&[StmtId]], depth: usize) {
        let mut together: FxHashMap<Name, Setting> = FxHashMap::default();
        let before = self.obstacle.clone();
        let mut after = None;
        for block in blocks {
            let outer = std::mem::take(&mut self.found.attributes);
            self.obstacle.clone_from(&before);
            self.block(function, block, depth);
            // What goes wrong in one branch does not stand before what another does.
            after = after.or(self.obstacle.take());
            for (name, setting) in std::mem::replace(&mut self.found.attributes, outer) {
                together.entry(name).and_modify(|known| *known = worse(known, &setting)).or_insert(setting);
            }
        }
        self.obstacle = after.or(before);
        for (name, setting) in together {
            self.found.attributes.entry(name).or_insert(setting);
        }
    }

    /// Whether an import can be taken to succeed: of the standard library, or of the project that the importing module is a part of.
    fn is_at_hand(&self, id: ModuleId, level: u32, name: &str) -> bool {
        level > 0 || is_standard(name) || {
            let package = |name: &str| name.split('.').next().map(str::to_owned);
            let own = self.program.dotted_name(id).and_then(|own| package(&own));
            own.is_some() && own == package(name)
        }
    }

    fn hinder(&mut self, module: ModuleId, range: TextRange, what: &'static str) {
        if self.obstacle.is_none() {
            self.obstacle = Some(Obstacle { module, range, what });
        }
    }

    /// Records what an assignment sets on the object.
    fn target(&mut self, function: FunctionRef, target: ExprId, value: Option<ExprId>) {
        let module = self.program.module(function.module);
        match module.kind(target) {
            ExprKind::Tuple(parts) | ExprKind::List(parts) => parts.iter().for_each(|part| self.target(function, *part, None)),
            ExprKind::Starred(inner) => self.target(function, *inner, None),
            ExprKind::Attribute { value: owner, attr, .. } if is_self(module, function, *owner) => {
                if let (Some(value), None, false) = (value, &self.obstacle, self.found.attributes.contains_key(attr)) {
                    self.found.sentinels.insert(attr.clone(), value);
                }
                let setting = self.obstacle.clone().map_or(Setting::Certain, Setting::Behind);
                self.found.attributes.entry(attr.clone()).or_insert(setting);
            }
            ExprKind::Subscript { value, .. } if is_dict_of_self(module, function, *value) => self.found.open = true,
            _ => {}
        }
    }

    /// Looks at an expression that is evaluated: what it calls, and whether that may fail.
    fn value(&mut self, function: FunctionRef, expr: ExprId, depth: usize) {
        if self.is_judged() {
            return;
        }
        let module = self.program.module(function.module);
        match module.kind(expr) {
            ExprKind::Call { func, args } => {
                args.iter().for_each(|arg| self.value(function, arg.value, depth));
                self.call(function, expr, *func, depth);
            }
            ExprKind::Attribute { value, .. } | ExprKind::Starred(value) | ExprKind::Named { value, .. } | ExprKind::Await(value) => {
                self.value(function, *value, depth);
            }
            ExprKind::Subscript { value, slice } => {
                self.value(function, *value, depth);
                self.value(function, *slice, depth);
                if self.obstacle.is_none() && !matches!(module.kind(*slice), ExprKind::Slice) && !self.is_generic(function.module, *value) {
                    self.hinder(function.module, module.expr(expr).range, "fail at an index");
                }
            }
            ExprKind::BinOp { left, right, .. } => {
                self.value(function, *left, depth);
                self.value(function, *right, depth);
            }
            ExprKind::Unary { operand, .. } => self.value(function, *operand, depth),
            ExprKind::BoolOp { values, .. } => values.iter().for_each(|value| self.value(function, *value, depth)),
            ExprKind::Compare { left, rest } => {
                self.value(function, *left, depth);
                rest.iter().for_each(|(_, value)| self.value(function, *value, depth));
            }
            ExprKind::If { test, body, orelse } => [test, body, orelse].into_iter().for_each(|part| self.value(function, *part, depth)),
            ExprKind::Tuple(parts) | ExprKind::List(parts) | ExprKind::Set(parts) => {
                parts.iter().for_each(|part| self.value(function, *part, depth));
            }
            ExprKind::Dict(items) => items.iter().for_each(|(key, value)| {
                if let Some(key) = key {
                    self.value(function, *key, depth);
                }
                self.value(function, *value, depth);
            }),
            ExprKind::Comprehension { element, generators, .. } => {
                generators.iter().for_each(|generator| self.value(function, generator.iter, depth));
                self.value(function, *element, depth);
            }
            _ => {}
        }
    }

    fn is_generic(&self, id: ModuleId, value: ExprId) -> bool {
        self.program.resolver(id).values(value).iter().any(|value| matches!(value, Value::Class(_) | Value::External(_)))
    }

    fn call(&mut self, function: FunctionRef, call: ExprId, func: ExprId, depth: usize) {
        let program = self.program;
        let module = program.module(function.module);
        let range = module.expr(call).range;
        if let ExprKind::Attribute { value, attr, .. } = module.kind(func)
            && (attr == "update" && is_dict_of_self(module, function, *value) || attr == "__setattr__")
        {
            self.found.open = true;
            return;
        }
        let values = program.resolver_for(function.module, Some(self.class)).values(func);
        if values.iter().any(|value| matches!(value, Value::External(name) if name == "builtins.setattr" || name == "builtins.vars")) {
            self.found.open = true;
            return;
        }
        let known_to_fail = || {
            values.iter().any(|value| match value {
                Value::External(name) => matches!(program.effect(name), Some(Some(effect)) if effect.kind.is_main_io()),
                Value::ExternalMethod(class, method) => {
                    matches!(program.method_effect(class, method), Some(Some(effect)) if effect.kind.is_main_io())
                }
                Value::Function(_) | Value::Method(..) | Value::Class(_) => true,
                _ => false,
            })
        };
        let counts = !self.convinced || known_to_fail();
        let mut harmless = !values.is_empty();
        for value in values {
            // Behind an obstacle it does not matter what else may fail.
            let matters = harmless && self.obstacle.is_none();
            harmless &= match value {
                Value::External(name) if HARMLESS.contains(&name.as_str()) => true,
                Value::External(name) => {
                    // Making an object from nothing rarely fails, unless the class is known to open something.
                    let makes =
                        looks_like_class(&name) && !has_arguments(module, call) && matches!(program.effect(&name), None | Some(None));
                    makes || name == "builtins.getattr" || name.starts_with("logging.") || name.starts_with("os.path.")
                }
                Value::Method(method, Type::Class(this)) if program.mro(self.class).contains(&Type::Class(this)) => {
                    self.function(method, depth + 1);
                    true
                }
                Value::Function(callee) if is_init_of_base(program, self.class, callee) => {
                    self.function(callee, depth + 1);
                    true
                }
                Value::Function(callee) | Value::Method(callee, _) => {
                    matters && (self.makes_logger(function.module, call) || self.is_harmless(callee, depth))
                }
                Value::Class(class) => match program.method(class, "__init__") {
                    Some(init) => matters && self.is_harmless(init, depth),
                    None => program.mro(class).iter().skip(1).all(|base| matches!(base, Type::Class(_)) || is_plain(base)),
                },
                Value::ExternalMethod(class, method) => {
                    class.starts_with("builtins.") && HARMLESS_METHODS.contains(&method.as_str())
                        || class == "builtins.dict" && asks_by_key(module, call)
                        || class.starts_with("logging.")
                        || class == "builtins.object" && method == "__init__"
                }
                // A dictionary is what is asked so.
                Value::Unresolved(_) => module.is_named(func, "get") && asks_by_key(module, call),
                _ => false,
            };
        }
        if !harmless && counts && !calls_init(module, func) {
            self.hinder(function.module, range, "fail in a call");
        }
    }

    /// Whether all that a call returns is a logger.
    fn makes_logger(&self, id: ModuleId, call: ExprId) -> bool {
        let values = self.program.resolver_for(id, Some(self.class)).values(call);
        values.iter().all(|value| matches!(value, Value::Instance(kind) if self.is_logger(kind)))
    }

    fn is_logger(&self, kind: &Type) -> bool {
        match kind {
            Type::External(name) => name.starts_with("logging.Logger"),
            Type::Class(class) => self.program.mro(*class).iter().any(|base| matches!(base, Type::External(_)) && self.is_logger(base)),
        }
    }

    /// Whether a function of the program can be taken not to fail: walked for itself, it meets no obstacle.
    fn is_harmless(&self, function: FunctionRef, depth: usize) -> bool {
        let data = self.program.function(function);
        let runs_later = data.is_async || self.program.is_generator(function);
        if depth >= MAX_DEPTH || runs_later {
            return runs_later;
        }
        let class = data.class.map_or(self.class, |class| ClassRef { module: function.module, id: class });
        let mut open = self.open.clone();
        if !open.insert(function) {
            return true;
        }
        open.remove(&function);
        let mut walk = Walk::new(self.program, class, open, true);
        walk.convinced = self.convinced;
        walk.function(function, depth + 1);
        walk.obstacle.is_none()
    }
}

/// `options.get("name")`, `options.pop("name", None)`: what is not there has a default.
fn asks_by_key(module: &Module, call: ExprId) -> bool {
    let Some(call) = module.call(call) else { return false };
    let by_name = call.positional(0).is_some_and(|key| match module.kind(key) {
        ExprKind::Str(text) => text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.')),
        _ => false,
    });
    by_name && (module.is_named(call.func, "get") || module.is_named(call.func, "pop") && call.args.len() == 2)
}

fn has_arguments(module: &Module, call: ExprId) -> bool {
    module.call(call).is_some_and(|call| !call.args.is_empty())
}

/// An assertion that only tells a type checker what the value is: `assert x is not None`, `assert isinstance(x, C)`.
fn narrows(module: &Module, test: ExprId) -> bool {
    match module.kind(test) {
        ExprKind::Compare { left, rest } => {
            let plain = matches!(module.kind(*left), ExprKind::Name(_) | ExprKind::Attribute { .. });
            plain && matches!(**rest, [(CmpOp::IsNot, right)] if matches!(module.kind(right), ExprKind::None))
        }
        ExprKind::Call { func, .. } => module.is_named(*func, "isinstance"),
        ExprKind::BoolOp { is_and: true, values } => values.iter().all(|value| narrows(module, *value)),
        _ => false,
    }
}

/// The setting that promises less.
fn worse(one: &Setting, other: &Setting) -> Setting {
    match (one, other) {
        (Setting::Certain, Setting::Certain) => Setting::Certain,
        (Setting::Behind(_), _) => one.clone(),
        _ => other.clone(),
    }
}

fn raises(module: &Module, block: &[StmtId]) -> bool {
    block.iter().any(|stmt| matches!(module.stmt(*stmt).kind, StmtKind::Raise { .. }))
}

fn is_standard(name: &str) -> bool {
    crate::program::stdlib::is_stdlib(name.split('.').next().unwrap_or_default())
}

/// A base outside the program that sets nothing and does not fail.
pub(super) fn is_plain(base: &Type) -> bool {
    let Type::External(name) = base else { return false };
    matches!(
        name.as_str(),
        "builtins.object" | "abc.ABC" | "typing.Generic" | "typing.Protocol" | "collections.abc.Iterator" | "builtins.Generic"
    ) || name.starts_with("typing.")
        || name.starts_with("collections.abc.")
        || name.starts_with("contextlib.Abstract")
}

fn is_init_of_base(program: &Program, class: ClassRef, callee: FunctionRef) -> bool {
    let data = program.function(callee);
    let own = data.class.map(|class| Type::Class(ClassRef { module: callee.module, id: class }));
    data.name == "__init__" && own.is_some_and(|own| program.mro(class).contains(&own))
}

/// `super().__init__()`, `Base.__init__(self)`: what the program does not answer is `object`'s, or a library's.
fn calls_init(module: &Module, func: ExprId) -> bool {
    matches!(module.kind(func), ExprKind::Attribute { attr, .. } if attr == "__init__")
}

/// Whether an expression is the object that a method runs for.
pub(super) fn is_self(module: &Module, function: FunctionRef, expr: ExprId) -> bool {
    matches!(module.kind(expr), ExprKind::Name(name) if module.self_name(function.id) == Some(name))
}

fn is_dict_of_self(module: &Module, function: FunctionRef, expr: ExprId) -> bool {
    match module.kind(expr) {
        ExprKind::Attribute { value, attr, .. } => attr == "__dict__" && is_self(module, function, *value),
        ExprKind::Call { func, args } => {
            matches!(module.kind(*func), ExprKind::Name(name) if name == "vars")
                && args.first().is_some_and(|arg| is_self(module, function, arg.value))
        }
        _ => false,
    }
}
