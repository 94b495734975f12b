//! Which files are deployment files, by their paths.

/// The kinds of deployment files, and of metadata that says what console scripts are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Format {
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
    /// A shell script. No name makes one: deployment files lead to it.
    Shell,
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
        }
    }

    /// Whether the file says what runs, not only what console scripts are.
    pub(crate) fn starts_programs(self) -> bool {
        !matches!(self, Self::PyProject | Self::SetupCfg | Self::SetupPy | Self::EntryPoints)
    }
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
    use super::{Format, is_deployment_file};

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
