//! Which findings of a run are reported: those that are not in the baseline.

use pyrelint_lints::Diagnostic;

use crate::baseline::Baseline;

/// What leaves findings out.
#[derive(Debug, Default)]
pub struct Filter {
    /// Findings that were there before.
    pub baseline: Option<Baseline>,
}

/// What became of the findings that are not reported.
#[derive(Debug, Default)]
pub struct Filtered {
    /// How many the baseline knows.
    pub in_baseline: usize,
    /// How many of each entry of the baseline match no finding, in the order of its entries.
    pub unmatched: Vec<u32>,
}

impl Filter {
    /// Takes out what is not reported; what is left stays in order.
    pub fn apply(&self, diagnostics: &mut Vec<Diagnostic>) -> Filtered {
        let mut filtered = Filtered::default();
        if let Some(baseline) = &self.baseline {
            let matching = baseline.matching(diagnostics);
            let mut known = matching.known.into_iter();
            diagnostics.retain(|_| !known.next().unwrap_or_default());
            filtered.unmatched = matching.unmatched;
            filtered.in_baseline = matching.count;
        }
        filtered
    }
}
