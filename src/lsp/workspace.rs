//! The findings in all files: asked for by `workspace/diagnostic`, or published to clients that cannot ask, where the user wants that
//! (`diagnosticMode`).
//!
//! One survey runs at a time, on a thread of its own. Whoever asks for the same gets the same; what was found is kept until something changes.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use gen_lsp_types::{Uri, WorkspaceDiagnosticParams};
use lsp_server::{ErrorCode, RequestId, Response};
use pyrelint_lints::lint::STACK_SIZE;
use serde_json::{Value, json};

use super::addresses::{Addresses, is_too_wide};
use super::documents::key;
use super::log::Level;
use super::server::Task;
use super::session::{Answer, Session};
use super::settings::DiagnosticMode;
use super::survey::{FileReport, Listener, Reports};
use crate::check::panics;

/// How long nothing must change before a survey starts that nobody asked for.
const PAUSE: Duration = Duration::from_millis(500);

/// The surveys of a session.
#[derive(Debug, Default)]
pub struct Surveys {
    running: Option<Running>,
    /// Requests for another survey than the running one.
    waiting: Vec<Waiter>,
    /// What was found last, and in which world.
    last: Option<(u64, Reports)>,
    /// What was published of files that are not open, by address.
    published: BTreeMap<String, String>,
    /// When a survey that nobody asked for is to start.
    due: Option<Instant>,
    /// The world of the last survey that nobody asked for.
    planned: Option<u64>,
    were_asked_for: bool,
    count: u64,
}

/// A survey that is under way.
#[derive(Debug)]
struct Running {
    number: u64,
    generation: u64,
    stop: Arc<AtomicBool>,
    waiters: Vec<Waiter>,
    publishes: bool,
}

/// A request for the findings in all files.
#[derive(Debug)]
struct Waiter {
    id: RequestId,
    /// What the client knows, by the documents' keys: its own spelling, and the number of the result.
    known: BTreeMap<String, (String, String)>,
    /// Where parts of the result go, if the client wants them.
    partial: Value,
    /// Where it is told how things go, if it wants to know.
    progress: Value,
    /// What it got already: the number of the result.
    streamed: BTreeMap<String, String>,
}

impl Surveys {
    /// How long until a survey is due.
    pub fn patience(&self) -> Option<Duration> {
        self.due.filter(|_| self.running.is_none()).map(|due| due.saturating_duration_since(Instant::now()))
    }

    /// Whether the client has ever asked for the findings in all files.
    pub fn were_asked_for(&self) -> bool {
        self.were_asked_for
    }

    /// The file is an open document now, and its findings are published as such.
    pub fn forget_published(&mut self, uri: &str) {
        self.published.remove(uri);
    }

    /// The file is no open document any more: what was published is to be replaced.
    pub fn remember_published(&mut self, uri: String) {
        self.published.insert(uri, String::new());
    }

    /// Whether anything was found below a folder.
    pub fn knows_below(&self, folder: &Path, addresses: &Addresses) -> bool {
        let is_below = |uri: &String| Uri::parse(uri).is_ok_and(|uri| addresses.path(&uri).starts_with(folder));
        self.published.keys().any(is_below) || self.last.iter().flat_map(|(_, reports)| reports.keys()).any(is_below)
    }

    /// Gives up what runs: the session ends.
    pub fn stop(&self) {
        self.running.iter().for_each(|running| running.stop.store(true, Ordering::Relaxed));
    }
}

impl Session {
    /// The client asks for the findings in all files.
    pub(super) fn pulled_all(&mut self, id: &RequestId, params: &WorkspaceDiagnosticParams) -> Answer {
        self.surveys.were_asked_for = true;
        let token = |token: Option<Value>| token.unwrap_or_default();
        let known = params.previous_result_ids.iter().map(|known| (key(&known.uri), (known.uri.to_string(), known.value.clone())));
        let waiter = Waiter {
            id: id.clone(),
            known: known.collect(),
            partial: token(serde_json::to_value(&params.partial_result_params.partial_result_token).ok()),
            progress: token(serde_json::to_value(&params.work_done_progress_params.work_done_token).ok()),
            streamed: BTreeMap::new(),
        };
        if self.roots().is_empty() {
            return Answer::Now(Ok(json!({ "items": self.gone(&waiter, &Reports::new()) })));
        }
        let generation = self.world.generation();
        if let Some((_, reports)) = self.surveys.last.as_ref().filter(|(known, _)| *known == generation) {
            return Answer::Now(Ok(json!({ "items": self.items(&waiter, reports) })));
        }
        match &mut self.surveys.running {
            Some(running) if running.generation == generation && !running.stop.load(Ordering::Relaxed) => running.waiters.push(waiter),
            Some(_) => self.surveys.waiting.push(waiter),
            None => self.survey(vec![waiter], false),
        }
        Answer::Later
    }

    /// The folders whose files are checked, none within another.
    fn roots(&mut self) -> Vec<PathBuf> {
        let folders: BTreeSet<PathBuf> =
            self.addresses.folders().filter(|folder| self.settings.of(folder).enable).map(Path::to_owned).collect();
        let (wide, roots): (Vec<_>, Vec<_>) = folders.into_iter().partition(|folder| is_too_wide(folder));
        for folder in wide {
            let text = format!("`{}` is no project: only its open files are checked", folder.display());
            self.log.tell(&text);
        }
        let is_outer = |folder: &&PathBuf| !roots.iter().any(|other| *folder != other && folder.starts_with(other));
        roots.iter().filter(is_outer).cloned().collect()
    }

    /// Starts a survey.
    fn survey(&mut self, waiters: Vec<Waiter>, publishes: bool) {
        let roots = self.roots();
        let survey = self.world.survey(roots);
        self.surveys.count += 1;
        let number = self.surveys.count;
        let stop = Arc::new(AtomicBool::new(false));
        for waiter in &waiters {
            self.progress(waiter, &json!({ "kind": "begin", "title": "pyrelint: checking all files", "cancellable": true }));
        }
        let listener = Listener {
            number,
            stop: Arc::clone(&stop),
            tasks: self.tasks.clone(),
            abilities: self.abilities,
            addresses: self.addresses.clone(),
            settings: Arc::clone(&self.settings),
        };
        self.surveys.running = Some(Running { number, generation: self.world.generation(), stop, waiters, publishes });
        let spawned = thread::Builder::new().name("survey".to_owned()).stack_size(STACK_SIZE).spawn(move || {
            let found = panics::catch(|| survey.run(&listener)).and_then(|found| found.map_err(|error| error.to_string()));
            let _ = listener.tasks.send(Task::Surveyed(listener.number, found));
        });
        if let Err(error) = spawned {
            self.surveyed(number, Err(format!("no thread could be started: {error}")));
        }
    }

    /// A part of what the running survey finds.
    pub fn surveyed_in_part(&mut self, number: u64, files: &[FileReport]) {
        let Some(mut running) = self.surveys.running.take() else { return };
        if running.number == number {
            for waiter in &mut running.waiters {
                self.stream(waiter, files);
            }
        }
        self.surveys.running = Some(running);
    }

    fn stream(&self, waiter: &mut Waiter, files: &[FileReport]) {
        if !waiter.partial.is_null() {
            let items: Vec<Value> = files.iter().filter_map(|report| self.item(waiter, report)).collect();
            waiter.streamed.extend(files.iter().map(|report| (report.uri.clone(), report.id.clone())));
            self.notify("$/progress", json!({ "token": waiter.partial, "value": { "items": items } }));
            let message = format!("{} files with findings", waiter.streamed.len());
            self.progress(waiter, &json!({ "kind": "report", "message": message }));
        }
    }

    /// The running survey has come to its end.
    pub fn surveyed(&mut self, number: u64, found: Result<Reports, String>) {
        let Some(running) = self.surveys.running.take_if(|running| running.number == number) else { return };
        let is_whole = !running.stop.load(Ordering::Relaxed);
        match found {
            Ok(reports) if is_whole => {
                for waiter in running.waiters {
                    self.finish(waiter, &reports);
                }
                if running.publishes {
                    self.publish_all(&reports);
                }
                self.surveys.last = Some((running.generation, reports));
            }
            found => {
                let (code, text) = match found {
                    Err(error) => (ErrorCode::InternalError, format!("the workspace cannot be checked: {error}")),
                    Ok(_) => (ErrorCode::RequestCanceled, "the client cancelled the request".to_owned()),
                };
                if code as i32 == ErrorCode::InternalError as i32 {
                    self.log.write(Level::Error, &text);
                }
                for waiter in running.waiters {
                    self.refuse(&waiter, code, &text);
                }
            }
        }
        self.publish_configuration_errors();
        let waiting = std::mem::take(&mut self.surveys.waiting);
        if !waiting.is_empty() {
            self.survey(waiting, false);
        }
    }

    /// The client does not want an answer any more.
    pub fn cancelled(&mut self, id: &RequestId) {
        self.drop_waiters(|waiter| waiter.id == *id);
    }

    /// The user has stopped what the client shows the progress of.
    pub(super) fn progress_cancelled(&mut self, token: &Value) {
        self.drop_waiters(|waiter| waiter.progress == *token);
    }

    fn drop_waiters(&mut self, is_meant: impl Fn(&Waiter) -> bool) {
        let mut gone: Vec<Waiter> = self.surveys.waiting.extract_if(.., |waiter| is_meant(waiter)).collect();
        if let Some(running) = &mut self.surveys.running {
            gone.extend(running.waiters.extract_if(.., |waiter| is_meant(waiter)));
            if running.waiters.is_empty() && !running.publishes {
                running.stop.store(true, Ordering::Relaxed);
            }
        }
        for waiter in gone {
            self.refuse(&waiter, ErrorCode::RequestCanceled, "the client cancelled the request");
        }
    }

    fn refuse(&self, waiter: &Waiter, code: ErrorCode, text: &str) {
        self.progress(waiter, &json!({ "kind": "end" }));
        self.respond(Response::new_err(waiter.id.clone(), code as i32, text.to_owned()));
    }

    /// Answers a request; what went out in part is not said again.
    fn finish(&self, mut waiter: Waiter, reports: &Reports) {
        let result = if waiter.partial.is_null() {
            self.items(&waiter, reports)
        } else {
            let left: Vec<FileReport> =
                reports.values().filter(|report| waiter.streamed.get(&report.uri) != Some(&report.id)).cloned().collect();
            self.stream(&mut waiter, &left);
            let gone = self.gone(&waiter, reports);
            if !gone.is_empty() {
                self.notify("$/progress", json!({ "token": waiter.partial, "value": { "items": gone } }));
            }
            Vec::new()
        };
        let count: usize = reports.values().map(|report| report.diagnostics.len()).sum();
        self.progress(&waiter, &json!({ "kind": "end", "message": format!("{count} findings in {} files", reports.len()) }));
        self.respond(Response::new_ok(waiter.id, json!({ "items": result })));
    }

    fn items(&self, waiter: &Waiter, reports: &Reports) -> Vec<Value> {
        reports.values().filter_map(|report| self.item(waiter, report)).chain(self.gone(waiter, reports)).collect()
    }

    /// The report of a file. Open documents are asked for one by one.
    fn item(&self, waiter: &Waiter, report: &FileReport) -> Option<Value> {
        let key = Uri::parse(&report.uri).map_or_else(|_| report.uri.clone(), |uri| key(&uri));
        if self.documents.contains_key(&key) {
            return None;
        }
        let FileReport { uri, diagnostics, id } = report;
        Some(if waiter.known.get(&key).is_some_and(|(_, known)| known == id) {
            json!({ "kind": "unchanged", "uri": uri, "version": null, "resultId": id })
        } else {
            json!({ "kind": "full", "uri": uri, "version": null, "resultId": id, "items": diagnostics })
        })
    }

    /// What was found before, and is not any more.
    fn gone(&self, waiter: &Waiter, reports: &Reports) -> Vec<Value> {
        let found: BTreeSet<String> = reports.keys().filter_map(|uri| Uri::parse(uri).ok()).map(|uri| key(&uri)).collect();
        let gone = waiter.known.iter().filter(|(key, _)| !found.contains(*key) && !self.documents.contains_key(*key));
        gone.map(|(_, (uri, _))| json!({ "kind": "full", "uri": uri, "version": null, "items": [] })).collect()
    }

    fn progress(&self, waiter: &Waiter, value: &Value) {
        if !waiter.progress.is_null() {
            self.notify("$/progress", json!({ "token": waiter.progress, "value": value }));
        }
    }

    // ---- for clients that cannot ask

    /// Something may be different: has all files checked in a while, where the user wants to see them all.
    pub(super) fn plan_survey(&mut self) {
        let generation = self.world.generation();
        let wanted = !self.abilities.pulls && self.settings.any(|settings| settings.mode == DiagnosticMode::Workspace);
        if !wanted {
            // The user may have changed that.
            self.publish_all(&Reports::new());
        } else if self.surveys.planned.replace(generation) != Some(generation) {
            self.surveys.due = Some(Instant::now() + if self.surveys.count == 0 { Duration::ZERO } else { PAUSE });
            // It would be of the past.
            self.surveys
                .running
                .iter()
                .filter(|running| running.waiters.is_empty())
                .for_each(|running| running.stop.store(true, Ordering::Relaxed));
        }
    }

    /// Nothing has changed for a while.
    pub(super) fn survey_is_due(&mut self) {
        if self.surveys.running.is_none() && self.surveys.due.take().is_some() {
            self.survey(Vec::new(), true);
        }
    }

    /// Publishes what is different in the files that are not open.
    fn publish_all(&mut self, reports: &Reports) {
        let mut published = std::mem::take(&mut self.surveys.published);
        let mut now = BTreeMap::new();
        for report in reports.values() {
            let uri = Uri::parse(&report.uri).ok();
            let is_shown = uri.as_ref().is_some_and(|uri| {
                !self.documents.contains_key(&key(uri)) && self.settings.of(&self.addresses.path(uri)).mode == DiagnosticMode::Workspace
            });
            if !is_shown {
                continue;
            }
            if published.remove(&report.uri).as_ref() != Some(&report.id) {
                self.notify("textDocument/publishDiagnostics", json!({ "uri": report.uri, "diagnostics": report.diagnostics }));
            }
            now.insert(report.uri.clone(), report.id.clone());
        }
        for uri in published.into_keys() {
            self.notify("textDocument/publishDiagnostics", json!({ "uri": uri, "diagnostics": [] }));
        }
        self.surveys.published = now;
    }
}
