//! What other servers do badly, and what their users complain about most: one test for each.
//!
//! Some of it is tested at length elsewhere: the process of a client that ends ([`super::life`]), settings ([`super::settings`]), the agreement with the command line
//! ([`super::parity`]), lone files ([`super::diagnostics`]).

use std::fs;

use serde_json::{Value, json};

use super::client::{Capabilities, Client, Setup};
use super::{FIXABLE, SILENT, STARTER, TELLS, codes, project};
use crate::support;

/// The server is there, and still finds what there is to find.
#[track_caller]
fn still_works(client: &mut Client, uri: &str) {
    client.replace_or_open(uri, FIXABLE);
    assert_eq!(codes(&client.diagnostics(uri)), ["RL310"]);
}

#[test]
fn inverted_range_does_not_end_the_server() {
    let folder = project();
    for encoding in ["utf-8", "utf-16", "utf-32"] {
        let mut client = Client::start(folder.path(), Capabilities { encoding, ..Capabilities::PULL });
        let uri = client.uri("tool/end.py");
        client.open(&uri, FIXABLE);
        let inverted = json!({ "start": { "line": 2, "character": 9 }, "end": { "line": 0, "character": 3 } });
        client.edit(&uri, &json!({ "range": inverted, "text": "é" }));
        client.diagnostics(&uri);
        still_works(&mut client, &uri);
        assert_eq!(client.stop(), Some(0));
    }
}

#[test]
fn sixty_thousand_unary_minuses_do_not_end_the_server() {
    let folder = project();
    let mut client = Client::start(folder.path(), Capabilities::PULL);
    let uri = client.uri("tool/end.py");
    for deep in ["-".repeat(60_000), "(".repeat(60_000), "[".repeat(60_000), "lambda: ".repeat(60_000), "not ".repeat(60_000)] {
        client.replace_or_open(&uri, &format!("x = {deep}1\n"));
        client.diagnostics(&uri);
        still_works(&mut client, &uri);
    }
    assert_eq!(client.stop(), Some(0));
}

#[test]
fn shutdown_with_an_object_for_params_is_accepted() {
    let folder = project();
    let mut client = Client::start(folder.path(), Capabilities::PUSH);
    assert_eq!(client.request("shutdown", json!({})), Value::Null);
    client.notify("exit", Value::Null);
    assert_eq!(client.wait(), Some(0));
}

#[test]
fn malformed_messages_do_not_end_the_server() {
    let folder = project();
    let mut client = Client::start(folder.path(), Capabilities::PULL);
    let uri = client.uri("tool/end.py");
    for message in
        ["{not json", "[]", "7", "{\"jsonrpc\":\"2.0\"}", "{\"jsonrpc\":\"2.0\",\"id\":null,\"method\":\"textDocument/hover\"}", "\u{0}"]
    {
        client.raw(format!("Content-Length: {}\r\n\r\n{message}", message.len()).as_bytes());
        still_works(&mut client, &uri);
    }
    // The user is told of it in the log, not by a window.
    assert!(!client.heard("window/logMessage").is_empty());
    assert_eq!(client.heard("window/showMessage"), [Value::Null; 0]);
    assert_eq!(client.stop(), Some(0));
}

#[test]
fn the_flag_stdio_is_accepted() {
    let folder = project();
    for arguments in [&["server"][..], &["server", "--stdio"]] {
        let mut process = support::pyrelint()
            .args(arguments)
            .current_dir(folder.path())
            .stdin(std::process::Stdio::piped())
            .stdout(std::process::Stdio::null())
            .spawn()
            .expect("the server starts");
        drop(process.stdin.take());
        // Not 2: that would be wrong usage.
        assert_eq!(process.wait().expect("the server ends").code(), Some(1), "{arguments:?}");
    }
}

#[test]
fn a_client_that_sends_only_a_root_has_its_configuration() {
    let (folder, other) = (project(), project());
    fs::write(folder.path().join("pyrelint.toml"), "extend-select = [\"RL110\"]\nignore = [\"RL310\"]\n").expect("a configuration");
    let root = fs::canonicalize(folder.path()).expect("the folder is there");
    let setup = Setup::without_folder(Capabilities::PULL);
    let mut client = Setup { root: Some(root.clone()), directory: Some(other.path().to_owned()), ..setup }.start();
    let uri = format!("file://{}", root.join("tool/end.py").display());
    client.open(&uri, &format!("{FIXABLE}class C:\n    def __del__(self):\n        self.x = 1\n"));
    assert_eq!(codes(&client.diagnostics(&uri)), ["RL110"]);
    let all = client.request("workspace/diagnostic", json!({ "previousResultIds": [] }));
    assert_eq!(all["items"].as_array().expect("items").len(), 1, "{all}");
    client.stop();
}

#[test]
fn changed_settings_and_configuration_files_need_no_restart() {
    let folder = project();
    for capabilities in [Capabilities::PUSH, Capabilities::PULL] {
        let mut client = Client::start(folder.path(), capabilities);
        let uri = client.uri("tool/end.py");
        client.open(&uri, FIXABLE);
        assert_eq!(codes(&client.diagnostics(&uri)), ["RL310"]);
        client.notify("workspace/didChangeConfiguration", json!({ "settings": { "pyrelint": { "ignore": ["RL310"] } } }));
        assert_eq!(codes(&client.changed_diagnostics(&uri)), [""; 0]);
        fs::write(folder.path().join("pyrelint.toml"), "select = [\"RL310\"]\n").expect("a configuration");
        let configuration = client.uri("pyrelint.toml");
        client.notify("workspace/didChangeWatchedFiles", json!({ "changes": [{ "uri": configuration, "type": 1 }] }));
        assert_eq!(codes(&client.changed_diagnostics(&uri)), ["RL310"], "the project wins");
        fs::remove_file(folder.path().join("pyrelint.toml")).expect("it is there");
        client.notify("workspace/didChangeWatchedFiles", json!({ "changes": [{ "uri": configuration, "type": 3 }] }));
        assert_eq!(codes(&client.changed_diagnostics(&uri)), [""; 0]);
        client.stop();
    }
}

#[test]
fn a_broken_configuration_file_is_a_problem_in_that_file_and_no_window() {
    let folder = project();
    for capabilities in [Capabilities::PUSH, Capabilities::PULL] {
        fs::write(folder.path().join("pyrelint.toml"), "select = [\"RL310\"]\nfail-on = \"lots\"\n").expect("a configuration");
        let mut client = Client::start(folder.path(), capabilities);
        let (uri, configuration) = (client.uri("tool/end.py"), client.uri("pyrelint.toml"));
        client.open(&uri, FIXABLE);
        client.diagnostics(&uri);
        let mistake = client.published(&configuration);
        assert!(mistake[0]["message"].as_str().expect("a message").contains("lots"), "{mistake}");
        assert_eq!(mistake[0]["range"]["start"], json!({ "line": 1, "character": 10 }));
        assert_eq!(client.heard("window/showMessage"), [Value::Null; 0]);
        fs::write(folder.path().join("pyrelint.toml"), "").expect("a configuration");
        client.notify("workspace/didChangeWatchedFiles", json!({ "changes": [{ "uri": configuration, "type": 2 }] }));
        assert_eq!(client.published(&configuration), json!([]));
        assert_eq!(codes(&client.changed_diagnostics(&uri)), ["RL310"]);
        client.stop();
    }
}

#[test]
fn not_only_open_files_are_checked_and_what_is_the_same_is_not_sent_again() {
    let folder = project();
    let mut client = Client::start(folder.path(), Capabilities::PULL);
    let ask = |client: &mut Client, previous: &Value| {
        client.request("workspace/diagnostic", json!({ "previousResultIds": previous }))["items"].clone()
    };
    let first = ask(&mut client, &json!([]));
    let found: Vec<Vec<String>> = first.as_array().expect("items").iter().map(|item| codes(&item["items"])).collect();
    assert_eq!(found, [["RL314"], ["RL310"]]);
    let ids: Vec<Value> =
        first.as_array().expect("items").iter().map(|item| json!({ "uri": item["uri"], "value": item["resultId"] })).collect();
    let again = ask(&mut client, &json!(ids));
    assert!(again.as_array().expect("items").iter().all(|item| item["kind"] == "unchanged"), "{again}");
    client.stop();
}

#[test]
fn severities_can_be_set_for_each_rule() {
    let folder = project();
    let options = json!({ "severity": { "RL310": "error" } });
    let mut client = Setup::new(folder.path(), Capabilities::PULL).options(options).start();
    let uri = client.uri("tool/end.py");
    client.open(&uri, FIXABLE);
    assert_eq!(client.diagnostics(&uri)[0]["severity"], 1);
    client.stop();
}

#[test]
fn edits_behind_text_that_is_not_ascii_never_panic() {
    let folder = project();
    let text = "x = \"é😀́\u{200d}👩‍👩‍👧\"; exit(2)\r\ny = 'ß'\r";
    for encoding in ["utf-8", "utf-16", "utf-32"] {
        let mut client = Client::start(folder.path(), Capabilities { encoding, ..Capabilities::PULL });
        let uri = client.uri("tool/end.py");
        client.open(&uri, text);
        for line in 0..4 {
            for character in 0..40 {
                let at = json!({ "line": line, "character": character });
                let end = json!({ "line": line, "character": character + 1 });
                client.edit(&uri, &json!({ "range": { "start": at, "end": end }, "text": "é" }));
            }
            client.diagnostics(&uri);
        }
        still_works(&mut client, &uri);
        let log = client.heard("window/logMessage");
        assert!(log.iter().all(|line| !line["message"].as_str().unwrap_or_default().contains("internal error")), "{log:?}");
        client.stop();
    }
}

#[test]
fn a_huge_folder_is_not_read_for_one_open_file() {
    let folder = project();
    let filler = "# nothing to see here\n".repeat(2_000);
    fs::create_dir(folder.path().join("many")).expect("a folder");
    for number in 0..500 {
        fs::write(folder.path().join(format!("many/m{number}.py")), &filler).expect("a module");
    }
    let mut client = Client::start(folder.path(), Capabilities::PULL);
    let uri = client.uri("tool/end.py");
    client.open(&uri, "import sys\n\nquit(2)\n");
    assert_eq!(codes(&client.diagnostics(&uri)), ["RL310"]);
    let Ok(counters) = fs::read_to_string(format!("/proc/{}/io", client.id())) else {
        support::skipped("what the server reads for one open file", "this system does not count what a process reads");
        return;
    };
    let read: u64 = counters.lines().find_map(|line| line.strip_prefix("rchar: ")?.parse().ok()).expect("a number");
    assert!(read < 2_000_000, "{read} of {} bytes were read", 500 * filler.len());
    client.stop();
}

#[test]
fn the_command_line_and_the_server_agree() {
    let folder = project();
    let output = support::run(folder.path(), &["--exit-zero", "--output-format", "json", "-q", "."]);
    let expected: Vec<Value> = serde_json::from_slice(&output.stdout).expect("JSON");
    let mut client = Client::start(folder.path(), Capabilities { encoding: "utf-32", ..Capabilities::PULL });
    let all = client.request("workspace/diagnostic", json!({ "previousResultIds": [] }));
    let found: Vec<Value> =
        all["items"].as_array().expect("items").iter().flat_map(|item| item["items"].as_array().expect("items").clone()).collect();
    assert_eq!(found.len(), expected.len());
    for (found, expected) in found.iter().zip(&expected) {
        super::parity::assert_same(found, expected);
    }
    client.stop();
}

#[test]
fn no_problem_is_shown_twice() {
    let folder = project();
    // Who asks is not told besides.
    let mut client = Client::start(folder.path(), Capabilities::PULL);
    let uri = client.uri("tool/end.py");
    client.open(&uri, FIXABLE);
    assert_eq!(codes(&client.diagnostics(&uri)), ["RL310"]);
    let all = client.request("workspace/diagnostic", json!({ "previousResultIds": [] }));
    assert!(all["items"].as_array().expect("items").iter().all(|item| item["uri"] != uri.as_str()));
    client.replace(&uri, "quit()\n");
    assert_eq!(codes(&client.diagnostics(&uri)), ["RL310"]);
    assert_eq!(client.published_of(&uri), None);
    client.stop();
    // Who cannot be told to ask again is told, even though it says that it asks.
    let more = json!({ "workspace": { "diagnostics": { "refreshSupport": false } } });
    let mut client = Setup::new(folder.path(), Capabilities::PULL).more(more).start();
    client.open(&uri, FIXABLE);
    assert_eq!(codes(&client.published(&uri)), ["RL310"]);
    client.stop();
}

#[test]
fn files_of_libraries_are_not_checked_when_they_are_opened() {
    let folder = project();
    for capabilities in [Capabilities::PUSH, Capabilities::PULL] {
        let mut client = Client::start(folder.path(), capabilities);
        let inside = client.uri(".venv/lib/python3.12/site-packages/x/__init__.py");
        for uri in
            [inside.as_str(), "file:///usr/lib/python3.12/asyncio/base_events.py", "file:///opt/env/lib/python3.9/site-packages/y.py"]
        {
            client.open(uri, "quit()\n");
            assert_eq!(codes(&client.diagnostics(uri)), [""; 0], "{uri}");
        }
        client.stop();
    }
}

#[test]
fn nothing_stays_behind_after_close_or_delete() {
    let folder = project();
    let mut client = Client::start(folder.path(), Capabilities::PUSH);
    let (starter, cli, new) = (client.uri("tool/__main__.py"), client.uri("tool/cli.py"), client.uri("tool/new.py"));
    client.open(&starter, STARTER);
    assert_eq!(codes(&client.diagnostics(&starter)), ["RL314"]);
    client.open(&cli, SILENT);
    assert_eq!(codes(&client.diagnostics(&starter)), [""; 0]);
    client.replace(&cli, TELLS);
    assert_eq!(codes(&client.diagnostics(&starter)), ["RL314"]);
    client.close(&starter);
    assert_eq!(codes(&client.diagnostics(&starter)), [""; 0]);
    // A file that was never saved.
    client.open(&new, "quit()\n");
    assert_eq!(codes(&client.diagnostics(&new)), ["RL310"]);
    client.close(&new);
    assert_eq!(codes(&client.diagnostics(&new)), [""; 0]);
    client.stop();
    let mut client = Client::start(folder.path(), Capabilities::PULL);
    let ask = |client: &mut Client, previous: &Value| {
        client.request("workspace/diagnostic", json!({ "previousResultIds": previous }))["items"].clone()
    };
    let first = ask(&mut client, &json!([]));
    let ids: Vec<Value> =
        first.as_array().expect("items").iter().map(|item| json!({ "uri": item["uri"], "value": item["resultId"] })).collect();
    let end = client.uri("tool/end.py");
    fs::remove_file(folder.path().join("tool/end.py")).expect("it is there");
    client.notify("workspace/didChangeWatchedFiles", json!({ "changes": [{ "uri": end, "type": 3 }] }));
    let second = ask(&mut client, &json!(ids));
    let of = |uri: &str| second.as_array().expect("items").iter().find(|item| item["uri"] == uri).map(|item| item["items"].clone());
    assert_eq!(of(&end), Some(json!([])));
    client.stop();
}
