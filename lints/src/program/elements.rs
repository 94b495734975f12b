//! What the elements of containers are: `list[Client]`, `[Thread(...) for ...]`, `self.clients.append(Client())`.
//!
//! Elements are what annotations say, else what displays, comprehensions and the statements of the module put into the container. Keys of
//! dictionaries are not followed. Where nothing is known, there is no answer: a part of the elements is enough for a likely type.

use super::resolve::Resolver;
use super::values::{Values, add};
use super::{ClassRef, Type, Value};
use crate::module::Module;
use crate::module::ir::{BoundValue, ComprehensionKind, ExprId, ExprKind, Name, StmtKind};

/// Generic classes whose elements are named by their last argument.
const CONTAINERS: &[&str] = &[
    "AsyncIterable",
    "AsyncIterator",
    "Collection",
    "Counter",
    "DefaultDict",
    "Deque",
    "Dict",
    "FrozenSet",
    "ItemsView",
    "Iterable",
    "Iterator",
    "List",
    "Mapping",
    "MutableMapping",
    "MutableSequence",
    "MutableSet",
    "OrderedDict",
    "Sequence",
    "Set",
    "Tuple",
    "ValuesView",
    "WeakSet",
    "WeakValueDictionary",
    "defaultdict",
    "deque",
    "dict",
    "frozenset",
    "list",
    "set",
    "tuple",
];

/// Those of them that yield their keys when they are iterated over.
const MAPPINGS: &[&str] =
    &["Counter", "DefaultDict", "Dict", "Mapping", "MutableMapping", "OrderedDict", "WeakValueDictionary", "defaultdict", "dict"];

/// How an element is taken out.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Taken<'k> {
    /// By iteration: of a mapping, its keys.
    Iterated,
    /// By an index or a key, which may be known.
    Indexed(Option<Key<'k>>),
}

/// A literal key or index.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Key<'k> {
    Text(&'k str),
    Number(i64),
}

impl<'k> Key<'k> {
    /// The key that an expression writes out.
    pub(super) fn of(module: &'k Module, expr: ExprId) -> Option<Self> {
        match module.kind(expr) {
            ExprKind::Str(text) => Some(Self::Text(text)),
            ExprKind::Int(Some(number)) => Some(Self::Number(*number)),
            _ => None,
        }
    }
}

impl Taken<'_> {
    /// Whether what stands under a key may be meant.
    fn takes(self, module: &Module, key: ExprId) -> bool {
        match self {
            Self::Indexed(Some(wanted)) => Key::of(module, key).is_none_or(|key| key == wanted),
            _ => true,
        }
    }

    /// The position in a display or a tuple's annotation that is meant.
    fn position(self) -> Option<usize> {
        match self {
            Self::Indexed(Some(Key::Number(number))) => usize::try_from(number).ok(),
            _ => None,
        }
    }
}

impl Resolver<'_> {
    /// What the elements of a container may be; empty where nothing is known.
    pub(super) fn elements(&self, container: ExprId, taken: Taken<'_>) -> Values {
        if self.is_too_deep() {
            return Values::new();
        }
        let there = self.deeper_here();
        let mut found = there.of(container, taken);
        self.absorb(&there);
        found.retain(|value| !matches!(value, Value::Unresolved(_) | Value::None));
        found
    }

    fn of(&self, container: ExprId, taken: Taken<'_>) -> Values {
        let module = self.module();
        let indexed = taken != Taken::Iterated;
        match module.kind(container) {
            ExprKind::List(parts) | ExprKind::Tuple(parts) | ExprKind::Set(parts) => {
                let starred = |part: &ExprId| matches!(module.kind(*part), ExprKind::Starred(_));
                if let Some(part) = taken.position().and_then(|at| parts.get(at))
                    && !parts.iter().any(starred)
                {
                    return self.values(*part);
                }
                union(parts.iter().map(|part| match module.kind(*part) {
                    ExprKind::Starred(inner) => self.elements(*inner, taken),
                    _ => self.values(*part),
                }))
            }
            ExprKind::Dict(items) if indexed => union(items.iter().map(|(key, value)| match key {
                Some(key) if !taken.takes(module, *key) => Values::new(),
                Some(_) => self.values(*value),
                None => self.elements(*value, taken),
            })),
            ExprKind::Comprehension { kind, element, .. } if indexed || *kind != ComprehensionKind::Dict => self.values(*element),
            ExprKind::If { body, orelse, .. } => union([*body, *orelse].into_iter().map(|arm| self.elements(arm, taken))),
            ExprKind::BoolOp { values, .. } => union(values.iter().map(|arm| self.elements(*arm, taken))),
            ExprKind::Name(name) => {
                let Some(scope) = module.binding_scope(module.expr(container).scope, name) else { return Values::new() };
                let bindings = module.scope(scope).bindings.get(name).into_iter().flatten();
                let bound = union(bindings.map(|binding| self.bound_elements(&binding.value, taken)));
                let is_it = |expr: ExprId| {
                    matches!(module.kind(expr), ExprKind::Name(other) if other == name)
                        && module.binding_scope(module.expr(expr).scope, name) == Some(scope)
                };
                if bound.is_empty() { self.put(taken, name, is_it) } else { bound }
            }
            ExprKind::Attribute { value, attr, .. } => union(self.values(*value).iter().map(|owner| match owner {
                Value::Instance(Type::Class(class)) | Value::Class(class) => self.attribute_elements(*class, attr, taken),
                _ => Values::new(),
            })),
            ExprKind::Call { func, .. } => self.call_elements(container, *func, taken),
            _ => Values::new(),
        }
    }

    fn bound_elements(&self, value: &BoundValue, taken: Taken<'_>) -> Values {
        match value {
            BoundValue::Expr(value) => self.elements(*value, taken),
            BoundValue::Annotated { annotation, value } => {
                let declared = self.annotated_elements(*annotation, taken);
                match value {
                    Some(value) if declared.is_empty() => self.elements(*value, taken),
                    _ => declared,
                }
            }
            BoundValue::Param(function, index) => {
                let annotation = self.module().function(*function).params.get(*index as usize).and_then(|param| param.annotation);
                annotation.map(|annotation| self.annotated_elements(annotation, taken)).unwrap_or_default()
            }
            _ => Values::new(),
        }
    }

    /// The elements of an attribute, by the class and its bases.
    fn attribute_elements(&self, class: ClassRef, attr: &Name, taken: Taken<'_>) -> Values {
        let program = self.program;
        let mut found = Values::new();
        for entry in program.mro(class) {
            let Type::Class(entry) = entry else { continue };
            let there = self.deeper(entry.module);
            let module = program.module(entry.module);
            let own = module.own_binding(entry.id, attr).map(|binding| &binding.value);
            let assigned = module.attribute(entry.id, attr).into_iter().map(|binding| &binding.value);
            for value in own.into_iter().chain(assigned) {
                there.bound_elements(value, taken).into_iter().for_each(|value| add(&mut found, value));
            }
            if found.is_empty() {
                let is_it = |expr: ExprId| {
                    let ExprKind::Attribute { value, attr: other, .. } = module.kind(expr) else { return false };
                    let method = module.expr(expr).function.filter(|function| module.class_around(*function) == Some(entry.id));
                    other == attr
                        && method.is_some_and(
                            |method| matches!(module.kind(*value), ExprKind::Name(name) if module.self_name(method) == Some(name)),
                        )
                };
                there.put(taken, attr, is_it).into_iter().for_each(|value| add(&mut found, value));
            }
            self.absorb(&there);
        }
        found
    }

    /// What the calls and assignments of the module put into a container of a name.
    fn put(&self, taken: Taken<'_>, name: &str, is_container: impl Fn(ExprId) -> bool) -> Values {
        let module = self.module();
        let mut found = Values::new();
        for call in module.adding_calls_holding(&[name]) {
            if let ExprKind::Attribute { value, .. } = module.kind(call.func)
                && is_container(*value)
                && let Some(last) = call.args.last()
            {
                self.values(last.value).into_iter().for_each(|value| add(&mut found, value));
            }
        }
        for stmt in module.element_assignments_holding(&[name]) {
            if let StmtKind::Assign { targets, value } = &stmt.kind
                && taken != Taken::Iterated
                && targets.iter().any(|target| match module.kind(*target) {
                    ExprKind::Subscript { value, slice } => is_container(*value) && taken.takes(module, *slice),
                    _ => false,
                })
            {
                self.values(*value).into_iter().for_each(|value| add(&mut found, value));
            }
        }
        found
    }

    fn call_elements(&self, call: ExprId, func: ExprId, taken: Taken<'_>) -> Values {
        let module = self.module();
        let Some(call) = module.call(call) else { return Values::new() };
        if let ExprKind::Attribute { value, attr, .. } = module.kind(func) {
            match attr.as_str() {
                "values" if call.args.is_empty() => return self.elements(*value, Taken::Indexed(None)),
                "copy" if call.args.is_empty() => return self.elements(*value, taken),
                _ => {}
            }
        }
        union(self.values(func).iter().map(|callee| match callee {
            Value::External(name) => match (name.as_str(), call.positional(0)) {
                (
                    "builtins.list" | "builtins.tuple" | "builtins.set" | "builtins.frozenset" | "builtins.sorted" | "builtins.reversed"
                    | "builtins.iter",
                    Some(inner),
                ) => self.elements(inner, Taken::Iterated),
                ("copy.copy" | "builtins.dict", Some(inner)) => self.elements(inner, taken),
                ("builtins.filter", _) => call.positional(1).map(|inner| self.elements(inner, Taken::Iterated)).unwrap_or_default(),
                _ => Values::new(),
            },
            Value::Function(function) | Value::Method(function, _) => {
                let there = self.deeper(function.module);
                let annotation = self.program.function(*function).returns_annotation;
                annotation.map(|annotation| there.annotated_elements(annotation, taken)).unwrap_or_default()
            }
            _ => Values::new(),
        }))
    }

    /// The elements that an annotation names: `list[Client]`, `Optional[Dict[str, Client]]`.
    fn annotated_elements(&self, annotation: ExprId, taken: Taken<'_>) -> Values {
        let module = self.module();
        match module.kind(annotation) {
            ExprKind::BinOp { left, right, .. } => union([*left, *right].into_iter().map(|part| self.annotated_elements(part, taken))),
            ExprKind::Subscript { value, slice } => {
                let parts: &[ExprId] = match module.kind(*slice) {
                    ExprKind::Tuple(parts) => parts,
                    _ => std::slice::from_ref(slice),
                };
                let last = match module.kind(*value) {
                    ExprKind::Name(name) | ExprKind::Attribute { attr: name, .. } => name.as_str(),
                    _ => return Values::new(),
                };
                match last {
                    "Optional" | "Union" | "Annotated" | "ClassVar" | "Final" | "Awaitable" => {
                        union(parts.iter().map(|part| self.annotated_elements(*part, taken)))
                    }
                    _ if !CONTAINERS.contains(&last) || taken == Taken::Iterated && MAPPINGS.contains(&last) => Values::new(),
                    "Tuple" | "tuple" => match taken.position().and_then(|at| parts.get(at)) {
                        Some(part) if !matches!(module.kind(*part), ExprKind::Ellipsis) => self.annotation(*part),
                        _ => union(parts.iter().map(|part| self.annotation(*part))),
                    },
                    _ => parts.last().map(|part| self.annotation(*part)).unwrap_or_default(),
                }
            }
            _ => Values::new(),
        }
    }
}

fn union(all: impl Iterator<Item = Values>) -> Values {
    let mut found = Values::new();
    for values in all {
        values.into_iter().for_each(|value| add(&mut found, value));
    }
    found
}
