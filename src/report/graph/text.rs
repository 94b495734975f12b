//! What is known about a target, for people: blocks of aligned lines.

use std::fmt::Write as _;
use std::io::{self, Write};

use anstyle::Style;
use pyrelint_lints::view::{
    CallKind, CallView, ClassView, EffectView, FunctionView, Import, Knowledge, Meaning, Resolution, Symbol, SymbolKind, View,
};

use super::super::{Styles, escape};
use super::{full_name, position};

/// A cell wider than this does not move those behind it.
const WIDEST: usize = 80;

/// A part of a line.
struct Cell {
    text: String,
    style: Style,
}

/// A line, cell by cell.
type Row = Vec<Cell>;

/// Writes everything.
pub(super) fn write(out: &mut dyn Write, view: &View, styles: Styles) -> io::Result<()> {
    let Styles { bold, warning, .. } = styles;
    let target = &view.target;
    writeln!(out, "{bold}{} {}{bold:#}  {}", target.kind.as_str(), line(&full_name(target)), place_of(target))?;
    for limit in &view.limits {
        writeln!(out, "{warning}note{warning:#}: {}", line(limit))?;
    }
    service(out, view, styles)?;
    if !view.imports.is_empty() {
        writeln!(out, "\n{bold}Imports{bold:#}")?;
        rows(out, 2, view.imports.iter().map(|one| import(one, styles)).collect())?;
    }
    for class in &view.classes {
        self::class(out, class, styles)?;
    }
    writeln!(out, "\n{bold}Effects{bold:#}")?;
    if view.effects.is_empty() {
        writeln!(out, "  none is known")?;
    }
    for effect in &view.effects {
        self::effect(out, effect, styles)?;
    }
    view.functions.iter().try_for_each(|one| function(out, one, styles))
}

fn line(text: &str) -> String {
    escape::line(text).into_owned()
}

fn plain(text: impl Into<String>) -> Cell {
    Cell { text: text.into(), style: Style::new() }
}

fn styled(text: impl Into<String>, style: Style) -> Cell {
    Cell { text: text.into(), style }
}

fn place_of(symbol: &Symbol) -> String {
    symbol.place.as_ref().map(|place| line(&position(place))).unwrap_or_default()
}

/// Writes lines whose cells stand below each other.
fn rows(out: &mut dyn Write, indent: usize, rows: Vec<Row>) -> io::Result<()> {
    let rows: Vec<Vec<(String, Style)>> =
        rows.into_iter().map(|row| row.into_iter().map(|cell| (line(&cell.text), cell.style)).collect()).collect();
    let columns = rows.iter().map(Vec::len).max().unwrap_or_default();
    let width = |column: usize| {
        let cells = rows.iter().filter(|row| row.len() > column + 1).map(|row| row[column].0.chars().count());
        cells.filter(|width| *width <= WIDEST).max().unwrap_or_default()
    };
    let widths: Vec<usize> = (0..columns).map(width).collect();
    for row in rows {
        let mut text = " ".repeat(indent);
        let last = row.iter().rposition(|(text, _)| !text.is_empty()).unwrap_or_default();
        for (column, (cell, style)) in row.into_iter().enumerate().take(last + 1) {
            let padding = widths[column].saturating_sub(cell.chars().count());
            let _ = write!(text, "{style}{cell}{style:#}");
            if column < last {
                text.push_str(&" ".repeat(padding + 2));
            }
        }
        writeln!(out, "{text}")?;
    }
    Ok(())
}

fn service(out: &mut dyn Write, view: &View, styles: Styles) -> io::Result<()> {
    let bold = styles.bold;
    let Some(service) = &view.service else {
        let why = match view.role {
            "auxiliary" => "the file is a test, an example or documentation",
            "vendored" => "the file is vendored code, and nothing says that it runs as a service",
            _ => "nothing says that the file runs as a service",
        };
        return writeln!(out, "\n{bold}Service{bold:#}\n  no: {why}");
    };
    writeln!(out, "\n{bold}Service{bold:#}\n  yes: {}", line(&service.reason))?;
    let places = service.places.iter().map(|(message, place)| vec![plain(position(place)), plain(message.as_str())]);
    rows(out, 4, places.collect())
}

fn import(import: &Import, styles: Styles) -> Row {
    let style = match import.resolution {
        Resolution::NotFound | Resolution::NotLoaded(_) => styles.warning,
        Resolution::FirstParty(_) | Resolution::Installed(_) => styles.good,
        _ => Style::new(),
    };
    let start = import.place.start();
    let module = &import.module;
    let (statement, dotted, bound) = match &import.imported {
        Some(name) => (format!("from {module} import {name}"), format!("{module}.{name}"), name.as_str()),
        None => (format!("import {module}"), module.clone(), module.split('.').next().unwrap_or_default()),
    };
    let alias = if import.name == bound { String::new() } else { format!(" as {}", import.name) };
    let meanings = import.meanings.iter().filter_map(|meaning| match meaning {
        Meaning::Known(symbol) if symbol.kind == SymbolKind::Module => None,
        // What is outside is known by its name alone; its public name may be another.
        Meaning::Known(symbol) if symbol.kind == SymbolKind::Library => Some(full_name(symbol)).filter(|name| *name != dotted),
        Meaning::Known(symbol) => Some(format!("{} {}", word(symbol), full_name(symbol))),
        Meaning::Unresolved(why) => Some(format!("unresolved: {}", why.message)),
    });
    vec![
        plain(format!("{}:{}", start.line, start.column)),
        plain(format!("{statement}{alias}")),
        styled(import.resolution.as_str(), style),
        plain(import.file.as_deref().unwrap_or_default()),
        plain(meanings.collect::<Vec<_>>().join(", ")),
    ]
}

fn word(symbol: &Symbol) -> &'static str {
    // "an instance of" is a part of the name.
    if symbol.kind == SymbolKind::Instance { "is" } else { symbol.kind.as_str() }
}

fn class(out: &mut dyn Write, class: &ClassView, styles: Styles) -> io::Result<()> {
    let Styles { bold, warning, .. } = styles;
    writeln!(out, "\n{bold}Class {}{bold:#}  {}", line(&full_name(&class.symbol)), place_of(&class.symbol))?;
    let mut table: Vec<Row> = Vec::new();
    for (index, entry) in class.mro.iter().enumerate() {
        let label = if index == 0 { "order" } else { "" };
        table.push(vec![plain(label), plain(full_name(entry)), plain(entry.place.as_ref().map(position).unwrap_or_default())]);
    }
    for (text, why, place) in &class.unresolved_bases {
        table.push(vec![styled("base", warning), plain(format!("{text} is unresolved: {}", why.message)), plain(position(place))]);
    }
    match &class.finalizer {
        None => table.push(vec![plain("finalizer"), plain("none")]),
        Some(finalizer) => {
            let mut text = full_name(&finalizer.function);
            if let Some(subclass) = &finalizer.subclass {
                let _ = write!(text, ", judged by what it reaches for a {}", full_name(subclass));
            }
            if let Some(why) = &finalizer.never_runs {
                let _ = write!(text, ", which never runs: {why}");
            }
            table.push(vec![plain("finalizer"), plain(text), plain(finalizer.function.place.as_ref().map(position).unwrap_or_default())]);
        }
    }
    rows(out, 2, table)
}

fn effect(out: &mut dyn Write, effect: &EffectView, styles: Styles) -> io::Result<()> {
    let info = styles.info;
    let mut notes = Vec::new();
    if effect.in_handler {
        notes.push("in an `except` clause".to_owned());
    }
    if effect.places > 1 {
        notes.push(format!("the nearest of {} places", effect.places));
    }
    let notes = if notes.is_empty() { String::new() } else { format!("  ({})", notes.join("; ")) };
    writeln!(out, "  {info}{}{info:#}: {}{notes}", effect.kind, line(&effect.clause))?;
    let mut table: Vec<Row> = Vec::new();
    for hop in &effect.path {
        let verb = match hop.kind {
            CallKind::Call => "calls",
            CallKind::Property => "loads the property",
            CallKind::With => "enters or leaves",
        };
        table.push(vec![plain(position(&hop.place)), plain(format!("{} {verb} {}", full_name(&hop.caller), full_name(&hop.callee)))]);
    }
    let last = full_name(&effect.function);
    let text = if effect.callee == "import" { format!("{last} {}", effect.clause) } else { format!("{last} calls {}", effect.callee) };
    table.push(vec![plain(position(&effect.place)), plain(text)]);
    rows(out, 4, table)
}

fn function(out: &mut dyn Write, function: &FunctionView, styles: Styles) -> io::Result<()> {
    let Styles { bold, warning, info, .. } = styles;
    let depth = if function.depth == 0 { String::new() } else { format!(" ({} away)", calls(function.depth)) };
    writeln!(out, "\n{bold}Function {}{bold:#}{depth}  {}", line(&full_name(&function.symbol)), place_of(&function.symbol))?;
    let kinds: Vec<String> = function.reaches.iter().map(ToString::to_string).collect();
    if !kinds.is_empty() {
        writeln!(out, "  reaches {info}{}{info:#}", kinds.join(", "))?;
    }
    let mut table: Vec<(u32, Row)> = function.calls.iter().flat_map(|one| call(one, styles)).collect();
    for unresolved in &function.unresolved {
        let start = unresolved.place.start();
        let row = vec![
            plain(format!("{}:{}", start.line, start.column)),
            plain(unresolved.text.as_str()),
            styled(format!("unresolved: {}", unresolved.unresolved.message), warning),
        ];
        table.push((unresolved.place.range.start().to_u32(), row));
    }
    // The order of the text; what is resolved comes first where a call may be either.
    table.sort_by_key(|(start, _)| *start);
    rows(out, 2, table.into_iter().map(|(_, row)| row).collect())
}

fn calls(number: usize) -> String {
    if number == 1 { "1 call".to_owned() } else { format!("{number} calls") }
}

fn call(call: &CallView, styles: Styles) -> Vec<(u32, Row)> {
    let start = call.place.start();
    let kind = match call.kind {
        CallKind::Call => "",
        CallKind::Property => "property ",
        CallKind::With => "with ",
    };
    let row = |(index, target): (usize, &Symbol)| {
        let (position_text, text) =
            if index == 0 { (format!("{}:{}", start.line, start.column), format!("{kind}{}", call.text)) } else { Default::default() };
        let about = match &target.knowledge {
            Some(Knowledge::Effect(kind, clause)) => styled(format!("{kind}: {clause}"), styles.info),
            Some(Knowledge::Nothing) => plain("no effect"),
            Some(Knowledge::Unknown) => styled("nothing is known of it", styles.warning),
            None => plain(target.place.as_ref().map(position).unwrap_or_default()),
        };
        (call.place.range.start().to_u32(), vec![plain(position_text), plain(text), plain(format!("-> {}", full_name(target))), about])
    };
    call.targets.iter().enumerate().map(row).collect()
}
