//! RL103: a `__del__` whose body is never executed. Calling an `async def` or a generator function only makes an object; a call
//! with missing arguments is a `TypeError` that the interpreter prints and drops; special methods of instances are not looked at.

use ruff_text_size::TextRange;

use super::Finalizer;
use crate::context::{Context, Findings};
use crate::diagnostic::Severity;
use crate::module::ir::ParamKind;
use crate::rules::{Family, FixAvailability, Rule};

pub(crate) static META: Rule = Rule {
    code: "RL103",
    name: "del-never-runs",
    family: Family::Finalizers,
    severity: Severity::Error,
    default: true,
    fix: FixAvailability::None,
    triggers: super::TRIGGERS,
    former_names: &[],
    page: include_str!("del_never_runs.md"),
};

pub(crate) fn check(context: &Context<'_>, findings: &mut Findings<'_>) {
    for finalizer in context.finalizers().iter() {
        if let Some(reason) = never_runs(context, finalizer) {
            let message = format!("`{}` never runs: {reason}", finalizer.name);
            findings
                .report(&META, message, context.place(finalizer.range))
                .help("write a plain `def __del__(self)`, or better: offer an explicit `close()` or `aclose()`");
        }
    }
    for (class, _) in context.module.classes() {
        for binding in context.module.attribute(class, "__del__") {
            let message = format!(
                "`{}` is assigned to an instance and never runs: the interpreter looks special methods up on the class",
                context.module.file.slice(target(context, binding.range))
            );
            findings.report(&META, message, context.place(binding.range)).help("define `__del__` in the class body");
        }
    }
}

/// Why a finalizer's body is never executed, if it is not.
pub(crate) fn never_runs(context: &Context<'_>, finalizer: &Finalizer) -> Option<String> {
    let is_generator = context.program.is_generator(finalizer.function);
    if context.program.function(finalizer.function).is_async {
        let what = if is_generator { "an asynchronous generator" } else { "a coroutine" };
        return Some(format!("it is an `async def`, and calling it only creates {what}"));
    }
    if is_generator {
        return Some("it contains `yield`, and calling it only creates a generator".to_owned());
    }
    missing_arguments(context, finalizer)
}

/// The interpreter passes `self` and nothing else.
fn missing_arguments(context: &Context<'_>, finalizer: &Finalizer) -> Option<String> {
    let program = context.program;
    let function = program.function(finalizer.function);
    let is_static = program.resolver(finalizer.function.module).has_decorator(finalizer.function.id, &["builtins.staticmethod"]);
    // Another decorator may change what is called.
    if !function.decorators.is_empty() && !is_static {
        return None;
    }
    let takes_self =
        function.params.iter().any(|param| matches!(param.kind, ParamKind::PositionalOnly | ParamKind::Normal | ParamKind::Star));
    if !takes_self && !is_static {
        return Some("it takes no `self`, so that calling it is a `TypeError`".to_owned());
    }
    let given = usize::from(!is_static);
    let mut positional = 0;
    for param in &function.params {
        let required = param.default.is_none();
        match param.kind {
            ParamKind::PositionalOnly | ParamKind::Normal => {
                positional += 1;
                if positional > given && required {
                    return Some(format!("nothing passes its parameter `{}`, so that calling it is a `TypeError`", param.name));
                }
            }
            ParamKind::KeywordOnly if required => {
                return Some(format!("nothing passes its parameter `{}`, so that calling it is a `TypeError`", param.name));
            }
            _ => {}
        }
    }
    None
}

/// The target of an assignment around its attribute's name: `self.__del__`.
fn target(context: &Context<'_>, attribute: TextRange) -> TextRange {
    let text = context.module.file.text();
    let start =
        text[..attribute.start().to_usize()].rfind(|byte: char| byte.is_whitespace() || byte == ',' || byte == '(').map_or(0, |at| at + 1);
    TextRange::new(ruff_text_size::TextSize::new(start as u32), attribute.end())
}
