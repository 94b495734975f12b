//! What constant expressions fold to, against `eval`.

use std::path::Path;

use proptest::prelude::*;
use proptest::strategy::ValueTree as _;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use pyrelint_lints::view::probe;

use super::{ask, parallel};
use crate::support;

fn expressions() -> impl Strategy<Value = String> {
    let integers = prop_oneof![
        4 => (0..300_i64).prop_map(|value| value.to_string()),
        1 => any::<u64>().prop_map(|value| value.to_string()),
        1 => prop::sample::select(vec!["0x7fffffffffffffff", "9223372036854775808", "1_000", "0b101", "0o17", "340282366920938463463374607431768211456"]).prop_map(str::to_owned),
    ];
    let others = prop::sample::select(vec!["True", "False", "None", "'a'", "''", "'é' 'b'", "1.5", "0.0", "2.5e3"]).prop_map(str::to_owned);
    let leaf = prop_oneof![5 => integers, 1 => others];
    leaf.prop_recursive(4, 16, 2, |inner| {
        let operators = prop::sample::select(vec!["+", "-", "*", "//", "%", "**", "<<", ">>", "&", "|", "^", "/"]);
        let unary = prop::sample::select(vec!["-", "+", "~", "not "]);
        // A power of a power takes Python longer than a test has.
        let small = prop::sample::select(vec!["0", "1", "2", "3", "7", "8", "31", "64", "126", "127", "-1", "True"]);
        prop_oneof![
            4 => (inner.clone(), operators, inner.clone(), small).prop_map(|(left, operator, right, small)| match operator {
                "**" | "<<" => format!("({left}) {operator} ({small})"),
                _ => format!("({left}) {operator} ({right})"),
            }),
            1 => (unary, inner).prop_map(|(operator, operand)| format!("{operator}({operand})")),
        ]
    })
}

#[test]
fn constant_expressions() {
    let mut runner = TestRunner::new_with_rng(Config::default(), TestRng::deterministic_rng(RngAlgorithm::ChaCha));
    let strategy = expressions();
    let made: Vec<String> = (0..20_000).map(|_| strategy.new_tree(&mut runner).expect("nothing is rejected").current()).collect();
    let theirs: Vec<(usize, String)> = ask(&support::python(), "values", None::<&Path>, &serde_json::to_string(&made).expect("JSON"));
    let ours = parallel(&made, |text| probe::constants(&format!("x = {text}\n")).into_iter().next().map(|(_, value)| value));
    let (mut folded, mut wrong) = (0, Vec::new());
    for ((text, (_, theirs)), ours) in made.iter().zip(&theirs).zip(&ours) {
        let Some(ours) = ours else { continue };
        folded += 1;
        if !same(ours, theirs) {
            wrong.push(format!("{text} is {ours} here, {theirs} in CPython"));
        }
    }
    println!("constants: {} expressions, {folded} fold, {} disagreements", made.len(), wrong.len());
    assert!(folded > 5_000, "{folded}");
    assert!(wrong.is_empty(), "{}", wrong[..wrong.len().min(40)].join("\n"));
}

/// Whether two values are equal as Python takes them: `True` is 1, and an integer that is too large to be followed is any large one.
fn same(ours: &str, theirs: &str) -> bool {
    let number = |text: &str| match text {
        "True" => "1".to_owned(),
        "False" => "0".to_owned(),
        other => other.to_owned(),
    };
    let (ours, theirs) = (number(ours), number(theirs));
    let size = |text: &str| text.trim_start_matches('-').len();
    match ours.as_str() {
        "huge" => theirs == "huge" || !theirs.starts_with('-') && size(&theirs) > 18,
        "-huge" => theirs == "-huge" || theirs.starts_with('-') && size(&theirs) > 18,
        // Beyond 126 bits CPython's answer is said to be huge; ours may still be a number.
        _ if theirs == "huge" => !ours.starts_with('-') && size(&ours) > 37,
        _ if theirs == "-huge" => ours.starts_with('-') && size(&ours) > 37,
        _ => ours == theirs || ours.parse::<f64>().is_ok_and(|ours| theirs.contains(['.', 'e']) && theirs.parse::<f64>() == Ok(ours)),
    }
}
