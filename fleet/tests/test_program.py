"""How one run of the program ends, and where its findings are."""

from __future__ import annotations

import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest
from conftest import wheel

from pyrelint_fleet import outcomes, program
from pyrelint_fleet.errors import FleetError
from pyrelint_fleet.program import Ended, Program, end, inside, prepare, run, wait


def ended(program: Program, tmp_path: Path, name: str) -> Ended:
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    return run(program, wheel(tmp_path / f"{name}.whl", {}), scratch)


@pytest.mark.parametrize(
    ("name", "outcome", "detail"),
    [
        ("good", outcomes.OK, None),
        ("corrupt", outcomes.UNREADABLE, "`/"),
        ("half", outcomes.PARTIAL, "1 file could not be read"),
        ("abort", outcomes.CRASH, "ended by SIGABRT."),
        ("killed", outcomes.CRASH, "ended by SIGKILL, which the system sends where memory is short."),
        ("garbage", outcomes.CRASH, "what it wrote is no finding: "),
        ("broken", outcomes.ERROR, "error: the configuration is invalid ?[31m"),
    ],
)
def test_outcomes(program: Program, tmp_path: Path, name: str, outcome: str, detail: str | None) -> None:
    result = ended(program, tmp_path, name)
    assert result.outcome == outcome
    assert result.detail == detail or (detail is not None and str(result.detail).startswith(detail))


def test_the_end_of_a_child_is_seen_at_once(tmp_path: Path) -> None:
    """Not at the next of some looks: with those, a thousand archives would take half a minute more."""
    waits = []
    for _ in range(5):
        child = subprocess.Popen([sys.executable, "-ISc", f"import time; time.sleep(0.3); open({str(tmp_path / 'end')!r}, 'w').close()"])
        assert wait(child, 20) == 0
        waits.append(time.time() - (tmp_path / "end").stat().st_mtime)
        (tmp_path / "end").unlink()
    assert min(waits) < 0.04
    with pytest.raises(subprocess.TimeoutExpired):
        child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"], start_new_session=True)
        try:
            wait(child, 0.1)
        finally:
            end(child)
    assert child.returncode == -9


def test_a_time_out_ends_it(program: Program, tmp_path: Path) -> None:
    begun = time.monotonic()
    result = ended(replace(program, timeout=0.5), tmp_path, "slow")
    assert (result.outcome, result.detail) == (outcomes.TIMEOUT, "ended after 0.5 s")
    assert time.monotonic() - begun < 20


@pytest.mark.skipif(sys.platform != "linux", reason="limits are set on Linux alone")
def test_memory_is_limited(program: Program, tmp_path: Path) -> None:
    result = ended(replace(program, memory=512 << 20), tmp_path, "hungry")
    assert (result.outcome, result.detail) == (outcomes.MEMORY, "memory allocation of 67108864 bytes failed")


@pytest.mark.skipif(sys.platform != "linux", reason="limits are set on Linux alone")
def test_output_is_limited(program: Program, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pyrelint_fleet.program.LARGEST_OUTPUT", 1 << 16)
    result = ended(program, tmp_path, "flood")
    assert result.outcome == outcomes.CRASH
    assert (tmp_path / "scratch/findings").stat().st_size <= 1 << 16


def test_findings_have_paths_inside_the_item(program: Program, tmp_path: Path) -> None:
    (finding,) = ended(program, tmp_path, "good").findings
    place = {"path": "pkg/mod.py", "line": 1, "column": 2, "end_line": 1, "end_column": 3}
    assert finding == {
        "code": "RL301",
        "name": "rule",
        "severity": "error",
        "message": "`pkg/mod.py` is wrong",
        "help": None,
        **place,
        "related": [{"message": "in `pkg/mod.py`", **place}],
        "fix": "safe",
    }


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/data/a.whl!/pkg/mod.py", "pkg/mod.py"),
        ("/data/a.whl", ""),
        ("a.whl!/x!/y.py", "x!/y.py"),
        ("/usr/lib/python3/other.py", "/usr/lib/python3/other.py"),
        ("/data/a.whlx/other.py", "/data/a.whlx/other.py"),
    ],
)
def test_paths(path: str, expected: str) -> None:
    assert inside(path, "/data/a.whl", Path("/data")) == expected


def test_paths_of_folders() -> None:
    assert inside("pkg/mod.py", "/data/repo", Path("/data/repo")) == "pkg/mod.py"
    assert inside("./pkg/mod.py", "/data/repo", Path("/data/repo")) == "pkg/mod.py"


@pytest.mark.parametrize("option", ["--fix", "--output-format=sarif", "-o", "--jobs", "--watch"])
def test_options_that_make_no_sense_are_refused(fake: Path, option: str) -> None:
    with pytest.raises(FleetError, match="cannot be used"):
        prepare(str(fake), [option])


def test_wrong_arguments_are_found_before_any_item(fake: Path) -> None:
    with pytest.raises(FleetError, match="unexpected argument"):
        prepare(str(fake), ["--wrong"])
    with pytest.raises(FleetError, match="stands before"):
        prepare(str(fake), ["src"])
    with pytest.raises(FleetError, match="no such program"):
        prepare("no-such-program", [])


def test_the_configuration_is_what_may_change_findings(fake: Path, tmp_path: Path) -> None:
    config = tmp_path / "config.toml"
    config.write_text("a = 1\n")
    first = prepare(str(fake), ["--config", str(config)])
    assert first.files == (("0-config.toml", b"a = 1\n"),)
    assert first.arguments == ("--config", "{files}/0-config.toml")
    assert prepare(str(fake), [f"--config={config}"]).arguments == ("--config={files}/0-config.toml",)
    config.write_text("a = 2\n")
    others = [prepare(str(fake), arguments) for arguments in (["--config", str(config)], ["--select", "RL1"], ["--select=RL1"], [])]
    assert len({first.configuration, *(other.configuration for other in others)}) == 5
    # Limits change outcomes, but no findings of what is within them.
    assert prepare(str(fake), [], timeout=1).configuration == others[-1].configuration


def test_the_worker_s_environment_does_not_count(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VIRTUAL_ENV", "/venv")
    monkeypatch.setenv("PYRELINT_CONFIG", "x")
    environment = program._environment()
    assert "PATH" in environment and not {"VIRTUAL_ENV", "PYRELINT_CONFIG"} & set(environment)
