//! The installs by pip in a file, in its order, with where each is run and what becomes of its failure.

use std::ops::Range;

use super::command::{self, Innermost, innermost};
use super::environment::Environment;
use super::pip::{self, Command, Install};
use super::scripts::{self, Ignored, Mode, Script};
use super::shell::{self, Word};
use super::text::{self, Text};
use super::{Format, MAX_TEXT};
use loss::{Loss, loss};

pub(crate) mod loss;

/// How many shells within shells are read.
const MAX_DEPTH: usize = 4;
/// The longest directory that is kept: each install has one.
const MAX_DIRECTORY: usize = 256;

/// The installs of a file.
#[derive(Debug, Default)]
pub(crate) struct Installs {
    /// In the order of the file.
    pub(crate) found: Vec<Found>,
    /// Whether `pip check` is run.
    pub(crate) checks: bool,
}

/// An install.
#[derive(Clone, Debug)]
pub(crate) struct Found {
    /// The command.
    pub(crate) install: Install,
    /// Where it is reported: the command, in Python the list that it is made of.
    pub(crate) place: Range<usize>,
    /// What takes its failure away, if anything does.
    pub(crate) loss: Option<Loss>,
    /// The stage, the job, the target: what belongs together has the same number.
    pub(crate) scope: usize,
    /// The directory that it is run in, as far as the file says so.
    pub(crate) directory: Option<String>,
    /// Whether it is a session of nox: an environment that is made for it and thrown away.
    pub(crate) in_session: bool,
}

impl Installs {
    /// The installs of a text of this format.
    pub(crate) fn read(format: Format, path: &str, text: &str) -> Self {
        let mut installs = Self::default();
        if text.len() > MAX_TEXT {
            return installs;
        }
        // A workflow's own expressions look like a template's.
        let is_template = super::format::is_template(path) || format == Format::Compose && text.contains("{{");
        let plain = is_template.then(|| text::without_template(text));
        let text = plain.as_deref().unwrap_or(text);
        scripts::each(format, text, &mut |script, environment| {
            let outer = script.ignored.clone().map(Loss::of);
            Reader { installs: &mut installs, source: text, depth: 0, outer }.script(&script, environment);
        });
        installs
    }

    /// Adds what a text does that a shell is given.
    pub(crate) fn add_shell(&mut self, text: &Text, scope: usize, outer: Option<Loss>, source: &str) {
        let environment = Environment::default();
        let commands = shell::commands(text, &environment);
        let mode = Mode { unwatched: true, ..Mode::default() };
        let script = Script { commands, mode, scope, ..Script::default() };
        Reader { installs: self, source, depth: 1, outer }.script(&script, &environment);
    }

    /// Adds what a command of these words does.
    pub(crate) fn add_words(&mut self, words: Vec<Word>, scope: usize, outer: Option<Loss>, source: &str) {
        let script = Script { commands: vec![shell::Simple::of_words(words)], scope, ..Script::default() };
        Reader { installs: self, source, depth: 1, outer }.script(&script, &Environment::default());
    }
}

/// Reads scripts.
struct Reader<'a> {
    installs: &'a mut Installs,
    /// The text of the file.
    source: &'a str,
    depth: usize,
    /// What takes the failure of the whole script away.
    outer: Option<Loss>,
}

impl Reader<'_> {
    fn script(&mut self, script: &Script, environment: &Environment<'_>) {
        let mut mode = script.mode;
        let mut exported = environment.inner();
        let mut directory = script.directory.clone();
        for (index, command) in script.commands.iter().enumerate() {
            let words = &command.words;
            match words.first().map_or("", Word::as_str) {
                "set" => mode.apply(words),
                "export" => command::export(words, &mut exported),
                "cd" | "pushd" => directory = words.get(1).and_then(|word| entered(directory.as_deref(), word)),
                _ => {
                    let mut around = exported.inner();
                    for (name, value) in &command.assignments {
                        around.set(name, value.as_str());
                    }
                    let here = |source: &str| loss(&script.commands, index, mode, source);
                    match innermost(words, &around, pip::is_pip) {
                        Innermost::Command(words) => match pip::command(&words, &around) {
                            Some(Command::Install(install)) => {
                                let loss = here(self.source).or_else(|| self.outer.clone());
                                let (place, directory) = (install.place.clone(), directory.clone());
                                let (install, scope) = (*install, script.scope);
                                self.installs.found.push(Found { install, place, loss, scope, directory, in_session: false });
                            }
                            Some(Command::Check) => self.installs.checks = true,
                            None => {}
                        },
                        Innermost::Shell(text, shell) if self.depth < MAX_DEPTH => {
                            let mode = Mode { errexit: shell.errexit, pipefail: shell.pipefail, unwatched: true };
                            let outer = here(self.source).or_else(|| self.outer.clone());
                            let commands = shell::commands(&text, &around);
                            let inner = Script { commands, mode, directory: directory.clone(), scope: script.scope, ignored: None };
                            let mut reader = Reader { installs: self.installs, source: self.source, depth: self.depth + 1, outer };
                            reader.script(&inner, &around);
                        }
                        Innermost::Shell(..) => {}
                    }
                }
            }
        }
    }
}

impl Loss {
    fn of(ignored: Ignored) -> Self {
        match ignored {
            Ignored::Dash(place) => Self::Dash(place),
            Ignored::ContinueOnError => Self::ContinueOnError,
        }
    }
}

/// The directory after `cd`; none where it is not known.
fn entered(from: Option<&str>, word: &Word) -> Option<String> {
    let path = word.as_str();
    if !word.text.is_known() || path.starts_with(['-', '~']) {
        return None;
    }
    match from {
        Some(from) if !path.starts_with('/') => Some(format!("{from}/{path}")),
        _ => Some(path.to_owned()),
    }
    .filter(|path| path.len() <= MAX_DIRECTORY)
}

#[cfg(test)]
mod tests {
    use super::Installs;
    use crate::deploy::Format;

    #[track_caller]
    fn check(format: Format, text: &str, expected: &[&str]) {
        let shown: Vec<String> = Installs::read(format, "x", text)
            .found
            .iter()
            .map(|found| {
                let directory = found.directory.as_deref().map(|path| format!(" in {path}")).unwrap_or_default();
                let loss = found.loss.as_ref().map(|loss| format!(" lost {loss}")).unwrap_or_default();
                format!("{}{directory}{loss}", &text[found.place.clone()])
            })
            .collect();
        assert_eq!(shown, expected, "{text}");
    }

    #[test]
    fn surroundings() {
        check(Format::Shell, "sudo -H env A=b pip install a\n", &["pip install a"]);
        check(
            Format::Shell,
            "cd srv && cd web && pip install -r a.txt\ncd $X\npip install b\n",
            &["pip install -r a.txt in srv/web", "pip install b"],
        );
        check(Format::Shell, "su app -c 'cd /srv; pip install a || true'\n", &["pip install a in /srv lost `|| true`"]);
        check(Format::Dockerfile, "FROM a\nRUN [\"sh\", \"-ec\", \"pip install a; b\"]\n", &["pip install a"]);
        check(Format::Dockerfile, "FROM a\nRUN [\"sh\", \"-c\", \"pip install a; b\"]\n", &["pip install a lost `; b`"]);
        check(Format::Makefile, "a:\n\t-pip install b\n", &["pip install b lost `-`"]);
        check(Format::Compose, "services:\n  a:\n    command: sh -c 'pip install b && c'\n", &["pip install b"]);
        check(
            Format::Workflow,
            "jobs:\n  a:\n    steps:\n      - run: pip install b\n        continue-on-error: true\n",
            &["pip install b lost `continue-on-error: true`"],
        );
        check(Format::Tox, "[testenv]\ncommands = -pip install a\n", &["pip install a lost `-`"]);
    }

    #[test]
    fn hostile_texts_take_time_in_proportion() {
        let start = std::time::Instant::now();
        let repeated = |part: &str| part.repeat(300_000 / part.len());
        for part in [
            "pip install a && ",
            "pip install a | ",
            "pip install -U a || ",
            "cd a; pip install a; ",
            "sh -c 'pip install a; ",
            "pip install \"",
            "(",
            "{ ",
            "$(",
            "${a:-",
            "if pip install a; then ",
            "pip install a <<E\n",
            "a() { pip install a; ",
            "pip install a \\\n",
            "\tpip install $(A\n",
            "A = $(A)$(A)\n",
            "- - pip install a\n",
            "[testenv]\ncommands = pip install {a {b\n",
            "RUN pip install a\n",
            "RUN <<A <<B\n",
            "FROM a\nENV A=$A$A\nRUN pip install $A\n",
        ] {
            let text = repeated(part);
            let recipe = format!("a:\n\t{text}");
            let image = format!("FROM a\nRUN {text}");
            let workflow = format!("jobs:\n  a:\n    steps:\n    - run: |\n        {}", text.replace('\n', "\n        "));
            let pipeline = format!("a:\n  script:\n  - |\n    {}", text.replace('\n', "\n    "));
            for (format, text) in [
                (Format::Shell, &text),
                (Format::Makefile, &text),
                (Format::Makefile, &recipe),
                (Format::Tox, &text),
                (Format::Dockerfile, &text),
                (Format::Dockerfile, &image),
                (Format::Workflow, &workflow),
                (Format::GitlabCi, &pipeline),
                (Format::Compose, &text),
            ] {
                let found = Installs::read(format, "x", text).found;
                assert!(found.iter().all(|found| found.place.end <= text.len()), "{part:?}");
                assert!(start.elapsed().as_secs() < 120, "{format:?} {part:?}");
            }
        }
    }

    #[test]
    fn environments() {
        let read = |text: &str| Installs::read(Format::Dockerfile, "x", text).found.remove(0).install;
        assert!(read("FROM a\nENV PIP_CONSTRAINT=/c.txt\nRUN pip install b\n").is_constrained);
        assert!(read("FROM a\nRUN export PIP_REQUIRE_HASHES=1; pip install b\n").requires_hashes);
        assert!(read("FROM a\nRUN PIP_NO_DEPS=1 pip install b\n").no_deps);
    }
}
