use super::{Link, commands};
use crate::deploy::environment::Environment;
use crate::deploy::text::Text;

/// The commands of a text: words between `|`, assignments first, `?` for what is not known, the operator after it at the end.
fn shown(text: &str) -> Vec<String> {
    let mut environment = Environment::default();
    environment.set("TWO", "a  b");
    environment.set("DIR", "/srv");
    commands(&Text::slice(text, 0..text.len()), &environment)
        .iter()
        .map(|command| {
            let assignments = command.assignments.iter().map(|(name, value)| format!("{name}={}", value.as_str()));
            let words = command.words.iter().map(|word| word.as_str().to_owned());
            let sign = match command.after {
                Link::None => "",
                Link::And => " &&",
                Link::Or => " ||",
                Link::Then => " ;",
                Link::Pipe => " |",
                Link::Background => " &",
            };
            let parts: Vec<String> = assignments.chain(words).map(|word| word.replace('\u{7f}', "?")).collect();
            format!("{}{sign}", parts.join("|"))
        })
        .collect()
}

#[test]
fn quotes() {
    assert_eq!(shown(r#"a 'b c' "d \" \x $DIR" e\ f '' g"h"'i'"#), [r#"a|b c|d " \x /srv|e f||ghi"#]);
    assert_eq!(shown("a 'b"), ["a|b"]);
    assert_eq!(shown("a \\\n b\\\nc"), ["a|bc"]);
    assert_eq!(shown("a # b\nc#d"), ["a ;", "c#d"]);
}

#[test]
fn expansions() {
    assert_eq!(
        shown("x $TWO \"$TWO\" $NO ${DIR}/y ${NO:-d} ${NO:-e f} ${DIR:-d} ${NO:+x} $(a (b) c) `x y` $1 $"),
        ["x|a|b|a  b|?|/srv/y|d|e|f|/srv|?|?|?|?|$"]
    );
    assert_eq!(shown("x \"${A:-${B:-$DIR}/c}\""), ["x|/srv/c"]);
    assert_eq!(shown("A=1; export B=2 C; x $A$B $C"), ["export|B=2|C ;", "x|12|?"]);
}

#[test]
fn operators() {
    assert_eq!(shown("A=b c && d|e || f; g & h"), ["A=b|c &&", "d |", "e ||", "f ;", "g &", "h"]);
    assert_eq!(shown("a >b 2>&1 <c &>/dev/null d"), ["a|d"]);
    assert_eq!(shown("(a; b) | c"), ["a ;", "b |", "c"]);
}

#[test]
fn structures() {
    assert_eq!(shown("if [ x ]; then\n  exec a\nelse\n  b\nfi"), ["[|x|] ;", "exec|a ;", "b"]);
    assert_eq!(shown("case $1 in\n web) a ;;\n w|x) b;;\nesac"), ["a ;", "b"]);
    assert_eq!(shown("f() { a; }\nf"), ["a ;", "f"]);
    assert_eq!(shown("for i in 1 2; do a; done | b"), ["a |", "b"]);
    assert_eq!(shown("cat <<EOF\nnot $this\nEOF\nb"), ["cat ;", "b"]);
    assert_eq!(shown("cat <<-'E'\n\tx\n\tE\nb"), ["cat ;", "b"]);
}

#[test]
fn places() {
    let text = "run 'a b' \"$DIR/c\"";
    let found = commands(&Text::slice(text, 0..text.len()), &Environment::default());
    let places: Vec<&str> = found[0].words.iter().map(|word| &text[word.place.clone()]).collect();
    assert_eq!(places, ["run", "'a b'", "\"$DIR/c\""]);
    let last = &found[0].words[2];
    let known = last.as_str().len() - 2..last.as_str().len();
    assert_eq!(&text[last.text.place(known)], "/c");
}
