//! What the rules about units ask of the programs that these start.

use std::path::Path;

use crate::context::{Context, Findings, Role};
use crate::deployment::{Deployment, PythonStart};
use crate::diagnostic::{Diagnostic, Place};
use crate::effects::leave::{Leaving, leavings};
use crate::effects::reach::{Hop, Node, reach_all};
use crate::module::ir::FunctionId;
use crate::program::entries::entries;
use crate::program::{FunctionRef, ModuleId};
use crate::rules::exit_codes::{exit_status_dropped, exit_wait_status, exit_zero_on_failure, main_swallows_failure};

/// How many modules of one program are looked at.
const MAX_MODULES: usize = 200;

/// The modules that a start runs, as files of the project.
pub(super) fn started(deployment: &Deployment<'_>, start: &PythonStart) -> Vec<ModuleId> {
    start.modules.iter().filter_map(|path| deployment.program.load(path)).collect()
}

/// The modules that a start runs and those that they import, directly or not, the nearest first; but only those of the project's own code whose
/// text holds one of the words.
pub(super) fn modules_holding(deployment: &Deployment<'_>, start: &PythonStart, words: &'static [&'static str]) -> Vec<ModuleId> {
    let program = deployment.program;
    let mut found: Vec<ModuleId> = Vec::new();
    for id in started(deployment, start) {
        let Some(path) = program.path(id) else { continue };
        let mut look = |file: &Path| {
            let below = file.strip_prefix(&deployment.root).unwrap_or(file).to_string_lossy();
            if Role::of(&below) == Role::Production || file == path {
                let holds = program.text_holds(file, words);
                found.extend(holds.then(|| program.load(file)).flatten().filter(|id| !found.contains(id)));
            }
            found.len() >= MAX_MODULES
        };
        match program.graph(id) {
            Some(graph) if graph.way_to(path, |_, _| true, &mut look).is_some() => {}
            Some(_) => drop(look(path)),
            None => {}
        }
    }
    found
}

/// The functions that a start begins with: what the module calls when it is run, and what a console script calls.
fn beginnings(deployment: &Deployment<'_>, start: &PythonStart, id: ModuleId) -> Vec<Node> {
    let program = deployment.program;
    let called = entries(program, id).into_iter().map(|entry| entry.function);
    let module = program.module(id);
    let is_it = |function: &FunctionId| {
        let data = module.function(*function);
        data.class.is_none() && data.outer.is_none() && start.function.as_deref() == Some(data.name.as_str())
    };
    let scripted = module.functions().map(|(function, _)| function).filter(is_it).map(|function| FunctionRef { module: id, id: function });
    called.chain(scripted).map(|function| Node { function, this: None }).collect()
}

/// A failure that leaves the program with 0, as a rule of the exit codes reports it.
pub(super) struct Hidden {
    pub(super) diagnostic: Diagnostic,
    /// The calls that lead to it.
    pub(super) path: Vec<Hop>,
}

/// The failures of a program that end it with 0: those that RL302, RL304, RL314 and RL315 report in what is reached from its start.
pub(super) fn hidden_failures(deployment: &Deployment<'_>, start: &PythonStart) -> Vec<Hidden> {
    let program = deployment.program;
    let mut found = Vec::new();
    for id in started(deployment, start) {
        let nodes = beginnings(deployment, start, id);
        let exits = reached_exits(deployment, id, &nodes);
        let mut modules: Vec<ModuleId> = exits.iter().map(|leaving| leaving.module).chain([id]).collect();
        modules.extend(nodes.iter().map(|node| node.function.module));
        modules.sort_unstable();
        modules.dedup();
        let reached = reach_all(program, &nodes);
        for module in modules {
            let context = deployment.at(module);
            for diagnostic in at_exits(&context) {
                let is_it = |leaving: &&Leaving| leaving.module == module && leaving.exit.range == diagnostic.place.range;
                if let Some(leaving) = exits.iter().find(is_it) {
                    found.push(Hidden { diagnostic, path: leaving.path.clone() });
                }
            }
            for diagnostic in of_mains(&context) {
                // In a function that is reached, or at the top of the module that is run.
                let at = context.module.function_at(diagnostic.place.range.start());
                let place =
                    |function: FunctionId| reached.nodes.iter().position(|node| node.function == FunctionRef { module, id: function });
                let path = match at {
                    None if module == id => Some(Vec::new()),
                    None => None,
                    Some(function) => place(function).map(|at| reached.ways[at].clone()),
                };
                found.extend(path.map(|path| Hidden { diagnostic, path }));
            }
        }
    }
    found.sort_by_key(|hidden| hidden.path.len());
    found
}

/// The functions that a start reaches by calls, with the way to each, the nearest first; and the modules that it runs.
pub(super) fn reached(deployment: &Deployment<'_>, start: &PythonStart) -> (Vec<ModuleId>, Vec<(Node, Vec<Hop>)>) {
    let modules = started(deployment, start);
    let nodes: Vec<Node> = modules.iter().flat_map(|id| beginnings(deployment, start, *id)).collect();
    let found = reach_all(deployment.program, &nodes);
    (modules, found.nodes.into_iter().zip(found.ways).collect())
}

/// The exit calls that the run of a module reaches: at its top, and in what it begins with.
pub(super) fn exits(deployment: &Deployment<'_>, start: &PythonStart) -> Vec<Leaving> {
    let modules = started(deployment, start);
    modules.into_iter().flat_map(|id| reached_exits(deployment, id, &beginnings(deployment, start, id))).collect()
}

fn reached_exits(deployment: &Deployment<'_>, id: ModuleId, nodes: &[Node]) -> Vec<Leaving> {
    let program = deployment.program;
    let module = program.module(id);
    let top = program.exits_of(id);
    let top = top.iter().filter(|exit| module.expr(exit.expr).function.is_none());
    let mut found: Vec<Leaving> = top.map(|exit| Leaving { module: id, exit: *exit, path: Vec::new() }).collect();
    for node in nodes {
        for leaving in leavings(program, *node) {
            if !found.iter().any(|other| other.module == leaving.module && other.exit.range == leaving.exit.range) {
                found.push(leaving);
            }
        }
    }
    found
}

/// The findings at exit calls: wait statuses, and 0 for a failure.
fn at_exits(context: &Context<'_>) -> Vec<Diagnostic> {
    let mut findings = Findings::new(context.settings);
    exit_wait_status::check(context, &mut findings);
    exit_zero_on_failure::check(context, &mut findings);
    findings.diagnostics
}

/// The findings about what becomes of the result of the program's main function.
fn of_mains(context: &Context<'_>) -> Vec<Diagnostic> {
    let mut findings = Findings::new(context.settings);
    exit_status_dropped::check(context, &mut findings);
    main_swallows_failure::check(context, &mut findings);
    findings.diagnostics
}

/// The steps of a way, each with its place.
pub(super) fn steps(deployment: &Deployment<'_>, path: &[Hop]) -> Vec<(String, Place)> {
    let program = deployment.program;
    let name = |node: Node| program.qualified_name(node.function);
    let step = |hop: &Hop| {
        let place = Place::new(&program.module(hop.caller.function.module).file, hop.range);
        (format!("`{}` calls `{}`", name(hop.caller), name(hop.callee)), place)
    };
    path.iter().map(step).collect()
}
