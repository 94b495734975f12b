//! Findings as the protocol's diagnostics.

use std::hash::{DefaultHasher, Hash, Hasher};

use gen_lsp_types::{Code, Diagnostic, DiagnosticRelatedInformation, DiagnosticSeverity, DiagnosticTag, Location, Message, Uri};
use pyrelint_lints::Severity;
use pyrelint_lints::diagnostic::{Applicability, Edit, Fix};
use serde_json::{Value, json};

use super::addresses::Addresses;
use super::client::Abilities;
use super::position::range;

/// Comments that silence nothing: editors show them faded.
const UNUSED_IGNORE: &str = "RL002";

/// Who turns findings into diagnostics, for one client and the files of one folder.
#[derive(Clone, Copy, Debug)]
pub struct Reporter<'a> {
    /// What the client can show.
    pub abilities: Abilities,
    /// What it calls files.
    pub addresses: &'a Addresses,
    /// Whether fixes are offered that may change what the program does.
    pub unsafe_fixes: bool,
}

impl Reporter<'_> {
    /// A finding as a diagnostic. Its data hold the fix, but no version of the document yet: see [`stamp`].
    pub fn diagnostic(&self, finding: &pyrelint_lints::Diagnostic) -> Diagnostic {
        let mut message = format!("{} [{}]", finding.message, finding.rule.name);
        if let Some(help) = &finding.help {
            message.push_str("\nhelp: ");
            message.push_str(help);
        }
        let mut related = Vec::new();
        for place in &finding.related {
            let uri = self.addresses.of_shown(place.place.file.path()).and_then(|uri| Uri::parse(&uri).ok());
            if let Some(uri) = uri {
                let location = Location { uri, range: range(&place.place, self.abilities.encoding) };
                related.push(DiagnosticRelatedInformation { location, message: place.message.clone() });
            }
        }
        if !self.abilities.related {
            for entry in &related {
                let line = entry.location.range.start.line + 1;
                message.extend(["\n", entry.location.uri.path(), ":", &line.to_string(), ": ", &entry.message]);
            }
            related.clear();
        }
        let is_unnecessary = self.abilities.unnecessary && finding.rule.code == UNUSED_IGNORE;
        let fix = finding.fix.as_ref().filter(|_| self.abilities.data);
        Diagnostic {
            range: range(&finding.place, self.abilities.encoding),
            severity: Some(match finding.severity {
                Severity::Error => DiagnosticSeverity::Error,
                Severity::Warning => DiagnosticSeverity::Warning,
                Severity::Info => DiagnosticSeverity::Information,
            }),
            code: Some(Code::String(finding.rule.code.to_owned())),
            source: Some("pyrelint".to_owned()),
            message: Message::String(message),
            tags: is_unnecessary.then(|| vec![DiagnosticTag::Unnecessary]),
            related_information: (!related.is_empty()).then_some(related),
            data: fix.and_then(|fix| self.fix(fix)).map(|fix| json!({ "fix": fix })),
            ..Diagnostic::default()
        }
    }

    /// A fix as the client gets it; `None` where it is not to be offered.
    pub fn fix(&self, fix: &Fix) -> Option<Value> {
        let is_safe = fix.applicability == Applicability::Safe;
        if !is_safe && !self.unsafe_fixes {
            return None;
        }
        let edits = fix.edits.iter().map(|edit| self.edit(edit)).collect::<Option<Vec<_>>>()?;
        Some(json!({ "title": fix.message, "applicability": if is_safe { "safe" } else { "unsafe" }, "edits": edits }))
    }

    /// An edit with the document that it belongs to; `None` where that has no address.
    pub fn edit(&self, edit: &Edit) -> Option<Value> {
        let uri = self.addresses.of_shown(edit.place.file.path())?;
        Some(json!({ "uri": uri, "range": range(&edit.place, self.abilities.encoding), "newText": edit.replacement }))
    }
}

/// Writes into the data of diagnostics which version of the document their edits are for.
pub fn stamp(diagnostics: &mut [Diagnostic], version: i32) {
    for data in diagnostics.iter_mut().filter_map(|diagnostic| diagnostic.data.as_mut()) {
        data["version"] = Value::from(version);
    }
}

/// A number that tells lists of diagnostics apart.
pub fn digest(diagnostics: &[Diagnostic]) -> u64 {
    let mut hasher = DefaultHasher::new();
    serde_json::to_string(diagnostics).unwrap_or_default().hash(&mut hasher);
    hasher.finish()
}
