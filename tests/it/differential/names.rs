//! Where names are looked up: the symbol table's answer, and the index's.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use pyrelint_lints::source::decode;
use pyrelint_lints::view::probe::{self, Found};

use super::{ask, interpreters, library, parallel};

/// Scopes and names that are looked up elsewhere, with the reason.
const KNOWN: &[(&str, &str, &str)] = &[
    ("test_grammar.py", "no_such_global", "an annotation without a value makes a name local, and is not evaluated in a function"),
    ("test_grammar.py", "a", "lambdas of the same owner have the same qualified name here"),
    ("test_scope.py", "y", "lambdas of the same owner have the same qualified name here"),
];

/// Scopes, names in them, and where CPython looks them up.
type Names = Vec<(String, String, String)>;

#[test]
fn the_standard_library() {
    // From 3.12 on the symbol table says nothing of comprehensions by themselves.
    let all = interpreters();
    let (version, python) = all.iter().rev().find(|(version, _)| *version < (3, 12)).unwrap_or(&all[0]);
    let files: Vec<(PathBuf, Names)> = ask(python, "names", Some(&library(python)), "");
    let compared = parallel(&files, |(path, theirs)| {
        let bytes = std::fs::read(path).expect("readable");
        let text = decode(&bytes).expect("CPython read it");
        let Some(ours) = probe::names(&text) else { return (0, vec![format!("{}: cannot be read", path.display())]) };
        let mut by_use: BTreeMap<(String, String), (BTreeSet<String>, BTreeSet<String>)> = BTreeMap::new();
        for (scope, name, place) in ours {
            let place = match place {
                Found::Local => "Local",
                Found::Free => "Free",
                Found::Global => "Global",
            };
            by_use.entry((scope, name)).or_default().0.insert(place.to_owned());
        }
        for (scope, name, place) in theirs {
            by_use.entry((scope.clone(), name.clone())).or_default().1.insert(place.clone());
        }
        // Names that are only bound stand nowhere as an expression; what CPython does not list is in an annotation that it does not evaluate.
        by_use.retain(|_, (ours, theirs)| !ours.is_empty() && !theirs.is_empty());
        let is_known = |name: &str| KNOWN.iter().any(|(file, known, _)| path.ends_with(file) && name == *known);
        let wrong = by_use.iter().filter(|((_, name), (ours, theirs))| ours != theirs && !is_known(name));
        let wrong =
            wrong.map(|((scope, name), (ours, theirs))| format!("{}: `{name}` in {scope:?}: {ours:?}, CPython {theirs:?}", path.display()));
        (by_use.len(), wrong.collect::<Vec<_>>())
    });
    let count: usize = compared.iter().map(|(count, _)| count).sum();
    let wrong: Vec<String> = compared.into_iter().flat_map(|(_, wrong)| wrong).collect();
    println!(
        "names: CPython {}.{}: {} files, {count} uses of a name in a scope, {} disagreements",
        version.0,
        version.1,
        files.len(),
        wrong.len()
    );
    assert!(count > 50_000, "{count}");
    assert!(wrong.is_empty(), "{}", wrong[..wrong.len().min(60)].join("\n"));
}
