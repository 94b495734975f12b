//! What the program says about itself to shells and to man(1).

use std::process::Command;

use crate::support;

fn text(arguments: &[&str]) -> String {
    let output = support::run(&support::root(), arguments);
    assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("the text is UTF-8")
}

/// What bash offers behind some words, by the generated script.
fn completions(words: &[&str]) -> Vec<String> {
    let folder = tempfile::tempdir().expect("a folder can be made");
    let script = folder.path().join("pyrelint.bash");
    std::fs::write(&script, text(&["generate-shell-completion", "bash"])).expect("the script can be written");
    let ask =
        r#"source "$0"; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _pyrelint "$1" "${!#}" "${@:$#-1:1}"; printf '%s\n' "${COMPREPLY[@]}""#;
    let output =
        Command::new("bash").args(["--norc", "-c", ask]).arg(&script).args(words).current_dir(&folder).output().expect("bash starts");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).lines().map(str::to_owned).collect()
}

#[test]
fn bash_completes_commands_flags_and_values() {
    assert_eq!(completions(&["pyrelint", "rul"]), ["rule", "rules"]);
    assert_eq!(completions(&["pyrelint", "check", "--extend-s"]), ["--extend-select"]);
    assert!(completions(&["pyrelint", "check", "--output-format", ""]).iter().any(|word| word == "concise"));
    assert_eq!(completions(&["pyrelint", "config", "sch"]), ["schema"]);
}

#[test]
fn every_shell_has_a_script() {
    for shell in ["bash", "elvish", "fish", "powershell", "zsh"] {
        let script = text(&["generate-shell-completion", shell]);
        assert!(script.contains("extend-select") && script.contains("generate-man-page"), "{shell}: {script}");
    }
    assert_eq!(support::exit_code(support::run(&support::root(), &["generate-shell-completion", "cmd"]).status), 2);
}

#[test]
fn the_manual_has_a_page_for_the_program_and_each_command() {
    let page = text(&["generate-man-page"]);
    for part in [".TH pyrelint 1", ".SH NAME", ".SH SYNOPSIS", "pyrelint\\-graph(1)", "Exit status:"] {
        assert!(page.contains(part), "{part}: {page}");
    }
    for command in pyrelint::cli::COMMANDS {
        let page = text(&["generate-man-page", command]);
        assert!(page.starts_with(".ie") && page.contains(&format!(".TH pyrelint-{command} 1")), "{page}");
    }
    assert_eq!(support::exit_code(support::run(&support::root(), &["generate-man-page", "nothing"]).status), 2);
}
