"""What the tests share: the program, a stand-in for it that fails on demand, archives, and a run without Ray."""

from __future__ import annotations

import os
import secrets
import stat
import subprocess
import sys
import zipfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from pyrelint_fleet import analysis, engine, inputs
from pyrelint_fleet.previous import is_in
from pyrelint_fleet.program import Program, prepare
from pyrelint_fleet.schema import RESULT

# As the command does it, but for all tests of this process: Ray reads them once.
os.environ.update(RAY_USAGE_STATS_ENABLED="0", RAY_AUTH_MODE="token", RAY_AUTH_TOKEN=secrets.token_hex(32))

ROOT = Path(__file__).resolve().parents[2]
#: Two findings: RL301, and its place.
DEFECT = "import sys\nsys.exit(256)\n"
CORPUS = Path(os.environ.get("PYRELINT_CORPUS", str(Path.home() / ".cache/pyrelint-corpus")))

#: Prints one finding for each archive, and fails where the archive's name says so.
_FAKE = """\
import json, os, signal, sys, time
target = sys.argv[-1]
if sys.argv[1:] == ["--version"]:
    print("pyrelint 9.9.9")
    sys.exit(0)
name = os.path.basename(target)
log = os.environ.get("FAKE_LOG")
if log and target != ".":
    with open(log, "a") as file:
        file.write(target + "\\n")
if "--wrong" in sys.argv:
    print("error: unexpected argument '--wrong'", file=sys.stderr)
    sys.exit(2)
if "slow" in name:
    time.sleep(600)
if "nap" in name:
    time.sleep(0.7)
if "abort" in name:
    os.kill(os.getpid(), signal.SIGABRT)
if "killed" in name:
    os.kill(os.getpid(), signal.SIGKILL)
if "hungry" in name:
    try:
        waste = [bytearray(1 << 26) for _ in range(1000)]
    except MemoryError:
        print("memory allocation of 67108864 bytes failed", file=sys.stderr, flush=True)
        os.kill(os.getpid(), signal.SIGABRT)
if "murder" in name:
    os.kill(os.getppid(), signal.SIGKILL)
if "garbage" in name:
    print('{"code": 1')
    sys.exit(0)
if "broken" in name:
    print("error: the configuration is invalid \\x1b[31m", file=sys.stderr)
    sys.exit(2)
if "flood" in name:
    for _ in range(1 << 20):
        print("x" * 1023)
place = {"line": 1, "column": 2, "end_line": 1, "end_column": 3}
def finding(code, path):
    related = [{"message": f"in `{path}`", "path": path, **place}]
    print(json.dumps({"code": code, "name": "rule", "severity": "error", "message": f"`{path}` is wrong", "help": None, "path": path,
                      **place, "related": related, "fix": {"applicability": "safe", "message": "", "edits": []}}))
if target == ".":
    sys.exit(0)
if "corrupt" in name:
    finding("RL003", target)
    sys.exit(1)
if "half" in name:
    finding("RL003", target + "!/a.py")
finding("RL301", target + "!/pkg/mod.py")
sys.exit(1)
"""


@pytest.fixture(scope="session")
def fake(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A program with pyrelint's manners that fails where the name of its archive says so."""
    path = tmp_path_factory.mktemp("fake") / "pyrelint"
    path.write_text(f"#!{sys.executable} -IS\n{_FAKE}")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return path


@pytest.fixture
def program(fake: Path) -> Program:
    """The stand-in, ready to run."""
    return prepare(str(fake), [], timeout=20)


@pytest.fixture(scope="session")
def pyrelint() -> str:
    """The program itself."""
    path = Path(os.environ.get("PYRELINT", str(ROOT / "target/debug/pyrelint")))
    if not path.is_file():
        pytest.fail(f"{path} is not built: cargo build, or set PYRELINT")
    return str(path)


@pytest.fixture
def archives(tmp_path: Path) -> Callable[..., Path]:
    """Makes a folder of small wheels with different contents."""

    def make(*names: str) -> Path:
        folder = tmp_path / "archives"
        folder.mkdir(exist_ok=True)
        for name in names:
            wheel(folder / f"{name}-1.0-py3-none-any.whl", {f"{name}/__init__.py": f"# {name}\n{DEFECT}"})
        return folder

    return make


def corpus_wheels(folder: Path) -> int:
    """Makes a wheel of each package of the development corpus, and returns how many; none where the corpus has not been fetched."""
    packages = sorted(path for path in CORPUS.iterdir() if path.is_dir()) if CORPUS.is_dir() else []
    for package in packages:
        with zipfile.ZipFile(folder / f"{package.name}-1.0-py3-none-any.whl", "w", zipfile.ZIP_DEFLATED) as archive:
            for path in sorted(package.rglob("*")):
                if path.is_file():
                    archive.write(path, path.relative_to(package))
    return len(packages)


def wheel(path: Path, files: dict[str, str]) -> Path:
    """Writes a zip file."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in files.items():
            archive.writestr(name, text)
    return path


def git(folder: Path, *arguments: str) -> str:
    """Runs Git with a fixed identity and no configuration of the machine's."""
    identity = {f"GIT_{who}_{what}": "t@example.org" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}
    environment = {**os.environ, **identity, "GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1"}
    done = subprocess.run(["git", *arguments], cwd=folder, env=environment, capture_output=True, text=True, check=True)
    return done.stdout.strip()


@pytest.fixture
def bare(tmp_path: Path) -> Callable[..., Path]:
    """Makes a bare repository with one commit."""

    def make(name: str = "tool.git", text: str = DEFECT, **options: str) -> Path:
        work = tmp_path / f"work-{name}"
        work.mkdir()
        git(work, "init", "--quiet", "--initial-branch=trunk", *(f"--{key.replace('_', '-')}={value}" for key, value in options.items()))
        (work / "tool.py").write_text(text)
        git(work, "add", ".")
        git(work, "commit", "--quiet", "--message=first")
        git(tmp_path, "clone", "--quiet", "--bare", str(work), name)
        return tmp_path / name

    return make


@pytest.fixture
def inline(monkeypatch: pytest.MonkeyPatch) -> Callable[[Callable[[int], None] | None], None]:
    """Replaces Ray by a loop in this process, which may be made to fail before an item of a given number."""

    def replace(before: Callable[[int], None] | None = None) -> None:
        @contextmanager
        def connected(address: str | None) -> Iterator[None]:
            yield

        def rows(task: analysis.Task, items: Sequence[inputs.Item], known: Any, in_flight: int | None) -> Iterator[pa.Table]:
            for number, item in enumerate(items):
                if before is not None:
                    before(number)
                row = analysis.analyse(task, item, lambda digest: is_in(known, digest))
                yield pa.Table.from_pylist([row], schema=RESULT)

        monkeypatch.setattr(engine, "connected", connected)
        monkeypatch.setattr(engine, "rows", rows)

    return replace
