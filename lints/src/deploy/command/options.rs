//! The words behind a command's name: options, their values, and the rest.

use std::ops::Range;

use crate::deploy::shell::Word;
use crate::deploy::text::Text;

/// A word or a part of one: `app` in `--app=app`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Value<'a> {
    word: &'a Word,
    from: usize,
}

impl<'a> Value<'a> {
    pub(crate) fn new(word: &'a Word) -> Self {
        Self { word, from: 0 }
    }

    pub(crate) fn as_str(self) -> &'a str {
        self.word.as_str().get(self.from..).unwrap_or_default()
    }

    /// The place in the file; that of the word with its quotes, where it is a whole word.
    pub(crate) fn place(self) -> Range<usize> {
        if self.from == 0 { self.word.place.clone() } else { self.word.text.place(self.from..self.word.as_str().len()) }
    }

    /// The text with its places.
    pub(crate) fn text(self) -> Text {
        let mut text = Text::default();
        text.push_text(&self.word.text, self.from..self.word.as_str().len());
        text
    }
}

/// One of the arguments.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Argument<'a> {
    /// An option, with its dashes, and its value.
    Option(&'a str, Option<Value<'a>>),
    /// Another word, and its index.
    Word(&'a Word, usize),
}

/// Which options of a command take the word behind them.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Syntax {
    /// These, and no others.
    Valued(&'static [&'static str]),
    /// All but these, and those that start with `--no-`.
    Flags(&'static [&'static str]),
}

impl Syntax {
    fn takes_value(self, option: &str) -> bool {
        match self {
            Self::Valued(names) => names.contains(&option),
            Self::Flags(names) => !names.contains(&option) && !option.starts_with("--no-"),
        }
    }
}

/// The arguments in a list of words, by the conventions of getopt, argparse and click: `--name value`, `--name=value`, `-n value`, `-nvalue`,
/// `-ab`, and `--`, behind which there are no options. A word of which nothing is known is left out where no option takes it.
pub(crate) struct Arguments<'a> {
    words: &'a [Word],
    syntax: Syntax,
    at: usize,
    /// Where in a cluster of short options (`-abc`) this is.
    cluster: Option<usize>,
    only_words: bool,
}

impl<'a> Arguments<'a> {
    pub(crate) fn new(words: &'a [Word], syntax: Syntax) -> Self {
        Self { words, syntax, at: 0, cluster: None, only_words: false }
    }

    /// The index of the next word.
    pub(crate) fn position(&self) -> usize {
        self.at
    }

    fn next_value(&mut self) -> Option<Value<'a>> {
        let word = self.words.get(self.at)?;
        self.at += 1;
        Some(Value::new(word))
    }

    /// The short option at `from` in this word.
    fn short(&mut self, word: &'a Word, from: usize) -> Argument<'a> {
        let text = word.as_str();
        let length = text[from..].chars().next().map_or(0, char::len_utf8);
        let name = SHORT.get(usize::from(text.as_bytes().get(from).copied().unwrap_or_default())).copied().unwrap_or("-?");
        let rest = from + length;
        self.cluster = None;
        if self.syntax.takes_value(name) {
            self.at += 1;
            let value = if rest < text.len() { Some(Value { word, from: rest }) } else { self.next_value() };
            return Argument::Option(name, value);
        }
        if rest < text.len() {
            self.cluster = Some(rest);
        } else {
            self.at += 1;
        }
        Argument::Option(name, None)
    }
}

/// The names of the short options by their ASCII codes.
const SHORT: [&str; 128] = {
    const NAMES: &str =
        "-0-1-2-3-4-5-6-7-8-9-A-B-C-D-E-F-G-H-I-J-K-L-M-N-O-P-Q-R-S-T-U-V-W-X-Y-Z-a-b-c-d-e-f-g-h-i-j-k-l-m-n-o-p-q-r-s-t-u-v-w-x-y-z";
    let mut names = ["-?"; 128];
    let mut at = 0;
    while at + 2 <= NAMES.len() {
        let (_, tail) = NAMES.split_at(at);
        let (name, _) = tail.split_at(2);
        names[name.as_bytes()[1] as usize] = name;
        at += 2;
    }
    names
};

impl<'a> Iterator for Arguments<'a> {
    type Item = Argument<'a>;

    fn next(&mut self) -> Option<Argument<'a>> {
        loop {
            let word = self.words.get(self.at)?;
            let text = word.as_str();
            if let Some(from) = self.cluster {
                return Some(self.short(word, from));
            }
            if word.text.is_unknown() {
                self.at += 1;
                continue;
            }
            if self.only_words || !text.starts_with('-') || text == "-" {
                self.at += 1;
                return Some(Argument::Word(word, self.at - 1));
            }
            if text == "--" {
                self.at += 1;
                self.only_words = true;
                continue;
            }
            if !text.starts_with("--") {
                return Some(self.short(word, 1));
            }
            self.at += 1;
            if let Some((name, _)) = text.split_once('=') {
                return Some(Argument::Option(name, Some(Value { word, from: name.len() + 1 })));
            }
            let value = if self.syntax.takes_value(text) { self.next_value() } else { None };
            return Some(Argument::Option(text, value));
        }
    }
}
