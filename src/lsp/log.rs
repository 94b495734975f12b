//! What the server says about itself: to the client's log, to a file where the user wants one, and the trace of the conversation.

use std::collections::BTreeSet;
use std::fs::{File, OpenOptions};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::time::Instant;

use crossbeam_channel::Sender;
use lsp_server::{Message, Notification};
use serde::Deserialize;
use serde_json::json;

/// How much something matters; the worst first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    /// Something does not work.
    Error,
    /// Something was not meant so.
    #[serde(alias = "warn")]
    Warning,
    /// What happens once in a while.
    #[default]
    Info,
    /// What happens all the time.
    #[serde(alias = "trace")]
    Debug,
}

/// The log of a session.
#[derive(Debug)]
pub struct Log {
    client: Sender<Message>,
    start: Instant,
    level: Level,
    file: Option<(PathBuf, File)>,
    is_traced: bool,
    /// What the user was told already.
    told: BTreeSet<String>,
}

impl Log {
    /// A log that the client shows.
    pub fn new(client: Sender<Message>) -> Self {
        Self { client, start: Instant::now(), level: Level::default(), file: None, is_traced: false, told: BTreeSet::new() }
    }

    /// Says from now on what matters this much, and to this file, too. A file that cannot be opened is named.
    pub fn configure(&mut self, level: Level, file: Option<&Path>) {
        self.level = level;
        if self.file.as_ref().map(|(path, _)| path.as_path()) == file {
            return;
        }
        self.file = None;
        let Some(path) = file else { return };
        match OpenOptions::new().append(true).create(true).open(path) {
            Ok(file) => self.file = Some((path.to_owned(), file)),
            Err(error) => self.tell(&format!("the setting `logFile` is passed over: `{}` cannot be opened: {error}", path.display())),
        }
    }

    /// Whether the client wants to see the conversation: `off`, `messages` or `verbose` (LSP 3.17, "SetTrace Notification").
    pub fn trace(&mut self, value: &str) {
        self.is_traced = matches!(value, "messages" | "verbose" | "compact");
    }

    /// Writes a line.
    pub fn write(&mut self, level: Level, text: &str) {
        if level > self.level {
            return;
        }
        // Errors are 1 in the protocol.
        self.notify("window/logMessage", json!({ "type": level as u8 + 1, "message": format!("pyrelint: {text}") }));
        self.write_file(text);
    }

    /// Writes what came of a message that the client sent.
    pub fn conversation(&mut self, method: &str, start: Instant) {
        let wanted = self.level >= Level::Debug;
        if wanted || self.is_traced {
            let text = format!("{method}: {:.1} ms", start.elapsed().as_secs_f64() * 1e3);
            if self.is_traced {
                self.notify("$/logTrace", json!({ "message": text }));
            }
            if wanted {
                self.write_file(&text);
            }
        }
    }

    /// Tells the user what is wrong, once.
    pub fn tell(&mut self, text: &str) {
        if self.told.insert(text.to_owned()) {
            self.notify("window/showMessage", json!({ "type": 2, "message": format!("pyrelint: {text}") }));
        }
        self.write(Level::Warning, text);
    }

    fn write_file(&mut self, text: &str) {
        if let Some((_, file)) = &mut self.file {
            // A log that cannot be written is no reason to stop.
            let _ = writeln!(file, "{:10.3} {text}", self.start.elapsed().as_secs_f64());
        }
    }

    fn notify(&self, method: &str, params: serde_json::Value) {
        let _ = self.client.send(Notification { method: method.to_owned(), params }.into());
    }
}
