//! Arguments -> run -> exit status, nothing else.

use std::process::ExitCode;

// Several threads make many small answers at once: with the C library's allocator a seventh of the time goes there.
#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

fn main() -> ExitCode {
    pyrelint::run(std::env::args_os()).into()
}
