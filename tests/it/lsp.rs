//! The server for editors, driven as an editor drives it.

mod actions;
mod bars;
mod client;
mod deployment;
mod diagnostics;
mod edits;
mod hover;
mod life;
mod parity;
mod settings;
mod workspace;

use serde_json::Value;

/// A project of two files: whether `main` tells its caller about a failure decides about the finding in the other file.
const STARTER: &str = "\"\"\"é😀\"\"\"; from tool.cli import main\n\nif __name__ == \"__main__\":\n    main()\n";
const TELLS: &str = "def main():\n    if not work():\n        return 1\n    return 0\n\n\ndef work():\n    return False\n";
const SILENT: &str = "def main():\n    work()\n\n\ndef work():\n    return False\n";
/// A finding behind text that is not ASCII, with a safe fix.
const FIXABLE: &str = "import sys\n\nx = \"é😀\"; exit(2)\n";

fn project() -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::create_dir(folder.path().join("tool")).expect("a package");
    std::fs::write(folder.path().join("pyproject.toml"), "[project]\nname = \"tool\"\nversion = \"1\"\n").expect("a project");
    for (name, text) in [("__init__.py", ""), ("__main__.py", STARTER), ("cli.py", TELLS), ("end.py", FIXABLE)] {
        std::fs::write(folder.path().join("tool").join(name), text).expect("a module");
    }
    folder
}

fn codes(diagnostics: &Value) -> Vec<String> {
    let all = diagnostics.as_array().into_iter().flatten();
    all.map(|one| one["code"].as_str().unwrap_or_default().to_owned()).collect()
}
