//! Command lines of units, by systemd.service(5) and systemd.unit(5), "Specifiers".
//!
//! They are no shell text: `$NAME` as a word of its own is split into words, `${NAME}` is put in anywhere, `$$` is a dollar sign, and there are no
//! operators but `;` as a word of its own, which ends a command.

use std::ops::Range;

use super::{Entry, Unit, words};
use crate::deploy::environment::{Environment, is_name};
use crate::deploy::shell::Word;
use crate::deploy::text::{Text, UNKNOWN};

/// A command of `ExecStart=` and its kin.
#[derive(Clone, Debug)]
pub(crate) struct Command {
    /// The path of the program and its arguments, with specifiers and variables put in as far as they are known.
    pub(crate) words: Vec<Word>,
    /// The place of the command in the file, with its prefixes.
    pub(crate) place: Range<usize>,
    /// `-`: a failure counts as success.
    pub(crate) ignores_failure: bool,
    /// `|`: the user's shell runs it.
    pub(crate) through_shell: bool,
}

/// What `Environment=` sets.
pub(crate) fn environment(unit: &Unit, section: &str, name: &str) -> Environment<'static> {
    let mut environment = Environment::default();
    for entry in unit.list(section, "Environment") {
        for word in words::split(&entry.value).unwrap_or_default() {
            let word = specifiers(&word.text, name);
            if let Some((variable, value)) = word.as_str().split_once('=').filter(|(variable, _)| is_name(variable)) {
                environment.set(variable, value);
            }
        }
    }
    // What comes from elsewhere may be anything, and wins.
    for entry in unit.list(section, "PassEnvironment") {
        for word in words::split(&entry.value).unwrap_or_default() {
            environment.set_unknown(word.as_str());
        }
    }
    environment
}

/// The commands of an assignment. `name` is the unit's.
pub(crate) fn commands(entry: &Entry, environment: &Environment<'_>, name: &str) -> Vec<Command> {
    let value = &entry.value;
    let mut commands = Vec::new();
    let mut at = 0;
    while let Ok(Some(first)) = words::next(value, &mut at) {
        if first.as_str() == ";" {
            continue;
        }
        let Some(command) = command(&first, value, &mut at, environment, name) else { break };
        commands.push(command);
    }
    commands
}

fn command(first: &Word, value: &Text, at: &mut usize, environment: &Environment<'_>, name: &str) -> Option<Command> {
    let length = prefixes(first.as_str());
    let signs = &first.as_str()[..length];
    let mut path = Text::default();
    path.push_text(&first.text, length..first.as_str().len());
    let path = Word { text: specifiers(&path, name), ..first.clone() };
    let expands = !signs.contains(':');
    let (mut words, mut end) = (vec![path], first.place.end);
    let mut argv0 = signs.contains('@');
    while *at < value.as_str().len() {
        let rest = &value.as_str()[*at..];
        let lone = |text: &str| rest.strip_prefix(text).is_some_and(|rest| rest.is_empty() || rest.starts_with(super::BLANK));
        if lone(";") {
            *at += 1;
            break;
        }
        let escaped = lone("\\;");
        let Some(mut word) = words::next(value, at).ok()? else { break };
        end = word.place.end;
        if std::mem::take(&mut argv0) {
            continue;
        }
        if escaped {
            word.text = Text::at(";", word.place.clone());
        } else {
            word.text = specifiers(&word.text, name);
        }
        if expands {
            variables(word, environment, &mut words);
        } else {
            words.push(word);
        }
    }
    Some(Command {
        place: first.place.start..end.max(first.place.end),
        ignores_failure: signs.contains('-'),
        through_shell: signs.contains('|'),
        words,
    })
}

/// The length of the prefixes. Each counts once, `!` twice, and `+` and `!` exclude each other.
fn prefixes(word: &str) -> usize {
    let (mut seen, mut privileges) = (String::new(), String::new());
    for sign in word.chars() {
        let takes = match sign {
            '-' | '@' | ':' | '|' if !seen.contains(sign) => {
                seen.push(sign);
                true
            }
            '+' | '!' if privileges.is_empty() || sign == '!' && privileges == "!" => {
                privileges.push(sign);
                true
            }
            _ => false,
        };
        if !takes {
            break;
        }
    }
    seen.len() + privileges.len()
}

/// Puts in the specifiers that are the same everywhere.
fn specifiers(text: &Text, name: &str) -> Text {
    if !text.as_str().contains('%') {
        return text.clone();
    }
    let mut result = Text::default();
    let mut at = 0;
    while let Some(offset) = text.as_str()[at..].find('%') {
        result.push_text(text, at..at + offset);
        at += offset;
        let Some(letter) = text.as_str()[at + 1..].chars().next() else { break };
        let end = at + 1 + letter.len_utf8();
        let place = text.place(at..end);
        let stem = name.rsplit_once('.').map_or(name, |(stem, _)| stem);
        match letter {
            '%' => result.push_decoded("%", place),
            'n' | 'N' | 'p' if name.contains('@') || name.is_empty() => result.push_decoded("\u{7f}", place),
            'n' => result.push_decoded(name, place),
            'N' | 'p' => result.push_decoded(stem, place),
            // Others depend on the instance, the user or the machine.
            _ if letter.is_ascii_alphabetic() => result.push_decoded("\u{7f}", place),
            _ => result.push_text(text, at..end),
        }
        at = end;
    }
    result.push_text(text, at..text.as_str().len());
    result
}

/// Puts in variables, which may yield several words or none.
fn variables(word: Word, environment: &Environment<'_>, words: &mut Vec<Word>) {
    let text = word.as_str();
    if let Some(name) = text.strip_prefix('$').filter(|rest| !rest.starts_with(['{', '$']) && !rest.is_empty()) {
        match environment.expand(name) {
            Some(value) => {
                let value = Text::at(value, word.place.clone());
                let parts = words::split(&value).unwrap_or_default();
                words.extend(parts.into_iter().map(|part| Word { place: word.place.clone(), ..part }));
            }
            None => words.push(Word { text: Text::at(UNKNOWN.encode_utf8(&mut [0; 4]), word.place.clone()), ..word }),
        }
        return;
    }
    if !text.contains('$') {
        return words.push(word);
    }
    let mut result = Text::default();
    let mut at = 0;
    while let Some(offset) = text[at..].find('$') {
        result.push_text(&word.text, at..at + offset);
        at += offset;
        let rest = &text[at + 1..];
        let name = rest.strip_prefix('{').and_then(|rest| {
            let length = rest.bytes().take_while(|byte| byte.is_ascii_alphanumeric() || *byte == b'_').count();
            Some(&rest[..length]).filter(|name| is_name(name) && rest[length..].starts_with('}'))
        });
        let end = match name {
            Some(name) => at + name.len() + 3,
            None if rest.starts_with('$') => at + 2,
            None => at + 1,
        };
        match name {
            Some(name) => result.push_decoded(environment.expand(name).unwrap_or("\u{7f}"), word.text.place(at..end)),
            None => result.push_decoded("$", word.text.place(at..end)),
        }
        at = end;
    }
    result.push_text(&word.text, at..text.len());
    words.push(Word { text: result, ..word });
}
