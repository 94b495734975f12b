//! What was typed: the command line and its help. What it means is the business of [`crate::config`] and
//! [`crate::commands`].

use std::ffi::OsString;
use std::path::PathBuf;

use clap::builder::styling::{AnsiColor, Styles};
use clap::{ArgAction, Args, Parser, Subcommand, ValueEnum};
use pyrelint_lints::Severity;

use crate::config::words::{Glob, PerFileIgnore, RuleWord, TargetVersion};

const STYLES: Styles = Styles::styled()
    .header(AnsiColor::Green.on_default().bold())
    .usage(AnsiColor::Green.on_default().bold())
    .literal(AnsiColor::Cyan.on_default().bold())
    .placeholder(AnsiColor::Cyan.on_default());

const EXAMPLES: &str = "\
Examples:
  pyrelint                         Check all Python files below the current folder
  pyrelint src tests/conftest.py   Check a folder and a file
  pyrelint --select RL1,exit-code-range src
                                   Check only finalizers and the range of exit codes
  pyrelint rule del-io             Explain a rule, with a bad and a good program
  pyrelint rules                   List all rules
  pyrelint config                  Show the settings in force and where each comes from
  pyrelint --output-format html --output-file report.html src
                                   Write a page for the browser
  pyrelint --baseline pyrelint-baseline.toml --write-baseline
                                   Put aside the findings of today
  pyrelint --diff-base origin/main Report only what a branch has changed
  pyrelint --diff src              Show what --fix would change
  pyrelint graph app.cli.main      Show the calls of a function, and the ways to its effects
  git show HEAD:app.py | pyrelint --stdin-filename app.py -
                                   Check what comes through a pipe

Exit status:
  0  no finding at or above the severity of --fail-on
  1  at least one such finding
  1  with --diff: something would change
  2  wrong usage, invalid configuration, or an internal error

Ignoring a finding: write `# pyrelint: ignore[RULE]` on its line.
Configuration: [tool.pyrelint] in pyproject.toml, or pyrelint.toml.
Stub files (.pyi) and notebooks (.ipynb) are not checked.";

const GRAPH_EXAMPLES: &str = "\
Examples:
  pyrelint graph app/cli.py                    A module, by its file
  pyrelint graph app/cli.py:Client.close       A method, by its file and qualified name (`::` does as well)
  pyrelint graph app.cli.Client                A class, by its dotted name
  pyrelint graph --depth 3 app.cli.main        A function, what it calls, and what that calls
  pyrelint graph --output-format dot app.cli.main | dot -Tsvg -o main.svg
                                               A picture, drawn by Graphviz

Exit status:
  0  the target was found
  2  it was not, or the configuration is invalid";

const CONFIG_EXAMPLES: &str = "\
Examples:
  pyrelint config                      The settings of the current folder
  pyrelint config src/app/worker.py    The settings of a file
  pyrelint config schema               The JSON Schema of the configuration (of a file of that name: `config ./schema`)";

/// Finds reliability defects in Python services: finalizers that do I/O, logging that loses or floods, exit codes that
/// lie to supervisors, and deployments that do not restart.
#[derive(Debug, Parser)]
#[command(
    name = "pyrelint",
    version,
    styles = STYLES,
    after_help = EXAMPLES,
    args_conflicts_with_subcommands = true,
    subcommand_negates_reqs = true,
    disable_help_subcommand = true
)]
pub struct Cli {
    /// What to do; without a word, `check`.
    #[command(subcommand)]
    pub command: Option<Command>,
    /// The arguments of `check`, where no command is named.
    #[command(flatten)]
    pub check: CheckArgs,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Check files and folders (what happens without a command)
    #[command(after_help = EXAMPLES)]
    Check(Box<CheckArgs>),
    /// Explain a rule: what it finds, why that is a defect, what to do instead
    #[command(after_help = "Examples:\n  pyrelint rule del-io\n  pyrelint rule RL101")]
    Rule(RuleArgs),
    /// List all rules
    #[command(after_help = "Examples:\n  pyrelint rules\n  pyrelint rules --output-format json")]
    Rules(RulesArgs),
    /// Show the settings in force and where each comes from
    #[command(after_help = CONFIG_EXAMPLES, args_conflicts_with_subcommands = true)]
    Config(Box<ConfigArgs>),
    /// Show what the analysis knows about a function, a class or a module: calls, effects and the ways to them
    #[command(after_help = GRAPH_EXAMPLES)]
    Graph(Box<GraphArgs>),
    /// Serve editors: the Language Server Protocol over standard input and output
    Server(ServerArgs),
    /// Print the script that completes the command line in a shell
    #[command(after_help = "Example:\n  pyrelint generate-shell-completion bash > ~/.local/share/bash-completion/completions/pyrelint")]
    GenerateShellCompletion(CompletionArgs),
    /// Print a page of the manual, for man(1)
    #[command(after_help = "Example:\n  pyrelint generate-man-page | man -l -")]
    GenerateManPage(ManPageArgs),
}

/// Arguments of `pyrelint generate-shell-completion`.
#[derive(Debug, Args)]
pub struct CompletionArgs {
    /// The shell
    pub shell: clap_complete::Shell,
}

/// Arguments of `pyrelint generate-man-page`.
#[derive(Debug, Args)]
pub struct ManPageArgs {
    /// The command that the page is about [default: the program as a whole]
    pub command: Option<String>,
}

/// What `pyrelint config` can show besides settings.
#[derive(Debug, Subcommand)]
pub enum ConfigCommand {
    /// Print the JSON Schema of the configuration
    Schema,
}

/// Arguments of `pyrelint server`.
#[derive(Debug, Args)]
pub struct ServerArgs {
    /// Accepted for clients that always pass it: there is no other way to talk to the server
    #[arg(long, hide = true)]
    pub stdio: bool,
}

/// The names of the commands, for hints about mistyped ones.
pub const COMMANDS: &[&str] = &["check", "rule", "rules", "config", "graph", "server", "generate-shell-completion", "generate-man-page"];

/// Arguments of `pyrelint check`.
#[derive(Debug, Args)]
pub struct CheckArgs {
    /// Files, folders and archives to check; `-` reads standard input [default: .]
    pub paths: Vec<PathBuf>,

    /// The rules.
    #[command(flatten)]
    pub rules: SelectionArgs,
    /// The files.
    #[command(flatten)]
    pub files: FileArgs,
    /// The configuration.
    #[command(flatten)]
    pub config: SourceArgs,
    /// The fixes.
    #[command(flatten)]
    pub fix: FixArgs,
    /// What is reported.
    #[command(flatten)]
    pub reported: ReportedArgs,
    /// The output.
    #[command(flatten)]
    pub output: OutputArgs,

    /// Number of threads [default: one per processor]
    #[arg(short, long, value_name = "N", help_heading = "Run")]
    pub jobs: Option<usize>,
    /// Check again whenever a file changes, until an interrupt
    #[arg(short, long, help_heading = "Run", conflicts_with_all = ["show_files", "fix", "fix_only", "diff", "add_ignores", "write_baseline", "prune_baseline"])]
    pub watch: bool,
    /// Parse every file, even one that holds no trigger word
    #[arg(long, hide = true)]
    pub no_prefilter: bool,
    /// Panic on files whose name contains this text
    #[arg(long, hide = true, value_name = "NAME")]
    pub panic_on: Option<String>,
}

/// Which rules report.
#[derive(Debug, Default, Args)]
#[command(next_help_heading = "Rules")]
pub struct SelectionArgs {
    /// Check these rules only: names (del-io), codes (RL101), prefixes (RL1) or ALL, separated by commas
    #[arg(long, value_name = "RULE", value_delimiter = ',')]
    pub select: Option<Vec<RuleWord>>,
    /// Do not check these rules
    #[arg(long, value_name = "RULE", value_delimiter = ',')]
    pub ignore: Option<Vec<RuleWord>>,
    /// Check these rules besides those that are selected already
    #[arg(long, value_name = "RULE", value_delimiter = ',')]
    pub extend_select: Vec<RuleWord>,
    /// Do not check these rules, besides those that are ignored already
    #[arg(long, value_name = "RULE", value_delimiter = ',')]
    pub extend_ignore: Vec<RuleWord>,
    /// Do not check a rule in some files: `tests/*:RL301,docs/*:RL2`
    #[arg(long, value_name = "GLOB:RULE", value_delimiter = ',')]
    pub per_file_ignores: Option<Vec<PerFileIgnore>>,
    /// The oldest Python that the code runs on: 3.8, py311 [default: from requires-python, else 3.8]
    #[arg(long, value_name = "VERSION")]
    pub target_version: Option<TargetVersion>,
    /// Report findings even where a comment says to ignore them
    #[arg(long)]
    pub ignore_suppressions: bool,
}

/// Which files are checked.
#[derive(Debug, Default, Args)]
#[command(next_help_heading = "Files")]
#[expect(clippy::struct_excessive_bools, reason = "each is a switch of the command line")]
pub struct FileArgs {
    /// Do not check these files and folders (instead of the default list: .venv, node_modules, build ...)
    #[arg(long, value_name = "GLOB", value_delimiter = ',')]
    pub exclude: Option<Vec<Glob>>,
    /// Do not check these files and folders either
    #[arg(long, value_name = "GLOB", value_delimiter = ',')]
    pub extend_exclude: Vec<Glob>,
    /// Leave out excluded files even if they are named as arguments (for pre-commit)
    #[arg(long, overrides_with = "no_force_exclude")]
    pub force_exclude: bool,
    /// Check excluded files that are named as arguments
    #[arg(long, hide = true, overrides_with = "force_exclude")]
    pub no_force_exclude: bool,
    /// Check files that .gitignore names, too
    #[arg(long, overrides_with = "respect_gitignore")]
    pub no_respect_gitignore: bool,
    /// Leave out the files that .gitignore names
    #[arg(long, hide = true, overrides_with = "no_respect_gitignore")]
    pub respect_gitignore: bool,
    /// The interpreter or virtual environment whose installed packages are followed [default: VIRTUAL_ENV, else the project's .venv]
    #[arg(long, value_name = "PATH")]
    pub python: Option<PathBuf>,
    /// The name of the file that comes through standard input
    #[arg(long, value_name = "FILE")]
    pub stdin_filename: Option<PathBuf>,
}

/// What is done about findings.
#[derive(Debug, Default, Args)]
#[command(next_help_heading = "Fixes")]
#[expect(clippy::struct_excessive_bools, reason = "each is a switch of the command line")]
pub struct FixArgs {
    /// Fix what can be fixed, and report what is left
    #[arg(long, conflicts_with = "show_files")]
    pub fix: bool,
    /// Fix what can be fixed, and report nothing
    #[arg(long, conflicts_with_all = ["show_files", "diff"])]
    pub fix_only: bool,
    /// Count fixes, too, that may change what the program does (also by PYRELINT_UNSAFE_FIXES=1)
    #[arg(long, overrides_with = "no_unsafe_fixes")]
    pub unsafe_fixes: bool,
    /// Leave out the fixes that may change what the program does
    #[arg(long, hide = true, overrides_with = "unsafe_fixes")]
    pub no_unsafe_fixes: bool,
    /// Show what `--fix` would change as a unified diff, and write nothing; exits with 1 if there is anything
    #[arg(long, conflicts_with = "show_files")]
    pub diff: bool,
    /// Add a comment to each line with a finding that silences it, with a reason if one is given
    #[arg(long, value_name = "REASON", num_args = 0..=1, require_equals = true, default_missing_value = "", value_parser = reason, conflicts_with = "show_files")]
    pub add_ignores: Option<String>,
}

/// Where the settings come from.
#[derive(Debug, Default, Args)]
#[command(next_help_heading = "Configuration")]
pub struct SourceArgs {
    /// Use this configuration file for all files, or set one option: `--config 'fail-on = "info"'`
    #[arg(long, value_name = "FILE|KEY=VALUE", env = "PYRELINT_CONFIG", hide_env_values = true)]
    pub config: Vec<String>,
    /// Ignore all configuration files
    #[arg(long)]
    pub isolated: bool,
}

/// Which of the findings are reported.
#[derive(Debug, Default, Args)]
#[command(next_help_heading = "Old findings")]
pub struct ReportedArgs {
    /// Do not report the findings that this file knows (also by `baseline` in the configuration); name its entries that match nothing any more
    #[arg(long, value_name = "FILE")]
    pub baseline: Option<PathBuf>,
    /// Report the findings of the baseline all the same
    #[arg(long, conflicts_with_all = ["baseline", "write_baseline", "prune_baseline"])]
    pub no_baseline: bool,
    /// Write all findings of this run into the baseline, and report none
    #[arg(long, conflicts_with_all = ["show_files", "fix", "fix_only", "diff", "add_ignores", "prune_baseline", "diff_base", "statistics", "output_file"])]
    pub write_baseline: bool,
    /// Take out of the baseline what matches no finding any more
    #[arg(long, conflicts_with_all = ["show_files", "fix", "fix_only", "diff", "add_ignores"])]
    pub prune_baseline: bool,
    /// Report only what concerns lines changed since this Git revision: since the merge base with it, as a pull request does
    #[arg(long, value_name = "REVISION", conflicts_with = "show_files")]
    pub diff_base: Option<String>,
}

/// What comes out, and how.
#[derive(Debug, Default, Args)]
#[command(next_help_heading = "Output")]
pub struct OutputArgs {
    /// How findings are written [default: full]
    #[arg(long, value_name = "FORMAT", env = "PYRELINT_OUTPUT_FORMAT", hide_env_values = true)]
    pub output_format: Option<OutputFormat>,
    /// Write the findings to this file, which is replaced as a whole, instead of to standard output
    #[arg(long, short, value_name = "FILE", conflicts_with_all = ["show_files", "diff", "fix_only"])]
    pub output_file: Option<PathBuf>,
    /// The lowest severity that makes the exit status 1 [default: warning]
    #[arg(long, value_name = "SEVERITY", value_parser = severity)]
    pub fail_on: Option<Severity>,
    /// Exit with 0 even if there are findings
    #[arg(long)]
    pub exit_zero: bool,
    /// Print how often each rule reports, instead of the findings
    #[arg(long)]
    pub statistics: bool,
    /// Print the files that would be checked, and check nothing
    #[arg(long)]
    pub show_files: bool,
    /// How much is said on the side.
    #[command(flatten)]
    pub verbosity: Verbosity,
}

/// How much is said on the side.
#[derive(Clone, Copy, Debug, Default, Args)]
#[command(next_help_heading = "Output")]
pub struct Verbosity {
    /// Print nothing but the findings
    #[arg(short, long)]
    pub quiet: bool,
    /// Say more about the run; twice: counters
    #[arg(short, long, action = ArgAction::Count, conflicts_with = "quiet")]
    pub verbose: u8,
    /// Whether to use colours
    #[arg(long, value_name = "WHEN", default_value = "auto")]
    pub color: ColorWhen,
}

/// Arguments of `pyrelint rule`.
#[derive(Debug, Args)]
pub struct RuleArgs {
    /// A rule's name (del-io) or code (RL101)
    pub rule: RuleWord,
}

/// Arguments of `pyrelint rules`.
#[derive(Debug, Args)]
pub struct RulesArgs {
    /// How the list is written
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    pub output_format: ListFormat,
}

/// Arguments of `pyrelint config`.
#[derive(Debug, Args)]
pub struct ConfigArgs {
    /// What to show instead of settings.
    #[command(subcommand)]
    pub command: Option<ConfigCommand>,
    /// The file or folder whose settings are shown
    #[arg(default_value = ".")]
    pub path: PathBuf,
    /// The configuration.
    #[command(flatten)]
    pub config: SourceArgs,
    /// The rules.
    #[command(flatten)]
    pub rules: SelectionArgs,
}

/// Arguments of `pyrelint graph`.
#[derive(Debug, Args)]
pub struct GraphArgs {
    /// A file (app/cli.py), a dotted name (app.cli.Client.close), or a file with a qualified name (app/cli.py:Client.close)
    pub target: OsString,
    /// How the answer is written
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    pub output_format: GraphFormat,
    /// How many calls deep functions are shown: 1 for the target's own calls, 2 for the calls of what it calls as well
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..))]
    pub depth: u32,
    /// Whether to use colours
    #[arg(long, value_name = "WHEN", default_value = "auto")]
    pub color: ColorWhen,
    /// The interpreter or virtual environment whose installed packages are followed [default: VIRTUAL_ENV, else the project's .venv]
    #[arg(long, value_name = "PATH")]
    pub python: Option<PathBuf>,
    /// The configuration.
    #[command(flatten)]
    pub config: SourceArgs,
}

/// The formats of `pyrelint graph`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum GraphFormat {
    /// For people
    Text,
    /// An object, for programs
    Json,
    /// A graph of functions and effects, for Graphviz
    Dot,
}

/// The formats of findings.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum, serde::Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum OutputFormat {
    /// With source excerpts, the places that lead to the defect, and help
    #[default]
    Full,
    /// One line for each finding
    Concise,
    /// One line for each finding, below the name of its file
    Grouped,
    /// An array of objects, for programs
    Json,
    /// One object on each line, for programs that read a stream
    JsonLines,
    /// SARIF 2.1.0: code scanning of GitHub and others, viewers in editors
    Sarif,
    /// Annotations on the lines of a pull request, from GitHub Actions
    Github,
    /// A code quality report for GitLab
    Gitlab,
    /// JUnit XML: a test that fails for each finding
    Junit,
    /// The Reviewdog Diagnostic Format, with suggestions
    Rdjson,
    /// Issues in the log of Azure Pipelines
    Azure,
    /// Checkstyle XML, which many CI servers read
    Checkstyle,
    /// One page for the browser, to read and filter; needs nothing else
    Html,
}

impl OutputFormat {
    /// The word of the command line and of the configuration.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Full => "full",
            Self::Concise => "concise",
            Self::Grouped => "grouped",
            Self::Json => "json",
            Self::JsonLines => "json-lines",
            Self::Sarif => "sarif",
            Self::Github => "github",
            Self::Gitlab => "gitlab",
            Self::Junit => "junit",
            Self::Rdjson => "rdjson",
            Self::Azure => "azure",
            Self::Checkstyle => "checkstyle",
            Self::Html => "html",
        }
    }
}

/// The formats of lists.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum ListFormat {
    /// A table
    Text,
    /// An array of objects, for programs
    Json,
}

/// When colours are used.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum ColorWhen {
    /// On a terminal, if no environment variable says otherwise (NO_COLOR, FORCE_COLOR, CLICOLOR)
    #[default]
    Auto,
    /// Always
    Always,
    /// Never
    Never,
}

/// The reason of a suppression: it goes into a comment.
fn reason(text: &str) -> Result<String, String> {
    let fits = |letter: char| !letter.is_control() && letter != '#';
    if text.chars().all(fits) { Ok(text.trim().to_owned()) } else { Err("a reason stands in a comment: one line without `#`".to_owned()) }
}

fn severity(text: &str) -> Result<Severity, String> {
    [Severity::Info, Severity::Warning, Severity::Error]
        .into_iter()
        .find(|severity| severity.as_str() == text)
        .ok_or_else(|| "expected `info`, `warning` or `error`".to_owned())
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
        let names: Vec<_> = Cli::command().get_subcommands().map(|command| command.get_name().to_owned()).collect();
        assert_eq!(names, COMMANDS);
    }
}
