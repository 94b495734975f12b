//! Nothing that is only about speed changes a result: the search for trigger words, the number of threads.

use std::path::Path;

use crate::support;

/// Runs over a tree with different flags and compares the outputs byte by byte.
fn same_output(tree: &Path) -> usize {
    let base = ["--isolated", "--exit-zero", "--output-format", "json", "--select", "ALL", "--no-respect-gitignore", "-q"];
    // Syntax errors and undecodable files are reported only for files that must be parsed: without the filter, that is all.
    let rules = ["--ignore", "RL001,RL003"];
    let run = |extra: &[&str]| {
        let arguments: Vec<&str> = base.iter().chain(&rules).chain(extra).copied().chain([tree.to_str().expect("UTF-8")]).collect();
        let output = support::run(&support::root(), &arguments);
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        output.stdout
    };
    let plain = run(&[]);
    let single = run(&["--jobs", "1"]);
    assert!(plain == single, "one thread and many report differently in {}", tree.display());
    let unfiltered = run(&["--no-prefilter"]);
    assert!(plain == unfiltered, "the search for trigger words changes what is reported in {}", tree.display());
    serde_json::from_slice::<Vec<serde_json::Value>>(&plain).expect("JSON").len()
}

#[test]
fn standard_library() {
    let found = same_output(&support::standard_library());
    println!("{found} findings in the standard library");
    assert!(found > 20, "only {found} findings in the standard library");
}

#[test]
fn development_corpus() {
    let Some(corpus) = support::corpus() else {
        return support::skipped("equivalence::development_corpus", "the development corpus has not been fetched");
    };
    let found = same_output(&corpus);
    println!("{found} findings in the development corpus");
    assert!(found > 150, "only {found} findings in the development corpus");
}

#[test]
fn pages_and_cases() {
    // Small programs that are full of findings: what the filter overlooks shows here first.
    let folder = tempfile::tempdir().expect("a folder can be made");
    let root = support::root();
    let families = std::fs::read_dir(root.join("lints/src/rules")).expect("readable").map(|entry| entry.expect("readable").path());
    let folders = families.filter(|path| path.is_dir()).chain([root.join("tests/mdtest")]);
    let files = folders.flat_map(|path| std::fs::read_dir(path).expect("readable")).map(|entry| entry.expect("readable").path());
    let pages = files.filter(|path| path.extension().is_some_and(|extension| extension == "md"));
    for (index, project) in pages.flat_map(|path| crate::markdown::read(&path).projects).enumerate() {
        project.write(&folder.path().join(index.to_string()));
    }
    let found = same_output(folder.path());
    println!("{found} findings in the pages and cases");
    assert!(found > 300, "only {found} findings in the pages and cases");
}

/// What depends on who imports a file waits until all files have been seen; a long text is not kept until then.
#[test]
fn long_files_that_wait_for_the_project() {
    let folder = tempfile::tempdir().expect("a folder can be made");
    let long = "# A line that makes the file long.\n".repeat(1_000);
    let configures = "import logging\n\nlogging.basicConfig(level=logging.INFO)\n";
    for (name, text) in [
        ("pyproject.toml", String::new()),
        ("long.py", format!("{long}{configures}")),
        ("short.py", configures.to_owned()),
        ("service.py", "import socketserver\nimport long, short\n\nsocketserver.TCPServer(('', 1), None).serve_forever()\n".to_owned()),
    ] {
        std::fs::write(folder.path().join(name), text).expect("the file can be written");
    }
    let output = support::run(folder.path(), &["--isolated", "--exit-zero", "-q", "--output-format", "json", "--select", "RL201", "."]);
    let findings: Vec<serde_json::Value> = serde_json::from_slice(&output.stdout).expect("JSON");
    let found: Vec<(&str, u64, &str)> = findings
        .iter()
        .map(|finding| {
            let text = |key: &str| finding[key].as_str().expect("a text");
            (text("path"), finding["line"].as_u64().expect("a number"), text("severity"))
        })
        .collect();
    assert_eq!(found, [("long.py", 1_003, "warning"), ("short.py", 3, "warning")]);
}
