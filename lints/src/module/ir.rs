//! The index's own form of a module: arenas of expressions, statements, functions, classes and scopes, linked by ids.
//!
//! It keeps what the analyses ask for and drops the rest, holds no reference to the syntax tree (which is gone when the walk
//! ends), and can be shared by threads. Every expression knows its scope and its statement, every statement its
//! parent: context (enclosing handlers, loops, `finally`, functions) is found by going up.

use compact_str::CompactString;
use ruff_text_size::TextRange;
use rustc_hash::FxHashMap;
use smallvec::SmallVec;

/// A Python identifier or dotted name.
pub(crate) type Name = CompactString;

macro_rules! ids {
    ($($(#[$doc:meta])* $id:ident)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub(crate) struct $id(pub(crate) u32);
        impl $id {
        }
    )*};
}

ids! {
    /// An expression of a module.
    ExprId
    /// A statement of a module.
    StmtId
    /// A function or lambda of a module.
    FunctionId
    /// A class of a module.
    ClassId
    /// A scope of a module; 0 is the module's own.
    ScopeId
}

/// An expression.
#[derive(Debug)]
pub(crate) struct Expr {
    pub(crate) kind: ExprKind,
    pub(crate) range: TextRange,
    pub(crate) scope: ScopeId,
    /// The innermost statement that holds it.
    pub(crate) stmt: StmtId,
    /// The function (or lambda) whose execution evaluates it; `None` for module and class bodies.
    pub(crate) function: Option<FunctionId>,
}

/// What an expression is.
#[derive(Debug)]
pub(crate) enum ExprKind {
    Name(Name),
    Attribute {
        value: ExprId,
        attr: Name,
        attr_range: TextRange,
    },
    Call {
        func: ExprId,
        args: Box<[Arg]>,
    },
    Str(Box<str>),
    Bytes,
    /// An integer literal; `None` where it does not fit 64 bits.
    Int(Option<i64>),
    Float(f64),
    Complex,
    Bool(bool),
    None,
    Ellipsis,
    FString(Box<[FStringPart]>),
    BinOp {
        left: ExprId,
        op: BinOp,
        right: ExprId,
    },
    Unary {
        op: UnaryOp,
        operand: ExprId,
    },
    BoolOp {
        is_and: bool,
        values: Box<[ExprId]>,
    },
    Compare {
        left: ExprId,
        rest: Box<[(CmpOp, ExprId)]>,
    },
    If {
        test: ExprId,
        body: ExprId,
        orelse: ExprId,
    },
    Lambda(FunctionId),
    Tuple(Box<[ExprId]>),
    List(Box<[ExprId]>),
    Set(Box<[ExprId]>),
    /// Items; a key of `None` is `**mapping`.
    Dict(Box<[(Option<ExprId>, ExprId)]>),
    Comprehension {
        kind: ComprehensionKind,
        element: ExprId,
        generators: Box<[Generator]>,
    },
    Subscript {
        value: ExprId,
        slice: ExprId,
    },
    Slice,
    Starred(ExprId),
    Named {
        target: ExprId,
        value: ExprId,
    },
    Await(ExprId),
    Yield,
    /// What the parser could not read, or what no analysis looks into.
    Other,
}

/// A part of an f-string.
#[derive(Debug)]
pub(crate) enum FStringPart {
    Text(Box<str>),
    Value,
}

/// An argument of a call.
#[derive(Debug)]
pub(crate) struct Arg {
    pub(crate) kind: ArgKind,
    pub(crate) value: ExprId,
    pub(crate) range: TextRange,
}

/// How an argument is passed.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum ArgKind {
    Positional,
    Keyword(Name),
    /// `*values`
    Star,
    /// `**mapping`
    DoubleStar,
}

/// A `for` of a comprehension.
#[derive(Debug)]
pub(crate) struct Generator {
    pub(crate) iter: ExprId,
}

/// What a comprehension builds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ComprehensionKind {
    List,
    Set,
    Dict,
    Generator,
}

/// Binary operators.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum BinOp {
    Add,
    Sub,
    Mult,
    MatMult,
    Div,
    Mod,
    Pow,
    LShift,
    RShift,
    BitOr,
    BitXor,
    BitAnd,
    FloorDiv,
}

/// Unary operators.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum UnaryOp {
    Invert,
    Not,
    Plus,
    Minus,
}

/// Comparison operators.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum CmpOp {
    Eq,
    NotEq,
    Lt,
    LtE,
    Gt,
    GtE,
    Is,
    IsNot,
    In,
    NotIn,
}

/// A sequence of statements.
pub(crate) type Block = Box<[StmtId]>;

/// A statement.
#[derive(Debug)]
pub(crate) struct Stmt {
    pub(crate) kind: StmtKind,
    pub(crate) range: TextRange,
    /// The statement that holds it, and in which of its blocks; `None` at the top of the module.
    pub(crate) parent: Option<(StmtId, Slot)>,
    /// The function in whose body it stands.
    pub(crate) function: Option<FunctionId>,
}

/// The block of a compound statement that a statement stands in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Slot {
    /// The body of `for`, `while`, `with`, `try`, `def`, `class`.
    Body,
    /// The body of the n-th branch of an `if`.
    Branch(u32),
    /// The `else` of `for`, `while`, `try`.
    Else,
    /// The n-th `except`.
    Handler(u32),
    /// `finally`.
    Finally,
    /// The n-th `case`.
    Case(u32),
}

/// What a statement is.
#[derive(Debug)]
pub(crate) enum StmtKind {
    Expr(ExprId),
    Assign {
        targets: Box<[ExprId]>,
        value: ExprId,
    },
    AugAssign {
        target: ExprId,
        op: BinOp,
    },
    AnnAssign {
        target: ExprId,
        value: Option<ExprId>,
    },
    Return(Option<ExprId>),
    Raise {
        exc: Option<ExprId>,
    },
    Delete(Box<[ExprId]>),
    Assert {
        test: ExprId,
    },
    /// The modules.
    Import(Box<[Name]>),
    ImportFrom {
        module: Name,
        level: u32,
    },
    /// `global` and `nonlocal`, whose effect is in the scopes.
    Declaration,
    Pass,
    Break,
    Continue,
    If {
        branches: Box<[Branch]>,
    },
    While {
        test: ExprId,
        body: Block,
        orelse: Block,
    },
    For {
        iter: ExprId,
        body: Block,
        orelse: Block,
    },
    With {
        items: Box<[WithItem]>,
        body: Block,
    },
    Try {
        body: Block,
        handlers: Box<[Handler]>,
        orelse: Block,
        finalbody: Block,
    },
    Match {
        cases: Box<[Case]>,
    },
    Function(FunctionId),
    Class(ClassId),
    Other,
}

/// A branch of an `if`; the `else` has no test.
#[derive(Debug)]
pub(crate) struct Branch {
    pub(crate) test: Option<ExprId>,
    pub(crate) body: Block,
}

/// An item of `with`.
#[derive(Debug)]
pub(crate) struct WithItem {
    pub(crate) context: ExprId,
    pub(crate) target: Option<ExprId>,
}

/// An `except` clause.
#[derive(Debug)]
pub(crate) struct Handler {
    /// From `except` to the colon.
    pub(crate) header: TextRange,
    pub(crate) exception: Option<ExprId>,
    pub(crate) name: Option<Name>,
    pub(crate) body: Block,
}

/// A `case` clause.
#[derive(Debug)]
pub(crate) struct Case {
    /// Whether the pattern matches whatever comes.
    pub(crate) irrefutable: bool,
    pub(crate) body: Block,
}

/// A function or a lambda.
#[derive(Debug)]
pub(crate) struct Function {
    /// Empty for a lambda.
    pub(crate) name: Name,
    pub(crate) name_range: TextRange,
    /// Its own scope.
    pub(crate) scope: ScopeId,
    /// The class in whose body it is defined.
    pub(crate) class: Option<ClassId>,
    /// The function in whose body it is defined.
    pub(crate) outer: Option<FunctionId>,
    pub(crate) decorators: Box<[ExprId]>,
    pub(crate) params: Box<[Param]>,
    pub(crate) returns_annotation: Option<ExprId>,
    pub(crate) is_async: bool,
    /// What the body holds, where it was parsed with the rest: ask [`super::Module::code`].
    pub(in crate::module) code: Code,
}

/// What executing a function does.
#[derive(Debug, Default)]
pub(crate) struct Code {
    pub(crate) body: FunctionBody,
    /// Whether it contains `yield`: calling the function runs nothing.
    pub(crate) is_generator: bool,
    /// The calls that its execution makes, in the order of the text (those of nested functions are theirs).
    pub(crate) calls: SmallVec<[ExprId; 4]>,
    /// The attributes that its execution loads, in the order of the text.
    pub(crate) loads: SmallVec<[ExprId; 4]>,
    /// Its own `with` and `import` statements.
    pub(crate) withs: Vec<StmtId>,
    pub(crate) imports: Vec<StmtId>,
    /// Its `return` values.
    pub(crate) returns: SmallVec<[Option<ExprId>; 2]>,
    pub(crate) docstring: Option<Box<str>>,
}

/// The body of a function.
#[derive(Debug)]
pub(crate) enum FunctionBody {
    Block(Block),
    Lambda(ExprId),
}

impl Default for FunctionBody {
    fn default() -> Self {
        Self::Block(Block::default())
    }
}

/// A parameter.
#[derive(Debug)]
pub(crate) struct Param {
    pub(crate) name: Name,
    pub(crate) name_range: TextRange,
    pub(crate) kind: ParamKind,
    pub(crate) annotation: Option<ExprId>,
    pub(crate) default: Option<ExprId>,
}

/// How a parameter takes its argument.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ParamKind {
    PositionalOnly,
    Normal,
    KeywordOnly,
    /// `*args`
    Star,
    /// `**kwargs`
    DoubleStar,
}

/// A class.
#[derive(Debug)]
pub(crate) struct Class {
    pub(crate) name: Name,
    pub(crate) range: TextRange,
    pub(crate) scope: ScopeId,
    pub(crate) bases: Box<[ExprId]>,
    /// `self.x = value` in the methods that were parsed with the class: ask [`super::Module::attribute`].
    pub(in crate::module) attributes: Attributes,
}

/// Assignments to attributes of `self`, by attribute, each in the order of the text.
pub(crate) type Attributes = FxHashMap<Name, SmallVec<[AttributeBinding; 1]>>;

/// One assignment to an attribute of `self`.
#[derive(Clone, Debug)]
pub(crate) struct AttributeBinding {
    pub(crate) value: BoundValue,
    pub(crate) stmt: StmtId,
    /// The attribute's name in the target.
    pub(crate) range: TextRange,
}

/// A scope: module, class, function (also lambda), comprehension.
#[derive(Debug)]
pub(crate) struct Scope {
    pub(crate) kind: ScopeKind,
    pub(crate) parent: Option<ScopeId>,
    pub(crate) bindings: FxHashMap<Name, SmallVec<[Binding; 1]>>,
    /// Names declared `global` here.
    pub(crate) globals: Vec<Name>,
    /// Names declared `nonlocal` here.
    pub(crate) nonlocals: Vec<Name>,
}

/// What a scope belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ScopeKind {
    Module,
    Class(ClassId),
    Function(FunctionId),
    Comprehension,
}

/// One binding of a name.
#[derive(Clone, Debug)]
pub(crate) struct Binding {
    pub(crate) value: BoundValue,
    pub(crate) range: TextRange,
    pub(crate) stmt: StmtId,
}

/// What a name or an attribute is bound to.
#[derive(Clone, Debug)]
pub(crate) enum BoundValue {
    /// The value of an expression.
    Expr(ExprId),
    /// An annotated name: its annotation, and the value where there is one.
    Annotated {
        annotation: ExprId,
        value: Option<ExprId>,
    },
    /// An augmented assignment (`x += 1`).
    Augmented {
        op: BinOp,
        value: ExprId,
    },
    /// An element of an iterable, by `for` or in a comprehension.
    Element(ExprId),
    /// The n-th part of an unpacked value.
    Unpacked(ExprId, u32),
    /// What `with` binds: the result of the manager's `__enter__`.
    Entered(ExprId),
    /// What `except` binds.
    Exception(Option<ExprId>),
    /// `import a.b.c`: binds `a`. With an alias it binds the whole.
    Module(Name),
    /// `from module import name`; relative imports by their level.
    Imported {
        module: Name,
        level: u32,
        name: Name,
    },
    Function(FunctionId),
    Class(ClassId),
    /// The n-th parameter of a function.
    Param(FunctionId, u32),
    /// `del`, `match` captures, type parameters ...
    Opaque,
}
