//! RL506: an install whose failure nobody sees. The image is built, the script goes on, and what is missing shows when the service imports it.

use super::Subject;
use crate::context::{Context, Findings};
use crate::deploy::installs::loss::Loss;
use crate::deployment::Deployment;
use crate::diagnostic::{Fix, Severity};
use crate::rules::{Family, FixAvailability, Rule};

pub(crate) static META: Rule = Rule {
    code: "RL506",
    name: "pip-failure-ignored",
    family: Family::Dependencies,
    severity: Severity::Warning,
    default: true,
    fix: FixAvailability::Sometimes,
    triggers: super::TRIGGERS,
    former_names: &[],
    page: include_str!("pip_failure_ignored.md"),
};

pub(crate) fn check(context: &Context<'_>, findings: &mut Findings<'_>) {
    run(&Subject::of_python(context), findings);
}

pub(crate) fn check_deployment(deployment: &Deployment<'_>, findings: &mut Findings<'_>) {
    run(&Subject::of_deployment(deployment), findings);
}

fn run(subject: &Subject<'_>, findings: &mut Findings<'_>) {
    for found in subject.reported().filter(|found| !Subject::is_about_installers(found)) {
        let Some(loss) = &found.loss else { continue };
        let (how, help) = words(loss);
        findings
            .report(&META, format!("A failure of this `pip install` goes unseen: {how}"), subject.place(&found.place))
            .help(help)
            .fix(fix(subject, loss));
    }
}

/// How the failure is lost, and what to do instead.
fn words(loss: &Loss) -> (String, &'static str) {
    match loss {
        Loss::OrElse(handler, _) => {
            (format!("`|| {handler}` succeeds"), "let it fail; an install that may fail belongs apart, with its own check")
        }
        Loss::Pipe(next) => (
            format!("the status of the pipe is that of `{next}`"),
            "`set -o pipefail` (with bash), or no pipe: `--log FILE` writes pip's output to a file",
        ),
        Loss::Followed(next) => (format!("`{next}` is run all the same"), "`&&` instead of what ends the command, or `set -e` before it"),
        Loss::AndList(next) => (
            format!("`set -e` overlooks the failures before `&& {next}`, and the script goes on"),
            "a line of its own for each command: `set -e` then sees every failure",
        ),
        Loss::Dash(_) => ("the `-` before the command takes it away".to_owned(), "take the `-` away"),
        Loss::ContinueOnError => ("`continue-on-error: true` goes on with the next step".to_owned(), "let the step fail"),
        Loss::Dropped(function) => (
            format!("`{function}` returns the status, and it is dropped"),
            "`check=True`, or `subprocess.check_call`: both raise where it fails",
        ),
    }
}

fn fix(subject: &Subject<'_>, loss: &Loss) -> Option<Fix> {
    match loss {
        Loss::OrElse(handler, Some(cut)) => Some(Fix::unsure(format!("Take `|| {handler}` away"), vec![subject.edit(cut, String::new())])),
        Loss::Dash(place) => {
            let behind = place.end..subject.slice(&(place.end..place.end + 1)).find(' ').map_or(place.end, |at| place.end + at + 1);
            Some(Fix::unsure("Take the `-` away", vec![subject.edit(&(place.start..behind.end), String::new())]))
        }
        _ => None,
    }
}
