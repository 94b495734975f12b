//! The session's settings: what the client sent with `initialize`, tells by `workspace/didChangeConfiguration`, and answers for each folder to
//! `workspace/configuration`.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use lsp_server::Response;
use serde_json::{Value, json};

use super::findings::Known;
use super::log::Level;
use super::session::{Question, Session};
use super::settings::{Settings, above, section};
use crate::config::Scope;

/// The settings of each folder, as they are meant.
#[derive(Clone, Debug, Default)]
pub struct Configured {
    /// Those of files that lie in no folder of the workspace, and of the session.
    pub elsewhere: Settings,
    folders: Vec<(PathBuf, Settings)>,
}

impl Configured {
    /// The settings of a file.
    pub fn of(&self, path: &Path) -> &Settings {
        let around = self.folders.iter().filter(|(folder, _)| path.starts_with(folder));
        around.max_by_key(|(folder, _)| folder.as_os_str().len()).map_or(&self.elsewhere, |(_, settings)| settings)
    }

    /// Whether a folder, or what lies elsewhere, has settings that pass a test.
    pub fn any(&self, test: impl Fn(&Settings) -> bool) -> bool {
        test(&self.elsewhere) || self.folders.iter().any(|(_, settings)| test(settings))
    }

    /// The same for the analysis.
    pub fn scopes(&self) -> Vec<Scope> {
        let folders = self.folders.iter().map(|(folder, settings)| settings.scope(folder));
        std::iter::once(self.elsewhere.scope(Path::new(""))).chain(folders).collect()
    }
}

/// The settings as the client wrote them.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Written {
    /// Those of `initialize`, or what it said later.
    pub session: Value,
    /// Its answer for the session.
    pub asked: Value,
    /// Its answers for the folders.
    pub folders: BTreeMap<PathBuf, Value>,
}

impl Written {
    /// What they mean for the folders of a workspace, and what is wrong with them.
    pub fn read<'a>(&self, folders: impl Iterator<Item = &'a Path>, here: &Path) -> (Configured, Vec<String>) {
        let session = above(&self.session, &self.asked);
        let (elsewhere, mut mistakes) = Settings::read(&session, here);
        let mut configured = Configured { elsewhere, folders: Vec::new() };
        for folder in folders {
            let own = self.folders.get(folder).unwrap_or(&Value::Null);
            let (settings, further) = Settings::read(&above(&session, own), folder);
            mistakes.extend(further);
            configured.folders.push((folder.to_owned(), settings));
        }
        // What is wrong for all folders is said once.
        mistakes.sort();
        mistakes.dedup();
        (configured, mistakes)
    }
}

impl Session {
    /// The client says that settings are different, and perhaps how.
    pub(super) fn configured(&mut self, params: &Value) {
        let told = section(params.get("settings").unwrap_or(&Value::Null));
        let says_something = !told.is_null() && told.as_object().is_none_or(|map| !map.is_empty());
        let mut written = self.written.clone();
        if says_something {
            written.session = told.clone();
            // They are newer than the answers, and where the client can be asked, those are renewed at once.
            written.asked = Value::Null;
            written.folders.clear();
        }
        self.written = written;
        self.configure();
        self.ask_for_settings();
    }

    /// Asks for the settings of the session and of each folder, where the client can be asked.
    pub(super) fn ask_for_settings(&mut self) {
        if !self.abilities.configuration {
            return;
        }
        let folders: Vec<PathBuf> = self.addresses.folders().map(Path::to_owned).collect();
        let scoped = folders.iter().map(|folder| json!({ "scopeUri": self.addresses.spelling(folder), "section": "pyrelint" }));
        let items: Vec<Value> = std::iter::once(json!({ "section": "pyrelint" })).chain(scoped).collect();
        self.request("workspace/configuration", json!({ "items": items }), Some(Question::Settings(folders)));
    }

    /// The client answers with its settings.
    pub(super) fn settings_answered(&mut self, folders: Vec<PathBuf>, response: Response) {
        let Ok(Value::Array(answers)) = response.response_result else {
            self.log.write(Level::Warning, "the client does not say its settings: those of `initialize` count");
            return;
        };
        let mut answers = answers.into_iter();
        let mut written = Written { asked: answers.next().unwrap_or_default(), ..self.written.clone() };
        written.folders = folders.into_iter().zip(answers).collect();
        if written != self.written {
            self.written = written;
            self.configure();
        }
    }

    /// Makes what is written count.
    pub(super) fn configure(&mut self) {
        let (configured, mistakes) = self.written.read(self.addresses.folders(), self.addresses.here());
        self.log.configure(configured.elsewhere.log_level, configured.elsewhere.log_file.as_deref());
        if let Some(trace) = &configured.elsewhere.trace {
            self.log.trace(trace);
        }
        for mistake in mistakes {
            self.log.tell(&mistake);
        }
        self.settings = Arc::new(configured);
        self.world_is_new();
    }

    /// What was found under other circumstances is no answer any more.
    pub(super) fn world_is_new(&mut self) {
        self.world.reread(self.settings.scopes());
        self.known.values_mut().for_each(|known| *known = Known { sent: known.sent, published: known.published, ..Known::default() });
        self.forget_configuration_errors();
        self.dirty = true;
    }
}
