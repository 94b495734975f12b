//! RL4xx: what brings a program back when it ends, and what keeps it from being brought back.
//!
//! The rules look at units of systemd, and, where their pages say so, at the programs of supervisord, the services of Compose and the containers of
//! Kubernetes. All of them speak of Python programs alone.

mod others;
mod program;
pub(crate) mod service;
mod spans;
pub(crate) mod unit_buffered_output;
pub(crate) mod unit_hides_status;
pub(crate) mod unit_ignores_failure;
pub(crate) mod unit_misses_exit;
pub(crate) mod unit_restart;
pub(crate) mod unit_restart_delay;
pub(crate) mod unit_start_limit;
pub(crate) mod unit_unwritable_log;
