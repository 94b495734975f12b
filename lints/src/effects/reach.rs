//! Which effects a function reaches, and by which calls: a breadth-first search, so that the first way found is the shortest.
//!
//! A node is a function together with the class of its `self`: what `self.close()` means depends on both. Edges are the
//! calls that the execution of a function makes: of functions, methods, constructors (`__init__`, `__new__`), properties,
//! context managers (`__enter__`, `__exit__`) and callable instances. Dead branches and stubs are not followed.

use std::borrow::Cow;
use std::collections::VecDeque;

use ruff_text_size::TextRange;
use rustc_hash::FxHashSet;

use super::{Effect, Kind, knowledge};
use crate::module::ir::{ExprId, ExprKind, StmtId, StmtKind};
use crate::module::{Call, Module};
use crate::program::resolve::{is_stub, looks_like_class};
use crate::program::{ClassRef, FunctionRef, ModuleId, Program, Reason, Type, Value};

mod coroutines;
mod resume;
mod waits;
mod wrappers;

/// Classes of files without a file: what their methods do is up to subclasses.
const ABSTRACT_FILES: &[&str] = &["io.IOBase", "io.RawIOBase", "io.BufferedIOBase", "io.TextIOBase"];

/// How many functions one search visits.
const MAX_NODES: usize = 4_000;
/// The longest way that is followed, in calls: nobody reads a longer one, and each function that is visited keeps its own.
const MAX_WAY: usize = 256;

/// A function, run with `self` being an instance of a class.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Node {
    pub(crate) function: FunctionRef,
    pub(crate) this: Option<ClassRef>,
}

/// What makes one function run another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Via {
    /// A call: of the function itself, or of a class whose constructor it is.
    Call,
    /// Loading an attribute that is a property.
    Property,
    /// A `with` statement.
    With,
}

/// A call on the way.
#[derive(Clone, Debug)]
pub(crate) struct Hop {
    pub(crate) caller: Node,
    pub(crate) callee: Node,
    pub(crate) via: Via,
    /// Where the call stands, in the caller's module.
    pub(crate) range: TextRange,
    /// The statement of the call.
    pub(crate) stmt: StmtId,
    /// Whether it stands in an `except` clause, or makes an exception that is raised.
    pub(crate) in_handler: bool,
}

/// An effect that is reached.
#[derive(Clone, Debug)]
pub(crate) struct Found {
    pub(crate) kind: Kind,
    /// Completes "`Client.__del__` ...".
    pub(crate) clause: Cow<'static, str>,
    /// The way from the start to the function that has the effect; empty where the start itself has it.
    pub(crate) path: Vec<Hop>,
    /// The function with the effect.
    pub(crate) node: Node,
    /// Where the effect stands, in that function's module.
    pub(crate) range: TextRange,
    /// What is called there, as written.
    pub(crate) callee: String,
    /// Whether any call of the way, or the effect itself, stands in an `except` clause or makes an exception that is raised.
    pub(crate) in_handler: bool,
}

/// A call of a method on something whose type is not known.
#[derive(Clone, Debug)]
pub(crate) struct Unknown {
    pub(crate) receiver: ExprId,
    pub(crate) method: String,
    pub(crate) reason: Reason,
    pub(crate) path: Vec<Hop>,
    pub(crate) node: Node,
    pub(crate) range: TextRange,
    pub(crate) in_handler: bool,
}

/// What a search found, nearest first.
#[derive(Debug, Default)]
pub(crate) struct Reached {
    pub(crate) effects: Vec<Found>,
    pub(crate) unknown: Vec<Unknown>,
    /// The functions that were visited.
    pub(crate) nodes: Vec<Node>,
    /// The way to each of them.
    pub(crate) ways: Vec<Vec<Hop>>,
    /// Every call that was met, also of functions that a shorter way leads to; only of [`reach_all`].
    pub(crate) hops: Vec<Hop>,
    /// Whether the search was given up because it led to too many functions.
    pub(crate) given_up: bool,
}

/// Searches from a function for something to report.
pub(crate) fn reach(program: &Program, start: Node) -> Reached {
    search(program, &[start], false)
}

/// Searches from several functions at once for all there is: no module is left unloaded because there is enough already, and every call is
/// kept. A way starts at the function that is nearest.
pub(crate) fn reach_all(program: &Program, starts: &[Node]) -> Reached {
    search(program, starts, true)
}

fn search(program: &Program, starts: &[Node], everything: bool) -> Reached {
    let mut search =
        Search { program, everything, reached: Reached::default(), known: Vec::new(), queue: VecDeque::new(), seen: FxHashSet::default() };
    for start in starts {
        if search.seen.insert(*start) {
            search.queue.push_back((*start, Vec::new(), Run::Whole));
        }
    }
    while let Some((node, path, run)) = search.queue.pop_front() {
        if search.reached.nodes.len() >= MAX_NODES {
            search.reached.given_up = true;
            break;
        }
        search.reached.nodes.push(node);
        search.reached.ways.push(path.clone());
        // Once there is something to report, no further module is loaded to count what else there is.
        let enough = !everything && search.reached.effects.iter().any(|effect| !effect.in_handler && effect.kind.is_main_io());
        program.frozen(enough, || search.visit(node, &path, run));
    }
    if !search.reached.effects.iter().any(|effect| effect.kind.is_io()) {
        search.reached.effects.append(&mut search.known);
    }
    search.reached
}

/// How much of a function is run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Run {
    /// All of it.
    Whole,
    /// What stands behind its `yield`.
    Rest,
}

struct Search<'a> {
    program: &'a Program,
    /// See [`reach_all`].
    everything: bool,
    reached: Reached,
    /// Effects of functions that the tables know of, though there is source for them: they count where the source shows none.
    known: Vec<Found>,
    /// The functions to visit, with the way to each, and how it is run.
    queue: VecDeque<(Node, Vec<Hop>, Run)>,
    seen: FxHashSet<Node>,
}

impl Search<'_> {
    fn visit(&mut self, node: Node, path: &[Hop], run: Run) {
        let program = self.program;
        let module = program.module(node.function.module);
        if is_stub(module, node.function.id) {
            return;
        }
        let code = module.code(node.function.id);
        let yields = self.yields(node.function, run);
        let runs = |range: TextRange, stmt: StmtId| run == Run::Whole || resume::is_behind(module, &yields, range, stmt);
        for load in &code.loads {
            if runs(module.expr(*load).range, module.expr(*load).stmt)
                && let ExprKind::Attribute { value, attr, attr_range } = module.kind(*load)
                && program.may_be_property(attr)
                && let Some((getter, this)) = program.resolver_for(node.function.module, node.this).property(*value, attr)
            {
                self.edge(node, path, Node { function: getter, this: Some(this) }, Via::Property, module.expr(*load).stmt, *attr_range);
            }
        }
        for stmt in code.imports.iter().filter(|stmt| runs(module.stmt(**stmt).range, **stmt)) {
            self.import(node, path, *stmt);
        }
        for stmt in &code.withs {
            let range = module.stmt(*stmt).range;
            if yields.iter().any(|(place, _)| range.contains_range(*place)) {
                self.leave(node, path, *stmt);
            } else if runs(range, *stmt) {
                self.with(node, path, *stmt);
            }
        }
        for id in &code.calls {
            if let Some(call) = module.call(*id)
                && runs(module.expr(*id).range, module.expr(*id).stmt)
                && program.is_live(node.function.module, *id)
            {
                self.call(node, path, call);
            }
        }
    }

    fn in_handler(&self, module: ModuleId, stmt: StmtId, path: &[Hop]) -> bool {
        path.iter().any(|hop| hop.in_handler) || reports_failure(self.program.module(module), stmt)
    }

    fn edge(&mut self, caller: Node, path: &[Hop], to: Node, via: Via, stmt: StmtId, range: TextRange) {
        self.edge_to(caller, path, to, via, stmt, range, Run::Whole);
    }

    /// As [`Search::edge`], to a function that may be run in another way.
    #[expect(clippy::too_many_arguments, reason = "they name one call in one function")]
    fn edge_to(&mut self, caller: Node, path: &[Hop], to: Node, via: Via, stmt: StmtId, range: TextRange, run: Run) {
        if self.is_declared(caller, path, to, stmt, range) {
            return;
        }
        if path.len() >= MAX_WAY {
            self.reached.given_up = true;
            return;
        }
        let is_new = self.seen.insert(to);
        if !is_new && !self.everything {
            return;
        }
        let in_handler = reports_failure(self.program.module(caller.function.module), stmt);
        let hop = Hop { caller, callee: to, via, range, stmt, in_handler };
        if self.everything {
            self.reached.hops.push(hop.clone());
        }
        if is_new {
            self.by_name(caller, path, to, stmt, range);
            let mut path = path.to_vec();
            path.push(hop);
            self.queue.push_back((to, path, run));
        }
    }

    /// Records what the configuration says of a function of the program, if it says anything: its source then is not looked at.
    fn is_declared(&mut self, caller: Node, path: &[Hop], to: Node, stmt: StmtId, range: TextRange) -> bool {
        if self.program.declared.is_empty() {
            return false;
        }
        let Some(module) = self.program.dotted_name(to.function.module) else { return false };
        let name = format!("{module}.{}", self.program.qualified_name(to.function));
        let Some(declared) = self.program.declared.effect(&name) else { return false };
        if let Some(Effect { kind, clause }) = declared {
            self.effect(caller, path, kind, clause, stmt, range, name);
        }
        true
    }

    /// What the tables say of a function for which there is source: the project may be the library itself.
    fn by_name(&mut self, caller: Node, path: &[Hop], to: Node, stmt: StmtId, range: TextRange) {
        if to.function.module == caller.function.module {
            return;
        }
        let Some(module) = self.program.dotted_name(to.function.module) else { return };
        let function = self.program.qualified_name(to.function);
        // Users import from the package what a module inside it defines.
        let packages = std::iter::successors(Some(module.as_str()), |module| module.rsplit_once('.').map(|(package, _)| package));
        let found = packages.map(|package| format!("{package}.{function}")).find_map(|name| {
            let name = knowledge::canonical(&name).into_owned();
            knowledge::effect(&name).map(|effect| (name, effect))
        });
        if let Some((name, Some(Effect { kind, clause }))) = found {
            let in_handler = self.in_handler(caller.function.module, stmt, path);
            let (path, clause) = (path.to_vec(), Cow::Borrowed(clause));
            self.known.push(Found { kind, clause, path, node: caller, range, callee: name, in_handler });
        }
    }

    #[expect(clippy::too_many_arguments, reason = "they name one place in one function")]
    fn effect(
        &mut self,
        node: Node,
        path: &[Hop],
        kind: Kind,
        clause: impl Into<Cow<'static, str>>,
        stmt: StmtId,
        range: TextRange,
        callee: String,
    ) {
        let in_handler = self.in_handler(node.function.module, stmt, path);
        self.reached.effects.push(Found { kind, clause: clause.into(), path: path.to_vec(), node, range, callee, in_handler });
    }

    fn import(&mut self, node: Node, path: &[Hop], stmt: StmtId) {
        let module = self.program.module(node.function.module);
        let data = module.stmt(stmt);
        let name = match &data.kind {
            StmtKind::Import(names) => names.first().map(ToString::to_string),
            StmtKind::ImportFrom { module, level, .. } => Some(format!("{}{module}", ".".repeat(*level as usize))),
            _ => None,
        };
        if let (Some(name), false) = (name, self.program.is_dead(node.function.module, stmt)) {
            self.effect(node, path, Kind::Import, format!("imports `{name}`"), stmt, data.range, "import".to_owned());
        }
    }

    /// `with context:` runs `__enter__` and `__exit__`.
    fn with(&mut self, node: Node, path: &[Hop], stmt: StmtId) {
        let program = self.program;
        let module = program.module(node.function.module);
        let StmtKind::With { items, .. } = &module.stmt(stmt).kind else { return };
        if program.is_dead(node.function.module, stmt) {
            return;
        }
        for item in items {
            let range = module.expr(item.context).range;
            let resolver = program.resolver_for(node.function.module, node.this);
            for value in resolver.values(item.context) {
                match value {
                    Value::Instance(Type::Class(class)) => {
                        for name in ["__enter__", "__exit__", "__aenter__", "__aexit__"] {
                            if let Some(function) = program.method(class, name) {
                                self.edge(node, path, Node { function, this: Some(class) }, Via::With, stmt, range);
                            }
                        }
                    }
                    Value::Instance(Type::External(name)) if name == "contextlib.closing" => {
                        let inner = module.call(item.context).and_then(|call| call.positional(0));
                        for value in inner.map(|inner| resolver.values(inner)).unwrap_or_default() {
                            self.method_of(node, path, &value, "close", stmt, range, item.context);
                        }
                    }
                    // Constructing it was seen as a call; entering matters for what exists already, as locks do.
                    Value::Instance(Type::External(name)) if module.call(item.context).is_none() => {
                        for method in ["__enter__", "__exit__", "acquire"] {
                            if let Some(Some(effect)) = program.method_effect(&name, method) {
                                self.effect(node, path, effect.kind, effect.clause, stmt, range, module.snippet(item.context));
                                break;
                            }
                        }
                    }
                    _ => {}
                }
            }
        }
    }

    /// The effect of calling a method of a value.
    #[expect(clippy::too_many_arguments, reason = "they name one place in one function")]
    fn method_of(&mut self, node: Node, path: &[Hop], value: &Value, method: &str, stmt: StmtId, range: TextRange, receiver: ExprId) {
        match value {
            Value::Instance(Type::Class(class)) => {
                if let Some(function) = self.program.method(*class, method) {
                    self.edge(node, path, Node { function, this: Some(*class) }, Via::With, stmt, range);
                }
            }
            Value::Instance(Type::External(name)) => match self.program.method_effect(name, method) {
                Some(Some(effect)) => self.effect(node, path, effect.kind, effect.clause, stmt, range, format!("{name}.{method}")),
                Some(None) => {}
                None => self.unknown(node, path, receiver, method, Reason::Attribute(method.into()), stmt, range),
            },
            Value::Unresolved(reason) => self.unknown(node, path, receiver, method, reason.clone(), stmt, range),
            _ => {}
        }
    }

    #[expect(clippy::too_many_arguments, reason = "they name one place in one function")]
    fn unknown(&mut self, node: Node, path: &[Hop], receiver: ExprId, method: &str, reason: Reason, stmt: StmtId, range: TextRange) {
        let in_handler = self.in_handler(node.function.module, stmt, path);
        self.reached.unknown.push(Unknown { receiver, method: method.to_owned(), reason, path: path.to_vec(), node, range, in_handler });
    }

    fn call(&mut self, node: Node, path: &[Hop], call: Call<'_>) {
        let program = self.program;
        let id = node.function.module;
        let module = program.module(id);
        let (stmt, range) = (module.expr(call.id).stmt, module.expr(call.id).range);
        let values = program.resolver_for(id, node.this).values(call.func);
        for value in values {
            if let Value::Function(function) | Value::Method(function, _) = value
                && program.function(function).is_async
                && !program.function(node.function).is_async
                && (!is_run(module, call) || self.is_scheduled(node, call.id))
            {
                if matches!(module.stmt(stmt).kind, StmtKind::Expr(whole) if whole == call.id) {
                    let name = program.qualified_name(function);
                    self.effect(node, path, Kind::EventLoop, "makes a coroutine that nothing awaits", stmt, range, name);
                }
                continue;
            }
            match value {
                Value::External(name) => match program.effect(&name) {
                    Some(Some(_)) if coroutines::is_lost(module, call, &name) => {
                        self.effect(node, path, Kind::EventLoop, "makes a coroutine that nothing awaits", stmt, range, name.to_string());
                    }
                    Some(Some(effect)) if !self.is_harmless(node, path, call, &name, Some(effect)) => {
                        self.effect(node, path, effect.kind, effect.clause, stmt, range, name.to_string());
                    }
                    Some(_) => {}
                    None => {
                        // `Base.close(self)`, where nothing is known about the base.
                        if let ExprKind::Attribute { value, attr, .. } = module.kind(call.func)
                            && name.rsplit_once('.').is_some_and(|(class, _)| looks_like_class(class))
                            && self.passes_self(node, call)
                        {
                            self.unknown(node, path, *value, attr, Reason::Attribute(attr.clone()), stmt, range);
                        }
                    }
                },
                // The abstract classes of `io` have nothing to close or to flush themselves.
                Value::ExternalMethod(class, _) if ABSTRACT_FILES.contains(&class.as_str()) && is_on_super(module, call) => {}
                Value::ExternalMethod(class, method) if resume::is_exit(&class, &method) => self.exit(node, path, call, stmt, range),
                Value::ExternalMethod(class, method) => {
                    let full = format!("{class}.{method}");
                    match program.method_effect(&class, &method) {
                        Some(Some(_)) if coroutines::is_lost(module, call, &full) => {
                            self.effect(node, path, Kind::EventLoop, "makes a coroutine that nothing awaits", stmt, range, full);
                        }
                        Some(Some(effect)) if !self.is_harmless(node, path, call, &full, Some(effect)) => {
                            self.effect(node, path, effect.kind, effect.clause, stmt, range, full);
                        }
                        Some(_) => {}
                        None => {
                            if let ExprKind::Attribute { value, .. } = module.kind(call.func)
                                && !self.is_harmless(node, path, call, &full, None)
                            {
                                self.unknown(node, path, *value, &method, Reason::Attribute(method.clone()), stmt, range);
                            }
                        }
                    }
                }
                Value::Function(function) => {
                    self.edge(node, path, Node { function, this: self.this_of(node, function) }, Via::Call, stmt, range);
                    self.wrappers(node, path, function, stmt, range);
                }
                Value::Method(function, receiver) => {
                    let this = if let Type::Class(class) = receiver { Some(class) } else { None };
                    self.edge(node, path, Node { function, this }, Via::Call, stmt, range);
                    self.wrappers(node, path, function, stmt, range);
                }
                Value::Class(class) => self.construct(node, path, class, stmt, range),
                Value::Instance(Type::Class(class)) => {
                    if let Some(function) = program.method(class, "__call__") {
                        self.edge(node, path, Node { function, this: Some(class) }, Via::Call, stmt, range);
                    }
                }
                Value::Unresolved(reason) => {
                    if let ExprKind::Attribute { value, attr, .. } = module.kind(call.func)
                        && !self.is_harmless(node, path, call, attr, None)
                    {
                        match coroutines::of_loop(module, *value, attr) {
                            Some(effect) => self.effect(node, path, effect.kind, effect.clause, stmt, range, module.snippet(call.func)),
                            None => self.unknown(node, path, *value, attr, reason, stmt, range),
                        }
                    }
                }
                Value::Instance(Type::External(class)) => {
                    if let Some(Some(effect)) = knowledge::method_effect(&class, "__call__") {
                        self.effect(node, path, effect.kind, effect.clause, stmt, range, class.to_string());
                    }
                }
                Value::Super { .. } | Value::Module(_) | Value::None => {}
            }
        }
    }

    /// Whether a call passes the object that the function is run for.
    fn passes_self(&self, node: Node, call: Call<'_>) -> bool {
        let (Some(this), Some(first)) = (node.this, call.positional(0)) else { return false };
        let values = self.program.resolver_for(node.function.module, node.this).values(first);
        values.contains(&Value::Instance(Type::Class(this)))
    }

    /// A nested function or `Base.close(self)` runs with the caller's `self`.
    fn this_of(&self, node: Node, function: FunctionRef) -> Option<ClassRef> {
        let data = self.program.function(function);
        let this = node.this?;
        match data.class {
            Some(class) => {
                let class = ClassRef { module: function.module, id: class };
                self.program.mro(this).contains(&Type::Class(class)).then_some(this)
            }
            None => data.outer.is_some().then_some(this),
        }
    }

    fn construct(&mut self, node: Node, path: &[Hop], class: ClassRef, stmt: StmtId, range: TextRange) {
        let mut found = false;
        for name in ["__new__", "__init__", "__post_init__"] {
            if let Some(function) = self.program.method(class, name) {
                found = true;
                self.edge(node, path, Node { function, this: Some(class) }, Via::Call, stmt, range);
            }
        }
        if found {
            return;
        }
        for base in self.program.mro(class) {
            if let Type::External(name) = base
                && let Some(Some(effect)) = knowledge::effect(&name)
            {
                self.effect(node, path, effect.kind, effect.clause, stmt, range, name.to_string());
                return;
            }
        }
    }
}

/// Whether a statement runs only where something failed already: it stands in an `except` clause, or raises an exception.
fn reports_failure(module: &Module, stmt: StmtId) -> bool {
    matches!(module.stmt(stmt).kind, StmtKind::Raise { .. }) || module.handler_around(stmt).is_some()
}

/// `super().close()`
fn is_on_super(module: &Module, call: Call<'_>) -> bool {
    let ExprKind::Attribute { value, .. } = module.kind(call.func) else { return false };
    module.call(*value).is_some_and(|inner| module.is_named(inner.func, "super"))
}

/// Whether something may run the coroutine that a call creates: it is awaited, passed on or kept under a name. What is returned or
/// thrown away never runs.
fn is_run(module: &Module, call: Call<'_>) -> bool {
    match &module.stmt(module.expr(call.id).stmt).kind {
        StmtKind::Expr(value) | StmtKind::Return(Some(value)) => *value != call.id,
        _ => true,
    }
}
