//! RL203: `basicConfig` does nothing where the root logger has a handler already. It says nothing either: the level, the format and the file that were
//! asked for are not there.

use super::BasicConfig;
use super::calls::Earlier;
use crate::context::{Context, Findings};
use crate::diagnostic::{Fix, Severity};
use crate::fix::arguments::set_keyword;
use crate::rules::{Family, FixAvailability, Rule};

pub(crate) static META: Rule = Rule {
    code: "RL203",
    name: "basic-config-no-effect",
    family: Family::Logging,
    severity: Severity::Warning,
    default: true,
    fix: FixAvailability::Sometimes,
    triggers: &[&["basicConfig"]],
    former_names: &[],
    page: include_str!("basic_config_no_effect.md"),
};

/// The configuration replaces the one that is there.
fn fix(context: &Context<'_>, config: &BasicConfig) -> Option<Fix> {
    let call = context.module.call(config.call)?;
    let edits = set_keyword(context, call, "force", "True")?;
    Some(Fix::unsure("Pass `force=True`, which removes the handlers that are there", edits))
}

pub(crate) fn check(context: &Context<'_>, findings: &mut Findings<'_>) {
    let logging = context.logging();
    for config in &logging.calls {
        let Some(earlier) = &config.earlier else { continue };
        let message = "`logging.basicConfig` does nothing here: the root logger has a handler already";
        let report = findings
            .report(&META, message, context.place(config.range))
            .help("configure logging before anything logs, or pass `force=True` (Python 3.8)")
            .fix(fix(context, config));
        match earlier {
            Earlier::Here(call) => {
                report.related("it was given one here", context.place(context.module.expr(*call).range));
            }
            Earlier::AtImport(event) => {
                let program = context.program;
                let name = |id| program.module(id).file.path().to_owned();
                let mut report = match (event.statement, event.way.first()) {
                    (Some(statement), _) => report.related("this import leads there", context.place(context.module.stmt(statement).range)),
                    (None, Some(package)) => report.related(
                        "the package is imported before this module",
                        context.place_in(*package, ruff_text_size::TextRange::default()),
                    ),
                    (None, None) => report,
                };
                for pair in event.way.windows(2) {
                    if let Some(statement) = program.top_import_statement(pair[0], pair[1]) {
                        let range = program.module(pair[0]).stmt(statement).range;
                        report =
                            report.related(format!("`{}` imports `{}`", name(pair[0]), name(pair[1])), context.place_in(pair[0], range));
                    }
                }
                let range = program.module(event.module).expr(event.call).range;
                report.related("it is given one here, while the module is imported", context.place_in(event.module, range));
            }
        }
    }
}
