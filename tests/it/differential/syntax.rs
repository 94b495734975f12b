//! What `ast.parse` takes is read without an error, and what it refuses is refused.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use pyrelint_lints::lint::parses;
use pyrelint_lints::source::decode;

use super::{ask, interpreters, library, parallel, python_files};

/// Files (by the end of their paths) that CPython takes and we do not, each with the reason.
const REFUSED: &[(&str, &str)] = &[];

/// Files that CPython refuses and we do not.
const TAKEN: &[(&str, &str)] =
    &[("bad_coding2.py", "a byte order mark beside the declaration `utf8`: harmless, and `tokenize.open` reads it")];

#[test]
fn the_standard_library_and_its_tests() {
    let mut wrong = Vec::new();
    let mut known: Vec<&str> = Vec::new();
    for (version, python) in interpreters() {
        let library = library(&python);
        let (files, refused) = std::thread::scope(|scope| {
            let refused = scope.spawn(|| ask::<(PathBuf, String)>(&python, "syntax", Some(&library), ""));
            let files = python_files(&library);
            let ours = parallel(&files, |path| decode(&std::fs::read(path).expect("readable")).is_ok_and(|text| parses(&text)));
            let files: BTreeMap<PathBuf, bool> = files.into_iter().zip(ours).collect();
            (files, refused.join().expect("Python ends"))
        });
        let theirs: BTreeMap<PathBuf, String> = refused.into_iter().collect();
        let mut disagreements = 0;
        for (path, ours) in &files {
            let list = match (ours, theirs.get(path)) {
                (true, Some(_)) => TAKEN,
                (false, None) => REFUSED,
                _ => continue,
            };
            disagreements += 1;
            match list.iter().find(|(end, _)| path.ends_with(Path::new(end))) {
                Some((end, _)) => known.push(end),
                None => wrong.push(format!(
                    "{}: {} here, CPython {}.{} says {:?}",
                    path.display(),
                    if *ours { "taken" } else { "refused" },
                    version.0,
                    version.1,
                    theirs.get(path)
                )),
            }
        }
        println!(
            "syntax: CPython {}.{}: {} files, {} refused by both, {disagreements} disagreements",
            version.0,
            version.1,
            files.len(),
            files.iter().filter(|(path, ours)| !**ours && theirs.contains_key(*path)).count()
        );
        assert!(files.len() > 400, "{}: {} files", library.display(), files.len());
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    println!("syntax: {} known differences", known.len());
}
