//! RL204: a module that others import configures the root logger while it is imported. The application that imports it cannot any more: its own
//! `basicConfig` does nothing.

use super::at_import::{conditional_records, own_events};
use crate::context::{Context, Findings, Role};
use crate::diagnostic::Severity;
use crate::module::ir::StmtId;
use crate::program::ModuleId;
use crate::program::imports::is_package_file;
use crate::program::service::Evidence;
use crate::rules::{Family, FixAvailability, Rule};
use crate::trigger::ROOT_EVENT;

pub(crate) static META: Rule = Rule {
    code: "RL204",
    name: "basic-config-in-library",
    family: Family::Logging,
    severity: Severity::Warning,
    default: true,
    fix: FixAvailability::None,
    triggers: &[&["logging", ROOT_EVENT]],
    former_names: &[],
    page: include_str!("basic_config_in_library.md"),
};

/// How many importers are looked at.
const MAX_IMPORTERS: usize = 20;

pub(crate) fn check(context: &Context<'_>, findings: &mut Findings<'_>) {
    if context.role != Role::Production {
        return;
    }
    let mut who = None;
    for call in own_events(context).chain(conditional_records(context)) {
        let Some(who) = who.get_or_insert_with(|| importer(context)).as_ref() else { return };
        let module = context.module;
        let callee = module.call(call).map(|call| module.snippet(call.func)).unwrap_or_default();
        let message = format!(
            "`{callee}` runs while this module is imported, and gives the root logger a handler: the application's own configuration then does nothing"
        );
        let report = findings
            .report(&META, message, context.place(module.expr(call).range))
            .help("move it under `if __name__ == \"__main__\":`, or into a function that the application calls; log with `logging.getLogger(__name__)`");
        if let Who::Module(importer, statement) = *who {
            let range = context.program.module(importer).stmt(statement).range;
            report.related(format!("`{}` imports it", context.program.module(importer).file.path()), context.place_in(importer, range));
        }
    }
}

/// Who imports a module.
enum Who {
    /// Whoever imports anything of the package.
    Package,
    Module(ModuleId, StmtId),
}

/// Why the module is a library, if it is one: it is a package's `__init__.py`, or another module of the project, that is no start of a
/// program and no test, imports it.
fn importer(context: &Context<'_>) -> Option<Who> {
    let program = context.program;
    if program.path(context.id).is_some_and(is_package_file) {
        return Some(Who::Package);
    }
    let importers = program.importers(context.id, MAX_IMPORTERS).into_iter();
    // A function that imports what is a service by itself starts it.
    let launches = |importer: ModuleId, statement: StmtId| {
        program.module(importer).stmt(statement).function.is_some() && context.service().is_some_and(Evidence::is_own)
    };
    let mut others = importers.filter(|(importer, statement)| {
        program.path(*importer).is_some_and(|path| {
            let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
            let test = path.components().any(|part| matches!(part.as_os_str().to_str(), Some("tests" | "test" | "examples" | "docs")));
            !matches!(name.as_str(), "__main__.py" | "conftest.py" | "wsgi.py" | "asgi.py")
                && !name.starts_with("test_")
                && !test
                && !launches(*importer, *statement)
        })
    });
    others.next().map(|(importer, statement)| Who::Module(importer, statement))
}
