//! Lints files without the program around it: `cargo run -p pyrelint-lints --example probe -- FILE ...`
#![allow(clippy::print_stdout, reason = "an example prints")]

use pyrelint_lints::{FileInput, RuleSet, Scanner, Settings, lint};

fn main() {
    let settings = Settings { rules: RuleSet::all(), ..Settings::default() };
    let scanner = Scanner::new(&settings);
    let paths: Vec<String> = std::env::args().skip(1).collect();
    let work = move || {
        for path in paths {
            let Ok(bytes) = std::fs::read(&path) else { continue };
            if !scanner.wants(&bytes) {
                continue;
            }
            let input = FileInput { path: &path, below_root: &path, bytes: &bytes, parse: true, configured_service: None };
            for found in lint(&input, &settings, &scanner).diagnostics {
                println!("{}:{}: {} {}", path, found.place.start().line, found.rule.code, found.message);
                for related in &found.related {
                    println!("    {}: {}", related.place.start().line, related.message);
                }
            }
        }
    };
    let thread = std::thread::Builder::new().stack_size(pyrelint_lints::lint::STACK_SIZE).spawn(work);
    thread.map(|thread| thread.join().is_ok()).expect("a thread");
}
