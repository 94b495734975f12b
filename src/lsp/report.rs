//! Findings as the protocol's diagnostics.

use gen_lsp_types::{Code, Diagnostic, DiagnosticRelatedInformation, DiagnosticSeverity, Location, Message, Uri};
use pyrelint_lints::Severity;

use super::position::{Encoding, range};

/// What the client can do.
#[derive(Clone, Copy, Debug, Default)]
#[expect(clippy::struct_excessive_bools, reason = "each is a capability of the protocol")]
pub struct Abilities {
    /// What positions count.
    pub encoding: Encoding,
    /// Whether it shows related places.
    pub related: bool,
    /// Whether it asks for diagnostics by itself, and can be told to ask again.
    pub pulls: bool,
    /// Whether edits may name the version of a document.
    pub versions: bool,
    /// Whether it tells about changed files when it is asked to.
    pub watches: bool,
}

/// A finding as a diagnostic. `address` gives the address of a file by its shown path.
pub fn diagnostic(finding: &pyrelint_lints::Diagnostic, abilities: Abilities, address: &dyn Fn(&str) -> Option<Uri>) -> Diagnostic {
    let mut message = format!("{} [{}]", finding.message, finding.rule.name);
    if let Some(help) = &finding.help {
        message.push_str("\nhelp: ");
        message.push_str(help);
    }
    let mut related = Vec::new();
    for place in &finding.related {
        if let Some(uri) = address(place.place.file.path()) {
            let location = Location { uri, range: range(&place.place, abilities.encoding) };
            related.push(DiagnosticRelatedInformation { location, message: place.message.clone() });
        }
    }
    if !abilities.related {
        for entry in &related {
            let line = entry.location.range.start.line + 1;
            message.extend(["\n", entry.location.uri.path(), ":", &line.to_string(), ": ", &entry.message]);
        }
        related.clear();
    }
    Diagnostic {
        range: range(&finding.place, abilities.encoding),
        severity: Some(match finding.severity {
            Severity::Error => DiagnosticSeverity::Error,
            Severity::Warning => DiagnosticSeverity::Warning,
            Severity::Info => DiagnosticSeverity::Information,
        }),
        code: Some(Code::String(finding.rule.code.to_owned())),
        source: Some("pyrelint".to_owned()),
        message: Message::String(message),
        related_information: (!related.is_empty()).then_some(related),
        ..Diagnostic::default()
    }
}
