//! Requirements (PEP 508), as far as the rules ask: the name, and whether one version is named.
//!
//! No library reads these here: words of a command line hold variables (`name==$VERSION`), which are no PEP 508 and must not be lost, and of all the
//! grammar only the name and the operators matter.

/// How firmly a requirement says which version it means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Pin {
    /// `==1.2` or `===1.2`, or one address.
    Exact,
    /// `>=1.2`, `~=1.2`, `==1.*`: several versions are meant.
    Range,
    /// No version at all.
    None,
}

/// A requirement of something with a name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Requirement {
    /// The name in its normal form (PEP 503).
    pub(crate) name: String,
    /// The version that is meant.
    pub(crate) pin: Pin,
    /// What follows the name and its extras, up to the marker: `==1.2`, `>=1,<2`.
    pub(crate) specifier: String,
}

/// Endings of files that pip installs.
const ARCHIVES: &[&str] = &[".whl", ".tar.gz", ".zip", ".tar.bz2", ".tar.xz", ".tgz"];

impl Requirement {
    /// Reads a word such as `name[extra]>=1,<2 ; marker`. None for a path, an address without a name, and what is not known.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        let is_name = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
        let length = text.find(|c| !is_name(c)).unwrap_or(text.len());
        let (name, rest) = text.split_at(length);
        let ends = |end: char| name.ends_with(end) || name.starts_with(end);
        if name.is_empty() || ['-', '_', '.'].into_iter().any(ends) || ARCHIVES.iter().any(|ending| name.ends_with(ending)) {
            return None;
        }
        let mut rest = rest.trim_start();
        if let Some(extras) = rest.strip_prefix('[') {
            rest = extras.split_once(']')?.1.trim_start();
        }
        let name = normalized(name);
        if let Some(address) = rest.strip_prefix('@') {
            return Some(Self { name, pin: Pin::Exact, specifier: format!("@{address}") });
        }
        let specifier = rest.split(';').next().unwrap_or_default().trim().trim_matches(['(', ')']).trim();
        if !specifier.is_empty() && !specifier.starts_with(['=', '<', '>', '~', '!']) {
            return None;
        }
        Some(Self { name, pin: pin(specifier), specifier: specifier.to_owned() })
    }

    /// Whether all versions that are meant are older than a whole major version: `<10`, `==9.0.3`, `<=9.5`, `~=9.0`.
    pub(crate) fn is_before(&self, major: u32) -> bool {
        self.specifier.split(',').any(|part| {
            let part = part.trim();
            let operator = part.len() - part.trim_start_matches(['=', '<', '>', '~', '!']).len();
            let (operator, version) = part.split_at(operator);
            let version = version.trim();
            let first = version.split('.').next().and_then(|number| number.parse::<u32>().ok());
            match (operator, first) {
                ("==" | "===" | "<=" | "~=", Some(first)) => first < major,
                ("<", Some(first)) => {
                    first < major || first == major && version.split('.').skip(1).all(|part| part.bytes().all(|byte| byte == b'0'))
                }
                _ => false,
            }
        })
    }
}

fn pin(specifier: &str) -> Pin {
    if specifier.is_empty() {
        return Pin::None;
    }
    let exact = specifier.split(',').any(|part| {
        let part = part.trim();
        part.strip_prefix("===").or_else(|| part.strip_prefix("==")).is_some_and(|version| !version.trim_end().ends_with(".*"))
    });
    if exact { Pin::Exact } else { Pin::Range }
}

/// The normal form of a name: lower case, with one `-` for each run of separators.
pub(crate) fn normalized(name: &str) -> String {
    let mut result = String::with_capacity(name.len());
    for c in name.chars() {
        match c {
            '-' | '_' | '.' if result.ends_with('-') => {}
            '-' | '_' | '.' => result.push('-'),
            _ => result.extend(c.to_lowercase()),
        }
    }
    result
}

#[cfg(test)]
mod tests {
    use super::{Pin, Requirement};

    #[test]
    fn requirements() {
        let read = |text: &str| Requirement::parse(text).map(|found| (found.name, found.pin));
        for (text, name, pin) in [
            ("a", "a", Pin::None),
            ("A.b__c", "a-b-c", Pin::None),
            ("a[x,y]==1.0", "a", Pin::Exact),
            ("a == 1.0 ; python_version < '3'", "a", Pin::Exact),
            ("a===1", "a", Pin::Exact),
            ("a==1.*", "a", Pin::Range),
            ("a>=1,<2", "a", Pin::Range),
            ("a (~=1)", "a", Pin::Range),
            ("a!=1", "a", Pin::Range),
            ("a @ git+https://x/y", "a", Pin::Exact),
            ("a==\u{7f}", "a", Pin::Exact),
            ("a; os_name == 'nt'", "a", Pin::None),
        ] {
            assert_eq!(read(text), Some((name.to_owned(), pin)), "{text}");
        }
        for local in [".", "./a", "/a/b", "a/b", "a-1.whl", "a.tar.gz", "git+https://x/y", "-x", "", ".[dev]", "a[x"] {
            assert!(Requirement::parse(local).is_none(), "{local}");
        }
    }

    #[test]
    fn old_versions() {
        let is_old = |text: &str| Requirement::parse(text).is_some_and(|found| found.is_before(10));
        for old in ["pip<10", "pip==9.0.3", "pip<=9", "pip~=9.0", "pip>=8,<10.0", "pip==9.*"] {
            assert!(is_old(old), "{old}");
        }
        for new in ["pip", "pip>=9", "pip<20", "pip==10.0", "pip<10.1", "pip!=9"] {
            assert!(!is_old(new), "{new}");
        }
    }
}
