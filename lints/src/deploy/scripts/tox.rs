//! `commands` of `tox.ini`: no shell reads them.

use super::{Ignored, Script, Visit};
use crate::deploy::environment::Environment;
use crate::deploy::ini::{self, Section};
use crate::deploy::shell::{self, Simple};
use crate::deploy::text::{Text, UNKNOWN};

/// The scripts of a `tox.ini`, one for each command; a section is a scope.
pub(super) fn each(text: &str, visit: Visit<'_>) {
    let environment = Environment::default();
    for (scope, section) in ini::parse(text, &['#']).iter().enumerate().filter(|(_, section)| section.name.starts_with("testenv")) {
        for line in commands(section) {
            let value = line.as_str();
            // `-command` and `- command` take no notice of a failure, `! command` wants one.
            let dash = value.starts_with('-').then(|| line.place(0..1));
            if value.starts_with('!') {
                continue;
            }
            let mut command = Text::default();
            substituted(&line, usize::from(dash.is_some()), &mut command);
            let commands = vec![Simple::of_words(shell::words(&command, &environment))];
            visit(Script { commands, ignored: dash.map(Ignored::Dash), scope, ..Script::default() }, &environment);
        }
    }
}

/// The command lines of a section, with continued ones joined.
fn commands(section: &Section) -> Vec<Text> {
    let entries = section.entries.iter().filter(|entry| matches!(&*entry.key, "commands" | "commands_pre" | "commands_post"));
    let mut found = Vec::new();
    for entry in entries {
        let mut joined = Text::default();
        for line in &entry.lines {
            if let Some(part) = line.as_str().strip_suffix('\\') {
                joined.push_text(line, 0..part.len());
                joined.push_decoded(" ", line.place(part.len()..part.len() + 1));
            } else {
                joined.push_text(line, 0..line.as_str().len());
                found.push(std::mem::take(&mut joined));
            }
        }
        found.push(joined);
    }
    found.retain(|line| !line.as_str().is_empty());
    found
}

/// Puts what is not known in the place of `{envpython}`, `{[testenv]deps}`, `{posargs:default}`.
fn substituted(line: &Text, from: usize, result: &mut Text) {
    let value = line.as_str();
    let mut at = from;
    while let Some(open) = value[at..].find('{').map(|offset| at + offset) {
        let mut depth = 0_usize;
        let length = value[open..].bytes().position(|byte| {
            match byte {
                b'{' => depth += 1,
                b'}' => depth -= 1,
                _ => {}
            }
            depth == 0
        });
        let Some(length) = length else { break };
        result.push_text(line, at..open);
        result.push_decoded(UNKNOWN.encode_utf8(&mut [0; 4]), line.place(open..open + length + 1));
        at = open + length + 1;
    }
    result.push_text(line, at..value.len());
}

#[cfg(test)]
mod tests {
    use crate::deploy::Format;
    use crate::deploy::scripts::tests::shown;

    #[test]
    fn commands() {
        let text = "\
[tox]
commands = x
[testenv]
deps = a
commands_pre = {envpython} -m pip install -U b  # why
commands =
    -pip install c \\
        -r {toxinidir}/d.txt
    - e
    ! f
    g {posargs:{a} b} {h
[testenv:docs]
commands = i
";
        assert_eq!(shown(Format::Tox, text), ["1: ? -m pip install -U b", "1!: pip install c -r ?/d.txt", "1!: e", "1: g ? {h", "2: i"]);
    }
}
