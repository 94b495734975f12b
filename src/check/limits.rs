//! How many threads fit into the limits of the system: a limit makes a run slower, it must not change what is found.

use anyhow::bail;

/// What one of the threads that walk and one of those that lint have open at once, at most: a folder, a configuration file and what it extends;
/// a module and a folder.
const FILES_OF_A_JOB: usize = 5;
/// What a run has open besides.
const FILES_OF_A_RUN: usize = 2;

/// How many threads a run may have, of as many as are wanted.
///
/// # Errors
/// If not even one could open the files that it needs.
pub fn jobs(wanted: usize) -> anyhow::Result<usize> {
    let Some(most) = most_files() else { return Ok(wanted) };
    if most >= wanted * FILES_OF_A_JOB + 100 {
        return Ok(wanted);
    }
    let opened = open_files();
    match most.saturating_sub(opened + FILES_OF_A_RUN) / FILES_OF_A_JOB {
        0 => bail!(
            "no more than {most} files may be open at once, and {opened} of them are; at least {} are needed (see `ulimit -n`)",
            opened + FILES_OF_A_RUN + FILES_OF_A_JOB
        ),
        fit => Ok(fit.min(wanted)),
    }
}

/// How many files this process may have open; `None` where there is no limit.
#[cfg(unix)]
fn most_files() -> Option<usize> {
    let limit = rustix::process::getrlimit(rustix::process::Resource::Nofile);
    limit.current.and_then(|most| usize::try_from(most).ok())
}

#[cfg(not(unix))]
fn most_files() -> Option<usize> {
    None
}

/// How many files are open; where the system does not tell, those that every process starts with.
fn open_files() -> usize {
    const STANDARD: usize = 3;
    // One of them is the folder that is just being read.
    std::fs::read_dir("/proc/self/fd").map_or(STANDARD, |entries| entries.count().saturating_sub(1).max(STANDARD))
}
