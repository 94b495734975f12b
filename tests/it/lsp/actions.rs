//! Code actions.

use serde_json::{Value, json};

use super::client::{Capabilities, Client, Setup};
use super::{FIXABLE, codes, project};

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

/// The actions at the first diagnostic of a document.
fn at(client: &mut Client, uri: &str, shown: &Value, more: &Value) -> Vec<Value> {
    let mut context = json!({ "diagnostics": [shown] });
    for (key, value) in more.as_object().into_iter().flatten() {
        context[key] = value.clone();
    }
    let params = json!({ "textDocument": { "uri": uri }, "range": shown["range"], "context": context });
    client.request("textDocument/codeAction", params).as_array().expect("actions").clone()
}

fn titled<'a>(actions: &'a [Value], title: &str) -> &'a Value {
    actions
        .iter()
        .find(|action| action["title"].as_str().is_some_and(|text| text.contains(title)))
        .unwrap_or_else(|| panic!("{title}: {actions:?}"))
}

fn of_code(diagnostics: &Value, code: &str) -> Value {
    diagnostics.as_array().into_iter().flatten().find(|one| one["code"] == code).cloned().unwrap_or_else(|| panic!("{code}: {diagnostics}"))
}

#[test]
fn a_fix_comes_from_what_its_diagnostic_carries_where_that_is_of_the_same_version() {
    let folder = project();
    let mut client = Client::start(folder.path(), Capabilities::PULL);
    let uri = client.uri("tool/end.py");
    client.open(&uri, FIXABLE);
    let mut shown = of_code(&client.diagnostics(&uri), "RL310");
    assert_eq!((&shown["data"]["version"], &shown["data"]["fix"]["applicability"]), (&json!(1), &json!("safe")));
    assert_eq!(shown["data"]["fix"]["edits"][0]["uri"], uri.as_str());
    // Told apart from what an analysis would say.
    shown["data"]["fix"]["title"] = json!("carried");
    assert_eq!(titled(&at(&mut client, &uri, &shown, &json!({})), "carried")["isPreferred"], true);
    // Of another version, it is made anew, by the text of now.
    client.replace(&uri, &format!("# é\n{FIXABLE}"));
    shown["range"] = of_code(&client.diagnostics(&uri), "RL310")["range"].clone();
    let actions = at(&mut client, &uri, &shown, &json!({}));
    assert!(actions.iter().all(|action| action["title"] != "carried"));
    client.apply(&uri, &titled(&actions, "sys.exit")["edit"]);
    assert_eq!(codes(&client.diagnostics(&uri)), [""; 0]);
    client.stop();
}

#[test]
fn a_client_that_gives_no_data_back_gets_none() {
    let folder = project();
    let mut client = Setup::new(folder.path(), Capabilities::PULL)
        .more(json!({ "textDocument": { "publishDiagnostics": { "dataSupport": false, "tagSupport": null } } }))
        .start();
    let uri = client.uri("tool/end.py");
    client.open(&uri, "import sys\n\nexit(2)\nx = 1  # pyrelint: ignore[RL310]\n");
    let found = client.diagnostics(&uri);
    let shown = of_code(&found, "RL310");
    assert!(shown.get("data").is_none() && of_code(&found, "RL002").get("tags").is_none());
    let action = chosen_at(&mut client, &uri, &shown, "sys.exit");
    client.apply(&uri, &action["edit"]);
    assert_eq!(codes(&client.diagnostics(&uri)), ["RL002"]);
    client.stop();
}

#[test]
fn comments_that_silence_nothing_are_shown_as_unnecessary() {
    let folder = project();
    let mut client = Client::start(folder.path(), Capabilities::PULL);
    let uri = client.uri("tool/end.py");
    client.open(&uri, "exit(2)\nx = 1  # pyrelint: ignore[RL310]\n");
    let found = client.diagnostics(&uri);
    assert_eq!(of_code(&found, "RL002")["tags"], json!([1]));
    assert!(of_code(&found, "RL310").get("tags").is_none());
    // A finding about such a comment is not silenced by another one, but by its fix.
    let actions = at(&mut client, &uri, &of_code(&found, "RL002"), &json!({ "only": ["quickfix"] }));
    assert_eq!(actions.len(), 1, "{actions:?}");
    client.stop();
}

#[test]
fn a_rule_can_be_ignored_in_the_whole_file() {
    let folder = project();
    for resolves in [false, true] {
        let mut client = start(folder.path(), resolves);
        let uri = client.uri("tool/end.py");
        client.open(&uri, "#!/usr/bin/env python3\n# coding: utf-8\n\"\"\"Text.\"\"\"\nexit(2)\nquit()\nx = 1\nexit(300)\n");
        let shown = of_code(&client.diagnostics(&uri), "RL310");
        let action = chosen_at(&mut client, &uri, &shown, "Ignore `site-exit` in this file");
        assert_eq!(
            (&action["isPreferred"], &action["edit"]["documentChanges"][0]["edits"][0]["range"]["start"]["line"]),
            (&json!(false), &json!(2))
        );
        client.apply(&uri, &action["edit"]);
        let left = client.diagnostics(&uri);
        assert_eq!(codes(&left), ["RL301"], "all of one rule, and of no other");
        // The next rule goes into the same comment.
        let action = chosen_at(&mut client, &uri, &left[0], "in this file");
        assert_eq!(action["edit"]["documentChanges"][0]["edits"][0]["newText"], ", RL301");
        client.apply(&uri, &action["edit"]);
        assert_eq!(codes(&client.diagnostics(&uri)), [""; 0]);
        client.stop();
    }
}

fn start(folder: &std::path::Path, resolves: bool) -> Client {
    let actions = json!({ "dataSupport": true, "resolveSupport": { "properties": ["edit"] } });
    let more = if resolves { json!({ "textDocument": { "codeAction": actions } }) } else { json!({}) };
    Setup::new(folder, Capabilities::PULL).more(more).start()
}

/// An action with its edit, which some come without.
fn chosen(client: &mut Client, actions: &[Value], title: &str) -> Value {
    let action = titled(actions, title);
    if action.get("edit").is_some() { action.clone() } else { client.request("codeAction/resolve", action.clone()) }
}

fn chosen_at(client: &mut Client, uri: &str, shown: &Value, title: &str) -> Value {
    let actions = at(client, uri, shown, &json!({}));
    chosen(client, &actions, title)
}

#[test]
fn what_costs_a_parse_is_computed_when_the_user_has_chosen_it() {
    let folder = project();
    let mut client = start(folder.path(), true);
    let uri = client.uri("tool/end.py");
    for (title, left) in [("on this line", &["RL310"][..]), ("Fix all", &[]), ("in this file", &[]), ("sys.exit", &["RL310"])] {
        client.replace_or_open(&uri, "import sys\n\nexit(2)\nquit(3)\n");
        let shown = client.diagnostics(&uri)[0].clone();
        let actions = at(&mut client, &uri, &shown, &json!({}));
        assert_eq!(titled(&actions, title).get("edit").is_none(), title != "sys.exit", "{title}");
        let action = chosen(&mut client, &actions, title);
        client.apply(&uri, &action["edit"]);
        assert_eq!(codes(&client.diagnostics(&uri)), left, "{title}");
    }
    // The text is another one by now.
    let shown = client.diagnostics(&uri)[0].clone();
    let actions = at(&mut client, &uri, &shown, &json!({}));
    client.replace_or_open(&uri, "import sys\n");
    assert_eq!(client.error("codeAction/resolve", titled(&actions, "on this line").clone()), -32801);
    assert_eq!(client.error("codeAction/resolve", json!({ "title": "another server's" })), -32602);
    client.stop();
}

#[test]
fn only_what_is_asked_for_is_offered() {
    let folder = project();
    let mut client = Client::start(folder.path(), Capabilities::PULL);
    let uri = client.uri("tool/end.py");
    client.open(&uri, FIXABLE);
    let shown = of_code(&client.diagnostics(&uri), "RL310");
    let mut kinds = |more: Value| {
        let mut kinds: Vec<String> =
            at(&mut client, &uri, &shown, &more).iter().map(|action| action["kind"].as_str().expect("a kind").to_owned()).collect();
        kinds.dedup();
        kinds
    };
    assert_eq!(kinds(json!({})), ["quickfix", "source.fixAll.pyrelint"]);
    assert_eq!(kinds(json!({ "only": ["quickfix"] })), ["quickfix"]);
    assert_eq!(kinds(json!({ "only": ["source"] })), ["source.fixAll.pyrelint"]);
    assert_eq!(kinds(json!({ "only": ["source.fixAll.ruff"] })), [""; 0]);
    assert_eq!(kinds(json!({ "only": ["source.fixAll.pyrelint.more"] })), [""; 0]);
    // By itself an editor asks about the place of the cursor; on saving, for all fixes.
    assert_eq!(kinds(json!({ "triggerKind": 2 })), ["quickfix"]);
    assert_eq!(kinds(json!({ "triggerKind": 2, "only": ["source.fixAll"] })), ["source.fixAll.pyrelint"]);
    client.stop();
}
