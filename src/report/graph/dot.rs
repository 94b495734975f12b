//! Functions and the effects that they reach, in the language of Graphviz: `dot -Tsvg`.
//!
//! Drawn are the functions of the target, those that are shown because of `--depth`, and those on the shortest ways to effects; in a box for
//! each module. Identifiers are numbers, and every text is quoted: names of files may hold anything.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::io::{self, Write};

use pyrelint_lints::view::{EffectView, Symbol, SymbolKind, View};

use super::super::escape;
use super::{full_name, position};

/// What tells one function from another: its module, its name, the class that it runs for.
type Key<'a> = (&'a str, &'a str, Option<&'a str>, u32);

/// The parts of the drawing, in the order in which they were met.
#[derive(Default)]
struct Drawing<'a> {
    ids: BTreeMap<Key<'a>, usize>,
    functions: Vec<(&'a Symbol, bool)>,
    edges: BTreeSet<(usize, usize)>,
}

/// Writes the graph.
pub(super) fn write(out: &mut dyn Write, view: &View) -> io::Result<()> {
    let mut drawing = Drawing::default();
    for function in &view.functions {
        drawing.function(&function.symbol, function.depth == 0);
    }
    for function in &view.functions {
        let from = drawing.function(&function.symbol, false);
        for target in function.calls.iter().flat_map(|call| &call.targets).filter(|target| target.kind == SymbolKind::Function) {
            let to = drawing.function(target, false);
            drawing.edges.insert((from, to));
        }
    }
    let mut has_effect = Vec::new();
    for effect in &view.effects {
        for hop in &effect.path {
            let edge = (drawing.function(&hop.caller, false), drawing.function(&hop.callee, false));
            drawing.edges.insert(edge);
        }
        has_effect.push(drawing.function(&effect.function, false));
    }
    writeln!(out, "digraph {} {{", quoted(&full_name(&view.target)))?;
    writeln!(out, "  charset=\"UTF-8\";\n  rankdir=LR;\n  node [shape=box, fontname=\"sans-serif\", fontsize=10];")?;
    drawing.write_functions(out)?;
    for (index, effect) in view.effects.iter().enumerate() {
        writeln!(out, "  e{index} [label={}, shape=ellipse, style=filled, fillcolor=\"#fde9c8\"];", label(effect))?;
    }
    for (from, to) in &drawing.edges {
        writeln!(out, "  f{from} -> f{to};")?;
    }
    for (index, (effect, function)) in view.effects.iter().zip(has_effect).enumerate() {
        writeln!(out, "  f{function} -> e{index} [tooltip={}];", quoted(&position(&effect.place)))?;
    }
    writeln!(out, "}}")
}

impl<'a> Drawing<'a> {
    /// The number of a function.
    fn function(&mut self, symbol: &'a Symbol, is_target: bool) -> usize {
        let start = symbol.place.as_ref().map_or(0, |place| place.range.start().to_u32());
        let key = (symbol.module.as_deref().unwrap_or_default(), symbol.name.as_str(), symbol.this.as_deref(), start);
        let next = self.functions.len();
        let id = *self.ids.entry(key).or_insert(next);
        if id == next {
            self.functions.push((symbol, false));
        }
        self.functions[id].1 |= is_target;
        id
    }

    fn write_functions(&self, out: &mut dyn Write) -> io::Result<()> {
        let mut by_module: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
        for (id, (symbol, _)) in self.functions.iter().enumerate() {
            by_module.entry(symbol.module.as_deref().unwrap_or_default()).or_default().push(id);
        }
        for (number, (module, ids)) in by_module.into_iter().enumerate() {
            writeln!(out, "  subgraph cluster_{number} {{\n    label={};\n    fontname=\"sans-serif\";", quoted(module))?;
            for id in ids {
                let (symbol, is_target) = self.functions[id];
                let name = match &symbol.this {
                    Some(this) => format!("{} (of a {this})", symbol.name),
                    None => symbol.name.clone(),
                };
                let tooltip = symbol.place.as_ref().map(position).unwrap_or_default();
                let style = if is_target { ", style=\"filled,bold\", fillcolor=\"#d6e6ff\"" } else { "" };
                writeln!(out, "    f{id} [label={}, tooltip={}{style}];", quoted(&name), quoted(&tooltip))?;
            }
            writeln!(out, "  }}")?;
        }
        Ok(())
    }
}

fn label(effect: &EffectView) -> String {
    let mut text = format!("\"{}\\n{}", inside(&effect.kind.to_string()), inside(&effect.clause));
    if effect.callee != "import" {
        let _ = write!(text, "\\n{}", inside(&effect.callee));
    }
    text.push('"');
    text
}

/// A quoted string of the language.
fn quoted(text: &str) -> String {
    format!("\"{}\"", inside(text))
}

/// A text as it stands between quotes. Labels know escapes (`\n`, `\G`) and the entities of HTML, quoted or not.
fn inside(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for letter in escape::line(text).chars() {
        match letter {
            '"' => safe.push_str("\\\""),
            '\\' => safe.push_str("\\\\"),
            '&' => safe.push_str("&amp;"),
            _ => safe.push(letter),
        }
    }
    safe
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_cannot_leave_their_quotes() {
        assert_eq!(quoted("a\"]; x [label=\"\\N&lt;\n\u{1b}"), r#""a\"]; x [label=\"\\N&amp;lt;\\n\\x1b""#);
    }
}
