//! The server for editors, driven as an editor drives it.

mod client;

use std::path::Path;

use serde_json::{Value, json};

use crate::support;
use client::{Capabilities, Client};

/// A project of two files: whether `main` tells its caller about a failure decides about the finding in the other file.
const STARTER: &str = "\"\"\"é😀\"\"\"; from tool.cli import main\n\nif __name__ == \"__main__\":\n    main()\n";
const TELLS: &str = "def main():\n    if not work():\n        return 1\n    return 0\n\n\ndef work():\n    return False\n";
const SILENT: &str = "def main():\n    work()\n\n\ndef work():\n    return False\n";
/// A finding behind text that is not ASCII, with a safe fix.
const FIXABLE: &str = "import sys\n\nx = \"é😀\"; exit(2)\n";

fn project() -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::create_dir(folder.path().join("tool")).expect("a package");
    std::fs::write(folder.path().join("pyproject.toml"), "[project]\nname = \"tool\"\nversion = \"1\"\n").expect("a project");
    for (name, text) in [("__init__.py", ""), ("__main__.py", STARTER), ("cli.py", TELLS), ("end.py", FIXABLE)] {
        std::fs::write(folder.path().join("tool").join(name), text).expect("a module");
    }
    folder
}

fn codes(diagnostics: &Value) -> Vec<String> {
    let all = diagnostics.as_array().into_iter().flatten();
    all.map(|one| one["code"].as_str().unwrap_or_default().to_owned()).collect()
}

#[test]
fn a_change_in_one_file_updates_the_findings_in_another() {
    let folder = project();
    for capabilities in [Capabilities::PUSH, Capabilities::PULL] {
        let mut client = Client::start(folder.path(), capabilities);
        let (starter, cli) = (client.uri("tool/__main__.py"), client.uri("tool/cli.py"));
        client.open(&starter, STARTER);
        assert_eq!(codes(&client.diagnostics(&starter)), ["RL314"], "{capabilities:?}");
        client.open(&cli, TELLS);
        client.diagnostics(&cli);
        client.replace(&cli, SILENT);
        assert_eq!(codes(&client.changed_diagnostics(&starter)), [""; 0], "{capabilities:?}");
        client.replace(&cli, TELLS);
        let found = client.changed_diagnostics(&starter);
        assert_eq!(codes(&found), ["RL314"], "{capabilities:?}");
        // The status is returned in the other file.
        let related = found[0]["relatedInformation"].as_array().expect("related places");
        assert!(related.iter().any(|place| place["location"]["uri"] == cli.as_str()), "{related:?}");
        // Closed without being saved, the file is as on disk again.
        client.replace(&cli, SILENT);
        assert_eq!(codes(&client.changed_diagnostics(&starter)), [""; 0], "{capabilities:?}");
        client.close(&cli);
        assert_eq!(codes(&client.changed_diagnostics(&starter)), ["RL314"], "{capabilities:?}");
        assert_eq!(client.stop(), Some(0));
    }
}

#[test]
fn positions_are_in_the_encoding_that_was_agreed() {
    let folder = project();
    for (encoding, character) in [("utf-8", 14), ("utf-16", 11), ("utf-32", 10)] {
        let mut client = Client::start(folder.path(), Capabilities { encoding, ..Capabilities::PULL });
        let uri = client.uri("tool/end.py");
        client.open(&uri, FIXABLE);
        let found = client.diagnostics(&uri);
        let exit = found.as_array().expect("diagnostics").iter().find(|one| one["code"] == "RL310").expect("`exit` is found");
        assert_eq!(exit["range"]["start"], json!({ "line": 2, "character": character }), "{encoding}");
        // An edit behind the same text lands where it should.
        let at = json!({ "line": 2, "character": character });
        let end = json!({ "line": 2, "character": character + 4 });
        client.edit(&uri, &json!({ "range": { "start": at, "end": end }, "text": "sys.exit" }));
        assert!(!codes(&client.diagnostics(&uri)).contains(&"RL310".to_owned()), "{encoding}");
        client.stop();
    }
}

#[test]
fn fixes_and_suppressions_are_offered_and_work() {
    let folder = project();
    let mut client = Client::start(folder.path(), Capabilities::PULL);
    let uri = client.uri("tool/end.py");
    client.open(&uri, FIXABLE);
    let range = json!({ "start": { "line": 2, "character": 12 }, "end": { "line": 2, "character": 12 } });
    let ask = |client: &mut Client, only: Value| {
        let context = json!({ "diagnostics": [], "only": only });
        client.request("textDocument/codeAction", json!({ "textDocument": { "uri": uri }, "range": range, "context": context }))
    };
    let all = ask(&mut client, Value::Null);
    let titles: Vec<&str> = all.as_array().expect("actions").iter().filter_map(|action| action["title"].as_str()).collect();
    assert!(titles.iter().any(|title| title.starts_with("Ignore `site-exit`")), "{titles:?}");
    let fix = all.as_array().expect("actions").iter().find(|action| action["isPreferred"] == true).expect("a preferred fix");
    assert_eq!(fix["kind"], "quickfix");
    for (only, marker) in [("quickfix", "sys.exit"), ("source.fixAll", "sys.exit"), ("quickfix", "ignore")] {
        client.replace(&uri, FIXABLE);
        let actions = ask(&mut client, json!([only]));
        let action = actions.as_array().expect("actions").iter().find(|action| action["edit"].to_string().contains(marker));
        let action = action.unwrap_or_else(|| panic!("{only}: {actions}"));
        client.apply(&uri, &action["edit"]);
        assert!(!codes(&client.diagnostics(&uri)).contains(&"RL310".to_owned()), "{only} {marker}");
    }
    assert_eq!(ask(&mut client, json!(["refactor"])), json!([]));
    // All of them at once; what is unsafe is not among them.
    client.replace(&uri, "import sys\n\nif x:\n    exit(2)\nquit(3)\n");
    let all = ask(&mut client, json!(["source.fixAll.pyrelint"]));
    assert_eq!(all[0]["edit"]["documentChanges"][0]["edits"].as_array().map(Vec::len), Some(2), "{all}");
    client.apply(&uri, &all[0]["edit"]);
    assert!(!codes(&client.diagnostics(&uri)).contains(&"RL310".to_owned()));
    client.replace(&uri, "exit(2)\n");
    assert_eq!(ask(&mut client, json!(["source.fixAll.pyrelint"])), json!([]), "without `import sys` the fix is unsafe");
    // The cursor is elsewhere on the line, and the client names what it shows there.
    client.replace(&uri, FIXABLE);
    let shown = client.diagnostics(&uri);
    let start = json!({ "line": 2, "character": 0 });
    let mut ask_at_start = |diagnostics: &Value| {
        let params = json!({
            "textDocument": { "uri": uri },
            "range": { "start": start, "end": start },
            "context": { "diagnostics": diagnostics, "only": ["quickfix"] },
        });
        client.request("textDocument/codeAction", params)
    };
    assert_eq!(ask_at_start(&json!([])), json!([]));
    assert_ne!(ask_at_start(&shown), json!([]));
    client.stop();
}

#[test]
fn hovering_over_a_rule_in_a_comment_shows_its_page() {
    let folder = project();
    let mut client = Client::start(folder.path(), Capabilities::PULL);
    let uri = client.uri("tool/end.py");
    client.open(&uri, "exit(2)  # pyrelint: ignore[site-exit, RL303]\n");
    let mut hover = |character: u32| {
        let place = json!({ "textDocument": { "uri": uri }, "position": { "line": 0, "character": character } });
        client.request("textDocument/hover", place)
    };
    assert!(hover(30)["contents"]["value"].as_str().expect("a page").starts_with("# site-exit"));
    assert!(hover(41)["contents"]["value"].as_str().expect("a page").contains("RL303"));
    assert_eq!(hover(1), Value::Null);
    assert_eq!(hover(9_999), Value::Null);
}

#[test]
fn unfinished_code_keeps_the_last_findings() {
    let folder = project();
    let mut client = Client::start(folder.path(), Capabilities::PULL);
    let uri = client.uri("tool/end.py");
    client.open(&uri, FIXABLE);
    let before = codes(&client.diagnostics(&uri));
    assert!(before.contains(&"RL310".to_owned()));
    client.replace(&uri, &format!("{FIXABLE}def f(:\n"));
    assert_eq!(codes(&client.diagnostics(&uri)), before);
    client.notify("workspace/didChangeConfiguration", json!({ "settings": { "pyrelint": { "showSyntaxErrors": true } } }));
    assert!(codes(&client.diagnostics(&uri)).contains(&"RL001".to_owned()));
    client.notify("workspace/didChangeConfiguration", json!({ "settings": { "pyrelint": { "enable": false } } }));
    assert_eq!(codes(&client.diagnostics(&uri)), [""; 0]);
    client.stop();
}

#[test]
fn configuration_is_read_again_and_its_mistakes_are_shown_in_it() {
    let folder = project();
    let mut client = Client::start(folder.path(), Capabilities::PUSH);
    let (uri, configuration) = (client.uri("tool/end.py"), client.uri("pyrelint.toml"));
    client.open(&uri, FIXABLE);
    assert!(codes(&client.diagnostics(&uri)).contains(&"RL310".to_owned()));
    let configure = |client: &mut Client, text: &str| {
        std::fs::write(folder.path().join("pyrelint.toml"), text).expect("a configuration");
        client.notify("workspace/didChangeWatchedFiles", json!({ "changes": [{ "uri": configuration, "type": 2 }] }));
    };
    configure(&mut client, "ignore = [\"RL310\"]\n");
    assert!(!codes(&client.changed_diagnostics(&uri)).contains(&"RL310".to_owned()));
    configure(&mut client, "ignroe = [\"RL310\"]\n");
    let mistake = client.changed_diagnostics(&configuration);
    assert!(mistake[0]["message"].as_str().expect("a message").contains("ignroe"), "{mistake}");
    assert_eq!(mistake[0]["range"]["start"]["line"], 0);
    configure(&mut client, "");
    assert_eq!(client.changed_diagnostics(&configuration), json!([]));
    assert!(codes(&client.changed_diagnostics(&uri)).contains(&"RL310".to_owned()));
    client.stop();
}

#[test]
fn all_files_of_the_folder_can_be_asked_for() {
    let folder = project();
    let mut client = Client::start(folder.path(), Capabilities::PULL);
    let ask = |client: &mut Client, previous: &Value| client.request("workspace/diagnostic", json!({ "previousResultIds": previous }));
    let first = ask(&mut client, &json!([]));
    let items = first["items"].as_array().expect("items");
    let of = |name: &str| items.iter().find(|item| item["uri"].as_str().expect("a URI").ends_with(name)).expect(name);
    assert_eq!(codes(&of("__main__.py")["items"]), ["RL314"]);
    assert!(codes(&of("end.py")["items"]).contains(&"RL310".to_owned()));
    let known: Vec<Value> = items.iter().map(|item| json!({ "uri": item["uri"], "value": item["resultId"] })).collect();
    let second = ask(&mut client, &json!(known));
    assert!(second["items"].as_array().expect("items").iter().all(|item| item["kind"] == "unchanged"), "{second}");
    // A file that has no findings any more is said to have none.
    std::fs::write(folder.path().join("tool/end.py"), "x = 1\n").expect("a module");
    let end = client.uri("tool/end.py");
    client.notify("workspace/didChangeWatchedFiles", json!({ "changes": [{ "uri": end, "type": 2 }] }));
    let third = ask(&mut client, &json!(known));
    let gone = third["items"].as_array().expect("items").iter().find(|item| item["uri"] == end.as_str()).expect("the file");
    assert_eq!((&gone["kind"], &gone["items"]), (&json!("full"), &json!([])));
    client.stop();
}

#[test]
fn every_folder_counts_with_its_own_configuration() {
    let (folder, other) = (project(), project());
    std::fs::write(other.path().join("pyrelint.toml"), "ignore = [\"RL310\"]\n").expect("a configuration");
    let mut client = Client::start(folder.path(), Capabilities::PULL);
    let other = std::fs::canonicalize(other.path()).expect("the folder is there");
    let uri = |name: &str| format!("file://{}", other.join(name).display());
    let event = json!({ "added": [{ "uri": uri(""), "name": "other" }], "removed": [] });
    client.notify("workspace/didChangeWorkspaceFolders", json!({ "event": event }));
    let all = client.request("workspace/diagnostic", json!({ "previousResultIds": [] }));
    let of = |uri: &str| {
        let items = all["items"].as_array().expect("items").iter();
        items.filter(|item| item["uri"] == uri).flat_map(|item| codes(&item["items"])).collect::<Vec<_>>()
    };
    assert_eq!(of(&client.uri("tool/__main__.py")), ["RL314"]);
    assert_eq!(of(&uri("tool/__main__.py")), ["RL314"]);
    assert!(of(&client.uri("tool/end.py")).contains(&"RL310".to_owned()));
    assert!(!of(&uri("tool/end.py")).contains(&"RL310".to_owned()));
    client.open(&uri("tool/end.py"), FIXABLE);
    assert!(!codes(&client.diagnostics(&uri("tool/end.py"))).contains(&"RL310".to_owned()));
    client.stop();
}

#[test]
fn commands_show_a_rules_page_and_what_is_known_of_the_session() {
    let folder = project();
    let mut client = Client::start(folder.path(), Capabilities::PULL);
    let uri = client.uri("tool/end.py");
    client.open(&uri, FIXABLE);
    client.diagnostics(&uri);
    let mut run =
        |command: &str, arguments: Value| client.request("workspace/executeCommand", json!({ "command": command, "arguments": arguments }));
    assert!(run("pyrelint.showRule", json!(["del-io"])).as_str().expect("a page").starts_with("# del-io (RL101)"));
    assert_eq!(run("pyrelint.showRule", json!(["no-such-rule"])), Value::Null);
    let information = run("pyrelint.debugInformation", json!([]));
    assert_eq!((&information["pulls"], &information["documents"][0]["bytes"]), (&json!(true), &json!(FIXABLE.len())));
    client.stop();
}

#[test]
fn whatever_a_client_sends_the_server_goes_on() {
    let folder = project();
    let mut client = Client::start(folder.path(), Capabilities::PULL);
    let uri = client.uri("tool/end.py");
    client.raw(b"Content-Length: 9\r\n\r\n{not json");
    client.raw(b"Nonsense: 1\r\n\r\n");
    client.notify("textDocument/didOpen", json!({ "bogus": 1 }));
    client.notify("textDocument/didChange", json!({ "textDocument": { "uri": "file:///nowhere.py", "version": 2 }, "contentChanges": [] }));
    client.notify("textDocument/didClose", json!({ "textDocument": { "uri": "no URI at all" } }));
    client.notify("$/cancelRequest", json!({ "id": 99 }));
    client.notify("workspace/didChangeConfiguration", json!(null));
    assert_eq!(client.error("no/such", json!({})), -32601);
    assert_eq!(client.error("textDocument/hover", json!([])), -32602);
    assert_eq!(client.error("initialize", json!({})), -32600);
    client.open(&uri, &format!("x = {}1\n", "-".repeat(60_000)));
    assert_eq!(codes(&client.diagnostics(&uri)), ["RL003"]);
    client.replace(&uri, FIXABLE);
    let inverted = json!({ "start": { "line": 2, "character": 5 }, "end": { "line": 0, "character": 0 } });
    client.edit(&uri, &json!({ "range": inverted, "text": "" }));
    let outside = json!({ "start": { "line": 4_000_000_000_u32, "character": 7 }, "end": { "line": 4_000_000_000_u32, "character": 9 } });
    client.edit(&uri, &json!({ "range": outside, "text": "\nimport sys\n" }));
    client.open("untitled:Untitled-1", "quit()\n");
    assert_eq!(codes(&client.diagnostics("untitled:Untitled-1")), ["RL310"]);
    assert_eq!(client.stop(), Some(0));
}

#[test]
fn shutdown_is_accepted_in_every_form_and_exit_tells_whether_it_came() {
    let folder = project();
    for params in [json!(null), json!({}), json!([])] {
        let mut client = Client::start(folder.path(), Capabilities::PUSH);
        assert_eq!(client.request("shutdown", params), Value::Null);
        assert_eq!(client.error("textDocument/hover", json!({})), -32600);
        client.notify("exit", Value::Null);
        assert_eq!(client.wait(), Some(0));
    }
    let mut client = Client::start(folder.path(), Capabilities::PUSH);
    client.notify("exit", Value::Null);
    assert_eq!(client.wait(), Some(1));
    // The client is gone without a word.
    assert_eq!(Client::start(folder.path(), Capabilities::PUSH).hang_up(), Some(1));
}

#[test]
fn libraries_and_excluded_files_are_left_alone() {
    let folder = project();
    let mut client = Client::start(folder.path(), Capabilities::PULL);
    for path in ["venv/lib/python3.11/site-packages/x.py", ".venv/x.py", "node_modules/x.py"] {
        let uri = client.uri(path);
        client.open(&uri, "quit()\n");
        assert_eq!(codes(&client.diagnostics(&uri)), [""; 0], "{path}");
    }
    client.open("file:///usr/lib/python3.11/site.py", "quit()\n");
    assert_eq!(codes(&client.diagnostics("file:///usr/lib/python3.11/site.py")), [""; 0]);
    client.stop();
}

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
            let (old, new) = (client.diagnostics(&uri), fresh.diagnostics(&uri));
            assert_eq!(old, new, "edit {round}:\n{}", lines.join("\n"));
            found += old.as_array().map_or(0, Vec::len);
            fresh.stop();
        }
    }
    assert!(found > 50, "only {found} findings were compared");
    client.stop();
}

/// A finding by its code and the start of its range, counted from 1 in characters.
type Finding = (String, u64, u64);

/// Packages of the development corpus, and how many of their files are opened.
const PACKAGES: &[&str] = &["supervisor", "kombu", "paramiko", "scrapy", "gunicorn", "pyzmq"];
const MOST: usize = 500;

#[test]
fn the_server_says_what_the_command_line_says() {
    let Some(corpus) = support::corpus() else {
        println!("SKIPPED the parity of server and command line: the development corpus is not there");
        return;
    };
    let mut seen = 0;
    let mut found = 0;
    for package in PACKAGES {
        let folder = corpus.join(package);
        let output = support::run(&folder, &["--exit-zero", "--output-format", "json", "-q", "."]);
        let entries: Vec<Value> = serde_json::from_slice(&output.stdout).expect("JSON");
        let mut client = Client::start(&folder, Capabilities { encoding: "utf-32", ..Capabilities::PULL });
        for path in python_files(&folder) {
            if seen == MOST {
                break;
            }
            let Ok(text) = std::fs::read_to_string(&path) else { continue };
            let shown = path.strip_prefix(&folder).expect("below").to_string_lossy().replace('\\', "/");
            let expected: Vec<Finding> = entries
                .iter()
                .filter(|entry| entry["path"] == shown.as_str() && !entry["code"].as_str().unwrap_or_default().starts_with("RL00"))
                .map(|entry| (entry["code"].as_str().unwrap_or_default().to_owned(), number(&entry["line"]), number(&entry["column"])))
                .collect();
            let uri = client.uri(&shown);
            client.open(&uri, &text);
            let diagnostics = client.diagnostics(&uri);
            let actual: Vec<Finding> = diagnostics
                .as_array()
                .expect("diagnostics")
                .iter()
                .filter(|one| !one["code"].as_str().unwrap_or_default().starts_with("RL00"))
                .map(|one| {
                    let start = &one["range"]["start"];
                    (one["code"].as_str().unwrap_or_default().to_owned(), number(&start["line"]) + 1, number(&start["character"]) + 1)
                })
                .collect();
            assert_eq!(actual, expected, "{package}: {shown}");
            client.close(&uri);
            (seen, found) = (seen + 1, found + actual.len());
        }
        client.stop();
    }
    println!("{seen} files, {found} findings: the server and the command line agree");
    assert!(seen > 300 && found > 20, "{seen} files, {found} findings");
}

fn number(value: &Value) -> u64 {
    value.as_u64().unwrap_or_default()
}

fn python_files(folder: &Path) -> Vec<std::path::PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(at) = folders.pop() {
        for entry in std::fs::read_dir(&at).into_iter().flatten().flatten() {
            let path = entry.path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "py") {
                found.push(path);
            }
        }
    }
    found.sort();
    found
}
