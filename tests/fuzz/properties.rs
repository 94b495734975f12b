//! What must hold of every input.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use pyrelint::ExitStatus;
use pyrelint_lints::diagnostic::Edit;
use pyrelint_lints::lint::still_parses;
use pyrelint_lints::sources::EntryKind;
use pyrelint_lints::{Diagnostic, FileInput, Index, Outlines, Place, Roots, RuleSet, Scanner, Settings, Snapshot, Sources, lint};

use super::worker::Case;

/// How many findings were looked at: cases without any prove little.
pub(crate) static FOUND: AtomicU64 = AtomicU64::new(0);

/// The result of a check: what is wrong.
pub(crate) type Checked = Result<(), String>;

/// Files in memory, below `/p`.
#[derive(Debug)]
struct Files(BTreeMap<PathBuf, Vec<u8>>);

impl Sources for Files {
    fn list(&self, folder: &Path) -> Vec<(OsString, EntryKind)> {
        let mut entries = BTreeMap::new();
        for path in self.0.keys() {
            let Ok(rest) = path.strip_prefix(folder) else { continue };
            let mut parts = rest.components();
            if let Some(first) = parts.next() {
                let kind = if parts.next().is_some() { EntryKind::Folder } else { EntryKind::File };
                entries.insert(first.as_os_str().to_owned(), kind);
            }
        }
        entries.into_iter().collect()
    }

    fn read(&self, path: &Path) -> Option<Vec<u8>> {
        self.0.get(path).cloned()
    }

    fn shown(&self, path: &Path) -> String {
        path.strip_prefix("/p").unwrap_or(path).to_string_lossy().into_owned()
    }
}

/// Lints all files of a case in memory, and checks what comes out by itself: places and edits.
pub(crate) fn analysis(case: &Case) -> Checked {
    let settings = Settings { rules: RuleSet::all(), ..Settings::default() };
    let scanner = Scanner::new(&settings);
    let files: BTreeMap<PathBuf, Vec<u8>> = case.iter().map(|(name, bytes)| (Path::new("/p").join(name), bytes.clone())).collect();
    let mut outlines = Outlines::default();
    for (path, bytes) in &files {
        outlines.add(path, bytes);
    }
    let snapshot = Arc::new(Snapshot::new(Arc::new(Files(files.clone()))));
    snapshot.complete(Arc::new(Index::new(vec![outlines])));
    let roots = Arc::new(Roots { first_party: vec![PathBuf::from("/p")], installed: Vec::new() });
    for (name, bytes) in case {
        let path = Path::new("/p").join(name);
        let input = FileInput {
            path: name,
            file: Some(&path),
            below_root: name,
            bytes,
            parse: true,
            configured_service: None,
            rules: None,
            roots: &roots,
            earlier: None,
        };
        let outcome = lint(&input, &settings, &scanner, &snapshot);
        if outcome.incomplete {
            return Err(format!("{name} has no result though the project is complete"));
        }
        FOUND.fetch_add(outcome.diagnostics.len() as u64, Ordering::Relaxed);
        outcome.diagnostics.iter().try_for_each(findings_place_and_fix)?;
    }
    Ok(())
}

fn findings_place_and_fix(found: &Diagnostic) -> Checked {
    let about = |error: String| format!("{} {}: {error}", found.rule.code, found.message);
    let places = std::iter::once(&found.place).chain(found.related.iter().map(|related| &related.place));
    places.chain(found.fix.iter().flat_map(|fix| &fix.edits).map(|edit| &edit.place)).try_for_each(place_exists).map_err(about)?;
    if found.message.is_empty() || found.message.len() > 4_000 {
        return Err(about(format!("a message of {} bytes", found.message.len())));
    }
    let Some(fix) = &found.fix else { return Ok(()) };
    if fix.edits.is_empty() {
        return Err(about("a fix that does nothing".to_owned()));
    }
    let mut by_file: BTreeMap<&str, Vec<&Edit>> = BTreeMap::new();
    fix.edits.iter().for_each(|edit| by_file.entry(edit.place.file.path()).or_default().push(edit));
    for (path, mut edits) in by_file {
        edits.sort_by_key(|edit| (edit.place.range.start(), edit.place.range.end()));
        if edits.windows(2).any(|pair| pair[0].place.range.end() > pair[1].place.range.start()) {
            return Err(about("edits that overlap".to_owned()));
        }
        let mut text = edits[0].place.file.text().to_owned();
        for edit in edits.iter().rev() {
            text.replace_range(edit.place.range.start().to_usize()..edit.place.range.end().to_usize(), &edit.replacement);
        }
        if text == edits[0].place.file.text() {
            return Err(about("a fix that changes nothing".to_owned()));
        }
        if !still_parses(path, &text) {
            return Err(about(format!("the fix breaks the text: {text}")));
        }
    }
    Ok(())
}

fn place_exists(place: &Place) -> Checked {
    let (text, start, end) = (place.file.text(), place.range.start().to_usize(), place.range.end().to_usize());
    if text.get(start..end).is_none() {
        return Err(format!("{start}..{end} is no place in a text of {} bytes", text.len()));
    }
    let (from, to) = (place.start(), place.end());
    if from > to || from.line == 0 || from.column == 0 || to.line > place.file.line_count() {
        return Err(format!("{from:?} to {to:?} in a text of {} lines", place.file.line_count()));
    }
    Ok(())
}

/// Puts the files of a case below `case`, and takes them away again.
pub(crate) struct OnDisk;

impl OnDisk {
    /// Files whose names cannot be are left out.
    pub(crate) fn new(case: &Case) -> Self {
        let _ = std::fs::remove_dir_all("case");
        std::fs::create_dir_all("case").expect("the disk has room");
        for (name, bytes) in case {
            let path = Path::new("case").join(name);
            let above = path.parent().expect("it has one");
            let _ = std::fs::create_dir_all(above).and_then(|()| std::fs::write(&path, bytes));
        }
        Self
    }

    /// What the files hold.
    pub(crate) fn read(case: &Case) -> Case {
        case.iter().filter_map(|(name, _)| Some((name.clone(), std::fs::read(Path::new("case").join(name)).ok()?))).collect()
    }
}

impl Drop for OnDisk {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all("case");
    }
}

/// Runs the program as the command line does.
pub(crate) fn program(arguments: &[&str]) -> ExitStatus {
    let words = ["pyrelint", "check"].iter().chain(arguments).map(OsString::from);
    pyrelint::run(words)
}

/// What the program writes in a format about the files on disk.
pub(crate) fn output(format: &str, arguments: &[&str]) -> Result<String, String> {
    let _ = std::fs::remove_file("output");
    let all = [
        "--isolated",
        "-q",
        "--exit-zero",
        "--no-respect-gitignore",
        "--select",
        "ALL",
        "--output-format",
        format,
        "--output-file",
        "output",
    ];
    let status = program(&all.iter().chain(arguments).copied().chain(["case"]).collect::<Vec<_>>());
    if status != ExitStatus::Clean {
        return Err(format!("--output-format {format} {arguments:?} ends with {status:?}"));
    }
    let bytes = std::fs::read("output").map_err(|error| format!("{format}: no output: {error}"))?;
    if format == "json" {
        FOUND.fetch_add(memchr::memmem::find_iter(&bytes, b"\"end_line\"").count() as u64, Ordering::Relaxed);
    }
    String::from_utf8(bytes).map_err(|error| format!("{format}: {error}"))
}

/// Every format can be read back, and says as much as the others.
pub(crate) fn formats(case: &Case) -> Checked {
    let _disk = OnDisk::new(case);
    let json: Vec<serde_json::Value> = parsed("json", &output("json", &[])?)?;
    let count = json.len();
    let lines = output("json-lines", &[])?;
    let of_lines = lines.lines().map(|line| parsed("json-lines", line)).collect::<Result<Vec<serde_json::Value>, _>>()?;
    let sarif: serde_json::Value = parsed("sarif", &output("sarif", &[])?)?;
    let gitlab: Vec<serde_json::Value> = parsed("gitlab", &output("gitlab", &[])?)?;
    let rdjson: serde_json::Value = parsed("rdjson", &output("rdjson", &[])?)?;
    let of_sarif = sarif["runs"][0]["results"].as_array().map_or(0, Vec::len);
    let of_rdjson = rdjson["diagnostics"].as_array().map_or(0, Vec::len);
    let (github, azure, concise) = (output("github", &[])?, output("azure", &[])?, output("concise", &[])?);
    let counts = [
        ("json-lines", of_lines.len()),
        ("sarif", of_sarif),
        ("gitlab", gitlab.len()),
        ("rdjson", of_rdjson),
        ("github", github.lines().filter(|line| line.starts_with("::")).count()),
        ("azure", azure.lines().filter(|line| line.starts_with("##vso[task.logissue ")).count()),
        ("concise", concise.lines().count()),
        ("junit", elements("junit", &output("junit", &[])?, b"failure")?),
        ("checkstyle", elements("checkstyle", &output("checkstyle", &[])?, b"error")?),
    ];
    if of_lines != json {
        return Err("json-lines says something else than json".to_owned());
    }
    if let Some((format, found)) = counts.iter().find(|(_, found)| *found != count) {
        return Err(format!("{format} has {found} findings, json {count}"));
    }
    if github.lines().count() != count || azure.lines().count() != count {
        return Err("a finding runs over several lines of a log".to_owned());
    }
    for format in ["full", "concise", "grouped"] {
        let text = output(format, &[])?;
        let steers =
            |letter: char| (letter.is_control() && letter != '\n') || matches!(letter, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
        if let Some(letter) = text.chars().find(|letter| steers(*letter)) {
            return Err(format!("{format}: {letter:?} reaches a terminal"));
        }
    }
    let html = output("html", &[])?;
    if html.matches("<script").count() != output_of_nothing().matches("<script").count() {
        return Err("a script came into the page".to_owned());
    }
    json.iter().try_for_each(contract)
}

/// The page of a run without findings.
fn output_of_nothing() -> &'static str {
    static PAGE: std::sync::OnceLock<String> = std::sync::OnceLock::new();
    PAGE.get_or_init(|| {
        std::fs::create_dir_all("nothing").expect("the disk has room");
        let _ = program(&["--isolated", "-q", "--output-format", "html", "--output-file", "nothing/page", "nothing"]);
        std::fs::read_to_string("nothing/page").expect("a page without findings")
    })
}

/// What DESIGN says of an object of the JSON output.
fn contract(found: &serde_json::Value) -> Checked {
    let number = |key: &str| found[key].as_u64().unwrap_or_default();
    let keys = ["code", "name", "severity", "message", "help", "path", "line", "column", "end_line", "end_column", "related", "fix"];
    if let Some(key) = keys.iter().find(|key| found.get(**key).is_none()) {
        return Err(format!("json: no {key}"));
    }
    let in_order = (number("line"), number("column")) <= (number("end_line"), number("end_column"));
    if in_order && number("line") > 0 && number("column") > 0 { Ok(()) } else { Err(format!("json: places are wrong in {found}")) }
}

fn parsed<T: serde::de::DeserializeOwned>(format: &str, text: &str) -> Result<T, String> {
    serde_json::from_str(text).map_err(|error| format!("{format}: {error}"))
}

/// How many elements of a name a document in XML has.
fn elements(format: &str, text: &str, name: &[u8]) -> Result<usize, String> {
    let mut reader = quick_xml::Reader::from_str(text);
    let mut count = 0;
    loop {
        match reader.read_event() {
            Ok(quick_xml::events::Event::Eof) => break,
            Ok(quick_xml::events::Event::Start(element) | quick_xml::events::Event::Empty(element)) => {
                count += usize::from(element.name().as_ref() == name);
                for attribute in element.attributes() {
                    let attribute = attribute.map_err(|error| format!("{format}: {error}"))?;
                    let value = String::from_utf8_lossy(&attribute.value).into_owned();
                    quick_xml::escape::unescape(&value).map_err(|error| format!("{format}: {error}"))?;
                }
            }
            Ok(_) => {}
            Err(error) => return Err(format!("{format}: {error}")),
        }
    }
    // XML 1.0, "Characters".
    let is_barred = |letter: char| (letter < ' ' && !"\t\n\r".contains(letter)) || matches!(letter, '\u{fffe}' | '\u{ffff}');
    text.chars().find(|letter| is_barred(*letter)).map_or(Ok(count), |letter| Err(format!("{format}: {letter:?} is not allowed in XML")))
}

/// Neither the search for words nor the number of threads changes a result.
pub(crate) fn equivalence(case: &Case) -> Checked {
    let _disk = OnDisk::new(case);
    let rules = ["--ignore", "RL001,RL003"];
    let run = |more: &[&str]| output("json", &rules.iter().chain(more).copied().collect::<Vec<_>>());
    let plain = run(&["--jobs", "1"])?;
    for more in [&["--jobs", "4"][..], &["--no-prefilter", "--jobs", "2"]] {
        let other = run(more)?;
        if other != plain {
            return Err(format!("{more:?} changes what is reported:\n{plain}\n{other}"));
        }
    }
    Ok(())
}

/// Fixing ends: a second time nothing is left to do. What parsed still parses.
pub(crate) fn fixes(case: &Case) -> Checked {
    let _disk = OnDisk::new(case);
    let before = OnDisk::read(case);
    let arguments =
        ["--isolated", "-q", "--exit-zero", "--no-respect-gitignore", "--select", "ALL", "--fix-only", "--unsafe-fixes", "case"];
    if program(&arguments) != ExitStatus::Clean {
        return Err("fixing ends with an error".to_owned());
    }
    let once = OnDisk::read(case);
    if program(&arguments) != ExitStatus::Clean {
        return Err("fixing again ends with an error".to_owned());
    }
    let twice = OnDisk::read(case);
    for (((name, before), (_, once)), (_, twice)) in before.iter().zip(&once).zip(&twice) {
        if once != twice {
            return Err(format!("{name}: fixing again changes it:\n{}\n{}", String::from_utf8_lossy(once), String::from_utf8_lossy(twice)));
        }
        let parses = |bytes: &[u8]| pyrelint_lints::source::decode(bytes).is_ok_and(|text| still_parses(name, &text));
        if before != once && !parses(once) {
            return Err(format!("{name}: fixing broke it:\n{}", String::from_utf8_lossy(once)));
        }
    }
    Ok(())
}

/// Comments silence what they are added for, and nothing is left to add.
pub(crate) fn ignores(case: &Case) -> Checked {
    let _disk = OnDisk::new(case);
    let arguments = [
        "--isolated",
        "-q",
        "--exit-zero",
        "--no-respect-gitignore",
        "--select",
        "ALL",
        "--add-ignores=why",
        "--output-format",
        "json",
        "--output-file",
        "output",
        "case",
    ];
    if program(&arguments) != ExitStatus::Clean {
        return Err("adding comments ends with an error".to_owned());
    }
    let once = OnDisk::read(case);
    let status = program(&arguments);
    let twice = OnDisk::read(case);
    match once.iter().zip(&twice).find(|(once, twice)| once != twice) {
        _ if status != ExitStatus::Clean => Err("adding comments again ends with an error".to_owned()),
        Some(((name, once), (_, twice))) => {
            Err(format!("{name}: comments are added again:\n{}\n{}", String::from_utf8_lossy(once), String::from_utf8_lossy(twice)))
        }
        None => Ok(()),
    }
}

/// Rewrites that keep the meaning keep the findings: other line ends, blank lines and comments between statements.
pub(crate) fn meaning(case: &Case) -> Checked {
    let told = |case: &Case| -> Result<Vec<(String, String, String)>, String> {
        let _disk = OnDisk::new(case);
        let found: Vec<serde_json::Value> = parsed("json", &output("json", &[])?)?;
        let text = |found: &serde_json::Value, key: &str| found[key].as_str().unwrap_or_default().to_owned();
        let mut all: Vec<_> =
            found.iter().map(|found| (text(found, "path"), text(found, "code"), without_places(&text(found, "message")))).collect();
        all.sort();
        Ok(all)
    };
    let parses = |(_, bytes): &super::seeds::File| std::str::from_utf8(bytes).is_ok_and(pyrelint_lints::lint::parses);
    let is_python = |name: &str| super::seeds::is_python(name);
    if case.iter().any(|file| is_python(&file.0) && !parses(file)) {
        return Ok(());
    }
    let plain = told(case)?;
    for (what, rewrite) in [("CRLF", crlf as fn(&str) -> Option<String>), ("blank lines and comments", spread)] {
        let rewritten = case.iter().map(|(name, bytes)| {
            let text = std::str::from_utf8(bytes).ok().filter(|_| is_python(name)).and_then(rewrite);
            (name.clone(), text.map_or_else(|| bytes.clone(), String::into_bytes))
        });
        let rewritten: Case = rewritten.collect();
        let now = told(&rewritten)?;
        if now != plain {
            return Err(format!("{what} changed what is reported: {plain:#?}\n{now:#?}"));
        }
    }
    Ok(())
}

/// A message without the lines and offsets that it names.
fn without_places(message: &str) -> String {
    let mut told = String::new();
    for word in message.split_inclusive(' ') {
        let follows = told.ends_with("line ") || told.ends_with("(line ") || told.ends_with("byte ");
        told.push_str(if follows { "N " } else { word });
    }
    told
}

fn crlf(text: &str) -> Option<String> {
    (!text.contains('\r')).then(|| text.replace('\n', "\r\n"))
}

/// A comment and blank lines behind each logical line but the first two, which may say how the file is read.
pub(crate) fn spread(text: &str) -> Option<String> {
    use ruff_python_ast::token::TokenKind;
    use ruff_text_size::Ranged as _;
    // Such comments are about the line below them.
    if text.contains("pyrelint:") || text.contains('\r') || text.contains('\x0c') {
        return None;
    }
    let parsed = ruff_python_parser::parse_module(text).ok()?;
    let mut new = String::new();
    let mut from = 0;
    for token in parsed.tokens() {
        let end = token.range().end().to_usize();
        if token.kind() == TokenKind::Newline && text[..end].ends_with('\n') && text[..end].matches('\n').count() >= 2 {
            new.push_str(&text[from..end]);
            new.push_str("\n# neutral\n    # note\n\n");
            from = end;
        }
    }
    new.push_str(&text[from..]);
    Some(new)
}
