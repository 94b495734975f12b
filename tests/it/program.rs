//! The whole program: what other modules say of a file's findings.

use crate::command_line::{check, folder};
use crate::support;

const BASE: &str = "import socket\n\n\nclass Base:\n    def __init__(self):\n        self.s = socket.socket()\n\n    def finish(self):\n        self.s.close()\n";
const CLIENT: &str = "from acme import Base\n\n\nclass A(Base):\n    def __del__(self):\n        self.finish()\n";
const EDITABLE: &str = "import ed\n\n\nclass B:\n    def __del__(self):\n        ed.gone('x')\n";

#[test]
fn installed_packages_are_followed_and_not_reported_on() {
    let site = "venv/lib/python3.11/site-packages";
    let here = folder(&[
        ("proj/setup.py", ""),
        ("proj/app/a.py", CLIENT),
        ("proj/app/b.py", EDITABLE),
        (&format!("{site}/acme/__init__.py"), "from .impl import Base\n"),
        (&format!("{site}/acme/impl.py"), BASE),
        (&format!("{site}/ed.pth"), "../../../../elsewhere\n"),
        ("elsewhere/ed/__init__.py", "import os\n\n\ndef gone(path):\n    os.unlink(path)\n"),
    ]);
    let project = here.path().join("proj");
    let found = |arguments: &[&str]| check(&project, &[&["--output-format", "concise"], arguments].concat(), 1).0;
    let out = found(&["--python", "../venv"]);
    assert!(out.contains("app/a.py:5:9: warning[del-io] `A.__del__` closes a socket"), "{out}");
    assert!(out.contains("app/b.py:5:9: warning[del-io] `B.__del__` deletes a file"), "{out}");
    assert_eq!(out.lines().count(), 2, "{out}");
    std::fs::write(project.join("pyrelint.toml"), "python = '../venv'\n").expect("files can be written");
    assert_eq!(found(&[]), out);
    let output = support::pyrelint().current_dir(&project).arg("config").output().expect("the program starts");
    assert!(String::from_utf8_lossy(&output.stdout).contains("# Installed packages are followed in "));
    std::fs::remove_file(project.join("pyrelint.toml")).expect("files can be removed");
    // Without an environment nothing is known of either.
    assert_eq!(check(&project, &[], 0).0, "");
}

#[test]
fn a_file_alone_is_reported_on_as_in_the_whole_project() {
    let here = folder(&[
        ("setup.py", ""),
        ("lib/base.py", "class Base:\n    def __del__(self):\n        self.close()\n\n    def close(self):\n        pass\n"),
        ("lib/leaf.py", "import os\nfrom lib.base import Base\n\n\nclass Leaf(Base):\n    def close(self):\n        os.close(3)\n"),
    ]);
    let whole = check(here.path(), &["--output-format", "concise"], 1).0;
    assert!(whole.contains("`Base.__del__` (of a `Leaf`) closes a descriptor"), "{whole}");
    assert_eq!(check(here.path(), &["--output-format", "concise", "lib/base.py"], 1).0, whole);
    assert_eq!(check(&here.path().join("lib"), &["--output-format", "concise", "leaf.py"], 0).0, "");
}
