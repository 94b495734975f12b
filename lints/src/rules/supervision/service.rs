//! A service of systemd as it is in the end: the unit file with its drop-ins.
//!
//! The drop-ins are those that lie where systemd looks for them, seen from the unit: in `name.service.d` beside it, sorted by name. For a key with
//! one value the last assignment counts, whichever file it stands in (systemd.unit(5)). Of a drop-in whose unit is not there, nobody knows what it starts.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::spans::microseconds;
use crate::deploy::text::{self, UNKNOWN};
use crate::deploy::unit::{Entry, Section, Unit, exec};
use crate::deploy::unit_name;
use crate::deployment::{Deployment, PythonStart};
use crate::diagnostic::Place;
use crate::source::SourceFile;

/// The values of `Restart=` (systemd.service(5)).
const RESTART: &[&str] = &["no", "on-success", "on-failure", "on-abnormal", "on-watchdog", "on-abort", "always"];

/// See the module's documentation.
pub(crate) struct Service {
    /// The unit's name, `web@.service`.
    pub(crate) name: String,
    /// The unit, then its drop-ins in their order.
    parts: Vec<Part>,
    /// What `ExecStart=` starts, where that is Python; the places lie in the part of this index.
    pub(crate) starts: Vec<PythonStart>,
    started_in: usize,
    /// The assignments of commands in that part, in the order of the text: section and entry, and where the value ends.
    commands: Vec<((usize, usize), usize)>,
    /// The folder of the unit.
    folder: PathBuf,
}

struct Part {
    file: Arc<SourceFile>,
    unit: Unit,
    /// Whether it is the file that is linted.
    own: bool,
}

/// An assignment that counts.
#[derive(Clone, Copy)]
pub(crate) struct Setting<'a> {
    pub(crate) entry: &'a Entry,
    pub(crate) file: &'a Arc<SourceFile>,
    /// Whether it stands in the file that is linted.
    pub(crate) own: bool,
}

impl<'a> Setting<'a> {
    /// The value; `None` where a part of it is not known.
    pub(crate) fn value(self) -> Option<&'a str> {
        Some(self.entry.value.as_str()).filter(|value| !value.contains(UNKNOWN) && !value.contains('%'))
    }

    /// From the key to the end of the value.
    pub(crate) fn place(self) -> Place {
        let range = self.entry.key_place.start..self.entry.value_place.end.max(self.entry.key_place.end);
        Place::new(self.file, text::text_range(&range))
    }
}

impl Service {
    /// The service that a file belongs to; `None` where that starts no Python program.
    pub(crate) fn read(deployment: &Deployment<'_>, path: &str) -> Option<Self> {
        let name = unit_name(path).to_owned();
        let own = Path::new(path);
        let folder = own.parent()?;
        let is_drop_in = folder.extension().is_some_and(|extension| extension == "d");
        let unit_folder = if is_drop_in { folder.parent()? } else { folder };
        let unit_path = if is_drop_in { unit_file(deployment, unit_folder, &name)? } else { own.to_owned() };
        let mut paths = vec![unit_path];
        let drop_ins = unit_folder.join(format!("{name}.d"));
        let conf = |name: &String| Path::new(name).extension().is_some_and(|extension| extension == "conf");
        paths.extend(deployment.program.files_in(&drop_ins).into_iter().filter(conf).map(|name| drop_ins.join(name)));
        if is_drop_in && !paths.iter().any(|path| path == own) {
            // A template such as `x.conf.in`.
            paths.push(own.to_owned());
        }
        let mut parts = Vec::new();
        for path in &paths {
            let is_own = path == own;
            let Some(file) = (if is_own { Some(Arc::clone(&deployment.file)) } else { deployment.read(path) }) else { continue };
            let unit = Unit::parse(&text::without_template(file.text()));
            parts.push(Part { file, unit, own: is_own });
        }
        // The last part that says what starts says all of it: a drop-in takes the unit's command back before it gives another.
        let started_in = parts.iter().rposition(|part| part.unit.last("Service", "ExecStart").is_some())?;
        let starts = deployment.python_starts(&paths[started_in].to_string_lossy(), parts[started_in].file.text());
        let commands = commands(&parts[started_in].unit);
        let service = Self { name, parts, starts, started_in, commands, folder: unit_folder.to_owned() };
        (!service.starts.is_empty()).then_some(service)
    }

    fn entries<'a>(&'a self, section: &'a str, key: &'a str) -> impl DoubleEndedIterator<Item = Setting<'a>> {
        self.parts.iter().flat_map(move |part| {
            let entries: Vec<&Entry> = part.unit.entries(section, key).collect();
            entries.into_iter().map(|entry| Setting { entry, file: &part.file, own: part.own })
        })
    }

    /// The assignment that counts, for a key with one value; an empty one takes it back to the default.
    pub(crate) fn setting<'a>(&'a self, section: &'a str, key: &'a str) -> Option<Setting<'a>> {
        self.entries(section, key).next_back().filter(|setting| !setting.entry.value.as_str().is_empty())
    }

    /// The assignment that counts, for a key of which systemd ignores the values that it does not take, an empty one among them, so that the one before
    /// it counts. A value that is not known is taken.
    pub(crate) fn valid<'a>(&'a self, section: &'a str, key: &'a str, takes: impl Fn(&str) -> bool) -> Option<Setting<'a>> {
        self.entries(section, key).rfind(|setting| setting.value().is_none_or(&takes))
    }

    /// What `Restart=` says.
    pub(crate) fn restart(&self) -> Option<Setting<'_>> {
        self.valid("Service", "Restart", |value| RESTART.contains(&value))
    }

    /// How long systemd waits before it starts the program again.
    pub(crate) fn delay(&self) -> Option<Setting<'_>> {
        self.valid("Service", "RestartSec", |value| microseconds(value).is_some())
    }

    /// The assignments that count, for a key that is a list: those behind the last empty one.
    pub(crate) fn list<'a>(&'a self, section: &'a str, key: &'a str) -> Vec<Setting<'a>> {
        let mut found: Vec<Setting<'a>> = Vec::new();
        for setting in self.entries(section, key) {
            if setting.entry.value.as_str().is_empty() {
                found.clear();
            } else {
                found.push(setting);
            }
        }
        found
    }

    /// Every assignment of the file that is linted.
    pub(crate) fn own_entries(&self) -> impl Iterator<Item = (&Section, &Entry)> {
        let sections = self.parts.iter().filter(|part| part.own).flat_map(|part| &part.unit.sections);
        sections.flat_map(|section| section.entries.iter().map(move |entry| (section, entry)))
    }

    /// The unit's last header of a section, where it stands in the file that is linted.
    pub(crate) fn own_section(&self, name: &str) -> Option<&Section> {
        let main = self.parts.first().filter(|part| part.own)?;
        main.unit.sections(name).last()
    }

    /// Whether the linted file is the one with the command, and the file that holds it.
    pub(crate) fn command_file(&self) -> (&Arc<SourceFile>, bool) {
        let part = &self.parts[self.started_in];
        (&part.file, part.own)
    }

    /// The assignment that holds a command.
    pub(crate) fn command(&self, start: &PythonStart) -> Option<&Entry> {
        let at = usize::from(start.start.command.start());
        let found = self.commands.get(self.commands.partition_point(|(_, end)| *end < at)).copied();
        let (section, entry) = found.map(|(place, _)| place)?;
        self.parts[self.started_in].unit.sections.get(section)?.entries.get(entry).filter(|entry| entry.value_place.start <= at)
    }

    /// Whether the service is meant to run until it is stopped: it is no job, and nothing but systemd's own rules starts it.
    pub(crate) fn is_long_running(&self, deployment: &Deployment<'_>) -> bool {
        let value = |key| self.setting("Service", key).and_then(Setting::value);
        let is_job = value("Type") == Some("oneshot") || value("RemainAfterExit").is_some_and(is_true);
        // What nothing starts at boot is started by the bus when somebody asks for its name.
        let on_demand = value("Type") == Some("dbus") && !self.parts.iter().any(|part| part.unit.sections("Install").next().is_some());
        !is_job && !on_demand && !self.is_triggered(deployment)
    }

    /// Whether a timer, a socket or a path unit starts the service.
    fn is_triggered(&self, deployment: &Deployment<'_>) -> bool {
        let stem = self.name.strip_suffix(".service").unwrap_or(&self.name);
        let kinds = [("timer", "Timer", "Unit"), ("socket", "Socket", "Service"), ("path", "Path", "Unit")];
        let same_name = |file: &str| {
            let rest = file.strip_prefix(stem).and_then(|rest| rest.strip_prefix('.'));
            rest.is_some_and(|rest| kinds.iter().any(|(kind, ..)| rest.split('.').next() == Some(kind)))
        };
        let names_it = |file: &String| {
            let (_, section, key) = kinds.iter().find(|(kind, ..)| file.contains(&format!(".{kind}")))?;
            let text = deployment.read(&self.folder.join(file))?;
            let unit = Unit::parse(text.text());
            unit.last(section, key).filter(|entry| entry.value.as_str() == self.name).map(|_| ())
        };
        let files = deployment.program.files_in(&self.folder);
        files.iter().any(|file| same_name(file)) || files.iter().any(|file| names_it(file).is_some())
    }

    /// What `Environment=` sets, of all parts; later ones win.
    pub(crate) fn is_set(&self, variable: &str) -> bool {
        self.parts.iter().any(|part| exec::environment(&part.unit, "Service", &self.name).is_set(variable))
    }
}

/// Where a unit says what is started: section and entry, and where the value ends.
fn commands(unit: &Unit) -> Vec<((usize, usize), usize)> {
    let services = unit.sections.iter().enumerate().filter(|(_, section)| section.name == "Service");
    let entries = services.flat_map(|(at, section)| section.entries.iter().enumerate().map(move |(entry, one)| ((at, entry), one)));
    entries.filter(|(_, entry)| entry.key == "ExecStart").map(|(place, entry)| (place, entry.value_place.end)).collect()
}

/// The file of a unit in a folder: its own, for an instance that of the template.
fn unit_file(deployment: &Deployment<'_>, folder: &Path, name: &str) -> Option<PathBuf> {
    let template = name.split_once('@').map(|(stem, _)| format!("{stem}@.service"));
    let names = deployment.program.files_in(folder);
    let is_it = |file: &String, wanted: &str| file.strip_prefix(wanted).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'));
    let found = |wanted: &str| names.iter().find(|file| is_it(file, wanted));
    let file = found(name).or_else(|| template.as_deref().and_then(found))?;
    Some(folder.join(file))
}

/// systemd.syntax(7), "boolean argument".
pub(crate) fn is_true(value: &str) -> bool {
    ["1", "yes", "y", "true", "t", "on"].iter().any(|word| value.eq_ignore_ascii_case(word))
}
