"""The command line."""

from __future__ import annotations

import argparse
import signal
import sys
from collections.abc import Sequence
from pathlib import Path

from pyrelint_fleet import __version__
from pyrelint_fleet.errors import FleetError

_EPILOG = """\
examples:
  pyrelint-fleet run wheels/ --output results           every archive and repository in a folder
  pyrelint-fleet run @list.txt s3://bucket/wheels --output results -- --select RL1
  pyrelint-fleet report results --html report.html      what the last run has found
  pyrelint-fleet report results --compare previous      and what has changed since the run before

exit status:
  0    the run came to its end, whatever was found, and whatever became of single items
  2    wrong usage, or something without which there is no run
  130  an interrupt; the same command goes on with the run
"""


def _positive(text: str) -> float:
    value = float(text)
    if not 0 < value < 1e9:
        raise argparse.ArgumentTypeError("a number above 0")
    return value


def _count(text: str) -> int:
    value = int(text)
    if value < 1:
        raise argparse.ArgumentTypeError("a number from 1")
    return value


def parser() -> argparse.ArgumentParser:
    """What the command understands."""
    top = argparse.ArgumentParser(
        prog="pyrelint-fleet",
        description="Runs pyrelint over fleets of repositories and packages, on Ray.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    top.add_argument("--version", action="version", version=f"pyrelint-fleet {__version__}")
    commands = top.add_subparsers(dest="command", required=True, metavar="COMMAND")

    run = commands.add_parser(
        "run",
        help="check items, and write their findings as Parquet",
        usage="pyrelint-fleet run INPUT... --output DIR [options] [-- OPTIONS OF PYRELINT]",
        description="Checks every item, each as a whole. A run that was cut off goes on with the same command; items whose "
        "content, version and configuration are unchanged are taken from the run before.",
    )
    run.add_argument("inputs", nargs="+", metavar="INPUT", help="folder, archive, bare Git repository, URI, or @LIST")
    run.add_argument("--output", "-o", required=True, type=Path, metavar="DIR", help="where the data sets are")
    run.add_argument("--pyrelint", default="pyrelint", metavar="PROGRAM", help="the program, on every node (default: %(default)s)")
    run.add_argument("--timeout", type=_positive, default=600.0, metavar="S", help="seconds for one item (default: %(default)g)")
    run.add_argument("--memory-limit", type=_positive, default=4096.0, metavar="MB", help="memory for one item (default: %(default)g)")
    run.add_argument("--size-limit", type=_positive, default=2048.0, metavar="MB", help="largest archive (default: %(default)g)")
    run.add_argument("--jobs", type=_count, default=1, metavar="N", help="threads and processors for one item (default: %(default)s)")
    run.add_argument("--max-items-in-flight", type=_count, metavar="N", help="tasks at a time (default: one per processor)")
    run.add_argument("--address", metavar="ADDRESS", help="a cluster of Ray, or auto (default: RAY_ADDRESS, else this machine)")
    run.add_argument("--fresh", action="store_true", help="a new run, in which everything is analysed")
    run.add_argument("--quiet", "-q", action="store_true", help="no progress")

    report = commands.add_parser("report", help="summarize a run", description="Summarizes a run as tables or as a page.")
    report.add_argument("folder", type=Path, metavar="DIR", help="what was given to run as --output")
    report.add_argument("--run", metavar="RUN", help="which run (default: the newest that is finished)")
    report.add_argument("--compare", metavar="RUN", help="an earlier run, or previous")
    report.add_argument("--html", type=Path, metavar="FILE", help="write a page for the browser instead")
    report.add_argument("--top", type=_count, default=20, metavar="N", help="packages to show (default: %(default)s)")

    runs = commands.add_parser("runs", help="list the runs", description="Lists the runs, the oldest first.")
    runs.add_argument("folder", type=Path, metavar="DIR", help="what was given to run as --output")
    return top


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the command, and returns its exit status."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    passed: list[str] = []
    if "--" in given:
        place = given.index("--")
        given, passed = given[:place], given[place + 1 :]
    options = parser().parse_args(given)
    if passed and options.command != "run":
        parser().error("options of pyrelint are for run alone")
    try:
        if options.command == "run":
            return _run(options, passed)
        if options.command == "report":
            return _report(options)
        return _runs(options)
    except FleetError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        return 130
    except BrokenPipeError:
        # Nobody reads any more.
        sys.stderr.close()
        return 0


def _terminated(number: int, frame: object) -> None:
    raise KeyboardInterrupt


def _run(options: argparse.Namespace, passed: list[str]) -> int:
    from pyrelint_fleet.analysis import Task
    from pyrelint_fleet.program import prepare
    from pyrelint_fleet.running import Options, execute
    from pyrelint_fleet.store import Store

    signal.signal(signal.SIGTERM, _terminated)
    program = prepare(
        options.pyrelint,
        passed,
        timeout=options.timeout,
        memory=int(options.memory_limit * (1 << 20)),
        jobs=options.jobs,
    )
    task = Task(program, int(options.size_limit * (1 << 20)))
    how = Options(options.max_items_in_flight, options.address, options.fresh, options.quiet)
    run = execute(Store(options.output), task, options.inputs, how)
    counts = ", ".join(f"{count} {outcome}" for outcome, count in run.outcomes.items())
    print(f"run {run.id}: {run.items} items ({counts})")
    return 0


def _report(options: argparse.Namespace) -> int:
    from pyrelint_fleet import page, tables
    from pyrelint_fleet.report import summarize
    from pyrelint_fleet.store import Store

    summary = summarize(Store(options.folder), options.run, options.compare, options.top)
    if options.html is None:
        sys.stdout.write(tables.text(summary))
        return 0
    try:
        page.write(summary, options.html)
    except OSError as error:
        raise FleetError(f"{options.html}: {error.strerror}") from error
    print(f"{options.html}: written")
    return 0


def _runs(options: argparse.Namespace) -> int:
    from pyrelint_fleet.store import Store

    for run in Store(options.folder).runs():
        counts = ", ".join(f"{count} {outcome}" for outcome, count in run.outcomes.items())
        print(f"{run.id}  {run.version}  {run.items} items  {counts or 'not finished'}")
    return 0
