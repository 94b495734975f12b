//! What the README shows is what the program prints.

use std::fs;
use std::path::Path;

use crate::support;

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).expect("a folder can be made");
    for entry in fs::read_dir(from).expect("readable") {
        let entry = entry.expect("readable");
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).expect("the file can be copied");
        }
    }
}

#[test]
fn the_findings_of_the_readme_are_real() {
    let folder = tempfile::tempdir().expect("a folder can be made");
    copy(&support::root().join("tests/readme"), folder.path());
    let path = support::root().join("README.md");
    let readme = fs::read_to_string(&path).expect("there is a README");
    let mut current = readme.clone();
    let section = readme.split_once("\n## What it finds\n").expect("the section is there").1;
    let section = section.split_once("\n## ").map_or(section, |(section, _)| section);
    let mut shown = 0;
    for block in section.split("```console\n$ pyrelint ").skip(1) {
        let (block, _) = block.split_once("\n```").expect("the block has an end");
        let (command, expected) = block.split_once('\n').expect("the block shows something");
        let output = support::run(folder.path(), &command.split(' ').collect::<Vec<_>>());
        let said = String::from_utf8_lossy(&output.stdout);
        if std::env::var_os("PYRELINT_UPDATE").is_some() {
            current = current.replacen(
                &format!("$ pyrelint {command}\n{expected}\n"),
                &format!("$ pyrelint {command}\n{}\n", said.trim_end()),
                1,
            );
        } else {
            assert_eq!(said.trim_end(), expected, "pyrelint {command} (PYRELINT_UPDATE=1 writes it anew)");
        }
        shown += 1;
    }
    if current != readme {
        fs::write(&path, current).expect("the README can be written");
    }
    assert!(shown >= 4, "only {shown} findings");
}

#[test]
fn links_of_the_documentation_lead_somewhere() {
    let root = support::root();
    let pages = ["README.md", "CHANGELOG.md", "CONTRIBUTING.md", "SECURITY.md"].map(str::to_owned);
    let docs = fs::read_dir(root.join("docs")).expect("there are pages").flatten();
    let docs = docs.map(|page| format!("docs/{}", page.file_name().to_string_lossy()));
    let mut links = 0;
    for page in pages.into_iter().chain(docs) {
        let text = fs::read_to_string(root.join(&page)).expect("readable");
        let folder = root.join(&page).parent().expect("a folder").to_owned();
        for link in text.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
            if link.starts_with("http") {
                continue;
            }
            let (path, anchor) = link.split_once('#').unwrap_or((link, ""));
            let target = if path.is_empty() { root.join(&page) } else { folder.join(path) };
            assert!(target.exists(), "{page}: {link}");
            if !anchor.is_empty() {
                let text = fs::read_to_string(&target).expect("readable");
                let slug = |line: &str| line.trim_start_matches(['#', ' ']).replace('`', "").to_lowercase().replace(' ', "-");
                assert!(text.lines().any(|line| line.starts_with('#') && slug(line) == anchor), "{page}: {link}");
            }
            links += 1;
        }
    }
    assert!(links > 70, "only {links} links");
}

/// Where the project will be published is said in many files, and decided in pyproject.toml.
#[test]
fn all_files_name_one_repository() {
    let root = support::root();
    let manifest = fs::read_to_string(root.join("pyproject.toml")).expect("readable");
    let repository = manifest.split("Source = \"https://").nth(1).and_then(|rest| rest.split('"').next()).expect("a repository");
    let (owner, name) = repository.strip_prefix("github.com/").and_then(|path| path.split_once('/')).expect("an owner and a name");
    let mut named = 0;
    for file in [
        "README.md",
        "SECURITY.md",
        "pyproject.toml",
        "packaging/Dockerfile",
        "ci/gitlab.yml",
        "docs/ci.md",
        "docs/versioning.md",
        "docs/README.md",
    ] {
        let text = fs::read_to_string(root.join(file)).expect("readable");
        for rest in text.split("github.com/").skip(1) {
            // The host of another project: no name that ends in ours.
            let path: String = rest.chars().take_while(|letter| letter.is_alphanumeric() || "/-_.".contains(*letter)).collect();
            if path.contains(name) {
                assert!(path.starts_with(&format!("{owner}/{name}")), "{file}: {path}");
                named += 1;
            }
        }
        for rest in text.split("uses: ").skip(1).filter(|rest| rest.split('@').next().is_some_and(|action| action.ends_with(name))) {
            assert!(rest.starts_with(&format!("{owner}/{name}@")), "{file}: {rest}");
            named += 1;
        }
    }
    assert!(named > 8, "only {named}");
}
