//! Entry points: the calls with which a module starts its work when it is run as a program.
//!
//! Known are calls at the top of a module and under `if __name__ == "__main__"`.

use super::{FunctionRef, ModuleId, Program, Value};
use crate::module::Module;
use crate::module::ir::{ExprId, ExprKind, ScopeId, StmtId, StmtKind};

/// What becomes of the result of an entry point's function.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fate {
    /// Nothing: `main()`.
    Dropped,
    /// It is a part of a longer statement: `sys.exit(main())`, `code = main()`.
    Used,
}

/// A call with which a program starts.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Entry {
    pub(crate) function: FunctionRef,
    /// The call of the function, in the module that was asked about.
    pub(crate) call: ExprId,
    pub(crate) stmt: StmtId,
    pub(crate) fate: Fate,
}

/// The entry points of a module, in the order of the text.
pub(crate) fn entries(program: &Program, id: ModuleId) -> Vec<Entry> {
    let module = program.module(id);
    let mut found = Vec::new();
    for call in module.calls() {
        let expr = module.expr(call.id);
        if expr.function.is_some() || expr.scope != ScopeId(0) {
            continue;
        }
        let guarded = module.under_main_guard(expr.stmt);
        if !guarded && !is_plain_main(module, call.id) || program.is_dead(id, expr.stmt) {
            continue;
        }
        for value in program.resolver(id).values(call.func) {
            if let Value::Function(function) = value {
                let fate = if drops(program, id, expr.stmt, call.id) { Fate::Dropped } else { Fate::Used };
                found.push(Entry { function, call: call.id, stmt: expr.stmt, fate });
            }
        }
    }
    found
}

impl Program {
    /// Whether the metadata of the project names a function of a module as a console script (`"package.module:function"`).
    pub(crate) fn is_console_script(&self, id: ModuleId, function: &str) -> bool {
        let (Some(name), Some(scope)) = (self.dotted_name(id), self.scope(id)) else { return false };
        let wanted = format!("{name}:{function}");
        let text = self.snapshot.metadata(scope);
        memchr::memmem::find_iter(text.as_bytes(), &wanted).any(|at| {
            let byte = |at: Option<usize>| at.and_then(|at| text.as_bytes().get(at)).copied().unwrap_or(b' ');
            let inner = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.');
            !inner(byte(at.checked_sub(1))) && !inner(byte(Some(at + wanted.len())))
        })
    }
}

/// Whether a function's name says that it is what its program does.
pub(crate) fn is_main_name(name: &str) -> bool {
    let name = name.trim_matches('_').to_ascii_lowercase();
    name.starts_with("main") || name.ends_with("main") || matches!(name.as_str(), "run" | "cli" | "start" | "execute" | "serve" | "app")
}

/// Without a guard only `main(...)` at the start of a line, or in an exit call, is taken for the program's start: other calls at the
/// top of a module prepare what importers use.
fn is_plain_main(module: &Module, call: ExprId) -> bool {
    let text = module.file.text();
    let start = usize::from(module.expr(call).range.start());
    let is_main = text.get(start..).is_some_and(|rest| rest.starts_with("main("));
    is_main && (text[..start].ends_with('\n') || text[..start].ends_with("sys.exit("))
}

/// Whether a statement is nothing but a call, or hands the call's coroutine to a runner and drops that one's result.
fn drops(program: &Program, id: ModuleId, stmt: StmtId, call: ExprId) -> bool {
    let module = program.module(id);
    let StmtKind::Expr(value) = module.stmt(stmt).kind else { return false };
    if value == call {
        return true;
    }
    let Some(outer) = module.call(value) else { return false };
    let runs = program.is_external(id, outer.func, &["asyncio.run"])
        || matches!(module.kind(outer.func), ExprKind::Attribute { attr, .. } if attr == "run_until_complete");
    runs && outer.positional(0) == Some(call)
}
