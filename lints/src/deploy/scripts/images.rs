//! `RUN`, `CMD` and `ENTRYPOINT` of Dockerfiles.

use super::{Mode, Script, Visit};
use crate::deploy::dockerfile::{self, Instruction};
use crate::deploy::image::{self, Stage};
use crate::deploy::shell::{self, Simple, Word};
use crate::deploy::text::Text;

/// The scripts of a Dockerfile; a stage is a scope.
pub(super) fn each(text: &str, visit: Visit<'_>) {
    image::each_instruction(text, &mut |number, stage, instruction| {
        if matches!(instruction.keyword.as_str(), "RUN" | "CMD" | "ENTRYPOINT") {
            one(text, number, stage, instruction, visit);
        }
    });
}

fn one(file: &str, scope: usize, stage: &Stage, instruction: &Instruction, visit: Visit<'_>) {
    let environment = stage.build_environment();
    let common = Script { scope, directory: stage.directory().map(str::to_owned), ..Script::default() };
    let arguments = without_flags(&instruction.arguments);
    if let Some(words) = dockerfile::exec_form(&arguments) {
        return visit(Script { commands: vec![Simple::of_words(words)], ..common }, environment);
    }
    let shell = stage.shell().map(Mode::of_shell).unwrap_or_default();
    let mode = Mode { unwatched: true, ..shell.seeing(arguments.as_str()) };
    let commands = shell::commands(&arguments, environment);
    if instruction.here.is_empty() {
        return visit(Script { commands, mode, ..common }, environment);
    }
    // The body is what a shell reads where nothing else is named, or a shell is.
    let reader = match commands.as_slice() {
        [] => Some(mode),
        [command] => {
            let name = command.words.first().map_or("", Word::as_str).rsplit('/').next().unwrap_or_default();
            matches!(name, "sh" | "bash" | "dash" | "ash").then(|| Mode { unwatched: true, ..Mode::of_shell(&command.words) })
        }
        _ => None,
    };
    for body in instruction.here.iter().filter(|_| reader.is_some()) {
        let text = Text::slice(file, body.clone());
        let first = text.as_str().lines().next().unwrap_or_default();
        let Some(mode) = by_first_line(first, reader.unwrap_or_default()) else { continue };
        let mode = mode.seeing(text.as_str());
        visit(Script { commands: shell::commands(&text, environment), mode, ..common.clone() }, environment);
    }
}

/// How a text with this first line is read; not at all where it is no shell's.
fn by_first_line(first: &str, mode: Mode) -> Option<Mode> {
    let Some(line) = first.strip_prefix("#!") else { return Some(mode) };
    let words = shell::words(&Text::slice(line, 0..line.len()), &crate::deploy::environment::Environment::default());
    let is_shell = crate::deploy::interpreter(first.as_bytes()) == Some(crate::deploy::Interpreter::Shell);
    is_shell.then(|| Mode { unwatched: true, ..Mode::of_shell(&words) })
}

/// The arguments without the options of the instruction: `--mount=...`.
fn without_flags(arguments: &Text) -> Text {
    let text = arguments.as_str();
    let mut at = 0;
    while text[at..].starts_with("--") {
        let end = text[at..].find([' ', '\t', '\n']).map_or(text.len(), |length| at + length);
        at = end + (text[end..].len() - text[end..].trim_start().len());
    }
    let mut rest = Text::default();
    rest.push_text(arguments, at..text.len());
    rest
}

#[cfg(test)]
mod tests {
    use crate::deploy::Format;
    use crate::deploy::scripts::tests::shown;

    #[test]
    fn instructions() {
        let text = "\
FROM a AS one
WORKDIR /app
RUN --mount=type=cache,target=/x \\
  pip install a \\
  # why
  && b
RUN [\"pip\", \"install\", \"c\"]
SHELL [\"/bin/bash\", \"-eo\", \"pipefail\", \"-c\"]
RUN d | e
FROM one
RUN <<EOF
f
g
EOF
RUN <<EOF bash -ex
h
EOF
RUN <<EOF
#!/usr/bin/env python3
i
EOF
RUN python <<EOF
j
EOF
CMD k
";
        assert_eq!(
            shown(Format::Dockerfile, text),
            [
                "1u in /app: pip install a / b",
                "1 in /app: pip install c",
                "1epu in /app: d / e",
                "2epu in /app: f / g",
                "2eu in /app: h",
                "2epu in /app: k",
            ]
        );
    }
}
