use std::sync::Arc;

use super::Earlier;
use crate::module::Module;
use crate::module::parts::tests::{SAMPLE, contents};
use crate::source::SourceFile;

/// What edits put into a text, most of which leaves it whole at some places.
const TYPED: &[&str] = &[
    "",
    "1",
    " ",
    "\n",
    "x",
    "# pyrelint: ignore\n",
    "def f(self, a=1):\n    return [self.a for b in a]\n",
    "class E:\n    def m(self, n):\n        self.n = n  # Long enough that it is worth leaving out: the shortest bodies are parsed with what is around.\n        return self.n\n",
    "\"\"\"",
    "(",
    "\\\n",
    "    ",
    "ü",
    "import k\n",
    "self.q = lambda: self\n",
    "if x: pass\n",
];

/// Numbers that look random and are the same in every run.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % bound
    }
}

/// Parses a text behind others; whether in parts.
#[track_caller]
fn check(earlier: &Earlier, text: &str) -> bool {
    let file = SourceFile::new("a.py", text.to_owned());
    let (Ok(whole), Ok(again)) = (Module::parse(Arc::clone(&file)), earlier.parse(file)) else { panic!("it nests too deep:\n{text}") };
    assert_eq!(whole.syntax_errors, again.syntax_errors, "{text}");
    assert_eq!(whole.comments, again.comments, "{text}");
    let (whole, parts) = (contents(&whole), contents(&again));
    if let Some((one, other)) = whole.lines().zip(parts.lines()).find(|(one, other)| one != other) {
        panic!("{text}\nwhole: {one}\nagain: {other}");
    }
    assert_eq!(whole.len(), parts.len(), "{text}");
    !again.parts.is_empty()
}

#[test]
fn after_any_edit_the_index_is_that_of_the_text() {
    let filler = "# filler\n".repeat(180);
    let start = format!("{filler}{SAMPLE}\n{}\n{SAMPLE}\n", SAMPLE.replace("class C", "class CC"));
    let mut numbers = Numbers(7);
    let mut in_parts = 0;
    for _ in 0..40 {
        let (earlier, mut text) = (Earlier::default(), start.clone());
        assert!(check(&earlier, &text));
        for _ in 0..25 {
            // Half of all edits begin at the start of a line.
            let at = filler.len() + numbers.below(text.len() - filler.len());
            let at = if numbers.below(2) == 0 {
                text.as_bytes()[..at].iter().rposition(|byte| *byte == b'\n').map_or(0, |end| end + 1)
            } else {
                at
            };
            let boundary = |text: &str, at: usize| (at..=text.len()).find(|at| text.is_char_boundary(*at)).unwrap_or(text.len());
            let from = boundary(&text, at);
            let to = (from + [0, 0, 0, 1, 7, 90][numbers.below(6)]).min(text.len());
            let to = boundary(&text, to);
            let removed = text[from..to].to_owned();
            let typed = TYPED[numbers.below(TYPED.len())];
            text.replace_range(from..to, typed);
            let is_in_parts = check(&earlier, &text);
            in_parts += usize::from(is_in_parts);
            if !is_in_parts {
                // What breaks the text is taken back, as most of it is.
                text.replace_range(from..from + typed.len(), &removed);
                assert!(check(&earlier, &text));
            }
        }
    }
    assert!(in_parts > 250, "only {in_parts} of 1000 texts were in parts");
}

#[test]
fn what_an_edit_left_alone_is_not_parsed_again() {
    let filler = "# filler\n".repeat(180);
    let body = "        # Long enough that it is worth leaving out: the shortest bodies are parsed with what is around them.\n        return self.a\n";
    // The arenas of a part that is taken over stay where they are in memory.
    let place = |module: &Module, part: usize| module.parts[part].arenas.get().map(|arenas| arenas.exprs.as_ptr().addr());
    let parse = |earlier: &Earlier, text: String| {
        let Ok(module) = earlier.parse(SourceFile::new("a.py", text)) else { panic!("the text parses") };
        assert_eq!(module.parts.len(), 2, "{}", module.file.text());
        (place(&module, 0), place(&module, 1))
    };
    let text = |name: &str, inner: &str| {
        format!(
            "{filler}class A:\n    def first(self):\n        pass\n{body}\n{name} = 1\n\n\nclass B:\n    def second(self):\n        {inner}\n{body}"
        )
    };
    let earlier = Earlier::default();
    let (first, second) = parse(&earlier, text("x", "pass"));
    assert!(first.is_some() && second.is_some());
    assert_eq!(parse(&earlier, text("longer", "pass")), (first, second), "the edit is between them");
    let (still_first, other) = parse(&earlier, text("longer", "self.a = 1"));
    assert_eq!(still_first, first);
    assert_ne!(other, second, "its body is different");
}
