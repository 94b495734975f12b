//! Whether a function may go on after a failure, judged by the lines of its `except` clauses without a parse.
//!
//! What is told here as "no" must be what the rule about main functions says "no" to, too: a clause that is not the function's own block's, or that
//! raises, leaves a loop, decides, or calls something that is no output. Where lines do not tell, the answer is "maybe".

use memchr::memmem;

use crate::program::outline::{function_at, functions_of};
use crate::rules::exit_codes::main_swallows_failure::CLOSING;

/// A line, without what it is indented by.
struct Line<'a> {
    indent: usize,
    content: &'a [u8],
}

/// Whether the function of a name, which is defined in this text, may swallow a failure.
pub(super) fn may_swallow(text: &[u8], name: &str) -> bool {
    functions_of(text, name).any(|(indent, function)| function_may_swallow(indent, function))
}

/// Whether the function whose `def` starts at an offset of this text may swallow a failure.
pub(super) fn may_swallow_at(text: &[u8], at: usize) -> bool {
    let (indent, function) = function_at(text, at);
    function_may_swallow(indent, function)
}

fn function_may_swallow(indent: usize, function: &[u8]) -> bool {
    if memmem::find(function, b"except").is_none() {
        return false;
    }
    // Lines that end otherwise tell nothing.
    if memchr::memchr_iter(b'\r', function).any(|at| function.get(at + 1) != Some(&b'\n')) {
        return true;
    }
    let lines: Vec<Line<'_>> = function.split(|byte| *byte == b'\n').map(Line::new).collect();
    let header = lines.iter().position(Line::ends_in_colon).map_or(0, |at| at + 1);
    let body = &lines[header..];
    // Lines of strings and tabs say nothing of how deep a block is.
    let unclear = holds_text(function) || memchr::memchr(b'\t', function).is_some();
    // The outermost lines below the function's own tell for every clause what stands further out.
    let inner = || body.iter().filter(|line| line.is_code() && line.indent > indent);
    let outermost = inner().map(|line| line.indent).min().unwrap_or(usize::MAX);
    let outermost_with =
        inner().filter(|line| line.starts_with("with") || line.starts_with("async")).map(|line| line.indent).min().unwrap_or(usize::MAX);
    body.iter().enumerate().filter(|(_, line)| line.starts_with("except")).any(|(at, clause)| {
        let nested = !unclear && outermost < clause.indent && outermost_with >= clause.indent;
        !nested && may_go_on(clause, &body[at + 1..])
    })
}

/// Whether a clause, with the lines behind it, may fall through to what follows its `try`.
fn may_go_on(clause: &Line<'_>, rest: &[Line<'_>]) -> bool {
    if !clause.ends_in_colon() {
        return true;
    }
    let block: Vec<&Line<'_>> = rest.iter().take_while(|line| !line.is_code() || line.indent > clause.indent).collect();
    block.iter().any(|line| holds_text(line.content)) || !block.iter().any(|line| line.leaves())
}

fn holds_text(text: &[u8]) -> bool {
    memmem::find(text, b"\"\"\"").is_some() || memmem::find(text, b"'''").is_some()
}

impl<'a> Line<'a> {
    fn new(line: &'a [u8]) -> Self {
        let content = line.trim_ascii();
        let indent = line.iter().take_while(|byte| matches!(byte, b' ' | b'\t')).count();
        Self { indent, content }
    }

    /// Whether a statement may start here, and not a comment or the end of a bracket.
    fn is_code(&self) -> bool {
        self.content.first().is_some_and(|first| first.is_ascii_alphabetic() || matches!(first, b'_' | b'@' | b'"' | b'\''))
    }

    fn ends_in_colon(&self) -> bool {
        let code = memchr::memchr(b'#', self.content).map_or(self.content, |at| &self.content[..at]);
        code.trim_ascii_end().ends_with(b":")
    }

    /// Whether the line starts with a word.
    fn starts_with(&self, word: &str) -> bool {
        self.content.strip_prefix(word.as_bytes()).is_some_and(|rest| rest.first().is_none_or(|next| !is_in_name(*next)))
    }

    /// Whether the line shows that the clause does not simply report and go on.
    fn leaves(&self) -> bool {
        const LEAVING: &[&str] = &["raise", "continue", "break", "if", "for", "while", "try"];
        let returns =
            self.content.strip_prefix(b"return ").is_some_and(|rest| rest.first().is_some_and(|first| (b'1'..=b'9').contains(first)));
        returns || LEAVING.iter().any(|word| self.starts_with(word)) || self.calls_more_than_output()
    }

    /// Whether the line starts with a call of something that is no output.
    fn calls_more_than_output(&self) -> bool {
        /// What the rule takes for output besides, and words of the language that a bracket may follow.
        const OTHERS: &[&str] = &[
            "str", "repr", "format", "type", "return", "assert", "not", "and", "or", "in", "is", "else", "elif", "yield", "await",
            "lambda", "del", "with", "except",
        ];
        let end = self.content.iter().position(|byte| !is_in_name(*byte) && *byte != b'.').unwrap_or(self.content.len());
        let Ok(callee) = std::str::from_utf8(&self.content[..end]) else { return false };
        let last = callee.rsplit('.').next().unwrap_or(callee);
        self.content.get(end) == Some(&b'(')
            && !last.is_empty()
            && !callee.starts_with('.')
            && !callee.starts_with("traceback.")
            && !OTHERS.contains(&last)
            && !CLOSING.contains(&last)
    }
}

fn is_in_name(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_' || byte >= 0x80
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, may: bool) {
        assert_eq!(may_swallow(text.as_bytes(), "main"), may, "{text}");
    }

    #[test]
    fn clauses_that_report_and_go_on() {
        check("def main():\n    try:\n        work()\n    except OSError:\n        print('no')\n", true);
        check("def main():\n    try: work()\n    except OSError: pass\n", true);
        check(
            "def main(a,\n  b):\n    try:\n        work()\n    except (OSError,\n            ValueError) as error:  # no\n        log.error(\n            error)\n",
            true,
        );
        check("def main():\n    with a:\n        try:\n            work()\n        except OSError:\n            pass\n", true);
        check("def main():\n    \"\"\"Text.\"\"\"\n    try:\n        work()\n    except OSError:\n        return\n", true);
        check("def main():\n    try:\n        work()\n    except OSError:\n        print(\"\"\"\nif nothing\n\"\"\")\n", true);
        check(
            "class A:\n    def main(self):\n        try:\n            work()\n        except OSError:\n            traceback.print_exc()\n",
            true,
        );
    }

    #[test]
    fn clauses_that_do_not() {
        check("def main():\n    work()\n", false);
        check("def main():\n    try:\n        work()\n    except OSError:\n        module.fail_json(msg='no')\n", false);
        check("def main():\n    try:\n        work()\n    except OSError:\n        print('no')\n        sys.exit(1)\n", false);
        check("def main():\n    try:\n        work()\n    except OSError:\n        raise\n", false);
        check("def main():\n    try:\n        work()\n    except OSError:\n        return 1\n", false);
        check(
            "def main():\n    for item in items:\n        try:\n            work()\n        except OSError:\n            pass\n    done()\n",
            false,
        );
    }
}
