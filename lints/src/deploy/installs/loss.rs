//! What becomes of the failure of a command, by the rules of the shell (POSIX, XCU 2.9 and `set -e`): each was run in dash and bash.

use std::fmt;
use std::ops::Range;

use crate::deploy::scripts::Mode;
use crate::deploy::shell::{Link, Simple, Word};
use crate::deploy::text::readable;

/// How many commands of a list are followed; longer ones are made by nobody.
const MAX_LIST: usize = 200;

/// How the failure of a command is lost.
#[derive(Clone, Debug)]
pub(crate) enum Loss {
    /// `|| true`: what follows `||` succeeds. What to take away to mend it, where that is clear.
    OrElse(String, Option<Range<usize>>),
    /// `| tee log` without `pipefail`: the status is that of the last command.
    Pipe(String),
    /// `; other`, without `set -e`: the next command is run.
    Followed(String),
    /// `&& other`, and more behind it: `set -e` overlooks failures of all commands of a list but the last one.
    AndList(String),
    /// A `-` before the command, of make or tox.
    Dash(Range<usize>),
    /// `continue-on-error: true`.
    ContinueOnError,
    /// The function that runs it returns the status, and nobody looks at it.
    Dropped(String),
}

impl fmt::Display for Loss {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::OrElse(handler, _) => write!(f, "`|| {handler}`"),
            Self::Pipe(next) => write!(f, "`| {next}`"),
            Self::Followed(next) => write!(f, "`; {next}`"),
            Self::AndList(next) => write!(f, "`&& {next}`"),
            Self::Dash(_) => write!(f, "`-`"),
            Self::ContinueOnError => write!(f, "`continue-on-error: true`"),
            Self::Dropped(function) => write!(f, "`{function}`"),
        }
    }
}

/// What becomes of the failure of the command at `index`: nothing, where it ends the script or somebody asks for it, and where that
/// cannot be told. `source` is the text of the file.
pub(crate) fn loss(commands: &[Simple], index: usize, mode: Mode, source: &str) -> Option<Loss> {
    let command = commands.get(index)?;
    if command.tested {
        // `if pip install x | tee log; then`: who is asked is `tee`.
        let next = commands.get(index + 1).filter(|_| command.after == Link::Pipe && !mode.pipefail)?;
        return next.words.first().is_some_and(|word| word.as_str() == "tee").then(|| Loss::Pipe(shown(next)));
    }
    let mut at = index;
    let mut conjoined: Option<&Simple> = None;
    loop {
        if at - index > MAX_LIST {
            return None;
        }
        let here = &commands[at];
        let next = commands.get(at + 1);
        match here.after {
            Link::Pipe => {
                if !mode.pipefail {
                    return Some(Loss::Pipe(shown(next?)));
                }
                at = end_of_pipeline(commands, at + 1)?;
            }
            Link::And => {
                let next = next?;
                if conjoined.is_none() {
                    conjoined = Some(next);
                }
                at = end_of_pipeline(commands, at + 1)?;
            }
            Link::Or => return or_else(commands, at, index, source),
            Link::None | Link::Background => return None,
            Link::Then => break,
        }
    }
    let (here, next) = (&commands[at], commands.get(at + 1)?);
    let between = source.get(command.place().start..next.place().end).unwrap_or_default();
    if here.ends_branch || here.closes > 0 || asks_for_status(between) {
        return None;
    }
    match conjoined {
        Some(other) if mode.errexit => Some(Loss::AndList(shown(other))),
        _ if mode.errexit || here.ends_line && !mode.unwatched => None,
        _ => Some(Loss::Followed(shown(next))),
    }
}

fn asks_for_status(text: &str) -> bool {
    text.contains("$?") || text.contains("${?")
}

/// The last command of the pipeline that begins at `from`, where a group counts as one command.
fn end_of_pipeline(commands: &[Simple], from: usize) -> Option<usize> {
    let mut open = 0_usize;
    for (at, command) in commands.iter().enumerate().skip(from).take(MAX_LIST) {
        open = (open + command.opens).saturating_sub(command.closes);
        if open == 0 && command.after != Link::Pipe {
            return Some(at);
        }
    }
    None
}

/// `... || handler`: lost where the handler succeeds and does nothing but say so.
fn or_else(commands: &[Simple], at: usize, index: usize, source: &str) -> Option<Loss> {
    let mut end = end_of_pipeline(commands, at + 1)?;
    // `|| echo failed && exit 1`
    while commands[end].after == Link::And && end - at < MAX_LIST {
        end = end_of_pipeline(commands, end + 1)?;
    }
    let handler = &commands[at + 1..=end];
    if !handler.iter().all(is_harmless) {
        return None;
    }
    let [only] = handler else { return Some(Loss::OrElse(shown(&handler[0]), None)) };
    let cut = (at == index && only.opens == 0).then(|| cut(&commands[index], only, source)).flatten();
    Some(Loss::OrElse(shown(only), cut))
}

/// From the blanks before `||` to the end of the handler.
fn cut(command: &Simple, handler: &Simple, source: &str) -> Option<Range<usize>> {
    let (from, to) = (command.place().end, handler.place().end);
    let between = source.get(from..handler.place().start)?;
    let sign = between.rfind("||")?;
    let start = between[..sign].trim_end_matches([' ', '\t', '\\', '\r', '\n']).len();
    // A redirection behind the handler would be left without a command.
    let line = source.get(to..)?.split(['\n', ';', '&', '|', ')', '"', '\'']).next().unwrap_or_default();
    (!line.contains('>')).then_some(from + start..to)
}

/// Whether a command succeeds, whatever happened, and tells at most a reader of the log.
fn is_harmless(command: &Simple) -> bool {
    let words: Vec<&str> = command.words.iter().map(Word::as_str).collect();
    matches!(
        words.as_slice(),
        ["true" | ":" | "/bin/true" | "/usr/bin/true" | "echo" | "printf" | "logger" | "sleep" | "date", ..] | ["exit" | "return", "0"]
    )
}

/// The start of a command, for people.
fn shown(command: &Simple) -> String {
    const MOST: usize = 3;
    let words: Vec<String> = command.words.iter().take(MOST).map(|word| readable(word.as_str())).collect();
    let mut text = words.join(" ");
    if command.words.len() > MOST || text.chars().count() > 40 {
        text = text.chars().take(40).collect();
        text.push('…');
    }
    text.replace('\n', " ")
}

#[cfg(test)]
mod tests {
    use super::loss;
    use crate::deploy::environment::Environment;
    use crate::deploy::scripts::Mode;
    use crate::deploy::shell;
    use crate::deploy::text::Text;

    /// What is lost of `pip` in a text, in shells that start with the options of the flags.
    #[track_caller]
    fn check(flags: &str, text: &str, expected: Option<&str>) {
        let mode = Mode { errexit: flags.contains('e'), pipefail: flags.contains('p'), unwatched: flags.contains('u') };
        let commands = shell::commands(&Text::slice(text, 0..text.len()), &Environment::default());
        let index = commands.iter().position(|command| command.words[0].as_str() == "pip").expect("pip is there");
        let found = loss(&commands, index, mode, text).map(|loss| loss.to_string());
        assert_eq!(found.as_deref(), expected, "{text}");
    }

    #[test]
    fn compound_commands_are_one_member_of_a_list() {
        for behind in [
            "if true; then a; fi",
            "if a; then b; elif c; then d; else e; fi",
            "while read x; do a; done",
            "until a; do b; done",
            "for x in a b; do c; done",
            "case $x in a) b ;; *) c ;; esac",
            "{ a; b; }",
            "(a; b)",
            "if a; then if b; then c; fi; d; fi && e",
        ] {
            check("u", &format!("pip x && {behind}"), None);
            check("u", &format!("pip x && {behind} && f"), None);
            if !behind.starts_with("case") {
                check("u", &format!("pip x && {behind} || true"), Some("`|| true`"));
            }
        }
        check("u", "if a; then pip x; b; fi", Some("`; b`"));
        check("u", "for x in a b; do pip x; b; done", Some("`; b`"));
        check("", "if pip x | tee log; then a; fi", Some("`| tee log`"));
        check("", "if ! pip x 2>&1 | tee log; then a; fi", Some("`| tee log`"));
        check("p", "if pip x | tee log; then a; fi", None);
        check("", "if pip x | grep -q y; then a; fi", None);
        check("", "if pip x; then a; fi", None);
    }

    #[test]
    fn handlers() {
        for handler in ["true", ":", "echo no", "printf x", "/bin/true", "exit 0"] {
            check("ep", &format!("pip x || {handler}\nb"), Some(&format!("`|| {handler}`")));
            check("", &format!("pip x 2>/dev/null && a || {handler}"), Some(&format!("`|| {handler}`")));
        }
        for handler in
            ["exit 1", "exit", "false", "die no", "pip y", "{ echo no; exit 1; }", "(echo no; exit 1)", "echo no && exit 1", "return 1"]
        {
            check("ep", &format!("pip x || {handler}\nb"), None);
        }
        check("ep", "pip x || { echo no; echo more; }", Some("`|| echo no`"));
        check("ep", "(cd a && pip x) || true", Some("`|| true`"));
        check("ep", "{ pip x; } || true; b", Some("`|| true`"));
    }

    #[test]
    fn pipes() {
        check("e", "pip x | tee log", Some("`| tee log`"));
        check("e", "pip x 2>&1 | grep -v a | tee log\nb", Some("`| grep -v a`"));
        check("p", "pip x | tee log", None);
        check("ep", "pip x | tee log || true", Some("`|| true`"));
        check("", "a | pip x", None);
    }

    #[test]
    fn lists() {
        check("", "pip x; b", Some("`; b`"));
        check("", "pip x\nb", None);
        check("u", "pip x\nb", Some("`; b`"));
        check("e", "pip x; b", None);
        check("", "pip x", None);
        check("", "a; pip x", None);
        check("", "pip x && b", None);
        check("e", "pip x && b\nc", Some("`&& b`"));
        check("e", "a && pip x\nc", None);
        check("", "pip x & b", None);
        check("", "pip x; s=$?; b", None);
        check("", "pip x; if [ $? -ne 0 ]; then b; fi", None);
    }

    #[test]
    fn conditions() {
        check("u", "if pip x; then a; fi; b", None);
        check("u", "if a; then pip x; else b; fi", None);
        check("u", "if a; then pip x; fi", None);
        check("u", "if a; then pip x; c; fi", Some("`; c`"));
        check("u", "! pip x; b", None);
        check("u", "case a in b) pip x;; c) d;; esac", None);
        check("u", "f() {\n  pip x\n}\nf", None);
        check("e", "if a; then pip x && b; fi || true", Some("`|| true`"));
    }
}
