use super::{Unit, exec};
use crate::deploy::environment::Environment;

/// Lines of a `[Service]` section of `c.service`, and the commands that systemd 252 made of them (printed by `systemd --test`), without
/// the name that `@` gives a program.
const COMMANDS: &[(&str, &[&[&str]])] = &[
    ("ExecStart=/bin/x a b  c", &[&["/bin/x", "a", "b", "c"]]),
    ("ExecStart=/bin/x \"a b\" 'c d' e\"f g\"h", &[&["/bin/x", "a b", "c d", "ef gh"]]),
    ("ExecStart=/bin/x \"a \\\" \\' b\" 'c \\' d' ", &[&["/bin/x", "a \" ' b", "c ' d"]]),
    ("ExecStart=/bin/x \\x41\\102\\u00e9\\U0001F600 \\s| a\\tb", &[&["/bin/x", "ABé😀", " |", "a\tb"]]),
    ("ExecStart=/bin/x \\q \\. \\x4 \\u12 \\999", &[&["/bin/x", "\\q", "\\.", "\\x4", "\\u12", "\\999"]]),
    ("ExecStart=/bin/x \"\" '' a", &[&["/bin/x", "", "", "a"]]),
    ("ExecStart=/bin/x \"a", &[]),
    ("ExecStart=/bin/x a\"b", &[]),
    ("ExecStart=/bin/x a \\\n  b \\\n  c", &[&["/bin/x", "a", "b", "c"]]),
    ("ExecStart=/bin/x a \\\n# comment\n ; other comment\n b", &[&["/bin/x", "a", "b"]]),
    ("ExecStart=/bin/x a \\\n\n b", &[&["/bin/x", "a"]]),
    ("ExecStart=/bin/x a\\\nb", &[&["/bin/x", "a", "b"]]),
    ("ExecStart=/bin/x \"a \\\n b\"", &[&["/bin/x", "a   b"]]),
    ("ExecStart=/bin/x a \\\\\n# b", &[&["/bin/x", "a", "\\"]]),
    ("ExecStart=/bin/x a \\\\\\\n b", &[&["/bin/x", "a", "\\", "b"]]),
    ("ExecStart=/bin/x a # b ; c", &[&["/bin/x", "a", "#", "b"], &["c"]]),
    ("ExecStart = /bin/x a ", &[&["/bin/x", "a"]]),
    ("  ExecStart=/bin/x a", &[&["/bin/x", "a"]]),
    ("ExecStart=/bin/x a ; /bin/y b", &[&["/bin/x", "a"], &["/bin/y", "b"]]),
    ("ExecStart=/bin/x a; /bin/y b", &[&["/bin/x", "a;", "/bin/y", "b"]]),
    ("ExecStart=/bin/x a \\; b", &[&["/bin/x", "a", ";", "b"]]),
    ("ExecStart=/bin/x a \";\" b", &[&["/bin/x", "a", ";", "b"]]),
    ("ExecStart=; /bin/x a", &[&["/bin/x", "a"]]),
    ("ExecStart=/bin/x a ;", &[&["/bin/x", "a"]]),
    ("ExecStart=-/bin/x a", &[&["/bin/x", "a"]]),
    ("ExecStart=-@/bin/x zero a", &[&["/bin/x", "a"]]),
    ("ExecStart=+-:/bin/x a", &[&["/bin/x", "a"]]),
    ("ExecStart=!!/bin/x a", &[&["/bin/x", "a"]]),
    ("ExecStart=!/bin/x a", &[&["/bin/x", "a"]]),
    ("ExecStart=\"/bin/x y\" a", &[&["/bin/x y", "a"]]),
    ("ExecStart=/bin/x %% %n %p %N a%%b", &[&["/bin/x", "%", "c.service", "c", "c", "a%b"]]),
    ("ExecStart=/bin/x a\nExecStart=\nExecStart=/bin/y b", &[&["/bin/y", "b"]]),
    ("ExecStart=/bin/x a\nExecStart=/bin/y b", &[&["/bin/x", "a"], &["/bin/y", "b"]]),
    ("ExecStart=/bin/x a\r\nExecStart=/bin/y b\r\n", &[&["/bin/x", "a"], &["/bin/y", "b"]]),
    ("ExecStart=/bin/x a \\\r\n b\r\n", &[&["/bin/x", "a", "b"]]),
    ("ExecStart=/bin/x a\\", &[&["/bin/x", "a"]]),
    ("no assignment\nExecStart=/bin/x a", &[&["/bin/x", "a"]]),
    ("ExecStart=/bin/x a=b \"c=d\"", &[&["/bin/x", "a=b", "c=d"]]),
    ("ExecStart=/bin/x\ta\t\tb", &[&["/bin/x", "a", "b"]]),
    ("ExecStart=/bin/x 'a'b", &[&["/bin/x", "ab"]]),
    ("ExecStart=/bin/x 'a''b'", &[&["/bin/x", "ab"]]),
    ("ExecStart=/bin/x \\", &[&["/bin/x"]]),
    ("ExecStart=/bin/x a \\ b", &[&["/bin/x", "a", "\\ b"]]),
    ("ExecStart=/bin/x a ;b", &[&["/bin/x", "a", ";b"]]),
    ("ExecStart=-- /bin/x a", &[&["-", "/bin/x", "a"]]),
];

fn commands(lines: &str, environment: &Environment<'_>) -> Vec<Vec<String>> {
    let text = format!("[Unit]\n[Service]\n{lines}");
    let unit = Unit::parse(&text);
    let entries = unit.list("Service", "ExecStart");
    let commands = entries.into_iter().flat_map(|entry| exec::commands(entry, environment, "c.service"));
    commands.map(|command| command.words.iter().map(|word| word.as_str().replace('\u{7f}', "?")).collect()).collect()
}

#[test]
fn commands_as_systemd_reads_them() {
    for (lines, expected) in COMMANDS {
        assert_eq!(commands(lines, &Environment::default()), *expected, "{lines:?}");
    }
}

/// systemd.service(5), "Command lines".
#[test]
fn variables() {
    let text = "[Service]\nEnvironment=\"ONE=one\" 'TWO=two two'\nEnvironment=EMPTY= \"Q='a b' c\" H=%h/x\n";
    let environment = exec::environment(&Unit::parse(text), "Service", "c.service");
    let words = |line: &str| commands(&format!("ExecStart=/x {line}"), &environment)[0][1..].join("|");
    assert_eq!(words("$ONE $TWO ${TWO}"), "one|two|two|two two");
    assert_eq!(words("a${ONE}b a$ONE $$ONE $${ONE} $ 5$"), "aoneb|a$ONE|$ONE|${ONE}|$|5$");
    assert_eq!(words("$EMPTY ${EMPTY} $Q ${Q}"), "|a b|c|'a b' c");
    assert_eq!(words("$OTHER ${OTHER}/x %i %h/y $H"), "?|?/x|?|?/y|?");
    assert_eq!(commands("ExecStart=:/x $ONE", &environment)[0][1], "$ONE");
}

#[test]
fn environment_is_a_list() {
    let text = "[Service]\nEnvironment=A=1\nEnvironment=\nEnvironment=B=2 B=3\nPassEnvironment=C\n";
    let environment = exec::environment(&Unit::parse(text), "Service", "");
    assert_eq!((environment.get("A"), environment.get("B"), environment.get("C")), (None, Some("3"), None));
    assert!(environment.is_set("C") && !environment.is_set("A"));
}

#[test]
fn sections_and_places() {
    let text = "\u{feff}# x\nBefore=1\n [Unit]\nA=1\n; y\n[Service]\n Key = a \\\n  b \nEmpty=\n[Unit]\nA=2\n[X-Mine]\nA=3";
    let unit = Unit::parse(text);
    let names: Vec<&str> = unit.sections.iter().map(|section| section.name.as_str()).collect();
    assert_eq!(names, ["Unit", "Service", "Unit", "X-Mine"]);
    assert_eq!(&text[unit.sections[0].header.clone()], "[Unit]");
    assert_eq!(unit.last("Unit", "A").map(|entry| entry.value.as_str()), Some("2"));
    let entry = unit.last("Service", "Key").expect("a key");
    assert_eq!((&text[entry.key_place.clone()], &text[entry.value_place.clone()]), ("Key", "a \\\n  b"));
    assert_eq!(entry.value.as_str(), "a    b");
    let empty = unit.last("Service", "Empty").expect("a key");
    assert_eq!((empty.value.as_str(), empty.value_place.clone()), ("", empty.key_place.end + 1..empty.key_place.end + 1));
    assert_eq!(Unit::parse("[A]\nB=1\n[A\nB=2").entries("A", "B").count(), 1);
}

#[test]
fn prefixes() {
    let text = "[Service]\nExecStart=-|+/bin/a b\nExecStart=/bin/c\n";
    let unit = Unit::parse(text);
    let found: Vec<_> =
        unit.list("Service", "ExecStart").into_iter().flat_map(|entry| exec::commands(entry, &Environment::default(), "")).collect();
    assert_eq!((found[0].ignores_failure, found[0].through_shell, &text[found[0].place.clone()]), (true, true, "-|+/bin/a b"));
    assert_eq!((found[1].ignores_failure, found[1].through_shell, &text[found[1].place.clone()]), (false, false, "/bin/c"));
}
