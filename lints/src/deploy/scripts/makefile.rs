//! Recipes of makefiles, by the manual of GNU make: each line goes to a shell of its own.

use std::ops::Range;

use super::{Ignored, Mode, Script, Visit};
use crate::deploy::environment::Environment;
use crate::deploy::shell;
use crate::deploy::text::{Text, UNKNOWN};

/// How deep variables in the values of variables are followed.
const MAX_DEPTH: usize = 8;

/// A line with its continuations.
struct Logical {
    text: Text,
    is_recipe: bool,
}

/// The scripts of a makefile; a target is a scope. Variables have the values that they have at the end of the file, as in recipes.
pub(super) fn each(text: &str, visit: Visit<'_>) {
    let lines = lines(text);
    let mut variables = Environment::default();
    let mut in_definition = false;
    let mut recipes = Vec::new();
    let (mut scope, mut flags, mut in_rule) = (0, None, false);
    for line in &lines {
        let content = line.text.as_str();
        let first = content.split_ascii_whitespace().next().unwrap_or_default();
        if in_definition || first == "define" {
            in_definition = first != "endef";
        } else if line.is_recipe && in_rule {
            recipes.push((scope, &line.text));
        } else if let Some((name, value)) = assignment(content) {
            if name == ".SHELLFLAGS" {
                flags = Some(value);
            }
            set(&mut variables, name, value, content);
        } else if content.contains(':') {
            scope += 1;
            in_rule = true;
        }
    }
    let flags = flags.map(|flags| format!("sh {flags}")).unwrap_or_default();
    let mode = Mode::of_shell(&shell::words(&Text::slice(&flags, 0..flags.len()), &Environment::default()));
    for (scope, recipe) in recipes {
        one(recipe, scope, mode, &variables, visit);
    }
}

/// A line of a recipe.
fn one(recipe: &Text, scope: usize, mode: Mode, variables: &Environment<'_>, visit: Visit<'_>) {
    let prefix = recipe.as_str().len() - recipe.as_str().trim_start_matches(['@', '-', '+', ' ', '\t']).len();
    let dash = recipe.as_str()[..prefix].find('-').map(|at| recipe.place(at..at + 1));
    let mut command = Text::default();
    expand(recipe, prefix..recipe.as_str().len(), variables, MAX_DEPTH, &mut command);
    let environment = Environment::default();
    let script = Script {
        mode: Mode { unwatched: true, ..mode.seeing(command.as_str()) },
        commands: shell::commands(&command, &environment),
        ignored: dash.map(Ignored::Dash),
        scope,
        directory: None,
    };
    visit(script, &environment);
}

/// The lines of the file. A continued line of a recipe keeps its backslash, as the shell gets it, and loses a tab at its start; others
/// are joined by a blank.
fn lines(text: &str) -> Vec<Logical> {
    let mut lines: Vec<Logical> = Vec::new();
    let mut goes_on = false;
    let mut at = 0;
    for line in text.split_inclusive('\n') {
        let start = at;
        at += line.len();
        let line = line.trim_end_matches(['\n', '\r']);
        let continued = line.bytes().rev().take_while(|byte| *byte == b'\\').count() % 2 == 1;
        if !goes_on {
            lines.push(Logical { text: Text::default(), is_recipe: line.starts_with('\t') });
        }
        let Some(logical) = lines.last_mut() else { continue };
        let from = usize::from(line.starts_with('\t') && (logical.is_recipe || goes_on));
        if continued && logical.is_recipe {
            logical.text.push(&line[from..], start + from);
            logical.text.push_decoded("\n", start + line.len()..at);
        } else {
            let end = line.len() - usize::from(continued);
            logical.text.push(line.get(from..end).unwrap_or_default(), start + from);
            if continued {
                logical.text.push_decoded(" ", start + end..at);
            }
        }
        goes_on = continued;
    }
    lines
}

/// `NAME = value`, `NAME := value`, `export NAME ?= value`.
fn assignment(line: &str) -> Option<(&str, &str)> {
    let line = line.trim_start();
    if line.starts_with('#') {
        return None;
    }
    let line = ["export ", "override "].iter().fold(line, |line, word| line.strip_prefix(word).unwrap_or(line));
    let (name, value) = line.split_once('=')?;
    let name = name.trim_end_matches([':', '?', '+', '!']).trim();
    let is_name = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '-');
    let value = value.split(" #").next().unwrap_or_default().trim();
    (!name.is_empty() && name.chars().all(is_name)).then_some((name, value))
}

fn set(variables: &mut Environment<'_>, name: &str, value: &str, line: &str) {
    let operator = line.split('=').next().unwrap_or_default();
    if operator.ends_with('!') {
        return variables.set_unknown(name);
    }
    if !operator.ends_with('+') {
        return variables.set(name, value);
    }
    let longer = variables.get(name).map(|known| format!("{known} {value}"));
    match longer {
        Some(longer) => variables.set(name, &longer),
        None => variables.set_unknown(name),
    }
}

/// Appends a part of a text with make's references expanded. What is not known stays so.
fn expand(text: &Text, range: Range<usize>, variables: &Environment<'_>, depth: usize, result: &mut Text) {
    let value = text.as_str();
    let mut at = range.start;
    while let Some(offset) = value[at..range.end].find('$') {
        result.push_text(text, at..at + offset);
        at += offset;
        let rest = &value[at + 1..range.end];
        let (length, name) = match rest.chars().next() {
            Some('$') => {
                result.push_text(text, at + 1..at + 2);
                at += 2;
                continue;
            }
            Some(open @ ('(' | '{')) => {
                let length = reference(rest, open);
                (length, rest.get(1..length - 1).unwrap_or_default())
            }
            Some(c) => (c.len_utf8(), &rest[..c.len_utf8()]),
            None => break,
        };
        let place = text.place(at..at + 1 + length);
        at += 1 + length;
        match variables.expand(name).filter(|_| depth > 0) {
            Some(known) => {
                let inner = Text::at(known, place.clone());
                let mut expanded = Text::default();
                expand(&inner, 0..known.len(), variables, depth - 1, &mut expanded);
                // However long it is, it stands at the reference.
                result.push_decoded(expanded.as_str(), place);
            }
            None => result.push_decoded(UNKNOWN.encode_utf8(&mut [0; 4]), place),
        }
    }
    result.push_text(text, at..range.end);
}

/// The length of `(NAME)` with what it nests; of the rest, where nothing closes it.
fn reference(text: &str, open: char) -> usize {
    let close = if open == '(' { b')' } else { b'}' };
    let mut depth = 0_usize;
    for (at, byte) in text.bytes().enumerate() {
        if byte == open as u8 {
            depth += 1;
        } else if byte == close {
            depth -= 1;
            if depth == 0 {
                return at + 1;
            }
        }
    }
    text.len()
}

#[cfg(test)]
mod tests {
    use crate::deploy::Format;
    use crate::deploy::scripts::tests::shown;

    #[test]
    fn recipes() {
        let text = "\
VENV ?= .venv
PIP = $(BIN)/pip
BIN := $(VENV)/bin
FLAGS = -q
FLAGS += -U
# x = y
define X
\tnothing
endef
all: install  # why
install: a.txt
\t@-$(PIP) install $(FLAGS) \\
\t\t-r a.txt; echo $$HOME $@ $(shell date) ${NO}
\tb && \\
\t  c
ifdef X
\td
endif
";
        assert_eq!(shown(Format::Makefile, text), ["2u!: .venv/bin/pip install -q -U -r a.txt / echo ? ? ? ?", "2u: b / c", "2u: d"]);
        assert_eq!(shown(Format::Makefile, ".SHELLFLAGS = -eu -o pipefail -c\na:\n\tb | c\n"), ["1epu: b / c"]);
        assert_eq!(shown(Format::Makefile, "a:\n\t$(\n\t$\n\t$(A\n"), ["1u: ?", "1u: $", "1u: ?"]);
        let bomb: Vec<String> = (0..60).map(|index| format!("A{} = $(A{index})$(A{index})\n", index + 1)).collect();
        let bomb = bomb.concat();
        assert_eq!(shown(Format::Makefile, &format!("A0 = aaaaaaaa\n{bomb}a:\n\tpip $(A60)\n")).len(), 1);
    }
}
