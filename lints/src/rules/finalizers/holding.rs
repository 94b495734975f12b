//! Who holds whom: which expressions keep the object of a variable alive, and where objects are stored on others.
//!
//! Only references that Python itself makes are followed: names, attributes, displays, bound methods, functions that use a variable of the
//! function around, and what first-party constructors and methods store of their arguments. What a library does with an argument is not
//! known, but for a few wrappers.

use ruff_text_size::TextRange;

use crate::module::Module;
use crate::module::ir::{BoundValue, ExprId, ExprKind, FunctionId, Name, ScopeId, Slot, StmtId, StmtKind};
use crate::program::origins::argument;
use crate::program::resolve::looks_like_class;
use crate::program::{ClassRef, FunctionRef, ModuleId, Program, Type, Value};

/// How many names, wrappers and calls deep an expression is looked into.
const MAX_DEPTH: usize = 4;

/// Library callables whose result holds their arguments.
const WRAPPERS: &[&str] = &["functools.partial", "functools.partialmethod", "functools.cache", "types.MethodType", "threading.Timer"];

/// The methods of builtin containers that keep an argument.
const ADDING: &[&str] = &["append", "appendleft", "add", "insert", "extend", "update", "setdefault"];

/// A variable: a name in the scope that binds it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Variable {
    pub(super) module: ModuleId,
    pub(super) scope: ScopeId,
    pub(super) name: Name,
}

impl Variable {
    /// The variable that an expression names.
    pub(super) fn of(program: &Program, id: ModuleId, expr: ExprId) -> Option<Self> {
        let module = program.module(id);
        let ExprKind::Name(name) = module.kind(expr) else { return None };
        let scope = module.binding_scope(module.expr(expr).scope, name)?;
        Some(Self { module: id, scope, name: name.clone() })
    }

    /// The n-th parameter of a function.
    fn param(program: &Program, function: FunctionRef, index: usize) -> Option<Self> {
        let data = program.function(function);
        Some(Self { module: function.module, scope: data.scope, name: data.params.get(index)?.name.clone() })
    }

    /// Whether an expression of the variable's module names it.
    pub(super) fn is(&self, module: &Module, expr: ExprId) -> bool {
        matches!(module.kind(expr), ExprKind::Name(name) if *name == self.name)
            && module.binding_scope(module.expr(expr).scope, &self.name) == Some(self.scope)
    }
}

/// How an expression holds an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Holding {
    /// It is the object.
    Itself,
    /// It is a method bound to it.
    Method,
    /// It is a function that uses the variable.
    Closure,
    /// It is an object, perhaps of a known class, that stores one of these.
    Object(Option<ClassRef>),
}

/// One place where something is stored on an object: an attribute, an item, or an argument of a method that keeps it.
#[derive(Clone, Debug)]
pub(super) struct Store {
    /// What is stored on: the variable at the root of `self.handlers["x"]`.
    pub(super) root: ExprId,
    /// The first attribute of the root.
    attr: Name,
    /// Whether it is that attribute itself that is set, and not something in the object behind it.
    direct: bool,
    pub(super) value: ExprId,
    /// The target as written: `self.handlers["x"]`, `self.handlers`.
    pub(super) target: ExprId,
    pub(super) range: TextRange,
}

/// The stores that a function makes in its own statements, in the order of the text.
pub(super) fn stores(program: &Program, function: FunctionRef, depth: usize) -> Vec<Store> {
    let module = program.module(function.module);
    let mut found = Vec::new();
    for (id, stmt) in module.stmts_of(function.id) {
        let (targets, value): (&[ExprId], ExprId) = match &stmt.kind {
            StmtKind::Assign { targets, value } => (targets, *value),
            StmtKind::AnnAssign { target, value: Some(value) } => (std::slice::from_ref(target), *value),
            _ => continue,
        };
        let mut here = Vec::new();
        for target in targets {
            match (module.kind(*target), module.kind(value)) {
                (ExprKind::Tuple(targets), ExprKind::Tuple(values)) if targets.len() == values.len() => {
                    here.extend(targets.iter().zip(values).filter_map(|(target, value)| store(module, *target, *value, id)));
                }
                _ => here.extend(store(module, *target, value, id)),
            }
        }
        if !here.is_empty() && !program.is_dead(function.module, id) {
            found.append(&mut here);
        }
    }
    found.extend(module.code(function.id).calls.iter().flat_map(|call| kept_by_call(program, function.module, *call, depth)));
    found.sort_by_key(|store| store.range.start());
    found
}

/// Whether an expression is of a form that [`Holder::holds`] or a comparison with a variable may say yes to: most values are not, and need no
/// further look.
fn may_hold(module: &Module, expr: ExprId) -> bool {
    match module.kind(expr) {
        ExprKind::Name(_) | ExprKind::Lambda(_) => true,
        ExprKind::Attribute { value, .. } => matches!(module.kind(*value), ExprKind::Name(_)),
        ExprKind::Tuple(parts) | ExprKind::List(parts) | ExprKind::Set(parts) | ExprKind::BoolOp { values: parts, .. } => {
            parts.iter().any(|part| may_hold(module, *part))
        }
        ExprKind::If { body, orelse, .. } => may_hold(module, *body) || may_hold(module, *orelse),
        ExprKind::Dict(items) => items.iter().any(|(_, value)| may_hold(module, *value)),
        ExprKind::Call { args, .. } => args.iter().any(|arg| may_hold(module, arg.value)),
        _ => false,
    }
}

/// An assignment to an attribute of a variable, or to something behind one.
fn store(module: &Module, target: ExprId, value: ExprId, stmt: StmtId) -> Option<Store> {
    let (root, attr, steps) = chain(module, target).filter(|_| may_hold(module, value))?;
    Some(Store { root, attr: attr.clone(), direct: steps == 1, value, target, range: module.stmt(stmt).range })
}

/// `self.a.b["c"]` as its root, the first attribute and the number of steps; nothing where calls stand between.
fn chain(module: &Module, expr: ExprId) -> Option<(ExprId, &Name, usize)> {
    let (mut at, mut first, mut steps) = (expr, None, 0);
    loop {
        match module.kind(at) {
            ExprKind::Attribute { value, attr, .. } => {
                first = Some(attr);
                at = *value;
            }
            ExprKind::Subscript { value, .. } => {
                first = None;
                at = *value;
            }
            ExprKind::Name(_) => return Some((at, first?, steps)),
            _ => return None,
        }
        steps += 1;
    }
}

/// `self.callbacks.append(value)`, and methods of first-party objects that store an argument.
fn kept_by_call(program: &Program, id: ModuleId, call: ExprId, depth: usize) -> Vec<Store> {
    let module = program.module(id);
    let Some(call) = module.call(call) else { return Vec::new() };
    let ExprKind::Attribute { value: receiver, attr: method, .. } = module.kind(call.func) else { return Vec::new() };
    let Some((root, attr, _)) = chain(module, *receiver) else { return Vec::new() };
    if !call.args.iter().any(|arg| may_hold(module, arg.value)) || !program.is_live(id, call.id) {
        return Vec::new();
    }
    let values = program.resolver(id).values(call.func);
    let keeps = |value: ExprId| {
        let position = call.args.iter().position(|arg| arg.value == value);
        values.iter().any(|found| match found {
            Value::ExternalMethod(class, _) => is_container(class) && ADDING.contains(&method.as_str()),
            Value::Unresolved(_) => ADDING[..3].contains(&method.as_str()),
            Value::Method(function, _) if depth < MAX_DEPTH => {
                let params = &program.function(*function).params;
                position.is_some()
                    && (1..params.len()).any(|index| {
                        argument(call, index - 1, &params[index]) == Some(value) && stores_param(program, *function, index, depth + 1)
                    })
            }
            _ => false,
        })
    };
    let stored = call.args.iter().map(|arg| arg.value).filter(|value| may_hold(module, *value) && keeps(*value));
    let range = module.expr(call.id).range;
    stored.map(|value| Store { root, attr: attr.clone(), direct: false, value, target: *receiver, range }).collect()
}

fn is_container(class: &str) -> bool {
    matches!(class, "builtins.list" | "builtins.set" | "builtins.dict") || class.starts_with("collections.")
}

/// Whether a method stores one of its parameters on its own object.
fn stores_param(program: &Program, function: FunctionRef, index: usize, depth: usize) -> bool {
    let Some(param) = Variable::param(program, function, index) else { return false };
    let Some(this) = Variable::param(program, function, 0) else { return false };
    let module = program.module(function.module);
    let Some(class) = program.function(function).class else { return false };
    let class = ClassRef { module: function.module, id: class };
    let holder = Holder { program, id: function.module, depth };
    stores(program, function, depth)
        .iter()
        .filter(|store| !is_something_else(program, function.module, store, &param))
        .any(|store| this.is(module, store.root) && store.stays(program, class) && holder.holds(store.value, &param).is_some())
        || passes_on(program, function, &param, depth)
}

/// Whether a parameter is stored only where it is an object of a class outside of the program: `if isinstance(owner, weakref.ref):`.
fn is_something_else(program: &Program, id: ModuleId, store: &Store, param: &Variable) -> bool {
    let module = program.module(id);
    module.around(module.expr(store.value).stmt).any(|(outer, slot)| {
        let (StmtKind::If { branches }, Slot::Branch(0)) = (&module.stmt(outer).kind, slot) else { return false };
        let Some(call) = branches[0].test.and_then(|test| module.call(test)) else { return false };
        let asks = module.is_named(call.func, "isinstance") && call.positional(0).is_some_and(|object| param.is(module, object));
        let classes = call.positional(1).filter(|_| asks).map(|class| program.resolver(id).values(class)).unwrap_or_default();
        let is_foreign = |class: &Value| matches!(class, Value::External(name) if name != "builtins.object");
        !classes.is_empty() && classes.iter().all(is_foreign)
    })
}

/// Whether a method gives a parameter to `super().__init__`, to `Base.__init__(self, ...)` or to another method of its object that stores it.
fn passes_on(program: &Program, function: FunctionRef, param: &Variable, depth: usize) -> bool {
    let module = program.module(function.module);
    let this = module.self_name(function.id);
    let calls = module.code(function.id).calls.iter().filter_map(|call| module.call(*call));
    depth < MAX_DEPTH
        && calls.filter(|call| call.args.iter().any(|arg| param.is(module, arg.value))).any(|call| {
            let ExprKind::Attribute { value, .. } = module.kind(call.func) else { return false };
            let is_this = |expr: ExprId| matches!(module.kind(expr), ExprKind::Name(name) if Some(name) == this);
            let is_super = module.call(*value).is_some_and(|inner| module.is_named(inner.func, "super"));
            let explicit = call.positional(0).is_some_and(is_this);
            let own = explicit || is_super || is_this(*value);
            let stored = |callee: FunctionRef, shift: usize| {
                let params = &program.function(callee).params;
                (1..params.len()).any(|index| {
                    argument(call, index - shift, &params[index]).is_some_and(|arg| param.is(module, arg))
                        && stores_param(program, callee, index, depth + 1)
                })
            };
            own && program.resolver(function.module).values(call.func).iter().any(|value| match value {
                Value::Method(callee, _) => stored(*callee, 1),
                Value::Function(callee) => explicit && stored(*callee, 0),
                _ => false,
            })
        })
}

impl Store {
    /// Whether what is stored stays with an object of a class: on a plain attribute of it, or in an object that it made for itself.
    pub(super) fn stays(&self, program: &Program, class: ClassRef) -> bool {
        if self.direct { is_plain(program, class, &self.attr) } else { owns(program, class, &self.attr) }
    }

    /// Whether the root's own attribute is set.
    pub(super) fn is_direct(&self) -> bool {
        self.direct
    }
}

/// Whether setting an attribute keeps the value: no property or other descriptor of the class may do something else.
fn is_plain(program: &Program, class: ClassRef, attr: &str) -> bool {
    program.mro(class).iter().all(|entry| {
        let Type::Class(entry) = entry else { return true };
        let module = program.module(entry.module);
        let descriptor = module.own_binding(entry.id, attr).is_some_and(|binding| match binding.value {
            BoundValue::Function(function) => !module.function(function).decorators.is_empty(),
            BoundValue::Expr(value) => matches!(module.kind(value), ExprKind::Call { .. }),
            _ => false,
        });
        !descriptor && module.own_binding(entry.id, "__setattr__").is_none()
    })
}

/// Whether a class makes the object of an attribute itself, wherever it sets it.
fn owns(program: &Program, class: ClassRef, attr: &str) -> bool {
    let mut made = false;
    for entry in program.mro(class) {
        let Type::Class(entry) = entry else { continue };
        for binding in program.module(entry.module).attribute(entry.id, attr) {
            match binding.value {
                BoundValue::Expr(value) | BoundValue::Annotated { value: Some(value), .. } => {
                    match is_fresh(program, entry.module, value, 0) {
                        Some(true) => made = true,
                        Some(false) => return false,
                        None => {}
                    }
                }
                BoundValue::Annotated { value: None, .. } => {}
                _ => return false,
            }
        }
    }
    made
}

/// Whether an expression makes a new object that holds what is put into it; `None` for `None`.
fn is_fresh(program: &Program, id: ModuleId, expr: ExprId, depth: usize) -> Option<bool> {
    let module = program.module(id);
    match module.kind(expr) {
        ExprKind::None => None,
        ExprKind::List(_) | ExprKind::Dict(_) | ExprKind::Set(_) | ExprKind::Comprehension { .. } => Some(true),
        ExprKind::Call { func, .. } => {
            let values = program.resolver(id).values(*func);
            Some(values.iter().any(|value| match value {
                Value::Class(_) => true,
                Value::External(name) => looks_like_class(name) && !name.starts_with("weakref."),
                Value::Function(function) | Value::Method(function, _) => returns_fresh(program, *function, depth),
                _ => false,
            }))
        }
        ExprKind::Name(_) if depth < MAX_DEPTH => {
            bound_once(program, id, expr).map_or(Some(false), |value| is_fresh(program, id, value, depth + 1))
        }
        // `given or Made()`: where the object is made here, it is this one's own.
        ExprKind::If { body, orelse, .. } if depth < MAX_DEPTH => either(program, id, &[*body, *orelse], depth),
        ExprKind::BoolOp { values, .. } if depth < MAX_DEPTH => either(program, id, values, depth),
        _ => Some(false),
    }
}

fn either(program: &Program, id: ModuleId, arms: &[ExprId], depth: usize) -> Option<bool> {
    arms.iter().filter_map(|arm| is_fresh(program, id, *arm, depth + 1)).reduce(|one, other| one || other)
}

/// Whether all that a function returns was made by it.
fn returns_fresh(program: &Program, function: FunctionRef, depth: usize) -> bool {
    let returns = &program.code(function).returns;
    depth < MAX_DEPTH
        && !program.function(function).is_async
        && !program.is_generator(function)
        && !returns.is_empty()
        && returns.iter().all(|value| value.is_some_and(|value| is_fresh(program, function.module, value, depth + 1) == Some(true)))
}

/// The value of a local variable that is bound once.
fn bound_once(program: &Program, id: ModuleId, name: ExprId) -> Option<ExprId> {
    let module = program.module(id);
    let variable = Variable::of(program, id, name)?;
    match module.scope(variable.scope).bindings.get(&variable.name)?.as_slice() {
        [binding] => match binding.value {
            BoundValue::Expr(value) | BoundValue::Annotated { value: Some(value), .. } => Some(value),
            _ => None,
        },
        _ => None,
    }
}

/// Answers whether expressions of a module hold the object of a variable.
pub(super) struct Holder<'a> {
    pub(super) program: &'a Program,
    pub(super) id: ModuleId,
    pub(super) depth: usize,
}

impl Holder<'_> {
    /// How an expression holds the object of a variable, if it does.
    pub(super) fn holds(&self, expr: ExprId, variable: &Variable) -> Option<Holding> {
        if self.depth > MAX_DEPTH || self.id != variable.module {
            return None;
        }
        let module = self.program.module(self.id);
        if variable.is(module, expr) {
            return Some(Holding::Itself);
        }
        let any = |parts: &[ExprId]| parts.iter().find_map(|part| self.holds(*part, variable));
        match module.kind(expr) {
            ExprKind::Name(_) => self.name(expr, variable),
            ExprKind::Attribute { value, .. } if variable.is(module, *value) => {
                is_bound_method(self.program, self.id, expr).then_some(Holding::Method)
            }
            ExprKind::Lambda(function) => captures(module, *function, variable).then_some(Holding::Closure),
            ExprKind::Tuple(parts) | ExprKind::List(parts) | ExprKind::Set(parts) | ExprKind::BoolOp { values: parts, .. } => any(parts),
            ExprKind::If { body, orelse, .. } => any(&[*body, *orelse]),
            ExprKind::Dict(items) => items.iter().find_map(|(_, value)| self.holds(*value, variable)),
            ExprKind::Call { func, .. } => self.call(expr, *func, variable),
            _ => None,
        }
    }

    fn deeper(&self) -> Self {
        Self { program: self.program, id: self.id, depth: self.depth + 1 }
    }

    /// A nested function, or a local variable for something that holds it.
    fn name(&self, expr: ExprId, variable: &Variable) -> Option<Holding> {
        let module = self.program.module(self.id);
        let local = Variable::of(self.program, self.id, expr)?;
        match module.scope(local.scope).bindings.get(&local.name)?.as_slice() {
            [binding] => match binding.value {
                BoundValue::Function(function) => {
                    let plain = module.function(function).decorators.is_empty();
                    (plain && captures(module, function, variable)).then_some(Holding::Closure)
                }
                BoundValue::Expr(value) | BoundValue::Annotated { value: Some(value), .. } => self.deeper().holds(value, variable),
                _ => None,
            },
            _ => None,
        }
    }

    fn call(&self, expr: ExprId, func: ExprId, variable: &Variable) -> Option<Holding> {
        let program = self.program;
        let module = program.module(self.id);
        let call = module.call(expr)?;
        let given = || call.args.iter().find_map(|arg| self.deeper().holds(arg.value, variable));
        // `lru_cache(maxsize=None)(self.method)`
        let made_by = module.call(func).map(|inner| inner.func);
        if program.is_external(self.id, func, WRAPPERS)
            || made_by.is_some_and(|maker| program.is_external(self.id, maker, &["functools.lru_cache"]))
        {
            return given();
        }
        given()?;
        let class = program.resolver(self.id).values(func).into_iter().find_map(|value| match value {
            Value::Class(class) => Some(class),
            _ => None,
        })?;
        let held = |arg: ExprId| self.deeper().holds(arg, variable).is_some();
        let stored = match program.method(class, "__init__") {
            Some(init) => {
                let params = &program.function(init).params;
                (1..params.len()).any(|index| {
                    argument(call, index - 1, &params[index]).is_some_and(held) && stores_param(program, init, index, self.depth + 1)
                })
            }
            // The generated constructor of a data class stores its fields.
            None => fields(program, class).iter().enumerate().any(|(index, field)| call.argument(index, field).is_some_and(held)),
        };
        stored.then_some(Holding::Object(Some(class)))
    }
}

/// The fields of a class without a constructor, as its body declares them.
#[expect(clippy::iter_over_hash_type, reason = "they are sorted by their places below")]
fn fields(program: &Program, class: ClassRef) -> Vec<Name> {
    let module = program.module(class.module);
    let mut fields: Vec<(&Name, TextRange)> = Vec::new();
    for (name, bindings) in &module.scope(module.class(class.id).scope).bindings {
        if let Some(binding) = bindings.first()
            && let BoundValue::Annotated { annotation, .. } = binding.value
            && !module.snippet(annotation).contains("InitVar")
            && !module.snippet(annotation).contains("ClassVar")
        {
            fields.push((name, binding.range));
        }
    }
    fields.sort_by_key(|(_, range)| range.start());
    fields.into_iter().map(|(name, _)| name.clone()).collect()
}

/// Whether an attribute is a method bound to the object, rather than to its class or to nothing.
pub(super) fn is_bound_method(program: &Program, id: ModuleId, expr: ExprId) -> bool {
    program.resolver(id).values(expr).iter().any(|value| match value {
        Value::Method(method, _) => {
            !program.resolver(method.module).has_decorator(method.id, &["builtins.classmethod", "builtins.staticmethod"])
        }
        _ => false,
    })
}

/// Whether a function uses a variable of a function around it: in its body, or as a parameter's default.
pub(super) fn captures(module: &Module, function: FunctionId, variable: &Variable) -> bool {
    let nested = |inner: FunctionId| std::iter::successors(Some(inner), |id| module.function(*id).outer).any(|id| id == function);
    let own = module.function(function).scope;
    variable.scope != own && module.exprs().any(|(id, expr)| expr.function.is_some_and(nested) && variable.is(module, id))
        || module.function(function).params.iter().any(|param| param.default.is_some_and(|default| variable.is(module, default)))
}
