//! What a rule is given, and where it puts what it finds.

use std::cell::OnceCell;
use std::rc::Rc;

use ruff_text_size::TextRange;
use rustc_hash::FxHashMap;

use crate::diagnostic::{Diagnostic, Fix, Place, Related, Severity};
use crate::lint::FileInput;
use crate::module::ir::{ExprId, FunctionId, StmtId};
use crate::module::{Call, Module};
use crate::program::entries::{Entry, entries};
use crate::program::exits::Exit;
use crate::program::service::{Evidence, evidence};
use crate::program::{ModuleId, Program};
use crate::rules::{FixAvailability, Rule};
use crate::settings::Settings;

/// What a file is for, judged by its path below the project root.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    /// Code of the project.
    Production,
    /// Tests, examples, documentation: never a service.
    Auxiliary,
    /// Code of others inside the project: not reported, but followed.
    Vendored,
}

impl Role {
    /// Judges a `/`-separated path below the project root.
    pub(crate) fn of(below_root: &str) -> Self {
        let mut parts: Vec<&str> = below_root.split('/').collect();
        let file = parts.pop().unwrap_or_default();
        let vendored = |part: &&str| {
            matches!(*part, "_vendor" | "vendor" | "vendored" | "third_party" | "site-packages" | "dist-packages")
                || part.starts_with("thirdparty")
        };
        let auxiliary = |part: &&str| {
            matches!(
                *part,
                "test"
                    | "tests"
                    | "testing"
                    | "example"
                    | "examples"
                    | "doc"
                    | "docs"
                    | "demo"
                    | "demos"
                    | "samples"
                    | "benchmarks"
                    | "benchmark"
            )
        };
        if parts.iter().any(vendored) {
            Self::Vendored
        } else if parts.iter().any(auxiliary)
            || file.starts_with("test_")
            || file.ends_with("_test.py")
            || matches!(file, "conftest.py" | "tests.py" | "test.py")
        {
            Self::Auxiliary
        } else {
            Self::Production
        }
    }
}

/// What a rule may ask.
pub(crate) struct Context<'a> {
    pub(crate) settings: &'a Settings,
    pub(crate) input: FileInput<'a>,
    pub(crate) program: &'a Program,
    /// The file that is linted.
    pub(crate) id: ModuleId,
    pub(crate) module: &'a Module,
    pub(crate) role: Role,
    exits: OnceCell<Rc<[Exit]>>,
    /// See [`Context::exits_at`].
    exits_at: OnceCell<FxHashMap<StmtId, Vec<usize>>>,
    /// See [`Context::calls_at`].
    calls_at: OnceCell<FxHashMap<StmtId, Vec<ExprId>>>,
    /// What the rules about exit codes keep.
    pub(crate) kept: crate::rules::exit_codes::Kept,
    entries: OnceCell<Vec<Entry>>,
    service: OnceCell<Option<Evidence>>,
    finalizers: OnceCell<Rc<[crate::rules::finalizers::Finalizer]>>,
    logging: OnceCell<Rc<crate::rules::logging::Logging>>,
    threads: OnceCell<Rc<[FunctionId]>>,
    installs: OnceCell<crate::deploy::installs::Installs>,
}

impl<'a> Context<'a> {
    pub(crate) fn new(settings: &'a Settings, input: FileInput<'a>, program: &'a Program) -> Self {
        let id = Program::ROOT;
        Self {
            settings,
            input,
            program,
            id,
            module: program.module(id),
            role: Role::of(input.below_root),
            exits: OnceCell::new(),
            exits_at: OnceCell::new(),
            calls_at: OnceCell::new(),
            kept: crate::rules::exit_codes::Kept::default(),
            entries: OnceCell::new(),
            service: OnceCell::new(),
            finalizers: OnceCell::new(),
            logging: OnceCell::new(),
            threads: OnceCell::new(),
            installs: OnceCell::new(),
        }
    }

    /// The same questions about another module of the program.
    pub(crate) fn at(&self, id: ModuleId) -> Self {
        Self {
            settings: self.settings,
            input: self.input,
            program: self.program,
            id,
            module: self.program.module(id),
            role: self.role,
            entries: OnceCell::new(),
            exits: OnceCell::new(),
            exits_at: OnceCell::new(),
            calls_at: OnceCell::new(),
            kept: crate::rules::exit_codes::Kept::default(),
            service: OnceCell::new(),
            finalizers: OnceCell::new(),
            logging: OnceCell::new(),
            threads: OnceCell::new(),
            installs: OnceCell::new(),
        }
    }

    /// Whether the file belongs to the project's tests.
    pub(crate) fn is_test(&self) -> bool {
        let mut parts = self.input.below_root.split('/').rev();
        let file = parts.next().unwrap_or_default();
        let is_test = |part: &str| matches!(part, "test" | "tests" | "testing" | "conftest.py" | "test.py" | "tests.py");
        is_test(file) || file.starts_with("test_") || file.ends_with("_test.py") || parts.any(is_test)
    }

    /// Every exit call of the file that can run.
    pub(crate) fn exits(&self) -> &[Exit] {
        self.exits.get_or_init(|| self.program.exits_of(self.id))
    }

    /// The exit calls that are made in a statement itself, in the order of [`Context::exits`].
    pub(crate) fn exits_at(&self, stmt: StmtId) -> impl Iterator<Item = &Exit> {
        let by_stmt = self.exits_at.get_or_init(|| {
            let mut found: FxHashMap<StmtId, Vec<usize>> = FxHashMap::default();
            for (index, exit) in self.exits().iter().enumerate() {
                found.entry(exit.stmt).or_default().push(index);
            }
            found
        });
        by_stmt.get(&stmt).into_iter().flatten().map(|index| &self.exits()[*index])
    }

    /// The calls that stand in a statement itself, in the order of the text.
    pub(crate) fn calls_at(&self, stmt: StmtId) -> impl Iterator<Item = Call<'a>> {
        let by_stmt = self.calls_at.get_or_init(|| {
            let mut found: FxHashMap<StmtId, Vec<ExprId>> = FxHashMap::default();
            for call in self.module.calls() {
                found.entry(self.module.expr(call.id).stmt).or_default().push(call.id);
            }
            found
        });
        let module = self.module;
        by_stmt.get(&stmt).into_iter().flatten().filter_map(|id| module.call(*id))
    }

    /// The functions of the file with which threads begin.
    pub(crate) fn threads(&self) -> &[FunctionId] {
        self.threads.get_or_init(|| crate::rules::exit_codes::forks::thread_functions(self).into())
    }

    /// The installs by pip that the file runs.
    pub(crate) fn installs(&self) -> &crate::deploy::installs::Installs {
        self.installs.get_or_init(|| crate::rules::dependencies::python::installs(self))
    }

    /// The calls with which the file starts when it is run as a program.
    pub(crate) fn entries(&self) -> &[Entry] {
        self.entries.get_or_init(|| entries(self.program, self.id))
    }

    /// Why the file is service code, if it is.
    pub(crate) fn service(&self) -> Option<&Evidence> {
        self.service.get_or_init(|| evidence(self)).as_ref()
    }

    /// The finalizers of the file's classes, with what each reaches.
    pub(crate) fn finalizers(&self) -> Rc<[crate::rules::finalizers::Finalizer]> {
        Rc::clone(self.finalizers.get_or_init(|| crate::rules::finalizers::collect(self).into()))
    }

    /// How the file configures logging.
    pub(crate) fn logging(&self) -> Rc<crate::rules::logging::Logging> {
        Rc::clone(self.logging.get_or_init(|| crate::rules::logging::collect(self).into()))
    }

    /// A place in the linted file.
    pub(crate) fn place(&self, range: TextRange) -> Place {
        Place::new(&self.module.file, range)
    }

    /// A place in any module of the program.
    pub(crate) fn place_in(&self, module: ModuleId, range: TextRange) -> Place {
        Place::new(&self.program.module(module).file, range)
    }
}

/// The findings of a file so far.
pub(crate) struct Findings<'a> {
    settings: &'a Settings,
    pub(crate) diagnostics: Vec<Diagnostic>,
}

impl<'a> Findings<'a> {
    pub(crate) fn new(settings: &'a Settings) -> Self {
        Self { settings, diagnostics: Vec::new() }
    }

    /// Reports a finding with the rule's own severity; what is returned takes help, related places and another severity.
    pub(crate) fn report(&mut self, rule: &'static Rule, message: impl Into<String>, place: Place) -> Report<'_> {
        self.diagnostics.push(Diagnostic::new(rule, message, place));
        let configured = self.settings.severities.iter().rev().find(|(other, _)| other.code == rule.code).map(|(_, severity)| *severity);
        let last = self.diagnostics.len() - 1;
        let diagnostic = &mut self.diagnostics[last];
        diagnostic.severity = configured.unwrap_or(diagnostic.severity);
        Report { diagnostic, configured: configured.is_some() }
    }
}

/// A finding that is being written.
pub(crate) struct Report<'a> {
    diagnostic: &'a mut Diagnostic,
    configured: bool,
}

impl Report<'_> {
    /// Sets the severity of this case; the configuration's stands above it.
    pub(crate) fn severity(self, severity: Severity) -> Self {
        if !self.configured {
            self.diagnostic.severity = severity;
        }
        self
    }

    /// Says what to do instead.
    pub(crate) fn help(self, help: impl Into<String>) -> Self {
        self.diagnostic.help = Some(help.into());
        self
    }

    /// Offers a fix, where there is one.
    pub(crate) fn fix(self, fix: Option<Fix>) -> Self {
        debug_assert!(
            fix.is_none() || self.diagnostic.rule.fix != FixAvailability::None,
            "{} says that it has no fixes",
            self.diagnostic.rule
        );
        self.diagnostic.fix = fix;
        self
    }

    /// Adds a place that explains the finding.
    pub(crate) fn related(self, message: impl Into<String>, place: Place) -> Self {
        self.diagnostic.related.push(Related { message: message.into(), place });
        self
    }
}
