//! The findings in all files.

use std::fs;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::client::{Capabilities, Client, Setup};
use super::{FIXABLE, SILENT, TELLS, codes, project};

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

/// A project of many files, each with a finding.
fn many(count: usize) -> tempfile::TempDir {
    let folder = project();
    fs::create_dir(folder.path().join("many")).expect("a package");
    for number in 0..count {
        fs::write(folder.path().join(format!("many/m{number:05}.py")), format!("import sys\n\n\ndef f{number}():\n    exit({number})\n"))
            .expect("a module");
    }
    folder
}

fn uris(items: &Value) -> Vec<String> {
    let items = items.as_array().into_iter().flatten();
    items.map(|item| item["uri"].as_str().expect("a URI").to_owned()).collect()
}

#[test]
fn what_is_found_comes_in_parts_with_progress() {
    let folder = many(300);
    let mut client = Client::start(folder.path(), Capabilities::PULL);
    let whole = client.request("workspace/diagnostic", json!({ "previousResultIds": [] }))["items"].clone();
    assert_eq!(uris(&whole).len(), 302);
    // A file that changes makes everything be looked at again.
    fs::write(folder.path().join("many/m00007.py"), "x = 1\n").expect("a module");
    let changed = client.uri("many/m00007.py");
    client.notify("workspace/didChangeWatchedFiles", json!({ "changes": [{ "uri": changed, "type": 2 }] }));
    let known: Vec<Value> =
        whole.as_array().expect("items").iter().map(|item| json!({ "uri": item["uri"], "value": item["resultId"] })).collect();
    let params = json!({ "previousResultIds": known[..100], "partialResultToken": "part", "workDoneToken": 7 });
    let rest = client.request("workspace/diagnostic", params);
    assert_eq!(rest, json!({ "items": [] }));
    let (mut parts, mut steps) = (Vec::new(), Vec::new());
    for progress in client.heard("$/progress") {
        if progress["token"] == "part" {
            parts.push(progress["value"]["items"].clone());
        } else {
            assert_eq!(progress["token"], 7);
            steps.push(progress["value"]["kind"].as_str().expect("a kind").to_owned());
        }
    }
    assert!(parts.len() > 1, "{} parts", parts.len());
    assert_eq!((steps.first().map(String::as_str), steps.last().map(String::as_str)), (Some("begin"), Some("end")));
    assert!(steps[1..steps.len() - 1].iter().all(|step| step == "report") && steps.len() > 2, "{steps:?}");
    let items: Vec<Value> = parts.iter().flat_map(|part| part.as_array().expect("items")).cloned().collect();
    let mut seen = uris(&json!(items));
    seen.sort();
    let mut expected = uris(&whole);
    expected.sort();
    assert_eq!(seen, expected, "each file once");
    let of = |uri: &str| items.iter().find(|item| item["uri"] == uri).expect("the file");
    assert_eq!((&of(&changed)["kind"], &of(&changed)["items"]), (&json!("full"), &json!([])), "nothing is found any more");
    assert_eq!(
        items.iter().filter(|item| item["kind"] == "unchanged").count(),
        known[..100].iter().filter(|item| item["uri"] != changed.as_str()).count()
    );
    client.stop();
}

#[test]
fn a_request_for_everything_can_be_taken_back_and_holds_nothing_up() {
    let folder = many(3_000);
    for by_token in [false, true] {
        let mut client = Client::start(folder.path(), Capabilities::PULL);
        let uri = client.uri("tool/end.py");
        client.open(&uri, FIXABLE);
        client.diagnostics(&uri);
        let id = client.begin("workspace/diagnostic", &json!({ "previousResultIds": [], "partialResultToken": 1, "workDoneToken": 2 }));
        // It is under way.
        client.hear("$/progress", |progress| progress["token"] == 1);
        client.replace(&uri, "x = 1\n");
        assert_eq!(codes(&client.diagnostics(&uri)), [""; 0]);
        if by_token {
            client.notify("window/workDoneProgress/cancel", json!({ "token": 2 }));
        } else {
            client.notify("$/cancelRequest", json!({ "id": id }));
        }
        let start = Instant::now();
        assert_eq!(client.answer(id)["error"]["code"], -32800);
        assert!(start.elapsed() < Duration::from_secs(2), "{:?}", start.elapsed());
        assert_eq!(client.hear("$/progress", |progress| progress["value"]["kind"] == "end")["token"], 2);
        // The next one is answered in full.
        let all = client.request("workspace/diagnostic", json!({ "previousResultIds": [] }));
        assert_eq!(uris(&all["items"]).len(), 3_001, "one of the findings is in the open document");
        client.stop();
    }
}

#[test]
fn documents_are_answered_while_everything_is_checked() {
    let folder = many(3_000);
    let mut client = Client::start(folder.path(), Capabilities::PULL);
    let uri = client.uri("tool/end.py");
    client.open(&uri, FIXABLE);
    client.diagnostics(&uri);
    let id = client.begin("workspace/diagnostic", &json!({ "previousResultIds": [], "workDoneToken": 2 }));
    client.hear("$/progress", |progress| progress["value"]["kind"] == "begin");
    // The answer to everything would have to come first, if the server did one thing after the other.
    let pull = client.begin("textDocument/diagnostic", &json!({ "textDocument": { "uri": uri } }));
    let first = loop {
        let answer = client.any_answer();
        if answer["id"] == pull || answer["id"] == id {
            break answer;
        }
    };
    assert_eq!(first["id"], pull);
    assert_eq!(uris(&client.answer(id)["result"]["items"]).len(), 3_001);
    client.stop();
}

#[test]
fn clients_that_cannot_ask_get_all_files_if_the_user_wants_them() {
    let folder = project();
    let workspace = json!({ "diagnosticMode": "workspace" });
    let mut client = Setup::new(folder.path(), Capabilities::PUSH).options(workspace.clone()).start();
    let (end, starter, cli) = (client.uri("tool/end.py"), client.uri("tool/__main__.py"), client.uri("tool/cli.py"));
    assert_eq!(codes(&client.diagnostics(&starter)), ["RL314"]);
    assert_eq!(codes(&client.diagnostics(&end)), ["RL310"]);
    // An edit in an open file changes the findings in one that is not.
    client.open(&cli, TELLS);
    client.diagnostics(&cli);
    client.replace(&cli, SILENT);
    assert_eq!(codes(&client.diagnostics(&starter)), [""; 0]);
    client.close(&cli);
    assert_eq!(codes(&client.diagnostics(&starter)), ["RL314"]);
    // Open, edited, and closed again: what is on disk counts.
    client.open(&end, "x = 1\n");
    assert_eq!(codes(&client.diagnostics(&end)), [""; 0]);
    client.close(&end);
    assert_eq!(codes(&client.diagnostics(&end)), ["RL310"]);
    // Deleted outside: the problem goes, too.
    fs::remove_file(folder.path().join("tool/end.py")).expect("the file is there");
    client.notify("workspace/didChangeWatchedFiles", json!({ "changes": [{ "uri": end, "type": 3 }] }));
    assert_eq!(codes(&client.diagnostics(&end)), [""; 0]);
    // The folder goes, and nobody names the files in it.
    fs::remove_dir_all(folder.path().join("tool")).expect("the folder is there");
    let tool = client.uri("tool");
    client.notify("workspace/didChangeWatchedFiles", json!({ "changes": [{ "uri": tool, "type": 3 }] }));
    assert_eq!(codes(&client.diagnostics(&starter)), [""; 0]);
    client.stop();
    // Nobody who has not asked for it gets them, and who does not want them any more is rid of them.
    let folder = project();
    let mut client = Setup::new(folder.path(), Capabilities::PUSH).options(workspace).start();
    let (end, cli) = (client.uri("tool/end.py"), client.uri("tool/cli.py"));
    assert_eq!(codes(&client.diagnostics(&end)), ["RL310"]);
    client.notify("workspace/didChangeConfiguration", json!({ "settings": { "diagnosticMode": "openFilesOnly" } }));
    assert_eq!(codes(&client.diagnostics(&end)), [""; 0]);
    client.stop();
    let mut client = Client::start(folder.path(), Capabilities::PUSH);
    client.open(&cli, TELLS);
    client.diagnostics(&cli);
    std::thread::sleep(Duration::from_secs(1));
    client.request("textDocument/hover", json!({ "textDocument": { "uri": cli }, "position": { "line": 0, "character": 0 } }));
    assert_eq!(client.published_of(&end), None);
    client.stop();
}
