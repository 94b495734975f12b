#!/usr/bin/env python3
"""Where the instructions of a run go: benches/profile.py PROGRAM TREE [--write]

Runs PROGRAM over TREE under callgrind (Debian's package valgrind) with one thread for the analysis, and prints which share of all instructions each
part takes, with all that it calls. Parts contain each other, so that shares do not add up. Instructions are counted, not timed: the same program and
tree give the same figures on a busy machine; what waits for memory or the disk is not seen. PROGRAM is a release build, whose line tables name the parts.
With --write the table goes to docs/performance.md, between its two marks.
"""

import pathlib
import re
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[1]
PAGE = ROOT / "docs/performance.md"
MARKS = ("<!-- benches/profile.py: from here -->\n", "<!-- benches/profile.py: to here -->\n")
#: What is shown, and the function whose calls it is; indented by what contains it.
PARTS = [
    ("reading all files, and the search for trigger words", "pyrelint::check::scan"),
    ("- that search", "<pyrelint_lints::trigger::Scanner>::wanted"),
    ("analysis of the files that hold them", "pyrelint_lints::lint::lint"),
    ("- parsing, theirs and that of modules they lead to", "ruff_python_parser::parser::Parser::parse"),
    ("- bounding the depth before it", "pyrelint_lints::module::nesting::scan::{{closure}}"),
    ("- the index of each parsed file", "pyrelint_lints::module::lower::lower"),
    ("- loading the modules that calls lead to (with their parse)", "Program>::load_within"),
    ("- who imports whom", "<pyrelint_lints::program::snapshot::Snapshot>::graph"),
    ("- exit calls, in all files", "Program>::exits_of"),
]
#: Rules that take less are left out, in percent.
LEAST = 1.0


def shares(program, tree):
    """The inclusive share in percent of each function, by its name."""
    with tempfile.TemporaryDirectory() as folder:
        out = pathlib.Path(folder) / "callgrind.out"
        command = ["valgrind", "--tool=callgrind", f"--callgrind-out-file={out}", program, "--isolated", "--exit-zero", "-q", "--jobs", "1", tree]
        done = subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        if done.returncode != 0:
            sys.exit(done.stderr)
        command = ["callgrind_annotate", "--inclusive=yes", "--threshold=100", str(out)]
        text = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    found = {}
    for line in text.splitlines():
        # "1,234 (12.34%)  path/file.rs:crate::function [program]"; a recursion's deeper levels have names that end in "'2".
        match = re.match(r"\s*[\d,]+ \(\s*([\d.]+)%\)\s+\S+?:(\S.*?)(?:'\d+)?(?: \[.*\])?$", line)
        if match:
            # Generic and inherent methods are written with or without brackets.
            name = match[2].replace("<", "").replace(">", "")
            found[name] = max(found.get(name, 0.0), float(match[1]))
    return found


def rows(found):
    def share(name):
        name = name.replace("<", "").replace(">", "")
        matching = [value for key, value in found.items() if key == name or key.endswith(name)]
        if not matching:
            sys.exit(f"no call of {name} was seen: is the program a release build?")
        return max(matching)

    yield from ((what, share(name)) for what, name in PARTS)
    rule = re.compile(r"pyrelint_lints::rules::\w+::(\w+)::check$")
    checks = {match[1]: value for key, value in found.items() if (match := rule.match(key))}
    for name, value in sorted(checks.items(), key=lambda entry: -entry[1]):
        if value >= LEAST:
            yield f"- the rule `{name.replace('_', '-')}`", value


def main():
    arguments = [argument for argument in sys.argv[1:] if argument != "--write"]
    if len(arguments) != 2:
        sys.exit(__doc__)
    lines = ["| part | share of the instructions |", "|---|---|"]
    lines += [f"| {what} | {value:.1f} % |" for what, value in rows(shares(*arguments))]
    table = "\n".join(lines) + "\n"
    print(table, end="")
    if "--write" in sys.argv:
        before, rest = PAGE.read_text().split(MARKS[0])
        PAGE.write_text(before + MARKS[0] + table + MARKS[1] + rest.split(MARKS[1])[1])


main()
