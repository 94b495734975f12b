//! RL2xx: logging.
//!
//! What the rules share: every `basicConfig` call with its keywords and whether it takes effect, and what sets levels.

pub(crate) mod at_import;
pub(crate) mod basic_config_handler_level;
pub(crate) mod basic_config_in_library;
pub(crate) mod basic_config_invalid;
pub(crate) mod basic_config_no_effect;
pub(crate) mod basic_config_root_level;
pub(crate) mod beside;
pub(crate) mod buffered_print_in_service;
pub(crate) mod calls;
pub(crate) mod carried;
pub(crate) mod config_disables_loggers;
pub(crate) mod existing;
pub(crate) mod file_handler_in_service;
pub(crate) mod files;
pub(crate) mod format;
pub(crate) mod handler_added_repeatedly;
pub(crate) mod handlers;
pub(crate) mod levels;
pub(crate) mod loggers;
pub(crate) mod options;
pub(crate) mod order;
pub(crate) mod processes;
pub(crate) mod rotation_across_processes;
pub(crate) mod runs;
pub(crate) mod sharing;
pub(crate) mod two_logging_systems;

use crate::context::Context;
pub(crate) use calls::BasicConfig;
pub(crate) use levels::Levels;

/// How a file configures logging.
#[derive(Debug)]
pub(crate) struct Logging {
    /// The `basicConfig` calls that can run, in the order of the text.
    pub(crate) calls: Vec<BasicConfig>,
    pub(crate) levels: Levels,
}

/// Analyses the file; costs nothing where it has no `basicConfig` call.
pub(crate) fn collect(context: &Context<'_>) -> Logging {
    let calls = calls::collect(context);
    let levels = if calls.is_empty() { Levels::default() } else { levels::collect(context) };
    Logging { calls, levels }
}
