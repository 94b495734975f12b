//! What the user of a program may ask for: options of the command line, environment variables, parameters with defaults.

use ruff_text_size::TextRange;

use crate::context::Context;
use crate::module::ir::{BoundValue, CmpOp, ExprId, ExprKind, FunctionId, UnaryOp};
use crate::module::{Call, Module};
use crate::program::constants::Constant;

/// Where it is said that a value is none unless the user gives one, if that is so.
pub(crate) fn default_is_none(context: &Context<'_>, expr: ExprId) -> Option<TextRange> {
    let module = context.module;
    if let Some(call) = module.call(expr) {
        return (is_environment(context, call) && call.argument(1, "default").is_none_or(|default| is_falsy(context, default))
            || is_typer_option(context, call))
        .then(|| module.expr(expr).range);
    }
    match module.kind(expr) {
        ExprKind::Attribute { attr, .. } => {
            let option = argparse_option(context, attr)?;
            let default = option.keyword("default").map(|arg| arg.value);
            let constant = option.keyword("action").map(|arg| arg.value).is_some();
            (default.is_none_or(|default| is_falsy(context, default)) && (!constant || default.is_some()))
                .then(|| module.expr(option.id).range)
        }
        ExprKind::Name(name) => {
            let found = context.program.reaching(context.id, expr, name).into_iter().find_map(|binding| match binding.value {
                BoundValue::Param(function, _) => click_option(context, function, name),
                _ => None,
            })?;
            let default = found.keyword("default").map(|arg| arg.value);
            default.is_none_or(|default| is_falsy(context, default)).then(|| module.expr(found.id).range)
        }
        _ => None,
    }
}

/// A condition that holds where something is evaluated, or that does not hold there.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Condition {
    pub(crate) test: ExprId,
    pub(crate) holds: bool,
}

impl Condition {
    /// Whether it is so only where the user asks for it.
    pub(crate) fn is_off_by_default(self, context: &Context<'_>) -> bool {
        let off = |test: &ExprId, holds| Self { test: *test, holds }.is_off_by_default(context);
        match context.module.kind(self.test) {
            ExprKind::Unary { op: UnaryOp::Not, operand } => off(operand, !self.holds),
            ExprKind::Compare { left, rest } if is_equal(rest, self.holds) => {
                let wanted = context.program.constant(context.id, rest[0].1);
                let asked = wanted.is_some_and(|wanted| wanted.truth());
                asked && context.program.origins(context.id, *left).into_iter().any(|origin| default_is_none(context, origin).is_some())
            }
            ExprKind::Compare { left, rest } if is_unequal(rest, self.holds) => is_falsy(context, rest[0].1) && off(left, true),
            ExprKind::BoolOp { is_and: false, values } if !self.holds => values.iter().any(|value| off(value, false)),
            _ => self.holds && is_off_by_default(context, self.test),
        }
    }

    /// Whether it asks for a thing: a name, a dotted name, or what a mapping has for a key.
    pub(crate) fn asks_for(self, module: &Module, wanted: ExprId) -> bool {
        let asks = |test: &ExprId, holds| Self { test: *test, holds }.asks_for(module, wanted);
        match module.kind(self.test) {
            ExprKind::Unary { op: UnaryOp::Not, operand } => asks(operand, !self.holds),
            ExprKind::BoolOp { values, is_and } if self.holds || !is_and => values.iter().any(|value| asks(value, self.holds)),
            ExprKind::Named { target, value } if self.holds => asks(target, true) || asks(value, true),
            ExprKind::Compare { left, rest } if is_unequal(rest, self.holds) => asks(left, true),
            ExprKind::Compare { left, rest } if self.holds && matches!(rest[..], [(CmpOp::In, _)]) => {
                let ExprKind::Subscript { value, slice } = module.kind(wanted) else { return false };
                is_same(module, *slice, *left) && is_same(module, *value, rest[0].1)
            }
            ExprKind::Call { func, args } if self.holds => {
                // `settings.get("path")`
                let ExprKind::Subscript { value, slice } = module.kind(wanted) else { return false };
                let key = args.first().map(|arg| arg.value);
                matches!(module.kind(*func), ExprKind::Attribute { value: mapping, attr, .. } if attr == "get" && is_same(module, *mapping, *value))
                    && key.is_some_and(|key| is_same(module, key, *slice))
            }
            _ => self.holds && is_same(module, self.test, wanted),
        }
    }
}

/// `x != y` or `x is not y` that holds, `x == y` or `x is y` that does not.
fn is_unequal(rest: &[(CmpOp, ExprId)], holds: bool) -> bool {
    match rest {
        [(CmpOp::IsNot | CmpOp::NotEq, _)] => holds,
        [(CmpOp::Is | CmpOp::Eq, _)] => !holds,
        _ => false,
    }
}

/// The opposite of [`is_unequal`].
fn is_equal(rest: &[(CmpOp, ExprId)], holds: bool) -> bool {
    matches!(rest, [(CmpOp::IsNot | CmpOp::NotEq | CmpOp::Is | CmpOp::Eq, _)]) && !is_unequal(rest, holds)
}

/// Whether two expressions are the same chain of names, attributes and constant keys.
fn is_same(module: &Module, first: ExprId, second: ExprId) -> bool {
    match (module.kind(first), module.kind(second)) {
        (ExprKind::Name(first), ExprKind::Name(second)) => first == second,
        (ExprKind::Str(first), ExprKind::Str(second)) => first == second,
        (ExprKind::Attribute { value: first, attr, .. }, ExprKind::Attribute { value: second, attr: other, .. }) => {
            attr == other && is_same(module, *first, *second)
        }
        (ExprKind::Subscript { value: first, slice }, ExprKind::Subscript { value: second, slice: other }) => {
            is_same(module, *slice, *other) && is_same(module, *first, *second)
        }
        _ => false,
    }
}

/// Whether a condition holds only where the user asks for it.
pub(crate) fn is_off_by_default(context: &Context<'_>, test: ExprId) -> bool {
    let module = context.module;
    match module.kind(test) {
        ExprKind::BoolOp { is_and: true, values } => values.iter().any(|value| is_off_by_default(context, *value)),
        ExprKind::BoolOp { is_and: false, values } => values.iter().all(|value| is_off_by_default(context, *value)),
        ExprKind::Compare { left, rest } => {
            let against_none = rest.len() == 1
                && matches!(rest[0].0, crate::module::ir::CmpOp::IsNot | crate::module::ir::CmpOp::NotEq)
                && is_falsy(context, rest[0].1);
            against_none && is_off_by_default(context, *left)
        }
        ExprKind::Name(_) | ExprKind::Attribute { .. } | ExprKind::Call { .. } => {
            context.program.origins(context.id, test).into_iter().any(|origin| match module.kind(origin) {
                ExprKind::Attribute { attr, .. } => argparse_option(context, attr).is_some_and(|option| {
                    let action = option.keyword("action").and_then(|arg| context.program.constant(context.id, arg.value));
                    let on = matches!(&action, Some(Constant::Str(action)) if &**action == "store_false");
                    !on && option.keyword("default").is_none_or(|default| is_falsy(context, default.value))
                }),
                _ => default_is_none(context, origin).is_some(),
            }) || is_falsy_parameter(context, test)
        }
        _ => false,
    }
}

/// A parameter whose default is false, and that no call in the module sets to a constant that is true.
fn is_falsy_parameter(context: &Context<'_>, expr: ExprId) -> bool {
    let module = context.module;
    let ExprKind::Name(name) = module.kind(expr) else { return false };
    context.program.reaching(context.id, expr, name).into_iter().any(|binding| {
        let BoundValue::Param(function, index) = binding.value else { return false };
        let default = module.function(function).params.get(index as usize).and_then(|param| param.default);
        let set = context.program.arguments(context.id, function, index as usize);
        default.is_some_and(|default| is_falsy(context, default))
            && !set.values.iter().any(|value| context.program.constant(context.id, *value).is_some_and(|value| value.truth()))
    })
}

fn is_falsy(context: &Context<'_>, expr: ExprId) -> bool {
    context.program.constant(context.id, expr).is_some_and(|value| !value.truth())
}

/// `os.environ.get(...)`, `os.getenv(...)`
pub(crate) fn is_environment(context: &Context<'_>, call: Call<'_>) -> bool {
    context.program.is_external(context.id, call.func, &["os.getenv"])
        || context.module.dotted(call.func).is_some_and(|parts| parts.ends_with(&["environ", "get"]))
}

/// `typer.Option(None)`
fn is_typer_option(context: &Context<'_>, call: Call<'_>) -> bool {
    context.program.is_external(context.id, call.func, &["typer.Option", "typer.Argument"])
        && call.argument(0, "default").is_none_or(|default| is_falsy(context, default))
}

/// The `add_argument` call that makes an option's attribute.
fn argparse_option<'a>(context: &Context<'a>, attr: &str) -> Option<Call<'a>> {
    let module = context.module;
    module.calls().find(|call| {
        matches!(module.kind(call.func), ExprKind::Attribute { attr, .. } if attr == "add_argument" || attr == "add_option")
            && option_name(module, *call).is_some_and(|name| name == attr)
    })
}

/// The attribute (or parameter) that an option is kept in.
fn option_name(module: &Module, call: Call<'_>) -> Option<String> {
    let text = |expr: ExprId| match module.kind(expr) {
        ExprKind::Str(text) => Some(text.to_string()),
        _ => None,
    };
    if let Some(dest) = call.keyword("dest") {
        return text(dest.value);
    }
    let names: Vec<String> =
        call.args.iter().filter(|arg| arg.kind == crate::module::ir::ArgKind::Positional).filter_map(|arg| text(arg.value)).collect();
    let plain = |name: &&String| !name.starts_with('-');
    let long = names.iter().find(plain).or_else(|| names.iter().find(|name| name.starts_with("--"))).or_else(|| names.first())?;
    Some(long.trim_start_matches('-').split('/').next().unwrap_or_default().replace('-', "_"))
}

/// The decorator of click that fills a parameter.
fn click_option<'a>(context: &Context<'a>, function: FunctionId, name: &str) -> Option<Call<'a>> {
    let module = context.module;
    module.function(function).decorators.iter().filter_map(|decorator| module.call(*decorator)).find(|call| {
        let is_option = matches!(module.kind(call.func), ExprKind::Attribute { attr, .. } if attr == "option" || attr == "argument")
            || context.program.externals(context.id, call.func).iter().any(|name| name == "click.option" || name == "click.argument");
        is_option && option_name(module, *call).is_some_and(|option| option.to_ascii_lowercase() == name)
    })
}
