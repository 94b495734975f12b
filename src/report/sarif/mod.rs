//! SARIF 2.1.0, the format of code scanning: one run with the rules that report, the findings, the way to each, and fixes.
//!
//! Positions count Unicode scalar values (`columnKind`) and lines that end in CR, LF or both (`newlineSequences`), as all of this program does. A
//! path below the working directory is a relative reference with the base `SRCROOT`; every other one is a `file` address. Nothing depends on
//! the time: the same findings give the same bytes.

mod model;

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::path::Path;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use pyrelint_lints::diagnostic::Fix;
use pyrelint_lints::{Diagnostic, Place, Rule, Severity};

use super::{Run, links};
use crate::ExitStatus;
use crate::identity::{Fingerprint, fingerprints};
use model as sarif;

/// The base of relative references.
const BASE: &str = "SRCROOT";
/// Everything that a segment of a path may not hold as it is; the colon, too, since a first segment with one would be a scheme.
const SEGMENT: &AsciiSet = &NON_ALPHANUMERIC.remove(b'/').remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// Writes a log with one run.
pub(super) fn write(out: &mut dyn Write, run: Run<'_>) -> io::Result<()> {
    let mut rules: BTreeMap<&'static str, &'static Rule> = BTreeMap::new();
    rules.extend(run.diagnostics.iter().map(|diagnostic| (diagnostic.rule.code, diagnostic.rule)));
    let rules: Vec<&'static Rule> = rules.into_values().collect();
    let fingerprints = fingerprints(run.diagnostics);
    let results = run.diagnostics.iter().zip(fingerprints).map(|(diagnostic, fingerprint)| result(diagnostic, fingerprint, &rules));
    let log = sarif::Log {
        schema: "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json",
        version: "2.1.0",
        runs: [sarif::Run {
            tool: sarif::Tool {
                driver: sarif::Driver {
                    name: "pyrelint",
                    version: env!("CARGO_PKG_VERSION"),
                    semantic_version: env!("CARGO_PKG_VERSION"),
                    information_uri: links::repository(),
                    rules: rules.iter().map(|rule| descriptor(rule)).collect(),
                },
            },
            invocations: [invocation(run)],
            original_uri_base_ids: BTreeMap::from([(BASE, sarif::Artifact { uri: folder(run.working_directory), uri_base_id: None })]),
            column_kind: "unicodeCodePoints",
            newline_sequences: ["\r\n", "\n", "\r"],
            results: results.collect(),
        }],
    };
    serde_json::to_writer_pretty(&mut *out, &log)?;
    out.write_all(b"\n")
}

fn invocation(run: Run<'_>) -> sarif::Invocation {
    let (exit_code, exit_code_description) = match run.status {
        ExitStatus::Clean => (0, "no finding at or above the severity that fails"),
        ExitStatus::Findings => (1, "findings at or above the severity that fails"),
        ExitStatus::Error => (2, "an internal error: some files are not checked"),
    };
    let notification = |(path, panic): &(String, String)| sarif::Notification {
        level: "error",
        message: sarif::Message { text: format!("internal error: {}; this file is not checked", plain(panic)) },
        locations: [sarif::Location::of_artifact(artifact(path))],
    };
    sarif::Invocation {
        execution_successful: run.status != ExitStatus::Error,
        exit_code,
        exit_code_description,
        tool_execution_notifications: run.panics.iter().map(notification).collect(),
        working_directory: sarif::Artifact { uri: folder(run.working_directory), uri_base_id: None },
    }
}

fn descriptor(rule: &'static Rule) -> sarif::Descriptor {
    sarif::Descriptor {
        id: rule.code,
        name: rule.name,
        short_description: sarif::Message { text: plain(rule.summary()) },
        full_description: sarif::Message { text: plain(what_it_does(rule.page)) },
        help: sarif::Help { text: rule.page, markdown: rule.page },
        help_uri: links::page(rule),
        default_configuration: sarif::Configuration { enabled: rule.default, level: level(rule.severity) },
        properties: sarif::RuleProperties {
            tags: ["reliability", rule.family.title()],
            severity: match rule.severity {
                Severity::Error => "error",
                Severity::Warning => "warning",
                Severity::Info => "recommendation",
            },
        },
    }
}

/// The first paragraph of a page's section of that name.
fn what_it_does(page: &str) -> &str {
    let section = page.split("\n## What it does\n").nth(1).unwrap_or_default();
    section.trim_start().split("\n\n").next().unwrap_or_default()
}

fn result<'a>(diagnostic: &'a Diagnostic, fingerprint: Fingerprint, rules: &[&'static Rule]) -> sarif::Result<'a> {
    let related = diagnostic.related.iter().enumerate();
    let related: Vec<_> = related.map(|(index, related)| location(&related.place, Some(&related.message), Some(index + 1))).collect();
    let steps = || {
        let first = location(&diagnostic.place, Some(&diagnostic.message), None);
        let rest = diagnostic.related.iter().map(|related| location(&related.place, Some(&related.message), None));
        let locations = std::iter::once(first).chain(rest).map(|location| sarif::Step { location }).collect();
        sarif::CodeFlow { thread_flows: [sarif::ThreadFlow { locations }] }
    };
    let help = diagnostic.help.as_ref().map(|help| format!("\nhelp: {help}")).unwrap_or_default();
    sarif::Result {
        rule_id: diagnostic.rule.code,
        rule_index: rules.binary_search_by(|rule| rule.code.cmp(diagnostic.rule.code)).unwrap_or_default(),
        level: level(diagnostic.severity),
        message: sarif::Message { text: plain(&format!("{}{help}", diagnostic.message)) },
        locations: [location(&diagnostic.place, None, None)],
        code_flows: if related.is_empty() { Vec::new() } else { vec![steps()] },
        related_locations: related,
        fixes: diagnostic.fix.iter().map(fix).collect(),
        // The first name is what GitHub tells findings by; the second, with its version, is ours.
        partial_fingerprints: BTreeMap::from([
            ("primaryLocationLineHash", fingerprint.context.clone()),
            ("lineInScope/v1", fingerprint.context),
        ]),
    }
}

fn level(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Info => "note",
    }
}

/// A message. Brackets in front of a parenthesis would be a link: the format has its own escapes for that.
fn plain(text: &str) -> String {
    if text.contains("](") { text.replace('\\', "\\\\").replace('[', "\\[").replace(']', "\\]") } else { text.to_owned() }
}

fn location(place: &Place, message: Option<&str>, id: Option<usize>) -> sarif::Location {
    sarif::Location {
        id,
        message: message.map(|text| sarif::Message { text: plain(text) }),
        physical_location: sarif::PhysicalLocation { artifact_location: artifact(place.file.path()), region: Some(region(place)) },
    }
}

fn region(place: &Place) -> sarif::Region {
    let (start, end) = (place.start(), place.end());
    sarif::Region { start_line: start.line, start_column: start.column, end_line: end.line, end_column: end.column }
}

/// A fix: its edits, file by file, in the order of the text.
fn fix(fix: &Fix) -> sarif::Fix<'_> {
    let mut files: BTreeMap<&str, Vec<sarif::Replacement<'_>>> = BTreeMap::new();
    for edit in crate::fix::merge::in_order(fix.edits.iter().collect()) {
        let inserted_content = (!edit.replacement.is_empty()).then_some(sarif::Content { text: &edit.replacement });
        let replacement = sarif::Replacement { deleted_region: region(&edit.place), inserted_content };
        files.entry(edit.place.file.path()).or_default().push(replacement);
    }
    let change = |(path, replacements)| sarif::Change { artifact_location: artifact(path), replacements };
    sarif::Fix { description: sarif::Message { text: plain(&fix.message) }, artifact_changes: files.into_iter().map(change).collect() }
}

/// Where a file lies, by its path as the output shows it.
fn artifact(path: &str) -> sarif::Artifact {
    let encoded = utf8_percent_encode(path, SEGMENT);
    if path.starts_with('/') {
        sarif::Artifact { uri: format!("file://{encoded}"), uri_base_id: None }
    } else {
        sarif::Artifact { uri: encoded.to_string(), uri_base_id: Some(BASE) }
    }
}

/// The address of a folder; ends in a slash, as a base has to.
fn folder(path: &Path) -> String {
    url::Url::from_directory_path(path).map_or_else(|()| "file:///".to_owned(), String::from)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_encoded() {
        let encoded = |path| artifact(path).uri;
        assert_eq!(encoded("a b/c#d?e%f:g<é>.py"), "a%20b/c%23d%3Fe%25f%3Ag%3C%C3%A9%3E.py");
        assert_eq!(encoded("a:b.py"), "a%3Ab.py");
        assert_eq!(encoded("/srv/x y.py"), "file:///srv/x%20y.py");
        assert_eq!(folder(Path::new("/srv/x y")), "file:///srv/x%20y/");
    }

    #[test]
    fn texts_make_no_links() {
        assert_eq!(plain("`x[0]` is read"), "`x[0]` is read");
        assert_eq!(plain("`x[0](1)`\\n"), "`x\\[0\\](1)`\\\\n");
    }
}
