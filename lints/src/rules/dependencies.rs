//! RL5xx: what an install by pip changes, and what becomes of its failure.
//!
//! The rules look at Dockerfiles, shell scripts, workflows, makefiles and their like, and at Python code that runs pip; requirements files are read where they name
//! them. Both kinds of files have the same installs ([`crate::deploy::installs`]): a rule is written once, over a [`Subject`].

use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::context::{Context, Role};
use crate::deploy::installs::{Found, Installs};
use crate::deploy::pip::file::Lines;
use crate::deploy::text::{UNKNOWN, text_range};
use crate::deploy::{Format, linted_as};
use crate::deployment::Deployment;
use crate::diagnostic::{Edit, Place};
use crate::program::Program;
use crate::rules::Triggers;
use crate::settings::Settings;
use crate::source::SourceFile;
use crate::trigger::{INSTALL, PIP, PIP_INSTALL};

mod closure;
pub(crate) mod pip_check_missing;
pub(crate) mod pip_failure_ignored;
pub(crate) mod pip_upgrade_drags_dependencies;
pub(crate) mod pip_upgrade_keeps_stale;
pub(crate) mod python;
pub(crate) mod requirement_not_locked;
pub(crate) mod requirement_unpinned;

/// What a Python text must hold to run pip.
pub(crate) const TRIGGERS: Triggers =
    &[&[PIP, INSTALL], &[PIP_INSTALL, "subprocess"], &[PIP_INSTALL, "*system("], &[PIP_INSTALL, "*popen("], &["nox", ".install("]];

/// Packages that install others. They are upgraded before anything else, and nothing depends on them.
const INSTALLERS: &[&str] = &["pip", "setuptools", "wheel"];

/// How many requirements files one leads to are read.
const MAX_FILES: usize = 32;

/// A file with installs.
pub(super) struct Subject<'s> {
    pub(super) settings: &'s Settings,
    pub(super) installs: &'s Installs,
    /// None for Python.
    pub(super) format: Option<Format>,
    file: &'s Arc<SourceFile>,
    program: &'s Program,
    role: Role,
    /// The project's folder.
    root: PathBuf,
    /// The folder of the file.
    folder: PathBuf,
}

impl<'s> Subject<'s> {
    pub(super) fn of_deployment(deployment: &'s Deployment<'_>) -> Self {
        Self {
            settings: deployment.settings,
            installs: deployment.installs(),
            format: Some(deployment.format),
            file: &deployment.file,
            program: deployment.program,
            role: Role::of(deployment.input.below_root),
            root: deployment.root.clone(),
            folder: deployment.folder().to_owned(),
        }
    }

    pub(super) fn of_python(context: &'s Context<'_>) -> Self {
        let input = &context.input;
        let folder = input.file.and_then(Path::parent).map_or_else(PathBuf::new, Path::to_owned);
        let parts = Path::new(input.below_root).components().count();
        let root = input.file.and_then(|file| file.ancestors().nth(parts)).map_or_else(|| folder.clone(), Path::to_owned);
        Self {
            settings: context.settings,
            installs: context.installs(),
            format: None,
            file: &context.module.file,
            program: context.program,
            role: context.role,
            root,
            folder,
        }
    }

    /// The installs that are reported: none of tests, examples and documentation.
    pub(super) fn reported(&self) -> impl Iterator<Item = &'s Found> {
        let all: &'s [Found] = if self.role == Role::Production { &self.installs.found } else { &[] };
        all.iter()
    }

    /// A place in the file.
    pub(super) fn place(&self, range: &Range<usize>) -> Place {
        Place::new(self.file, text_range(range))
    }

    /// The text of a range.
    pub(super) fn slice(&self, range: &Range<usize>) -> &'s str {
        self.file.text().get(range.clone()).unwrap_or_default()
    }

    /// An edit of the file.
    pub(super) fn edit(&self, range: &Range<usize>, replacement: impl Into<String>) -> Edit {
        Edit::new(self.place(range), replacement.into())
    }

    /// An edit that puts an option before a word of the command; none where the word does not stand in the file as it is.
    pub(super) fn option_before(&self, word: &Range<usize>, option: &str) -> Option<Edit> {
        let text = self.slice(word);
        let quote = text.chars().next().filter(|c| matches!(c, '"' | '\''));
        let behind = self.file.text().get(word.end..)?.trim_start().chars().next();
        // A list of strings: the exec form of an image, or Python's.
        if let Some(quote) = quote.filter(|_| self.format.is_none() || matches!(behind, Some(',' | ']'))) {
            let is_word = text.len() > 1 && text.ends_with(quote) && !text[1..text.len() - 1].contains([quote, ' ']);
            // `command.append("-U")` takes one.
            let is_item = self.file.text().get(..word.start)?.trim_end().ends_with(['[', ',']);
            return (is_word && is_item).then(|| self.edit(&(word.start..word.start), format!("{quote}{option}{quote}, ")));
        }
        // An item of a list in YAML is one word, whatever is put before it.
        let is_plain = self.format.is_some_and(|format| format != Format::Compose)
            && !text.is_empty()
            && !text.starts_with(['$', '{'])
            && !text.contains(['\n', ',']);
        is_plain.then(|| self.edit(&(word.start..word.start), format!("{option} ")))
    }

    /// The text of a file that a command names, by its directory, the file's folder and the project's.
    pub(super) fn find(&self, path: &str, directory: Option<&str>) -> Option<(PathBuf, Arc<SourceFile>)> {
        // Where the start of a path is not known, the rest tells enough: `$HOME/app/requirements.txt`, `{toxinidir}/requirements.txt`.
        let known = match path.rsplit_once(UNKNOWN) {
            Some((_, rest)) => rest.strip_prefix('/').filter(|rest| !rest.is_empty())?,
            None => path,
        };
        if known.contains("://") {
            return None;
        }
        let near = directory.map(|directory| format!("{directory}/{known}")).filter(|_| !known.starts_with('/'));
        let found = near.iter().map(String::as_str).chain([known]).find_map(|path| self.resolve(path))?;
        let file = self.program.read_file(&found)?;
        Some((found, file))
    }

    fn resolve(&self, path: &str) -> Option<PathBuf> {
        let mut parts: Vec<&str> = Vec::new();
        let mut up = 0;
        for part in path.split('/').filter(|part| !part.is_empty() && *part != ".") {
            match part {
                ".." if parts.pop().is_none() => up += 1,
                ".." => {}
                _ => parts.push(part),
            }
        }
        let folder = self.folder.ancestors().nth(up)?;
        self.program.script(&parts.join("/"), &self.root, folder)
    }

    /// A requirements file with all that it names: none where it cannot be found.
    pub(super) fn requirements(&self, path: &str, directory: Option<&str>) -> Option<Vec<(Arc<SourceFile>, Lines)>> {
        let (path, file) = self.find(path, directory)?;
        Some(closure::closure(self.program, path, file).into_iter().map(|(_, file, lines)| (file, lines)).collect())
    }

    /// Whether a package is one that installs others.
    pub(super) fn is_installer(name: &str) -> bool {
        INSTALLERS.contains(&name)
    }

    /// Whether a command installs nothing but what installs others.
    pub(super) fn is_about_installers(found: &Found) -> bool {
        let install = &found.install;
        let known = install.requirements().filter(|(_, requirement)| Self::is_installer(&requirement.name)).count();
        install.files.is_empty() && !install.open && known == install.named.len()
    }
}

/// A command of an install in another file of the project that names a requirements file.
pub(super) struct Installer {
    /// The command.
    pub(super) place: Place,
    /// What it installs.
    pub(super) found: Found,
}

/// The commands in the project's deployment files that install a requirements file, also by way of another one.
pub(super) fn installers(deployment: &Deployment<'_>) -> Vec<Installer> {
    let Some(own) = deployment.input.file else { return Vec::new() };
    let is_wanted = |path: &str| {
        let format = linted_as(path, b"");
        matches!(
            format,
            Some(Format::Dockerfile | Format::Shell | Format::Makefile | Format::Compose | Format::Workflow | Format::GitlabCi)
        )
    };
    let mut installers = Vec::new();
    for path in deployment.program.project_files(&deployment.root, is_wanted) {
        let shown = path.to_string_lossy();
        let (Some(format), Some(file)) = (linted_as(&shown, b""), deployment.read(&path)) else { continue };
        if !file.text().contains("install") {
            continue;
        }
        let installs = Installs::read(format, &shown, file.text());
        let subject = Subject {
            settings: deployment.settings,
            installs: &installs,
            format: Some(format),
            file: &file,
            program: deployment.program,
            role: Role::Production,
            root: deployment.root.clone(),
            folder: path.parent().unwrap_or(&deployment.root).to_owned(),
        };
        for found in &installs.found {
            let names = found.install.files.iter().any(|given| {
                let first = subject.find(&given.text, found.directory.as_deref());
                first.is_some_and(|(path, file)| closure::closure(deployment.program, path, file).iter().any(|(path, ..)| path == own))
            });
            if names {
                installers.push(Installer { place: subject.place(&found.place), found: found.clone() });
            }
        }
    }
    installers
}
