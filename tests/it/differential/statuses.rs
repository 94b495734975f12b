//! With which status a process ends: what is reported of an exit, and what its parent sees.

use serde_json::Value;

use super::{folder, interpreters};
use crate::support;

/// Programs that end.
fn programs() -> Vec<String> {
    let values = [
        "0",
        "1",
        "2",
        "125",
        "126",
        "127",
        "128",
        "137",
        "255",
        "256",
        "257",
        "300",
        "512",
        "-1",
        "-9",
        "-255",
        "-256",
        "-257",
        "65536",
        "2147483647",
        "2147483648",
        "-2147483648",
        "-2147483649",
        "4294967296",
        "9223372036854775807",
        "9223372036854775808",
        "-9223372036854775809",
        "10**30",
        "-(10**30)",
        "True",
        "False",
        "None",
        "''",
        "'x'",
        "'0'",
        "1.0",
        "0.0",
        "256.0",
        "()",
        "(1,)",
        "[]",
        "{}",
        "b'x'",
        "object()",
        "...",
        "1 << 8",
        "3 * 100",
        "~0",
        "not 0",
        "-(-300)",
        "0x100",
    ];
    let mut all = Vec::new();
    for value in values {
        all.push(format!("import sys\nsys.exit({value})\n"));
        all.push(format!("raise SystemExit({value})\n"));
        all.push(format!("import os\nos._exit({value})\n"));
        all.push(format!("exit({value})\n"));
        all.push(format!("import sys\ncode = {value}\nsys.exit(code)\n"));
        all.push(format!("import sys\ndef main():\n    return {value}\nif __name__ == '__main__':\n    sys.exit(main())\n"));
        all.push(format!("class Stop(SystemExit):\n    pass\nraise Stop({value})\n"));
    }
    all.extend(
        ["import sys\nsys.exit()\n", "raise SystemExit\n", "raise SystemExit(1, 2)\n", "import sys\nsys.exit(sys.exit)\n"]
            .map(str::to_owned),
    );
    all
}

/// A known limit: the smallest C `long` is written as minus a number that is too large for one, and taken for too large itself.
#[test]
fn known_limit_the_smallest_long() {
    let here = folder(&[("a.py", "import sys\nsys.exit(-9223372036854775808)\n")]);
    let output = support::run(here.path(), &["--isolated", "-q", "--exit-zero", "--select", "RL301", "--output-format", "json", "."]);
    let found: Vec<Value> = serde_json::from_slice(&output.stdout).expect("JSON");
    assert_eq!(claimed(found[0]["message"].as_str().expect("a message")), Some(255));
    let seen = std::process::Command::new(support::python()).arg("a.py").current_dir(here.path()).status().expect("Python starts");
    assert_eq!(support::exit_code(seen), 0);
}

/// What a message claims of the status: "exits with 44".
fn claimed(message: &str) -> Option<i32> {
    let rest = message.split("exits with ").nth(1)?;
    rest.split(|letter: char| !letter.is_ascii_digit()).next()?.parse().ok()
}

#[test]
fn claims_are_what_a_parent_sees() {
    let programs = programs();
    let names: Vec<String> = (0..programs.len()).map(|number| format!("p{number}.py")).collect();
    let files: Vec<(&str, &str)> = names.iter().map(String::as_str).zip(programs.iter().map(String::as_str)).collect();
    let here = folder(&files);
    let output = support::run(here.path(), &["--isolated", "-q", "--exit-zero", "--select", "RL301,RL305", "--output-format", "json", "."]);
    let found: Vec<Value> = serde_json::from_slice(&output.stdout).expect("JSON");
    let versions = interpreters();
    // The behaviour changed in 3.12: both sides of that are asked.
    let asked: Vec<_> = [versions.first(), versions.last()].into_iter().flatten().collect();
    let (mut claims, mut silent, mut wrong) = (0, 0, Vec::new());
    for ((name, program), index) in files.iter().zip(0..) {
        let said: Vec<&Value> = found.iter().filter(|one| one["path"] == *name).collect();
        for (version, python) in &asked {
            let seen = std::process::Command::new(python).args(["-I", name]).current_dir(here.path()).output().expect("Python starts");
            let (status, stderr) = (support::exit_code(seen.status), String::from_utf8_lossy(&seen.stderr).into_owned());
            let overflows = stderr.contains("OverflowError") || stderr.contains("too large") || stderr.contains("too big");
            let about = |what: &str| format!("{index} {version:?} {program:?}: {what}, and CPython ends with {status} {stderr:?}");
            for one in &said {
                let message = one["message"].as_str().unwrap_or_default();
                if let Some(claim) = claimed(message) {
                    claims += 1;
                    let newer = message.contains("from CPython 3.12 on") && *version >= (3, 12);
                    if claim != status && !(newer && overflows) {
                        wrong.push(about(message));
                    }
                } else if message.contains("OverflowError") && !overflows {
                    wrong.push(about(message));
                }
            }
            // A status that is not the number in the program must be said.
            let written = program.split("exit(").last().or_else(|| program.split("Exit(").last());
            let number = written.and_then(|rest| rest.split(')').next()?.parse::<i128>().ok());
            if said.is_empty() && number.is_some_and(|number| i128::from(status) != number) && !overflows {
                wrong.push(about("nothing is said"));
            }
            silent += usize::from(said.is_empty());
        }
    }
    println!(
        "statuses: {} programs on {:?}, {claims} claims, {silent} without a finding, {} disagreements",
        programs.len(),
        asked.iter().map(|(version, _)| version).collect::<Vec<_>>(),
        wrong.len()
    );
    assert!(claims > 100, "{claims}");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
