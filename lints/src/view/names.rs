//! Targets: from a name that somebody typed to what it means, and which names there are besides.

use std::path::{Path, PathBuf};

use crate::effects::reach::Node;
use crate::module::Module;
use crate::module::ir::{BoundValue, ClassId, FunctionId, ScopeId, ScopeKind};
use crate::program::imports::{Location, walk};
use crate::program::snapshot::Snapshot;
use crate::program::{ClassRef, FunctionRef, Program, Type, Value, stdlib};
use crate::sources::Roots;

/// How many names that only stand for other names are followed.
const MAX_ALIASES: usize = 8;

/// What a name in a file means.
#[derive(Debug)]
pub(super) enum Found {
    Here(Subject),
    Elsewhere(PathBuf, String),
    Outside(String),
    /// Nothing; these are the names that there are.
    Nothing(Vec<String>),
}

/// What is looked at: something of the program's first module.
#[derive(Debug)]
pub(super) enum Subject {
    Module,
    Class(ClassRef),
    /// The definitions of one name: a property has several.
    Functions(Vec<Node>),
}

/// A definition.
#[derive(Clone, Copy, Debug)]
enum Definition {
    Class(ClassId),
    Function(FunctionId),
}

/// The name of a class or function by its scope, with all that it stands in: `Outer.Inner.method`.
pub(super) fn full_name(module: &Module, scope: ScopeId) -> String {
    let mut parts = Vec::new();
    let mut at = Some(scope);
    while let Some(id) = at {
        let data = module.scope(id);
        match data.kind {
            ScopeKind::Class(class) => parts.push(module.class(class).name.as_str()),
            ScopeKind::Function(function) => {
                let name = module.function(function).name.as_str();
                parts.push(if name.is_empty() { "<lambda>" } else { name });
            }
            ScopeKind::Module | ScopeKind::Comprehension => {}
        }
        at = data.parent;
    }
    parts.reverse();
    parts.join(".")
}

/// The classes and functions of a module, in the order of the text; lambdas have no name.
fn definitions(module: &Module) -> Vec<(String, Definition)> {
    let functions = module.functions().filter(|(_, data)| !data.name.is_empty());
    let functions = functions.map(|(id, data)| (data.name_range.start(), full_name(module, data.scope), Definition::Function(id)));
    let classes = module.classes().map(|(id, data)| (data.range.start(), full_name(module, data.scope), Definition::Class(id)));
    let mut all: Vec<_> = functions.chain(classes).collect();
    all.sort_by_key(|(start, ..)| *start);
    all.into_iter().map(|(_, name, definition)| (name, definition)).collect()
}

/// What a qualified name means in the program's first module.
pub(super) fn find(program: &Program, name: &str) -> Found {
    if name.is_empty() {
        return Found::Here(Subject::Module);
    }
    let definitions = definitions(program.module(Program::ROOT));
    let mut wanted = name.to_owned();
    for _ in 0..MAX_ALIASES {
        if let Some(subject) = defined(&definitions, &wanted).or_else(|| inherited(program, &definitions, &wanted)) {
            return Found::Here(subject);
        }
        match bound(program, &wanted) {
            Some(Bound::Here(other)) if other != wanted => wanted = other,
            Some(Bound::Found(found)) => return found,
            _ => break,
        }
    }
    Found::Nothing(candidates(program, &definitions, name))
}

fn defined(definitions: &[(String, Definition)], wanted: &str) -> Option<Subject> {
    let mut same = definitions.iter().filter(|(name, _)| name == wanted).map(|(_, definition)| *definition);
    let module = Program::ROOT;
    match same.clone().next_back()? {
        // The last definition counts.
        Definition::Class(id) => Some(Subject::Class(ClassRef { module, id })),
        Definition::Function(_) => {
            let mut nodes = Vec::new();
            same.by_ref().for_each(|definition| {
                if let Definition::Function(id) = definition {
                    nodes.push(FunctionRef { module, id });
                }
            });
            Some(Subject::Functions(nodes.into_iter().map(|function| Node { function, this: None }).collect()))
        }
    }
}

/// A method that a class of the module inherits, or binds to another function (`__del__ = close`).
fn inherited(program: &Program, definitions: &[(String, Definition)], wanted: &str) -> Option<Subject> {
    let (class, method) = wanted.rsplit_once('.')?;
    let Some(Subject::Class(class)) = defined(definitions, class) else { return None };
    let function = program.method(class, method)?;
    Some(Subject::Functions(vec![Node { function, this: Some(class) }]))
}

enum Bound {
    /// Another name in the same module.
    Here(String),
    Found(Found),
}

/// What the first part of a name is bound to, where that is no definition: an import, an alias, an instance of a class.
fn bound(program: &Program, wanted: &str) -> Option<Bound> {
    let (first, rest) = wanted.split_once('.').unwrap_or((wanted, ""));
    let join = |head: &str| [head, rest].into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(".");
    let values = program.resolver(Program::ROOT).global(Program::ROOT, first);
    values.iter().find_map(|value| {
        let (module, name) = match value {
            Value::Module(id) => (*id, rest.to_owned()),
            Value::Function(function) => {
                (function.module, join(&full_name(program.module(function.module), program.function(*function).scope)))
            }
            Value::Class(class) | Value::Instance(Type::Class(class)) => {
                (class.module, join(&full_name(program.module(class.module), program.class(*class).scope)))
            }
            Value::External(name) | Value::Instance(Type::External(name)) => return Some(Bound::Found(Found::Outside(join(name)))),
            _ => return None,
        };
        if module == Program::ROOT {
            return Some(Bound::Here(name));
        }
        Some(Bound::Found(Found::Elsewhere(program.path(module)?.to_owned(), name)))
    })
}

/// The names that a mistyped one may have meant: the definitions, what classes inherit, what imports bring.
fn candidates(program: &Program, definitions: &[(String, Definition)], wanted: &str) -> Vec<String> {
    let module = program.module(Program::ROOT);
    let mut names: Vec<String> = definitions.iter().map(|(name, _)| name.clone()).collect();
    if let Some((prefix, _)) = wanted.rsplit_once('.')
        && let Some(Subject::Class(class)) = defined(definitions, prefix)
    {
        for entry in program.mro(class) {
            let Type::Class(base) = entry else { continue };
            let base_module = program.module(base.module);
            let methods = base_module.functions().filter(|(_, data)| data.class == Some(base.id) && !data.name.is_empty());
            names.extend(methods.map(|(_, data)| format!("{prefix}.{}", data.name)));
        }
    }
    let imported = module.scope(ScopeId(0)).bindings.iter().filter(|(_, bindings)| {
        bindings.iter().any(|binding| matches!(binding.value, BoundValue::Module(_) | BoundValue::Imported { .. }))
    });
    names.extend(imported.map(|(name, _)| name.to_string()));
    names.extend(program.submodules(Program::ROOT));
    names.sort();
    names.dedup();
    names
}

/// The functions that are a subject's own code: those of a module in the order of its text, the methods of a class.
pub(super) fn functions_of(program: &Program, subject: &Subject) -> Vec<Node> {
    let module = program.module(Program::ROOT);
    let node = |id: FunctionId, this: Option<ClassRef>| Node { function: FunctionRef { module: Program::ROOT, id }, this };
    match subject {
        Subject::Module => {
            let functions = module.functions().filter(|(_, data)| !data.name.is_empty());
            functions.map(|(id, _)| node(id, class_around(module, id))).collect()
        }
        Subject::Class(class) => {
            let own = module.functions().filter(|(_, data)| data.class == Some(class.id) && !data.name.is_empty());
            let mut nodes: Vec<Node> = own.map(|(id, _)| node(id, Some(*class))).collect();
            // An inherited finalizer, or one under another name, is the class's business, too.
            if let Some(function) = program.method(*class, "__del__")
                && !nodes.iter().any(|node| node.function == function)
            {
                nodes.push(Node { function, this: Some(*class) });
            }
            nodes
        }
        Subject::Functions(nodes) => nodes
            .iter()
            .map(|node| match node.this {
                None => Node { this: class_around(program.module(node.function.module), node.function.id), ..*node },
                Some(_) => *node,
            })
            .collect(),
    }
}

fn class_around(module: &Module, function: FunctionId) -> Option<ClassRef> {
    module.class_around(function).map(|id| ClassRef { module: Program::ROOT, id })
}

/// That no module has a dotted name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NoModule {
    /// It is of the standard library, whose source is not followed.
    StandardLibrary,
    /// It is a folder without `__init__.py`, which has no code; these are the modules in it.
    Namespace(Vec<String>),
    /// There is none; these are the modules beside the place where it should be.
    Unknown(Vec<String>),
}

/// The file of the module that a dotted name starts with, and the rest of the name. `here` is the folder from which it is looked up: the one
/// above the outermost package around it comes first, then the roots, at last the folder itself.
///
/// # Errors
/// If there is no such module.
pub fn find_module(snapshot: &Snapshot, roots: &Roots, here: &Path, dotted: &str) -> Result<(PathBuf, String), NoModule> {
    let mut folders = vec![snapshot.above_packages(here)];
    for root in roots.first_party.iter().chain(&roots.installed).map(PathBuf::as_path).chain([here]) {
        if !folders.contains(&root) {
            folders.push(root);
        }
    }
    let ends = || dotted.match_indices('.').map(|(dot, _)| dot).chain([dotted.len()]);
    for end in ends().collect::<Vec<_>>().into_iter().rev() {
        for folder in &folders {
            if let Some(Location::File(path)) = walk(snapshot, folder, &dotted[..end]) {
                return Ok((path, dotted[end..].trim_start_matches('.').to_owned()));
            }
        }
    }
    if stdlib::is_stdlib(dotted.split('.').next().unwrap_or_default()) {
        return Err(NoModule::StandardLibrary);
    }
    let modules_in = |package: &str, folder: &Path| -> Vec<String> {
        let prefix = if package.is_empty() { String::new() } else { format!("{package}.") };
        snapshot.listing(folder).modules().map(|name| format!("{prefix}{name}")).collect()
    };
    let namespace = folders.iter().find_map(|folder| match walk(snapshot, folder, dotted) {
        Some(Location::Namespace(found)) => Some(found),
        _ => None,
    });
    if let Some(found) = namespace {
        let mut names = modules_in(dotted, &found);
        names.sort();
        return Err(NoModule::Namespace(names));
    }
    // What there is beside the first part that is wrong.
    let packages = std::iter::successors(dotted.rsplit_once('.'), |(package, _)| package.rsplit_once('.')).map(|(package, _)| package);
    let mut names: Vec<String> = packages
        .chain([""])
        .map(|package| {
            let inside = folders.iter().filter_map(|folder| match walk(snapshot, folder, package) {
                _ if package.is_empty() => Some(folder.to_path_buf()),
                Some(Location::Namespace(found)) => Some(found),
                _ => None,
            });
            inside.flat_map(|folder| modules_in(package, &folder)).collect::<Vec<_>>()
        })
        .find(|names| !names.is_empty())
        .unwrap_or_default();
    names.sort();
    names.dedup();
    Err(NoModule::Unknown(names))
}
