//! How often each rule reports: a table, or objects for programs.

use std::collections::BTreeMap;

use pyrelint_lints::{Diagnostic, Rule, Severity};

use super::{Style, Styles, json};
use crate::cli::OutputFormat;

/// A row of the table.
struct Row {
    rule: &'static Rule,
    count: usize,
    fixable: usize,
    /// The highest of the findings: a case or the configuration may say another than the rule.
    severity: Severity,
}

/// Prints how often each rule reports, the most frequent first. The formats for programs that stand for JSON keep it; all others are a table.
///
/// # Errors
/// If it cannot be written.
pub fn statistics(format: OutputFormat, diagnostics: &[Diagnostic], style: Style<'_>) -> anyhow::Result<()> {
    let rows = rows(diagnostics, style);
    let counts = rows.iter().map(|row| json::Count {
        code: row.rule.code,
        name: row.rule.name,
        severity: row.severity,
        count: row.count,
        fixable: row.fixable,
    });
    style.destination.write(|out| match format {
        OutputFormat::Json => json::array(out, counts),
        OutputFormat::JsonLines => json::one_each(out, counts),
        _ => table(out, &rows, Styles::new(style.is_colored())),
    })
}

fn rows(diagnostics: &[Diagnostic], style: Style<'_>) -> Vec<Row> {
    let mut rows: BTreeMap<&'static str, Row> = BTreeMap::new();
    for diagnostic in diagnostics {
        let new = || Row { rule: diagnostic.rule, count: 0, fixable: 0, severity: diagnostic.severity };
        let row = rows.entry(diagnostic.rule.code).or_insert_with(new);
        row.count += 1;
        row.fixable += usize::from(!style.mark(diagnostic).is_empty());
        row.severity = row.severity.max(diagnostic.severity);
    }
    let mut rows: Vec<Row> = rows.into_values().collect();
    rows.sort_by_key(|row| (usize::MAX - row.count, row.rule.code));
    rows
}

/// A count; none is not worth a digit.
fn number(count: usize) -> String {
    if count == 0 { "-".to_owned() } else { count.to_string() }
}

fn table(out: &mut dyn std::io::Write, rows: &[Row], styles: Styles) -> std::io::Result<()> {
    let Some(longest) = rows.iter().map(|row| row.rule.name.len()).max() else { return Ok(()) };
    let (bold, name) = (styles.bold, longest.max("name".len()));
    writeln!(out, "{bold}count  code   {:name$}  severity  fixable{bold:#}", "name")?;
    for row in rows {
        let (rule, paint) = (row.rule, styles.of(row.severity));
        let fixable = number(row.fixable);
        let (count, severity) = (row.count, row.severity.as_str());
        writeln!(out, "{count:>5}  {bold}{}{bold:#}  {:name$}  {paint}{severity:8}{paint:#}  {fixable:>7}", rule.code, rule.name)?;
    }
    let total: usize = rows.iter().map(|row| row.count).sum();
    let fixable = number(rows.iter().map(|row| row.fixable).sum());
    writeln!(out, "{bold}{total:>5}  total  {:name$}  {:8}  {fixable:>7}{bold:#}", "", "")
}
