//! What is wrong with a configuration, and where.

use std::ops::Range;
use std::path::Path;
use std::sync::Arc;

use pyrelint_lints::Place;
use pyrelint_lints::source::SourceFile;
use ruff_text_size::{TextRange, TextSize};

use super::words::nearest;

/// A mistake in a configuration.
#[derive(Clone, Debug, thiserror::Error)]
#[error("{}: {message}", place.file.path())]
pub struct ConfigError {
    /// What is wrong.
    pub message: String,
    /// How to mend it.
    pub help: Option<String>,
    /// Where; the file's text is empty where it could not be read.
    pub place: Place,
}

impl ConfigError {
    /// A mistake about a file as a whole.
    pub fn of_file(shown: &str, message: impl Into<String>) -> Self {
        Self { message: message.into(), help: None, place: Place::of_path(shown) }
    }

    /// A file that cannot be read.
    pub fn unreadable(shown: &str, path: &Path, error: &std::io::Error) -> Self {
        let what = if path.is_dir() { "this is a folder, no configuration file".to_owned() } else { format!("cannot be read: {error}") };
        Self::of_file(shown, what)
    }

    /// What the TOML library says about a text.
    pub fn of_toml(file: &Arc<SourceFile>, error: &toml::de::Error) -> Self {
        let (message, help) = explain(error.message());
        let range = error.span().map_or_else(TextRange::default, |span| range(&span));
        Self { message, help, place: Place::new(file, range) }
    }
}

fn range(span: &Range<usize>) -> TextRange {
    TextRange::new(TextSize::new(span.start as u32), TextSize::new(span.end.max(span.start) as u32))
}

/// Splits a message into what is wrong and what helps. Serde's complaints about names list all that would be right: the nearest
/// of them is the hint.
fn explain(message: &str) -> (String, Option<String>) {
    if let Some((first, hint)) = message.split_once('\n')
        && !hint.trim().is_empty()
    {
        return (first.to_owned(), Some(hint.trim().to_owned()));
    }
    let message = message.trim();
    let Some((what, expected)) = message.split_once(", expected ") else {
        return (message.to_owned(), None);
    };
    let Some(kind) = ["unknown field `", "unknown variant `"].iter().find_map(|start| what.strip_prefix(start)) else {
        return (message.to_owned(), None);
    };
    let word = kind.trim_end_matches('`');
    let candidates: Vec<&str> = expected.split('`').skip(1).step_by(2).collect();
    let help = match nearest(word, candidates.iter().copied()) {
        Some(candidate) => format!("did you mean `{candidate}`?"),
        None => format!("expected one of: {}", candidates.join(", ")),
    };
    let what = if what.starts_with("unknown field") { format!("unknown key `{word}`") } else { format!("unknown value `{word}`") };
    (what, Some(help))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn complaints_about_names_suggest_the_nearest() {
        let (what, help) = explain("unknown field `selct`, expected one of `select`, `ignore`");
        assert_eq!((what.as_str(), help.as_deref()), ("unknown key `selct`", Some("did you mean `select`?")));
        let (what, help) = explain("unknown variant `loud`, expected `info` or `warning`");
        assert_eq!((what.as_str(), help.as_deref()), ("unknown value `loud`", Some("expected one of: info, warning")));
        assert_eq!(
            explain("invalid type: integer `1`, expected a string"),
            ("invalid type: integer `1`, expected a string".to_owned(), None)
        );
    }
}
