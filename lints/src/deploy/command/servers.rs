//! Programs that run modules of the project: application servers, task queues, frameworks' commands.
//!
//! What they are, and how they are told, is the table in `servers/table.rs`.

use super::options::{Argument, Arguments, Syntax, Value};
use super::{Program, Run, Workers};
use crate::deploy::environment::Environment;
use crate::deploy::shell::Word;
use table::{Default, SERVERS, Server, Target};

mod table;

/// What a program of this name runs. None where the name is another's; no runs where the words do not tell.
pub(super) fn runs(name: &str, words: &[Word], environment: &Environment<'_>) -> Option<Vec<Run>> {
    let name = name.strip_suffix('3').filter(|name| *name == "gunicorn" || *name == "twistd" || *name == "uwsgi").unwrap_or(name);
    if name == "flask" {
        return Some(flask(words, environment));
    }
    let mut known = SERVERS.iter().filter(|server| server.name == name).peekable();
    known.peek()?;
    Some(known.map(|server| server.runs(words, environment)).find(|runs| !runs.is_empty()).unwrap_or_default())
}

impl Server {
    fn runs(&self, words: &[Word], environment: &Environment<'_>) -> Vec<Run> {
        let mut subcommand = self.subcommand;
        let mut targets = Vec::new();
        let mut common = Run::default();
        let mut workers = None;
        // Whether the workers are processes; the alternative is threads or the like.
        let mut processes = !self.name.starts_with("huey_consumer");
        for argument in Arguments::new(words.get(1..).unwrap_or_default(), self.syntax) {
            match argument {
                Argument::Option(name, Some(value)) => {
                    if self.workers.contains(&name) {
                        workers = Some(Workers::told(value.as_str()));
                    }
                    if matches!(self.target, Target::Option(names) | Target::Configuration(names) if names.contains(&name))
                        || (self.name == "waitress-serve" && name == "--app")
                    {
                        targets.push(value);
                    }
                    if matches!(name, "-P" | "--pool") && self.name == "celery" {
                        processes = !matches!(value.as_str(), "solo" | "threads" | "gevent" | "eventlet");
                    } else if matches!(name, "-k" | "--worker-type") && self.name.starts_with("huey_consumer") {
                        processes = value.as_str() == "process";
                    }
                    common.option(self.name, name, value);
                }
                Argument::Option(..) => {}
                Argument::Word(word, _) if subcommand.is_some() => {
                    if subcommand != Some(word.as_str()) {
                        return Vec::new();
                    }
                    subcommand = None;
                }
                Argument::Word(word, _) => match self.target {
                    Target::First | Target::Path if targets.is_empty() => targets.push(Value::new(word)),
                    Target::Each => targets.push(Value::new(word)),
                    _ => {}
                },
            }
        }
        if subcommand.is_some() {
            return Vec::new();
        }
        if processes {
            common.workers = workers.or_else(|| self.default.workers(environment));
        }
        targets
            .into_iter()
            .filter_map(|target| Some(Run { place: target.place(), program: Some(self.program(target)?), ..common.clone() }))
            .collect()
    }

    fn program(&self, target: Value<'_>) -> Option<Program> {
        if matches!(self.target, Target::Path)
            || std::path::Path::new(target.as_str()).extension().is_some_and(|extension| extension == "py" || extension == "tac")
        {
            return Program::script(target.as_str());
        }
        Program::module(target.as_str())
    }
}

impl Default {
    fn workers(self, environment: &Environment<'_>) -> Option<Workers> {
        match self {
            Self::WebConcurrency if environment.is_set("WEB_CONCURRENCY") => {
                Some(environment.get("WEB_CONCURRENCY").map_or(Workers::Several, Workers::told))
            }
            Self::One | Self::WebConcurrency => None,
            Self::Several => Some(Workers::Several),
        }
    }
}

impl Run {
    /// Takes what an option says of the run.
    fn option(&mut self, server: &str, name: &str, value: Value<'_>) {
        match (server, name) {
            ("gunicorn" | "uwsgi", "--chdir")
            | ("uvicorn" | "taskiq", "--app-dir")
            | ("celery", "--workdir")
            | ("granian", "--working-dir") => {
                self.directory = super::known(value.as_str());
            }
            ("gunicorn" | "hypercorn", "-c" | "--config") => self.configuration = super::known(value.as_str()),
            _ => {}
        }
    }
}

/// `flask --app x run`, also with `FLASK_APP`; without either the modules `wsgi` and `app` are tried.
fn flask(words: &[Word], environment: &Environment<'_>) -> Vec<Run> {
    const SYNTAX: Syntax =
        Syntax::Flags(&["--debug", "--version", "--reload", "--debugger", "--with-threads", "--without-threads", "--help"]);
    let mut app = None;
    let mut run = None;
    for argument in Arguments::new(words.get(1..).unwrap_or_default(), SYNTAX) {
        match argument {
            Argument::Option("-A" | "--app", Some(value)) => app = Some(value),
            Argument::Word(word, _) if run.is_none() => {
                if word.as_str() != "run" {
                    return Vec::new();
                }
                run = Some(word.place.clone());
            }
            _ => {}
        }
    }
    let Some(place) = run else { return Vec::new() };
    let target = |text: &str, place| Run { program: flask_program(text), place, ..Run::default() };
    let runs = match (app, environment.get("FLASK_APP")) {
        (Some(app), _) => vec![target(app.as_str(), app.place())],
        (None, Some(app)) => vec![target(app, place)],
        (None, None) if environment.is_set("FLASK_APP") => Vec::new(),
        (None, None) => vec![target("wsgi", place.clone()), target("app", place)],
    };
    runs.into_iter().filter(|run| run.program.is_some()).collect()
}

/// What `--app` names: a file, or a module.
fn flask_program(text: &str) -> Option<Program> {
    let target = text.split(':').next().unwrap_or_default();
    match target.rsplit_once('.') {
        Some((_, "py")) => Program::script(target),
        _ => Program::module(target),
    }
}
