//! Programs made by a grammar: all of Python's statements and expressions, with the names that rules care for.

use proptest::prelude::*;

const NAMES: &[&str] = &["x", "self", "sys", "os", "logging", "log", "main", "run", "status", "code", "é", "C", "D", "e", "__name__", "f"];
const CALLEES: &[&str] = &[
    "sys.exit",
    "exit",
    "os._exit",
    "os.system",
    "logging.basicConfig",
    "logging.FileHandler",
    "logging.getLogger",
    "log.info",
    "self.close",
    "super().__del__",
    "subprocess.call",
    "x.f",
    "C",
    "main",
    "threading.Thread",
    "SystemExit",
    "open",
    "socket.socket",
    "print",
    "logging.handlers.RotatingFileHandler",
    "os.fork",
    "atexit.register",
    "weakref.finalize",
    "len",
    "min",
    "int",
    "bool",
    "D.f",
    "signal.signal",
    "logging.config.dictConfig",
    "multiprocessing.Process",
    "asyncio.run",
    "unittest.main",
    "quit",
    "os.waitpid",
    "os.wait",
    "subprocess.run",
    "log.exception",
    "f",
];
const MODULES: &[&str] = &[
    "import sys",
    "import os",
    "import logging",
    "import logging.handlers",
    "import subprocess, threading",
    "from sys import exit",
    "from sys import exit as bye",
    "from . import b",
    "from .a import *",
    "from a import C",
    "import a.b as c",
    "from pkg import D",
    "from __future__ import annotations",
    "import asyncio",
    "import signal, atexit, socket",
    "from b import main",
    "from os import *",
];
const LITERALS: &[&str] = &[
    "0",
    "1",
    "2",
    "-1",
    "256",
    "300",
    "0xff",
    "99999999999999999999",
    "1.5",
    "1e400",
    "True",
    "False",
    "None",
    "''",
    "'x'",
    "'é'",
    "b'x'",
    "f'{x}'",
    "\"\"\"\nx\n\"\"\"",
    "...",
    "3j",
    "'%s' % x",
    "r'\\'",
    "()",
    "[]",
    "{}",
    "(1).real",
    "os.EX_OK",
    "sys.argv",
    "f\"{x!r:>{e}}\"",
    "'a' 'b'",
    "sys.exc_info()",
];
const BINARY: &[&str] =
    &["+", "-", "*", "/", "//", "%", "**", "<<", ">>", "&", "|", "^", "@", "and", "or", "<", ">=", "==", "is", "is not", "in", "not in"];

fn one_of(words: &'static [&'static str]) -> BoxedStrategy<String> {
    prop::sample::select(words).prop_map(str::to_owned).boxed()
}

/// Expressions.
pub(crate) fn expression() -> BoxedStrategy<String> {
    let leaf = prop_oneof![2 => one_of(NAMES), 2 => one_of(LITERALS), 1 => one_of(CALLEES).prop_map(|callee| format!("{callee}()"))];
    leaf.prop_recursive(4, 24, 4, |inner| {
        let pair = (inner.clone(), inner.clone());
        prop_oneof![
            4 => (one_of(CALLEES), prop::collection::vec(inner.clone(), 0..3)).prop_map(|(callee, arguments)| format!("{callee}({})", arguments.join(", "))),
            2 => (pair.clone(), one_of(BINARY)).prop_map(|((left, right), operator)| format!("({left} {operator} {right})")),
            1 => (inner.clone(), one_of(NAMES)).prop_map(|(value, name)| format!("({value}).{name}")),
            1 => (one_of(CALLEES), one_of(NAMES), inner.clone()).prop_map(|(callee, name, value)| format!("{callee}({name}={value})").replace("é", "x")),
            1 => pair.clone().prop_map(|(one, other)| format!("({one} if {other} else 0)")),
            1 => pair.clone().prop_map(|(one, other)| format!("({one})[{other}:]")),
            1 => (inner.clone(), one_of(NAMES)).prop_map(|(value, name)| format!("(lambda {}, *a: {value})", name.replace("__name__", "y"))),
            1 => pair.prop_map(|(one, other)| format!("[{one} for x in {other} if x]")),
            1 => inner.clone().prop_map(|value| format!("(not {value})")),
            1 => inner.clone().prop_map(|value| format!("-({value})")),
            1 => inner.clone().prop_map(|value| format!("{{**{value}, 'k': 1}}")),
            1 => inner.prop_map(|value| format!("(y := {value})")),
        ]
    })
    .boxed()
}

/// Blocks of statements, each as its lines without indentation of the block's own.
pub(crate) fn block() -> BoxedStrategy<Vec<String>> {
    let value = expression();
    let simple = prop_oneof![
        4 => value.clone(),
        3 => (one_of(NAMES), value.clone()).prop_map(|(name, value)| format!("{name} = {value}")),
        1 => (one_of(NAMES), value.clone()).prop_map(|(name, value)| format!("self.{name} = {value}")),
        1 => (one_of(NAMES), value.clone()).prop_map(|(name, value)| format!("{name} += {value}")),
        1 => (one_of(NAMES), value.clone()).prop_map(|(name, value)| format!("{name}: int = {value}")),
        2 => one_of(MODULES).prop_filter("it must come first", |text| !text.contains("__future__") && !text.contains('*')),
        2 => value.clone().prop_map(|value| format!("raise SystemExit({value})")),
        1 => value.clone().prop_map(|value| format!("assert {value}")),
        1 => value.clone().prop_map(|value| format!("x = y = {value}; del x")),
        1 => Just("pass".to_owned()),
        1 => one_of(&["# note", "x = 1  # noqa", "exit(2)  # pyrelint: ignore[RL310] é", "# pyrelint: ignore", "exit(\n    2,\n)", "if x: exit(2)", "x = \\\n    1", "\"\"\"\na\n  b\"\"\""]),
    ];
    let simple = simple.prop_map(|line| vec![line]);
    let statement = simple.prop_recursive(4, 30, 4, |inner| {
        let body = prop::collection::vec(inner, 1..4).prop_map(|parts| indented(&parts.concat()));
        let value = expression();
        prop_oneof![
            1 => (value.clone(), body.clone(), body.clone()).prop_map(|(test, body, other)| chain(&[(format!("if {test}:"), body), ("else:".to_owned(), other)])),
            1 => (value.clone(), body.clone()).prop_map(|(test, body)| chain(&[(format!("while {test}:"), body)])),
            1 => (value.clone(), body.clone()).prop_map(|(items, body)| chain(&[(format!("for x in {items}:"), body)])),
            1 => (value.clone(), body.clone()).prop_map(|(item, body)| chain(&[(format!("with {item} as x:"), body)])),
            2 => (body.clone(), one_of(&["except:", "except Exception as e:", "except (OSError, ValueError):", "except SystemExit:", "except BaseException:", "finally:"]), body.clone())
                .prop_map(|(body, handler, other)| chain(&[("try:".to_owned(), body), (handler, other)])),
            2 => (one_of(&["main", "f", "run", "__init__", "__del__", "close", "__enter__"]), one_of(&["", "self", "x=1, *, e", "self, *a, **k"]), body.clone(), prop::bool::weighted(0.1))
                .prop_map(|(name, parameters, body, is_async)| chain(&[(format!("{}def {name}({parameters}):", if is_async { "async " } else { "" }), body)])),
            2 => (one_of(&["C", "D"]), one_of(&["", "C", "D, C", "x.B", "threading.Thread", "logging.FileHandler", "Exception"]), body.clone())
                .prop_map(|(name, bases, body)| chain(&[(format!("class {name}({bases}):"), body)])),
            1 => body.clone().prop_map(|body| chain(&[("if __name__ == '__main__':".to_owned(), body)])),
            1 => (value, body).prop_map(|(value, body)| chain(&[(format!("match {value}:"), indented(&chain(&[("case _:".to_owned(), body)])))])),
        ]
    });
    prop::collection::vec(statement, 1..7).prop_map(|parts| parts.concat()).boxed()
}

/// Whole programs.
pub(crate) fn program() -> BoxedStrategy<Vec<u8>> {
    let imports = prop::collection::vec(one_of(MODULES), 0..5);
    let lines = (imports, block()).prop_map(|(mut imports, block)| {
        imports.sort_by_key(|line| !line.contains("__future__"));
        let mut text = imports.into_iter().chain(block).collect::<Vec<_>>().join("\n");
        text.push('\n');
        text.into_bytes()
    });
    lines.boxed()
}

fn indented(lines: &[String]) -> Vec<String> {
    // Statements whose lines come together as one may hold strings: their blanks are of no account here.
    lines.iter().map(|line| format!("    {}", line.replace('\n', "\n    "))).collect()
}

fn chain(parts: &[(String, Vec<String>)]) -> Vec<String> {
    parts
        .iter()
        .flat_map(|(head, body)| std::iter::once(head.clone()).chain(body.iter().cloned()).chain(std::iter::once("    pass".to_owned())))
        .collect()
}
