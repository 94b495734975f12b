//! Archives as arguments: what is found in them is what is found in their folders, and none of them breaks a run.

use std::collections::BTreeSet;
use std::fs;
use std::io::Write as _;
use std::path::Path;
use std::process::Command;

use serde_json::Value;

use crate::support;

/// A module with a finding, one that its finding leads through, and a unit that starts it.
const PROJECT: [(&str, &str); 5] = [
    ("pkg/__init__.py", ""),
    ("pkg/channel.py", "from pkg.base import Base\n\n\nclass Channel(Base):\n    def __del__(self):\n        self.close()\n"),
    ("pkg/base.py", "import socket\n\n\nclass Base:\n    def close(self):\n        socket.create_connection(('localhost', 1))\n"),
    ("pyrelint.toml", "[severity]\nRL310 = \"info\"\n"),
    ("bin/serve", "#!/usr/bin/env python3\nexit()\n"),
];

fn write(folder: &Path, files: &[(&str, &str)]) {
    for (name, text) in files {
        let path = folder.join(name);
        fs::create_dir_all(path.parent().expect("below the folder")).expect("it can be made");
        fs::write(path, text).expect("it can be written");
    }
}

/// Packs a folder by Python's own library; `mode` is that of `tarfile`, or `zip`.
fn pack(folder: &Path, archive: &Path, mode: &str) {
    const PROGRAM: &str = "
import pathlib, sys, tarfile, zipfile
folder, archive, mode = pathlib.Path(sys.argv[1]), sys.argv[2], sys.argv[3]
if mode == 'zip':
    with zipfile.ZipFile(archive, 'w', zipfile.ZIP_DEFLATED, strict_timestamps=False) as made:
        for path in sorted(folder.rglob('*')):
            if path.is_file():
                made.write(path, path.relative_to(folder))
else:
    with tarfile.open(archive, mode) as made:
        made.add(folder, arcname='.')
";
    let status = Command::new(support::python()).args(["-c", PROGRAM]).args([folder, archive]).arg(mode).status();
    assert!(status.expect("Python starts").success(), "{}", archive.display());
}

/// The findings of a run with all rules, and how it ended.
fn findings(here: &Path, arguments: &[&str]) -> (Vec<Value>, i32) {
    let options = ["check", "--select", "ALL", "--output-format", "json"];
    let output = support::run(here, &[&options[..], arguments].concat());
    let stderr = String::from_utf8_lossy(&output.stderr);
    let found: Value = serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{arguments:?}: {error}: {stderr}"));
    (found.as_array().expect("an array").clone(), output.status.code().unwrap_or(-1))
}

/// Findings as texts, without what stands between the name of an archive and that of a member.
fn mapped(findings: &[Value], end: &str) -> BTreeSet<String> {
    findings.iter().map(|finding| finding.to_string().replace(&format!("{end}!/"), "/")).collect()
}

#[test]
fn every_kind_of_archive_is_like_its_folder() {
    let here = tempfile::tempdir().expect("a folder can be made");
    let here = here.path();
    write(&here.join("folders/project"), &PROJECT);
    let (expected, _) = findings(&here.join("folders"), &["project"]);
    assert!(expected.len() >= 2, "{expected:?}");
    assert!(expected.iter().any(|finding| finding["severity"] == "info"), "its configuration counts: {expected:?}");
    assert!(expected.iter().any(|finding| finding.to_string().contains("pkg/base.py")), "a path leads over modules: {expected:?}");
    for (end, mode) in [(".whl", "zip"), (".tar", "w"), (".tgz", "w:gz"), (".tar.bz2", "w:bz2"), (".tar.xz", "w:xz")] {
        pack(&here.join("folders/project"), &here.join(format!("project{end}")), mode);
        let (found, _) = findings(here, &[&format!("project{end}")]);
        assert_eq!(mapped(&found, end), mapped(&expected, end), "{end}");
    }
    // No Python before 3.14 has Zstandard.
    let tar = fs::read(here.join("project.tar")).expect("it was written");
    let frame = |bytes: &[u8]| ruzstd::encoding::compress_to_vec(bytes, ruzstd::encoding::CompressionLevel::Fastest);
    let mut packed = fs::File::create(here.join("project.tar.zst")).expect("it can be made");
    let (first, second) = tar.split_at(700);
    // Two frames, with one between them that holds no data.
    for part in [frame(first), b"\x50\x2a\x4d\x18\x03\0\0\0abc".to_vec(), frame(second)] {
        packed.write_all(&part).expect("it can be written");
    }
    drop(packed);
    let (found, _) = findings(here, &["project.tar.zst"]);
    assert_eq!(mapped(&found, ".tar.zst"), mapped(&expected, ".tar.zst"));
}

#[test]
fn wheels_of_the_corpus_are_like_their_folders() {
    let Some(corpus) = support::corpus() else {
        return support::skipped("wheels_of_the_corpus_are_like_their_folders", "the development corpus has not been fetched");
    };
    let here = tempfile::tempdir().expect("a folder can be made");
    let entries = fs::read_dir(&corpus).expect("it can be listed").flatten().map(|entry| entry.path());
    let mut folders: Vec<_> = entries.filter(|path| path.is_dir()).collect();
    folders.sort();
    let names: Vec<String> = folders.iter().map(|path| path.file_name().expect("a name").to_string_lossy().into_owned()).collect();
    let wheels: Vec<String> = names.iter().map(|name| format!("{name}.whl")).collect();
    for (folder, wheel) in folders.iter().zip(&wheels) {
        pack(folder, &here.path().join(wheel), "zip");
    }
    let isolated =
        |names: &[String], here: &Path| findings(here, &names.iter().map(String::as_str).chain(["--isolated"]).collect::<Vec<_>>()).0;
    let (expected, found) = (isolated(&names, &corpus), isolated(&wheels, here.path()));
    assert!(expected.len() > 150, "{}", expected.len());
    let (expected, found) = (mapped(&expected, ".whl"), mapped(&found, ".whl"));
    let differ: Vec<_> = expected.symmetric_difference(&found).collect();
    println!("{} wheels, {} findings, {} differ", wheels.len(), expected.len(), differ.len());
    assert!(differ.is_empty(), "{differ:#?}");
}

#[test]
fn hostile_archives_are_survived() {
    let here = tempfile::tempdir().expect("a folder can be made");
    let script = support::root().join("tests/archives/hostile.py");
    let made = Command::new(support::python()).arg(script).arg(here.path()).output().expect("Python starts");
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    let cases: Value = serde_json::from_slice(&made.stdout).expect("it is JSON");
    let cases = cases.as_array().expect("an array");
    let before: BTreeSet<_> = fs::read_dir(here.path()).expect("it can be listed").flatten().map(|entry| entry.path()).collect();
    let page = fs::read_to_string(support::root().join("docs/archives.md")).expect("the page is there");
    for case in cases {
        let name = case["name"].as_str().expect("a name");
        assert!(page.contains(&format!("`{name}`")), "docs/archives.md says nothing of {name}");
        let (found, status) = findings(here.path(), &[name, "--isolated"]);
        let texts = |finding: &Value| ["path", "code", "message"].map(|key| finding[key].as_str().unwrap_or_default().to_owned());
        let found: Vec<[String; 3]> = found.iter().map(texts).collect();
        let mut left = found.clone();
        for expected in case["findings"].as_array().expect("an array") {
            let [member, code, reason] = [0, 1, 2].map(|index| expected[index].as_str().unwrap_or_default());
            let path = if member.is_empty() { name.to_owned() } else { format!("{name}!/{member}") };
            let at = left.iter().position(|[at, rule, message]| *at == path && rule == code && message.contains(reason));
            left.swap_remove(at.unwrap_or_else(|| panic!("{name}: no {code} with {reason:?} at {path:?}: {found:#?}")));
        }
        assert!(left.is_empty(), "{name}: {left:#?}");
        assert_eq!(status, 1, "{name}");
        assert!(found.iter().all(|[_, _, message]| message.len() < 200 && !message.contains('\n')), "{name}: {found:#?}");
        let reasons = found.iter().filter(|[_, code, _]| code == "RL003").map(|[path, _, message]| format!("  {path:?}: {message}\n"));
        print!("{name}: {}\n{}", case["what"].as_str().unwrap_or_default(), reasons.take(3).collect::<String>());
    }
    let after: BTreeSet<_> = fs::read_dir(here.path()).expect("it can be listed").flatten().map(|entry| entry.path()).collect();
    assert_eq!(before, after, "nothing is unpacked");
    // All of them in one run lose nothing to each other.
    let all: usize = cases.iter().map(|case| case["findings"].as_array().map_or(0, Vec::len)).sum();
    let names: Vec<&str> = cases.iter().filter_map(|case| case["name"].as_str()).chain(["--isolated"]).collect();
    assert_eq!(findings(here.path(), &names).0.len(), all);
}

#[test]
fn configuration_of_an_archive_reads_nothing_outside() {
    let here = tempfile::tempdir().expect("a folder can be made");
    let here = here.path();
    fs::write(here.join("outside.toml"), "select = [\"RL310\"]\n").expect("it can be written");
    for extend in ["../outside.toml", "../../outside.toml", "/etc/passwd"] {
        write(&here.join("folder"), &[("a.py", "exit()\n"), ("pyrelint.toml", &format!("extend = \"{extend}\"\n"))]);
        pack(&here.join("folder"), &here.join("a.zip"), "zip");
        let output = support::run(here, &["check", "a.zip"]);
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{stderr}");
        assert!(stderr.contains("a.zip!/pyrelint.toml") && stderr.contains("outside of the archive"), "{stderr}");
    }
}

#[test]
fn what_lies_above_an_archive_configures_it() {
    let here = tempfile::tempdir().expect("a folder can be made");
    let here = here.path();
    write(&here.join("folder"), &[("a.py", "exit()\n"), ("dist/b.py", "exit()\n"), (".hidden/c.py", "exit()\n"), ("d.pyi", "exit()\n")]);
    pack(&here.join("folder"), &here.join("a.zip"), "zip");
    fs::write(here.join("pyrelint.toml"), "[per-file-ignores]\n\"a.py\" = [\"RL310\"]\n").expect("it can be written");
    let (found, status) = findings(here, &["a.zip"]);
    assert!(found.is_empty() && status == 0, "{found:?}");
    fs::write(here.join("pyrelint.toml"), "exclude = []\n").expect("it can be written");
    let (found, _) = findings(here, &["a.zip"]);
    assert_eq!(found.iter().map(|finding| finding["path"].clone()).collect::<Vec<_>>(), ["a.zip!/a.py", "a.zip!/dist/b.py"]);
    let output = support::run(here, &["check", "--show-files", "a.zip"]);
    assert_eq!(String::from_utf8_lossy(&output.stdout), "a.zip!/a.py\na.zip!/dist/b.py\n");
}

#[test]
fn members_that_are_left_out_need_not_be_readable() {
    const PROGRAM: &str = "
import sys, warnings, zipfile
warnings.simplefilter('ignore')
with zipfile.ZipFile(sys.argv[1], 'w') as made:
    for name in ['a.py', 'dist/b.py', '.hidden/c.py', 'lib/node_modules/d.py'] * 2:
        made.writestr(name, 'pass')
";
    let here = tempfile::tempdir().expect("a folder can be made");
    let here = here.path();
    let status = Command::new(support::python()).args(["-c", PROGRAM]).arg(here.join("a.zip")).status();
    assert!(status.expect("Python starts").success());
    let paths = |arguments: &[&str]| findings(here, arguments).0.iter().map(|finding| finding["path"].clone()).collect::<Vec<_>>();
    assert_eq!(paths(&["a.zip", "--isolated"]), ["a.zip!/a.py"]);
    assert_eq!(paths(&["a.zip", "--isolated", "--exclude", "a.py"]), ["a.zip!/dist/b.py", "a.zip!/lib/node_modules/d.py"]);
}

#[test]
fn archives_are_never_changed() {
    let here = tempfile::tempdir().expect("a folder can be made");
    let here = here.path();
    write(&here.join("folder"), &[("a.py", "exit()\n")]);
    pack(&here.join("folder"), &here.join("a.zip"), "zip");
    let before = fs::read(here.join("a.zip")).expect("it can be read");
    for option in ["--fix", "--diff", "--fix-only", "--add-ignores=later"] {
        let output = support::run(here, &["check", option, "a.zip"]);
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{option}: {stderr}");
        assert!(stderr.contains("a.zip: archives are not changed"), "{option}: {stderr}");
    }
    assert_eq!(fs::read(here.join("a.zip")).expect("it can be read"), before);
}

#[test]
fn a_baseline_knows_what_archives_hold() {
    let here = tempfile::tempdir().expect("a folder can be made");
    let here = here.path();
    write(&here.join("folder"), &[("a.py", "exit()\n"), ("b.py", "exit()\n")]);
    pack(&here.join("folder"), &here.join("a.zip"), "zip");
    let run = |more: &[&str]| {
        let output = support::run(here, &[&["check", "--baseline", "known.toml"], more].concat());
        (output.status.code(), String::from_utf8_lossy(&output.stderr).into_owned() + &String::from_utf8_lossy(&output.stdout))
    };
    assert_eq!(run(&["--write-baseline", "a.zip"]).0, Some(0));
    assert_eq!(run(&["a.zip"]).0, Some(0));
    write(&here.join("folder"), &[("b.py", "pass\n")]);
    pack(&here.join("folder"), &here.join("a.zip"), "zip");
    let (status, said) = run(&["a.zip", "--verbose"]);
    assert!(status == Some(0) && said.contains("a.zip!/b.py"), "the entry is stale: {said}");
    fs::write(here.join("c.py"), "pass\n").expect("it can be written");
    let (_, said) = run(&["c.py", "--verbose"]);
    assert!(!said.contains("a.zip!/b.py"), "nothing is known of archives that were not read: {said}");
}
