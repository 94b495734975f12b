//! Questions to Git about the history of a repository.
//!
//! What a repository configures is not run: no external differ, text converter, filter, hook or file system monitor, and nothing is fetched.
//! That is why only the commits and the index are asked about, never the working tree: for that, Git would run the filters that
//! `.gitattributes` names. Names go through the pipe raw, ended by NUL; no shell sees anything.

use std::ffi::OsStr;
use std::io::{BufRead, BufReader, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Output, Stdio};

use anyhow::{Context as _, bail};

/// Settings that keep Git from running what the repository names.
const SETTINGS: [&str; 3] = ["core.fsmonitor=false", "core.hooksPath=/dev/null", "core.quotePath=false"];

/// A repository.
#[derive(Debug)]
pub struct Git {
    /// The top of its working tree, without links.
    pub top: PathBuf,
}

/// The name of an object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ObjectId(String);

impl Git {
    /// The repository that a folder lies in.
    ///
    /// # Errors
    /// If it lies in none, or Git is not installed.
    pub fn of(folder: &Path) -> anyhow::Result<Self> {
        let output = run(folder, ["rev-parse", "--show-toplevel"])?;
        if !output.status.success() {
            bail!("this is no working tree of a Git repository: {}", complaint(&output));
        }
        let top = line(&output.stdout);
        let top = std::fs::canonicalize(path(top)).context("the top of the working tree cannot be found")?;
        Ok(Self { top })
    }

    /// The commit that the branches of a revision and of `HEAD` have in common.
    ///
    /// # Errors
    /// If there is no such revision or no such commit.
    pub fn merge_base(&self, revision: &str) -> anyhow::Result<ObjectId> {
        let commit = self.commit(revision)?.with_context(|| {
            format!(
                "there is no revision `{revision}` here; where it is a branch of a remote, fetch it first (`git fetch origin {revision}`)"
            )
        })?;
        let head = self.commit("HEAD")?.context("there is no commit yet")?;
        let output = run(&self.top, ["merge-base", &commit.0, &head.0])?;
        match ObjectId::parse(line(&output.stdout)) {
            Some(base) if output.status.success() => Ok(base),
            _ => bail!(
                "`{revision}` and HEAD have no common ancestor in this clone; a shallow one needs more history (`git fetch --unshallow`)"
            ),
        }
    }

    fn commit(&self, revision: &str) -> anyhow::Result<Option<ObjectId>> {
        let revision = format!("{revision}^{{commit}}");
        let output = run(&self.top, ["rev-parse", "--verify", "--quiet", "--end-of-options", &revision])?;
        Ok(ObjectId::parse(line(&output.stdout)).filter(|_| output.status.success()))
    }

    /// The regular files of a commit: their paths below the top, and their contents.
    ///
    /// # Errors
    /// If Git fails.
    pub fn files(&self, commit: &ObjectId) -> anyhow::Result<Vec<(Vec<u8>, ObjectId)>> {
        let output = self.answer(["ls-tree", "-r", "-z", "--full-tree", &commit.0])?;
        // `100644 blob ID<TAB>path`
        let entry = |entry: &[u8]| {
            let tab = entry.iter().position(|byte| *byte == b'\t')?;
            let mut words = entry[..tab].split(|byte| *byte == b' ');
            let is_file = words.next()?.starts_with(b"100") && words.next()? == b"blob";
            let id = ObjectId::parse(words.next()?)?;
            is_file.then(|| (entry[tab + 1..].to_owned(), id))
        };
        Ok(output.split(|byte| *byte == 0).filter_map(entry).collect())
    }

    /// The files that have another name in the index than in a commit: the new name and the old one.
    ///
    /// # Errors
    /// If Git fails.
    pub fn renamed(&self, commit: &ObjectId) -> anyhow::Result<Vec<(Vec<u8>, Vec<u8>)>> {
        let arguments =
            ["diff-index", "--cached", "-z", "--name-status", "--find-renames", "--diff-filter=R", "--no-ext-diff", "--no-textconv"];
        let output = self.answer(arguments.into_iter().chain([commit.0.as_str(), "--"]))?;
        // `R100`, the old name, the new name
        let fields: Vec<&[u8]> = output.split(|byte| *byte == 0).collect();
        Ok(fields.chunks_exact(3).map(|fields| (fields[2].to_owned(), fields[1].to_owned())).collect())
    }

    /// A reader of the contents of files.
    ///
    /// # Errors
    /// If Git cannot be started.
    pub fn blobs(&self) -> anyhow::Result<Blobs> {
        let mut command = command(&self.top, ["cat-file", "--batch"]);
        let mut child = command.stdin(Stdio::piped()).spawn().context("git cannot be started")?;
        let (stdin, stdout) = (child.stdin.take(), child.stdout.take());
        Ok(Blobs { child, stdin, stdout: stdout.map(BufReader::new) })
    }

    fn answer<'a>(&self, arguments: impl IntoIterator<Item = &'a str>) -> anyhow::Result<Vec<u8>> {
        let output = run(&self.top, arguments)?;
        if !output.status.success() {
            bail!("git failed: {}", complaint(&output));
        }
        Ok(output.stdout)
    }
}

/// A process of Git that hands out contents, one after the other.
#[derive(Debug)]
pub struct Blobs {
    child: Child,
    stdin: Option<ChildStdin>,
    stdout: Option<BufReader<ChildStdout>>,
}

impl Blobs {
    /// The content of a file.
    ///
    /// # Errors
    /// If the object is not there (a partial clone) or Git fails.
    pub fn read(&mut self, id: &ObjectId) -> anyhow::Result<Vec<u8>> {
        let (Some(stdin), Some(stdout)) = (&mut self.stdin, &mut self.stdout) else { bail!("git has no pipes") };
        writeln!(stdin, "{}", id.0).and_then(|()| stdin.flush()).context("git does not read")?;
        // `ID blob SIZE`, the content, a line feed
        let mut header = String::new();
        stdout.read_line(&mut header).context("git does not answer")?;
        let size = header.trim_end().rsplit(' ').next().and_then(|size| size.parse::<usize>().ok());
        let Some(size) = size else { bail!("git does not have the object {}; a partial clone has to fetch it first", id.0) };
        let mut content = vec![0; size + 1];
        stdout.read_exact(&mut content).context("git does not answer")?;
        content.truncate(size);
        Ok(content)
    }
}

impl Drop for Blobs {
    fn drop(&mut self) {
        // The end of its input is its end.
        self.stdin = None;
        self.stdout = None;
        let _ = self.child.wait();
    }
}

impl ObjectId {
    fn parse(text: &[u8]) -> Option<Self> {
        let text = std::str::from_utf8(text).ok()?;
        let is_id = text.len() >= 40 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
        is_id.then(|| Self(text.to_owned()))
    }
}

fn command<'a>(folder: &Path, arguments: impl IntoIterator<Item = &'a str>) -> Command {
    let mut command = Command::new("git");
    command.current_dir(folder).arg("--no-pager").arg("--literal-pathspecs");
    for setting in SETTINGS {
        command.args(["-c", setting]);
    }
    command.args(arguments);
    command.env("LC_ALL", "C").env("GIT_OPTIONAL_LOCKS", "0").env("GIT_NO_LAZY_FETCH", "1").env("GIT_TERMINAL_PROMPT", "0");
    command.env_remove("GIT_EXTERNAL_DIFF");
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

fn run<'a>(folder: &Path, arguments: impl IntoIterator<Item = &'a str>) -> anyhow::Result<Output> {
    command(folder, arguments).output().map_err(|error| match error.kind() {
        std::io::ErrorKind::NotFound => anyhow::anyhow!("git is not installed"),
        _ => anyhow::anyhow!("git cannot be started: {error}"),
    })
}

/// What Git says about its failure, on one line.
fn complaint(output: &Output) -> String {
    let text = String::from_utf8_lossy(&output.stderr);
    text.lines().next().unwrap_or_default().trim_start_matches("fatal: ").to_owned()
}

/// The only line of an answer.
fn line(bytes: &[u8]) -> &[u8] {
    bytes.strip_suffix(b"\n").unwrap_or(bytes)
}

/// A path in Git's bytes.
fn path(bytes: &[u8]) -> PathBuf {
    #[cfg(unix)]
    return PathBuf::from(<OsStr as std::os::unix::ffi::OsStrExt>::from_bytes(bytes));
    #[cfg(not(unix))]
    return PathBuf::from(OsStr::new(&*String::from_utf8_lossy(bytes)));
}
