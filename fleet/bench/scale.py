#!/usr/bin/env python3
"""Measures a fleet on this machine, and writes the tables of docs/fleet.md.

    fleet/bench/scale.py [--copies N] [--pyrelint PROGRAM] [--corpus DIR] [--rounds N] [--docs FILE]

The corpus's packages become wheels, N copies of each under other names. Measured are

  - the program over these archives, one after another, with two jobs and with one;
  - the program over the unpacked folders with one job: the difference is what unpacking takes;
  - the fleet with one worker and with two, without the start of Ray and of its workers, which is measured apart.

Of several rounds the fastest counts: what else runs on a machine only ever slows it down. Everything is in the page cache.
"""

from __future__ import annotations

import argparse
import os
import platform
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pyrelint_fleet import engine
from pyrelint_fleet.analysis import Task
from pyrelint_fleet.program import prepare
from pyrelint_fleet.running import Options, execute
from pyrelint_fleet.store import Store

ROOT = Path(__file__).resolve().parents[2]
START, END = "<!-- bench/scale.py: from here -->", "<!-- bench/scale.py: to here -->"
#: All Python code of all releases on PyPI in March 2023, and the packages of 2019: docs/fleet.md names the sources.
ALL_RELEASES = 3e12
PACKAGES_2019 = 178_592


@dataclass
class Wheels:
    """What is analysed."""

    folder: Path
    unpacked: list[Path]
    copies: int
    #: Bytes of Python sources, unpacked, of all copies.
    sources: int
    packed: int

    @property
    def archives(self) -> list[Path]:
        """All archives."""
        return sorted(self.folder.iterdir())


@dataclass
class Fleet:
    """One run of the fleet: all in seconds, `wall` for all of it, the others summed over its workers."""

    workers: int
    wall: float
    reading: float
    analysis: float
    duration: float
    items: list[tuple[int, float]]

    @property
    def scheduling(self) -> float:
        """What workers were not busy with any item."""
        return self.workers * self.wall - self.duration


def wheels(corpus: Path, target: Path, copies: int) -> Wheels:
    """Makes the archives, as wheels are made: deflated."""
    folder = target / "wheels"
    folder.mkdir()
    sources = packed = 0
    unpacked = [path for path in sorted(corpus.iterdir()) if path.is_dir()]
    for package in unpacked:
        first = folder / f"{package.name}000-1.0-py3-none-any.whl"
        with zipfile.ZipFile(first, "w", zipfile.ZIP_DEFLATED) as archive:
            for path in sorted(package.rglob("*")):
                if path.is_file():
                    archive.write(path, path.relative_to(package))
                    sources += copies * path.stat().st_size * (path.suffix == ".py")
        packed += copies * first.stat().st_size
        for copy in range(1, copies):
            shutil.copy(first, folder / f"{package.name}{copy:03}-1.0-py3-none-any.whl")
    return Wheels(folder, unpacked, copies, sources, packed)


def alone(program: str, paths: list[Path], jobs: int) -> float:
    """Seconds of the program over paths, one after another."""
    begun = time.perf_counter()
    for path in paths:
        done = subprocess.run(
            [program, "check", "--output-format", "json-lines", "--quiet", "--jobs", str(jobs), str(path)],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            check=False,
        )
        if done.returncode not in (0, 1):
            sys.exit(f"{path}: {done.stderr.decode()}")
    return time.perf_counter() - begun


def fleet(task: Task, made: Wheels, workers: int, out: Path) -> Fleet:
    """One run of the fleet over all archives, with Ray and its workers started already."""
    store = Store(out)
    begun = time.perf_counter()
    run = execute(store, task, [str(made.folder)], Options(in_flight=workers, fresh=True, quiet=True))
    wall = time.perf_counter() - begun
    if set(run.outcomes) != {"ok"}:
        sys.exit(f"not all items are checked: {run.outcomes}")
    rows = store.manifest(run.id, ["bytes", "reading", "analysis", "duration"]).to_pylist()
    sums = {key: sum(row[key] for row in rows) for key in ("reading", "analysis", "duration")}
    return Fleet(workers, wall, **sums, items=[(row["bytes"], row["duration"]) for row in rows])


@contextmanager
def started(task: Task, made: Wheels, out: Path) -> Iterator[float]:
    """Starts Ray and one worker for each processor; gives the seconds that it took, and ends Ray afterwards."""
    begun = time.perf_counter()
    with engine.connected(None):
        few = [str(path) for path in made.archives if path.stat().st_size < engine.BATCH_BYTES][:4]
        execute(Store(out), task, few, Options(fresh=True, quiet=True))
        yield time.perf_counter() - begun


def table(heads: list[str], rows: list[list[str]]) -> list[str]:
    """A table of Markdown."""
    return [f"| {' | '.join(heads)} |", "|" + "---|" * len(heads), *(f"| {' | '.join(row)} |" for row in rows)]


def period(seconds: float) -> str:
    """Seconds for people."""
    for unit, size in (("days", 86_400), ("h", 3_600), ("min", 60)):
        if seconds >= 2 * size:
            return f"{seconds / size:.1f} {unit}"
    return f"{seconds:.1f} s"


def fit(items: list[tuple[int, float]]) -> tuple[float, float]:
    """Seconds for an item whatever its size, and for each byte of the archive, by least squares."""
    line = statistics.linear_regression([size for size, _ in items], [seconds for _, seconds in items])
    return max(line.intercept, 0.0), line.slope


def report(made: Wheels, jobs: dict[int, float], folders: float, start: float, runs: dict[int, Fleet], version: str) -> list[str]:
    """The text between the marks of docs/fleet.md."""
    count = len(made.archives)
    mega = made.sources / 1e6
    one, two = runs[1], runs[2]
    lines = [
        f"Measured on {platform.machine()} with {os.cpu_count()} processors, {platform.system()}, {version}, CPython "
        f"{platform.python_version()}, Ray {_ray()}: {count} archives ({len(made.unpacked)} packages of the development corpus, "
        f"{made.copies} copies of each), {made.packed / 1e6:.0f} MB packed, {mega:.0f} MB of Python unpacked. "
        f"The start of Ray and of its workers took {start:.1f} s, and is not in the figures.",
        "",
    ]
    rows = [
        [name, f"{seconds:.1f} s", f"{count / seconds:.1f}", f"{mega / seconds:.1f}", f"{mega / seconds / cores:.1f}"]
        for name, seconds, cores in (
            ("`pyrelint --jobs 1`, one archive after another", jobs[1], 1),
            ("`pyrelint --jobs 2`, one archive after another", jobs[2], 2),
            ("`pyrelint-fleet`, 1 worker", one.wall, 1),
            ("`pyrelint-fleet`, 2 workers", two.wall, 2),
        )
    ]
    lines += table(["", "time", "items/s", "MB/s of sources", "MB/s for each core"], rows)
    lines += [
        "",
        f"With two workers the fleet takes {two.wall / jobs[2]:.2f} times as long as the program with two jobs over the same archives "
        f"one after another; with one worker {one.wall / jobs[1]:.2f} times as long as with one job.",
        "",
        "Where the time of the workers goes:",
        "",
    ]
    unpacking = max(jobs[1] - folders, 0.0) / jobs[1]
    rows = []
    for run in (one, two):
        total = run.workers * run.wall
        parts = (
            run.reading,
            run.analysis * unpacking,
            run.analysis * (1 - unpacking),
            run.duration - run.reading - run.analysis,
            run.scheduling,
        )
        rows.append([str(run.workers), *(f"{part / total:.0%}" for part in parts)])
    heads = [
        "workers",
        "reading and digest",
        "unpacking in pyrelint",
        "analysis, start of the program",
        "scratch folders, rows",
        "scheduling",
    ]
    lines += table(heads, rows)
    each, byte = fit(two.items)
    lines += [
        "",
        f"An item takes {each * 1000:.0f} ms and {byte * 1e6:.2f} s for each MB of its archive (least squares over the run with two "
        f"workers, with what lies between items: {two.scheduling / count * 1000:.0f} ms). From that, on N cores:",
        "",
    ]
    scheduling = two.scheduling / count
    mean = made.packed / count
    typical = statistics.median(size for size, _ in two.items)
    core_seconds = two.workers * two.wall
    cases = [
        ("100,000 repositories of the corpus's mean size", 100_000 * (each + scheduling + byte * mean)),
        ("100,000 repositories of the corpus's median size", 100_000 * (each + scheduling + byte * typical)),
        (f"PyPI's newest releases, {PACKAGES_2019:,} packages, of the mean size", PACKAGES_2019 * (each + scheduling + byte * mean)),
        (f"PyPI's newest releases, {PACKAGES_2019:,} packages, of the median size", PACKAGES_2019 * (each + scheduling + byte * typical)),
        ("all Python of all of PyPI's releases, 3 TB", ALL_RELEASES / made.sources * core_seconds),
    ]
    cores = (2, 16, 64, 256)
    rows = [[name, *(period(seconds / number) for number in cores)] for name, seconds in cases]
    lines += table(["", *(f"{number} cores" for number in cores)], rows)
    return lines


def _ray() -> Any:
    import ray

    return ray.__version__


def main() -> None:
    """Measures, prints, and writes where it is asked to."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--copies", type=int, default=5, help="of each package (default: %(default)s)")
    parser.add_argument("--rounds", type=int, default=2, help="of which the fastest counts (default: %(default)s)")
    parser.add_argument("--pyrelint", default=os.environ.get("PYRELINT", "pyrelint"), help="the program (default: %(default)s)")
    default = os.environ.get("PYRELINT_CORPUS", str(Path.home() / ".cache/pyrelint-corpus"))
    parser.add_argument("--corpus", type=Path, default=default, help="folders of packages (default: %(default)s)")
    parser.add_argument("--note", default="", help="what else is to be said of the program, after its version: how it was built, say")
    parser.add_argument("--docs", type=Path, help="the file whose tables are to be replaced: docs/fleet.md")
    options = parser.parse_args()
    task = Task(prepare(options.pyrelint, []), 1 << 31)
    with tempfile.TemporaryDirectory() as scratch:
        made = wheels(options.corpus, Path(scratch), options.copies)
        # The same folder several times stands for its copies.
        folders = made.unpacked * made.copies
        rounds = range(options.rounds)
        jobs = {number: min(alone(options.pyrelint, made.archives, number) for _ in rounds) for number in (1, 2)}
        bare = min(alone(options.pyrelint, folders, 1) for _ in rounds)
        with started(task, made, Path(scratch) / "warm") as start:
            tries = [[fleet(task, made, workers, Path(scratch) / "out") for _ in rounds] for workers in (1, 2)]
        runs = {workers: min(found, key=lambda run: run.wall) for workers, found in zip((1, 2), tries, strict=True)}
        text = "\n".join(report(made, jobs, bare, start, runs, f"{task.program.version}{options.note and f' ({options.note})'}"))
    print(text)
    if options.docs is not None:
        before, _, rest = options.docs.read_text(encoding="utf-8").partition(START)
        _, mark, after = rest.partition(END)
        if not mark:
            sys.exit(f"{options.docs} has no marks")
        options.docs.write_text(f"{before}{START}\n{text}\n{END}{after}", encoding="utf-8")


if __name__ == "__main__":
    main()
