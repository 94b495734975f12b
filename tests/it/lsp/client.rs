//! A client of the server: as much of an editor as the tests need.

use std::collections::HashMap;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use serde_json::{Value, json};

use crate::support;

/// How long an answer may take on a machine that does much else.
const PATIENCE: Duration = Duration::from_mins(1);

/// What the client says it can do.
#[derive(Clone, Copy, Debug)]
pub(super) struct Capabilities {
    /// Whether it asks for diagnostics.
    pub(super) pulls: bool,
    /// The encoding of positions that it offers.
    pub(super) encoding: &'static str,
}

impl Capabilities {
    pub(super) const PUSH: Self = Self { pulls: false, encoding: "utf-16" };
    pub(super) const PULL: Self = Self { pulls: true, encoding: "utf-16" };
}

pub(super) struct Client {
    process: Child,
    input: Option<ChildStdin>,
    messages: Receiver<Value>,
    folder: PathBuf,
    pulls: bool,
    ids: u64,
    /// What the server published and nobody has looked at yet.
    published: HashMap<String, Value>,
    /// Whether the server asked to be asked again.
    refresh: bool,
    texts: HashMap<String, (i32, String)>,
}

impl Client {
    /// Starts the server and introduces itself.
    pub(super) fn start(folder: &Path, capabilities: Capabilities) -> Self {
        let mut process = support::pyrelint()
            .args(["server", "--stdio"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("the server starts");
        let (sender, messages) = channel();
        let mut output = BufReader::new(process.stdout.take().expect("its output"));
        std::thread::spawn(move || {
            while let Some(message) = next(&mut output) {
                if sender.send(message).is_err() {
                    break;
                }
            }
        });
        let input = process.stdin.take();
        let folder = std::fs::canonicalize(folder).expect("the folder is there");
        let (published, texts) = (HashMap::new(), HashMap::new());
        let mut client = Self { process, input, messages, folder, pulls: capabilities.pulls, ids: 0, published, refresh: false, texts };
        let mut document = json!({ "publishDiagnostics": { "relatedInformation": true } });
        if capabilities.pulls {
            document["diagnostic"] = json!({ "dynamicRegistration": false });
        }
        let root = client.uri("");
        let result = client.request(
            "initialize",
            json!({
                "processId": std::process::id(),
                "rootUri": root,
                "workspaceFolders": [{ "uri": root, "name": "it" }],
                "capabilities": {
                    "general": { "positionEncodings": [capabilities.encoding, "utf-16"] },
                    "textDocument": document,
                    "workspace": {
                        "workspaceEdit": { "documentChanges": true },
                        "diagnostics": { "refreshSupport": true },
                        "didChangeWatchedFiles": { "dynamicRegistration": true },
                    },
                },
            }),
        );
        assert_eq!(result["capabilities"]["positionEncoding"], capabilities.encoding);
        client.notify("initialized", json!({}));
        client
    }

    /// The address of a file of the folder.
    pub(super) fn uri(&self, path: &str) -> String {
        format!("file://{}", self.folder.join(path).display())
    }

    pub(super) fn open(&mut self, uri: &str, text: &str) {
        self.texts.insert(uri.to_owned(), (1, text.to_owned()));
        let document = json!({ "uri": uri, "languageId": "python", "version": 1, "text": text });
        self.notify("textDocument/didOpen", json!({ "textDocument": document }));
    }

    /// Gives a document another text.
    pub(super) fn replace(&mut self, uri: &str, text: &str) {
        self.edit(uri, &json!({ "text": text }));
        if let Some(known) = self.texts.get_mut(uri) {
            text.clone_into(&mut known.1);
        }
    }

    /// Sends one change.
    pub(super) fn edit(&mut self, uri: &str, change: &Value) {
        let known = self.texts.get_mut(uri).expect("the document is open");
        known.0 += 1;
        let document = json!({ "uri": uri, "version": known.0 });
        self.published.remove(uri);
        self.notify("textDocument/didChange", json!({ "textDocument": document, "contentChanges": [change] }));
    }

    pub(super) fn close(&mut self, uri: &str) {
        self.texts.remove(uri);
        self.notify("textDocument/didClose", json!({ "textDocument": { "uri": uri } }));
    }

    /// Applies the edits of an action to a document, as an editor would: from the last to the first, as changes of its own.
    pub(super) fn apply(&mut self, uri: &str, edit: &Value) {
        let change = &edit["documentChanges"][0];
        assert_eq!(change["textDocument"]["uri"], uri);
        assert_eq!(change["textDocument"]["version"], self.texts[uri].0);
        let mut edits = change["edits"].as_array().expect("edits").clone();
        let key = |edit: &Value| (edit["range"]["start"]["line"].as_u64(), edit["range"]["start"]["character"].as_u64());
        edits.sort_by_key(|edit| std::cmp::Reverse(key(edit)));
        for edit in edits {
            self.edit(uri, &json!({ "range": edit["range"], "text": edit["newText"] }));
        }
    }

    /// The diagnostics of a document, asked for or published.
    pub(super) fn diagnostics(&mut self, uri: &str) -> Value {
        if self.pulls {
            let report = self.request("textDocument/diagnostic", json!({ "textDocument": { "uri": uri } }));
            return report["items"].clone();
        }
        loop {
            if let Some(found) = self.published.remove(uri) {
                return found;
            }
            self.receive();
        }
    }

    /// The diagnostics of a document after something else has changed: the server says that they are others.
    pub(super) fn changed_diagnostics(&mut self, uri: &str) -> Value {
        while self.pulls && !std::mem::take(&mut self.refresh) {
            self.receive();
        }
        self.diagnostics(uri)
    }

    #[expect(clippy::needless_pass_by_value, reason = "callers make it for this call")]
    pub(super) fn notify(&mut self, method: &str, params: Value) {
        self.send(&json!({ "jsonrpc": "2.0", "method": method, "params": params }));
    }

    /// The result of a request.
    pub(super) fn request(&mut self, method: &str, params: Value) -> Value {
        let answer = self.ask(method, params);
        assert!(answer.get("error").is_none(), "{method}: {answer}");
        answer["result"].clone()
    }

    /// The code of the error that a request is answered with.
    pub(super) fn error(&mut self, method: &str, params: Value) -> i64 {
        let answer = self.ask(method, params);
        answer["error"]["code"].as_i64().unwrap_or_else(|| panic!("{method}: {answer}"))
    }

    #[expect(clippy::needless_pass_by_value, reason = "callers make it for this call")]
    fn ask(&mut self, method: &str, params: Value) -> Value {
        self.ids += 1;
        let id = self.ids;
        self.send(&json!({ "jsonrpc": "2.0", "id": id, "method": method, "params": params }));
        loop {
            if let Some(answer) = self.receive().filter(|message| message["id"] == id) {
                return answer;
            }
        }
    }

    /// Waits for a message. Notifications are kept, requests are answered, an answer is returned.
    fn receive(&mut self) -> Option<Value> {
        let message = self.messages.recv_timeout(PATIENCE).expect("the server says something");
        let Some(method) = message["method"].as_str() else { return Some(message) };
        if message.get("id").is_some() {
            self.refresh |= method == "workspace/diagnostic/refresh";
            self.send(&json!({ "jsonrpc": "2.0", "id": message["id"], "result": null }));
        } else if method == "textDocument/publishDiagnostics" {
            let params = &message["params"];
            let uri = params["uri"].as_str().expect("a URI").to_owned();
            // What is about an older text has been overtaken.
            let current =
                self.texts.get(&uri).is_none_or(|known| params["version"].as_i64().is_none_or(|version| version == i64::from(known.0)));
            if current {
                self.published.insert(uri, params["diagnostics"].clone());
            }
        }
        None
    }

    fn send(&mut self, message: &Value) {
        let text = message.to_string();
        self.raw(format!("Content-Length: {}\r\n\r\n{text}", text.len()).as_bytes());
    }

    pub(super) fn raw(&mut self, bytes: &[u8]) {
        let input = self.input.as_mut().expect("the server listens");
        input.write_all(bytes).and_then(|()| input.flush()).expect("the server reads");
    }

    /// Ends the server in order; its status.
    pub(super) fn stop(mut self) -> Option<i32> {
        self.request("shutdown", Value::Null);
        self.notify("exit", Value::Null);
        self.wait()
    }

    /// Closes the streams.
    pub(super) fn hang_up(mut self) -> Option<i32> {
        self.input = None;
        self.wait()
    }

    pub(super) fn wait(&mut self) -> Option<i32> {
        self.process.wait().expect("the server ends").code()
    }
}

impl Drop for Client {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn next(output: &mut impl BufRead) -> Option<Value> {
    let mut length = 0;
    loop {
        let mut line = String::new();
        if output.read_line(&mut line).ok()? == 0 {
            return None;
        }
        match line.trim().split_once(':') {
            Some((name, value)) if name.eq_ignore_ascii_case("content-length") => length = value.trim().parse().ok()?,
            Some(_) => {}
            None => break,
        }
    }
    let mut content = vec![0; length];
    output.read_exact(&mut content).ok()?;
    serde_json::from_slice(&content).ok()
}
