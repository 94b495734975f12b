//! How the server starts and ends, and what it bears.

use std::io::Write as _;
use std::time::Duration;

use serde_json::{Value, json};

use super::client::{Capabilities, Client, Setup};
use super::{FIXABLE, codes, project};

#[test]
fn whatever_a_client_sends_the_server_goes_on() {
    let folder = project();
    let mut client = Client::start(folder.path(), Capabilities::PULL);
    let uri = client.uri("tool/end.py");
    client.raw(b"Content-Length: 9\r\n\r\n{not json");
    client.raw(b"Nonsense: 1\r\n\r\n");
    client.notify("textDocument/didOpen", json!({ "bogus": 1 }));
    client.notify("textDocument/didChange", json!({ "textDocument": { "uri": "file:///nowhere.py", "version": 2 }, "contentChanges": [] }));
    client.notify("textDocument/didClose", json!({ "textDocument": { "uri": "no URI at all" } }));
    client.notify("$/cancelRequest", json!({ "id": 99 }));
    client.notify("workspace/didChangeConfiguration", json!(null));
    assert_eq!(client.error("no/such", json!({})), -32601);
    assert_eq!(client.error("textDocument/hover", json!([])), -32602);
    assert_eq!(client.error("initialize", json!({})), -32600);
    client.open(&uri, &format!("quit()\nx = {}1\n", "-".repeat(60_000)));
    assert_eq!(codes(&client.diagnostics(&uri)), ["RL003"]);
    client.replace(&uri, FIXABLE);
    let inverted = json!({ "start": { "line": 2, "character": 5 }, "end": { "line": 0, "character": 0 } });
    client.edit(&uri, &json!({ "range": inverted, "text": "" }));
    let outside = json!({ "start": { "line": 4_000_000_000_u32, "character": 7 }, "end": { "line": 4_000_000_000_u32, "character": 9 } });
    client.edit(&uri, &json!({ "range": outside, "text": "\nimport sys\n" }));
    client.open("untitled:Untitled-1", "quit()\n");
    assert_eq!(codes(&client.diagnostics("untitled:Untitled-1")), ["RL310"]);
    assert_eq!(client.stop(), Some(0));
}

#[test]
fn shutdown_is_accepted_in_every_form_and_exit_tells_whether_it_came() {
    let folder = project();
    for params in [json!(null), json!({}), json!([])] {
        let mut client = Client::start(folder.path(), Capabilities::PUSH);
        assert_eq!(client.request("shutdown", params), Value::Null);
        assert_eq!(client.error("textDocument/hover", json!({})), -32600);
        client.notify("exit", Value::Null);
        assert_eq!(client.wait(), Some(0));
    }
    let mut client = Client::start(folder.path(), Capabilities::PUSH);
    client.notify("exit", Value::Null);
    assert_eq!(client.wait(), Some(1));
    // The client is gone without a word.
    assert_eq!(Client::start(folder.path(), Capabilities::PUSH).hang_up(), Some(1));
}

#[test]
fn the_server_ends_with_its_client_even_if_the_streams_stay_open() {
    let folder = project();
    let mut other = std::process::Command::new("sleep").arg("600").spawn().expect("a process");
    let mut client = Setup { process: other.id(), ..Setup::new(folder.path(), Capabilities::PUSH) }.start();
    let uri = client.uri("tool/end.py");
    client.open(&uri, FIXABLE);
    assert!(!codes(&client.diagnostics(&uri)).is_empty());
    assert!(!client.ends_within(Duration::from_secs(4)), "its client lives");
    other.kill().and_then(|()| other.wait()).expect("the process ends");
    assert!(client.ends_within(Duration::from_secs(15)), "its client has gone");
}

#[test]
fn the_server_ends_with_its_parent_while_another_process_holds_the_streams() {
    // The parent is a shell that ends; what it started holds the streams open.
    let folder = project();
    let script = "exec 3<&0; \"$0\" server <&3 & echo $! >server; sleep 600 <&3 & echo $! >holder; echo $$ >parent; wait";
    let mut shell = std::process::Command::new("sh")
        .args(["-c", script, env!("CARGO_BIN_EXE_pyrelint")])
        .current_dir(folder.path())
        .stdin(std::process::Stdio::piped())
        .stdout(std::process::Stdio::null())
        .spawn()
        .expect("a shell");
    let number = |name: &str| {
        let path = folder.path().join(name);
        let patience = std::time::Instant::now();
        loop {
            if let Some(number) = std::fs::read_to_string(&path).ok().and_then(|text| text.trim().parse::<u32>().ok()) {
                return number;
            }
            assert!(patience.elapsed() < Duration::from_secs(20), "the shell writes {name}");
            std::thread::sleep(Duration::from_millis(20));
        }
    };
    let (server, holder, parent) = (number("server"), number("holder"), number("parent"));
    let message =
        json!({ "jsonrpc": "2.0", "id": 1, "method": "initialize", "params": { "processId": parent, "capabilities": {} } }).to_string();
    let mut input = shell.stdin.take().expect("its input");
    write!(input, "Content-Length: {}\r\n\r\n{message}", message.len()).and_then(|()| input.flush()).expect("the server reads");
    std::thread::sleep(Duration::from_secs(1));
    shell.kill().and_then(|()| shell.wait()).expect("the shell ends");
    let lives = |process: u32| {
        std::process::Command::new("sh")
            .args(["-c", &format!("kill -0 {process} 2>/dev/null")])
            .status()
            .is_ok_and(|status| status.success())
    };
    let start = std::time::Instant::now();
    while lives(server) && start.elapsed() < Duration::from_secs(15) {
        std::thread::sleep(Duration::from_millis(100));
    }
    let is_orphan = lives(server);
    for process in [holder].into_iter().chain(is_orphan.then_some(server)) {
        let _ = std::process::Command::new("kill").arg(process.to_string()).status();
    }
    drop(input);
    assert!(!is_orphan, "the server has no parent any more");
}
