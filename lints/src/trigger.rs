//! Which texts deserve a parse.
//!
//! A rule names the words without which no text can hold a finding of it, as conjunctions ("`noqa` and `RL1`"). All words of the
//! selected rules are searched in one pass over the raw bytes: Python's source encodings are supersets of ASCII, so that
//! nothing has to be decoded for it. Skipping a file is allowed only where it cannot change a result; a test compares runs with and
//! without this filter.
//!
//! A word is one of two things:
//!
//! - a name of the table `sites::NAMED`, such as `EXIT`: several texts, each with a condition on the bytes around it, which are as
//!   narrow as can be told without a parse. Here belongs whatever is common in Python code;
//! - any other word is searched as it stands. One that starts with a letter or an underscore stands for a whole name's start: `exit(` is
//!   not found in `on_exit(`, nor in `def exit(`. A `*` in front of it takes that back (`*FileHandler`), a `!` also keeps it from being an attribute
//!   (`!quit(`), a `!` behind it from being called.
//!
//! Neither is found where the line before it shows that it stands in a comment or in prose (see `Site::is_text`).
//!
//! Four steps make the search cheap, however many words there are: a few rare fragments that the words have in common are searched
//! with vector instructions (`search`); where one is found, the words that hold it are compared; where a word stands, its condition
//! is asked; and common words (`LATE`) are searched for only where the other words of their conjunctions were found.

mod search;
mod sites;
mod swallows;

use crate::deploy::{Format, is_worth_reading};
use crate::rules::{DEPLOYMENT_ENTRIES, Rule, RuleSet};
use crate::settings::Settings;
use search::Searcher;
use sites::Site;

/// The use of something that ends the process: a call of `sys.exit`, `exit`, `quit`, `os._exit`, `ctx.exit`, `SystemExit` or `typer.Exit`, a `raise`
/// of one of the latter, or a way to give one of them another name. But not the calls that are [`PLAIN_EXIT`].
pub(crate) const EXIT: &str = "<exit>";

/// `sys.exit(N)` and `SystemExit(N)` with a literal code from 1 to 255, or a message: most exit calls are such, and hardly any rule has a
/// word to say about them.
pub(crate) const PLAIN_EXIT: &str = "<exit(1)>";

/// An exit call in an indented line, where the text says nothing of `__main__`.
pub(crate) const LIBRARY_EXIT: &str = "<library exit>";

/// The use of a function of `os` or `pty` that yields a wait status.
pub(crate) const WAIT_STATUS: &str = "<wait status>";

/// The guard of a program (`__main__`) whose call of a function drops what that returns: `main()` as a statement, where the function
/// may return something.
pub(crate) const DROPPED_MAIN: &str = "<dropped main>";

/// A call at the top of a module, or in a `try` or a `with` there, that may give the root logger a handler.
pub(crate) const ROOT_EVENT: &str = "<root event>";

/// A call of the builtin `print`.
pub(crate) const PRINT: &str = "<print>";

/// A key of the dictionary that `dictConfig` takes, in a text that also names the key `version`.
pub(crate) const LOGGING_DICTIONARY: &str = "<logging dictionary>";

/// A place where `SystemExit` may be caught: it is named, and not raised there.
pub(crate) const CAUGHT_EXIT: &str = "<caught exit>";

/// A function that a program may start with, and that may go on after an `except` clause.
pub(crate) const MAIN_THAT_CATCHES: &str = "<main that catches>";

/// What may be a word of a command that is pip, or the module itself: `"pip"`, `"bin/pip3"`, `pip.main`.
pub(crate) const PIP: &str = "<pip>";

/// The word `install` as an argument of its own, or the first of several in one text.
pub(crate) const INSTALL: &str = "<install>";

/// A text that may hold a whole command of pip: `pip install`. Messages hold it far more often than commands.
pub(crate) const PIP_INSTALL: &str = "<pip install>";

/// Names besides `main` and `cli` of functions that other files start, where they are defined at the margin.
pub(crate) const STARTS: &[&str] = &["run", "start", "execute", "serve", "app", "entry", "entrypoint", "entry_point"];

/// Words that Python code holds so often that to stop at each would cost more than all the rest. They are searched for only where the other
/// words of their conjunctions were found.
const LATE: &[&str] =
    &["class", "return", "raise", "finally", "except BaseException", "suppress(BaseException", "rotation", "finalize", "nox", ROOT_EVENT];

/// The greatest number of words that are told apart.
const MAX_WORDS: usize = Words::BITS as usize;

/// A set of words: a bit for each.
type Words = u128;

/// Searches texts for the trigger words of a selection of rules. Building one is cheap enough to do once per configuration.
#[derive(Clone, Debug)]
pub struct Scanner {
    /// The rules that are selected.
    selected: RuleSet,
    /// Whether every text is wanted.
    all: bool,
    /// Whether a rule is selected that looks at files which are no Python.
    deployment: bool,
    searcher: Searcher<Needle>,
    /// The same for the words that are searched for late.
    late_searcher: Searcher<Needle>,
    late: Words,
    /// The conjunctions of each rule.
    rules: Vec<(&'static Rule, Vec<Words>)>,
    /// All conjunctions.
    conjunctions: Vec<Words>,
}

/// A text that may show a word.
#[derive(Clone, Copy, Debug)]
struct Needle {
    text: &'static str,
    condition: Condition,
    /// The word, as a set.
    word: Words,
}

/// What must hold around a text for it to show its word.
#[derive(Clone, Copy, Debug)]
enum Condition {
    /// A condition of the table.
    Named(fn(&Site<'_>) -> bool),
    /// The marks of a word that stands for itself.
    Marks {
        /// It must not be the end of a longer name.
        whole: bool,
        /// It must not be an attribute.
        bare: bool,
        /// It must not be called.
        uncalled: bool,
    },
}

/// How many bytes the judgements of words in one text may look at, should each look at all of it; and how many judgements are made of any text.
const MAX_JUDGED_BYTES: usize = 1 << 29;
const MIN_JUDGEMENTS: usize = 256;

impl Scanner {
    /// A scanner for the rules that these settings select.
    pub fn new(settings: &Settings) -> Self {
        let selected = settings.rules;
        let mut names: Vec<&'static str> =
            selected.iter().flat_map(|rule| rule.triggers.iter()).flat_map(|words| words.iter().copied()).collect();
        names.sort_unstable();
        names.dedup();
        let set = |words: &[&str]| {
            let indexes = words.iter().filter_map(|word| names.binary_search(word).ok());
            indexes.fold(0, |set, index| set | Words::from(1_u8).checked_shl(index as u32).unwrap_or(0))
        };
        let needles: Vec<Needle> = names.iter().flat_map(|name| Needle::of(name, set(&[*name]))).collect();
        let rules: Vec<_> =
            selected.iter().map(|rule| (rule, rule.triggers.iter().map(|conjunction| set(conjunction)).collect::<Vec<_>>())).collect();
        let mut conjunctions: Vec<Words> = rules.iter().flat_map(|(_, conjunctions)| conjunctions.iter().copied()).collect();
        conjunctions.sort_unstable();
        conjunctions.dedup();
        // A conjunction of such words alone has nothing to be searched for before them.
        let wanted_late = set(LATE);
        let early = conjunctions.iter().filter(|conjunction| **conjunction & !wanted_late == 0).fold(0, |all, words| all | words);
        let late = wanted_late & !early;
        let searcher_of = |is_late: bool| {
            let needles = needles.iter().filter(|needle| (needle.word & late != 0) == is_late);
            Searcher::new(needles.map(|needle| (needle.text, *needle)))
        };
        let (searcher, late_searcher) = (searcher_of(false), searcher_of(true));
        // Should there be too many words for a set or a searcher, nothing may be skipped.
        let unable = names.len() > MAX_WORDS || searcher.is_none() || late_searcher.is_none();
        let (searcher, late_searcher) = (searcher.unwrap_or_default(), late_searcher.unwrap_or_default());
        let deployment = DEPLOYMENT_ENTRIES.iter().any(|entry| selected.contains(entry.rule));
        Self { selected, all: !settings.prefilter || unable, deployment, searcher, late_searcher, late, rules, conjunctions }
    }

    /// Whether files are wanted that are no Python.
    pub fn wants_deployment(&self) -> bool {
        self.deployment
    }

    /// Whether a file of this format, which is no Python, can hold a finding of the selected rules.
    pub fn wants_format(&self, format: Format, bytes: &[u8]) -> bool {
        self.deployment && (self.all || is_worth_reading(format, bytes))
    }

    /// Whether a text can hold a finding of the selected rules.
    pub fn wants(&self, bytes: &[u8]) -> bool {
        self.all || self.is_wanted(self.search(bytes, |seen| self.is_wanted(seen)))
    }

    /// The selected rules that can say anything about a text (and those about the run itself), where one can hold a finding: [`Self::wants`] and
    /// the rules by one search.
    pub fn wanted(&self, bytes: &[u8]) -> Option<RuleSet> {
        if self.all {
            return Some(self.selected);
        }
        let seen = self.search(bytes, |_| false);
        self.is_wanted(seen).then(|| self.rules_of(seen))
    }

    fn is_wanted(&self, seen: Words) -> bool {
        self.conjunctions.iter().any(|conjunction| seen & conjunction == *conjunction)
    }

    /// As [`Self::wanted`], also of a text that is parsed whatever it holds.
    pub(crate) fn rules(&self, bytes: &[u8]) -> RuleSet {
        if self.all { self.selected } else { self.rules_of(self.search(bytes, |_| false)) }
    }

    fn rules_of(&self, seen: Words) -> RuleSet {
        let can = |(rule, conjunctions): &&(&Rule, Vec<Words>)| {
            rule.triggers.is_empty() || conjunctions.iter().any(|conjunction| seen & conjunction == *conjunction)
        };
        self.rules.iter().filter(can).map(|(rule, _)| *rule).collect()
    }

    /// Searches until `enough` says so of the words seen; returns these. Of the late words those are left out that complete no conjunction.
    fn search(&self, bytes: &[u8], enough: impl Fn(Words) -> bool) -> Words {
        let mut seen: Words = 0;
        let mut judgements = (MAX_JUDGED_BYTES / bytes.len().max(1)).max(MIN_JUDGEMENTS);
        let mut run = |searcher: &Searcher<Needle>, wanted: Words, seen: &mut Words| {
            searcher.search(bytes, |needle, start| {
                // A word that has been seen is not looked at again.
                if *seen & needle.word != 0 || needle.word & wanted == 0 {
                    return false;
                }
                // Each judgement may look at the whole line, or at the whole text: where there are too many, words show by being there.
                if judgements > 0 && !needle.shows(bytes, start) {
                    judgements -= 1;
                    return false;
                }
                *seen |= needle.word;
                enough(*seen) || wanted & !*seen == 0
            });
        };
        run(&self.searcher, !self.late, &mut seen);
        let can_complete = |conjunction: &&Words| (**conjunction & !self.late) & !seen == 0;
        let wanted = self.conjunctions.iter().filter(can_complete).fold(0, |all, words| all | words) & self.late;
        if wanted != 0 && !enough(seen) {
            run(&self.late_searcher, wanted, &mut seen);
        }
        seen
    }
}

impl Needle {
    /// The texts that show a word.
    fn of(name: &'static str, word: Words) -> Vec<Self> {
        if let Some((_, sites)) = sites::NAMED.iter().find(|(named, _)| *named == name) {
            return sites.iter().map(|(text, condition)| Self { text, condition: Condition::Named(*condition), word }).collect();
        }
        let text = name.trim_start_matches(['*', '!']).trim_end_matches('!');
        let whole = !name.starts_with('*') && text.starts_with(|first: char| first.is_ascii_alphanumeric() || first == '_');
        let condition = Condition::Marks { whole, bare: name.starts_with('!'), uncalled: name.ends_with('!') };
        vec![Self { text, condition, word }]
    }

    /// Whether its text at a place shows the word.
    fn shows(&self, bytes: &[u8], start: usize) -> bool {
        let site = Site::new(bytes, start, start + self.text.len());
        match self.condition {
            Condition::Named(condition) => condition(&site),
            Condition::Marks { whole, bare, uncalled } => {
                // A definition of that name is no use of it.
                let defined = whole && self.text.ends_with('(') && site.is_defined();
                let wrong = whole && site.continues_a_name() || bare && site.before() == b'.' || uncalled && site.after() == b'(';
                !defined && !wrong && !site.is_text()
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::{RULES, Selector};

    fn wants(selection: &str, text: &str) -> bool {
        let rules: RuleSet = Selector::parse(selection).map(Selector::rules).unwrap_or_default();
        Scanner::new(&Settings { rules, ..Settings::default() }).wants(text.as_bytes())
    }

    #[track_caller]
    fn check(selection: &str, wanted: &[&str], skipped: &[&str]) {
        for text in wanted {
            assert!(wants(selection, text), "{selection} needs {text:?}");
        }
        for text in skipped {
            assert!(!wants(selection, text), "{selection} does not need {text:?}");
        }
    }

    #[test]
    fn words_decide() {
        check("RL101", &["class A:\n    def __del__(self): ..."], &["import sys\nsys.exit(256)"]);
        check("RL301", &["import sys\nsys.exit(256)"], &[]);
        check("RL001", &[], &["def f(:"]);
        let files =
            ["RotatingFileHandler('x')", "{'class': 'logging.FileHandler'}", "from logging import FileHandler as F", "h = FileHandler"];
        let no_files = ["web.StaticFileHandler", "# a FileHandler", "from logging import FileHandler", "if isinstance(h, FileHandler):"];
        check("RL206", &files, &no_files);
        check("RL206", &["from loguru import logger\nlogger.add(x)"], &["from loguru import logger\nlogger.info(x)\np.add_argument(y)"]);
        check("RL210", &["log.addHandler(StreamHandler())", "add = log.addHandler"], &["log.addHandler(logging.NullHandler())"]);
        check(
            "RL207",
            &["L = {'version': 1, 'handlers': {}}"],
            &["{'version': 1, 'headers': {}}", "{'handlers': {}}", "['version', 'handlers']"],
        );
        check("RL211", &["print(x)", "print (x)"], &["console.print(x)", "pprint(x)", "def print(x): ...", "# print(x)"]);
    }

    #[test]
    fn exit_calls() {
        let wanted = [
            "sys.exit(0)",
            "sys.exit(256)",
            "sys.exit(main())",
            "sys . exit\t(256)",
            "sys.exit ()",
            "exit(1)",
            "exit\t(256)",
            "quit()",
            "os._exit(1)",
            "_exit(1)",
            "builtins.exit(256)",
            "ctx.exit(0)",
            "import click\ndef f(c): c.exit(300)",
            "raise SystemExit # bye",
            "raise (SystemExit)",
            "raise SystemExit(256)",
            "bye = SystemExit",
            "raise typer.Exit",
            "raise typer.Exit(300)",
            "from click.exceptions import Abort, Exit\nraise Exit(300)",
            "raise click.exceptions.Exit from error",
        ];
        let skipped = [
            "self.on_exit(0)",
            "browser.quit()",
            "parser.exit()",
            "def quit(self): pass",
            "def exit(self): pass",
            "self._exit(1)",
            "except SystemExit as error:",
            "with pytest.raises(SystemExit):",
            "from contextlib import ExitStack",
            "import builtins",
            "\"\"\"\nCalls ``sys.exit(0)``, or exits\n# exit(0)\n\"\"\"",
            "message = 'sys.exit() was called'",
        ];
        check("RL301", &wanted, &skipped);
    }

    #[test]
    fn other_names_for_exits() {
        let wanted = [
            "from sys import exit as bye",
            "from sys import (\n    exit as bye,\n)",
            "import sys as s",
            "import os, sys as s",
            "from os import _exit as bye",
            "import builtins as b",
            "from builtins import exit as bye",
            "leave = sys.exit  # bye",
            "leave = quit\n",
            "leave = quit  # bye",
            "leave = exit; leave(256)",
            "leave = custom or exit",
            "bye = os._exit\n",
            "Thread(target=sys.exit, args=(3,))",
        ];
        check("RL301", &wanted, &["from sys import exit", "exit = 3"]);
    }

    #[test]
    fn plain_exit_calls_matter_to_few_rules() {
        for rule in ["RL301", "RL304", "RL306", "RL308", "RL310", "RL311", "RL315"] {
            check(rule, &[], &["import sys\nsys.exit(1)\nraise SystemExit(2)", "raise SystemExit('no')"]);
        }
        check("RL308", &["try: pass\nfinally: sys.exit(1)"], &[]);
        check("RL312", &["sys.exit(127)"], &[]);
        check("RL301", &["sys.exit('failed' if it else 256)", "sys.exit(1 + 255)"], &["sys.exit('failed')"]);
        check("RL310", &["exit(1)", "leave = quit\n"], &[]);
    }

    #[test]
    fn wait_statuses() {
        let wanted = ["from os import system as run", "from os import (\n  system)", "os.system('x') == 2", "os . wait()", "pty.spawn(x)"];
        let skipped = [
            "from os import path",
            "os.waitstatus_to_exitcode(x)",
            "await x",
            "operating system",
            "p.wait()",
            "'''One sentence.\nwait for it.'''",
            "(p\n .wait())",
        ];
        check("RL302", &wanted, &skipped);
        check("RL302", &["(os\n  .wait())", "(os.\n  wait())", "os. \\\r\n wait()", "(os. # now\n wait())", "(os # now\n .wait())"], &[]);
    }

    #[test]
    fn exits_of_libraries() {
        let wanted = ["def f():\n    sys.exit(1)", "def f():\n    raise SystemExit(1)", "def f():\n\texit(0)", "def f(): sys.exit(1)"];
        let program = "def f():\n    sys.exit(1)\nif __name__ == '__main__':\n    f()";
        check("RL307", &wanted, &["sys.exit(1)", program, "#!/usr/bin/python\ndef f():\n    sys.exit(1)"]);
    }

    #[test]
    fn functions_that_programs_start_with() {
        let catches = |header: &str| format!("{header}\n    try: pass\n    except OSError: pass\n");
        for name in STARTS.iter().chain(&["main", "cli", "tool_main"]) {
            check(
                "RL315",
                &[&catches(&format!("def {name}():")), &catches(&format!("async def {name}(x):"))],
                &[&format!("def {name}(): pass\n")],
            );
        }
        check("RL315", &[], &[&catches("def work():"), &catches("class A:\n def run(self):")]);
    }

    #[test]
    fn words_that_are_searched_for_late_are_found_on_either_side_of_the_others() {
        let finally = "try: pass\nfinally: pass\n";
        check("RL308", &[&format!("sys.exit(256)\n{finally}"), &format!("{finally}sys.exit(256)\n")], &[finally, "sys.exit(256)"]);
        let all = Scanner::new(&Settings::default());
        let late = LATE.iter().filter(|word| RULES.iter().any(|rule| rule.triggers.iter().any(|words| words.contains(word))));
        assert_eq!((late.count(), all.late.count_ones() as usize), (LATE.len(), LATE.len()), "each is a word of a rule, beside others");
    }

    #[test]
    fn a_conjunction_wants_all_its_words() {
        check("RL002", &["x = 1  # noqa: E501, RL101", "#pyrelint: ignore"], &["x = 1  # noqa: E501"]);
    }

    #[test]
    fn comments_and_prose_hold_no_code() {
        check("RL109", &["x.__del__()", "x = '#'; x.__del__()", "f'''\n# {x.__del__()}'''"], &["# x.__del__()", "the method `A.__del__`"]);
    }
}
