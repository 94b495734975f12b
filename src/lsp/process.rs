//! Whether the process of the client lives. A server whose client is gone ends: nobody else would end it.

/// The process of the client.
#[derive(Debug)]
pub struct Client {
    process: i32,
    /// Whether it started the server: a parent that has ended is replaced by another, even while its own parent has not taken note of its end.
    #[cfg(unix)]
    is_parent: bool,
}

#[cfg(unix)]
impl Client {
    /// The process that says it is the client.
    pub fn new(process: i32) -> Self {
        Self { process, is_parent: parent() == Some(process) }
    }

    /// Whether it lives, as far as that can be told.
    pub fn is_alive(&self) -> bool {
        if self.is_parent {
            return parent() == Some(self.process);
        }
        let Some(process) = rustix::process::Pid::from_raw(self.process) else { return true };
        // Others' processes may not be signalled, and live.
        !matches!(rustix::process::test_kill_process(process), Err(rustix::io::Errno::SRCH))
    }
}

#[cfg(unix)]
fn parent() -> Option<i32> {
    rustix::process::getppid().map(|process| process.as_raw_nonzero().get())
}

#[cfg(not(unix))]
impl Client {
    /// The process that says it is the client.
    pub fn new(process: i32) -> Self {
        Self { process }
    }

    /// Whether it lives: where processes are no files and take no signals, the end of the stream tells.
    pub fn is_alive(&self) -> bool {
        self.process != 0
    }
}
