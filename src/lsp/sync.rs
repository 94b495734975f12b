//! What the client tells about its documents, and about files and folders that changed.

use std::path::{Path, PathBuf};

use gen_lsp_types::{
    DeleteFilesParams, DidChangeTextDocumentParams, DidChangeWatchedFilesParams, DidChangeWorkspaceFoldersParams,
    DidCloseTextDocumentParams, DidOpenTextDocumentParams, FileChangeType, RenameFilesParams, WorkspaceFolder,
};
use globset::{Glob, GlobSet, GlobSetBuilder};
use pyrelint_lints::deploy::linted_as;
use serde_json::json;

use super::addresses::{is_checked, is_library};
use super::documents::{Document, key};
use super::log::Level;
use super::session::Session;
use super::settings::DiagnosticMode;
use crate::discover::never_linted;

/// The files that findings depend on: Python, configuration, and what says how programs are deployed. In the protocol's glob language, which has no
/// groups in groups.
pub const WATCHED: &[&str] = &[
    "**/*.{py,pyw}",
    "**/{pyrelint,.pyrelint,pyproject}.toml",
    "**/setup.cfg",
    "**/.gitignore",
    "**/*.service",
    "**/*.{timer,socket,path}",
    "**/*.service.d/*.conf",
    "**/supervisor*.{conf,ini}",
    "**/{supervisor,supervisord,supervisor.d,supervisord.d}/**/*.{conf,ini}",
    "**/*{Dockerfile,Containerfile,dockerfile,containerfile}*",
    "**/Procfile*",
    "**/*compose*.{yml,yaml}",
    "**/{k8s,kubernetes,kube,manifests,kustomize,helm,charts}/**/*.{yml,yaml}",
    "**/.github/workflows/*.{yml,yaml}",
    "**/*.gitlab-ci.{yml,yaml}",
    "**/*.{sh,bash,mk}",
    "**/{Makefile,makefile,GNUmakefile,tox.ini}",
    "**/*requirements*.txt",
    "**/requirements/**/*.txt",
    "**/constraints*.txt",
];

/// The patterns of [`WATCHED`].
pub fn watched() -> GlobSet {
    let mut set = GlobSetBuilder::new();
    for pattern in WATCHED {
        // That each is valid is tested.
        set.add(Glob::new(pattern).unwrap_or_else(|error| unreachable!("{error}")));
    }
    set.build().unwrap_or_default()
}

impl Session {
    /// The client has opened a document; `uri` is its address as the client spells it.
    pub(super) fn opened(&mut self, uri: String, params: DidOpenTextDocumentParams) {
        let document = params.text_document;
        let path = self.addresses.path(&document.uri);
        let says_python = serde_json::to_value(&document.language_id).is_ok_and(|language| language == "python");
        let is_ours = says_python || is_python(&path) || linted_as(&path.to_string_lossy(), document.text.as_bytes()).is_some();
        let folders: Vec<PathBuf> = self.addresses.folders().map(Path::to_owned).collect();
        let is_checked =
            is_ours && is_checked(&document.uri) && !path.extension().is_some_and(never_linted) && !is_library(&path, &folders);
        self.surveys.forget_published(&uri);
        self.addresses.opened(path.clone(), uri.clone());
        if is_checked {
            self.world.set(&path, Some(&document.text));
        }
        let opened = Document { uri, path, text: document.text, version: document.version, is_checked };
        self.documents.insert(key(&document.uri), opened);
        self.dirty = true;
    }

    pub(super) fn changed(&mut self, params: DidChangeTextDocumentParams) {
        let uri = params.text_document.text_document_identifier.uri;
        let key = key(&uri);
        let Some(document) = self.documents.get_mut(&key) else {
            self.log.write(Level::Error, &format!("`{}` was changed, but never opened", uri.as_str()));
            return;
        };
        document.change(params.text_document.version, params.content_changes, self.abilities.encoding);
        if document.is_checked {
            self.world.set(&document.path, Some(&document.text));
        }
        self.last = Some(key);
        self.dirty = true;
    }

    pub(super) fn closed(&mut self, params: &DidCloseTextDocumentParams) {
        let key = key(&params.text_document.uri);
        let Some(document) = self.documents.remove(&key) else { return };
        self.addresses.closed(&document.path);
        self.known.remove(&key);
        if document.is_checked {
            self.world.set(&document.path, None);
        }
        if !self.abilities.pulls {
            // What is found in it as a file among others comes with all of these.
            if self.settings.of(&document.path).mode == DiagnosticMode::Workspace {
                self.surveys.remember_published(document.uri);
            } else {
                self.notify("textDocument/publishDiagnostics", json!({ "uri": document.uri, "diagnostics": [] }));
            }
        }
        self.dirty = true;
    }

    pub(super) fn files_changed(&mut self, params: &DidChangeWatchedFilesParams) {
        for event in &params.changes {
            let path = self.addresses.path(&event.uri);
            if self.file_changed(&path, event.kind != FileChangeType::Changed) {
                break;
            }
        }
    }

    pub(super) fn files_renamed(&mut self, params: &RenameFilesParams) {
        for file in &params.files {
            for uri in [&file.old_uri, &file.new_uri] {
                self.file_changed(&self.addresses.path(uri), true);
            }
        }
    }

    pub(super) fn files_deleted(&mut self, params: &DeleteFilesParams) {
        for file in &params.files {
            self.file_changed(&self.addresses.path(&file.uri), true);
        }
    }

    /// A file was changed, or came or went (`tree`). Returns whether everything is to be read again, so that other changes do not matter.
    fn file_changed(&mut self, path: &Path, tree: bool) -> bool {
        let is_relevant = self.watched.is_match(path);
        if is_python(path) {
            // A project's metadata may be a program.
            self.world.changed_on_disk(path, tree || path.ends_with("setup.py"));
        } else if is_relevant && linted_as(&path.to_string_lossy(), b"").is_some() {
            self.world.changed_on_disk(path, true);
        } else if is_relevant || path.is_dir() || self.world.knows_below(path) || self.surveys.knows_below(path, &self.addresses) {
            // Settings, too, may name a configuration file.
            self.configure();
        } else {
            return false;
        }
        self.changed_elsewhere = true;
        self.dirty = true;
        !is_python(path) && linted_as(&path.to_string_lossy(), b"").is_none()
    }

    pub(super) fn folders_changed(&mut self, params: &DidChangeWorkspaceFoldersParams) {
        let path = |folder: &WorkspaceFolder| folder.uri.to_file_path().ok();
        for gone in params.event.removed.iter().filter_map(path) {
            self.addresses.remove_folder(&gone);
        }
        for added in params.event.added.iter().filter_map(path) {
            self.addresses.add_folder(&added);
        }
        self.configure();
        self.ask_for_settings();
        self.changed_elsewhere = true;
    }
}

fn is_python(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension == "py" || extension == "pyw")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_findings_depend_on_is_watched() {
        let set = watched();
        assert_eq!(set.len(), WATCHED.len());
        let relevant = [
            "/p/a.py",
            "/p/pyproject.toml",
            "/p/deploy/app.service",
            "/p/docker-compose.dev.yml",
            "/p/k8s/x/app.yaml",
            "/p/Dockerfile.web",
            "/p/app.timer",
            "/p/.github/workflows/ci.yml",
            "/p/.gitlab-ci.yml",
            "/p/deploy/install.sh",
            "/p/Makefile",
            "/p/requirements-dev.txt",
            "/p/requirements/prod.txt",
        ];
        for path in relevant {
            assert!(set.is_match(path), "{path}");
        }
        for path in ["/p/a.txt", "/p/mkdocs.yml", "/p/poetry.toml"] {
            assert!(!set.is_match(path), "{path}");
        }
    }
}
