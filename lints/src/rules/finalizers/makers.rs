//! What those who make an object pass to it: the type of a parameter of `__init__` that the class's own file does not tell.
//!
//! Asked only of what a finalizer calls on an attribute that holds such a parameter.

use crate::context::Context;
use crate::effects::Kind;
use crate::effects::reach::{Found, Hop, Node, Reached, Unknown, Via, reach};
use crate::module::ir::{BoundValue, ExprKind, Name};
use crate::program::origins::argument;
use crate::program::{ClassRef, FunctionRef, Program, Reason, Type, Value};

/// How many unknown calls are asked about, and how many other modules for each.
const MAX_ASKED: usize = 6;
const MAX_MAKERS: usize = 3;

/// Adds what the unknown calls of a search reach, as far as the makers of the objects tell what they are called on.
pub(super) fn complete(context: &Context<'_>, reached: &mut Reached) {
    let program = context.program;
    let is_parameter = |unknown: &Unknown| matches!(unknown.reason, Reason::Parameter(_));
    let (asked, others): (Vec<Unknown>, Vec<Unknown>) = std::mem::take(&mut reached.unknown).into_iter().partition(is_parameter);
    reached.unknown = others;
    for (index, unknown) in asked.into_iter().enumerate() {
        let types = if index < MAX_ASKED { types_of(program, &unknown) } else { Vec::new() };
        if types.is_empty() {
            reached.unknown.push(unknown);
            continue;
        }
        for found in types {
            match found {
                Type::Class(class) => follow(program, reached, &unknown, class),
                Type::External(name) => match program.method_effect(&name, &unknown.method) {
                    Some(Some(effect)) => {
                        let callee = format!("{name}.{}", unknown.method);
                        reached.effects.push(found_at(&unknown, effect.kind, effect.clause, callee));
                    }
                    Some(None) => {}
                    None => reached.unknown.push(Unknown { reason: Reason::Attribute(unknown.method.as_str().into()), ..unknown.clone() }),
                },
            }
        }
    }
}

fn found_at(unknown: &Unknown, kind: Kind, clause: &'static str, callee: String) -> Found {
    let (path, node, range) = (unknown.path.clone(), unknown.node, unknown.range);
    Found { kind, clause: clause.into(), path, node, range, callee, in_handler: unknown.in_handler }
}

/// Adds what a method reaches that turns out to be called.
fn follow(program: &Program, reached: &mut Reached, unknown: &Unknown, class: ClassRef) {
    let Some(function) = program.method(class, &unknown.method) else { return };
    let callee = Node { function, this: Some(class) };
    let stmt = program.module(unknown.node.function.module).expr(unknown.receiver).stmt;
    let hop = Hop { caller: unknown.node, callee, via: Via::Call, range: unknown.range, stmt, in_handler: unknown.in_handler };
    let before: Vec<Hop> = unknown.path.iter().cloned().chain([hop]).collect();
    let way = |path: &[Hop]| before.iter().cloned().chain(path.iter().cloned()).collect::<Vec<Hop>>();
    let there = reach(program, callee);
    reached.effects.extend(there.effects.into_iter().map(|found| Found {
        path: way(&found.path),
        in_handler: found.in_handler || unknown.in_handler,
        ..found
    }));
    reached.unknown.extend(there.unknown.into_iter().map(|inner| Unknown {
        path: way(&inner.path),
        in_handler: inner.in_handler || unknown.in_handler,
        ..inner
    }));
}

/// The types that other modules pass for the parameter that an attribute holds.
fn types_of(program: &Program, unknown: &Unknown) -> Vec<Type> {
    let id = unknown.node.function.module;
    let module = program.module(id);
    let ExprKind::Attribute { value: owner, attr, .. } = module.kind(unknown.receiver) else { return Vec::new() };
    let owners = program.resolver_for(id, unknown.node.this).values(*owner);
    let classes = owners.into_iter().filter_map(|owner| if let Value::Instance(Type::Class(class)) = owner { Some(class) } else { None });
    let mut types: Vec<Type> = Vec::new();
    for class in classes {
        for (init, index) in params(program, class, attr) {
            for found in passed(program, class, init, index) {
                if !types.contains(&found) {
                    types.push(found);
                }
            }
        }
    }
    types
}

/// The parameters of `__init__` methods of a class and its bases that an attribute holds.
fn params(program: &Program, class: ClassRef, attr: &Name) -> Vec<(FunctionRef, usize)> {
    let mut found = Vec::new();
    for entry in program.mro(class) {
        let Type::Class(entry) = entry else { continue };
        let module = program.module(entry.module);
        let Some(init) = program.own_method(entry, "__init__") else { continue };
        for binding in module.attribute(entry.id, attr) {
            let BoundValue::Expr(value) = binding.value else { continue };
            let ExprKind::Name(name) = module.kind(value) else { continue };
            let scope = module.function(init.id).scope;
            if module.binding_scope(module.expr(value).scope, name) == Some(scope) {
                let params = &program.function(init).params;
                found.extend(params.iter().position(|param| param.name == *name).map(|index| (init, index)));
            }
        }
    }
    found
}

/// The types of what the calls of a class in other modules pass for a parameter.
fn passed(program: &Program, class: ClassRef, init: FunctionRef, index: usize) -> Vec<Type> {
    let param = &program.function(init).params[index];
    let name = program.class(class).name.clone();
    let mut types = Vec::new();
    for maker in program.makers_elsewhere(class, MAX_MAKERS) {
        let module = program.module(maker);
        let resolver = program.resolver(maker);
        for call in module.calls_named(&[&name]) {
            let makes = |value: &Value| matches!(value, Value::Class(made) if program.method(*made, "__init__") == Some(init));
            let given = index.checked_sub(1).and_then(|position| argument(call, position, param));
            let Some(given) = given.filter(|_| resolver.values(call.func).iter().any(makes)) else { continue };
            types.extend(
                resolver.values(given).into_iter().filter_map(|value| if let Value::Instance(found) = value { Some(found) } else { None }),
            );
        }
    }
    types
}
