//! RL501: an upgrade in a deployment that changes more than it names. What ran yesterday is replaced by what was published today, also where nobody
//! asked for it, and the next machine gets yet another set.

use std::collections::BTreeMap;
use std::ops::Range;

use super::Subject;
use crate::context::{Context, Findings};
use crate::deploy::Format;
use crate::deploy::installs::Found;
use crate::deploy::pip::{Given, Install, Tool, normalized};
use crate::deploy::text::{UNKNOWN, readable, text_range};
use crate::deployment::Deployment;
use crate::diagnostic::{Fix, Place, Severity};
use crate::rules::{Family, FixAvailability, Rule};

pub(crate) static META: Rule = Rule {
    code: "RL501",
    name: "pip-upgrade-drags-dependencies",
    family: Family::Dependencies,
    severity: Severity::Warning,
    default: true,
    fix: FixAvailability::Sometimes,
    triggers: super::TRIGGERS,
    former_names: &[],
    page: include_str!("pip_upgrade_drags_dependencies.md"),
};

/// Tools that build, test or publish. A job of a pipeline installs them into an environment that is thrown away with it.
const TOOLS: &[&str] = &[
    "build",
    "check-manifest",
    "cibuildwheel",
    "codecov",
    "coverage",
    "coveralls",
    "flit",
    "hatch",
    "nox",
    "pdm",
    "pip-tools",
    "pipenv",
    "pipx",
    "poetry",
    "pre-commit",
    "pytest",
    "tox",
    "tox-gh-actions",
    "twine",
    "uv",
    "virtualenv",
];

pub(crate) fn check(context: &Context<'_>, findings: &mut Findings<'_>) {
    run(&Subject::of_python(context), findings);
}

pub(crate) fn check_deployment(deployment: &Deployment<'_>, findings: &mut Findings<'_>) {
    run(&Subject::of_deployment(deployment), findings);
}

/// How many installs before one are asked for the version of pip.
const MAX_EARLIER: usize = 64;

/// What is wrong with an install.
struct Problem {
    severity: Severity,
    message: String,
    help: String,
    fix: Option<Fix>,
    related: Option<(String, Place)>,
}

fn run(subject: &Subject<'_>, findings: &mut Findings<'_>) {
    // Several commands may be made of one list; they stand next to each other.
    let mut problems: Vec<(&Range<usize>, Problem)> = Vec::new();
    let mut files = Files::default();
    for found in subject.reported() {
        let Some(problem) = problem(subject, found, &mut files) else { continue };
        match problems.last_mut().filter(|(place, _)| **place == found.place) {
            Some((_, known)) if known.severity < problem.severity => *known = problem,
            Some(_) => {}
            None => problems.push((&found.place, problem)),
        }
    }
    for (place, problem) in problems {
        let report = findings.report(&META, problem.message, subject.place(place));
        let report = report.severity(problem.severity).help(problem.help).fix(problem.fix);
        if let Some((message, place)) = problem.related {
            report.related(message, place);
        }
    }
}

fn problem(subject: &Subject<'_>, found: &Found, known: &mut Files) -> Option<Problem> {
    let install = &found.install;
    install.upgrade.as_ref()?;
    if install.is_constrained || install.requires_hashes || install.no_deps || install.changes_no_environment {
        return None;
    }
    let is_eager = match &install.strategy {
        Some(strategy) if strategy.text == "eager" => true,
        Some(_) => return None,
        None => false,
    };
    let names = names(subject, found);
    let files: Vec<(&Given, Read)> = install.files.iter().map(|given| (given, known.read(subject, found, given))).collect();
    // In Python, a list that names nothing itself is given what it upgrades; beside names, what it is given may be options.
    let is_given = install.open && subject.format.is_none() && install.named.is_empty() && install.files.is_empty();
    let is_empty = names.is_empty() && !is_given;
    if is_empty && files.iter().all(|(_, file)| matches!(file, Read::Fine)) {
        return None;
    }
    if is_eager {
        return Some(eager(subject, install));
    }
    if let Some(problem) = files.iter().find_map(|(given, file)| unpinned(install, given, file)) {
        return Some(problem);
    }
    if is_empty {
        return None;
    }
    let shown = if names.is_empty() { "what it is given".to_owned() } else { list(&names) };
    if install.tool == Tool::Uv {
        return Some(Problem {
            severity: Severity::Warning,
            message: format!("`uv pip install -U` upgrades all dependencies of {shown} to their newest versions, too"),
            help: "`--upgrade-package NAME` moves the named package alone, and the others only where it needs that".to_owned(),
            fix: None,
            related: None,
        });
    }
    if let Some(old) = old_pip(subject, found) {
        return Some(Problem {
            severity: Severity::Warning,
            message: format!("`pip install -U` of a pip before 10 upgrades all dependencies of {shown} to their newest versions, too"),
            help: "use a newer pip, or `--upgrade-strategy only-if-needed`".to_owned(),
            fix: None,
            related: Some(("this pip is installed before".to_owned(), old)),
        });
    }
    Some(Problem {
        severity: Severity::Info,
        message: format!("`pip install -U` of {shown} may also move dependencies, wherever a new version asks for it"),
        help: "`--force-reinstall --no-deps NAME==VERSION`, then `pip check`".to_owned(),
        fix: no_deps(subject, found),
        related: None,
    })
}

/// What is upgraded by name, for people; nothing that may be.
fn names(subject: &Subject<'_>, found: &Found) -> Vec<String> {
    let install = &found.install;
    let allowed = &subject.settings.options.pip_upgrade_drags_dependencies.allow;
    let in_pipeline = found.in_session || matches!(subject.format, Some(Format::Workflow | Format::GitlabCi | Format::Tox));
    let unknown = UNKNOWN.to_string();
    let given = install.named.iter().filter_map(|word| {
        if word.text == unknown {
            return Some("what it is given".to_owned());
        }
        let (_, requirement) = install.requirements().find(|(other, _)| other.place == word.place)?;
        let name = requirement.name;
        let is_allowed = Subject::is_installer(&name)
            || in_pipeline && TOOLS.contains(&name.as_str())
            || allowed.iter().any(|allowed| normalized(allowed) == name);
        (!is_allowed).then(|| format!("`{name}`"))
    });
    let mut found: Vec<String> = given.collect();
    found.dedup();
    found
}

/// What is known of a requirements file.
#[derive(Clone)]
enum Read {
    /// It names nothing that could be dragged along, or all of it is locked.
    Fine,
    /// All that it names has one version.
    Pinned,
    /// Its path is known only when the command runs.
    Unknown,
    /// It is not among the project's files.
    Missing,
    /// It names packages without a version: where the first of them stands, its name, and how many more there are.
    Unpinned(Place, String, usize),
}

/// The requirements files that were read, by path and directory.
#[derive(Default)]
struct Files(BTreeMap<(String, Option<String>), Read>);

impl Files {
    fn read(&mut self, subject: &Subject<'_>, found: &Found, given: &Given) -> Read {
        let key = (given.text.clone(), found.directory.clone());
        self.0.entry(key).or_insert_with(|| read(subject, found, given)).clone()
    }
}

fn read(subject: &Subject<'_>, found: &Found, given: &Given) -> Read {
    let Some(all) = subject.requirements(&given.text, found.directory.as_deref()) else {
        return if given.is_known() { Read::Missing } else { Read::Unknown };
    };
    if all.iter().any(|(_, lines)| lines.is_locked()) {
        return Read::Fine;
    }
    let is_other = |name: &str| !Subject::is_installer(name);
    let mut unpinned = all
        .iter()
        .flat_map(|(file, lines)| lines.unpinned().filter(|(requirement, _)| is_other(&requirement.name)).map(move |found| (file, found)));
    if let Some((file, (requirement, place))) = unpinned.next() {
        return Read::Unpinned(Place::new(file, text_range(place)), requirement.name.clone(), unpinned.count());
    }
    let names_any = all.iter().any(|(_, lines)| lines.requirements().any(|(requirement, _)| is_other(&requirement.name)));
    if names_any { Read::Pinned } else { Read::Fine }
}

/// `-U -r FILE` with a file that lets the versions open.
fn unpinned(install: &Install, given: &Given, file: &Read) -> Option<Problem> {
    const HELP: &str = "pin the file's lines, or constrain them (`-c`); an install without `-U` leaves alone what is there and fits";
    let tool = if install.tool == Tool::Uv { "uv pip" } else { "pip" };
    let (severity, message, related) = match file {
        Read::Fine | Read::Pinned => return None,
        Read::Unpinned(place, name, more) => {
            let more = if *more == 0 { String::new() } else { format!(" and {more} more") };
            (
                Severity::Warning,
                format!(
                    "`{tool} install -U -r {}` moves `{name}`{more} to the newest versions: the file pins none of these",
                    readable(&given.text)
                ),
                Some((format!("`{name}` has no version of its own"), place.clone())),
            )
        }
        Read::Unknown => (
            Severity::Warning,
            format!(
                "`{tool} install -U -r` of a file that is known only when it runs moves all that the file does not pin to the newest versions"
            ),
            None,
        ),
        Read::Missing => (
            Severity::Info,
            format!("`{tool} install -U -r {}` moves all that this file does not pin to the newest versions", readable(&given.text)),
            None,
        ),
    };
    Some(Problem { severity, message, help: HELP.to_owned(), fix: None, related })
}

/// `--upgrade-strategy eager`.
fn eager(subject: &Subject<'_>, install: &Install) -> Problem {
    let strategy = install.strategy.as_ref().filter(|strategy| subject.slice(&strategy.place).trim_matches(['"', '\'']) == "eager");
    let fix = strategy.map(|strategy| {
        let replacement = subject.slice(&strategy.place).replace("eager", "only-if-needed");
        Fix::unsure("Move dependencies only where they have to", vec![subject.edit(&strategy.place, replacement)])
    });
    Problem {
        severity: Severity::Warning,
        message: "`--upgrade-strategy eager` moves all dependencies of what is upgraded to their newest versions".to_owned(),
        help: "leave it out: dependencies then move only where they have to; or pin them".to_owned(),
        fix,
        related: None,
    }
}

/// The earlier install in the same job, stage or script that brings a pip before 10.
fn old_pip(subject: &Subject<'_>, found: &Found) -> Option<Place> {
    let earlier = subject.installs.found.iter().filter(|other| other.scope == found.scope && other.place.start <= found.place.start);
    let pip = |install: &Install| {
        let (given, requirement) = install.requirements().find(|(_, requirement)| requirement.name == "pip")?;
        Some((given.place.clone(), requirement))
    };
    let (place, requirement) = earlier.rev().take(MAX_EARLIER).find_map(|other| pip(&other.install))?;
    requirement.is_before(10).then(|| subject.place(&place))
}

/// `--no-deps` before the option that upgrades, where nothing else is asked for. Not where the environment is made for the job: it has no
/// dependencies yet.
fn no_deps(subject: &Subject<'_>, found: &Found) -> Option<Fix> {
    let install = &found.install;
    if found.in_session || matches!(subject.format, Some(Format::Workflow | Format::GitlabCi | Format::Tox | Format::Compose)) {
        return None;
    }
    let upgrade = install.upgrade.as_ref().filter(|_| install.files.is_empty() && !install.open)?;
    subject
        .slice(upgrade)
        .trim_matches(['"', '\''])
        .starts_with('-')
        .then(|| subject.option_before(upgrade, "--no-deps"))
        .flatten()
        .map(|edit| Fix::unsure("Leave the dependencies as they are", vec![edit]))
}

/// Names for people: at most three.
fn list(names: &[String]) -> String {
    match names {
        [one] => one.clone(),
        [one, two] => format!("{one} and {two}"),
        [one, two, rest @ ..] => format!("{one}, {two} and {} more", rest.len()),
        [] => String::new(),
    }
}
