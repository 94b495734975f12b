//! Hostile input by the million: what may come in is generated from numbers, and properties of what comes out are checked.
//!
//! `cargo test --test fuzz` runs a fixed number of cases of each target, always the same ones and some new ones; `tests/fuzz/run SECONDS [TARGET...]`
//! runs an optimized build for so long. A case is made of its number alone, so that a failure can be repeated (`--repeat TARGET NUMBER`).
//!
//! - [`targets`]: what is made, and what is checked of it; [`generate`]: the parts of which cases are made; [`seeds`]: the texts that are mutated;
//! - [`properties`]: what must hold; [`session`]: the same for the server;
//! - [`worker`]: one process that runs cases of one target; [`drive`]: watches over workers, which may overflow their stack, hang or eat all memory.
//!
//! The engine is proptest's: it makes cases of strategies, and makes them smaller when one fails. Engines that are led by coverage need an instrumented
//! compiler that the stable toolchain is not.
#![allow(clippy::print_stdout, reason = "a program that reports to people")]

mod archives;
mod drive;
mod generate;
#[path = "../it/markdown.rs"]
#[allow(dead_code, unreachable_pub, reason = "the integration tests use the rest of it")]
mod markdown;
mod properties;
mod python;
mod seeds;
mod session;
mod targets;
mod worker;

use std::process::ExitCode;

/// The most memory that a case may take: to it the worker's own allocations add up.
#[global_allocator]
static MEMORY: peak_alloc::PeakAlloc = peak_alloc::PeakAlloc;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match words.as_slice() {
        ["--worker", target, progress, first, count, seconds] => {
            worker::run(target, progress, number(first), number(count), number(seconds))
        }
        ["--repeat", target, case] => worker::repeat(target, number(case)),
        ["--emit", target, case, folder] => worker::emit(target, number(case), folder.as_ref()),
        ["--hard"] => worker::hard(),
        ["--seconds", seconds, targets @ ..] => drive::long(number(seconds), targets),
        // What cargo passes to every test program is no business of this one, but for a filter.
        _ => {
            let filters: Vec<&str> = words.iter().copied().filter(|word| !word.starts_with('-')).collect();
            if words.contains(&"--list") { ExitCode::SUCCESS } else { drive::bounded(&filters) }
        }
    }
}

fn number(text: &str) -> u64 {
    text.parse().unwrap_or_else(|_| panic!("{text:?} is no number"))
}
