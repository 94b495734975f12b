//! RL201: a handler's level is `NOTSET` unless it is set, and a record of a logger with a level of its own never meets the root's
//! level. So the level that `basicConfig` gives the root bounds nothing that a library has set otherwise.

use super::handlers::{Status, status};
use super::{BasicConfig, Logging, basic_config_invalid, order};
use crate::context::{Context, Findings};
use crate::diagnostic::{Edit, Fix, Severity};
use crate::fix::{self, arguments, imports, statements};
use crate::module::Call;
use crate::module::ir::{ArgKind, ExprId, ExprKind};
use crate::rules::{Family, FixAvailability, Rule};

pub(crate) static META: Rule = Rule {
    code: "RL201",
    name: "basic-config-handler-level",
    family: Family::Logging,
    severity: Severity::Warning,
    default: true,
    fix: FixAvailability::Sometimes,
    triggers: &[&["basicConfig"]],
    former_names: &[],
    page: include_str!("basic_config_handler_level.md"),
};

/// A handler without a level.
enum Bare {
    /// The one that `basicConfig` makes.
    Own,
    /// One that is passed.
    Passed(ExprId),
}

pub(crate) fn check(context: &Context<'_>, findings: &mut Findings<'_>) {
    let logging = context.logging();
    for config in &logging.calls {
        if config.earlier.is_some() || basic_config_invalid::defect(context, config).is_some() {
            continue;
        }
        let Some(bare) = bare_handler(context, &logging, config) else { continue };
        let levelled_after = logging.levels.root_handlers.iter().any(|set| order::may_follow(context, *set, config.call));
        if !levelled_after {
            report(context, findings, config, &bare);
        }
    }
}

/// A handler of the call that has no level of its own.
fn bare_handler(context: &Context<'_>, logging: &Logging, config: &BasicConfig) -> Option<Bare> {
    let Some(handlers) = config.keyword("handlers") else {
        return (!config.open).then_some(Bare::Own);
    };
    let elements = context.program.elements(context.id, handlers.value);
    let bare = elements.items.iter().find(|item| status(context, &logging.levels, **item) == Status::Bare);
    match bare {
        Some(item) => Some(Bare::Passed(*item)),
        None => elements.none.then_some(Bare::Own),
    }
}

fn report(context: &Context<'_>, findings: &mut Findings<'_>, config: &BasicConfig, bare: &Bare) {
    let what = match bare {
        Bare::Own => "`logging.basicConfig` makes a handler without a level".to_owned(),
        Bare::Passed(handler) => {
            format!("`logging.basicConfig` is given `{}`, a handler without a level", context.module.snippet(*handler))
        }
    };
    let message = format!("{what}: it writes whatever a logger with a level of its own lets pass, in spite of the root's level");
    let service = context.service().filter(|service| service.covers(context.module, context.module.expr(config.call).stmt));
    let mut report = findings
        .report(&META, message, context.place(config.range))
        .severity(if service.is_some() { Severity::Warning } else { Severity::Info })
        .help("pass `handlers=[handler]` after `handler.setLevel(...)`: a handler's own level is `NOTSET`, and the root's is not asked for records of other loggers")
        .fix(fix(context, config, bare));
    if let Bare::Passed(handler) = bare {
        report = report.related("the handler is made here, and gets no level", context.place(context.module.expr(*handler).range));
    }
    for (message, place) in service.iter().flat_map(|evidence| &evidence.places) {
        report = report.related(message, place.clone());
    }
}

/// Gives the handler the level that the call gives the root: one that is made in front of the call, or that is passed by a name.
fn fix(context: &Context<'_>, config: &BasicConfig, bare: &Bare) -> Option<Fix> {
    let module = context.module;
    let call = module.call(config.call)?;
    let stmt = module.expr(config.call).stmt;
    if !statements::is_bare(module, stmt, config.call) || call.args.iter().any(|arg| !matches!(arg.kind, ArgKind::Keyword(_))) {
        return None;
    }
    let level = fix::repeatable(module, call.keyword("level")?.value)?;
    let named = match bare {
        Bare::Own => own_handler(context, call)?,
        Bare::Passed(handler) => passed_handler(context, call, *handler)?,
    };
    let mut lines: Vec<String> = named.made.into_iter().map(|made| format!("{} = {made}", named.name)).collect();
    lines.push(format!("{}.setLevel({level})", named.name));
    let mut edits = named.edits;
    edits.push(statements::before(context, stmt, &lines)?);
    Some(Fix::unsure("Give the handler the level of the call", edits))
}

/// A handler that has a name.
struct Named {
    name: String,
    /// What it is to be bound to, where it had no name.
    made: Option<String>,
    /// The edits that pass it by its name.
    edits: Vec<Edit>,
}

/// The handler that `basicConfig` would make.
fn own_handler(context: &Context<'_>, call: Call<'_>) -> Option<Named> {
    let module = context.module;
    let text = |name: &str| call.keyword(name).map(|arg| module.file.slice(module.expr(arg.value).range));
    let replaced = call.keyword("filename").or_else(|| call.keyword("stream")).or_else(|| call.keyword("handlers"));
    let (class, arguments) = if let Some(path) = text("filename") {
        let rest = ["filemode", "encoding", "errors"].iter().filter_map(|name| Some((*name, text(name)?)));
        let rest = rest.map(|(name, value)| format!(", {}={value}", if name == "filemode" { "mode" } else { name }));
        ("FileHandler", format!("{path}{}", rest.collect::<String>()))
    } else {
        ("StreamHandler", text("stream").unwrap_or_default().to_owned())
    };
    if arguments.contains(['\n', '\r']) {
        return None;
    }
    let name = fix::fresh_name(module, call.id, "handler")?;
    let class = imports::reference(context, "logging", class, call.func)?;
    let passed = format!("handlers=[{name}]");
    let moved = |arg: &crate::module::ir::Arg| {
        matches!(&arg.kind, ArgKind::Keyword(name) if matches!(name.as_str(), "filemode" | "encoding" | "errors"))
            && call.keyword("filename").is_some()
    };
    let mut edits = arguments::remove(context, call, moved)?;
    match replaced {
        Some(arg) => edits.push(fix::replace(context, arg.range, passed)),
        None => edits.extend(arguments::append(context, call, &passed)?),
    }
    edits.extend(class.import);
    Some(Named { name, made: Some(format!("{}({arguments})", class.text)), edits })
}

/// A handler in the list that is passed.
fn passed_handler(context: &Context<'_>, call: Call<'_>, handler: ExprId) -> Option<Named> {
    let module = context.module;
    let (ExprKind::List(items) | ExprKind::Tuple(items)) = module.kind(call.keyword("handlers")?.value) else { return None };
    let item = items.iter().find(|item| **item == handler || context.program.origins(context.id, **item) == [handler])?;
    if let ExprKind::Name(name) = module.kind(*item) {
        return Some(Named { name: name.to_string(), made: None, edits: Vec::new() });
    }
    let made = module.call(*item).filter(|_| *item == handler)?;
    let text = module.file.slice(module.expr(handler).range);
    if text.contains(['\n', '\r']) {
        return None;
    }
    let class = module.dotted(made.func)?.last().map(|class| snake_case(class))?;
    let name = fix::fresh_name(module, call.id, &class)?;
    let edits = vec![fix::replace(context, module.expr(handler).range, name.as_str())];
    Some(Named { name, made: Some(text.to_owned()), edits })
}

/// `StreamHandler` as `stream_handler`.
fn snake_case(class: &str) -> String {
    let mut name = String::new();
    for letter in class.trim_start_matches('_').chars() {
        if letter.is_uppercase() && name.ends_with(char::is_lowercase) {
            name.push('_');
        }
        name.extend(letter.to_lowercase());
    }
    name
}
