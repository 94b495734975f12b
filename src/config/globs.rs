//! Globs of options against absolute paths.

use std::path::Path;

use globset::{GlobSet, GlobSetBuilder};

use super::words::Glob;

/// A set of globs. One without `/` means the name of a file or folder; all are tried below the folder that they were
/// written for. `*` matches `/`, as in Ruff's options.
#[derive(Clone, Debug, Default)]
pub struct PathGlobs {
    names: GlobSet,
    paths: GlobSet,
}

impl PathGlobs {
    /// The globs with the folder that each is relative to.
    ///
    /// # Errors
    /// If the set grows too large for the library.
    pub fn new<'a>(globs: impl IntoIterator<Item = (&'a str, &'a Path)>) -> Result<Self, globset::Error> {
        let mut names = GlobSetBuilder::new();
        let mut paths = GlobSetBuilder::new();
        for (glob, folder) in globs {
            let glob = glob.strip_prefix("./").unwrap_or(glob);
            let glob = glob.strip_suffix('/').unwrap_or(glob);
            if glob.contains('/') {
                let folder = globset::escape(&folder.to_string_lossy());
                let full = if Path::new(glob).is_absolute() { glob.to_owned() } else { format!("{}/{glob}", folder.trim_end_matches('/')) };
                paths.add(globset::Glob::new(&full)?);
            } else {
                names.add(globset::Glob::new(glob)?);
            }
        }
        Ok(Self { names: names.build()?, paths: paths.build()? })
    }

    /// Whether a glob means this very path.
    pub fn matches(&self, path: &Path) -> bool {
        path.file_name().is_some_and(|name| self.names.is_match(name)) || (!self.paths.is_empty() && self.paths.is_match(path))
    }

    /// Whether a glob means this path or a folder that it lies in, up to but without `base`.
    pub fn matches_below(&self, path: &Path, base: &Path) -> bool {
        path.ancestors().take_while(|ancestor| *ancestor != base).any(|ancestor| self.matches(ancestor))
    }
}

/// One glob that may be turned around by a leading `!`.
#[derive(Clone, Debug)]
pub struct FileGlob {
    globs: PathGlobs,
    negated: bool,
}

impl FileGlob {
    /// A glob relative to a folder.
    ///
    /// # Errors
    /// See [`PathGlobs::new`].
    pub fn new(glob: &Glob, folder: &Path) -> Result<Self, globset::Error> {
        let text = glob.as_str();
        let (text, negated) = text.strip_prefix('!').map_or((text, false), |rest| (rest, true));
        Ok(Self { globs: PathGlobs::new([(text, folder)])?, negated })
    }

    /// Whether a file is meant.
    pub fn matches(&self, path: &Path, base: &Path) -> bool {
        self.globs.matches_below(path, base) != self.negated
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_mean_any_depth_and_paths_the_folder() {
        let base = Path::new("/p");
        let Ok(globs) = PathGlobs::new(["venv", "docs/*.py", "gen/", "/abs/x.py"].map(|glob| (glob, base))) else {
            panic!("the globs are valid");
        };
        for (path, expected) in
            [("/p/a/venv/b.py", true), ("/p/docs/a/b.py", true), ("/p/a/docs/b.py", false), ("/p/gen/x.py", true), ("/abs/x.py", true)]
        {
            assert_eq!(globs.matches_below(Path::new(path), base), expected, "{path}");
        }
        assert!(!globs.matches_below(Path::new("/venv/p/x.py"), Path::new("/venv/p")));
    }
}
