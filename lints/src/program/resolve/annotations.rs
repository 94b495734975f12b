//! What annotations and decorators say.

use super::{Resolver, annotated_value, named};
use crate::module::ir::{BinOp, ExprId, ExprKind, FunctionId};
use crate::program::values::add;
use crate::program::{Type, Value, Values};

impl Resolver<'_> {
    /// Whether one of a function's decorators is a thing of these names.
    pub(crate) fn has_decorator(&self, function: FunctionId, names: &[&str]) -> bool {
        let module = self.module();
        module.function(function).decorators.iter().any(|decorator| {
            // `@property` needs no resolution; asking would recurse through the class body.
            match module.kind(*decorator) {
                ExprKind::Name(name) if module.binding_scope(module.expr(*decorator).scope, name).is_none() => {
                    names.iter().any(|wanted| wanted.strip_prefix("builtins.") == Some(name.as_str()))
                }
                ExprKind::Call { func, .. } => self.values(*func).iter().any(|value| named(value, names)),
                _ => self.values(*decorator).iter().any(|value| named(value, names)),
            }
        })
    }

    pub(super) fn is_property(&self, function: FunctionId) -> bool {
        self.has_decorator(
            function,
            &[
                "builtins.property",
                "functools.cached_property",
                "abc.abstractproperty",
                "django.utils.functional.cached_property",
                "werkzeug.utils.cached_property",
            ],
        )
    }

    // ---- annotations

    /// The values that an annotation promises.
    pub(crate) fn annotation(&self, annotation: ExprId) -> Values {
        let module = self.module();
        let mut result = Values::new();
        match module.kind(annotation) {
            ExprKind::None => add(&mut result, Value::None),
            ExprKind::BinOp { left, op: BinOp::BitOr, right } => {
                for value in self.annotation(*left).into_iter().chain(self.annotation(*right)) {
                    add(&mut result, value);
                }
            }
            ExprKind::Subscript { value, slice } => return self.generic_annotation(*value, *slice),
            _ => {
                for value in self.values(annotation) {
                    add(&mut result, annotated_value(value));
                }
            }
        }
        result
    }

    pub(super) fn generic_annotation(&self, value: ExprId, slice: ExprId) -> Values {
        let module = self.module();
        let parts: Vec<ExprId> = match module.kind(slice) {
            ExprKind::Tuple(parts) => parts.to_vec(),
            _ => vec![slice],
        };
        let mut result = Values::new();
        for generic in self.values(value) {
            let name = match &generic {
                Value::External(name) => name.rsplit('.').next().unwrap_or_default().to_owned(),
                _ => String::new(),
            };
            match name.as_str() {
                "Optional" | "Union" => {
                    parts.iter().flat_map(|part| self.annotation(*part)).for_each(|value| add(&mut result, value));
                    if name == "Optional" {
                        add(&mut result, Value::None);
                    }
                }
                "Annotated" | "ClassVar" | "Final" | "Required" | "NotRequired" | "ReadOnly" | "InitVar" | "Awaitable" => {
                    parts
                        .first()
                        .map(|part| self.annotation(*part))
                        .unwrap_or_default()
                        .into_iter()
                        .for_each(|value| add(&mut result, value));
                }
                "type" | "Type" => {
                    for part in parts.first().map(|part| self.annotation(*part)).unwrap_or_default() {
                        match part {
                            Value::Instance(Type::Class(class)) => add(&mut result, Value::Class(class)),
                            Value::Instance(Type::External(name)) => add(&mut result, Value::External(name)),
                            _ => {}
                        }
                    }
                }
                "Literal" => add(&mut result, Value::Instance(Type::External("builtins.str".into()))),
                _ => add(&mut result, annotated_value(generic)),
            }
        }
        result
    }

    // ---- attributes
}
