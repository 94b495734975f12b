//! RL205: arguments that `basicConfig` refuses. The program dies at start; tests do not show it where the runner has
//! configured the root logger already, as then the arguments are not even looked at.

use super::calls::{Keyword, is_something};
use super::format::{STYLES, fitting_style, is_refused};
use super::{BasicConfig, options};
use crate::context::{Context, Findings};
use crate::diagnostic::Severity;
use crate::module::Module;
use crate::module::ir::{ExprId, ExprKind, StmtKind};
use crate::program::constants::Constant;
use crate::rules::{Family, FixAvailability, Rule};
use crate::settings::PythonVersion;

pub(crate) static META: Rule = Rule {
    code: "RL205",
    name: "basic-config-invalid",
    family: Family::Logging,
    severity: Severity::Error,
    default: true,
    fix: FixAvailability::None,
    triggers: &[&["basicConfig"]],
    former_names: &[],
    page: include_str!("basic_config_invalid.md"),
};

/// What `basicConfig` takes (CPython 3.9 and later).
const KEYWORDS: &[&str] =
    &["filename", "filemode", "format", "datefmt", "style", "level", "stream", "handlers", "force", "encoding", "errors"];
/// The names of levels (3.8 - 3.13); `NOTSET` is one.
const LEVELS: &[&str] = &["CRITICAL", "FATAL", "ERROR", "WARN", "WARNING", "INFO", "DEBUG", "NOTSET"];
/// The version that brought `encoding` and `errors`.
const ENCODING: PythonVersion = PythonVersion { major: 3, minor: 9 };

/// What is wrong with a call.
pub(crate) struct Defect {
    message: String,
    help: String,
    /// The argument.
    range: Option<ruff_text_size::TextRange>,
    /// Whether it depends on a version of Python that nobody has told.
    supposed: bool,
}

pub(crate) fn check(context: &Context<'_>, findings: &mut Findings<'_>) {
    for config in &context.logging().calls {
        let Some(defect) = defect(context, config) else { continue };
        let mut report = findings.report(&META, defect.message, context.place(config.range)).help(defect.help);
        if defect.supposed {
            report = report.severity(Severity::Info);
        }
        if let Some(range) = defect.range {
            report = report.related("the argument that is refused", context.place(range));
        }
    }
}

/// The first reason for which a call that takes effect raises.
pub(crate) fn defect(context: &Context<'_>, config: &BasicConfig) -> Option<Defect> {
    // Python itself refuses this, whether the call takes effect or not.
    if let Some(positional) = config.positional {
        return Some(Defect {
            message: format!(
                "`logging.basicConfig` takes no positional argument, so that `{}` ends the program with a `TypeError`",
                context.module.snippet(positional)
            ),
            help: "pass it by its keyword, as in `level=logging.INFO`".to_owned(),
            range: Some(context.module.expr(positional).range),
            supposed: false,
        });
    }
    if config.earlier.is_some() {
        return None;
    }
    targets(context, config)
        .or_else(|| unknown_keyword(context, config))
        .or_else(|| level(context, config))
        .or_else(|| style(context, config))
        .or_else(|| encoding(context, config))
}

fn refused(what: &str, error: &str) -> String {
    format!("{what}, so that `logging.basicConfig` raises a `{error}` and configures nothing")
}

/// `stream` with `filename`, `handlers` with either. Whether their values are `None` does not matter but for `handlers`.
fn targets(context: &Context<'_>, config: &BasicConfig) -> Option<Defect> {
    let handlers = config.certain("handlers").filter(|keyword| !may_be_none(context, keyword));
    let (stream, filename) = (config.certain("stream"), config.certain("filename"));
    let (first, second) = match (handlers, filename, stream) {
        (Some(_), Some(filename), _) => ("handlers", filename),
        (Some(_), None, Some(stream)) => ("handlers", stream),
        (None, Some(_), Some(stream)) => ("filename", stream),
        _ => return None,
    };
    Some(Defect {
        message: refused(&format!("`{first}` and `{}` are passed together", second.name), "ValueError"),
        help: "pass one of them only: that an argument is there counts, even where it is `None`".to_owned(),
        range: Some(second.range),
        supposed: false,
    })
}

fn may_be_none(context: &Context<'_>, handlers: &Keyword) -> bool {
    let is_list = matches!(context.module.kind(handlers.value), ExprKind::List(_) | ExprKind::Tuple(_) | ExprKind::Comprehension { .. });
    !is_list && (context.program.elements(context.id, handlers.value).none || !is_something(context, handlers.value))
}

fn unknown_keyword(context: &Context<'_>, config: &BasicConfig) -> Option<Defect> {
    let has_handlers = config.certain("handlers").is_some_and(|handlers| !may_be_none(context, handlers));
    let keyword = config.keywords.iter().find(|keyword| {
        let known = KEYWORDS.contains(&keyword.name.as_str()) && !(has_handlers && keyword.name == "filemode");
        keyword.certain && !known
    })?;
    let nearest = nearest(&keyword.name);
    let (what, help) = if keyword.name == "filemode" {
        ("`filemode` is passed without a `filename`".to_owned(), "leave `filemode` out: the handlers are made already".to_owned())
    } else {
        let help = nearest.map_or_else(|| "remove it".to_owned(), |nearest| format!("did you mean `{nearest}`?"));
        (format!("`{}` is no argument of it", keyword.name), help)
    };
    Some(Defect { message: refused(&what, "ValueError"), help, range: Some(keyword.range), supposed: false })
}

/// The keyword that was probably meant.
fn nearest(name: &str) -> Option<&'static str> {
    let name = name.to_ascii_lowercase();
    match name.as_str() {
        "file" | "log_file" | "logfile" | "path" => return Some("filename"),
        "mode" => return Some("filemode"),
        "date_format" | "date_fmt" | "dateformat" => return Some("datefmt"),
        "handler" => return Some("handlers"),
        _ => {}
    }
    KEYWORDS.iter().copied().find(|known| name.starts_with(known) || known.starts_with(name.as_str()))
}

fn level(context: &Context<'_>, config: &BasicConfig) -> Option<Defect> {
    let keyword = config.certain("level")?;
    for expr in arriving(context, keyword.value) {
        let wrong = match context.program.constant(context.id, expr) {
            Some(Constant::Str(name)) if !is_level(context, &name) => format!("\"{name}\""),
            Some(Constant::Float(value)) => value.to_string(),
            _ => continue,
        };
        let upper = wrong.to_ascii_uppercase();
        let help = if LEVELS.contains(&upper.trim_matches('"')) {
            format!("write `{upper}`: names of levels are upper case")
        } else {
            format!("pass one of the names that `logging` knows ({}), or a number", LEVELS.join(", "))
        };
        let error = if wrong.starts_with('"') { "ValueError" } else { "TypeError" };
        let message = refused(&format!("`{wrong}` is no level"), error);
        return Some(Defect { message, help, range: Some(context.module.expr(expr).range), supposed: false });
    }
    None
}

/// The expressions of this module whose values may arrive at an argument, the default of an environment variable included.
fn arriving(context: &Context<'_>, expr: ExprId) -> Vec<ExprId> {
    let sources = context.program.sources(context.id, expr).into_iter().filter(|source| !source.augmented && source.module == context.id);
    sources
        .map(|source| {
            let Some(call) = context.module.call(source.expr) else { return source.expr };
            if options::is_environment(context, call) { call.argument(1, "default").unwrap_or(source.expr) } else { source.expr }
        })
        .collect()
}

/// Whether `logging` knows a level by a name, also one that the module adds.
fn is_level(context: &Context<'_>, name: &str) -> bool {
    LEVELS.contains(&name)
        || context.module.calls().any(|call| {
            context.program.is_external(context.id, call.func, &["logging.addLevelName"])
                && call.argument(1, "levelName").is_none_or(|added| match context.program.constant(context.id, added) {
                    Some(Constant::Str(added)) => &*added == name,
                    _ => true,
                })
        })
}

fn style(context: &Context<'_>, config: &BasicConfig) -> Option<Defect> {
    let style = match config.keyword("style") {
        None if config.open => return None,
        None => "%".to_owned(),
        Some(keyword) if keyword.certain => match context.program.constant(context.id, keyword.value)? {
            Constant::Str(style) if STYLES.contains(&&*style) => style.into(),
            Constant::Str(style) => {
                return Some(Defect {
                    message: refused(&format!("`\"{style}\"` is no style"), "ValueError"),
                    help: "use `\"%\"`, `\"{\"` or `\"$\"`".to_owned(),
                    range: Some(keyword.range),
                    supposed: false,
                });
            }
            _ => return None,
        },
        Some(_) => return None,
    };
    let keyword = config.certain("format")?;
    for expr in arriving(context, keyword.value) {
        let Some(Constant::Str(format)) = context.program.constant(context.id, expr) else { continue };
        if !is_refused(&format, &style) {
            continue;
        }
        let help = match fitting_style(&format) {
            Some(fitting) => format!("pass `style=\"{fitting}\"`, or write the format in the style `{style}`"),
            None => "name a field in the format, as in `%(message)s`".to_owned(),
        };
        let what = format!("`format` is not in the style `{style}`");
        return Some(Defect { message: refused(&what, "ValueError"), help, range: Some(context.module.expr(expr).range), supposed: false });
    }
    None
}

fn encoding(context: &Context<'_>, config: &BasicConfig) -> Option<Defect> {
    if context.program.target_version >= ENCODING || asks_for_version(context.module, config.call) {
        return None;
    }
    let keyword = config.keywords.iter().find(|keyword| keyword.certain && (keyword.name == "encoding" || keyword.name == "errors"))?;
    let target = context.program.target_version;
    let what = format!("Python {}.{} does not know `{}`", target.major, target.minor, keyword.name);
    Some(Defect {
        message: refused(&what, "ValueError"),
        help: "pass a `FileHandler` with the encoding in `handlers`, or raise the target version to 3.9".to_owned(),
        range: Some(keyword.range),
        supposed: !context.settings.target_version_is_told,
    })
}

/// Whether a call stands under a test of the version, or in a `try` that catches the error.
fn asks_for_version(module: &Module, call: ExprId) -> bool {
    module.around_all(module.expr(call).stmt).any(|(outer, slot)| match (&module.stmt(outer).kind, slot) {
        (StmtKind::If { branches }, _) => {
            branches.iter().filter_map(|branch| branch.test).any(|test| module.file.slice(module.expr(test).range).contains("version"))
        }
        (StmtKind::Try { handlers, .. }, crate::module::ir::Slot::Body) => !handlers.is_empty(),
        _ => false,
    })
}
