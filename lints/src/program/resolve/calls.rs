//! Calls: what they return, by annotations, tables and the returned expressions; `super()`; what `with` binds.

use super::{Resolver, looks_like_class, one};
use crate::effects::knowledge;
use crate::module::Call;
use crate::module::ir::{ExprId, ExprKind, FunctionBody, Name};
use crate::program::values::add;
use crate::program::{ClassRef, FunctionRef, Reason, Type, Value, Values};

impl Resolver<'_> {
    pub(super) fn call(&self, call: Call<'_>) -> Values {
        let mut result = Values::new();
        for callee in self.values(call.func) {
            for value in self.result(&callee, call) {
                add(&mut result, value);
            }
        }
        result
    }

    /// What calling a thing yields.
    pub(super) fn result(&self, callee: &Value, call: Call<'_>) -> Values {
        match callee {
            Value::External(name) => self.external_result(name, call),
            Value::Class(class) => one(Value::Instance(Type::Class(*class))),
            Value::Function(function) => self.elsewhere_returned(*function, None),
            Value::Method(function, receiver) => match receiver {
                Type::Class(class) => self.elsewhere_returned(*function, Some(*class)),
                Type::External(_) => self.elsewhere_returned(*function, None),
            },
            Value::ExternalMethod(class, method) => {
                if matches!(method.as_str(), "__enter__" | "__aenter__") {
                    return one(Value::Instance(Type::External(class.clone())));
                }
                let name = format!("{class}.{method}");
                one(match knowledge::returns(&name) {
                    Some(class) => Value::Instance(Type::External(class.into())),
                    None => Value::Unresolved(Reason::Result(name.into())),
                })
            }
            Value::Instance(Type::Class(class)) => match self.program.method(*class, "__call__") {
                Some(function) => self.elsewhere_returned(function, Some(*class)),
                None => Values::new(),
            },
            Value::Instance(Type::External(_)) | Value::Super { .. } | Value::Module(_) => one(Value::Unresolved(Reason::Dynamic)),
            Value::None => Values::new(),
            Value::Unresolved(reason) => one(Value::Unresolved(reason.clone())),
        }
    }

    pub(super) fn external_result(&self, name: &Name, call: Call<'_>) -> Values {
        match name.as_str() {
            "builtins.super" => return self.super_value(call),
            "builtins.getattr" => {
                let (Some(owner), Some(attr)) = (call.positional(0), call.positional(1)) else { return Values::new() };
                let ExprKind::Str(attr) = self.module().kind(attr) else { return Values::new() };
                let mut values = self.attribute(owner, &Name::from(&**attr));
                if let Some(default) = call.positional(2) {
                    values.retain(|value| !matches!(value, Value::Unresolved(_)));
                    self.values(default).into_iter().for_each(|value| add(&mut values, value));
                }
                return values;
            }
            "builtins.type" if call.args.len() == 1 => {
                return call
                    .positional(0)
                    .map(|value| self.values(value))
                    .unwrap_or_default()
                    .into_iter()
                    .map(|value| match value {
                        Value::Instance(Type::Class(class)) => Value::Class(class),
                        Value::Instance(Type::External(name)) => Value::External(name),
                        _ => Value::Unresolved(Reason::Dynamic),
                    })
                    .collect();
            }
            "typing.cast" => return call.positional(0).map(|class| self.annotation(class)).unwrap_or_default(),
            "functools.partial"
            | "builtins.staticmethod"
            | "weakref.proxy"
            | "copy.copy"
            | "contextlib.aclosing"
            | "contextlib.nullcontext" => {
                return call.positional(0).map(|value| self.values(value)).unwrap_or_default();
            }
            "functools.wraps" => return Values::new(),
            _ => {}
        }
        if let Some(class) = knowledge::returns(name) {
            return one(Value::Instance(Type::External(class.into())));
        }
        one(if looks_like_class(name) {
            Value::Instance(Type::External(name.clone()))
        } else {
            Value::Unresolved(Reason::Result(name.clone()))
        })
    }

    /// `super()` and `super(Class, self)`.
    pub(super) fn super_value(&self, call: Call<'_>) -> Values {
        let module = self.module();
        let named = call.positional(0).map(|class| self.values(class));
        let class = match named.as_deref() {
            Some([Value::Class(class)]) => Some(*class),
            Some(_) => None,
            None => {
                let function = module.expr(call.id).function;
                function.and_then(|function| module.class_around(function)).map(|id| ClassRef { module: self.module, id })
            }
        };
        let Some(class) = class else { return Values::new() };
        let this = self.this.filter(|this| self.program.mro(*this).contains(&Type::Class(class))).unwrap_or(class);
        one(Value::Super { class, this })
    }

    pub(super) fn elsewhere_returned(&self, function: FunctionRef, this: Option<ClassRef>) -> Values {
        let there = self.elsewhere(function.module, this);
        let values = there.returned(function, this);
        self.cut.set(self.cut.get() || there.cut.get());
        values
    }

    /// What a function returns: its annotation, else the values of its `return` statements.
    pub(super) fn returned(&self, function: FunctionRef, this: Option<ClassRef>) -> Values {
        let data = self.program.function(function);
        if self.program.is_generator(function) {
            return one(Value::Instance(Type::External("types.GeneratorType".into())));
        }
        if let Some(annotation) = data.returns_annotation {
            let values = self.annotation(annotation);
            if this.is_some()
                && values.iter().any(|value| matches!(value, Value::Instance(Type::External(name)) if name.ends_with(".Self")))
            {
                return this.map(|class| one(Value::Instance(Type::Class(class)))).unwrap_or_default();
            }
            if values.iter().any(|value| !matches!(value, Value::Unresolved(_))) {
                return values;
            }
        }
        let mut values = Values::new();
        let code = self.program.code(function);
        for returned in code.returns.iter().flatten() {
            for value in self.values(*returned) {
                add(&mut values, value);
            }
        }
        if values.is_empty() && matches!(code.body, FunctionBody::Block(_)) {
            add(&mut values, Value::None);
        }
        values
    }

    /// What `with CONTEXT as name` binds.
    pub(super) fn entered(&self, context: ExprId) -> Values {
        let module = self.module();
        let mut result = Values::new();
        for value in self.values(context) {
            match &value {
                Value::Instance(Type::External(name)) if name == "contextlib.closing" => {
                    let inner = module.call(context).and_then(|call| call.positional(0));
                    inner.map(|inner| self.values(inner)).unwrap_or_default().into_iter().for_each(|value| add(&mut result, value));
                }
                Value::Instance(Type::External(name)) => {
                    let class = knowledge::returns(&format!("{name}.__enter__")).map_or_else(|| name.clone(), Name::from);
                    // The generator of a `@contextmanager` yields something else.
                    add(
                        &mut result,
                        if name == "types.GeneratorType" {
                            Value::Unresolved(Reason::Dynamic)
                        } else {
                            Value::Instance(Type::External(class))
                        },
                    );
                }
                Value::Instance(Type::Class(class)) => {
                    match self.program.method(*class, "__enter__").or_else(|| self.program.method(*class, "__aenter__")) {
                        Some(enter) => self.elsewhere_returned(enter, Some(*class)).into_iter().for_each(|value| add(&mut result, value)),
                        None => add(&mut result, value),
                    }
                }
                _ => add(&mut result, Value::Unresolved(Reason::Dynamic)),
            }
        }
        result
    }
}
