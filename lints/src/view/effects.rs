//! Effects: each once, with the shortest way to it.

use ruff_text_size::TextRange;
use rustc_hash::{FxHashMap, FxHashSet};

use super::calls::{Code, module_effects};
use super::{CallKind, EffectView, HopView, symbols};
use crate::diagnostic::Place;
use crate::effects::reach::{Found, Reached};
use crate::program::Program;

pub(super) fn effects(program: &Program, code: &Code, reached: &Reached) -> Vec<EffectView> {
    let mut merged = Merged::default();
    if code.is_module {
        let (file, function) = (&program.module(Program::ROOT).file, symbols::module_code(program, Program::ROOT));
        for (kind, clause, callee, range) in module_effects(program) {
            let (function, place) = (function.clone(), Place::new(file, range));
            merged.add(EffectView { kind, clause, callee, function, place, path: Vec::new(), in_handler: false, places: 1 });
        }
    }
    let mut found: Vec<&Found> = reached.effects.iter().collect();
    found.sort_by_key(|found| found.path.len() + usize::from(is_entered(code, found)));
    for found in found {
        merged.add(view(program, code, found));
    }
    merged.effects
}

/// Effects without those that a nearer one stands for.
#[derive(Default)]
struct Merged {
    effects: Vec<EffectView>,
    /// Where each lies in the list, by what happens and by what is called for it.
    known: FxHashMap<(String, String), usize>,
    /// The places of each. Two classes that share a method share the place.
    counted: FxHashSet<(usize, String, TextRange)>,
}

impl Merged {
    fn add(&mut self, effect: EffectView) {
        let next = self.effects.len();
        let index = *self.known.entry((effect.clause.clone(), effect.callee.clone())).or_insert(next);
        let is_new_place = self.counted.insert((index, effect.place.file.path().to_owned(), effect.place.range));
        if index == next {
            self.effects.push(effect);
        } else {
            self.effects[index].places += usize::from(is_new_place);
        }
    }
}

fn is_entered(code: &Code, found: &Found) -> bool {
    code.entry(found.path.first().map_or(found.node, |hop| hop.caller)).is_some()
}

fn view(program: &Program, code: &Code, found: &Found) -> EffectView {
    let start = found.path.first().map_or(found.node, |hop| hop.caller);
    let entry = code.entry(start).map(|range| HopView {
        caller: symbols::module_code(program, Program::ROOT),
        callee: symbols::function(program, start),
        kind: CallKind::Call,
        place: Place::new(&program.module(Program::ROOT).file, range),
    });
    EffectView {
        kind: found.kind,
        clause: found.clause.to_string(),
        callee: found.callee.strip_prefix("builtins.").unwrap_or(&found.callee).to_owned(),
        function: symbols::function(program, found.node),
        place: Place::new(&program.module(found.node.function.module).file, found.range),
        path: entry.into_iter().chain(found.path.iter().map(|hop| symbols::hop(program, hop))).collect(),
        in_handler: found.in_handler,
        places: 1,
    }
}
