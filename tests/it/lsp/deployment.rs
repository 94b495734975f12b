//! Documents that are no Python: units, Dockerfiles and their like.

use std::collections::BTreeSet;
use std::fs;

use serde_json::json;

use super::client::{Capabilities, Client, Setup};
use super::codes;
use crate::command_line::folder;
use crate::projects;

const UNIT: &str =
    "[Unit]\nStartLimitIntervalSec=0\n[Service]\nExecStart=/usr/bin/python3 /srv/gateway.py\nRestartSec=5\nRestart=on-failure\n";
const SILENT: &str = "import sys\n\ntry:\n    open('x')\nexcept OSError:\n    sys.exit(0)\n";
const LOUD: &str = "import sys\n\ntry:\n    open('x')\nexcept OSError:\n    sys.exit(1)\n";

#[test]
fn a_unit_and_the_program_that_it_starts_are_seen_together() {
    let folder = folder(&[("pyproject.toml", ""), ("gateway.py", LOUD), ("gateway.service", UNIT)]);
    let mut client = Client::start(folder.path(), Capabilities::PULL);
    let (unit, program) = (client.uri("gateway.service"), client.uri("gateway.py"));
    client.open(&unit, UNIT);
    assert_eq!(codes(&client.diagnostics(&unit)), ["RL401"]);
    // The editor's text counts, not that of the disk.
    client.open(&program, SILENT);
    assert_eq!(codes(&client.diagnostics(&unit)), ["RL401", "RL404"]);
    client.replace(&program, LOUD);
    assert_eq!(codes(&client.diagnostics(&unit)), ["RL401"]);
    client.replace(&program, SILENT);
    let shown = client.diagnostics(&unit);
    let error = shown.as_array().expect("diagnostics").iter().find(|one| one["code"] == "RL404").expect("RL404").clone();
    let related = error["relatedInformation"].to_string();
    assert!(related.contains("gateway.py"), "{related}");
    // Its fix is unsafe, and offered.
    let params = json!({ "textDocument": { "uri": unit }, "range": error["range"], "context": { "diagnostics": [error] } });
    let actions = client.request("textDocument/codeAction", params);
    let fix = actions.as_array().expect("actions").iter().find(|action| action["title"].to_string().contains("Restart=always"));
    client.apply(&unit, &fix.expect("a fix")["edit"]);
    assert_eq!(codes(&client.diagnostics(&unit)), Vec::<String>::new());
    client.stop();
}

#[test]
fn findings_in_units_are_ignored_by_comments_above_them() {
    let folder = folder(&[("pyproject.toml", ""), ("a.service", UNIT)]);
    let mut client = Client::start(folder.path(), Capabilities::PULL);
    let unit = client.uri("a.service");
    for title in ["on this line", "in this file"] {
        client.replace_or_open(&unit, UNIT);
        let shown = client.diagnostics(&unit);
        let params = json!({ "textDocument": { "uri": unit }, "range": shown[0]["range"], "context": { "diagnostics": [shown[0]] } });
        let actions = client.request("textDocument/codeAction", params);
        let ignore = actions.as_array().expect("actions").iter().find(|action| action["title"].to_string().contains(title));
        client.apply(&unit, &ignore.unwrap_or_else(|| panic!("{title}: {actions}"))["edit"]);
        assert_eq!(codes(&client.diagnostics(&unit)), Vec::<String>::new(), "{title}");
    }
    client.stop();
}

#[test]
fn a_unit_of_the_disk_that_changes_is_seen() {
    let folder = folder(&[("pyproject.toml", ""), ("image/Dockerfile", "FROM python:3.12-slim\n"), ("a.py", "")]);
    let mut client = Client::start(folder.path(), Capabilities::PULL);
    let image = client.uri("image/Dockerfile");
    let ask = |client: &mut Client| {
        let report = client.request("workspace/diagnostic", json!({ "previousResultIds": [] }));
        let items = report["items"].as_array().expect("items").iter();
        items
            .filter(|item| item["uri"].as_str().is_some_and(|uri| uri.ends_with("Dockerfile")))
            .flat_map(|item| codes(&item["items"]))
            .collect::<Vec<_>>()
    };
    assert_eq!(ask(&mut client), Vec::<String>::new());
    fs::write(folder.path().join("image/Dockerfile"), "FROM python:3.12-slim\nCMD python -m a\n").expect("files can be written");
    client.notify("workspace/didChangeWatchedFiles", json!({ "changes": [{ "uri": image, "type": 2 }] }));
    assert_eq!(ask(&mut client), ["RL408"]);
    client.stop();
}

#[test]
fn a_service_is_repaired_in_the_editor_as_on_the_command_line() {
    let folder = projects::copy("relay");
    let options = json!({ "select": ["RL4", "RL5"], "configurationPreference": "editorOnly" });
    let mut client = Setup::new(folder.path(), Capabilities::PULL).options(options).start();
    let texts = projects::texts(folder.path());
    let uris: Vec<String> = texts.keys().map(|path| client.uri(&path.to_string_lossy())).collect();
    let mut shown = BTreeSet::new();
    for (uri, text) in uris.iter().zip(texts.values()) {
        client.open(uri, text);
    }
    for uri in &uris {
        let mut fixed = 0;
        loop {
            let diagnostics = client.diagnostics(uri);
            shown.extend(codes(&diagnostics));
            let fix = diagnostics.as_array().expect("diagnostics").iter().find_map(|one| {
                let params = json!({ "textDocument": { "uri": uri }, "range": one["range"], "context": { "diagnostics": [one], "only": ["quickfix"] } });
                let actions = client.request("textDocument/codeAction", params);
                let actions = actions.as_array().expect("actions").clone();
                actions.into_iter().find(|action| !action["title"].as_str().is_some_and(|title| title.starts_with("Ignore")))
            });
            let Some(fix) = fix else { break };
            client.apply(uri, &fix["edit"]);
            fixed += 1;
            assert!(fixed < 20, "{uri}: {fix}");
        }
    }
    assert_eq!(shown, projects::families());
    let left: BTreeSet<String> = uris.iter().flat_map(|uri| codes(&client.diagnostics(uri))).collect();
    assert_eq!(left, projects::LEFT.iter().map(|code| (*code).to_owned()).collect());
    client.stop();
}
