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

/// How a client introduces itself.
#[derive(Clone, Debug)]
pub(super) struct Setup {
    /// The folders of the workspace.
    pub(super) folders: Vec<PathBuf>,
    /// What it can do.
    pub(super) capabilities: Capabilities,
    /// What it says to be able to do besides.
    pub(super) more: Value,
    /// `initializationOptions`.
    pub(super) options: Value,
    /// The answers to `workspace/configuration`: for the session (an empty address), and for folders; `None` where it cannot be asked.
    pub(super) settings: Option<HashMap<String, Value>>,
    /// `rootUri`, where it has no folders.
    pub(super) root: Option<PathBuf>,
    /// The process that it says it is.
    pub(super) process: u32,
    /// The working directory of the server.
    pub(super) directory: Option<PathBuf>,
    /// Variables of its environment.
    pub(super) environment: Vec<(&'static str, PathBuf)>,
}

impl Setup {
    pub(super) fn new(folder: &Path, capabilities: Capabilities) -> Self {
        Self { folders: vec![folder.to_owned()], ..Self::without_folder(capabilities) }
    }

    pub(super) fn without_folder(capabilities: Capabilities) -> Self {
        Self {
            folders: Vec::new(),
            capabilities,
            more: json!({}),
            options: Value::Null,
            settings: None,
            root: None,
            process: std::process::id(),
            directory: None,
            environment: Vec::new(),
        }
    }

    pub(super) fn options(self, options: Value) -> Self {
        Self { options, ..self }
    }

    pub(super) fn more(self, more: Value) -> Self {
        Self { more, ..self }
    }

    pub(super) fn settings(self, settings: &[(&str, Value)]) -> Self {
        let settings = settings.iter().map(|(uri, value)| ((*uri).to_owned(), value.clone())).collect();
        Self { settings: Some(settings), ..self }
    }

    fn capabilities(&self) -> Value {
        let Capabilities { pulls, encoding } = self.capabilities;
        let mut document = json!({
            "publishDiagnostics": { "relatedInformation": true, "dataSupport": true, "tagSupport": { "valueSet": [1, 2] } },
        });
        if pulls {
            document["diagnostic"] = json!({ "dynamicRegistration": false });
        }
        let mut all = json!({
            "general": { "positionEncodings": [encoding, "utf-16"] },
            "textDocument": document,
            "workspace": {
                "workspaceEdit": { "documentChanges": true },
                "configuration": self.settings.is_some(),
                "diagnostics": { "refreshSupport": true },
                "didChangeWatchedFiles": { "dynamicRegistration": true },
            },
        });
        merge(&mut all, &self.more);
        all
    }

    /// Starts the server and introduces itself.
    pub(super) fn start(self) -> Client {
        let mut command = support::pyrelint();
        command.args(["server", "--stdio"]).envs(self.environment.iter().map(|(name, value)| (name, value)));
        if let Some(directory) = &self.directory {
            command.current_dir(directory);
        }
        let mut process = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("the server starts");
        let (sender, messages) = channel();
        let mut output = BufReader::new(process.stdout.take().expect("its output"));
        std::thread::spawn(move || {
            while let Some(message) = next(&mut output) {
                if sender.send(message).is_err() {
                    break;
                }
            }
        });
        let uris: Vec<String> = self.folders.iter().map(|folder| format!("file://{}", folder.display())).collect();
        let folder =
            self.folders.first().or(self.directory.as_ref()).map(|folder| std::fs::canonicalize(folder).expect("the folder is there"));
        let mut client = Client {
            input: process.stdin.take(),
            process,
            messages,
            folder: folder.unwrap_or_default(),
            pulls: self.capabilities.pulls,
            ids: 0,
            published: HashMap::new(),
            refresh: false,
            texts: HashMap::new(),
            settings: self.settings.clone().unwrap_or_default(),
            heard: Vec::new(),
        };
        let root = self.root.as_ref().map(|root| format!("file://{}", root.display()));
        let folders: Vec<Value> = uris.iter().map(|uri| json!({ "uri": uri, "name": "it" })).collect();
        let mut params = json!({
            "processId": self.process,
            "rootUri": uris.first().cloned().or(root),
            "capabilities": self.capabilities(),
            "initializationOptions": self.options,
        });
        if !folders.is_empty() {
            params["workspaceFolders"] = json!(folders);
        }
        let result = client.request("initialize", params);
        assert_eq!(result["capabilities"]["positionEncoding"], self.capabilities.encoding);
        client.notify("initialized", json!({}));
        client
    }
}

/// Puts the keys of one value into another.
fn merge(value: &mut Value, more: &Value) {
    match (value, more) {
        (Value::Object(value), Value::Object(more)) => {
            for (key, more) in more {
                merge(value.entry(key).or_insert(Value::Null), more);
            }
        }
        (value, more) => *value = more.clone(),
    }
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
    /// What is answered to `workspace/configuration`.
    pub(super) settings: HashMap<String, Value>,
    /// All other notifications and requests of the server.
    heard: Vec<Value>,
}

impl Client {
    /// Starts the server and introduces itself, with a folder and no more.
    pub(super) fn start(folder: &Path, capabilities: Capabilities) -> Self {
        Setup::new(folder, capabilities).start()
    }

    /// The address of a file of the folder.
    pub(super) fn uri(&self, path: &str) -> String {
        format!("file://{}", self.folder.join(path).display())
    }

    pub(super) fn open(&mut self, uri: &str, text: &str) {
        self.texts.insert(uri.to_owned(), (1, text.to_owned()));
        let is_python = std::path::Path::new(uri).extension().is_none_or(|extension| extension == "py");
        let language = if is_python { "python" } else { "plaintext" };
        let document = json!({ "uri": uri, "languageId": language, "version": 1, "text": text });
        self.notify("textDocument/didOpen", json!({ "textDocument": document }));
    }

    /// Gives a document another text.
    pub(super) fn replace(&mut self, uri: &str, text: &str) {
        self.edit(uri, &json!({ "text": text }));
        if let Some(known) = self.texts.get_mut(uri) {
            text.clone_into(&mut known.1);
        }
    }

    /// Gives a document this text, open or not.
    pub(super) fn replace_or_open(&mut self, uri: &str, text: &str) {
        if self.texts.contains_key(uri) {
            self.replace(uri, text);
        } else {
            self.open(uri, text);
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
        self.published(uri)
    }

    /// What the server publishes of a document.
    pub(super) fn published(&mut self, uri: &str) -> Value {
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
        let id = self.begin(method, &params);
        self.answer(id)
    }

    /// Sends a request whose answer is waited for later; its number.
    pub(super) fn begin(&mut self, method: &str, params: &Value) -> u64 {
        self.ids += 1;
        let id = self.ids;
        self.send(&json!({ "jsonrpc": "2.0", "id": id, "method": method, "params": params }));
        id
    }

    /// Waits for the answer to a request. Answers to others before it are lost.
    pub(super) fn answer(&mut self, id: u64) -> Value {
        loop {
            if let Some(answer) = self.receive().filter(|message| message["id"] == id) {
                return answer;
            }
        }
    }

    /// Waits for the answer to any request.
    pub(super) fn any_answer(&mut self) -> Value {
        loop {
            if let Some(answer) = self.receive() {
                return answer;
            }
        }
    }

    /// What was published of a document and nobody has looked at.
    pub(super) fn published_of(&self, uri: &str) -> Option<&Value> {
        self.published.get(uri)
    }

    /// Waits for a notification or request of the server that passes a test, unless it came already.
    pub(super) fn hear(&mut self, method: &str, is_meant: impl Fn(&Value) -> bool) -> Value {
        loop {
            let found = self.heard.iter().position(|message| message["method"] == method && is_meant(&message["params"]));
            if let Some(at) = found {
                return self.heard.remove(at)["params"].clone();
            }
            self.receive();
        }
    }

    /// What the server has sent of a kind, apart from what was waited for.
    pub(super) fn heard(&self, method: &str) -> Vec<Value> {
        self.heard.iter().filter(|message| message["method"] == method).map(|message| message["params"].clone()).collect()
    }

    /// The number of the server's process.
    pub(super) fn id(&self) -> u32 {
        self.process.id()
    }

    /// Waits for a message. Notifications are kept, requests are answered, an answer is returned.
    fn receive(&mut self) -> Option<Value> {
        let message = self.messages.recv_timeout(PATIENCE).expect("the server says something");
        let Some(method) = message["method"].as_str() else { return Some(message) };
        let params = &message["params"];
        if message.get("id").is_some() {
            self.refresh |= method == "workspace/diagnostic/refresh";
            let result = match method {
                "workspace/configuration" => {
                    let scope = |item: &Value| item["scopeUri"].as_str().unwrap_or_default().to_owned();
                    let items = params["items"].as_array().expect("items").iter();
                    items.map(|item| self.settings.get(&scope(item)).cloned().unwrap_or_default()).collect::<Value>()
                }
                _ => Value::Null,
            };
            self.send(&json!({ "jsonrpc": "2.0", "id": message["id"], "result": result }));
        } else if method == "textDocument/publishDiagnostics" {
            let uri = params["uri"].as_str().expect("a URI").to_owned();
            // What is about an older text has been overtaken.
            let current =
                self.texts.get(&uri).is_none_or(|known| params["version"].as_i64().is_none_or(|version| version == i64::from(known.0)));
            if current {
                self.published.insert(uri, params["diagnostics"].clone());
            }
            return None;
        }
        self.heard.push(message);
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

    /// Whether the process ends within this time.
    pub(super) fn ends_within(&mut self, patience: Duration) -> bool {
        let start = std::time::Instant::now();
        while start.elapsed() < patience {
            if self.process.try_wait().expect("the server can be waited for").is_some() {
                return true;
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        false
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
