//! Things of the program by their names.

use super::names::{Subject, full_name};
use super::{CallKind, HopView, Knowledge, Meaning, Symbol, SymbolKind, Unresolved, module_name};
use crate::diagnostic::Place;
use crate::effects::Effect;
use crate::effects::reach::{Hop, Node, Via};
use crate::program::{ClassRef, FunctionRef, ModuleId, Program, Reason, Type, Value};
use ruff_text_size::{TextRange, TextSize};

/// The name of a module's code outside of functions.
pub(super) const MODULE_CODE: &str = "<module>";

pub(super) fn subject(program: &Program, subject: &Subject) -> Symbol {
    match subject {
        Subject::Module => module(program, Program::ROOT),
        Subject::Class(found) => class(program, *found),
        Subject::Functions(nodes) => nodes.first().map_or_else(|| module(program, Program::ROOT), |node| function(program, *node)),
    }
}

pub(super) fn module(program: &Program, id: ModuleId) -> Symbol {
    let place = Place::new(&program.module(id).file, TextRange::empty(TextSize::new(0)));
    Symbol { place: Some(place), ..plain(SymbolKind::Module, module_name(program, id)) }
}

/// The code of a module outside of functions.
pub(super) fn module_code(program: &Program, id: ModuleId) -> Symbol {
    let place = Place::new(&program.module(id).file, TextRange::empty(TextSize::new(0)));
    Symbol { place: Some(place), module: Some(module_name(program, id)), ..plain(SymbolKind::Function, MODULE_CODE.to_owned()) }
}

pub(super) fn class(program: &Program, class: ClassRef) -> Symbol {
    let data = program.class(class);
    let module = program.module(class.module);
    let name = full_name(module, data.scope);
    let place = Place::new(&module.file, data.range);
    Symbol { place: Some(place), module: Some(module_name(program, class.module)), ..plain(SymbolKind::Class, name) }
}

pub(super) fn function(program: &Program, node: Node) -> Symbol {
    let FunctionRef { module: id, .. } = node.function;
    let (module, data) = (program.module(id), program.function(node.function));
    let own = data.class.map(|class| ClassRef { module: id, id: class });
    let this = node.this.filter(|this| own.is_some() && own != Some(*this)).map(|this| class(program, this).name);
    let place = Place::new(&module.file, data.name_range);
    Symbol {
        place: Some(place),
        module: Some(module_name(program, id)),
        this,
        ..plain(SymbolKind::Function, full_name(module, data.scope))
    }
}

/// A thing that there is no source for. What calling it does is told where it is a name that can be called.
pub(super) fn library(program: &Program, name: &str) -> Symbol {
    let knowledge = knowledge(program.effect(name));
    let name = name.strip_prefix("builtins.").unwrap_or(name).to_owned();
    Symbol { knowledge: Some(knowledge), ..plain(SymbolKind::Library, name) }
}

fn library_method(program: &Program, class: &str, method: &str) -> Symbol {
    let knowledge = knowledge(program.method_effect(class, method));
    let class = class.strip_prefix("builtins.").unwrap_or(class);
    Symbol { knowledge: Some(knowledge), ..plain(SymbolKind::Library, format!("{class}.{method}")) }
}

fn plain(kind: SymbolKind, name: String) -> Symbol {
    Symbol { kind, name, module: None, place: None, this: None, knowledge: None }
}

#[expect(clippy::option_option, reason = "that nothing is known and that a thing does nothing differ")]
fn knowledge(effect: Option<Option<Effect>>) -> Knowledge {
    match effect {
        Some(Some(effect)) => Knowledge::Effect(effect.kind, effect.clause.to_owned()),
        Some(None) => Knowledge::Nothing,
        None => Knowledge::Unknown,
    }
}

pub(super) fn of_type(program: &Program, entry: &Type) -> Symbol {
    match entry {
        Type::Class(inner) => class(program, *inner),
        Type::External(name) => library(program, name),
    }
}

/// What a value is, seen by itself.
pub(super) fn meaning(program: &Program, value: &Value) -> Meaning {
    let instance = |class: Symbol| Symbol { kind: SymbolKind::Instance, knowledge: None, ..class };
    Meaning::Known(match value {
        Value::External(name) => library(program, name),
        Value::ExternalMethod(class, method) => library_method(program, class, method),
        Value::Module(id) => module(program, *id),
        Value::Function(found) => function(program, Node { function: *found, this: None }),
        Value::Method(found, receiver) => function(program, method_node(*found, receiver)),
        Value::Class(found) => class(program, *found),
        Value::Instance(of) => instance(of_type(program, of)),
        Value::Super { class: found, .. } => instance(class(program, *found)),
        Value::None => plain(SymbolKind::None, "None".to_owned()),
        Value::Unresolved(reason) => return Meaning::Unresolved(unresolved(reason)),
    })
}

/// A method with the class of its `self`.
pub(super) fn method_node(function: FunctionRef, receiver: &Type) -> Node {
    let this = if let Type::Class(class) = receiver { Some(*class) } else { None };
    Node { function, this }
}

pub(super) fn unresolved(reason: &Reason) -> Unresolved {
    Unresolved { reason: reason.word(), message: reason.to_string() }
}

pub(super) fn hop(program: &Program, hop: &Hop) -> HopView {
    let place = Place::new(&program.module(hop.caller.function.module).file, hop.range);
    HopView { caller: function(program, hop.caller), callee: function(program, hop.callee), kind: kind(hop.via), place }
}

pub(super) fn kind(via: Via) -> CallKind {
    match via {
        Via::Call => CallKind::Call,
        Via::Property => CallKind::Property,
        Via::With => CallKind::With,
    }
}
