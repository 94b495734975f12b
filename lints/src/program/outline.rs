//! What a project's files import and which classes they derive, without a parse: the answer to "who imports this, who subclasses that".
//!
//! Each file that a run reads anyway is searched for two words, `import` and `class`; the few lines that hold them at the start of a
//! statement are kept, in a few hundred bytes per file. Reverse questions are then answered by a search over these
//! lines instead of a second read of the tree.
//!
//! An outline says more than the file: an example in a docstring looks like an import. So it only names candidates, which a program loads
//! and verifies before it says anything. It does not say less, but for computed names and statements that a backslash breaks between
//! `from` and `import`.

use std::hash::Hasher as _;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::{LazyLock, OnceLock};

use memchr::memmem::{self, Finder};
use rustc_hash::{FxHashMap, FxHasher};

static IMPORT: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new("import"));
static CLASS: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new("class "));

static BY_NAME: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new("_module("));

/// The longest statement that is read.
const MAX_STATEMENT: usize = 20_000;

/// The outlines of many files, one after the other.
///
/// The text has a line for each statement: `i`, the level, a tab, the module, a tab, the names, each between commas
/// (`i1\tsub.module\t,a,b,`; `import a.b` has no names); or `c`, a class's name, a tab, the text of its bases.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Outlines {
    text: String,
    /// Each file with the end of its lines.
    files: Vec<(PathBuf, usize)>,
    /// The lines of the file that is being added.
    lines: Vec<u8>,
}

/// An import statement of an outline.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ImportLine<'a> {
    pub(crate) level: u32,
    pub(crate) module: &'a str,
    /// `None` for `import module`.
    pub(crate) names: Option<&'a str>,
}

impl<'a> ImportLine<'a> {
    fn parse(line: &'a str) -> Option<Self> {
        let mut parts = line.strip_prefix('i')?.split('\t');
        let (level, module) = (parts.next()?.parse().ok()?, parts.next()?);
        Some(Self { level, module, names: parts.next() })
    }

    /// The names that `from module import` takes.
    pub(crate) fn names(&self) -> impl Iterator<Item = &'a str> {
        self.names.unwrap_or_default().split(',').filter(|name| !name.is_empty())
    }
}

impl Outlines {
    /// The files in it: those with a statement that is kept.
    pub fn files(&self) -> impl Iterator<Item = &Path> {
        self.files.iter().map(|(path, _)| path.as_path())
    }

    /// Adds a file.
    pub fn add(&mut self, path: &Path, bytes: &[u8]) {
        for at in IMPORT.find_iter(bytes) {
            self.import(bytes, at);
        }
        for at in CLASS.find_iter(bytes) {
            self.class(bytes, at);
        }
        for at in BY_NAME.find_iter(bytes) {
            self.by_name(&bytes[at + "_module(".len()..]);
        }
        if self.lines.is_empty() {
            return;
        }
        if let Ok(lines) = std::str::from_utf8(&self.lines) {
            self.text.push_str(lines);
        } else {
            let lines = self.lines.split_inclusive(|byte| *byte == b'\n');
            self.text.extend(lines.filter_map(|line| std::str::from_utf8(line).ok()));
        }
        self.lines.clear();
        self.files.push((path.to_owned(), self.text.len()));
    }

    fn import(&mut self, bytes: &[u8], at: usize) {
        let behind = &bytes[at + "import".len()..];
        if !matches!(behind.first(), Some(b' ' | b'\t' | b'(' | b'\\' | b'*')) {
            return;
        }
        let line = memchr::memrchr2(b'\n', b'\r', &bytes[..at]).map_or(0, |end| end + 1);
        let statement = &bytes[memchr::memrchr2(b';', b':', &bytes[line..at]).map_or(line, |end| line + end + 1)..at];
        let (head, is_from) = match statement.trim_ascii().strip_prefix(b"from") {
            Some(module) if module.first().is_some_and(|first| b" \t.".contains(first)) => (module.trim_ascii(), true),
            None if statement.trim_ascii().is_empty() => (&b""[..], false),
            _ => return,
        };
        let mut names = Vec::new();
        names_of(&behind[..behind.len().min(MAX_STATEMENT)], |name| names.push(name));
        if is_from {
            let level = head.iter().take_while(|byte| **byte == b'.').count();
            let module = head[level..].trim_ascii_start();
            if is_dotted(module) || module.is_empty() && level > 0 {
                self.lines.extend_from_slice(format!("i{level}\t").as_bytes());
                self.lines.extend_from_slice(module);
                self.lines.extend_from_slice(b"\t,");
                for name in names {
                    self.lines.extend_from_slice(name);
                    self.lines.push(b',');
                }
                self.lines.push(b'\n');
            }
        } else {
            for name in names.into_iter().filter(|name| is_dotted(name)) {
                self.lines.extend_from_slice(b"i0\t");
                self.lines.extend_from_slice(name);
                self.lines.push(b'\n');
            }
        }
    }

    /// `importlib.import_module("a.b")`, `runpy.run_module('a.b')`: an import of that name.
    fn by_name(&mut self, arguments: &[u8]) {
        let [quote @ (b'"' | b'\''), rest @ ..] = arguments else { return };
        let Some(end) = memchr::memchr(*quote, &rest[..rest.len().min(MAX_STATEMENT)]) else { return };
        if is_dotted(&rest[..end]) && !rest.starts_with(b".") {
            self.lines.extend_from_slice(b"i0\t");
            self.lines.extend_from_slice(&rest[..end]);
            self.lines.push(b'\n');
        }
    }

    fn class(&mut self, bytes: &[u8], at: usize) {
        let line = memchr::memrchr2(b'\n', b'\r', &bytes[..at]).map_or(0, |end| end + 1);
        if !bytes[line..at].trim_ascii().is_empty() {
            return;
        }
        let header = &bytes[at..bytes.len().min(at + MAX_STATEMENT)];
        let Some(open) = memchr::memchr2(b'(', b':', header).filter(|open| header[*open] == b'(') else { return };
        let Some(close) = memchr::memchr(b':', &header[open..]) else { return };
        let bases = &header[open + 1..open + close];
        if bases.iter().any(u8::is_ascii_alphanumeric) {
            self.lines.push(b'c');
            self.lines.extend_from_slice(header["class ".len()..open].trim_ascii());
            self.lines.push(b'\t');
            self.lines.extend(bases.iter().map(|byte| if matches!(byte, b'\n' | b'\r') { b' ' } else { *byte }));
            self.lines.push(b'\n');
        }
    }
}

/// Whether bytes are names joined by dots.
fn is_dotted(bytes: &[u8]) -> bool {
    !bytes.is_empty() && bytes.iter().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.') || *byte >= 0x80)
}

/// The first word of each part between commas, up to the statement's end.
fn names_of<'a>(behind: &'a [u8], mut each: impl FnMut(&'a [u8])) {
    let mut at = 0;
    let mut open = false;
    // Whether the next word is a name; behind `as` comes an alias.
    let mut wanted = true;
    while let Some(byte) = behind.get(at) {
        match byte {
            b'(' => open = true,
            b',' => wanted = true,
            b'#' => {
                at += memchr::memchr2(b'\n', b'\r', &behind[at..]).unwrap_or(behind.len() - at);
                continue;
            }
            b'\\' => at += 1 + usize::from(behind.get(at + 1..at + 3) == Some(b"\r\n")),
            b' ' | b'\t' | b'\x0c' => {}
            b'\n' | b'\r' if open => {}
            b'*' if wanted => {
                each(&behind[at..=at]);
                wanted = false;
            }
            _ if byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.') || *byte >= 0x80 => {
                let length =
                    behind[at..].iter().take_while(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.') || **byte >= 0x80);
                let end = at + length.count();
                if wanted {
                    each(&behind[at..end]);
                    wanted = false;
                }
                at = end;
                continue;
            }
            // The end of the line, of the statement or of the parentheses, or no import at all.
            _ => return,
        }
        at += 1;
    }
}

/// The outlines of a project's files.
#[derive(Clone, Debug, Default)]
pub struct Index {
    parts: Vec<Outlines>,
    places: OnceLock<Places>,
}

/// Where things stand in an index. Keys are hashes of names or paths: what is found is compared again.
#[derive(Clone, Debug, Default)]
struct Places {
    /// The outlines of files: the part, and the place in it.
    files: FxHashMap<u64, (u32, u32)>,
    /// The lines of classes by each name in their bases: the part, and the place in its text.
    derivers: Table,
}

/// Places by the hash of a name, sorted: there are many, with one place each.
#[derive(Clone, Debug, Default)]
struct Table(Vec<(u64, u32, u32)>);

impl Table {
    fn push(&mut self, name: &str, (part, at): (u32, u32)) {
        self.0.push((hash(name.as_bytes()), part, at));
    }

    fn finish(&mut self) {
        self.0.sort_unstable();
        self.0.dedup();
        self.0.shrink_to_fit();
    }

    fn get(&self, name: &str) -> impl Iterator<Item = (usize, usize)> {
        let wanted = hash(name.as_bytes());
        let start = self.0.partition_point(|(hash, ..)| *hash < wanted);
        self.0[start..].iter().take_while(move |(hash, ..)| *hash == wanted).map(|(_, part, at)| (*part as usize, *at as usize))
    }
}

fn hash(text: &[u8]) -> u64 {
    let mut hasher = FxHasher::default();
    hasher.write(text);
    hasher.finish()
}

/// The names in a text.
fn names_in(text: &str) -> impl Iterator<Item = &str> {
    text.split(|letter: char| !is_in_name_char(letter)).filter(|name| !name.is_empty())
}

fn is_in_name_char(letter: char) -> bool {
    letter.is_ascii_alphanumeric() || letter == '_' || !letter.is_ascii()
}

impl Places {
    fn new(parts: &[Outlines]) -> Self {
        let mut places = Self::default();
        for (number, part) in parts.iter().enumerate() {
            let number = number as u32;
            for (index, (path, _)) in part.files.iter().enumerate() {
                places.files.entry(hash(path.as_os_str().as_encoded_bytes())).or_insert((number, index as u32));
                let range = part.range(index);
                let mut at = range.start;
                for line in part.text[range].split_inclusive('\n') {
                    if let Some(class) = line.strip_prefix('c') {
                        let bases = class.split_once('\t').map_or("", |(_, bases)| bases);
                        names_in(bases).for_each(|name| places.derivers.push(name, (number, at as u32)));
                    }
                    at += line.len();
                }
            }
        }
        places.derivers.finish();
        places
    }
}

/// The package that a line of an outline imports by its absolute name, or whose module it does.
fn package_of(line: &str) -> Option<&str> {
    line.strip_prefix("i0\t")?.split(['.', '\t', '\n']).next()
}

impl Index {
    /// An index of what several threads have read.
    pub fn new(parts: Vec<Outlines>) -> Self {
        Self { parts, places: OnceLock::new() }
    }

    /// Adds outlines of other files.
    pub fn add(&mut self, part: Outlines) {
        self.parts.push(part);
        self.places = OnceLock::new();
    }

    fn places(&self) -> &Places {
        self.places.get_or_init(|| Places::new(&self.parts))
    }

    /// The part that has the outline of a file, and its place in it.
    fn place(&self, path: &Path) -> Option<(&Outlines, usize)> {
        let is_it = |file: &(PathBuf, usize)| file.0.as_os_str() == path.as_os_str();
        let (part, index) = *self.places().files.get(&hash(path.as_os_str().as_encoded_bytes()))?;
        let found = &self.parts[part as usize];
        if is_it(&found.files[index as usize]) {
            return Some((found, index as usize));
        }
        // Two paths with one hash.
        self.parts.iter().find_map(|part| Some((part, part.files.iter().position(is_it)?)))
    }

    /// The outline of one file, empty where nothing of it is kept.
    pub fn of(&self, path: &Path) -> Outlines {
        self.place(path).map_or_else(Outlines::default, |(part, index)| {
            let text = part.text[part.range(index)].to_owned();
            Outlines { files: vec![(path.to_owned(), text.len())], text, lines: Vec::new() }
        })
    }

    /// Puts an outline in the place of that of a file.
    pub fn replace(&mut self, path: &Path, outline: Outlines) {
        self.places = OnceLock::new();
        for part in &mut self.parts {
            let Some(index) = part.files.iter().position(|(file, _)| file.as_os_str() == path.as_os_str()) else { continue };
            let range = part.range(index);
            let length = range.len();
            part.text.drain(range);
            part.files.remove(index);
            part.files[index..].iter_mut().for_each(|(_, end)| *end -= length);
        }
        self.parts.push(outline);
        // Many small parts are slow to search.
        if self.parts.len() > 64 {
            let mut all = Outlines::default();
            for part in self.parts.drain(..) {
                let before = all.text.len();
                all.text.push_str(&part.text);
                all.files.extend(part.files.into_iter().map(|(path, end)| (path, before + end)));
            }
            self.parts.push(all);
        }
    }

    /// How many files have an outline.
    pub fn len(&self) -> usize {
        self.parts.iter().map(|part| part.files.len()).sum()
    }

    /// Whether no file has one.
    pub fn is_empty(&self) -> bool {
        self.parts.iter().all(|part| part.files.is_empty())
    }

    /// The files in it.
    pub fn files(&self) -> impl Iterator<Item = &Path> {
        self.parts.iter().flat_map(|part| part.files.iter().map(|(path, _)| path.as_path()))
    }

    /// Each file with its import statements.
    pub(crate) fn by_file(&self) -> impl Iterator<Item = (&Path, impl Iterator<Item = ImportLine<'_>>)> {
        self.parts.iter().flat_map(|part| part.files.iter().enumerate().map(|(index, (path, _))| (path.as_path(), part.imports(index))))
    }

    /// All import statements of a file.
    pub(crate) fn imports_of<'a>(&'a self, path: &Path) -> impl Iterator<Item = ImportLine<'a>> {
        self.place(path).into_iter().flat_map(|(part, index)| part.imports(index))
    }

    /// The classes one of whose bases holds a name, each with its file; sorted.
    pub(crate) fn derivers(&self, name: &str) -> Vec<(&Path, &str)> {
        let class = |(part, at): (usize, usize)| {
            let part = &self.parts[part];
            let (class, bases) = part.text[at..].lines().next()?.strip_prefix('c')?.split_once('\t')?;
            let file = part.files.partition_point(|(_, end)| *end <= at);
            names_in(bases).any(|base| base == name).then(|| (part.files[file].0.as_path(), class))
        };
        let mut found: Vec<(&Path, &str)> = self.places().derivers.get(name).filter_map(class).collect();
        found.sort_unstable();
        found.dedup();
        found
    }

    /// The files that import a package by its absolute name; sorted. A search through everything: see [`super::snapshot::Snapshot::importing`].
    pub(crate) fn importing(&self, package: &str) -> Vec<&Path> {
        let start = format!("i0\t{package}");
        let finder = Finder::new(&start);
        let mut found: Vec<&Path> = Vec::new();
        for part in &self.parts {
            for at in finder.find_iter(part.text.as_bytes()) {
                let is_whole = at == 0 || part.text.as_bytes()[at - 1] == b'\n';
                let line = part.text[at..].lines().next().unwrap_or_default();
                if is_whole && package_of(line) == Some(package) {
                    found.push(&part.files[part.files.partition_point(|(_, end)| *end <= at)].0);
                }
            }
        }
        found.sort_unstable();
        found.dedup();
        found
    }
}

impl Outlines {
    fn range(&self, index: usize) -> Range<usize> {
        let start = index.checked_sub(1).map_or(0, |before| self.files[before].1);
        start..self.files[index].1
    }

    /// The import statements of a file.
    fn imports(&self, index: usize) -> impl Iterator<Item = ImportLine<'_>> {
        self.text[self.range(index)].lines().filter_map(ImportLine::parse)
    }
}

/// Whether a text holds any of these words; a plain search.
pub(crate) fn holds(text: &[u8], words: &[&str]) -> bool {
    words.iter().any(|word| memmem::find(text, word.as_bytes()).is_some())
}

/// Whether the function of a name may hold any of these texts: its definition stands here and does, from `def` to the next line that is
/// indented no further; or the name stands here without a definition, as something that is handed on.
pub(crate) fn function_may_hold(text: &[u8], name: &str, words: &[&str]) -> bool {
    let mut functions = functions_of(text, name).peekable();
    let defined = functions.peek().is_some();
    if functions.any(|(_, function)| holds(function, words)) {
        return true;
    }
    let whole = |at: usize| !is_in_name(at.checked_sub(1).and_then(|at| text.get(at))) && !is_in_name(text.get(at + name.len()));
    !defined && memmem::find_iter(text, name).any(whole)
}

/// The texts of the functions of a name, from `def` to the next line that is indented no further, each with what its first line is indented by.
pub(crate) fn functions_of<'a>(text: &'a [u8], name: &str) -> impl Iterator<Item = (usize, &'a [u8])> {
    let definition = format!("def {name}(");
    let starts: Vec<usize> = memmem::find_iter(text, &definition).collect();
    starts.into_iter().map(move |at| function_at(text, at))
}

/// The indent and the text of the function whose definition starts at an offset, from its `def` on.
pub(crate) fn function_at(text: &[u8], at: usize) -> (usize, &[u8]) {
    let line = memchr::memrchr(b'\n', &text[..at]).map_or(0, |end| end + 1);
    let indent = text[line..].iter().take_while(|byte| matches!(byte, b' ' | b'\t')).count();
    let body = &text[at..];
    let end = memchr::memchr_iter(b'\n', body).find(|end| {
        let next = &body[end + 1..];
        let inner = next.iter().take_while(|byte| matches!(byte, b' ' | b'\t')).count();
        // Blank lines, and the closing line of a long parameter list, are no end.
        inner <= indent && !matches!(next.get(inner), None | Some(b'\n' | b'\r' | b'#' | b')'))
    });
    (indent, &body[..end.unwrap_or(body.len())])
}

/// Whether a byte beside a word would make it a part of a longer name.
fn is_in_name(byte: Option<&u8>) -> bool {
    byte.is_some_and(|byte| byte.is_ascii_alphanumeric() || *byte == b'_' || *byte >= 0x80)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn outline(text: &str) -> String {
        let mut outlines = Outlines::default();
        outlines.add(Path::new("/a.py"), text.as_bytes());
        outlines.text
    }

    #[test]
    fn statements_are_kept() {
        assert_eq!(outline("import a.b as c, d # e\n"), "i0\ta.b\ni0\td\n");
        assert_eq!(outline("try: import x\nexcept ImportError: x = None; import y"), "i0\tx\ni0\ty\n");
        assert_eq!(outline("    from . import (\n  a as b, # no, not\n  c,\n)\nz = 1"), "i1\t\t,a,c,\n");
        assert_eq!(outline("from ..x.y import *"), "i2\tx.y\t,*,\n");
        assert_eq!(outline("from a import b, \\\n   c\nfrom.q import(r)"), "i0\ta\t,b,c,\ni1\tq\t,r,\n");
        assert_eq!(outline("from a import b; c = 1"), "i0\ta\t,b,\n");
    }

    #[test]
    fn what_is_no_statement_is_not_kept() {
        for text in ["# import a", "x = important", ">>> import a", "yield from a", "x(import_=1)", "class A:", "a class B(C):"] {
            assert_eq!(outline(text), "", "{text}");
        }
    }

    #[test]
    fn bases_are_kept() {
        assert_eq!(outline("class A(b.C,\n   D, metaclass=M): pass\n  class E(F): x\n"), "cA\tb.C,    D, metaclass=M)\ncE\tF)\n");
    }

    #[test]
    fn functions_are_judged_by_their_lines() {
        let text = b"def a(\n    x,\n):\n    y = 1\n\n# c\n    exit(x)\n\ndef b(x):\n    return x\n\nclass C:\n    def c(self): exit(1)\n    def d(self): pass\nfrom x import e";
        let may = |name| function_may_hold(text, name, &["exit("]);
        assert!(may("a") && may("c") && may("e"));
        assert!(!may("b") && !may("d") && !may("f"));
    }

    #[test]
    fn lines_are_found_by_their_names() {
        let mut one = Outlines::default();
        one.add(Path::new("/a.py"), b"from x import name\nimport names.a, x.y\nclass B(names): ...");
        one.add(Path::new("/b.py"), b"class A(pkg.name, Q[name]): ...\nfrom . import q\nfrom .x import a");
        let mut two = Outlines::default();
        two.add(Path::new("/c.py"), b"import x\nclass \xff(name): ...\nclass C(f(\n    metaclass=name)): ...");
        let mut index = Index::new(vec![one, two]);
        let (a, b, c) = (Path::new("/a.py"), Path::new("/b.py"), Path::new("/c.py"));
        assert_eq!(index.derivers("name"), [(b, "A"), (c, "C")]);
        assert_eq!(index.derivers("ame"), []);
        assert_eq!(index.importing("x"), [a, c]);
        assert_eq!(index.importing("names"), [a]);
        assert_eq!(index.imports_of(b).map(|line| line.names().collect::<Vec<_>>()).collect::<Vec<_>>(), [["q"], ["a"]]);
        let mut new = Outlines::default();
        new.add(a, b"import z");
        index.replace(a, new);
        assert_eq!((index.importing("x"), index.importing("z")), (vec![c], vec![a]));
        assert_eq!(index.derivers("names"), []);
        assert_eq!(index.of(c).text, "i0\tx\ncC\tf(     metaclass=name))\n");
    }
}
