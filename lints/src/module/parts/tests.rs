use std::fmt::Write as _;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;

use ruff_text_size::TextRange;

use crate::module::Module;
use crate::module::ir::{ExprId, ScopeId, StmtId, StmtKind};
use crate::source::{self, SourceFile};

/// Everything that an index says, with places instead of ids.
pub(in crate::module) fn contents(module: &Module) -> String {
    let mut out = String::new();
    let expr = |id: &ExprId| module.expr(*id).range;
    let stmt = |id: &StmtId| module.stmt(*id).range;
    for (_, one) in module.exprs() {
        let function = one.function.map(|function| module.function(function).name_range);
        let kind = std::mem::discriminant(&one.kind);
        let in_stmt = stmt(&one.stmt);
        writeln!(out, "expr {:?} {kind:?} {in_stmt:?} {function:?} {:?}", one.range, module.scope(one.scope).bindings.len())
            .expect("a string takes all");
    }
    for (id, one) in module.stmts() {
        let parent = one.parent.map(|(outer, slot)| (stmt(&outer), slot));
        let function = one.function.map(|function| module.function(function).name_range);
        let kind = std::mem::discriminant(&one.kind);
        let is_function = matches!(one.kind, StmtKind::Function(_));
        let mut bound: Vec<TextRange> = module.bindings_of(id).filter(|_| !is_function).map(|binding| binding.range).collect();
        bound.sort_by_key(|range| range.start());
        writeln!(out, "stmt {:?} {kind:?} {parent:?} {function:?} {bound:?}", one.range).expect("a string takes all");
    }
    for (id, one) in module.functions() {
        let code = module.code(id);
        let calls: Vec<_> = code.calls.iter().map(expr).collect();
        let loads: Vec<_> = code.loads.iter().map(expr).collect();
        let returns: Vec<_> = code.returns.iter().flatten().map(expr).collect();
        let imports: Vec<_> = code.imports.iter().chain(&code.withs).map(stmt).collect();
        let block: Vec<_> = module.function_block(id).iter().map(stmt).collect();
        let class = one.class.map(|class| module.class(class).range);
        let outer = one.outer.map(|outer| module.function(outer).name_range);
        writeln!(out, "def {} {calls:?} {loads:?} {returns:?} {imports:?} {block:?} {class:?} {outer:?}", one.name)
            .expect("a string takes all");
        writeln!(out, "{} {:?} {}", module.is_generator(id), code.docstring, scope(module, one.scope)).expect("a string takes all");
    }
    for (id, one) in module.classes() {
        writeln!(out, "class {:?} {}", one.range, scope(module, one.scope)).expect("a string takes all");
        for name in module.file.slice(one.range).split("self.").skip(1) {
            let name = name.split(|letter: char| !letter.is_alphanumeric() && letter != '_').next().unwrap_or_default();
            let bound: Vec<_> = module.attribute(id, name).iter().map(|binding| binding.range).collect();
            writeln!(out, "self.{name} {bound:?}").expect("a string takes all");
        }
    }
    for call in module.calls() {
        writeln!(out, "call {:?}", module.expr(call.id).range).expect("a string takes all");
    }
    out
}

fn scope(module: &Module, id: ScopeId) -> String {
    let scope = module.scope(id);
    let mut names: Vec<_> = scope.bindings.iter().map(|(name, all)| (name, all.iter().map(|one| one.range).collect::<Vec<_>>())).collect();
    names.sort_by_key(|(name, _)| name.as_str());
    let parent = scope.parent.map(|parent| module.scope(parent).bindings.len());
    format!("{:?} {names:?} {parent:?}", std::mem::discriminant(&scope.kind))
}

/// Whether the text is parsed in parts; checks that these make up the whole.
#[track_caller]
fn check(text: &str, name: &str) -> bool {
    let file = SourceFile::new(name, text.to_owned());
    let (Ok(whole), Ok(parts)) = (Module::parse(Arc::clone(&file)), Module::parse_in_parts(file)) else { return false };
    if parts.parts.is_empty() {
        return false;
    }
    let (whole, parts) = (contents(&whole), contents(&parts));
    if let Some((one, other)) = whole.lines().zip(parts.lines()).find(|(one, other)| one != other) {
        panic!("{name}:\nwhole: {one}\nparts: {other}");
    }
    assert_eq!(whole.len(), parts.len(), "{name}");
    true
}

pub(in crate::module) const SAMPLE: &str = r#"import a
class C(a.B):
    x = 1
    def first(self, n=[1,
 2]):
        """Text
at column 0"""
        self.a = n
        if n: return (
1, 2)
        with a as b: yield from (c for c in b)
    # Long enough that it is worth leaving out: the shortest bodies are parsed with what is around them.
        return
    async def second(self):
        s = f'''{self.a!r:>{self.w}}
def f():
'''
        def inner():
            nonlocal s
            s = 2; self.b = s
        return inner
    # Long enough that it is worth leaving out: the shortest bodies are parsed with what is around them.

# comment
    class D:
        def __init__(self): self.c = lambda q: q
        def third(self, *, k: 'C' = None, **rest) -> 'D':
            global g
            g = k
            # Long enough that it is worth leaving out: the shortest bodies are parsed with what is around them.
            return g
if a.x:
	def fourth(): # here
		import e; from f import h as i
		for j in i: print(j, [z for z in j if (y := z)])
		# Long enough that it is worth leaving out: the shortest bodies are parsed with what is around them.
		return j
else:
    fourth = None
last = fourth()
def fifth(): pass
def sixth():
  # Long enough that it is worth leaving out: the shortest bodies are parsed with what is around them.
  return 1, \
2
def seventh():
  # Long enough that it is worth leaving out: the shortest bodies are parsed with what is around them.
  return '\
def x', '''
'''"#;

#[test]
fn bodies_end_where_python_says() {
    let filler = "# filler\n".repeat(200);
    assert!(check(&format!("{SAMPLE}\n{filler}"), "sample.py"));
    assert!(check(&format!("{SAMPLE}\n{filler}").replace('\n', "\r\n"), "sample.py"));
    assert!(check(&format!("{filler}{SAMPLE}"), "sample.py"), "the last body may be the end of the text");
}

#[test]
fn a_body_that_ends_elsewhere_for_the_parser_is_parsed_with_the_rest() {
    let filler = "# filler\n".repeat(200);
    let text = format!("{filler}def f():\n    a = 1\n    b = '{}'\n\\\n  # c\n    return a\n", "b".repeat(150));
    assert!(!check(&text, "a.py"));
}

#[test]
fn the_standard_library_in_parts_is_the_same() {
    let output = Command::new("python3").args(["-c", "import os; print(os.path.dirname(os.__file__))"]).output().expect("python3 runs");
    let folder = String::from_utf8(output.stdout).expect("the path is UTF-8");
    let mut seen = 0;
    for entry in std::fs::read_dir(Path::new(folder.trim())).expect("the library has a folder") {
        let path = entry.expect("its entries can be read").path();
        if path.extension().is_some_and(|extension| extension == "py")
            && let Ok(text) = source::decode(&std::fs::read(&path).expect("its files can be read"))
            && text.len() < 60_000
        {
            seen += usize::from(check(&text, &path.display().to_string()));
        }
    }
    assert!(seen > 60, "only {seen} files were parsed in parts");
}
