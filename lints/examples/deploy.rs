//! Prints what deployment files start: `cargo run -p pyrelint-lints --example deploy -- FILE ...`
#![allow(clippy::print_stdout, reason = "an example prints")]

fn main() {
    for path in std::env::args().skip(1) {
        let Ok(bytes) = std::fs::read(&path) else { continue };
        for line in pyrelint_lints::deploy::describe(&path, &String::from_utf8_lossy(&bytes)) {
            println!("{path}:{line}");
        }
    }
}
