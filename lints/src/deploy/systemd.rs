//! What the services of systemd start.

use super::text::Text;
use super::unit::{Unit, exec};
use super::{Format, Start, Starts, command};

/// What `ExecStart=` starts.
pub(super) fn starts(path: &str, text: &str, starts: &mut Starts) {
    let unit = Unit::parse(text);
    let name = unit_name(path);
    let environment = exec::environment(&unit, "Service", name);
    let value = |key: &str| unit.last("Service", key).map(|entry| entry.value.as_str()).filter(|value| !value.is_empty());
    let directory = value("WorkingDirectory").map(|path| path.trim_start_matches('-').to_owned());
    let common = Start {
        name: Some(name.to_owned()),
        directory: directory.filter(|path| !path.contains('%') && path != "~"),
        long_running: value("Type") != Some("oneshot"),
        instances: name.contains('@'),
        ..Start::of(Format::SystemdUnit)
    };
    for entry in unit.list("Service", "ExecStart") {
        for command in exec::commands(entry, &environment, name) {
            let runs = if command.through_shell {
                command::of_shell(&joined(&command), "sh", false, &environment)
            } else {
                command::of_words(&command.words, &environment)
            };
            starts.add(&command.place, runs, &Start { ignores_failure: command.ignores_failure, ..common.clone() });
        }
    }
}

/// The words of a command as one text, for the shell.
fn joined(command: &exec::Command) -> Text {
    let mut text = Text::default();
    for word in &command.words {
        if !text.as_str().is_empty() {
            text.push_decoded(" ", word.place.clone());
        }
        text.push_text(&word.text, 0..word.as_str().len());
    }
    text
}

/// The name of the unit that a file belongs to: its own, for a drop-in that of the folder.
pub(crate) fn unit_name(path: &str) -> &str {
    let (folder, name) = path.rsplit_once('/').unwrap_or(("", path));
    let drop_in = folder.rsplit('/').next().and_then(|above| above.strip_suffix(".d")).filter(|above| above.ends_with(".service"));
    drop_in.unwrap_or_else(|| name.find(".service").map_or(name, |end| &name[..end + ".service".len()]))
}
