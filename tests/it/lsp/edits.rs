//! Sequences of edits: the server's findings are those of a fresh start, and its memory does not grow.
//!
//! That its text is the client's, whatever positions a client sends, is tested where documents are kept.

use std::fs;

use proptest::prelude::*;
use proptest::test_runner::{Config, RngSeed, TestRunner};
use serde_json::{Value, json};

use super::client::{Capabilities, Client};
use super::{SILENT, TELLS, codes, project};
use crate::support;

/// Statements of one line each: any sequence of them is a program, and some are found fault with.
const STATEMENTS: &[&str] = &[
    "exit(2)",
    "import sys",
    "x = \"é😀\"; quit()",
    "sys.exit(300)",
    "y = 1",
    "from tool.cli import main",
    "main()",
    "# pyrelint: ignore",
    "class C:\n    def __del__(self):\n        self.close()\n",
    // Long enough that an edit elsewhere does not have them parsed again.
    "class D:\n    def close(self):\n        open(\"of a length that matters to nobody but to whom it is for\").write(self.text)  # pyrelint: ignore[RL101]\n        print(self)\n",
    "def leave(code):\n    if code:\n        print(\"a message of some length, which nobody reads, about what went wrong with this\")\n    exit(code + 256)\n    # The end\n    return code\n",
];

/// What makes a program of something else, or of none.
const SCRAPS: &[&str] = &["", "\n", "\r\n", "\r", "é", "😀", "(", "\"", "#", "    ", "if x:\n", "exit(", ")", "\u{feff}"];

/// An edit: where it starts, how many bytes it takes away, and what takes their place.
#[derive(Clone, Debug)]
struct Edit {
    start: prop::sample::Index,
    length: usize,
    text: String,
    /// Whether the other file changes as well.
    flips: bool,
    /// Whether the range ends before it starts.
    inverted: bool,
}

fn edits(count: usize) -> impl Strategy<Value = Vec<Edit>> {
    let lines = prop::collection::vec(prop::sample::select(STATEMENTS), 1..4).prop_map(|lines| format!("\n{}\n", lines.join("\n")));
    let text = prop_oneof![3 => lines, 2 => prop::sample::select(SCRAPS).prop_map(str::to_owned)];
    let edit = (
        any::<prop::sample::Index>(),
        prop_oneof![4 => 0..4_usize, 1 => 0..80_usize],
        text,
        prop::bool::weighted(0.02),
        prop::bool::weighted(0.1),
    );
    let edit = edit.prop_map(|(start, length, text, flips, inverted)| Edit { start, length, text, flips, inverted });
    prop::collection::vec(edit, count)
}

/// The position of an offset, as LSP counts; `None` between the two characters of a line end, where there is none.
fn position(text: &str, offset: usize, encoding: &str) -> Option<Value> {
    let before = &text[..offset];
    if before.ends_with('\r') && text[offset..].starts_with('\n') {
        return None;
    }
    let line = before.replace("\r\n", "\n").matches(['\r', '\n']).count();
    let last = &before[before.rfind(['\r', '\n']).map_or(0, |at| at + 1)..];
    let character = match encoding {
        "utf-8" => last.len(),
        "utf-16" => last.encode_utf16().count(),
        _ => last.chars().count(),
    };
    Some(json!({ "line": line, "character": character }))
}

/// The nearest place at or before an offset that has a position.
fn place(text: &str, mut offset: usize, encoding: &str) -> (usize, Value) {
    loop {
        if text.is_char_boundary(offset)
            && let Some(position) = position(text, offset, encoding)
        {
            return (offset, position);
        }
        offset -= 1;
    }
}

/// Makes an edit at the client and at the server.
fn make(client: &mut Client, uri: &str, text: &mut String, edit: &Edit, encoding: &str) {
    let at = edit.start.index(text.len() + 1);
    // Long texts would only make it slow.
    let at = if text.len() > 3_000 { 0 } else { at };
    let length = if text.len() > 3_000 { 2_000 } else { edit.length };
    let (start, from) = place(text, at, encoding);
    let (end, to) = place(text, (at + length).min(text.len()), encoding);
    let end = end.max(start);
    let range = if edit.inverted { json!({ "start": to, "end": from }) } else { json!({ "start": from, "end": to }) };
    client.edit(uri, &json!({ "range": range, "text": edit.text }));
    text.replace_range(start..end, &edit.text);
}

#[test]
fn after_many_edits_the_findings_are_those_of_a_fresh_start() {
    // 10,000 edits where the program is optimized. The seed is fixed, so that a run that fails does so again.
    let (cases, count, interval) = if cfg!(debug_assertions) { (6, 500, 100) } else { (20, 500, 100) };
    let config = Config { cases, failure_persistence: None, rng_seed: RngSeed::Fixed(1), max_shrink_iters: 200, ..Config::default() };
    let folder = project();
    let compared = std::cell::Cell::new((0, 0));
    let encodings = prop::sample::select(vec!["utf-8", "utf-16", "utf-32"]);
    let outcome = TestRunner::new(config).run(&(encodings, edits(count)), |(encoding, edits)| {
        let capabilities = Capabilities { encoding, ..Capabilities::PULL };
        let mut client = Client::start(folder.path(), capabilities);
        let (uri, cli) = (client.uri("tool/end.py"), client.uri("tool/cli.py"));
        let (mut text, mut tells) = (String::new(), true);
        client.open(&uri, &text);
        client.open(&cli, TELLS);
        for (number, edit) in edits.iter().enumerate() {
            make(&mut client, &uri, &mut text, edit, encoding);
            if edit.flips {
                tells = !tells;
                client.replace(&cli, if tells { TELLS } else { SILENT });
            }
            if (number + 1).is_multiple_of(interval) || number + 1 == edits.len() {
                let information = client.request("workspace/executeCommand", json!({ "command": "pyrelint.debugInformation" }));
                let bytes = information["documents"].as_array().into_iter().flatten().find(|one| one["uri"] == uri.as_str());
                prop_assert_eq!(&bytes.expect("the document")["bytes"], &json!(text.len()));
                // What was found before the code was unfinished stays; a fresh server has seen nothing before.
                if !parses(folder.path(), &text) {
                    let whole = json!({ "start": { "line": 0, "character": 0 }, "end": { "line": u32::MAX, "character": 0 } });
                    text = STATEMENTS.iter().cycle().skip(number % 7).step_by(2).take(20).flat_map(|line| [*line, "\n"]).collect();
                    client.edit(&uri, &json!({ "range": whole, "text": text }));
                }
                let mut fresh = Client::start(folder.path(), capabilities);
                fresh.open(&cli, if tells { TELLS } else { SILENT });
                fresh.open(&uri, &text);
                let (old, new) = (without_version(client.diagnostics(&uri)), without_version(fresh.diagnostics(&uri)));
                prop_assert_eq!(&old, &new, "edit {}:\n{}", number, text);
                let (times, found) = compared.get();
                compared.set((times + 1, found + codes(&old).len()));
                fresh.stop();
            }
        }
        client.stop();
        Ok(())
    });
    outcome.unwrap_or_else(|failure| panic!("{failure}"));
    let (times, found) = compared.get();
    println!("{} edits: the findings are those of a fresh start, {times} times, {found} findings", cases as usize * count);
    assert!(times > 20 && found > 50, "{times} times, {found} findings");
}

/// Whether the command line finds no syntax error in a text.
fn parses(folder: &std::path::Path, text: &str) -> bool {
    let file = folder.join("text.py");
    fs::write(&file, text).expect("a module");
    let output = support::run(folder, &["--select", "RL001,RL003", "--exit-zero", "-q", "--output-format", "json", "text.py"]);
    fs::remove_file(&file).expect("it is there");
    serde_json::from_slice::<Value>(&output.stdout).expect("JSON") == json!([])
}

/// Diagnostics but for the version of the document that their data are about.
pub(super) fn without_version(mut diagnostics: Value) -> Value {
    for data in diagnostics.as_array_mut().into_iter().flatten().filter_map(|one| one.get_mut("data")) {
        data["version"] = Value::Null;
    }
    diagnostics
}

#[test]
fn memory_does_not_grow_with_the_number_of_edits() {
    let folder = project();
    let mut client = Client::start(folder.path(), Capabilities::PULL);
    let (uri, starter) = (client.uri("tool/cli.py"), client.uri("tool/__main__.py"));
    let resident = |client: &Client| -> Option<u64> {
        let status = fs::read_to_string(format!("/proc/{}/status", client.id())).ok()?;
        status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?.trim().trim_end_matches(" kB").parse().ok()
    };
    if resident(&client).is_none() {
        support::skipped("the server's memory", "this system does not tell how much a process has");
        return;
    }
    // Of a size that findings, syntax trees and texts that are kept would show.
    let body = (0..40).map(|number| format!("def f{number}():\n    exit({number})\n\n\n")).collect::<Vec<_>>().concat();
    client.open(&starter, super::STARTER);
    client.open(&uri, &format!("{TELLS}{body}"));
    let edit = |client: &mut Client, number: usize| {
        let place = json!({ "line": 4, "character": 0 });
        let end = json!({ "line": usize::from(number % 2 == 1) + 4, "character": 0 });
        let text = if number % 2 == 1 { String::new() } else { format!("x = 'é😀 {number}'\n") };
        client.edit(&uri, &json!({ "range": { "start": place, "end": end }, "text": text }));
        client.diagnostics(&uri);
        if number.is_multiple_of(10) {
            client.diagnostics(&starter);
        }
    };
    let many = if cfg!(debug_assertions) { 1_000 } else { 10_000 };
    (0..100).for_each(|number| edit(&mut client, number));
    let before = resident(&client).expect("a number");
    (100..many).for_each(|number| edit(&mut client, number));
    let after = resident(&client).expect("a number");
    println!("memory: {before} kB after 100 edits, {after} kB after {many}");
    assert!(after * 10 <= before * 11, "{before} kB after 100 edits, {after} kB after {many}");
    client.stop();
}
