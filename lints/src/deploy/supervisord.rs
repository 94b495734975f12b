//! What the programs of supervisord start.

use super::environment::{Environment, is_name};
use super::ini::{self, Section};
use super::shell;
use super::text::Text;
use super::{Format, Start, Starts, Workers, command};

/// Comments at the end of a line, as supervisord's own parser takes them.
pub(crate) const COMMENTS: ini::InlineComments = &[';', '#'];
/// Sections that describe a program.
pub(crate) const PROGRAMS: [&str; 3] = ["program:", "fcgi-program:", "eventlistener:"];

/// What `command=` starts. The command is split into words as by a shell, but no shell runs it.
pub(super) fn starts(text: &str, starts: &mut Starts) {
    let sections = ini::parse(text, COMMENTS);
    let value =
        |section: &Section, key: &str| section.entries.iter().rev().find(|entry| entry.key == key).map(|entry| expanded(&entry.value()));
    let all = sections.iter().filter(|section| section.name == "supervisord").find_map(|section| value(section, "environment"));
    for section in &sections {
        let Some(name) = PROGRAMS.iter().find_map(|prefix| section.name.strip_prefix(prefix)) else { continue };
        let Some(entry) = section.entries.iter().rev().find(|entry| entry.key == "command") else { continue };
        let mut environment = Environment::default();
        for values in all.iter().cloned().chain(value(section, "environment")) {
            set(&values, &mut environment);
        }
        let directory = value(section, "directory").map(|path| path.as_str().to_owned());
        let processes = value(section, "numprocs").map(|count| Workers::told(count.as_str())).filter(|count| count.is_several());
        let words = shell::words(&expanded(&entry.value()), &Environment::default());
        let mut runs = command::of_words(&words, &environment);
        for run in &mut runs {
            // Several processes of a program that has workers of its own: more than either number.
            run.workers = if processes.is_some() && run.workers.is_some() { Some(Workers::Several) } else { run.workers };
        }
        let common = Start {
            name: Some(name.trim().to_owned()),
            directory: directory.filter(|path| !path.contains(super::text::UNKNOWN)),
            workers: processes,
            ..Start::of(Format::Supervisord)
        };
        starts.add(&entry.place(), runs, &common);
    }
}

/// `A="b",C='d'`.
fn set(values: &Text, environment: &mut Environment<'_>) {
    let mut rest = values.as_str();
    while let Some((name, value)) = rest.split_once('=') {
        let value = value.trim_start();
        let quoted = ['"', '\''].into_iter().find_map(|quote| value.strip_prefix(quote)?.split_once(quote));
        let (value, behind) = quoted.unwrap_or_else(|| value.split_once(',').unwrap_or((value, "")));
        let name = name.trim_matches(|c: char| c == ',' || c.is_whitespace());
        if is_name(name) {
            environment.set(name, value.trim());
        }
        rest = behind;
    }
}

/// Puts in `%(name)s`, of which nothing is known here, and `%%`.
fn expanded(text: &Text) -> Text {
    let value = text.as_str();
    let mut result = Text::default();
    let mut at = 0;
    while let Some(offset) = value[at..].find('%') {
        let start = at + offset;
        result.push_text(text, at..start);
        let rest = &value[start + 1..];
        let named = rest.strip_prefix('(').and_then(|rest| {
            let length = rest.bytes().take_while(|byte| byte.is_ascii_alphanumeric() || *byte == b'_').count();
            Some((&rest[..length], rest[length..].strip_prefix(')')?))
        });
        at = if let Some((name, kind)) = named {
            let digits = kind.bytes().take_while(u8::is_ascii_digit).count();
            let letter = usize::from(kind[digits..].starts_with(['s', 'd']));
            let end = start + name.len() + 3 + digits + letter;
            result.push_decoded("\u{7f}", text.place(start..end));
            end
        } else {
            result.push_text(text, start..start + 1);
            start + if rest.starts_with('%') { 2 } else { 1 }
        };
    }
    result.push_text(text, at..value.len());
    result
}

#[cfg(test)]
mod tests {
    use crate::deploy::starts;

    #[test]
    fn programs() {
        let text = "\
[supervisord]
environment=PYTHONUNBUFFERED=1
[program:web]
command=/opt/venv/bin/gunicorn -w 2 \"a.wsgi:app\" ; comment
directory=/srv
numprocs=1
[program:worker]
command = python worker.py
  --number %(process_num)02d %%
environment = A=b, DJANGO_SETTINGS_MODULE=\"a.settings\",C='d'
directory=%(here)s
numprocs=4
[group:x]
command=python no.py
";
        let found = starts("supervisord.conf", text);
        let shown: Vec<String> = found.iter().map(ToString::to_string).collect();
        assert_eq!(
            shown,
            ["module a.wsgi *2 name=web in=/srv unbuffered", "script worker.py *4 name=worker settings=a.settings unbuffered"]
        );
        assert_eq!(&text[found[0].range], "\"a.wsgi:app\"");
        assert_eq!(&text[found[1].command], "python worker.py\n  --number %(process_num)02d %%");
    }
}
