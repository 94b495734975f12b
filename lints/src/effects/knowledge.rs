//! What is known of libraries: a static table made from the data in `knowledge/` (its README has the format).
//!
//! Names are dotted and public, as a user imports them; other spellings are led back to these by [`canonical`].

use std::borrow::Cow;
use std::sync::LazyLock;

use super::{Effect, Kind};

include!(concat!(env!("OUT_DIR"), "/knowledge_table.rs"));

/// How far up the bases of a library class are followed.
const MAX_BASES: usize = 16;

fn get<V: Copy>(table: &[(&str, V)], name: &str) -> Option<V> {
    table.binary_search_by(|probe| probe.0.cmp(name)).ok().map(|index| table[index].1)
}

/// The name under which the tables know a thing.
pub(crate) fn canonical(name: &str) -> Cow<'_, str> {
    let mut name = Cow::Borrowed(name);
    // An alias may lead to another; a table with a circle must not hang the program.
    for _ in 0..4 {
        let mut end = name.len();
        let replaced = loop {
            if let Some(public) = get(ALIASES, &name[..end]) {
                break Some(format!("{public}{}", &name[end..]));
            }
            match name[..end].rfind('.') {
                Some(dot) => end = dot,
                None => break None,
            }
        };
        match replaced {
            Some(other) => name = Cow::Owned(other),
            None => break,
        }
    }
    name
}

/// Whether a word is the last of an alias whose public name ends in another word (`sys.__stdout__` is `sys.stdout`).
pub(crate) fn renames(last: &str) -> bool {
    static WORDS: LazyLock<Vec<&str>> = LazyLock::new(|| {
        let ends = |name: &'static str| name.rsplit('.').next().unwrap_or_default();
        ALIASES.iter().filter(|(alias, public)| ends(alias) != ends(public)).map(|(alias, _)| ends(alias)).collect()
    });
    WORDS.contains(&last)
}

/// Whether calling a library's function only makes a coroutine, which does something once it is awaited.
pub(crate) fn is_coroutine(name: &str) -> bool {
    COROUTINES.binary_search(&&*canonical(name)).is_ok()
}

/// What calling a function (or constructing a class) does: `None` where the name is not known, `Some(None)` where it is
/// known to do nothing that counts.
#[expect(clippy::option_option, reason = "that nothing is known and that a thing does nothing differ")]
pub(crate) fn effect(name: &str) -> Option<Option<Effect>> {
    if let Some(known) = get(EFFECTS, name) {
        return Some(known);
    }
    let (class, method) = name.rsplit_once('.')?;
    if is_class(class) { method_effect(class, method) } else { get(EFFECTS, &format!("{class}.*")) }
}

/// What calling a method does; bases are looked into. `None` where the class is not known.
#[expect(clippy::option_option, reason = "that nothing is known and that a thing does nothing differ")]
pub(crate) fn method_effect(class: &str, method: &str) -> Option<Option<Effect>> {
    if !is_class(class) {
        return None;
    }
    let line = ancestors(class);
    let listed = line.iter().find_map(|class| get(EFFECTS, &format!("{class}.{method}")));
    let any = || {
        // What `*` covers is the public interface.
        let public = !method.starts_with('_');
        line.iter().filter(|_| public).find_map(|class| get(EFFECTS, &format!("{class}.*")))
    };
    Some(listed.or_else(any).unwrap_or(None))
}

/// The class of what a function or method returns.
pub(crate) fn returns(name: &str) -> Option<&'static str> {
    get(RETURNS, name).or_else(|| {
        let (class, method) = name.rsplit_once('.')?;
        ancestors(class).iter().skip(1).find_map(|base| get(RETURNS, &format!("{base}.{method}")))
    })
}

/// The class of a module-level object or of an instance's attribute.
pub(crate) fn attribute(name: &str) -> Option<&'static str> {
    get(ATTRIBUTES, name).or_else(|| {
        let (class, attr) = name.rsplit_once('.')?;
        ancestors(class).iter().skip(1).find_map(|base| get(ATTRIBUTES, &format!("{base}.{attr}")))
    })
}

/// Whether a name is that of a class that the tables tell about.
pub(crate) fn is_class(name: &str) -> bool {
    CLASSES.binary_search(&name).is_ok()
}

/// Whether the tables tell what the things of a top-level package do.
pub(crate) fn covers(top: &str) -> bool {
    let prefix = format!("{top}.");
    let first = EFFECTS.partition_point(|(name, _)| *name < prefix.as_str());
    EFFECTS.get(first).is_some_and(|(name, _)| name.starts_with(&prefix))
}

/// Whether the tables have any line about a name.
pub(crate) fn is_known(name: &str) -> bool {
    is_class(name) || get(EFFECTS, name).is_some()
}

/// Whether a class is another, or derives from it.
pub(crate) fn is_subclass(class: &str, of: &str) -> bool {
    ancestors(class).contains(&of)
}

/// What makes a module a service: whether the call counts only at module level, and the clause that says what it does.
pub(crate) fn server(name: &str) -> Option<(bool, &'static str)> {
    get(SERVERS, name).or_else(|| {
        let (class, method) = name.rsplit_once('.')?;
        ancestors(class).iter().skip(1).find_map(|base| get(SERVERS, &format!("{base}.{method}")))
    })
}

/// The names of all calls that make a module a service.
pub(crate) fn servers() -> impl Iterator<Item = &'static str> {
    SERVERS.iter().map(|(name, _)| *name)
}

/// A class and its bases, nearest first.
fn ancestors(class: &str) -> Vec<&str> {
    let mut line = vec![class];
    let mut at = 0;
    while at < line.len() && line.len() < MAX_BASES {
        for base in get(BASES, line[at]).unwrap_or_default() {
            if !line.contains(base) {
                line.push(base);
            }
        }
        at += 1;
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tables_are_sorted() {
        assert!(EFFECTS.windows(2).all(|pair| pair[0].0 < pair[1].0));
        assert!(RETURNS.windows(2).all(|pair| pair[0].0 < pair[1].0));
        assert!(CLASSES.windows(2).all(|pair| pair[0] < pair[1]));
    }

    #[test]
    fn methods_are_found_in_bases_and_by_the_star() {
        let closes = effect("socket.socket.close").flatten().map(|effect| effect.kind);
        assert_eq!(closes, Some(Kind::Network));
        assert_eq!(method_effect("socket.socket", "no_such_method"), Some(None));
        assert_eq!(method_effect("no.such.Class", "close"), None);
        assert_eq!(returns("builtins.open"), Some("io.TextIOWrapper"));
    }

    #[test]
    fn an_object_may_differ_from_its_type() {
        assert_eq!(effect("sys.stdout.write").flatten().map(|effect| effect.kind), Some(Kind::Console));
        assert!(is_subclass("sys.stdout", "io.TextIOWrapper"));
    }
}
