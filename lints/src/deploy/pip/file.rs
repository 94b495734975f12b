//! Requirements files, as pip reads them: continued lines, comments, options, hashes, other files.

use std::ops::Range;

use super::{Given, Pin, Requirement};
use crate::deploy::text::{Text, UNKNOWN};

/// A line of a requirements file.
#[derive(Clone, Debug)]
pub(crate) struct Line {
    /// Its place, without comment and white space around it.
    #[cfg_attr(not(test), expect(dead_code, reason = "what is read must have its place, which the tests look at"))]
    pub(crate) place: Range<usize>,
    /// What it says.
    pub(crate) content: Content,
}

/// What a line of a requirements file says.
#[derive(Clone, Debug)]
pub(crate) enum Content {
    /// A requirement with a name, and whether it has hashes.
    Requirement {
        /// The requirement.
        requirement: Requirement,
        /// Where it stands, without its options.
        place: Range<usize>,
        /// Whether `--hash` follows.
        hashed: bool,
    },
    /// `-r FILE`.
    File(Given),
    /// `-c FILE`.
    Constraints,
    /// `--require-hashes`.
    RequireHashes,
    /// A path, an address, another option, or what cannot be known.
    Other,
}

/// What a file says as a whole about the versions that it installs.
#[derive(Clone, Debug, Default)]
pub(crate) struct Lines(pub(crate) Vec<Line>);

impl Lines {
    /// Reads a text.
    pub(crate) fn parse(text: &str) -> Self {
        Self(logical_lines(text).iter().filter_map(line).collect())
    }

    /// The requirements with names.
    pub(crate) fn requirements(&self) -> impl Iterator<Item = (&Requirement, &Range<usize>)> {
        self.0.iter().filter_map(|line| match &line.content {
            Content::Requirement { requirement, place, .. } => Some((requirement, place)),
            _ => None,
        })
    }

    /// The other files that it names, relative to its own folder.
    pub(crate) fn files(&self) -> impl Iterator<Item = &Given> {
        self.0.iter().filter_map(|line| match &line.content {
            Content::File(file) => Some(file),
            _ => None,
        })
    }

    /// Whether all that is installed is known beforehand by other means than this file's own pins: constraints, or hashes, of which one makes pip ask for all.
    pub(crate) fn is_locked(&self) -> bool {
        self.0.iter().any(|line| match &line.content {
            Content::Requirement { hashed, .. } => *hashed,
            Content::Constraints | Content::RequireHashes => true,
            _ => false,
        })
    }

    /// The first requirement that may be another version tomorrow.
    pub(crate) fn unpinned(&self) -> impl Iterator<Item = (&Requirement, &Range<usize>)> {
        self.requirements().filter(|(requirement, _)| requirement.pin != Pin::Exact)
    }
}

/// Lines with continued ones joined. A comment ends a continued line, whatever stands at its end.
fn logical_lines(text: &str) -> Vec<Text> {
    let mut lines = Vec::new();
    let mut joined = Text::default();
    let mut at = if text.starts_with('\u{feff}') { 3 } else { 0 };
    for line in text[at..].split_inclusive('\n') {
        let start = at;
        at += line.len();
        let line = line.trim_end_matches(['\n', '\r']);
        let content = &line[..comment(line).unwrap_or(line.len())];
        match content.strip_suffix('\\') {
            Some(part) if content.len() == line.len() => joined.push(part, start),
            _ => {
                joined.push(content, start);
                lines.push(std::mem::take(&mut joined));
            }
        }
    }
    lines.push(joined);
    lines
}

/// Where a comment begins: at the start or behind white space.
fn comment(line: &str) -> Option<usize> {
    line.match_indices('#').map(|(at, _)| at).find(|at| *at == 0 || line[..*at].ends_with([' ', '\t']))
}

fn line(text: &Text) -> Option<Line> {
    let whole = text.as_str();
    let from = whole.len() - whole.trim_start().len();
    let content = whole.trim();
    if content.is_empty() {
        return None;
    }
    let end = from + content.len();
    let place = text.place(from..end);
    let first = content.split([' ', '\t', '=']).next().unwrap_or_default();
    let value = |length: usize| {
        let rest = &content[length..];
        let value = rest.trim_start_matches([' ', '\t', '=']);
        let start = end - value.len();
        let known = expanded(value.trim_matches(['"', '\'']));
        Given { text: known, place: text.place(start..end) }
    };
    let content = match first {
        "-r" | "--requirement" => Content::File(value(first.len())),
        "-c" | "--constraint" => Content::Constraints,
        "--require-hashes" => Content::RequireHashes,
        _ if content.starts_with("-r") => Content::File(value(2)),
        _ if content.starts_with("-c") => Content::Constraints,
        _ if content.starts_with('-') => Content::Other,
        _ => {
            let length = [" -", "\t-"].iter().filter_map(|sign| content.find(sign)).min().unwrap_or(content.len());
            let own = content[..length].trim_end();
            match Requirement::parse(&expanded(own)) {
                Some(requirement) => Content::Requirement {
                    requirement,
                    place: text.place(from..from + own.len()),
                    hashed: content[length..].contains("--hash"),
                },
                None => Content::Other,
            }
        }
    };
    Some(Line { place, content })
}

/// `${NAME}` is a variable of the environment; nothing is known of it. So are the expressions of templates.
fn expanded(text: &str) -> String {
    let mut result = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("${") {
        let Some((_, behind)) = after.split_once('}') else { break };
        result.push_str(before);
        result.push(UNKNOWN);
        rest = behind;
    }
    result.push_str(rest);
    result
}

#[cfg(test)]
mod tests {
    use super::{Content, Lines};

    #[test]
    fn lines() {
        let text = "\
# a comment \\
a==1  # why
b>=1 \\
  --hash=sha256:00 \\
  --hash=sha256:11
-r other.txt
--requirement=more.txt
-cc.txt
-e .
${NAME}==1
c==${VERSION}
--index-url https://x/#y
d#e
./f
g==2 ; python_version < \"3\" --hash=sha256:22
h \\";
        let shown: Vec<String> = Lines::parse(text)
            .0
            .iter()
            .map(|line| match &line.content {
                Content::Requirement { requirement, place, hashed } => {
                    format!("{} {:?} {:?}{}", requirement.name, requirement.pin, &text[place.clone()], if *hashed { " #" } else { "" })
                }
                Content::File(file) => format!("-r {:?} {:?}", file.text, &text[file.place.clone()]),
                Content::Constraints => "-c".to_owned(),
                Content::RequireHashes => "hashes".to_owned(),
                Content::Other => format!("? {:?}", &text[line.place.clone()]),
            })
            .collect();
        assert_eq!(
            shown,
            [
                "a Exact \"a==1\"",
                "b Range \"b>=1\" #",
                "-r \"other.txt\" \"other.txt\"",
                "-r \"more.txt\" \"more.txt\"",
                "-c",
                "? \"-e .\"",
                "? \"${NAME}==1\"",
                "c Exact \"c==${VERSION}\"",
                "? \"--index-url https://x/#y\"",
                "? \"d#e\"",
                "? \"./f\"",
                "g Exact \"g==2 ; python_version < \\\"3\\\"\" #",
                "h None \"h\"",
            ]
        );
    }
}
