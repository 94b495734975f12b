"""What only a terminal shows: hyperlinks, progress, a cleared screen. Each is looked for where it has to be, and where it must not."""

import os
import pty
import re
import select
import signal
import subprocess
import time

import pytest

from conftest import DEFECT, ROOT, write_project

PROGRAM = os.environ.get("PYRELINT", str(ROOT / "target/debug/pyrelint"))
LINK = re.compile(r"\x1b\]8;;([^\x1b]*)\x1b\\([^\x1b]*)\x1b\]8;;\x1b\\")
CLEARED = "\x1b[2J"


def environment(**more):
    quiet = {name: value for name, value in os.environ.items() if not name.startswith(("PYRELINT_", "VTE_", "FORCE_", "NO_COLOR"))}
    return {**quiet, "TERM": "xterm-256color", "VTE_VERSION": "6800", **more}


class Terminal:
    """A run whose standard streams are a terminal."""

    def __init__(self, folder, *arguments, **more):
        self.master, slave = pty.openpty()
        # Long lines must not be cut by the width of the terminal.
        self.child = subprocess.Popen(
            [PROGRAM, *arguments], cwd=folder, stdin=slave, stdout=slave, stderr=slave, env=environment(**more), start_new_session=True
        )
        os.close(slave)
        self.text = ""

    def read(self, until=None, timeout=60):
        """What the terminal got, until a text comes or the run ends."""
        end = time.monotonic() + timeout
        while time.monotonic() < end and not (until and until in self.text):
            if select.select([self.master], [], [], 0.1)[0]:
                try:
                    part = os.read(self.master, 1 << 16)
                except OSError:
                    break
                if not part:
                    break
                self.text += part.decode(errors="replace")
        return self.text

    def close(self):
        if self.child.poll() is None:
            self.child.kill()
        self.child.wait()
        os.close(self.master)


@pytest.fixture
def terminal():
    started = []

    def start(*arguments, **more):
        started.append(Terminal(*arguments, **more))
        return started[-1]

    yield start
    for one in started:
        one.close()


@pytest.mark.parametrize("name", ["full", "concise", "grouped"])
def test_places_are_links_in_terminals_that_have_them(project, terminal, name):
    arguments = ["--isolated", "-q", "--output-format", name, "app/client.py", "app/space é🐍#?%41.py"]
    links = dict((text, target) for target, text in LINK.findall(terminal(project, *arguments).read()))
    place = {"full": "app/client.py:13:9", "concise": "app/client.py:13:9", "grouped": "13:9"}[name]
    assert links[place] == (project / "app/client.py").as_uri()
    assert any(target.endswith("/app/space%20%C3%A9%F0%9F%90%8D%23%3F%2541.py") for target in links.values())
    for text in (
        terminal(project, "--color", "never", *arguments).read(),
        terminal(project, *arguments, VTE_VERSION="4000").read(),
        subprocess.run([PROGRAM, *arguments, "--color", "always"], cwd=project, capture_output=True, text=True, env=environment(FORCE_HYPERLINK="1")).stdout,
    ):
        assert "client.py" in text and "\x1b]8" not in text


@pytest.fixture(scope="module")
def large(tmp_path_factory):
    """A project that takes more than the half second before progress is shown."""
    folder = tmp_path_factory.mktemp("large")
    body = "import sys\n\n\n" + "".join(f"def f{number}(x):\n    if x:\n        sys.exit(f{number}(x - 1))\n\n\n" for number in range(300))
    for number in range(400):
        (folder / f"module{number}.py").write_text(body)
    return folder


def test_progress_is_for_terminals(large, terminal):
    shown = terminal(large, "--isolated", "--jobs", "1").read(timeout=120)
    assert re.search(r"[\d,]+ files read, [\d,]+ of [\d,]+ analyzed", shown)
    # It is wiped away in the end, and what follows is what it always is.
    assert "analyzed" not in shown[shown.rindex("\x1b[2K") :]
    quiet = terminal(large, "--isolated", "--quiet").read(timeout=120)
    piped = subprocess.run([PROGRAM, "--isolated"], cwd=large, capture_output=True, text=True, env=environment())
    assert "analyzed" not in quiet + piped.stdout + piped.stderr


def test_a_watch_clears_terminals_alone(tmp_path, terminal):
    (tmp_path / "a.py").write_text("x = 1\n")
    watching = terminal(tmp_path, "--isolated", "--watch")
    assert watching.read("Watching for changes").count(CLEARED) == 1
    watching.text = ""
    (tmp_path / "a.py").write_text(DEFECT)
    again = watching.read("Watching for changes")
    assert again.count(CLEARED) == 1 and again.index(CLEARED) < again.index("exit-code-range")
    # An interrupt as a shell sees it.
    os.killpg(watching.child.pid, signal.SIGINT)
    assert watching.child.wait(timeout=10) == -signal.SIGINT
    shell = subprocess.run(
        ["bash", "-c", 'set -m; "$0" --isolated --watch & sleep 2; kill -INT $!; wait $!; echo $?', PROGRAM],
        cwd=tmp_path, capture_output=True, text=True, timeout=60,
    )
    assert shell.stdout.split()[-1] == "130" and CLEARED not in shell.stdout
