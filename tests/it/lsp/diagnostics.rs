//! What is found in open documents.

use std::fs;

use serde_json::json;

use super::client::{Capabilities, Client, Setup};
use super::{FIXABLE, SILENT, STARTER, TELLS, codes, project};

#[test]
fn a_change_in_one_file_updates_the_findings_in_another() {
    let folder = project();
    for capabilities in [Capabilities::PUSH, Capabilities::PULL] {
        let mut client = Client::start(folder.path(), capabilities);
        let (starter, cli) = (client.uri("tool/__main__.py"), client.uri("tool/cli.py"));
        client.open(&starter, STARTER);
        assert_eq!(codes(&client.diagnostics(&starter)), ["RL314"], "{capabilities:?}");
        client.open(&cli, TELLS);
        client.diagnostics(&cli);
        client.replace(&cli, SILENT);
        assert_eq!(codes(&client.changed_diagnostics(&starter)), [""; 0], "{capabilities:?}");
        client.replace(&cli, TELLS);
        let found = client.changed_diagnostics(&starter);
        assert_eq!(codes(&found), ["RL314"], "{capabilities:?}");
        // The status is returned in the other file.
        let related = found[0]["relatedInformation"].as_array().expect("related places");
        assert!(related.iter().any(|place| place["location"]["uri"] == cli.as_str()), "{related:?}");
        // Closed without being saved, the file is as on disk again.
        client.replace(&cli, SILENT);
        assert_eq!(codes(&client.changed_diagnostics(&starter)), [""; 0], "{capabilities:?}");
        client.close(&cli);
        assert_eq!(codes(&client.changed_diagnostics(&starter)), ["RL314"], "{capabilities:?}");
        assert_eq!(client.stop(), Some(0));
    }
}

#[test]
fn positions_are_in_the_encoding_that_was_agreed() {
    let folder = project();
    for (encoding, character) in [("utf-8", 14), ("utf-16", 11), ("utf-32", 10)] {
        let mut client = Client::start(folder.path(), Capabilities { encoding, ..Capabilities::PULL });
        let uri = client.uri("tool/end.py");
        client.open(&uri, FIXABLE);
        let found = client.diagnostics(&uri);
        let exit = found.as_array().expect("diagnostics").iter().find(|one| one["code"] == "RL310").expect("`exit` is found");
        assert_eq!(exit["range"]["start"], json!({ "line": 2, "character": character }), "{encoding}");
        // An edit behind the same text lands where it should.
        let at = json!({ "line": 2, "character": character });
        let end = json!({ "line": 2, "character": character + 4 });
        client.edit(&uri, &json!({ "range": { "start": at, "end": end }, "text": "sys.exit" }));
        assert!(!codes(&client.diagnostics(&uri)).contains(&"RL310".to_owned()), "{encoding}");
        client.stop();
    }
}

#[test]
fn unfinished_code_keeps_the_last_findings() {
    let folder = project();
    let mut client = Client::start(folder.path(), Capabilities::PULL);
    let uri = client.uri("tool/end.py");
    client.open(&uri, FIXABLE);
    let before = codes(&client.diagnostics(&uri));
    assert!(before.contains(&"RL310".to_owned()));
    client.replace(&uri, &format!("{FIXABLE}def f(:\n"));
    assert_eq!(codes(&client.diagnostics(&uri)), before);
    client.notify("workspace/didChangeConfiguration", json!({ "settings": { "pyrelint": { "showSyntaxErrors": true } } }));
    assert!(codes(&client.diagnostics(&uri)).contains(&"RL001".to_owned()));
    client.notify("workspace/didChangeConfiguration", json!({ "settings": { "pyrelint": { "enable": false } } }));
    assert_eq!(codes(&client.diagnostics(&uri)), [""; 0]);
    client.stop();
}

#[test]
fn findings_stay_while_the_word_that_leads_to_them_is_unfinished() {
    let folder = project();
    let mut client = Client::start(folder.path(), Capabilities::PULL);
    let uri = client.uri("tool/end.py");
    client.open(&uri, "def f():\n    quit(1)\n");
    assert_eq!(codes(&client.diagnostics(&uri)), ["RL310"]);
    client.replace(&uri, "def f():\n    (1\n");
    assert_eq!(codes(&client.diagnostics(&uri)), ["RL310"]);
    client.replace(&uri, "def f():\n    (1)\n");
    assert_eq!(codes(&client.diagnostics(&uri)), [""; 0]);
    client.replace(&uri, "def f():\n    (1\n");
    assert_eq!(codes(&client.diagnostics(&uri)), [""; 0]);
    client.stop();
}

#[test]
fn configuration_is_read_again_and_its_mistakes_are_shown_in_it() {
    let folder = project();
    let mut client = Client::start(folder.path(), Capabilities::PUSH);
    let (uri, configuration) = (client.uri("tool/end.py"), client.uri("pyrelint.toml"));
    client.open(&uri, FIXABLE);
    assert!(codes(&client.diagnostics(&uri)).contains(&"RL310".to_owned()));
    let configure = |client: &mut Client, text: &str| {
        std::fs::write(folder.path().join("pyrelint.toml"), text).expect("a configuration");
        client.notify("workspace/didChangeWatchedFiles", json!({ "changes": [{ "uri": configuration, "type": 2 }] }));
    };
    configure(&mut client, "ignore = [\"RL310\"]\n");
    assert!(!codes(&client.changed_diagnostics(&uri)).contains(&"RL310".to_owned()));
    configure(&mut client, "ignroe = [\"RL310\"]\n");
    let mistake = client.changed_diagnostics(&configuration);
    assert!(mistake[0]["message"].as_str().expect("a message").contains("ignroe"), "{mistake}");
    assert_eq!(mistake[0]["range"]["start"]["line"], 0);
    configure(&mut client, "");
    assert_eq!(client.changed_diagnostics(&configuration), json!([]));
    assert!(codes(&client.changed_diagnostics(&uri)).contains(&"RL310".to_owned()));
    client.stop();
}

#[test]
fn libraries_and_excluded_files_are_left_alone() {
    let folder = project();
    let mut client = Client::start(folder.path(), Capabilities::PULL);
    for path in ["venv/lib/python3.11/site-packages/x.py", ".venv/x.py", "node_modules/x.py"] {
        let uri = client.uri(path);
        client.open(&uri, "quit()\n");
        assert_eq!(codes(&client.diagnostics(&uri)), [""; 0], "{path}");
    }
    client.open("file:///usr/lib/python3.11/site.py", "quit()\n");
    assert_eq!(codes(&client.diagnostics("file:///usr/lib/python3.11/site.py")), [""; 0]);
    client.stop();
}

#[test]
fn excluded_files_and_what_is_no_python_are_left_alone() {
    let folder = project();
    fs::write(folder.path().join("pyrelint.toml"), "extend-exclude = [\"generated\"]\n").expect("a configuration");
    let mut client = Client::start(folder.path(), Capabilities::PULL);
    for path in ["generated/x.py", "tool/x.pyi", "tool/x.ipynb"] {
        let uri = client.uri(path);
        client.open(&uri, "quit()\n");
        assert_eq!(codes(&client.diagnostics(&uri)), [""; 0], "{path}");
    }
    // What a version control system shows of a file, and a cell of a notebook.
    for scheme in ["git", "vscode-notebook-cell"] {
        let uri = client.uri("tool/end.py").replace("file:", &format!("{scheme}:"));
        client.open(&uri, "quit()\n");
        assert_eq!(codes(&client.diagnostics(&uri)), [""; 0], "{scheme}");
    }
    // They do not stand in the place of files either.
    let shown = client.uri("tool/cli.py").replace("file:", "git:");
    client.open(&shown, SILENT);
    let starter = client.uri("tool/__main__.py");
    client.open(&starter, STARTER);
    assert_eq!(codes(&client.diagnostics(&starter)), ["RL314"]);
    client.stop();
}

#[test]
fn documents_outside_of_the_workspace_and_of_no_file_are_checked() {
    let (folder, other) = (project(), tempfile::tempdir().expect("a folder"));
    let elsewhere = fs::canonicalize(other.path()).expect("the folder is there").join("loose.py");
    for capabilities in [Capabilities::PUSH, Capabilities::PULL] {
        let mut client = Client::start(folder.path(), capabilities);
        for uri in ["untitled:Untitled-1".to_owned(), "untitled:Untitled1".to_owned(), format!("file://{}", elsewhere.display())] {
            client.open(&uri, "quit()\n");
            assert_eq!(codes(&client.diagnostics(&uri)), ["RL310"], "{uri}");
            client.replace(&uri, "import sys\n\nsys.exit()\n");
            assert_eq!(codes(&client.diagnostics(&uri)), [""; 0], "{uri}");
        }
        client.stop();
    }
}

/// A program whose finding goes when somebody derives from its class; and one who does.
const BASE: &str = "import sys\n\n\nclass Base:\n    def __del__(self):\n        self.close()\n\n    def close(self):\n        pass\n";
const DERIVED: &str = "import os\n\nfrom base import Base\n\n\nclass Derived(Base):\n    def close(self):\n        os.remove(\"x\")\n";

#[test]
fn a_lone_file_asks_nobody_who_uses_it() {
    let home = tempfile::tempdir().expect("a folder");
    let home_path = fs::canonicalize(home.path()).expect("the folder is there");
    // A home folder that is under version control is still nobody's project.
    fs::create_dir_all(home_path.join("deep/down/.git")).expect("a folder");
    fs::create_dir(home_path.join(".git")).expect("a folder");
    for folder in ["", "deep/"] {
        fs::write(home_path.join(folder).join("other.py"), DERIVED).expect("a module");
        fs::write(home_path.join(folder).join("base.py"), BASE).expect("a module");
    }
    let environment = vec![("HOME", home_path.clone())];
    let uri = format!("file://{}", home_path.join("base.py").display());
    // Without a folder the server starts in the home folder, as some clients do; others name it.
    for root in [None, Some(home_path.clone())] {
        for capabilities in [Capabilities::PUSH, Capabilities::PULL] {
            let (directory, environment) = (Some(home_path.clone()), environment.clone());
            let setup = Setup { directory, root: root.clone(), environment, ..Setup::without_folder(capabilities) };
            let mut client = setup.start();
            client.open(&uri, BASE);
            assert_eq!(codes(&client.diagnostics(&uri)), [""; 0], "{root:?}: other files are not read");
            if capabilities.pulls {
                let all = client.request("workspace/diagnostic", json!({ "previousResultIds": [] }));
                assert_eq!(all, json!({ "items": [] }));
            }
            client.stop();
        }
    }
    // In a project of its own the same file is asked about.
    let project = home_path.join("deep/down");
    fs::write(project.join("base.py"), BASE).expect("a module");
    fs::write(project.join("other.py"), DERIVED).expect("a module");
    let mut client = Setup { environment, ..Setup::new(&project, Capabilities::PULL) }.start();
    let uri = client.uri("base.py");
    client.open(&uri, BASE);
    assert_eq!(codes(&client.diagnostics(&uri)), ["RL101"]);
    client.stop();
}

#[test]
fn what_another_file_makes_wrong_is_known_while_the_code_is_unfinished() {
    let folder = project();
    for capabilities in [Capabilities::PUSH, Capabilities::PULL] {
        let mut client = Client::start(folder.path(), capabilities);
        let (starter, cli) = (client.uri("tool/__main__.py"), client.uri("tool/cli.py"));
        client.open(&starter, STARTER);
        assert_eq!(codes(&client.diagnostics(&starter)), ["RL314"]);
        for unfinished in ["def (", "if x:", "\"\"\"", "x = [1,"] {
            client.replace(&starter, &format!("{STARTER}{unfinished}\n"));
            assert_eq!(codes(&client.diagnostics(&starter)), ["RL314"], "{unfinished}");
        }
        client.replace(&starter, "x = 1\n");
        assert_eq!(codes(&client.diagnostics(&starter)), [""; 0]);
        // Another file that is unfinished takes nothing away from this one but what it says.
        client.replace(&starter, STARTER);
        assert_eq!(codes(&client.diagnostics(&starter)), ["RL314"]);
        client.open(&cli, TELLS);
        client.diagnostics(&cli);
        client.replace(&cli, &format!("{TELLS}def ("));
        client.diagnostics(&cli);
        client.replace(&cli, TELLS);
        client.diagnostics(&cli);
        client.replace(&starter, &format!("\n{STARTER}"));
        assert_eq!(codes(&client.diagnostics(&starter)), ["RL314"]);
        client.stop();
    }
}

#[test]
fn files_that_are_renamed_or_deleted_outside_leave_no_problem_behind() {
    for capabilities in [Capabilities::PUSH, Capabilities::PULL] {
        let folder = project();
        let mut client = Client::start(folder.path(), capabilities);
        let (starter, cli, moved) = (client.uri("tool/__main__.py"), client.uri("tool/cli.py"), client.uri("tool/moved.py"));
        client.open(&starter, STARTER);
        assert_eq!(codes(&client.diagnostics(&starter)), ["RL314"]);
        fs::rename(folder.path().join("tool/cli.py"), folder.path().join("tool/moved.py")).expect("the file is there");
        let changes = json!([{ "uri": cli, "type": 3 }, { "uri": moved, "type": 1 }]);
        client.notify("workspace/didChangeWatchedFiles", json!({ "changes": changes }));
        assert_eq!(codes(&client.changed_diagnostics(&starter)), [""; 0], "what it imports is not there");
        client.replace(&starter, &STARTER.replace("tool.cli", "tool.moved"));
        assert_eq!(codes(&client.diagnostics(&starter)), ["RL314"]);
        // A folder that goes is said as one.
        client.replace(&starter, STARTER);
        fs::rename(folder.path().join("tool/moved.py"), folder.path().join("tool/cli.py")).expect("the file is there");
        client.notify("workspace/didRenameFiles", json!({ "files": [{ "oldUri": moved, "newUri": cli }] }));
        client.diagnostics(&starter);
        client.replace(&starter, &format!("\n{STARTER}"));
        assert_eq!(codes(&client.diagnostics(&starter)), ["RL314"]);
        client.stop();
    }
}

#[test]
fn a_folder_that_is_reached_through_a_link_keeps_its_name() {
    let (folder, other) = (project(), tempfile::tempdir().expect("a folder"));
    let link = other.path().join("link");
    std::os::unix::fs::symlink(folder.path(), &link).expect("a link");
    for capabilities in [Capabilities::PUSH, Capabilities::PULL] {
        let mut client = Setup::new(&link, capabilities).start();
        let uri = |name: &str| format!("file://{}", link.join(name).display());
        client.open(&uri("tool/__main__.py"), STARTER);
        let found = client.diagnostics(&uri("tool/__main__.py"));
        assert_eq!(codes(&found), ["RL314"]);
        assert_eq!(found[0]["relatedInformation"][0]["location"]["uri"], uri("tool/cli.py"));
        client.open(&uri("tool/cli.py"), SILENT);
        assert_eq!(codes(&client.changed_diagnostics(&uri("tool/__main__.py"))), [""; 0]);
        if capabilities.pulls {
            let all = client.request("workspace/diagnostic", json!({ "previousResultIds": [] }));
            let uris: Vec<&str> = all["items"].as_array().expect("items").iter().filter_map(|item| item["uri"].as_str()).collect();
            assert_eq!(uris, [uri("tool/end.py")], "open documents are asked for one by one");
        }
        client.stop();
    }
}

#[test]
fn an_address_is_answered_as_the_client_spells_it() {
    let folder = project();
    fs::write(folder.path().join("tool/a b é.py"), "quit()\n").expect("a module");
    let mut client = Client::start(folder.path(), Capabilities::PUSH);
    for spelling in ["tool/a%20b%20%c3%a9.py", "tool/a%20b%20é.py", "tool/a%20b%20%C3%A9%2Epy"] {
        let uri = client.uri(spelling);
        client.open(&uri, "quit()\n");
        assert_eq!(codes(&client.diagnostics(&uri)), ["RL310"], "{spelling}");
        client.close(&uri);
        assert_eq!(client.diagnostics(&uri), json!([]), "{spelling}");
    }
    client.stop();
}
