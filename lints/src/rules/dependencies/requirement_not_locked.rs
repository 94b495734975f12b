//! RL505: a file that pins what it names, and not what that needs: the rest of the environment is as new as the day.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::{closure, installers};
use crate::context::Findings;
use crate::deploy::Format;
use crate::deploy::pip::file::Lines;
use crate::deploy::pip::{Pin, normalized};
use crate::deployment::Deployment;
use crate::diagnostic::Severity;
use crate::rules::{Family, FixAvailability, Rule};

pub(crate) static META: Rule = Rule {
    code: "RL505",
    name: "requirement-not-locked",
    family: Family::Dependencies,
    severity: Severity::Info,
    default: false,
    fix: FixAvailability::None,
    triggers: &[],
    former_names: &[],
    page: include_str!("requirement_not_locked.md"),
};

/// What well-known packages depend on in all their versions of the last years, by their metadata; without what depends on the platform or an extra. Asked where the
/// package is not installed where the analysis runs.
const KNOWN: &[(&str, &[&str])] = &[
    ("aiohttp", &["attrs", "multidict", "yarl"]),
    ("alembic", &["mako", "sqlalchemy"]),
    ("boto3", &["botocore", "jmespath", "s3transfer"]),
    ("botocore", &["jmespath", "python-dateutil", "urllib3"]),
    ("celery", &["billiard", "kombu", "vine"]),
    ("django", &["sqlparse"]),
    ("djangorestframework", &["django"]),
    ("fastapi", &["pydantic", "starlette"]),
    ("flask", &["click", "itsdangerous", "jinja2", "werkzeug"]),
    ("flask-migrate", &["alembic", "flask", "flask-sqlalchemy"]),
    ("flask-sqlalchemy", &["flask", "sqlalchemy"]),
    ("google-auth", &["pyasn1-modules"]),
    ("httpx", &["certifi", "httpcore", "idna"]),
    ("jinja2", &["markupsafe"]),
    ("kombu", &["amqp", "vine"]),
    ("matplotlib", &["cycler", "kiwisolver", "numpy", "pyparsing", "python-dateutil"]),
    ("pandas", &["numpy", "python-dateutil"]),
    ("paramiko", &["bcrypt", "cryptography", "pynacl"]),
    ("requests", &["certifi", "idna", "urllib3"]),
    ("scikit-learn", &["joblib", "numpy", "scipy"]),
    ("scipy", &["numpy"]),
    ("starlette", &["anyio"]),
    ("uvicorn", &["click", "h11"]),
];

pub(crate) fn check(deployment: &Deployment<'_>, findings: &mut Findings<'_>) {
    if deployment.format != Format::Requirements {
        return;
    }
    let own = Lines::parse(deployment.file.text());
    let has_pin = own.requirements().any(|(requirement, _)| requirement.pin == Pin::Exact);
    let Some(path) = deployment.input.file.filter(|_| has_pin && !own.is_locked()) else { return };
    let all = closure::closure(deployment.program, path.to_owned(), Arc::clone(&deployment.file));
    let names: BTreeSet<String> =
        all.iter().flat_map(|(_, _, lines)| lines.requirements().map(|(requirement, _)| requirement.name.clone())).collect();
    let installers = installers(deployment);
    let leaves_open = |installer: &&super::Installer| !installer.found.install.is_constrained && !installer.found.install.no_deps;
    let Some(installer) = installers.iter().find(leaves_open) else { return };
    for (requirement, place) in own.requirements().filter(|(requirement, _)| requirement.pin == Pin::Exact) {
        let absent: Vec<String> = needs(deployment, &requirement.name).into_iter().filter(|name| !names.contains(name)).collect();
        let Some(first) = absent.first() else { continue };
        let others = match absent.len() {
            1 => "that it needs is".to_owned(),
            count => format!("and {} more that it needs are", count - 1),
        };
        let message = format!("`{}` is pinned, `{first}` {others} not: each install takes the newest of that day", requirement.name);
        findings
            .report(&META, message, deployment.place(place))
            .help("lock the whole set: `pip-compile`, `uv pip compile`, or a constraints file from `pip freeze`")
            .related("the file is installed here", installer.place.clone());
    }
}

/// What a package needs on every platform, by its metadata.
fn needs(deployment: &Deployment<'_>, name: &str) -> Vec<String> {
    let installed = deployment.input.roots.installed.iter().find_map(|folder| {
        let folders = deployment.program.folders_in(folder);
        let own = folders.iter().find(|entry| {
            entry.strip_suffix(".dist-info").and_then(|entry| entry.split_once('-')).is_some_and(|(entry, _)| normalized(entry) == name)
        })?;
        let metadata = deployment.read(&folder.join(own).join("METADATA"))?;
        Some(required(metadata.text()))
    });
    let known = || {
        let entry = KNOWN.iter().find(|(known, _)| *known == name);
        entry.map(|(_, needs)| needs.iter().map(|name| (*name).to_owned()).collect()).unwrap_or_default()
    };
    installed.unwrap_or_else(known)
}

/// `Requires-Dist` without markers.
fn required(metadata: &str) -> Vec<String> {
    let header = metadata.lines().take_while(|line| !line.is_empty());
    let values = header.filter_map(|line| line.strip_prefix("Requires-Dist:"));
    let plain = values.filter(|value| !value.contains(';'));
    plain.filter_map(|value| Some(crate::deploy::pip::Requirement::parse(value)?.name)).collect()
}
