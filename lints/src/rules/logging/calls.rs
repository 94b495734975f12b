//! `logging.basicConfig` calls: what they pass, and whether they take effect.

use std::cell::OnceCell;

use ruff_text_size::TextRange;

use super::at_import::{self, AtImport};
use super::order::{self, Events};
use crate::context::Context;
use crate::module::Call;
use crate::module::ir::{Arg, ArgKind, ExprId, ExprKind, Name, StmtKind};
use crate::program::constants::Constant;
use crate::program::{Type, Value};

/// A call of `logging.basicConfig` that can run.
#[derive(Debug)]
pub(crate) struct BasicConfig {
    pub(crate) call: ExprId,
    pub(crate) range: TextRange,
    pub(crate) keywords: Vec<Keyword>,
    /// A positional argument: there is no parameter for it.
    pub(crate) positional: Option<ExprId>,
    /// Whether it may pass more keywords than are known here.
    pub(crate) open: bool,
    /// The event that makes it do nothing, if there is one.
    pub(crate) earlier: Option<Earlier>,
}

/// What has given the root logger a handler before.
#[derive(Clone, Debug)]
pub(crate) enum Earlier {
    /// A call of the same module.
    Here(ExprId),
    /// One that runs while another module is imported.
    AtImport(AtImport),
}

/// A keyword of a call, written out or taken from a `**mapping`.
#[derive(Clone, Debug)]
pub(crate) struct Keyword {
    pub(crate) name: Name,
    pub(crate) value: ExprId,
    /// The argument, or the value in the mapping.
    pub(crate) range: TextRange,
    /// Whether it is always passed.
    pub(crate) certain: bool,
}

impl BasicConfig {
    pub(crate) fn keyword(&self, name: &str) -> Option<&Keyword> {
        self.keywords.iter().find(|keyword| keyword.name == name)
    }

    /// A keyword that is always passed.
    pub(crate) fn certain(&self, name: &str) -> Option<&Keyword> {
        self.keyword(name).filter(|keyword| keyword.certain)
    }
}

/// The calls of the file that can run, in the order of the text.
pub(crate) fn collect(context: &Context<'_>) -> Vec<BasicConfig> {
    let module = context.module;
    let (mut found, events) = (Vec::new(), OnceCell::new());
    for call in module.calls() {
        if !context.program.is_external(context.id, call.func, &["logging.basicConfig"]) || !context.program.is_live(context.id, call.id) {
            continue;
        }
        let mut config = BasicConfig {
            call: call.id,
            range: module.expr(call.id).range,
            keywords: Vec::new(),
            positional: None,
            open: false,
            earlier: None,
        };
        // `configure = partial(basicConfig, level=...)` passes its arguments too.
        for origin in context.program.origins(context.id, call.func) {
            if let Some(partial) = module.call(origin) {
                config.positional = config.positional.or(partial.positional(1));
                let keywords = partial.args.iter().filter(|arg| arg.kind != ArgKind::Positional);
                keywords.for_each(|arg| config.take(context, arg));
            }
        }
        call.args.iter().for_each(|arg| config.take(context, arg));
        if !config.forces(context) {
            config.earlier = earlier(context, events.get_or_init(|| Events::new(context)), call.id);
        }
        found.push(config);
    }
    found
}

/// What makes a call do nothing, if anything does.
fn earlier(context: &Context<'_>, events: &Events<'_>, call: ExprId) -> Option<Earlier> {
    if let Some(here) = events.before(call) {
        return Some(Earlier::Here(here));
    }
    if events.resets() || order::asks_for_handlers(context, call) {
        return None;
    }
    at_import::before(context, events.imports(), call).map(Earlier::AtImport)
}

impl BasicConfig {
    fn take(&mut self, context: &Context<'_>, arg: &Arg) {
        match &arg.kind {
            ArgKind::Positional => self.positional = self.positional.or(Some(arg.value)),
            ArgKind::Keyword(name) => {
                self.keywords.push(Keyword { name: name.clone(), value: arg.value, range: arg.range, certain: true });
            }
            ArgKind::Star => self.open = true,
            ArgKind::DoubleStar => self.take_mapping(context, arg.value),
        }
    }

    fn take_mapping(&mut self, context: &Context<'_>, mapping: ExprId) {
        let module = context.module;
        let origins = context.program.origins(context.id, mapping);
        let only = origins.len() == 1;
        let changed = self.take_changes(context, mapping);
        for origin in origins {
            let certain = only && !changed;
            match module.kind(origin) {
                ExprKind::Dict(items) => {
                    for (key, value) in items {
                        match key.map(|key| context.program.constant(context.id, key)) {
                            Some(Some(Constant::Str(name))) => {
                                self.add(Name::from(&*name), *value, module.expr(*value).range, certain);
                            }
                            Some(_) => self.open = true,
                            None => self.take_mapping(context, *value),
                        }
                    }
                }
                ExprKind::Call { func, args } if context.program.is_external(context.id, *func, &["builtins.dict"]) => {
                    for arg in args {
                        match &arg.kind {
                            ArgKind::Keyword(name) => self.add(name.clone(), arg.value, arg.range, certain),
                            _ => self.open = true,
                        }
                    }
                }
                _ => self.open = true,
            }
        }
    }

    fn add(&mut self, name: Name, value: ExprId, range: TextRange, certain: bool) {
        self.keywords.push(Keyword { name, value, range, certain });
    }

    /// What statements put into a mapping after it was made; whether there are any.
    fn take_changes(&mut self, context: &Context<'_>, mapping: ExprId) -> bool {
        let module = context.module;
        let ExprKind::Name(name) = module.kind(mapping) else { return false };
        let scope = module.binding_scope(module.expr(mapping).scope, name);
        let is_it = |expr: ExprId| matches!(module.kind(expr), ExprKind::Name(other) if other == name && module.binding_scope(module.expr(expr).scope, other) == scope);
        let mut changed = false;
        for (_, stmt) in module.stmts() {
            let StmtKind::Assign { targets, value } = &stmt.kind else { continue };
            for target in targets {
                let ExprKind::Subscript { value: owner, slice } = module.kind(*target) else { continue };
                if !is_it(*owner) {
                    continue;
                }
                changed = true;
                match context.program.constant(context.id, *slice) {
                    Some(Constant::Str(key)) => self.add(Name::from(&*key), *value, module.expr(*value).range, false),
                    _ => self.open = true,
                }
            }
        }
        for call in module.calls() {
            let ExprKind::Attribute { value, attr, .. } = module.kind(call.func) else { continue };
            if !is_it(*value) || !matches!(attr.as_str(), "update" | "setdefault" | "pop") {
                continue;
            }
            changed = true;
            self.take_update(context, call, attr);
        }
        changed
    }

    fn take_update(&mut self, context: &Context<'_>, call: Call<'_>, method: &str) {
        match (method, call.args) {
            ("update", args) if args.iter().all(|arg| matches!(arg.kind, ArgKind::Keyword(_))) => {
                for arg in args {
                    if let ArgKind::Keyword(name) = &arg.kind {
                        self.add(name.clone(), arg.value, arg.range, false);
                    }
                }
            }
            ("setdefault", [key, value]) => match context.program.constant(context.id, key.value) {
                Some(Constant::Str(key)) => self.add(Name::from(&*key), value.value, value.range, false),
                _ => self.open = true,
            },
            ("pop", _) => {}
            _ => self.open = true,
        }
    }

    /// Whether `force` is true, or may be.
    fn forces(&self, context: &Context<'_>) -> bool {
        self.open
            || self
                .keyword("force")
                .is_some_and(|keyword| context.program.constant(context.id, keyword.value).is_none_or(|value| value.truth()))
    }
}

/// Whether an expression is certainly no `None`: it is made of literals and constructor calls.
pub(crate) fn is_something(context: &Context<'_>, expr: ExprId) -> bool {
    let values = context.program.resolver(context.id).values(expr);
    !values.is_empty() && values.iter().all(|value| matches!(value, Value::Instance(Type::External(_) | Type::Class(_))))
}
