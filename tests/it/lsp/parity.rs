//! The server says what the command line says.

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::{Value, json};

use super::client::{Capabilities, Setup};
use super::edits::without_version;
use crate::support;

/// Rules that are off by default, so that there is more to compare.
const MORE: &[&str] = &["RL110", "RL312", "RL313"];

/// How many files with findings are opened, and how many besides.
const FOUND: usize = 400;
/// In each package.
const OTHERS: usize = 10;

#[test]
fn the_server_says_what_the_command_line_says() {
    let Some(corpus) = support::corpus() else {
        support::skipped("the parity of server and command line", "the development corpus is not there");
        return;
    };
    let mut packages: Vec<_> = std::fs::read_dir(corpus).expect("the corpus").flatten().map(|entry| entry.path()).collect();
    packages.retain(|path| path.is_dir());
    packages.sort();
    let (mut with, mut without, mut found) = (0, 0, 0);
    let count = packages.len();
    for folder in packages {
        let mut others = 0;
        let output = support::run(&folder, &["--exit-zero", "--extend-select", &MORE.join(","), "--output-format", "json", "-q", "."]);
        let entries: Vec<Value> = serde_json::from_slice(&output.stdout).expect("JSON");
        let mut expected: BTreeMap<&str, Vec<&Value>> = BTreeMap::new();
        for entry in entries.iter().filter(|entry| !is_about_the_run(&entry["code"])) {
            expected.entry(entry["path"].as_str().expect("a path")).or_default().push(entry);
        }
        let capabilities = Capabilities { encoding: "utf-32", ..Capabilities::PULL };
        let mut client = Setup::new(&folder, capabilities).options(json!({ "extendSelect": MORE })).start();
        for path in python_files(&folder) {
            let shown = path.strip_prefix(&folder).expect("below").to_string_lossy().replace('\\', "/");
            let expected = expected.remove(shown.as_str()).unwrap_or_default();
            let is_edited = !expected.is_empty();
            let (counter, most) = if expected.is_empty() { (&mut others, OTHERS) } else { (&mut with, FOUND) };
            // Those of another encoding, no editor sends as they are.
            let Ok(text) = std::fs::read_to_string(&path) else { continue };
            if *counter == most {
                continue;
            }
            *counter += 1;
            let uri = client.uri(&shown);
            client.open(&uri, &text);
            let diagnostics = client.diagnostics(&uri);
            let actual: Vec<&Value> =
                diagnostics.as_array().expect("diagnostics").iter().filter(|one| !is_about_the_run(&one["code"])).collect();
            assert_eq!(actual.len(), expected.len(), "{}: {shown}: {actual:?} {expected:?}", folder.display());
            for (actual, expected) in actual.iter().zip(expected) {
                assert_same(actual, expected);
            }
            if is_edited {
                // Lines that come and go: what is taken over from text to text must end up where it was.
                let lines = text.lines().count();
                let edits = [(lines / 3, 0, "\n# typed\n"), (2 * lines / 3, 0, "# é\n"), (2 * lines / 3, 1, ""), (lines / 3, 2, "")];
                for (line, removed, typed) in edits {
                    let (start, end) = (json!({ "line": line, "character": 0 }), json!({ "line": line + removed, "character": 0 }));
                    client.edit(&uri, &json!({ "range": { "start": start, "end": end }, "text": typed }));
                    let of_this_text = client.diagnostics(&uri);
                    if removed == 2 {
                        assert_eq!(without_version(of_this_text), without_version(diagnostics.clone()), "{}: {shown}", folder.display());
                    }
                }
            }
            client.close(&uri);
            found += actual.len();
        }
        client.stop();
        without += others;
    }
    println!("{} files, {found} findings in {with}: the server and the command line agree", with + without);
    assert!(with > 100 && without > 5 * count, "{with} files with findings, {without} without");
}

/// A diagnostic of the server (UTF-32) and a finding of the command line are the same in all that both say.
#[track_caller]
pub(super) fn assert_same(actual: &Value, expected: &Value) {
    assert_eq!(actual["code"], expected["code"]);
    let help = expected["help"].as_str().map(|help| format!("\nhelp: {help}")).unwrap_or_default();
    let message = format!("{} [{}]{help}", expected["message"].as_str().expect("a message"), expected["name"].as_str().expect("a name"));
    assert_eq!(actual["message"], message.as_str());
    assert_eq!(
        actual["severity"],
        json!(["error", "warning", "info"].iter().position(|word| expected["severity"] == *word).map(|at| at + 1))
    );
    assert_eq!(place(&actual["range"]), written(expected), "{expected}");
    let related = actual["relatedInformation"].as_array().map(Vec::as_slice).unwrap_or_default();
    let places = expected["related"].as_array().expect("related places");
    assert_eq!(related.len(), places.len(), "{expected}");
    for (related, place_of) in related.iter().zip(places) {
        assert_eq!(related["message"], place_of["message"]);
        assert_eq!(place(&related["location"]["range"]), written(place_of));
        let uri = related["location"]["uri"].as_str().expect("a URI");
        assert!(uri.ends_with(place_of["path"].as_str().expect("a path")), "{uri}: {place_of}");
    }
    let (carried, fix) = (&actual["data"]["fix"], &expected["fix"]);
    assert_eq!(carried["applicability"], fix["applicability"], "{expected}");
    let new = |edits: &Value, key: &str| edits.as_array().into_iter().flatten().map(|edit| edit[key].clone()).collect::<Vec<_>>();
    assert_eq!(new(&carried["edits"], "newText"), new(&fix["edits"], "replacement"), "{expected}");
}

/// A range of the protocol, counted from 1.
fn place(range: &Value) -> [u64; 4] {
    [&range["start"]["line"], &range["start"]["character"], &range["end"]["line"], &range["end"]["character"]]
        .map(|value| value.as_u64().expect("a number") + 1)
}

fn written(place: &Value) -> [u64; 4] {
    ["line", "column", "end_line", "end_column"].map(|key| place[key].as_u64().expect("a number"))
}

/// Which files cannot be read or parsed is said otherwise in an editor; which comments silence nothing is not.
fn is_about_the_run(code: &Value) -> bool {
    code == "RL001" || code == "RL003"
}

fn python_files(folder: &Path) -> Vec<std::path::PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(at) = folders.pop() {
        for entry in std::fs::read_dir(&at).into_iter().flatten().flatten() {
            let path = entry.path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "py") {
                found.push(path);
            }
        }
    }
    found.sort();
    found
}
