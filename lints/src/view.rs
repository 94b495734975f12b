//! What the analysis knows about a module, a class or a function, as plain data: for people who want to see why something is reported, or why
//! it is not.
//!
//! Everything here is asked of the same `Program` that the rules ask, so that what is shown is what they see. There is one difference: a
//! rule's search for effects loads no further module once it has something to report, and this one goes on to the end (`reach_all`).

mod calls;
mod classes;
mod effects;
mod imports;
mod names;
#[doc(hidden)]
pub mod probe;
mod symbols;

use std::path::PathBuf;
use std::sync::Arc;

pub use names::{NoModule, find_module};

use crate::context::{Context, Role};
use crate::diagnostic::Place;
use crate::effects::Kind;
use crate::effects::reach::reach_all;
use crate::lint::FileInput;
use crate::module::Module;
use crate::program::snapshot::Snapshot;
use crate::program::{ModuleId, Program};
use crate::settings::Settings;
use crate::source::{self, SourceFile};
use names::{Found, Subject};

/// What is known about a target.
#[derive(Clone, Debug)]
pub struct View {
    /// What was asked about.
    pub target: Symbol,
    /// What its file is for: `production`, `auxiliary` (tests, examples, documentation: never a service) or `vendored`.
    pub role: &'static str,
    /// Why its file is service code, if it is.
    pub service: Option<Service>,
    /// The imports of its file; of a class or a function those whose names it uses.
    pub imports: Vec<Import>,
    /// The class, or the classes of the module.
    pub classes: Vec<ClassView>,
    /// The code of the target in the order of the text, then what it calls, as far as that was asked for.
    pub functions: Vec<FunctionView>,
    /// The effects that the target reaches, nearest first; each once, with the shortest way to it.
    pub effects: Vec<EffectView>,
    /// Where the analysis stopped, as sentences: what is behind that is missing above.
    pub limits: Vec<String>,
}

/// What a [`Symbol`] is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SymbolKind {
    /// A module there is source for.
    Module,
    /// A class there is source for.
    Class,
    /// A function or method there is source for.
    Function,
    /// A thing that there is no source for; its name is dotted and public.
    Library,
    /// An instance of the class of that name.
    Instance,
    /// `None`.
    None,
}

impl SymbolKind {
    /// The word of the output formats.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Module => "module",
            Self::Class => "class",
            Self::Function => "function",
            Self::Library => "library",
            Self::Instance => "instance",
            Self::None => "none",
        }
    }
}

/// Something that has a name.
#[derive(Clone, Debug)]
pub struct Symbol {
    /// What it is.
    pub kind: SymbolKind,
    /// Its name in its module (`Client.close`, `outer.inner`); that of a module or of a library's thing is dotted.
    pub name: String,
    /// The dotted name of the module that defines it; `None` for a module itself, and for what there is no source for.
    pub module: Option<String>,
    /// Where it is defined, if there is source for it.
    pub place: Option<Place>,
    /// The class whose instance a method runs for, where that is not the class that defines it.
    pub this: Option<String>,
    /// What is known of calling a library's thing; `None` for all else.
    pub knowledge: Option<Knowledge>,
}

/// What is known of calling something that there is no source for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Knowledge {
    /// It does this.
    Effect(Kind, String),
    /// It does nothing that counts.
    Nothing,
    /// Nothing is known.
    Unknown,
}

/// Why something could not be resolved.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unresolved {
    /// A word for programs: `parameter`, `attribute`, `result`, `element`, `annotation`, `computed`, `bound`.
    pub reason: &'static str,
    /// The reason in a clause.
    pub message: String,
}

/// What a name or an expression means.
#[derive(Clone, Debug)]
pub enum Meaning {
    /// A thing that has a name.
    Known(Symbol),
    /// Not to be told.
    Unresolved(Unresolved),
}

/// Why a file is service code.
#[derive(Clone, Debug)]
pub struct Service {
    /// Completes "this is service code: ...".
    pub reason: String,
    /// Where the code shows it, then the imports that lead from there to the file.
    pub places: Vec<(String, Place)>,
}

/// Where an import leads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Resolution {
    /// A file of the project.
    FirstParty(PathBuf),
    /// A file of an installed package.
    Installed(PathBuf),
    /// A folder without `__init__.py`.
    Namespace(PathBuf),
    /// A file that was not loaded: it cannot be read or parsed, or there were too many modules already.
    NotLoaded(PathBuf),
    /// The standard library, which the tables know.
    StandardLibrary,
    /// A library that the tables know; its source is not looked at.
    Library,
    /// Nothing of that name was found.
    NotFound,
}

impl Resolution {
    /// The word of the output formats.
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::FirstParty(_) => "first-party",
            Self::Installed(_) => "installed",
            Self::Namespace(_) => "namespace",
            Self::NotLoaded(_) => "not-loaded",
            Self::StandardLibrary => "standard-library",
            Self::Library => "library",
            Self::NotFound => "not-found",
        }
    }

    /// The file or folder, if it is one.
    pub fn path(&self) -> Option<&PathBuf> {
        match self {
            Self::FirstParty(path) | Self::Installed(path) | Self::Namespace(path) | Self::NotLoaded(path) => Some(path),
            Self::StandardLibrary | Self::Library | Self::NotFound => None,
        }
    }
}

/// One name that an import binds.
#[derive(Clone, Debug)]
pub struct Import {
    /// The name that is bound; `*` for a star import.
    pub name: String,
    /// The module as it is written, with its dots where it is relative.
    pub module: String,
    /// The name that `from module import` takes from it; `None` for `import module`.
    pub imported: Option<String>,
    /// Where it stands.
    pub place: Place,
    /// Where the module lies.
    pub resolution: Resolution,
    /// The file of the module as output shows it.
    pub file: Option<String>,
    /// What the bound name means; empty for a star import.
    pub meanings: Vec<Meaning>,
}

/// A class.
#[derive(Clone, Debug)]
pub struct ClassView {
    /// Itself.
    pub symbol: Symbol,
    /// The order of method resolution, itself first.
    pub mro: Vec<Symbol>,
    /// The bases that could not be resolved: as written, and why.
    pub unresolved_bases: Vec<(String, Unresolved, Place)>,
    /// Its `__del__`: its own or an inherited one.
    pub finalizer: Option<FinalizerView>,
}

/// A `__del__`.
#[derive(Clone, Debug)]
pub struct FinalizerView {
    /// The function that runs.
    pub function: Symbol,
    /// Whether another class defines it.
    pub inherited: bool,
    /// The subclass whose instances reach more than those of the class itself, where the rules judge it by that.
    pub subclass: Option<Symbol>,
    /// Why its body can never run, if it cannot.
    pub never_runs: Option<String>,
}

/// What stands for a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CallKind {
    /// A call.
    Call,
    /// The loading of a property.
    Property,
    /// A `with` statement.
    With,
}

impl CallKind {
    /// The word of the output formats.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Call => "call",
            Self::Property => "property",
            Self::With => "with",
        }
    }
}

/// A call whose target is known.
#[derive(Clone, Debug)]
pub struct CallView {
    /// What is called, as written.
    pub text: String,
    /// What stands for the call.
    pub kind: CallKind,
    /// Where it stands.
    pub place: Place,
    /// What it may call.
    pub targets: Vec<Symbol>,
}

/// A call whose target is not known.
#[derive(Clone, Debug)]
pub struct UnresolvedCall {
    /// What is called, as written.
    pub text: String,
    /// Where it stands.
    pub place: Place,
    /// Why.
    pub unresolved: Unresolved,
}

/// A function, or the code of a module outside of functions.
#[derive(Clone, Debug)]
pub struct FunctionView {
    /// Itself; `<module>` by name for a module's own code.
    pub symbol: Symbol,
    /// How many calls lead here from the target; 0 for the target's own code.
    pub depth: usize,
    /// The calls that its execution makes, in the order of the text; those of a dead branch are none.
    pub calls: Vec<CallView>,
    /// Those that cannot be resolved.
    pub unresolved: Vec<UnresolvedCall>,
    /// The kinds of effect that it reaches, by itself or by what it calls; sorted.
    pub reaches: Vec<Kind>,
}

/// A step of a way.
#[derive(Clone, Debug)]
pub struct HopView {
    /// Who calls.
    pub caller: Symbol,
    /// Who is called.
    pub callee: Symbol,
    /// What stands for the call.
    pub kind: CallKind,
    /// Where, in the caller's file.
    pub place: Place,
}

/// An effect that the target reaches.
#[derive(Clone, Debug)]
pub struct EffectView {
    /// Its kind.
    pub kind: Kind,
    /// Says what happens: "closes a socket".
    pub clause: String,
    /// What is called for it, by its dotted name where that is known; `import` for an import.
    pub callee: String,
    /// The function that has the effect.
    pub function: Symbol,
    /// Where it stands in that function.
    pub place: Place,
    /// The way from the target to that function; empty where the target itself has the effect.
    pub path: Vec<HopView>,
    /// Whether the effect, or a call on the way, stands in an `except` clause.
    pub in_handler: bool,
    /// At how many places the target reaches this effect.
    pub places: usize,
}

/// What to look at, and how far.
#[derive(Clone, Copy, Debug)]
pub struct Question<'a> {
    /// The file.
    pub input: FileInput<'a>,
    /// The qualified name in it (`Client.close`); empty for the module.
    pub name: &'a str,
    /// How many calls deep functions are shown: 1 for the target's own calls.
    pub depth: usize,
}

/// What came of a question.
#[derive(Clone, Debug)]
pub enum Answer {
    /// What is known.
    View(Box<View>),
    /// The name is bound in the file, but defined in another one, under this qualified name.
    Elsewhere(PathBuf, String),
    /// The name is bound in the file to something that there is no source for.
    Outside(String),
    /// The file has nothing of that name, but these.
    NoSuchName(Vec<String>),
    /// The file cannot be read: completes "cannot be read: ".
    Unreadable(String),
}

/// Answers a question. The snapshot's index must be complete ([`Snapshot::complete`]), or whatever depends on other files of the project is
/// missing.
pub fn view(question: &Question<'_>, settings: &Settings, snapshot: &Arc<Snapshot>) -> Answer {
    let input = &question.input;
    let text = match source::decode(input.bytes) {
        Ok(text) => text,
        Err(error) => return Answer::Unreadable(error.to_string()),
    };
    let Ok(module) = Module::parse(SourceFile::new(input.path, text)).map(Arc::new) else {
        return Answer::Unreadable("it nests too deeply to be parsed".to_owned());
    };
    let program = Program::new(module, input.file, Arc::clone(snapshot), Arc::clone(input.roots), settings);
    let context = Context::new(settings, *input, &program);
    match names::find(&program, question.name) {
        Found::Here(subject) => Answer::View(Box::new(look(&context, &subject, question.depth))),
        Found::Elsewhere(path, name) => Answer::Elsewhere(path, name),
        Found::Outside(name) => Answer::Outside(name),
        Found::Nothing(names) => Answer::NoSuchName(names),
    }
}

fn look(context: &Context<'_>, subject: &Subject, depth: usize) -> View {
    let program = context.program;
    let code = calls::code_of(program, subject);
    let reached = reach_all(program, &code.starts());
    let mut view = View {
        target: symbols::subject(program, subject),
        role: role(context.role),
        service: context.service().map(|evidence| Service { reason: evidence.reason.clone(), places: evidence.places.clone() }),
        imports: imports::imports(program, subject),
        classes: classes::classes(context, subject),
        functions: calls::functions(program, &code, &reached, depth),
        effects: effects::effects(program, &code, &reached),
        limits: Vec::new(),
    };
    // Known when all questions have been asked.
    let limits = [
        (!context.module.syntax_errors.is_empty(), "The file has syntax errors: what the parser could not read is missing."),
        (reached.given_up, "The search for effects was given up: it leads to too many functions."),
        (program.is_full(), "No further modules were loaded: there were too many. What is in the others is not known."),
        (program.is_incomplete(), "The files of the project were not read: what depends on who imports or derives is missing."),
    ];
    view.limits = limits.iter().filter(|(is_so, _)| *is_so).map(|(_, text)| (*text).to_owned()).collect();
    view
}

fn role(role: Role) -> &'static str {
    match role {
        Role::Production => "production",
        Role::Auxiliary => "auxiliary",
        Role::Vendored => "vendored",
    }
}

/// A module's name for people: the dotted one, or the file's where it has none.
fn module_name(program: &Program, id: ModuleId) -> String {
    program.dotted_name(id).filter(|name| !name.is_empty()).unwrap_or_else(|| program.module(id).file.path().to_owned())
}
