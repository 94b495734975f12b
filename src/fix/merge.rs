//! Which fixes go together, and what they make of a text.

use std::collections::BTreeMap;
use std::ops::Range;

use pyrelint_lints::Rule;
use pyrelint_lints::diagnostic::Edit;

/// Edits that are made together or not at all.
#[derive(Clone, Debug)]
pub struct Planned {
    /// The rule whose finding they fix; `None` for comments that silence findings.
    pub rule: Option<&'static Rule>,
    /// The edits.
    pub edits: Vec<Edit>,
}

/// The fixes that go together, the first first: none touches what another changes, unless both make the same edit (an import that both need).
/// `usable` says whether an edit can be made at all.
pub fn together(plans: Vec<Planned>, mut usable: impl FnMut(&Edit) -> bool) -> Vec<Planned> {
    let mut taken: BTreeMap<String, BTreeMap<(usize, usize), String>> = BTreeMap::new();
    let mut chosen = Vec::new();
    for planned in plans {
        let usable = planned.edits.iter().all(&mut usable);
        let free = planned.edits.iter().all(|edit| {
            let Some(others) = taken.get(edit.path()) else { return true };
            let range = edit.bytes();
            if let Some(text) = others.get(&(range.start, range.end)) {
                return *text == edit.replacement;
            }
            // What is taken lies apart, so that only the neighbours can be in the way.
            let before = others.range(..(range.start, range.end)).next_back();
            let behind = others.range((range.start, range.end)..).next();
            before.into_iter().chain(behind).all(|((start, end), _)| is_apart(&(*start..*end), &range))
        });
        if usable && free {
            for edit in &planned.edits {
                let range = edit.bytes();
                taken.entry(edit.path().to_owned()).or_default().insert((range.start, range.end), edit.replacement.clone());
            }
            chosen.push(planned);
        }
    }
    chosen
}

/// The edits of one text in its order, each once.
pub fn in_order(mut edits: Vec<&Edit>) -> Vec<&Edit> {
    edits.sort_by_key(|edit| (edit.bytes().start, edit.bytes().end));
    edits.dedup_by(|one, other| one.bytes() == other.bytes() && one.replacement == other.replacement);
    edits
}

/// Whether two edits leave each other alone. What touches is in the way: which of the two texts comes first would be an accident.
fn is_apart(one: &Range<usize>, other: &Range<usize>) -> bool {
    one.end < other.start || other.end < one.start
}

/// A text with its edits made. They come in order and do not overlap.
pub fn replaced(text: &str, edits: &[&Edit]) -> String {
    let mut new = String::with_capacity(text.len() + 256);
    let mut from = 0;
    for edit in edits {
        let range = edit.bytes();
        new.push_str(text.get(from..range.start).unwrap_or_default());
        new.push_str(&edit.replacement);
        from = range.end.max(from);
    }
    new.push_str(text.get(from..).unwrap_or_default());
    new
}
