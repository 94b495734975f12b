//! Shell text: words, quotes, expansions and operators, by the rules of POSIX (XCU 2, "Shell Command Language") with what bash adds and
//! deployment files use (`|&`, `&>`, `$'...'`, `<(...)`).
//!
//! This yields the simple commands in the order of the text, each with the operators around it. It deliberately builds no tree: what an `if` or a
//! loop guards may run, and that is all that is asked here. It is linear in the text, and takes any text.

use std::ops::Range;

use super::environment::{Environment, is_name};
use super::text::{Text, UNKNOWN};

mod expand;

/// How deep `${a:-${b:-...}}` is followed.
const MAX_DEPTH: usize = 6;

/// A word of a command line, after quotes are taken away and known variables are put in.
#[derive(Clone, Debug)]
pub(crate) struct Word {
    /// What the program gets, with [`UNKNOWN`] for what is not known.
    pub(crate) text: Text,
    /// The place in the file, with the quotes.
    pub(crate) place: Range<usize>,
    /// Whether any part of it was quoted.
    pub(crate) quoted: bool,
}

impl Word {
    /// What the program gets.
    pub(crate) fn as_str(&self) -> &str {
        self.text.as_str()
    }
}

/// How a command is tied to its neighbour.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Link {
    /// It has none.
    None,
    /// `&&`
    And,
    /// `||`
    Or,
    /// `;` or a new line
    Then,
    /// `|`
    Pipe,
    /// `&`
    Background,
}

/// A simple command: assignments and words.
#[derive(Clone, Debug)]
pub(crate) struct Simple {
    /// The name and the arguments.
    pub(crate) words: Vec<Word>,
    /// The assignments before the name.
    pub(crate) assignments: Vec<(String, Text)>,
    /// How it is tied to the command before it.
    pub(crate) before: Link,
    /// How it is tied to the command after it; for the last one of a group, that of the group.
    pub(crate) after: Link,
    /// Whether a new line, and no operator, ends it.
    pub(crate) ends_line: bool,
    /// How many groups (`{ ...; }`, `( ... )`) begin with it.
    pub(crate) opens: usize,
    /// How many groups end with it.
    pub(crate) closes: usize,
    /// Whether it stands in the condition of an `if` or a loop, or behind `!`: its status is asked for.
    pub(crate) tested: bool,
    /// Whether it ends a branch of an `if` or a `case`, or the body of a loop: what is executed next is not what stands next.
    pub(crate) ends_branch: bool,
}

impl Simple {
    /// A command that no shell reads: its words are what they are.
    pub(crate) fn of_words(words: Vec<Word>) -> Self {
        Self {
            words,
            assignments: Vec::new(),
            before: Link::None,
            after: Link::None,
            ends_line: false,
            opens: 0,
            closes: 0,
            tested: false,
            ends_branch: false,
        }
    }

    /// The place of its words.
    pub(crate) fn place(&self) -> Range<usize> {
        let places = self.words.iter().map(|word| word.place.clone());
        places.reduce(|all, place| all.start.min(place.start)..all.end.max(place.end)).unwrap_or(0..0)
    }
}

/// The simple commands of a shell text. Assignments that stand alone, and `export`s, hold for the commands after them.
pub(crate) fn commands(text: &Text, environment: &Environment<'_>) -> Vec<Simple> {
    let mut lexer = Lexer::new(text, environment.inner(), 0);
    lexer.run();
    lexer.commands
}

/// The words of a text that holds one command and no operators: operators are words like others.
pub(crate) fn words(text: &Text, environment: &Environment<'_>) -> Vec<Word> {
    let mut lexer = Lexer::new(text, environment.inner(), 0);
    lexer.operators = false;
    lexer.run();
    lexer.words
}

/// Reads a text.
struct Lexer<'a> {
    text: &'a Text,
    at: usize,
    environment: Environment<'a>,
    depth: usize,
    /// Whether operators are told from words.
    operators: bool,
    commands: Vec<Simple>,
    words: Vec<Word>,
    assignments: Vec<(String, Text)>,
    before: Link,
    /// Open parentheses.
    open: usize,
    /// Groups that have begun since the last command.
    opened: usize,
    /// Whether this is the condition of an `if` or a loop.
    condition: bool,
    /// Delimiters of here-documents whose bodies follow the line, and whether tabs before them are taken away.
    here: Vec<(String, bool)>,
    current: Current,
}

/// The word that is being read.
#[derive(Default)]
struct Current {
    text: Text,
    place: Option<Range<usize>>,
    quoted: bool,
}

impl<'a> Lexer<'a> {
    fn new(text: &'a Text, environment: Environment<'a>, depth: usize) -> Self {
        Self {
            text,
            at: 0,
            environment,
            depth,
            operators: true,
            commands: Vec::new(),
            words: Vec::new(),
            assignments: Vec::new(),
            before: Link::None,
            open: 0,
            opened: 0,
            condition: false,
            here: Vec::new(),
            current: Current::default(),
        }
    }

    fn rest(&self) -> &'a str {
        self.text.as_str().get(self.at..).unwrap_or_default()
    }

    fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    fn run(&mut self) {
        while let Some(c) = self.peek() {
            match c {
                ' ' | '\t' | '\r' => self.at += 1,
                '\n' if !self.operators => self.at += 1,
                '\\' if self.rest().starts_with("\\\n") => self.at += 2,
                '\n' => {
                    self.at += 1;
                    self.here_documents();
                    let known = self.commands.len();
                    self.end(Link::Then);
                    if let Some(command) = self.commands.get_mut(known) {
                        command.ends_line = true;
                    }
                }
                '#' if self.operators => self.at += self.rest().find('\n').unwrap_or(self.rest().len()),
                ';' | '&' | '|' | '(' | ')' | '<' | '>' if self.operators => self.operator(),
                _ => self.word(),
            }
        }
        if self.operators {
            self.end(Link::None);
        }
    }

    fn operator(&mut self) {
        let rest = self.rest();
        let starts = |operator: &str| rest.starts_with(operator);
        let (length, link) = match rest.as_bytes().first() {
            Some(b'<' | b'>') => return self.redirection(),
            Some(b'&') if starts("&>") => {
                self.at += 1;
                return self.redirection();
            }
            Some(b'&') if starts("&&") => (2, Link::And),
            Some(b'&') => (1, Link::Background),
            Some(b'|') if starts("||") => (2, Link::Or),
            Some(b'|') if starts("|&") => (2, Link::Pipe),
            Some(b'|') => (1, Link::Pipe),
            Some(b';') if starts(";;&") => (3, Link::Then),
            Some(b';') if starts(";;") || starts(";&") => (2, Link::Then),
            Some(b'(') => {
                self.at += 1;
                self.open += 1;
                self.opened += 1;
                // What stands before it was a function's name.
                self.words.clear();
                self.assignments.clear();
                return;
            }
            Some(b')') if self.open == 0 => {
                // The pattern of a `case`, with its alternatives.
                self.at += 1;
                while self.commands.last().is_some_and(|command| command.after == Link::Pipe) {
                    self.commands.pop();
                }
                self.words.clear();
                self.assignments.clear();
                return;
            }
            Some(b')') => {
                self.open -= 1;
                self.at += 1;
                self.end(Link::Then);
                return self.close();
            }
            _ => (1, Link::Then),
        };
        let is_case = starts(";;") || starts(";&");
        self.at += length;
        self.end(link);
        if is_case {
            self.end_branch();
        }
    }

    /// At `<` or `>`: skips the redirection; a here-document's delimiter is kept.
    fn redirection(&mut self) {
        let rest = self.rest();
        if rest.starts_with("<(") || rest.starts_with(">(") {
            let end = self.at + 1 + expand::balanced(&rest[1..]);
            self.current.push(UNKNOWN.encode_utf8(&mut [0; 4]), self.text.place(self.at..end));
            self.at = end;
            return self.finish_word();
        }
        let here = rest.starts_with("<<") && !rest.starts_with("<<<");
        let tabs = rest.starts_with("<<-");
        self.at += rest.bytes().take_while(|byte| matches!(byte, b'<' | b'>' | b'&' | b'|' | b'-')).count();
        while self.rest().starts_with([' ', '\t']) {
            self.at += 1;
        }
        // The file's descriptor stands right before the operator.
        let before = self.words.len();
        if self.peek().is_some_and(|c| !matches!(c, '\n' | ';' | '&' | '|' | '(' | ')' | '<' | '>')) {
            self.word();
        }
        let target = self.words.drain(before.min(self.words.len())..).next();
        if let (true, Some(target)) = (here, target) {
            self.here.push((target.as_str().to_owned(), tabs));
        }
    }

    /// At the start of a line: skips the bodies of here-documents.
    fn here_documents(&mut self) {
        for (delimiter, tabs) in std::mem::take(&mut self.here) {
            while !self.rest().is_empty() {
                let line = self.rest().split('\n').next().unwrap_or_default();
                self.at = (self.at + line.len() + 1).min(self.text.as_str().len());
                let line = line.strip_suffix('\r').unwrap_or(line);
                if (if tabs { line.trim_start_matches('\t') } else { line }) == delimiter {
                    break;
                }
            }
        }
    }

    /// Ends a group: it is that of the last command, or holds none.
    fn close(&mut self) {
        match self.commands.last_mut() {
            Some(last) if self.opened == 0 => last.closes += 1,
            _ => self.opened = self.opened.saturating_sub(1),
        }
    }

    /// Marks the last command as the end of a branch.
    fn end_branch(&mut self) {
        if let Some(last) = self.commands.last_mut() {
            last.ends_branch = true;
        }
    }

    /// Ends a command.
    fn end(&mut self, link: Link) {
        let mut words = std::mem::take(&mut self.words);
        let assignments = std::mem::take(&mut self.assignments);
        let reserved = words.iter().take_while(|word| !word.quoted && is_opening(word.as_str())).count();
        let mut negated = false;
        for word in words.drain(..reserved) {
            match word.as_str() {
                "{" => self.opened += 1,
                "if" | "while" | "until" => {
                    self.condition = true;
                    self.opened += 1;
                }
                "elif" => {
                    self.condition = true;
                    self.end_branch();
                }
                "then" | "do" => self.condition = false,
                "else" => self.end_branch(),
                "!" => negated = true,
                _ => {}
            }
        }
        let no_command = words.first().is_some_and(|word| !word.quoted && is_structure(word.as_str()));
        if words.first().is_some_and(|word| matches!(word.as_str(), "export" | "declare" | "readonly")) {
            for word in &words[1..] {
                if let Some((name, value)) = word.as_str().split_once('=').filter(|(name, _)| is_name(name)) {
                    self.environment.set(name, value);
                }
            }
        }
        if words.is_empty() {
            for (name, value) in &assignments {
                self.environment.set(name, value.as_str());
            }
        }
        if words.is_empty() || no_command {
            match words.first().map_or("", Word::as_str) {
                "}" => self.close(),
                "fi" | "done" => {
                    self.end_branch();
                    self.close();
                }
                "esac" => self.end_branch(),
                "for" | "select" => self.opened += 1,
                _ => {}
            }
            // `done | x`, `} || true`: the operator goes with what was in the braces.
            if link != Link::Then
                && let Some(last) = self.commands.last_mut()
            {
                last.after = link;
            }
            if link != Link::Then || no_command {
                self.before = link;
            }
            return;
        }
        let opens = std::mem::take(&mut self.opened);
        let tested = self.condition || negated;
        self.commands.push(Simple {
            words,
            assignments,
            before: self.before,
            after: link,
            ends_line: false,
            opens,
            closes: 0,
            tested,
            ends_branch: false,
        });
        self.before = link;
    }

    /// Reads a word; more than one where an expansion yields several.
    fn word(&mut self) {
        let start = self.at;
        while let Some(c) = self.peek() {
            match c {
                ' ' | '\t' | '\n' | '\r' => break,
                ';' | '&' | '|' | '(' | ')' | '<' | '>' if self.operators => break,
                '\\' => self.escaped(),
                '\'' => self.single_quoted(),
                '"' => self.double_quoted(),
                '$' => self.dollar(false),
                '`' => self.backquoted(),
                _ => self.literal(c.len_utf8()),
            }
        }
        if matches!(self.peek(), Some('<' | '>')) && self.operators {
            let digits = &self.text.as_str()[start..self.at];
            if !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit()) {
                self.current = Current::default();
                return;
            }
        }
        self.finish_word();
    }

    /// Ends the current word, if there is one.
    fn finish_word(&mut self) {
        let Current { text, place, quoted } = std::mem::take(&mut self.current);
        let Some(place) = place else { return };
        let word = Word { text, place, quoted };
        if self.words.is_empty()
            && self.operators
            && let Some((name, value)) = assignment(&word)
        {
            self.assignments.push((name, value));
            return;
        }
        self.words.push(word);
    }

    fn literal(&mut self, length: usize) {
        let part = self.rest().get(..length).unwrap_or_default();
        self.current.push(part, self.text.place(self.at..self.at + length));
        self.at += length;
    }

    fn escaped(&mut self) {
        let next = self.rest().get(1..).and_then(|rest| rest.chars().next());
        let length = 1 + next.map_or(0, char::len_utf8);
        let place = self.text.place(self.at..self.at + length);
        match next {
            Some('\n') => {}
            Some(c) => self.current.push(c.encode_utf8(&mut [0; 4]), place),
            None => self.current.push("\\", place),
        }
        self.current.quoted = true;
        self.at += length;
    }

    fn single_quoted(&mut self) {
        let inner = &self.rest()[1..];
        let length = inner.find('\'').unwrap_or(inner.len());
        self.current.touch(self.text.place(self.at..(self.at + length + 2).min(self.text.as_str().len())));
        self.current.quoted = true;
        self.current.text.push_text(self.text, self.at + 1..self.at + 1 + length);
        self.at = (self.at + length + 2).min(self.text.as_str().len());
    }

    fn double_quoted(&mut self) {
        self.current.touch(self.text.place(self.at..self.at + 1));
        self.current.quoted = true;
        self.at += 1;
        while let Some(c) = self.peek() {
            match c {
                '"' => {
                    self.current.touch(self.text.place(self.at..self.at + 1));
                    self.at += 1;
                    return;
                }
                '\\' if self.rest()[1..].starts_with(['$', '`', '"', '\\', '\n']) => self.escaped(),
                '$' => self.dollar(true),
                '`' => self.backquoted(),
                _ => self.literal(c.len_utf8()),
            }
        }
    }
}

impl Current {
    fn push(&mut self, part: &str, place: Range<usize>) {
        self.touch(place.clone());
        self.text.push_decoded(part, place);
    }

    /// The word is there, and reaches over this place.
    fn touch(&mut self, place: Range<usize>) {
        self.place = Some(match self.place.take() {
            Some(old) => old.start.min(place.start)..old.end.max(place.end),
            None => place,
        });
    }
}

/// `NAME=value`, as an assignment before a command.
pub(super) fn assignment(word: &Word) -> Option<(String, Text)> {
    let (name, _) = word.as_str().split_once('=').filter(|(name, _)| is_name(name))?;
    // A quoted name is no assignment.
    if word.quoted && word.text.place(0..name.len() + 1).start != word.place.start {
        return None;
    }
    let mut value = Text::default();
    value.push_text(&word.text, name.len() + 1..word.as_str().len());
    Some((name.to_owned(), value))
}

/// Reserved words that a command may follow directly.
fn is_opening(word: &str) -> bool {
    matches!(word, "if" | "then" | "elif" | "else" | "do" | "while" | "until" | "!" | "{" | "time")
}

/// Reserved words that begin what is no simple command.
fn is_structure(word: &str) -> bool {
    matches!(word, "for" | "case" | "select" | "function" | "fi" | "done" | "esac" | "}" | "[[")
}

#[cfg(test)]
mod tests;
