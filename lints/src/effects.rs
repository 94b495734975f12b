//! What calls do.

use serde::{Deserialize, Serialize};

/// The kind of an effect.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
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
