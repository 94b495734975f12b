//! Classes: the order of method resolution, and finalizers.

use super::names::Subject;
use super::{ClassView, FinalizerView, Unresolved, symbols};
use crate::context::Context;
use crate::diagnostic::Place;
use crate::effects::reach::Node;
use crate::program::{ClassRef, Program, Type, Value};
use crate::rules::finalizers::del_never_runs::never_runs;

/// The classes that a target is, holds, or stands in.
pub(super) fn classes(context: &Context<'_>, subject: &Subject) -> Vec<ClassView> {
    let module = context.program.module(Program::ROOT);
    let mut found: Vec<ClassRef> = match subject {
        Subject::Module => module.classes().map(|(id, _)| ClassRef { module: Program::ROOT, id }).collect(),
        Subject::Class(class) => vec![*class],
        Subject::Functions(nodes) => nodes.iter().filter_map(|node| class_of(context.program, *node)).collect(),
    };
    found.dedup();
    found.into_iter().map(|class| view(context, class)).collect()
}

fn class_of(program: &Program, node: Node) -> Option<ClassRef> {
    let own = program.module(node.function.module).class_around(node.function.id);
    node.this.or_else(|| own.map(|id| ClassRef { module: node.function.module, id }))
}

fn view(context: &Context<'_>, class: ClassRef) -> ClassView {
    let program = context.program;
    ClassView {
        symbol: symbols::class(program, class),
        mro: program.mro(class).iter().map(|entry| symbols::of_type(program, entry)).collect(),
        unresolved_bases: unresolved_bases(program, class),
        finalizer: finalizer(context, class),
    }
}

fn unresolved_bases(program: &Program, class: ClassRef) -> Vec<(String, Unresolved, Place)> {
    let module = program.module(class.module);
    let mut found = Vec::new();
    for base in &program.class(class).bases {
        for value in program.resolver(class.module).values(*base) {
            if let Value::Unresolved(reason) = value {
                let place = Place::new(&module.file, module.expr(*base).range);
                found.push((module.snippet(*base), symbols::unresolved(&reason), place));
            }
        }
    }
    found
}

fn finalizer(context: &Context<'_>, class: ClassRef) -> Option<FinalizerView> {
    let program = context.program;
    let function = program.method(class, "__del__")?;
    let owner = program.mro(class).into_iter().find_map(|entry| match entry {
        Type::Class(entry) if program.own_method(entry, "__del__").is_some() => Some(entry),
        _ => None,
    })?;
    let inherited = owner != class;
    let elsewhere = (owner.module != context.id).then(|| context.at(owner.module));
    let there = elsewhere.as_ref().unwrap_or(context);
    let known = there.finalizers();
    let known = known.iter().find(|known| known.class == owner);
    Some(FinalizerView {
        function: symbols::function(program, Node { function, this: Some(class) }),
        inherited,
        subclass: known.filter(|_| !inherited).and_then(|known| known.subclass).map(|subclass| symbols::class(program, subclass)),
        never_runs: known.and_then(|known| never_runs(there, known)),
    })
}
