//! One client: what is known about it and its documents, and which handler each of its messages goes to.
//!
//! The handlers stand with their subject: [`super::sync`] (documents and files), [`super::configuration`], [`super::findings`], [`super::workspace`],
//! [`super::actions`], [`super::hover`], [`super::commands`].

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crossbeam_channel::Sender;
use gen_lsp_types::InitializeParams;
use lsp_server::{ErrorCode, Message, Notification, Request, RequestId, Response};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::addresses::Addresses;
use super::client::{self, Abilities};
use super::configuration::{Configured, Written};
use super::documents::Documents;
use super::findings::Known;
use super::log::{Level, Log};
use super::report::Reporter;
use super::server::Task;
use super::settings::section;
use super::workspace::Surveys;
use super::world::World;
use super::{initialize, sync};

/// How long a client that asks by itself must be quiet before it is told to ask again: it is answered first.
const PATIENCE: Duration = Duration::from_millis(200);

/// See the module's documentation.
pub struct Session {
    pub(super) client: Sender<Message>,
    /// Where threads of the session send what they found.
    pub(super) tasks: Sender<Task>,
    pub(super) abilities: Abilities,
    pub(super) log: Log,
    pub(super) addresses: Addresses,
    pub(super) written: Written,
    pub(super) settings: Arc<Configured>,
    pub(super) documents: Documents,
    pub(super) known: BTreeMap<String, Known>,
    pub(super) world: World,
    pub(super) surveys: Surveys,
    /// Which files the client is asked to tell about.
    pub(super) watched: globset::GlobSet,
    /// Whether anything changed since diagnostics were last published.
    pub(super) dirty: bool,
    /// Whether files changed that are not open, so that the client knows nothing of it.
    pub(super) changed_elsewhere: bool,
    /// The document that was changed last: its diagnostics are waited for.
    pub(super) last: Option<String>,
    /// Configuration files of which mistakes were published.
    pub(super) mistaken: BTreeSet<String>,
    /// What the client was asked and has not answered yet.
    questions: HashMap<RequestId, Question>,
    requests: i32,
}

/// What the client is asked, where the answer matters.
#[derive(Debug)]
pub enum Question {
    /// The settings of the session and of these folders.
    Settings(Vec<PathBuf>),
}

/// Why a request is not answered.
#[derive(Debug)]
pub struct Refusal {
    /// The protocol's number for it.
    pub code: ErrorCode,
    /// The reason.
    pub message: String,
}

/// What becomes of a request.
pub enum Answer {
    /// The result.
    Now(Result<Value, Refusal>),
    /// It comes from another thread.
    Later,
}

impl Session {
    /// A session with the client that sent these parameters, and the result of `initialize`.
    pub fn new(params: &InitializeParams, client: Sender<Message>, tasks: Sender<Task>) -> (Self, Value) {
        let abilities = client::abilities(&params.capabilities);
        let elsewhere = std::env::current_dir().unwrap_or_else(|_| PathBuf::from("/"));
        let addresses = Addresses::new(&client::folders(params), elsewhere);
        let here = addresses.here().to_owned();
        let session = params.initialization_options.as_ref().map(|options| section(options).clone()).unwrap_or_default();
        let mut log = Log::new(client.clone());
        if let Some(trace) = params.trace.as_ref().and_then(|trace| serde_json::to_value(trace).ok()) {
            log.trace(trace.as_str().unwrap_or_default());
        }
        let written = Written { session, ..Written::default() };
        // What is wrong with it is said when the client is ready to hear it.
        let (settings, _) = written.read(addresses.folders(), &here);
        let session = Self {
            client,
            tasks,
            abilities,
            log,
            addresses,
            written,
            documents: Documents::new(),
            known: BTreeMap::new(),
            world: World::new(here, settings.scopes()),
            settings: Arc::new(settings),
            surveys: Surveys::default(),
            watched: sync::watched(),
            dirty: false,
            changed_elsewhere: false,
            last: None,
            mistaken: BTreeSet::new(),
            questions: HashMap::new(),
            requests: 0,
        };
        let result = initialize::result(abilities);
        (session, result)
    }

    /// Something happened at the client.
    pub fn notified(&mut self, notification: Notification) {
        let start = Instant::now();
        let Notification { method, params } = notification;
        let outcome = match &*method {
            "initialized" => {
                self.initialized();
                Ok(())
            }
            "textDocument/didOpen" => spelt(&params).and_then(|uri| Ok((uri, read(params)?))).map(|(uri, params)| self.opened(uri, params)),
            "textDocument/didChange" => read(params).map(|params| self.changed(params)),
            "textDocument/didClose" => read(params).map(|params| self.closed(&params)),
            "workspace/didChangeWatchedFiles" => read(params).map(|params| self.files_changed(&params)),
            "workspace/didRenameFiles" => read(params).map(|params| self.files_renamed(&params)),
            "workspace/didDeleteFiles" => read(params).map(|params| self.files_deleted(&params)),
            "workspace/didChangeWorkspaceFolders" => read(params).map(|params| self.folders_changed(&params)),
            "workspace/didChangeConfiguration" => {
                self.configured(&params);
                Ok(())
            }
            "window/workDoneProgress/cancel" => {
                self.progress_cancelled(&params["token"]);
                Ok(())
            }
            "$/setTrace" => {
                self.log.trace(params["value"].as_str().unwrap_or_default());
                Ok(())
            }
            _ => Ok(()),
        };
        if let Err(error) = outcome {
            self.log.write(Level::Error, &format!("the parameters of `{method}` cannot be read: {error}"));
        }
        self.log.conversation(&method, start);
    }

    /// The client asks; `None` where it asks for what is not offered.
    pub fn asked(&mut self, id: &RequestId, method: &str, params: Value) -> Option<Answer> {
        let start = Instant::now();
        let answer = match method {
            "textDocument/diagnostic" => now(read(params).map(|params| self.pulled(&params))),
            "workspace/diagnostic" => read(params).map_or_else(refused, |params| self.pulled_all(id, &params)),
            "workspace/executeCommand" => now(read(params).map(|params| self.execute(&params))),
            "textDocument/codeAction" => now(read(params).map(|params| self.actions(&params))),
            "codeAction/resolve" => Answer::Now(self.resolve(params)),
            "textDocument/hover" => now(read(params).map(|params| self.hover(&params))),
            _ => return None,
        };
        self.log.conversation(method, start);
        Some(answer)
    }

    /// The client answers.
    pub fn answered(&mut self, response: Response) {
        match self.questions.remove(&response.id) {
            Some(Question::Settings(folders)) => self.settings_answered(folders, response),
            None => {
                if let Err(error) = response.response_result {
                    self.log.write(Level::Warning, &format!("the client refuses: {}", error.message));
                }
            }
        }
    }

    /// How long the client must be quiet before [`Session::settled`]. `None` where there is nothing to do.
    pub fn patience(&self) -> Option<Duration> {
        if self.dirty {
            return Some(if self.abilities.pulls { PATIENCE } else { Duration::ZERO });
        }
        self.surveys.patience()
    }

    /// Nothing more is to be read: publishes what is different, or tells the client to ask again.
    pub fn settled(&mut self) {
        if std::mem::take(&mut self.dirty) {
            self.publish();
        } else {
            self.survey_is_due();
        }
    }

    /// Writes to the client's log what went wrong.
    pub fn error(&mut self, text: &str) {
        self.log.write(Level::Error, text);
    }

    /// Who turns the findings in a file into diagnostics.
    pub(super) fn reporter(&self, unsafe_fixes: bool) -> Reporter<'_> {
        Reporter { abilities: self.abilities, addresses: &self.addresses, unsafe_fixes }
    }

    pub(super) fn notify(&self, method: &str, params: Value) {
        let _ = self.client.send(Notification { method: method.to_owned(), params }.into());
    }

    pub(super) fn respond(&self, response: Response) {
        let _ = self.client.send(response.into());
    }

    pub(super) fn request(&mut self, method: &str, params: Value, question: Option<Question>) {
        self.requests += 1;
        let id = RequestId::from(self.requests);
        if let Some(question) = question {
            self.questions.insert(id.clone(), question);
        }
        let _ = self.client.send(Request { id, method: method.to_owned(), params }.into());
    }

    fn initialized(&mut self) {
        // Only now may the client be told anything.
        self.configure();
        let registrations = initialize::registrations(self.abilities);
        if !registrations.is_empty() {
            self.request("client/registerCapability", json!({ "registrations": registrations }), None);
        }
        self.ask_for_settings();
    }
}

fn read<T: DeserializeOwned>(params: Value) -> Result<T, serde_json::Error> {
    serde_json::from_value(params)
}

/// The address of a document as the client spells it.
fn spelt(params: &Value) -> Result<String, serde_json::Error> {
    serde_json::from_value(params["textDocument"]["uri"].clone())
}

fn now(answer: Result<Value, serde_json::Error>) -> Answer {
    answer.map_or_else(refused, |value| Answer::Now(Ok(value)))
}

#[expect(clippy::needless_pass_by_value, reason = "it is the end of the error")]
fn refused(error: serde_json::Error) -> Answer {
    Answer::Now(Err(Refusal { code: ErrorCode::InvalidParams, message: format!("the parameters cannot be read: {error}") }))
}
