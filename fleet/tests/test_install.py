"""A fresh environment, and a command of the README in it."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import DEFECT, ROOT, corpus_wheels, wheel

pytestmark = pytest.mark.ray


def test_pip_install_and_the_commands_of_the_readme(pyrelint: str, tmp_path: Path) -> None:
    subprocess.run([sys.executable, "-m", "venv", tmp_path / "environment"], check=True)
    bin = tmp_path / "environment/bin"
    pip: list[str | Path] = [bin / "python", "-m", "pip", "install", "--quiet", "--disable-pip-version-check", str(ROOT / "fleet")]
    subprocess.run(pip, check=True)
    (tmp_path / "programs").mkdir()
    (tmp_path / "programs/pyrelint").symlink_to(pyrelint)
    (tmp_path / "wheels").mkdir()
    wheel(tmp_path / "wheels/tool-1.0-py3-none-any.whl", {"tool/__init__.py": DEFECT})
    # With the corpus where it is there: what is said of it is what other tests compare.
    items = 2 + corpus_wheels(tmp_path / "wheels")
    (tmp_path / "repositories/service").mkdir(parents=True)
    (tmp_path / "repositories/service/service.py").write_text(DEFECT)
    kept = {name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "VIRTUAL_ENV")}
    environment = {**kept, "PATH": f"{bin}:{tmp_path / 'programs'}:{os.environ['PATH']}"}
    readme = (ROOT / "fleet/README.md").read_text(encoding="utf-8")
    lines = re.findall(r"^\$ (pyrelint-fleet .*?)(?:\s{2,}#.*)?$", readme, re.MULTILINE)
    run, report = (
        subprocess.run(shlex.split(line), cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=300) for line in lines
    )
    assert run.returncode == 0, run.stderr
    assert f"{items} items ({items} ok)" in run.stdout
    assert report.returncode == 0, report.stderr
    found = re.search(r"^RL301 +exit-code-range +error +(\d+) +(\d+)$", report.stdout, re.MULTILINE)
    assert found and int(found[1]) >= 2 and int(found[2]) >= 2, report.stdout
    assert items > 2 or found[1] == found[2] == "2", report.stdout
