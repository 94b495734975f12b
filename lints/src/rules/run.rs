//! RL0xx: about the run itself.

pub(crate) mod invalid_ignore;
pub(crate) mod syntax_error;
pub(crate) mod unreadable_file;
pub(crate) mod unused_ignore;

/// The words without which no comment can be a suppression of ours: our own, and a code behind `noqa` (in whatever case).
pub(crate) const COMMENT_TRIGGERS: super::Triggers =
    &[&["pyrelint:"], &["RL0"], &["RL1"], &["RL2"], &["RL3"], &["RL4"], &["RL5"], &["RL6"], &["RL7"], &["RL8"], &["RL9"]];
