//! The order of method resolution.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde_json::Value;

use super::{ask, folder};
use crate::support;

/// The orders that the program shows of the classes of a file: their names, and the names of the entries.
fn shown(directory: &Path, file: &Path) -> BTreeMap<String, (Vec<String>, bool)> {
    let output = support::run(directory, &["graph", "--isolated", "--output-format", "json", file.to_str().expect("UTF-8")]);
    assert!(output.status.success(), "{}: {}", file.display(), String::from_utf8_lossy(&output.stderr));
    let view: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let classes = view["classes"].as_array().expect("classes").iter();
    classes
        .map(|class| {
            let order = class["mro"].as_array().expect("an order").iter().map(|entry| text(&entry["name"])).collect();
            (text(&class["class"]["name"]), (order, class["unresolved_bases"].as_array().is_some_and(Vec::is_empty)))
        })
        .collect()
}

/// Numbers without a pattern, the same each time (xorshift).
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, end: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % end as u64) as usize
    }
}

#[test]
fn random_hierarchies() {
    let (mut compared, mut inconsistent) = (0, 0);
    let mut wrong = Vec::new();
    for seed in 1..=12 {
        let mut numbers = Numbers(0x9e37_79b9_7f4a_7c15 ^ seed);
        let heads = (0..60).map(|number| {
            let mut bases: Vec<usize> = (0..numbers.below(4).min(number)).map(|_| numbers.below(number)).collect();
            bases.dedup();
            let bases: Vec<String> = bases.into_iter().map(|base| format!("C{base}")).collect();
            format!("C{number}({})", bases.join(", "))
        });
        // Those that have no order are found by CPython and written without bases.
        let text = consistent(heads.collect(), &mut inconsistent);
        let here = folder(&[("classes.py", &text), ("setup.py", "")]);
        let ours = shown(here.path(), Path::new("classes.py"));
        let theirs: Vec<(String, Vec<String>)> = ask(&support::python(), "mro", Some(&here.path().join("classes.py")), "");
        for (name, order) in theirs {
            compared += 1;
            if ours.get(&name).is_none_or(|(shown, _)| *shown != order) {
                wrong.push(format!("{name}: {:?}, CPython {order:?}", ours.get(&name)));
            }
        }
    }
    println!("mro: {compared} classes of random hierarchies, {inconsistent} without an order, {} disagreements", wrong.len());
    assert!(compared > 500 && inconsistent > 20, "{compared} {inconsistent}");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// The same hierarchy in which the classes that CPython refuses have no bases.
fn consistent(mut heads: Vec<String>, inconsistent: &mut usize) -> String {
    loop {
        let program = heads.iter().map(|head| format!("class {head}:\n    pass\n\n")).collect::<Vec<_>>().concat();
        let output = std::process::Command::new(support::python()).args(["-c", &program]).output().expect("Python starts");
        if output.status.success() {
            return program;
        }
        let error = String::from_utf8_lossy(&output.stderr).into_owned();
        let line = error
            .lines()
            .find_map(|line| line.split("line ").nth(1)?.split(',').next()?.parse::<usize>().ok())
            .expect("the line of the class");
        let name = heads[(line - 1) / 3].split('(').next().expect("a name").to_owned();
        heads[(line - 1) / 3] = format!("{name}()");
        *inconsistent += 1;
    }
}

#[test]
fn classes_without_an_order_are_survived() {
    // CPython refuses them; what is shown then is some order that ends, with the class first.
    let text =
        "class A: pass\nclass B(A): pass\nclass C(A, B): pass\nclass D(D): pass\nclass E(F): pass\nclass F(E): pass\nclass G(A, A): pass\n";
    let here = folder(&[("classes.py", text), ("setup.py", "")]);
    let ours = shown(here.path(), Path::new("classes.py"));
    assert_eq!(ours.len(), 7);
    for (name, (order, _)) in ours {
        assert_eq!(order.first(), Some(&name), "{order:?}");
        assert!(order.len() <= 4, "{order:?}");
    }
}

/// Classes of which CPython knows more, with the reason. The program shows the order of what it knows.
const DYNAMIC: &[(&str, &[&str])] = &[
    ("their bases come from a module in C", &["ast.", "weakref.KeyedRef", "weakref.WeakMethod"]),
    (
        "a decorator or a call makes the class",
        &["enum.EnumCheck", "multiprocessing.managers.ListProxy", "multiprocessing.managers.PoolProxy"],
    ),
    ("a base has the same name", &["importlib.abc.FileLoader", "importlib.abc.SourceLoader", "ssl.Purpose", "ssl._ASN1Object"]),
];

/// A class: its module, the file of that, its name, and the order as modules and names.
type Answer = (String, PathBuf, String, Vec<(String, String)>);

#[test]
fn classes_of_the_standard_library() {
    const MODULES: &[&str] = &[
        "argparse",
        "ast",
        "asyncio.base_events",
        "asyncio.events",
        "asyncio.locks",
        "asyncio.queues",
        "asyncio.streams",
        "asyncio.unix_events",
        "code",
        "codecs",
        "configparser",
        "csv",
        "ctypes._endian",
        "email.message",
        "email.policy",
        "enum",
        "ftplib",
        "http.client",
        "http.cookiejar",
        "http.server",
        "imaplib",
        "importlib.abc",
        "json.decoder",
        "logging",
        "logging.handlers",
        "mailbox",
        "multiprocessing.managers",
        "multiprocessing.pool",
        "multiprocessing.process",
        "multiprocessing.queues",
        "optparse",
        "pathlib",
        "pdb",
        "pickle",
        "pprint",
        "queue",
        "sched",
        "selectors",
        "shelve",
        "smtplib",
        "socketserver",
        "ssl",
        "string",
        "subprocess",
        "tarfile",
        "telnetlib",
        "tempfile",
        "threading",
        "traceback",
        "unittest.case",
        "unittest.mock",
        "urllib.error",
        "urllib.request",
        "uuid",
        "weakref",
        "xml.dom.minidom",
        "xml.sax.handler",
        "xmlrpc.client",
        "xmlrpc.server",
        "zipfile",
    ];
    let python = support::python();
    let answers: Vec<Answer> = ask(&python, "library", Some(Path::new(".")), &serde_json::to_string(MODULES).expect("JSON"));
    let mut by_file: BTreeMap<PathBuf, Vec<Answer>> = BTreeMap::new();
    for answer in answers {
        by_file.entry(answer.1.clone()).or_default().push(answer);
    }
    let (mut compared, mut known, mut wrong) = (0, 0, Vec::new());
    for (file, classes) in by_file {
        let ours = shown(&support::standard_library(), &file);
        for (module, _, name, order) in classes {
            let Some((shown, _)) = ours.get(&name) else { continue };
            // Of other modules the program knows names alone: those of the same file must come in CPython's order, and all of them.
            let own: Vec<&String> = order.iter().filter(|(place, _)| *place == module).map(|(_, name)| name).collect();
            let shown: Vec<&String> = shown.iter().filter(|name| own.contains(name)).collect();
            compared += 1;
            let whole = format!("{module}.{name}");
            let is_known = |end: &&str| end.strip_suffix('.').map_or(whole == **end, |package| module == package);
            if own != shown && DYNAMIC.iter().any(|(_, classes)| classes.iter().any(is_known)) {
                known += 1;
            } else if own != shown {
                wrong.push(format!("{module}.{name}: {shown:?}, CPython {own:?}"));
            }
        }
    }
    println!("mro: {compared} classes of the standard library, {known} known differences, {} disagreements", wrong.len());
    assert!(compared > 500, "{compared}");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
