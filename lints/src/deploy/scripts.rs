//! The shell texts and commands in deployment files: `RUN`, `run:`, `script:`, recipes, `commands =`; each with what is done with its failure.

use std::ops::Range;

use super::Format;
use super::command::options::{Argument, Arguments, Syntax};
use super::environment::Environment;
use super::shell::{self, Simple, Word};
use super::text::Text;

mod images;
mod makefile;
mod pipelines;
mod tox;

/// A text that a shell reads, or a command.
#[derive(Clone, Debug, Default)]
pub(crate) struct Script {
    /// Its simple commands.
    pub(crate) commands: Vec<Simple>,
    /// How the shell starts.
    pub(crate) mode: Mode,
    /// What is lost of its failure outside of it.
    pub(crate) ignored: Option<Ignored>,
    /// The stage, the job, the target: what belongs together has the same number.
    pub(crate) scope: usize,
    /// The directory that it starts in, where the file says so.
    pub(crate) directory: Option<String>,
}

/// How a shell treats failures.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Mode {
    /// `set -e`.
    pub(crate) errexit: bool,
    /// `set -o pipefail`.
    pub(crate) pipefail: bool,
    /// Whether nobody sees what fails in the midst of the lines of a text without `set -e`, as nobody watches it run.
    pub(crate) unwatched: bool,
}

/// Who is told to take no notice of a failure.
#[derive(Clone, Debug)]
pub(crate) enum Ignored {
    /// make or tox, by a `-` before the command.
    Dash(Range<usize>),
    /// GitHub, by `continue-on-error: true`.
    ContinueOnError,
}

/// Takes a script and the environment that it runs in.
pub(super) type Visit<'a> = &'a mut dyn FnMut(Script, &Environment<'_>);

/// Hands all scripts of a file of this format to `visit`, in the order of the text.
pub(super) fn each(format: Format, text: &str, visit: Visit<'_>) {
    match format {
        Format::Dockerfile => images::each(text, visit),
        Format::Shell => visit(script(text), &Environment::default()),
        Format::Workflow => pipelines::workflow(text, visit),
        Format::GitlabCi => pipelines::gitlab(text, visit),
        Format::Makefile => makefile::each(text, visit),
        Format::Tox => tox::each(text, visit),
        Format::Compose => super::compose::each_command(text, &mut |words, scope, directory, environment| {
            visit(Script { commands: vec![Simple::of_words(words)], scope, directory, ..Script::default() }, environment);
        }),
        _ => {}
    }
}

/// A shell script. Where it does not say `set -e`, whoever runs it may be looking.
fn script(text: &str) -> Script {
    let first = text.lines().next().unwrap_or_default();
    let line = first.strip_prefix("#!").unwrap_or_default();
    let words = shell::words(&Text::slice(line, 0..line.len()), &Environment::default());
    let commands = shell::commands(&Text::slice(text, 0..text.len()), &Environment::default());
    Script { commands, mode: Mode::of_shell(&words).seeing(text), ..Script::default() }
}

impl Mode {
    /// What the command line of a shell says: `/bin/bash -eo pipefail -c`.
    pub(super) fn of_shell(words: &[Word]) -> Self {
        let mut mode = Self::default();
        let arguments = words.get(1..).unwrap_or_default();
        for argument in Arguments::new(arguments, Syntax::Valued(&["-o", "-O", "--rcfile", "--init-file"])) {
            match argument {
                Argument::Option("-e", _) => mode.errexit = true,
                Argument::Option("-o", Some(value)) => mode.set(value.as_str(), true),
                _ => {}
            }
        }
        mode
    }

    /// The same where the text asks for the status of each part of a pipeline.
    pub(super) fn seeing(self, text: &str) -> Self {
        Self { pipefail: self.pipefail || text.contains("PIPESTATUS"), ..self }
    }

    fn set(&mut self, option: &str, on: bool) {
        match option {
            "errexit" => self.errexit = on,
            "pipefail" => self.pipefail = on,
            _ => {}
        }
    }

    /// `set -euo pipefail`, `set +e`.
    pub(super) fn apply(&mut self, set: &[Word]) {
        let mut words = set.iter().skip(1).map(Word::as_str);
        while let Some(word) = words.next() {
            let on = word.starts_with('-');
            if word == "--" || !on && !word.starts_with('+') {
                return;
            }
            if word.contains('e') {
                self.errexit = on;
            }
            if word.ends_with('o')
                && let Some(option) = words.next()
            {
                self.set(option, on);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Mode, each};
    use crate::deploy::Format;
    use crate::deploy::environment::Environment;
    use crate::deploy::shell;
    use crate::deploy::text::Text;

    /// The scripts of a text: scope, mode, what is ignored, and the commands with words between blanks.
    pub(super) fn shown(format: Format, text: &str) -> Vec<String> {
        let mut found = Vec::new();
        each(format, text, &mut |script, _| {
            let commands = script.commands.iter().map(|command| {
                let words: Vec<&str> = command.words.iter().map(shell::Word::as_str).collect();
                words.join(" ").replace('\u{7f}', "?")
            });
            let commands: Vec<String> = commands.collect();
            let flags =
                [(script.mode.errexit, "e"), (script.mode.pipefail, "p"), (script.mode.unwatched, "u"), (script.ignored.is_some(), "!")];
            let flags: String = flags.iter().filter(|(is_set, _)| *is_set).map(|(_, name)| *name).collect();
            let directory = script.directory.map(|path| format!(" in {path}")).unwrap_or_default();
            found.push(format!("{}{flags}{directory}: {}", script.scope, commands.join(" / ")));
        });
        found
    }

    #[test]
    fn modes() {
        let environment = Environment::default();
        let words = |text: &str| shell::words(&Text::slice(text, 0..text.len()), &environment);
        let mode = |errexit, pipefail| Mode { errexit, pipefail, unwatched: false };
        for (text, expected) in [
            ("/bin/sh -c", mode(false, false)),
            ("/bin/bash -eo pipefail -c", mode(true, true)),
            ("bash --noprofile --norc -e -o pipefail {0}", mode(true, true)),
            ("/bin/bash -o errexit", mode(true, false)),
        ] {
            assert_eq!(Mode::of_shell(&words(text)), expected, "{text}");
        }
        for (text, expected) in [
            ("set -e", mode(true, false)),
            ("set -euxo pipefail", mode(true, true)),
            ("set -o errexit -o pipefail", mode(true, true)),
            ("set -x", mode(false, false)),
            ("set -- -e", mode(false, false)),
        ] {
            let mut found = Mode::default();
            found.apply(&words(text));
            assert_eq!(found, expected, "{text}");
        }
        let mut found = mode(true, true);
        found.apply(&words("set +e +o pipefail"));
        assert_eq!(found, mode(false, false));
    }

    #[test]
    fn shell_scripts() {
        assert_eq!(shown(Format::Shell, "#!/bin/sh -e\na b\nc\n"), ["0e: a b / c"]);
        assert_eq!(shown(Format::Shell, "a | b; [ ${PIPESTATUS[0]} ]\n"), ["0p: a / b / [ ? ]"]);
    }
}
