//! `--watch`: a run after every change, none without one, and an interrupt that ends it.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::time::Duration;

use crate::command_line::{DEFECT, folder};
use crate::support;

/// How long nothing is waited for.
const QUIET: Duration = Duration::from_millis(900);

/// A run that watches; what it says comes line by line.
struct Watching {
    child: Child,
    lines: Receiver<String>,
}

impl Watching {
    fn start(here: &Path, arguments: &[&str]) -> Self {
        let mut command = support::pyrelint();
        command.current_dir(here).args(arguments).arg("--watch").stdout(Stdio::null()).stderr(Stdio::piped());
        let mut child = command.spawn().expect("the program starts");
        let stderr = BufReader::new(child.stderr.take().expect("a pipe"));
        let (sender, lines) = mpsc::channel();
        std::thread::spawn(move || stderr.lines().map_while(Result::ok).all(|line| sender.send(line).is_ok()));
        Self { child, lines }
    }

    /// What one run says.
    #[track_caller]
    fn run(&self) -> String {
        let mut said = String::new();
        while !said.contains("Watching for changes") {
            said += &self.lines.recv_timeout(Duration::from_secs(30)).expect("the run says something");
            said += "\n";
        }
        said
    }

    #[track_caller]
    fn stays_quiet(&self) {
        assert_eq!(self.lines.recv_timeout(QUIET), Err(mpsc::RecvTimeoutError::Timeout));
    }
}

impl Drop for Watching {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn a_change_starts_a_run() {
    let here = folder(&[("src/a.py", "x = 1\n"), ("pyproject.toml", "[tool.pyrelint]\n"), ("build/x.py", ""), (".git/x", "")]);
    let write = |name: &str, text: &str| std::fs::write(here.path().join(name), text).expect("a file can be written");
    let watching = Watching::start(here.path(), &["--extend-exclude", "build", "-o", "report.toml", "src"]);
    assert!(watching.run().contains("All checks passed"));
    // Neither its own output nor what is excluded or hidden is a reason.
    write("build/x.py", DEFECT);
    write(".git/x.py", DEFECT);
    write("src/a.pyc", "");
    watching.stays_quiet();
    write("src/a.py", DEFECT);
    assert!(watching.run().contains("1 finding (1 warning)"));
    watching.stays_quiet();
    std::fs::create_dir(here.path().join("src/new")).expect("a folder can be made");
    write("src/new/b.py", DEFECT);
    let mut said = watching.run();
    while !said.contains("2 findings") {
        said = watching.run();
    }
    // A configuration that is wrong for a while ends nothing.
    write("pyproject.toml", "[tool.pyrelint]\nselct = 1\n");
    assert!(watching.run().contains("unknown key `selct`"));
    write("pyproject.toml", "[tool.pyrelint]\nignore = [\"RL301\"]\n");
    assert!(watching.run().contains("All checks passed"));
}

#[cfg(unix)]
#[test]
fn an_interrupt_ends_it() {
    use std::os::unix::process::ExitStatusExt;
    let here = folder(&[("a.py", "x = 1\n")]);
    let mut watching = Watching::start(here.path(), &[]);
    watching.run();
    let id = watching.child.id().to_string();
    assert!(std::process::Command::new("kill").args(["-INT", &id]).status().expect("kill starts").success());
    let status = watching.child.wait().expect("it ends");
    // A shell shows the signal as 130.
    assert_eq!((status.signal(), status.code()), (Some(2), None));
}

#[test]
fn standard_input_is_not_watched() {
    let here = folder(&[]);
    let output = support::run(here.path(), &["--watch", "-"]);
    assert_eq!(output.status.code(), Some(2));
}
