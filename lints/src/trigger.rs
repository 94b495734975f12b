//! Which texts deserve a parse.

use crate::settings::Settings;

/// Searches texts for the trigger words of a selection of rules. Building one is cheap enough to do once per configuration.
#[derive(Debug)]
pub struct Scanner {
    all: bool,
}

impl Scanner {
    /// A scanner for the rules that these settings select.
    pub fn new(settings: &Settings) -> Self {
        Self { all: !settings.prefilter }
    }

    /// Whether a text can hold a finding of the selected rules.
    pub fn wants(&self, bytes: &[u8]) -> bool {
        self.all || !bytes.is_empty()
    }
}
