//! What the services of Docker Compose start.

use super::environment::{Environment, is_name};
use super::shell::{self, Word};
use super::text::Text;
use super::yaml::{NodeId, Yaml};
use super::{Format, Start, Starts};

/// The longest `${...}` that is read.
const MAX_EXPRESSION: usize = 1000;

/// What `command:` and `entrypoint:` start.
pub(super) fn starts(text: &str, starts: &mut Starts) {
    let yaml = Yaml::parse(text);
    for document in &yaml.documents {
        // The first version of the format had no `services`.
        let old = yaml.get(*document, "version").is_none().then_some(*document);
        let Some(services) = yaml.get(*document, "services").or(old) else { continue };
        for (name, service) in yaml.map(services).unwrap_or_default() {
            let name = yaml.text(*name).unwrap_or_default();
            if !name.starts_with("x-") {
                one(&yaml, name, *service, starts);
            }
        }
    }
}

/// Takes the words of a command, the number of the service, its directory and its environment.
type VisitCommand<'a> = &'a mut dyn FnMut(Vec<Word>, usize, Option<String>, &Environment<'_>);

/// Hands each command of a service to `visit`.
pub(super) fn each_command(text: &str, visit: VisitCommand<'_>) {
    let yaml = Yaml::parse(text);
    for document in &yaml.documents {
        let services = yaml.get(*document, "services").and_then(|services| yaml.map(services)).unwrap_or_default();
        for (scope, (_, service)) in services.iter().enumerate() {
            let environment = yaml.get(*service, "environment").map_or_else(Environment::default, |node| environment(&yaml, node));
            let directory = yaml.get(*service, "working_dir").and_then(|node| yaml.text(node)).filter(|path| !path.contains('$'));
            for node in ["entrypoint", "command"].iter().filter_map(|key| yaml.get(*service, key)) {
                visit(words(&yaml, node), scope, directory.map(str::to_owned), &environment);
            }
        }
    }
}

fn one(yaml: &Yaml, name: &str, service: NodeId, starts: &mut Starts) {
    let words = |key: &str| yaml.get(service, key).map(|node| (yaml.place(node), words(yaml, node)));
    let (entrypoint, command) = (words("entrypoint"), words("command"));
    if entrypoint.is_none() && command.is_none() {
        return;
    }
    let environment = yaml.get(service, "environment").map_or_else(Environment::default, |node| environment(yaml, node));
    let directory = yaml.get(service, "working_dir").and_then(|node| yaml.text(node)).map(str::to_owned);
    let common = Start {
        name: Some(name.to_owned()),
        directory: directory.filter(|path| !path.contains('$')),
        image: yaml.get(service, "image").and_then(|node| yaml.text(node)).filter(|image| !image.contains('$')).map(str::to_owned),
        ..Start::of(Format::Compose)
    };
    starts.add_image(entrypoint, command, &environment, &common);
}

/// The words of a command: a list of them, or one text that is split as a shell does, without its operators.
fn words(yaml: &Yaml, node: NodeId) -> Vec<Word> {
    match yaml.list(node) {
        Some(items) => items
            .iter()
            .filter_map(|item| Some(Word { text: interpolated(yaml.scalar(*item)?), place: yaml.place(*item), quoted: true }))
            .collect(),
        None => yaml.scalar(node).map_or_else(Vec::new, |text| shell::words(&interpolated(text), &Environment::default())),
    }
}

/// Puts in variables as Compose does before anything else: `$$` is a dollar sign, `$NAME`, `${NAME:-default}`.
fn interpolated(text: &Text) -> Text {
    let value = text.as_str();
    let mut result = Text::default();
    let mut at = 0;
    while let Some(offset) = value[at..].find('$') {
        result.push_text(text, at..at + offset);
        at += offset;
        let rest = &value[at + 1..];
        let name = rest.bytes().take_while(|byte| byte.is_ascii_alphanumeric() || *byte == b'_').count();
        let braces =
            rest.strip_prefix('{').and_then(|inner| Some((inner, inner.bytes().take(MAX_EXPRESSION).position(|byte| byte == b'}')?)));
        let end = if rest.starts_with('$') {
            result.push_text(text, at..at + 1);
            at + 2
        } else if let Some((inner, length)) = braces {
            let operator = inner[..length].trim_start_matches(|c: char| c.is_ascii_alphanumeric() || c == '_');
            let default = operator.strip_prefix(":-").or_else(|| operator.strip_prefix('-')).filter(|default| !default.contains('$'));
            match default {
                Some(default) => result.push_text(text, at + 2 + length - default.len()..at + 2 + length),
                None => result.push_decoded("\u{7f}", text.place(at..at + 2 + length)),
            }
            at + 3 + length
        } else if name > 0 {
            result.push_decoded("\u{7f}", text.place(at..at + 1 + name));
            at + 1 + name
        } else {
            result.push_text(text, at..at + 1);
            at + 1
        };
        at = end;
    }
    result.push_text(text, at..value.len());
    result
}

/// `environment:`, a map or a list of `NAME=value`.
fn environment(yaml: &Yaml, node: NodeId) -> Environment<'static> {
    let mut environment = Environment::default();
    for (name, value) in yaml.map(node).unwrap_or_default() {
        if let (Some(name), Some(value)) = (yaml.text(*name).filter(|name| is_name(name)), yaml.scalar(*value)) {
            environment.set(name, interpolated(value).as_str());
        }
    }
    for item in yaml.list(node).unwrap_or_default() {
        let Some(text) = yaml.scalar(*item).map(interpolated) else { continue };
        match text.as_str().split_once('=') {
            Some((name, value)) if is_name(name) => environment.set(name, value),
            None if is_name(text.as_str()) => environment.set_unknown(text.as_str()),
            _ => {}
        }
    }
    environment
}

#[cfg(test)]
mod tests {
    use crate::deploy::{Program, starts};

    fn shown(text: &str) -> Vec<String> {
        starts("docker-compose.yml", text).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn services() {
        let text = "\
x-base: &base
  working_dir: /srv
  environment: {PYTHONUNBUFFERED: 1}
services:
  web:
    <<: *base
    command: gunicorn -w ${N:-3} 'a.wsgi:app'
  worker:
    entrypoint: [tini, --]
    command: [celery, -A, proj, worker]
    environment: [DJANGO_SETTINGS_MODULE=a.settings, OTHER]
  shell:
    command: sh -c \"exec uvicorn $$APP\"
  folded:
    command: >
      bash -c \"python manage.py migrate
      && python manage.py runserver\"
  args:
    command: --port 80
";
        assert_eq!(
            shown(text),
            [
                "module a.wsgi *3 name=web in=/srv unbuffered",
                "module proj *n name=worker settings=a.settings",
                "script manage.py name=folded command=runserver (bash)",
            ]
        );
        let start = &starts("compose.yaml", text)[0];
        assert_eq!((&text[start.range], &start.program), ("'a.wsgi:app'", &Program::Module("a.wsgi".to_owned())));
        assert_eq!(&text[start.command], "gunicorn -w ${N:-3} 'a.wsgi:app'");
        assert_eq!(&text[starts("compose.yaml", text)[2].range], "manage.py");
        assert_eq!(shown("web:\n  build: .\n  command: python app.py\n"), ["script app.py name=web"]);
    }
}
