//! RL1xx: `__del__`.
//!
//! What the rules share: the finalizers of a file's classes, and what each reaches.

pub(crate) mod del_defined;
pub(crate) mod del_event_loop;
pub(crate) mod del_in_cycle;
pub(crate) mod del_io;
pub(crate) mod del_never_runs;
pub(crate) mod del_partial_init;
pub(crate) mod del_raises;
pub(crate) mod del_releases_resource;
pub(crate) mod del_resurrects;
pub(crate) mod del_skips_super;
pub(crate) mod del_takes_lock;
pub(crate) mod explicit_del_call;
pub(crate) mod finalize_keeps_alive;
mod harmless;
mod holding;
mod init;
mod makers;
mod reads;

use ruff_text_size::TextRange;
use rustc_hash::FxHashSet;

use crate::context::{Context, Report};
use crate::effects::Kind;
use crate::effects::reach::{Found, Hop, Node, Reached, reach};
use crate::module::ir::{BoundValue, ExprKind, Name};
use crate::program::{ClassRef, FunctionRef, Type};

/// The word without which no class has a finalizer.
pub(crate) const TRIGGERS: super::Triggers = &[&["__del__"]];

/// A class's own `__del__`: defined in its body, or bound there (`__del__ = close`).
#[derive(Debug)]
pub(crate) struct Finalizer {
    /// The class whose body binds it.
    pub(crate) class: ClassRef,
    /// The function that runs.
    pub(crate) function: FunctionRef,
    /// `Client.__del__`
    pub(crate) name: String,
    /// The name in `def __del__`, or the alias.
    pub(crate) range: TextRange,
    /// What it reaches for an instance of its class, or, where that has no effect, of a subclass that inherits it.
    pub(crate) reached: Reached,
    /// The subclass whose instance reaches that.
    pub(crate) subclass: Option<ClassRef>,
}

/// The finalizers of all classes of the file.
pub(crate) fn collect(context: &Context<'_>) -> Vec<Finalizer> {
    let (program, module) = (context.program, context.module);
    let mut found = Vec::new();
    for (id, class) in module.classes() {
        let Some(binding) = module.own_binding(id, "__del__") else { continue };
        let class_ref = ClassRef { module: context.id, id };
        let Some(function) = program.own_method(class_ref, "__del__") else { continue };
        let range = match binding.value {
            BoundValue::Function(function) => module.function(function).name_range,
            _ => binding.range,
        };
        if program.is_dead(context.id, binding.stmt) {
            continue;
        }
        let (reached, subclass) = reached(context, class_ref, function);
        found.push(Finalizer { class: class_ref, function, name: format!("{}.__del__", class.name), range, reached, subclass });
    }
    found
}

fn reached(context: &Context<'_>, class: ClassRef, function: FunctionRef) -> (Reached, Option<ClassRef>) {
    let program = context.program;
    let mut own = reach(program, Node { function, this: Some(class) });
    // A subclass may do more than to say what happens.
    let matters = |reached: &Reached| reached.effects.iter().any(|effect| effect.kind.is_main_io());
    if !matters(&own) {
        makers::complete(context, &mut own);
    }
    if matters(&own) {
        return (own, None);
    }
    let releases = |reached: &Reached| reached.unknown.iter().any(|unknown| del_releases_resource::is_release(context, unknown));
    let mut releasing = None;
    for subclass in program.subclasses(class, &called_on_self(context, &own, class)) {
        let overrides = program
            .mro(subclass)
            .iter()
            .take_while(|entry| **entry != Type::Class(class))
            .any(|entry| matches!(entry, Type::Class(entry) if program.own_method(*entry, "__del__").is_some()));
        if overrides {
            continue;
        }
        let theirs = reach(program, Node { function, this: Some(subclass) });
        if matters(&theirs) || own.effects.is_empty() && !theirs.effects.is_empty() {
            return (theirs, Some(subclass));
        }
        if releasing.is_none() && releases(&theirs) {
            releasing = Some((theirs, Some(subclass)));
        }
    }
    match releasing {
        Some(theirs) if own.effects.is_empty() && !releases(&own) => theirs,
        _ => (own, None),
    }
}

/// The names of the methods that a finalizer calls on its own object, directly or not: what a subclass may override.
pub(crate) fn called_on_self(context: &Context<'_>, own: &Reached, class: ClassRef) -> Vec<Name> {
    let program = context.program;
    let mut names: Vec<Name> = Vec::new();
    let mut known: FxHashSet<&Name> = FxHashSet::default();
    for node in own.nodes.iter().filter(|node| node.this == Some(class)) {
        let module = program.module(node.function.module);
        let Some(this) = module.self_name(node.function.id) else { continue };
        for call in module.code(node.function.id).calls.iter().filter_map(|id| module.call(*id)) {
            if let ExprKind::Attribute { value, attr, .. } = module.kind(call.func)
                && matches!(module.kind(*value), ExprKind::Name(name) if name == this)
                && known.insert(attr)
            {
                names.push(attr.clone());
            }
        }
    }
    names
}

/// Names the subclass that a finding is about, where the finalizer's own class has no such effect.
pub(crate) fn whose(context: &Context<'_>, finalizer: &Finalizer) -> String {
    finalizer.subclass.map(|subclass| format!(" (of a `{}`)", context.program.class(subclass).name)).unwrap_or_default()
}

/// Adds the way to an effect, hop by hop, and the call that has it.
pub(crate) fn tell<'a>(context: &Context<'_>, mut report: Report<'a>, found: &Found) -> Report<'a> {
    for (message, place) in story(context, &found.path) {
        report = report.related(message, place);
    }
    let last = described(context, found.node);
    // A callee as people write it.
    let callee = found.callee.strip_prefix("builtins.").unwrap_or(&found.callee);
    let message = match found.kind {
        Kind::Import => format!("{last} {}", found.clause),
        _ => format!("{last} calls `{callee}`, which {}", found.clause),
    };
    report.related(message, context.place_in(found.node.function.module, found.range))
}

/// The effects of a kind that a finalizer reaches, nearest first; none where it never runs.
pub(crate) fn effects_of_kind<'a>(context: &Context<'_>, finalizer: &'a Finalizer, kind: Kind) -> Vec<&'a Found> {
    if del_never_runs::never_runs(context, finalizer).is_some() {
        return Vec::new();
    }
    let mut found: Vec<&Found> = finalizer.reached.effects.iter().filter(|effect| effect.kind == kind).collect();
    found.sort_by_key(|effect| effect.path.len());
    found
}

/// The hops of a path as messages with their places.
pub(crate) fn story(context: &Context<'_>, path: &[Hop]) -> Vec<(String, crate::diagnostic::Place)> {
    path.iter()
        .map(|hop| {
            let module = hop.caller.function.module;
            let message = format!("{} calls {}", described(context, hop.caller), described(context, hop.callee));
            (message, context.place_in(module, hop.range))
        })
        .collect()
}

/// A function by the class that it runs for: "`Client.close`", or "`Base.close` (of a `Client`)" where it is inherited.
pub(crate) fn described(context: &Context<'_>, node: Node) -> String {
    format!("`{}`", context.program.qualified_name(node.function))
}
