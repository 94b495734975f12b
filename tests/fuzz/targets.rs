//! The list of targets: what each makes, and what is checked of it.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::generate::{NAMES, WORDS, deep, deployment, mutated, mutated_python, soup};
use super::properties::{self, Checked, OnDisk, program};
use super::seeds::PROJECTS;
use super::worker::Case;
use super::{archives, python, session};

/// A kind of input.
pub(crate) struct Target {
    pub(crate) name: &'static str,
    /// What is made.
    pub(crate) strategy: fn() -> BoxedStrategy<Case>,
    /// What must hold.
    pub(crate) check: fn(&Case) -> Checked,
    /// How many cases a bounded run has.
    pub(crate) cases: u64,
}

/// All of them.
pub(crate) const TARGETS: &[Target] = &[
    Target { name: "python-mutated", strategy: || as_file("a.py", mutated_python()), check: properties::analysis, cases: 1_200 },
    Target { name: "python-grammar", strategy: grammar, check: properties::analysis, cases: 600 },
    Target {
        name: "python-soup",
        strategy: || as_file("a.py", prop_oneof![4 => soup(), 1 => deep()].boxed()),
        check: properties::analysis,
        cases: 1_000,
    },
    Target { name: "projects", strategy: projects, check: properties::analysis, cases: 250 },
    Target { name: "suppressions", strategy: suppressions, check: properties::ignores, cases: 150 },
    Target { name: "configuration", strategy: configuration, check: configured, cases: 400 },
    Target { name: "units", strategy: units, check: properties::analysis, cases: 500 },
    Target { name: "dockerfiles", strategy: || deployed(&["Dockerfile", "app.dockerfile"]), check: properties::analysis, cases: 600 },
    Target { name: "deployment", strategy: || deployed(NAMES), check: properties::analysis, cases: 800 },
    Target {
        name: "requirements",
        strategy: || deployed(&["requirements.txt", "constraints.txt", "requirements/dev.txt"]),
        check: properties::analysis,
        cases: 600,
    },
    Target { name: "baselines", strategy: baselines, check: baseline, cases: 150 },
    Target { name: "lsp-bytes", strategy: lsp_bytes, check: session::stream, cases: 150 },
    Target { name: "lsp-messages", strategy: lsp_messages, check: session::stream, cases: 150 },
    Target { name: "edits", strategy: edits, check: session::edits, cases: 40 },
    Target { name: "archives", strategy: archives::archives, check: archives::archive, cases: 200 },
    Target { name: "formats", strategy: hostile_projects, check: properties::formats, cases: 40 },
    Target { name: "equivalence", strategy: projects, check: properties::equivalence, cases: 120 },
    Target { name: "fixes", strategy: projects, check: properties::fixes, cases: 120 },
    Target { name: "meaning", strategy: valid_projects, check: properties::meaning, cases: 120 },
];

/// The target of a name.
pub(crate) fn named(name: &str) -> &'static Target {
    TARGETS.iter().find(|target| target.name == name).unwrap_or_else(|| panic!("there is no target {name:?}"))
}

fn as_file(name: &'static str, bytes: BoxedStrategy<Vec<u8>>) -> BoxedStrategy<Case> {
    bytes.prop_map(move |bytes| vec![(name.to_owned(), bytes)]).boxed()
}

/// Several modules that import each other.
fn grammar() -> BoxedStrategy<Case> {
    let names = &["a.py", "b.py", "pkg/__init__.py", "pkg/__main__.py"];
    (1..4_usize, prop::collection::vec(python::program(), 4)).prop_map(|(count, texts)| named_files(names, texts, count)).boxed()
}

fn named_files(names: &[&str], texts: Vec<Vec<u8>>, count: usize) -> Case {
    names.iter().zip(texts).take(count).map(|(name, text)| ((*name).to_owned(), text)).collect()
}

/// The projects of pages and cases, each with one of its files mutated.
fn projects() -> BoxedStrategy<Case> {
    let mutated_project = prop::sample::select(PROJECTS.clone()).prop_flat_map(|project| {
        let which = 0..project.len();
        let all: Vec<Vec<u8>> = project.iter().map(|(_, bytes)| bytes.clone()).collect();
        (Just(project), which).prop_flat_map(move |(project, which)| {
            let text = mutated(vec![project[which].1.clone()], all.clone());
            text.prop_map(move |text| {
                let mut project = project.clone();
                project[which].1 = text;
                project
            })
        })
    });
    prop_oneof![3 => mutated_project, 1 => grammar()].boxed()
}

/// Projects as they are, and those that the grammar makes.
fn valid_projects() -> BoxedStrategy<Case> {
    prop_oneof![1 => prop::sample::select(PROJECTS.clone()), 3 => grammar()].boxed()
}

/// Projects with names and texts that mean something to terminals, logs, XML and HTML.
fn hostile_projects() -> BoxedStrategy<Case> {
    const HOSTILE: &[&str] = &[
        "\x1b[2J",
        "]]>",
        "<script>alert(1)</script>",
        "::error::x",
        "##vso[x]",
        "&lt;",
        "%0A",
        "\u{202e}",
        "\u{fffe}",
        "\x07",
        "\u{85}",
        "\u{2028}",
        "\"'",
        "{{",
        "\n",
        "\r",
        "\u{7f}",
        "|",
        "`x`",
        "\\",
    ];
    let word = prop::sample::select(HOSTILE);
    let name = (word.clone(), word.clone()).prop_map(|(one, other)| format!("{}{}.py", one.replace('/', ":"), other.replace('/', ";")));
    let name = prop_oneof![1 => name, 1 => Just("a.py".to_owned())];
    let line = (word.clone(), word).prop_map(|(one, other)| {
        format!(
            "exit(300)  # {}\nclass C:\n    def __del__(self):\n        open('{}')\n",
            one.replace(['\n', '\r'], ""),
            other.replace(['\n', '\r', '\'', '\\'], "")
        )
    });
    let text = prop_oneof![2 => line.prop_map(String::into_bytes), 1 => mutated_python()];
    let own = prop::collection::vec((name, text), 1..4);
    prop_oneof![2 => own, 1 => projects()].boxed()
}

fn suppressions() -> BoxedStrategy<Case> {
    const SIGNS: &[&str] = &["# ", "#", "#  ", "; ", "// ", "#\t", "## ", "#:"];
    const WORDS: &[&str] = &[
        "pyrelint: ignore",
        "pyrelint:ignore",
        "pyrelint: ignore[RL301]",
        "pyrelint: ignore[RL301",
        "pyrelint: ignore]",
        "pyrelint: ignore[]",
        "pyrelint: ignore[RL301,]",
        "pyrelint: ignore[RL999]",
        "pyrelint: ignore[del-io]",
        "pyrelint: ignore-file",
        "pyrelint: ignore-file[RL3]",
        "noqa",
        "noqa: RL301",
        "noqa:RL301,RL310",
        "noqa : RL",
        "NOQA: rl301",
        "noqa: E501 RL301",
        "pyrelint: disable",
        "pyrelint",
        "pyrelint: ignore[RL301] é \u{202e}",
        "type: ignore",
    ];
    let comment = prop::collection::vec((prop::sample::select(SIGNS), prop::sample::select(WORDS)), 1..3);
    let comment = comment.prop_map(|parts| parts.into_iter().flat_map(|(sign, word)| [sign, word, " "]).collect::<String>());
    let code = prop::sample::select(vec![
        "exit(300)",
        "sys.exit(\n    300\n)",
        "x = '''\n''' and exit(300)",
        "if x and \\\n        sys.exit(300):\n    pass",
        "def f():\n    exit(2)",
        "",
        "\"\"\"text\"\"\"",
        "@exit(300)\ndef g(): exit(300); exit(2)",
        "x = f'{exit(300)}'",
        "class C:\n    def __del__(self): self.close()",
    ]);
    let line = (code, comment, 0..3_u8).prop_map(|(code, comment, place)| match place {
        0 => format!("{code}  {comment}\n"),
        1 => format!("{comment}\n{code}\n"),
        _ => format!("{}\n", code.replacen('\n', &format!("  {comment}\n"), 1)),
    });
    let text = prop::collection::vec(line, 1..6).prop_map(|lines| format!("import sys\n{}", lines.concat()).into_bytes());
    let python = as_file("a.py", text.boxed());
    prop_oneof![3 => python, 1 => deployed(NAMES), 1 => projects()].boxed()
}

const CONFIGURATION: &str = "target-version = \"3.8\"\nselect = [\"RL1\", \"exit-code-range\", \"ALL\"]\nignore = [\"RL301\"]\nextend-select = []\nexclude = [\"a/**\", \"*.py\"]\nextend-exclude = [\"x[0-9]\"]\nfail-on = \"info\"\noutput-format = \"json\"\nunsafe-fixes = true\nrespect-gitignore = false\nforce-exclude = true\nbaseline = \"x.toml\"\npython = \"../venv\"\n[per-file-ignores]\n\"tests/*\" = [\"RL3\"]\n[severity]\nRL301 = \"info\"\n[services]\nmode = \"all\"\npaths = [\"srv/*\"]\n[rules.del-io]\nallow = [\"logging\"]\n[rules.unit-restart-delay]\nminimum-delay = 3\n";

fn configuration() -> BoxedStrategy<Case> {
    let as_project = format!(
        "[project]\nname = \"x\"\nrequires-python = \">=3.9\"\n[project.scripts]\nx = \"a:main\"\n[tool.pyrelint]\n{}",
        CONFIGURATION.replace("\n[", "\n[tool.pyrelint.")
    );
    let texts = vec![
        CONFIGURATION.as_bytes().to_owned(),
        as_project.clone().into_bytes(),
        b"select = ['ALL']\n".to_vec(),
        b"[tool.pyrelint]\nextend = '../x'\n".to_vec(),
    ];
    let own: Vec<(String, Vec<u8>)> =
        PROJECTS.iter().flatten().filter(|(name, _)| name.rsplit('.').next() == Some("toml")).cloned().collect();
    let texts: Vec<Vec<u8>> = own.into_iter().map(|(_, bytes)| bytes).chain(texts).collect();
    let text = prop_oneof![6 => mutated(texts.clone(), texts), 1 => soup(), 1 => deep()];
    let name = prop::sample::select(vec!["pyproject.toml", "pyrelint.toml", "a/pyproject.toml", "setup.cfg", "tests/pyrelint.toml"]);
    (name, text).prop_map(|(name, text)| vec![(name.to_owned(), text), ("a/b.py".to_owned(), b"exit(300)\n".to_vec())]).boxed()
}

/// A configuration is taken or refused; the program never fails over it.
fn configured(case: &Case) -> Checked {
    let disk = OnDisk::new(case);
    let path = std::path::Path::new("case").join(&case[0].0);
    let working_directory = std::env::current_dir().map_err(|error| error.to_string())?;
    let switches = pyrelint::config::Switches { suppressions: true, prefilter: true };
    let folders = pyrelint::config::Folders::new(working_directory.clone(), pyrelint::config::Search::Nearest, Vec::new(), switches);
    let above = working_directory.join(path.parent().unwrap_or(&path));
    let accepted = folders.of(&above).is_some();
    if !accepted && folders.errors().is_empty() {
        return Err("refused without a reason".to_owned());
    }
    let status = program(&["-q", "--no-baseline", "--output-format", "json", "--output-file", "output", "case"]);
    drop(disk);
    if accepted && status == pyrelint::ExitStatus::Error && folders.errors().is_empty() {
        return Err("accepted, and then the run ends with an error".to_owned());
    }
    Ok(())
}

fn deployed(names: &[&'static str]) -> BoxedStrategy<Case> {
    let program = Just(("app/__main__.py".to_owned(), b"import sys\nsys.exit(2)\n".to_vec()));
    (deployment(names), program).prop_map(|(file, program)| vec![file, program]).boxed()
}

/// A unit with a drop-in or two.
fn units() -> BoxedStrategy<Case> {
    let text = || deployment(&["app.service", "app.service.d/10.conf"]).prop_map(|(_, text)| text);
    let names = &["app.service", "app.service.d/10.conf", "app.service.d/20.conf", "service.d/x.conf"];
    (prop::collection::vec(text(), 4), 1..5_usize)
        .prop_map(|(texts, count)| {
            let mut case = named_files(names, texts, count);
            case.push(("app/__main__.py".to_owned(), b"import sys\nsys.exit(2)\n".to_vec()));
            case
        })
        .boxed()
}

const KNOWN: &str = "# Findings of pyrelint that are known.\nversion = 1\n\n[[finding]]\npath = \"a.py\"\nrule = \"RL301\"\nmessage = \"x\"\ntext = \"exit(300)\"\ncount = 2\n\n[[findings]]\npath = \"../x.py\"\nrule = \"exit-code-range\"\nfingerprint = \"00ff\"\n";

fn baselines() -> BoxedStrategy<Case> {
    let written = {
        let folder = std::path::Path::new("case-baseline");
        let _ = std::fs::create_dir_all(folder);
        let _ = std::fs::write(folder.join("a.py"), "import sys\nexit(300)\nsys.exit(400)\n");
        let _ = program(&["--isolated", "-q", "--baseline", "case-baseline/b.toml", "--write-baseline", "case-baseline"]);
        std::fs::read(folder.join("b.toml")).unwrap_or_default()
    };
    assert!(written.len() > 50, "no baseline was written");
    let texts = vec![written, KNOWN.as_bytes().to_owned()];
    let text = prop_oneof![8 => mutated(texts.clone(), texts), 1 => soup(), 1 => deep()];
    text.prop_map(|text| vec![("b.toml".to_owned(), text), ("a.py".to_owned(), b"import sys\nexit(300)\nsys.exit(400)\n".to_vec())]).boxed()
}

/// A baseline is taken or refused. One that is refused is not written over; a new one silences everything.
fn baseline(case: &Case) -> Checked {
    let _disk = OnDisk::new(case);
    let base = ["--isolated", "-q", "--baseline", "case/b.toml", "--output-format", "json"];
    let run = |more: &[&str]| program(&base.iter().chain(more).copied().chain(["case"]).collect::<Vec<_>>());
    let status = run(&["--output-file", "output"]);
    let pruned = run(&["--prune-baseline", "--output-file", "output"]);
    if (status == pyrelint::ExitStatus::Error) != (pruned == pyrelint::ExitStatus::Error) {
        return Err(format!("read: {status:?}, pruned: {pruned:?}"));
    }
    if status == pyrelint::ExitStatus::Error && OnDisk::read(case)[0].1 != case[0].1 {
        return Err("a file that is no baseline was written over".to_owned());
    }
    if status != pyrelint::ExitStatus::Error && run(&["--write-baseline"]) != pyrelint::ExitStatus::Clean {
        return Err("a baseline cannot be written anew".to_owned());
    }
    if status != pyrelint::ExitStatus::Error && run(&["--output-file", "output"]) != pyrelint::ExitStatus::Clean {
        return Err("a new baseline does not know all findings".to_owned());
    }
    Ok(())
}

fn text() -> BoxedStrategy<String> {
    prop_oneof![2 => mutated_python().prop_map(|bytes| String::from_utf8_lossy(&bytes).into_owned()), 1 => prop::collection::vec(prop::sample::select(WORDS), 0..20).prop_map(|words| words.concat())].boxed()
}

/// Numbers as they come, and as they should not.
fn odd_number() -> BoxedStrategy<Value> {
    prop_oneof![8 => (0..40_u64).prop_map(|number| json!(number)), 1 => prop::sample::select(vec![json!(u32::MAX), json!(u64::MAX), json!(-1), json!(1.5), json!(null), json!("0"), json!([])])].boxed()
}

fn odd_place() -> BoxedStrategy<Value> {
    (odd_number(), odd_number(), odd_number(), odd_number())
        .prop_map(
            |(one, two, three, four)| json!({ "start": { "line": one, "character": two }, "end": { "line": three, "character": four } }),
        )
        .boxed()
}

/// A message of a client that knows the protocol, and means ill.
fn message() -> BoxedStrategy<Value> {
    const METHODS: &[&str] = &[
        "textDocument/diagnostic",
        "workspace/diagnostic",
        "textDocument/codeAction",
        "codeAction/resolve",
        "textDocument/hover",
        "workspace/executeCommand",
        "shutdown",
        "initialize",
        "x/y",
        "textDocument/formatting",
        "$/x",
    ];
    let uri = prop::sample::select(vec![
        "file:///x/a.py",
        "file:///x/a.py",
        "file:///x/b.service",
        "untitled:Untitled-1",
        "file://",
        "",
        "a.py",
        "file:///x/%FF%00.py",
        "file://host/a.py",
        "file:///../../etc/passwd",
        "file:///x/Dockerfile",
        "http://x/a.py",
    ]);
    let notification = prop_oneof![
        4 => (uri.clone(), text(), odd_number()).prop_map(|(uri, text, version)| json!({ "method": "textDocument/didOpen", "params": { "textDocument": { "uri": uri, "languageId": "python", "version": version, "text": text } } })),
        6 => (uri.clone(), text(), odd_number(), odd_place()).prop_map(|(uri, text, version, range)| json!({ "method": "textDocument/didChange", "params": { "textDocument": { "uri": uri, "version": version }, "contentChanges": [{ "range": range, "text": text }] } })),
        1 => (uri.clone(), text()).prop_map(|(uri, text)| json!({ "method": "textDocument/didChange", "params": { "textDocument": { "uri": uri, "version": 3 }, "contentChanges": [{ "text": text }, {}, null] } })),
        1 => uri.clone().prop_map(|uri| json!({ "method": "textDocument/didClose", "params": { "textDocument": { "uri": uri } } })),
        1 => (uri.clone(), odd_number()).prop_map(|(uri, kind)| json!({ "method": "workspace/didChangeWatchedFiles", "params": { "changes": [{ "uri": uri, "type": kind }] } })),
        1 => text().prop_map(|text| json!({ "method": "workspace/didChangeConfiguration", "params": { "settings": { "pyrelint": { "select": [text], "configuration": text, "x": [[]] } } } })),
        1 => odd_number().prop_map(|id| json!({ "method": "$/cancelRequest", "params": { "id": id } })),
        1 => uri.clone().prop_map(|uri| json!({ "method": "workspace/didChangeWorkspaceFolders", "params": { "event": { "added": [{ "uri": uri, "name": "" }], "removed": [{ "uri": uri, "name": "" }] } } })),
        1 => odd_number().prop_map(|id| json!({ "id": id, "result": { "x": [] } })),
    ];
    let request = (uri, prop::sample::select(METHODS), odd_number(), odd_place(), text()).prop_map(|(uri, method, id, range, text)| {
        json!({ "id": id, "method": method, "params": {
            "textDocument": { "uri": uri }, "range": range, "position": range["start"], "context": { "diagnostics": [{ "range": range, "message": text, "data": [text] }], "only": [text] },
            "command": "pyrelint.fixAll", "arguments": [uri, text], "title": text, "data": { "uri": uri }, "previousResultIds": [{ "uri": uri, "value": text }],
        } })
    });
    let message = prop_oneof![3 => notification, 2 => request].prop_map(|mut message: Value| {
        message["jsonrpc"] = json!("2.0");
        message
    });
    message.boxed()
}

fn lsp_messages() -> BoxedStrategy<Case> {
    let messages = (prop::sample::select(vec!["utf-8", "utf-16", "utf-32", "x"]), prop::collection::vec(message(), 1..20));
    let bytes = messages
        .prop_map(|(encoding, messages)| session::hello(encoding).into_iter().chain(messages.iter().flat_map(session::framed)).collect());
    as_file("stream", bytes.boxed())
}

/// The same as bytes, some of which are others.
fn lsp_bytes() -> BoxedStrategy<Case> {
    let seeds = {
        let one = |method: &str, params: Value| session::framed(&json!({ "jsonrpc": "2.0", "id": 7, "method": method, "params": params }));
        let document = json!({ "textDocument": { "uri": "file:///x/a.py", "languageId": "python", "version": 1, "text": "import sys\nsys.exit(300)\n" } });
        let hello = session::hello("utf-8");
        vec![
            [
                hello.clone(),
                one("textDocument/didOpen", document),
                one("textDocument/diagnostic", json!({ "textDocument": { "uri": "file:///x/a.py" } })),
                one("shutdown", Value::Null),
            ]
            .concat(),
            [b"Content-Length: 99999999999999999999\r\n\r\n{}".to_vec(), hello.clone()].concat(),
            [b"Content-Type: x\r\nContent-Length: 2\r\n\r\n{}Content-Length: -1\r\n\r\n".to_vec(), hello].concat(),
        ]
    };
    let deep = prop_oneof![1_usize..200, 5_000..100_000_usize].prop_map(|depth| {
        let text = format!("{{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"initialize\",\"params\":{}", "[".repeat(depth));
        format!("Content-Length: {}\r\n\r\n{text}", text.len()).into_bytes()
    });
    as_file("stream", prop_oneof![8 => mutated(seeds.clone(), seeds), 1 => deep, 1 => soup()].boxed())
}

fn edits() -> BoxedStrategy<Case> {
    const STATEMENTS: &[&str] = &[
        "\nexit(2)\n",
        "\nimport sys\n",
        "\nx = \"é😀\"; quit()\n",
        "\nsys.exit(300)\n",
        "\nclass C:\n    def __del__(self):\n        self.close()\n",
        "\n# pyrelint: ignore\n",
        "",
        "\r\n",
        "\r",
        "😀",
        "(",
        "\"",
        "#",
        "    ",
    ];
    let edit = (0..500_u64, prop_oneof![4 => 0..4_u64, 1 => 0..60_u64], prop::sample::select(STATEMENTS));
    let script = prop::collection::vec(edit, 1..40).prop_map(|edits| json!(edits).to_string().into_bytes());
    as_file("edits.json", script.boxed())
}
