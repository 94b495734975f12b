//! The interpreter's own command line, by `python --help`: `python -u -m module`, `python script.py`, and Django's `manage.py`.

use super::options::{Argument, Arguments, Syntax, Value};
use super::{Program, Run, known, servers};
use crate::deploy::environment::Environment;
use crate::deploy::shell::Word;

/// Options of the interpreter that take a value. `-c` and `-m` also end the options.
const SYNTAX: Syntax = Syntax::Valued(&["-c", "-m", "--module", "-W", "-X", "--check-hash-based-pycs"]);

/// Modules that run the module or script that stands behind their own options (those that take a value are listed).
const RUNNERS: &[(&str, &[&str])] = &[
    ("coverage", &["-m", "--rcfile", "--source", "--omit", "--include", "--context", "--concurrency", "--data-file"]),
    ("memray", &["-m", "-o", "--output", "-p", "--live-port"]),
    ("debugpy", &["-m", "--listen", "--connect", "--log-to", "--configure-subProcess"]),
    ("pdb", &["-m", "-c"]),
    ("trace", &["-m", "--ignore-dir", "--ignore-module", "-C", "-f"]),
    ("cProfile", &["-m", "-o", "-s"]),
    ("profile", &["-m", "-o", "-s"]),
    ("runpy", &[]),
    ("viztracer", &["-m", "-o", "--output_file"]),
    ("pyinstrument", &["-m", "-o", "-r"]),
];

/// Django commands that end by themselves: they are no services.
const ONE_OFF: &[&str] = &[
    "check",
    "clearsessions",
    "collectstatic",
    "compilemessages",
    "compress",
    "createcachetable",
    "createsuperuser",
    "dbshell",
    "diffsettings",
    "dumpdata",
    "flush",
    "help",
    "inspectdb",
    "loaddata",
    "makemessages",
    "makemigrations",
    "migrate",
    "sendtestemail",
    "shell",
    "shell_plus",
    "showmigrations",
    "test",
    "wait_for_db",
    "wait_for_database",
];

/// Whether a program of this name is the interpreter.
pub(crate) fn is_interpreter(name: &str) -> bool {
    let version = ["python", "pypy", "pythonw"].iter().filter_map(|prefix| name.strip_prefix(prefix)).min_by_key(|rest| rest.len());
    version.is_some_and(|version| version.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.'))
}

/// What `words` run, where the first one is the interpreter (or a program with its options).
pub(super) fn runs(words: &[Word], environment: &Environment<'_>) -> Vec<Run> {
    let mut unbuffered = false;
    let mut arguments = Arguments::new(words.get(1..).unwrap_or_default(), SYNTAX);
    while let Some(argument) = arguments.next() {
        let rest = words.get(1 + arguments.position()..).unwrap_or_default();
        let mut runs = match argument {
            Argument::Option("-u", None) => {
                unbuffered = true;
                continue;
            }
            Argument::Option("-m" | "--module", Some(module)) => of_module(module, rest, environment),
            Argument::Option("-c", _) | Argument::Word(_, _) if matches!(argument, Argument::Word(word, _) if word.as_str() == "-") => {
                Vec::new()
            }
            Argument::Option("-c", code) => code.map(inline).unwrap_or_default(),
            Argument::Option(..) => continue,
            Argument::Word(word, _) => of_script(word, rest, environment),
        };
        for run in &mut runs {
            run.unbuffered |= unbuffered;
        }
        return runs;
    }
    Vec::new()
}

/// `python -m module ...`. Modules that run others are followed.
fn of_module(module: Value<'_>, rest: &[Word], environment: &Environment<'_>) -> Vec<Run> {
    let name = module.as_str();
    let top = name.strip_suffix(".__main__").unwrap_or(name);
    // The server's parser leaves out the first word: its name.
    let named: Vec<Word> =
        std::iter::once(Word { text: module.text(), place: module.place(), quoted: false }).chain(rest.iter().cloned()).collect();
    if let Some((_, valued)) = RUNNERS.iter().find(|(runner, _)| *runner == top) {
        return through(&named, valued, environment);
    }
    if top == "django" {
        return manage(None, module.place(), rest, environment);
    }
    match servers::runs(if top == "waitress" { "waitress-serve" } else { top }, &named, environment) {
        Some(runs) => runs,
        None => Program::module(name)
            .map(|program| Run { program: Some(program), place: module.place(), ..Run::default() })
            .into_iter()
            .collect(),
    }
}

/// What a runner (coverage, a profiler, a debugger) runs; the first word is its name.
pub(super) fn through(words: &[Word], valued: &'static [&'static str], environment: &Environment<'_>) -> Vec<Run> {
    let mut arguments = Arguments::new(words.get(1..).unwrap_or_default(), Syntax::Valued(valued));
    while let Some(argument) = arguments.next() {
        let rest = words.get(1 + arguments.position()..).unwrap_or_default();
        match argument {
            Argument::Option("-m", Some(module)) => return of_module(module, rest, environment),
            Argument::Word(word, _) if word.as_str() == "run" => {}
            Argument::Word(word, _) => return of_script(word, rest, environment),
            Argument::Option(..) => {}
        }
    }
    Vec::new()
}

/// The options of a program that is a runner.
pub(super) fn runner(name: &str) -> Option<&'static [&'static str]> {
    RUNNERS.iter().find(|(runner, _)| *runner == name).map(|(_, valued)| *valued)
}

/// `python script.py ...`, also a script that is started by its own name.
pub(super) fn of_script(word: &Word, rest: &[Word], environment: &Environment<'_>) -> Vec<Run> {
    let path = word.as_str();
    let name = path.rsplit('/').next().unwrap_or(path);
    let script = Program::script(path);
    if name == "manage.py" {
        return manage(script, word.place.clone(), rest, environment);
    }
    // A virtual environment's scripts: `python /opt/venv/bin/gunicorn app:app`.
    let named: Vec<Word> = std::iter::once(word).chain(rest).cloned().collect();
    if let Some(runs) = servers::runs(name, &named, environment) {
        return runs;
    }
    script.map(|program| Run { program: Some(program), place: word.place.clone(), ..Run::default() }).into_iter().collect()
}

/// Django's command line. `script` is `manage.py`; none for `django-admin`.
pub(super) fn manage(script: Option<Program>, place: std::ops::Range<usize>, words: &[Word], environment: &Environment<'_>) -> Vec<Run> {
    let mut run = Run { place, ..Run::default() };
    run.settings = environment.get("DJANGO_SETTINGS_MODULE").map(str::to_owned);
    for argument in Arguments::new(words, Syntax::Valued(&["--settings", "--pythonpath", "-v", "--verbosity"])) {
        match argument {
            Argument::Option("--settings", Some(value)) => run.settings = known(value.as_str()),
            Argument::Option("--pythonpath", Some(value)) => run.directory = known(value.as_str()),
            Argument::Word(word, _) if run.subcommand.is_none() => run.subcommand = known(word.as_str()),
            _ => {}
        }
    }
    if run.subcommand.as_deref().is_none_or(|command| ONE_OFF.contains(&command)) {
        return Vec::new();
    }
    run.program = script.or_else(|| run.settings.as_deref().and_then(Program::module));
    if run.program.is_some() { vec![run] } else { Vec::new() }
}

/// The modules that `python -c "from a.b import c; ..."` imports: those of the first line's plain import statements.
fn inline(code: Value<'_>) -> Vec<Run> {
    let statements = code.as_str().split([';', '\n']).map(str::trim);
    let modules = statements.filter_map(|statement| {
        let (keyword, rest) = statement.split_once(' ')?;
        let name = rest.trim_start().split([' ', ',']).next()?;
        matches!(keyword, "from" | "import").then(|| Program::module(name)).flatten()
    });
    modules.map(|program| Run { program: Some(program), place: code.place(), ..Run::default() }).collect()
}
