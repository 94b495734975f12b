//! `pyrelint graph`: what is known about a function, a class or a module.

use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::Value;

use crate::command_line::{check, folder};
use crate::support;

const WIRE: &str = "import socket\n\n\nclass Wire:\n    def __init__(self, host):\n        self.sock = socket.create_connection((host, 80))\n\n    def shut(self):\n        self.sock.close()\n";
const POOL: &str = "from app.wire import Wire\n\n\nclass Pool:\n    def __init__(self):\n        self.wire = Wire('db')\n\n    def drain(self, hook):\n        self.wire.shut()\n        hook.notify()\n";
const CLIENT: &str = "import json as j\n\nimport nowhere\n\nfrom .pool import Pool\n\n\nclass Base:\n    def __del__(self):\n        self.close(None)\n\n    @property\n    def state(self):\n        return j.dumps({})\n\n\nclass Client(Base):\n    def __init__(self):\n        self.pool = Pool()\n\n    def close(self, hook):\n        self.pool.drain(hook)\n        return self.state\n\n\ndef idle():\n    pass\n";
const MAIN: &str = "import time\n\nfrom app.client import Client as C\n\nclient = C()\n\n\ndef main():\n    while True:\n        time.sleep(1)\n\n\nif __name__ == '__main__':\n    main()\n";

/// A service of a few files: `Client.close` -> `Pool.drain` -> `Wire.shut` -> `socket.close`.
fn project() -> tempfile::TempDir {
    folder(&[
        ("pyproject.toml", "[project]\nname = 'app'\n"),
        ("app/__init__.py", ""),
        ("app/wire.py", WIRE),
        ("app/pool.py", POOL),
        ("app/client.py", CLIENT),
        ("app/main.py", MAIN),
    ])
}

#[track_caller]
fn text(folder: &Path, arguments: &[&str]) -> String {
    check(folder, &[&["graph"], arguments].concat(), 0).0
}

#[track_caller]
fn json(folder: &Path, arguments: &[&str]) -> Value {
    let out = text(folder, &[&["--output-format", "json"], arguments].concat());
    serde_json::from_str(&out).unwrap_or_else(|error| panic!("{error}: {out}"))
}

#[track_caller]
fn wrong(folder: &Path, target: &str, parts: &[&str]) {
    let (stdout, stderr) = check(folder, &["graph", target], 2);
    assert_eq!(stdout, "");
    for part in parts {
        assert!(stderr.contains(part), "{part:?} is not in: {stderr}");
    }
}

/// The names in an array of symbols.
fn names<'a>(symbols: &'a Value, key: &str) -> Vec<&'a str> {
    symbols.as_array().expect("an array").iter().map(|symbol| symbol[key].as_str().unwrap_or("null")).collect()
}

#[test]
fn a_method_as_text() {
    let here = project();
    let expected = "\
function app.client.Client.close  app/client.py:21:9

Service
  yes: `app/main.py`, which imports it, has an endless loop that waits in its main path
    app/main.py:9:5  this is code of a service: `app/main.py` has an endless loop that waits in its main path
    app/main.py:3:1  `app/main.py` imports `app/client.py`

Class app.client.Client  app/client.py:17:1
  order      app.client.Client                         app/client.py:17:1
             app.client.Base                           app/client.py:8:1
  finalizer  app.client.Base.__del__ (of a Client)     app/client.py:9:9

Effects
  network: closes a socket
    app/client.py:22:9  app.client.Client.close calls app.pool.Pool.drain
    app/pool.py:9:9     app.pool.Pool.drain calls app.wire.Wire.shut
    app/wire.py:9:9     app.wire.Wire.shut calls socket.socket.close

Function app.client.Client.close  app/client.py:21:9
  reaches network
  22:9   self.pool.drain  -> app.pool.Pool.drain                  app/pool.py:8:9
  23:21  property state  -> app.client.Base.state (of a Client)  app/client.py:13:9
";
    let expected: Vec<Vec<&str>> = expected.lines().map(|line| line.split_whitespace().collect()).collect();
    let out = text(here.path(), &["app/client.py:Client.close"]);
    let found: Vec<Vec<&str>> = out.lines().map(|line| line.split_whitespace().collect()).collect();
    assert_eq!(found, expected, "{out}");
    // What stands below each other starts at the same column.
    let column = |needle: &str| out.lines().filter_map(|line| line.find(needle)).collect::<Vec<_>>();
    let arrows = column("-> ");
    assert!(arrows.len() == 2 && arrows[0] == arrows[1], "{out}");
    assert!(!out.lines().any(|line| line.ends_with(' ')), "{out}");
    let colored = text(here.path(), &["--color", "always", "app.client.Client.close"]);
    assert!(colored.contains("\u{1b}["), "{colored}");
}

#[test]
fn calls_are_expanded_as_deep_as_wished() {
    let here = project();
    let functions = |depth: &str| {
        let view = json(here.path(), &["--depth", depth, "app.client.Client.close"]);
        let functions = view["functions"].as_array().expect("an array").clone();
        let name = |one: &Value| format!("{} {}", one["depth"], one["function"]["name"].as_str().unwrap_or_default());
        functions.iter().map(name).collect::<Vec<_>>()
    };
    assert_eq!(functions("1"), ["0 Client.close"]);
    assert_eq!(functions("2"), ["0 Client.close", "1 Base.state", "1 Pool.drain"]);
    assert_eq!(functions("9"), ["0 Client.close", "1 Base.state", "1 Pool.drain", "2 Wire.shut"]);
    check(here.path(), &["graph", "--depth", "0", "app.client"], 2);
    let view = json(here.path(), &["--depth", "2", "app.client.Client.close"]);
    let unresolved = &view["functions"][2]["unresolved"][0];
    assert_eq!((&unresolved["text"], &unresolved["path"], &unresolved["line"]), (&"hook.notify".into(), &"app/pool.py".into(), &10.into()));
    assert_eq!(unresolved["reason"], "parameter");
    assert!(unresolved["message"].as_str().is_some_and(|text| text.contains("`hook`")), "{unresolved}");
}

#[test]
fn a_class_as_json() {
    let here = project();
    let view = json(here.path(), &["app.client.Client"]);
    let target = &view["target"];
    assert_eq!((&target["kind"], &target["name"], &target["module"]), (&"class".into(), &"Client".into(), &"app.client".into()));
    assert_eq!((&target["path"], &target["line"], &target["column"]), (&"app/client.py".into(), &17.into(), &1.into()));
    assert_eq!((&target["this"], &target["effect"], &view["role"]), (&Value::Null, &Value::Null, &"production".into()));
    let class = &view["classes"][0];
    assert_eq!(names(&class["mro"], "name"), ["Client", "Base"]);
    let finalizer = &class["finalizer"];
    assert_eq!((&finalizer["function"]["name"], &finalizer["inherited"]), (&"Base.__del__".into(), &true.into()));
    assert!(finalizer["subclass"].is_null() && finalizer["never_runs"].is_null(), "{finalizer}");
    let effect = view["effects"].as_array().expect("an array").iter().find(|effect| effect["clause"] == "closes a socket");
    let effect = effect.unwrap_or_else(|| panic!("{view:#}"));
    assert_eq!((&effect["kind"], &effect["callee"], &effect["places"]), (&"network".into(), &"socket.socket.close".into(), &1.into()));
    assert_eq!(
        (&effect["hops"][0]["path"], &effect["hops"][1]["path"], &effect["path"]),
        (&"app/client.py".into(), &"app/pool.py".into(), &"app/wire.py".into())
    );
    assert_eq!((&effect["hops"][0]["via"], &effect["hops"][0]["callee"]["name"]), (&"call".into(), &"Pool.drain".into()));
    assert_eq!(names(&view["imports"], "name"), ["Pool"]);
    assert_eq!(view["service"]["places"][1]["path"], "app/main.py");
}

#[test]
fn a_module_with_its_imports() {
    let here = project();
    let view = json(here.path(), &["app/client.py"]);
    let imports = &view["imports"];
    assert_eq!(names(imports, "name"), ["j", "nowhere", "Pool"]);
    assert_eq!(names(imports, "module"), ["json", "nowhere", ".pool"]);
    assert_eq!(names(imports, "resolution"), ["standard-library", "not-found", "first-party"]);
    assert_eq!(names(imports, "file"), ["null", "null", "app/pool.py"]);
    assert_eq!(names(imports, "imported"), ["null", "null", "Pool"]);
    assert_eq!(imports[2]["meanings"][0]["module"], "app.pool");
    let functions: Vec<_> = view["functions"].as_array().expect("an array").iter().map(|one| &one["function"]["name"]).collect();
    assert_eq!(functions, ["Base.__del__", "Base.state", "Client.__init__", "Client.close", "idle"]);
    // The code of the module itself: what it calls, and the way to what that does.
    let view = json(here.path(), &["app.main"]);
    assert_eq!(view["functions"][0]["function"]["name"], "<module>");
    let connects = view["effects"].as_array().expect("an array").iter().find(|effect| effect["function"]["name"] == "Wire.__init__");
    let path = &connects.unwrap_or_else(|| panic!("{view:#}"))["hops"];
    assert_eq!(names(path, "path"), ["app/main.py", "app/client.py", "app/pool.py"]);
    assert_eq!((&path[0]["caller"]["name"], &path[0]["line"]), (&"<module>".into(), &5.into()));
    let out = text(here.path(), &["app.main"]);
    assert!(out.contains("from app.client import Client as C  first-party") && out.contains("class app.client.Client"), "{out}");
}

#[test]
fn targets_are_found_by_every_name() {
    let here = project();
    let target = |typed: &str| {
        let view = json(here.path(), &[typed]);
        let text = |key: &str| view["target"][key].as_str().unwrap_or_default().to_owned();
        (text("kind"), text("name"), text("path"))
    };
    let method = ("function".to_owned(), "Client.close".to_owned(), "app/client.py".to_owned());
    for typed in
        ["app/client.py:Client.close", "app/client.py::Client.close", "./app/../app/client.py:Client.close", "app.client.Client.close"]
    {
        assert_eq!(target(typed), method, "{typed}");
    }
    // By a name that an import binds, by an instance, and by a class that inherits it.
    assert_eq!(target("app/main.py:C.close"), method);
    assert_eq!(target("app.main.client.close"), method);
    assert_eq!(target("app.main.C.__del__").1, "Base.__del__");
    assert_eq!(target("app").2, "app/__init__.py");
    let inside = json(&here.path().join("app"), &["app.client.Client.close"]);
    assert_eq!(inside["target"]["path"], "client.py");
}

#[test]
fn wrong_targets_get_hints() {
    let here = project();
    let wrong = |target: &str, parts: &[&str]| wrong(here.path(), target, parts);
    wrong(
        "app/client.py:Client.clsoe",
        &["app/client.py has no class or function `Client.clsoe`", "Did you mean `app/client.py:Client.close`?"],
    );
    wrong("app.client.Clinet", &["no class or function `Clinet`", "`app/client.py:Client`"]);
    wrong("app.clinet.Client", &["app/__init__.py has no class or function `clinet.Client`", "`app/__init__.py:client.Client`?"]);
    wrong("app/clinet.py:Client", &["there is no file `app/clinet.py`", "`app/client.py:Client`?"]);
    wrong("ap.client", &["there is no file and no module `ap.client`", "`app.client`?"]);
    wrong("nothing/at/all.py", &["there is no folder `nothing/at`"]);
    wrong("app/main.py:time.sleep", &["`time.sleep`", "no source"]);
    wrong("logging.Handler", &["standard library"]);
    wrong("app/client.py:", &["names nothing behind the colon"]);
    wrong("app/client.py:zzzzzzz", &["`pyrelint graph app/client.py` shows all that it defines"]);
    wrong("", &["there is no file"]);
    std::fs::create_dir(here.path().join("bare")).expect("a folder can be made");
    std::fs::write(here.path().join("bare/one.py"), "").expect("a file can be written");
    wrong("bare", &["`bare` is a folder without `__init__.py`", "`bare.one`"]);
    wrong("./bare", &["is a folder without `__init__.py`"]);
    // What is suggested is a target.
    text(here.path(), &["app/__init__.py:client.Client"]);
    text(here.path(), &["bare.one"]);
}

#[test]
fn settings_hold() {
    let here = project();
    std::fs::write(here.path().join("pyrelint.toml"), "[effects]\n'app.pool.Pool.drain' = 'database'\n[services]\nmode = 'none'\n")
        .expect("a file can be written");
    let kinds = |arguments: &[&str]| {
        let view = json(here.path(), &[arguments, &["app.client.Client.close"]].concat());
        (names(&view["effects"], "kind").join(" "), view["service"].is_null())
    };
    assert_eq!(kinds(&[]), ("database".to_owned(), true));
    assert_eq!(kinds(&["--isolated"]), ("network".to_owned(), false));
    assert_eq!(kinds(&["--config", "effects = { 'app.pool.Pool.drain' = 'none' }"]).0, "");
    std::fs::write(here.path().join("pyrelint.toml"), "no-such-option = 1\n").expect("a file can be written");
    let (_, stderr) = check(here.path(), &["graph", "app.client"], 2);
    assert!(stderr.contains("no-such-option"), "{stderr}");
    let site = here.path().join("venv/lib/python3.11/site-packages/nowhere");
    std::fs::create_dir_all(&site).expect("a folder can be made");
    std::fs::write(site.join("__init__.py"), "def gone():\n    pass\n").expect("a file can be written");
    let view = json(here.path(), &["--isolated", "--python", "venv", "app.client"]);
    assert_eq!(names(&view["imports"], "resolution")[1], "installed");
}

#[test]
fn questions_about_other_files_are_answered() {
    let here = folder(&[
        ("setup.py", ""),
        ("lib/base.py", "class Base:\n    def __del__(self):\n        self.close()\n\n    def close(self):\n        pass\n"),
        ("lib/leaf.py", "import os\nfrom lib.base import Base\n\n\nclass Leaf(Base):\n    def close(self):\n        os.close(3)\n"),
    ]);
    let view = json(here.path(), &["lib/base.py:Base"]);
    let subclass = &view["classes"][0]["finalizer"]["subclass"];
    assert_eq!((&subclass["name"], &subclass["path"]), (&"Leaf".into(), &"lib/leaf.py".into()));
    assert_eq!(view["limits"], Value::Array(Vec::new()));
}

#[test]
fn no_object_has_a_key_twice() {
    let here = project();
    let out = text(here.path(), &["--output-format", "json", "--depth", "9", "app.main"]);
    let script = "import json, sys\n\ndef unique(pairs):\n    assert len(dict(pairs)) == len(pairs), pairs\n    return dict(pairs)\n\njson.load(sys.stdin, object_pairs_hook=unique)\n";
    let child = Command::new(support::python()).args(["-c", script]).stdin(Stdio::piped()).stderr(Stdio::piped()).spawn();
    let mut child = child.expect("Python starts");
    child.stdin.take().expect("a pipe").write_all(out.as_bytes()).expect("Python reads");
    let output = child.wait_with_output().expect("Python ends");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

/// Draws a graph; `None` where Graphviz is not installed.
fn draw(graph: &str) -> Option<String> {
    let child = Command::new("dot").arg("-Tsvg").stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn();
    let mut child = match child {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return None,
        other => other.expect("dot starts"),
    };
    child.stdin.take().expect("a pipe").write_all(graph.as_bytes()).expect("dot reads");
    let output = child.wait_with_output().expect("dot ends");
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{stderr}{graph}");
    // Problems with fonts and with the locale are the machine's.
    assert!(!stderr.contains("syntax error") && !stderr.contains("Warning: Unable"), "{stderr}{graph}");
    Some(String::from_utf8(output.stdout).expect("SVG is UTF-8"))
}

#[test]
fn graphviz_draws_the_graph() {
    let here = project();
    let graph = text(here.path(), &["--output-format", "dot", "app.client.Client"]);
    assert!(graph.starts_with("digraph \"app.client.Client\" {\n") && graph.ends_with("}\n"), "{graph}");
    for part in ["label=\"app.pool\"", "label=\"Pool.drain\"", "label=\"network\\ncloses a socket\\nsocket.socket.close\"", " -> e"] {
        assert!(graph.contains(part), "{part} is not in: {graph}");
    }
    let Some(picture) = draw(&graph) else { return support::skipped("graphviz_draws_the_graph", "Graphviz is not installed") };
    for label in [">Pool.drain<", ">Wire.shut<", ">app.wire<", ">socket.socket.close<", ">closes a socket<"] {
        assert!(picture.contains(label), "{label} is not in: {picture}");
    }
}

#[test]
fn hostile_names_and_texts() {
    let name = "a\"]; x [label=\\N & <b>&lt;\u{202e}\u{1b}[31m\n'$(id)`.py";
    let source = "import os\n\n\ndef naïve():\n    helper('\u{1b}[2J')\n    ''' \u{1b}[31m\n'''.frob().knob()\n\n\ndef helper(x):\n    os.unlink(x)\n";
    let here = folder(&[(name, source)]);
    let target = format!("{name}:naïve");
    for format in ["text", "dot"] {
        let out = text(here.path(), &["--output-format", format, &target]);
        assert!(!out.contains(['\u{1b}', '\u{202e}', '\r']), "{out}");
    }
    let view = json(here.path(), &[&target]);
    assert_eq!((&view["target"]["path"], &view["target"]["name"]), (&name.into(), &"naïve".into()));
    let (_, stderr) = check(here.path(), &["graph", &format!("{name}:\u{1b}[31m")], 2);
    assert!(!stderr.contains('\u{1b}'), "{stderr}");
    // The command of a hint can be pasted.
    let (_, stderr) = check(here.path(), &["graph", &format!("{name}:qqqqqqqqq")], 2);
    assert!(stderr.contains(r"'\''$(id)`.py'"), "{stderr}");
    if let Some(picture) = draw(&text(here.path(), &["--output-format", "dot", &target])) {
        assert!(picture.contains(">naïve<") && picture.contains("x [label=\\N &amp; &lt;b&gt;&amp;lt;\\u202e\\x1b[31m"), "{picture}");
    } else {
        support::skipped("hostile_names_and_texts", "Graphviz is not installed");
    }
}

#[cfg(unix)]
#[test]
fn a_name_that_is_no_text() {
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt;
    let here = tempfile::tempdir().expect("a folder can be made");
    let file = OsStr::from_bytes(b"b\xff.py");
    if std::fs::write(here.path().join(file), "def f():\n    pass\n").is_err() {
        return support::skipped("a_name_that_is_no_text", "the file system takes no such name");
    }
    for (target, status) in [(&b"b\xff.py:f"[..], 0), (b"b\xff.py:g", 2), (b"\xff.py", 2), (b"\xff", 2)] {
        let output = support::pyrelint().current_dir(here.path()).arg("graph").arg(OsStr::from_bytes(target)).output();
        let output = output.expect("the program starts");
        assert_eq!(output.status.code(), Some(status), "{target:?}: {}", String::from_utf8_lossy(&output.stderr));
    }
}

#[test]
fn hard_files() {
    let deep = format!("x = {}\n", "(".repeat(200_000));
    let nested = format!("def f():\n    return {}1{}\n", "-(".repeat(150), ")".repeat(150));
    let here = folder(&[
        ("deep.py", &deep),
        ("nested.py", &nested),
        ("broken.py", "def f(:\n    g()\n\n\ndef ok():\n    f()\n"),
        ("empty.py", ""),
    ]);
    std::fs::write(here.path().join("bytes.py"), b"\xff\xfe\n").expect("a file can be written");
    let (_, stderr) = check(here.path(), &["graph", "deep.py"], 2);
    assert!(stderr.contains("deep.py cannot be read: it nests too deeply"), "{stderr}");
    let (_, stderr) = check(here.path(), &["graph", "bytes.py"], 2);
    assert!(stderr.contains("bytes.py cannot be read: it is not text in utf-8"), "{stderr}");
    assert!(text(here.path(), &["nested.py:f"]).contains("function nested.f"));
    assert!(text(here.path(), &["broken.py:ok"]).contains("note: The file has syntax errors"));
    assert!(text(here.path(), &["empty.py"]).contains("none is known"));
}

#[test]
fn targets_in_a_shell() {
    let here = project();
    std::fs::rename(here.path().join("app/wire.py"), here.path().join("app/it's $a wire.py")).expect("a file can be renamed");
    let run = |script: &str| {
        let program = env!("CARGO_BIN_EXE_pyrelint");
        let output = Command::new("sh").current_dir(here.path()).args(["-c", script, program]).output().expect("a shell starts");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8_lossy(&output.stdout).into_owned()
    };
    assert!(run(r#""$0" graph "app/it's \$a wire.py:Wire.shut""#).starts_with("function app.it's $a wire.Wire.shut"));
    assert!(run(r#""$0" graph app/'it'\''s $a wire.py'::Wire"#).starts_with("class app.it's $a wire.Wire"));
    assert!(run(r#""$0" graph --output-format json app.client.Client | head -c 2"#).starts_with('{'));
}

#[test]
fn the_readme_shows_what_is_printed() {
    let readme = std::fs::read_to_string(support::root().join("README.md")).expect("there is a README");
    let here = project();
    let shown = readme.split("$ pyrelint graph app.client.Client.close\n").nth(1).and_then(|rest| rest.split("```").next());
    assert_eq!(shown, Some(&*text(here.path(), &["app.client.Client.close"])));
    let page = std::fs::read_to_string(support::root().join("docs/graph.md")).expect("there is a page");
    for key in ["target", "role", "service", "imports", "classes", "effects", "functions", "limits"] {
        assert!(page.contains(&format!("| `{key}` | ")), "docs/graph.md does not tell of the key {key}");
    }
    let view = json(here.path(), &["app.client"]);
    assert_eq!(view.as_object().map(serde_json::Map::len), Some(8));
}
