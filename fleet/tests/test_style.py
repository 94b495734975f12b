"""Types and style. They need all that the package needs, and so run with the tests on Ray."""

from __future__ import annotations

import subprocess
import sys

import pytest
from conftest import ROOT

pytestmark = pytest.mark.ray


@pytest.mark.parametrize(
    "command", [["mypy", "--no-incremental"], ["ruff", "check", "--no-cache"], ["ruff", "format", "--check", "--no-cache"]]
)
def test_types_and_style(command: list[str]) -> None:
    done = subprocess.run([sys.executable, "-m", *command], cwd=ROOT / "fleet", capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
