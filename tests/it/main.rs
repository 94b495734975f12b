//! The integration tests: one binary, one module for each subject.

#![expect(clippy::print_stdout, reason = "what a test measured or skipped is shown by `--nocapture`")]

mod archives;
mod baseline;
mod changes;
mod command_line;
mod configuration;
mod differential;
mod discovery;
mod equivalence;
mod finalizers;
mod fixes;
mod fixing;
mod generated;
mod graph;
mod hard;
mod incidents;
mod lsp;
mod markdown;
mod mdtest;
mod output;
mod pages;
mod program;
mod projects;
mod readme;
mod repository;
mod schema;
mod support;
mod units;
mod watching;
