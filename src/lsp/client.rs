//! What a client says about itself when it introduces itself.

use std::path::PathBuf;

use gen_lsp_types::{ClientCapabilities, InitializeParams, Uri};
use serde_json::Value;

use super::position::Encoding;

/// What the client can do.
#[derive(Clone, Copy, Debug, Default)]
#[expect(clippy::struct_excessive_bools, reason = "each is a capability of the protocol")]
pub struct Abilities {
    /// What positions count.
    pub encoding: Encoding,
    /// Whether it shows related places.
    pub related: bool,
    /// Whether it gives back what a diagnostic carries besides what it shows.
    pub data: bool,
    /// Whether it shows code that is of no use as such.
    pub unnecessary: bool,
    /// Whether it asks for diagnostics by itself, and can be told to ask again.
    pub pulls: bool,
    /// Whether edits may name the version of a document.
    pub versions: bool,
    /// Whether it asks for the edit of an action only when the user has chosen it.
    pub resolves: bool,
    /// Whether it tells about changed files when it is asked to.
    pub watches: bool,
    /// Whether it tells about files that the user renames or deletes in it.
    pub renames: bool,
    /// Whether it can be asked for settings.
    pub configuration: bool,
    /// Whether it tells about changed settings only when it is asked to.
    pub registers_configuration: bool,
    /// Whether it shows Markdown in hovers.
    pub markdown: bool,
}

/// What a client can do, as it says.
pub fn abilities(capabilities: &ClientCapabilities) -> Abilities {
    let all = serde_json::to_value(capabilities).unwrap_or_default();
    let has = |path: &str| all.pointer(path).is_some_and(|value| value.as_bool().unwrap_or(!value.is_null()));
    let lists = |path: &str, wanted: Value| all.pointer(path).and_then(Value::as_array).is_some_and(|all| all.contains(&wanted));
    // What LSP 3.17 lets a client say about published diagnostics, 3.18 does for those that are asked for, too.
    let about_diagnostics =
        |name: &str| ["publishDiagnostics", "diagnostic"].iter().any(|kind| has(&format!("/textDocument/{kind}/{name}")));
    let tags = ["publishDiagnostics", "diagnostic"];
    Abilities {
        encoding: encoding(capabilities),
        related: about_diagnostics("relatedInformation"),
        data: about_diagnostics("dataSupport"),
        unnecessary: tags.iter().any(|kind| lists(&format!("/textDocument/{kind}/tagSupport/valueSet"), Value::from(1))),
        // Who cannot be told to ask again would show what an edit elsewhere has made wrong.
        pulls: has("/textDocument/diagnostic") && has("/workspace/diagnostics/refreshSupport"),
        versions: has("/workspace/workspaceEdit/documentChanges"),
        resolves: has("/textDocument/codeAction/dataSupport")
            && lists("/textDocument/codeAction/resolveSupport/properties", Value::from("edit")),
        watches: has("/workspace/didChangeWatchedFiles/dynamicRegistration"),
        renames: has("/workspace/fileOperations/didRename"),
        configuration: has("/workspace/configuration"),
        registers_configuration: has("/workspace/didChangeConfiguration/dynamicRegistration"),
        // Older clients do not say, and show it.
        markdown: all
            .pointer("/textDocument/hover/contentFormat")
            .and_then(Value::as_array)
            .is_none_or(|formats| formats.iter().any(|format| format == "markdown")),
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

/// The folders that the client has open, as it calls them: those of the workspace, else what older clients say.
pub fn folders(params: &InitializeParams) -> Vec<PathBuf> {
    let value = serde_json::to_value(params).unwrap_or_default();
    let path = |uri: &Value| Uri::parse(uri.as_str()?).ok()?.to_file_path().ok();
    let mut found: Vec<PathBuf> =
        value["workspaceFolders"].as_array().into_iter().flatten().filter_map(|folder| path(&folder["uri"])).collect();
    if found.is_empty() {
        let named = value["rootPath"].as_str().filter(|path| !path.is_empty()).map(PathBuf::from);
        found.extend(path(&value["rootUri"]).or(named));
    }
    found
}
