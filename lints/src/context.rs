//! What a rule is given, and where it puts what it finds.

use crate::settings::Settings;

/// What a rule may ask.
pub(crate) struct Context<'a> {
    pub(crate) settings: &'a Settings,
}

/// The findings of a file so far.
pub(crate) struct Findings<'a> {
    pub(crate) settings: &'a Settings,
}
