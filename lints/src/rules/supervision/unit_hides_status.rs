//! RL408: a shell between the supervisor and the program. The status that the supervisor sees is the shell's: that of the last command of a pipe, of what stands
//! behind `||` or `;`. And in a container the shell is process 1, which passes no signal on.

use crate::context::Findings;
use crate::deploy::{Format, Shell};
use crate::deployment::{Deployment, PythonStart};
use crate::diagnostic::{Fix, Place, Severity};
use crate::rules::{Family, FixAvailability, Rule};

pub(crate) static META: Rule = Rule {
    code: "RL408",
    name: "unit-hides-status",
    family: Family::Supervision,
    severity: Severity::Warning,
    default: true,
    fix: FixAvailability::Sometimes,
    triggers: &[],
    former_names: &[],
    page: include_str!("unit_hides_status.md"),
};

/// Words in the names of images whose `sh` is dash.
const DEBIAN: &[&str] = &["debian", "ubuntu", "slim", "bookworm", "bullseye", "buster", "trixie", "jammy", "noble", "focal"];
/// Words in the names of images whose `sh` is another shell.
const OTHER: &[&str] = &["alpine", "busybox", "ubi", "fedora", "centos", "rocky", "alma", "amazonlinux", "opensuse", "arch"];
/// Official images that build on Debian where their tag says nothing else.
const OFFICIAL: &[&str] = &["python", "node", "pypy", "buildpack-deps", "ruby", "golang", "rust", "openjdk"];

pub(crate) fn check(deployment: &Deployment<'_>, findings: &mut Findings<'_>) {
    if let Some(service) = deployment.service() {
        let (_, own) = service.command_file();
        for start in service.starts.iter().filter(|_| own) {
            let Some(entry) = service.command(start) else { continue };
            // With this type the shell's end is meant to come first.
            let forks = service.setting("Service", "Type").is_some_and(|kind| kind.value() == Some("forking"));
            let place = deployment.place(&(entry.key_place.start..entry.value_place.end));
            if let Some((what, help)) = start.start.shell.as_ref().and_then(|shell| hides(shell, forks)) {
                report(deployment, start, what, help, place, findings);
            }
        }
        return;
    }
    if matches!(deployment.format, Format::SystemdUnit | Format::Shell) {
        return;
    }
    for start in deployment.starts() {
        let Some(shell) = &start.start.shell else { continue };
        let place = Place::new(&deployment.file, start.start.command);
        if let Some((what, help)) = hides(shell, false) {
            report(deployment, start, what, help, place, findings);
        } else if stays(deployment.format, start, shell) {
            let name = start.start.program.name();
            let message = format!(
                "`{name}` is started by a shell that stays in front of it as process 1: it never gets SIGTERM, and is killed when the time is over"
            );
            let fix = (shell.last && deployment.slice(&(shell.start..shell.start + 1)) != "\"")
                .then(|| Fix::safe("Write `exec` in front of the program", vec![deployment.edit(&(shell.start..shell.start), "exec ")]));
            findings
                .report(&META, message, place)
                .help("use the form `[\"python\", \"-m\", ...]`, or write `exec` in front of the program")
                .fix(fix);
        }
    }
}

fn report(deployment: &Deployment<'_>, start: &PythonStart, what: &str, help: &'static str, place: Place, findings: &mut Findings<'_>) {
    let message = format!("`{}` is started by a shell that hides how it ends: {what}", start.start.program.name());
    let fix = start.start.shell.as_ref().and_then(|shell| with_pipefail(deployment, shell));
    findings.report(&META, message, place).help(help).fix(fix);
}

/// bash with `pipefail` in the place of a shell whose text has a pipe.
fn with_pipefail(deployment: &Deployment<'_>, shell: &Shell) -> Option<Fix> {
    // A unit's command may have prefixes.
    let signs = deployment.slice(&shell.place).chars().take_while(|sign| "-@:+!|".contains(*sign)).count();
    let place = shell.place.start + signs..shell.place.end;
    let written = deployment.slice(&place);
    let is_plain = !written.contains(char::is_whitespace) && written.ends_with("sh") && written.starts_with(['/', 's', 'b', 'd']);
    if !shell.pipes || shell.pipefail || shell.or_else || shell.followed || !is_plain {
        return None;
    }
    let bash = if written.starts_with('/') { "/bin/bash -o pipefail" } else { "bash -o pipefail" };
    Some(Fix::unsure("Use bash with `pipefail`", vec![deployment.edit(&place, bash)]))
}

/// How a shell hides the status of the program, and what to do instead.
fn hides(shell: &Shell, forks: bool) -> Option<(&'static str, &'static str)> {
    if shell.exec && !shell.pipes {
        return None;
    }
    if shell.pipes && !shell.pipefail {
        return Some((
            "the status is that of the last command of the pipe",
            "let the supervisor collect the output, or use `bash -o pipefail -c`",
        ));
    }
    if shell.or_else {
        return Some(("what stands behind `||` makes a success of a failure", "take the `||` away"));
    }
    if shell.followed {
        return Some(("the status is that of the commands behind it", "let the program be the last command, with `exec`"));
    }
    if shell.background && !forks {
        return Some(("it runs in the background, and nobody waits for its status", "start it in the foreground, with `exec`"));
    }
    None
}

/// Whether the shell stays as process 1 of a container. dash does, also with one command; bash and the shell of busybox replace themselves.
fn stays(format: Format, start: &PythonStart, shell: &Shell) -> bool {
    if !matches!(format, Format::Dockerfile | Format::Compose | Format::Kubernetes) || shell.exec || !start.start.long_running {
        return false;
    }
    match shell.name.as_str() {
        "dash" => true,
        "sh" => start.start.image.as_deref().is_some_and(is_debian),
        _ => false,
    }
}

/// Whether the image's name says that its `sh` is dash: it builds on Debian or Ubuntu.
fn is_debian(image: &str) -> bool {
    let image = image.split('@').next().unwrap_or(image);
    if OTHER.iter().any(|word| image.contains(word)) {
        return false;
    }
    let path = image.rsplit_once(':').filter(|(_, tag)| !tag.contains('/')).map_or(image, |(path, _)| path);
    let path = path.strip_prefix("docker.io/").unwrap_or(path);
    OFFICIAL.contains(&path.strip_prefix("library/").unwrap_or(path)) || DEBIAN.iter().any(|word| image.contains(word))
}
