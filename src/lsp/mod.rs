//! The server for editors: the Language Server Protocol 3.17 over standard input and output.
//!
//! - [`transport`]: messages over streams;
//! - [`server`]: the main loop: it answers what must be answered at once and passes the rest on, in order;
//! - [`session`]: what the client said and asked for: one method for each notification and request;
//! - [`client`]: what the client says about itself;
//! - [`documents`]: the open documents and their edits;
//! - [`world`]: what the analysis sees: the documents above the files on disk, kept from edit to edit;
//! - [`report`]: findings as the protocol's diagnostics;
//! - [`actions`]: fixes and suppressions as code actions;
//! - [`position`]: places in a text.
//!
//! Invariants: nothing that a client sends ends the server but `exit` and the end of the stream; only this module knows the protocol's types;
//! a document's findings are those of the command line for a file of its text.

pub mod actions;
pub mod client;
pub mod documents;
pub mod position;
pub mod report;
pub mod server;
pub mod session;
pub mod transport;
pub mod world;

use std::io;
use std::thread;

use anyhow::Context as _;

use crate::ExitStatus;

/// Serves the client at standard input and output until it says `exit` or is gone.
///
/// # Errors
/// If a thread cannot be started.
pub fn serve() -> anyhow::Result<ExitStatus> {
    let incoming = transport::read(io::BufReader::new(io::stdin()));
    let (client, writer) = transport::write(io::stdout());
    let server = thread::Builder::new().name("server".to_owned()).spawn(move || server::run(&incoming, &client));
    let orderly = server.context("no thread could be started")?.join().unwrap_or(false);
    let _ = writer.join();
    // The protocol asks for status 1 where no `shutdown` came before the end.
    Ok(if orderly { ExitStatus::Clean } else { ExitStatus::Findings })
}
