//! RL104: `__del__` runs even when `__init__` raised. What `__init__` had not set by then is missing: an `AttributeError` is printed, and the rest of
//! the clean-up is lost.

use rustc_hash::FxHashSet;

use super::Finalizer;
use super::del_never_runs::never_runs;
use super::init::{Initialized, Setting, initialized, is_plain};
use super::reads::{Read, reads};
use crate::context::{Context, Findings};
use crate::diagnostic::Severity;
use crate::module::Module;
use crate::module::ir::{BoundValue, ClassId, ExprKind, FunctionId, Name, StmtKind};
use crate::program::{ClassRef, Type};
use crate::rules::{Family, FixAvailability, Rule};

pub(crate) static META: Rule = Rule {
    code: "RL104",
    name: "del-partial-init",
    family: Family::Finalizers,
    severity: Severity::Warning,
    default: true,
    fix: FixAvailability::None,
    triggers: super::TRIGGERS,
    former_names: &[],
    page: include_str!("del_partial_init.md"),
};

pub(crate) fn check(context: &Context<'_>, findings: &mut Findings<'_>) {
    let mut based = None;
    for finalizer in context.finalizers().iter().filter(|finalizer| never_runs(context, finalizer).is_none()) {
        let class = finalizer.class;
        let own = lacking(context, finalizer, class);
        let never = own
            .as_ref()
            .filter(|_| is_closed(context, class))
            .and_then(|own| own.reads.iter().find(|read| is_never_set(context, finalizer, &own.state, &read.attribute)));
        if let Some(read) = never {
            report_never(context, findings, finalizer, read);
            continue;
        }
        if own.is_some_and(|own| report_behind(context, findings, finalizer, class, &own)) {
            continue;
        }
        // Where the class itself is in order, one that inherits the finalizer may not be: it sets more, and its methods read that.
        if based.get_or_insert_with(|| bases(context.module)).contains(&context.program.class(class).name) {
            let mut lacking = heirs(context, finalizer).into_iter().filter_map(|heir| Some((heir, lacking(context, finalizer, heir)?)));
            lacking.any(|(heir, theirs)| report_behind(context, findings, finalizer, heir, &theirs));
        }
    }
}

/// What an object of a class has after `__init__`, and what the finalizer reads of it that has no default.
struct Lacking {
    state: Initialized,
    reads: Vec<Read>,
}

fn lacking(context: &Context<'_>, finalizer: &Finalizer, class: ClassRef) -> Option<Lacking> {
    let state = Some(class).filter(|class| is_understood(context, *class)).and_then(|class| initialized(context, class))?;
    let mut reads = reads(context, finalizer, class, &state);
    reads.retain(|read| !has_default(context, class, &read.attribute));
    Some(Lacking { state, reads })
}

/// The last words of all bases of a module's classes.
fn bases(module: &Module) -> FxHashSet<Name> {
    let bases = module.classes().flat_map(|(_, class)| &class.bases);
    let words = bases.filter_map(|base| match module.kind(*base) {
        ExprKind::Name(name) | ExprKind::Attribute { attr: name, .. } => Some(name.clone()),
        _ => None,
    });
    words.collect()
}

/// How many subclasses of a class with a finalizer are looked at.
const MAX_HEIRS: usize = 20;

/// The subclasses in the same module that run the finalizer and define `__init__` or a method that it calls.
fn heirs(context: &Context<'_>, finalizer: &Finalizer) -> Vec<ClassRef> {
    let (program, module) = (context.program, context.module);
    let called = super::called_on_self(context, &finalizer.reached, finalizer.class);
    let defines = |class: ClassId| {
        module.own_binding(class, "__init__").is_some() || called.iter().any(|name| module.own_binding(class, name).is_some())
    };
    let candidates = module.classes().map(|(id, _)| id).filter(|id| *id != finalizer.class.id && defines(*id));
    let inherits = |class: &ClassRef| {
        program.method(*class, "__del__") == Some(finalizer.function) && program.mro(*class).contains(&Type::Class(finalizer.class))
    };
    candidates.map(|id| ClassRef { module: context.id, id }).filter(inherits).take(MAX_HEIRS).collect()
}

fn report_never(context: &Context<'_>, findings: &mut Findings<'_>, finalizer: &Finalizer, read: &Read) {
    let message = format!(
        "`{}` reads `{}`, which nothing ever sets: the `AttributeError` is printed and the clean-up is lost",
        finalizer.name,
        read.shown()
    );
    findings
        .report(&META, message, context.place(finalizer.range))
        .severity(Severity::Error)
        .help("set the attribute in `__init__`, or take the line out")
        .related("it is read here", context.place_in(read.module, read.range));
}

/// Reports what an object of a class may lack; whether it may lack anything.
fn report_behind(context: &Context<'_>, findings: &mut Findings<'_>, finalizer: &Finalizer, class: ClassRef, lacking: &Lacking) -> bool {
    let mut behind = lacking.reads.iter().filter_map(|read| match lacking.state.attributes.get(&read.attribute) {
        Some(Setting::Behind(obstacle)) => Some((read, obstacle)),
        _ => None,
    });
    let Some((read, obstacle)) = behind.next() else { return false };
    let others: FxHashSet<&Name> = behind.map(|(read, _)| &read.attribute).filter(|name| **name != read.attribute).collect();
    let missing = match others.len() {
        0 => "which does not exist if `__init__` fails before it is set".to_owned(),
        1 => "one of 2 attributes that do not exist if `__init__` fails before they are set".to_owned(),
        count => format!("one of {} attributes that do not exist if `__init__` fails before they are set", count + 1),
    };
    let (name, attribute) = (&finalizer.name, read.shown());
    let whose = if class == finalizer.class { String::new() } else { format!(" (of a `{}`)", context.program.class(class).name) };
    let message = format!("`{name}`{whose} reads `{attribute}`, {missing}: the `AttributeError` is printed and the clean-up is lost");
    findings
        .report(&META, message, context.place(finalizer.range))
        .help(format!(
            "give `{}` a default in the class body (`{} = None`), or set it first in `__init__`, and test it in `__del__`",
            read.attribute, read.attribute
        ))
        .related(
            format!("`__init__` may {} here, before `{}` is set", obstacle.what, read.attribute),
            context.place_in(obstacle.module, obstacle.range),
        )
        .related("it is read here", context.place_in(read.module, read.range));
    true
}

/// Whether nobody outside of the program sets attributes of the class's objects.
fn is_closed(context: &Context<'_>, class: ClassRef) -> bool {
    let program = context.program;
    program.mro(class).iter().all(|entry| match entry {
        Type::External(_) => is_plain(entry),
        Type::Class(entry) => {
            let module = program.module(entry.module);
            !["__new__", "__setattr__"].iter().any(|name| module.own_binding(entry.id, name).is_some())
        }
    })
}

/// Whether an attribute that `__init__` has not set is none: the class's bases are known, if only by name, and nothing makes attributes up.
fn is_understood(context: &Context<'_>, class: ClassRef) -> bool {
    let program = context.program;
    program.mro(class).iter().all(|entry| match entry {
        Type::External(name) => !MAKING.contains(&name.as_str()),
        Type::Class(entry) => {
            let module = program.module(entry.module);
            let data = module.class(entry.id);
            // A base that cannot be resolved is in no line: it may be anything.
            let resolved = data.bases.iter().all(|base| {
                let values = program.resolver(entry.module).values(*base);
                values.iter().any(|value| matches!(value, crate::program::Value::Class(_) | crate::program::Value::External(_)))
            });
            let asks = module.own_binding(entry.id, "__getattr__").is_some_and(|binding| match binding.value {
                BoundValue::Function(function) => !passes_on(module, function),
                _ => true,
            });
            let sets = module.own_binding(entry.id, "__new__").is_some_and(|binding| match binding.value {
                BoundValue::Function(function) => sets_attributes(module, function),
                _ => true,
            });
            resolved && !asks && !sets && module.own_binding(entry.id, "__getattribute__").is_none()
        }
    })
}

/// Classes whose objects have attributes that no code sets.
const MAKING: &[&str] = &[
    "ctypes.BigEndianStructure",
    "ctypes.LittleEndianStructure",
    "ctypes.Structure",
    "ctypes.Union",
    "enum.Enum",
    "enum.Flag",
    "enum.IntEnum",
    "enum.IntFlag",
    "threading.local",
    "types.ModuleType",
    "types.SimpleNamespace",
    "unittest.mock.Mock",
    "unittest.mock.MagicMock",
];

/// Whether a `__new__` may set attributes of the object that it makes.
fn sets_attributes(module: &Module, function: FunctionId) -> bool {
    module.stmts_of(function).any(|(_, stmt)| match &stmt.kind {
        StmtKind::Assign { targets, .. } => targets.iter().any(|target| matches!(module.kind(*target), ExprKind::Attribute { .. })),
        StmtKind::AnnAssign { target, .. } => matches!(module.kind(*target), ExprKind::Attribute { .. }),
        _ => false,
    }) || module.code(function).calls.iter().filter_map(|call| module.call(*call)).any(|call| {
        module.is_named(call.func, "setattr") || module.is_named(call.func, "__setattr__") || module.is_named(call.func, "update")
    })
}

/// Whether a `__getattr__` has no values of its own: it asks another object, or raises. What `__init__` did not set stays an `AttributeError`.
fn passes_on(module: &Module, function: FunctionId) -> bool {
    let returns = &module.code(function).returns;
    returns.iter().all(|value| value.is_some_and(|value| module.call(value).is_some_and(|call| module.is_named(call.func, "getattr"))))
        && !returns.is_empty()
}

/// Whether a class gives an attribute a value of its own: a default, a method, a property, a slot of a data class.
fn has_default(context: &Context<'_>, class: ClassRef, attribute: &str) -> bool {
    let program = context.program;
    program.mro(class).iter().any(|entry| match entry {
        Type::Class(entry) => {
            let module = program.module(entry.module);
            let bindings = module.scope(module.class(entry.id).scope).bindings.get(attribute);
            bindings
                .is_some_and(|bindings| bindings.iter().any(|binding| !matches!(binding.value, BoundValue::Annotated { value: None, .. })))
        }
        Type::External(_) => false,
    }) || attribute.starts_with("__") && attribute.ends_with("__")
}

/// Whether no method of the class or its bases, no subclass, and no other code of the module sets an attribute.
fn is_never_set(context: &Context<'_>, finalizer: &Finalizer, state: &Initialized, attribute: &Name) -> bool {
    let program = context.program;
    // What is asked of another object need not be set on this one.
    if state.open || state.attributes.contains_key(attribute) || program.method(finalizer.class, "__getattr__").is_some() {
        return false;
    }
    let set_by = |class: ClassRef| program.assigns(class, attribute) || has_default(context, class, attribute);
    let line = program.mro(finalizer.class);
    let by_class = line.iter().any(|entry| matches!(entry, Type::Class(class) if program.assigns(*class, attribute)));
    if by_class || program.subclasses(finalizer.class, &[]).into_iter().any(set_by) || program.has_foreign_derivers(finalizer.class) {
        return false;
    }
    let module = context.module;
    let from_outside = module.stmts().any(|(_, stmt)| match &stmt.kind {
        StmtKind::Assign { targets, .. } => {
            targets.iter().any(|target| matches!(module.kind(*target), ExprKind::Attribute { attr, .. } if attr == attribute))
        }
        StmtKind::AnnAssign { target, .. } | StmtKind::AugAssign { target, .. } => {
            matches!(module.kind(*target), ExprKind::Attribute { attr, .. } if attr == attribute)
        }
        _ => false,
    });
    // `setattr(self, name, value)` anywhere, or the name as a text: it may be set by it.
    let by_name = module.exprs().any(|(_, expr)| match &expr.kind {
        ExprKind::Str(text) => **text == **attribute,
        ExprKind::Name(name) => name == "setattr",
        ExprKind::Attribute { attr, .. } => attr == "__dict__",
        _ => false,
    });
    !from_outside && !by_name
}
