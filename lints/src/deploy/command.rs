//! From the words of a command to the Python programs that it starts.
//!
//! Programs that only run another one are looked through (`env`, `exec`, `nice`, `tini --`, `gosu user`, `poetry run`, ...), shells are
//! read (`sh -c "..."`), and what is known of the environment is put in for variables.

use std::fmt;
use std::ops::Range;

use super::environment::Environment;
use super::shell::{self, Link, Simple, Word};
use super::text::{Text, UNKNOWN};
use options::{Argument, Arguments, Syntax};

mod innermost;
pub(super) mod options;
mod python;
mod servers;
mod wrappers;

pub(crate) use innermost::{Innermost, innermost};
pub(crate) use python::is_interpreter;

/// How many programs that run others are looked through.
const MAX_DEPTH: usize = 8;

/// What is started.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Program {
    /// A module: `python -m a.b`, `gunicorn a.b:app`. What a program's command line calls a module may end with attributes of it
    /// (`celery -A a.b.app`): it is the longest start of the name that is a module. A package may stand for its `__main__`; for
    /// celery, for its module `celery`.
    Module(String),
    /// A Python file, as written: relative to the directory of the start, or absolute on the machine where it is deployed, so that it is found by
    /// its ending. Where the start of the path is not known (`$HOME/srv/app.py`), this is the rest.
    Script(String),
    /// A shell script, as written. [`super::starts`] of [`super::Format::Shell`] tells what that starts.
    ShellScript(String),
    /// Anything else that is executed, as written: [`Program::name`] may be a console script in the metadata of a distribution, the path a script
    /// without an ending. Most are no Python at all.
    Executable(String),
}

impl Program {
    /// A module by the word of a command line: `a.b`, `a.b:attribute`, `a.b:factory()`.
    fn module(word: &str) -> Option<Self> {
        let name = word.split(':').next().unwrap_or_default();
        let part = |part: &str| {
            !part.is_empty() && !part.starts_with(|c: char| c.is_ascii_digit()) && part.chars().all(|c| c.is_alphanumeric() || c == '_')
        };
        name.split('.').all(part).then(|| Self::Module(name.to_owned()))
    }

    /// A script by the word of a command line.
    fn script(word: &str) -> Option<Self> {
        let tail = word.rsplit(UNKNOWN).next().unwrap_or_default();
        let path = if tail.len() < word.len() { tail.split_once('/')?.1 } else { word };
        let path = path.strip_prefix("./").unwrap_or(path);
        (!path.is_empty()).then(|| Self::Script(path.to_owned()))
    }

    /// Under which name a console script may be known.
    pub(crate) fn name(&self) -> &str {
        let (Self::Module(text) | Self::Script(text) | Self::ShellScript(text) | Self::Executable(text)) = self;
        text.rsplit('/').next().unwrap_or(text)
    }
}

impl fmt::Display for Program {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Module(name) => write!(f, "module {name}"),
            Self::Script(path) => write!(f, "script {path}"),
            Self::ShellScript(path) => write!(f, "shell {path}"),
            Self::Executable(path) => write!(f, "executable {path}"),
        }
    }
}

/// How many processes of the program run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Workers {
    /// So many.
    Exactly(u32),
    /// More than one, or a number that only the machine or its environment knows.
    Several,
}

impl Workers {
    /// By the value of an option.
    pub(super) fn told(value: &str) -> Self {
        value.trim().parse().map_or(Self::Several, Self::Exactly)
    }

    /// Whether there may be more than one.
    pub(crate) fn is_several(self) -> bool {
        self != Self::Exactly(1) && self != Self::Exactly(0)
    }
}

/// The shell that a program is started through, and what the shell does with its exit status and its output.
#[expect(clippy::struct_excessive_bools, reason = "independent facts, each of which a rule asks for")]
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Shell {
    /// Its name: `sh`, `bash`.
    pub(crate) name: String,
    /// `exec`: the program takes the shell's place.
    pub(crate) exec: bool,
    /// Its output goes into a pipe.
    pub(crate) pipes: bool,
    /// `set -o pipefail` holds.
    pub(crate) pipefail: bool,
    /// `set -e` holds.
    pub(crate) errexit: bool,
    /// `|| other`: a failure is not the end.
    pub(crate) or_else: bool,
    /// Other commands follow whatever its status is, and none of them ends the shell with it.
    pub(crate) followed: bool,
    /// It runs in the background.
    pub(crate) background: bool,
    /// Where the command starts in the shell's text, whether it is the last there, and where the shell's own words are in the command around it.
    pub(crate) start: usize,
    pub(crate) last: bool,
    pub(crate) place: Range<usize>,
}

impl fmt::Display for Shell {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.name)?;
        let flags = [
            (self.exec, "exec"),
            (self.pipes, "|"),
            (self.pipefail, "pipefail"),
            (self.or_else, "||"),
            (self.followed, ";"),
            (self.background, "&"),
        ];
        flags.iter().filter(|(is_set, _)| *is_set).try_for_each(|(_, name)| write!(f, " {name}"))
    }
}

/// A start of a Python program by a command.
#[derive(Clone, Debug, Default)]
pub(crate) struct Run {
    /// What is started; there is always one in what leaves this module.
    pub(crate) program: Option<Program>,
    /// The word that names it.
    pub(crate) place: Range<usize>,
    /// How many processes, where it is told or is not one by default.
    pub(crate) workers: Option<Workers>,
    /// `python -u`, or `PYTHONUNBUFFERED` is set.
    pub(crate) unbuffered: bool,
    /// The directory that imports and relative paths start from, where the command says so.
    pub(crate) directory: Option<String>,
    /// The Django settings module.
    pub(crate) settings: Option<String>,
    /// The command of Django's `manage.py`.
    pub(crate) subcommand: Option<String>,
    /// A configuration file in Python (gunicorn's, hypercorn's).
    pub(crate) configuration: Option<String>,
    /// The innermost shell around it.
    pub(crate) shell: Option<Shell>,
}

/// The text, where all of it is known.
fn known(text: &str) -> Option<String> {
    (!text.contains(UNKNOWN) && !text.is_empty()).then(|| text.to_owned())
}

/// What a command runs, given as words.
pub(crate) fn of_words(words: &[Word], environment: &Environment<'_>) -> Vec<Run> {
    Reader { depth: 0 }.words(words, environment, None)
}

/// What a shell text runs. `shell` is the shell's name.
pub(crate) fn of_shell(text: &Text, shell: &str, pipefail: bool, environment: &Environment<'_>) -> Vec<Run> {
    Reader { depth: 0 }.shell(text, Shell { name: shell.to_owned(), pipefail, ..Shell::default() }, environment)
}

/// Reads commands within commands.
#[derive(Clone, Copy)]
struct Reader {
    depth: usize,
}

impl Reader {
    fn deeper(self) -> Option<Self> {
        (self.depth < MAX_DEPTH).then_some(Self { depth: self.depth + 1 })
    }

    /// A command by its words.
    fn words(self, words: &[Word], environment: &Environment<'_>, shell: Option<&Shell>) -> Vec<Run> {
        let Some(first) = words.first() else { return Vec::new() };
        let name = file_name(first.as_str());
        if let Some(deeper) = self.deeper() {
            if name == "env" {
                return deeper.env(words, environment, shell);
            }
            if let Some(inner) = wrappers::inner(name, words) {
                return deeper.words(inner, environment, shell);
            }
            if name == "start-stop-daemon" {
                return deeper.start_stop_daemon(words, environment, shell);
            }
            if matches!(name, "sh" | "bash" | "dash" | "ash" | "zsh" | "ksh" | "busybox" | "su" | "runuser") {
                return deeper.interpreter(name, words, environment);
            }
        }
        let mut runs = program(name, words, environment);
        for run in &mut runs {
            run.shell = run.shell.take().or_else(|| shell.cloned());
            run.unbuffered |= environment.is_set("PYTHONUNBUFFERED");
            run.settings = run.settings.take().or_else(|| environment.get("DJANGO_SETTINGS_MODULE").map(str::to_owned));
        }
        runs.retain(|run| run.program.is_some());
        runs
    }

    /// `env -u X A=b command`, `env -S "..."`.
    fn env(self, words: &[Word], environment: &Environment<'_>, shell: Option<&Shell>) -> Vec<Run> {
        let mut environment = environment.inner();
        let mut at = 1;
        while let Some(word) = words.get(at) {
            let text = word.as_str();
            match text {
                "-u" | "-C" | "--unset" | "--chdir" => {
                    if text == "-u" || text == "--unset" {
                        environment.unset(words.get(at + 1).map_or("", Word::as_str));
                    }
                    at += 2;
                }
                "-S" | "--split-string" => {
                    let Some(next) = words.get(at + 1) else { return Vec::new() };
                    let mut inner = shell::words(&next.text, &environment);
                    inner.extend(words[at + 2..].iter().cloned());
                    inner.insert(0, words[0].clone());
                    return self.deeper().map_or_else(Vec::new, |deeper| deeper.words(&inner, &environment, shell));
                }
                _ if text.starts_with('-') || word.text.is_unknown() => at += 1,
                _ => match shell::assignment(word) {
                    Some((name, value)) => {
                        environment.set(&name, value.as_str());
                        at += 1;
                    }
                    None => break,
                },
            }
        }
        self.words(words.get(at..).unwrap_or_default(), &environment, shell)
    }

    /// `start-stop-daemon --start --exec PATH -- arguments`.
    fn start_stop_daemon(self, words: &[Word], environment: &Environment<'_>, shell: Option<&Shell>) -> Vec<Run> {
        let valued = Syntax::Valued(&[
            "-x",
            "--exec",
            "-a",
            "--startas",
            "-p",
            "--pidfile",
            "-n",
            "--name",
            "-u",
            "--user",
            "-c",
            "--chuid",
            "-g",
            "--group",
            "-d",
            "--chdir",
            "-s",
            "--signal",
            "-R",
            "--retry",
            "-N",
            "--nicelevel",
            "-k",
            "--umask",
            "-r",
            "--chroot",
            "-O",
            "--output",
        ]);
        let end = words.iter().position(|word| word.as_str() == "--").unwrap_or(words.len());
        let named = Arguments::new(&words[1.min(end)..end], valued).filter_map(|argument| match argument {
            Argument::Option("-x" | "--exec" | "-a" | "--startas", Some(value)) => Some(value),
            _ => None,
        });
        let Some(executable) = named.last() else { return Vec::new() };
        let first = Word { text: executable.text(), place: executable.place(), quoted: false };
        let inner: Vec<Word> = std::iter::once(first).chain(words.get(end + 1..).unwrap_or_default().iter().cloned()).collect();
        self.words(&inner, environment, shell)
    }

    /// A shell, or a program that hands a text to one: `bash -lc "..."`, `su user -c "..."`, `sh script`.
    fn interpreter(self, name: &str, words: &[Word], environment: &Environment<'_>) -> Vec<Run> {
        if name == "busybox" {
            return self.words(words.get(1..).unwrap_or_default(), environment, None);
        }
        match interpreted(name, words.get(1..).unwrap_or_default()) {
            Interpreted::Text(text, shell) => {
                let place = words.first().map(|word| word.place.clone()).unwrap_or_default();
                self.shell(&text, Shell { place, ..shell }, environment)
            }
            Interpreted::Script(word) => match Program::script(word.as_str()) {
                Some(Program::Script(path)) => {
                    vec![Run { program: Some(Program::ShellScript(path)), place: word.place.clone(), ..Run::default() }]
                }
                _ => Vec::new(),
            },
            Interpreted::Nothing => Vec::new(),
        }
    }

    /// A shell's text.
    fn shell(self, text: &Text, mut shell: Shell, environment: &Environment<'_>) -> Vec<Run> {
        let commands = shell::commands(text, environment);
        let mut directory: Option<String> = None;
        let mut exported = environment.inner();
        let mut runs = Vec::new();
        for (index, command) in commands.iter().enumerate() {
            let words = &command.words;
            match words.first().map_or("", Word::as_str) {
                "cd" | "pushd" => directory = words.get(1).and_then(|word| known(word.as_str())),
                "set" => set(words, &mut shell),
                "export" => export(words, &mut exported),
                "." | "source" | "" => {}
                "eval" => {
                    if let (Some(deeper), Some(word)) = (self.deeper(), words.get(1)) {
                        runs.extend(deeper.shell(&word.text, shell.clone(), &exported));
                    }
                }
                first => {
                    let mut around = exported.inner();
                    for (name, value) in &command.assignments {
                        around.set(name, value.as_str());
                    }
                    let shell = Shell { exec: first == "exec", ..surroundings(&commands, index, &shell) };
                    let mut found = self.words(words, &around, Some(&shell));
                    for run in &mut found {
                        run.directory = run.directory.take().or_else(|| directory.clone());
                    }
                    runs.extend(found);
                }
            }
        }
        runs
    }
}

/// What a shell is told to run.
enum Interpreted<'a> {
    /// A text on the command line.
    Text(Text, Shell),
    /// A script.
    Script(&'a Word),
    /// What comes from elsewhere.
    Nothing,
}

/// The arguments of a shell, or of a program that hands a text to one.
fn interpreted<'a>(name: &str, arguments: &'a [Word]) -> Interpreted<'a> {
    let is_shell = !matches!(name, "su" | "runuser");
    let valued = if is_shell {
        Syntax::Valued(&["-o", "-O", "--rcfile", "--init-file"])
    } else {
        Syntax::Valued(&["-s", "-g", "-G", "-c", "--command", "--shell"])
    };
    let mut shell = Shell { name: if is_shell { name.to_owned() } else { "sh".to_owned() }, ..Shell::default() };
    let mut reads_text = false;
    for argument in Arguments::new(arguments, valued) {
        match argument {
            Argument::Option("-o", Some(value)) if is_shell => {
                shell.pipefail |= value.as_str() == "pipefail";
                shell.errexit |= value.as_str() == "errexit";
            }
            Argument::Option("-e", _) if is_shell => shell.errexit = true,
            Argument::Option("-c" | "--command", Some(value)) => return Interpreted::Text(value.text(), shell),
            Argument::Option("-c", None) => reads_text = true,
            Argument::Option("-s", _) if is_shell => return Interpreted::Nothing,
            Argument::Word(word, _) if reads_text => return Interpreted::Text(word.text.clone(), shell),
            Argument::Word(word, _) if is_shell => return Interpreted::Script(word),
            _ => {}
        }
    }
    Interpreted::Nothing
}

/// `export A=b`.
pub(super) fn export(words: &[Word], environment: &mut Environment<'_>) {
    for (name, value) in words.iter().skip(1).filter_map(shell::assignment) {
        environment.set(&name, value.as_str());
    }
}

/// `set -euo pipefail`.
fn set(words: &[Word], shell: &mut Shell) {
    let mut words = words.iter().skip(1).map(Word::as_str);
    while let Some(word) = words.next() {
        let (sign, letters) = word.split_at_checked(1).unwrap_or_default();
        if !matches!(sign, "-" | "+") || letters.starts_with('-') {
            break;
        }
        if letters.contains('e') {
            shell.errexit = sign == "-";
        }
        if letters.contains('o') {
            match words.next() {
                Some("pipefail") => shell.pipefail = sign == "-",
                Some("errexit") => shell.errexit = sign == "-",
                _ => {}
            }
        }
    }
}

/// `exit`, `exit $status`
fn ends_shell(command: &Simple) -> bool {
    command.words.first().is_some_and(|word| word.as_str() == "exit")
}

/// What the shell does with the status and the output of the command at `index`.
fn surroundings(commands: &[Simple], index: usize, shell: &Shell) -> Shell {
    let command = &commands[index];
    // The rest of its pipeline, of which the status is that of the last command.
    let last = commands[index..].iter().position(|command| command.after != Link::Pipe).map_or(commands.len() - 1, |offset| index + offset);
    let after = commands[last].after;
    Shell {
        start: command.words.first().map(|word| word.place.start).unwrap_or_default(),
        last: last + 1 == commands.len() && last == index && command.before != Link::Pipe,
        pipes: command.after == Link::Pipe,
        or_else: after == Link::Or,
        followed: after == Link::Then && !shell.errexit && last + 1 < commands.len() && !commands[last + 1..].iter().any(ends_shell),
        background: after == Link::Background,
        ..shell.clone()
    }
}

/// What the program of this name runs, with the whole command.
fn program(name: &str, words: &[Word], environment: &Environment<'_>) -> Vec<Run> {
    let Some(first) = words.first() else { return Vec::new() };
    let rest = words.get(1..).unwrap_or_default();
    // `uv run -m module` leaves `-m module`.
    if name == "-m" || name == "--module" {
        let named: Vec<Word> = std::iter::once(first).chain(words).cloned().collect();
        return python::runs(&named, environment);
    }
    if python::is_interpreter(name) || first.text.is_unknown() && looks_like_python(rest) {
        return python::runs(words, environment);
    }
    if name == "django-admin" {
        return python::manage(None, first.place.clone(), rest, environment);
    }
    if let Some(valued) = python::runner(name) {
        return python::through(words, valued, environment);
    }
    if let Some(runs) = servers::runs(name, words, environment) {
        return runs;
    }
    let extension = name.rsplit_once('.').map_or("", |(_, extension)| extension);
    match extension {
        "py" | "pyw" | "pyz" => python::of_script(first, rest, environment),
        _ => executable(first, extension)
            .map(|program| Run { program: Some(program), place: first.place.clone(), ..Run::default() })
            .into_iter()
            .collect(),
    }
}

/// Whether the arguments are those of the interpreter, whose name is a variable: `$PYTHON -m app`, `$PYTHON srv/app.py`.
fn looks_like_python(arguments: &[Word]) -> bool {
    let mut arguments = arguments.iter().map(Word::as_str).skip_while(|word| *word == "-u");
    arguments.next().is_some_and(|word| word == "-m" || word.strip_suffix(".py").is_some())
}

fn executable(word: &Word, extension: &str) -> Option<Program> {
    let Some(Program::Script(path)) = Program::script(word.as_str()) else { return None };
    let name = path.rsplit('/').next()?;
    let is_name = name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b'+'))
        && name.starts_with(|c: char| c.is_ascii_alphanumeric());
    if !is_name || BUILTINS.contains(&name) {
        return None;
    }
    Some(if matches!(extension, "sh" | "bash") { Program::ShellScript(path) } else { Program::Executable(path) })
}

/// Commands of the shell, and others that every script is full of.
const BUILTINS: &[&str] = &[
    "cat", "chmod", "chown", "cp", "declare", "echo", "exit", "export", "false", "local", "ln", "mkdir", "mv", "printf", "read",
    "readonly", "return", "rm", "shift", "sleep", "tee", "test", "touch", "trap", "true", "umask", "ulimit", "unset", "wait",
];

/// The last part of a path.
fn file_name(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

#[cfg(test)]
mod tests;
