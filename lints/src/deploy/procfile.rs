//! `Procfile`: `name: command` on each line. The command is shell text.

use super::environment::Environment;
use super::text::Text;
use super::{Format, Start, Starts, command};

/// What the process types start, but for `release`, which runs once at a deployment.
pub(super) fn starts(text: &str, starts: &mut Starts) {
    let mut at = 0;
    for line in text.split_inclusive('\n') {
        let start = at;
        at += line.len();
        let line = line.trim_end();
        let Some((name, rest)) = line.split_once(':') else { continue };
        let is_name = !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-'));
        if !is_name {
            continue;
        }
        let from = start + name.len() + 1 + (rest.len() - rest.trim_start().len());
        let place = from..(start + line.len()).max(from);
        let runs = command::of_shell(&Text::slice(text, place.clone()), "sh", false, &Environment::default());
        starts.add(&place, runs, &Start { name: Some(name.to_owned()), long_running: name != "release", ..Start::of(Format::Procfile) });
    }
}
