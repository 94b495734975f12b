//! Resolution: from expressions to the things they denote.
//!
//! Types are likely names, not proofs. A name's values are those of all its bindings; the value of `self.x` those of all
//! assignments in the class and its bases; annotations come first, then constructor calls, then what functions return.
//! `None` is kept as a value of its own, so that a rule can leave it out. What cannot be told is
//! [`Value::Unresolved`] with its reason.

mod annotations;
mod calls;
mod members;

use std::cell::{Cell, RefCell};

use super::elements::{Key, Taken};
use super::values::{MAX_VALUES, add};
use super::{ClassRef, FunctionRef, ModuleId, Program, Reason, Type, Value, Values};
use crate::effects::knowledge;
use crate::module::Module;
use crate::module::ir::{
    BinOp, Binding, BoundValue, ExprId, ExprKind, FunctionBody, FunctionId, Name, ParamKind, ScopeId, ScopeKind, StmtId, StmtKind,
};

/// How many steps a question may lead through.
const MAX_DEPTH: u32 = 24;
/// How many expressions one question may ask about: classes that refer to each other in circles have exponentially many ways.
const MAX_STEPS: u32 = 4000;

/// Answers questions about one module's expressions.
pub(crate) struct Resolver<'a> {
    pub(super) program: &'a Program,
    pub(super) module: ModuleId,
    /// The class of `self`, where it is more special than the class in which the method stands.
    this: Option<ClassRef>,
    depth: Cell<u32>,
    /// Whether the bound or a circle was met: the answer then is not kept for others.
    cut: Cell<bool>,
    open: RefCell<Vec<(ModuleId, ExprId)>>,
    /// The names of modules that are being looked up.
    pub(super) open_globals: RefCell<Vec<(ModuleId, Name)>>,
}

/// Builtin classes whose names are written in lower case.
const BUILTIN_CLASSES: &[&str] = &[
    "bool",
    "bytearray",
    "bytes",
    "classmethod",
    "complex",
    "dict",
    "enumerate",
    "filter",
    "float",
    "frozenset",
    "int",
    "list",
    "map",
    "memoryview",
    "object",
    "property",
    "range",
    "reversed",
    "set",
    "slice",
    "staticmethod",
    "str",
    "tuple",
    "type",
    "zip",
];

impl<'a> Resolver<'a> {
    pub(super) fn new(program: &'a Program, module: ModuleId, this: Option<ClassRef>) -> Self {
        Self {
            program,
            module,
            this,
            depth: Cell::new(0),
            cut: Cell::new(false),
            open: RefCell::default(),
            open_globals: RefCell::default(),
        }
    }

    pub(super) fn module(&self) -> &'a Module {
        self.program.module(self.module)
    }

    /// The same question's resolver for another module or another class of `self`.
    fn elsewhere(&self, module: ModuleId, this: Option<ClassRef>) -> Resolver<'a> {
        Resolver {
            program: self.program,
            module,
            this,
            depth: Cell::new(self.depth.get()),
            cut: Cell::new(false),
            open: RefCell::new(self.open.borrow().clone()),
            open_globals: RefCell::new(self.open_globals.borrow().clone()),
        }
    }

    /// The same question's resolver one step further, at the top of another module.
    pub(super) fn deeper(&self, module: ModuleId) -> Resolver<'a> {
        let there = self.elsewhere(module, None);
        there.depth.set(self.depth.get() + 1);
        there
    }

    /// The same question's resolver one step further, for the same class of `self`.
    pub(super) fn deeper_here(&self) -> Resolver<'a> {
        self.program.steps.made.set(self.program.steps.made.get() + 1);
        let there = self.elsewhere(self.module, self.this);
        there.depth.set(self.depth.get() + 1);
        there
    }

    /// Whether the question leads through no more steps.
    pub(super) fn is_too_deep(&self) -> bool {
        self.depth.get() >= MAX_DEPTH || self.program.steps.made.get() >= MAX_STEPS
    }

    /// The answer to a question that leads too far, or in a circle.
    pub(super) fn cut_short(&self) -> Values {
        self.cut.set(true);
        one(Value::Unresolved(Reason::Bound))
    }

    pub(super) fn was_cut(&self) -> bool {
        self.cut.get()
    }

    /// Takes over whether another part of the question was cut short.
    pub(super) fn absorb(&self, other: &Resolver<'_>) {
        self.cut.set(self.cut.get() || other.cut.get());
    }

    /// What an expression may denote; never empty.
    pub(crate) fn values(&self, expr: ExprId) -> Values {
        let key = (self.module, expr, self.this);
        if let Some(known) = self.program.answers.borrow().get(&key) {
            return known.clone();
        }
        let steps = &self.program.steps;
        if steps.asking.get() == 0 {
            steps.made.set(0);
        }
        if self.depth.get() >= MAX_DEPTH || steps.made.get() >= MAX_STEPS || self.open.borrow().contains(&(self.module, expr)) {
            self.cut.set(true);
            return one(Value::Unresolved(Reason::Bound));
        }
        steps.made.set(steps.made.get() + 1);
        steps.asking.set(steps.asking.get() + 1);
        self.depth.set(self.depth.get() + 1);
        self.open.borrow_mut().push((self.module, expr));
        let cut_before = self.cut.replace(false);
        let refused_before = self.program.refused.replace(false);
        let mut values = self.compute(expr);
        if values.is_empty() {
            values = one(Value::Unresolved(Reason::Dynamic));
        }
        self.open.borrow_mut().pop();
        self.depth.set(self.depth.get() - 1);
        steps.asking.set(steps.asking.get() - 1);
        if self.cut.get() {
            // A circle adds nothing to what its other arms say.
            if values.len() > 1 {
                values.retain(|value| *value != Value::Unresolved(Reason::Bound));
            }
        }
        // What was cut short inside another question may be more when asked by itself; asked by itself, it is all there is.
        let refused = self.program.refused.replace(refused_before || self.program.refused.get());
        if !refused && (!self.cut.get() || steps.asking.get() == 0) {
            self.program.answers.borrow_mut().insert(key, values.clone());
        }
        self.cut.set(self.cut.get() || cut_before);
        values
    }

    fn compute(&self, expr: ExprId) -> Values {
        let module = self.module();
        match module.kind(expr) {
            ExprKind::Name(name) => self.name(module.expr(expr).scope, name, module.expr(expr).stmt),
            ExprKind::Attribute { value, attr, .. } => self.attribute(*value, attr),
            ExprKind::Call { .. } => module.call(expr).map_or_else(Values::new, |call| self.call(call)),
            ExprKind::Await(inner) => self.values(*inner),
            ExprKind::Named { value, .. } => self.values(*value),
            ExprKind::If { body, orelse, .. } => self.union(&[*body, *orelse]),
            ExprKind::BoolOp { values, .. } => self.union(values),
            ExprKind::Lambda(id) => one(Value::Function(FunctionRef { module: self.module, id: *id })),
            ExprKind::None => one(Value::None),
            ExprKind::Str(_) | ExprKind::FString(_) => builtin("str"),
            ExprKind::Bytes => builtin("bytes"),
            ExprKind::Int(_) => builtin("int"),
            ExprKind::Float(_) => builtin("float"),
            ExprKind::Bool(_) | ExprKind::Compare { .. } => builtin("bool"),
            ExprKind::Complex => builtin("complex"),
            ExprKind::Unary { op, operand } => match op {
                crate::module::ir::UnaryOp::Not => builtin("bool"),
                _ => self.values(*operand),
            },
            ExprKind::List(_) => builtin("list"),
            ExprKind::Tuple(_) => builtin("tuple"),
            ExprKind::Set(_) => builtin("set"),
            ExprKind::Dict(_) => builtin("dict"),
            ExprKind::Comprehension { kind, .. } => {
                use crate::module::ir::ComprehensionKind as K;
                match kind {
                    K::List => builtin("list"),
                    K::Set => builtin("set"),
                    K::Dict => builtin("dict"),
                    K::Generator => one(Value::Instance(Type::External("types.GeneratorType".into()))),
                }
            }
            ExprKind::BinOp { left, op, .. } => self.operation(*left, *op),
            ExprKind::Subscript { value, slice } => self.subscript(*value, *slice),
            _ => Values::new(),
        }
    }

    fn union(&self, exprs: &[ExprId]) -> Values {
        let mut all = Values::new();
        for expr in exprs {
            for value in self.values(*expr) {
                add(&mut all, value);
            }
        }
        all
    }

    /// The result of an operator has the type of its left operand, where that is a builtin or a path.
    fn operation(&self, left: ExprId, op: BinOp) -> Values {
        let mut result = Values::new();
        for value in self.values(left) {
            let keeps = match &value {
                Value::Instance(Type::External(name)) => name.starts_with("builtins.") || op == BinOp::Div && name.starts_with("pathlib."),
                _ => false,
            };
            add(&mut result, if keeps { value } else { Value::Unresolved(Reason::Dynamic) });
        }
        result
    }

    /// `environ["x"]`, `List[int]`, `container[0]`.
    fn subscript(&self, container: ExprId, slice: ExprId) -> Values {
        let mut result = Values::new();
        let mut is_open = false;
        for value in self.values(container) {
            is_open |= !matches!(value, Value::Class(_) | Value::External(_));
            add(
                &mut result,
                match value {
                    // A generic class with its arguments is the class.
                    Value::Class(_) | Value::External(_) => value,
                    Value::Instance(Type::External(name)) if name == "builtins.str" => Value::Instance(Type::External(name)),
                    _ => Value::Unresolved(Reason::Element),
                },
            );
        }
        if is_open && !matches!(self.module().kind(slice), ExprKind::Slice) {
            let elements = self.elements(container, Taken::Indexed(Key::of(self.module(), slice)));
            if !elements.is_empty() {
                result.retain(|value| *value != Value::Unresolved(Reason::Element));
                elements.into_iter().for_each(|value| add(&mut result, value));
            }
        }
        result
    }

    // ---- names

    fn name(&self, scope: ScopeId, name: &Name, stmt: StmtId) -> Values {
        let module = self.module();
        let Some(found) = module.binding_scope(scope, name) else {
            return self.unbound(name);
        };
        let data = module.scope(found);
        let bindings = &data.bindings[name];
        // `name = name` in a class body means the name around the class.
        if let (ScopeKind::Class(_), Some(outer)) = (data.kind, data.parent)
            && bindings.iter().all(|binding| binding.stmt == stmt)
        {
            return self.name(outer, name, stmt);
        }
        self.bindings(bindings)
    }

    /// The union of what bindings bind; later `del`s and unknown parts do not hide what others tell.
    pub(super) fn bindings(&self, bindings: &[Binding]) -> Values {
        let mut all = Values::new();
        for binding in bindings {
            if self.depth.get() > 2 && all.len() >= MAX_VALUES {
                break;
            }
            for value in self.bound(&binding.value) {
                add(&mut all, value);
            }
        }
        if all.is_empty() { one(Value::Unresolved(Reason::Dynamic)) } else { all }
    }

    /// What a binding binds its name to.
    pub(crate) fn bound(&self, value: &BoundValue) -> Values {
        match value {
            BoundValue::Expr(value) => self.values(*value),
            BoundValue::Annotated { annotation, value } => {
                let annotated = self.annotation(*annotation);
                match value {
                    Some(value) if annotated.iter().all(|value| matches!(value, Value::Unresolved(_) | Value::None)) => self.values(*value),
                    Some(value) => self.narrowed(annotated, *value),
                    None => annotated,
                }
            }
            BoundValue::Entered(context) => self.entered(*context),
            BoundValue::Exception(Some(class)) => self.instances_of(*class),
            BoundValue::Module(name) => self.imported_module(name),
            BoundValue::Imported { module, level, name } => self.imported(module, *level, name),
            BoundValue::Function(id) => one(Value::Function(FunctionRef { module: self.module, id: *id })),
            BoundValue::Class(id) => one(Value::Class(ClassRef { module: self.module, id: *id })),
            BoundValue::Param(function, index) => self.param(*function, *index as usize),
            BoundValue::Element(container) => {
                let elements = self.elements(*container, Taken::Iterated);
                if elements.is_empty() { one(Value::Unresolved(Reason::Element)) } else { elements }
            }
            BoundValue::Unpacked(..) => one(Value::Unresolved(Reason::Element)),
            // Another binding of the name tells more.
            BoundValue::Augmented { .. } | BoundValue::Exception(None) | BoundValue::Opaque => Values::new(),
        }
    }

    /// A declared type, where the value is known to be of subclasses of it: `strategy: Strategy = Plain() if plain else Careful()`.
    fn narrowed(&self, declared: Values, value: ExprId) -> Values {
        let module = self.module();
        let makes = |expr: ExprId| match module.call(expr).map(|call| module.kind(call.func)) {
            Some(ExprKind::Name(name) | ExprKind::Attribute { attr: name, .. }) => {
                name.trim_start_matches('_').starts_with(|first: char| first.is_uppercase())
            }
            _ => false,
        };
        let may_tell = match module.kind(value) {
            ExprKind::If { body, orelse, .. } => makes(*body) && makes(*orelse),
            _ => makes(value),
        };
        if !may_tell || !declared.iter().any(|value| matches!(value, Value::Instance(Type::Class(_)))) {
            return declared;
        }
        let derives = |found: &Value| match found {
            Value::Instance(Type::Class(class)) => declared.iter().any(|declared| match declared {
                Value::Instance(wanted) => *wanted != Type::Class(*class) && self.program.mro(*class).contains(wanted),
                _ => false,
            }),
            _ => false,
        };
        let found = self.values(value);
        if found.iter().all(derives) { found } else { declared }
    }

    fn instances_of(&self, class: ExprId) -> Values {
        let mut result = Values::new();
        for value in self.values(class) {
            match value {
                Value::Class(class) => add(&mut result, Value::Instance(Type::Class(class))),
                Value::External(name) => add(&mut result, Value::Instance(Type::External(name))),
                _ => {}
            }
        }
        result
    }

    fn param(&self, function: FunctionId, index: usize) -> Values {
        let module = self.module();
        let data = module.function(function);
        let Some(param) = data.params.get(index) else { return Values::new() };
        if index == 0
            && let Some(class) = data.class
            && !self.has_decorator(function, &["builtins.staticmethod"])
        {
            let own = ClassRef { module: self.module, id: class };
            let this = self.this.filter(|this| self.program.mro(*this).contains(&Type::Class(own))).unwrap_or(own);
            let on_class = self.has_decorator(function, &["builtins.classmethod"])
                || matches!(data.name.as_str(), "__new__" | "__init_subclass__" | "__class_getitem__");
            return one(if on_class { Value::Class(this) } else { Value::Instance(Type::Class(this)) });
        }
        match param.kind {
            ParamKind::Star => return builtin("tuple"),
            ParamKind::DoubleStar => return builtin("dict"),
            _ => {}
        }
        let mut values = param.annotation.map(|annotation| self.annotation(annotation)).unwrap_or_default();
        values.retain(|value| !matches!(value, Value::Unresolved(_)));
        if values.iter().all(|value| *value == Value::None)
            && let Some(default) = param.default
        {
            for value in self.values(default) {
                add(&mut values, value);
            }
        }
        if values.iter().all(|value| *value == Value::None) {
            for value in self.passed(function, index) {
                add(&mut values, value);
            }
        }
        if values.iter().all(|value| *value == Value::None) {
            add(&mut values, Value::Unresolved(Reason::Parameter(param.name.clone())));
        }
        values
    }

    /// What the calls in the function's own module pass for a parameter, as far as that is known.
    fn passed(&self, function: FunctionId, index: usize) -> Values {
        let module = self.module();
        let data = module.function(function);
        let is_init = data.name == "__init__";
        let name = match data.class {
            Some(class) if is_init => &module.class(class).name,
            _ => &data.name,
        };
        let mut passed = Values::new();
        if name.is_empty() || self.depth.get() > MAX_DEPTH / 2 {
            return passed;
        }
        let wanted = FunctionRef { module: self.module, id: function };
        let there = self.deeper(self.module);
        for site in self.program.call_sites(self.module, function, name).iter() {
            let Some(call) = module.call(*site) else { continue };
            let bound = there.values(call.func).iter().find_map(|value| match value {
                Value::Method(found, _) if *found == wanted => Some(true),
                Value::Function(found) if *found == wanted => Some(false),
                Value::Class(class) if is_init && self.program.method(*class, "__init__") == Some(wanted) => Some(true),
                _ => None,
            });
            let Some(bound) = bound else { continue };
            let position = index.checked_sub(usize::from(bound));
            let argument = position.and_then(|position| super::origins::argument(call, position, &data.params[index]));
            for value in argument.map(|argument| there.values(argument)).unwrap_or_default() {
                if !matches!(value, Value::Unresolved(_) | Value::None) {
                    add(&mut passed, value);
                }
            }
        }
        self.absorb(&there);
        passed
    }
}

pub(super) fn one(value: Value) -> Values {
    Values::from_iter([value])
}

pub(super) fn builtin(class: &str) -> Values {
    one(Value::Instance(Type::External(format!("builtins.{class}").into())))
}

/// Whether a name is that of a builtin that the tables know of, or of an exception.
pub(super) fn is_builtin(name: &str) -> bool {
    BUILTIN_CLASSES.contains(&name)
        || knowledge::is_known(&format!("builtins.{name}"))
        || ["Error", "Exception", "Warning"].iter().any(|end| name.ends_with(end) && !name.contains('_'))
}

fn named(value: &Value, names: &[&str]) -> bool {
    matches!(value, Value::External(name) if names.contains(&name.as_str()))
}

/// Whether a dotted name outside the program is that of a class: the tables say so, or it is written like one.
pub(crate) fn looks_like_class(name: &str) -> bool {
    if knowledge::is_class(name) {
        return true;
    }
    let last = name.rsplit('.').next().unwrap_or_default();
    if let Some(builtin) = name.strip_prefix("builtins.")
        && BUILTIN_CLASSES.contains(&builtin)
    {
        return true;
    }
    last.trim_start_matches('_').starts_with(|first: char| first.is_uppercase()) && last.chars().any(char::is_lowercase)
}

/// Whether a binding has an annotation that tells a type.
fn declares(binding: &BoundValue, values: &Values) -> bool {
    matches!(binding, BoundValue::Annotated { .. }) && values.iter().any(|value| !matches!(value, Value::Unresolved(_) | Value::None))
}

fn external_member(class: &Name, attr: &str) -> Value {
    match knowledge::attribute(&format!("{class}.{attr}")) {
        Some(class) => Value::Instance(Type::External(class.into())),
        None => Value::ExternalMethod(class.clone(), attr.into()),
    }
}

/// What a value of an annotation says about the annotated thing.
fn annotated_value(value: Value) -> Value {
    match value {
        Value::Class(class) => Value::Instance(Type::Class(class)),
        Value::External(name) => {
            let last = name.rsplit('.').next().unwrap_or_default();
            match last {
                "Any" | "object" | "Callable" | "TypeVar" | "Protocol" | "Hashable" | "AnyStr" => Value::Unresolved(Reason::Annotation),
                "None" => Value::None,
                "List" | "Dict" | "Set" | "Tuple" | "FrozenSet" if name.starts_with("typing.") => {
                    Value::Instance(Type::External(format!("builtins.{}", last.to_lowercase()).into()))
                }
                "IO" | "TextIO" | "BinaryIO" if name.starts_with("typing.") => Value::Instance(Type::External("io.TextIOWrapper".into())),
                _ => Value::Instance(Type::External(name)),
            }
        }
        other => match other {
            Value::None => Value::None,
            _ => Value::Unresolved(Reason::Annotation),
        },
    }
}

/// A dotted name outside the program: an object of known type, or the thing of that name.
pub(super) fn external(dotted: &str) -> Value {
    let name = knowledge::canonical(dotted);
    match knowledge::attribute(&name) {
        Some(class) => Value::Instance(Type::External(class.into())),
        None => Value::External(name.as_ref().into()),
    }
}

/// Whether a function does nothing: its body is a docstring, `pass`, `...` or `raise NotImplementedError`.
pub(crate) fn is_stub(module: &Module, function: FunctionId) -> bool {
    module.function_block(function).iter().all(|stmt| match &module.stmt(*stmt).kind {
        StmtKind::Pass => true,
        StmtKind::Expr(value) => matches!(module.kind(*value), ExprKind::Str(_) | ExprKind::Ellipsis),
        StmtKind::Raise { exc: Some(exc), .. } => {
            let class = match module.kind(*exc) {
                ExprKind::Call { func, .. } => *func,
                _ => *exc,
            };
            matches!(module.kind(class), ExprKind::Name(name) if name == "NotImplementedError")
        }
        _ => false,
    }) && matches!(module.code(function).body, FunctionBody::Block(_))
}
