//! The findings in open documents: made when they are asked for, or published when the client is quiet.

use gen_lsp_types::{Diagnostic, DocumentDiagnosticParams};
use serde_json::{Value, json};

use super::documents::key;
use super::position::range;
use super::report::{digest, stamp};
use super::session::Session;
use super::world::Linted;

/// What was found in a document.
#[derive(Clone, Debug, Default)]
pub struct Known {
    /// The findings of its present text, or of the last one that could be parsed.
    pub findings: Vec<pyrelint_lints::Diagnostic>,
    /// The world in which they were found.
    pub generation: Option<u64>,
    /// The version of the document that they are about.
    pub version: Option<i32>,
    /// They as the client last got them.
    pub sent: Option<u64>,
    /// The version of the document that they were published for.
    pub published: Option<i32>,
}

impl Session {
    /// The client asks for the findings in a document.
    pub(super) fn pulled(&mut self, params: &DocumentDiagnosticParams) -> Value {
        let key = key(&params.text_document.uri);
        let mut diagnostics = self.diagnostics(&key);
        let digest = digest(&diagnostics);
        if let Some(document) = self.documents.get(&key) {
            stamp(&mut diagnostics, document.version);
            self.known.entry(key).or_default().sent = Some(digest);
        }
        let id = format!("{digest:016x}");
        if params.previous_result_id.as_ref() == Some(&id) {
            json!({ "kind": "unchanged", "resultId": id })
        } else {
            json!({ "kind": "full", "resultId": id, "items": diagnostics })
        }
    }

    /// Publishes what is different, or tells the client to ask again.
    pub(super) fn publish(&mut self) {
        let mut uris: Vec<String> = self.documents.keys().cloned().collect();
        uris.sort_by_key(|uri| self.last.as_ref() != Some(uri));
        let mut is_different = std::mem::take(&mut self.changed_elsewhere) && self.surveys.were_asked_for();
        for key in uris {
            let mut diagnostics = self.diagnostics(&key);
            let digest = digest(&diagnostics);
            let Some(document) = self.documents.get(&key) else { continue };
            let known = self.known.entry(key).or_default();
            // A client waits for what holds for the text that it has now, even where that is what held before.
            if known.sent == Some(digest) && (self.abilities.pulls || known.published == Some(document.version)) {
                continue;
            }
            if self.abilities.pulls {
                // What was never asked for will be.
                is_different |= known.sent.is_some();
            } else {
                (known.sent, known.published) = (Some(digest), Some(document.version));
                stamp(&mut diagnostics, document.version);
                let params = json!({ "uri": document.uri, "version": document.version, "diagnostics": diagnostics });
                self.notify("textDocument/publishDiagnostics", params);
            }
        }
        self.publish_configuration_errors();
        if is_different && self.abilities.pulls {
            self.request("workspace/diagnostic/refresh", Value::Null, None);
        }
        self.plan_survey();
    }

    /// The diagnostics of an open document, made anew from its present text.
    pub(super) fn diagnostics(&mut self, key: &str) -> Vec<Diagnostic> {
        let Some(document) = self.documents.get(key) else { return Vec::new() };
        let settings = self.settings.of(&document.path);
        if !settings.enable || !document.is_checked {
            return Vec::new();
        }
        let known = self.known.entry(key.to_owned()).or_default();
        let is_current = known.generation == Some(self.world.generation());
        // While the code is unfinished, what was found last is to stay.
        let asks_for_syntax = settings.show_syntax_errors || !known.findings.is_empty();
        let linted = if is_current { Linted::Current } else { self.world.lint(&document.path, &document.text, asks_for_syntax) };
        known.generation = Some(self.world.generation());
        match linted {
            Linted::Current => {}
            Linted::Findings(findings) if findings.iter().any(|finding| finding.rule.code == "RL001") => {
                // The code is unfinished: what was found last is shown on.
                known.findings.retain(|finding| finding.rule.code != "RL001");
                known.findings.extend(findings.into_iter().filter(|finding| finding.rule.code == "RL001"));
            }
            Linted::Findings(findings) => (known.findings, known.version) = (findings, Some(document.version)),
            Linted::Passed => known.findings.clear(),
            Linted::Panicked(panic) => self.error(&format!("internal error in `{key}`: {panic}")),
        }
        let Some((document, known)) = self.documents.get(key).zip(self.known.get(key)) else { return Vec::new() };
        let settings = self.settings.of(&document.path);
        let reporter = self.reporter(settings.unsafe_fixes);
        known.findings.iter().filter(|finding| settings.shows(finding)).map(|finding| reporter.diagnostic(finding)).collect()
    }

    pub(super) fn publish_configuration_errors(&mut self) {
        for error in self.world.configuration_errors() {
            if let Some(uri) = self.addresses.of_shown(error.place.file.path()) {
                let range = range(&error.place, self.abilities.encoding);
                let help = error.help.as_ref().map(|help| format!("\nhelp: {help}")).unwrap_or_default();
                let message = format!("{}{help}", error.message);
                let diagnostic = json!({ "range": range, "severity": 1, "source": "pyrelint", "message": message });
                self.notify("textDocument/publishDiagnostics", json!({ "uri": uri, "diagnostics": [diagnostic] }));
                self.mistaken.insert(uri);
            }
        }
    }

    /// Configuration files are read anew: mistakes in them will be found again, if they are still there.
    pub(super) fn forget_configuration_errors(&mut self) {
        for uri in std::mem::take(&mut self.mistaken) {
            self.notify("textDocument/publishDiagnostics", json!({ "uri": uri, "diagnostics": [] }));
        }
    }
}
