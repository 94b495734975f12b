//! RL108: a `__del__` that overrides a base's without calling it takes the base's clean-up away; one that calls it twice runs it twice.

use ruff_text_size::TextRange;

use super::Finalizer;
use super::del_never_runs::never_runs;
use super::del_releases_resource::is_release;
use crate::context::{Context, Findings};
use crate::diagnostic::Severity;
use crate::effects::reach::{Node, Reached, reach};
use crate::module::Module;
use crate::module::ir::{ExprId, ExprKind, StmtId, StmtKind};
use crate::program::resolve::is_stub;
use crate::program::{ClassRef, FunctionRef, ModuleId, Type, Value};
use crate::rules::{Family, FixAvailability, Rule};

pub(crate) static META: Rule = Rule {
    code: "RL108",
    name: "del-skips-super",
    family: Family::Finalizers,
    severity: Severity::Warning,
    default: true,
    fix: FixAvailability::None,
    triggers: &[&["__del__", "class"]],
    former_names: &[],
    page: include_str!("del_skips_super.md"),
};

pub(crate) fn check(context: &Context<'_>, findings: &mut Findings<'_>) {
    for finalizer in context.finalizers().iter() {
        if never_runs(context, finalizer).is_some() {
            continue;
        }
        let Some(base) = base_finalizer(context, finalizer) else { continue };
        let base_name = context.program.qualified_name(base);
        let calls = calls_of(context, finalizer, base);
        match calls.as_slice() {
            [] => {
                let calls_base = finalizer.reached.nodes.iter().any(|node| node.function == base);
                if calls_base
                    || starts_anew(context, finalizer)
                    || reaches_all_of(context, finalizer, base)
                    || calls_all_of(context, finalizer, base)
                {
                    continue;
                }
                let message =
                    format!("`{}` overrides `{base_name}` and does not call it: the clean-up of the base is skipped", finalizer.name);
                findings
                    .report(&META, message, context.place(finalizer.range))
                    .help("call `super().__del__()`, or move the clean-up to a `close()` that both classes override")
                    .related("the finalizer that never runs", context.place_in(base.module, context.program.function(base).name_range));
            }
            calls => {
                let module = context.program.module(finalizer.function.module);
                let Some((first, second)) = both_run(module, calls) else { continue };
                let message = format!("`{}` calls `{base_name}` twice", finalizer.name);
                let place = |expr: ExprId| context.place_in(finalizer.function.module, module.expr(expr).range);
                findings
                    .report(&META, message, context.place(finalizer.range))
                    .help("call it once: `super().__del__()` runs it for all bases")
                    .related("it is called here", place(first))
                    .related("and here again", place(second));
            }
        }
    }
}

/// The `__del__` of the nearest base that has one and does something in it.
fn base_finalizer(context: &Context<'_>, finalizer: &Finalizer) -> Option<FunctionRef> {
    let program = context.program;
    let class = finalizer.class;
    program
        .mro(class)
        .iter()
        .skip(1)
        .find_map(|entry| match entry {
            Type::Class(base) => program.own_method(*base, "__del__"),
            Type::External(_) => None,
        })
        .filter(|base| *base != finalizer.function && !does_nothing(context, *base, class))
}

/// Whether the class has an `__init__` that leaves out that of its bases: what their finalizers clean up is not there.
fn starts_anew(context: &Context<'_>, finalizer: &Finalizer) -> bool {
    let program = context.program;
    let bases = program.mro(finalizer.class);
    let made = bases.iter().skip(1).any(|base| matches!(base, Type::Class(base) if program.own_method(*base, "__init__").is_some()));
    let Some(init) = program.own_method(finalizer.class, "__init__").filter(|_| made) else { return false };
    let module = program.module(init.module);
    let calls = module.code(init.id).calls.iter().filter_map(|call| module.call(*call));
    !is_stub(module, init.id) && !calls.into_iter().any(|call| module.is_named(call.func, "__init__"))
}

/// Whether a finalizer has no statement, or only calls methods of its own that have none for objects of a class.
fn does_nothing(context: &Context<'_>, base: FunctionRef, class: ClassRef) -> bool {
    let program = context.program;
    let module = program.module(base.module);
    let is_empty = |function: &FunctionRef| is_stub(program.module(function.module), function.id);
    let calls_nothing = |stmt: &StmtId| match module.stmt(*stmt).kind {
        StmtKind::Expr(value) => module.call(value).map_or(matches!(module.kind(value), ExprKind::Str(_)), |call| {
            let values = program.resolver_for(base.module, Some(class)).values(call.func);
            !values.is_empty() && values.iter().all(|value| matches!(value, Value::Method(method, _) if is_empty(method)))
        }),
        _ => false,
    };
    is_empty(&base) || module.function_block(base.id).iter().all(calls_nothing)
}

/// The calls in the finalizer's own body that run the base's.
fn calls_of(context: &Context<'_>, finalizer: &Finalizer, base: FunctionRef) -> Vec<ExprId> {
    let program = context.program;
    let (id, function) = (finalizer.function.module, finalizer.function.id);
    let module = program.module(id);
    let resolver = program.resolver_for(id, Some(finalizer.class));
    let calls = module.code(function).calls.iter().filter_map(|call| module.call(*call));
    let calls = calls.filter(|call| matches!(module.kind(call.func), ExprKind::Attribute { attr, .. } if attr == "__del__"));
    calls
        .filter(|call| {
            program.is_live(id, call.id)
                && resolver.values(call.func).iter().any(|value| match value {
                    Value::Function(found) | Value::Method(found, _) => *found == base,
                    // A call of `super().__del__` that cannot be resolved is taken for one of the base's.
                    Value::Unresolved(_) | Value::ExternalMethod(..) => true,
                    _ => false,
                })
        })
        .map(|call| call.id)
        .collect()
}

/// Two calls that one execution may make: neither in a branch that the other's excludes, nor in the clause that handles the other's failure.
fn both_run(module: &Module, calls: &[ExprId]) -> Option<(ExprId, ExprId)> {
    let stmt = |call: ExprId| module.expr(call).stmt;
    let pairs = calls.iter().enumerate().flat_map(|(at, first)| calls[at + 1..].iter().map(move |second| (*first, *second)));
    pairs.into_iter().find(|(first, second)| !module.exclude_each_other(stmt(*first), stmt(*second)))
}

/// Whether the override reaches every effect and every release that the base's finalizer would have for its objects.
fn reaches_all_of(context: &Context<'_>, finalizer: &Finalizer, base: FunctionRef) -> bool {
    let theirs = done(context, &reach(context.program, Node { function: base, this: Some(finalizer.class) }));
    let mine = done(context, &finalizer.reached);
    !theirs.is_empty() && theirs.iter().all(|place| mine.contains(place))
}

/// The places of the effects and releases that were reached.
fn done(context: &Context<'_>, reached: &Reached) -> Vec<(ModuleId, TextRange)> {
    let effects = reached.effects.iter().map(|effect| (effect.node.function.module, effect.range));
    let releases = reached.unknown.iter().filter(|unknown| is_release(context, unknown));
    effects.chain(releases.map(|unknown| (unknown.node.function.module, unknown.range))).collect()
}

/// Whether the override makes calls of the same names as the base's finalizer, itself or in what it calls.
fn calls_all_of(context: &Context<'_>, finalizer: &Finalizer, base: FunctionRef) -> bool {
    let program = context.program;
    // A warning is no clean-up.
    let theirs: Vec<&str> = called_names(program.module(base.module), base).into_iter().filter(|name| *name != "warn").collect();
    let nodes = || finalizer.reached.nodes.iter().filter(|node| node.this == Some(finalizer.class));
    let mine: Vec<&str> = nodes().flat_map(|node| called_names(program.module(node.function.module), node.function)).collect();
    !theirs.is_empty() && theirs.iter().all(|name| mine.contains(name))
}

/// The last words of what a function calls.
fn called_names(module: &Module, function: FunctionRef) -> Vec<&str> {
    let calls = module.code(function.id).calls.iter().filter_map(|call| module.call(*call));
    calls
        .filter_map(|call| match module.kind(call.func) {
            ExprKind::Attribute { attr: name, .. } | ExprKind::Name(name) => Some(name.as_str()),
            _ => None,
        })
        .collect()
}
