//! What is known of the environment that a command runs in.

use std::cell::Cell;
use std::collections::BTreeMap;

/// How many bytes the expansion of variables may yield for one file. Values may name variables in turn, so that they could grow without bounds.
const BUDGET: usize = 256 * 1024;
/// The longest value that is kept.
const MAX_VALUE: usize = 16 * 1024;

/// Variables, as far as the deployment file tells them. Scopes may be nested: the inner one is asked first.
#[derive(Clone, Debug)]
pub(crate) struct Environment<'a> {
    outer: Option<&'a Environment<'a>>,
    /// `None`: set, but to what is not known.
    variables: BTreeMap<String, Option<String>>,
    budget: Cell<usize>,
}

impl Default for Environment<'_> {
    fn default() -> Self {
        Self { outer: None, variables: BTreeMap::new(), budget: Cell::new(BUDGET) }
    }
}

impl<'a> Environment<'a> {
    /// A scope within this one.
    pub(crate) fn inner(&'a self) -> Self {
        Self { outer: Some(self), variables: BTreeMap::new(), budget: Cell::new(0) }
    }

    /// Sets a variable.
    pub(crate) fn set(&mut self, name: &str, value: &str) {
        let known = !value.contains(super::text::UNKNOWN) && value.len() <= MAX_VALUE;
        self.variables.insert(name.to_owned(), known.then(|| value.to_owned()));
    }

    /// Sets a variable to something that is not known.
    pub(crate) fn set_unknown(&mut self, name: &str) {
        self.variables.insert(name.to_owned(), None);
    }

    /// Takes a variable away again.
    pub(crate) fn unset(&mut self, name: &str) {
        self.variables.insert(name.to_owned(), None);
    }

    /// The value of a variable, where it is known.
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        match self.variables.get(name) {
            Some(value) => value.as_deref(),
            None => self.outer?.get(name),
        }
    }

    /// Whether the variable is set to something that is not empty, known or not.
    pub(crate) fn is_set(&self, name: &str) -> bool {
        match self.variables.get(name) {
            Some(value) => value.as_deref() != Some(""),
            None => self.outer.is_some_and(|outer| outer.is_set(name)),
        }
    }

    /// The value of a variable for an expansion: none where it is not known, or where so much was expanded already that it is better to stop.
    pub(crate) fn expand(&self, name: &str) -> Option<&str> {
        let value = self.get(name)?;
        self.spend(value.len() + 1).then_some(value)
    }

    fn spend(&self, bytes: usize) -> bool {
        if let Some(outer) = self.outer {
            return outer.spend(bytes);
        }
        let left = self.budget.get().checked_sub(bytes);
        self.budget.set(left.unwrap_or(0));
        left.is_some()
    }
}

/// Whether this may be the name of a variable.
pub(crate) fn is_name(name: &str) -> bool {
    !name.is_empty()
        && !name.starts_with(|c: char| c.is_ascii_digit())
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}
