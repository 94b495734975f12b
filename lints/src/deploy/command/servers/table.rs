//! The servers, task queues and frameworks that are known.
//!
//! Which options take a value, and how many processes are the default, was read from the parsers of gunicorn, uvicorn, hypercorn,
//! daphne, granian, waitress, celery, dramatiq, rq, arq, huey, taskiq, flask, fastapi-cli, faust, streamlit and twistd as released in 2026. The rows of
//! uwsgi and nameko were not checked so.

use crate::deploy::command::options::Syntax;

/// How a program is told what to run.
#[derive(Clone, Copy)]
pub(super) enum Target {
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
pub(super) enum Default {
    /// One.
    One,
    /// One, or as many as `WEB_CONCURRENCY` says.
    WebConcurrency,
    /// As many as there are processors, another number above one, or a child for each job.
    Several,
}

/// A program that runs modules.
pub(super) struct Server {
    pub(super) name: &'static str,
    /// The word that must come first, where the program does other things, too.
    pub(super) subcommand: Option<&'static str>,
    pub(super) syntax: Syntax,
    pub(super) target: Target,
    /// The options that say how many processes there are.
    pub(super) workers: &'static [&'static str],
    pub(super) default: Default,
}

const fn server(name: &'static str, syntax: Syntax, target: Target, workers: &'static [&'static str], default: Default) -> Server {
    Server { name, subcommand: None, syntax, target, workers, default }
}

impl Server {
    const fn sub(self, subcommand: &'static str) -> Self {
        Self { subcommand: Some(subcommand), ..self }
    }
}

/// All of them. A name may come more than once: the first one whose words tell what is run counts.
pub(super) const SERVERS: &[Server] = &[
    server("gunicorn", GUNICORN, Target::First, &["-w", "--workers"], Default::WebConcurrency),
    server("uvicorn", UVICORN, Target::First, &["--workers"], Default::WebConcurrency),
    server("hypercorn", HYPERCORN, Target::First, &["-w", "--workers"], Default::One),
    server("daphne", DAPHNE, Target::First, &[], Default::One),
    server("granian", GRANIAN, Target::First, &["--workers"], Default::One),
    server("waitress-serve", Syntax::Valued(&["--app"]), Target::First, &[], Default::One),
    server("celery", CELERY, APP, &["-c", "--concurrency", "--autoscale"], Default::Several).sub("worker"),
    server("celery", CELERY, APP, &["-c", "--concurrency", "--autoscale"], Default::Several).sub("multi"),
    server("celery", CELERY, APP, &[], Default::One).sub("beat"),
    server("celery", CELERY, APP, &[], Default::One).sub("flower"),
    server("faust", Syntax::Flags(&["--debug", "-q", "--quiet", "--json", "--version"]), APP, &[], Default::One).sub("worker"),
    server("dramatiq", DRAMATIQ, Target::Each, &["-p", "--processes"], Default::Several),
    server("rq", RQ, RQ_CONFIGURATION, &[], Default::Several).sub("worker"),
    server("rq", RQ_POOL, RQ_CONFIGURATION, &["-n", "--num-workers"], Default::Several).sub("worker-pool"),
    server("arq", Syntax::Valued(&["--watch", "--custom-log-dict"]), Target::First, &[], Default::One),
    server("huey_consumer", HUEY, Target::First, &["-w", "--workers"], Default::One),
    server("huey_consumer.py", HUEY, Target::First, &["-w", "--workers"], Default::One),
    server("taskiq", TASKIQ, Target::Each, &["-w", "--workers"], Default::Several).sub("worker"),
    server("taskiq", TASKIQ, Target::Each, &[], Default::One).sub("scheduler"),
    server("nameko", Syntax::Valued(&["--config", "--broker", "--backdoor-port", "--define", "-D"]), Target::Each, &[], Default::One)
        .sub("run"),
    server("fastapi", FASTAPI, Target::Path, &["--workers"], Default::WebConcurrency).sub("run"),
    server("streamlit", Syntax::Flags(&[]), Target::Path, &[], Default::One).sub("run"),
    server("uwsgi", UWSGI, Target::Option(&["--module", "-w", "--wsgi"]), &["-p", "--processes", "--workers"], Default::One),
    server("uwsgi", UWSGI, Target::Option(&["--wsgi-file", "--file", "--mule"]), &["-p", "--processes", "--workers"], Default::One),
    server("twistd", TWISTD, Target::Option(&["-y", "--python"]), &[], Default::One),
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
    "--no_save",
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
