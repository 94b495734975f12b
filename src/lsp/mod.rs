//! The server for editors: the Language Server Protocol 3.17 over standard input and output.
//!
//! - [`transport`]: messages over streams; [`process`]: whether the client lives;
//! - [`server`]: the main loop: it answers what must be answered at once and passes the rest on, in order;
//! - [`session`]: what is known about a client, and which handler each message goes to. The handlers: [`initialize`] (what is offered), [`sync`] (documents and
//!   files), [`configuration`] and [`settings`], [`findings`] (in open documents), [`workspace`] and [`survey`] (in all files), [`actions`],
//!   [`hover`], [`commands`];
//! - [`client`]: what the client says about itself; [`addresses`]: what it calls files; [`log`]: what it is told about the session;
//! - [`documents`]: the open documents and their edits; [`position`]: places in a text;
//! - [`world`]: what the analysis sees: the documents above the files on disk, kept from edit to edit;
//! - [`report`]: findings as the protocol's diagnostics.
//!
//! Invariants: nothing that a client sends ends the server but `exit` and the end of the stream; only this module knows the protocol's types;
//! a document's findings are those of the command line for a file of its text.

pub mod actions;
pub mod addresses;
pub mod client;
pub mod commands;
pub mod configuration;
pub mod documents;
pub mod findings;
pub mod hover;
pub mod initialize;
pub mod log;
pub mod position;
pub mod process;
pub mod report;
pub mod server;
pub mod session;
pub mod settings;
pub mod survey;
pub mod sync;
pub mod transport;
pub mod workspace;
pub mod world;

use std::io;
use std::thread;

use anyhow::Context as _;

use crate::ExitStatus;
use server::End;

/// Serves the client at standard input and output until it says `exit` or is gone.
///
/// # Errors
/// If a thread cannot be started.
pub fn serve() -> anyhow::Result<ExitStatus> {
    let incoming = transport::read(io::BufReader::new(io::stdin()));
    let (client, writer) = transport::write(io::stdout());
    let server = thread::Builder::new().name("server".to_owned()).spawn(move || server::run(&incoming, &client));
    let end = server.context("no thread could be started")?.join().unwrap_or(End::Abrupt);
    // What nobody reads any more may never be written.
    if end != End::Orphaned {
        let _ = writer.join();
    }
    // The protocol asks for status 1 where no `shutdown` came before the end.
    Ok(if end == End::Orderly { ExitStatus::Clean } else { ExitStatus::Findings })
}
