//! Which bindings of a name reach a use of it.

use std::rc::Rc;

use rustc_hash::{FxHashMap, FxHashSet};

use ruff_text_size::TextSize;

use super::{ModuleId, Program};
use crate::module::Module;
use crate::module::ir::{Binding, BoundValue, ExprId, ExprKind, Name, ScopeId, ScopeKind, Slot, StmtId, StmtKind};

/// Up to so many bindings are gone through one by one: to look for them costs more.
const FEW: usize = 16;

/// The names with many bindings so far, with the places of these.
pub(super) type AllPlaces = FxHashMap<(ModuleId, ScopeId), FxHashMap<Name, Rc<Places>>>;

impl Program {
    /// The bindings of a name that may reach a use of it: an assignment that is certainly executed hides those before it.
    pub(crate) fn reaching<'a>(&'a self, id: ModuleId, use_: ExprId, name: &'a Name) -> Vec<&'a Binding> {
        let module = self.module(id);
        let expr = module.expr(use_);
        let Some(scope) = module.binding_scope(expr.scope, name) else { return Vec::new() };
        let bindings = &module.scope(scope).bindings[name];
        let own = match module.scope(scope).kind {
            ScopeKind::Function(function) => expr.function == Some(function),
            ScopeKind::Module => expr.function.is_none(),
            ScopeKind::Class(_) | ScopeKind::Comprehension => false,
        };
        if !own || bindings.len() == 1 {
            return bindings.iter().collect();
        }
        let places = (bindings.len() > FEW).then(|| self.places(id, scope, name, bindings));
        let mut flow = Flow { module, name, bindings, places: places.as_deref(), found: Vec::new(), seen: FxHashSet::default() };
        flow.reach(expr.stmt);
        flow.found.into_iter().map(|index| &bindings[index]).collect()
    }

    /// Where the bindings of a name are. Told once for each name with many.
    fn places(&self, id: ModuleId, scope: ScopeId, name: &Name, bindings: &[Binding]) -> Rc<Places> {
        let mut known = self.places.borrow_mut();
        let of_scope = known.entry((id, scope)).or_default();
        if let Some(places) = of_scope.get(name) {
            return Rc::clone(places);
        }
        let places = Rc::new(Places::new(bindings));
        of_scope.insert(name.clone(), Rc::clone(&places));
        places
    }
}

/// Where the bindings of one name are, so that each statement finds its own.
pub(super) struct Places {
    /// The bindings that are no parameters, by where they start, each with its index.
    sorted: Vec<(TextSize, usize)>,
    /// The indexes of the bindings that each statement makes, in their order.
    by_stmt: FxHashMap<StmtId, Vec<usize>>,
}

impl Places {
    fn new(bindings: &[Binding]) -> Self {
        let mut by_stmt: FxHashMap<StmtId, Vec<usize>> = FxHashMap::default();
        let mut sorted = Vec::new();
        for (index, binding) in bindings.iter().enumerate() {
            by_stmt.entry(binding.stmt).or_default().push(index);
            if !is_param(binding) {
                sorted.push((binding.range.start(), index));
            }
        }
        sorted.sort_unstable();
        Self { sorted, by_stmt }
    }

    /// The indexes of the bindings that are no parameters and start in a range, in the order of the bindings.
    fn starting_in(&self, start: TextSize, end: TextSize) -> Vec<usize> {
        let from = self.sorted.partition_point(|(place, _)| *place < start);
        let mut found: Vec<usize> = self.sorted[from..].iter().take_while(|(place, _)| *place <= end).map(|(_, index)| *index).collect();
        found.sort_unstable();
        found
    }

    fn of(&self, stmt: StmtId) -> &[usize] {
        self.by_stmt.get(&stmt).map_or(&[], Vec::as_slice)
    }
}

fn is_param(binding: &Binding) -> bool {
    matches!(binding.value, BoundValue::Param(..))
}

/// The definitions of one name in one function.
struct Flow<'a> {
    module: &'a Module,
    name: &'a str,
    bindings: &'a [Binding],
    /// Where there are many bindings.
    places: Option<&'a Places>,
    /// The indexes of those that reach the use, the nearest statements' first.
    found: Vec<usize>,
    /// The same as a set, where there are many.
    seen: FxHashSet<usize>,
}

impl Flow<'_> {
    fn reach(&mut self, use_: StmtId) {
        let module = self.module;
        let mut at = use_;
        loop {
            for earlier in module.before(at) {
                self.inside(earlier);
                if self.assigns(earlier) {
                    return;
                }
            }
            let Some((outer, slot)) = module.stmt(at).parent else { break };
            match (&module.stmt(outer).kind, slot) {
                (StmtKind::Function(_) | StmtKind::Class(_), _) => {
                    let params = self.bindings.iter().enumerate().filter(|(_, binding)| is_param(binding));
                    self.found.extend(params.map(|(index, _)| index));
                    break;
                }
                // What a round binds behind the use reaches it in the next.
                (StmtKind::For { .. } | StmtKind::While { .. }, Slot::Body) => self.inside(outer),
                (StmtKind::With { .. }, _) => self.own(outer),
                (StmtKind::Try { body, .. }, Slot::Handler(_) | Slot::Else | Slot::Finally) => {
                    self.own(outer);
                    for stmt in body.iter().rev() {
                        self.inside(*stmt);
                        if slot == Slot::Else && self.assigns(*stmt) {
                            return;
                        }
                    }
                    if slot == Slot::Finally {
                        self.inside(outer);
                    }
                }
                _ => {}
            }
            at = outer;
        }
    }

    fn add(&mut self, index: usize) {
        let is_new = if self.places.is_some() { self.seen.insert(index) } else { !self.found.contains(&index) };
        if is_new {
            self.found.push(index);
        }
    }

    /// The bindings that a statement itself makes.
    fn own(&mut self, stmt: StmtId) {
        if let Some(places) = self.places {
            places.of(stmt).iter().for_each(|index| self.add(*index));
            return;
        }
        for (index, binding) in self.bindings.iter().enumerate() {
            if binding.stmt == stmt {
                self.add(index);
            }
        }
    }

    /// The bindings anywhere in a statement.
    fn inside(&mut self, stmt: StmtId) {
        let range = self.module.stmt(stmt).range;
        let bindings = self.bindings;
        let is_inside = |index: &usize| !is_param(&bindings[*index]) && range.contains_range(bindings[*index].range);
        if let Some(places) = self.places {
            places.starting_in(range.start(), range.end()).into_iter().filter(is_inside).for_each(|index| self.add(index));
        } else {
            (0..bindings.len()).filter(is_inside).for_each(|index| self.add(index));
        }
    }

    /// Whether the name is certainly bound anew when control gets behind a statement.
    fn assigns(&self, stmt: StmtId) -> bool {
        let module = self.module;
        let block = |block: &[StmtId]| block.iter().any(|stmt| self.assigns(*stmt)) || module.leaves(block);
        match &module.stmt(stmt).kind {
            StmtKind::Assign { targets, .. } => targets.iter().any(|target| self.binds(*target)),
            StmtKind::AnnAssign { target, value, .. } => value.is_some() && self.binds(*target),
            StmtKind::If { branches } => {
                branches.last().is_some_and(|last| last.test.is_none()) && branches.iter().all(|branch| block(&branch.body))
            }
            StmtKind::With { items, body, .. } => {
                items.iter().any(|item| item.target.is_some_and(|target| self.binds(target))) || block(body)
            }
            StmtKind::Try { body, handlers, orelse, finalbody } => {
                block(finalbody) || (block(body) || block(orelse)) && handlers.iter().all(|handler| block(&handler.body))
            }
            StmtKind::Function(_) | StmtKind::Class(_) | StmtKind::Import(_) | StmtKind::ImportFrom { .. } => {
                self.places.map_or_else(|| self.bindings.iter().any(|binding| binding.stmt == stmt), |places| !places.of(stmt).is_empty())
            }
            _ => false,
        }
    }

    fn binds(&self, target: ExprId) -> bool {
        match self.module.kind(target) {
            ExprKind::Name(name) => name == self.name,
            ExprKind::Tuple(parts) | ExprKind::List(parts) => parts.iter().any(|part| self.binds(*part)),
            ExprKind::Starred(inner) => self.binds(*inner),
            _ => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fmt::Write as _;

    use super::*;
    use crate::source::SourceFile;

    /// Checks for each use of `x` in a function `f` that its many bindings are found by their places as they are one by one; says how many
    /// bindings there are, and how many the statements in front of the last use look at.
    #[track_caller]
    fn check(body: &str) -> (usize, usize) {
        let text = format!("def f(a, x=None):\n{body}    return x\n");
        let Ok(module) = Module::parse(SourceFile::new("a.py", text)) else { panic!("the text parses") };
        let (_, function) = module.functions().next().expect("there is a function");
        let name = Name::from("x");
        let bindings = &module.scope(function.scope).bindings[&name];
        let places = Places::new(bindings);
        let reach = |stmt: StmtId, places: Option<&Places>| {
            let mut flow = Flow { module: &module, name: &name, bindings, places, found: Vec::new(), seen: FxHashSet::default() };
            flow.reach(stmt);
            flow.found
        };
        for (stmt, data) in module.stmts() {
            assert_eq!(reach(stmt, Some(&places)), reach(stmt, None), "{}", module.file.slice(data.range));
        }
        let last = module.stmts().last().expect("there is a return").0;
        let looked = module.before(last).map(|stmt| {
            let range = module.stmt(stmt).range;
            places.starting_in(range.start(), range.end()).len()
        });
        (bindings.len(), looked.sum())
    }

    #[test]
    fn places_tell_what_a_walk_over_all_bindings_tells() {
        let blocks = [
            "    x = {}\n",
            "    if a({}):\n        x = {}\n    print(x)\n",
            "    if a:\n        x = {}\n    else:\n        x, y = {}, 1\n    print(x)\n",
            "    for x in a:\n        print(x)\n        x += {}\n",
            "    while a:\n        print(x)\n        with a as x:\n            print(x)\n        x: int = {}\n",
            "    try:\n        x = {}\n        print(x)\n    except OSError as x:\n        print(x)\n    else:\n        print(x)\n    finally:\n        print(x)\n",
            "    import x\n    def x(): return x\n    class x: pass\n    print([x for x in a], (x := {}))\n",
        ];
        for first in blocks {
            for second in blocks {
                let body = (0..6).map(|i| first.replace("{}", &i.to_string()) + &second.replace("{}", &i.to_string())).collect::<String>();
                check(&body);
            }
        }
    }

    #[test]
    fn each_statement_looks_at_its_own_bindings_only() {
        let body = (0..500).fold(String::new(), |mut text, i| {
            write!(text, "    if a({i}):\n        x = {i}\n").expect("a string takes all");
            text
        });
        // One of them is the parameter.
        assert_eq!(check(&body), (501, 500));
    }
}
