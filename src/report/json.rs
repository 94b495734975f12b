//! The formats for programs: an array of objects, one on each line, and the objects alone. Keys are only ever added.

use std::io::{self, Write};

use pyrelint_lints::diagnostic::{Applicability, Edit, Fix};
use pyrelint_lints::{Diagnostic, Place, RULES, Related, Severity};
use serde::Serialize;

#[derive(Serialize)]
struct Finding<'a> {
    code: &'a str,
    name: &'a str,
    severity: Severity,
    message: &'a str,
    help: Option<&'a str>,
    #[serde(flatten)]
    place: Range<'a>,
    related: Vec<RelatedPlace<'a>>,
    fix: Option<FixObject<'a>>,
}

/// Lines and columns from 1, columns in characters, the end exclusive.
#[derive(Serialize)]
pub(super) struct Range<'a> {
    pub(super) path: &'a str,
    pub(super) line: u32,
    pub(super) column: u32,
    pub(super) end_line: u32,
    pub(super) end_column: u32,
}

#[derive(Serialize)]
struct RelatedPlace<'a> {
    message: &'a str,
    #[serde(flatten)]
    place: Range<'a>,
}

#[derive(Serialize)]
struct FixObject<'a> {
    applicability: Applicability,
    message: &'a str,
    edits: Vec<EditObject<'a>>,
}

/// Offsets in bytes of the decoded text.
#[derive(Serialize)]
struct EditObject<'a> {
    path: &'a str,
    start: u32,
    end: u32,
    replacement: &'a str,
}

#[derive(Serialize)]
struct RuleObject {
    code: &'static str,
    name: &'static str,
    family: &'static str,
    severity: Severity,
    default: bool,
    /// "none", "sometimes", "always".
    fix: &'static str,
    summary: &'static str,
}

/// How often a rule reports.
#[derive(Debug, Serialize)]
#[allow(clippy::struct_field_names, reason = "the names of the output")]
pub(super) struct Count {
    pub(super) code: &'static str,
    pub(super) name: &'static str,
    pub(super) severity: Severity,
    pub(super) count: usize,
    /// How many of them `--fix` fixes.
    pub(super) fixable: usize,
}

/// Writes findings.
pub(super) fn write(out: &mut dyn Write, diagnostics: &[Diagnostic]) -> io::Result<()> {
    array(out, diagnostics.iter().map(finding))
}

/// Writes each finding on a line of its own, and nothing else: for programs that read a stream.
pub(super) fn lines(out: &mut dyn Write, diagnostics: &[Diagnostic]) -> io::Result<()> {
    one_each(out, diagnostics.iter().map(finding))
}

/// Writes each object on a line of its own.
pub(super) fn one_each<T: Serialize>(out: &mut dyn Write, mut objects: impl Iterator<Item = T>) -> io::Result<()> {
    objects.try_for_each(|object| {
        serde_json::to_writer(&mut *out, &object)?;
        out.write_all(b"\n")
    })
}

/// Writes the list of rules.
pub(super) fn rules(out: &mut dyn Write) -> io::Result<()> {
    let rules = RULES.iter().map(|rule| RuleObject {
        code: rule.code,
        name: rule.name,
        family: rule.family.title(),
        severity: rule.severity,
        default: rule.default,
        fix: rule.fix.as_str(),
        summary: rule.summary(),
    });
    array(out, rules)
}

/// Writes an array with each object on a line of its own.
pub(super) fn array<T: Serialize>(out: &mut dyn Write, objects: impl Iterator<Item = T>) -> io::Result<()> {
    let mut separator = "[\n  ";
    for object in objects {
        out.write_all(separator.as_bytes())?;
        serde_json::to_writer(&mut *out, &object)?;
        separator = ",\n  ";
    }
    out.write_all(if separator.starts_with('[') { b"[]\n" } else { b"\n]\n" })
}

fn finding(diagnostic: &Diagnostic) -> Finding<'_> {
    Finding {
        code: diagnostic.rule.code,
        name: diagnostic.rule.name,
        severity: diagnostic.severity,
        message: &diagnostic.message,
        help: diagnostic.help.as_deref(),
        place: range(&diagnostic.place),
        related: diagnostic.related.iter().map(related).collect(),
        fix: diagnostic.fix.as_ref().map(fix),
    }
}

/// A place as the output has it.
pub(super) fn range(place: &Place) -> Range<'_> {
    let (start, end) = (place.start(), place.end());
    Range { path: place.file.path(), line: start.line, column: start.column, end_line: end.line, end_column: end.column }
}

fn related(related: &Related) -> RelatedPlace<'_> {
    RelatedPlace { message: &related.message, place: range(&related.place) }
}

fn fix(fix: &Fix) -> FixObject<'_> {
    FixObject { applicability: fix.applicability, message: &fix.message, edits: fix.edits.iter().map(edit).collect() }
}

fn edit(edit: &Edit) -> EditObject<'_> {
    let range = edit.place.range;
    EditObject { path: edit.place.file.path(), start: range.start().to_u32(), end: range.end().to_u32(), replacement: &edit.replacement }
}

#[cfg(test)]
mod tests {
    use pyrelint_lints::Selector;
    use pyrelint_lints::source::SourceFile;
    use ruff_text_size::{TextRange, TextSize};

    use super::*;

    #[test]
    fn the_keys_and_units_of_the_contract() {
        let file = SourceFile::new("a\u{1b}.py", "x = '🐍'; y\n");
        let place = Place::new(&file, TextRange::at(TextSize::new(12), TextSize::new(1)));
        let rule = Selector::parse("RL301").and_then(|selector| selector.rules().iter().next()).expect("the rule exists");
        let mut diagnostic = Diagnostic::new(rule, "Says", place.clone());
        diagnostic.related.push(Related { message: "because".to_owned(), place: place.clone() });
        let edits = vec![Edit { place, replacement: "z".to_owned() }];
        diagnostic.fix = Some(Fix { applicability: Applicability::Unsafe, message: "Use `z`".to_owned(), edits });
        let mut text = Vec::new();
        write(&mut text, &[diagnostic]).expect("memory can be written");
        let place = r#""path":"a\u001b.py","line":1,"column":10,"end_line":1,"end_column":11"#;
        let expected = format!(
            concat!(
                r#"[{{"code":"RL301","name":"exit-code-range","severity":"warning","message":"Says","help":null,{},"#,
                r#""related":[{{"message":"because",{}}}],"fix":{{"applicability":"unsafe","message":"Use `z`","#,
                r#""edits":[{{"path":"a\u001b.py","start":12,"end":13,"replacement":"z"}}]}}}}]"#
            ),
            place, place
        );
        assert_eq!(String::from_utf8(text).expect("JSON is UTF-8").replace('\n', "").replace("[  ", "["), expected);
        let mut none = Vec::new();
        write(&mut none, &[]).expect("memory can be written");
        assert_eq!(none, b"[]\n");
    }
}
