//! How many threads fit into the limits of the system: a limit makes a run slower, it must not change what is found.

use anyhow::bail;
use pyrelint_lints::lint::STACK_SIZE;

/// What one of the threads that walk and one of those that lint have open at once, at most: a folder, a configuration file and what it extends;
/// a module and a folder.
const FILES_OF_A_JOB: usize = 5;
/// What a run has open besides.
const FILES_OF_A_RUN: usize = 2;
/// The addresses, in bytes, that one of the threads that lint and one of those that walk take: their stacks, and what the C library sets aside for
/// each thread that allocates something (64 MB on 64-bit systems, `HEAP_MAX_SIZE` in glibc's `malloc/arena.c`).
const SPACE_OF_A_JOB: usize = STACK_SIZE + (8 << 20) + 2 * (64 << 20);
/// The addresses that a run takes besides: where the last ones go to a thread, the next small thing that needs memory ends the process.
const SPACE_OF_A_RUN: usize = 224 << 20;

/// How many threads a run may have, of as many as are wanted.
///
/// # Errors
/// If not even one could open the files that it needs, or has room for its stack.
pub fn jobs(wanted: usize) -> anyhow::Result<usize> {
    with_files(with_space(wanted)?)
}

/// How many threads have room in the addresses that the process may use.
fn with_space(wanted: usize) -> anyhow::Result<usize> {
    let Some(most) = limit(Limit::Space) else { return Ok(wanted) };
    let used = used_space() + SPACE_OF_A_RUN;
    match most.saturating_sub(used) / SPACE_OF_A_JOB {
        0 => bail!(
            "no more than {} MB of memory may be addressed; at least {} are needed (see `ulimit -v`)",
            most >> 20,
            (used + SPACE_OF_A_JOB).div_ceil(1 << 20)
        ),
        fit => Ok(fit.min(wanted)),
    }
}

fn with_files(wanted: usize) -> anyhow::Result<usize> {
    let Some(most) = limit(Limit::Files) else { return Ok(wanted) };
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

/// What the system sets limits to.
#[derive(Clone, Copy)]
enum Limit {
    /// The files that the process may have open.
    Files,
    /// The addresses that it may use, in bytes.
    Space,
}

/// A limit of this process; `None` where there is none.
#[cfg(unix)]
fn limit(of: Limit) -> Option<usize> {
    let resource = match of {
        Limit::Files => rustix::process::Resource::Nofile,
        Limit::Space => rustix::process::Resource::As,
    };
    rustix::process::getrlimit(resource).current.and_then(|most| usize::try_from(most).ok())
}

#[cfg(not(unix))]
fn limit(_: Limit) -> Option<usize> {
    None
}

/// How many bytes of addresses the process uses; where the system does not tell, none.
fn used_space() -> usize {
    const UNIT: &str = " kB";
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let size = status.lines().find_map(|line| line.strip_prefix("VmSize:")?.strip_suffix(UNIT)?.trim().parse::<usize>().ok());
    size.unwrap_or(0) << 10
}

/// How many files are open; where the system does not tell, those that every process starts with.
fn open_files() -> usize {
    const STANDARD: usize = 3;
    // One of them is the folder that is just being read.
    std::fs::read_dir("/proc/self/fd").map_or(STANDARD, |entries| entries.count().saturating_sub(1).max(STANDARD))
}
