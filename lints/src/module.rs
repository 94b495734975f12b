//! One file: the parse, and the walk that builds its index.
//!
//! Invariant: behind this module nobody sees the parser's types, and nobody walks a tree again. A rule asks the index.

mod again;
pub(crate) mod ir;
mod lower;
mod nesting;
mod parts;
mod search;

use std::sync::{Arc, OnceLock, RwLock};

use ruff_python_ast::token::TokenKind;
use ruff_python_parser::{Mode, ParseOptions, parse_unchecked};
use ruff_text_size::{Ranged, TextRange, TextSize};
use rustc_hash::{FxHashMap, FxHashSet};

pub use again::Earlier;
pub use nesting::STACK_SIZE;

use crate::source::SourceFile;
use ir::{
    Arg, ArgKind, Block, Class, ClassId, Code, Expr, ExprId, ExprKind, Function, FunctionBody, FunctionId, Handler, Name, Scope, ScopeId,
    ScopeKind, Slot, Stmt, StmtId, StmtKind,
};
use lower::Arenas;
use parts::Part;

/// The index of a file.
#[derive(Debug)]
pub(crate) struct Module {
    pub(crate) file: Arc<SourceFile>,
    /// What was parsed first: all, or all but the parts.
    top: Arenas,
    parts: Box<[Part]>,
    /// Whether all parts have been read, so that none needs to be searched for words first.
    is_complete: bool,
    /// See [`Module::attribute`]: the parts that are methods of classes, and those that assign, as far as that was asked.
    methods: OnceLock<FxHashMap<ClassId, Vec<u32>>>,
    assigning: RwLock<search::Assigning>,
    /// What the parser could not read, with its words.
    pub(crate) syntax_errors: Vec<(TextRange, String)>,
    /// The comments, where the text has any word of a suppression; else none.
    pub(crate) comments: Vec<TextRange>,
    /// See [`crate::suppress::extent`].
    pub(crate) extents: OnceLock<Box<[(u32, u32)]>>,
    /// See [`Module::choices_in`].
    choices: OnceLock<FxHashMap<StmtId, Vec<ExprId>>>,
    /// See [`Module::leaving_tests_before`].
    leaving_tests: OnceLock<search::LeavingTests>,
    /// See [`Module::decorated`].
    decorated: OnceLock<FxHashSet<Name>>,
}

/// The text nests deeper than is parsed, at this offset.
#[derive(Clone, Copy, Debug)]
pub(crate) struct TooDeep(pub(crate) TextSize);

/// What the tokens tell about the lines of a text: where comments are, and where none can be.
#[derive(Debug, Default)]
pub(crate) struct Layout {
    pub(crate) comments: Vec<TextRange>,
    /// Strings, f-strings with all that is in them.
    strings: Vec<TextRange>,
}

/// Reads the layout of a text that [`Module::parse`] takes.
pub(crate) fn layout(text: &str) -> Layout {
    let parsed = parse_unchecked(text, ParseOptions::from(Mode::Module));
    let mut found = Layout::default();
    // Interpolated strings nest.
    let mut starts = Vec::new();
    for token in parsed.tokens() {
        match token.kind() {
            TokenKind::Comment => found.comments.push(token.range()),
            TokenKind::String if starts.is_empty() => found.strings.push(token.range()),
            TokenKind::FStringStart | TokenKind::TStringStart => starts.push(token.start()),
            TokenKind::FStringEnd | TokenKind::TStringEnd => {
                found.strings.extend(starts.pop().filter(|_| starts.is_empty()).map(|start| TextRange::new(start, token.end())));
            }
            _ => {}
        }
    }
    found
}

impl Layout {
    /// The comment that ends at an offset.
    pub(crate) fn comment_at(&self, end: TextSize) -> Option<TextRange> {
        self.comments.get(self.comments.partition_point(|comment| comment.end() < end)).copied().filter(|comment| comment.end() == end)
    }

    /// Whether a comment can stand at the end of a line, or stands there.
    pub(crate) fn takes_comment(&self, file: &SourceFile, line: u32) -> bool {
        let range = file.line_range(line);
        let end = range.end();
        // Neither overlap (of interpolated strings only the outermost are kept), and both are in the order of the text.
        let string = self.strings.get(self.strings.partition_point(|string| string.end() <= end));
        let in_string = string.is_some_and(|string| string.start() < end);
        let has_comment = self.comment_at(end).is_some();
        has_comment || !in_string && !file.slice(range).trim_end().ends_with('\\')
    }
}

/// A call with its arguments.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Call<'a> {
    pub(crate) id: ExprId,
    pub(crate) func: ExprId,
    pub(crate) args: &'a [Arg],
}

impl<'a> Call<'a> {
    /// The n-th positional argument (from 0), where no `*values` stands before it.
    pub(crate) fn positional(&self, index: usize) -> Option<ExprId> {
        let mut seen = 0;
        for arg in self.args {
            match arg.kind {
                ArgKind::Star => return None,
                ArgKind::Positional if seen == index => return Some(arg.value),
                ArgKind::Positional => seen += 1,
                _ => {}
            }
        }
        None
    }

    /// The argument passed by a name.
    pub(crate) fn keyword(&self, name: &str) -> Option<&'a Arg> {
        self.args.iter().find(|arg| matches!(&arg.kind, ArgKind::Keyword(keyword) if keyword == name))
    }

    /// The argument for a parameter that can be passed by position or by name.
    pub(crate) fn argument(&self, index: usize, name: &str) -> Option<ExprId> {
        self.positional(index).or_else(|| self.keyword(name).map(|arg| arg.value))
    }

    /// Whether `*values` or `**mapping` hides what is passed.
    pub(crate) fn has_star(&self) -> bool {
        self.args.iter().any(|arg| matches!(arg.kind, ArgKind::Star | ArgKind::DoubleStar))
    }
}

impl Module {
    /// Parses a text and builds its index. A text with syntax errors gives the index of what could be recovered.
    ///
    /// # Errors
    /// Where the text nests too deeply to be parsed.
    pub(crate) fn parse(file: Arc<SourceFile>) -> Result<Self, TooDeep> {
        match nesting::too_deep(file.text()) {
            Some(offset) => Err(TooDeep(offset)),
            None => Ok(Self::parse_whole(file)),
        }
    }

    /// As [`Module::parse`], for others to look things up in: most functions are parsed when they are asked for, and neither the
    /// syntax errors nor the comments of these are known.
    pub(crate) fn parse_in_parts(file: Arc<SourceFile>) -> Result<Self, TooDeep> {
        let scanned = nesting::scan(file.text());
        if let Some(offset) = scanned.too_deep {
            return Err(TooDeep(offset));
        }
        match parts::split(file.text(), scanned.bodies, false) {
            Some((top, parts)) => Ok(Self::new(file, top, parts.into())),
            None => Ok(Self::parse_whole(file)),
        }
    }

    fn new(file: Arc<SourceFile>, top: Arenas, parts: Box<[Part]>) -> Self {
        Self {
            file,
            top,
            parts,
            is_complete: false,
            methods: OnceLock::new(),
            assigning: RwLock::default(),
            syntax_errors: Vec::new(),
            comments: Vec::new(),
            extents: OnceLock::new(),
            choices: OnceLock::new(),
            leaving_tests: OnceLock::new(),
            decorated: OnceLock::new(),
        }
    }

    fn parse_whole(file: Arc<SourceFile>) -> Self {
        let text = file.text();
        let parsed = parse_unchecked(text, ParseOptions::from(Mode::Module));
        let comments = if may_suppress(text) {
            parsed.tokens().iter().filter(|token| token.kind() == TokenKind::Comment).map(Ranged::range).collect()
        } else {
            Vec::new()
        };
        let syntax_errors = parsed.errors().iter().map(|error| (error.location, error.error.to_string())).collect();
        let top = match parsed.syntax() {
            ruff_python_ast::Mod::Module(module) => lower::lower(&module.body, text.len(), &[]).unwrap_or_default().0,
            ruff_python_ast::Mod::Expression(_) => Arenas::default(),
        };
        Self { syntax_errors, comments, ..Self::new(file, top, Box::default()) }
    }

    // ---- the arenas

    /// The arenas of an id, and its place there.
    fn at(&self, id: u32) -> (&Arenas, usize) {
        if id < lower::PART_SIZE || self.parts.is_empty() {
            (&self.top, id as usize)
        } else {
            (self.part((id / lower::PART_SIZE) as usize - 1), (id % lower::PART_SIZE) as usize)
        }
    }

    fn part(&self, index: usize) -> &Arenas {
        self.parts[index].arenas(index, self.file.text(), &self.top)
    }

    pub(crate) fn expr(&self, id: ExprId) -> &Expr {
        let (arenas, index) = self.at(id.0);
        &arenas.exprs[index]
    }

    /// How many expressions a module has that was parsed as a whole.
    pub(crate) fn expression_count(&self) -> u32 {
        self.top.exprs.len() as u32
    }

    pub(crate) fn kind(&self, id: ExprId) -> &ExprKind {
        &self.expr(id).kind
    }

    pub(crate) fn stmt(&self, id: StmtId) -> &Stmt {
        let (arenas, index) = self.at(id.0);
        &arenas.stmts[index]
    }

    pub(crate) fn function(&self, id: FunctionId) -> &Function {
        let (arenas, index) = self.at(id.0);
        &arenas.functions[index]
    }

    /// What executing a function does.
    pub(crate) fn code(&self, id: FunctionId) -> &Code {
        match self.part_of_function(id) {
            Some(part) => &self.part(part).code,
            None => &self.function(id).code,
        }
    }

    /// Whether calling a function runs nothing, because it contains `yield`.
    pub(crate) fn is_generator(&self, id: FunctionId) -> bool {
        let may_be = |part: usize| self.is_complete || self.part_holds(part, &["yield"]);
        self.part_of_function(id).is_none_or(may_be) && self.code(id).is_generator
    }

    pub(crate) fn class(&self, id: ClassId) -> &Class {
        let (arenas, index) = self.at(id.0);
        &arenas.classes[index]
    }

    /// The part that a function's body is, where it is one.
    fn part_of_function(&self, id: FunctionId) -> Option<usize> {
        self.part_of(self.function(id).scope).filter(|_| id.0 < lower::PART_SIZE)
    }

    /// The innermost function in whose body a position lies.
    pub(crate) fn function_at(&self, at: TextSize) -> Option<FunctionId> {
        let around = self.stmts().filter(|(_, stmt)| stmt.range.contains(at));
        around.min_by_key(|(_, stmt)| stmt.range.len()).and_then(|(_, stmt)| stmt.function)
    }

    /// The part that a scope lies in.
    fn part_of(&self, scope: ScopeId) -> Option<usize> {
        if self.parts.is_empty() { None } else { ((scope.0 / lower::PART_SIZE) as usize).checked_sub(1) }
    }

    pub(crate) fn scope(&self, id: ScopeId) -> &Scope {
        let (arenas, index) = self.at(id.0);
        &arenas.scopes[index]
    }

    pub(crate) fn body(&self) -> &Block {
        &self.top.body
    }

    pub(crate) fn star_imports(&self) -> &[(Name, u32)] {
        &self.top.star_imports
    }

    pub(crate) fn functions(&self) -> impl Iterator<Item = (FunctionId, &Function)> {
        self.all(&["def ", "lambda"], |arenas| &arenas.functions, |mark| mark.functions).map(|(id, function)| (FunctionId(id), function))
    }

    pub(crate) fn classes(&self) -> impl Iterator<Item = (ClassId, &Class)> {
        self.all(&["class "], |arenas| &arenas.classes, |mark| mark.classes).map(|(id, class)| (ClassId(id), class))
    }

    pub(crate) fn stmts(&self) -> impl Iterator<Item = (StmtId, &Stmt)> {
        self.all(&[], |arenas| &arenas.stmts, |mark| mark.stmts).map(|(id, stmt)| (StmtId(id), stmt))
    }

    pub(crate) fn exprs(&self) -> impl Iterator<Item = (ExprId, &Expr)> {
        self.all(&[], |arenas| &arenas.exprs, |mark| mark.exprs).map(|(id, expr)| (ExprId(id), expr))
    }

    /// Every call of the module, in the order of the text.
    pub(crate) fn calls(&self) -> impl Iterator<Item = Call<'_>> {
        self.all(&[], |arenas| &arenas.calls, |mark| mark.calls).filter_map(|(_, id)| self.call(*id))
    }

    // ---- expressions

    /// An expression as a call.
    pub(crate) fn call(&self, id: ExprId) -> Option<Call<'_>> {
        match self.kind(id) {
            ExprKind::Call { func, args } => Some(Call { id, func: *func, args }),
            _ => None,
        }
    }

    /// The source text of an expression, on one line and not longer than a message bears.
    pub(crate) fn snippet(&self, id: ExprId) -> String {
        const LONGEST: usize = 60;
        let text = self.file.slice(self.expr(id).range);
        let mut words = text.split_whitespace().collect::<Vec<_>>().join(" ");
        if words.chars().count() > LONGEST {
            words = words.chars().take(LONGEST - 3).collect::<String>() + "...";
        }
        words
    }

    /// Whether an expression may denote something of a name, as far as the text tells: an attribute by its last word, a name by itself
    /// or by what it was imported as. What is computed or bound otherwise may denote anything.
    pub(crate) fn may_be_called(&self, id: ExprId, is_such: impl Fn(&str) -> bool) -> bool {
        match self.kind(id) {
            ExprKind::Attribute { value, attr, .. } => {
                is_such(attr) || matches!(self.kind(*value), ExprKind::Name(name) if name == "self" || name == "cls")
            }
            ExprKind::Name(name) => match self.binding_scope(self.expr(id).scope, name) {
                None => is_such(name),
                Some(scope) => self.scope(scope).bindings[name].iter().any(|binding| match &binding.value {
                    ir::BoundValue::Imported { name, .. } => is_such(name),
                    ir::BoundValue::Module(name) => is_such(name.rsplit('.').next().unwrap_or_default()),
                    ir::BoundValue::Class(_) => false,
                    _ => true,
                }),
            },
            _ => true,
        }
    }

    /// As [`Module::may_be_called`], for what nobody keeps on an object under another name.
    pub(crate) fn may_be_named(&self, id: ExprId, is_such: impl Fn(&str) -> bool) -> bool {
        match self.kind(id) {
            ExprKind::Attribute { attr, .. } => is_such(attr),
            _ => self.may_be_called(id, is_such),
        }
    }

    /// Whether an expression is a name, or an attribute of this name.
    pub(crate) fn is_named(&self, id: ExprId, wanted: &str) -> bool {
        match self.kind(id) {
            ExprKind::Attribute { attr: name, .. } | ExprKind::Name(name) => name == wanted,
            _ => false,
        }
    }

    /// `a.b.c` as its parts, where the expression is nothing but names and attributes.
    pub(crate) fn dotted(&self, id: ExprId) -> Option<Vec<&str>> {
        let mut parts = Vec::new();
        let mut at = id;
        loop {
            match self.kind(at) {
                ExprKind::Attribute { value, attr, .. } => {
                    parts.push(attr.as_str());
                    at = *value;
                }
                ExprKind::Name(name) => {
                    parts.push(name.as_str());
                    parts.reverse();
                    return Some(parts);
                }
                _ => return None,
            }
        }
    }

    /// The name of the function's first parameter, where the function is a method.
    pub(crate) fn self_name(&self, function: FunctionId) -> Option<&Name> {
        let function = self.function(function);
        function.class?;
        function.params.first().map(|param| &param.name)
    }

    // ---- statements and their surroundings

    /// The statements around a statement, inside out, each with the block that it is in; ends at the function or class around.
    pub(crate) fn around(&self, stmt: StmtId) -> impl Iterator<Item = (StmtId, Slot)> {
        std::iter::successors(self.stmt(stmt).parent, |(outer, _)| self.stmt(*outer).parent)
            .take_while(|(outer, _)| !matches!(self.stmt(*outer).kind, StmtKind::Function(_) | StmtKind::Class(_)))
    }

    /// Whether one execution of a function runs at most one of two statements: they stand in branches that exclude each other, or one in the
    /// clause that handles the other's failure.
    pub(crate) fn exclude_each_other(&self, first: StmtId, second: StmtId) -> bool {
        let runs_after = |slot: Slot| matches!(slot, Slot::Else | Slot::Finally);
        let others: Vec<(StmtId, Slot)> = self.around(second).collect();
        self.around(first).any(|(outer, slot)| {
            others.iter().any(|(other, there)| *other == outer && *there != slot && !runs_after(slot) && !runs_after(*there))
        })
    }

    /// As [`Module::around`], but on to the top of the module.
    pub(crate) fn around_all(&self, stmt: StmtId) -> impl Iterator<Item = (StmtId, Slot)> {
        std::iter::successors(self.stmt(stmt).parent, |(outer, _)| self.stmt(*outer).parent)
    }

    /// The innermost `except` clause around a statement, within its function.
    pub(crate) fn handler_around(&self, stmt: StmtId) -> Option<(StmtId, &Handler)> {
        self.around(stmt).find_map(|(outer, slot)| match (&self.stmt(outer).kind, slot) {
            (StmtKind::Try { handlers, .. }, Slot::Handler(index)) => Some((outer, handlers.get(index as usize)?)),
            _ => None,
        })
    }

    /// The block that holds a statement.
    pub(crate) fn block_of(&self, stmt: StmtId) -> &[StmtId] {
        match self.stmt(stmt).parent {
            None => &self.top.body,
            Some((outer, slot)) => self.slot(outer, slot),
        }
    }

    /// A block of a compound statement; empty where there is none.
    pub(crate) fn slot(&self, stmt: StmtId, slot: Slot) -> &[StmtId] {
        match (&self.stmt(stmt).kind, slot) {
            (StmtKind::If { branches }, Slot::Branch(index)) => branches.get(index as usize).map_or(&[], |branch| &branch.body),
            (
                StmtKind::While { body, .. } | StmtKind::For { body, .. } | StmtKind::With { body, .. } | StmtKind::Try { body, .. },
                Slot::Body,
            ) => body,
            (StmtKind::While { orelse, .. } | StmtKind::For { orelse, .. } | StmtKind::Try { orelse, .. }, Slot::Else) => orelse,
            (StmtKind::Try { handlers, .. }, Slot::Handler(index)) => handlers.get(index as usize).map_or(&[], |handler| &handler.body),
            (StmtKind::Try { finalbody, .. }, Slot::Finally) => finalbody,
            (StmtKind::Match { cases, .. }, Slot::Case(index)) => cases.get(index as usize).map_or(&[], |case| &case.body),
            (StmtKind::Function(function), Slot::Body) => self.function_block(*function),
            _ => &[],
        }
    }

    /// The statements of a function; none for a lambda.
    pub(crate) fn function_block(&self, function: FunctionId) -> &[StmtId] {
        match &self.code(function).body {
            FunctionBody::Block(block) => block,
            FunctionBody::Lambda(_) => &[],
        }
    }

    /// The statements in front of a statement in its block, nearest first.
    pub(crate) fn before(&self, stmt: StmtId) -> impl Iterator<Item = StmtId> {
        let block = self.block_of(stmt);
        // A block is in the order of the text.
        let start = self.stmt(stmt).range.start();
        let at = block.partition_point(|other| self.stmt(*other).range.start() < start);
        block[..at].iter().rev().copied()
    }

    /// Whether a statement stands under `if __name__ == "__main__"`.
    pub(crate) fn under_main_guard(&self, stmt: StmtId) -> bool {
        self.around_all(stmt).any(|(outer, slot)| {
            slot == Slot::Branch(0)
                && matches!(&self.stmt(outer).kind, StmtKind::If { branches } if branches[0].test.is_some_and(|test| self.is_main_test(test)))
        })
    }

    /// Whether an expression is `__name__ == "__main__"`, alone or as a part of an `and`.
    pub(crate) fn is_main_test(&self, test: ExprId) -> bool {
        match self.kind(test) {
            ExprKind::Compare { left, rest } if rest.len() == 1 && rest[0].0 == ir::CmpOp::Eq => {
                let is_name = |id: ExprId| matches!(self.kind(id), ExprKind::Name(name) if name == "__name__");
                let is_main = |id: ExprId| matches!(self.kind(id), ExprKind::Str(value) if &**value == "__main__");
                is_name(*left) && is_main(rest[0].1) || is_main(*left) && is_name(rest[0].1)
            }
            ExprKind::BoolOp { is_and: true, values } => values.iter().any(|value| self.is_main_test(*value)),
            _ => false,
        }
    }

    /// Whether control never gets behind a block: it ends in `return`, `raise`, `break`, `continue`, or in a compound statement
    /// all of whose branches do.
    pub(crate) fn leaves(&self, block: &[StmtId]) -> bool {
        block.iter().any(|stmt| match &self.stmt(*stmt).kind {
            StmtKind::Return(_) | StmtKind::Raise { .. } | StmtKind::Break | StmtKind::Continue => true,
            StmtKind::If { branches } => {
                branches.last().is_some_and(|last| last.test.is_none()) && branches.iter().all(|branch| self.leaves(&branch.body))
            }
            StmtKind::With { body, .. } => self.leaves(body),
            StmtKind::Try { body, handlers, orelse, finalbody } => {
                self.leaves(finalbody)
                    || (self.leaves(body) || self.leaves(orelse)) && handlers.iter().all(|handler| self.leaves(&handler.body))
            }
            StmtKind::Match { cases, .. } => {
                cases.last().is_some_and(|last| last.irrefutable) && cases.iter().all(|case| self.leaves(&case.body))
            }
            _ => false,
        })
    }

    /// The bindings that a statement makes in any scope; of a `def`, not those of its parameters.
    pub(crate) fn bindings_of(&self, stmt: StmtId) -> impl Iterator<Item = &ir::Binding> {
        let scopes = self.at(stmt.0).0.scopes.iter().flat_map(|scope| scope.bindings.values().flatten());
        scopes.filter(move |binding| binding.stmt == stmt)
    }

    /// The names that imports bind in any scope, in the order of the text; star imports bind none.
    pub(crate) fn imported_names(&self) -> Vec<(&Name, &ir::Binding)> {
        let parts = (0..self.parts.len()).map(|part| self.part(part));
        let all = std::iter::once(&self.top)
            .chain(parts)
            .flat_map(|arenas| &arenas.scopes)
            .flat_map(|scope| &scope.bindings)
            .flat_map(|(name, bindings)| bindings.iter().map(move |one| (name, one)));
        let mut found: Vec<_> =
            all.filter(|(_, binding)| matches!(binding.value, ir::BoundValue::Module(_) | ir::BoundValue::Imported { .. })).collect();
        found.sort_by_key(|(_, binding)| binding.range.start());
        found
    }

    /// The class whose body or methods hold a scope, looking outwards.
    pub(crate) fn class_around(&self, function: FunctionId) -> Option<ClassId> {
        std::iter::successors(Some(function), |id| self.function(*id).outer).find_map(|id| self.function(id).class)
    }

    /// What a class's own body binds to a name; the last definition counts. A property is known by its getter.
    pub(crate) fn own_binding(&self, class: ClassId, name: &str) -> Option<&ir::Binding> {
        let bindings = self.scope(self.class(class).scope).bindings.get(name)?;
        bindings.iter().rev().find(|binding| !self.is_accessor(binding)).or_else(|| bindings.last())
    }

    /// Whether a binding only adds to the property of that name: `@name.setter`, `@name.deleter`.
    fn is_accessor(&self, binding: &ir::Binding) -> bool {
        let ir::BoundValue::Function(function) = binding.value else { return false };
        let function = self.function(function);
        function.decorators.iter().any(|decorator| match self.kind(*decorator) {
            ExprKind::Attribute { value, attr, .. } => {
                matches!(attr.as_str(), "setter" | "deleter") && matches!(self.kind(*value), ExprKind::Name(name) if *name == function.name)
            }
            _ => false,
        })
    }

    /// The first scope, from one outwards, that binds a name by Python's rules (class scopes are seen from their own body only).
    pub(crate) fn binding_scope(&self, from: ScopeId, name: &str) -> Option<ScopeId> {
        let mut at = Some(from);
        while let Some(id) = at {
            let scope = self.scope(id);
            if scope.globals.iter().any(|global| global == name) {
                return self.scope(ScopeId(0)).bindings.contains_key(name).then_some(ScopeId(0));
            }
            let visible = id == from || !matches!(scope.kind, ScopeKind::Class(_));
            if visible && scope.bindings.contains_key(name) {
                return Some(id);
            }
            at = scope.parent;
        }
        None
    }
}

/// Whether a text has any word of a suppression.
fn may_suppress(text: &str) -> bool {
    ["pyrelint", "noqa", "NOQA", "NoQA"].iter().any(|word| memchr::memmem::find(text.as_bytes(), word.as_bytes()).is_some())
}
