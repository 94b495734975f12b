//! `--diff-base`: which findings concern what has changed since a revision.
//!
//! The old texts are those of the merge base of the revision and `HEAD`, which is what a pull request compares with; the new ones are the texts
//! that were analyzed, so that changes count that nobody has committed. A file that the merge base does not have is new throughout, untracked
//! files and those outside of the repository included; one that was renamed, in a commit or in the index, is compared with what it was.
//!
//! A finding counts where its own place or one of its related places holds a line that was added or modified: whoever makes `close` do I/O should
//! hear of the `__del__` that calls it, in whatever file that is. That the file does not parse counts wherever the file has changed at all: the
//! parser notices a mistake far behind it.

use std::collections::HashMap;
use std::ops::RangeInclusive;
use std::path::Path;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use pyrelint_lints::source::{SourceFile, decode};
use pyrelint_lints::{Diagnostic, Place};
use similar::{Algorithm, DiffTag, capture_diff_slices_deadline};

use crate::git::{Blobs, Git, ObjectId};
use crate::paths;

/// After this time a comparison becomes coarser: generated files of megabytes must not hold up a run.
const PATIENCE: Duration = Duration::from_secs(2);

/// What the merge base holds.
#[derive(Debug)]
pub struct Changes {
    git: Git,
    working_directory: PathBuf,
    /// By path below the top of the repository.
    files: HashMap<Vec<u8>, ObjectId>,
    /// From new names to old ones.
    renamed: HashMap<Vec<u8>, Vec<u8>>,
}

/// The lines of a file that have changed.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Lines {
    /// All: the file is new.
    All,
    /// These, from 1, in order; none for a file as it was.
    Some(Vec<RangeInclusive<u32>>),
}

impl Changes {
    /// Looks up what there was at the merge base of a revision and `HEAD`.
    ///
    /// # Errors
    /// If the working directory lies in no repository, or there is no such revision.
    pub fn since(revision: &str, working_directory: &Path) -> anyhow::Result<Self> {
        let git = Git::of(working_directory)?;
        let base = git.merge_base(revision)?;
        let files = git.files(&base)?.into_iter().collect();
        let renamed = git.renamed(&base)?.into_iter().collect();
        Ok(Self { git, working_directory: working_directory.to_owned(), files, renamed })
    }

    /// Which findings concern a line that has changed.
    ///
    /// # Errors
    /// If Git does not hand out the old texts.
    pub fn concern(&self, diagnostics: &[Diagnostic]) -> anyhow::Result<Vec<bool>> {
        let mut known: HashMap<&str, Lines> = HashMap::new();
        let mut blobs = None;
        let mut concerned = Vec::with_capacity(diagnostics.len());
        for diagnostic in diagnostics {
            let places = std::iter::once(&diagnostic.place).chain(diagnostic.related.iter().map(|related| &related.place));
            let mut concerns = false;
            for place in places {
                let path = place.file.path();
                if !known.contains_key(path) {
                    known.insert(path, self.lines(&place.file, &mut blobs)?);
                }
                concerns |= known.get(path).is_some_and(|lines| lines.concern(place, diagnostic.rule.code));
            }
            concerned.push(concerns);
        }
        Ok(concerned)
    }

    fn lines(&self, file: &SourceFile, blobs: &mut Option<Blobs>) -> anyhow::Result<Lines> {
        let path = paths::absolute(Path::new(file.path()), &self.working_directory);
        // A file without text could not be read: that it was there before says nothing.
        let below = path.strip_prefix(&self.git.top).ok().filter(|_| !file.text().is_empty());
        let Some(name) = below.map(|path| path.as_os_str().as_encoded_bytes()) else { return Ok(Lines::All) };
        let old = self.files.get(name).or_else(|| self.renamed.get(name).and_then(|old| self.files.get(old)));
        let Some(id) = old else { return Ok(Lines::All) };
        if blobs.is_none() {
            *blobs = Some(self.git.blobs()?);
        }
        let Some(blobs) = blobs else { return Ok(Lines::All) };
        let bytes = blobs.read(id)?;
        let old = decode(&bytes).unwrap_or_else(|_| String::from_utf8_lossy(&bytes));
        Ok(Lines::Some(changed(&SourceFile::new(file.path(), &*old), file)))
    }
}

impl Lines {
    fn concern(&self, place: &Place, code: &str) -> bool {
        match self {
            Self::All => true,
            Self::Some(changed) if code == "RL001" => !changed.is_empty(),
            Self::Some(changed) => {
                let (first, last) = (place.start().line, place.end().line);
                changed.iter().any(|lines| *lines.start() <= last && first <= *lines.end())
            }
        }
    }
}

/// The lines of a text that another one did not have. How lines end does not count: Git may have changed that.
fn changed(old: &SourceFile, new: &SourceFile) -> Vec<RangeInclusive<u32>> {
    let lines = |file| -> Vec<&str> { (1..=SourceFile::line_count(file)).map(|number| file.slice(file.line_range(number))).collect() };
    let deadline = Some(Instant::now() + PATIENCE);
    let steps = capture_diff_slices_deadline(Algorithm::Myers, &lines(old), &lines(new), deadline);
    let changed = steps.iter().filter(|step| matches!(step.tag(), DiffTag::Insert | DiffTag::Replace));
    changed.map(|step| step.new_range().start as u32 + 1..=step.new_range().end as u32).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_that_were_added_or_modified() {
        let lines = |old: &str, new: &str| changed(&SourceFile::new("a", old), &SourceFile::new("a", new));
        assert_eq!(lines("a\nb\nc\n", "a\nx\nc\nd\n"), [2..=2, 4..=4]);
        assert_eq!(lines("a\nb\nc\n", "a\r\nc\r\n"), []);
        assert_eq!(lines("", "a\nb"), [1..=2]);
    }
}
