//! The main loop. It answers what must not wait (the life cycle of the server, cancellation), and passes everything else on to a thread that
//! works it off in order: nothing here can take long.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use crossbeam_channel::{Receiver, RecvTimeoutError, Sender, unbounded};
use gen_lsp_types::InitializeParams;
use lsp_server::{ErrorCode, Message, Notification, Request, RequestId, Response};
use pyrelint_lints::lint::STACK_SIZE;
use serde::Deserialize as _;

use super::process::Client;
use super::session::{Answer, Refusal, Session};
use super::survey::{FileReport, Reports};
use super::transport::Incoming;
use crate::check::panics;

/// How often it is looked whether the client's process still lives.
const HEARTBEAT: Duration = Duration::from_secs(3);

/// What the session works off.
#[derive(Debug)]
pub enum Task {
    /// The client said something.
    Message(Message),
    /// A survey of this number found something.
    Batch(u64, Vec<FileReport>),
    /// A survey of this number has come to its end.
    Surveyed(u64, Result<Reports, String>),
    /// The client has gone.
    Stop,
}

/// How the conversation ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// By `shutdown` and `exit`.
    Orderly,
    /// By `exit` alone, or the end of the stream.
    Abrupt,
    /// The client's process is gone, and nobody reads any more.
    Orphaned,
}

/// The requests that wait for their turn, and whether the client does not want them answered any more. What was answered is forgotten, however
/// late the client takes it back.
type Waiting = Arc<Mutex<HashMap<RequestId, bool>>>;

/// Serves until the client says `exit`, closes the stream or dies.
pub fn run(incoming: &Receiver<Incoming>, client: &Sender<Message>) -> End {
    let Some((id, params)) = initialization(incoming, client) else { return End::Abrupt };
    let process = params.process_id.map(Client::new);
    let (tasks, receiver) = unbounded();
    let (session, result) = Session::new(&params, client.clone(), tasks.clone());
    send(client, Response::new_ok(id, result));
    let waiting = Waiting::default();
    let worker = {
        let (waiting, client) = (Arc::clone(&waiting), client.clone());
        let builder = thread::Builder::new().name("session".to_owned()).stack_size(STACK_SIZE);
        builder.spawn(move || work(session, &receiver, &waiting, &client))
    };
    let Ok(worker) = worker else { return End::Abrupt };
    let end = serve(incoming, client, &tasks, &waiting, process.as_ref());
    let _ = tasks.send(Task::Stop);
    if end == End::Orderly {
        let _ = worker.join();
    }
    end
}

/// Waits for `initialize`; `None` where the client leaves before.
fn initialization(incoming: &Receiver<Incoming>, client: &Sender<Message>) -> Option<(RequestId, Box<InitializeParams>)> {
    for message in incoming {
        match message {
            Incoming::Message(Message::Request(request)) if request.method == "initialize" => {
                match serde_json::from_value(request.params) {
                    Ok(params) => return Some((request.id, Box::new(params))),
                    Err(error) => {
                        let text = format!("the parameters of `initialize` cannot be read: {error}");
                        send(client, Response::new_err(request.id, ErrorCode::InvalidParams as i32, text));
                    }
                }
            }
            Incoming::Message(Message::Request(request)) => {
                let text = "the server waits for `initialize`".to_owned();
                send(client, Response::new_err(request.id, ErrorCode::ServerNotInitialized as i32, text));
            }
            Incoming::Message(Message::Notification(notification)) if notification.method == "exit" => return None,
            Incoming::Message(_) => {}
            Incoming::Malformed(reason) => malformed(client, &reason),
        }
    }
    None
}

fn serve(
    incoming: &Receiver<Incoming>,
    client: &Sender<Message>,
    tasks: &Sender<Task>,
    waiting: &Waiting,
    process: Option<&Client>,
) -> End {
    let mut shut_down = false;
    loop {
        let message = match incoming.recv_timeout(HEARTBEAT) {
            Ok(message) => message,
            Err(RecvTimeoutError::Timeout) if process.is_none_or(Client::is_alive) => continue,
            Err(RecvTimeoutError::Timeout) => return End::Orphaned,
            Err(RecvTimeoutError::Disconnected) => return End::Abrupt,
        };
        match message {
            Incoming::Message(Message::Notification(notification)) => match &*notification.method {
                "exit" => return if shut_down { End::Orderly } else { End::Abrupt },
                "$/cancelRequest" => cancel(notification, waiting, tasks),
                _ => drop(tasks.send(Task::Message(notification.into()))),
            },
            Incoming::Message(Message::Request(request)) if request.method == "shutdown" => {
                shut_down = true;
                send(client, Response::new_ok(request.id, ()));
            }
            Incoming::Message(Message::Request(request)) if shut_down || request.method == "initialize" => {
                let text = if shut_down { "the server was shut down" } else { "the server is initialized already" };
                send(client, Response::new_err(request.id, ErrorCode::InvalidRequest as i32, text.to_owned()));
            }
            Incoming::Message(message) => {
                if let Message::Request(request) = &message {
                    waiting.lock().unwrap_or_else(PoisonError::into_inner).insert(request.id.clone(), false);
                }
                let _ = tasks.send(Task::Message(message));
            }
            Incoming::Malformed(reason) => malformed(client, &reason),
        }
    }
}

/// The parameters of `$/cancelRequest`.
#[derive(serde::Deserialize)]
struct Cancelled {
    id: RequestId,
}

fn cancel(notification: Notification, waiting: &Waiting, tasks: &Sender<Task>) {
    if let Ok(Cancelled { id }) = Cancelled::deserialize(&notification.params) {
        // It may be under way already.
        let _ = tasks.send(Task::Message(notification.into()));
        waiting.lock().unwrap_or_else(PoisonError::into_inner).entry(id).and_modify(|is_cancelled| *is_cancelled = true);
    }
}

/// Works off what the client sent. When there is nothing more to read, what has changed is published.
fn work(mut session: Session, tasks: &Receiver<Task>, waiting: &Waiting, client: &Sender<Message>) {
    loop {
        let task = match session.patience() {
            None => tasks.recv().map_err(|_| RecvTimeoutError::Disconnected),
            Some(patience) => tasks.recv_timeout(patience),
        };
        let outcome = match task {
            Ok(Task::Message(message)) => {
                handle(&mut session, message, waiting, client);
                continue;
            }
            Ok(Task::Batch(number, files)) => panics::catch(|| session.surveyed_in_part(number, &files)),
            Ok(Task::Surveyed(number, found)) => panics::catch(|| session.surveyed(number, found)),
            Err(RecvTimeoutError::Timeout) => panics::catch(|| session.settled()),
            Ok(Task::Stop) | Err(RecvTimeoutError::Disconnected) => return session.surveys.stop(),
        };
        if let Err(panic) = outcome {
            session.error(&format!("internal error: {panic}"));
        }
    }
}

/// Hands a message to the session. Whatever happens there, a request is answered.
fn handle(session: &mut Session, message: Message, waiting: &Waiting, client: &Sender<Message>) {
    match message {
        Message::Notification(notification) => {
            let method = notification.method.clone();
            let outcome = panics::catch(|| match &*notification.method {
                "$/cancelRequest" => {
                    if let Ok(Cancelled { id }) = serde_json::from_value(notification.params) {
                        session.cancelled(&id);
                    }
                }
                _ => session.notified(notification),
            });
            if let Err(panic) = outcome {
                session.error(&format!("internal error in `{method}`: {panic}"));
            }
        }
        Message::Request(request) => {
            let (id, method) = (request.id.clone(), request.method.clone());
            if waiting.lock().unwrap_or_else(PoisonError::into_inner).remove(&id) == Some(true) {
                let text = "the client cancelled the request".to_owned();
                send(client, Response::new_err(id, ErrorCode::RequestCanceled as i32, text));
                return;
            }
            let response = panics::catch(|| answer(session, request)).unwrap_or_else(|panic| {
                let text = format!("internal error in `{method}`: {panic}");
                Some(Response::new_err(id, ErrorCode::InternalError as i32, text))
            });
            if let Some(response) = response {
                send(client, response);
            }
        }
        Message::Response(response) => {
            if let Err(panic) = panics::catch(|| session.answered(response)) {
                session.error(&format!("internal error in an answer: {panic}"));
            }
        }
    }
}

/// The answer to a request; `None` where it comes later.
fn answer(session: &mut Session, request: Request) -> Option<Response> {
    let Request { id, method, params } = request;
    match session.asked(&id, &method, params) {
        Some(Answer::Now(Ok(result))) => Some(Response::new_ok(id, result)),
        Some(Answer::Now(Err(Refusal { code, message }))) => Some(Response::new_err(id, code as i32, format!("`{method}`: {message}"))),
        Some(Answer::Later) => None,
        None => Some(Response::new_err(id, ErrorCode::MethodNotFound as i32, format!("`{method}` is not supported"))),
    }
}

/// A message that cannot be read has no number to answer to (JSON-RPC 2.0, "Response object").
fn malformed(client: &Sender<Message>, reason: &str) {
    let params = serde_json::json!({ "type": 1, "message": format!("pyrelint: {reason}") });
    send(client, Notification::new("window/logMessage".to_owned(), params));
}

fn send(client: &Sender<Message>, message: impl Into<Message>) {
    // It fails only when the stream is closed; then nobody waits for it.
    let _ = client.send(message.into());
}
