//! What is known about a target as one object. Keys are only ever added, and all of them are always there.
//!
//! A *place* is `path, line, column, end_line, end_column`, as in the findings: lines and columns from 1, columns in characters, the end
//! exclusive. A *symbol* is `kind` (`module`, `class`, `function`, `library`, `instance`, `none`), `name` (qualified in its module; dotted for
//! a module and for a library's thing), `module` (dotted), `this` (the class whose instance an inherited method runs for), `effect` (what is
//! known of calling a library's thing: `kind` is null where it does nothing that counts) and a place; what does not apply is null.
//! An *unresolved* thing has `reason` (`parameter`, `attribute`, `result`, `element`, `annotation`, `computed`, `bound`) and `message`.
//!
//! - `target`: a symbol.
//! - `role`: `production`, `auxiliary` or `vendored`.
//! - `service`: null, or `reason` and `places` (each `message` and a place).
//! - `imports`: `name` (`*` for a star import), `module` as written, `imported` (null for `import module`), a place, `resolution` (`first-party`, `installed`, `namespace`,
//!   `not-loaded`, `standard-library`, `library`, `not-found`), `file` (null where it is none), `meanings` (symbols), `unresolved`.
//! - `classes`: `class` (a symbol), `mro` (symbols), `unresolved_bases` (`text`, `reason`, `message`, a place), `finalizer` (null, or
//!   `function`, `inherited`, `subclass`, `never_runs`).
//! - `effects`, nearest first: `kind`, `clause`, `callee`, `function` (a symbol), a place, `hops` (the way: each `caller` and `callee`, both symbols,
//!   `via` (`call`, `property`, `with`) and a place), `in_handler`, `places` (how many places have this effect).
//! - `functions`: `function` (a symbol), `depth` (calls from the target), `reaches` (kinds of effect), `calls` (`text`, `via`, a place,
//!   `targets`: symbols), `unresolved` (`text`, `reason`, `message`, a place).
//! - `limits`: sentences about what is missing.

use std::io::{self, Write};

use pyrelint_lints::Place;
use pyrelint_lints::effects::Kind;
use pyrelint_lints::view::{
    CallView, ClassView, EffectView, FunctionView, HopView, Import, Knowledge, Meaning, Symbol, Unresolved, UnresolvedCall, View,
};
use serde::Serialize;

use super::super::json::{Range, range};

#[derive(Serialize)]
struct Object<'a> {
    target: SymbolObject<'a>,
    role: &'a str,
    service: Option<ServiceObject<'a>>,
    imports: Vec<ImportObject<'a>>,
    classes: Vec<ClassObject<'a>>,
    effects: Vec<EffectObject<'a>>,
    functions: Vec<FunctionObject<'a>>,
    limits: &'a [String],
}

#[derive(Serialize)]
struct SymbolObject<'a> {
    kind: &'a str,
    name: &'a str,
    module: Option<&'a str>,
    this: Option<&'a str>,
    effect: Option<KnownEffect<'a>>,
    path: Option<&'a str>,
    line: Option<u32>,
    column: Option<u32>,
    end_line: Option<u32>,
    end_column: Option<u32>,
}

#[derive(Serialize)]
struct KnownEffect<'a> {
    kind: Option<Kind>,
    clause: Option<&'a str>,
}

#[derive(Serialize)]
struct ServiceObject<'a> {
    reason: &'a str,
    places: Vec<MessageObject<'a>>,
}

#[derive(Serialize)]
struct MessageObject<'a> {
    message: &'a str,
    #[serde(flatten)]
    place: Range<'a>,
}

#[derive(Serialize)]
struct ReasonObject<'a> {
    reason: &'a str,
    message: &'a str,
}

#[derive(Serialize)]
struct ImportObject<'a> {
    name: &'a str,
    module: &'a str,
    imported: Option<&'a str>,
    #[serde(flatten)]
    place: Range<'a>,
    resolution: &'a str,
    file: Option<&'a str>,
    meanings: Vec<SymbolObject<'a>>,
    unresolved: Vec<ReasonObject<'a>>,
}

#[derive(Serialize)]
struct ClassObject<'a> {
    class: SymbolObject<'a>,
    mro: Vec<SymbolObject<'a>>,
    unresolved_bases: Vec<UnresolvedObject<'a>>,
    finalizer: Option<FinalizerObject<'a>>,
}

#[derive(Serialize)]
struct FinalizerObject<'a> {
    function: SymbolObject<'a>,
    inherited: bool,
    subclass: Option<SymbolObject<'a>>,
    never_runs: Option<&'a str>,
}

#[derive(Serialize)]
struct UnresolvedObject<'a> {
    text: &'a str,
    #[serde(flatten)]
    reason: ReasonObject<'a>,
    #[serde(flatten)]
    place: Range<'a>,
}

#[derive(Serialize)]
struct EffectObject<'a> {
    kind: Kind,
    clause: &'a str,
    callee: &'a str,
    function: SymbolObject<'a>,
    #[serde(flatten)]
    place: Range<'a>,
    hops: Vec<HopObject<'a>>,
    in_handler: bool,
    places: usize,
}

#[derive(Serialize)]
struct HopObject<'a> {
    caller: SymbolObject<'a>,
    callee: SymbolObject<'a>,
    via: &'a str,
    #[serde(flatten)]
    place: Range<'a>,
}

#[derive(Serialize)]
struct FunctionObject<'a> {
    function: SymbolObject<'a>,
    depth: usize,
    reaches: &'a [Kind],
    calls: Vec<CallObject<'a>>,
    unresolved: Vec<UnresolvedObject<'a>>,
}

#[derive(Serialize)]
struct CallObject<'a> {
    text: &'a str,
    via: &'a str,
    #[serde(flatten)]
    place: Range<'a>,
    targets: Vec<SymbolObject<'a>>,
}

/// Writes the object.
pub(super) fn write(out: &mut dyn Write, view: &View) -> io::Result<()> {
    let service = view.service.as_ref().map(|service| ServiceObject {
        reason: &service.reason,
        places: service.places.iter().map(|(message, place)| MessageObject { message, place: range(place) }).collect(),
    });
    let object = Object {
        target: symbol(&view.target),
        role: view.role,
        service,
        imports: view.imports.iter().map(import).collect(),
        classes: view.classes.iter().map(class).collect(),
        effects: view.effects.iter().map(effect).collect(),
        functions: view.functions.iter().map(function).collect(),
        limits: &view.limits,
    };
    serde_json::to_writer_pretty(&mut *out, &object)?;
    out.write_all(b"\n")
}

fn symbol(symbol: &Symbol) -> SymbolObject<'_> {
    let place = symbol.place.as_ref().map(range);
    SymbolObject {
        kind: symbol.kind.as_str(),
        name: &symbol.name,
        module: symbol.module.as_deref(),
        this: symbol.this.as_deref(),
        effect: match &symbol.knowledge {
            Some(Knowledge::Effect(kind, clause)) => Some(KnownEffect { kind: Some(*kind), clause: Some(clause) }),
            Some(Knowledge::Nothing) => Some(KnownEffect { kind: None, clause: None }),
            Some(Knowledge::Unknown) | None => None,
        },
        path: place.as_ref().map(|place| place.path),
        line: place.as_ref().map(|place| place.line),
        column: place.as_ref().map(|place| place.column),
        end_line: place.as_ref().map(|place| place.end_line),
        end_column: place.as_ref().map(|place| place.end_column),
    }
}

fn symbols(symbols: &[Symbol]) -> Vec<SymbolObject<'_>> {
    symbols.iter().map(symbol).collect()
}

fn reason(unresolved: &Unresolved) -> ReasonObject<'_> {
    ReasonObject { reason: unresolved.reason, message: &unresolved.message }
}

fn import(import: &Import) -> ImportObject<'_> {
    let meanings = import.meanings.iter();
    ImportObject {
        name: &import.name,
        module: &import.module,
        imported: import.imported.as_deref(),
        place: range(&import.place),
        resolution: import.resolution.as_str(),
        file: import.file.as_deref(),
        meanings: meanings.clone().filter_map(|one| if let Meaning::Known(known) = one { Some(symbol(known)) } else { None }).collect(),
        unresolved: meanings.filter_map(|one| if let Meaning::Unresolved(why) = one { Some(reason(why)) } else { None }).collect(),
    }
}

fn class(class: &ClassView) -> ClassObject<'_> {
    let finalizer = class.finalizer.as_ref().map(|finalizer| FinalizerObject {
        function: symbol(&finalizer.function),
        inherited: finalizer.inherited,
        subclass: finalizer.subclass.as_ref().map(symbol),
        never_runs: finalizer.never_runs.as_deref(),
    });
    let bases = class.unresolved_bases.iter().map(|(text, why, place)| unresolved(text, why, place));
    ClassObject { class: symbol(&class.symbol), mro: symbols(&class.mro), unresolved_bases: bases.collect(), finalizer }
}

fn unresolved<'a>(text: &'a str, why: &'a Unresolved, place: &'a Place) -> UnresolvedObject<'a> {
    UnresolvedObject { text, reason: reason(why), place: range(place) }
}

fn effect(effect: &EffectView) -> EffectObject<'_> {
    EffectObject {
        kind: effect.kind,
        clause: &effect.clause,
        callee: &effect.callee,
        function: symbol(&effect.function),
        place: range(&effect.place),
        hops: effect.path.iter().map(hop).collect(),
        in_handler: effect.in_handler,
        places: effect.places,
    }
}

fn hop(hop: &HopView) -> HopObject<'_> {
    HopObject { caller: symbol(&hop.caller), callee: symbol(&hop.callee), via: hop.kind.as_str(), place: range(&hop.place) }
}

fn function(function: &FunctionView) -> FunctionObject<'_> {
    FunctionObject {
        function: symbol(&function.symbol),
        depth: function.depth,
        reaches: &function.reaches,
        calls: function.calls.iter().map(call).collect(),
        unresolved: function
            .unresolved
            .iter()
            .map(|UnresolvedCall { text, place, unresolved: why }| unresolved(text, why, place))
            .collect(),
    }
}

fn call(call: &CallView) -> CallObject<'_> {
    CallObject { text: &call.text, via: call.kind.as_str(), place: range(&call.place), targets: symbols(&call.targets) }
}
