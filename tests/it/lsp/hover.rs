//! Hovering, and commands.

use serde_json::{Value, json};

use super::client::{Capabilities, Client, Setup};
use super::{FIXABLE, project};

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
fn hovering_over_a_rule_in_a_configuration_file_shows_its_page() {
    let folder = project();
    let text =
        "[project]\nname = \"tool\"\n\n[tool.pyrelint]\nignore = [\"RL310\", \"del-io\"]\nseverity = { é = 1, os-exit = \"error\" }\n";
    std::fs::write(folder.path().join("pyproject.toml"), text).expect("a configuration");
    let mut client = Client::start(folder.path(), Capabilities::PULL);
    let uri = client.uri("pyproject.toml");
    // Not every client opens such files at its server: then the one on disk counts.
    for is_open in [false, true] {
        if is_open {
            let document = json!({ "uri": uri, "languageId": "toml", "version": 1, "text": format!("\n{text}") });
            client.notify("textDocument/didOpen", json!({ "textDocument": document }));
        }
        let mut hover = |line: u32, character: u32| {
            let line = if is_open { line + 1 } else { line };
            let place = json!({ "textDocument": { "uri": uri }, "position": { "line": line, "character": character } });
            client.request("textDocument/hover", place)
        };
        let first = hover(4, 13);
        assert!(first["contents"]["value"].as_str().expect("a page").starts_with("# site-exit"), "{first}");
        assert_eq!((&first["range"]["start"]["character"], &first["range"]["end"]["character"]), (&json!(11), &json!(16)));
        assert!(hover(4, 22)["contents"]["value"].as_str().expect("a page").starts_with("# del-io"));
        assert!(hover(5, 24)["contents"]["value"].as_str().expect("a page").starts_with("# os-exit"));
        assert_eq!(hover(1, 9), Value::Null);
        if is_open {
            assert_eq!(super::codes(&client.diagnostics(&uri)), [""; 0], "this is no Python");
        }
    }
    client.stop();
}

#[test]
fn hovering_over_a_rule_behind_noqa_shows_its_page() {
    let folder = project();
    let setup = Setup::new(folder.path(), Capabilities::PULL);
    let mut client = setup.more(json!({ "textDocument": { "hover": { "contentFormat": ["plaintext"] } } })).start();
    let uri = client.uri("tool/end.py");
    client.open(&uri, "exit(2)  # noqa: E501, RL310\n");
    let place = json!({ "textDocument": { "uri": uri }, "position": { "line": 0, "character": 25 } });
    let page = client.request("textDocument/hover", place);
    assert!(page["contents"]["value"].as_str().expect("a page").starts_with("# site-exit"));
    assert_eq!(page["contents"]["kind"], "plaintext");
    client.stop();
}
