//! Which files are checked.

use std::process::Command;

use crate::command_line::{DEFECT, check, folder};

fn shown(folder: &std::path::Path, arguments: &[&str]) -> Vec<String> {
    let (stdout, _) = check(folder, &[&["--show-files"], arguments].concat(), 0);
    stdout.lines().map(str::to_owned).collect()
}

#[test]
fn python_files_and_scripts() {
    let script = "#!/usr/bin/env python3\nimport sys\n";
    let here = folder(&[
        ("a.py", ""),
        ("b.pyw", ""),
        ("stub.pyi", ""),
        ("book.ipynb", ""),
        ("text.txt", script),
        ("bin/serve", script),
        ("bin/perl", "#!/usr/bin/perl\n"),
        (".hidden/c.py", ""),
        (".d.py", ""),
        ("venv/e.py", ""),
        ("lib/node_modules/f.py", ""),
        ("sub.py/g.py", ""),
        ("UPPER.PY", ""),
    ]);
    assert_eq!(shown(here.path(), &[]), [".d.py", "a.py", "b.pyw", "bin/serve", "sub.py/g.py"]);
    assert_eq!(shown(here.path(), &["text.txt", "venv/e.py", ".hidden"]), [".hidden/c.py", "text.txt", "venv/e.py"]);
    assert_eq!(shown(here.path(), &["--exclude", "bin", "bin/serve", "."]).len(), 7);
    assert_eq!(shown(here.path(), &["--force-exclude", "a.py", "venv/e.py", "venv"]), ["a.py"]);
    let (_, stderr) = check(here.path(), &["stub.pyi"], 0);
    assert!(stderr.contains("stub.pyi: stub files and notebooks are not checked"), "{stderr}");
}

#[test]
fn files_that_say_how_programs_are_deployed() {
    let files = [
        (".github/workflows/ci.yml", ""),
        (".github/scripts/tool.py", ""),
        (".gitlab-ci.yml", ""),
        ("Dockerfile", ""),
        ("Makefile", ""),
        ("a.py", ""),
        ("bin/start", "#!/bin/sh\n"),
        ("compose.yaml", ""),
        ("notes.txt", ""),
        ("other.yml", ""),
        ("requirements.txt", ""),
        ("systemd/a.service", ""),
        ("systemd/a.service.d/b.conf", ""),
        ("systemd/a.timer", ""),
        ("venv/Dockerfile", ""),
    ];
    let here = folder(&files);
    let all = [
        ".github/workflows/ci.yml",
        ".gitlab-ci.yml",
        "Dockerfile",
        "Makefile",
        "a.py",
        "bin/start",
        "compose.yaml",
        "requirements.txt",
        "systemd/a.service",
        "systemd/a.service.d/b.conf",
    ];
    assert_eq!(shown(here.path(), &[]), all);
    assert_eq!(shown(here.path(), &["--select", "RL1"]), ["a.py"], "no rule that is selected looks at the others");
    assert_eq!(shown(here.path(), &["--extend-exclude", "systemd,.github"]).len(), 7);
}

#[test]
fn no_file_comes_twice() {
    let here = folder(&[("src/a.py", DEFECT), ("src/deep/b.py", DEFECT)]);
    let all = ["src/a.py", "src/deep/b.py"];
    let absolute = here.path().join("src/a.py");
    for arguments in
        [&["src", "src"][..], &["src", "src/a.py", "./src/../src/a.py"], &["src/deep", "src", absolute.to_str().expect("UTF-8")]]
    {
        assert_eq!(shown(here.path(), arguments), all, "{arguments:?}");
    }
}

#[test]
fn ignored_by_git() {
    let here = folder(&[(".gitignore", "gen/\n*_pb2.py\n"), ("a.py", ""), ("gen/b.py", ""), ("c_pb2.py", "")]);
    std::fs::create_dir(here.path().join(".git")).expect("a folder can be made");
    assert_eq!(shown(here.path(), &[]), ["a.py"]);
    assert_eq!(shown(here.path(), &["--no-respect-gitignore"]), ["a.py", "c_pb2.py", "gen/b.py"]);
    assert_eq!(shown(here.path(), &["c_pb2.py"]), ["c_pb2.py"]);
    std::fs::write(here.path().join("pyrelint.toml"), "respect-gitignore = false\n").expect("a file can be written");
    assert_eq!(shown(here.path(), &[]).len(), 3);
    assert_eq!(shown(here.path(), &["--respect-gitignore"]), ["a.py"]);
}

#[cfg(unix)]
#[test]
fn what_is_no_regular_file() {
    use std::os::unix::fs::symlink;
    let here = folder(&[("a.py", DEFECT), ("other/b.py", DEFECT)]);
    let path = |name: &str| here.path().join(name);
    assert!(Command::new("mkfifo").arg(path("pipe.py")).status().expect("mkfifo starts").success());
    for (target, name) in
        [("a.py", "link.py"), ("/dev/zero", "device.py"), ("self.py", "self.py"), ("nowhere", "dangling.py"), ("other", "dir")]
    {
        symlink(target, path(name)).expect("a link can be made");
    }
    let run = |arguments: &[&str]| check(here.path(), &[&["--output-format", "concise", "-q"], arguments].concat(), 1).0;
    let lines = run(&[]);
    assert_eq!(lines.lines().count(), 3, "{lines}");
    assert!(lines.contains("pipe.py:1:1: error[unreadable-file]") && lines.contains("no regular file"), "{lines}");
    for name in ["pipe.py", "device.py", "self.py", "dangling.py", "missing.py"] {
        let found = run(&[name]);
        assert!(found.contains("error[unreadable-file]") && found.lines().count() == 1, "{name}: {found}");
    }
    assert!(run(&["link.py", "a.py"]).lines().count() == 1);
    assert!(run(&["dir"]).starts_with("other/b.py:2:1"));
}

#[test]
fn threads_do_not_change_the_output() {
    let here = tempfile::tempdir().expect("a folder can be made");
    for number in 0..60 {
        let folder = here.path().join(format!("p{}", number % 7));
        std::fs::create_dir_all(&folder).expect("a folder can be made");
        std::fs::write(folder.join(format!("m{number}.py")), DEFECT).expect("a file can be written");
    }
    let run = |jobs| check(here.path(), &["-q", "--jobs", jobs], 1).0;
    let one = run("1");
    assert_eq!(one.matches("warning[exit-code-range]").count(), 60);
    assert_eq!(one, run("2"));
    assert_eq!(one, run("16"));
}
