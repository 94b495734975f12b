//! RL106: an object that refers to itself, through whatever, does not die with its last name. Its finalizer waits for the cyclic garbage collector:
//! it runs late, in any thread, or not before the interpreter exits.

use super::Finalizer;
use super::del_never_runs::never_runs;
use super::holding::{Holder, Holding, Store, Variable, stores};
use crate::context::{Context, Findings};
use crate::diagnostic::Severity;
use crate::module::ir::{ExprKind, FunctionId};
use crate::program::resolve::is_stub;
use crate::program::{ClassRef, FunctionRef, Type, Value};
use crate::rules::{Family, FixAvailability, Rule};

pub(crate) static META: Rule = Rule {
    code: "RL106",
    name: "del-in-cycle",
    family: Family::Finalizers,
    severity: Severity::Warning,
    default: true,
    fix: FixAvailability::None,
    triggers: super::TRIGGERS,
    former_names: &[],
    page: include_str!("del_in_cycle.md"),
};

pub(crate) fn check(context: &Context<'_>, findings: &mut Findings<'_>) {
    let all = context.finalizers();
    let matters = |finalizer: &&Finalizer| {
        never_runs(context, finalizer).is_none() && !is_stub(context.program.module(finalizer.function.module), finalizer.function.id)
    };
    let finalizers: Vec<&Finalizer> = all.iter().filter(matters).collect();
    if finalizers.is_empty() {
        return;
    }
    // A table that is filled with many methods is one cycle, and so is an attribute that several methods of a class set alike.
    let mut groups: Vec<(Group, Vec<Cycle<'_>>)> = Vec::new();
    for (id, _) in context.module.functions() {
        for cycle in cycles(context, &finalizers, id) {
            let group = Group::of(context, id, &cycle);
            match groups.iter_mut().find(|(known, _)| *known == group) {
                Some((_, cycles)) => cycles.push(cycle),
                None => groups.push((group, vec![cycle])),
            }
        }
    }
    for (group, cycles) in &groups {
        report(context, findings, cycles, group.function);
    }
}

/// What makes two cycles one: the class, and what is stored to; for other objects than `self`, within one function.
#[derive(PartialEq)]
struct Group {
    class: ClassRef,
    target: String,
    function: Option<FunctionId>,
}

impl Group {
    fn of(context: &Context<'_>, function: FunctionId, cycle: &Cycle<'_>) -> Self {
        let module = context.module;
        let target = module.snippet(cycle.store.target);
        let is_self = matches!(module.kind(cycle.store.root), ExprKind::Name(name) if module.self_name(function) == Some(name));
        Self {
            class: cycle.finalizer.class,
            target: target.split(['[', '(']).next().unwrap_or_default().to_owned(),
            function: (!is_self).then_some(function),
        }
    }
}

/// A cycle, with the store that closes it.
struct Cycle<'a> {
    store: Store,
    holding: Holding,
    /// The other store, where two together make the cycle.
    other: Option<Store>,
    finalizer: &'a Finalizer,
}

fn report(context: &Context<'_>, findings: &mut Findings<'_>, cycles: &[Cycle<'_>], function: Option<FunctionId>) {
    let (module, [cycle, others @ ..]) = (context.module, cycles) else { return };
    let target = module.snippet(cycle.store.target);
    let root = module.snippet(cycle.store.root);
    let how = match cycle.holding {
        Holding::Itself if cycle.other.is_none() => format!("`{target}` holds `{root}` itself"),
        Holding::Method => format!("`{target}` holds a method bound to `{root}`"),
        Holding::Closure => format!("`{target}` holds a function that uses `{root}`"),
        Holding::Itself | Holding::Object(_) => {
            format!("`{root}` and what is stored in `{target}` hold each other")
        }
    };
    let name = &cycle.finalizer.name;
    let message = format!("{how}: in a reference cycle, `{name}` does not run before the garbage collector finds it");
    let mut report = findings
        .report(&META, message, context.place(cycle.store.range))
        .help("store a weak reference (`weakref.ref`, `weakref.WeakMethod`), or pass the object in when it is needed");
    if let Some(other) = &cycle.other {
        report = report.related("the other half of the cycle", context.place(other.range));
    }
    // Of one function the first place tells enough.
    if function.is_none() {
        let mut seen = module.stmt(module.expr(cycle.store.target).stmt).function;
        for other in others {
            let there = module.stmt(module.expr(other.store.target).stmt).function;
            if there != seen {
                report = report.related("and here", context.place(other.store.range));
                seen = there;
            }
        }
    }
    report.related("the finalizer that waits", context.place(cycle.finalizer.range));
}

/// The cycles that the statements of a function close.
fn cycles<'a>(context: &Context<'_>, finalizers: &[&'a Finalizer], function: FunctionId) -> Vec<Cycle<'a>> {
    let program = context.program;
    let all = stores(program, FunctionRef { module: context.id, id: function }, 0);
    let holder = Holder { program, id: context.id, depth: 0 };
    let mut found = Vec::new();
    for store in &all {
        let Some(root) = Variable::of(program, context.id, store.root) else { continue };
        let class = class_of(context, store);
        if let Some(class) = class
            && store.stays(program, class)
            && let Some(holding) = holder.holds(store.value, &root)
        {
            let part = match holding {
                Holding::Object(part) => part,
                _ => None,
            };
            if let Some(finalizer) = finalizer_of(context, finalizers, class).or_else(|| finalizer_of(context, finalizers, part?)) {
                found.push(Cycle { store: store.clone(), holding, other: None, finalizer });
            }
            continue;
        }
        found.extend(pair(context, finalizers, store, &root, &all));
    }
    found
}

/// A store whose value is stored on with the store's own root: `self.parent = parent` and `parent.children.append(self)`.
fn pair<'a>(context: &Context<'_>, finalizers: &[&'a Finalizer], store: &Store, root: &Variable, all: &[Store]) -> Option<Cycle<'a>> {
    let program = context.program;
    let value = Variable::of(program, context.id, store.value).filter(|value| value != root)?;
    let holder = Holder { program, id: context.id, depth: 0 };
    let class = class_of(context, store)?;
    if !store.stays(program, class) {
        return None;
    }
    let other = all.iter().find(|other| {
        let kept = class_of(context, other).is_none_or(|class| !other.is_direct() || other.stays(program, class));
        kept && value.is(context.module, other.root) && holder.holds(other.value, root).is_some()
    })?;
    let finalizer = finalizer_of(context, finalizers, class)
        .or_else(|| class_of(context, other).and_then(|class| finalizer_of(context, finalizers, class)))?;
    let (later, earlier) = if other.range.start() > store.range.start() { (other, store) } else { (store, other) };
    Some(Cycle { store: later.clone(), holding: Holding::Object(None), other: Some(earlier.clone()), finalizer })
}

/// The class of the object that is stored on.
fn class_of(context: &Context<'_>, store: &Store) -> Option<ClassRef> {
    let values = context.program.resolver(context.id).values(store.root);
    if values.iter().any(|value| matches!(value, Value::Class(_))) {
        return None;
    }
    values.into_iter().find_map(|value| match value {
        Value::Instance(Type::Class(class)) => Some(class),
        _ => None,
    })
}

/// The finalizer that an object of a class, or of a subclass in the file, runs.
fn finalizer_of<'a>(context: &Context<'_>, finalizers: &[&'a Finalizer], class: ClassRef) -> Option<&'a Finalizer> {
    let program = context.program;
    let own = program.method(class, "__del__");
    let runs = |finalizer: &&&Finalizer| match own {
        Some(own) => finalizer.function == own && program.mro(class).contains(&Type::Class(finalizer.class)),
        None => program.mro(finalizer.class).contains(&Type::Class(class)),
    };
    finalizers.iter().find(runs).copied()
}
