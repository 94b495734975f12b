//! RL2xx: logging.

pub(crate) mod basic_config_handler_level;
pub(crate) mod basic_config_invalid;
pub(crate) mod basic_config_root_level;
pub(crate) mod file_handler_in_service;
