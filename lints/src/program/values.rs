//! What an expression denotes, as far as can be told.

use std::fmt;

use smallvec::SmallVec;

use super::{ClassRef, FunctionRef, ModuleId};
use crate::module::ir::Name;

/// The class of an instance.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Type {
    /// A class of the program.
    Class(ClassRef),
    /// A class outside, by its dotted name.
    External(Name),
}

/// One thing that an expression may denote.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Value {
    /// A module, function or class outside the program by its dotted name; builtins as `builtins.open`.
    External(Name),
    /// A module of the program.
    Module(ModuleId),
    /// A function of the program, not bound to an instance.
    Function(FunctionRef),
    /// A method of the program, bound to an instance (or a class) of this type.
    Method(FunctionRef, Type),
    /// A method of a library class, bound to an instance.
    ExternalMethod(Name, Name),
    /// A class of the program.
    Class(ClassRef),
    /// An instance.
    Instance(Type),
    /// `super()` in a method that `class` defines, for an instance of `this`.
    Super {
        /// The class in whose body the method stands.
        class: ClassRef,
        /// The class of the instance.
        this: ClassRef,
    },
    /// `None`.
    None,
    /// Not to be told, and why.
    Unresolved(Reason),
}

/// Why something cannot be resolved.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Reason {
    /// A parameter without annotation or default.
    Parameter(Name),
    /// An attribute that no class in reach defines.
    Attribute(Name),
    /// The result of a function that nothing is known about.
    Result(Name),
    /// An element of a container.
    Element,
    /// An annotation that names no class.
    Annotation,
    /// Computed in a way that is not followed.
    Dynamic,
    /// The question led through too many steps, or in a circle.
    Bound,
}

impl Reason {
    /// The reason in a word, for programs.
    pub(crate) fn word(&self) -> &'static str {
        match self {
            Self::Parameter(_) => "parameter",
            Self::Attribute(_) => "attribute",
            Self::Result(_) => "result",
            Self::Element => "element",
            Self::Annotation => "annotation",
            Self::Dynamic => "computed",
            Self::Bound => "bound",
        }
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Parameter(name) => write!(f, "the type of the parameter `{name}` is not known"),
            Self::Attribute(name) => write!(f, "no definition of the attribute `{name}` was found"),
            Self::Result(name) => write!(f, "what `{name}` returns is not known"),
            Self::Element => f.write_str("it is an element of a container"),
            Self::Annotation => f.write_str("its annotation names no class"),
            Self::Dynamic => f.write_str("it is computed"),
            Self::Bound => f.write_str("the question leads too far"),
        }
    }
}

/// The things that an expression may denote; never more than a few.
pub(crate) type Values = SmallVec<[Value; 2]>;

/// The greatest number of values of one expression that are kept.
pub(crate) const MAX_VALUES: usize = 12;

/// Adds a value that is not there yet.
pub(crate) fn add(values: &mut Values, value: Value) {
    if values.len() < MAX_VALUES && !values.contains(&value) {
        values.push(value);
    }
}
