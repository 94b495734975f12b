//! RL313: a library that ends the process decides for programs that it does not know: they cannot try again, tidy up, or choose the status.

use std::path::Path;

use memchr::memmem;

use super::shown;
use crate::context::{Context, Findings, Role};
use crate::diagnostic::Severity;
use crate::effects::leave::{catcher, raises};
use crate::module::ir::{FunctionId, StmtId, StmtKind};
use crate::program::ModuleId;
use crate::program::entries::is_main_name;
use crate::program::exits::Exit;
use crate::program::service::{is_production, project_root};
use crate::rules::{Family, FixAvailability, Rule};
use crate::trigger::{EXIT, PLAIN_EXIT};

pub(crate) static META: Rule = Rule {
    code: "RL313",
    name: "exit-in-library",
    family: Family::ExitCodes,
    severity: Severity::Info,
    default: false,
    fix: FixAvailability::None,
    triggers: &[&[EXIT], &[PLAIN_EXIT]],
    former_names: &[],
    page: include_str!("exit_in_library.md"),
};

/// How many importers are loaded for one that imports the module indeed.
const MAX_IMPORTERS: usize = 12;

/// Modules and frameworks that read a command line.
const COMMAND_LINES: &[&str] =
    &["argparse", "optparse", "getopt", "click", "typer", "fire", "docopt", "cmd", "cleo", "cliff", "cyclopts", "plac", "absl"];

/// Names of files and folders that hold the commands of a program.
const COMMANDS: &[&str] =
    &["cli", "main", "cmd", "cmds", "command", "commands", "console", "script", "scripts", "bin", "setup", "manage", "noxfile", "fabfile"];

pub(crate) fn check(context: &Context<'_>, findings: &mut Findings<'_>) {
    let exits: Vec<&Exit> = context.exits().iter().filter(|exit| is_of_library(context, exit)).collect();
    if exits.is_empty() || context.role != Role::Production || is_program(context) {
        return;
    }
    let Some((importer, statement)) = importer(context) else { return };
    let name = context.program.module(importer).file.path();
    let place = context.place_in(importer, context.program.module(importer).stmt(statement).range);
    for exit in exits {
        let message = format!("`{}` ends the program of whoever uses this module, as `{name}` does", shown(context, exit));
        findings
            .report(&META, message, context.place(exit.range))
            .help("raise an exception of your own, and let the program decide what becomes of it")
            .related("the module is imported here", place.clone());
    }
}

/// Whether an exit call leaves its function, and that is not the main part of a program.
fn is_of_library(context: &Context<'_>, exit: &Exit) -> bool {
    let module = context.module;
    let outer = |function: &FunctionId| module.function(*function).outer;
    let mut around = std::iter::successors(module.expr(exit.expr).function, outer);
    let of_program = |id: FunctionId| {
        let data = module.function(id);
        is_main_name(&data.name) || data.class.is_none() && context.program.is_console_script(context.id, &data.name)
    };
    raises(exit) && catcher(context.program, context.id, exit.stmt).is_none() && !around.any(of_program)
}

/// Whether the module is a program or a part of its command line, by its text, its name, what it imports, or because something starts it.
fn is_program(context: &Context<'_>) -> bool {
    let (program, module) = (context.program, context.module);
    let first = |name: &str| name.split('.').next().is_some_and(|first| COMMAND_LINES.contains(&first));
    let reads = module.stmts().any(|(_, stmt)| match &stmt.kind {
        StmtKind::Import(modules) => modules.iter().any(|name| first(name)),
        StmtKind::ImportFrom { module, level: 0 } => first(module),
        _ => false,
    });
    let started = || {
        let root = project_root(context);
        root.is_some_and(|root| {
            program.deployments(&root).started.iter().any(|start| Some(start.module.as_path()) == program.path(context.id))
        })
    };
    let text = module.file.text();
    context.is_test() || reads || is_command(context.input.below_root) || starts(text.as_bytes()) || started()
}

/// Whether a path says that commands of a program are there.
fn is_command(path: &str) -> bool {
    path.trim_end_matches(".pyw").trim_end_matches(".py").split(['/', '\\', '_', '-']).any(|word| {
        let word = word.to_ascii_lowercase();
        COMMANDS.contains(&word.as_str()) || word.ends_with("cmd")
    })
}

/// Whether a text shows that it is a program's, or reads a command line.
fn starts(text: &[u8]) -> bool {
    let holds = |word: &str| memmem::find(text, word.as_bytes()).is_some();
    text.starts_with(b"#!") || ["__main__", "sys.argv", "import argparse", "import click"].into_iter().any(holds)
}

/// A module of the project that imports this one, and is neither a test of it nor the command line that it belongs to.
fn importer(context: &Context<'_>) -> Option<(ModuleId, StmtId)> {
    let program = context.program;
    let (path, graph, root) = (program.path(context.id)?, program.graph(context.id)?, project_root(context)?);
    let below = |file: &Path| file.strip_prefix(&root).unwrap_or(file).to_string_lossy().into_owned();
    let uses = |file: &&Path| is_production(context, file) && !is_command(&below(file)) && program.text_passes(file, |text| !starts(text));
    let files = graph.importers(path).filter(uses).take(MAX_IMPORTERS);
    files.filter_map(|file| program.load(file)).find_map(|importer| Some((importer, program.import_statement(importer, context.id)?)))
}
