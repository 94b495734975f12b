//! What the server offers, and what it asks the client to tell it.

use serde_json::{Value, json};

use super::actions;
use super::client::Abilities;
use super::commands::COMMANDS;
use super::position::Encoding;
use super::sync::WATCHED;

/// The result of `initialize`.
pub fn result(abilities: Abilities) -> Value {
    let diagnostics = json!({
        "identifier": "pyrelint",
        "interFileDependencies": true,
        "workspaceDiagnostics": true,
        "workDoneProgress": true,
    });
    let python = json!({ "filters": [
        { "scheme": "file", "pattern": { "glob": "**/*.{py,pyw}", "matches": "file" } },
        { "scheme": "file", "pattern": { "glob": "**", "matches": "folder" } },
    ] });
    json!({
        "capabilities": {
            "positionEncoding": match abilities.encoding {
                Encoding::Utf8 => "utf-8",
                Encoding::Utf16 => "utf-16",
                Encoding::Utf32 => "utf-32",
            },
            "textDocumentSync": { "openClose": true, "change": 2, "save": { "includeText": false } },
            "diagnosticProvider": if abilities.pulls { diagnostics } else { Value::Null },
            "codeActionProvider": { "codeActionKinds": actions::KINDS, "resolveProvider": abilities.resolves },
            "hoverProvider": true,
            "executeCommandProvider": { "commands": COMMANDS },
            "workspace": {
                "workspaceFolders": { "supported": true, "changeNotifications": true },
                "fileOperations": if abilities.renames { json!({ "didRename": python, "didDelete": python }) } else { Value::Null },
            },
        },
        "serverInfo": { "name": "pyrelint", "version": env!("CARGO_PKG_VERSION") },
    })
}

/// What the client is asked to tell, as far as it wants to be asked.
pub fn registrations(abilities: Abilities) -> Vec<Value> {
    let mut found = Vec::new();
    if abilities.watches {
        // What was deleted may be a folder: then nothing is said about the files in it.
        let deleted = json!({ "globPattern": "**/*", "kind": 4 });
        let watchers: Vec<Value> = WATCHED.iter().map(|pattern| json!({ "globPattern": pattern })).chain([deleted]).collect();
        found.push(json!({
            "id": "files",
            "method": "workspace/didChangeWatchedFiles",
            "registerOptions": { "watchers": watchers },
        }));
    }
    if abilities.registers_configuration {
        found.push(json!({
            "id": "settings",
            "method": "workspace/didChangeConfiguration",
            "registerOptions": { "section": "pyrelint" },
        }));
    }
    found
}
