//! `pyrelint graph`: one file for each format.

mod dot;
mod json;
mod text;

use std::io;

use pyrelint_lints::Place;
use pyrelint_lints::view::{Symbol, SymbolKind, View};

use super::{Styles, is_colored, to_stdout};
use crate::cli::{ColorWhen, GraphFormat};

/// Prints what is known about a target.
///
/// # Errors
/// If stdout cannot be written.
pub fn write(format: GraphFormat, view: &View, color: ColorWhen) -> io::Result<()> {
    let styles = Styles::new(is_colored(color, &io::stdout()));
    to_stdout(|out| match format {
        GraphFormat::Text => text::write(out, view, styles),
        GraphFormat::Json => json::write(out, view),
        GraphFormat::Dot => dot::write(out, view),
    })
}

/// A name with its module: `app.cli.Client.close`; a method by the class that it runs for, where another defines it.
fn full_name(symbol: &Symbol) -> String {
    let name = match &symbol.module {
        Some(module) => format!("{module}.{}", symbol.name),
        None => symbol.name.clone(),
    };
    match (symbol.kind, &symbol.this) {
        (SymbolKind::Instance, _) => format!("an instance of {name}"),
        (_, Some(this)) => format!("{name} (of a {this})"),
        _ => name,
    }
}

/// `path:line:column`
fn position(place: &Place) -> String {
    let start = place.start();
    format!("{}:{}:{}", place.file.path(), start.line, start.column)
}
