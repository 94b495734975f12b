//! The names of modules: what an import binds, what an attribute of a module is, what a star import brings.
//!
//! Where there is no source for a module, its names stay dotted names ([`Value::External`]).

use super::imports::Target;
use super::resolve::{Resolver, external, is_builtin, one};
use super::{ModuleId, Program, Reason, Value, Values};
use crate::effects::knowledge;
use crate::module::ir::{BoundValue, ExprId, ExprKind, Name, ScopeId};

/// How many star imports are followed one after the other.
const MAX_STARS: usize = 8;

impl Resolver<'_> {
    /// What `import name` binds: with an alias the module, else the package that `name` is.
    pub(super) fn imported_module(&self, name: &str) -> Values {
        one(match self.program.import(self.module, 0, name) {
            Target::Module(id) => Value::Module(id),
            Target::Namespace(_) => Value::External(name.into()),
            Target::Outside => Value::External(knowledge::canonical(name).as_ref().into()),
        })
    }

    /// What `from module import name` binds.
    pub(super) fn imported(&self, module: &str, level: u32, name: &str) -> Values {
        match self.program.import(self.module, level, module) {
            Target::Module(id) => self.global(id, name),
            Target::Namespace(folder) => match self.program.in_namespace(&folder, name) {
                Target::Module(id) => one(Value::Module(id)),
                _ => one(dotted(module, level, name)),
            },
            Target::Outside => one(dotted(module, level, name)),
        }
    }

    /// What a dotted name outside the program is; below a namespace package it may be a module of the program.
    pub(super) fn dotted_member(&self, owner: &str, attr: &str) -> Value {
        let full = format!("{owner}.{attr}");
        let first = owner.split('.').next().unwrap_or_default();
        if matches!(self.program.import(self.module, 0, first), Target::Namespace(_))
            && let Target::Module(id) = self.program.import(self.module, 0, &full)
        {
            return Value::Module(id);
        }
        external(&full)
    }

    /// What a name at the top of a module is: by its bindings there, else the submodule of a package, else what a star import brings.
    pub(crate) fn global(&self, id: ModuleId, name: &str) -> Values {
        let key = (id, Name::from(name));
        if let Some(known) = self.program.globals.borrow().get(&key) {
            return known.clone();
        }
        if self.is_too_deep() || self.open_globals.borrow().contains(&key) {
            // `from . import name` in the package's own `__init__.py` means the submodule.
            return match self.program.submodule(id, name) {
                Target::Module(id) => one(Value::Module(id)),
                _ => self.cut_short(),
            };
        }
        self.open_globals.borrow_mut().push(key.clone());
        let there = self.deeper(id);
        let refused_before = self.program.refused.replace(false);
        let values = there.own_global(name);
        let refused = self.program.refused.replace(refused_before || self.program.refused.get());
        self.absorb(&there);
        self.open_globals.borrow_mut().pop();
        if !there.was_cut() && !refused {
            self.program.globals.borrow_mut().insert(key, values.clone());
        }
        values
    }

    fn own_global(&self, name: &str) -> Values {
        let module = self.program.module(self.module);
        if let Some(bindings) = module.scope(ScopeId(0)).bindings.get(name) {
            return self.bindings(bindings);
        }
        match self.program.submodule(self.module, name) {
            Target::Module(id) => return one(Value::Module(id)),
            Target::Namespace(_) | Target::Outside => {}
        }
        if matches!(name, "__name__" | "__file__" | "__doc__" | "__package__") {
            return super::resolve::builtin("str");
        }
        match self.star(name) {
            Some(values) => values,
            None => one(Value::Unresolved(Reason::Attribute(name.into()))),
        }
    }

    /// A name that nothing in the module binds: what a star import brings, or a builtin.
    pub(super) fn unbound(&self, name: &Name) -> Values {
        let brought = if is_builtin(name) { self.known_star(name) } else { self.star(name) };
        brought.unwrap_or_else(|| one(Value::External(format!("builtins.{name}").into())))
    }

    /// A name that a star import of a library brings for certain.
    fn known_star(&self, name: &str) -> Option<Values> {
        self.program.module(self.module).star_imports().iter().find_map(|(module, level)| {
            let dotted = format!("{module}.{name}");
            (*level == 0 && knowledge::is_known(&dotted)).then(|| one(Value::External(dotted.into())))
        })
    }

    fn star(&self, name: &str) -> Option<Values> {
        if let Some(known) = self.known_star(name) {
            return Some(known);
        }
        self.program.star_source(self.module, name, 0).map(|id| self.global(id, name))
    }
}

impl Program {
    /// The module that a star import of a module takes a name from. The last import that has the name wins.
    fn star_source(&self, id: ModuleId, name: &str, depth: usize) -> Option<ModuleId> {
        if depth > MAX_STARS {
            return None;
        }
        self.module(id).star_imports().iter().rev().find_map(|(module, level)| match self.import(id, *level, module) {
            Target::Module(source) if source != id && self.exports(source, name, depth) => Some(source),
            _ => None,
        })
    }

    /// Whether `from module import *` brings a name: `__all__` says so, or the name is public and bound there.
    fn exports(&self, id: ModuleId, name: &str, depth: usize) -> bool {
        let module = self.module(id);
        let bound = module.scope(ScopeId(0)).bindings.contains_key(name) || self.star_source(id, name, depth + 1).is_some();
        bound && self.all_names(id).map_or(!name.starts_with('_'), |names| names.contains(&name))
    }

    /// The names in `__all__`, where it is written as literals.
    pub(crate) fn all_names(&self, id: ModuleId) -> Option<Vec<&str>> {
        let module = self.module(id);
        let bindings = module.scope(ScopeId(0)).bindings.get("__all__")?;
        // `__all__.extend(...)` adds names that are not written here.
        let computed = module.calls().any(|call| {
            matches!(module.kind(call.func), ExprKind::Attribute { value, .. }
                if matches!(module.kind(*value), ExprKind::Name(name) if name == "__all__"))
        });
        if computed {
            return None;
        }
        let mut names = Vec::new();
        for binding in bindings {
            let (BoundValue::Expr(value) | BoundValue::Augmented { value, .. } | BoundValue::Annotated { value: Some(value), .. }) =
                &binding.value
            else {
                return None;
            };
            names.extend(self.literal_strings(id, *value)?);
        }
        Some(names)
    }

    fn literal_strings(&self, id: ModuleId, value: ExprId) -> Option<Vec<&str>> {
        let module = self.module(id);
        match module.kind(value) {
            ExprKind::List(parts) | ExprKind::Tuple(parts) => parts
                .iter()
                .map(|part| match module.kind(*part) {
                    ExprKind::Str(text) => Some(&**text),
                    _ => None,
                })
                .collect(),
            ExprKind::BinOp { left, op: crate::module::ir::BinOp::Add, right } => {
                let mut names = self.literal_strings(id, *left)?;
                names.extend(self.literal_strings(id, *right)?);
                Some(names)
            }
            _ => None,
        }
    }
}

/// The dotted name that an import names, with its dots where it is relative; an object of known type, or the thing of that name.
fn dotted(module: &str, level: u32, name: &str) -> Value {
    let dots = ".".repeat(level as usize);
    external(&if module.is_empty() { format!("{dots}{name}") } else { format!("{dots}{module}.{name}") })
}
