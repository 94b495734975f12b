//! Real bugs that public projects had and fixed: what is reported before must not be reported after.

use std::process::Command;

use crate::support;

/// How many of the cases are caught at the least; raised when more are.
const CAUGHT: usize = 39;

#[test]
fn real_bugs_are_caught_and_their_fixes_are_quiet() {
    let Some(shared) = support::shared() else {
        return support::skipped("incidents::real_bugs_are_caught_and_their_fixes_are_quiet", "the incidents are not here");
    };
    let output = Command::new(support::python())
        .arg(shared.join("incidents/run.py"))
        .args(["--family", "EFLS", "--pyrelint", env!("CARGO_BIN_EXE_pyrelint")])
        .output()
        .expect("Python starts");
    let text = String::from_utf8_lossy(&output.stdout);
    println!("{text}");
    let total = text.lines().find(|line| line.starts_with("all:")).expect("a line with the sums");
    let numbers: Vec<usize> = total.split(|letter: char| !letter.is_ascii_digit()).filter_map(|word| word.parse().ok()).collect();
    let [caught, cases, quiet, ..] = numbers[..] else { panic!("{total}") };
    assert!(caught >= CAUGHT, "{total}");
    assert_eq!(quiet, cases, "a fixed program is still reported: {total}");
}
