//! What the index says about the names and the constants of one text by itself, for comparison with Python's own answers.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::module::Module;
use crate::module::ir::{BoundValue, ExprId, ExprKind, ScopeId, ScopeKind};
use crate::program::Program;
use crate::program::constants::Constant;
use crate::program::snapshot::Snapshot;
use crate::settings::Settings;
use crate::source::SourceFile;
use crate::sources::{NoSources, Roots};

/// Where a name is looked up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Found {
    /// In the scope that uses it.
    Local,
    /// In a function around it.
    Free,
    /// In the module or among the built-in names.
    Global,
}

/// The names that each scope uses: the qualified name of the scope (`C.f.<lambda>`; a comprehension is its owner with `/`), the name, and where
/// it is looked up. `None` for a text that cannot be read without errors. Needs a stack of [`crate::lint::STACK_SIZE`].
pub fn names(text: &str) -> Option<BTreeSet<(String, String, Found)>> {
    let module = Module::parse(SourceFile::new("", text)).ok().filter(|module| module.syntax_errors.is_empty())?;
    let mut found = BTreeSet::new();
    for id in 0..module.expression_count() {
        let expr = module.expr(ExprId(id));
        let ExprKind::Name(name) = &expr.kind else { continue };
        let place = match module.binding_scope(expr.scope, name) {
            None | Some(ScopeId(0)) => Found::Global,
            Some(scope) if scope == expr.scope => Found::Local,
            Some(_) => Found::Free,
        };
        found.insert((qualified(&module, expr.scope), name.to_string(), place));
    }
    Some(found)
}

fn qualified(module: &Module, scope: ScopeId) -> String {
    let own = module.scope(scope);
    let above = own.parent.map(|parent| qualified(module, parent)).unwrap_or_default();
    let above = above.trim_end_matches('/');
    let name = match own.kind {
        ScopeKind::Module => return String::new(),
        ScopeKind::Comprehension => return format!("{above}/"),
        ScopeKind::Class(class) => module.class(class).name.to_string(),
        ScopeKind::Function(function) if module.function(function).name.is_empty() => "<lambda>".to_owned(),
        ScopeKind::Function(function) => module.function(function).name.to_string(),
    };
    if above.is_empty() { name } else { format!("{above}.{name}") }
}

/// What the expressions fold to that are assigned to names of the module: the name, and the value as `repr` writes it (`huge` and `-huge` for an
/// integer that is too large to be followed). Those that fold to nothing are left out.
pub fn constants(text: &str) -> Vec<(String, String)> {
    let Ok(module) = Module::parse(SourceFile::new("", text)).map(Arc::new) else { return Vec::new() };
    let snapshot = Arc::new(Snapshot::new(Arc::new(NoSources)));
    let program = Program::new(Arc::clone(&module), None, snapshot, Arc::new(Roots::default()), &Settings::default());
    let bindings =
        module.scope(ScopeId(0)).bindings.iter().flat_map(|(name, bindings)| bindings.iter().map(move |binding| (name, binding)));
    let mut found: Vec<(String, String)> = bindings
        .filter_map(|(name, binding)| {
            let BoundValue::Expr(value) = binding.value else { return None };
            let value = match program.constant(Program::ROOT, value)? {
                Constant::Int(value) => value.to_string(),
                Constant::Huge(negative) => if negative { "-huge" } else { "huge" }.to_owned(),
                Constant::Bool(value) => if value { "True" } else { "False" }.to_owned(),
                Constant::Float(value) => format!("{value:?}"),
                Constant::Str(value) => value.into(),
                Constant::None => "None".to_owned(),
            };
            Some((name.to_string(), value))
        })
        .collect();
    found.sort();
    found
}
