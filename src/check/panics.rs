//! Panics: a mistake of this program in one file must not end the run.

use std::any::Any;
use std::cell::RefCell;
use std::panic::{self, AssertUnwindSafe};

thread_local! {
    /// What the last panic of this thread said, and where in the program it happened.
    static LAST: RefCell<Option<String>> = const { RefCell::new(None) };
}

/// Keeps what a panic says instead of printing it: whoever catches the panic reports it, with the file that caused it.
pub fn install_hook() {
    panic::set_hook(Box::new(|info| {
        let place = info.location().map_or_else(String::new, |at| format!(" ({}:{})", at.file(), at.line()));
        let text = format!("{}{place}", message(info.payload()));
        LAST.with_borrow_mut(|last| *last = Some(text));
    }));
}

/// Runs a function; a panic becomes its text.
///
/// # Errors
/// If the function panics.
pub fn catch<T>(function: impl FnOnce() -> T) -> Result<T, String> {
    // Whatever the function left half done is thrown away with its panic.
    panic::catch_unwind(AssertUnwindSafe(function)).map_err(|payload| {
        let said = LAST.with_borrow_mut(Option::take);
        said.unwrap_or_else(|| message(&*payload).to_owned())
    })
}

fn message(payload: &(dyn Any + Send)) -> &str {
    let text = payload.downcast_ref::<&str>().copied();
    text.or_else(|| payload.downcast_ref::<String>().map(String::as_str)).unwrap_or("a panic without a message")
}
