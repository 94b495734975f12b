//! Which rules report: the selections of all layers together.

use pyrelint_lints::{RuleSet, Selector, Severity};

use super::layer::Layer;
use super::words::RuleWord;

/// The rules that are in force.
///
/// Within a layer the narrower word wins (`select = ["RL1"]` with `ignore = ["RL101"]`), and between words that are equally
/// narrow `ignore`. A later layer's `select` starts anew.
pub(super) fn rules(layers: &[Layer]) -> RuleSet {
    let mut selected = RuleSet::defaults();
    let mut ignored = RuleSet::EMPTY;
    for layer in layers {
        let options = &layer.options;
        if options.select.is_some() {
            selected = RuleSet::EMPTY;
        }
        for (word, select) in by_specificity(layer) {
            if select {
                selected = selected.union(word.rules());
                ignored = ignored.without(word.rules());
            } else {
                selected = selected.without(word.rules());
                ignored = ignored.union(word.rules());
            }
        }
    }
    selected.union(about_the_run().without(ignored))
}

/// The words of a layer with whether they select, the narrowest last.
fn by_specificity(layer: &Layer) -> Vec<(&RuleWord, bool)> {
    let options = &layer.options;
    let select = options.select.iter().flatten().chain(&options.extend_select).map(|word| (word, true));
    let ignore = options.ignore.iter().flatten().chain(&options.extend_ignore).map(|word| (word, false));
    let mut words: Vec<_> = select.chain(ignore).collect();
    words.sort_by_key(|(word, select)| (word.specificity(), !select));
    words
}

/// Syntax errors and unreadable files: leaving them out of `select` does not switch them off.
fn about_the_run() -> RuleSet {
    ["RL001", "RL003"].iter().filter_map(|code| Selector::parse(code)).fold(RuleSet::EMPTY, |set, rule| set.union(rule.rules()))
}

/// The severities that the layers set, each rule at most once.
pub(super) fn severities(layers: &[Layer]) -> Vec<(&'static pyrelint_lints::Rule, Severity)> {
    let mut severities: Vec<(&'static pyrelint_lints::Rule, Severity)> = Vec::new();
    // The keys of a table are sorted by how narrow they are.
    for (key, severity) in layers.iter().flat_map(|layer| &layer.options.severity) {
        for rule in key.0.rules().iter() {
            severities.retain(|(known, _)| *known != rule);
            severities.push((rule, *severity));
        }
    }
    severities.sort_by_key(|(rule, _)| rule.code);
    severities
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    #[track_caller]
    fn check(layers: &[&str], expected: &str) {
        let layers: Result<Vec<_>, _> = layers.iter().map(|text| Layer::inline(text, Path::new("/"))).collect();
        let rules = rules(&layers.expect("the options are valid"));
        let codes: Vec<_> = rules.iter().map(|rule| rule.code).collect();
        assert_eq!(codes.join(" "), expected);
    }

    #[test]
    fn the_narrower_word_wins() {
        check(&["select = ['RL00']\nignore = ['RL002', 'invalid-ignore']"], "RL001 RL003");
        check(&["select = ['RL101']\nignore = ['ALL']\nextend-select = ['RL0']"], "RL001 RL002 RL003 RL004 RL101");
        check(&["select = ['RL101']\nignore = ['RL101']"], "RL001 RL003");
    }

    #[test]
    fn a_later_selection_starts_anew() {
        check(&["ignore = ['RL301']", "select = ['RL301']"], "RL001 RL003 RL301");
        check(&["select = ['RL301']", "extend-select = ['RL302']", "ignore = ['RL301']"], "RL001 RL003 RL302");
    }

    #[test]
    fn only_ignore_switches_syntax_errors_off() {
        check(&["select = ['RL301']\nignore = ['syntax-error']"], "RL003 RL301");
        check(&["ignore = ['RL0']", "select = ['RL301']"], "RL301");
    }
}
