//! Where objects come from: the expressions that make what an expression denotes, and those that make what a container holds.
//!
//! Where [`super::constants`] follows values to be folded, this follows identities: through names, attributes of `self`, elements of
//! containers (with what is appended to them), arguments of parameters and what functions return, within one module.
//! What cannot be followed is an origin of its own.

use std::rc::Rc;

use rustc_hash::{FxHashMap, FxHashSet};

use super::{FunctionRef, ModuleId, Program, Type, Value};
use crate::module::ir::{ArgKind, BinOp, BoundValue, ExprId, ExprKind, FunctionId, Name, Param, ScopeId, StmtKind};
use crate::module::{Call, Module};

/// How many steps an object is followed.
const MAX_STEPS: usize = 16;
/// How many origins are kept.
const MAX_ORIGINS: usize = 64;
/// How many calls of a function are asked what they pass.
const MAX_CALL_SITES: usize = 20;

/// The calls of a module's functions inside it.
pub(crate) type Callers = FxHashMap<FunctionId, Vec<ExprId>>;

/// What a container may hold.
#[derive(Debug, Default)]
pub(crate) struct Elements {
    /// The origins of the elements.
    pub(crate) items: Vec<ExprId>,
    /// Whether it may hold more than could be followed.
    pub(crate) open: bool,
    /// Whether it may be `None` instead.
    pub(crate) none: bool,
}

impl Program {
    /// The first calls in a module of what has a function's name. Told once for each function: each use of a parameter asks for them.
    pub(super) fn call_sites(&self, id: ModuleId, function: FunctionId, name: &str) -> Rc<[ExprId]> {
        if let Some(known) = self.call_sites.borrow().get(&(id, function)) {
            return Rc::clone(known);
        }
        let sites: Rc<[ExprId]> = self.module(id).calls_named(&[name]).take(MAX_CALL_SITES).map(|call| call.id).collect();
        self.call_sites.borrow_mut().insert((id, function), Rc::clone(&sites));
        sites
    }

    /// The calls in a module that may run one of its functions (for `__init__`: those of the class), in the order of the text.
    pub(crate) fn callers(&self, id: ModuleId, function: FunctionId) -> Vec<ExprId> {
        if let Some(known) = self.callers.borrow().get(&id) {
            return known.get(&function).cloned().unwrap_or_default();
        }
        let mut callers = Callers::default();
        for call in self.module(id).calls() {
            for value in self.resolver(id).values(call.func) {
                let callee = match value {
                    Value::Function(function) | Value::Method(function, _) => Some(function),
                    Value::Class(class) => self.method(class, "__init__"),
                    _ => None,
                };
                if let Some(callee) = callee.filter(|callee| callee.module == id) {
                    callers.entry(callee.id).or_default().push(call.id);
                }
            }
        }
        let found = callers.get(&function).cloned().unwrap_or_default();
        self.callers.borrow_mut().insert(id, callers);
        found
    }

    /// The expressions that make what an expression denotes: constructor calls, literals, and what could not be followed.
    pub(crate) fn origins(&self, id: ModuleId, expr: ExprId) -> Vec<ExprId> {
        let mut walk = Walk { program: self, id, module: self.module(id), seen: FxHashSet::default(), result: Elements::default() };
        walk.object(expr, 0);
        walk.result.items
    }

    /// What a container holds.
    pub(crate) fn elements(&self, id: ModuleId, expr: ExprId) -> Elements {
        let mut walk = Walk { program: self, id, module: self.module(id), seen: FxHashSet::default(), result: Elements::default() };
        walk.container(expr, 0);
        walk.result
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Mode {
    Object,
    Elements,
}

struct Walk<'a> {
    program: &'a Program,
    id: ModuleId,
    module: &'a Module,
    seen: FxHashSet<(ExprId, bool)>,
    result: Elements,
}

impl<'a> Walk<'a> {
    fn go(&mut self, expr: ExprId, mode: Mode, steps: usize) {
        match mode {
            Mode::Object => self.object(expr, steps),
            Mode::Elements => self.container(expr, steps),
        }
    }

    fn leaf(&mut self, expr: ExprId, mode: Mode) {
        if mode == Mode::Elements {
            self.result.open = true;
        } else if !self.result.items.contains(&expr) && self.result.items.len() < MAX_ORIGINS {
            self.result.items.push(expr);
        }
    }

    /// Whether a step was made before, or leads too far.
    fn ends(&mut self, expr: ExprId, mode: Mode, steps: usize) -> bool {
        let key = (expr, mode == Mode::Elements);
        if !self.seen.insert(key) {
            return true;
        }
        if steps > MAX_STEPS {
            self.leaf(expr, mode);
            return true;
        }
        false
    }

    fn object(&mut self, expr: ExprId, steps: usize) {
        if self.ends(expr, Mode::Object, steps) || self.shared(expr, Mode::Object, steps) {
            return;
        }
        match self.module.kind(expr) {
            ExprKind::Subscript { value, .. } => {
                let open = std::mem::take(&mut self.result.open);
                let before = self.result.items.len();
                self.container(*value, steps + 1);
                if self.result.open || self.result.items.len() == before {
                    self.leaf(expr, Mode::Object);
                }
                self.result.open = open;
            }
            _ => self.leaf(expr, Mode::Object),
        }
    }

    fn container(&mut self, expr: ExprId, steps: usize) {
        if self.ends(expr, Mode::Elements, steps) {
            return;
        }
        self.mutations(expr, steps);
        if self.shared(expr, Mode::Elements, steps) {
            return;
        }
        match self.module.kind(expr) {
            ExprKind::List(parts) | ExprKind::Tuple(parts) | ExprKind::Set(parts) => {
                for part in parts {
                    match self.module.kind(*part) {
                        ExprKind::Starred(inner) => self.container(*inner, steps + 1),
                        _ => self.object(*part, steps + 1),
                    }
                }
            }
            ExprKind::Dict(items) => {
                for (key, value) in items {
                    let mode = if key.is_some() { Mode::Object } else { Mode::Elements };
                    self.go(*value, mode, steps + 1);
                }
            }
            ExprKind::Comprehension { element, .. } => self.object(*element, steps + 1),
            ExprKind::BinOp { left, op: BinOp::Add | BinOp::BitOr, right } => {
                self.container(*left, steps + 1);
                self.container(*right, steps + 1);
            }
            ExprKind::Subscript { value, slice } if matches!(self.module.kind(*slice), ExprKind::Slice) => {
                self.container(*value, steps + 1);
            }
            ExprKind::None => self.result.none = true,
            _ => self.result.open = true,
        }
    }

    /// What is followed alike for an object and for the elements of one; `false` where the expression is none of it.
    fn shared(&mut self, expr: ExprId, mode: Mode, steps: usize) -> bool {
        let module = self.module;
        match module.kind(expr) {
            ExprKind::If { body, orelse, .. } => {
                self.go(*body, mode, steps + 1);
                self.go(*orelse, mode, steps + 1);
            }
            ExprKind::BoolOp { is_and, values } => {
                let skipped = usize::from(*is_and && values.len() > 1);
                for (index, value) in values.iter().enumerate().skip(skipped) {
                    // `None or x` is never `None`.
                    let last = index + 1 == values.len();
                    let none = self.result.none;
                    self.go(*value, mode, steps + 1);
                    if !*is_and && !last {
                        self.result.none = none;
                    }
                }
            }
            ExprKind::Named { value, .. } | ExprKind::Await(value) => self.go(*value, mode, steps + 1),
            ExprKind::Name(name) => self.name(expr, name, mode, steps),
            ExprKind::Attribute { value, attr, .. } => self.attribute(expr, *value, attr, mode, steps),
            ExprKind::Call { .. } => {
                let Some(call) = module.call(expr) else { return false };
                self.call(call, mode, steps);
            }
            _ => return false,
        }
        true
    }

    fn name(&mut self, expr: ExprId, name: &'a Name, mode: Mode, steps: usize) {
        let bindings: Vec<BoundValue> =
            self.program.reaching(self.id, expr, name).into_iter().map(|binding| binding.value.clone()).collect();
        if bindings.is_empty() {
            self.leaf(expr, mode);
        }
        // `if x is None: x = ...` replaces the default.
        let replaced = bindings.iter().any(|value| matches!(value, BoundValue::Expr(_)));
        for value in &bindings {
            self.bound(value, expr, mode, steps, replaced);
        }
    }

    fn bound(&mut self, value: &BoundValue, use_: ExprId, mode: Mode, steps: usize, replaced: bool) {
        match value {
            BoundValue::Expr(value) | BoundValue::Annotated { value: Some(value), .. } | BoundValue::Entered(value) => {
                self.go(*value, mode, steps + 1);
            }
            BoundValue::Annotated { value: None, .. } => {}
            BoundValue::Augmented { value, .. } if mode == Mode::Elements => self.container(*value, steps + 1),
            BoundValue::Element(iter) if mode == Mode::Object => {
                let open = std::mem::take(&mut self.result.open);
                self.container(*iter, steps + 1);
                if self.result.open {
                    self.leaf(use_, mode);
                }
                self.result.open = open;
            }
            BoundValue::Unpacked(whole, index) => self.unpacked(*whole, *index as usize, use_, mode, steps),
            BoundValue::Param(function, index) => self.param(*function, *index as usize, use_, mode, steps, replaced),
            _ => self.leaf(use_, mode),
        }
    }

    /// The n-th part of what a function returns as a tuple.
    fn unpacked(&mut self, whole: ExprId, index: usize, use_: ExprId, mode: Mode, steps: usize) {
        let mut parts = Vec::new();
        if let Some(call) = self.module.call(whole) {
            for function in self.functions(call.func) {
                for returned in self.module.code(function).returns.iter().flatten() {
                    if let ExprKind::Tuple(values) = self.module.kind(*returned) {
                        parts.extend(values.get(index).copied());
                    }
                }
            }
        }
        if parts.is_empty() {
            self.leaf(use_, mode);
        }
        for part in parts {
            self.go(part, mode, steps + 1);
        }
    }

    fn param(&mut self, function: FunctionId, index: usize, use_: ExprId, mode: Mode, steps: usize, replaced: bool) {
        let module = self.module;
        let Some(param) = module.function(function).params.get(index) else { return self.leaf(use_, mode) };
        let given = self.program.arguments(self.id, function, index);
        let (values, complete) = (given.values, given.complete);
        for value in &values {
            self.go(*value, mode, steps + 1);
        }
        if let Some(default) = param.default {
            let is_none = matches!(module.kind(default), ExprKind::None);
            if !(replaced && is_none) {
                self.go(default, mode, steps + 1);
            }
            // `None` stands for "not given": somebody outside gives something.
            if is_none && values.is_empty() {
                self.leaf(use_, mode);
            }
        } else if values.is_empty() || !complete {
            self.leaf(use_, mode);
        }
    }

    fn attribute(&mut self, expr: ExprId, owner: ExprId, attr: &'a Name, mode: Mode, steps: usize) {
        let mut bound = Vec::new();
        for value in self.program.resolver(self.id).values(owner) {
            let (Value::Instance(Type::Class(class)) | Value::Class(class)) = value else { continue };
            for entry in self.program.mro(class) {
                let Type::Class(entry) = entry else { continue };
                if entry.module != self.id {
                    continue;
                }
                bound.extend(self.module.attribute(entry.id, attr).into_iter().map(|binding| binding.value.clone()));
                bound.extend(self.module.own_binding(entry.id, attr).map(|binding| binding.value.clone()));
            }
        }
        let some =
            bound.iter().any(|value| !matches!(value, BoundValue::Expr(value) if matches!(self.module.kind(*value), ExprKind::None)));
        if !some {
            return self.leaf(expr, mode);
        }
        for value in bound {
            match value {
                // `self.x = None` in `__init__` stands for "not yet".
                BoundValue::Expr(value) if matches!(self.module.kind(value), ExprKind::None) => {}
                BoundValue::Function(function) => {
                    let returns: Vec<ExprId> = self.module.code(function).returns.iter().flatten().copied().collect();
                    if returns.is_empty() {
                        self.leaf(expr, mode);
                    }
                    for returned in returns {
                        self.go(returned, mode, steps + 1);
                    }
                }
                value => self.bound(&value, expr, mode, steps, false),
            }
        }
    }

    /// The functions of the module that a callee may be, generators left out.
    fn functions(&self, func: ExprId) -> Vec<FunctionId> {
        let values = self.program.resolver(self.id).values(func);
        let functions = values.iter().filter_map(|value| match value {
            Value::Function(function) | Value::Method(function, _) if function.module == self.id => Some(function.id),
            _ => None,
        });
        functions.filter(|function| !self.module.is_generator(*function)).collect()
    }

    fn call(&mut self, call: Call<'a>, mode: Mode, steps: usize) {
        let mut followed = false;
        for function in self.functions(call.func) {
            for returned in self.module.code(function).returns.iter().flatten() {
                followed = true;
                self.go(*returned, mode, steps + 1);
            }
        }
        for value in self.program.resolver(self.id).values(call.func) {
            let passed = match &value {
                Value::External(name) => passed_on(name, call, mode),
                Value::ExternalMethod(class, method) if class == "builtins.dict" || class == "builtins.list" => {
                    let ExprKind::Attribute { value: receiver, .. } = self.module.kind(call.func) else { continue };
                    match (method.as_str(), mode) {
                        ("values" | "copy", Mode::Elements) => vec![(*receiver, mode)],
                        ("get" | "pop" | "setdefault", Mode::Object) => vec![(*receiver, Mode::Elements)],
                        _ => Vec::new(),
                    }
                }
                _ => Vec::new(),
            };
            for (expr, mode) in passed {
                followed = true;
                let open = self.result.open;
                self.go(expr, mode, steps + 1);
                if mode == Mode::Elements && !matches!(value, Value::External(_)) && self.result.items.is_empty() {
                    self.result.open = open;
                    followed = false;
                }
            }
            if mode == Mode::Elements && matches!(&value, Value::External(name) if name == "builtins.dict" || name == "builtins.list") {
                followed = true;
            }
        }
        if !followed {
            self.leaf(call.id, mode);
        }
    }

    /// What is put into a container by its methods, or by its keys: `x.append(a)`, `x.extend(b)`, `x["k"] = a`.
    fn mutations(&mut self, container: ExprId, steps: usize) {
        let Some(place) = place(self.module, container) else { return };
        let module = self.module;
        for call in module.calls() {
            let ExprKind::Attribute { value, attr, .. } = module.kind(call.func) else { continue };
            let (argument, mode) = match attr.as_str() {
                "append" | "add" | "appendleft" => (call.positional(0), Mode::Object),
                "insert" | "setdefault" => (call.positional(1), Mode::Object),
                "extend" | "update" => (call.positional(0), Mode::Elements),
                _ => continue,
            };
            if self::place(module, *value) == Some(place)
                && let Some(argument) = argument
                && self.program.is_live(self.id, call.id)
            {
                self.go(argument, mode, steps + 1);
            }
        }
        for (_, stmt) in module.stmts() {
            let StmtKind::Assign { targets, value } = &stmt.kind else { continue };
            let set = targets.iter().any(
                |target| matches!(module.kind(*target), ExprKind::Subscript { value, .. } if self::place(module, *value) == Some(place)),
            );
            if set {
                self.object(*value, steps + 1);
            }
        }
    }
}

/// A place that an object is kept in: a name in its scope, or an attribute of `self` in its class.
fn place(module: &Module, expr: ExprId) -> Option<(Option<ScopeId>, Option<u32>, &str)> {
    match module.kind(expr) {
        ExprKind::Name(name) => Some((Some(module.binding_scope(module.expr(expr).scope, name)?), None, name)),
        ExprKind::Attribute { value, attr, .. } => {
            let function = module.expr(expr).function?;
            let ExprKind::Name(owner) = module.kind(*value) else { return None };
            (module.self_name(function)? == owner).then_some(())?;
            Some((None, Some(module.class_around(function)?.0), attr))
        }
        _ => None,
    }
}

/// The arguments of a library call that its result is, or is made of.
fn passed_on(name: &str, call: Call<'_>, mode: Mode) -> Vec<(ExprId, Mode)> {
    let argument = |index| call.positional(index);
    let one = |expr: Option<ExprId>, mode| expr.map(|expr| (expr, mode)).into_iter().collect();
    match (name, mode) {
        ("typing.cast", _) => one(argument(1), mode),
        ("copy.copy" | "copy.deepcopy", _) => one(argument(0), mode),
        (
            "builtins.list" | "builtins.tuple" | "builtins.set" | "builtins.frozenset" | "builtins.sorted" | "builtins.reversed"
            | "builtins.iter",
            Mode::Elements,
        )
        | ("builtins.next", Mode::Object) => one(argument(0), Mode::Elements),
        ("builtins.filter", Mode::Elements) => one(argument(1), Mode::Elements),
        ("itertools.chain", Mode::Elements) => call.args.iter().map(|arg| (arg.value, Mode::Elements)).collect(),
        ("builtins.dict", Mode::Elements) => {
            call.args.iter().filter(|arg| matches!(arg.kind, ArgKind::Keyword(_))).map(|arg| (arg.value, Mode::Object)).collect()
        }
        _ => Vec::new(),
    }
}

/// What the calls in a module pass for a parameter.
#[derive(Debug, Default)]
pub(crate) struct Given {
    pub(crate) values: Vec<ExprId>,
    /// How many calls pass nothing, so that the default holds.
    pub(crate) absent: usize,
    /// Whether no call hides what it passes behind `*` or `**`.
    pub(crate) complete: bool,
}

impl Program {
    /// What the calls in a module pass for the n-th parameter of one of its functions.
    pub(crate) fn arguments(&self, id: ModuleId, function: FunctionId, index: usize) -> Given {
        let module = self.module(id);
        let mut given = Given { complete: true, ..Given::default() };
        let data = module.function(function);
        let Some(param) = data.params.get(index) else { return given };
        for caller in self.callers(id, function) {
            let Some(call) = module.call(caller) else { continue };
            let shift = usize::from(data.class.is_some() && self.is_bound(id, call, function));
            match index.checked_sub(shift).and_then(|at| argument(call, at, param)) {
                Some(value) => given.values.push(value),
                None if call.has_star() => given.complete = false,
                None => given.absent += 1,
            }
        }
        given
    }

    /// Whether a call passes the instance itself: of a method through an object, or of a class.
    fn is_bound(&self, id: ModuleId, call: Call<'_>, function: FunctionId) -> bool {
        let wanted = FunctionRef { module: id, id: function };
        self.resolver(id).values(call.func).iter().any(|value| match value {
            Value::Method(found, _) => *found == wanted,
            Value::Class(_) => true,
            _ => false,
        })
    }
}

pub(crate) fn argument(call: Call<'_>, index: usize, param: &Param) -> Option<ExprId> {
    use crate::module::ir::ParamKind;
    match param.kind {
        ParamKind::PositionalOnly => call.positional(index),
        ParamKind::KeywordOnly => call.keyword(&param.name).map(|arg| arg.value),
        ParamKind::Normal => call.argument(index, &param.name),
        ParamKind::Star | ParamKind::DoubleStar => None,
    }
}
