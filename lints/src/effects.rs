//! What calls do: the kinds of effect, the knowledge of libraries, and the shortest way along calls to an effect.

pub mod declared;
pub(crate) mod knowledge;
pub(crate) mod leave;
pub(crate) mod reach;

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What a call does to the world outside of the program.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "EffectKind")]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// Files, directories, descriptors.
    File,
    /// Sockets and everything above them.
    Network,
    /// DB-API connections and the like.
    Database,
    /// Starting, signalling, waiting for processes.
    Process,
    /// Terminal output and input.
    Console,
    /// A logging call.
    Logging,
    /// Waiting: sleeping, joining, results of futures.
    Blocking,
    /// An import executed by the call.
    Import,
    /// The blocking acquisition of a lock that is not reentrant.
    Lock,
    /// The event loop of asyncio and its like.
    EventLoop,
    /// The process ends or `SystemExit` is raised.
    Exit,
}

impl Kind {
    /// Whether RL101 is about it.
    pub(crate) fn is_io(self) -> bool {
        !matches!(self, Self::Lock | Self::EventLoop | Self::Exit)
    }

    /// Input and output in earnest: an import, a print or a log record matter less than the socket that is closed beside it.
    pub(crate) fn is_main_io(self) -> bool {
        self.is_io() && !matches!(self, Self::Import | Self::Logging | Self::Console)
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::File => "file",
            Self::Network => "network",
            Self::Database => "database",
            Self::Process => "process",
            Self::Console => "console",
            Self::Logging => "logging",
            Self::Blocking => "blocking",
            Self::Import => "import",
            Self::Lock => "lock",
            Self::EventLoop => "event-loop",
            Self::Exit => "exit",
        })
    }
}

/// What a call does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Effect {
    pub(crate) kind: Kind,
    /// Completes "`Client.__del__` ...": "closes a socket".
    pub(crate) clause: &'static str,
}
