//! JUnit XML: a suite for each file with findings, and in it a test that fails for each finding. A run without findings is one test that passes:
//! CI servers take a report without tests for a broken one.

use std::io::{self, Write};

use pyrelint_lints::Diagnostic;
use quick_junit::{NonSuccessKind, Report, TestCase, TestCaseStatus, TestSuite, XmlString};

use super::{escape, github, xml};

/// Writes findings, which are sorted by file.
pub(super) fn write(out: &mut dyn Write, diagnostics: &[Diagnostic]) -> io::Result<()> {
    let mut report = Report::new("pyrelint");
    for group in diagnostics.chunk_by(|one, other| one.place.file.path() == other.place.file.path()) {
        let Some(first) = group.first() else { continue };
        let path = first.place.file.path();
        let mut suite = TestSuite::new(string(path));
        suite.add_test_cases(group.iter().map(|diagnostic| test(diagnostic, path)));
        report.add_test_suite(suite);
    }
    if diagnostics.is_empty() {
        let mut suite = TestSuite::new("pyrelint");
        suite.add_test_case(TestCase::new("no findings", TestCaseStatus::success()));
        report.add_test_suite(suite);
    }
    // In memory first: the library's own error hides why the stream takes no more, and that nobody reads is none.
    let text = report.to_string().map_err(io::Error::other)?;
    out.write_all(text.as_bytes())
}

fn test(diagnostic: &Diagnostic, path: &str) -> TestCase {
    let start = diagnostic.place.start();
    let mut status = TestCaseStatus::non_success(NonSuccessKind::Failure);
    status.set_message(string(&diagnostic.message)).set_type(diagnostic.severity.as_str());
    let told = format!("{path}:{}:{}: {}", start.line, start.column, github::message(diagnostic));
    status.set_description(XmlString::new(xml::text(&told)));
    // With the place, names are unique in a suite.
    let name = format!("{} {} at {}:{}", diagnostic.rule.code, diagnostic.rule.name, start.line, start.column);
    let mut test = TestCase::new(name, status);
    test.set_classname(string(path));
    for (key, value) in [("file", string(path)), ("line", string(&start.line.to_string())), ("column", string(&start.column.to_string()))] {
        test.extra.insert(key.into(), value);
    }
    test
}

/// An attribute. The library writes line ends as they are, of which readers make spaces: they are escaped as in the formats for people.
fn string(text: &str) -> XmlString {
    XmlString::new(xml::text(&escape::line(text)))
}
