//! Whether a value that a function returns is an exit status, and which.

use crate::context::Context;
use crate::module::ir::{BinOp, ExprKind, UnaryOp};
use crate::program::constants::Constant;
use crate::program::flow::Arrival;

/// What a returned value is as an exit status.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Status {
    /// It is no status: text, a container, a boolean.
    No,
    /// 0 or `None`.
    Success,
    /// An integer other than 0, or a status that may be one.
    Failure,
    Unknown,
}

/// Library calls that return a status.
const STATUSES: &[&str] = &[
    "subprocess.call",
    "os.system",
    "os.spawnv",
    "os.spawnl",
    "os.waitstatus_to_exitcode",
    "subprocess.Popen.wait",
    "pytest.main",
    "pylint.lint.Run",
];

/// Whether a value is the status of a program that was run.
pub(super) fn is_of_a_program(context: &Context<'_>, arrival: &Arrival) -> bool {
    let module = context.program.module(arrival.module);
    match module.kind(arrival.expr) {
        ExprKind::Attribute { attr, .. } => attr == "returncode" || attr == "exitcode",
        ExprKind::Call { func, .. } => {
            super::callee_names(context, arrival.module, *func).iter().any(|name| STATUSES.contains(&name.as_str()))
        }
        _ => false,
    }
}

/// What a value that arrives somewhere is as a status.
pub(super) fn status(context: &Context<'_>, arrival: &Arrival) -> Status {
    let (program, module) = (context.program, context.program.module(arrival.module));
    if arrival.part.is_some() {
        return Status::Unknown;
    }
    if let Some(constant) = program.constant(arrival.module, arrival.expr) {
        return match constant {
            Constant::Bool(_) | Constant::Float(_) | Constant::Str(_) => Status::No,
            Constant::None => Status::Success,
            _ => match constant.as_int() {
                Some(0) if arrival.changes.is_empty() => Status::Success,
                Some(code) if (-255..=255).contains(&code) && arrival.changes.is_empty() => Status::Failure,
                Some(0) => Status::Unknown,
                _ => Status::No,
            },
        };
    }
    match module.kind(arrival.expr) {
        ExprKind::Compare { .. }
        | ExprKind::Unary { op: UnaryOp::Not, .. }
        | ExprKind::FString(_)
        | ExprKind::Bytes
        | ExprKind::Complex
        | ExprKind::Tuple(_)
        | ExprKind::List(_)
        | ExprKind::Set(_)
        | ExprKind::Dict(_)
        | ExprKind::Lambda(_)
        | ExprKind::Comprehension { .. }
        | ExprKind::BinOp { op: BinOp::Div | BinOp::MatMult, .. } => Status::No,
        ExprKind::Attribute { .. } | ExprKind::Call { .. } if is_of_a_program(context, arrival) => Status::Failure,
        ExprKind::Call { func, .. } => {
            let names = super::callee_names(context, arrival.module, *func);
            if names.iter().any(|name| {
                matches!(
                    name.as_str(),
                    "builtins.bool" | "builtins.str" | "builtins.list" | "builtins.dict" | "builtins.any" | "builtins.all"
                )
            }) {
                Status::No
            } else {
                Status::Unknown
            }
        }
        _ => Status::Unknown,
    }
}
