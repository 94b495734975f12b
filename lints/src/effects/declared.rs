//! What the configuration says of functions: the user's extension of the tables, and above them.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Deserialize;

use super::{Effect, Kind};

/// What a function does, as a configuration file says it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum DeclaredEffect {
    /// Nothing that counts, whatever its source shows.
    None,
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
    /// Waiting.
    Blocking,
    /// The blocking acquisition of a lock that is not reentrant.
    Lock,
    /// The event loop of asyncio and its like.
    EventLoop,
}

impl DeclaredEffect {
    fn effect(self) -> Option<Effect> {
        let (kind, clause) = match self {
            Self::None => return None,
            Self::File => (Kind::File, "works on files"),
            Self::Network => (Kind::Network, "talks over the network"),
            Self::Database => (Kind::Database, "talks to a database"),
            Self::Process => (Kind::Process, "works on a process"),
            Self::Console => (Kind::Console, "writes to the terminal"),
            Self::Logging => (Kind::Logging, "writes a log record"),
            Self::Blocking => (Kind::Blocking, "may block"),
            Self::Lock => (Kind::Lock, "takes a lock"),
            Self::EventLoop => (Kind::EventLoop, "uses an event loop"),
        };
        Some(Effect { kind, clause })
    }
}

/// Effects by the dotted names of functions and methods (`mycompany.rpc.Client.call`); `mycompany.rpc.*` holds for all that has no line of
/// its own below that name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Declared(pub BTreeMap<String, DeclaredEffect>);

impl Declared {
    /// What is said of a name: `None` where nothing is, `Some(None)` where it is said to do nothing.
    #[expect(clippy::option_option, reason = "that nothing is said and that a thing does nothing differ")]
    pub(crate) fn effect(&self, name: &str) -> Option<Option<Effect>> {
        if self.0.is_empty() {
            return None;
        }
        if let Some(known) = self.0.get(name) {
            return Some(known.effect());
        }
        let above = std::iter::successors(name.rsplit_once('.'), |(above, _)| above.rsplit_once('.'));
        above.map(|(above, _)| above).find_map(|above| self.0.get(&format!("{above}.*"))).map(|known| known.effect())
    }

    /// Whether nothing is said of anything.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_line_counts() {
        let lines = [("a.b.*", DeclaredEffect::Network), ("a.b.c", DeclaredEffect::None), ("a.b.d.*", DeclaredEffect::File)];
        let declared = Declared(lines.map(|(name, effect)| (name.to_owned(), effect)).into());
        let kind = |name: &str| declared.effect(name).map(|effect| effect.map(|effect| effect.kind));
        assert_eq!(kind("a.b.x.y"), Some(Some(Kind::Network)));
        assert_eq!(kind("a.b.c"), Some(None));
        assert_eq!(kind("a.b.d.e"), Some(Some(Kind::File)));
        assert_eq!(kind("a.c"), None);
    }
}
