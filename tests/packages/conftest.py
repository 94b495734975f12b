"""What the tests of the packages and recipes share: the project's folder, a clean clone of it, the program, and what is built from the clone."""

import os
import pathlib
import subprocess
import sys

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
BIN = pathlib.Path(sys.executable).parent

# A class whose finalizer closes a socket: RL101.
DEFECT = """\
import socket


class Client:
    def __init__(self):
        self.socket = socket.create_connection(("example.org", 80))

    def __del__(self):
        self.socket.shutdown(socket.SHUT_RDWR)
"""
CLEAN = "def add(left, right):\n    return left + right\n"


def run(command, cwd=ROOT, expect=0, **environment):
    """Runs a command, and returns all that it says; its exit status has to be the expected one."""
    env = {name: value for name, value in os.environ.items() if not name.startswith(("PYRELINT_", "GIT_", "PRE_COMMIT"))}
    env.pop("VIRTUAL_ENV", None)
    done = subprocess.run(
        [str(word) for word in command], cwd=cwd, env={**env, **environment}, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    assert done.returncode == expect, f"{command}: {done.returncode}\n{done.stdout}"
    return done.stdout


def target():
    """Cargo's folder, so that what the libraries need is compiled once."""
    return os.environ.get("CARGO_TARGET_DIR", str(ROOT / "target"))


@pytest.fixture(scope="session")
def pyrelint():
    """The program: PYRELINT, else the debug build."""
    return pathlib.Path(os.environ.get("PYRELINT", str(ROOT / "target/debug/pyrelint")))


@pytest.fixture(scope="session")
def clone(tmp_path_factory):
    """What a user gets: a clone of the last commit, without anything that lies around here."""
    folder = tmp_path_factory.mktemp("clone") / "pyrelint"
    run(["git", "clone", "--quiet", "--no-hardlinks", ROOT, folder])
    return folder


@pytest.fixture(scope="session")
def wheel(clone, tmp_path_factory):
    """The wheel that pip builds from the clone."""
    folder = tmp_path_factory.mktemp("wheel")
    run([BIN / "python", "-m", "pip", "wheel", "--quiet", "--no-deps", "--wheel-dir", folder, clone], CARGO_TARGET_DIR=target())
    (wheel,) = folder.glob("*.whl")
    return wheel


@pytest.fixture(scope="session")
def version():
    """The version that Cargo.toml says."""
    text = (ROOT / "Cargo.toml").read_text()
    return text.split("[workspace.package]", 1)[1].split('version = "', 1)[1].split('"', 1)[0]
