//! Reads test cases out of Markdown: rule pages and the literate cases of `tests/mdtest/`.
//!
//! A fenced block is a file. A paragraph that is a path in backticks and a colon (`` `app/cli.py`: ``) right before the fence names it,
//! and named blocks under one heading form one project; a `python` block without a name is a project of its own. Lines that
//! must be reported end in a mark: `# <- RL301`, `# <- RL301 "part of the message" <- RL310`; where a comment cannot end a line, as in units, the mark stands
//! alone on the line before. A block `proof` is TOML: the runs that
//! prove what the page says. A block `python fixed` (or of another language) right behind a file's block says what `--fix --unsafe-fixes` makes of it
//! (the marks stay: they are comments); `python fixed safe` says what `--fix` alone does.

use std::path::Path;
use std::{fmt, fs};

/// A file of a case.
#[derive(Debug, Clone)]
pub(crate) struct Block {
    pub(crate) name: String,
    pub(crate) language: String,
    pub(crate) text: String,
    /// What fixing makes of it: by safe fixes alone, and by all.
    pub(crate) fixed_safely: Option<String>,
    pub(crate) fixed: Option<String>,
    /// The line in the Markdown file of the block's first line, from 1.
    pub(crate) first_line: usize,
}

/// The files of one case.
#[derive(Debug, Default, Clone)]
pub(crate) struct Project {
    pub(crate) heading: String,
    pub(crate) blocks: Vec<Block>,
    /// The text of a `proof` block.
    pub(crate) proof: Option<String>,
}

/// What must be reported, or was.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Report {
    pub(crate) file: String,
    pub(crate) line: usize,
    pub(crate) code: String,
    /// A part of the message, or all of it.
    pub(crate) message: String,
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.code, self.message)
    }
}

/// A parsed Markdown file.
#[derive(Debug)]
pub(crate) struct Document {
    pub(crate) title: String,
    pub(crate) headings: Vec<String>,
    pub(crate) projects: Vec<Project>,
}

/// Reads a Markdown file.
pub(crate) fn read(path: &Path) -> Document {
    let text = fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    parse(&text)
}

fn parse(text: &str) -> Document {
    let mut document = Document { title: String::new(), headings: Vec::new(), projects: Vec::new() };
    let mut heading = String::new();
    let mut name: Option<String> = None;
    // Whether the last project still takes named blocks.
    let mut open = false;
    let mut lines = text.lines().enumerate();
    while let Some((_, line)) = lines.next() {
        if let Some(title) = line.strip_prefix("# ") {
            title.clone_into(&mut document.title);
        } else if line.starts_with("## ") || line.starts_with("### ") {
            line.trim_start_matches('#').trim().clone_into(&mut heading);
            if line.starts_with("## ") {
                document.headings.push(heading.clone());
            }
            open = false;
        } else if let Some(info) = fence(line) {
            let ticks = line.len() - line.trim_start_matches('`').len();
            let mut body = String::new();
            let mut first_line = 0;
            for (number, inner) in lines.by_ref() {
                if inner.starts_with('`') && inner.trim_end() == "`".repeat(ticks) {
                    break;
                }
                if first_line == 0 {
                    first_line = number + 1;
                }
                body.push_str(inner);
                body.push('\n');
            }
            if let Some(kind) = info.split_once(' ').and_then(|(_, kind)| kind.strip_prefix("fixed")) {
                let block = document.projects.last_mut().and_then(|project| project.blocks.last_mut());
                let block = block.expect("a fixed text follows the block that it is about");
                if kind.trim() == "safe" { block.fixed_safely = Some(body) } else { block.fixed = Some(body) }
            } else if info == "proof" {
                let project = document.projects.last_mut().filter(|_| open);
                project.expect("a proof follows the named blocks that it is about").proof = Some(body);
            } else if let Some(name) = name.take() {
                if !open {
                    document.projects.push(Project { heading: heading.clone(), ..Project::default() });
                    open = true;
                }
                let project = document.projects.last_mut().expect("one was pushed");
                project.blocks.push(Block { name, language: info.to_owned(), text: body, fixed_safely: None, fixed: None, first_line });
            } else if info == "python" {
                open = false;
                let block = Block {
                    name: "example.py".to_owned(),
                    language: info.to_owned(),
                    text: body,
                    fixed_safely: None,
                    fixed: None,
                    first_line,
                };
                document.projects.push(Project { heading: heading.clone(), blocks: vec![block], proof: None });
            }
        } else if let Some(path) = line.strip_prefix('`').and_then(|rest| rest.trim_end().strip_suffix("`:")) {
            name = Some(path.to_owned());
        } else if !line.trim().is_empty() {
            name = None;
        }
    }
    document
}

fn fence(line: &str) -> Option<&str> {
    line.strip_prefix("```").map(|rest| rest.trim_start_matches('`').trim())
}

impl Project {
    /// Writes the files into a folder.
    pub(crate) fn write(&self, folder: &Path) {
        for block in &self.blocks {
            let path = folder.join(&block.name);
            fs::create_dir_all(path.parent().expect("a file lies in a folder")).expect("folders can be made");
            fs::write(path, &block.text).expect("files can be written");
        }
    }

    /// The reports that the marks ask for.
    pub(crate) fn marks(&self) -> Vec<Report> {
        self.blocks.iter().flat_map(Block::marks).collect()
    }

    /// The line in the Markdown file for a report's place.
    pub(crate) fn place(&self, report: &Report) -> String {
        match self.blocks.iter().find(|block| block.name == report.file) {
            Some(block) => (block.first_line + report.line - 1).to_string(),
            None => format!("{}:{}", report.file, report.line),
        }
    }
}

impl Block {
    pub(crate) fn marks(&self) -> Vec<Report> {
        let mut marks = Vec::new();
        for (index, line) in self.text.lines().enumerate() {
            let Some((before, tail)) = line.split_once("# <- ") else { continue };
            // Alone on its line: it speaks of the next.
            let index = index + usize::from(before.trim().is_empty());
            for mark in tail.split("<- ") {
                let code = mark.split_whitespace().next().unwrap_or_default().to_owned();
                let message = mark.split('"').nth(1).unwrap_or_default().to_owned();
                marks.push(Report { file: self.name.clone(), line: index + 1, code, message });
            }
        }
        marks
    }
}

/// What differs between the marks and the reports, one line each; empty where they agree.
pub(crate) fn differences(project: &Project, mut reports: Vec<Report>) -> Vec<String> {
    let mut found = Vec::new();
    for mark in project.marks() {
        let hit = reports.iter().position(|report| {
            (&report.file, report.line, &report.code) == (&mark.file, mark.line, &mark.code) && report.message.contains(&mark.message)
        });
        match hit {
            Some(index) => drop(reports.remove(index)),
            None => found.push(format!("line {}: not reported: {mark}", project.place(&mark))),
        }
    }
    found.extend(reports.iter().map(|report| format!("line {}: not marked: {report}", project.place(report))));
    found
}
