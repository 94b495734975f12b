//! One file that says how programs are deployed: a unit, a Dockerfile, a workflow. The door for it, and what rules may ask of it.
//!
//! Such a file has a [`Program`] as Python files do, whose first module is empty: through it rules follow what the file starts.

use std::cell::OnceCell;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::context::{Context, Findings, Role};
use crate::deploy::comments::Layout;
use crate::deploy::installs::Installs;
use crate::deploy::text;
use crate::deploy::unit;
use crate::deploy::{self, Format, Interpreter, Program as StartedProgram, Start};
use crate::diagnostic::{Edit, Place};
use crate::lint::FileInput;
use crate::module::Module;
use crate::program::Program;
use crate::program::snapshot::Snapshot;
use crate::rules::DEPLOYMENT_ENTRIES;
use crate::rules::supervision::service::Service;
use crate::settings::Settings;
use crate::source::SourceFile;
use crate::suppress::Suppressions;

/// What a rule may ask about a deployment file.
pub(crate) struct Deployment<'a> {
    pub(crate) settings: &'a Settings,
    pub(crate) input: FileInput<'a>,
    pub(crate) format: Format,
    pub(crate) file: Arc<SourceFile>,
    pub(crate) program: &'a Program,
    /// The project's folder, or the one that the file lies in.
    pub(crate) root: PathBuf,
    /// The path that the format was told by.
    path: &'a str,
    starts: OnceCell<Vec<PythonStart>>,
    service: OnceCell<Option<Service>>,
    installs: OnceCell<Installs>,
}

/// A start of a Python program.
pub(crate) struct PythonStart {
    pub(crate) start: Start,
    /// The files of the project that it runs; none where the program lies elsewhere.
    pub(crate) modules: Vec<PathBuf>,
    /// The function that a console script calls.
    pub(crate) function: Option<String>,
}

/// Lints a file. Returns whether it was read, and whether a question was asked that has no answer yet.
pub(crate) fn check(
    input: &FileInput<'_>,
    format: Format,
    path: &str,
    settings: &Settings,
    snapshot: &Arc<Snapshot>,
    findings: &mut Findings<'_>,
) -> (bool, bool) {
    if Role::of(input.below_root) == Role::Vendored && !input.parse {
        return (true, false);
    }
    let file = SourceFile::new(input.path, decode(input.bytes));
    let nothing = SourceFile::new(input.path, "");
    let Ok(module) = Module::parse(nothing) else { return (false, false) };
    let program = Program::new(Arc::new(module), input.file, Arc::clone(snapshot), Arc::clone(input.roots), settings);
    let folder = input.file.and_then(Path::parent).map_or_else(PathBuf::new, Path::to_owned);
    let parts = Path::new(input.below_root).components().count();
    let root = input.file.and_then(|file| file.ancestors().nth(parts)).map_or(folder, Path::to_owned);
    let (starts, service, installs) = (OnceCell::new(), OnceCell::new(), OnceCell::new());
    let deployment = Deployment { settings, input: *input, format, file, program: &program, root, path, starts, service, installs };
    for entry in DEPLOYMENT_ENTRIES.iter().filter(|entry| settings.rules.contains(entry.rule)) {
        (entry.check)(&deployment, findings);
        // Whatever else would be found is found again.
        if program.is_incomplete() {
            return (true, true);
        }
    }
    if settings.suppressions {
        Suppressions::read(&Layout::read(&deployment.file, format)).apply(&deployment.file, settings.rules, findings);
    }
    (true, program.is_incomplete())
}

/// The text of a file in UTF-8; where it is none, each byte stands for one character, so that what matters, which is ASCII, can be read.
pub(crate) fn decode(bytes: &[u8]) -> String {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    std::str::from_utf8(bytes).map_or_else(|_| bytes.iter().map(|byte| char::from(*byte)).collect(), str::to_owned)
}

impl<'a> Deployment<'a> {
    /// What the file starts, where that is Python.
    pub(crate) fn starts(&self) -> &[PythonStart] {
        self.starts.get_or_init(|| self.python_starts(self.path, self.file.text()))
    }

    /// The installs by pip that the file runs.
    pub(crate) fn installs(&self) -> &Installs {
        self.installs.get_or_init(|| Installs::read(self.format, self.path, self.file.text()))
    }

    /// The folder that the file lies in.
    pub(crate) fn folder(&self) -> &Path {
        Path::new(self.path).parent().unwrap_or(&self.root)
    }

    /// The service that the unit file describes, with what its drop-ins say; a drop-in itself belongs to that of its unit.
    pub(crate) fn service(&self) -> Option<&Service> {
        let read = || (self.format == Format::SystemdUnit).then(|| Service::read(self, self.path)).flatten();
        self.service.get_or_init(read).as_ref()
    }

    /// What a text of this path starts, where that is Python.
    pub(crate) fn python_starts(&self, path: &str, text: &str) -> Vec<PythonStart> {
        let starts = deploy::starts_as(self.format, path, text);
        if starts.is_empty() {
            return Vec::new();
        }
        let deployments = self.program.deployments(&self.root);
        let near = Path::new(path).parent().unwrap_or(&self.root);
        let found = starts.into_iter().map(|start| {
            let start = self.through_script(start, near);
            let modules = self.program.modules_of(&start.program, &deployments.entry_points, &self.root, near);
            let named = matches!(start.program, StartedProgram::Executable(_)).then(|| start.program.name());
            let entry_point = deployments.entry_points.iter().find(|entry| Some(entry.name.as_str()) == named);
            let function = entry_point.map(|entry| entry.attribute.clone()).filter(|_| !modules.is_empty());
            PythonStart { start, modules, function }
        });
        found.filter(PythonStart::is_python).collect()
    }

    /// Where a start is that of a shell script of the project: the last Python program that this starts, such as what an init script or the entry
    /// point of an image runs in the end.
    fn through_script(&self, start: Start, near: &Path) -> Start {
        let (StartedProgram::Executable(path) | StartedProgram::ShellScript(path)) = &start.program else { return start };
        let script = self.program.script(path, &self.root, near).and_then(|path| self.read(&path));
        let Some(script) = script.filter(|script| deploy::interpreter(script.text().as_bytes()) == Some(Interpreter::Shell)) else {
            return start;
        };
        let inner = deploy::starts_as(Format::Shell, script.path(), script.text());
        let is_python = |inner: &Start| match &inner.program {
            StartedProgram::Module(_) | StartedProgram::Script(_) => true,
            StartedProgram::Executable(path) => {
                is_in_environment(path)
                    || self.program.script(path, &self.root, near).is_some_and(|path| self.program.is_python_script(&path))
            }
            StartedProgram::ShellScript(_) => false,
        };
        match inner.into_iter().rfind(is_python) {
            // What the shell around it does with its status is not followed.
            Some(inner) => Start { program: inner.program, unbuffered: start.unbuffered || inner.unbuffered, ..start },
            None => start,
        }
    }

    /// The same program's questions about a module of it.
    pub(crate) fn at(&self, module: crate::program::ModuleId) -> Context<'a> {
        Context::new(self.settings, self.input, self.program).at(module)
    }

    /// A place in the file.
    pub(crate) fn place(&self, range: &Range<usize>) -> Place {
        Place::new(&self.file, text::text_range(range))
    }

    /// An edit of the file.
    pub(crate) fn edit(&self, range: &Range<usize>, replacement: impl Into<String>) -> Edit {
        Edit::new(self.place(range), replacement.into())
    }

    /// The line, or the lines, of an assignment in a unit, with the end of the last.
    pub(crate) fn line_of(&self, key: &Range<usize>, value: &Range<usize>) -> Range<usize> {
        let text = self.file.text();
        let start = text[..key.start].rfind(unit::LINE_ENDS).map_or(0, |at| at + 1);
        let rest = &text[value.end..];
        let end = rest.find(unit::LINE_ENDS).map_or(text.len(), |at| value.end + at + unit::line_end(&rest[at..]));
        start..end
    }

    /// How lines of the file end.
    pub(crate) fn line_ending(&self) -> &'static str {
        crate::fix::line_ending(self.file.text())
    }

    /// Another file of the project, decoded.
    pub(crate) fn read(&self, path: &Path) -> Option<Arc<SourceFile>> {
        self.program.read_file(path)
    }

    /// The text of a range.
    pub(crate) fn slice(&self, range: &Range<usize>) -> &str {
        self.file.slice(text::text_range(range))
    }
}

impl PythonStart {
    /// Whether Python runs what is started, as far as that can be told without the program.
    fn is_python(&self) -> bool {
        match &self.start.program {
            StartedProgram::Module(_) | StartedProgram::Script(_) => true,
            StartedProgram::Executable(path) => !self.modules.is_empty() || is_in_environment(path),
            StartedProgram::ShellScript(_) => false,
        }
    }
}

/// Whether an executable lies in a virtual environment, by the usual names of these.
fn is_in_environment(path: &str) -> bool {
    let mut parts = path.rsplit('/').skip(1);
    parts.next() == Some("bin") && parts.next().is_some_and(|folder| matches!(folder, "venv" | ".venv" | "virtualenv" | "env" | ".env"))
}
