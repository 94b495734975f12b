//! Code actions: the fixes of findings, comments that silence them, all safe fixes of a document; and which rule stands at a place.

use gen_lsp_types::{Code, CodeActionParams, Position, Uri};
use pyrelint_lints::diagnostic::{Applicability, Edit};
use pyrelint_lints::fix::ignores;
use pyrelint_lints::lint::parses;
use pyrelint_lints::{Diagnostic, RULES, Rule};
use serde_json::{Value, json};

use super::position::{Encoding, Lines, range};
use super::report::{Abilities, diagnostic};
use crate::fix::merge::{in_order, replaced, together};
use crate::fix::planned;

/// The kinds of actions that are offered.
pub const KINDS: &[&str] = &["quickfix", "source.fixAll.pyrelint"];

/// The document that actions are asked for.
pub struct Target<'a> {
    /// Its address.
    pub uri: &'a Uri,
    /// Its version, where edits may name it.
    pub version: Option<i32>,
    /// Its text.
    pub text: &'a str,
    /// What was found in it.
    pub findings: &'a [Diagnostic],
    /// What the client can show.
    pub abilities: Abilities,
}

/// The actions for a range of a document.
pub fn actions(target: &Target<'_>, params: &CodeActionParams, address: &dyn Fn(&str) -> Option<Uri>) -> Vec<Value> {
    let only = serde_json::to_value(&params.context.only).unwrap_or_default();
    let wants = |kind: &str| match only.as_array() {
        Some(only) => only.iter().filter_map(Value::as_str).any(|wanted| kind == wanted || kind.starts_with(&format!("{wanted}."))),
        None => true,
    };
    // Findings in a text that is not this one any more have no place here.
    let current: Vec<&Diagnostic> = target.findings.iter().filter(|finding| finding.place.file.text() == target.text).collect();
    let mut found = Vec::new();
    if wants("quickfix") {
        let (start, end) = (params.range.start.min(params.range.end), params.range.start.max(params.range.end));
        let touched = current.iter().filter(|finding| {
            let own = range(&finding.place, target.abilities.encoding);
            // A client may ask for all of a line, and say so by the diagnostics there.
            let is_meant = params.context.diagnostics.iter().any(|shown| shown.range == own && is_code_of(shown.code.as_ref(), finding));
            own.start <= end && start <= own.end || is_meant
        });
        for finding in touched {
            found.extend(fix(target, finding, address));
            found.extend(silence(target, finding, address));
        }
    }
    if wants("source.fixAll.pyrelint") {
        found.extend(fix_all(target, &current, address));
    }
    found
}

fn is_code_of(code: Option<&Code>, finding: &Diagnostic) -> bool {
    matches!(code, Some(Code::String(code)) if code == finding.rule.code)
}

fn fix(target: &Target<'_>, finding: &Diagnostic, address: &dyn Fn(&str) -> Option<Uri>) -> Option<Value> {
    let fix = finding.fix.as_ref()?;
    let safe = fix.applicability == Applicability::Safe;
    let title = if safe { fix.message.clone() } else { format!("{} (unsafe: look at it)", fix.message) };
    Some(json!({
        "title": title,
        "kind": "quickfix",
        "isPreferred": safe,
        "diagnostics": [diagnostic(finding, target.abilities, address)],
        "edit": workspace_edit(target, &fix.edits.iter().collect::<Vec<_>>(), address)?,
    }))
}

fn silence(target: &Target<'_>, finding: &Diagnostic, address: &dyn Fn(&str) -> Option<Uri>) -> Option<Value> {
    let edits = ignores::add(&finding.place.file, &[finding], None);
    if edits.is_empty() {
        return None;
    }
    Some(json!({
        "title": format!("Ignore `{}` on this line", finding.rule.name),
        "kind": "quickfix",
        "isPreferred": false,
        "diagnostics": [diagnostic(finding, target.abilities, address)],
        "edit": workspace_edit(target, &edits.iter().collect::<Vec<_>>(), address)?,
    }))
}

/// All safe fixes of a document that go together, where it still parses with them. What is in the way of another comes with the next request.
fn fix_all(target: &Target<'_>, findings: &[&Diagnostic], address: &dyn Fn(&str) -> Option<Uri>) -> Option<Value> {
    let path = findings.first()?.place.file.path();
    let chosen = together(planned(findings.iter().copied(), false), |edit| edit.place.file.path() == path);
    let edits = in_order(chosen.iter().flat_map(|planned| &planned.edits).collect());
    if edits.is_empty() || !parses(&replaced(target.text, &edits)) {
        return None;
    }
    Some(json!({
        "title": "Fix all that pyrelint can fix safely",
        "kind": "source.fixAll.pyrelint",
        "edit": workspace_edit(target, &edits, address)?,
    }))
}

/// Edits, by the documents that they change; `None` where one has no address.
fn workspace_edit(target: &Target<'_>, edits: &[&Edit], address: &dyn Fn(&str) -> Option<Uri>) -> Option<Value> {
    let mut by_file: Vec<(Uri, Vec<Value>)> = Vec::new();
    let own = target.findings.first().map(|finding| finding.place.file.path());
    for edit in edits {
        let path = edit.place.file.path();
        let uri = if own == Some(path) { target.uri.clone() } else { address(path)? };
        let text = json!({ "range": range(&edit.place, target.abilities.encoding), "newText": edit.replacement });
        match by_file.iter_mut().find(|(known, _)| *known == uri) {
            Some((_, texts)) => texts.push(text),
            None => by_file.push((uri, vec![text])),
        }
    }
    if target.version.is_some() {
        let changes: Vec<Value> = by_file
            .into_iter()
            .map(|(uri, texts)| {
                let version = if uri == *target.uri { target.version } else { None };
                json!({ "textDocument": { "uri": uri, "version": version }, "edits": texts })
            })
            .collect();
        return Some(json!({ "documentChanges": changes }));
    }
    let changes: serde_json::Map<String, Value> =
        by_file.into_iter().map(|(uri, texts)| (uri.as_str().to_owned(), Value::from(texts))).collect();
    Some(json!({ "changes": changes }))
}

/// The rule whose name or code stands at a position, in a comment that silences findings.
pub fn rule_at(text: &str, position: Position, encoding: Encoding) -> Option<&'static Rule> {
    let at = Lines::new(text).offset(text, position, encoding);
    let line = text[..at].rfind(['\n', '\r']).map_or(0, |end| end + 1);
    let end = text[at..].find(['\n', '\r']).map_or(text.len(), |end| at + end);
    let comment = line + text[line..end].find('#')?;
    if comment > at || !["pyrelint", "noqa"].iter().any(|word| text[comment..end].to_ascii_lowercase().contains(word)) {
        return None;
    }
    let is_in_word = |letter: char| letter.is_ascii_alphanumeric() || letter == '-';
    let start = text[comment..at].rfind(|letter| !is_in_word(letter)).map_or(comment, |found| comment + found + 1);
    let stop = text[at..end].find(|letter| !is_in_word(letter)).map_or(end, |found| at + found);
    rule_of(text.get(start..stop)?)
}

/// The rule of a name or code.
pub fn rule_of(word: &str) -> Option<&'static Rule> {
    RULES.iter().copied().find(|rule| rule.code.eq_ignore_ascii_case(word) || rule.name == word || rule.former_names.contains(&word))
}
