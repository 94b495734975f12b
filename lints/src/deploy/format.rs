//! Which files are deployment files, by their paths.

/// The kinds of deployment files, and of metadata that says what console scripts are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Format {
    /// A unit of systemd that is a service, or a drop-in for one.
    SystemdUnit,
    /// `Procfile` (Heroku, honcho, foreman).
    Procfile,
    /// The instructions for an image.
    Dockerfile,
    /// A file of Docker Compose.
    Compose,
    /// Objects of Kubernetes.
    Kubernetes,
    /// The configuration of supervisord.
    Supervisord,
    /// A shell script.
    Shell,
    /// A requirements or constraints file of pip.
    Requirements,
    /// A workflow of GitHub Actions.
    Workflow,
    /// The pipeline of GitLab CI.
    GitlabCi,
    /// A makefile.
    Makefile,
    /// `tox.ini`.
    Tox,
    /// `pyproject.toml`: console scripts only.
    PyProject,
    /// `setup.cfg`: console scripts only.
    SetupCfg,
    /// `setup.py`: console scripts only, where they are literals.
    SetupPy,
    /// `entry_points.txt` of an installed distribution: console scripts only.
    EntryPoints,
}

impl Format {
    /// The key or instruction that starts the program, for reports.
    pub(crate) fn key(self) -> &'static str {
        match self {
            Self::SystemdUnit => "ExecStart=",
            Self::Procfile => "a process type",
            Self::Dockerfile => "`CMD`/`ENTRYPOINT`",
            Self::Compose | Self::Kubernetes => "command:",
            Self::Supervisord => "command=",
            Self::Shell => "a command",
            Self::PyProject | Self::SetupCfg | Self::SetupPy | Self::EntryPoints => "an entry point",
            Self::Requirements => "a requirement",
            Self::Workflow => "run:",
            Self::GitlabCi => "script:",
            Self::Makefile => "a recipe",
            Self::Tox => "commands=",
        }
    }

    /// Whether the file says what runs, not only what console scripts are.
    pub(crate) fn starts_programs(self) -> bool {
        !matches!(self, Self::PyProject | Self::SetupCfg | Self::SetupPy | Self::EntryPoints)
    }

    /// Texts without which such a file starts no Python program that is known and installs no package; empty where every file of the kind is read.
    fn signs(self) -> &'static [&'static str] {
        match self {
            // The program may be the project's own: its name tells nothing.
            Self::SystemdUnit => &["ExecStart", "[Service]"],
            Self::Supervisord => &["command"],
            Self::Requirements => &[],
            _ => &["python", "pip", ".py", "gunicorn", "uvicorn", "hypercorn", "daphne", "celery", "dramatiq", "flask", "sh -c", "bash -c"],
        }
    }
}

/// What a file that is no Python is linted as, by its path (`/`-separated) and its first bytes: scripts often have no ending. Looks at the name, at the
/// folders right above it and at the first line only. `None` for everything else, Python above all.
pub fn linted_as(path: &str, start: &[u8]) -> Option<Format> {
    let (folder, name) = path.rsplit_once('/').unwrap_or(("", path));
    let name = TEMPLATES.iter().find_map(|ending| name.strip_suffix(ending)).unwrap_or(name);
    let (stem, ending) = name.rsplit_once('.').unwrap_or((name, ""));
    match ending {
        "py" | "pyw" | "pyi" | "ipynb" => return None,
        "sh" | "bash" => return Some(Format::Shell),
        "mk" => return Some(Format::Makefile),
        "txt" if is_requirements(folder, stem) => return Some(Format::Requirements),
        "yml" | "yaml" if folder == ".github/workflows" || folder.ends_with("/.github/workflows") => return Some(Format::Workflow),
        "yml" | "yaml" if stem == ".gitlab-ci" || stem.ends_with(".gitlab-ci") => return Some(Format::GitlabCi),
        "ini" if stem == "tox" => return Some(Format::Tox),
        _ => {}
    }
    if matches!(name, "Makefile" | "makefile" | "GNUmakefile") {
        return Some(Format::Makefile);
    }
    if let Some(format) = is_deployment_file(path) {
        return (format.starts_programs() && format != Format::Procfile).then_some(format);
    }
    (!name.contains('.') && interpreter(start) == Some(Interpreter::Shell)).then_some(Format::Shell)
}

/// Whether a file that [`linted_as`] a format can hold a finding of the rules about deployment. Skipping it is allowed only where it cannot change a result.
pub(crate) fn is_worth_reading(format: Format, bytes: &[u8]) -> bool {
    let holds = |text: &&str| memchr::memmem::find(bytes, text.as_bytes()).is_some();
    let signs = format.signs();
    signs.is_empty() || signs.iter().any(holds) || ["pyrelint:", "noqa"].iter().any(holds)
}

/// `requirements.txt`, `requirements-dev.txt`, `dev-requirements.txt`, `requirements/prod.txt`, `constraints.txt`.
fn is_requirements(folder: &str, stem: &str) -> bool {
    let of_pip = |name: &str| name.starts_with("requirements") || name.ends_with("requirements") || name.starts_with("constraints");
    of_pip(stem) || folder.rsplit('/').next().is_some_and(|above| above == "requirements")
}

/// What the first line of a script names as its interpreter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Interpreter {
    /// CPython or PyPy.
    Python,
    /// A shell of the Bourne family.
    Shell,
}

/// The interpreter that a script's first line starts: `#!/usr/bin/python3 -u`, `#!/usr/bin/env -S VAR=1 python3.11 -m x`, `#!/bin/sh`.
pub fn interpreter(start: &[u8]) -> Option<Interpreter> {
    let line = start.strip_prefix(b"#!")?;
    let line = line.split(|byte| matches!(byte, b'\n' | b'\r')).next().unwrap_or_default();
    let mut words = std::str::from_utf8(line).ok()?.split_ascii_whitespace();
    let name = |path: &'_ str| -> Option<Interpreter> {
        let name = path.rsplit('/').next().unwrap_or(path);
        if matches!(name, "sh" | "bash" | "dash" | "ash" | "ksh" | "zsh") {
            return Some(Interpreter::Shell);
        }
        is_python(name).then_some(Interpreter::Python)
    };
    let first = words.next()?;
    if first.rsplit('/').next() != Some("env") {
        return name(first);
    }
    name(words.find(|word| !word.starts_with('-') && !word.contains('='))?)
}

/// `python`, `python3`, `python3.11`, `python3.13t`, `pypy3`; not `pythonic` nor tools such as `python-config`.
fn is_python(name: &str) -> bool {
    let version = name.strip_prefix("pythonw").or_else(|| name.strip_prefix("python")).or_else(|| name.strip_prefix("pypy"));
    version.is_some_and(|version| version.trim_end_matches(['t', 'd']).bytes().all(|byte| byte.is_ascii_digit() || byte == b'.'))
}

/// The endings of templates.
const TEMPLATES: [&str; 8] = [".in", ".j2", ".jinja", ".jinja2", ".tmpl", ".tpl", ".template", ".erb"];

/// Whether a file of this name is a template of another one.
pub(crate) fn is_template(path: &str) -> bool {
    TEMPLATES.iter().any(|ending| path.ends_with(ending))
}

/// Whether a file of this path (`/`-separated) is a deployment file, and of what kind. Looks at the name and the folders right above it only, and
/// is cheap enough to be asked for each file of a tree.
pub(crate) fn is_deployment_file(path: &str) -> Option<Format> {
    let (folder, name) = path.rsplit_once('/').unwrap_or(("", path));
    let name = TEMPLATES.iter().find_map(|ending| name.strip_suffix(ending)).unwrap_or(name);
    let (stem, ending) = name.rsplit_once('.').unwrap_or((name, ""));
    let above = folder.rsplit('/').next().unwrap_or_default();
    match ending {
        "service" => (!stem.is_empty()).then_some(Format::SystemdUnit),
        "conf" | "ini" => configuration(folder, above, stem, ending),
        "yml" | "yaml" => yaml(folder, stem),
        "toml" => (stem == "pyproject").then_some(Format::PyProject),
        "py" => (name == "setup.py").then_some(Format::SetupPy),
        "cfg" => (stem == "setup").then_some(Format::SetupCfg),
        "txt" => (stem == "entry_points" && (above.ends_with(".dist-info") || above.ends_with(".egg-info"))).then_some(Format::EntryPoints),
        _ => plain(name, ending),
    }
}

fn configuration(folder: &str, above: &str, stem: &str, ending: &str) -> Option<Format> {
    if ending == "conf" && above.ends_with(".service.d") {
        return Some(Format::SystemdUnit);
    }
    let parent = folder.strip_suffix("/conf.d").or_else(|| folder.strip_suffix("/programs")).unwrap_or(folder).rsplit('/').next();
    let below = matches!(parent, Some("supervisor" | "supervisord" | "supervisor.d" | "supervisord.d"));
    (below || stem.starts_with("supervisor")).then_some(Format::Supervisord)
}

fn yaml(folder: &str, stem: &str) -> Option<Format> {
    let compose =
        stem.strip_prefix("docker-compose").or_else(|| stem.strip_prefix("podman-compose")).or_else(|| stem.strip_prefix("compose"));
    if compose.is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '-', '_'])) {
        return Some(Format::Compose);
    }
    let is_cluster = |part: &str| matches!(part, "k8s" | "kubernetes" | "kube" | "manifests" | "kustomize" | "helm" | "charts");
    folder.split('/').any(is_cluster).then_some(Format::Kubernetes)
}

fn plain(name: &str, ending: &str) -> Option<Format> {
    let is_image = |name: &str| matches!(name, "Dockerfile" | "Containerfile" | "dockerfile" | "containerfile");
    let first = name.split('.').next().unwrap_or_default();
    let variant =
        name.strip_prefix("Dockerfile").or_else(|| name.strip_prefix("Containerfile")).is_some_and(|rest| rest.starts_with(['-', '_']));
    // `Dockerfile.py` would be a program that writes one.
    let is_other = matches!(ending, "py" | "sh" | "md" | "rst" | "dockerignore" | "lock" | "json");
    if (is_image(first) || variant) && !is_other || matches!(ending, "dockerfile" | "Dockerfile" | "containerfile") {
        return Some(Format::Dockerfile);
    }
    (first == "Procfile" && !is_other).then_some(Format::Procfile)
}

#[cfg(test)]
mod tests {
    use super::{Format, Interpreter, interpreter, is_deployment_file, linted_as};

    #[test]
    fn first_lines() {
        for line in [
            "#!/usr/bin/python",
            "#!/usr/bin/python3 -u\n",
            "#! /usr/bin/env python3\r\nimport sys",
            "#!/usr/bin/env -S python3 -m x",
            "#!/usr/bin/env -S PYTHONUNBUFFERED=1 python3.11",
            "#!/opt/pypy3",
            "#!/usr/bin/python3.13t",
        ] {
            assert_eq!(interpreter(line.as_bytes()), Some(Interpreter::Python), "{line}");
        }
        for line in ["#!/bin/sh", "#!/usr/bin/env bash # python", "#! /bin/dash -e\n"] {
            assert_eq!(interpreter(line.as_bytes()), Some(Interpreter::Shell), "{line}");
        }
        for line in ["", "import sys", "#!/usr/bin/pythonic", "#!", "#!/usr/bin/env", "#!\npython", "#!/usr/bin/perl"] {
            assert_eq!(interpreter(line.as_bytes()), None, "{line}");
        }
    }

    #[test]
    fn what_is_linted() {
        let check = |expected: Option<Format>, paths: &[&str]| {
            for path in paths {
                assert_eq!(linted_as(path, b""), expected, "{path}");
            }
        };
        check(Some(Format::SystemdUnit), &["a.service", "x/a@.service.in", "a.service.d/x.conf"]);
        check(Some(Format::Shell), &["a.sh", "x/install.bash"]);
        check(Some(Format::Makefile), &["Makefile", "x/rules.mk", "Makefile.in"]);
        check(
            Some(Format::Requirements),
            &["requirements.txt", "requirements-dev.txt", "x/dev-requirements.txt", "requirements/prod.txt", "constraints.txt"],
        );
        check(Some(Format::Workflow), &[".github/workflows/ci.yml", "x/.github/workflows/ci.yaml"]);
        check(Some(Format::GitlabCi), &[".gitlab-ci.yml", "ci/lint.gitlab-ci.yml"]);
        check(Some(Format::Tox), &["tox.ini"]);
        check(Some(Format::Dockerfile), &["Dockerfile", "Dockerfile.j2"]);
        check(None, &["a.py", "setup.py", "pyproject.toml", "Procfile", "notes.txt", "a.yml", "script", "workflows/ci.yml"]);
        assert_eq!(linted_as("bin/start", b"#!/bin/bash\n"), Some(Format::Shell));
        assert_eq!(linted_as("bin/start", b"#!/usr/bin/python3\n"), None);
    }

    #[test]
    fn paths() {
        let check = |expected: Option<Format>, paths: &[&str]| {
            for path in paths {
                assert_eq!(is_deployment_file(path), expected, "{path}");
            }
        };
        check(
            Some(Format::SystemdUnit),
            &["a.service", "x/a@.service", "a.service.in", "a.service.j2", "a.service.d/x.conf", "etc/a@1.service.d/10-x.conf.jinja"],
        );
        check(Some(Format::Procfile), &["Procfile", "x/Procfile", "Procfile.dev"]);
        check(
            Some(Format::Dockerfile),
            &[
                "Dockerfile",
                "x/Containerfile",
                "Dockerfile.prod",
                "a.dockerfile",
                "prod.Dockerfile",
                "Dockerfile.j2",
                "Dockerfile-web",
                "docker/dockerfile",
            ],
        );
        check(
            Some(Format::Compose),
            &[
                "docker-compose.yml",
                "docker-compose.prod.yaml",
                "compose.yaml",
                "compose-dev.yml",
                "docker-compose.yml.j2",
                "k8s/compose.yml",
            ],
        );
        check(Some(Format::Kubernetes), &["k8s/web.yaml", "x/kubernetes/base/web.yml", "helm/templates/a.yaml"]);
        check(
            Some(Format::Supervisord),
            &["supervisord.conf", "x/supervisor/web.conf", "supervisor/conf.d/web.conf", "supervisor-web.conf", "supervisord.d/web.ini"],
        );
        check(Some(Format::PyProject), &["pyproject.toml", "x/pyproject.toml"]);
        check(Some(Format::SetupCfg), &["setup.cfg"]);
        check(Some(Format::SetupPy), &["setup.py", "x/setup.py"]);
        check(Some(Format::EntryPoints), &["lib/a-1.dist-info/entry_points.txt", "a.egg-info/entry_points.txt"]);
        check(
            None,
            &[
                "",
                "/",
                ".service",
                "a.py",
                "Dockerfile.py",
                "Dockerfile.dockerignore",
                "dockerfiles",
                "composer.yml",
                "nginx.conf",
                "a.timer.d/x.conf",
                "entry_points.txt",
                "web.yaml",
                "Procfiles",
                "poetry.toml",
                "tox.cfg",
            ],
        );
    }
}
