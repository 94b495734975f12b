//! Attributes: of classes and their bases, of instances, modules and what lies outside of the program.

use super::{Resolver, declares, external_member, one};
use crate::module::ir::{BoundValue, ExprId, Name};
use crate::program::values::add;
use crate::program::{ClassRef, FunctionRef, Reason, Type, Value, Values};

impl Resolver<'_> {
    pub(super) fn attribute(&self, value: ExprId, attr: &Name) -> Values {
        let mut result = Values::new();
        for owner in self.values(value) {
            for value in self.member(&owner, attr) {
                add(&mut result, value);
            }
        }
        result
    }

    /// What an attribute of a thing denotes.
    pub(crate) fn member(&self, owner: &Value, attr: &str) -> Values {
        match owner {
            Value::External(name) => one(self.dotted_member(name, attr)),
            Value::Module(id) => self.global(*id, attr),
            Value::Instance(Type::External(class)) => one(external_member(class, attr)),
            Value::Instance(Type::Class(class)) if attr == "__class__" => one(Value::Class(*class)),
            Value::Instance(Type::Class(class)) => self.class_member(*class, &self.program.mro(*class), attr, true),
            Value::Class(class) => self.class_member(*class, &self.program.mro(*class), attr, false),
            Value::Super { class, this } => {
                let line = self.program.mro(*this);
                let behind = line.iter().position(|entry| *entry == Type::Class(*class)).map_or(line.len(), |at| at + 1);
                self.class_member(*this, &line[behind..], attr, true)
            }
            // `None.attr` is an error; the other values tell what is meant.
            Value::None => Values::new(),
            Value::Unresolved(reason) => one(Value::Unresolved(reason.clone())),
            Value::Function(_) | Value::Method(..) | Value::ExternalMethod(..) => one(Value::Unresolved(Reason::Attribute(attr.into()))),
        }
    }

    /// Looks an attribute up along a line of classes, for an instance (or the class) of `this`.
    pub(super) fn class_member(&self, this: ClassRef, line: &[Type], attr: &str, on_instance: bool) -> Values {
        let mut found = Values::new();
        for entry in line {
            match entry {
                Type::Class(class) => {
                    let module = self.program.module(class.module);
                    let there = self.elsewhere(class.module, Some(this));
                    let mut declared = false;
                    if let Some(binding) = module.own_binding(class.id, attr) {
                        let value = binding.value.clone();
                        let members = there.class_binding(&value, this, on_instance);
                        declared |= declares(&value, &members);
                        self.cut.set(self.cut.get() || there.cut.get());
                        let callable = members.iter().any(|value| matches!(value, Value::Method(..) | Value::Function(_)));
                        members.into_iter().for_each(|value| add(&mut found, value));
                        if callable {
                            break;
                        }
                    }
                    if on_instance {
                        for binding in module.attribute(class.id, attr) {
                            // What a base assigns is typed by the base's methods, on an instance of this class.
                            let values = there.bound(&binding.value);
                            declared |= declares(&binding.value, &values);
                            values.into_iter().for_each(|value| add(&mut found, value));
                        }
                        self.cut.set(self.cut.get() || there.cut.get());
                    }
                    // The declared type is that of all assignments.
                    if declared {
                        found.retain(|value| !matches!(value, Value::Unresolved(_)));
                    }
                }
                Type::External(name) => {
                    // What the class itself says is not erased by a base that nothing is known about, and the defaults of
                    // `object` define nothing else.
                    if !found.is_empty() {
                        break;
                    }
                    if name != "builtins.object" {
                        add(&mut found, external_member(name, attr));
                    }
                }
            }
        }
        if found.is_empty() { one(Value::Unresolved(Reason::Attribute(attr.into()))) } else { found }
    }

    /// What a name bound in a class's body is, seen from an instance or from the class.
    pub(super) fn class_binding(&self, value: &BoundValue, this: ClassRef, on_instance: bool) -> Values {
        let functions: Values = self.bound(value);
        let mut members = Values::new();
        for value in functions {
            let Value::Function(function) = value else {
                add(&mut members, value);
                continue;
            };
            let there = self.elsewhere(function.module, self.this);
            let data = self.program.function(function);
            let plain = data.class.is_none() && data.name.is_empty() && !on_instance;
            if plain || there.has_decorator(function.id, &["builtins.staticmethod"]) {
                add(&mut members, Value::Function(function));
            } else if there.has_decorator(function.id, &["builtins.classmethod"]) || on_instance && !there.is_property(function.id) {
                add(&mut members, Value::Method(function, Type::Class(this)));
            } else if on_instance {
                there.returned(function, Some(this)).into_iter().for_each(|value| add(&mut members, value));
                self.cut.set(self.cut.get() || there.cut.get());
            } else {
                add(&mut members, Value::Function(function));
            }
        }
        members
    }

    /// The getter that loading an attribute of an expression runs, if it is a property of the program.
    pub(crate) fn property(&self, value: ExprId, attr: &str) -> Option<(FunctionRef, ClassRef)> {
        self.values(value)
            .iter()
            .find_map(|owner| {
                let (this, line) = match owner {
                    Value::Instance(Type::Class(class)) => (*class, self.program.mro(*class)),
                    Value::Super { class, this } => {
                        let line = self.program.mro(*this);
                        let behind = line.iter().position(|entry| *entry == Type::Class(*class)).map_or(line.len(), |at| at + 1);
                        (*this, line[behind..].to_vec())
                    }
                    _ => return None,
                };
                line.iter().find_map(|entry| match entry {
                    Type::Class(class) => match &self.program.module(class.module).own_binding(class.id, attr)?.value {
                        BoundValue::Function(id) => Some((FunctionRef { module: class.module, id: *id }, this)),
                        _ => None,
                    },
                    Type::External(_) => None,
                })
            })
            .filter(|(function, _)| self.elsewhere(function.module, None).is_property(function.id))
    }

    // ---- calls
}
