//! What the containers of Kubernetes objects start.

use super::environment::{Environment, is_name};
use super::shell::Word;
use super::text::Text;
use super::yaml::{NodeId, Yaml};
use super::{Format, Start, Starts};

/// Where the pod stands in an object.
const PODS: &[&[&str]] = &[&["spec", "template", "spec"], &["spec", "jobTemplate", "spec", "template", "spec"], &["spec"]];

/// What `command:` and `args:` of containers start.
pub(super) fn starts(text: &str, starts: &mut Starts) {
    let yaml = Yaml::parse(text);
    for document in &yaml.documents {
        object(&yaml, *document, starts);
        for item in yaml.get(*document, "items").and_then(|items| yaml.list(items)).unwrap_or_default() {
            object(&yaml, *item, starts);
        }
    }
}

fn object(yaml: &Yaml, object: NodeId, starts: &mut Starts) {
    let Some(kind) = yaml.get(object, "kind").and_then(|kind| yaml.text(kind)) else { return };
    let Some(pod) = PODS.iter().find_map(|keys| yaml.path(object, keys).filter(|pod| yaml.get(*pod, "containers").is_some())) else {
        return;
    };
    for (key, runs_on) in [("initContainers", false), ("containers", !matches!(kind, "Job" | "CronJob"))] {
        for item in yaml.get(pod, key).and_then(|list| yaml.list(list)).unwrap_or_default() {
            container(yaml, *item, runs_on, starts);
        }
    }
}

/// The names of the containers of an object.
pub(crate) fn container_names(yaml: &Yaml, object: NodeId) -> Vec<String> {
    let pod = PODS.iter().find_map(|keys| yaml.path(object, keys).filter(|pod| yaml.get(*pod, "containers").is_some()));
    let containers = pod.and_then(|pod| yaml.get(pod, "containers")).and_then(|list| yaml.list(list)).unwrap_or_default();
    containers.iter().filter_map(|container| Some(yaml.text(yaml.get(*container, "name")?)?.to_owned())).collect()
}

fn container(yaml: &Yaml, container: NodeId, long_running: bool, starts: &mut Starts) {
    let text = |key: &str| yaml.get(container, key).and_then(|node| yaml.text(node)).map(str::to_owned);
    let mut environment = Environment::default();
    for item in yaml.get(container, "env").and_then(|list| yaml.list(list)).unwrap_or_default() {
        let Some(name) = yaml.get(*item, "name").and_then(|name| yaml.text(name)).filter(|name| is_name(name)) else { continue };
        match yaml.get(*item, "value").and_then(|value| yaml.scalar(value)) {
            Some(value) => environment.set(name, value.as_str()),
            None => environment.set_unknown(name),
        }
    }
    let words = |key: &str| {
        let node = yaml.get(container, key)?;
        let words = yaml
            .list(node)?
            .iter()
            .filter_map(|item| Some(Word { text: expanded(yaml.scalar(*item)?, &environment), place: yaml.place(*item), quoted: true }));
        Some((yaml.place(node), words.collect()))
    };
    let common =
        Start { name: text("name"), directory: text("workingDir"), long_running, image: text("image"), ..Start::of(Format::Kubernetes) };
    starts.add_image(words("command"), words("args"), &environment, &common);
}

/// Puts in `$(NAME)`.
fn expanded(text: &Text, environment: &Environment<'_>) -> Text {
    let value = text.as_str();
    let mut result = Text::default();
    let mut at = 0;
    while let Some(offset) = value[at..].find("$(") {
        let start = at + offset;
        let rest = &value[start + 2..];
        let name = &rest[..rest.bytes().take_while(|byte| byte.is_ascii_alphanumeric() || *byte == b'_').count()];
        let end = start + 2 + name.len() + 1;
        if !is_name(name) || !rest[name.len()..].starts_with(')') {
            result.push_text(text, at..start + 2);
            at = start + 2;
            continue;
        }
        result.push_text(text, at..start);
        result.push_decoded(environment.expand(name).unwrap_or("\u{7f}"), text.place(start..end));
        at = end;
    }
    result.push_text(text, at..value.len());
    result
}

#[cfg(test)]
mod tests {
    use crate::deploy::starts;

    #[test]
    fn containers() {
        let text = "\
apiVersion: apps/v1
kind: Deployment
spec:
  template:
    spec:
      initContainers:
        - {name: init, command: [python, -m, a.setup]}
      containers:
        - name: web
          command: [gunicorn]
          args: ['-w', '$(WORKERS)', 'a:b']
          env: [{name: WORKERS, value: '2'}, {name: PYTHONUNBUFFERED, value: '1'}]
        - name: script
          command: ['/bin/sh', '-c']
          args:
            - |
              set -e
              exec python -m a.b
---
kind: CronJob
spec: {jobTemplate: {spec: {template: {spec: {containers: [{name: job, workingDir: /srv, command: [python, job.py]}]}}}}}
---
{{ include \"x\" . }}
";
        let found = starts("k8s/web.yaml", text);
        let shown: Vec<String> = found.iter().map(ToString::to_string).collect();
        assert_eq!(
            shown,
            [
                "module a.setup name=init once",
                "module a *2 name=web unbuffered",
                "module a.b name=script (sh exec)",
                "script job.py name=job in=/srv once",
            ]
        );
        assert_eq!(&text[found[2].range], "a.b");
    }
}
