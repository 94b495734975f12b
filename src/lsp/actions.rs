//! Code actions: the fixes of findings, comments that silence them, all safe fixes of a document.
//!
//! A fix is offered from what the diagnostic carries, where that is about the document's present version; else from what is found in the present text. What
//! costs another parse (comments, all fixes at once) is computed when the user has chosen it, where the client can wait so long.

use gen_lsp_types::{Code, CodeActionParams, CodeActionTriggerKind, Range, Uri};
use lsp_server::ErrorCode;
use pyrelint_lints::Diagnostic;
use pyrelint_lints::diagnostic::{Applicability, Edit};
use pyrelint_lints::fix::ignores;
use pyrelint_lints::lint::still_parses;
use pyrelint_lints::rules::Family;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::documents::{Document, key};
use super::position::range;
use super::report::Reporter;
use super::session::{Refusal, Session};
use crate::fix::merge::{in_order, replaced, together};
use crate::fix::planned;

/// The kinds of actions that are offered.
pub const KINDS: &[&str] = &[QUICK_FIX, FIX_ALL];
const QUICK_FIX: &str = "quickfix";
const FIX_ALL: &str = "source.fixAll.pyrelint";

/// What an action does, where its edit is computed later. The client keeps it and gives it back.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Deferred {
    uri: String,
    version: i32,
    what: What,
    /// The finding: its code and range; for all fixes none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    finding: Option<(String, Range)>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
enum What {
    IgnoreOnLine,
    IgnoreInFile,
    FixAll,
}

/// The document that actions are asked for.
struct Target<'a> {
    document: &'a Document,
    /// What was found in its present text.
    findings: Vec<&'a Diagnostic>,
    reporter: Reporter<'a>,
    /// What the client shows.
    shown: &'a [gen_lsp_types::Diagnostic],
}

impl Session {
    /// The client asks for the actions in a range.
    pub(super) fn actions(&mut self, params: &CodeActionParams) -> Value {
        let key = key(&params.text_document.uri);
        let is_known = self
            .documents
            .get(&key)
            .is_some_and(|document| self.known.get(&key).is_some_and(|known| known.version == Some(document.version)));
        // What another file has changed comes with the next diagnostics: the client shows those of now.
        if !is_known {
            self.diagnostics(&key);
        }
        let Some(target) = self.target(&key, &params.context.diagnostics) else { return json!([]) };
        let only = serde_json::to_value(&params.context.only).unwrap_or_default();
        let asks_for =
            |kind: &str| {
                let only = only.as_array()?;
                Some(only.iter().filter_map(Value::as_str).any(|wanted| {
                    wanted.is_empty() || kind == wanted || kind.strip_prefix(wanted).is_some_and(|rest| rest.starts_with('.'))
                }))
            };
        let mut found = Vec::new();
        if asks_for(QUICK_FIX).unwrap_or(true) {
            target.quick_fixes(params.range, &mut found);
        }
        // What the client shows by itself is about the place where the cursor is.
        let is_automatic = params.context.trigger_kind == Some(CodeActionTriggerKind::Automatic);
        if asks_for(FIX_ALL).unwrap_or(!is_automatic) {
            found.extend(target.fix_all());
        }
        json!(found)
    }

    /// The client wants the edit of an action that the user has chosen.
    pub(super) fn resolve(&mut self, mut action: Value) -> Result<Value, Refusal> {
        let refuse = |code, message: &str| Refusal { code, message: message.to_owned() };
        let deferred: Deferred = serde_json::from_value(action["data"].clone())
            .map_err(|error| refuse(ErrorCode::InvalidParams, &format!("this action is none of pyrelint's: {error}")))?;
        let key = Uri::parse(&deferred.uri).map_or_else(|_| deferred.uri.clone(), |uri| key(&uri));
        if self.documents.get(&key).is_none_or(|document| document.version != deferred.version) {
            return Err(refuse(ErrorCode::ContentModified, "the document has changed since the action was offered"));
        }
        self.diagnostics(&key);
        let target = self.target(&key, &[]).ok_or_else(|| refuse(ErrorCode::ContentModified, "the document is not open any more"))?;
        let edit = match (deferred.what, &deferred.finding) {
            (What::FixAll, _) => target.fix_all_edit(),
            (what, Some((code, place))) => {
                let finding = target
                    .findings
                    .iter()
                    .find(|finding| finding.rule.code == code && range(&finding.place, target.reporter.abilities.encoding) == *place);
                let finding = finding.ok_or_else(|| refuse(ErrorCode::ContentModified, "the problem is not there any more"))?;
                target.silencing(what, finding)
            }
            _ => None,
        };
        action["edit"] = edit.ok_or_else(|| refuse(ErrorCode::RequestFailed, "there is no place for such an edit"))?;
        Ok(action)
    }

    fn target<'a>(&'a self, key: &str, shown: &'a [gen_lsp_types::Diagnostic]) -> Option<Target<'a>> {
        let document = self.documents.get(key).filter(|document| document.is_checked)?;
        let settings = self.settings.of(&document.path);
        // Findings in a text that is not this one any more have no place here.
        let is_current = |finding: &&Diagnostic| finding.place.file.text() == document.text && settings.shows(finding);
        let findings = self.known.get(key)?.findings.iter().filter(is_current).collect();
        Some(Target { document, findings, reporter: self.reporter(settings.unsafe_fixes), shown })
    }
}

impl Target<'_> {
    /// The quick fixes for the findings that a range touches, and for those that the client shows there.
    fn quick_fixes(&self, place: Range, found: &mut Vec<Value>) {
        let (start, end) = (place.start.min(place.end), place.start.max(place.end));
        let touched: Vec<(&Diagnostic, Range)> = self
            .findings
            .iter()
            .map(|finding| (*finding, range(&finding.place, self.reporter.abilities.encoding)))
            // A client may ask for all of a line, and say so by the diagnostics there.
            .filter(|(finding, own)| own.start <= end && start <= own.end || self.shown_as(finding, *own).is_some())
            .collect();
        for (finding, own) in touched {
            let shown = self.shown_as(finding, own);
            let own_diagnostic = || json!(self.reporter.diagnostic(finding));
            let diagnostic = shown.map_or_else(own_diagnostic, |shown| json!(shown));
            let carried = shown.and_then(|shown| shown.data.as_ref()).filter(|data| data["version"] == self.document.version);
            let fix = match carried {
                Some(data) => Some(data["fix"].clone()).filter(Value::is_object),
                None => finding.fix.as_ref().and_then(|fix| self.reporter.fix(fix)),
            };
            found.extend(fix.and_then(|fix| self.fix(&fix, &diagnostic)));
            if finding.rule.family != Family::Run {
                found.extend(self.silence(What::IgnoreOnLine, finding, own, &diagnostic));
                found.extend(self.silence(What::IgnoreInFile, finding, own, &diagnostic));
            }
        }
    }

    /// A finding as the client shows it, if it does.
    fn shown_as(&self, finding: &Diagnostic, own: Range) -> Option<&gen_lsp_types::Diagnostic> {
        let is_code = |code: Option<&Code>| matches!(code, Some(Code::String(code)) if code == finding.rule.code);
        self.shown.iter().find(|shown| shown.range == own && is_code(shown.code.as_ref()))
    }

    /// The action of a fix, as diagnostics carry it.
    fn fix(&self, fix: &Value, diagnostic: &Value) -> Option<Value> {
        let title = fix["title"].as_str()?;
        let is_safe = fix["applicability"] == "safe";
        Some(json!({
            "title": if is_safe { title.to_owned() } else { format!("{title} (unsafe)") },
            "kind": QUICK_FIX,
            "isPreferred": is_safe,
            "diagnostics": [diagnostic],
            "edit": self.workspace_edit(fix["edits"].as_array()?)?,
        }))
    }

    /// The action of a comment that silences a finding.
    fn silence(&self, what: What, finding: &Diagnostic, own: Range, diagnostic: &Value) -> Option<Value> {
        let place = if what == What::IgnoreInFile { "in this file" } else { "on this line" };
        let mut action = json!({
            "title": format!("Ignore `{}` {place}", finding.rule.name),
            "kind": QUICK_FIX,
            "isPreferred": false,
            "diagnostics": [diagnostic],
        });
        if self.reporter.abilities.resolves {
            action["data"] = self.deferred(what, Some((finding.rule.code.to_owned(), own)));
        } else {
            action["edit"] = self.silencing(what, finding)?;
        }
        Some(action)
    }

    fn silencing(&self, what: What, finding: &Diagnostic) -> Option<Value> {
        let file = &finding.place.file;
        let edits = match what {
            What::IgnoreInFile => ignores::add_for_file(file, finding.rule).into_iter().collect(),
            _ => ignores::add(file, &[finding], None),
        };
        self.edits(&edits.iter().collect::<Vec<_>>())
    }

    fn fix_all(&self) -> Option<Value> {
        let is_fixable = |finding: &&Diagnostic| finding.fix.as_ref().is_some_and(|fix| fix.applicability == Applicability::Safe);
        if !self.findings.iter().any(is_fixable) {
            return None;
        }
        let mut action = json!({ "title": "Fix all that pyrelint can fix safely", "kind": FIX_ALL });
        if self.reporter.abilities.resolves {
            action["data"] = self.deferred(What::FixAll, None);
        } else {
            action["edit"] = self.fix_all_edit()?;
        }
        Some(action)
    }

    /// All safe fixes of the document that go together; what is in the way of another comes with the next request. `None` where nothing can be fixed, or the
    /// text would not parse any more.
    fn fix_all_edit(&self) -> Option<Value> {
        let path = self.findings.first()?.place.file.path();
        let chosen = together(planned(self.findings.iter().copied(), false), |edit| edit.place.file.path() == path);
        let edits = in_order(chosen.iter().flat_map(|planned| &planned.edits).collect());
        if edits.is_empty() || !still_parses(&self.document.path.to_string_lossy(), &replaced(&self.document.text, &edits)) {
            return None;
        }
        self.edits(&edits)
    }

    fn deferred(&self, what: What, finding: Option<(String, Range)>) -> Value {
        json!(Deferred { uri: self.document.uri.clone(), version: self.document.version, what, finding })
    }

    fn edits(&self, edits: &[&Edit]) -> Option<Value> {
        let edits: Vec<Value> = edits.iter().map(|edit| self.reporter.edit(edit)).collect::<Option<_>>()?;
        if edits.is_empty() { None } else { self.workspace_edit(&edits) }
    }

    /// Edits as diagnostics carry them, by the documents that they change.
    fn workspace_edit(&self, edits: &[Value]) -> Option<Value> {
        let mut by_file: Vec<(&str, Vec<Value>)> = Vec::new();
        for edit in edits {
            let uri = edit["uri"].as_str()?;
            let text = json!({ "range": edit["range"], "newText": edit["newText"] });
            match by_file.iter_mut().find(|(known, _)| *known == uri) {
                Some((_, texts)) => texts.push(text),
                None => by_file.push((uri, vec![text])),
            }
        }
        if !self.reporter.abilities.versions {
            let changes: serde_json::Map<String, Value> =
                by_file.into_iter().map(|(uri, texts)| (uri.to_owned(), Value::from(texts))).collect();
            return Some(json!({ "changes": changes }));
        }
        let version = |uri: &str| (uri == self.document.uri).then_some(self.document.version);
        let change = |(uri, texts): (&str, Vec<Value>)| json!({ "textDocument": { "uri": uri, "version": version(uri) }, "edits": texts });
        Some(json!({ "documentChanges": by_file.into_iter().map(change).collect::<Vec<_>>() }))
    }
}
