//! Which findings of a run are reported: those that are not in the baseline, on lines that have changed.
//!
//! The baseline comes first: a finding that it knows takes up its entry even where its line has not changed.

use anyhow::Context as _;
use pyrelint_lints::Diagnostic;

use crate::baseline::Baseline;
use crate::changes::Changes;

/// What leaves findings out.
#[derive(Debug, Default)]
pub struct Filter {
    /// Findings that were there before.
    pub baseline: Option<Baseline>,
    /// What has changed.
    pub changes: Option<Changes>,
}

/// What became of the findings that are not reported.
#[derive(Debug, Default)]
pub struct Filtered {
    /// How many the baseline knows.
    pub in_baseline: usize,
    /// How many concern no line that has changed.
    pub unchanged: usize,
    /// How many of each entry of the baseline match no finding, in the order of its entries.
    pub unmatched: Vec<u32>,
}

impl Filter {
    /// Takes out what is not reported; what is left stays in order.
    ///
    /// # Errors
    /// If Git does not tell what has changed.
    pub fn apply(&self, diagnostics: &mut Vec<Diagnostic>) -> anyhow::Result<Filtered> {
        let mut filtered = Filtered::default();
        if let Some(baseline) = &self.baseline {
            let matching = baseline.matching(diagnostics);
            let mut known = matching.known.into_iter();
            diagnostics.retain(|_| !known.next().unwrap_or_default());
            filtered.unmatched = matching.unmatched;
            filtered.in_baseline = matching.count;
        }
        if let Some(changes) = &self.changes {
            let concerned = changes.concern(diagnostics).context("--diff-base")?;
            let before = diagnostics.len();
            let mut concerned = concerned.into_iter();
            diagnostics.retain(|_| concerned.next().unwrap_or(true));
            filtered.unchanged = before - diagnostics.len();
        }
        Ok(filtered)
    }
}
