//! Sequences of edits: the server's text is the client's, its findings are those of a fresh start, and its memory does not grow.

use serde_json::{Value, json};

use super::client::{Capabilities, Client};
use super::{SILENT, TELLS, project};

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
];

fn text_of(lines: &[&str]) -> String {
    lines.iter().flat_map(|line| [*line, "\n"]).collect()
}

#[test]
fn after_many_edits_the_findings_are_those_of_a_fresh_start() {
    let folder = project();
    let mut client = Client::start(folder.path(), Capabilities::PULL);
    let (uri, cli) = (client.uri("tool/end.py"), client.uri("tool/cli.py"));
    client.open(&uri, "");
    client.open(&cli, TELLS);
    let mut lines: Vec<&str> = Vec::new();
    let mut number = 88_172_645_463_325_252_u64;
    let mut below = |bound: usize| {
        number ^= number << 13;
        number ^= number >> 7;
        number ^= number << 17;
        usize::try_from(number % bound as u64).expect("a small number")
    };
    let (mut found, mut tells) = (0, true);
    for round in 0..1_000 {
        let at = below(lines.len() + 1);
        let gone = below(3).min(lines.len() - at);
        let new: Vec<&str> = (0..below(3)).map(|_| STATEMENTS[below(STATEMENTS.len())]).collect();
        let text = text_of(&new);
        let place = |line: usize| json!({ "line": line, "character": 0 });
        client.edit(&uri, &json!({ "range": { "start": place(at), "end": place(at + gone) }, "text": text }));
        lines.splice(at..at + gone, new);
        if round % 40 == 7 {
            tells = !tells;
            client.replace(&cli, if tells { TELLS } else { SILENT });
        }
        if round % 50 == 49 {
            let mut fresh = Client::start(folder.path(), Capabilities::PULL);
            fresh.open(&cli, if tells { TELLS } else { SILENT });
            fresh.open(&uri, &text_of(&lines));
            let (old, new) = (without_version(client.diagnostics(&uri)), without_version(fresh.diagnostics(&uri)));
            assert_eq!(old, new, "edit {round}:\n{}", lines.join("\n"));
            found += old.as_array().map_or(0, Vec::len);
            fresh.stop();
        }
    }
    assert!(found > 50, "only {found} findings were compared");
    client.stop();
}

/// Diagnostics but for the version of the document that their data are about.
fn without_version(mut diagnostics: Value) -> Value {
    for data in diagnostics.as_array_mut().into_iter().flatten().filter_map(|one| one.get_mut("data")) {
        data["version"] = Value::Null;
    }
    diagnostics
}
