//! What images start: `ENTRYPOINT` and `CMD` of each stage of a Dockerfile, with what it takes over from the stage that it builds on.

use std::ops::Range;

use super::dockerfile::{self, Instruction};
use super::environment::{Environment, is_name};
use super::shell::{self, Word};
use super::text::{Text, UNKNOWN};
use super::{Format, Start, Starts};

/// How many stages are looked at: each takes over the environment of another.
const MAX_STAGES: usize = 64;

/// A stage of a Dockerfile, as far as it is read.
#[derive(Clone, Default)]
pub(super) struct Stage {
    name: Option<String>,
    /// The image that it builds on in the end.
    image: Option<String>,
    /// What holds when the container runs.
    environment: Environment<'static>,
    /// The same, with `ARG`s: what holds while it is built.
    build: Environment<'static>,
    directory: Option<String>,
    shell: Option<Vec<Word>>,
    entrypoint: Option<Command>,
    command: Option<Command>,
}

#[derive(Clone)]
struct Command {
    place: Range<usize>,
    words: Vec<Word>,
    is_shell: bool,
    inherited: bool,
}

/// What the stages start.
pub(super) fn starts(text: &str, starts: &mut Starts) {
    for stage in each_instruction(text, &mut |_, _, _| {}) {
        stage.starts(starts);
    }
}

/// Hands each instruction but `FROM` to `visit`, with the number of its stage and what that is like before it. Returns the stages.
pub(super) fn each_instruction(text: &str, visit: &mut dyn FnMut(usize, &Stage, &Instruction)) -> Vec<Stage> {
    let mut stages: Vec<Stage> = vec![Stage::default()];
    for instruction in dockerfile::parse(text) {
        if instruction.keyword == "FROM" {
            if stages.len() > MAX_STAGES {
                break;
            }
            let stage = Stage::from(&instruction, &stages);
            stages.push(stage);
            continue;
        }
        let number = stages.len() - 1;
        if let Some(stage) = stages.last_mut() {
            visit(number, stage, &instruction);
            stage.instruction(&instruction);
        }
    }
    stages
}

impl Stage {
    /// The variables that hold while it is built.
    pub(super) fn build_environment(&self) -> &Environment<'static> {
        &self.build
    }

    /// `WORKDIR`, where it is known.
    pub(super) fn directory(&self) -> Option<&str> {
        self.directory.as_deref()
    }

    /// The words of `SHELL`.
    pub(super) fn shell(&self) -> Option<&[Word]> {
        self.shell.as_deref()
    }

    /// `FROM image [AS name]`.
    fn from(instruction: &Instruction, stages: &[Self]) -> Self {
        // What `ARG`s in front of the first stage say holds here.
        let none = Environment::default();
        let words = shell::words(&instruction.arguments, stages.first().map_or(&none, |before| &before.build));
        let mut words = words.iter().map(Word::as_str).filter(|word| !word.starts_with("--"));
        let base = words.next().unwrap_or_default();
        let name = words.nth(1).map(str::to_owned);
        let named = stages.iter().skip(1).rfind(|stage| stage.name.as_deref().is_some_and(|name| name.eq_ignore_ascii_case(base)));
        let mut stage = named.cloned().unwrap_or_default();
        for command in [&mut stage.entrypoint, &mut stage.command].into_iter().flatten() {
            command.inherited = true;
        }
        if named.is_none() {
            stage.image = Some(base.to_owned()).filter(|base| !base.contains(['$', UNKNOWN]));
        }
        Self { name, ..stage }
    }

    fn instruction(&mut self, instruction: &Instruction) {
        let arguments = &instruction.arguments;
        match instruction.keyword.as_str() {
            "ENV" => self.variables(arguments),
            "ARG" => {
                for word in shell::words(arguments, &self.build) {
                    match word.as_str().split_once('=').filter(|(name, _)| is_name(name)) {
                        Some((name, value)) => self.build.set(name, value),
                        None => self.build.set_unknown(word.as_str()),
                    }
                }
            }
            "WORKDIR" => {
                let words = shell::words(arguments, &self.build);
                let path = words.first().map_or("", Word::as_str);
                let path = if path.starts_with('/') {
                    Some(path.to_owned())
                } else {
                    self.directory.take().map(|above| format!("{above}/{path}"))
                };
                self.directory = path.filter(|path| !path.contains(UNKNOWN) && path.len() < 4096);
            }
            "SHELL" => self.shell = dockerfile::exec_form(arguments),
            "ENTRYPOINT" => {
                self.entrypoint = Some(self.command(instruction));
                self.command = self.command.take().filter(|command| !command.inherited);
            }
            "CMD" => self.command = Some(self.command(instruction)),
            _ => {}
        }
    }

    /// `ENV name=value ...`, or `ENV name value`.
    fn variables(&mut self, arguments: &Text) {
        let words = shell::words(arguments, &self.build);
        let Some(first) = words.first() else { return };
        let mut set = |name: &str, value: &str| {
            if is_name(name) {
                self.environment.set(name, value);
                self.build.set(name, value);
            }
        };
        if !first.as_str().contains('=') {
            let value: Vec<&str> = words[1..].iter().map(Word::as_str).collect();
            return set(first.as_str(), &value.join(" "));
        }
        for (name, value) in words.iter().filter_map(|word| word.as_str().split_once('=')) {
            set(name, value);
        }
    }

    /// `CMD` or `ENTRYPOINT`; the shell form is the shell with the text.
    fn command(&self, instruction: &Instruction) -> Command {
        let place = instruction.arguments.whole();
        if let Some(words) = dockerfile::exec_form(&instruction.arguments) {
            return Command { place, words, is_shell: false, inherited: false };
        }
        let word = |text: &str| Word { text: Text::at(text, place.clone()), place: place.clone(), quoted: false };
        let mut words = self.shell.clone().unwrap_or_else(|| vec![word("/bin/sh"), word("-c")]);
        words.push(Word { text: instruction.arguments.clone(), place: place.clone(), quoted: true });
        Command { place, words, is_shell: true, inherited: false }
    }

    fn starts(self, starts: &mut Starts) {
        let has_own = [&self.entrypoint, &self.command].into_iter().flatten().any(|command| !command.inherited);
        if !has_own {
            return;
        }
        // The shell form of an entry point takes no arguments.
        let takes_command = self.entrypoint.as_ref().is_none_or(|entrypoint| !entrypoint.is_shell);
        let words = |command: Option<Command>| command.map(|command| (command.place, command.words));
        let common = Start { name: self.name, directory: self.directory, image: self.image, ..Start::of(Format::Dockerfile) };
        starts.add_image(words(self.entrypoint), words(self.command.filter(|_| takes_command)), &self.environment, &common);
    }
}

#[cfg(test)]
mod tests {
    use crate::deploy::starts;

    #[track_caller]
    fn check(text: &str, expected: &[&str]) {
        let shown: Vec<String> = starts("Dockerfile", text).iter().map(ToString::to_string).collect();
        assert_eq!(shown, expected, "{text}");
    }

    #[test]
    fn forms() {
        check("FROM a\nCMD [\"python\", \"-m\", \"a.b\"]\n", &["module a.b"]);
        check("FROM a\nCMD python -m a.b | cat\n", &["module a.b (sh |)"]);
        check(
            "FROM a\nSHELL [\"/bin/bash\", \"-o\", \"pipefail\", \"-c\"]\nCMD exec python -m a | cat\n",
            &["module a (bash exec | pipefail)"],
        );
        check("FROM a\nCMD [\"a\"]\nCMD [\"python\", \"b.py\"]\n", &["script b.py"]);
        check("FROM a\nCMD [\"python\", \"$APP\"]\n", &["script $APP"]);
        check("CMD python a.py", &["script a.py (sh)"]);
        check("FROM a\nHEALTHCHECK CMD python check.py\nONBUILD CMD python c.py\nRUN python setup.py install\n", &[]);
    }

    #[test]
    fn entry_points() {
        check("FROM a\nENTRYPOINT [\"python\", \"-u\"]\nCMD [\"a.py\"]\n", &["script a.py unbuffered"]);
        check("FROM a\nENTRYPOINT [\"tini\", \"--\"]\nCMD gunicorn -w 2 a:b\n", &["module a *2 (sh)"]);
        check(
            "FROM a\nENTRYPOINT [\"/docker-entrypoint.sh\"]\nCMD [\"gunicorn\", \"a:b\"]\n",
            &["shell /docker-entrypoint.sh", "module a"],
        );
        check("FROM a\nENTRYPOINT [\"tini\", \"--\"]\nCMD [\"serve\"]\n", &["executable serve"]);
        check("FROM a\nENTRYPOINT python a.py\nCMD [\"b\"]\n", &["script a.py (sh)"]);
    }

    #[test]
    fn environments_and_stages() {
        check("FROM a\nENV PYTHONUNBUFFERED=1 APP=\"a.main\"\nCMD uvicorn $APP:app\n", &["module a.main unbuffered (sh)"]);
        check(
            "FROM a\nENV PYTHONUNBUFFERED 1\nARG X=srv\nWORKDIR /opt\nWORKDIR $X\nCMD [\"python\", \"a.py\"]\n",
            &["script a.py in=/opt/srv unbuffered"],
        );
        check("FROM a\nARG APP=x\nCMD uvicorn $APP:app\n", &[]);
        check(
            "FROM a AS base\nENV PYTHONUNBUFFERED=1\nENTRYPOINT [\"python\"]\nCMD [\"x.py\"]\nFROM base AS web\nCMD [\"a.py\"]\nFROM BASE\nENTRYPOINT [\"python\", \"b.py\"]\nFROM base\n",
            &["script x.py name=base unbuffered", "script a.py name=web unbuffered", "script b.py unbuffered"],
        );
        let bomb: Vec<String> = (0..60).map(|index| format!("ENV A{}=$A{index}$A{index}\n", index + 1)).collect();
        let bomb = bomb.concat();
        check(&format!("FROM a\nENV A0=aaaaaaaaaaaaaaaa\n{bomb}CMD python $A60\n"), &[]);
    }

    #[test]
    fn places() {
        let text = "FROM a\nCMD exec gunicorn \\\n  # why\n  'a.b:c'\n";
        let start = &starts("Dockerfile", text)[0];
        assert_eq!((&text[start.range], &text[start.command]), ("'a.b:c'", "exec gunicorn \\\n  # why\n  'a.b:c'"));
        let text = "FROM a\nCMD [\"python\", \"-m\", \"a.b\"]\n";
        let start = &starts("Dockerfile", text)[0];
        assert_eq!((&text[start.range], &text[start.command]), ("\"a.b\"", "[\"python\", \"-m\", \"a.b\"]"));
    }
}
