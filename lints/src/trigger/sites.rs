//! What the bytes around a word say about it: conditions that are cheap, and that fail only where the word can lead to no finding.
//!
//! The conditions look at the line before the word and at a few bytes behind it. Where these do not decide (a receiver on another
//! line, a name that may be bound otherwise), a condition holds.

use memchr::memmem;

use super::swallows::{may_swallow, may_swallow_at};
use super::{
    CAUGHT_EXIT, DROPPED_MAIN, EXIT, INSTALL, LIBRARY_EXIT, LOGGING_DICTIONARY, MAIN_THAT_CATCHES, PIP, PIP_INSTALL, PLAIN_EXIT, PRINT,
    ROOT_EVENT, WAIT_STATUS,
};
use crate::program::outline::function_may_hold;

/// A condition on the place of a text.
type Test = fn(&Site<'_>) -> bool;

/// The words that are told by more than their text: each with its texts and their conditions.
pub(super) const NAMED: &[(&str, &[(&str, Test)])] = &[
    (
        EXIT,
        &[
            ("exit", |site| site.is_exit() && !site.is_plain()),
            ("quit", |site| site.is_exit()),
            ("SystemExit", |site| site.is_system_exit() && !site.is_plain()),
            ("Exit", |site| site.is_exception()),
            // Under another name anything may be an exit.
            ("sys as", |site| site.is_whole_start()),
            ("import builtins as", |site| site.is_whole_start()),
            ("from builtins import", |site| site.is_whole_start()),
        ],
    ),
    (
        PLAIN_EXIT,
        &[
            ("exit", |site| site.is_plain() && site.is_exit()),
            ("SystemExit", |site| site.is_plain() && site.is_system_exit()),
            ("Exit", |site| site.is_plain() && site.is_exception()),
        ],
    ),
    (
        LIBRARY_EXIT,
        &[
            ("exit", |site| (site.is_inner() || site.is_given_away()) && site.is_exit() && site.is_in_library()),
            ("quit", |site| (site.is_inner() || site.is_given_away()) && site.is_exit() && site.is_in_library()),
            ("SystemExit", |site| (site.is_inner() || site.is_given_away()) && site.is_system_exit() && site.is_in_library()),
            ("sys as", |site| site.is_whole_start() && site.is_in_library()),
            ("import builtins as", |site| site.is_whole_start() && site.is_in_library()),
            ("from builtins import", |site| site.is_whole_start() && site.is_in_library()),
        ],
    ),
    (
        WAIT_STATUS,
        &[
            ("system", |site| site.is_member_of(b"os")),
            ("popen", |site| site.is_member_of(b"os")),
            ("wait", |site| site.is_member_of(b"os") && !site.rest().starts_with(b"id(") && !site.rest().starts_with(b"status_to")),
            ("spawn", |site| site.is_member_of(b"pty")),
            ("from os import", |site| site.is_whole_start() && names_a_wait(site.line_behind())),
            ("import os as", |site| site.is_whole_start()),
            ("from pty import", |site| site.is_whole_start()),
            ("import pty as", |site| site.is_whole_start()),
        ],
    ),
    (
        ROOT_EVENT,
        &[
            ("basicConfig", |site| site.is_at_top()),
            ("addHandler", |site| site.is_at_top()),
            ("debug(", |site| site.is_at_top()),
            ("info(", |site| site.is_at_top()),
            ("warn(", |site| site.is_at_top()),
            ("warning(", |site| site.is_at_top()),
            ("error(", |site| site.is_at_top()),
            ("exception(", |site| site.is_at_top()),
            ("critical(", |site| site.is_at_top()),
            ("fatal(", |site| site.is_at_top()),
            ("log(", |site| site.is_at_top()),
        ],
    ),
    (CAUGHT_EXIT, &[("SystemExit", |site| site.is_whole_start() && memmem::find(site.line_before(), b"raise").is_none())]),
    (
        DROPPED_MAIN,
        &[
            ("__main__", |site| site.is_main_guard() && site.dropped_calls().any(|name| site.function_holds(name, &["return "]))),
            ("\nmain(", |site| site.function_holds("main", &["return "])),
        ],
    ),
    (
        MAIN_THAT_CATCHES,
        &[
            ("__main__", |site| {
                let catches = || memmem::find(site.rest(), b"except").is_some();
                site.is_main_guard() && (site.calls_behind_guard().any(|(name, _)| may_swallow(site.bytes, name)) || catches())
            }),
            // Each definition is a site of its own, of which a file may have many.
            ("main(", |site| site.bytes[..site.start].ends_with(b"def ") && may_swallow_at(site.bytes, site.start - b"def ".len())),
            ("_main(", |site| site.is_defined_function() && may_swallow(site.bytes, site.defined_name())),
            ("def cli(", |site| may_swallow(site.bytes, "cli")),
            ("def run(", |site| site.is_catching_start("run")),
            ("def start(", |site| site.is_catching_start("start")),
            ("def execute(", |site| site.is_catching_start("execute")),
            ("def serve(", |site| site.is_catching_start("serve")),
            ("def app(", |site| site.is_catching_start("app")),
            ("def entry(", |site| site.is_catching_start("entry")),
            ("def entrypoint(", |site| site.is_catching_start("entrypoint")),
            ("def entry_point(", |site| site.is_catching_start("entry_point")),
        ],
    ),
    (PRINT, &[("print", |site| site.is_whole_start() && site.next() == b'(' && site.before() != b'.' && !site.is_defined())]),
    (
        LOGGING_DICTIONARY,
        &[
            ("lers\"", |site| site.is_key_of_logging(b"\"hand")),
            ("lers'", |site| site.is_key_of_logging(b"'hand")),
            ("gers\"", |site| site.is_key_of_logging(b"\"log")),
            ("gers'", |site| site.is_key_of_logging(b"'log")),
        ],
    ),
    // Each with the byte behind `pip`: texts of four bytes can be searched for faster than one of three.
    (
        PIP,
        &[
            ("pip\"", |site| site.without_last().is_word_of_pip()),
            ("pip'", |site| site.without_last().is_word_of_pip()),
            ("pip.", |site| site.without_last().is_word_of_pip()),
            ("pip ", |site| site.without_last().is_word_of_pip()),
            ("pip2", |site| site.without_last().is_word_of_pip()),
            ("pip3", |site| site.without_last().is_word_of_pip()),
        ],
    ),
    (
        PIP_INSTALL,
        &[
            ("pip ", |site| site.without_last().is_pip_install()),
            ("pip2", |site| site.without_last().is_pip_install()),
            ("pip3", |site| site.without_last().is_pip_install()),
        ],
    ),
    // As a word of a command, or at the start of several: `"install"`, `"install -U x".split()`.
    (
        INSTALL,
        &[
            ("\"install", |site| matches!(site.after(), b'"' | b' ' | b'\\')),
            ("'install", |site| matches!(site.after(), b'\'' | b' ' | b'\\')),
        ],
    ),
    // A method or an alias in a class body, or an attribute that is set; not one that is called.
    ("__del__", &[("__del__", |site| site.is_whole_start() && (site.before() != b'.' || site.next() == b'=') && !site.is_quoted())]),
    // The web frameworks' handler of static files is no log handler. Whoever imports the class, or asks whether something is one, opens nothing.
    (
        "*FileHandler",
        &[("FileHandler", |site| !site.ends_in(b"Static") && !site.is_text() && !site.is_plain_import() && !site.is_asked_for())],
    ),
    // A handler that writes nothing.
    ("addHandler", &[("addHandler", |site| site.is_whole_start() && memmem::find(site.line_behind(), b"logging.NullHandler(").is_none())]),
    // Only what is added to the logger, or configures it, decides where it writes.
    ("loguru", &[("loguru", |site| site.is_whole_start() && site.text_adds_or_configures())]),
    // Comments of other tools are none of ours.
    ("noqa", &[("noqa", |site| names_a_code(site.line_behind()))]),
    ("NOQA", &[("NOQA", |site| names_a_code(site.line_behind()))]),
    ("NoQA", &[("NoQA", |site| names_a_code(site.line_behind()))]),
    ("pyrelint:", &[("pyrelint:", |_| true)]),
];

/// A place in a text where a word stands.
pub(super) struct Site<'a> {
    bytes: &'a [u8],
    start: usize,
    end: usize,
}

/// The object whose attribute a word is.
enum Receiver<'a> {
    /// The word is no attribute.
    None,
    /// The object may stand anywhere.
    Unseen,
    /// The last part of the object's name; empty where it is no name.
    Name(&'a [u8]),
}

impl<'a> Site<'a> {
    /// What stands behind the word and the version in its name (`pip3.11`).
    fn behind_version(&self) -> &'a [u8] {
        let rest = self.bytes.get(self.end..).unwrap_or_default();
        let version = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
        let rest = &rest[version..];
        let minor = rest.strip_prefix(b".").map_or(0, |rest| rest.iter().take_while(|byte| byte.is_ascii_digit()).count());
        if version > 0 && minor > 0 { &rest[minor + 1..] } else { rest }
    }

    /// The word without its last byte.
    fn without_last(&self) -> Self {
        Self { end: self.end - 1, ..*self }
    }

    /// `"pip"`, `'bin/pip3'`, `pip.main`, `from pip import main`
    fn is_word_of_pip(&self) -> bool {
        let rest = self.behind_version();
        let goes_on = rest.starts_with(b"\"") || rest.starts_with(b"'") || rest.starts_with(b".") || rest.starts_with(b" import");
        goes_on && !self.continues_a_name() && !self.is_text()
    }

    /// `pip install`, with options in between.
    fn is_pip_install(&self) -> bool {
        if self.continues_a_name() {
            return false;
        }
        let rest = self.behind_version();
        let line = &rest[..memchr::memchr2(b'\n', b'\r', rest).unwrap_or(rest.len())];
        line.starts_with(b" ") && memchr::memmem::find(line, b"install").is_some()
    }

    pub(super) fn new(bytes: &'a [u8], start: usize, end: usize) -> Self {
        Self { bytes, start, end }
    }

    /// Whether the word stands on a line at the top of the module, or below a `try`, a `with` or one of their clauses there. The test looks
    /// at the last line before it that is not indented.
    fn is_at_top(&self) -> bool {
        let indent = self.line_before().iter().take_while(|byte| matches!(byte, b' ' | b'\t')).count();
        if indent > crate::rules::logging::at_import::MAX_INDENT || self.continues_a_name() || self.is_text() {
            return false;
        }
        let mut end = self.start;
        loop {
            let start = memchr::memrchr2(b'\n', b'\r', &self.bytes[..end]).map_or(0, |at| at + 1);
            let line = &self.bytes[start..self.bytes.len().min(start + 12)];
            match line.first() {
                None | Some(b' ' | b'\t' | b'\x0c' | b'\n' | b'\r' | b')' | b']' | b'}' | b'#') if start > 0 => end = start - 1,
                _ => {
                    let starts = |words: &[&str]| words.iter().any(|word| line.starts_with(word.as_bytes()));
                    return !starts(&["def ", "class ", "async def", "@"]);
                }
            }
        }
    }

    /// Whether the word may stand in a function or a lambda.
    fn is_inner(&self) -> bool {
        let line = self.line_before();
        let indented = line.first().is_some_and(|first| is_blank(*first));
        indented || line.starts_with(b"def ") || line.starts_with(b"async def ") || memmem::find(line, b"lambda").is_some()
    }

    /// Whether nothing in the text says that it is started as a program.
    fn is_in_library(&self) -> bool {
        !self.bytes.starts_with(b"#!") && memmem::find(self.bytes, b"__main__").is_none()
    }

    /// Whether the word stands in the condition of `if __name__ == "__main__":`, and not in that of an example in a docstring: those are indented.
    fn is_main_guard(&self) -> bool {
        let line = self.line_before();
        let names = memmem::find(line, b"__name__").is_some() || memmem::find(self.line_behind(), b"__name__").is_some();
        let is_indented = line.first().is_some_and(|first| is_blank(*first));
        names && !(is_indented && memmem::find_iter(&self.bytes[..self.start], b"\"\"\"").count() % 2 == 1)
    }

    /// The names of the functions that the lines behind a guard call, each with the line up to it.
    fn calls_behind_guard(&self) -> impl Iterator<Item = (&'a str, &'a [u8])> {
        // A guard's block is short; what stands far below is no part of it.
        let rest = self.rest();
        let block = &rest[..rest.len().min(2_000)];
        memchr::memchr_iter(b'(', block).filter_map(move |open| {
            let start = block[..open].iter().rposition(|byte| !in_name(*byte)).map_or(0, |at| at + 1);
            let name = std::str::from_utf8(&block[start..open]).ok()?;
            let line = memchr::memrchr2(b'\n', b'\r', &block[..start]).map_or(0, |end| end + 1);
            let is_name = !name.is_empty() && !name.starts_with(|first: char| first.is_ascii_digit());
            is_name.then_some((name, block[line..start].trim_ascii()))
        })
    }

    /// The names of those whose result is dropped: `main()` and `cli.main()` at the start of a line, also inside `asyncio.run(...)`. Not those of
    /// test runners, which exit themselves.
    fn dropped_calls(&self) -> impl Iterator<Item = &'a str> {
        self.calls_behind_guard()
            .filter(|(_, before)| {
                let starts = before.iter().all(|byte| in_name(*byte) || *byte == b'.');
                let runs = before.ends_with(b".run(") || before.ends_with(b"run_until_complete(");
                let tests = before.ends_with(b"test.") || before.ends_with(b"pytest.") || before.ends_with(b"unittest.");
                (starts || runs) && !tests
            })
            .map(|(name, _)| name)
    }

    /// Whether the function of a name in this text may hold a word; of one that is not defined here, maybe.
    fn function_holds(&self, name: &str, words: &[&str]) -> bool {
        function_may_hold(self.bytes, name, words)
    }

    /// Whether the word defines a function at the margin that may swallow a failure.
    fn is_catching_start(&self, name: &str) -> bool {
        matches!(self.line_before(), b"" | b"async ") && may_swallow(self.bytes, name)
    }

    /// Whether a `def` of a longer name ends in the word.
    fn is_defined_function(&self) -> bool {
        let start = self.bytes[..self.start].iter().rposition(|byte| !in_name(*byte)).map_or(0, |at| at + 1);
        self.bytes[..start].ends_with(b"def ")
    }

    /// The name that the `def` defines whose name ends in the word.
    fn defined_name(&self) -> &'a str {
        let start = self.bytes[..self.start].iter().rposition(|byte| !in_name(*byte)).map_or(0, |at| at + 1);
        std::str::from_utf8(&self.bytes[start..self.end - 1]).unwrap_or_default()
    }

    /// The byte before the word; a line end at the start of the text.
    pub(super) fn before(&self) -> u8 {
        self.start.checked_sub(1).map_or(b'\n', |at| self.bytes[at])
    }

    /// The byte behind the word; a line end at the end of the text.
    pub(super) fn after(&self) -> u8 {
        self.bytes.get(self.end).copied().unwrap_or(b'\n')
    }

    /// What stands behind the word.
    fn rest(&self) -> &'a [u8] {
        &self.bytes[self.end..]
    }

    /// What stands behind the word, without blanks.
    fn trimmed_rest(&self) -> &'a [u8] {
        skip_blanks(self.rest())
    }

    /// The next byte behind the word that is no blank; a line end at the end of the text.
    fn next(&self) -> u8 {
        self.trimmed_rest().first().copied().unwrap_or(b'\n')
    }

    /// The rest of the line.
    fn line_behind(&self) -> &'a [u8] {
        to_line_end(self.rest())
    }

    /// The line up to the word.
    fn line_before(&self) -> &'a [u8] {
        let start = memchr::memrchr2(b'\n', b'\r', &self.bytes[..self.start]).map_or(0, |at| at + 1);
        &self.bytes[start..self.start]
    }

    fn ends_in(&self, text: &[u8]) -> bool {
        self.bytes[..self.start].ends_with(text)
    }

    /// Whether the word stands in an import that gives it no other name: its uses show it again.
    fn is_plain_import(&self) -> bool {
        let before = skip_blanks(self.line_before());
        let imports = before.starts_with(b"from ") || before.starts_with(b"import ");
        imports && [before, self.line_behind()].iter().all(|part| memmem::find(part, b" as ").is_none() && !part.contains(&b';'))
    }

    /// Whether the word is an argument of `isinstance` or `issubclass`, and not called.
    fn is_asked_for(&self) -> bool {
        let before = self.line_before();
        let asks = [&b"isinstance("[..], b"issubclass("].iter().filter_map(|ask| memmem::rfind(before, ask)).max();
        asks.is_some_and(|at| !before[at..].contains(&b')') && self.next() != b'(')
    }

    /// Whether the text names an attribute `add`, or `configure`.
    fn text_adds_or_configures(&self) -> bool {
        let adds = memmem::find_iter(self.bytes, b".add").any(|at| self.bytes.get(at + 4).is_none_or(|byte| !in_name(*byte)));
        adds || memmem::find(self.bytes, b"configure").is_some()
    }

    /// Whether the word ends a key of a dictionary that starts so, and the text names the key `version`.
    fn is_key_of_logging(&self, start: &[u8]) -> bool {
        let holds = |key: &[u8]| memmem::find(self.bytes, key).is_some();
        self.ends_in(start) && self.next() == b':' && (holds(b"\"version\"") || holds(b"'version'"))
    }

    /// Whether the word is the end of a longer name.
    pub(super) fn continues_a_name(&self) -> bool {
        in_name(self.before())
    }

    /// Whether the word is what a `def` defines.
    pub(super) fn is_defined(&self) -> bool {
        self.ends_in(b"def ")
    }

    /// Whether the word starts with a name and may stand in code.
    fn is_whole_start(&self) -> bool {
        !self.continues_a_name() && !self.is_text()
    }

    /// Whether the word is a name of its own.
    fn is_name(&self) -> bool {
        !self.continues_a_name() && !in_name(self.after())
    }

    /// Whether the line before the word shows that no code stands here: behind a `#`, or a character that is none of Python's,
    /// comes code again only if a string ends, or a replacement field of an f-string starts.
    ///
    /// (An escape character may start a passage in two-byte characters, whose bytes mean nothing.)
    pub(super) fn is_text(&self) -> bool {
        let line = self.line_before();
        let from = line.iter().rposition(|byte| matches!(byte, b'"' | b'\'' | b'{' | b'\x1b')).map_or(0, |at| at + 1);
        line[from..].iter().any(|byte| matches!(byte, b'#' | b'`' | b'?' | b'$'))
    }

    /// Whether the word, with the names that it is an attribute of, follows a quote directly: behind the end of a string no name can stand.
    fn is_quoted(&self) -> bool {
        let start = self.bytes[..self.start].iter().rposition(|byte| !in_name(*byte) && *byte != b'.');
        start.is_some_and(|at| matches!(self.bytes[at], b'"' | b'\'')) || self.is_text()
    }

    /// The object whose attribute the word is, if it is one. It may stand on a line before.
    fn receiver(&self) -> Receiver<'a> {
        let before = trim_line_ends(&self.bytes[..self.start]);
        let this_line = self.start - self.line_before().len();
        // Whether a comment stands at the end of a text on a line before, and behind what is told here.
        let is_commented = |text: &[u8], behind: fn(&[u8]) -> bool| {
            let line = &text[memchr::memrchr2(b'\n', b'\r', text).map_or(0, |at| at + 1)..];
            text.len() <= this_line && memchr::memchr(b'#', line).is_some_and(|at| behind(&line[..at]))
        };
        let Some(object) = before.strip_suffix(b".").map(trim_line_ends) else {
            return if is_commented(before, |code| trim_blanks(code).ends_with(b".")) { Receiver::Unseen } else { Receiver::None };
        };
        if object.is_empty() || is_commented(object, |_| true) {
            return Receiver::Unseen;
        }
        let name = object.iter().rposition(|byte| !in_name(*byte)).map_or(0, |at| at + 1);
        Receiver::Name(&object[name..])
    }

    /// Whether the word starts the name of an attribute of a module; also where the receiver is not on this line.
    fn is_member_of(&self, module: &[u8]) -> bool {
        let holds = match self.receiver() {
            Receiver::None => false,
            Receiver::Unseen => true,
            Receiver::Name(name) => name == module,
        };
        holds && !self.continues_a_name() && !self.is_quoted()
    }

    /// Whether the word is `exit`, `_exit` or `quit` as a function that ends the process.
    fn is_exit(&self) -> bool {
        // `_exit` is found by its end.
        let site = if self.ends_in(b"_") { Self { start: self.start - 1, ..*self } } else { Self { ..*self } };
        if !site.is_name() || site.is_defined() || site.is_quoted() {
            return false;
        }
        let under = site.start != self.start;
        match site.receiver() {
            Receiver::Name(receiver) if under => receiver != b"self",
            Receiver::Name(b"sys" | b"builtins" | b"ctx" | b"context") | Receiver::Unseen => true,
            // The context of a command under another name.
            Receiver::Name(_) => site.next() == b'(' && site.mentions_click(),
            Receiver::None => site.next() == b'(' || under && !site.is_assigned_to() || site.is_given_away(),
        }
    }

    /// Whether the text says anything of click or typer, without which nothing is a context.
    fn mentions_click(&self) -> bool {
        memmem::find(self.bytes, b"click").is_some() || memmem::find(self.bytes, b"typer").is_some()
    }

    /// Whether the name is assigned to.
    fn is_assigned_to(&self) -> bool {
        let rest = self.trimmed_rest();
        rest.starts_with(b"=") && !rest.starts_with(b"==")
    }

    /// Whether a name that is not called gets another: `name = exit`, `name = given or exit`, `exit as name`.
    fn is_given_away(&self) -> bool {
        let before = trim_blanks(self.line_before());
        let word = |word: &[u8]| before.ends_with(word) && before.len() < self.line_before().len();
        let rest = self.rest();
        before.is_empty() && self.ends_open_line()
            || before.ends_with(b"=")
            || (word(b"or") || word(b"else")) && matches!(self.next(), b'\n' | b'\r' | b'#' | b';' | b')')
            || rest.len() > self.trimmed_rest().len() && self.trimmed_rest().starts_with(b"as") && !before.ends_with(b"except")
    }

    /// Whether the line before this one ends in a way that this one goes on with: `name = \`, `name = (`.
    fn ends_open_line(&self) -> bool {
        matches!(trim_line_ends(&self.bytes[..self.start]).last(), Some(b'=' | b'('))
    }

    /// Whether the word is `SystemExit`, and not one that is caught or expected.
    fn is_system_exit(&self) -> bool {
        if !self.is_name() || self.is_quoted() {
            return false;
        }
        if self.next() == b'(' {
            return true;
        }
        let before = self.line_before();
        let alone = trim_blanks(before).is_empty() && self.next() == b',';
        let caught = is_except(before);
        let tested = before.ends_with(b"aises(") || memmem::find(before, b"isinstance(").is_some();
        !alone && !caught && !tested
    }

    /// Whether the word is `Exit` of typer or click where it is called, raised, or given another name.
    fn is_exception(&self) -> bool {
        if !self.is_name() || self.is_quoted() || self.ends_in(b"class ") {
            return false;
        }
        let before = trim_blanks(self.line_before());
        let raised = before.ends_with(b"raise") || before.ends_with(b"(") || before.is_empty() && self.ends_open_line();
        let caught = is_except(before);
        self.next() == b'(' || raised || !caught && (before.ends_with(b".") || self.is_given_away())
    }

    /// Whether this is a call whose arguments are a plain number from 1 to 255, or start with the text of a message.
    fn is_plain(&self) -> bool {
        self.after() == b'(' && !self.ends_in(b"_") && !self.is_builtin_call() && is_plain(&self.rest()[1..])
    }

    /// Whether the function is called without a module in front: `exit(1)` is a finding whatever its code.
    fn is_builtin_call(&self) -> bool {
        let function = &self.bytes[self.start..self.end];
        function == b"exit" && !matches!(self.receiver(), Receiver::Name(b"sys" | b"ctx" | b"context"))
    }
}

/// Whether a line starts an `except` clause.
fn is_except(line: &[u8]) -> bool {
    skip_blanks(line).strip_prefix(b"except").is_some_and(|rest| rest.first().is_none_or(|byte| !in_name(*byte)))
}

/// Whether a byte is a part of a name.
fn in_name(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_' || byte >= 0x80
}

fn is_blank(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\x0c')
}

fn skip_blanks(bytes: &[u8]) -> &[u8] {
    &bytes[bytes.iter().position(|byte| !is_blank(*byte)).unwrap_or(bytes.len())..]
}

fn trim_blanks(bytes: &[u8]) -> &[u8] {
    &bytes[..bytes.iter().rposition(|byte| !is_blank(*byte)).map_or(0, |at| at + 1)]
}

/// Without blanks, line ends and the backslashes that join lines.
fn trim_line_ends(bytes: &[u8]) -> &[u8] {
    let end = bytes.iter().rposition(|byte| !is_blank(*byte) && !matches!(byte, b'\n' | b'\r' | b'\\'));
    &bytes[..end.map_or(0, |at| at + 1)]
}

fn to_line_end(bytes: &[u8]) -> &[u8] {
    &bytes[..memchr::memchr2(b'\n', b'\r', bytes).unwrap_or(bytes.len())]
}

/// Whether the rest of an import may name a function that yields a wait status; one in parentheses goes on behind the line.
fn names_a_wait(line: &[u8]) -> bool {
    let names = [&b"system"[..], b"popen", b"wait", b"(", b"\\", b"*"];
    names.iter().any(|name| memmem::find(line, name).is_some())
}

/// Whether the rest of a line holds `RL` and a digit.
fn names_a_code(line: &[u8]) -> bool {
    line.windows(3).any(|window| window.starts_with(b"RL") && window[2].is_ascii_digit())
}

/// Whether a call's arguments are a plain number from 1 to 255, or start with the text of a message.
fn is_plain(arguments: &[u8]) -> bool {
    let message = arguments.strip_prefix(b"f").unwrap_or(arguments);
    if let [b'"' | b'\'', first, ..] = message {
        // Behind the message may stand another code: `"..." if failed else 256`; also on the next line.
        let line = to_line_end(message);
        let others = [&b" if "[..], b" or ", b" and "];
        return first.is_ascii_alphabetic() && line.contains(&b')') && !others.iter().any(|other| memmem::find(line, other).is_some());
    }
    let digits = arguments.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let number = std::str::from_utf8(&arguments[..digits]).ok().and_then(|digits| digits.parse::<u16>().ok());
    arguments.get(digits) == Some(&b')') && number.is_some_and(|number| (1..=255).contains(&number))
}
