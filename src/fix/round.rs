//! One round over files: their fixes, chosen and made.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use pyrelint_lints::Rule;
use pyrelint_lints::diagnostic::Edit;
use pyrelint_lints::source;

use super::merge::{Planned, in_order, replaced, together};
use super::{Barred, Changed};
use crate::check::read::Reader;
use crate::sources::Overlay;

/// What a round makes.
#[derive(Debug)]
pub struct Round<'a> {
    known: &'a BTreeMap<PathBuf, Changed>,
    paths: &'a BTreeMap<String, PathBuf>,
    overlay: &'a Overlay,
    stdin: &'a Path,
    working_directory: &'a Path,
    /// The files that edits touch, by their shown paths.
    files: BTreeMap<String, (PathBuf, Changed)>,
    /// What must not be tried again.
    pub barred: Barred,
    outcome: Outcome,
}

/// What came of a round.
#[derive(Debug, Default)]
pub struct Outcome {
    /// The files with new texts.
    pub files: BTreeMap<PathBuf, Changed>,
    /// The rules of the fixes that were applied, once for each.
    pub applied: Vec<&'static Rule>,
    /// Mistakes of this program.
    pub errors: Vec<(String, String)>,
    /// Why files were left as they are.
    pub left: Vec<(String, String)>,
}

impl<'a> Round<'a> {
    /// A round on top of what earlier ones made.
    pub fn new(
        known: &'a BTreeMap<PathBuf, Changed>,
        paths: &'a BTreeMap<String, PathBuf>,
        overlay: &'a Overlay,
        stdin: &'a Path,
        working_directory: &'a Path,
    ) -> Self {
        let (files, barred, outcome) = (BTreeMap::new(), Barred::default(), Outcome::default());
        Self { known, paths, overlay, stdin, working_directory, files, barred, outcome }
    }

    /// Applies those of the fixes that do not overlap, the first first.
    pub fn apply(&mut self, plans: Vec<Planned>, parses: &dyn Fn(&str, &str) -> bool) {
        let mut chosen = together(plans, |edit| self.open(edit));
        let broken: Vec<String> =
            texts(&self.files, &chosen).into_iter().filter(|(path, text)| !parses(path, text)).map(|(path, _)| path).collect();
        if !broken.is_empty() {
            chosen = self.without_culprits(chosen, &broken, parses);
        }
        let new = texts(&self.files, &chosen);
        let mut unwritable = Vec::new();
        for (path, text) in new {
            let Some((_, file)) = self.files.get_mut(&path) else { continue };
            match source::encode(&file.original, &text) {
                Some(bytes) => (file.bytes, file.texts.1) = (bytes, text),
                None => unwritable.push(path),
            }
        }
        for path in unwritable {
            self.leave(&path, "its encoding cannot be written as it was read");
        }
        let made = |planned: &&Planned| planned.edits.iter().all(|edit| !self.barred.files.contains(edit.path()));
        self.outcome.applied = chosen.iter().filter(made).filter_map(|planned| planned.rule).collect();
        let barred = &self.barred.files;
        let touched = |path: &String| chosen.iter().flat_map(|planned| &planned.edits).any(|edit| edit.path() == path);
        self.files.retain(|path, _| touched(path) && !barred.contains(path));
    }

    /// What came of it.
    pub fn finish(mut self) -> Outcome {
        self.outcome.files = self.files.into_values().collect();
        self.outcome
    }

    /// Tries the fixes in broken files one after the other, and keeps those after which the files parse.
    fn without_culprits(&mut self, chosen: Vec<Planned>, broken: &[String], parses: &dyn Fn(&str, &str) -> bool) -> Vec<Planned> {
        let in_broken = |planned: &Planned| planned.edits.iter().any(|edit| broken.iter().any(|path| path == edit.path()));
        let (suspects, mut kept): (Vec<_>, Vec<_>) = chosen.into_iter().partition(in_broken);
        for planned in suspects {
            kept.push(planned);
            let Some(last) = kept.last() else { continue };
            let touched: Vec<String> = last.edits.iter().map(|edit| edit.path().to_owned()).collect();
            let fine = texts(&self.files, &kept).iter().all(|(path, text)| !touched.contains(path) || parses(path, text));
            if !fine && let Some(planned) = kept.pop() {
                let (code, name) = planned.rule.map_or(("", "a suppression comment"), |rule| (rule.code, rule.name));
                let path = touched.into_iter().next().unwrap_or_default();
                self.barred.fixes.insert((path.clone(), code));
                self.outcome.errors.push((path, format!("the fix of `{name}` leaves a syntax error, and is taken back")));
            }
        }
        kept
    }

    /// Reads the file of an edit, if that has not been done. Whether it is what the edit was made for.
    fn open(&mut self, edit: &Edit) -> bool {
        let shown = edit.path();
        if self.barred.files.contains(shown) {
            return false;
        }
        if !self.files.contains_key(shown) {
            match self.load(shown) {
                Ok((path, file)) => drop(self.files.insert(shown.to_owned(), (path, file))),
                Err(reason) => {
                    self.leave(shown, &reason);
                    return false;
                }
            }
        }
        let same = self.files.get(shown).is_some_and(|(_, file)| file.texts.1 == edit.place.file.text());
        if !same {
            self.leave(shown, "it changed while it was checked");
        }
        same
    }

    fn load(&self, shown: &str) -> Result<(PathBuf, Changed), String> {
        let path = self.paths.get(shown).cloned().unwrap_or_else(|| self.working_directory.join(shown));
        if let Some(known) = self.known.get(&path) {
            return Ok((path, known.clone()));
        }
        let bytes = match &self.overlay.stdin {
            Some(stdin) if path == self.stdin => (**stdin).clone()?,
            _ => Reader::default().read(&path).map(<[u8]>::to_owned).map_err(|error| format!("it cannot be read: {error}"))?,
        };
        let text = source::decode(&bytes).map_err(|error| error.to_string())?.into_owned();
        let file = Changed { shown: shown.to_owned(), original: bytes.clone(), bytes, texts: (text.clone(), text) };
        Ok((path, file))
    }

    fn leave(&mut self, shown: &str, reason: &str) {
        if self.barred.files.insert(shown.to_owned()) {
            self.outcome.left.push((shown.to_owned(), reason.to_owned()));
        }
    }
}

/// The texts that fixes make of the files that they touch.
fn texts(files: &BTreeMap<String, (PathBuf, Changed)>, chosen: &[Planned]) -> BTreeMap<String, String> {
    let mut edits: BTreeMap<&str, Vec<&Edit>> = BTreeMap::new();
    for edit in chosen.iter().flat_map(|planned| &planned.edits) {
        edits.entry(edit.path()).or_default().push(edit);
    }
    let new = edits.into_iter().filter_map(|(path, edits)| {
        let text = &files.get(path)?.1.texts.1;
        Some((path.to_owned(), replaced(text, &in_order(edits))))
    });
    new.collect()
}
