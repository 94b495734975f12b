//! Installs that Python code runs: lists of arguments, texts for a shell, sessions of nox.
//!
//! A list that holds the words of `pip install` is an install, wherever it is handed to: it is put together from what is added to it, before and after. What
//! is added under a condition may be there or not, and counts as unknown.

use std::cell::OnceCell;
use std::ops::Range;

use ruff_text_size::TextRange;
use rustc_hash::{FxHashMap, FxHashSet};

use crate::context::Context;
use crate::deploy::environment::Environment;
use crate::deploy::installs::loss::Loss;
use crate::deploy::installs::{Found, Installs};
use crate::deploy::pip;
use crate::deploy::shell::{self, Word};
use crate::deploy::text::{Text, UNKNOWN};
use crate::module::ir::{Arg, ArgKind, BinOp, BoundValue, ExprId, ExprKind, FStringPart, Name, StmtKind};
use crate::module::{Call, Module};
use crate::program::constants::Constant;

/// How deep lists of lists are followed.
const MAX_DEPTH: usize = 6;
/// The most words of a command.
const MAX_WORDS: usize = 500;

/// Functions that run a command, by the last part of their names: those of `subprocess`, `os`, `asyncio`, fabric and invoke.
const RUNNERS: &[&str] = &[
    "Popen",
    "call",
    "check_call",
    "check_output",
    "create_subprocess_shell",
    "getoutput",
    "getstatusoutput",
    "local",
    "popen",
    "run",
    "sudo",
    "system",
];

/// Functions that return the status of a command and do not raise where it fails.
const RETURNING: &[&str] = &["os.system", "subprocess.call", "subprocess.run", "subprocess.getstatusoutput"];

/// The installs of a module, in the order of the text.
pub(crate) fn installs(context: &Context<'_>) -> Installs {
    let reader = Reader { context, module: context.module, adding: OnceCell::new() };
    let mut installs = Installs::default();
    reader.lists(&mut installs);
    for call in context.module.calls() {
        reader.texts(call, &mut installs);
        reader.sessions(call, &mut installs);
        reader.pip_main(call, &mut installs);
    }
    installs.found.sort_by_key(|found| (found.place.start, found.place.end));
    installs
}

struct Reader<'a> {
    context: &'a Context<'a>,
    module: &'a Module,
    /// See [`Reader::adding`].
    adding: OnceCell<FxHashMap<Name, Vec<ExprId>>>,
}

/// The words of a list, and the displays that they come from.
#[derive(Default)]
struct Parts {
    words: Vec<Word>,
    displays: Vec<ExprId>,
}

fn range(place: TextRange) -> Range<usize> {
    place.start().to_usize()..place.end().to_usize()
}

impl Reader<'_> {
    fn source(&self) -> &str {
        self.module.file.text()
    }

    fn place(&self, expr: ExprId) -> Range<usize> {
        range(self.module.expr(expr).range)
    }

    /// Displays and sums of them.
    fn lists(&self, installs: &mut Installs) {
        let is_list = |kind: &ExprKind| matches!(kind, ExprKind::List(_) | ExprKind::Tuple(_) | ExprKind::BinOp { op: BinOp::Add, .. });
        let mut lists: Vec<ExprId> = self.module.exprs().filter(|(_, expr)| is_list(&expr.kind)).map(|(id, _)| id).collect();
        // The longest first: what is part of another list is no command of its own.
        lists.sort_by_key(|id| {
            let place = self.place(*id);
            (std::cmp::Reverse(place.len()), place.start)
        });
        let mut used: FxHashSet<ExprId> = FxHashSet::default();
        let mut runners = None;
        for id in lists {
            if used.contains(&id) {
                continue;
            }
            let mut parts = Parts::default();
            // Most lists are no commands: no module is loaded to find that out.
            self.context.program.frozen(true, || self.parts(id, MAX_DEPTH, &mut parts));
            if !parts.words.iter().any(|word| word.as_str().contains("pip") || word.as_str() == "install") {
                continue;
            }
            parts = Parts::default();
            self.parts(id, MAX_DEPTH, &mut parts);
            if !parts.words.iter().any(|word| word.as_str().contains("pip")) {
                continue;
            }
            self.added(id, &mut parts);
            let Some(display) = self.install_display(&parts) else { continue };
            used.extend(&parts.displays);
            let runners = runners.get_or_insert_with(|| self.runners());
            let dropped = runners.get(&id).and_then(|call| self.dropped(self.module.call(*call)?));
            let from = installs.found.len();
            installs.add_words(parts.words, self.scope(id), dropped, self.source());
            installs.found.iter_mut().skip(from).for_each(|found| self.put(found, display));
        }
    }

    /// The place of an install is that of its list: its words may stand in others.
    fn put(&self, found: &mut Found, place: ExprId) {
        found.place = self.place(place);
        found.install.place = found.place.clone();
    }

    /// The display that holds the word `install`, where the words are a command of pip; the first one, where that is added by itself.
    fn install_display(&self, parts: &Parts) -> Option<ExprId> {
        let environment = Environment::default();
        let first = parts.displays.first().copied();
        if !parts.words.iter().any(|word| matches!(word.as_str(), "install" | "check")) {
            // A shell's text in a list: `["sh", "-c", "pip install x"]`.
            return first.filter(|_| parts.words.iter().any(|word| word.as_str().contains("pip install")));
        }
        let inner = crate::deploy::innermost_words(&parts.words, &environment)?;
        matches!(pip::command(&inner, &environment), Some(pip::Command::Install(_) | pip::Command::Check)).then_some(())?;
        let holds = |display: &ExprId| match self.module.kind(*display) {
            ExprKind::List(items) | ExprKind::Tuple(items) => {
                items.iter().any(|item| matches!(self.module.kind(*item), ExprKind::Str(text) if matches!(&**text, "install" | "check")))
            }
            _ => false,
        };
        parts.displays.iter().copied().find(holds).or(first)
    }

    /// The words of an expression that is a list.
    fn parts(&self, expr: ExprId, depth: usize, parts: &mut Parts) {
        if depth == 0 || parts.words.len() > MAX_WORDS {
            return parts.words.push(self.several(expr));
        }
        match self.module.kind(expr) {
            ExprKind::List(items) | ExprKind::Tuple(items) => {
                parts.displays.push(expr);
                for item in items {
                    match self.module.kind(*item) {
                        ExprKind::Starred(inner) => self.parts(*inner, depth - 1, parts),
                        _ => parts.words.push(self.word(*item)),
                    }
                }
            }
            ExprKind::BinOp { left, op: BinOp::Add, right } => {
                parts.displays.push(expr);
                self.parts(*left, depth, parts);
                self.parts(*right, depth - 1, parts);
            }
            ExprKind::Name(name) => match self.bound(expr, name) {
                Some(value) => {
                    self.parts(value, depth - 1, parts);
                    self.added(value, parts);
                }
                None => parts.words.push(self.several(expr)),
            },
            ExprKind::Call { .. } => match self.split(expr) {
                Some(words) => parts.words.extend(words),
                None => parts.words.push(self.several(expr)),
            },
            _ => parts.words.push(self.several(expr)),
        }
    }

    /// The list that a name certainly is.
    fn bound(&self, expr: ExprId, name: &Name) -> Option<ExprId> {
        let reaching = self.context.program.reaching(self.context.id, expr, name);
        let mut values = reaching.iter().filter(|binding| !matches!(binding.value, BoundValue::Augmented { .. }));
        let value = match &values.next()?.value {
            BoundValue::Expr(value) | BoundValue::Annotated { value: Some(value), .. } => *value,
            _ => return None,
        };
        let is_list = matches!(
            self.module.kind(value),
            ExprKind::List(_) | ExprKind::Tuple(_) | ExprKind::BinOp { op: BinOp::Add, .. } | ExprKind::Call { .. }
        );
        (values.next().is_none() && is_list).then_some(value)
    }

    /// What statements add to the list, where it is bound to a name: `name += [...]`, `name.append(x)`, `name.extend([...])`.
    fn added(&self, list: ExprId, parts: &mut Parts) {
        let module = self.module;
        let stmt = module.expr(list).stmt;
        let target = match &module.stmt(stmt).kind {
            StmtKind::Assign { targets, value } if *value == list && targets.len() == 1 => targets[0],
            StmtKind::AnnAssign { target, value: Some(value) } if *value == list => *target,
            _ => return,
        };
        let ExprKind::Name(name) = module.kind(target) else { return };
        let Some(scope) = module.binding_scope(module.expr(target).scope, name) else { return };
        let start = module.stmt(stmt).range.end();
        let mut added: Vec<(TextRange, bool, ExprId, bool)> = Vec::new();
        let is_certain = |other| module.stmt(other).parent == module.stmt(stmt).parent;
        for binding in module.scope(scope).bindings.get(name).into_iter().flatten() {
            if let BoundValue::Augmented { op: BinOp::Add, value } = binding.value {
                added.push((binding.range, is_certain(binding.stmt), value, true));
            }
        }
        for call in self.adding(name).iter().filter_map(|id| module.call(*id)) {
            if let ExprKind::Attribute { value, attr, .. } = module.kind(call.func)
                && module.binding_scope(module.expr(*value).scope, name) == Some(scope)
                && let Some(argument) = call.args.last()
            {
                let expr = module.expr(call.id);
                added.push((expr.range, is_certain(expr.stmt) && attr != "insert", argument.value, attr == "extend"));
            }
        }
        added.retain(|(range, ..)| range.start() >= start);
        added.sort_by_key(|(range, ..)| range.start());
        for (_, certain, value, many) in added {
            match (certain, many) {
                (true, true) => self.parts(value, MAX_DEPTH - 1, parts),
                (true, false) => parts.words.push(self.word(value)),
                (false, _) => parts.words.push(self.several(value)),
            }
        }
    }

    /// The calls that add to a list of a name, in the order of the text: `name.append(x)`. Told once for all names: each list asks for its own.
    fn adding(&self, name: &Name) -> &[ExprId] {
        let adding = self.adding.get_or_init(|| {
            let mut found: FxHashMap<Name, Vec<ExprId>> = FxHashMap::default();
            for call in self.module.calls() {
                if let ExprKind::Attribute { value, attr, .. } = self.module.kind(call.func)
                    && matches!(attr.as_str(), "append" | "extend" | "insert")
                    && let ExprKind::Name(name) = self.module.kind(*value)
                {
                    found.entry(name.clone()).or_default().push(call.id);
                }
            }
            found
        });
        adding.get(name).map_or(&[], Vec::as_slice)
    }

    /// Some words of which nothing is known.
    fn several(&self, expr: ExprId) -> Word {
        let place = self.place(expr);
        Word { text: Text::at(&UNKNOWN.to_string(), place.clone()), place, quoted: false }
    }

    /// An item of a list: one word.
    fn word(&self, expr: ExprId) -> Word {
        let place = self.place(expr);
        let text = self.text(expr).unwrap_or_else(|| UNKNOWN.to_string());
        Word { text: Text::at(&text, place.clone()), place, quoted: true }
    }

    /// The text that an expression is, with what is not known.
    fn text(&self, expr: ExprId) -> Option<String> {
        match self.module.kind(expr) {
            ExprKind::Str(text) => Some(text.to_string()),
            ExprKind::FString(parts) => {
                let part = |part: &FStringPart| match part {
                    FStringPart::Text(text) => text.to_string(),
                    FStringPart::Value => UNKNOWN.to_string(),
                };
                Some(parts.iter().map(part).collect())
            }
            // `"%s==%s" % (name, version)`, `"{}".format(name)`
            ExprKind::BinOp { left, op: BinOp::Mod, .. } => {
                let text = self.text(*left)?;
                Some(text.replace("%s", "\u{7f}").replace("%d", "\u{7f}"))
            }
            ExprKind::BinOp { left, op: BinOp::Add, right } => {
                let part = |expr| self.text(expr).unwrap_or_else(|| UNKNOWN.to_string());
                let is_text = matches!(self.module.kind(*left), ExprKind::Str(_)) || matches!(self.module.kind(*right), ExprKind::Str(_));
                is_text.then(|| part(*left) + &part(*right))
            }
            ExprKind::Call { func, .. } => match self.module.kind(*func) {
                ExprKind::Attribute { value, attr, .. } if attr == "format" => self.text(*value).map(|text| formatted(&text)),
                _ => None,
            },
            ExprKind::Name(_) | ExprKind::Attribute { .. } => match self.context.program.constant(self.context.id, expr) {
                Some(Constant::Str(text)) => Some(text.to_string()),
                _ => None,
            },
            _ => None,
        }
    }

    /// `"pip install x".split()`, `shlex.split("...")`: the words.
    fn split(&self, expr: ExprId) -> Option<Vec<Word>> {
        let call = self.module.call(expr)?;
        let ExprKind::Attribute { value, attr, .. } = self.module.kind(call.func) else { return None };
        if attr != "split" {
            return None;
        }
        let source = if call.args.is_empty() { *value } else { call.positional(0)? };
        let text = Text::at(&self.text(source)?, self.place(source));
        Some(shell::words(&text, &Environment::default()))
    }

    /// The calls that lists are handed to first, by the lists; of a list that has several, the first call.
    fn runners(&self) -> FxHashMap<ExprId, ExprId> {
        let mut runners = FxHashMap::default();
        for call in self.module.calls() {
            let Some(first) = call.positional(0) else { continue };
            let list = match self.module.kind(first) {
                ExprKind::Name(name) => self.bound(first, name),
                _ => Some(first),
            };
            if let Some(list) = list {
                runners.entry(list).or_insert(call.id);
            }
        }
        runners
    }

    /// That the status of a call is dropped.
    fn dropped(&self, call: Call<'_>) -> Option<Loss> {
        let stmt = self.module.expr(call.id).stmt;
        if !matches!(self.module.stmt(stmt).kind, StmtKind::Expr(expr) if expr == call.id) {
            return None;
        }
        let names = self.context.program.externals(self.context.id, call.func);
        let name = names.iter().find(|name| RETURNING.contains(&name.as_str()))?;
        // `check=True` raises; another value may be true.
        let checked = call.keyword("check").is_some_and(|arg| !matches!(self.module.kind(arg.value), ExprKind::Bool(false)));
        let hidden = call.args.iter().any(|arg| arg.kind == ArgKind::DoubleStar);
        (!checked && !hidden).then(|| Loss::Dropped(name.to_string()))
    }

    /// Texts that a shell or a runner gets: `os.system("pip install x")`.
    fn texts(&self, call: Call<'_>, installs: &mut Installs) {
        let is_runner = match self.module.kind(call.func) {
            ExprKind::Name(name) | ExprKind::Attribute { attr: name, .. } => RUNNERS.contains(&name.as_str()),
            _ => false,
        };
        let Some(first) = call.argument(0, "args").or_else(|| call.keyword("command").map(|arg| arg.value)).filter(|_| is_runner) else {
            return;
        };
        let from = installs.found.len();
        if let Some(words) = self.split(first) {
            installs.add_words(words, self.scope(first), self.dropped(call), self.source());
        } else {
            let Some(text) = self.text(first).filter(|text| text.contains("pip") && text.contains("install")) else { return };
            let text = Text::at(&text, self.place(first));
            installs.add_shell(&text, self.scope(first), self.dropped(call), self.source());
        }
        for found in installs.found.iter_mut().skip(from) {
            self.put(found, first);
            // What stands in a text has no place of its own.
            if let Some(Loss::OrElse(_, cut)) = &mut found.loss {
                *cut = None;
            }
        }
    }

    /// `session.install("-U", "x")` of nox.
    fn sessions(&self, call: Call<'_>, installs: &mut Installs) {
        let ExprKind::Attribute { value, attr, .. } = self.module.kind(call.func) else { return };
        let is_session = matches!(self.module.kind(*value), ExprKind::Name(name) if matches!(name.as_str(), "session" | "s"));
        let words = match attr.as_str() {
            "install" if is_session => {
                let place = self.place(call.func);
                let word = |text: &str| Word { text: Text::at(text, place.clone()), place: place.clone(), quoted: false };
                vec![word("pip"), word("install")]
            }
            "run" | "run_always" | "run_install" if is_session => Vec::new(),
            _ => return,
        };
        if !self.module.file.text().contains("nox") {
            return;
        }
        let argument = |arg: &Arg| match arg.kind {
            ArgKind::Positional => Some(self.word(arg.value)),
            ArgKind::Star => Some(self.several(arg.value)),
            _ => None,
        };
        let words: Vec<Word> = words.into_iter().chain(call.args.iter().filter_map(argument)).collect();
        let from = installs.found.len();
        installs.add_words(words, self.scope(call.id), None, self.source());
        for found in installs.found.iter_mut().skip(from) {
            self.put(found, call.id);
            found.in_session = true;
        }
    }

    /// `pip.main(["install", "x"])`, which pip never promised.
    fn pip_main(&self, call: Call<'_>, installs: &mut Installs) {
        let Some(list) = call.positional(0).filter(|_| self.module.may_be_called(call.func, |name| name.contains("main"))) else { return };
        let names = self.context.program.externals(self.context.id, call.func);
        if !names.iter().any(|name| name.starts_with("pip.") && name.ends_with("main")) {
            return;
        }
        let mut parts = Parts::default();
        let place = self.place(call.func);
        parts.words.push(Word { text: Text::at("pip", place.clone()), place, quoted: false });
        self.parts(list, MAX_DEPTH, &mut parts);
        let from = installs.found.len();
        installs.add_words(parts.words, self.scope(list), None, self.source());
        installs.found.iter_mut().skip(from).for_each(|found| self.put(found, list));
    }

    /// The function that an expression stands in.
    fn scope(&self, expr: ExprId) -> usize {
        self.module.expr(expr).function.map_or(0, |function| function.0 as usize + 1)
    }
}

/// What `format` makes of a text, where nothing is known of the values.
fn formatted(text: &str) -> String {
    let mut result = String::new();
    let mut rest = text;
    while let Some((before, field)) = rest.split_once('{') {
        let Some((_, behind)) = field.split_once('}') else { break };
        result.push_str(before);
        result.push(UNKNOWN);
        rest = behind;
    }
    result.push_str(rest);
    result
}
