//! Many files: what names, attributes and calls of the indexes mean.
//!
//! A [`Program`] is what one linted file's questions are asked of: the file's module, and those that the answers lead to, each loaded from
//! the [`snapshot::Snapshot`] when it is first asked for and never otherwise. Functions and classes are referred to by module and id
//! ([`FunctionRef`], [`ClassRef`]), so an answer may lie in another module than the question. What no source is at hand for is
//! [`Value::External`] by its dotted name.

pub(crate) mod constants;
mod elements;
pub(crate) mod entries;
pub(crate) mod exits;
pub(crate) mod flow;
mod globals;
pub(crate) mod graph;
pub(crate) mod imports;
pub(crate) mod origins;
pub(crate) mod outline;
mod reaching;
pub(crate) mod resolve;
mod reverse;
pub(crate) mod service;
pub(crate) mod snapshot;
pub(crate) mod started;
pub(crate) mod stdlib;
pub(crate) mod values;

use std::cell::{Cell, RefCell};
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::sync::Arc;

use elsa::FrozenVec;
use rustc_hash::{FxHashMap, FxHashSet};

use crate::effects::declared::Declared;
use crate::effects::{Effect, knowledge};
use crate::module::Module;
use crate::module::ir::{BoundValue, Branch, Class, ClassId, Code, ExprId, Function, FunctionId, Name, Slot, StmtId, StmtKind};
use crate::settings::{PythonVersion, Settings};
use crate::sources::Roots;
pub(crate) use values::{Reason, Type, Value, Values};

/// How many classes a line of bases may hold.
const MAX_MRO: usize = 100;

/// A module of a program.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct ModuleId(pub(crate) u32);

/// A module in a program.
struct Loaded {
    module: Arc<Module>,
    path: Option<PathBuf>,
}

/// A function of a program.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct FunctionRef {
    pub(crate) module: ModuleId,
    pub(crate) id: FunctionId,
}

/// A class of a program.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct ClassRef {
    pub(crate) module: ModuleId,
    pub(crate) id: ClassId,
}

/// How much work the question that is being answered has cost.
#[derive(Debug, Default)]
struct Steps {
    /// The expressions asked about since the question was put.
    made: Cell<u32>,
    /// The expressions whose answers are being made.
    asking: Cell<u32>,
    /// The lines of bases that were put in order.
    lines: Cell<u32>,
}

/// What expressions may be, by the class of `self`.
type Answers = FxHashMap<(ModuleId, ExprId, Option<ClassRef>), Values>;
/// The first calls of what has a function's name, by the function.
type CallSites = FxHashMap<(ModuleId, FunctionId), Rc<[ExprId]>>;
/// The branches whose conditions may be known, by their `if`.
type Telling = FxHashMap<(ModuleId, StmtId), Rc<[usize]>>;

/// See the module's documentation.
pub(crate) struct Program {
    snapshot: Arc<snapshot::Snapshot>,
    roots: Arc<Roots>,
    /// The modules so far; the first is the linted file's.
    modules: FrozenVec<Box<Loaded>>,
    by_path: RefCell<FxHashMap<PathBuf, Option<ModuleId>>>,
    /// What imports mean, by the importing module, the level and the name.
    imports: RefCell<FxHashMap<(ModuleId, u32, Name), imports::Target>>,
    /// What names at the top of modules are.
    globals: RefCell<FxHashMap<(ModuleId, Name), Values>>,
    pub(crate) target_version: PythonVersion,
    /// What the configuration says that functions do.
    pub(crate) declared: Arc<Declared>,
    /// Answers that are complete, by expression and by the class of `self`.
    answers: RefCell<Answers>,
    lines: RefCell<FxHashMap<ClassRef, Vec<Type>>>,
    steps: Steps,
    /// Where blocks are left: the start of the first statement behind which control never gets, by the first statement of the block.
    leaves: RefCell<FxHashMap<(ModuleId, StmtId), Option<ruff_text_size::TextSize>>>,
    /// See [`Program::telling_branches`].
    telling: RefCell<Telling>,
    /// See [`Program::reaching`].
    places: RefCell<reaching::AllPlaces>,
    /// See [`Program::call_sites`].
    call_sites: RefCell<CallSites>,
    /// See [`Program::exits_of`].
    exits: RefCell<FxHashMap<ModuleId, std::rc::Rc<[exits::Exit]>>>,
    /// See [`Program::exit_helper`].
    exit_helpers: RefCell<FxHashMap<FunctionRef, Option<usize>>>,
    /// See [`Program::scanning`].
    scanned_words: Cell<Option<&'static [&'static str]>>,
    /// Whether a module was not loaded because of these words: the answer then is not kept for others.
    refused: Cell<bool>,
    /// Whether a question needs the index, which is not there yet.
    incomplete: Cell<bool>,
    /// See [`Program::callers`].
    callers: RefCell<FxHashMap<ModuleId, origins::Callers>>,
    /// The names of functions with decorators in so many modules: see [`Program::may_be_property`].
    decorated: RefCell<(usize, FxHashSet<Name>)>,
}

impl Program {
    /// The program of one file. `path` is where it lies, if it lies anywhere.
    pub(crate) fn new(
        module: Arc<Module>,
        path: Option<&Path>,
        snapshot: Arc<snapshot::Snapshot>,
        roots: Arc<Roots>,
        settings: &Settings,
    ) -> Self {
        let modules = FrozenVec::new();
        modules.push(Box::new(Loaded { module, path: path.map(Path::to_owned) }));
        let by_path = path.map(|path| (path.to_owned(), Some(Self::ROOT))).into_iter().collect();
        Self {
            snapshot,
            roots,
            modules,
            by_path: RefCell::new(by_path),
            imports: RefCell::default(),
            globals: RefCell::default(),
            target_version: settings.target_version,
            declared: Arc::clone(&settings.effects),
            answers: RefCell::default(),
            lines: RefCell::default(),
            steps: Steps::default(),
            leaves: RefCell::default(),
            telling: RefCell::default(),
            places: RefCell::default(),
            call_sites: RefCell::default(),
            exits: RefCell::default(),
            exit_helpers: RefCell::default(),
            scanned_words: Cell::new(None),
            refused: Cell::new(false),
            incomplete: Cell::new(false),
            callers: RefCell::default(),
            decorated: RefCell::default(),
        }
    }

    /// The module that was asked for first.
    pub(crate) const ROOT: ModuleId = ModuleId(0);

    pub(crate) fn module(&self, id: ModuleId) -> &Module {
        &self.modules[id.0 as usize].module
    }

    pub(crate) fn function(&self, function: FunctionRef) -> &Function {
        self.module(function.module).function(function.id)
    }

    /// What executing a function does.
    pub(crate) fn code(&self, function: FunctionRef) -> &Code {
        self.module(function.module).code(function.id)
    }

    /// Whether calling a function runs nothing, because it contains `yield`.
    pub(crate) fn is_generator(&self, function: FunctionRef) -> bool {
        self.module(function.module).is_generator(function.id)
    }

    pub(crate) fn class(&self, class: ClassRef) -> &Class {
        self.module(class.module).class(class.id)
    }

    /// Whether a method of a class assigns to an attribute of `self`.
    pub(crate) fn assigns(&self, class: ClassRef, attribute: &str) -> bool {
        self.module(class.module).assigns(class.id, attribute)
    }

    /// A function's name for messages: `Class.method`, `outer.inner`, `<lambda>`.
    pub(crate) fn qualified_name(&self, function: FunctionRef) -> String {
        let module = self.module(function.module);
        let data = module.function(function.id);
        let name = if data.name.is_empty() { "<lambda>" } else { data.name.as_str() };
        match (data.class, data.outer) {
            (Some(class), _) => format!("{}.{name}", module.class(class).name),
            (None, Some(outer)) => format!("{}.{name}", self.qualified_name(FunctionRef { module: function.module, id: outer })),
            (None, None) => name.to_owned(),
        }
    }

    /// A class and its bases in the order of method resolution (C3; where the bases contradict each other, depth first).
    /// Bases outside the program are named; what cannot be resolved is left out.
    pub(crate) fn mro(&self, class: ClassRef) -> Vec<Type> {
        if let Some(line) = self.lines.borrow().get(&class) {
            return line.clone();
        }
        let (line, _) = self.linearize(class, &mut Vec::new());
        self.lines.borrow_mut().insert(class, line.clone());
        line
    }

    /// The line of a class that is met on the way from others, and whether it is the same from wherever one comes: nothing was left out because
    /// of where the way had led. Such lines are kept, so that a chain of classes is put in order once and not anew from each of its ends.
    fn linearize(&self, class: ClassRef, open: &mut Vec<ClassRef>) -> (Vec<Type>, bool) {
        if let Some(line) = self.lines.borrow().get(&class).filter(|_| !open.is_empty()) {
            return (line.clone(), true);
        }
        // No line holds more: what lies deeper has no place in it.
        if open.len() >= MAX_MRO {
            return (vec![Type::Class(class)], false);
        }
        self.steps.lines.set(self.steps.lines.get() + 1);
        open.push(class);
        let mut lines: Vec<Vec<Type>> = Vec::new();
        let mut direct = Vec::new();
        let mut whole = true;
        for base in self.bases(class) {
            match &base {
                Type::Class(inner) if open.contains(inner) => {
                    whole = false;
                    continue;
                }
                Type::Class(inner) => {
                    let (line, inner_whole) = self.linearize(*inner, open);
                    whole &= inner_whole;
                    lines.push(line);
                }
                Type::External(_) => lines.push(vec![base.clone()]),
            }
            direct.push(base);
        }
        open.pop();
        let merged = Self::merged(class, lines, direct);
        if whole {
            self.lines.borrow_mut().insert(class, merged.clone());
        }
        (merged, whole)
    }

    /// The lines of the bases as one.
    fn merged(class: ClassRef, mut lines: Vec<Vec<Type>>, direct: Vec<Type>) -> Vec<Type> {
        // One base only is followed by its own line.
        if let [line] = lines.as_mut_slice() {
            line.truncate(MAX_MRO - 1);
            line.insert(0, Type::Class(class));
            return lines.remove(0);
        }
        lines.push(direct);
        let mut merged = vec![Type::Class(class)];
        while merged.len() < MAX_MRO {
            lines.retain(|line| !line.is_empty());
            let Some(first) = lines.first() else { break };
            let free = lines.iter().map(|line| &line[0]).find(|head| !lines.iter().any(|line| line[1..].contains(head)));
            let next = free.unwrap_or(&first[0]).clone();
            for line in &mut lines {
                line.retain(|entry| *entry != next);
            }
            merged.push(next);
        }
        merged
    }

    /// The classes that a class names as its bases.
    fn bases(&self, class: ClassRef) -> Vec<Type> {
        let mut bases = Vec::new();
        for base in &self.class(class).bases {
            for value in self.resolver(class.module).values(*base) {
                let base = match value {
                    Value::Class(inner) => Type::Class(inner),
                    Value::External(name) => Type::External(name),
                    _ => continue,
                };
                if !bases.contains(&base) {
                    bases.push(base);
                }
            }
        }
        bases
    }

    /// Whether a class derives from a library class (or is one of the classes that the tables derive from it).
    pub(crate) fn derives_from(&self, class: ClassRef, library: &str) -> bool {
        self.mro(class).iter().any(|entry| match entry {
            Type::External(name) => crate::effects::knowledge::is_subclass(name, library),
            Type::Class(_) => false,
        })
    }

    /// The method of a class (or of its bases in the program) by name: a function in the class's body, or a name bound to one.
    pub(crate) fn method(&self, class: ClassRef, name: &str) -> Option<FunctionRef> {
        self.mro(class).iter().find_map(|entry| match entry {
            Type::Class(entry) => self.own_method(*entry, name),
            Type::External(_) => None,
        })
    }

    /// The method that a class's own body binds to a name.
    pub(crate) fn own_method(&self, class: ClassRef, name: &str) -> Option<FunctionRef> {
        let module = self.module(class.module);
        match &module.own_binding(class.id, name)?.value {
            BoundValue::Function(id) => Some(FunctionRef { module: class.module, id: *id }),
            BoundValue::Expr(value) => self.resolver(class.module).values(*value).iter().find_map(|value| match value {
                Value::Function(function) => Some(*function),
                _ => None,
            }),
            _ => None,
        }
    }

    /// Whether an attribute of this name may be a property, as far as the modules that are loaded tell. Others may be loaded to learn more, unless the
    /// program is frozen.
    pub(crate) fn may_be_property(&self, attribute: &str) -> bool {
        if !self.is_frozen() {
            return true;
        }
        let (seen, names) = &mut *self.decorated.borrow_mut();
        for loaded in self.modules.iter().skip(*seen) {
            names.extend(loaded.module.decorated().iter().cloned());
            *seen += 1;
        }
        names.contains(attribute)
    }

    /// The classes of the project that derive from a class (itself not included): those of its own module first, then those in other files
    /// that define any of the methods.
    pub(crate) fn subclasses(&self, class: ClassRef, methods: &[Name]) -> Vec<ClassRef> {
        let module = self.module(class.module);
        let candidates = module.classes().map(|(id, _)| ClassRef { module: class.module, id });
        let mut found: Vec<ClassRef> =
            candidates.filter(|other| *other != class && self.mro(*other).contains(&Type::Class(class))).collect();
        found.extend(self.foreign_subclasses(class, methods));
        found
    }

    /// Whether a statement can never run: a branch whose condition folds, or behind `return`, `raise`, `break`, `continue`.
    pub(crate) fn is_dead(&self, id: ModuleId, stmt: StmtId) -> bool {
        let module = self.module(id);
        let mut at = stmt;
        loop {
            if self.is_behind_a_leave(id, module, at) {
                return true;
            }
            let Some((outer, slot)) = module.stmt(at).parent else { return false };
            if let (StmtKind::If { branches }, Slot::Branch(index)) = (&module.stmt(outer).kind, slot) {
                let truth = |index: usize| branches[index].test.map_or(Some(true), |test| self.condition(id, test));
                let index = index as usize;
                let telling = self.telling_branches(id, outer);
                let before = telling.iter().take_while(|earlier| **earlier < index);
                if truth(index) == Some(false) || before.into_iter().any(|earlier| truth(*earlier) == Some(true)) {
                    return true;
                }
            }
            if let (StmtKind::While { test, .. }, Slot::Body) = (&module.stmt(outer).kind, slot)
                && self.condition(id, *test) == Some(false)
            {
                return true;
            }
            if matches!(module.stmt(outer).kind, StmtKind::Function(_) | StmtKind::Class(_)) {
                return false;
            }
            at = outer;
        }
    }

    /// The branches of an `if` whose conditions may be known. Told once for each: a chain of `elif` may be long, and most conditions never are.
    fn telling_branches(&self, id: ModuleId, stmt: StmtId) -> Rc<[usize]> {
        if let Some(known) = self.telling.borrow().get(&(id, stmt)) {
            return Rc::clone(known);
        }
        let module = self.module(id);
        let branches = if let StmtKind::If { branches } = &module.stmt(stmt).kind { &**branches } else { &[] };
        let tells =
            |(index, branch): (usize, &Branch)| branch.test.is_none_or(|test| constants::may_be_known(module, test)).then_some(index);
        let telling: Rc<[usize]> = branches.iter().enumerate().filter_map(tells).collect();
        self.telling.borrow_mut().insert((id, stmt), Rc::clone(&telling));
        telling
    }

    /// Whether control never gets to a statement because of one in front of it in its block. Told once for each block: asked of every statement
    /// of a long block anew, it would take the square of its length.
    fn is_behind_a_leave(&self, id: ModuleId, module: &Module, stmt: StmtId) -> bool {
        let block = module.block_of(stmt);
        let Some(first) = block.first() else { return false };
        let start = |stmt: StmtId| module.stmt(stmt).range.start();
        let leave =
            *self.leaves.borrow_mut().entry((id, *first)).or_insert_with(|| {
                block.iter().find(|earlier| module.leaves(std::slice::from_ref(*earlier))).map(|earlier| start(*earlier))
            });
        leave.is_some_and(|leave| leave < start(stmt))
    }

    /// Whether an expression is evaluated by the code around it when it runs, and is not in a dead branch.
    pub(crate) fn is_live(&self, module: ModuleId, expr: ExprId) -> bool {
        !self.is_dead(module, self.module(module).expr(expr).stmt)
    }

    /// What calling something outside the program does, by its dotted name: what the configuration says, else the tables.
    #[expect(clippy::option_option, reason = "that nothing is known and that a thing does nothing differ")]
    pub(crate) fn effect(&self, name: &str) -> Option<Option<Effect>> {
        self.declared.effect(name).or_else(|| knowledge::effect(name))
    }

    /// As [`Program::effect`], for a method of a class outside the program.
    #[expect(clippy::option_option, reason = "that nothing is known and that a thing does nothing differ")]
    pub(crate) fn method_effect(&self, class: &str, method: &str) -> Option<Option<Effect>> {
        self.declared.effect(&format!("{class}.{method}")).or_else(|| knowledge::method_effect(class, method))
    }

    /// The names that an expression's values have as things outside the program (`sys.exit`, `builtins.print`).
    pub(crate) fn externals(&self, module: ModuleId, expr: ExprId) -> Vec<Name> {
        let values = self.resolver(module).values(expr);
        values.into_iter().filter_map(|value| if let Value::External(name) = value { Some(name) } else { None }).collect()
    }

    /// Whether one of an expression's values is the thing of a name outside the program.
    pub(crate) fn is_external(&self, module: ModuleId, expr: ExprId, names: &[&str]) -> bool {
        if !self.module(module).may_be_called(expr, |last| {
            names.iter().any(|name| name.rsplit('.').next() == Some(last)) || crate::effects::knowledge::renames(last)
        }) {
            return false;
        }
        self.externals(module, expr).iter().any(|name| names.contains(&name.as_str()))
    }

    pub(crate) fn resolver(&self, module: ModuleId) -> resolve::Resolver<'_> {
        resolve::Resolver::new(self, module, None)
    }

    /// A resolver for code that runs with `self` being an instance of a class.
    pub(crate) fn resolver_for(&self, module: ModuleId, this: Option<ClassRef>) -> resolve::Resolver<'_> {
        resolve::Resolver::new(self, module, this)
    }
}
