//! Which Python programs deployment files start: units of systemd, `Procfile`s, images, Compose, Kubernetes, supervisord; and what
//! console scripts are, by the metadata of distributions.
//!
//! The doors:
//!
//! - `is_deployment_file`: whether a path is one, cheap enough for every file of a tree;
//! - `starts`: what such a file starts, each with the place of the command;
//! - `starts_as`: the same for a text whose format is known otherwise, such as a shell script that another file starts;
//! - `entry_points`: console scripts by their names, from metadata.
//!
//! Who asks them maps `Program` to modules: a module's name through the import roots, a script by the ending of its path
//! (`/opt/app/srv/main.py` is `srv/main.py` of the project, and relative paths start from `Start::directory`), an
//! executable by its name among the entry points, else as a script by its path, a shell script by reading it in turn.
//!
//! Below the doors each format has a reader that knows the format alone, keeps the places of all that it reads, and is meant for rules over
//! these files, too: `unit` (systemd), `shell`, and `command`, which makes programs of words.
//!
//! Invariants: all of it is total, takes any text, and needs time and space in proportion to it. A text longer than
//! `MAX_TEXT` is not read. What is not known (variables, specifiers, templates) is never guessed: it stays
//! `text::UNKNOWN`.

use std::ops::Range;

use ruff_text_size::TextRange;

pub(crate) use command::{Program, Shell, Workers};
pub use format::{Format, Interpreter, interpreter, linted_as};
pub(crate) use format::{is_deployment_file, is_worth_reading};
pub(crate) use metadata::EntryPoint;
pub(crate) use systemd::unit_name;

mod command;
pub(crate) mod comments;
mod compose;
pub(crate) mod dockerfile;
pub(crate) mod environment;
mod format;
mod image;
pub(crate) mod ini;
pub(crate) mod installs;
pub(crate) mod kubernetes;
mod metadata;
pub(crate) mod pip;
mod procfile;
pub(crate) mod scripts;
pub(crate) mod shell;
pub(crate) mod supervisord;
mod systemd;
pub(crate) mod text;
pub(crate) mod unit;
pub(crate) mod yaml;

/// The longest text that is read.
const MAX_TEXT: usize = 1024 * 1024;

/// A start of a Python program by a deployment file.
#[expect(clippy::struct_excessive_bools, reason = "independent facts, each of which a rule asks for")]
#[derive(Clone, Debug)]
pub(crate) struct Start {
    /// What is started.
    pub(crate) program: Program,
    /// The place of the word that names it, in the file.
    pub(crate) range: TextRange,
    /// The place of the whole command.
    pub(crate) command: TextRange,
    /// The kind of file.
    pub(crate) kind: Format,
    /// The unit, the process type, the service or the program of supervisord.
    pub(crate) name: Option<String>,
    /// The directory that the program starts in or imports from, where the file tells.
    pub(crate) directory: Option<String>,
    /// How many processes of the program run, by its options or its defaults. None: one, or nothing is told.
    pub(crate) workers: Option<Workers>,
    /// Whether the file may start the program several times on one machine (a template unit).
    pub(crate) instances: bool,
    /// Whether the program is meant to keep running: no oneshot unit, no job.
    pub(crate) long_running: bool,
    /// `python -u`, or `PYTHONUNBUFFERED` is set.
    pub(crate) unbuffered: bool,
    /// The Django settings module.
    pub(crate) settings: Option<String>,
    /// The command of Django's `manage.py`: a module `management.commands.<name>` of some application.
    pub(crate) subcommand: Option<String>,
    /// A configuration file in Python (gunicorn's, hypercorn's), as written.
    pub(crate) configuration: Option<String>,
    /// The shell around the program, if any.
    pub(crate) shell: Option<Shell>,
    /// Whether a failure counts as success (`ExecStart=-`).
    pub(crate) ignores_failure: bool,
    /// The image that it runs in, or that its image builds on, where the file tells.
    pub(crate) image: Option<String>,
}

impl Start {
    /// A start of which only the kind of file is known.
    fn of(kind: Format) -> Self {
        Self {
            program: Program::Executable(String::new()),
            range: TextRange::default(),
            command: TextRange::default(),
            kind,
            name: None,
            directory: None,
            workers: None,
            instances: false,
            long_running: true,
            unbuffered: false,
            settings: None,
            subcommand: None,
            configuration: None,
            shell: None,
            ignores_failure: false,
            image: None,
        }
    }
}

/// Collects starts.
#[derive(Default)]
struct Starts {
    found: Vec<Start>,
}

impl Starts {
    /// Adds what a command runs; `common` is what all of it shares.
    fn add(&mut self, command: &Range<usize>, runs: Vec<command::Run>, common: &Start) {
        for run in runs {
            let Some(program) = run.program else { continue };
            self.found.push(Start {
                program,
                range: text::text_range(&run.place),
                command: text::text_range(command),
                directory: run.directory.or_else(|| common.directory.clone()),
                workers: run.workers.or(common.workers),
                unbuffered: run.unbuffered,
                settings: run.settings,
                subcommand: run.subcommand,
                configuration: run.configuration,
                shell: run.shell,
                ..common.clone()
            });
        }
    }
}

/// A command line with its place.
type Words = (Range<usize>, Vec<shell::Word>);

impl Starts {
    /// Adds what an image runs: the entry point, with the command as its arguments. An entry point that is no Python is taken to run the command in the
    /// end, as the usual `exec "$@"` does.
    fn add_image(&mut self, entrypoint: Option<Words>, command: Option<Words>, environment: &environment::Environment<'_>, common: &Start) {
        let (entry_place, mut words) = entrypoint.unwrap_or_default();
        let (command_place, command) = command.unwrap_or_default();
        let has_entrypoint = !words.is_empty();
        words.extend(command.iter().cloned());
        let mut runs = command::of_words(&words, environment);
        let is_within =
            |run: &command::Run| command_place.start <= run.place.start && run.place.end <= command_place.end && !command.is_empty();
        let is_python = |run: &command::Run| matches!(run.program, Some(Program::Module(_) | Program::Script(_)));
        // Where the entry point only runs others, its program was found in the command already.
        if has_entrypoint && !runs.iter().any(|run| is_python(run) || is_within(run)) {
            runs.extend(command::of_words(&command, environment));
        }
        for run in runs {
            let place = if is_within(&run) { &command_place } else { &entry_place };
            self.add(place, vec![run], common);
        }
    }
}

/// What the deployment file of this path starts, in the order of the file. No file of these kinds: nothing.
pub(crate) fn starts(path: &str, text: &str) -> Vec<Start> {
    is_deployment_file(path).map_or_else(Vec::new, |format| starts_as(format, path, text))
}

/// What a text of this format starts.
pub(crate) fn starts_as(format: Format, path: &str, text: &str) -> Vec<Start> {
    if text.len() > MAX_TEXT {
        return Vec::new();
    }
    let plain = (format::is_template(path) || text.contains("{{")).then(|| text::without_template(text));
    let text = plain.as_deref().unwrap_or(text);
    let mut starts = Starts::default();
    match format {
        Format::SystemdUnit => systemd::starts(path, text, &mut starts),
        Format::Procfile => procfile::starts(text, &mut starts),
        Format::Compose => compose::starts(text, &mut starts),
        Format::Dockerfile => image::starts(text, &mut starts),
        Format::Kubernetes => kubernetes::starts(text, &mut starts),
        Format::Supervisord => supervisord::starts(text, &mut starts),
        Format::Shell => script(text, &mut starts),
        // Metadata, and what installs programs rather than starts them.
        _ => {}
    }
    starts.found
}

/// The console scripts that a metadata file of this path names. No metadata: nothing.
pub(crate) fn entry_points(path: &str, text: &str) -> Vec<EntryPoint> {
    let format = is_deployment_file(path).filter(|_| text.len() <= MAX_TEXT);
    format.map_or_else(Vec::new, |format| metadata::entry_points(format, text))
}

/// The words of the command that runs in the end; none where that is a shell's text.
pub(crate) fn innermost_words(words: &[shell::Word], environment: &environment::Environment<'_>) -> Option<Vec<shell::Word>> {
    match command::innermost(words, environment, pip::is_pip) {
        command::Innermost::Command(words) => Some(words),
        command::Innermost::Shell(..) => None,
    }
}

/// What a shell script starts.
fn script(text: &str, starts: &mut Starts) {
    let first = text.lines().next().unwrap_or_default();
    let shell = if first.starts_with("#!") && first.contains("bash") { "bash" } else { "sh" };
    let whole = 0..text.len();
    let runs = command::of_shell(&text::Text::slice(text, whole.clone()), shell, false, &environment::Environment::default());
    starts.add(&whole, runs, &Start::of(Format::Shell));
}

/// What [`starts`] says of a file, a line for each start: for people who look at what is read of real files.
#[doc(hidden)]
pub fn describe(path: &str, text: &str) -> Vec<String> {
    let line = |range: TextRange| text.as_bytes().iter().take(range.start().to_usize()).filter(|byte| **byte == b'\n').count() + 1;
    let starts = starts(path, text).into_iter().map(|start| format!("{}: {start}", line(start.range)));
    let entry_points = entry_points(path, text).into_iter();
    starts
        .chain(entry_points.map(|entry| format!("{}: {} = {}:{}", line(entry.range), entry.name, entry.module, entry.attribute)))
        .collect()
}

impl std::fmt::Display for Start {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let told = |f: &mut std::fmt::Formatter<'_>, name: &str, value: &Option<String>| match value {
            Some(value) => write!(f, " {name}={value}"),
            None => Ok(()),
        };
        write!(f, "{}", self.program)?;
        match self.workers {
            Some(Workers::Exactly(count)) => write!(f, " *{count}")?,
            Some(Workers::Several) => write!(f, " *n")?,
            None => {}
        }
        told(f, "name", &self.name)?;
        told(f, "in", &self.directory)?;
        told(f, "settings", &self.settings)?;
        told(f, "command", &self.subcommand)?;
        told(f, "conf", &self.configuration)?;
        let flags = [
            (self.unbuffered, "unbuffered"),
            (self.instances, "instances"),
            (!self.long_running, "once"),
            (self.ignores_failure, "ignores-failure"),
        ];
        for (_, name) in flags.iter().filter(|(is_set, _)| *is_set) {
            write!(f, " {name}")?;
        }
        self.shell.as_ref().map_or(Ok(()), |shell| write!(f, " ({shell})"))
    }
}

#[cfg(test)]
mod tests;
