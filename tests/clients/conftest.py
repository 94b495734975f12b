"""What the tests with real clients share: the server's command, and how editors are started."""

import os
import pathlib
import shutil
import subprocess

import pytest

from project import SILENT, TELLS, write_project


def server():
    """The command that starts the server: PYRELINT, else the debug build."""
    root = pathlib.Path(__file__).resolve().parents[2]
    return [os.environ.get("PYRELINT", str(root / "target/debug/pyrelint")), "server"]


@pytest.fixture
def project(tmp_path):
    write_project(tmp_path)
    return tmp_path


@pytest.fixture
def run(project):
    """Runs an editor over the project with a script beside this file; returns the lines that the script printed."""

    def run(command, script, **environment):
        home = project / "home"
        home.mkdir(exist_ok=True)
        own = {
            "HOME": str(home),
            "XDG_CONFIG_HOME": str(home),
            "XDG_DATA_HOME": str(home),
            "XDG_STATE_HOME": str(home),
            "PROJECT": str(project),
            "SERVER": " ".join(server()),
            "SILENT": SILENT,
            "TELLS": TELLS,
        }
        script = str(pathlib.Path(__file__).with_name(script))
        done = subprocess.run(
            [*command, script], env={**os.environ, **own, **environment}, capture_output=True, text=True, timeout=120, cwd=project
        )
        said = [line for line in done.stdout.splitlines() if line.startswith("> ")]
        assert done.returncode == 0, f"{done.returncode}\n{done.stdout}\n{done.stderr}"
        return [line[2:] for line in said]

    return run


def program(name):
    """An editor's program, or the reason to skip its tests."""
    beside = pathlib.Path(os.sys.executable).with_name(name)
    found = str(beside) if beside.exists() else shutil.which(name)
    return found, pytest.mark.skipif(found is None, reason=f"{name} is not installed")
