//! Programs that run modules of the project: application servers, task queues, frameworks' commands.
//!
//! Which options take a value, and how many processes are the default, was read from the parsers of the releases of 2026 (gunicorn, uvicorn,
//! hypercorn, daphne, granian, waitress, celery, dramatiq, rq, arq, huey, taskiq, flask, fastapi-cli).

use super::options::{Argument, Arguments, Syntax, Value};
use super::{Program, Run, Workers};
use crate::deploy::environment::Environment;
use crate::deploy::shell::Word;

/// How a program is told what to run.
#[derive(Clone, Copy)]
enum Target {
    /// The first word: `module` or `module:attribute`.
    First,
    /// Every word.
    Each,
    /// The value of one of these options.
    Option(&'static [&'static str]),
    /// The value of one of these options is the name of a module, whatever else is done.
    Configuration(&'static [&'static str]),
    /// The first word is the path of a script.
    Path,
}

/// How many processes there are where nothing is told.
#[derive(Clone, Copy, PartialEq)]
enum Default {
    /// One.
    One,
    /// One, or as many as `WEB_CONCURRENCY` says.
    WebConcurrency,
    /// As many as there are processors, or another number above one.
    Several,
    /// One, and a child for each job.
    Forks,
}

struct Server {
    name: &'static str,
    /// The word that must come first, where the program does other things, too.
    subcommand: Option<&'static str>,
    syntax: Syntax,
    target: Target,
    workers: &'static [&'static str],
    default: Default,
}

const SERVERS: &[Server] = &[
    Server {
        name: "gunicorn",
        subcommand: None,
        syntax: GUNICORN,
        target: Target::First,
        workers: &["-w", "--workers"],
        default: Default::WebConcurrency,
    },
    Server {
        name: "uvicorn",
        subcommand: None,
        syntax: UVICORN,
        target: Target::First,
        workers: &["--workers"],
        default: Default::WebConcurrency,
    },
    Server {
        name: "hypercorn",
        subcommand: None,
        syntax: HYPERCORN,
        target: Target::First,
        workers: &["-w", "--workers"],
        default: Default::One,
    },
    Server { name: "daphne", subcommand: None, syntax: DAPHNE, target: Target::First, workers: &[], default: Default::One },
    Server { name: "granian", subcommand: None, syntax: GRANIAN, target: Target::First, workers: &["--workers"], default: Default::One },
    Server {
        name: "waitress-serve",
        subcommand: None,
        syntax: Syntax::Valued(&["--app"]),
        target: Target::First,
        workers: &[],
        default: Default::One,
    },
    Server {
        name: "celery",
        subcommand: Some("worker"),
        syntax: CELERY,
        target: APP,
        workers: &["-c", "--concurrency", "--autoscale"],
        default: Default::Several,
    },
    Server {
        name: "celery",
        subcommand: Some("multi"),
        syntax: CELERY,
        target: APP,
        workers: &["-c", "--concurrency", "--autoscale"],
        default: Default::Several,
    },
    Server { name: "celery", subcommand: Some("beat"), syntax: CELERY, target: APP, workers: &[], default: Default::One },
    Server { name: "celery", subcommand: Some("flower"), syntax: CELERY, target: APP, workers: &[], default: Default::One },
    Server {
        name: "faust",
        subcommand: Some("worker"),
        syntax: Syntax::Flags(&["--debug", "-q", "--quiet", "--json"]),
        target: APP,
        workers: &[],
        default: Default::One,
    },
    Server {
        name: "dramatiq",
        subcommand: None,
        syntax: DRAMATIQ,
        target: Target::Each,
        workers: &["-p", "--processes"],
        default: Default::Several,
    },
    Server { name: "rq", subcommand: Some("worker"), syntax: RQ, target: RQ_CONFIGURATION, workers: &[], default: Default::Forks },
    Server {
        name: "rq",
        subcommand: Some("worker-pool"),
        syntax: RQ_POOL,
        target: RQ_CONFIGURATION,
        workers: &["-n", "--num-workers"],
        default: Default::Several,
    },
    Server {
        name: "arq",
        subcommand: None,
        syntax: Syntax::Valued(&["--watch", "--custom-log-dict"]),
        target: Target::First,
        workers: &[],
        default: Default::One,
    },
    Server {
        name: "huey_consumer",
        subcommand: None,
        syntax: HUEY,
        target: Target::First,
        workers: &["-w", "--workers"],
        default: Default::One,
    },
    Server {
        name: "huey_consumer.py",
        subcommand: None,
        syntax: HUEY,
        target: Target::First,
        workers: &["-w", "--workers"],
        default: Default::One,
    },
    Server {
        name: "taskiq",
        subcommand: Some("worker"),
        syntax: TASKIQ,
        target: Target::Each,
        workers: &["-w", "--workers"],
        default: Default::Several,
    },
    Server { name: "taskiq", subcommand: Some("scheduler"), syntax: TASKIQ, target: Target::Each, workers: &[], default: Default::One },
    Server {
        name: "nameko",
        subcommand: Some("run"),
        syntax: Syntax::Valued(&["--config", "--broker", "--backdoor-port", "--define", "-D"]),
        target: Target::Each,
        workers: &[],
        default: Default::One,
    },
    Server {
        name: "fastapi",
        subcommand: Some("run"),
        syntax: FASTAPI,
        target: Target::Path,
        workers: &["--workers"],
        default: Default::WebConcurrency,
    },
    Server {
        name: "streamlit",
        subcommand: Some("run"),
        syntax: Syntax::Flags(&[]),
        target: Target::Path,
        workers: &[],
        default: Default::One,
    },
    Server {
        name: "uwsgi",
        subcommand: None,
        syntax: UWSGI,
        target: Target::Option(&["--module", "-w", "--wsgi"]),
        workers: &["-p", "--processes", "--workers"],
        default: Default::One,
    },
    Server {
        name: "uwsgi",
        subcommand: None,
        syntax: UWSGI,
        target: Target::Option(&["--wsgi-file", "--file", "--mule"]),
        workers: &["-p", "--processes", "--workers"],
        default: Default::One,
    },
    Server {
        name: "twistd",
        subcommand: None,
        syntax: TWISTD,
        target: Target::Option(&["-y", "--python"]),
        workers: &[],
        default: Default::One,
    },
];

const APP: Target = Target::Option(&["-A", "--app"]);
const RQ_CONFIGURATION: Target = Target::Configuration(&["-c", "--config"]);
const GUNICORN: Syntax = Syntax::Flags(&[
    "-h",
    "--help",
    "-v",
    "--version",
    "--reload",
    "--spew",
    "--check-config",
    "--print-config",
    "--preload",
    "--reuse-port",
    "-D",
    "--daemon",
    "--initgroups",
    "--disable-redirect-access-to-syslog",
    "--capture-output",
    "--log-syslog",
    "-R",
    "--enable-stdio-inheritance",
    "--enable-backlog-metric",
    "--suppress-ragged-eofs",
    "--do-handshake-on-connect",
    "--permit-obsolete-folding",
    "--strip-header-spaces",
    "--permit-unconventional-http-method",
    "--permit-unconventional-http-version",
    "--casefold-http-method",
]);
const UVICORN: Syntax = Syntax::Flags(&[
    "--reload",
    "--access-log",
    "--use-colors",
    "--proxy-headers",
    "--server-header",
    "--date-header",
    "--version",
    "--reset-contextvars",
    "--factory",
    "--http2",
    "--help",
]);
const HYPERCORN: Syntax = Syntax::Flags(&["-h", "--help", "-D", "--daemon", "--debug", "--reload"]);
const DAPHNE: Syntax = Syntax::Flags(&["-h", "--help", "--proxy-headers"]);
const GRANIAN: Syntax = Syntax::Flags(&[
    "--ws",
    "--http1-keep-alive",
    "--http1-pipeline-flush",
    "--http2-adaptive-window",
    "--log",
    "--access-log",
    "--ssl-client-verify",
    "--respawn-failed-workers",
    "--factory",
    "--metrics",
    "--reload",
    "--reload-ignore-worker-failure",
    "--version",
    "--help",
]);
const CELERY: Syntax = Syntax::Flags(&[
    "-C",
    "-q",
    "--quiet",
    "--version",
    "--skip-checks",
    "-D",
    "--detach",
    "--disable-prefetch",
    "-E",
    "--task-events",
    "--events",
    "--purge",
    "--discard",
    "--without-gossip",
    "--without-mingle",
    "--without-heartbeat",
    "-B",
    "--beat",
    "--enable-remote-control",
    "--help",
]);
const DRAMATIQ: Syntax =
    Syntax::Flags(&["-h", "--help", "--skip-logging", "--use-spawn", "--watch-use-polling", "--version", "--verbose", "-v"]);
const RQ: Syntax = Syntax::Flags(&[
    "--burst",
    "-b",
    "--disable-job-desc-logging",
    "--verbose",
    "-v",
    "--quiet",
    "-q",
    "--disable-default-exception-handler",
    "--with-scheduler",
    "-s",
    "--help",
]);
const RQ_POOL: Syntax = Syntax::Flags(&["--burst", "-b", "--verbose", "-v", "--quiet", "-q", "--help"]);
const HUEY: Syntax = Syntax::Flags(&[
    "-C",
    "--disable-health-check",
    "-f",
    "--flush-locks",
    "-n",
    "-v",
    "--verbose",
    "-q",
    "--quiet",
    "-S",
    "--simple",
    "-h",
    "--help",
]);
const TASKIQ: Syntax =
    Syntax::Flags(&["-h", "--help", "-fsd", "--fs-discover", "--reload", "-r", "--do-not-use-gitignore", "--use-process-pool"]);
const FASTAPI: Syntax = Syntax::Flags(&["--reload", "--proxy-headers", "--verbose", "-v", "--version", "--help"]);
const UWSGI: Syntax = Syntax::Flags(&[
    "-M",
    "--master",
    "--enable-threads",
    "--lazy",
    "--lazy-apps",
    "--vacuum",
    "--die-on-term",
    "--need-app",
    "--single-interpreter",
    "--thunder-lock",
    "--http-keepalive",
    "-L",
    "--disable-logging",
    "--strict",
    "--need-plugin",
    "--ignore-sigpipe",
    "--ignore-write-errors",
    "--disable-write-exception",
    "-T",
    "--http-auto-chunked",
    "--memory-report",
]);
const TWISTD: Syntax = Syntax::Flags(&[
    "-n",
    "--nodaemon",
    "-o",
    "--nothotshot",
    "--savestats",
    "-b",
    "--debug",
    "-e",
    "--encrypted",
    "--euid",
    "--originalname",
    "--syslog",
    "--spew",
]);

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
            Self::One => None,
            Self::WebConcurrency if environment.is_set("WEB_CONCURRENCY") => {
                Some(environment.get("WEB_CONCURRENCY").map_or(Workers::Several, Workers::told))
            }
            Self::WebConcurrency => None,
            Self::Several | Self::Forks => Some(Workers::Several),
        }
    }
}

impl Run {
    /// Takes what an option says of the run.
    fn option(&mut self, server: &str, name: &str, value: Value<'_>) {
        match (server, name) {
            ("gunicorn", "--chdir")
            | ("uvicorn", "--app-dir")
            | ("taskiq", "--app-dir")
            | ("celery", "--workdir")
            | ("granian", "--working-dir")
            | ("uwsgi", "--chdir") => {
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
    let target = |text: &str, place| Run {
        program: if text.ends_with(".py") || text.contains(".py:") {
            Program::script(text.split(':').next().unwrap_or_default())
        } else {
            Program::module(text)
        },
        place,
        ..Run::default()
    };
    let runs = match (app, environment.get("FLASK_APP")) {
        (Some(app), _) => vec![target(app.as_str(), app.place())],
        (None, Some(app)) => vec![target(app, place)],
        (None, None) if environment.is_set("FLASK_APP") => Vec::new(),
        (None, None) => vec![target("wsgi", place.clone()), target("app", place)],
    };
    runs.into_iter().filter(|run| run.program.is_some()).collect()
}
