//! How far a long run has come: a line on stderr that is there while the run lasts.
//!
//! The threads that check only count; one thread of this module looks at the counters ten times a second. Nothing is shown before half a second
//! has gone by: most runs are over then.

use std::io::{self, IsTerminal};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use indicatif::{HumanCount, ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::check::Tally;

/// Before it the run is none that anybody waits for.
const PATIENCE: Duration = Duration::from_millis(500);
/// Between two looks at the counters.
const INTERVAL: Duration = Duration::from_millis(100);
const TEMPLATE: &str = "{spinner} {msg} [{elapsed}]";
const TEMPLATE_WITH_BAR: &str = "{spinner} {wide_bar} {msg} [{elapsed}]";

/// Shows counters as long as it lives.
#[derive(Debug)]
pub struct Progress {
    /// Whose end is the signal to stop.
    stop: Option<Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

/// Whether anybody sees progress.
pub fn is_seen() -> bool {
    io::stderr().is_terminal()
}

impl Progress {
    /// Begins to show counters on stderr.
    pub fn start(tally: Arc<Tally>) -> Self {
        let (stop, stopped) = mpsc::channel();
        let show = move || {
            if stopped.recv_timeout(PATIENCE) != Err(RecvTimeoutError::Timeout) {
                return;
            }
            let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
            let mut has_bar = false;
            set_template(&bar, TEMPLATE);
            loop {
                let count = |counter: &std::sync::atomic::AtomicU64| counter.load(Ordering::Relaxed);
                let (files, wanted, linted) = (count(&tally.files), count(&tally.wanted) + count(&tally.again), count(&tally.linted));
                let is_walked = tally.is_walked.load(Ordering::Relaxed);
                if is_walked && !has_bar {
                    // From now on it is known how much is left.
                    has_bar = true;
                    set_template(&bar, TEMPLATE_WITH_BAR);
                }
                if is_walked {
                    bar.set_length(wanted);
                    bar.set_position(linted);
                }
                bar.set_message(format!("{} files read, {} of {} analyzed", HumanCount(files), HumanCount(linted), HumanCount(wanted)));
                bar.tick();
                if stopped.recv_timeout(INTERVAL) != Err(RecvTimeoutError::Timeout) {
                    break;
                }
            }
            bar.finish_and_clear();
        };
        // A run without it is as good.
        let thread = thread::Builder::new().name("progress".to_owned()).spawn(show).ok();
        Self { stop: Some(stop), thread }
    }
}

fn set_template(bar: &ProgressBar, template: &str) {
    if let Ok(style) = ProgressStyle::with_template(template) {
        bar.set_style(style);
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.stop = None;
        // The line is gone before anything else is written.
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}
