//! What the parts of the analysis take: `cargo bench --bench analysis [PART]`. For comparisons on one machine, before and after a change; how the
//! time grows with the input is what `benches/growth.py` shows, and where that of a real run goes `benches/profile.py`.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use divan::Bencher;
use divan::counter::{BytesCount, ItemsCount};
use pyrelint_lints::lint::parses;
use pyrelint_lints::sources::EntryKind;
use pyrelint_lints::{FileInput, Index, Outcome, Outlines, RULES, Roots, Rule, RuleSet, Scanner, Settings, Snapshot, Sources, lint};

fn main() {
    divan::main();
}

/// How many functions the texts have.
const FUNCTIONS: [usize; 2] = [100, 1000];

/// A module without anything that a rule looks for.
fn plain(functions: usize) -> String {
    (0..functions).fold(String::new(), |mut text, number| {
        let _ = write!(text, "def f{number}(a, b=[1, 2]):\n    c = {{'x': a.y(b), **b}}\n    return [i for i in c if i > {number}]\n\n\n");
        text
    })
}

/// A module that ends programs, configures logging and finalizes, as most rules look for it.
fn busy(functions: usize) -> String {
    let mut text = "import logging\nimport socket\nimport subprocess\nimport sys\n\n\n".to_owned();
    for number in 0..functions {
        let _ = match number % 4 {
            0 => write!(
                text,
                "def f{number}(a):\n    try:\n        f{}(a)\n    except Exception:\n        sys.exit({number})\n\n\n",
                number / 2
            ),
            1 => write!(
                text,
                "class C{number}:\n    def __init__(self):\n        self.s = socket.socket()\n\n    def close(self):\n        self.s.close()\n\n    def __del__(self):\n        self.close()\n\n\n"
            ),
            2 => write!(text, "def f{number}():\n    logging.basicConfig(filename='x')\n    logging.info('%s', f{})\n\n\n", number - 2),
            _ => write!(text, "def f{number}():\n    subprocess.run(['pip', 'install', 'x'])\n    return f{}\n\n\n", number - 1),
        };
    }
    text + "if __name__ == '__main__':\n    f0(1)\n"
}

/// Files in memory.
#[derive(Debug, Default)]
struct Files(BTreeMap<PathBuf, String>);

impl Sources for Files {
    fn list(&self, folder: &Path) -> Vec<(OsString, EntryKind)> {
        let here = self.0.keys().filter(|path| path.parent() == Some(folder));
        here.filter_map(|path| Some((path.file_name()?.to_owned(), EntryKind::File))).collect()
    }

    fn read(&self, path: &Path) -> Option<Vec<u8>> {
        self.0.get(path).map(|text| text.clone().into_bytes())
    }

    fn shown(&self, path: &Path) -> String {
        path.to_string_lossy().into_owned()
    }
}

/// Lints one of the files with some of the rules, with nothing known before.
fn run(files: &BTreeMap<PathBuf, String>, path: &str, rules: RuleSet) -> Outcome {
    let settings = Settings { rules, ..Settings::default() };
    let scanner = Scanner::new(&settings);
    let mut outlines = Outlines::default();
    for (path, text) in files {
        outlines.add(path, text.as_bytes());
    }
    let snapshot = Arc::new(Snapshot::new(Arc::new(Files(files.clone()))));
    snapshot.complete(Arc::new(Index::new(vec![outlines])));
    let (file, roots) = (Path::new(path), Arc::new(Roots { first_party: vec![PathBuf::from("/p")], installed: Vec::new() }));
    let bytes = files[file].as_bytes();
    let input = FileInput {
        path,
        file: Some(file),
        below_root: "a.py",
        bytes,
        parse: true,
        configured_service: None,
        rules: None,
        earlier: None,
        roots: &roots,
    };
    lint(&input, &settings, &scanner, &snapshot)
}

fn one(text: String) -> BTreeMap<PathBuf, String> {
    BTreeMap::from([(PathBuf::from("/p/a.py"), text)])
}

fn only(rule: &Rule) -> RuleSet {
    let mut rules = RuleSet::default();
    rules.insert(rule);
    rules
}

fn rule(code: &str) -> &'static Rule {
    RULES.iter().copied().find(|rule| rule.code == code).unwrap_or_else(|| panic!("there is no {code}"))
}

/// The search for trigger words in a text that has none.
#[divan::bench(args = FUNCTIONS)]
fn scan(bencher: Bencher<'_, '_>, functions: usize) {
    let (text, scanner) = (plain(functions), Scanner::new(&Settings { rules: RuleSet::all(), ..Settings::default() }));
    bencher.counter(BytesCount::of_str(&text)).bench(|| scanner.wants(divan::black_box(text.as_bytes())));
}

/// The outline of a file: its imports and classes.
#[divan::bench(args = FUNCTIONS)]
fn outline(bencher: Bencher<'_, '_>, functions: usize) {
    let text = busy(functions);
    bencher.counter(BytesCount::of_str(&text)).bench(|| {
        let mut outlines = Outlines::default();
        outlines.add(Path::new("/p/a.py"), divan::black_box(text.as_bytes()));
        outlines
    });
}

/// The parser alone.
#[divan::bench(args = FUNCTIONS)]
fn parse(bencher: Bencher<'_, '_>, functions: usize) {
    let text = busy(functions);
    bencher.counter(BytesCount::of_str(&text)).bench(|| parses(divan::black_box(&text)));
}

/// Parse and index, without a rule.
#[divan::bench(args = FUNCTIONS)]
fn index(bencher: Bencher<'_, '_>, functions: usize) {
    let files = one(busy(functions));
    bencher.counter(BytesCount::of_str(&files[Path::new("/p/a.py")])).bench(|| run(&files, "/p/a.py", RuleSet::default()));
}

/// The effects of finalizers, through a chain of calls over as many modules.
#[divan::bench(args = [1, 10, 100])]
fn effects(bencher: Bencher<'_, '_>, modules: usize) {
    let mut files = one("from m0 import f0\n\n\nclass C:\n    def __del__(self):\n        f0()\n".to_owned());
    for number in 0..modules {
        let next = number + 1;
        let text = if next == modules {
            format!("def f{number}():\n    open('x').read()\n")
        } else {
            format!("from m{next} import f{next}\n\n\ndef f{number}():\n    f{next}()\n")
        };
        files.insert(PathBuf::from(format!("/p/m{number}.py")), text);
    }
    let rules = only(rule("RL101"));
    assert_eq!(run(&files, "/p/a.py", rules).diagnostics.len(), 1, "the effect is found");
    bencher.counter(ItemsCount::new(modules)).bench(|| run(&files, "/p/a.py", rules));
}

/// Each rule alone, with parse and index.
#[divan::bench(args = RULES.iter().map(|rule| rule.code))]
fn rules(bencher: Bencher<'_, '_>, code: &str) {
    let (files, rules) = (one(busy(200)), only(rule(code)));
    bencher.bench(|| run(&files, "/p/a.py", rules));
}
