//! Context managers that are left by hand: `manager.__exit__(...)` of a generator runs the code behind its `yield`, and `ExitStack.close()`
//! leaves all that was entered.

use ruff_text_size::TextRange;

use super::{Hop, Node, Run, Search, Via};
use crate::effects::knowledge;
use crate::module::ir::{BoundValue, ExprId, ExprKind, StmtId, StmtKind};
use crate::module::{Call, Module};
use crate::program::{FunctionRef, ModuleId, Reason, Type, Value};

/// How many names and attributes deep the maker of a context manager is looked for.
const MAX_DEPTH: usize = 6;

/// Classes of generators and of stacks of context managers.
const GENERATOR: &str = "types.GeneratorType";
const STACKS: &[&str] = &["contextlib.ExitStack", "contextlib.AsyncExitStack"];

/// Whether a method of a library class leaves what a context manager entered.
pub(super) fn is_exit(class: &str, method: &str) -> bool {
    let by_hand = matches!(method, "__exit__" | "__aexit__");
    class == GENERATOR && by_hand || STACKS.contains(&class) && (by_hand || matches!(method, "close" | "aclose"))
}

/// Whether something of a generator is run after one of its `yield`s.
pub(super) fn is_behind(module: &Module, yields: &[(TextRange, StmtId)], range: TextRange, stmt: StmtId) -> bool {
    yields.iter().any(|(place, own)| range.start() >= place.end() && !module.exclude_each_other(*own, stmt))
}

impl Search<'_> {
    /// Leaves the context manager whose method is called.
    pub(super) fn exit(&mut self, node: Node, path: &[Hop], call: Call<'_>, stmt: StmtId, range: TextRange) {
        let module = self.program.module(node.function.module);
        let ExprKind::Attribute { value: receiver, attr, .. } = module.kind(call.func) else { return };
        let values = self.program.resolver_for(node.function.module, node.this).values(*receiver);
        let is_stack = |value: &Value| matches!(value, Value::Instance(Type::External(name)) if STACKS.contains(&name.as_str()));
        let all_known = if values.iter().any(is_stack) {
            self.unwind(node, path, *receiver, stmt, range)
        } else {
            self.resume(node, path, (node.function.module, *receiver), stmt, range)
        };
        if !all_known {
            self.unknown(node, path, *receiver, attr, Reason::Dynamic, stmt, range);
        }
    }

    /// Runs what stands behind the `yield` of the generators that an expression may be; `false` where none is found.
    fn resume(&mut self, node: Node, path: &[Hop], expr: (ModuleId, ExprId), stmt: StmtId, range: TextRange) -> bool {
        let generators = self.generators(node, expr, 0);
        for function in &generators {
            let to = Node { function: *function, this: self.this_of(node, *function) };
            self.edge_to(node, path, to, Via::With, stmt, range, Run::Rest);
        }
        !generators.is_empty()
    }

    /// The generator functions whose calls an expression may be the result of.
    fn generators(&self, node: Node, (id, expr): (ModuleId, ExprId), depth: usize) -> Vec<FunctionRef> {
        let program = self.program;
        let module = program.module(id);
        let resolver = program.resolver_for(id, node.this);
        match module.kind(expr) {
            _ if depth > MAX_DEPTH => Vec::new(),
            ExprKind::Call { func, .. } => {
                let functions = resolver.values(*func).into_iter().filter_map(|value| match value {
                    Value::Function(function) | Value::Method(function, _) => Some(function),
                    _ => None,
                });
                functions.filter(|function| program.is_generator(*function)).collect()
            }
            _ => self.origins(node, (id, expr)).into_iter().flat_map(|origin| self.generators(node, origin, depth + 1)).collect(),
        }
    }

    /// What a name or an attribute is bound to.
    fn origins(&self, node: Node, (id, expr): (ModuleId, ExprId)) -> Vec<(ModuleId, ExprId)> {
        let program = self.program;
        let module = program.module(id);
        let value = |value: &BoundValue| match value {
            BoundValue::Expr(value) | BoundValue::Annotated { value: Some(value), .. } => Some(*value),
            _ => None,
        };
        match module.kind(expr) {
            ExprKind::Name(name) => {
                let scope = module.binding_scope(module.expr(expr).scope, name);
                let bindings = scope.and_then(|scope| module.scope(scope).bindings.get(name)).into_iter().flatten();
                bindings.filter_map(|binding| value(&binding.value)).map(|value| (id, value)).collect()
            }
            ExprKind::Attribute { value: owner, attr, .. } => {
                let owners = program.resolver_for(id, node.this).values(*owner);
                let classes =
                    owners.into_iter().filter_map(|owner| if let Value::Instance(Type::Class(class)) = owner { Some(class) } else { None });
                let mut found = Vec::new();
                for entry in classes.flat_map(|class| program.mro(class)) {
                    let Type::Class(entry) = entry else { continue };
                    let there = program.module(entry.module);
                    found.extend(
                        there
                            .attribute(entry.id, attr)
                            .iter()
                            .filter_map(|binding| value(&binding.value))
                            .map(|value| (entry.module, value)),
                    );
                }
                found
            }
            _ => Vec::new(),
        }
    }

    /// The places of a generator's `yield`s, with their statements, where it is resumed.
    pub(super) fn yields(&self, function: FunctionRef, run: Run) -> Vec<(TextRange, StmtId)> {
        if run == Run::Whole {
            return Vec::new();
        }
        let module = self.program.module(function.module);
        let yields =
            module.exprs_holding(&["yield"]).filter(|(_, expr)| expr.function == Some(function.id) && matches!(expr.kind, ExprKind::Yield));
        yields.map(|(_, expr)| (expr.range, expr.stmt)).collect()
    }

    /// The end of a `with` statement whose body was run already: `__exit__` alone.
    pub(super) fn leave(&mut self, node: Node, path: &[Hop], stmt: StmtId) {
        let module = self.program.module(node.function.module);
        let StmtKind::With { items, .. } = &module.stmt(stmt).kind else { return };
        for item in items {
            self.left(node, path, (node.function.module, item.context), stmt, module.expr(item.context).range);
        }
    }

    /// Leaves a context manager; whether it is known what that does.
    fn left(&mut self, node: Node, path: &[Hop], context: (ModuleId, ExprId), stmt: StmtId, range: TextRange) -> bool {
        let program = self.program;
        let values = program.resolver_for(context.0, node.this).values(context.1);
        let mut known = !values.is_empty();
        for value in values {
            known &= match value {
                Value::Instance(Type::Class(class)) => {
                    for name in ["__exit__", "__aexit__"] {
                        if let Some(function) = program.method(class, name) {
                            self.edge(node, path, Node { function, this: Some(class) }, Via::With, stmt, range);
                        }
                    }
                    true
                }
                Value::Instance(Type::External(name)) if name == GENERATOR => self.resume(node, path, context, stmt, range),
                Value::Instance(Type::External(name)) => {
                    let methods = ["__exit__", "__aexit__", "close"];
                    let found = methods.iter().find_map(|method| Some((method, program.method_effect(&name, method)??)));
                    if let Some((method, effect)) = found {
                        self.effect(node, path, effect.kind, effect.clause, stmt, range, format!("{name}.{method}"));
                    }
                    found.is_some() || knowledge::is_known(&name)
                }
                Value::None => true,
                _ => false,
            };
        }
        known
    }

    /// Leaves what the statements of the module enter on a stack; `false` where some of it is not known, or nothing is found.
    fn unwind(&mut self, node: Node, path: &[Hop], stack: ExprId, stmt: StmtId, range: TextRange) -> bool {
        let program = self.program;
        let id = node.function.module;
        let module = program.module(id);
        let ExprKind::Attribute { value: owner, attr: name, .. } = module.kind(stack) else { return false };
        let is_stack = |expr: ExprId| {
            matches!(module.kind(expr), ExprKind::Attribute { value, attr, .. }
                if attr == name && program.resolver_for(id, node.this).values(*value) == program.resolver_for(id, node.this).values(*owner))
        };
        let (mut known, mut some) = (true, false);
        for call in module.calls_holding(&[name]) {
            let ExprKind::Attribute { value, attr, .. } = module.kind(call.func) else { continue };
            let Some(given) = call.positional(0).filter(|_| is_stack(*value)) else { continue };
            some = true;
            known &= match attr.as_str() {
                "enter_context" | "enter_async_context" | "push" | "push_async_exit" => self.left(node, path, (id, given), stmt, range),
                "callback" | "push_async_callback" => self.called_back(node, path, given, stmt, range),
                _ => true,
            };
        }
        some && known
    }

    /// Runs a function that a stack was given; whether it is known.
    fn called_back(&mut self, node: Node, path: &[Hop], given: ExprId, stmt: StmtId, range: TextRange) -> bool {
        let program = self.program;
        let values = program.resolver_for(node.function.module, node.this).values(given);
        let mut known = !values.is_empty();
        for value in values {
            let (full, effect) = match value {
                Value::Function(function) => {
                    self.edge(node, path, Node { function, this: self.this_of(node, function) }, Via::Call, stmt, range);
                    continue;
                }
                Value::Method(function, receiver) => {
                    let this = if let Type::Class(class) = receiver { Some(class) } else { None };
                    self.edge(node, path, Node { function, this }, Via::Call, stmt, range);
                    continue;
                }
                Value::External(name) => (name.to_string(), program.effect(&name)),
                Value::ExternalMethod(class, method) => (format!("{class}.{method}"), program.method_effect(&class, &method)),
                _ => {
                    known = false;
                    continue;
                }
            };
            known &= effect.is_some();
            if let Some(Some(effect)) = effect {
                self.effect(node, path, effect.kind, effect.clause, stmt, range, full);
            }
        }
        known
    }
}
