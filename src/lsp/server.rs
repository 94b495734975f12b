//! The main loop. It answers what must not wait (the life cycle of the server, cancellation), and passes everything else on to a thread that
//! works it off in order: nothing here can take long.

use std::collections::HashMap;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use crossbeam_channel::{Receiver, RecvTimeoutError, Sender, unbounded};
use gen_lsp_types::InitializeParams;
use lsp_server::{ErrorCode, Message, Notification, Request, RequestId, Response};
use pyrelint_lints::lint::STACK_SIZE;

use super::session::Session;
use super::transport::Incoming;
use crate::check::panics;

/// How often it is looked whether the client's process still lives.
const HEARTBEAT: Duration = Duration::from_secs(5);

/// The requests that wait for their turn, and whether the client does not want them answered any more. What was answered is forgotten, however
/// late the client takes it back.
type Waiting = Arc<Mutex<HashMap<RequestId, bool>>>;

/// Serves until the client says `exit`, closes the stream or dies. Returns whether it said `shutdown` before `exit`.
pub fn run(incoming: &Receiver<Incoming>, client: &Sender<Message>) -> bool {
    let Some((id, params)) = initialization(incoming, client) else { return false };
    let process = params.process_id;
    let (session, result) = Session::new(&params, client.clone());
    send(client, Response::new_ok(id, result));
    let waiting = Waiting::default();
    let (tasks, receiver) = unbounded();
    let worker = {
        let (waiting, client) = (Arc::clone(&waiting), client.clone());
        let builder = thread::Builder::new().name("session".to_owned()).stack_size(STACK_SIZE);
        builder.spawn(move || work(session, &receiver, &waiting, &client))
    };
    let Ok(worker) = worker else { return false };
    let orderly = serve(incoming, client, &tasks, &waiting, process);
    drop(tasks);
    if orderly {
        let _ = worker.join();
    }
    orderly
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
    tasks: &Sender<Message>,
    waiting: &Waiting,
    process: Option<i32>,
) -> bool {
    let mut shut_down = false;
    loop {
        let message = match incoming.recv_timeout(HEARTBEAT) {
            Ok(message) => message,
            Err(RecvTimeoutError::Timeout) if process.is_none_or(is_alive) => continue,
            Err(_) => return false,
        };
        match message {
            Incoming::Message(Message::Notification(notification)) => match &*notification.method {
                "exit" => return shut_down,
                "$/cancelRequest" => cancel(notification, waiting),
                _ => drop(tasks.send(Message::Notification(notification))),
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
                let _ = tasks.send(message);
            }
            Incoming::Malformed(reason) => malformed(client, &reason),
        }
    }
}

fn cancel(notification: Notification, waiting: &Waiting) {
    #[derive(serde::Deserialize)]
    struct Params {
        id: RequestId,
    }
    if let Ok(Params { id }) = serde_json::from_value(notification.params) {
        waiting.lock().unwrap_or_else(PoisonError::into_inner).entry(id).and_modify(|is_cancelled| *is_cancelled = true);
    }
}

/// Works off what the client sent. When there is nothing more to read, what has changed is published.
fn work(mut session: Session, tasks: &Receiver<Message>, waiting: &Waiting, client: &Sender<Message>) {
    loop {
        let message = match session.patience() {
            None => tasks.recv().map_err(|_| RecvTimeoutError::Disconnected),
            Some(patience) => tasks.recv_timeout(patience),
        };
        let message = match message {
            Ok(message) => message,
            Err(RecvTimeoutError::Timeout) => {
                if let Err(panic) = panics::catch(|| session.settled()) {
                    session.log(&format!("internal error: {panic}"));
                }
                continue;
            }
            Err(RecvTimeoutError::Disconnected) => return,
        };
        match message {
            Message::Notification(notification) => {
                let method = notification.method.clone();
                if let Err(panic) = panics::catch(|| session.notified(notification)) {
                    session.log(&format!("internal error in `{method}`: {panic}"));
                }
            }
            Message::Request(request) => {
                let (id, method) = (request.id.clone(), request.method.clone());
                if waiting.lock().unwrap_or_else(PoisonError::into_inner).remove(&id) == Some(true) {
                    let text = "the client cancelled the request".to_owned();
                    send(client, Response::new_err(id, ErrorCode::RequestCanceled as i32, text));
                    continue;
                }
                let response = panics::catch(|| answer(&mut session, request)).unwrap_or_else(|panic| {
                    let text = format!("internal error in `{method}`: {panic}");
                    Response::new_err(id, ErrorCode::InternalError as i32, text)
                });
                send(client, response);
            }
            Message::Response(_) => {}
        }
    }
}

fn answer(session: &mut Session, request: Request) -> Response {
    let Request { id, method, params } = request;
    match session.asked(&method, params) {
        Some(Ok(result)) => Response::new_ok(id, result),
        Some(Err(error)) => {
            Response::new_err(id, ErrorCode::InvalidParams as i32, format!("the parameters of `{method}` cannot be read: {error}"))
        }
        None => Response::new_err(id, ErrorCode::MethodNotFound as i32, format!("`{method}` is not supported")),
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

/// Whether a process lives, as far as that can be told here.
fn is_alive(process: i32) -> bool {
    let processes = Path::new("/proc");
    !processes.join("self").exists() || processes.join(process.to_string()).exists()
}
