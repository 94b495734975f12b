//! RL406: the unit makes the file system read-only where the program opens its log: `open` raises `OSError`, and the service does not even start.

use super::program;
use super::service::{Service, Setting, is_true};
use crate::context::Findings;
use crate::deploy::text::UNKNOWN;
use crate::deployment::Deployment;
use crate::diagnostic::{Fix, Place, Severity};
use crate::program::constants::Constant;
use crate::rules::logging::files::{Demand, log_files};
use crate::rules::{Family, FixAvailability, Rule};

pub(crate) static META: Rule = Rule {
    code: "RL406",
    name: "unit-unwritable-log",
    family: Family::Supervision,
    severity: Severity::Warning,
    default: true,
    fix: FixAvailability::Sometimes,
    triggers: &[],
    former_names: &[],
    page: include_str!("unit_unwritable_log.md"),
};

/// The folders of keys that make folders for the unit, below which each name of the key's value is writable (systemd.exec(5)).
const MADE: &[(&str, &str)] =
    &[("StateDirectory", "/var/lib"), ("LogsDirectory", "/var/log"), ("CacheDirectory", "/var/cache"), ("RuntimeDirectory", "/run")];

/// The texts without which no module opens a log file.
const WORDS: &[&str] = &["FileHandler", "basicConfig", "loguru", "LoggerFactory"];

pub(crate) fn check(deployment: &Deployment<'_>, findings: &mut Findings<'_>) {
    let Some(service) = deployment.service() else { return };
    let Some(view) = View::new(service) else { return };
    if view.read_only.is_empty() {
        return;
    }
    for start in &service.starts {
        for (path, what, place) in files(deployment, service, start) {
            let Some(setting) = view.forbids(&path).filter(|setting| setting.own) else { continue };
            let key = &setting.entry.key;
            let message = format!(
                "`{key}=` of `{}` makes `{path}` read-only, where `{}` opens its log: it fails at the start",
                service.name,
                start.start.program.name()
            );
            let (file, _) = service.command_file();
            findings
                .report(&META, message, setting.place())
                .help("log to stderr, or let `LogsDirectory=` make a folder in `/var/log` that the service may write to")
                .fix(made(deployment, setting, &path))
                .related(format!("this starts `{}`", start.start.program.name()), Place::new(file, start.start.range))
                .related(format!("`{what}` opens the file"), place);
            return;
        }
    }
}

/// A key that makes the file's folder for the unit, behind the one that forbids it; where none does, one that opens the folder.
fn made(deployment: &Deployment<'_>, setting: Setting<'_>, path: &str) -> Option<Fix> {
    let (folder, _) = path.rsplit_once('/').filter(|(folder, _)| !folder.is_empty() && !folder.contains(char::is_whitespace))?;
    let below = MADE.iter().find_map(|(key, made)| Some((*key, folder.strip_prefix(made)?.strip_prefix('/')?)));
    let line = below.map_or_else(|| format!("ReadWritePaths=-{folder}"), |(key, name)| format!("{key}={name}"));
    let end = setting.entry.value_place.end;
    let edit = deployment.edit(&(end..end), format!("{}{line}", deployment.line_ending()));
    Some(Fix::unsure(format!("Add `{line}`"), vec![edit]))
}

/// The log files that a program always opens, whose paths are told: the path, what opens it, and where.
fn files(deployment: &Deployment<'_>, service: &Service, start: &crate::deployment::PythonStart) -> Vec<(String, String, Place)> {
    let mut found = Vec::new();
    for id in program::modules_holding(deployment, start, WORDS) {
        let context = deployment.at(id);
        for file in log_files(&context) {
            let path = file.path.and_then(|path| deployment.program.constant(id, path));
            if let (Demand::Always, Some(Constant::Str(path))) = (&file.demand, path)
                && let Some(path) = absolute(service, &path)
            {
                found.push((path, file.what, context.place(file.range)));
            }
        }
    }
    found
}

/// A path as the program opens it: relative ones start from `WorkingDirectory=`, which is `/` where it is not set.
fn absolute(service: &Service, path: &str) -> Option<String> {
    if path.starts_with('/') {
        return Some(path.to_owned());
    }
    let folder = match service.setting("Service", "WorkingDirectory") {
        None => "/",
        Some(setting) => setting.value().map(|value| value.trim_start_matches('-')).filter(|value| value.starts_with('/'))?,
    };
    Some(format!("{}/{path}", folder.trim_end_matches('/')))
}

/// What of the file system the service can write to.
struct View<'a> {
    /// Folders that are read-only, with what makes them so.
    read_only: Vec<(String, Setting<'a>)>,
    writable: Vec<String>,
}

impl<'a> View<'a> {
    /// What a unit says; `None` where a part of it is not known.
    fn new(service: &'a Service) -> Option<Self> {
        let mut view = Self { read_only: Vec::new(), writable: ["/dev", "/proc", "/sys"].map(str::to_owned).to_vec() };
        let on = |key| service.setting("Service", key).filter(|setting| setting.value().is_some_and(is_true));
        let dynamic = on("DynamicUser");
        let protect = service.setting("Service", "ProtectSystem");
        match protect.map(|setting| (setting, setting.value())) {
            Some((_, None)) => return None,
            Some((setting, Some("strict"))) => view.forbid(&["/"], setting),
            Some((setting, Some("full"))) => view.forbid(&["/usr", "/boot", "/efi", "/etc"], setting),
            Some((setting, Some(value))) if is_true(value) => view.forbid(&["/usr", "/boot", "/efi"], setting),
            _ => {}
        }
        if let Some(setting) = dynamic {
            view.forbid(&["/"], setting);
        }
        for key in ["ReadOnlyPaths", "InaccessiblePaths", "ReadOnlyDirectories", "InaccessibleDirectories"] {
            for setting in service.list("Service", key) {
                for path in setting.value()?.split_ascii_whitespace() {
                    view.forbid(&[path.trim_start_matches(['-', '+'])], setting);
                }
            }
        }
        if let Some(setting) = service.setting("Service", "ProtectHome")
            && setting.value().is_none_or(|value| is_true(value) || value == "read-only")
        {
            setting.value()?;
            view.forbid(&["/home", "/root", "/run/user"], setting);
        }
        if dynamic.is_some() || on("PrivateTmp").is_some() {
            view.writable.extend(["/tmp", "/var/tmp"].map(str::to_owned));
        }
        for key in ["ReadWritePaths", "ReadWriteDirectories", "TemporaryFileSystem", "BindPaths"] {
            for setting in service.list("Service", key) {
                for path in known(&specifiers(setting.entry.value.as_str()))?.split_ascii_whitespace() {
                    let path = path.trim_start_matches(['-', '+']);
                    let mut parts = path.split(':');
                    let target = if key == "BindPaths" { parts.clone().nth(1).or_else(|| parts.next()) } else { parts.next() };
                    view.writable.extend(target.map(str::to_owned));
                }
            }
        }
        for (key, folder) in MADE {
            for setting in service.list("Service", key) {
                let stem = service.name.strip_suffix(".service").unwrap_or(&service.name);
                let value = setting.entry.value.as_str().replace("%N", stem).replace("%p", stem).replace("%n", &service.name);
                // `name:link` from version 251 on.
                view.writable.extend(
                    known(&value)?.split_ascii_whitespace().map(|name| format!("{folder}/{}", name.split(':').next().unwrap_or(name))),
                );
            }
        }
        Some(view)
    }

    fn forbid(&mut self, folders: &[&str], setting: Setting<'a>) {
        self.read_only.extend(folders.iter().map(|folder| ((*folder).to_owned(), setting)));
    }

    /// What keeps a file from being written: the rule about the nearest folder above it counts.
    fn forbids(&self, path: &str) -> Option<Setting<'a>> {
        let depth = |folder: &str| covers(folder, path).then(|| folder.trim_end_matches('/').len());
        let allowed = self.writable.iter().filter_map(|folder| depth(folder)).max();
        let (forbidden, setting) =
            self.read_only.iter().filter_map(|(folder, setting)| Some((depth(folder)?, setting))).max_by_key(|(depth, _)| *depth)?;
        allowed.is_none_or(|allowed| allowed < forbidden).then_some(*setting)
    }
}

/// Whether a path lies in a folder, or is it.
fn covers(folder: &str, path: &str) -> bool {
    path.strip_prefix(folder.trim_end_matches('/')).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// Puts in the specifiers of the system's folders (systemd.unit(5), "Specifiers"; those of the system's manager).
fn specifiers(value: &str) -> String {
    [("%S", "/var/lib"), ("%L", "/var/log"), ("%C", "/var/cache"), ("%t", "/run"), ("%T", "/tmp"), ("%V", "/var/tmp")]
        .iter()
        .fold(value.to_owned(), |value, (specifier, folder)| value.replace(specifier, folder))
}

fn known(value: &str) -> Option<&str> {
    Some(value).filter(|value| !value.contains([UNKNOWN, '%']))
}
