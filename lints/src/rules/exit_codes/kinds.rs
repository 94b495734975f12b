//! What kind of value a code is: a boolean, or an object that is no code.

use super::polarity;
use crate::context::Context;
use crate::module::ir::{BinOp, ComprehensionKind, ExprId, ExprKind, UnaryOp};
use crate::program::flow::Arrival;
use crate::program::{ModuleId, Type, Value};

/// Whether an expression is a boolean.
pub(super) fn is_boolean(context: &Context<'_>, module: ModuleId, expr: ExprId) -> bool {
    let program = context.program;
    match program.module(module).kind(expr) {
        ExprKind::Bool(_) | ExprKind::Compare { .. } | ExprKind::Unary { op: UnaryOp::Not, .. } => true,
        ExprKind::Call { func, .. } => {
            const KNOWN: &[&str] = &[
                "builtins.bool",
                "builtins.isinstance",
                "builtins.issubclass",
                "builtins.hasattr",
                "builtins.callable",
                "builtins.any",
                "builtins.all",
                "os.path.exists",
                "os.path.isfile",
                "os.path.isdir",
                "os.path.islink",
                "os.access",
                "pathlib.Path.exists",
                "pathlib.Path.is_file",
                "pathlib.Path.is_dir",
                "builtins.str.startswith",
                "builtins.str.endswith",
            ];
            let names = super::callee_names(context, module, *func);
            if names.iter().any(|name| KNOWN.contains(&name.as_str())) {
                return true;
            }
            let returned = program.resolver(module).values(expr);
            if are_booleans(&returned) {
                return true;
            }
            super::last_word(context, module, *func).is_some_and(|name| {
                polarity::is_question(&name) || matches!(name.as_str(), "startswith" | "endswith" | "exists" | "isfile" | "isdir")
            })
        }
        ExprKind::Attribute { attr, .. } => {
            let values = program.resolver(module).values(expr);
            are_booleans(&values) || values.iter().all(|value| matches!(value, Value::Unresolved(_))) && polarity::says_outcome(attr)
        }
        _ => false,
    }
}

fn are_booleans(values: &[Value]) -> bool {
    let is_bool = |value: &Value| matches!(value, Value::Instance(Type::External(name)) if name == "builtins.bool");
    !values.is_empty() && values.iter().all(is_bool)
}

/// The kind of an object that is no code.
pub(super) fn object(context: &Context<'_>, arrival: &Arrival) -> Option<&'static str> {
    let module = context.program.module(arrival.module);
    match module.kind(arrival.expr) {
        ExprKind::Float(_) | ExprKind::Complex => Some("float"),
        ExprKind::Unary { op: UnaryOp::Minus | UnaryOp::Plus, operand } if matches!(module.kind(*operand), ExprKind::Float(_)) => {
            Some("float")
        }
        ExprKind::Tuple(_) => Some("tuple"),
        ExprKind::List(_) | ExprKind::Comprehension { kind: ComprehensionKind::List, .. } => Some("list"),
        ExprKind::Dict(_) | ExprKind::Comprehension { kind: ComprehensionKind::Dict, .. } => Some("dict"),
        ExprKind::Set(_) | ExprKind::Comprehension { kind: ComprehensionKind::Set, .. } => Some("set"),
        ExprKind::Comprehension { .. } => Some("generator"),
        ExprKind::Bytes => Some("bytes object"),
        ExprKind::Str(text) => is_number(text).then_some("number in a string"),
        ExprKind::BinOp { op: BinOp::Div, left, right } => {
            // A path is a message.
            let number = |expr: ExprId| {
                matches!(module.kind(expr), ExprKind::Int(_) | ExprKind::Float(_))
                    || module.call(expr).is_some_and(|call| {
                        super::callee_names(context, arrival.module, call.func).iter().any(|name| name == "builtins.len")
                    })
            };
            (number(*left) || number(*right)).then_some("float")
        }
        ExprKind::Call { func, args } => super::callee_names(context, arrival.module, *func).iter().find_map(|name| match name.as_str() {
            "builtins.float" => Some("float"),
            "builtins.tuple" => Some("tuple"),
            "builtins.list" | "builtins.sorted" => Some("list"),
            "builtins.dict" => Some("dict"),
            "builtins.set" | "builtins.frozenset" => Some("set"),
            "builtins.bytes" => Some("bytes object"),
            "builtins.str" => {
                let number =
                    args.first().and_then(|arg| context.program.constant(arrival.module, arg.value)).and_then(|code| code.as_int());
                number.map(|_| "number in a string")
            }
            _ => None,
        }),
        _ => None,
    }
}

fn is_number(text: &str) -> bool {
    let digits = text.trim().trim_start_matches(['-', '+']);
    !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit())
}
