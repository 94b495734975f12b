//! The program around the analysis: everything that touches the world.
//!
//! The way of a run:
//!
//! - [`cli`]: what was typed;
//! - [`commands`]: one function for each command; decides the exit status;
//! - [`config`]: configuration files and flags become the settings of each folder;
//! - [`discover`]: arguments become files: the parallel walk, `.gitignore`, exclusions, scripts;
//! - [`check`]: the driver: read, scan, and hand what deserves a parse to `pyrelint-lints`, on all processors;
//! - [`filter`]: which findings are reported: those that the [`baseline`] does not know ([`identity`]), on lines with [`changes`] (by [`git`]);
//! - [`mod@fix`]: applies fixes to texts and files;
//! - [`graph`]: from the target of `pyrelint graph` to what is known about it;
//! - [`lsp`]: the server for editors;
//! - [`watch`]: runs again when files change;
//! - [`report`]: one file for each output format. Only this module writes to the terminal.
//! - [`paths`]: how paths are shown;
//! - [`sources`]: the files that the analysis asks for by itself;
//! - [`archives`]: packages and repositories that are read as they are, without being unpacked.
//!
//! Invariants: findings go to stdout, all else to stderr; the output does not depend on the number of threads; one
//! file's panic never ends the run.

pub mod archives;
pub mod baseline;
pub mod changes;
pub mod check;
pub mod cli;
pub mod commands;
pub mod config;
pub mod discover;
pub mod filter;
pub mod fix;
pub mod git;
pub mod graph;
pub mod identity;
pub mod lsp;
pub mod paths;
pub mod report;
pub mod sources;
pub mod watch;

use std::ffi::OsString;
use std::process::ExitCode;

/// How a run ended. Numbers that others rely on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExitStatus {
    /// No finding at or above the severity of `--fail-on`.
    Clean,
    /// At least one such finding.
    Findings,
    /// Wrong usage, an invalid configuration, or an internal error.
    Error,
}

impl From<ExitStatus> for ExitCode {
    fn from(status: ExitStatus) -> Self {
        Self::from(match status {
            ExitStatus::Clean => 0,
            ExitStatus::Findings => 1,
            ExitStatus::Error => 2,
        })
    }
}

/// Runs the program with the arguments of a process (its own name first).
///
/// Sets the panic hook of the process. An interrupt keeps its default meaning: the process ends by the signal, which a
/// shell shows as status 130.
pub fn run(arguments: impl IntoIterator<Item = OsString>) -> ExitStatus {
    check::panics::install_hook();
    let arguments: Vec<OsString> = arguments.into_iter().collect();
    check::panics::catch(|| commands::run(&arguments)).unwrap_or_else(|panic| {
        report::stderr::internal_error(&panic);
        ExitStatus::Error
    })
}
