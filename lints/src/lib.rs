//! The analysis of pyrelint: pure functions from source texts to diagnostics. No files, no printing, no clock.
//!
//! The way of the data through the crate:
//!
//! - [`trigger`]: which texts deserve a parse at all ([`Scanner`]);
//! - [`source`]: bytes become a text with lines and positions;
//! - `module`: one file: the parse, and one walk that builds its index (scopes, bindings, classes, calls); nothing behind it
//!   knows the parser's types;
//! - [`sources`]: the door to the project's other files;
//! - `program`: what names, attributes and calls of that index mean (resolution, types, constants, service evidence);
//! - `effects`: what calls do, and the shortest path from a function to an effect;
//! - [`deploy`]: which Python programs deployment files start (units, images, ...), and what console scripts are;
//! - `deployment`: such a file is linted itself;
//! - [`rules`]: queries over all this, one file each;
//! - [`view`]: what is known about one function, class or module, as plain data;
//! - [`suppress`]: the comments that silence findings;
//! - [`fix`]: edits that mend what was found;
//! - [`diagnostic`]: what comes out.
//!
//! Invariant: the functions here are total. On any input they return diagnostics; a panic is a bug, and the caller
//! survives it file by file.

pub(crate) mod context;
pub mod deploy;
pub(crate) mod deployment;
pub mod diagnostic;
pub mod effects;
pub mod fix;
pub mod lint;
pub(crate) mod module;
pub(crate) mod program;
pub mod rules;
pub mod settings;
pub mod source;
pub mod sources;
pub mod suppress;
pub mod trigger;
pub mod view;

pub use diagnostic::{Diagnostic, Place, Related, Severity};
pub use lint::{FileInput, Outcome, lint, unreadable};
pub use module::Earlier;
pub use program::outline::{Index, Outlines};
pub use program::snapshot::{Change, Snapshot};
pub use rules::{RULES, Rule, RuleSet, Selector};
pub use settings::Settings;
pub use sources::{Roots, Sources};
pub use trigger::Scanner;
