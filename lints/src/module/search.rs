//! Searches that leave out functions whose text shows that they hold nothing of what is looked for, so that they need not be parsed.

use std::sync::PoisonError;

use memchr::memmem::{self, Finder};
use ruff_text_size::TextSize;
use rustc_hash::{FxHashMap, FxHashSet};
use smallvec::SmallVec;

use super::ir::{AttributeBinding, BoundValue, ClassId, Expr, ExprId, ExprKind, FunctionId, Name, ScopeId, Slot, Stmt, StmtId, StmtKind};
use super::lower::{self, Arenas, Mark};
use super::{Call, Module};

/// See [`Module::leaving_tests_before`]: by the block, where each `if` starts, and its condition.
pub(super) type LeavingTests = FxHashMap<Option<(StmtId, Slot)>, Vec<(TextSize, ExprId)>>;

/// Parts by a class and the name of an attribute of its `self`.
pub(super) type Assigning = FxHashMap<(ClassId, Name), SmallVec<[u32; 2]>>;

/// The words without which nothing can be found in a function's text; none stands for anything.
type Words<'a> = &'a [&'a str];

impl Module {
    /// All that arenas hold of one kind, with its ids, in the order of the walk over the whole text.
    pub(super) fn all<'a, T: 'a>(
        &'a self,
        words: Words<'a>,
        of: impl Fn(&'a Arenas) -> &'a [T] + Copy + 'a,
        mark: impl Fn(&Mark) -> usize + 'a,
    ) -> impl Iterator<Item = (u32, &'a T)> {
        let numbered = move |arenas: &'a Arenas, base: u32, from: usize, to: usize| {
            of(arenas)[from..to].iter().enumerate().map(move |(index, one)| (base + (from + index) as u32, one))
        };
        let marks = self.parts.iter().map(move |part| mark(&part.left_out.mark)).chain([of(&self.top).len()]);
        let mut before = 0;
        // To make a searcher costs more than to search through a function.
        let finders: SmallVec<[Finder<'a>; 2]> =
            if self.parts.is_empty() || self.is_complete { SmallVec::new() } else { words.iter().map(Finder::new).collect() };
        let holds =
            move |index: usize| finders.is_empty() || finders.iter().any(|finder| finder.find(self.part_text(index).as_bytes()).is_some());
        marks.enumerate().flat_map(move |(index, end)| {
            let top = numbered(&self.top, 0, std::mem::replace(&mut before, end), end);
            let part = self.parts.get(index).filter(|_| holds(index)).map(|_| self.part(index));
            top.chain(part.into_iter().flat_map(move |part| numbered(part, lower::base_of(index), 0, of(part).len())))
        })
    }

    pub(super) fn part_holds(&self, part: usize, words: Words<'_>) -> bool {
        let text = self.part_text(part).as_bytes();
        words.is_empty() || words.iter().any(|word| memmem::find(text, word.as_bytes()).is_some())
    }

    fn part_text(&self, part: usize) -> &str {
        self.parts[part].text(self.file.text())
    }

    /// Every call that is made when the module is imported, or by nobody but a class body, in the order of the text.
    pub(crate) fn top_calls(&self) -> impl Iterator<Item = Call<'_>> {
        self.top.calls.iter().filter_map(|id| self.call(*id)).filter(|call| self.expr(call.id).function.is_none())
    }

    /// Every call whose callee is written as one of these names, or as an attribute of such a name, in the order of the text.
    pub(crate) fn calls_named<'a>(&'a self, names: Words<'a>) -> impl Iterator<Item = Call<'a>> {
        let calls = self.all(names, |arenas| &arenas.calls, |mark| mark.calls).filter_map(|(_, id)| self.call(*id));
        calls.filter(|call| names.iter().any(|name| self.is_named(call.func, name)))
    }

    /// Every call that [`Module::may_be_named`] does not rule out, in the order of the text. Each such name holds one of the words.
    pub(crate) fn calls_that_may_be<'a>(
        &'a self,
        words: Words<'a>,
        is_such: impl Fn(&str) -> bool + Copy + 'a,
    ) -> impl Iterator<Item = Call<'a>> {
        let words = if !self.parts.is_empty() && !self.is_complete && self.has_alias(words, is_such) { &[] } else { words };
        let calls = self.all(words, |arenas| &arenas.calls, |mark| mark.calls).filter_map(|(_, id)| self.call(*id));
        calls.filter(move |call| self.may_be_named(call.func, is_such))
    }

    /// Whether the module binds such a name to one without any of the words.
    fn has_alias(&self, words: Words<'_>, is_such: impl Fn(&str) -> bool) -> bool {
        self.scope(ScopeId(0)).bindings.iter().any(|(bound, bindings)| {
            let hides = !words.iter().any(|word| bound.contains(word));
            hides
                && bindings.iter().any(|binding| match &binding.value {
                    BoundValue::Imported { name, .. } => is_such(name),
                    BoundValue::Expr(value) => match self.kind(*value) {
                        ExprKind::Name(name) | ExprKind::Attribute { attr: name, .. } => is_such(name),
                        _ => false,
                    },
                    _ => false,
                })
        })
    }

    /// The calls of methods that put something into a container, but for those in functions without any of these words, in the order of the text.
    pub(crate) fn adding_calls_holding<'a>(&'a self, words: Words<'a>) -> impl Iterator<Item = Call<'a>> {
        self.all(words, |arenas| &arenas.adding, |mark| mark.adding).filter_map(|(_, id)| self.call(*id))
    }

    /// The assignments to elements, but for those in functions without any of these words, in the order of the text.
    pub(crate) fn element_assignments_holding<'a>(&'a self, words: Words<'a>) -> impl Iterator<Item = &'a Stmt> {
        self.all(words, |arenas| &arenas.storing, |mark| mark.storing).map(|(_, id)| self.stmt(*id))
    }

    /// The calls that are not in functions without any of these words, in the order of the text.
    pub(crate) fn calls_holding<'a>(&'a self, words: Words<'a>) -> impl Iterator<Item = Call<'a>> {
        self.all(words, |arenas| &arenas.calls, |mark| mark.calls).filter_map(|(_, id)| self.call(*id))
    }

    /// The statements that are not in functions without any of these words, in the order of the text.
    pub(crate) fn stmts_holding<'a>(&'a self, words: Words<'a>) -> impl Iterator<Item = (StmtId, &'a Stmt)> {
        self.all(words, |arenas| &arenas.stmts, |mark| mark.stmts).map(|(id, stmt)| (StmtId(id), stmt))
    }

    /// The expressions that are not in functions without any of these words, in the order of the text.
    pub(crate) fn exprs_holding<'a>(&'a self, words: Words<'a>) -> impl Iterator<Item = (ExprId, &'a Expr)> {
        self.all(words, |arenas| &arenas.exprs, |mark| mark.exprs).map(|(id, expr)| (ExprId(id), expr))
    }

    /// The statements that executing a function executes itself, in the order of the text.
    pub(crate) fn stmts_of(&self, function: FunctionId) -> impl Iterator<Item = (StmtId, &Stmt)> {
        self.stmts_within(self.function_block(function)).filter(move |(_, stmt)| stmt.function == Some(function))
    }

    /// Neighbouring statements of a block in a function, and all inside of them, in the order of the text.
    pub(crate) fn stmts_within(&self, block: &[StmtId]) -> impl Iterator<Item = (StmtId, &Stmt)> {
        let found: &[Stmt] = match block {
            [first, .., last] | [first @ last] => {
                let (arenas, from) = self.at(first.0);
                let end = self.stmt(*last).range.end();
                // Outer statements come before inner ones, so that all are in the order of their starts.
                let rest = &arenas.stmts[from..];
                &rest[..rest.partition_point(|stmt| stmt.range.start() < end)]
            }
            [] => &[],
        };
        let base = block.first().map_or(0, |first| first.0);
        found.iter().enumerate().map(move |(index, stmt)| (StmtId(base + index as u32), stmt))
    }

    /// An expression and all that it is made of, itself first.
    pub(crate) fn within(&self, whole: ExprId) -> impl Iterator<Item = (ExprId, &Expr)> {
        let (arenas, last) = self.at(whole.0);
        let range = arenas.exprs[last].range;
        // The parts of an expression come right before it.
        let parts = arenas.exprs[..=last].iter().rev().take_while(move |expr| range.contains_range(expr.range));
        parts.enumerate().map(move |(index, expr)| (ExprId(whole.0 - index as u32), expr))
    }

    /// The expressions of a statement that evaluate some of their parts or not: `and`, `or`, `x if y else z`; in the order of the text.
    pub(crate) fn choices_in(&self, stmt: StmtId) -> &[ExprId] {
        let choices = self.choices.get_or_init(|| {
            let mut found: FxHashMap<StmtId, Vec<ExprId>> = FxHashMap::default();
            for (choice, expr) in self.exprs() {
                if matches!(expr.kind, ExprKind::BoolOp { .. } | ExprKind::If { .. }) {
                    found.entry(expr.stmt).or_default().push(choice);
                }
            }
            found
        });
        choices.get(&stmt).map_or(&[], Vec::as_slice)
    }

    /// The conditions of those `if` without `else` in front of a statement in its block that leave the block, nearest first.
    pub(crate) fn leaving_tests_before(&self, stmt: StmtId) -> impl Iterator<Item = ExprId> {
        let tests = self.leaving_tests.get_or_init(|| {
            let mut found: LeavingTests = FxHashMap::default();
            for (_, stmt) in self.stmts() {
                if let StmtKind::If { branches } = &stmt.kind
                    && let [only] = &branches[..]
                    && let Some(test) = only.test
                    && self.leaves(&only.body)
                {
                    found.entry(stmt.parent).or_default().push((stmt.range.start(), test));
                }
            }
            found
        });
        let here = self.stmt(stmt);
        // The body of a class is no block.
        let of_block = tests.get(&here.parent).filter(|_| !self.block_of(stmt).is_empty()).map_or(&[][..], Vec::as_slice);
        let before = of_block.partition_point(|(start, _)| *start < here.range.start());
        of_block[..before].iter().rev().map(|(_, test)| *test)
    }

    /// The names of the functions that have decorators, as far as the text tells: perhaps others, too.
    pub(crate) fn decorated(&self) -> &FxHashSet<Name> {
        self.decorated.get_or_init(|| decorated(self.file.text()).map(Name::from).collect())
    }

    /// The assignments to an attribute of `self` in the methods of a class, in the order of the text.
    pub(crate) fn attribute(&self, class: ClassId, name: &str) -> Vec<&AttributeBinding> {
        let mut found: Vec<&AttributeBinding> = self.class(class).attributes.get(name).into_iter().flatten().collect();
        found.extend(self.assigning(class, name).iter().flat_map(|part| &self.part(*part as usize).attributes[name]));
        found.sort_by_key(|binding| binding.range.start());
        found
    }

    /// The parts that assign to an attribute of a class's `self`, ascending.
    fn assigning(&self, class: ClassId, name: &str) -> SmallVec<[u32; 2]> {
        let Some(methods) = self.methods().get(&class) else { return SmallVec::new() };
        let key = (class, Name::from(name));
        if let Some(known) = self.assigning.read().unwrap_or_else(PoisonError::into_inner).get(&key) {
            return known.clone();
        }
        // To make a searcher costs more than to search through a function.
        let finder = Finder::new(name);
        let assigns = |part: &usize| {
            let may_assign = self.parts[*part].is_parsed() || may_assign(self.part_text(*part).as_bytes(), &finder);
            may_assign && self.part(*part).attributes.contains_key(name)
        };
        let found: SmallVec<[u32; 2]> = methods.iter().map(|part| *part as usize).filter(assigns).map(|part| part as u32).collect();
        self.assigning.write().unwrap_or_else(PoisonError::into_inner).insert(key, found.clone());
        found
    }

    /// The parts that are methods of classes, by class.
    fn methods(&self) -> &FxHashMap<ClassId, Vec<u32>> {
        self.methods.get_or_init(|| {
            let mut found: FxHashMap<ClassId, Vec<u32>> = FxHashMap::default();
            for (index, part) in self.parts.iter().enumerate() {
                if let Some(class) = self.function(part.left_out.function).class {
                    found.entry(class).or_default().push(index as u32);
                }
            }
            found
        })
    }

    /// Whether a method of a class assigns to an attribute of `self`.
    pub(crate) fn assigns(&self, class: ClassId, attribute: &str) -> bool {
        !self.attribute(class, attribute).is_empty()
    }
}

/// The names of the functions that are defined behind a line with a decorator. A decorator may have several lines.
fn decorated(text: &str) -> impl Iterator<Item = &str> {
    let mut is_behind = false;
    let lines = if memchr::memchr(b'@', text.as_bytes()).is_some() { text } else { "" }.split(['\n', '\r']).map(str::trim_start);
    lines.filter_map(move |line| {
        if line.starts_with('@') {
            is_behind = true;
        } else if line.starts_with("class ") {
            is_behind = false;
        } else if let Some(name) = line.trim_start_matches("async").trim_start().strip_prefix("def").filter(|_| is_behind) {
            let name = name.strip_prefix([' ', '\t'])?.trim_start();
            is_behind = false;
            return name.split(|letter: char| !letter.is_alphanumeric() && letter != '_').next();
        }
        None
    })
}

/// Whether a text may hold an assignment to an attribute of this name: it stands behind a dot, and nothing behind it says that it is
/// only read.
fn may_assign(text: &[u8], name: &Finder<'_>) -> bool {
    name.find_iter(text).any(|start| {
        let (before, after) = (&text[..start], &text[start + name.needle().len()..]);
        let written = before.iter().rev().find(|byte| !byte.is_ascii_whitespace() && **byte != b'\\');
        written == Some(&b'.') && may_be_target(before, after)
    })
}

/// Whether `x.name` may be a target: by the text before `name` and that behind it.
fn may_be_target(before: &[u8], after: &[u8]) -> bool {
    if after.first().is_some_and(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'(' | b'[' | b'.' | 0x80..)) {
        return false;
    }
    let after = after.trim_ascii_start();
    match after {
        [b'=', b'=', ..] | [b'!' | b'(' | b'[' | b'{' | b'}' | b'"' | b'\'', ..] => false,
        [b'<' | b'>' | b'+' | b'-' | b'*' | b'/' | b'%' | b'&' | b'|' | b'^' | b'@', rest @ ..] => {
            // `x.name <<= 1`, not `x.name <= 1`
            let doubled = rest.first() == after.first();
            rest.get(usize::from(doubled)) == Some(&b'=') && (doubled || !matches!(after[0], b'<' | b'>'))
        }
        // The colon of an annotation, or that of `with ... as x.name:`
        [b':', ..] => {
            let line = before.rsplit(|byte| matches!(byte, b'\n' | b'\r' | b';')).next().unwrap_or_default();
            let receiver = line.trim_ascii_start();
            let is_first = !receiver.iter().any(|byte| matches!(byte, b' ' | b'(' | b'[' | b'{' | b',' | b'='));
            is_first || memmem::find(line, b" as ").is_some() || receiver.starts_with(b"as ")
        }
        _ => true,
    }
}

#[cfg(test)]
mod tests {
    use super::{Finder, may_assign};
    use crate::module::Module;
    use crate::source::SourceFile;

    #[track_caller]
    fn check(text: &str, expected: bool) {
        assert_eq!(may_assign(text.as_bytes(), &Finder::new("name")), expected, "{text}");
    }

    #[test]
    fn decorated_functions_are_found_by_their_text() {
        let text = "@a\ndef b(): pass\n@c(\n  d,\n)\n# @e\n    @f\nasync def g(x): x @ y\n@h\nclass I:\n  @j\n  # k\n  @l\r\n  def m(self): pass\ndef n(): pass\n";
        assert_eq!(super::decorated(text).collect::<Vec<_>>(), ["b", "g", "m"]);
    }

    #[test]
    fn targets_are_told_from_reads() {
        for text in [
            "self.name = 1",
            "self.name=1",
            "self . name = 1",
            "self.\\\n    name = 1",
            "self.name: int = 1",
            "x = 1; self.name: int",
            "self.name += 1",
            "self.name <<= 1",
            "self.name //= 1",
            "self.a, self.name = 1, 2",
            "(self.name, b) = 1, 2",
            "[self.name] = c",
            "a = self.name = b",
            "for self.name in x: pass",
            "with x as self.name: pass",
            "with (x\n as self.name): pass",
            "self.name \\\n = 1",
        ] {
            check(text, true);
        }
        for text in [
            "self.name()",
            "self.name.x = 1",
            "self.name[0] = 1",
            "self.name == 1",
            "self.name != 1",
            "self.name <= 1",
            "self.name > 1",
            "self.name + 1",
            "self.named = 1",
            "name = 1",
            "self.rename = 1",
            "if self.name: pass",
            "{self.name: 1}",
            "x[self.name:]",
        ] {
            check(text, false);
        }
    }

    /// The conditions that leave a block in front of each `print` of a text.
    #[track_caller]
    fn check_leaving(text: &str, expected: &[&[&str]]) {
        let Ok(module) = Module::parse(SourceFile::new("a.py", text.to_owned())) else { panic!("the text parses") };
        let prints = module.calls_named(&["print"]).map(|call| module.expr(call.id).stmt);
        let found: Vec<Vec<String>> =
            prints.map(|stmt| module.leaving_tests_before(stmt).map(|test| module.snippet(test)).collect()).collect();
        assert_eq!(found, expected, "{text}");
    }

    #[test]
    fn only_what_leaves_the_same_block_in_front_counts() {
        check_leaving(
            "def f():\n    if a: return\n    print(1)\n    if b: pass\n    if c: return\n    else: pass\n    if d: raise x\n    print(2)\n    if e: return\n",
            &[&["a"], &["d", "a"]],
        );
        check_leaving("def f():\n    if a: return\n    with b:\n        print(1)\n        if c: return\n    print(2)\n", &[&[], &["a"]]);
        // The body of a class is no block.
        check_leaving("class A:\n    if a: raise b\n    print(1)\n", &[&[]]);
    }
}
