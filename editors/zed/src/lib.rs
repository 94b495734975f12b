//! pyrelint for Zed: starts the server that the user has installed.

use zed_extension_api::settings::LspSettings;
use zed_extension_api::{self as zed, serde_json::Value, Command, Extension, LanguageServerId, Result, Worktree};

struct Pyrelint;

impl Extension for Pyrelint {
    fn new() -> Self {
        Self
    }

    /// What the settings name, else what is on the `PATH` of the worktree's shell, which has the project's environment active.
    fn language_server_command(&mut self, server: &LanguageServerId, worktree: &Worktree) -> Result<Command> {
        let named = LspSettings::for_worktree(server.as_ref(), worktree)?.binary;
        let (path, arguments, environment) = match named {
            Some(binary) => (binary.path, binary.arguments, binary.env),
            None => (None, None, None),
        };
        let command = path
            .or_else(|| worktree.which("pyrelint"))
            .ok_or("no pyrelint was found on the PATH: install it, or set `lsp.pyrelint.binary.path`")?;
        Ok(Command {
            command,
            args: arguments.unwrap_or_else(|| vec!["server".to_owned()]),
            env: environment.map_or_else(|| worktree.shell_env(), |environment| environment.into_iter().collect()),
        })
    }

    fn language_server_initialization_options(&mut self, server: &LanguageServerId, worktree: &Worktree) -> Result<Option<Value>> {
        Ok(LspSettings::for_worktree(server.as_ref(), worktree)?.initialization_options)
    }

    fn language_server_workspace_configuration(&mut self, server: &LanguageServerId, worktree: &Worktree) -> Result<Option<Value>> {
        Ok(LspSettings::for_worktree(server.as_ref(), worktree)?.settings)
    }
}

zed::register_extension!(Pyrelint);
