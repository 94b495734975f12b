//! Who shares a log file: whether its name tells processes apart, and which programs of a project open it.

use ruff_text_size::TextRange;

use super::files::LogFile;
use crate::context::Context;
use crate::module::ir::{BoundValue, ExprId, ExprKind, FunctionId, Name, ScopeId};
use crate::program::service::is_production;
use crate::program::{FunctionRef, ModuleId, Value};

/// How many modules are asked whether they open the file.
const MAX_IMPORTERS: usize = 40;
/// How many names on the way to a path are followed.
const MAX_STEPS: usize = 5;
/// How many calls up a function that opens the file is followed in its module.
const MAX_CALLS: usize = 3;

/// Parts of names in the expression of a path that tell processes, or starts of one program, apart.
const PROCESS: &[&str] = &[
    "pid",
    "process",
    "worker",
    "rank",
    "uuid",
    "instance",
    "thread",
    "random",
    "hostname",
    "gethostname",
    "mkstemp",
    "mkdtemp",
    "temporary",
    "timestamp",
    "strftime",
    "today",
    "now",
];
/// Parts of names that say that each program may have a file of its own.
const ASKED: &[&str] = &["environ", "getenv", "argv", "args", "option", "opts", "config", "self", "cls", "input"];

/// A program that opens a log file.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Start {
    pub(crate) module: ModuleId,
    pub(crate) range: TextRange,
}

/// What a path is made of.
#[derive(Default)]
struct Parts {
    /// The names and attributes in it, in lower case; what is written in strings is the same for all.
    words: Vec<Name>,
    /// Whether a parameter is part of it.
    open: bool,
    seen: Vec<ExprId>,
}

impl Parts {
    fn says(&self, words: &[&str]) -> bool {
        self.words.iter().any(|own| words.iter().any(|word| own.contains(word)))
    }
}

/// Whether the name of a file holds something that differs from process to process.
pub(crate) fn names_process(context: &Context<'_>, file: &LogFile) -> bool {
    let Some(path) = file.path else { return false };
    let parts = parts(context, path);
    parts.says(PROCESS)
}

fn parts(context: &Context<'_>, path: ExprId) -> Parts {
    let mut parts = Parts::default();
    follow(context, path, 0, &mut parts);
    parts
}

fn follow(context: &Context<'_>, expr: ExprId, steps: usize, parts: &mut Parts) {
    if parts.seen.contains(&expr) {
        return;
    }
    parts.seen.push(expr);
    let (program, module) = (context.program, context.module);
    let range = module.expr(expr).range;
    if steps >= MAX_STEPS {
        return;
    }
    let inner: Vec<ExprId> = module.exprs().filter(|(_, other)| range.contains_range(other.range)).map(|(id, _)| id).collect();
    for id in inner {
        if let Some(call) = module.call(id) {
            for value in program.resolver(context.id).values(call.func) {
                let (Value::Function(function) | Value::Method(function, _)) = value else { continue };
                if function.module == context.id {
                    let returns = module.code(function.id).returns.iter().flatten().copied().collect::<Vec<_>>();
                    for value in returns {
                        follow(context, value, steps + 1, parts);
                    }
                }
            }
        }
        if let ExprKind::Attribute { attr, .. } = module.kind(id) {
            parts.words.push(attr.to_ascii_lowercase());
        }
        let ExprKind::Name(name) = module.kind(id) else { continue };
        parts.words.push(name.to_ascii_lowercase());
        for binding in program.reaching(context.id, id, name) {
            match binding.value {
                BoundValue::Expr(value) | BoundValue::Annotated { value: Some(value), .. } | BoundValue::Augmented { value, .. } => {
                    follow(context, value, steps + 1, parts);
                }
                BoundValue::Param(function, index) => {
                    parts.open = true;
                    let given = program.arguments(context.id, function, index as usize).values;
                    for value in given {
                        follow(context, value, steps + 1, parts);
                    }
                }
                _ => {}
            }
        }
    }
}

/// Two programs of the project that open the same file by this code.
pub(crate) fn two_starts(context: &Context<'_>, file: &LogFile) -> Option<[Start; 2]> {
    let parts = file.path.map(|path| parts(context, path))?;
    if parts.open || parts.says(ASKED) {
        return None;
    }
    let program = context.program;
    let function = context.module.expr(file.at).function;
    let openers = function.map(|function| openers(context, function));
    let mut starts: Vec<Start> = Vec::new();
    for (importer, statement) in program.importers(context.id, MAX_IMPORTERS) {
        let Some(path) = program.path(importer) else { continue };
        if !is_production(context, path) {
            continue;
        }
        let there = program.module(importer);
        let range = match &openers {
            // A module that opens the file when it is imported.
            None => is_program(context, importer, None).then(|| there.stmt(statement).range),
            Some(openers) => there.calls().find_map(|call| {
                let opens = program.resolver(importer).values(call.func).iter().any(|value| match value {
                    Value::Function(function) | Value::Method(function, _) => openers.contains(function),
                    _ => false,
                });
                let expr = there.expr(call.id);
                (opens && program.is_live(importer, call.id) && is_program(context, importer, expr.function)).then_some(expr.range)
            }),
        };
        if let Some(range) = range
            && !starts.iter().any(|start| start.module == importer)
        {
            starts.push(Start { module: importer, range });
        }
    }
    match starts[..] {
        [first, second, ..] => Some([first, second]),
        _ => None,
    }
}

/// The functions of the module that open the file when they are called.
fn openers(context: &Context<'_>, function: FunctionId) -> Vec<FunctionRef> {
    let mut found = vec![FunctionRef { module: context.id, id: function }];
    let mut at = 0;
    while at < found.len() && at < MAX_CALLS {
        for caller in context.program.callers(context.id, found[at].id) {
            if let Some(outer) = context.module.expr(caller).function {
                let outer = FunctionRef { module: context.id, id: outer };
                if !found.contains(&outer) {
                    found.push(outer);
                }
            }
        }
        at += 1;
    }
    found
}

/// Whether a program of its own starts with a module, at its top or with one of its functions: nobody else in the project imports it, or the
/// metadata names the function.
fn is_program(context: &Context<'_>, id: ModuleId, function: Option<FunctionId>) -> bool {
    let program = context.program;
    let module = program.module(id);
    let name = function.map(|function| module.function(function).name.as_str());
    if name.is_some_and(|name| program.is_console_script(id, name)) {
        return true;
    }
    if name.is_none() && !module.scope(ScopeId(0)).bindings.is_empty() && !module.file.text().contains("__main__") {
        return false;
    }
    let Some(path) = program.path(id) else { return false };
    !crate::program::imports::is_package_file(path)
        && program.graph(id).is_some_and(|graph| !graph.importers(path).any(|file| is_production(context, file)))
}
