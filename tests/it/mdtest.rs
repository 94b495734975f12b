//! The literate cases of `tests/mdtest/`: all rules that are on by default run, and those whose codes the file's title names in parentheses;
//! everything reported must be marked.

use std::fs;

use crate::{markdown, support};

#[test]
fn literate_cases() {
    let mut files: Vec<_> = fs::read_dir(support::root().join("tests/mdtest"))
        .expect("the cases are there")
        .map(|entry| entry.expect("readable").path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "md"))
        .collect();
    files.sort();
    let mut problems = Vec::new();
    let mut cases = 0;
    for path in files {
        let document = markdown::read(&path);
        let name = path.file_name().expect("a file").to_string_lossy().into_owned();
        let more = document.title.split_once(" (").and_then(|(_, codes)| codes.strip_suffix(')'));
        let selection: Vec<&str> = more.into_iter().flat_map(|codes| ["--extend-select", codes]).collect();
        for project in &document.projects {
            cases += 1;
            let folder = tempfile::tempdir().expect("a folder can be made");
            project.write(folder.path());
            let reports = support::reports(folder.path(), &selection, &project.blocks);
            problems
                .extend(markdown::differences(project, reports).into_iter().map(|line| format!("{name} [{}]: {line}", project.heading)));
        }
    }
    println!("{cases} cases");
    assert!(cases > 20, "only {cases} cases were found");
    assert!(problems.is_empty(), "{}", problems.join("\n"));
}
