//! Hyperlinks in terminals (OSC 8): from a place to its file, from a rule to its page.
//!
//! Only in a terminal that is known to show them, and never with `--color never`: everywhere else the escape sequences would be read as text.

use std::fmt;
use std::io::{self, IsTerminal};
use std::path::{Path, PathBuf};

use pyrelint_lints::{Place, Rule};
use supports_hyperlinks::Stream;

use super::{Destination, Style, escape};
use crate::cli::ColorWhen;
use crate::{archives, paths};

/// Makes links, or leaves texts as they are.
#[derive(Debug, Default)]
pub(super) struct Links {
    /// Paths are relative to it; `None` where there are no links.
    working_directory: Option<PathBuf>,
}

/// A text that may be a link.
pub(super) struct Link<'a> {
    target: Option<String>,
    text: &'a str,
}

impl Links {
    /// Links where the destination has them.
    pub(super) fn new(style: Style<'_>, working_directory: &Path) -> Self {
        let (is_terminal, stream) = match style.destination {
            Destination::Stdout => (io::stdout().is_terminal(), Stream::Stdout),
            Destination::Stderr => (io::stderr().is_terminal(), Stream::Stderr),
            Destination::File(_) => return Self::default(),
        };
        // The library lets a variable force links into pipes; the contract of this program does not.
        let wanted = is_terminal && style.color != ColorWhen::Never && supports_hyperlinks::on(stream);
        Self { working_directory: wanted.then(|| working_directory.to_owned()) }
    }

    /// A text that leads to the file of a place.
    pub(super) fn place<'a>(&self, place: &Place, text: &'a str) -> Link<'a> {
        let path = place.file.path();
        // A name that is shown escaped is another one on the disk.
        let folder = self.working_directory.as_ref().filter(|_| !path.contains('\\') && !path.contains(escape::steers));
        let url = folder.and_then(|folder| {
            let path = paths::absolute(Path::new(path), folder);
            // To the archive: no program opens what is in it.
            url::Url::from_file_path(archives::around(&path).unwrap_or(path)).ok()
        });
        Link { target: url.map(String::from), text }
    }

    /// A text that leads to a rule's page.
    pub(super) fn rule<'a>(&self, rule: &Rule, text: &'a str) -> Link<'a> {
        Link { target: self.rule_url(rule), text }
    }

    /// Where a rule's page is found, if links are shown.
    pub(super) fn rule_url(&self, rule: &Rule) -> Option<String> {
        self.working_directory.as_ref().and_then(|_| page(rule))
    }
}

/// The address of a rule's page in public; `None` as long as the package names no repository.
pub(super) fn page(rule: &Rule) -> Option<String> {
    repository().map(|repository| format!("{repository}/blob/v{}/{}", env!("CARGO_PKG_VERSION"), source_page(rule)))
}

/// Where the project is found in public, if its package says so.
pub(super) fn repository() -> Option<&'static str> {
    Some(env!("CARGO_PKG_REPOSITORY").trim_end_matches('/')).filter(|repository| !repository.is_empty())
}

/// Where a rule's page lies in the project.
pub(super) fn source_page(rule: &Rule) -> String {
    format!("lints/src/rules/{}/{}.md", rule.family.folder(), rule.name.replace('-', "_"))
}

impl fmt::Display for Link<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.target {
            Some(target) => write!(f, "\x1b]8;;{target}\x1b\\{}\x1b]8;;\x1b\\", self.text),
            None => f.write_str(self.text),
        }
    }
}

#[cfg(test)]
mod tests {
    use pyrelint_lints::RULES;

    use super::*;

    #[test]
    fn every_page_is_where_links_lead() {
        for rule in RULES {
            let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(source_page(rule));
            assert!(path.is_file(), "{rule}: there is no {}", path.display());
        }
    }

    #[test]
    fn links_lead_to_files() {
        let links = Links { working_directory: Some(PathBuf::from("/srv/a b")) };
        let link = |path| links.place(&Place::of_path(path), "text").to_string();
        assert_eq!(link("x;y.py"), "\x1b]8;;file:///srv/a%20b/x;y.py\x1b\\text\x1b]8;;\x1b\\");
        assert_eq!(link("d/x.whl!/y.py"), "\x1b]8;;file:///srv/a%20b/d/x.whl\x1b\\text\x1b]8;;\x1b\\");
        assert_eq!(link("x\u{1b}.py"), "text");
        assert_eq!(Links::default().place(&Place::of_path("x.py"), "text").to_string(), "text");
    }
}
