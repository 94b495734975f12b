//! Lints files without the program around it: `cargo run -p pyrelint-lints --example probe -- FILE ...`
#![allow(clippy::print_stdout, reason = "an example prints")]

use std::sync::Arc;

use pyrelint_lints::sources::NoSources;
use pyrelint_lints::{FileInput, Roots, RuleSet, Scanner, Settings, Snapshot, lint};

fn main() {
    let settings = Settings { rules: RuleSet::all(), ..Settings::default() };
    let scanner = Scanner::new(&settings);
    let (snapshot, roots) = (Arc::new(Snapshot::new(Arc::new(NoSources))), Arc::new(Roots::default()));
    let paths: Vec<String> = std::env::args().skip(1).collect();
    let work = move || {
        for path in paths {
            let Ok(bytes) = std::fs::read(&path) else { continue };
            if !scanner.wants(&bytes) {
                continue;
            }
            let input = FileInput {
                path: &path,
                file: None,
                below_root: &path,
                bytes: &bytes,
                parse: true,
                configured_service: None,
                rules: None,
                earlier: None,
                roots: &roots,
            };
            for found in lint(&input, &settings, &scanner, &snapshot).diagnostics {
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
