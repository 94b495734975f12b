//! What the user sets in the editor.

use std::path::Path;

use serde_json::{Value, json};

use super::client::{Capabilities, Client, Setup};
use super::{codes, project};

/// Two rules find something in this; the second is off by default.
const FIXABLE: &str = "import sys\n\nx = \"é😀\"; exit(130)\n";

/// The findings in `tool/end.py`, as it is on disk.
fn found(client: &mut Client) -> Vec<String> {
    let uri = client.uri("tool/end.py");
    client.open(&uri, FIXABLE);
    let found = codes(&client.diagnostics(&uri));
    client.close(&uri);
    found
}

fn configure(folder: &Path, text: &str) {
    std::fs::write(folder.join("pyrelint.toml"), text).expect("a configuration");
}

#[test]
fn rules_and_severities_can_be_set_in_the_editor() {
    let folder = project();
    let with = |options: Value| Setup::new(folder.path(), Capabilities::PULL).options(options).start();
    assert_eq!(found(&mut with(Value::Null)), ["RL310"]);
    assert_eq!(found(&mut with(json!({ "ignore": ["site-exit"] }))), [""; 0]);
    assert_eq!(found(&mut with(json!({ "select": ["RL1"] }))), [""; 0]);
    assert_eq!(found(&mut with(json!({ "select": ["RL1"], "extendSelect": ["RL31"] }))), ["RL310", "RL312"]);
    for severity in [("error", 1), ("info", 3)] {
        let mut client = with(json!({ "severity": { "site-exit": severity.0 } }));
        let uri = client.uri("tool/end.py");
        client.open(&uri, FIXABLE);
        assert_eq!(client.diagnostics(&uri)[0]["severity"], severity.1);
    }
}

#[test]
fn the_projects_configuration_wins_unless_the_user_says_otherwise() {
    let folder = project();
    configure(folder.path(), "ignore = [\"RL310\"]\n");
    for (preference, expected) in [
        (Value::Null, &[][..]),
        (json!("filesystemFirst"), &[]),
        (json!("editorFirst"), &["RL310", "RL312"]),
        (json!("editorOnly"), &["RL310", "RL312"]),
    ] {
        let options = json!({ "extendSelect": ["RL310", "RL312"], "configurationPreference": preference });
        let found = found(&mut Setup::new(folder.path(), Capabilities::PULL).options(options).start());
        let filesystem = preference.is_null() || preference == "filesystemFirst";
        assert_eq!(found, if filesystem { &["RL312"][..] } else { expected }, "{preference}");
    }
    // The editor's settings alone: what the file says besides does not count either, not even a mistake.
    configure(folder.path(), "ignroe = []\n");
    for (preference, expected) in [("editorOnly", &["RL310"][..]), ("editorFirst", &[])] {
        let options = json!({ "configurationPreference": preference });
        assert_eq!(found(&mut Setup::new(folder.path(), Capabilities::PULL).options(options).start()), expected, "{preference}");
    }
}

#[test]
fn a_configuration_can_be_named_or_written_in_the_settings() {
    let (folder, other) = (project(), tempfile::tempdir().expect("a folder"));
    let path = other.path().join("mine.toml");
    std::fs::write(&path, "extend-select = [\"RL312\"]\n").expect("a configuration");
    for configuration in [json!(path), json!({ "extend-select": ["RL312"] })] {
        let options = json!({ "configuration": configuration });
        assert_eq!(found(&mut Setup::new(folder.path(), Capabilities::PULL).options(options).start()), ["RL310", "RL312"]);
    }
    // A project that says something else about it wins.
    configure(folder.path(), "ignore = [\"RL312\"]\n");
    let options = json!({ "configuration": path });
    assert_eq!(found(&mut Setup::new(folder.path(), Capabilities::PULL).options(options).start()), ["RL310"]);
}

#[test]
fn each_folder_of_the_workspace_has_its_own_settings() {
    let (one, two) = (project(), project());
    for folder in [&one, &two] {
        std::fs::write(folder.path().join("tool/end.py"), FIXABLE).expect("a module");
    }
    let real = |folder: &Path| std::fs::canonicalize(folder).expect("the folder is there");
    let uri = |folder: &Path, name: &str| format!("file://{}", real(folder).join(name).display());
    let address = |folder: &Path| format!("file://{}", real(folder).display());
    let mut setup = Setup::new(&real(one.path()), Capabilities::PULL)
        .options(json!({ "extendSelect": ["RL312"] }))
        .settings(&[(&address(two.path()), json!({ "ignore": ["RL310"], "severity": { "RL312": "error" } }))]);
    setup.folders.push(real(two.path()));
    let mut client = setup.start();
    let ask = |client: &mut Client, folder: &Path| {
        client.open(&uri(folder, "tool/end.py"), FIXABLE);
        let found = client.diagnostics(&uri(folder, "tool/end.py"));
        client.close(&uri(folder, "tool/end.py"));
        found
    };
    client.hear("workspace/configuration", |params| params["items"].as_array().is_some_and(|items| items.len() == 3));
    assert_eq!(codes(&ask(&mut client, one.path())), ["RL310", "RL312"]);
    let other = ask(&mut client, two.path());
    assert_eq!((codes(&other), &other[0]["severity"]), (vec!["RL312".to_owned()], &json!(1)));
    let all = client.request("workspace/diagnostic", json!({ "previousResultIds": [] }));
    let of = |uri: &str| all["items"].as_array().into_iter().flatten().find(|item| item["uri"] == uri).map(|item| codes(&item["items"]));
    assert_eq!(of(&uri(one.path(), "tool/end.py")), Some(vec!["RL310".to_owned(), "RL312".to_owned()]));
    assert_eq!(of(&uri(two.path(), "tool/end.py")), Some(vec!["RL312".to_owned()]));
    // The client says only that something is different, and is asked again.
    client.settings.insert(address(one.path()), json!({ "enable": false }));
    client.notify("workspace/didChangeConfiguration", json!({ "settings": null }));
    client.hear("workspace/configuration", |_| true);
    assert_eq!(codes(&ask(&mut client, one.path())), [""; 0]);
    assert_eq!(codes(&ask(&mut client, two.path())), ["RL312"]);
    client.stop();
}

#[test]
fn a_wrong_setting_is_named_and_the_rest_is_kept() {
    let folder = project();
    let options = json!({ "ignore": ["RL999", "RL310"], "enable": "yes", "unsafeFixs": true, "importStrategy": "fromEnvironment" });
    let mut client = Setup::new(folder.path(), Capabilities::PULL).options(options).start();
    assert_eq!(found(&mut client), [""; 0]);
    for text in [
        "the setting `ignore[0]` is passed over: unknown rule `RL999`",
        "the setting `enable` is passed over: invalid type: string \"yes\", expected a boolean",
        "there is no setting `unsafeFixs`: did you mean `unsafeFixes`?",
    ] {
        client.hear("window/showMessage", |params| params["message"].as_str().is_some_and(|message| message.contains(text)));
    }
    // Each is said once; what belongs to the client is nobody's mistake.
    client.notify("workspace/didChangeConfiguration", json!({ "settings": { "enable": "yes" } }));
    client.diagnostics(&client.uri("tool/end.py"));
    assert_eq!(client.heard("window/showMessage"), [Value::Null; 0]);
    client.stop();
}

#[test]
fn what_is_set_takes_effect_at_once() {
    let folder = project();
    for capabilities in [Capabilities::PUSH, Capabilities::PULL] {
        let mut client = Client::start(folder.path(), capabilities);
        let uri = client.uri("tool/end.py");
        client.open(&uri, FIXABLE);
        assert_eq!(codes(&client.diagnostics(&uri)), ["RL310"]);
        for (settings, expected) in [
            (json!({ "pyrelint": { "ignore": ["RL310"] } }), &[][..]),
            (json!({ "pyrelint": { "extendSelect": ["RL312"] } }), &["RL310", "RL312"]),
            (json!({ "pyrelint": { "enable": false } }), &[]),
        ] {
            client.notify("workspace/didChangeConfiguration", json!({ "settings": settings }));
            assert_eq!(codes(&client.changed_diagnostics(&uri)), expected, "{settings}");
        }
        client.stop();
    }
}

#[test]
fn unsafe_fixes_are_offered_unless_the_user_does_not_want_them() {
    let folder = project();
    for (options, count) in [(json!({}), 1), (json!({ "unsafeFixes": true }), 1), (json!({ "unsafeFixes": false }), 0)] {
        let mut client = Setup::new(folder.path(), Capabilities::PULL).options(options).start();
        let uri = client.uri("tool/end.py");
        client.open(&uri, "exit(2)\n");
        let shown = client.diagnostics(&uri);
        assert_eq!(shown[0]["data"]["fix"]["applicability"] == "unsafe", count == 1);
        let context = json!({ "diagnostics": shown, "only": ["quickfix"] });
        let params = json!({ "textDocument": { "uri": uri }, "range": shown[0]["range"], "context": context });
        let actions = client.request("textDocument/codeAction", params);
        let is_unsafe = |action: &&Value| action["title"].as_str().is_some_and(|title| title.ends_with(" (unsafe)"));
        let offered: Vec<&Value> = actions.as_array().expect("actions").iter().filter(is_unsafe).collect();
        assert_eq!(offered.len(), count);
        assert!(offered.iter().all(|action| action["isPreferred"] == false));
        client.stop();
    }
}

#[test]
fn the_log_can_be_kept_and_the_conversation_traced() {
    let folder = project();
    let log = folder.path().join("log.txt");
    let options = json!({ "logFile": log, "logLevel": "debug" });
    let mut client = Setup::new(folder.path(), Capabilities::PULL).options(options).start();
    client.notify("$/setTrace", json!({ "value": "verbose" }));
    found(&mut client);
    client.hear("$/logTrace", |params| params["message"].as_str().is_some_and(|text| text.starts_with("textDocument/diagnostic: ")));
    client.stop();
    let text = std::fs::read_to_string(&log).expect("the log is there");
    assert!(text.contains("textDocument/didOpen: "), "{text}");
    let mut client = Setup::new(folder.path(), Capabilities::PULL).options(json!({ "logFile": "no/such/folder/log" })).start();
    client.hear("window/showMessage", |params| params["message"].as_str().is_some_and(|text| text.contains("`logFile`")));
    client.stop();
}
