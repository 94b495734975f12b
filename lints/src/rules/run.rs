//! RL0xx: about the run itself.

pub(crate) mod syntax_error;
pub(crate) mod unused_ignore;
pub(crate) mod unreadable_file;
pub(crate) mod invalid_ignore;
