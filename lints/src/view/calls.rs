//! The code of a target: the calls that it makes, and where they lead.

use ruff_text_size::{TextRange, TextSize};
use rustc_hash::{FxHashMap, FxHashSet};

use super::names::{Subject, functions_of};
use super::{CallKind, CallView, FunctionView, Knowledge, Meaning, Symbol, UnresolvedCall, symbols};
use crate::diagnostic::Place;
use crate::effects::Kind;
use crate::effects::reach::{Hop, Node, Reached, Via};
use crate::module::Call;
use crate::program::{ModuleId, Program, Type, Value};

/// The code of a target.
pub(super) struct Code {
    /// Its functions.
    pub(super) nodes: Vec<Node>,
    /// What the code of the module outside of functions calls, where that is none of these; each with its first call.
    pub(super) entries: Vec<(Node, TextRange)>,
    /// Whether the target is a module, so that its code outside of functions belongs to it.
    pub(super) is_module: bool,
}

impl Code {
    /// The functions at which searches start.
    pub(super) fn starts(&self) -> Vec<Node> {
        self.nodes.iter().copied().chain(self.entries.iter().map(|(node, _)| *node)).collect()
    }

    /// The call by which the module's own code leads to the start of a way.
    pub(super) fn entry(&self, start: Node) -> Option<TextRange> {
        self.entries.iter().find(|(node, _)| *node == start).map(|(_, range)| *range)
    }
}

pub(super) fn code_of(program: &Program, subject: &Subject) -> Code {
    let nodes = functions_of(program, subject);
    let is_module = matches!(subject, Subject::Module);
    let mut entries: Vec<(Node, TextRange)> = Vec::new();
    if is_module {
        let known: FxHashSet<Node> = nodes.iter().copied().collect();
        for call in module_calls(program) {
            for value in program.resolver(Program::ROOT).values(call.func) {
                for node in called(program, &value) {
                    if !known.contains(&node) && !entries.iter().any(|(other, _)| *other == node) {
                        entries.push((node, program.module(Program::ROOT).expr(call.id).range));
                    }
                }
            }
        }
    }
    Code { nodes, entries, is_module }
}

/// The calls that run when the module is imported.
fn module_calls(program: &Program) -> impl Iterator<Item = Call<'_>> {
    let module = program.module(Program::ROOT);
    module.calls().filter(move |call| module.expr(call.id).function.is_none() && program.is_live(Program::ROOT, call.id))
}

/// The functions that calling a value runs.
fn called(program: &Program, value: &Value) -> Vec<Node> {
    match value {
        Value::Function(function) => vec![Node { function: *function, this: None }],
        Value::Method(function, receiver) => vec![symbols::method_node(*function, receiver)],
        Value::Class(class) => ["__new__", "__init__", "__post_init__"]
            .iter()
            .filter_map(|name| program.method(*class, name))
            .map(|function| Node { function, this: Some(*class) })
            .collect(),
        Value::Instance(Type::Class(class)) => {
            program.method(*class, "__call__").map(|function| Node { function, this: Some(*class) }).into_iter().collect()
        }
        _ => Vec::new(),
    }
}

/// The functions of the target, then those that it calls, `depth` calls deep.
pub(super) fn functions(program: &Program, code: &Code, reached: &Reached, depth: usize) -> Vec<FunctionView> {
    let ways = Ways::new(reached);
    let mut found = Vec::new();
    if code.is_module {
        found.extend(module_code(program, &ways));
    }
    found.extend(code.nodes.iter().map(|node| function(program, *node, 0, &ways)));
    let mut deeper: Vec<(usize, Node)> = Vec::new();
    for (node, way) in reached.nodes.iter().zip(&reached.ways) {
        let start = way.first().map_or(*node, |hop| hop.caller);
        let depth_here = way.len() + usize::from(code.entry(start).is_some());
        if depth_here > 0 && depth_here < depth {
            deeper.push((depth_here, *node));
        }
    }
    deeper.sort_by_key(|(depth, _)| *depth);
    found.extend(deeper.into_iter().map(|(depth, node)| function(program, node, depth, &ways)));
    found
}

/// Where the functions that a search visited lead.
struct Ways<'a> {
    hops: FxHashMap<Node, Vec<&'a Hop>>,
    effects: FxHashMap<Node, Vec<Kind>>,
}

impl<'a> Ways<'a> {
    fn new(reached: &'a Reached) -> Self {
        let mut ways = Self { hops: FxHashMap::default(), effects: FxHashMap::default() };
        for hop in &reached.hops {
            ways.hops.entry(hop.caller).or_default().push(hop);
        }
        for effect in &reached.effects {
            ways.effects.entry(effect.node).or_default().push(effect.kind);
        }
        ways
    }

    fn of(&self, node: Node) -> &[&'a Hop] {
        self.hops.get(&node).map_or(&[], Vec::as_slice)
    }

    /// The kinds of effect that functions reach.
    fn kinds(&self, starts: Vec<Node>) -> Vec<Kind> {
        let mut kinds = Vec::new();
        let mut seen: FxHashSet<Node> = starts.iter().copied().collect();
        let mut open = starts;
        while let Some(node) = open.pop() {
            kinds.extend(self.effects.get(&node).into_iter().flatten().copied());
            open.extend(self.of(node).iter().map(|hop| hop.callee).filter(|callee| seen.insert(*callee)));
        }
        kinds.sort_unstable();
        kinds.dedup();
        kinds
    }
}

/// The module's own code; `None` where it calls nothing.
fn module_code(program: &Program, ways: &Ways<'_>) -> Option<FunctionView> {
    let (mut calls, mut unresolved, mut starts) = (Vec::new(), Vec::new(), Vec::new());
    for call in module_calls(program) {
        let values = program.resolver(Program::ROOT).values(call.func);
        starts.extend(values.iter().flat_map(|value| called(program, value)));
        let mut targets = Vec::new();
        for value in &values {
            sort(program, Program::ROOT, call, value, &mut targets, &mut unresolved);
            if matches!(value, Value::Class(_) | Value::Instance(Type::Class(_))) {
                targets.extend(called(program, value).into_iter().map(|node| symbols::function(program, node)));
            }
        }
        calls.extend(call_view(program, Program::ROOT, call, targets));
    }
    let mut reaches = ways.kinds(starts);
    reaches.extend(calls.iter().flat_map(|call| &call.targets).filter_map(direct).map(|(kind, _)| kind));
    reaches.sort_unstable();
    reaches.dedup();
    let symbol = symbols::module_code(program, Program::ROOT);
    (!calls.is_empty() || !unresolved.is_empty()).then_some(FunctionView { symbol, depth: 0, calls, unresolved, reaches })
}

/// What calling a library's thing does, where it does anything.
fn direct(target: &Symbol) -> Option<(Kind, &str)> {
    match &target.knowledge {
        Some(Knowledge::Effect(kind, clause)) => Some((*kind, clause)),
        _ => None,
    }
}

/// The effects that the module's own code has by itself: the kind, what happens, what is called, where.
pub(super) fn module_effects(program: &Program) -> Vec<(Kind, String, String, TextRange)> {
    let module = program.module(Program::ROOT);
    let mut found = Vec::new();
    for call in module_calls(program) {
        for value in program.resolver(Program::ROOT).values(call.func) {
            if let Meaning::Known(target) = symbols::meaning(program, &value)
                && let Some((kind, clause)) = direct(&target)
            {
                found.push((kind, clause.to_owned(), target.name.clone(), module.expr(call.id).range));
            }
        }
    }
    found
}

fn function(program: &Program, node: Node, depth: usize, ways: &Ways<'_>) -> FunctionView {
    let id = node.function.module;
    let module = program.module(id);
    let hops = ways.of(node);
    let (mut calls, mut unresolved) = (Vec::new(), Vec::new());
    for call in module.code(node.function.id).calls.iter().filter_map(|call| module.call(*call)) {
        if !program.is_live(id, call.id) {
            continue;
        }
        let range = module.expr(call.id).range;
        let mut targets = Vec::new();
        for value in program.resolver_for(id, node.this).values(call.func) {
            sort(program, id, call, &value, &mut targets, &mut unresolved);
            if matches!(value, Value::Class(_) | Value::Instance(Type::Class(_))) {
                let run = hops.iter().filter(|hop| hop.via == Via::Call && hop.range == range);
                targets.extend(run.map(|hop| symbols::function(program, hop.callee)));
            }
        }
        calls.extend(call_view(program, id, call, targets));
    }
    calls.extend(implicit(program, id, hops));
    calls.sort_by_key(|call| call.place.range.start());
    FunctionView { symbol: symbols::function(program, node), depth, calls, unresolved, reaches: ways.kinds(vec![node]) }
}

/// Puts what a call may call where it belongs.
fn sort(program: &Program, id: ModuleId, call: Call<'_>, value: &Value, targets: &mut Vec<Symbol>, unresolved: &mut Vec<UnresolvedCall>) {
    let module = program.module(id);
    match value {
        Value::None | Value::Super { .. } | Value::Module(_) => {}
        // What runs is told by the ways.
        Value::Instance(Type::Class(class)) if program.method(*class, "__call__").is_some() => {}
        _ => match symbols::meaning(program, value) {
            Meaning::Known(symbol) => targets.push(symbol),
            Meaning::Unresolved(reason) => {
                let place = Place::new(&module.file, module.expr(call.id).range);
                unresolved.push(UnresolvedCall { text: module.snippet(call.func), place, unresolved: reason });
            }
        },
    }
}

fn call_view(program: &Program, id: ModuleId, call: Call<'_>, mut targets: Vec<Symbol>) -> Option<CallView> {
    let module = program.module(id);
    let mut seen = FxHashSet::default();
    targets.retain(|target| seen.insert((target.module.clone(), target.name.clone(), target.this.clone())));
    let place = Place::new(&module.file, module.expr(call.id).range);
    (!targets.is_empty()).then(|| CallView { text: module.snippet(call.func), kind: CallKind::Call, place, targets })
}

/// Properties and `with` statements, each with all that it runs.
fn implicit(program: &Program, id: ModuleId, hops: &[&Hop]) -> Vec<CallView> {
    let file = &program.module(id).file;
    let mut found: Vec<CallView> = Vec::new();
    for hop in hops.iter().filter(|hop| hop.via != Via::Call) {
        let (kind, callee) = (symbols::kind(hop.via), symbols::function(program, hop.callee));
        if let Some(known) = found.iter_mut().find(|known| known.kind == kind && known.place.range == hop.range) {
            known.targets.push(callee);
            continue;
        }
        let text: String = file.slice(hop.range).split_whitespace().collect::<Vec<_>>().join(" ");
        found.push(CallView { text, kind, place: Place::new(file, hop.range), targets: vec![callee] });
    }
    found
}

/// The range of a definition with all that is in it.
pub(super) fn whole(program: &Program, subject: &Subject) -> Vec<TextRange> {
    use crate::module::ir::StmtKind;
    let module = program.module(Program::ROOT);
    let is_it = |kind: &StmtKind| match (kind, subject) {
        (StmtKind::Class(id), Subject::Class(class)) => class.id == *id,
        (StmtKind::Function(id), Subject::Functions(nodes)) => {
            nodes.iter().any(|node| node.function.module == Program::ROOT && node.function.id == *id)
        }
        _ => false,
    };
    match subject {
        Subject::Module => vec![TextRange::new(TextSize::new(0), TextSize::of(module.file.text()))],
        _ => module.stmts().filter(|(_, stmt)| is_it(&stmt.kind)).map(|(_, stmt)| stmt.range).collect(),
    }
}
