//! RL0xx: about the run itself.

pub(crate) mod invalid_ignore;
pub(crate) mod syntax_error;
pub(crate) mod unreadable_file;
pub(crate) mod unused_ignore;

/// The words without which no comment can be a suppression of ours: our own, and `noqa` with a code of ours behind it.
pub(crate) const COMMENT_TRIGGERS: super::Triggers = &[&["pyrelint:"], &["noqa"], &["NOQA"], &["NoQA"]];
