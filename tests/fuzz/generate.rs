//! The parts of which cases are made: mutations of texts, and soups of words.

use proptest::prelude::*;
use proptest::sample::Index;

use super::seeds::{OTHERS, PYTHON};

/// A change of a text.
#[derive(Clone, Debug)]
enum Mutation {
    /// Takes bytes away.
    Delete(Index, usize),
    /// Puts a word in.
    Insert(Index, &'static str),
    /// Puts bytes in that may be no text.
    Bytes(Index, Vec<u8>),
    /// Writes a part again, so many times.
    Repeat(Index, usize, usize),
    /// Takes the order of two lines away.
    SwapLines(Index, Index),
    /// Takes a line away.
    DropLine(Index),
    /// Ends the text.
    Truncate(Index),
    /// Puts a part of another text in.
    Splice(Index, Index, Index, usize),
    /// Writes all line ends anew.
    LineEnds(&'static str),
    /// Puts blanks before each line from here on.
    Indent(Index, &'static str),
}

/// Words that matter somewhere.
pub(crate) const WORDS: &[&str] = &[
    "\n",
    "\r\n",
    "\r",
    "\t",
    " ",
    "    ",
    "\x0c",
    "\0",
    "\u{feff}",
    "é",
    "😀",
    "\u{202e}",
    "\u{2028}",
    "\x1b[2J",
    "\\",
    "\\\n",
    "\"",
    "'",
    "\"\"\"",
    "'''",
    "(",
    ")",
    "[",
    "]",
    "{",
    "}",
    "{{",
    "}}",
    "${",
    "$(",
    "`",
    "#",
    ":",
    ";",
    ",",
    "=",
    ":=",
    "->",
    "@",
    "*",
    "**",
    "|",
    "&&",
    "||",
    ">",
    "<<EOF\n",
    "EOF\n",
    "-",
    "--",
    "f\"{",
    "f'''{x!r:{y}}'''",
    "t\"{x}\"",
    "rb'",
    "0x",
    "1e999",
    "99999999999999999999",
    "-1",
    "256",
    "0",
    "_",
    "...",
    "lambda: ",
    "await ",
    "async ",
    "yield ",
    "def f(",
    "def __del__(self):",
    "class C(",
    "import ",
    "from . import *",
    "from .. import x",
    "import logging",
    "import sys",
    "import os",
    "sys.exit(300)",
    "exit(2)",
    "os._exit(0)",
    "os.system('x')",
    "logging.basicConfig(filename='x')",
    "logging.FileHandler('x')",
    "self.close()",
    "raise SystemExit(1)",
    "if __name__ == '__main__':",
    "try:",
    "except:",
    "except BaseException:",
    "except* E:",
    "finally:",
    "with ",
    "match x:\n",
    "case _:\n",
    "global x",
    "nonlocal x",
    "del x",
    "return ",
    "else:",
    "while True:",
    "for x in ",
    "if ",
    "not ",
    " and ",
    " in ",
    " is not ",
    " if x else y",
    "type X = ",
    "print(",
    "# noqa",
    "# noqa: RL101",
    "# pyrelint: ignore",
    "# pyrelint: ignore[RL301]",
    "# pyrelint: ignore-file",
    "# pyrelint: ignore[",
    "# pyrelint: ignore[]",
    "# pyrelint: ignore[,RL]",
    "# pyrelint: ignore[RL301, del-io] é",
    "; pyrelint: ignore",
    "# -*- coding: latin-1 -*-\n",
    "# coding: utf-16\n",
    "#!/bin/sh\n",
    "#!/usr/bin/env python3\n",
    "[Service]\n",
    "[Unit]\n",
    "ExecStart=",
    "ExecStart=-/usr/bin/python3 -m app\n",
    "Restart=always\n",
    "Restart=\n",
    "RestartSec=0\n",
    "StartLimitBurst=99999999999\n",
    "Environment=\"A=b\" 'C=%i'\n",
    "SuccessExitStatus=1 2 SIGTERM\n",
    "%%",
    "%n",
    "FROM ",
    "FROM python:3.11 AS x\n",
    "RUN ",
    "CMD [",
    "CMD [\"python\", \"-m\", \"app\"]\n",
    "ENTRYPOINT ",
    "# escape=`\n",
    "ENV A=",
    "SHELL [\"",
    "services:\n",
    "command: ",
    "restart: ",
    "&a ",
    "*a",
    "<<: *a",
    "- ",
    "|-\n",
    ">+2\n",
    "---\n",
    "? ",
    "!!str ",
    "{a: [b, {",
    "run: |\n",
    "script:\n",
    "steps:\n",
    "pip install ",
    "pip install -U ",
    "--upgrade",
    "-r x.txt",
    "-c c.txt",
    "-e .",
    "==1.0",
    ">=1,<2",
    "; python_version < '3'",
    "@ git+https://",
    "[program:x]\n",
    "autorestart=unexpected\n",
    "exitcodes=0,2\n",
    "all:\n\t",
    "$(shell ",
    "define x\n",
    "endef\n",
    "[testenv]\n",
    "commands =\n    ",
    "if [ -z \"$x\" ]; then\n",
    "fi\n",
    "set -e\n",
    "exec ",
    "trap 'x' EXIT\n",
    "[tool.pyrelint]\n",
    "select = [",
    "\"RL1\"",
    "exclude = ['",
    "**/*",
    "[!a",
    "{a,b",
    "per-file-ignores",
    "= {",
    "true",
    "-1e400",
    "extend = '",
];

fn mutation() -> impl Strategy<Value = Mutation> {
    let at = any::<Index>;
    prop_oneof![
        3 => (at(), prop_oneof![4 => 1..4_usize, 1 => 1..200_usize]).prop_map(|(at, length)| Mutation::Delete(at, length)),
        5 => (at(), prop::sample::select(WORDS)).prop_map(|(at, word)| Mutation::Insert(at, word)),
        1 => (at(), prop::collection::vec(any::<u8>(), 1..5)).prop_map(|(at, bytes)| Mutation::Bytes(at, bytes)),
        1 => (at(), 1..30_usize, prop_oneof![9 => 2..5_usize, 1 => 100..400_usize]).prop_map(|(at, length, times)| Mutation::Repeat(at, length, times)),
        2 => (at(), at()).prop_map(|(one, other)| Mutation::SwapLines(one, other)),
        2 => at().prop_map(Mutation::DropLine),
        1 => at().prop_map(Mutation::Truncate),
        2 => (at(), at(), at(), 1..300_usize).prop_map(|(at, text, from, length)| Mutation::Splice(at, text, from, length)),
        1 => prop::sample::select(vec!["\r\n", "\r", "\n\n", "\\\n"]).prop_map(Mutation::LineEnds),
        1 => (at(), prop::sample::select(vec![" ", "\t", "    "])).prop_map(|(at, blanks)| Mutation::Indent(at, blanks)),
    ]
}

fn apply(bytes: &mut Vec<u8>, mutation: &Mutation, others: &[Vec<u8>]) {
    let at = |index: &Index, bytes: &[u8]| index.index(bytes.len() + 1);
    let lines = |bytes: &[u8]| -> Vec<Vec<u8>> { bytes.split_inclusive(|byte| *byte == b'\n').map(<[u8]>::to_owned).collect() };
    match mutation {
        Mutation::Delete(index, length) => {
            let start = at(index, bytes);
            bytes.drain(start..(start + length).min(bytes.len()));
        }
        Mutation::Insert(index, word) => drop(bytes.splice(at(index, bytes)..at(index, bytes), word.bytes())),
        Mutation::Bytes(index, new) => drop(bytes.splice(at(index, bytes)..at(index, bytes), new.iter().copied())),
        Mutation::Repeat(index, length, times) => {
            let start = at(index, bytes);
            let part = bytes[start..(start + length).min(bytes.len())].repeat(*times);
            bytes.splice(start..start, part);
        }
        Mutation::SwapLines(one, other) => {
            let mut all = lines(bytes);
            if !all.is_empty() {
                let (one, other) = (one.index(all.len()), other.index(all.len()));
                all.swap(one, other);
                *bytes = all.concat();
            }
        }
        Mutation::DropLine(index) => {
            let mut all = lines(bytes);
            if !all.is_empty() {
                all.remove(index.index(all.len()));
                *bytes = all.concat();
            }
        }
        Mutation::Truncate(index) => bytes.truncate(at(index, bytes)),
        Mutation::Splice(index, text, from, length) => {
            if let Some(other) = others.get(text.index(others.len().max(1))) {
                let from = at(from, other);
                let part = other[from..(from + length).min(other.len())].to_owned();
                bytes.splice(at(index, bytes)..at(index, bytes), part);
            }
        }
        Mutation::LineEnds(end) => {
            let parts: Vec<&[u8]> = bytes.split(|byte| *byte == b'\n').collect();
            *bytes = parts.join(end.as_bytes());
        }
        Mutation::Indent(index, blanks) => {
            let mut all = lines(bytes);
            let from = index.index(all.len() + 1);
            all[from..].iter_mut().for_each(|line| drop(line.splice(0..0, blanks.bytes())));
            *bytes = all.concat();
        }
    }
}

/// Mutations of texts.
pub(crate) fn mutated(texts: Vec<Vec<u8>>, others: Vec<Vec<u8>>) -> BoxedStrategy<Vec<u8>> {
    let mutations = prop::collection::vec(mutation(), 0..8);
    let mutated = (prop::sample::select(texts), mutations).prop_map(move |(mut bytes, mutations)| {
        for mutation in &mutations {
            apply(&mut bytes, mutation, &others);
        }
        bytes
    });
    mutated.boxed()
}

/// Mutations of Python texts.
pub(crate) fn mutated_python() -> BoxedStrategy<Vec<u8>> {
    mutated(PYTHON.clone(), PYTHON.clone())
}

/// Words in any order.
pub(crate) fn soup() -> BoxedStrategy<Vec<u8>> {
    let word = prop_oneof![8 => prop::sample::select(WORDS).prop_map(str::to_owned), 1 => "[a-z]{1,6} ?", 1 => any::<char>().prop_map(String::from)];
    prop::collection::vec(word, 0..60).prop_map(|words| words.concat().into_bytes()).boxed()
}

/// Something that nests.
pub(crate) fn deep() -> BoxedStrategy<Vec<u8>> {
    let pair = prop::sample::select(vec![
        ("(", ")"),
        ("[", "]"),
        ("{", "}"),
        ("not ", ""),
        ("-", ""),
        ("lambda: ", ""),
        ("f'{", "}'"),
        ("f\"{x:{", "}}\""),
        ("a.", ""),
        ("a(", ")"),
        ("", "()"),
        ("", ".a"),
        ("", "[0]"),
        ("x if ", " else y"),
        ("x if y else ", ""),
        ("1 + ", ""),
        ("", " ** 2"),
        ("a < ", ""),
        ("a and ", ""),
        ("await ", ""),
        ("yield ", ""),
        ("*", ""),
        ("[x for x in ", "]"),
        ("{1: ", "}"),
        ("a = ", ""),
        ("if x: ", ""),
        ("@a\n", ""),
        ("try:\n", ""),
        ("\"\" ", ""),
        ("a: ", ""),
        ("$(", ")"),
        ("`", "`"),
        ("\\", ""),
        ("- ", ""),
        ("? ", ""),
        ("a:\n ", ""),
        ("{{", "}}"),
        ("sh -c '", "'"),
        ("if true; then ", "; fi"),
        ("(:", ")"),
        ("${a:-", "}"),
        ("((", "))"),
        ("a = [", "]"),
        ("a.b.", "=1"),
        ("[[", "]]"),
        ("(x:=", ")"),
        ("match x:\n case [", "]: pass\n"),
        ("async ", ""),
    ]);
    let blocks = prop::sample::select(vec![
        "if x:",
        "try:",
        "class C:",
        "def f():",
        "while x:",
        "with x:",
        "match x:",
        "case _:",
        "else:",
        "a:",
        "- a:",
        "for x in y:",
    ]);
    let nested =
        (pair, prop_oneof![4 => 1..300_usize, 1 => 300..20_000_usize], prop::bool::ANY).prop_map(|((open, close), depth, closed)| {
            let closing = if closed { close.repeat(depth) } else { String::new() };
            format!("{}x{closing}\n", open.repeat(depth))
        });
    let indented = (blocks, prop_oneof![4 => 1..120_usize, 1 => 120..700_usize]).prop_map(|(block, depth)| {
        let lines: Vec<String> = (0..depth).map(|level| format!("{}{block}\n", " ".repeat(level))).collect();
        format!("{}{}pass\n", lines.concat(), " ".repeat(depth))
    });
    let before = prop::sample::select(vec![
        "",
        "import sys\nsys.exit(300)\n",
        "exit(2)\n",
        "x = ",
        "def __del__(self):\n    self.close()\n",
        "CMD ",
        "ExecStart=",
        "command: ",
        "[tool.pyrelint]\n",
    ]);
    (before, prop_oneof![nested, indented]).prop_map(|(before, text)| format!("{before}{text}").into_bytes()).boxed()
}

/// The paths of deployment files.
pub(crate) const NAMES: &[&str] = &[
    "app.service",
    "app@.service",
    "app.service.d/10.conf",
    "Dockerfile",
    "app.dockerfile",
    "docker-compose.yml",
    "compose.yaml",
    "k8s/app.yaml",
    "helm/templates/app.yaml",
    "supervisord.conf",
    "supervisor/conf.d/app.conf",
    ".github/workflows/ci.yml",
    ".gitlab-ci.yml",
    "run.sh",
    "start",
    "Makefile",
    "x.mk",
    "tox.ini",
    "requirements.txt",
    "requirements/dev.txt",
    "constraints.txt",
    "Procfile",
    "setup.cfg",
    "app.service.in",
    "compose.yaml.j2",
    "docker-compose.override.yml",
];

/// Mutations of deployment files of some paths, under their own names or others.
pub(crate) fn deployment(names: &[&'static str]) -> BoxedStrategy<(String, Vec<u8>)> {
    let holds =
        |name: &str| names.iter().any(|wanted| name.rsplit('/').next() == wanted.rsplit('/').next() || ending(name) == ending(wanted));
    let mut fitting: Vec<_> = OTHERS.iter().filter(|(name, _)| holds(name)).cloned().collect();
    if fitting.is_empty() {
        fitting.clone_from(&OTHERS);
    }
    let all: Vec<Vec<u8>> = OTHERS.iter().map(|(_, bytes)| bytes.clone()).collect();
    let own: Vec<Vec<u8>> = fitting.iter().map(|(_, bytes)| bytes.clone()).collect();
    let name = prop::sample::select(names.to_vec()).prop_map(str::to_owned);
    let text = prop_oneof![6 => mutated(own, all), 1 => soup(), 1 => deep()];
    (name, text).boxed()
}

fn ending(name: &str) -> &str {
    name.rsplit_once('.').map_or(name, |(_, ending)| ending)
}
