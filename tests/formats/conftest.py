"""What the tests of the formats share: a project with hostile names and texts, and what the program says about it."""

import json
import os
import pathlib
import subprocess

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
# One path over two files, a safe fix behind characters of two and four bytes, and findings of every family.
WIRE = """\
import socket


class Wire:
    def __init__(self):
        self.socket = socket.socket()

    def shut(self):
        self.socket.close()
"""
CLIENT = """\
import sys

from app.wire import Wire


class Client:
    def __init__(self):
        self.wire = Wire()

    def close(self):
        self.wire.shut()

    def __del__(self):
        self.close()


def main():
    x = 'é🐍'; exit(3)
    sys.exit(300)  # <script>alert(1)</script> ]]> & "quotes" \\u202e
"""
DEFECT = "import sys\nsys.exit(300)\n"
# Names that end a property, a command, a tag, or a path in one format or another.
HOSTILE = [
    "a::b,c=d %0A %25 %AZP25;]x.py",
    "app/<script>alert(1)<,script>.py",
    "app/\"quoted' & <b>.py",
    "app/space é🐍#?%41.py",
    "c:drive.py",
    "tab\there.py",
    "line\nfeed.py",
    "escape\x1b[31m\x07.py",
    # No UTF-8 at all.
    os.fsdecode(b"bytes\xff\xc3.py"),
]


def write_project(folder, names=()):
    files = {"app/__init__.py": "", "app/wire.py": WIRE, "app/client.py": CLIENT, "broken.py": "def f(:\n    sys.exit()\n"}
    files["latin.py"] = "# coding: latin-1\nimport sys\nx = '\xe9'; exit(2)\n"
    for name in names:
        files[name] = DEFECT
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text.encode("latin-1" if "latin-1" in text else "utf-8"))


def run(folder, *arguments, status=1, **options):
    """Runs the program; returns its standard output as text."""
    program = os.environ.get("PYRELINT", str(ROOT / "target/debug/pyrelint"))
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYRELINT_")}
    done = subprocess.run([program, "--isolated", *arguments], cwd=folder, capture_output=True, timeout=300, env=environment, **options)
    assert done.returncode == status, f"{done.returncode}\n{done.stdout.decode()}\n{done.stderr.decode()}"
    return done.stdout.decode()


@pytest.fixture(scope="session")
def project(tmp_path_factory):
    """A project of plain and hostile names."""
    folder = tmp_path_factory.mktemp("project")
    write_project(folder, HOSTILE)
    return folder


@pytest.fixture(scope="session")
def report(project):
    """What the program says about the project in a format."""
    known = {}

    def report(name):
        if name not in known:
            known[name] = run(project, "-q", "--output-format", name)
        return known[name]

    return report


@pytest.fixture(scope="session")
def findings(report):
    """The findings as the format for programs tells them."""
    return json.loads(report("json"))


def key(finding):
    return finding["path"], finding["line"], finding["code"]
