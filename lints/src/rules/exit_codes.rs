//! RL3xx: exit codes.

pub(crate) mod exit_code_range;
pub(crate) mod exit_count;
pub(crate) mod exit_in_finally;
pub(crate) mod exit_non_integer;
pub(crate) mod exit_wait_status;
pub(crate) mod exit_zero_on_failure;
pub(crate) mod os_exit;
pub(crate) mod site_exit;

/// The words without which no file can end the process: `sys.exit`, `exit(..)`, `quit(..)`, `ctx.exit(..)`, `os._exit`,
/// `SystemExit`, `typer.Exit`, and `from sys import exit as name`.
pub(crate) const TRIGGERS: super::Triggers =
    &[&["sys.exit"], &["SystemExit"], &["exit("], &["exit ("], &["quit("], &["quit ("], &["_exit"], &["exit as"], &[".Exit"]];
