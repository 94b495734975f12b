//! The commands that a client may have executed.

use gen_lsp_types::ExecuteCommandParams;
use serde_json::{Value, json};

use super::hover::rule_of;
use super::session::Session;

/// The page of a rule (its name or code is the argument), and what is known about the session.
pub const COMMANDS: &[&str] = &["pyrelint.showRule", "pyrelint.debugInformation"];

impl Session {
    /// Runs one of the [`COMMANDS`]; null where there is no such command or rule.
    pub(super) fn execute(&self, params: &ExecuteCommandParams) -> Value {
        let argument = params.arguments.as_ref().and_then(|arguments| arguments.first()).and_then(Value::as_str).unwrap_or_default();
        match &*params.command {
            "pyrelint.showRule" => rule_of(argument).map_or(Value::Null, |rule| json!(rule.page)),
            "pyrelint.debugInformation" => json!({
                "version": env!("CARGO_PKG_VERSION"),
                "folders": self.addresses.folders().collect::<Vec<_>>(),
                "encoding": format!("{:?}", self.abilities.encoding),
                "pulls": self.abilities.pulls,
                "settings": format!("{:?}", self.settings),
                "documents": self.documents.iter().map(|(key, document)| json!({
                    "uri": document.uri,
                    "version": document.version,
                    "bytes": document.text.len(),
                    "checked": document.is_checked,
                    "findings": self.known.get(key).map_or(0, |known| known.findings.len()),
                })).collect::<Vec<_>>(),
            }),
            _ => Value::Null,
        }
    }
}
