#!/usr/bin/env python3
"""Check the library knowledge tables against the libraries that they describe.

usage: check.py [--packages] [--quiet] DIR

DIR holds `stdlib/*.toml` and `packages/*.toml` (see the README.md next to them). The tables of the
standard library are always checked against the interpreter that runs this script; with
`--packages` so are those of packages, each in a process of its own, as far as the package can be
imported here. One line is printed per table:

    OK       every name exists (how many were looked up, how many could not be)
    absent   the package is not installed here: nothing was checked
    part     a part of a namespace package (google.*, azure.*) is not installed here
    MISSING  names that do not exist, or a table that is malformed; each is listed below

What was not checked is listed at the end. The exit status is 1 if a name is missing or a table is
malformed, else 0. Works on CPython 3.11 and later, and needs nothing but the standard library.

How a name is looked up: the longest prefix that is a module is imported, the rest are attributes
(of classes, so an inherited method counts). Two kinds of remark in a table guide the check:

* a trailing comment `# unchecked: reason` exempts the line's own name (another platform's, an
  attribute that only instances have, a class that delegates to another one ...);
* `[versions]` says where a name, and all below it, exists: `"telnetlib" = "<3.13"`, which for the
  standard library is a Python version. Elsewhere the name must be absent, which is checked too.
"""

from __future__ import annotations

import argparse
import contextlib
import importlib
import inspect
import io
import json
import re
import subprocess
import sys
import tomllib
import types
import warnings
from dataclasses import dataclass, field
from pathlib import Path

KINDS = {
    "file", "network", "database", "process", "console", "logging",
    "blocking", "import", "lock", "event-loop", "exit",
}  # fmt: skip
SECTIONS = {
    "effects", "returns", "bases", "attributes", "aliases",
    "servers", "module-level-servers", "versions",
}  # fmt: skip
HEADER = {"module", "package", "version", "coroutines"}

# Public factories that stand for a class which has no public name of its own on some version.
STAND_INS = {
    "threading.Lock": "_thread.LockType",
    "threading.RLock": "_thread.RLock",
}

NAME = re.compile(r"[^\W\d]\w*(\.[^\W\d]\w*)*\Z")
REMARK = re.compile(r'\s*"(?P<name>[^"]+)"\s*=.*#\s*unchecked:\s*(?P<why>.*\S)\s*\Z')
COMPARISON = re.compile(r"(<=|>=|==|<|>)\s*(\d+(?:\.\d+)*)\Z")


class Missing(Exception):
    """A name does not exist."""


class Absent(Exception):
    """A package, or a part of a namespace package, is not installed."""


@dataclass
class Result:
    """What the check of one table found."""

    table: str
    problems: list[str] = field(default_factory=list)
    unchecked: dict[str, str] = field(default_factory=dict)  # name -> reason
    absent: str = ""  # why nothing was checked
    parts: list[str] = field(default_factory=list)  # parts that are not installed
    names: int = 0
    installed: str = ""

    def report(self) -> str:
        counts = f"{self.names} names"
        if self.unchecked:
            counts += f", {len(self.unchecked)} unchecked"
        if self.installed:
            counts += f", {self.installed}"
        if self.problems:
            lines = [f"MISSING  {self.table}: {len(self.problems)} of {counts}"]
            lines += [f"         - {problem}" for problem in self.problems]
            return "\n".join(lines)
        if self.absent:
            return f"absent   {self.table}: {self.absent}"
        if self.parts:
            return f"part     {self.table}: {counts}; not installed: {', '.join(self.parts)}"
        return f"OK       {self.table}: {counts}"


def holds(requirement: str) -> bool:
    """Whether this interpreter satisfies e.g. `>=3.8,<3.13`."""
    for part in requirement.split(","):
        match = COMPARISON.match(part.strip())
        if match is None:
            raise ValueError(f"not a version requirement: {requirement!r}")
        sign, wanted = match[1], tuple(int(n) for n in match[2].split("."))
        here = sys.version_info[: len(wanted)]
        if not {
            "<": here < wanted,
            "<=": here <= wanted,
            ">": here > wanted,
            ">=": here >= wanted,
            "==": here == wanted,
        }[sign]:
            return False
    return True


def covers(prefix: str, name: str) -> bool:
    return name == prefix or name.startswith(prefix + ".")


def load_module(name: str):
    """Import a module quietly. Whatever it raises becomes `Missing` or `Absent`."""
    try:
        with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
            return importlib.import_module(name)
    except ModuleNotFoundError as error:
        if error.name and covers(error.name, name):
            raise Missing(f"no module {error.name}") from None
        raise Absent(f"{name} needs {error.name}, which is not installed") from None
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # an import may do anything, even exit
        reason = f"{type(error).__name__}: {error}".partition("\n")[0]
        raise Absent(f"importing {name} fails: {reason}") from None


def resolve(name: str):
    """The object that a dotted name means."""
    for factory, stand_in in STAND_INS.items():
        if name.startswith(factory + "."):
            return resolve(stand_in + name[len(factory) :])
    first, *rest = name.split(".")
    thing, path = load_module(first), first
    for part in rest:
        parent, path = thing, f"{path}.{part}"
        try:
            thing = getattr(parent, part)
            continue
        except AttributeError:
            pass
        except Exception as error:  # a lazy attribute whose import or set-up fails
            raise Absent(f"{path}: {type(error).__name__}: {error}") from None
        if not isinstance(parent, types.ModuleType):
            raise Missing(f"no {path}")
        try:
            thing = load_module(path)
        except Missing:
            namespace = getattr(parent, "__file__", None) is None and hasattr(parent, "__path__")
            raise (Absent if namespace else Missing)(path if namespace else f"no {path}") from None
    return thing


class Table:
    """One file: its sections, and the remarks in its comments."""

    def __init__(self, path: Path) -> None:
        text = path.read_text(encoding="utf-8")
        self.path = path
        self.label = f"{path.parent.name}/{path.name}"
        self.data = tomllib.loads(text)
        self.first_line = text.partition("\n")[0]
        self.remarks = {m["name"]: m["why"] for m in map(REMARK.match, text.splitlines()) if m}

    def section(self, name: str) -> dict:
        return self.data.get(name, {})

    def known(self) -> set[str]:
        """Names that this table says something about."""
        names = {name.removesuffix(".*") for name in self.section("effects")}
        # A class whose methods are listed is known even if it is not listed itself.
        names |= {name.rpartition(".")[0] for name in names}
        return names | set(self.section("bases")) | set(self.section("aliases"))


def form_problems(table: Table, known: set[str]) -> list[str]:
    """What is wrong with a table's form, before anything is looked up."""
    found = []
    data, say = table.data, found.append
    if not table.first_line.startswith("# "):
        say("the first line is no comment that says what the table covers")
    for key in data:
        if key not in SECTIONS | HEADER:
            say(f"unknown key or section {key!r}")
    module = data.get("module")
    if module != table.path.stem:
        say(f"module is {module!r}, but the file is called {table.path.stem!r}")
    is_package = table.path.parent.name == "packages"
    if is_package != ("package" in data):
        say("`package` belongs into tables of packages, and only there")
    for section in SECTIONS & set(data):
        for name in data[section]:
            if not NAME.match(name.removesuffix(".*") if section == "effects" else name):
                say(f"[{section}] not a dotted name: {name!r}")
            elif section != "aliases" and not covers(str(module), name):
                say(f"[{section}] {name} does not belong to module {module}")
    for name, effect in table.section("effects").items():
        if effect == "none":
            continue
        kind, colon, clause = effect.partition(": ")
        if kind not in KINDS or not colon:
            say(f"[effects] {name}: unknown kind in {effect!r}")
        elif not clause.strip() or clause != clause.strip() or clause.endswith("."):
            say(f"[effects] {name}: clause {clause!r} is empty or ends in a full stop or a space")
    for section in ("servers", "module-level-servers"):
        for name, clause in table.section(section).items():
            if not clause.strip() or clause.endswith("."):
                say(f"[{section}] {name}: clause {clause!r} is empty or ends in a full stop")
    for name, requirement in table.section("versions").items():
        try:
            holds(requirement)
        except ValueError as error:
            say(f"[versions] {name}: {error}")
    for name in data.get("coroutines", []):
        if table.section("effects").get(name, "none") == "none":
            say(f"coroutines: {name} is not among the effects")
    for section in ("returns", "attributes", "bases", "aliases"):
        for name, target in table.section(section).items():
            for class_name in target if isinstance(target, list) else [target]:
                is_module = section == "aliases" and any(covers(class_name, k) for k in known)
                if class_name not in known and not is_module:
                    say(f"[{section}] {name}: no table knows {class_name}")
    return found


def check(table: Table, known: set[str]) -> Result:
    """Look up every name of a table."""
    result = Result(table.label, form_problems(table, known))
    is_package = table.path.parent.name == "packages"
    excluded = [
        prefix
        for prefix, requirement in table.section("versions").items()
        if not is_package and not holds(requirement)
    ]
    module = table.data.get("module", table.path.stem)

    def lookup(name: str, section: str):
        """The object, or None if there is a reason not to have it."""
        try:
            return resolve(name)
        except Missing as error:
            result.problems.append(f"[{section}] {name}: {error}")
        except Absent as error:
            why = str(error)
            part = why if NAME.match(why) else ""
            if part and part not in result.parts:
                result.parts.append(part)
            result.unchecked[name] = f"{part} is not installed" if part else why
        return None

    if module not in excluded:
        try:
            load_module(module)
        except (Missing, Absent) as error:
            result.absent = str(error)
            if not is_package:
                result.problems.append(str(error))
            return result
    if is_package:
        result.installed = installed_version(table.data["package"])

    for section in sorted(SECTIONS - {"versions"}):
        for key, target in table.section(section).items():
            name = key.removesuffix(".*")
            result.names += 1
            if key in table.remarks:
                result.unchecked[key] = table.remarks[key]
                continue
            if any(covers(prefix, name) for prefix in excluded):
                result.unchecked[key] = "not on this version of Python"
                continue
            thing = lookup(name, section)
            if thing is None:
                continue
            if section in ("returns", "attributes"):
                lookup_type(target, f"{section}] [{name}", lookup)
            elif section == "bases":
                for base in target:
                    check_base(thing, name, base, lookup, result)
            elif section == "aliases":
                other = lookup(target, section)
                if other is not None and not same(thing, other):
                    result.problems.append(f"[aliases] {name} is not {target}")
    for name in table.data.get("coroutines", []):
        thing = lookup(name, "coroutines")
        if thing is not None and not inspect.iscoroutinefunction(inspect.unwrap(thing)):
            result.problems.append(f"coroutines: {name} is no coroutine function")
    for prefix in excluded:
        if prefix in table.remarks:
            continue
        with contextlib.suppress(Missing, Absent):
            resolve(prefix)
            result.problems.append(
                f"[versions] {prefix} exists, though it says {table.section('versions')[prefix]!r}"
            )
    return result


def lookup_type(name: str, section: str, lookup) -> None:
    if not name.startswith("builtins."):
        lookup(name, section)


def check_base(thing, name: str, base: str, lookup, result: Result) -> None:
    other = lookup(base, "bases")
    if other is None:
        return
    if not isinstance(thing, type) or not isinstance(other, type):
        result.problems.append(f"[bases] {name} or {base} is no class")
    elif not issubclass(thing, other):
        result.problems.append(f"[bases] {name} is no subclass of {base}")


def same(one, other) -> bool:
    """Whether two names mean the same: one object, or a class and a trivial subclass of it."""
    if one is other or one == other:
        return True
    if isinstance(one, type) and isinstance(other, type):
        return issubclass(one, other) or issubclass(other, one)
    origin = getattr(one, "__origin__", None)  # typing.List and its like
    return origin is not None and origin is other


def installed_version(package: str) -> str:
    from importlib import metadata

    try:
        return f"{package} {metadata.version(package)}"
    except metadata.PackageNotFoundError:
        return ""


def check_in_child(table: Table, directory: Path) -> Result:
    """Check a package's table in a process of its own, as imports may clash, hang or crash."""
    command = [sys.executable, __file__, "--one", str(table.path), str(directory)]
    try:
        run = subprocess.run(command, capture_output=True, text=True, timeout=180)
    except subprocess.TimeoutExpired:
        return Result(table.label, absent="the import hangs")
    for line in reversed(run.stdout.splitlines()):
        if line.startswith("{"):
            return Result(**json.loads(line))
    last = (run.stderr.strip().splitlines() or ["no output"])[-1]
    return Result(table.label, absent=f"the check ended with status {run.returncode}: {last}")


def duplicates(tables: list[Table]) -> list[str]:
    """Names about whose effect two tables speak."""
    seen, found = {}, []
    for table in tables:
        for name in table.section("effects"):
            if name in seen:
                found.append(f"{name} is in {seen[name]} and in {table.label}")
            seen[name] = table.label
    return found


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--packages", action="store_true", help="check the packages' tables too")
    parser.add_argument("--quiet", action="store_true", help="print no line for what is right")
    parser.add_argument("--one", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("directory", type=Path, metavar="DIR")
    options = parser.parse_args()
    warnings.simplefilter("ignore")

    stdlib, packages = (
        [Table(path) for path in sorted((options.directory / folder).glob("*.toml"))]
        for folder in ("stdlib", "packages")
    )
    known = set().union(*(table.known() for table in stdlib + packages))
    if options.one:
        print("\n" + json.dumps(vars(check(Table(options.one), known))), flush=True)
        return 0
    if not stdlib:
        parser.error(f"no tables in {options.directory / 'stdlib'}")

    results = [check(table, known) for table in stdlib]
    for table in packages:
        if options.packages:
            results.append(check_in_child(table, options.directory))
        else:
            results.append(Result(table.label, form_problems(table, known), absent="not asked for"))
    bad = duplicates(stdlib + packages)
    for result in results:
        asked = result.absent != "not asked for"
        if result.problems or not (options.quiet or not asked):
            print(result.report())
    for line in bad:
        print(f"MISSING  listed twice: {line}")

    absent = [result for result in results if result.absent]
    skipped = [result for result in results if result.unchecked and not result.absent]
    if not options.quiet:
        print("\nNot checked:")
        if absent:
            print("  tables: " + ", ".join(f"{r.table} ({r.absent})" for r in absent))
        for result in skipped:
            by_reason: dict[str, list[str]] = {}
            for name, why in result.unchecked.items():
                by_reason.setdefault(why, []).append(name)
            for why, names in by_reason.items():
                print(f"  {result.table}: {why}: {', '.join(names)}")
        if not absent and not skipped:
            print("  nothing")
    return 1 if bad or any(result.problems for result in results) else 0


if __name__ == "__main__":
    sys.exit(main())
