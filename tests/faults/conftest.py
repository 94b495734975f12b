"""What the tests of faults share: the program, limits for it, and files with a known number of findings."""

import json
import os
import pathlib
import resource
import subprocess

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
PYRELINT = pathlib.Path(os.environ.get("PYRELINT", str(ROOT / "target/debug/pyrelint")))
# One finding, RL301, which `--fix --unsafe-fixes` and `--add-ignores` can do something about.
HIT = "import sys\nsys.exit(256)\n"
FORMATS = "full concise grouped json json-lines sarif github gitlab junit rdjson azure checkstyle html".split()
# How long a run may take that has little to do: a hang is told from a slow machine.
PATIENCE = 60


def environment(**more):
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PYRELINT_", "GIT_"))}
    return {**kept, **more}


def limits(**values):
    """What a child sets for itself before it becomes the program: limits by their names in `resource`."""

    def apply():
        for name, value in values.items():
            resource.setrlimit(getattr(resource, f"RLIMIT_{name}"), (value, value))

    return apply


def run(arguments, cwd, **options):
    """Runs the program. Whatever happens, it must not hang, be killed by a signal, or take a fault for a mistake of its own."""
    options = {"capture_output": True, "timeout": PATIENCE, "env": environment(), **options}
    done = subprocess.run([str(PYRELINT), *map(str, arguments)], cwd=cwd, **options)
    assert done.returncode in (0, 1, 2), f"{arguments}: {done.returncode}\n{done.stderr}"
    for text in (b"panicked", b"internal error", b"please report"):
        assert text not in (done.stderr or b""), f"{arguments}: {done.stderr}"
    return done


def found(arguments, cwd, **options):
    """The findings, and how the run ended."""
    done = run(["--isolated", "--output-format", "json", "-q", *arguments], cwd, **options)
    return json.loads(done.stdout), done


def codes(findings):
    return sorted(finding["code"] for finding in findings)


@pytest.fixture
def tree(tmp_path):
    """A folder with 200 files, each with one finding."""
    folder = tmp_path / "tree"
    folder.mkdir()
    for number in range(200):
        (folder / f"f{number}.py").write_text(HIT)
    return folder


def skip(reason):
    pytest.skip(reason)
