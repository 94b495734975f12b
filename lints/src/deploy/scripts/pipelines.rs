//! `run:` of GitHub's workflows and `script:` of GitLab's pipelines.
//!
//! GitHub starts `bash -e` where no shell is named, and `bash -eo pipefail` where `shell: bash` is (its workflow syntax,
//! `jobs.<job_id>.steps[*].shell`). GitLab's runner writes a script that begins with `set -eo pipefail` (in sh, as far as that has it).

use super::{Ignored, Mode, Script, Visit};
use crate::deploy::environment::{Environment, is_name};
use crate::deploy::shell::{self, Simple};
use crate::deploy::text::{Text, UNKNOWN};
use crate::deploy::yaml::{NodeId, Yaml};

/// How deep lists in a GitLab script are followed: anchors put lists into lists.
const MAX_DEPTH: usize = 10;
/// How many nodes of GitLab scripts are looked at: aliases may name the same ones many times.
const MAX_NODES: usize = 20_000;

/// Stops at the first failure, but not within a pipeline.
const PLAIN: Mode = Mode { errexit: true, pipefail: false, unwatched: true };
/// Stops at the first failure.
const STRICT: Mode = Mode { errexit: true, pipefail: true, unwatched: true };

/// The scripts of a workflow; a job is a scope.
pub(super) fn workflow(text: &str, visit: Visit<'_>) {
    let text = without_expressions(text);
    let yaml = Yaml::parse(&text);
    for document in &yaml.documents {
        let mut environment = Environment::default();
        variables(&yaml, *document, "env", &mut environment);
        let Some(jobs) = yaml.get(*document, "jobs").and_then(|jobs| yaml.map(jobs)) else { continue };
        for (scope, (_, job)) in jobs.iter().enumerate() {
            let mut environment = environment.inner();
            variables(&yaml, *job, "env", &mut environment);
            let steps = yaml.get(*job, "steps").and_then(|steps| yaml.list(steps)).unwrap_or_default();
            for step in steps {
                one(&yaml, [*step, *job, *document], scope, &environment, visit);
            }
        }
    }
}

/// A step of a job of a workflow.
fn one(yaml: &Yaml, [step, job, workflow]: [NodeId; 3], scope: usize, environment: &Environment<'_>, visit: Visit<'_>) {
    let Some(run) = yaml.get(step, "run").and_then(|run| yaml.scalar(run)) else { return };
    let setting = |key: &str| {
        let default = |node| yaml.path(node, &["defaults", "run", key]);
        let node = yaml.get(step, key).or_else(|| default(job)).or_else(|| default(workflow))?;
        yaml.scalar(node)
    };
    let windows = yaml.get(job, "runs-on").and_then(|name| yaml.text(name)).is_some_and(|name| name.starts_with("windows"));
    let mode = match setting("shell") {
        // PowerShell: what it does with the status of a program is another matter.
        None if windows => STRICT,
        None => PLAIN,
        Some(shell) => match shell_mode(shell) {
            Some(mode) => mode,
            None => return,
        },
    };
    let mut environment = environment.inner();
    variables(yaml, step, "env", &mut environment);
    let continues = yaml.get(step, "continue-on-error").filter(|node| yaml.text(*node) == Some("true"));
    let script = Script {
        commands: shell::commands(run, &environment),
        mode: mode.seeing(run.as_str()),
        ignored: continues.map(|_| Ignored::ContinueOnError),
        scope,
        directory: setting("working-directory").map(|path| path.as_str().to_owned()).filter(|path| !path.contains(UNKNOWN)),
    };
    visit(script, &environment);
}

/// The mode of the shell that a step names; none where it is no shell.
fn shell_mode(shell: &Text) -> Option<Mode> {
    match shell.as_str() {
        "bash" | "pwsh" | "powershell" | "cmd" => Some(STRICT),
        "sh" => Some(PLAIN),
        custom => {
            let words = shell::words(shell, &Environment::default());
            let name = custom.split_ascii_whitespace().next()?.rsplit('/').next()?;
            matches!(name, "bash" | "sh" | "dash" | "zsh").then(|| Mode { unwatched: true, ..Mode::of_shell(&words) })
        }
    }
}

/// The scripts of a GitLab pipeline; a job is a scope, and so is what stands outside of jobs.
pub(super) fn gitlab(text: &str, visit: Visit<'_>) {
    let yaml = Yaml::parse(text);
    let mut left = MAX_NODES;
    for document in &yaml.documents {
        let mut environment = Environment::default();
        variables(&yaml, *document, "variables", &mut environment);
        let jobs = yaml.map(*document).unwrap_or_default();
        let common = std::iter::once((0, *document));
        for (scope, job) in common.chain(jobs.iter().enumerate().map(|(index, (_, job))| (index + 1, *job))) {
            let mut environment = environment.inner();
            if scope > 0 {
                variables(&yaml, job, "variables", &mut environment);
            }
            // A failure of `after_script` is nobody's.
            for key in ["before_script", "script"] {
                let entries = yaml.map(job).unwrap_or_default();
                let Some((_, node)) = entries.iter().find(|(name, _)| yaml.text(*name) == Some(key)) else { continue };
                let mut commands = Vec::new();
                collect(&yaml, *node, MAX_DEPTH, &mut left, &environment, &mut commands);
                visit(Script { commands, mode: STRICT, scope, ..Script::default() }, &environment);
            }
        }
    }
}

fn collect(yaml: &Yaml, node: NodeId, depth: usize, left: &mut usize, environment: &Environment<'_>, commands: &mut Vec<Simple>) {
    if *left == 0 || depth == 0 {
        return;
    }
    *left -= 1;
    if let Some(text) = yaml.scalar(node) {
        let from = commands.len();
        commands.extend(shell::commands(text, environment));
        // Each item is a line of the script.
        if let Some(last) = commands.get_mut(from..).and_then(<[Simple]>::last_mut).filter(|last| last.after == shell::Link::None) {
            last.after = shell::Link::Then;
            last.ends_line = true;
        }
    }
    for item in yaml.list(node).unwrap_or_default() {
        collect(yaml, *item, depth - 1, left, environment, commands);
    }
}

/// Variables of a map: names with scalars.
fn variables(yaml: &Yaml, owner: NodeId, key: &str, environment: &mut Environment<'_>) {
    let Some(node) = yaml.get(owner, key) else { return };
    for (name, value) in yaml.map(node).unwrap_or_default() {
        let Some(name) = yaml.text(*name).filter(|name| is_name(name)) else { continue };
        match yaml.text(*value).filter(|value| !value.contains('$')) {
            Some(value) => environment.set(name, value),
            None => environment.set_unknown(name),
        }
    }
}

/// Puts what is not known in the place of `${{ ... }}`.
fn without_expressions(text: &str) -> String {
    let mut bytes = text.as_bytes().to_vec();
    let mut at = 0;
    while let Some(start) = memchr::memmem::find(&bytes[at..], b"${{").map(|offset| at + offset) {
        let Some(end) = memchr::memmem::find(&bytes[start..], b"}}").map(|offset| start + offset + 2) else { break };
        for byte in bytes[start..end].iter_mut().filter(|byte| !matches!(byte, b'\n' | b'\r')) {
            *byte = UNKNOWN as u8;
        }
        at = end;
    }
    String::from_utf8(bytes).unwrap_or_else(|_| text.to_owned())
}

#[cfg(test)]
mod tests {
    use crate::deploy::Format;
    use crate::deploy::scripts::tests::shown;

    #[test]
    fn workflows() {
        let text = "\
on: push
env: {A: x, B: '${{ secrets.B }}'}
jobs:
  one:
    runs-on: ${{ matrix.os }}
    env: {A: y}
    defaults:
      run: {working-directory: srv}
    steps:
      - uses: actions/checkout@v4
      - run: pip install $A $B ${{ matrix.c }}
      - run: |
          a
          b | c
        shell: bash
        working-directory: ./web
        continue-on-error: true
  two:
    steps:
      - run: d
        shell: python
      - run: e
        shell: bash -l {0}
";
        let unknown = "?".repeat("${{ matrix.c }}".len());
        assert_eq!(
            shown(Format::Workflow, text),
            [format!("0eu in srv: pip install y ? {unknown}"), "0epu! in ./web: a / b / c".to_owned(), "1u: e".to_owned()]
        );
    }

    #[test]
    fn gitlab() {
        let text = "\
variables: {A: x}
before_script: [b]
.common: &common
  - c
  - |
    d
    e
job:
  before_script:
    - *common
    - f $A
  script: g | h
  after_script: [i]
deploy: {script: [j, [k]]}
";
        assert_eq!(shown(Format::GitlabCi, text), ["0epu: b", "4epu: c / d / e / f x", "4epu: g / h", "5epu: j / k"]);
        let bomb: Vec<String> = (0..40).map(|index| format!(".a{}: &a{} [*a{index}, *a{index}]\n", index + 1, index + 1)).collect();
        let bomb = bomb.concat();
        let text = format!(".a0: &a0 [x]\n{bomb}job:\n  script: [*a9, *a40]\n");
        assert_eq!(shown(Format::GitlabCi, &text).len(), 1);
    }
}
