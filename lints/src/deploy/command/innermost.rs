//! The command that runs in the end, where one runs another: `sudo -H env A=b pip install x`, `sh -c "pip install x"`.

use super::{Environment, Interpreted, MAX_DEPTH, Shell, Text, Word, file_name, interpreted, shell, wrappers};

/// What runs in the end.
pub(crate) enum Innermost {
    /// A program with its arguments.
    Command(Vec<Word>),
    /// A text that a shell reads.
    Shell(Text, Shell),
}

/// Looks through programs that run others, until one is wanted or runs no other.
pub(crate) fn innermost(words: &[Word], environment: &Environment<'_>, is_wanted: fn(&[Word]) -> bool) -> Innermost {
    let mut words = words.to_vec();
    for _ in 0..MAX_DEPTH {
        let Some(first) = words.first().filter(|_| !is_wanted(&words)) else { break };
        let name = file_name(first.as_str());
        let inner = match name {
            "env" => without_assignments(&words, environment),
            "busybox" => words.split_off(1),
            "sh" | "bash" | "dash" | "ash" | "zsh" | "ksh" | "su" => match interpreted(name, &words[1..]) {
                Interpreted::Text(text, shell) => return Innermost::Shell(text, shell),
                _ => break,
            },
            "eval" => match words.get(1) {
                Some(word) => return Innermost::Shell(word.text.clone(), Shell::default()),
                None => break,
            },
            _ => match wrappers::inner(name, &words) {
                Some(inner) => inner.to_vec(),
                None => break,
            },
        };
        words = inner;
    }
    Innermost::Command(words)
}

/// `env -u X A=b command`, `env -S "..."`: the command.
fn without_assignments(words: &[Word], environment: &Environment<'_>) -> Vec<Word> {
    let mut at = 1;
    while let Some(word) = words.get(at) {
        match word.as_str() {
            "-u" | "-C" | "--unset" | "--chdir" => at += 2,
            "-S" | "--split-string" => {
                let mut inner = words[..1].to_vec();
                inner.extend(words.get(at + 1).into_iter().flat_map(|text| shell::words(&text.text, environment)));
                inner.extend(words.get(at + 2..).unwrap_or_default().iter().cloned());
                return inner;
            }
            text if text.starts_with('-') || word.text.is_unknown() || shell::assignment(word).is_some() => at += 1,
            _ => break,
        }
    }
    words.get(at..).unwrap_or_default().to_vec()
}
