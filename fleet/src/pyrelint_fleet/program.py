"""Running pyrelint on one item, within limits, and telling how it ended."""

from __future__ import annotations

import contextlib
import functools
import hashlib
import json
import os
import resource
import select
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any

from pyrelint_fleet import outcomes
from pyrelint_fleet.errors import FleetError

#: The most that one run of the program may write, in bytes: findings are some hundred bytes each.
LARGEST_OUTPUT = 256 << 20
#: How much of its messages is kept, in characters.
LONGEST_DETAIL = 500
#: Rule of files that cannot be read.
UNREADABLE_RULE = "RL003"
#: Options that change files, write elsewhere, or print something other than findings.
REFUSED = (
    "--fix", "--fix-only", "--unsafe-fixes", "--diff", "--add-ignores", "--write-baseline", "--prune-baseline",
    "--output-format", "--output-file", "-o", "--statistics", "--show-files", "--watch", "-w", "--stdin-filename",
    "--exit-zero", "--diff-base", "-j", "--jobs",
)  # fmt: skip
#: Options whose value may be a file that has to be there on every worker.
_WITH_FILES = ("--config", "--baseline")


@dataclass(frozen=True)
class Program:
    """pyrelint, and how it is to run: all that a worker has to know."""

    #: The command, as it is looked up on each worker.
    command: str
    #: What `--version` says; a worker with another version does not take part.
    version: str
    #: Digest of the program's file, the arguments, and the files that they name.
    configuration: str
    #: Further arguments. A name of `files` stands for that file.
    arguments: tuple[str, ...] = ()
    #: Names and contents of the files that arguments name.
    files: tuple[tuple[str, bytes], ...] = ()
    #: Seconds for one item.
    timeout: float = 600.0
    #: Bytes of address space for one item; None: as much as there is.
    memory: int | None = None
    #: Threads for one item.
    jobs: int = 1


@dataclass
class Ended:
    """What one run of the program came to."""

    outcome: str
    detail: str | None = None
    findings: list[dict[str, Any]] = field(default_factory=list)


def prepare(command: str, arguments: Sequence[str], *, timeout: float = 600.0, memory: int | None = None, jobs: int = 1) -> Program:
    """Looks at the program and its arguments once for all workers. Raises FleetError."""
    path = shutil.which(command)
    if path is None:
        raise FleetError(f"{command}: no such program; install pyrelint, or name it with --pyrelint")
    command = os.path.abspath(path) if os.sep in command else command
    kept, files = _with_files(arguments)
    digest = hashlib.sha256(Path(path).read_bytes())
    for part in [*kept, *(text for name, content in files for text in (name, hashlib.sha256(content).hexdigest()))]:
        digest.update(b"%d:" % len(part) + os.fsencode(part))
    program = Program(command, version_of(command), digest.hexdigest(), kept, files, timeout, memory, jobs)
    _try(program)
    return program


def _with_files(arguments: Sequence[str]) -> tuple[tuple[str, ...], tuple[tuple[str, bytes], ...]]:
    """Takes in the files that arguments name, and refuses what makes no sense here."""
    kept: list[str] = []
    files: list[tuple[str, bytes]] = []
    before = ""
    for argument in arguments:
        option, equals, value = argument.partition("=")
        takes_value = before in _WITH_FILES
        if not takes_value and option in REFUSED:
            raise FleetError(f"{option} cannot be used in a run over many items")
        if equals and option in _WITH_FILES and Path(value).is_file():
            argument = f"{option}={_taken(value, files)}"
        elif takes_value and Path(argument).is_file():
            argument = _taken(argument, files)
        elif not takes_value and not argument.startswith("-") and not before.startswith("-"):
            raise FleetError(f"{argument}: what is to be checked stands before `--`")
        kept.append(argument)
        before = argument
    return tuple(kept), tuple(files)


def _taken(name: str, files: list[tuple[str, bytes]]) -> str:
    try:
        content = Path(name).read_bytes()
    except OSError as error:
        raise FleetError(f"{name}: {error.strerror}") from error
    label = f"{len(files)}-{Path(name).name}"
    files.append((label, content))
    return f"{{files}}/{label}"


def _try(program: Program) -> None:
    """Wrong arguments are the user's mistake, not the outcome of each item."""
    with tempfile.TemporaryDirectory(prefix="pyrelint-fleet-") as scratch:
        empty = Path(scratch) / "empty"
        empty.mkdir()
        (empty / "nothing.py").write_text("")
        ended = run(program, empty, Path(scratch))
    if ended.outcome != outcomes.OK:
        raise FleetError(f"{program.command}: {ended.detail or ended.outcome}")


@functools.cache
def version_of(command: str) -> str:
    """What `command --version` says. Raises FleetError."""
    try:
        done = subprocess.run([command, "--version"], capture_output=True, text=True, timeout=60, check=True, env=_environment())
    except (OSError, subprocess.SubprocessError) as error:
        raise FleetError(f"{command} --version: {error}") from error
    return done.stdout.strip()


def _environment() -> dict[str, str]:
    """The worker's environment without what would make findings depend on the worker."""
    foreign = ("PYRELINT_", "GIT_", "RUST_", "RAYON_")
    return {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(foreign) and name not in ("VIRTUAL_ENV", "PYTHONPATH", "PYTHONHOME", "FORCE_COLOR")
    }


def run(program: Program, target: Path, scratch: Path) -> Ended:
    """Checks a folder or an archive. `scratch` is an empty folder for what is written meanwhile."""
    folder = target.is_dir()
    for name, content in program.files:
        (scratch / name).write_bytes(content)
    command = [
        program.command, "check", *(a.replace("{files}", str(scratch)) for a in program.arguments),
        "--output-format", "json-lines", "--quiet", "--color", "never", "--jobs", str(program.jobs),
        "--", "." if folder else str(target),
    ]  # fmt: skip
    output, messages = scratch / "findings", scratch / "messages"
    with output.open("wb") as out, messages.open("wb") as err:
        try:
            child = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=err,
                cwd=target if folder else scratch,
                env=_environment(),
                start_new_session=True,
            )
        except OSError as error:
            return Ended(outcomes.ERROR, f"{program.command} cannot be started: {error.strerror}")
        limit(child.pid, program)
        try:
            status = wait(child, program.timeout)
        except subprocess.TimeoutExpired:
            return Ended(outcomes.TIMEOUT, f"ended after {program.timeout:g} s")
        finally:
            end(child)
    said = last_lines(messages)
    if status not in (0, 1):
        return failed(status, said, program.memory)
    try:
        findings = read(output, target, scratch)
    except ValueError as error:
        return Ended(outcomes.CRASH, f"what it wrote is no finding: {error}"[:LONGEST_DETAIL])
    return judged(findings)


def limit(pid: int, program: Program) -> None:
    """Sets limits for a child that has just been started: what it has allocated by then is little.

    From outside, because nothing may run between fork and exec in a process with threads. Elsewhere than on Linux there is
    the time-out alone.
    """
    if sys.platform != "linux":
        return
    # The processor time ends a child that outlives its worker.
    seconds = int(program.timeout * program.jobs) + 5
    limits = [(resource.RLIMIT_FSIZE, LARGEST_OUTPUT), (resource.RLIMIT_CORE, 0), (resource.RLIMIT_CPU, seconds)]
    if program.memory is not None:
        limits.append((resource.RLIMIT_AS, program.memory))
    for kind, value in limits:
        try:
            _, hard = resource.prlimit(pid, kind)
            allowed = value if hard == resource.RLIM_INFINITY else min(value, hard)
            resource.prlimit(pid, kind, (allowed, allowed))
        except ProcessLookupError:
            return


def wait(child: subprocess.Popen[bytes], timeout: float) -> int:
    """Waits for a child. Raises subprocess.TimeoutExpired.

    `Popen.wait` with a time-out looks twenty times a second, and so adds some 25 ms to each child; this one is woken.
    """
    if hasattr(os, "pidfd_open"):
        try:
            descriptor = os.pidfd_open(child.pid)
        except OSError:
            return child.wait(timeout)
        try:
            waiting = select.poll()
            waiting.register(descriptor, select.POLLIN)
            if not waiting.poll(timeout * 1000):
                raise subprocess.TimeoutExpired(child.args, timeout)
        finally:
            os.close(descriptor)
        return child.wait()
    return child.wait(timeout)


def end(child: subprocess.Popen[bytes]) -> None:
    """Ends a child and all that it has started, if they still run, and waits for it."""
    if child.poll() is None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(child.pid, signal.SIGKILL)
        child.wait()


def last_lines(path: Path) -> str:
    """The end of what a program has said, as one printable line."""
    with path.open("rb") as file:
        file.seek(max(0, path.stat().st_size - 4 * LONGEST_DETAIL))
        text = file.read().decode("utf-8", "replace")
    line = " ".join(text.split())
    return "".join(c if c.isprintable() else "?" for c in line)[-LONGEST_DETAIL:]


def failed(status: int, said: str, memory: int | None) -> Ended:
    """The outcome of a program that ended with neither 0 nor 1."""
    lower = said.lower()
    scarce = ("memory allocation of", "out of memory", "cannot allocate memory", "no thread could be started")
    if memory is not None and any(text in lower for text in scarce):
        return Ended(outcomes.MEMORY, said)
    if status < 0:
        try:
            name = signal.Signals(-status).name
        except ValueError:
            name = f"signal {-status}"
        why = {"SIGKILL": ", which the system sends where memory is short", "SIGXFSZ": ": too many findings"}.get(name, "")
        return Ended(outcomes.CRASH, f"ended by {name}{why}. {said}".strip()[:LONGEST_DETAIL])
    if status == 2:
        return Ended(outcomes.ERROR, said or "status 2")
    return Ended(outcomes.CRASH, f"status {status}. {said}".strip()[:LONGEST_DETAIL])


def judged(findings: list[dict[str, Any]]) -> Ended:
    """The outcome of a program that has written findings."""
    unread = [finding for finding in findings if finding["code"] == UNREADABLE_RULE]
    whole = next((finding for finding in unread if not finding["path"]), None)
    if whole is not None:
        return Ended(outcomes.UNREADABLE, whole["message"], findings)
    if unread:
        files = "file" if len(unread) == 1 else "files"
        return Ended(outcomes.PARTIAL, f"{len(unread)} {files} could not be read", findings)
    return Ended(outcomes.OK, None, findings)


def read(output: Path, target: Path, scratch: Path) -> list[dict[str, Any]]:
    """The findings in a file of pyrelint's JSON lines, with paths inside the item. Raises ValueError."""
    base = str(target)
    cwd = target if target.is_dir() else scratch
    # Texts name files of the item, too. Where it lies is not to be part of them: the same content has the same findings.
    here = f"{base}!/"
    findings = []
    with output.open(encoding="utf-8") as lines:
        for line in lines:
            found = json.loads(line)
            try:
                fix, advice = found.get("fix"), found.get("help")
                findings.append(
                    {
                        **{key: str(found[key]) for key in ("code", "name", "severity")},
                        "message": str(found["message"]).replace(here, ""),
                        "help": None if advice is None else str(advice).replace(here, ""),
                        **_place(found, base, cwd),
                        "related": [
                            {"message": str(place["message"]).replace(here, ""), **_place(place, base, cwd)} for place in found["related"]
                        ],
                        "fix": fix["applicability"] if fix else None,
                    }
                )
            except (KeyError, TypeError, AttributeError) as error:
                raise ValueError(f"{error!r} in {line[:200]}") from error
    return findings


def _place(found: dict[str, Any], base: str, cwd: Path) -> dict[str, Any]:
    numbers = {key: int(found[key]) for key in ("line", "column", "end_line", "end_column")}
    return {"path": inside(str(found["path"]), base, cwd), **numbers}


def inside(path: str, base: str, cwd: Path) -> str:
    """A path of pyrelint's as one inside the item: `pkg/mod.py` for `/data/pkg.whl!/pkg/mod.py`.

    What lies elsewhere (an installed package, say) stays as it is.

    >>> inside("/data/a.whl!/a/b.py", "/data/a.whl", Path("/tmp")), inside("/data/a.whl", "/data/a.whl", Path("/tmp"))
    ('a/b.py', '')
    """
    full = path if os.path.isabs(path) else os.path.normpath(cwd / path)
    if full == base:
        return ""
    for separator in ("!/", "/"):
        if full.startswith(base + separator):
            return str(PurePosixPath(full[len(base) + len(separator) :]))
    return path
