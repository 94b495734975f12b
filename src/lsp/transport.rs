//! Messages over two streams (LSP 3.17, "Base Protocol"): what cannot be read is answered, and the next message is read.

use std::io::{self, BufRead, Read, Write};

use crossbeam_channel::{Receiver, Sender, unbounded};
use lsp_server::Message;

/// The longest message that is kept, in bytes; longer ones are passed over.
const MAX_MESSAGE: u64 = 1 << 30;

/// The longest line of a header.
const MAX_HEADER: u64 = 8 << 10;

/// What the other side sent.
#[derive(Debug)]
pub enum Incoming {
    /// A message.
    Message(Message),
    /// Something else, and what is wrong with it.
    Malformed(String),
}

/// Reads messages until the stream ends. The thread that does so ends with the stream, or when nobody listens.
pub fn read(mut input: impl BufRead + Send + 'static) -> Receiver<Incoming> {
    let (sender, receiver) = unbounded();
    std::thread::spawn(move || {
        while let Ok(Some(message)) = next(&mut input) {
            if sender.send(message).is_err() {
                break;
            }
        }
    });
    receiver
}

/// Writes messages until nobody sends any more or the stream is closed. Returns when everything is written.
pub fn write(mut output: impl Write + Send + 'static) -> (Sender<Message>, std::thread::JoinHandle<()>) {
    let (sender, receiver) = unbounded::<Message>();
    let writer = std::thread::spawn(move || {
        for message in receiver {
            if message.write(&mut output).and_then(|()| output.flush()).is_err() {
                break;
            }
        }
    });
    (sender, writer)
}

/// The next message; `None` at the end of the stream.
fn next(input: &mut impl BufRead) -> io::Result<Option<Incoming>> {
    let mut length = None;
    let mut seen = false;
    loop {
        let mut line = Vec::new();
        if input.by_ref().take(MAX_HEADER).read_until(b'\n', &mut line)? == 0 {
            return Ok(None);
        }
        let line = String::from_utf8_lossy(line.trim_ascii()).into_owned();
        if line.is_empty() {
            // Blank lines between messages are passed over.
            if seen {
                break;
            }
            continue;
        }
        seen = true;
        if let Some((name, value)) = line.split_once(':')
            && name.trim().eq_ignore_ascii_case("content-length")
        {
            length = value.trim().parse::<u64>().ok();
        }
    }
    let Some(length) = length else {
        return Ok(Some(Incoming::Malformed("a message has no valid Content-Length".to_owned())));
    };
    if length > MAX_MESSAGE {
        io::copy(&mut input.by_ref().take(length), &mut io::sink())?;
        return Ok(Some(Incoming::Malformed(format!("a message of {length} bytes is too long"))));
    }
    let mut content = Vec::new();
    if input.by_ref().take(length).read_to_end(&mut content)? as u64 != length {
        return Ok(None);
    }
    Ok(Some(match serde_json::from_slice(&content) {
        Ok(message) => Incoming::Message(message),
        Err(error) => Incoming::Malformed(format!("a message cannot be read: {error}")),
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(text: &str) -> Vec<String> {
        let mut input = text.as_bytes();
        let mut found = Vec::new();
        while let Ok(Some(message)) = next(&mut input) {
            found.push(match message {
                Incoming::Message(Message::Notification(notification)) => notification.method,
                Incoming::Message(_) => "another".to_owned(),
                Incoming::Malformed(reason) => reason.split(':').next().unwrap_or_default().to_owned(),
            });
        }
        found
    }

    #[test]
    fn what_is_broken_does_not_end_the_stream() {
        let good = "{\"jsonrpc\":\"2.0\",\"method\":\"exit\"}";
        let frame = |content: &str| format!("Content-Length: {}\r\n\r\n{content}", content.len());
        let text = [frame("{"), frame(good), "X: y\r\n\r\n".to_owned(), frame("[]"), frame(good)].concat();
        let expected = ["a message cannot be read", "exit", "a message has no valid Content-Length", "a message cannot be read", "exit"];
        assert_eq!(all(&text), expected);
        assert_eq!(all(&format!("content-length:{}\n\n{good}", good.len())), ["exit"]);
        assert_eq!(all("Content-Length: 99\r\n\r\n{}"), Vec::<String>::new(), "the stream ends inside a message");
    }
}
