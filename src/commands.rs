//! One function for each command; each decides how the run ends.

mod check;

use std::ffi::OsString;
use std::path::Path;
use std::sync::Arc;

use clap::error::ErrorKind;
use clap::{CommandFactory, Parser};

use crate::cli::{
    COMMANDS, CheckArgs, Cli, Command, CompletionArgs, ConfigArgs, ConfigCommand, GraphArgs, ManPageArgs, RuleArgs, RulesArgs,
};
use crate::config::options::Options;
use crate::config::words::nearest;
use crate::config::{self, Folders, Switches};
use crate::report::stderr::Stderr;
use crate::{ExitStatus, graph, lsp, report};

/// Runs what the arguments ask for.
pub fn run(arguments: &[OsString]) -> ExitStatus {
    let parsed = Cli::try_parse_from(arguments);
    let parsed = match parsed.as_ref().ok().and_then(command_behind_flags) {
        Some(command) => Cli::try_parse_from(command_first(arguments, command)),
        None => parsed,
    };
    let cli = match parsed {
        Ok(cli) => cli,
        Err(error) => {
            report::stderr::usage(&error);
            let asked = matches!(error.kind(), ErrorKind::DisplayHelp | ErrorKind::DisplayVersion);
            return if asked { ExitStatus::Clean } else { ExitStatus::Error };
        }
    };
    let implicit = cli.command.is_none();
    let command = cli.command.unwrap_or(Command::Check(Box::new(cli.check)));
    let color = match &command {
        Command::Check(arguments) => arguments.output.verbosity.color,
        Command::Graph(arguments) => arguments.color,
        _ => crate::cli::ColorWhen::Auto,
    };
    let stderr = Stderr::new(color);
    let outcome = match &command {
        Command::Check(arguments) => {
            let meant = if implicit { refuse_mistyped_command(arguments) } else { Ok(()) };
            meant.and_then(|()| check::run(arguments, stderr))
        }
        Command::Rule(arguments) => rule(arguments, stderr),
        Command::Rules(arguments) => rules(arguments),
        Command::Config(arguments) => show_config(arguments, stderr),
        Command::Graph(arguments) => show_graph(arguments, stderr),
        Command::Server(_) => lsp::serve(),
        Command::GenerateShellCompletion(arguments) => shell_completion(arguments),
        Command::GenerateManPage(arguments) => man_page(arguments),
    };
    outcome.unwrap_or_else(|error| {
        stderr.error(&error);
        ExitStatus::Error
    })
}

/// Prints what is wrong or doubtful in configuration files. Returns whether anything is wrong.
fn warn(folders: &Folders, stderr: Stderr) -> bool {
    for text in folders.warnings() {
        stderr.warning(&text);
    }
    let errors = folders.errors();
    for error in &errors {
        stderr.config_error(error);
    }
    !errors.is_empty()
}

fn configuration_is_wrong(folders: &Folders, stderr: Stderr) -> ExitStatus {
    warn(folders, stderr);
    ExitStatus::Error
}

/// The command of `pyrelint -q check src`, which reads as a path: flags end the place of commands.
fn command_behind_flags(cli: &Cli) -> Option<&'static str> {
    let first = cli.check.paths.first().filter(|_| cli.command.is_none())?;
    COMMANDS.iter().copied().find(|command| Path::new(command) == first && !first.exists())
}

/// The arguments with the command moved to the front.
fn command_first(arguments: &[OsString], command: &str) -> Vec<OsString> {
    let mut moved = arguments.to_vec();
    // A value of a flag may be the same word; the path comes behind it.
    if let Some(at) = moved.iter().rposition(|argument| argument == command) {
        let command = moved.remove(at);
        moved.insert(1.min(moved.len()), command);
    }
    moved
}

/// A word that is no path but nearly a command was meant as one.
fn refuse_mistyped_command(typed: &CheckArgs) -> anyhow::Result<()> {
    let Some(word) = typed.paths.first().and_then(|path| path.to_str()) else { return Ok(()) };
    let is_word = !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_alphabetic() || byte == b'-');
    if is_word
        && !Path::new(word).exists()
        && let Some(command) = nearest(word, COMMANDS.iter().copied())
    {
        anyhow::bail!(
            "there is no command and no file or folder `{word}`\n\nDid you mean `pyrelint {command}`? `pyrelint --help` lists the commands."
        );
    }
    Ok(())
}

/// `pyrelint rule`.
fn rule(typed: &RuleArgs, stderr: Stderr) -> anyhow::Result<ExitStatus> {
    if let Some(text) = typed.rule.former() {
        stderr.warning(&text);
    }
    let Some(rule) = typed.rule.rule() else {
        let names: Vec<&str> = typed.rule.rules().iter().map(|rule| rule.name).collect();
        anyhow::bail!("`{}` means more than one rule; name one of: {}", typed.rule, names.join(", "));
    };
    report::page(rule.page)?;
    Ok(ExitStatus::Clean)
}

/// `pyrelint rules`.
fn rules(typed: &RulesArgs) -> anyhow::Result<ExitStatus> {
    report::rules(typed.output_format, crate::cli::ColorWhen::Auto)?;
    Ok(ExitStatus::Clean)
}

/// `pyrelint config`.
fn show_config(typed: &ConfigArgs, stderr: Stderr) -> anyhow::Result<ExitStatus> {
    if let Some(ConfigCommand::Schema) = typed.command {
        report::bytes(config::schema::text()?.as_bytes())?;
        return Ok(ExitStatus::Clean);
    }
    let switches = Switches { suppressions: true, prefilter: true };
    let folders = config::folders(&typed.config, config::selection_flags(&typed.rules), switches)?;
    let path = std::fs::canonicalize(&typed.path).map_err(|error| anyhow::anyhow!("{}: {error}", typed.path.display()))?;
    let folder = if path.is_dir() { Some(path.as_path()) } else { path.parent() };
    let known = folder.and_then(|folder| folders.of(folder));
    let wrong = warn(&folders, stderr);
    match known {
        Some(folder) if !wrong => {
            report::page(&config::show::settings(&folder, &folders.working_directory))?;
            Ok(ExitStatus::Clean)
        }
        _ => Ok(ExitStatus::Error),
    }
}

/// `pyrelint graph`.
fn show_graph(typed: &GraphArgs, stderr: Stderr) -> anyhow::Result<ExitStatus> {
    let switches = Switches { suppressions: true, prefilter: true };
    let flags = Options { python: typed.python.clone(), ..Options::default() };
    let folders = Arc::new(config::folders(&typed.config, flags, switches)?);
    let view = graph::view(&typed.target, typed.depth as usize, &folders);
    // A wrong configuration is the reason for whatever came of it.
    if warn(&folders, stderr) {
        return Ok(ExitStatus::Error);
    }
    report::graph::write(typed.output_format, &view?, typed.color)?;
    Ok(ExitStatus::Clean)
}

/// `pyrelint generate-shell-completion`.
fn shell_completion(typed: &CompletionArgs) -> anyhow::Result<ExitStatus> {
    let mut script = Vec::new();
    clap_complete::generate(typed.shell, &mut Cli::command(), "pyrelint", &mut script);
    report::bytes(&script)?;
    Ok(ExitStatus::Clean)
}

/// `pyrelint generate-man-page`.
fn man_page(typed: &ManPageArgs) -> anyhow::Result<ExitStatus> {
    let mut program = Cli::command();
    // Gives the commands their full names: `pyrelint check`.
    program.build();
    let command = match &typed.command {
        None => program,
        Some(name) => match program.find_subcommand(name) {
            Some(command) => command.clone(),
            None => anyhow::bail!("there is no command `{name}`; `pyrelint --help` lists them"),
        },
    };
    let mut page = Vec::new();
    clap_mangen::Man::new(command).manual("pyrelint").source(concat!("pyrelint ", env!("CARGO_PKG_VERSION"))).render(&mut page)?;
    report::bytes(&page)?;
    Ok(ExitStatus::Clean)
}
