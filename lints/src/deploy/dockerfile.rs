//! Dockerfiles, by the reference of their format: parser directives, comments, continued lines, here-documents, the two forms of commands.

use std::ops::Range;

use super::shell::Word;
use super::text::Text;

/// An instruction.
#[derive(Clone, Debug)]
pub(crate) struct Instruction {
    /// In upper case.
    pub(crate) keyword: String,
    /// The place of the whole instruction, without here-documents.
    #[cfg_attr(not(test), expect(dead_code, reason = "what is read must have its place, which the tests look at"))]
    pub(crate) place: Range<usize>,
    /// What stands behind the keyword, stripped, with continued lines joined and comments between them taken out.
    pub(crate) arguments: Text,
    /// The bodies of here-documents.
    pub(crate) here: Vec<Range<usize>>,
}

/// Reads a Dockerfile.
pub(crate) fn parse(text: &str) -> Vec<Instruction> {
    let mut reader = Reader { text, at: if text.starts_with('\u{feff}') { 3 } else { 0 }, escape: '\\' };
    reader.directives();
    let mut instructions = Vec::new();
    while reader.at < text.len() {
        instructions.extend(reader.instruction());
    }
    instructions
}

/// The words of the exec form, a JSON array of strings; none for the shell form.
pub(crate) fn exec_form(arguments: &Text) -> Option<Vec<Word>> {
    let text = arguments.as_str();
    let mut at = 1;
    let skip = |at: &mut usize| *at += text[*at..].len() - text[*at..].trim_start().len();
    if !text.starts_with('[') {
        return None;
    }
    let mut words = Vec::new();
    skip(&mut at);
    if text[at..].starts_with(']') {
        return text[at + 1..].trim().is_empty().then_some(words);
    }
    loop {
        words.push(string(arguments, &mut at)?);
        skip(&mut at);
        match text[at..].bytes().next()? {
            b',' => at += 1,
            b']' => return text[at + 1..].trim().is_empty().then_some(words),
            _ => return None,
        }
        skip(&mut at);
    }
}

/// A string of JSON.
fn string(arguments: &Text, at: &mut usize) -> Option<Word> {
    let text = arguments.as_str();
    let start = *at;
    *at += text[start..].starts_with('"').then_some(1)?;
    let mut word = Text::default();
    loop {
        let rest = &text[*at..];
        let c = rest.chars().next()?;
        let place = |length: usize| arguments.place(*at..*at + length);
        match c {
            '"' => {
                *at += 1;
                return Some(Word { text: word, place: arguments.place(start..*at), quoted: true });
            }
            '\\' => {
                let (decoded, length) = match rest[1..].chars().next()? {
                    'u' => (char::from_u32(u32::from_str_radix(rest.get(2..6)?, 16).ok()?).unwrap_or('\u{fffd}'), 6),
                    'n' => ('\n', 2),
                    't' => ('\t', 2),
                    'r' => ('\r', 2),
                    'b' => ('\u{8}', 2),
                    'f' => ('\u{c}', 2),
                    c @ ('"' | '\\' | '/') => (c, 2),
                    _ => return None,
                };
                word.push_decoded(decoded.encode_utf8(&mut [0; 4]), place(length));
                *at += length;
            }
            _ => {
                word.push_text(arguments, *at..*at + c.len_utf8());
                *at += c.len_utf8();
            }
        }
    }
}

struct Reader<'a> {
    text: &'a str,
    at: usize,
    escape: char,
}

impl<'a> Reader<'a> {
    /// The next line, without its end, and its place.
    fn line(&mut self) -> (&'a str, usize) {
        let start = self.at;
        let rest = &self.text[start..];
        let length = rest.find('\n').unwrap_or(rest.len());
        self.at = (start + length + 1).min(self.text.len());
        let line = &rest[..length];
        (line.strip_suffix('\r').unwrap_or(line), start)
    }

    /// `# escape=...` and other directives, which must come before all else.
    fn directives(&mut self) {
        loop {
            let before = self.at;
            let (line, _) = self.line();
            let directive = line.trim().strip_prefix('#').and_then(|directive| directive.split_once('='));
            let Some((name, value)) = directive.filter(|(name, _)| is_word(name.trim())) else {
                self.at = before;
                return;
            };
            if name.trim().eq_ignore_ascii_case("escape") && value.trim() == "`" {
                self.escape = '`';
            }
        }
    }

    fn instruction(&mut self) -> Option<Instruction> {
        let mut joined = Text::default();
        let mut place: Option<Range<usize>> = None;
        loop {
            let (line, start) = self.line();
            let trimmed = line.trim();
            let is_more = place.is_some() && self.at < self.text.len();
            if trimmed.starts_with('#') || trimmed.is_empty() {
                if is_more {
                    continue;
                }
                place.as_ref()?;
                break;
            }
            let from = if place.is_some() { start } else { start + (line.len() - line.trim_start().len()) };
            let content = self.continued(line);
            let end = start + content.unwrap_or(line.trim_end()).len();
            joined.push(self.text.get(from..end).unwrap_or_default(), from);
            place = Some(place.map_or(from, |place: Range<usize>| place.start)..end.max(from));
            if content.is_none() || self.at >= self.text.len() {
                break;
            }
        }
        let text = joined.as_str();
        let keyword = text.split([' ', '\t']).next().unwrap_or_default();
        let from = text.len() - text[keyword.len()..].trim_start().len();
        let mut arguments = Text::default();
        arguments.push_text(&joined, from..text.trim_end().len().max(from));
        let keyword = keyword.to_ascii_uppercase();
        let here = if matches!(keyword.as_str(), "RUN" | "COPY" | "ADD") { self.here_documents(arguments.as_str()) } else { Vec::new() };
        Some(Instruction { keyword, place: place?, arguments, here })
    }

    /// The line without the escape at its end, if it goes on.
    fn continued(&self, line: &'a str) -> Option<&'a str> {
        let content = line.trim_end_matches([' ', '\t']).strip_suffix(self.escape)?;
        (!content.ends_with(self.escape)).then_some(content)
    }

    /// Skips the bodies of here-documents; the result is their places.
    fn here_documents(&mut self, arguments: &str) -> Vec<Range<usize>> {
        let mut bodies = Vec::new();
        for (name, tabs) in here_names(arguments) {
            let start = self.at;
            loop {
                let end = self.at;
                if end >= self.text.len() {
                    bodies.push(start..end);
                    break;
                }
                let (line, _) = self.line();
                if (if tabs { line.trim_start_matches('\t') } else { line }) == name {
                    bodies.push(start..end);
                    break;
                }
            }
        }
        bodies
    }
}

/// The delimiters of here-documents, and whether tabs before them are taken away.
fn here_names(arguments: &str) -> Vec<(String, bool)> {
    let mut names = Vec::new();
    for word in arguments.split_ascii_whitespace() {
        let Some(rest) = word.trim_start_matches(|c: char| c.is_ascii_digit()).strip_prefix("<<") else { continue };
        let (rest, tabs) = rest.strip_prefix('-').map_or((rest, false), |rest| (rest, true));
        let name = rest.trim_matches(['"', '\'']);
        if is_word(name) {
            names.push((name.to_owned(), tabs));
        }
    }
    names
}

fn is_word(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

#[cfg(test)]
mod tests {
    use super::{exec_form, parse};

    fn shown(text: &str) -> Vec<String> {
        parse(text).iter().map(|instruction| format!("{}|{}", instruction.keyword, instruction.arguments.as_str())).collect()
    }

    #[test]
    fn instructions() {
        assert_eq!(
            shown("# c\nFROM a AS b\n\n  run x \\\n   # c\n\n  && y\\\\\nCMD z  \r\n"),
            ["FROM|a AS b", "RUN|x   && y\\\\", "CMD|z"]
        );
        assert_eq!(shown("# syntax=x\n# escape=`\nRUN a `\n b\\\nRUN c"), ["RUN|a  b\\", "RUN|c"]);
        assert_eq!(shown("# c\n# escape=`\nRUN a\\\n b"), ["RUN|a b"]);
        assert_eq!(shown("RUN <<EOF cat <<-'X'\na\nEOF\n\tb\n\tX\nCMD c"), ["RUN|<<EOF cat <<-'X'", "CMD|c"]);
        assert_eq!(shown("RUN a \\"), ["RUN|a"]);
        assert_eq!(shown("RUN"), ["RUN|"]);
        assert_eq!(shown(""), [""; 0]);
        let text = "RUN <<A\nx\nA\nRUN y \\\n z\n";
        let found = parse(text);
        assert_eq!(&text[found[0].here[0].clone()], "x\n");
        assert_eq!(&text[found[1].place.clone()], "RUN y \\\n z");
    }

    #[test]
    fn forms() {
        let words = |arguments: &str| -> Option<Vec<String>> {
            let text = format!("CMD {arguments}");
            let found = parse(&text).remove(0);
            Some(exec_form(&found.arguments)?.iter().map(|word| word.as_str().to_owned()).collect())
        };
        assert_eq!(words(r#"["a", "b \"c\" \u0041\n" , "$d"]"#), Some(vec!["a".into(), "b \"c\" A\n".into(), "$d".into()]));
        assert_eq!(words("[ \"a\", \\\n \"b\" ]"), Some(vec!["a".into(), "b".into()]));
        assert_eq!(words("[]"), Some(vec![]));
        for shell in ["['a']", "[\"a\"", "[\"a\",]", "[\"a\"] b", "a", "[\"\\x\"]", "[", "[\"a"] {
            assert_eq!(words(shell), None, "{shell}");
        }
    }
}
