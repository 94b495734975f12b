//! The server, in this process: what a client sends, as bytes or as messages.

use std::io::{BufReader, Cursor};
use std::time::Duration;

use lsp_server::Message;
use pyrelint::lsp::{server, transport};
use serde_json::{Value, json};

use super::properties::Checked;
use super::worker::Case;

/// A stream of bytes from a client. Whatever it is, the server ends with it, and says nothing of an error of its own.
pub(crate) fn stream(case: &Case) -> Checked {
    let bytes = case.iter().flat_map(|(_, bytes)| bytes.iter().copied()).collect::<Vec<_>>();
    let incoming = transport::read(BufReader::new(Cursor::new(bytes)));
    let (client, said) = crossbeam_channel::unbounded();
    let worker = std::thread::spawn(move || server::run(&incoming, &client));
    worker.join().map_err(|_| "the server panicked".to_owned())?;
    // The session may still be at work on what the client sent last: its end of the channel closes when it is done.
    loop {
        match said.recv_timeout(Duration::from_secs(100)) {
            Ok(Message::Response(response)) => {
                if let Err(error) = &response.response_result
                    && error.message.contains("internal error")
                {
                    return Err(error.message.clone());
                }
            }
            Ok(Message::Notification(notification)) => {
                let text = notification.params["message"].as_str().unwrap_or_default();
                if text.contains("internal error") {
                    return Err(text.to_owned());
                }
            }
            Ok(Message::Request(_)) => {}
            Err(crossbeam_channel::RecvTimeoutError::Disconnected) => return Ok(()),
            Err(crossbeam_channel::RecvTimeoutError::Timeout) => return Err("the session does not end".to_owned()),
        }
    }
}

/// A message as it goes over the wire.
pub(crate) fn framed(message: &Value) -> Vec<u8> {
    let text = message.to_string();
    format!("Content-Length: {}\r\n\r\n{text}", text.len()).into_bytes()
}

/// What a client says first.
pub(crate) fn hello(encoding: &str) -> Vec<u8> {
    let folder = std::env::current_dir().map(|folder| format!("file://{}", folder.display())).unwrap_or_default();
    let parameters = json!({
        "processId": null, "rootUri": folder,
        "capabilities": { "general": { "positionEncodings": [encoding] }, "textDocument": { "diagnostic": {} }, "workspace": { "configuration": false } },
    });
    let first = framed(&json!({ "jsonrpc": "2.0", "id": 0, "method": "initialize", "params": parameters }));
    [first, framed(&json!({ "jsonrpc": "2.0", "method": "initialized", "params": {} }))].concat()
}

/// A client that edits a document. At the end, and now and then before, the findings are those of a document opened with the same text.
pub(crate) fn edits(case: &Case) -> Checked {
    let Some((_, script)) = case.first() else { return Ok(()) };
    let Ok(Value::Array(changes)) = serde_json::from_slice::<Value>(script) else { return Ok(()) };
    let (sender, incoming) = crossbeam_channel::unbounded();
    let (client, said) = crossbeam_channel::unbounded();
    let worker = std::thread::spawn(move || server::run(&incoming, &client));
    let send = |message: Value| {
        let message: Message = serde_json::from_value(message).expect("a message");
        let _ = sender.send(transport::Incoming::Message(message));
    };
    let mut id = 0;
    let mut ask = |method: &str, parameters: Value| -> Result<Value, String> {
        id += 1;
        send(json!({ "jsonrpc": "2.0", "id": id, "method": method, "params": parameters }));
        loop {
            match said.recv_timeout(Duration::from_secs(100)).map_err(|error| format!("{method}: {error}"))? {
                Message::Response(response) if response.id == lsp_server::RequestId::from(id) => {
                    return response.response_result.map_err(|error| format!("{method}: {}", error.message));
                }
                Message::Notification(notification) if notification.params.to_string().contains("internal error") => {
                    return Err(notification.params.to_string());
                }
                _ => {}
            }
        }
    };
    let tell = |method: &str, parameters: Value| send(json!({ "jsonrpc": "2.0", "method": method, "params": parameters }));
    let folder = std::env::current_dir().map(|folder| format!("file://{}", folder.display())).unwrap_or_default();
    ask("initialize", json!({ "processId": null, "rootUri": folder, "capabilities": { "textDocument": { "diagnostic": {} } } }))?;
    tell("initialized", json!({}));
    let (uri, fresh) = (format!("{folder}/a.py"), format!("{folder}/b.py"));
    let mut text: Vec<u16> = Vec::new();
    tell("textDocument/didOpen", json!({ "textDocument": { "uri": uri, "languageId": "python", "version": 1, "text": "" } }));
    for (number, change) in changes.iter().enumerate() {
        let (Some(at), Some(length), Some(new)) = (change[0].as_u64(), change[1].as_u64(), change[2].as_str()) else { continue };
        let start = usize::try_from(at).unwrap_or_default() % (text.len() + 1);
        let (start, from) = position(&text, start);
        let (end, to) = position(&text, (start + usize::try_from(length).unwrap_or_default()).min(text.len()));
        text.splice(start..end.max(start), new.encode_utf16());
        let range = json!({ "start": from, "end": if end < start { from.clone() } else { to } });
        tell(
            "textDocument/didChange",
            json!({ "textDocument": { "uri": uri, "version": number + 2 }, "contentChanges": [{ "range": range, "text": new }] }),
        );
        if number % 8 == 7 || number + 1 == changes.len() {
            let whole = String::from_utf16_lossy(&text);
            let edited = ask("textDocument/diagnostic", json!({ "textDocument": { "uri": uri } }))?;
            tell("textDocument/didClose", json!({ "textDocument": { "uri": uri } }));
            tell("textDocument/didOpen", json!({ "textDocument": { "uri": fresh, "languageId": "python", "version": 1, "text": whole } }));
            let opened = ask("textDocument/diagnostic", json!({ "textDocument": { "uri": fresh } }))?;
            tell("textDocument/didClose", json!({ "textDocument": { "uri": fresh } }));
            tell(
                "textDocument/didOpen",
                json!({ "textDocument": { "uri": uri, "languageId": "python", "version": number + 2, "text": whole } }),
            );
            // While a text is broken, what was found before stays in sight.
            if pyrelint_lints::lint::parses(&whole) && heads(&edited) != heads(&opened) {
                return Err(format!("after {} edits: {edited}\nopened anew: {opened}\n{whole:?}", number + 1));
            }
        }
    }
    ask("shutdown", Value::Null)?;
    tell("exit", Value::Null);
    worker.join().map(drop).map_err(|_| "the server panicked".to_owned())
}

/// What diagnostics are about; their data name the document.
fn heads(report: &Value) -> Vec<(String, String, String)> {
    let items = report["items"].as_array().map(Vec::as_slice).unwrap_or_default();
    items
        .iter()
        .map(|one| (one["code"].to_string(), one["range"].to_string(), one["message"].to_string().replace("b.py", "a.py")))
        .collect()
}

/// The nearest place at or before an offset that has a position, with the position.
fn position(text: &[u16], mut offset: usize) -> (usize, Value) {
    let is_inside = |at: usize| {
        at > 0
            && at < text.len()
            && ((0xdc00..0xe000).contains(&text[at]) || (text[at - 1] == u16::from(b'\r') && text[at] == u16::from(b'\n')))
    };
    while is_inside(offset) {
        offset -= 1;
    }
    let before = String::from_utf16_lossy(&text[..offset]);
    let line = before.replace("\r\n", "\n").matches(['\r', '\n']).count();
    let last = &before[before.rfind(['\r', '\n']).map_or(0, |at| at + 1)..];
    (offset, json!({ "line": line, "character": last.encode_utf16().count() }))
}
