//! Where a place of the program is run from: the functions and modules whose execution leads to it by calls, also those of other modules.
//!
//! Names lead to functions here, calls as well as other uses (a callback, a thread's target). Not so where it is handed to another process: what runs there is no
//! part of what runs here. A lambda is called by whoever has it, which is not followed. Where nothing calls a method, not even something that is not known, making
//! an object leads to it.

use rustc_hash::FxHashSet;

use super::order::exclusive;
use super::processes;
use crate::context::{Context, Report};
use crate::module::Module;
use crate::module::ir::{ExprId, ExprKind};
use crate::program::imports::is_package_file;
use crate::program::service::is_production;
use crate::program::{ClassRef, FunctionRef, ModuleId, Program, Type, Value};

/// How many bodies that lead to a place are looked at.
const MAX_LEADS: usize = 60;
/// How many modules are asked for one function.
const MAX_USERS: usize = 30;

/// Code that runs as a whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Body {
    Function(FunctionRef),
    /// What a module does when it is imported.
    Top(ModuleId),
    /// What it does only when it is run as a program.
    Guard(ModuleId),
}

/// A body that leads to a place, and the expression in it that does.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Lead {
    pub(crate) body: Body,
    pub(crate) module: ModuleId,
    pub(crate) expr: ExprId,
}

impl Lead {
    fn new(program: &Program, module: ModuleId, expr: ExprId) -> Self {
        let data = program.module(module).expr(expr);
        let body = match data.function {
            Some(id) => Body::Function(FunctionRef { module, id }),
            None if program.module(module).under_main_guard(data.stmt) => Body::Guard(module),
            None => Body::Top(module),
        };
        Self { body, module, expr }
    }

    /// Adds it to a report about a place of the linted module, unless it is that place.
    pub(crate) fn explain<'a>(&self, context: &Context<'_>, at: ExprId, report: Report<'a>) -> Report<'a> {
        if (self.module, self.expr) == (context.id, at) {
            return report;
        }
        let range = context.program.module(self.module).expr(self.expr).range;
        report.related("this leads to the log file", context.place_in(self.module, range))
    }
}

/// The bodies that lead to an expression, that around it first.
pub(crate) fn leading_to(context: &Context<'_>, module: ModuleId, expr: ExprId) -> Vec<Lead> {
    let program = context.program;
    let mut found = vec![Lead::new(program, module, expr)];
    let mut at = 0;
    while at < found.len() && found.len() < MAX_LEADS {
        let body = found[at].body;
        if let Body::Function(function) = body
            && !found[..at].iter().any(|other| other.body == body)
        {
            found.extend(sites(context, function).into_iter().map(|(module, site)| Lead::new(program, module, site)));
        }
        at += 1;
    }
    found
}

/// What of two bodies shows that one run of the program passes both: the lead to the first.
pub(crate) fn meeting<'a>(program: &Program, first: &'a [Lead], second: &[Lead]) -> Option<&'a Lead> {
    first.iter().find(|lead| match lead.body {
        // Whoever runs code of a module has imported it, and what it imports.
        Body::Top(module) => second.iter().any(|other| other.module == module || program.brings(other.module, module)),
        body => second.iter().any(|other| {
            let module = program.module(lead.module);
            other.body == body && !exclusive(module, module.expr(lead.expr).stmt, module.expr(other.expr).stmt)
        }),
    })
}

/// The places that may run a function.
fn sites(context: &Context<'_>, function: FunctionRef) -> Vec<(ModuleId, ExprId)> {
    let program = context.program;
    let own = program.module(function.module);
    let data = program.function(function);
    let class = data.class.map(|id| ClassRef { module: function.module, id });
    // What a process runs is no part of what runs where it is made.
    if data.name == "run" && class.is_some_and(|class| program.derives_from(class, "multiprocessing.process.BaseProcess")) {
        return Vec::new();
    }
    let mut names: Vec<&str> = vec![data.name.as_str()];
    if let Some(class) = class {
        let derives = |id| program.mro(ClassRef { module: function.module, id }).contains(&Type::Class(class));
        names.extend(own.classes().filter(|(id, _)| derives(*id)).map(|(_, data)| data.name.as_str()));
    }
    let (mut found, mut makers) = (Vec::new(), Vec::new());
    for module in users(context, function.module, &names) {
        let there = program.module(module);
        for (id, expr) in there.exprs_holding(&names) {
            let (ExprKind::Name(name) | ExprKind::Attribute { attr: name, .. }) = &expr.kind else { continue };
            if !names.contains(&name.as_str()) || !is_used(there, id, &names) || !program.is_live(module, id) {
                continue;
            }
            let is_attribute = *name == data.name && class.is_some() && matches!(expr.kind, ExprKind::Attribute { .. });
            for value in program.resolver(module).values(id) {
                match value {
                    Value::Function(other) | Value::Method(other, _) if other == function => found.push((module, id)),
                    Value::Class(other) if class.is_some_and(|class| program.mro(other).contains(&Type::Class(class))) => {
                        makers.push((module, id));
                    }
                    Value::Unresolved(_) if is_attribute => found.push((module, id)),
                    _ => {}
                }
            }
        }
    }
    if found.is_empty() { makers } else { found }
}

/// Whether an expression is called, or passed to something that may call it; but not to what starts a process.
fn is_used(module: &Module, expr: ExprId, names: &[&str]) -> bool {
    let range = module.expr(expr).range;
    let mut used = false;
    let around = module.exprs_holding(names).filter(|(_, other)| other.range.contains_range(range)).map(|(id, _)| id);
    for call in around.filter_map(|id| module.call(id)) {
        let passed = !module.expr(call.func).range.contains_range(range);
        if passed
            && matches!(module.kind(call.func), ExprKind::Attribute { attr: name, .. } | ExprKind::Name(name) if processes::takes_function(name))
        {
            return false;
        }
        used |= passed || call.func == expr;
    }
    used
}

/// A module, and those of its project that may use one of its names: they import it, or a package that does, and hold the name.
fn users(context: &Context<'_>, module: ModuleId, names: &[&str]) -> Vec<ModuleId> {
    let program = context.program;
    let mut found = vec![module];
    let (Some(graph), Some(path)) = (program.graph(module), program.path(module)) else { return found };
    let holds = |text: &[u8]| names.iter().any(|name| memchr::memmem::find(text, name.as_bytes()).is_some());
    let mut seen = FxHashSet::default();
    let mut queue = vec![path];
    while let Some(path) = queue.pop() {
        for file in graph.importers(path) {
            if found.len() >= MAX_USERS || !seen.insert(file.to_owned()) || !is_production(context, file) {
                continue;
            }
            // A package may hand everything on with a star.
            if is_package_file(file) {
                queue.push(file);
            }
            if program.text_passes(file, holds) {
                found.extend(program.load(file).filter(|id| *id != module));
            }
        }
    }
    found
}
