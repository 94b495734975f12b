//! Checkstyle XML: the findings of each file, as Checkstyle itself writes them.

use std::borrow::Cow;
use std::io::{self, Write};

use pyrelint_lints::Diagnostic;
use quick_xml::Writer;
use quick_xml::events::attributes::Attribute;
use quick_xml::events::{BytesDecl, BytesEnd, BytesStart, Event};
use quick_xml::name::QName;

use super::xml;

/// The version of the format, which is that of the Checkstyle that it came with: what its consumers look for.
const VERSION: &str = "4.3";

/// Writes findings, which are sorted by file.
pub(super) fn write(mut out: &mut dyn Write, diagnostics: &[Diagnostic]) -> io::Result<()> {
    let mut writer = Writer::new_with_indent(&mut out, b' ', 2);
    writer.write_event(Event::Decl(BytesDecl::new("1.0", Some("utf-8"), None)))?;
    writer.write_event(Event::Start(BytesStart::new("checkstyle").with_attributes([("version", VERSION)])))?;
    for group in diagnostics.chunk_by(|one, other| one.place.file.path() == other.place.file.path()) {
        let Some(first) = group.first() else { continue };
        let mut file = BytesStart::new("file");
        file.push_attribute(attribute("name", &xml::attribute(first.place.file.path())));
        writer.write_event(Event::Start(file))?;
        for diagnostic in group {
            writer.write_event(Event::Empty(error(diagnostic)))?;
        }
        writer.write_event(Event::End(BytesEnd::new("file")))?;
    }
    writer.write_event(Event::End(BytesEnd::new("checkstyle")))?;
    out.write_all(b"\n")
}

/// An attribute whose value is escaped already.
fn attribute<'a>(name: &'a str, value: &'a str) -> Attribute<'a> {
    Attribute { key: QName(name.as_bytes()), value: Cow::Borrowed(value.as_bytes()) }
}

fn error(diagnostic: &Diagnostic) -> BytesStart<'static> {
    let start = diagnostic.place.start();
    let help = diagnostic.help.as_ref().map(|help| format!("; help: {help}")).unwrap_or_default();
    let message = format!("{}{help}", diagnostic.message);
    let mut element = BytesStart::new("error");
    element.push_attribute(("line", start.line.to_string().as_str()));
    element.push_attribute(("column", start.column.to_string().as_str()));
    element.push_attribute(("severity", diagnostic.severity.as_str()));
    element.push_attribute(attribute("message", &xml::attribute(&message)));
    element.push_attribute(("source", format!("pyrelint.{}.{}", diagnostic.rule.code, diagnostic.rule.name).as_str()));
    element
}
