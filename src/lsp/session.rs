//! One client: what it said about itself, its documents, and the answers to what it asks.

use std::collections::{BTreeMap, BTreeSet};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Path, PathBuf};
use std::time::Duration;

use crossbeam_channel::Sender;
use gen_lsp_types::{
    CodeActionParams, Diagnostic, DidChangeTextDocumentParams, DidChangeWatchedFilesParams, DidChangeWorkspaceFoldersParams,
    DidCloseTextDocumentParams, DidOpenTextDocumentParams, DocumentDiagnosticParams, ExecuteCommandParams, FileChangeType, HoverParams,
    InitializeParams, Uri, WorkspaceDiagnosticParams, WorkspaceFolder,
};
use lsp_server::{Message, Notification, Request, RequestId};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::actions;
use super::client::{self, Options};
use super::documents::{Document, Documents, key};
use super::position::Encoding;
use super::report::{Abilities, diagnostic};
use super::world::{Linted, World};

/// The commands that a client may have executed: the page of a rule (its name or code is the argument), and what is known about the session.
const COMMANDS: &[&str] = &["pyrelint.showRule", "pyrelint.debugInformation"];

/// What was found in a document.
#[derive(Clone, Debug, Default)]
struct Known {
    /// The findings of its present text, or of the last one that could be parsed.
    findings: Vec<pyrelint_lints::Diagnostic>,
    /// The world in which they were found.
    generation: Option<u64>,
    /// They as the client last got them.
    sent: Option<u64>,
    /// The version of the document that they were published for.
    version: Option<i32>,
}

/// See the module's documentation.
pub struct Session {
    client: Sender<Message>,
    abilities: Abilities,
    options: Options,
    documents: Documents,
    known: BTreeMap<String, Known>,
    world: World,
    /// The folders that the client has open; none where it has just files.
    folders: Vec<PathBuf>,
    /// Whether anything changed since diagnostics were last published.
    dirty: bool,
    /// The document that was changed last: its diagnostics are waited for.
    last: Option<String>,
    /// Configuration files of which mistakes were published.
    mistaken: BTreeSet<String>,
    /// What was found in all files, and in which world.
    everything: Option<(u64, BTreeMap<String, Vec<Diagnostic>>)>,
    requests: i32,
}

/// An answer; `Err` where the parameters cannot be read.
type Answer = Result<Value, serde_json::Error>;

impl Session {
    /// A session with the client that sent these parameters, and the result of `initialize`.
    pub fn new(params: &InitializeParams, client: Sender<Message>) -> (Self, Value) {
        let options = params.initialization_options.as_ref().and_then(Options::read).unwrap_or_default();
        let folders = client::folders(params);
        let root = folders.first().cloned().or_else(|| std::env::current_dir().ok()).unwrap_or_else(|| PathBuf::from("/"));
        let abilities = client::abilities(&params.capabilities);
        let session = Self {
            client,
            abilities,
            options,
            documents: Documents::new(),
            known: BTreeMap::new(),
            folders,
            world: World::new(root),
            dirty: false,
            last: None,
            mistaken: BTreeSet::new(),
            everything: None,
            requests: 0,
        };
        let diagnostics = json!({ "identifier": "pyrelint", "interFileDependencies": true, "workspaceDiagnostics": true });
        let result = json!({
            "capabilities": {
                "positionEncoding": match abilities.encoding {
                    Encoding::Utf8 => "utf-8",
                    Encoding::Utf16 => "utf-16",
                    Encoding::Utf32 => "utf-32",
                },
                "textDocumentSync": { "openClose": true, "change": 2, "save": { "includeText": false } },
                "diagnosticProvider": if abilities.pulls { diagnostics } else { Value::Null },
                "codeActionProvider": { "codeActionKinds": actions::KINDS },
                "hoverProvider": true,
                "executeCommandProvider": { "commands": COMMANDS },
                "workspace": { "workspaceFolders": { "supported": true, "changeNotifications": true } },
            },
            "serverInfo": { "name": "pyrelint", "version": env!("CARGO_PKG_VERSION") },
        });
        (session, result)
    }

    /// Something happened at the client.
    pub fn notified(&mut self, notification: Notification) {
        let Notification { method, params } = notification;
        let outcome = match &*method {
            "initialized" => {
                self.register();
                Ok(())
            }
            "textDocument/didOpen" => read(params).map(|params| self.opened(params)),
            "textDocument/didChange" => read(params).map(|params| self.changed(params)),
            "textDocument/didClose" => read(params).map(|params| self.closed(&params)),
            "workspace/didChangeWatchedFiles" => read(params).map(|params| self.files_changed(&params)),
            "workspace/didChangeWorkspaceFolders" => read(params).map(|params| self.folders_changed(&params)),
            "workspace/didChangeConfiguration" => {
                self.configured(&params);
                Ok(())
            }
            _ => Ok(()),
        };
        if let Err(error) = outcome {
            self.log(&format!("the parameters of `{method}` cannot be read: {error}"));
        }
    }

    /// The client asks; `None` where it asks for what is not offered.
    pub fn asked(&mut self, method: &str, params: Value) -> Option<Answer> {
        Some(match method {
            "textDocument/diagnostic" => read(params).map(|params| self.pulled(&params)),
            "workspace/diagnostic" => read(params).map(|params| self.pulled_all(&params)),
            "workspace/executeCommand" => read(params).map(|params| self.execute(&params)),
            "textDocument/codeAction" => read(params).map(|params| self.actions(&params)),
            "textDocument/hover" => read(params).map(|params| self.hover(&params)),
            _ => return None,
        })
    }

    /// How long the client must be quiet before [`Session::settled`]: one that asks by itself is answered first. `None` where there is nothing to do.
    pub fn patience(&self) -> Option<Duration> {
        let wait = if self.abilities.pulls { Duration::from_millis(200) } else { Duration::ZERO };
        self.dirty.then_some(wait)
    }

    /// Nothing more is to be read: publishes what is different, or tells the client to ask again.
    pub fn settled(&mut self) {
        if !std::mem::take(&mut self.dirty) {
            return;
        }
        let mut uris: Vec<String> = self.documents.keys().cloned().collect();
        uris.sort_by_key(|uri| self.last.as_ref() != Some(uri));
        let mut different = false;
        for uri in uris {
            let diagnostics = self.diagnostics(&uri);
            let digest = digest(&diagnostics);
            let version = self.documents.get(&uri).map(|document| document.version);
            let known = self.known.entry(uri.clone()).or_default();
            let before = known.sent;
            // A client waits for what holds for the text that it has now, even where that is what held before.
            if before == Some(digest) && (self.abilities.pulls || known.version == version) {
                continue;
            }
            if self.abilities.pulls {
                // What was never asked for will be.
                different |= before.is_some();
            } else {
                (known.sent, known.version) = (Some(digest), version);
                self.notify("textDocument/publishDiagnostics", json!({ "uri": uri, "version": version, "diagnostics": diagnostics }));
            }
        }
        self.publish_configuration_errors();
        if different {
            self.request("workspace/diagnostic/refresh", Value::Null);
        }
    }

    /// Writes to the client's log.
    pub fn log(&self, text: &str) {
        self.notify("window/logMessage", json!({ "type": 1, "message": format!("pyrelint: {text}") }));
    }

    // ---- what the client tells

    fn opened(&mut self, params: DidOpenTextDocumentParams) {
        let document = params.text_document;
        let key = key(&document.uri);
        let is_python = serde_json::to_value(&document.language_id).is_ok_and(|language| language == "python");
        self.world.set(&self.path(&document.uri), Some(&document.text));
        self.documents.insert(key, Document { text: document.text, version: document.version, is_python });
        self.dirty = true;
    }

    fn changed(&mut self, params: DidChangeTextDocumentParams) {
        let uri = params.text_document.text_document_identifier.uri;
        let path = self.path(&uri);
        self.last = Some(key(&uri));
        let Some(document) = self.documents.get_mut(&key(&uri)) else {
            self.log(&format!("`{}` was changed, but never opened", uri.as_str()));
            return;
        };
        document.change(params.text_document.version, params.content_changes, self.abilities.encoding);
        self.world.set(&path, Some(&document.text));
        self.dirty = true;
    }

    fn closed(&mut self, params: &DidCloseTextDocumentParams) {
        let uri = &params.text_document.uri;
        if self.documents.remove(&key(uri)).is_some() {
            self.world.set(&self.path(uri), None);
            self.known.remove(&key(uri));
            if !self.abilities.pulls {
                self.notify("textDocument/publishDiagnostics", json!({ "uri": uri, "diagnostics": [] }));
            }
            self.dirty = true;
        }
    }

    fn files_changed(&mut self, params: &DidChangeWatchedFilesParams) {
        for event in &params.changes {
            let path = self.path(&event.uri);
            let is_python = path.extension().is_some_and(|extension| extension == "py" || extension == "pyw");
            if is_python {
                self.world.changed_on_disk(&path, event.kind != FileChangeType::Changed);
            } else {
                // Configuration, `.gitignore`, deployment files.
                self.world.reread();
                self.world_is_new();
                break;
            }
        }
        self.dirty = true;
    }

    fn folders_changed(&mut self, params: &DidChangeWorkspaceFoldersParams) {
        let path = |folder: &WorkspaceFolder| folder.uri.to_file_path().ok().map(|path| std::fs::canonicalize(&path).unwrap_or(path));
        let gone: Vec<PathBuf> = params.event.removed.iter().filter_map(path).collect();
        self.folders.retain(|folder| !gone.contains(folder));
        for added in params.event.added.iter().filter_map(path) {
            if !self.folders.contains(&added) {
                self.folders.push(added);
            }
        }
        self.everything = None;
        self.dirty = true;
    }

    fn configured(&mut self, params: &Value) {
        let settings = params.get("settings").unwrap_or(params);
        match Options::read(settings) {
            Some(options) => self.options = options,
            None => self.log("the settings cannot be read: they stay as they were"),
        }
        self.world.reread();
        self.world_is_new();
        self.dirty = true;
    }

    /// What was found under other circumstances is no answer any more.
    fn world_is_new(&mut self) {
        self.known.values_mut().for_each(|known| *known = Known { sent: known.sent, version: known.version, ..Known::default() });
        self.everything = None;
        self.forget_configuration_errors();
    }

    // ---- what the client asks

    fn pulled(&mut self, params: &DocumentDiagnosticParams) -> Value {
        let key = key(&params.text_document.uri);
        let diagnostics = self.diagnostics(&key);
        let digest = digest(&diagnostics);
        if self.documents.contains_key(&key) {
            self.known.entry(key).or_default().sent = Some(digest);
        }
        let id = format!("{digest:016x}");
        if params.previous_result_id.as_ref() == Some(&id) {
            json!({ "kind": "unchanged", "resultId": id })
        } else {
            json!({ "kind": "full", "resultId": id, "items": diagnostics })
        }
    }

    /// The findings in all files, those that the client knows only by their number.
    fn pulled_all(&mut self, params: &WorkspaceDiagnosticParams) -> Value {
        if self.folders.is_empty() {
            return json!({ "items": [] });
        }
        let generation = self.world.generation();
        if self.everything.as_ref().is_none_or(|(known, _)| *known != generation) {
            let found = match self.world.lint_all(&self.folders) {
                Ok(found) => found,
                Err(error) => {
                    self.log(&format!("the folder cannot be checked: {error}"));
                    return json!({ "items": [] });
                }
            };
            let mut by_file: BTreeMap<String, Vec<Diagnostic>> = BTreeMap::new();
            for finding in found.diagnostics.iter().filter(|finding| self.options.shows(finding)) {
                if let Some(uri) = self.address(finding.place.file.path()) {
                    by_file.entry(key(&uri)).or_default().push(diagnostic(finding, self.abilities, &|shown| self.address(shown)));
                }
            }
            self.everything = Some((generation, by_file));
        }
        let none = BTreeMap::new();
        let found = self.everything.as_ref().map_or(&none, |(_, found)| found);
        let known: BTreeMap<String, &str> =
            params.previous_result_ids.iter().map(|known| (key(&known.uri), known.value.as_str())).collect();
        let mut items = Vec::new();
        // Documents are asked for one by one.
        for (uri, diagnostics) in found.iter().filter(|(uri, _)| self.options.enable && !self.documents.contains_key(*uri)) {
            let id = format!("{:016x}", digest(diagnostics));
            items.push(if known.get(uri) == Some(&id.as_str()) {
                json!({ "kind": "unchanged", "uri": uri, "version": null, "resultId": id })
            } else {
                json!({ "kind": "full", "uri": uri, "version": null, "resultId": id, "items": diagnostics })
            });
        }
        // What was found before, and is not any more.
        for uri in known.keys().filter(|uri| !found.contains_key(*uri) && !self.documents.contains_key(*uri)) {
            items.push(json!({ "kind": "full", "uri": uri, "version": null, "items": [] }));
        }
        json!({ "items": items })
    }

    fn actions(&mut self, params: &CodeActionParams) -> Value {
        let key = key(&params.text_document.uri);
        self.diagnostics(&key);
        let (Some(document), Some(known)) = (self.documents.get(&key), self.known.get(&key)) else { return json!([]) };
        let target = actions::Target {
            uri: &params.text_document.uri,
            version: self.abilities.versions.then_some(document.version),
            text: &document.text,
            findings: &known.findings,
            abilities: self.abilities,
        };
        let address = |shown: &str| self.address(shown);
        json!(actions::actions(&target, params, &address))
    }

    fn hover(&mut self, params: &HoverParams) -> Value {
        let position = params.text_document_position_params.position;
        let document = self.documents.get(&key(&params.text_document_position_params.text_document.uri));
        let rule = document.and_then(|document| actions::rule_at(&document.text, position, self.abilities.encoding));
        rule.map_or(Value::Null, |rule| json!({ "contents": { "kind": "markdown", "value": rule.page } }))
    }

    /// Runs one of the [`COMMANDS`].
    fn execute(&self, params: &ExecuteCommandParams) -> Value {
        let argument = params.arguments.as_ref().and_then(|arguments| arguments.first()).and_then(Value::as_str).unwrap_or_default();
        match &*params.command {
            "pyrelint.showRule" => actions::rule_of(argument).map_or(Value::Null, |rule| json!(rule.page)),
            "pyrelint.debugInformation" => json!({
                "version": env!("CARGO_PKG_VERSION"),
                "folders": self.folders,
                "encoding": format!("{:?}", self.abilities.encoding),
                "pulls": self.abilities.pulls,
                "options": format!("{:?}", self.options),
                "documents": self.documents.iter().map(|(uri, document)| json!({
                    "uri": uri,
                    "version": document.version,
                    "bytes": document.text.len(),
                    "findings": self.known.get(uri).map_or(0, |known| known.findings.len()),
                })).collect::<Vec<_>>(),
            }),
            _ => Value::Null,
        }
    }

    // ---- findings

    /// The diagnostics of an open document, made anew from its present text.
    fn diagnostics(&mut self, uri: &str) -> Vec<Diagnostic> {
        let Some(document) = self.documents.get(uri) else { return Vec::new() };
        let Some(path) = Uri::parse(uri).ok().map(|uri| self.path(&uri)) else { return Vec::new() };
        let is_python = document.is_python || path.extension().is_some_and(|extension| extension == "py" || extension == "pyw");
        if !self.options.enable || !is_python || is_library(&path, &self.world.here) {
            return Vec::new();
        }
        let known = self.known.entry(uri.to_owned()).or_default();
        let is_current = known.generation == Some(self.world.generation());
        let linted = if is_current { Linted::Current } else { self.world.lint(&path, &document.text) };
        known.generation = Some(self.world.generation());
        match linted {
            Linted::Current => {}
            Linted::Findings(findings) => {
                let broken = findings.iter().any(|finding| finding.rule.code == "RL001");
                if !broken {
                    known.findings = findings;
                } else if self.options.show_syntax_errors {
                    known.findings.retain(|finding| finding.rule.code != "RL001");
                    known.findings.extend(findings.into_iter().filter(|finding| finding.rule.code == "RL001"));
                }
            }
            Linted::Passed => known.findings.clear(),
            Linted::Panicked(panic) => self.log(&format!("internal error in `{uri}`: {panic}")),
        }
        let findings = self.known.get(uri).map(|known| known.findings.as_slice()).unwrap_or_default();
        findings.iter().map(|finding| diagnostic(finding, self.abilities, &|shown| self.address(shown))).collect()
    }

    fn publish_configuration_errors(&mut self) {
        for error in self.world.configuration_errors() {
            if let Some(uri) = self.address(error.place.file.path()) {
                let range = super::position::range(&error.place, self.abilities.encoding);
                let diagnostic = json!({ "range": range, "severity": 1, "source": "pyrelint", "message": error.message });
                self.notify("textDocument/publishDiagnostics", json!({ "uri": uri, "diagnostics": [diagnostic] }));
                self.mistaken.insert(key(&uri));
            }
        }
    }

    /// Configuration files are read anew: mistakes in them will be found again, if they are still there.
    fn forget_configuration_errors(&mut self) {
        for uri in std::mem::take(&mut self.mistaken) {
            self.notify("textDocument/publishDiagnostics", json!({ "uri": uri, "diagnostics": [] }));
        }
    }

    // ---- addresses

    /// Where a document lies; one that is nowhere is taken to lie in the session's folder.
    fn path(&self, uri: &Uri) -> PathBuf {
        uri.to_file_path().unwrap_or_else(|()| {
            let name: String =
                uri.path().rsplit('/').next().unwrap_or_default().chars().filter(|letter| letter.is_alphanumeric()).collect();
            self.world.here.join(format!("untitled-{name}.py"))
        })
    }

    /// The address of a file by its shown path.
    fn address(&self, shown: &str) -> Option<Uri> {
        Uri::from_file_path(crate::paths::absolute(Path::new(shown), &self.world.here)).ok()
    }

    // ---- messages

    fn register(&mut self) {
        if self.abilities.watches {
            let patterns = [
                "**/*.{py,pyw}",
                "**/{pyrelint,.pyrelint,pyproject}.toml",
                "**/.gitignore",
                "**/*.service",
                "**/Dockerfile",
                "**/Procfile",
            ];
            let watchers: Vec<Value> = patterns.iter().map(|pattern| json!({ "globPattern": pattern })).collect();
            let registration =
                json!({ "id": "files", "method": "workspace/didChangeWatchedFiles", "registerOptions": { "watchers": watchers } });
            self.request("client/registerCapability", json!({ "registrations": [registration] }));
        }
    }

    fn notify(&self, method: &str, params: Value) {
        let _ = self.client.send(Notification { method: method.to_owned(), params }.into());
    }

    fn request(&mut self, method: &str, params: Value) {
        self.requests += 1;
        let _ = self.client.send(Request { id: RequestId::from(self.requests), method: method.to_owned(), params }.into());
    }
}

fn read<T: DeserializeOwned>(params: Value) -> Result<T, serde_json::Error> {
    serde_json::from_value(params)
}

/// Whether a file belongs to an interpreter's library, and not to the session's folder: it is opened to be read.
fn is_library(path: &Path, here: &Path) -> bool {
    let is_library = |part: &std::ffi::OsStr| part.to_string_lossy().starts_with("python3");
    let parts: Vec<_> = path.components().map(std::path::Component::as_os_str).collect();
    !path.starts_with(here) && parts.windows(2).any(|pair| pair[0] == "lib" && is_library(pair[1]))
        || parts.iter().any(|part| *part == "site-packages" || *part == ".venv")
}

fn digest(diagnostics: &[Diagnostic]) -> u64 {
    let mut hasher = DefaultHasher::new();
    serde_json::to_string(diagnostics).unwrap_or_default().hash(&mut hasher);
    hasher.finish()
}
