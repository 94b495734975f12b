//! Programs that run another program, whose words stand behind their own.

use super::options::{Argument, Arguments, Syntax};
use crate::deploy::shell::Word;

/// A program that runs another one.
struct Wrapper {
    name: &'static str,
    /// The options that take the next word.
    valued: &'static [&'static str],
    /// The word that must come first, where the program does other things, too.
    subcommand: Option<&'static str>,
    /// How many words of its own it takes before the command.
    own: usize,
}

const fn plain(name: &'static str) -> Wrapper {
    Wrapper { name, valued: &[], subcommand: None, own: 0 }
}

const fn with(name: &'static str, valued: &'static [&'static str], own: usize) -> Wrapper {
    Wrapper { name, valued, subcommand: None, own }
}

const fn sub(name: &'static str, subcommand: &'static str, valued: &'static [&'static str]) -> Wrapper {
    Wrapper { name, valued, subcommand: Some(subcommand), own: 0 }
}

const WRAPPERS: &[Wrapper] = &[
    // Of the shell.
    with("exec", &["-a"], 0),
    plain("command"),
    plain("builtin"),
    plain("time"),
    // Resources and signals.
    with("nice", &["-n", "--adjustment"], 0),
    with("ionice", &["-c", "-n", "--class", "--classdata"], 0),
    plain("nohup"),
    plain("setsid"),
    with("timeout", &["-k", "-s", "--kill-after", "--signal"], 1),
    with("stdbuf", &["-i", "-o", "-e", "--input", "--output", "--error"], 0),
    with("taskset", &[], 1),
    with("chrt", &["-T", "-P", "-D"], 1),
    with("numactl", &["-N", "-m", "-C", "-i", "-p"], 0),
    with("prlimit", &[], 0),
    with("cgexec", &["-g"], 0),
    with("flock", &["-w", "-E", "--timeout", "--wait", "--conflict-exit-code"], 1),
    with("strace", &["-o", "-e", "-s", "-u", "-E"], 0),
    plain("catchsegv"),
    plain("dbus-run-session"),
    with("xvfb-run", &["-n", "-s", "-e", "-f", "-p", "-w"], 0),
    with("authbind", &[], 0),
    // Process 1 of containers.
    with("tini", &["-p", "-e"], 0),
    with("tini-static", &["-p", "-e"], 0),
    with("dumb-init", &["-r", "--rewrite"], 0),
    with("catatonit", &[], 0),
    plain("with-contenv"),
    // Users.
    with("gosu", &[], 1),
    with("su-exec", &[], 1),
    with("setuidgid", &[], 1),
    with("s6-setuidgid", &[], 1),
    with("s6-envdir", &[], 1),
    with("envdir", &[], 1),
    with("envuidgid", &[], 1),
    with("chpst", &["-u", "-U", "-b", "-/", "-e", "-n", "-l", "-L", "-m", "-d", "-o", "-p", "-f", "-c", "-r", "-t", "-C"], 0),
    with("sudo", &["-u", "-g", "-C", "-h", "-p", "-r", "-t", "-T", "-U", "-D", "-R", "--user", "--group", "--chdir"], 0),
    with("doas", &["-u", "-C"], 0),
    with("runuser", &["-u", "-g", "-G", "-s", "-w", "--user", "--group", "--shell"], 0),
    with(
        "setpriv",
        &["--reuid", "--regid", "--groups", "--inh-caps", "--ambient-caps", "--bounding-set", "--securebits", "--pdeathsig"],
        0,
    ),
    with("chroot", &["--userspec", "--groups"], 1),
    // systemd.
    with("systemd-cat", &["-t", "-p", "--identifier", "--priority", "--stderr-priority"], 0),
    with("systemd-inhibit", &["--what", "--who", "--why", "--mode"], 0),
    // Waiting for others, secrets, restarts.
    with("dockerize", &["-wait", "-timeout", "-template", "-stdout", "-stderr", "-env", "-wait-retry-interval"], 0),
    sub("dotenv", "run", &["-f", "-e", "--file", "--export"]),
    sub("doppler", "run", &["-p", "-c", "-t", "--project", "--config", "--token"]),
    sub("infisical", "run", &["--env", "--path", "--projectId", "--token"]),
    sub(
        "watchmedo",
        "auto-restart",
        &["-d", "--directory", "-p", "--pattern", "--patterns", "-i", "--ignore-patterns", "--signal", "--kill-after"],
    ),
    // Environments of Python.
    sub("poetry", "run", &["-C", "-P", "--directory", "--project"]),
    sub("pipenv", "run", &["--python"]),
    sub("uv", "run", UV),
    with("uvx", UV, 0),
    sub("pdm", "run", &["-p", "--project"]),
    sub("rye", "run", &["--pyproject"]),
    sub("hatch", "run", &["-e", "--env", "-p", "--project"]),
    sub("pixi", "run", &["-e", "--environment", "--manifest-path"]),
    sub("pipx", "run", &["--spec", "--python"]),
    sub("conda", "run", CONDA),
    sub("mamba", "run", CONDA),
    sub("micromamba", "run", CONDA),
    sub("mise", "exec", &["-C"]),
    sub("honcho", "run", &["-e", "--env", "-d"]),
    // Instrumentation.
    plain("ddtrace-run"),
    sub("newrelic-admin", "run-program", &[]),
    with(
        "opentelemetry-instrument",
        &["--traces_exporter", "--metrics_exporter", "--logs_exporter", "--service_name", "--exporter_otlp_endpoint"],
        0,
    ),
];

const UV: &[&str] = &[
    "--with",
    "--with-editable",
    "--with-requirements",
    "--from",
    "-p",
    "--python",
    "--extra",
    "--group",
    "--only-group",
    "--env-file",
    "--project",
    "--directory",
    "--package",
    "--index",
    "--index-url",
    "--extra-index-url",
    "--cache-dir",
    "--config-file",
    "-i",
];
const CONDA: &[&str] = &["-n", "--name", "-p", "--prefix", "--cwd", "-e"];

/// The words of the command that this one runs, where its name is that of a wrapper. No words: what it does is something else.
pub(super) fn inner<'a>(name: &str, words: &'a [Word]) -> Option<&'a [Word]> {
    if matches!(name, "wait-for-it" | "wait-for-it.sh" | "wait-for" | "wait-for.sh" | "wait_for_it.sh" | "chamber" | "aws-vault" | "py-spy")
    {
        let end = words.iter().position(|word| word.as_str() == "--" && !word.quoted);
        return Some(end.map_or(&[], |end| &words[end + 1..]));
    }
    let wrapper = WRAPPERS.iter().find(|wrapper| wrapper.name == name)?;
    let mut wanted = wrapper.own;
    let mut subcommand = wrapper.subcommand;
    let mut arguments = Arguments::new(words.get(1..).unwrap_or_default(), Syntax::Valued(wrapper.valued));
    loop {
        let Some(argument) = arguments.next() else { return Some(&[]) };
        let (word, index) = match argument {
            Argument::Word(word, index) => (word, index),
            // `uv run -m module`: the rest is read as what follows `python`.
            Argument::Option("-m" | "--module", None) if name == "uv" => return Some(&words[arguments.position()..]),
            Argument::Option(..) => continue,
        };
        match subcommand {
            Some(wanted) if word.as_str() == wanted => subcommand = None,
            Some(_) => return Some(&[]),
            None if wanted > 0 => wanted -= 1,
            None => return words.get(index + 1..),
        }
    }
}
