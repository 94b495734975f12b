//! Console scripts in the metadata of distributions.

use std::ops::Range;

use ruff_text_size::TextRange;
use toml::de::{DeTable, DeValue};

use super::Format;
use super::ini;
use super::text::text_range;
use crate::module::Module;
use crate::module::ir::{ExprId, ExprKind};
use crate::source::SourceFile;

/// A console script: an executable that calls a function.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct EntryPoint {
    /// The executable's name.
    pub(crate) name: String,
    /// The module that is imported.
    pub(crate) module: String,
    /// The function, a dotted name in the module; empty where none is told.
    pub(crate) attribute: String,
    /// The place of `module:function` in the file.
    pub(crate) range: TextRange,
}

impl EntryPoint {
    /// `module:function [extra]`.
    fn new(name: &str, target: &str, place: &Range<usize>) -> Option<Self> {
        let target = target.split('[').next().unwrap_or_default();
        let (module, attribute) = target.split_once(':').unwrap_or((target, ""));
        let (module, attribute) = (module.trim(), attribute.trim());
        let is_dotted = |text: &str| text.split('.').all(|part| !part.is_empty() && part.chars().all(|c| c.is_alphanumeric() || c == '_'));
        let valid = !name.is_empty() && is_dotted(module) && (attribute.is_empty() || is_dotted(attribute));
        valid.then(|| Self { name: name.to_owned(), module: module.to_owned(), attribute: attribute.to_owned(), range: text_range(place) })
    }
}

/// The console scripts that a metadata file names, in the order of the file; of graphical ones, too.
pub(super) fn entry_points(format: Format, text: &str) -> Vec<EntryPoint> {
    match format {
        Format::PyProject => pyproject(text),
        Format::SetupCfg => {
            let sections = ini::parse(text, &[]);
            let entries = sections.iter().filter(|section| section.name == "options.entry_points").flat_map(|section| &section.entries);
            let lines = entries.filter(|entry| is_group(&entry.key)).flat_map(|entry| &entry.lines);
            lines.filter_map(|line| assignment(line.as_str(), &line.whole())).collect()
        }
        Format::SetupPy => setup_py(text),
        Format::EntryPoints => listed(text),
        _ => Vec::new(),
    }
}

fn is_group(name: &str) -> bool {
    matches!(name, "console_scripts" | "gui_scripts")
}

/// `name = module:function` at a place.
fn assignment(line: &str, place: &Range<usize>) -> Option<EntryPoint> {
    let (name, target) = line.split_once('=')?;
    let target = target.trim();
    EntryPoint::new(name.trim(), target, &(place.end - target.len()..place.end))
}

/// `entry_points.txt`. Its names keep their case.
fn listed(text: &str) -> Vec<EntryPoint> {
    let mut found = Vec::new();
    let mut wanted = false;
    let mut at = 0;
    for line in text.split_inclusive('\n') {
        let start = at;
        at += line.len();
        let content = line.trim();
        if let Some(section) = content.strip_prefix('[') {
            wanted = is_group(section.trim_end_matches(']').trim());
        } else if wanted && !content.starts_with(['#', ';']) {
            let end = start + line.trim_end().len();
            found.extend(assignment(content, &(end.saturating_sub(content.len())..end)));
        }
    }
    found
}

/// `entry_points=` of a call of `setup` in `setup.py`: literals only.
fn setup_py(text: &str) -> Vec<EntryPoint> {
    let Ok(module) = Module::parse(SourceFile::new("setup.py", text)) else { return Vec::new() };
    let setups = module.calls().filter(|call| module.dotted(call.func).is_some_and(|name| name.last() == Some(&"setup")));
    let values = setups.filter_map(|call| call.keyword("entry_points").map(|arg| arg.value));
    values.flat_map(|value| literal(&module, value)).collect()
}

/// A dictionary of lists or of texts with a line for each, or one text like `entry_points.txt`.
fn literal(module: &Module, value: ExprId) -> Vec<EntryPoint> {
    let lines = |id: ExprId| -> Vec<EntryPoint> {
        let ExprKind::Str(text) = module.kind(id) else { return Vec::new() };
        let range = module.expr(id).range;
        let place = |entry: EntryPoint| EntryPoint { range, ..entry };
        text.lines().filter_map(|line| assignment(line.trim(), &(0..line.len()))).map(place).collect()
    };
    match module.kind(value) {
        ExprKind::Str(text) => {
            let range = module.expr(value).range;
            listed(text).into_iter().map(|entry| EntryPoint { range, ..entry }).collect()
        }
        ExprKind::Dict(items) => {
            let is_wanted = |key: &Option<ExprId>| key.is_some_and(|key| matches!(module.kind(key), ExprKind::Str(name) if is_group(name)));
            let groups = items.iter().filter(|(key, _)| is_wanted(key)).map(|(_, value)| *value);
            let items = groups.flat_map(|group| match module.kind(group) {
                ExprKind::List(items) | ExprKind::Tuple(items) => items.to_vec(),
                _ => vec![group],
            });
            items.flat_map(lines).collect()
        }
        _ => Vec::new(),
    }
}

/// `pyproject.toml`: the standard tables, and the older ones of Poetry and Flit. What can be read of a broken file is.
fn pyproject(text: &str) -> Vec<EntryPoint> {
    const TABLES: &[&[&str]] =
        &[&["project", "scripts"], &["project", "gui-scripts"], &["tool", "poetry", "scripts"], &["tool", "flit", "scripts"]];
    let (document, _) = DeTable::parse_recoverable(text);
    let mut found: Vec<EntryPoint> = TABLES.iter().filter_map(|keys| table(document.get_ref(), keys)).flat_map(scripts).collect();
    found.sort_by_key(|entry| entry.range.start());
    found
}

fn table<'a, 'i>(document: &'a DeTable<'i>, keys: &[&str]) -> Option<&'a DeTable<'i>> {
    keys.iter().try_fold(document, |table, key| match table.get(*key)?.get_ref() {
        DeValue::Table(inner) => Some(inner),
        _ => None,
    })
}

fn scripts(table: &DeTable<'_>) -> Vec<EntryPoint> {
    let entries = table.iter().filter_map(|(name, value)| {
        let (target, span) = match value.get_ref() {
            DeValue::String(target) => (target.as_ref(), value.span()),
            // Poetry: `{ reference = "a.b:c", type = "console" }`, of old `{ callable = "a.b:c", extras = [] }`.
            DeValue::Table(described) => {
                let value = described.get("reference").or_else(|| described.get("callable"))?;
                let DeValue::String(target) = value.get_ref() else { return None };
                (target.as_ref(), value.span())
            }
            _ => return None,
        };
        EntryPoint::new(name.get_ref(), target, &span)
    });
    entries.collect()
}

#[cfg(test)]
mod tests {
    use crate::deploy::entry_points;

    fn shown(path: &str, text: &str) -> Vec<String> {
        entry_points(path, text)
            .iter()
            .map(|entry| format!("{}={}|{}|{}", entry.name, entry.module, entry.attribute, &text[entry.range]))
            .collect()
    }

    #[test]
    fn pyproject() {
        let text = "\
[tool.poetry.scripts]
old = { reference = \"a.old:main\", type = \"console\" }
bad = { reference = 1 }
[project.scripts]
web = \"a.web:main\"
'x.y' = \"a.b:C.run [extra]\"
none = \"a b\"
[project.gui-scripts]
gui = 'a.gui'
";
        let expected =
            ["old=a.old|main|\"a.old:main\"", "web=a.web|main|\"a.web:main\"", "x.y=a.b|C.run|\"a.b:C.run [extra]\"", "gui=a.gui||'a.gui'"];
        assert_eq!(shown("pyproject.toml", text), expected);
        assert_eq!(shown("pyproject.toml", &format!("{text}[broken\n")), expected);
    }

    #[test]
    fn others() {
        let text = "[metadata]\nname = x\n[options.entry_points]\nconsole_scripts =\n    web = a.web:main\n    Job=a.job:main\nother =\n    x = y:z\n";
        assert_eq!(shown("setup.cfg", text), ["web=a.web|main|a.web:main", "Job=a.job|main|a.job:main"]);
        let text = "from setuptools import setup\nsetup(name='x', entry_points={'console_scripts': ['web = a.web:main', f'x = y:z'], 'gui_scripts': 'g = a.g:m\\nh = a.h:m', 'o': ['x = y:z']})\n";
        let whole = "'g = a.g:m\\nh = a.h:m'";
        assert_eq!(
            shown("setup.py", text),
            ["web=a.web|main|'web = a.web:main'".to_owned(), format!("g=a.g|m|{whole}"), format!("h=a.h|m|{whole}")]
        );
        let text = "import setuptools\nsetuptools.setup(entry_points='[console_scripts]\\nweb = a.web:main')\n";
        assert_eq!(shown("setup.py", text).len(), 1);
        let text = "[console_scripts]\nweb = a.web:main\nJob=a.job:main [x]\n\n[other]\nx = y:z\n";
        assert_eq!(shown("a-1.dist-info/entry_points.txt", text), ["web=a.web|main|a.web:main", "Job=a.job|main|a.job:main [x]"]);
    }
}
