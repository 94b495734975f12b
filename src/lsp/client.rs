//! What a client says about itself when it introduces itself, and what it wants.

use std::path::PathBuf;

use gen_lsp_types::{ClientCapabilities, InitializeParams, Uri};
use serde_json::Value;

use super::position::Encoding;
use super::report::Abilities;

/// What a client wants, from `initializationOptions` or the section `pyrelint` of its configuration.
#[derive(Clone, Debug, serde::Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Options {
    /// Whether findings are published at all.
    pub enable: bool,
    /// Whether syntax errors are, which the editor's Python server says already.
    pub show_syntax_errors: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self { enable: true, show_syntax_errors: false }
    }
}

impl Options {
    /// Whether a finding is published.
    pub fn shows(&self, finding: &pyrelint_lints::Diagnostic) -> bool {
        self.show_syntax_errors || finding.rule.code != "RL001"
    }

    /// What a value says, with or without a section around it; `None` where it cannot be read.
    pub fn read(value: &Value) -> Option<Self> {
        let section = value.get("pyrelint").or_else(|| value.get("settings")).unwrap_or(value);
        if section.is_null() { Some(Self::default()) } else { serde_json::from_value(section.clone()).ok() }
    }
}

/// What a client can do.
pub fn abilities(capabilities: &ClientCapabilities) -> Abilities {
    let all = serde_json::to_value(capabilities).unwrap_or_default();
    let has = |path: &str| all.pointer(path).is_some_and(|value| value.as_bool().unwrap_or(true));
    Abilities {
        encoding: encoding(capabilities),
        related: has("/textDocument/publishDiagnostics/relatedInformation") || has("/textDocument/diagnostic/relatedInformation"),
        // Who cannot be told to ask again would show what an edit elsewhere has made wrong.
        pulls: has("/textDocument/diagnostic") && has("/workspace/diagnostics/refreshSupport"),
        versions: has("/workspace/workspaceEdit/documentChanges"),
        watches: has("/workspace/didChangeWatchedFiles/dynamicRegistration"),
    }
}

/// The encoding of positions: the best for us of those that the client offers.
fn encoding(capabilities: &ClientCapabilities) -> Encoding {
    let offered = capabilities.general.as_ref().and_then(|general| general.position_encodings.as_ref());
    let offered = serde_json::to_value(offered).unwrap_or_default();
    let offers = |name: &str| offered.as_array().is_some_and(|all| all.iter().any(|one| one == name));
    if offers("utf-8") {
        Encoding::Utf8
    } else if offers("utf-32") {
        Encoding::Utf32
    } else {
        Encoding::Utf16
    }
}

/// The folders that the client has open: those of the workspace, else what older clients say.
pub fn folders(params: &InitializeParams) -> Vec<PathBuf> {
    let value = serde_json::to_value(params).unwrap_or_default();
    let path = |uri: &Value| Uri::parse(uri.as_str()?).ok()?.to_file_path().ok();
    let mut found: Vec<PathBuf> =
        value["workspaceFolders"].as_array().into_iter().flatten().filter_map(|folder| path(&folder["uri"])).collect();
    if found.is_empty() {
        let named = value["rootPath"].as_str().filter(|path| !path.is_empty()).map(PathBuf::from);
        found.extend(path(&value["rootUri"]).or(named));
    }
    found.into_iter().map(|folder| std::fs::canonicalize(&folder).unwrap_or(folder)).collect()
}
