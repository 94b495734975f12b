#!/usr/bin/env python3
"""Measures how long servers take from `didChange` to the diagnostics of the changed text, side by side.

    python3 latency.py FILE --server 'ruff server' --server 'pyrelint server'

The servers run at the same time and are sent the same edits in turns, one server at a time, so that what else the machine does meets all of them
alike. An edit types a digit at the end of a statement that is added to the file; the text parses after each. Diagnostics are published, or with
`--pull` asked for right after the edit. Not a test: figures are for one machine and one moment, and compared only within a run.
"""

import argparse
import pathlib
import shlex
import statistics
import time

from rawclient import RawClient

ROOM = 40  # Digits before the number starts anew: the file does not grow without bound.


class Session:
    """A server that has a file open."""

    def __init__(self, command, file, root, pull):
        self.command, self.uri, self.pull = command, file.as_uri(), pull
        self.client = RawClient(shlex.split(command), root)
        capabilities = {"textDocument": {"publishDiagnostics": {"versionSupport": True}}}
        if pull:
            capabilities["textDocument"]["diagnostic"] = {}
            capabilities["workspace"] = {"diagnostics": {"refreshSupport": True}}
        folders = [{"uri": root.as_uri(), "name": root.name}]
        offered = self.client.initialize(root, capabilities, workspaceFolders=folders)
        if pull and not offered.get("diagnosticProvider"):
            raise SystemExit(f"{command}: it cannot be asked for diagnostics")
        text = file.read_text(encoding="utf-8")
        text += "" if text.endswith("\n") else "\n"
        self.line, self.version, self.digits = text.count("\n"), 1, 1
        self.client.open(self.uri, text + "counter = 1")
        self._diagnostics()
        self.times = []
        self.memory = {}

    def _diagnostics(self):
        if self.pull:
            self.client.request("textDocument/diagnostic", patience=120, params={"textDocument": {"uri": self.uri}})
            return time.perf_counter()
        return self.client.published(self.uri, self.version, patience=120)[0]

    def edit(self):
        """Types a digit, and waits for the diagnostics; returns the milliseconds between."""
        self.version += 1
        start = {"line": self.line, "character": len("counter = ") + 1}
        end = dict(start)
        if self.digits == ROOM:
            end["character"] += self.digits - 1
            self.digits = 1
        text = "" if end != start else "1"
        self.digits += len(text)
        sent = time.perf_counter()
        self.client.change(self.uri, self.version, {"range": {"start": start, "end": end}, "text": text})
        return (self._diagnostics() - sent) * 1000

    def resident(self):
        """The memory that the process has, in MiB; `None` where that cannot be told."""
        status = pathlib.Path(f"/proc/{self.client.process.pid}/status")
        if not status.exists():
            return None
        return next(int(line.split()[1]) / 1024 for line in status.read_text().splitlines() if line.startswith("VmRSS"))


def percentile(times, share):
    return sorted(times)[min(len(times) - 1, int(len(times) * share))]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("file", type=pathlib.Path)
    parser.add_argument("--server", action="append", required=True, help="a command; more than one are compared with the first")
    parser.add_argument("--root", type=pathlib.Path, help="the folder that is open [default: the file's]")
    parser.add_argument("--edits", type=int, default=500)
    parser.add_argument("--warm-up", type=int, default=20, help="edits that are not counted")
    parser.add_argument("--pull", action="store_true", help="ask for diagnostics")
    options = parser.parse_args()
    file = options.file.resolve()
    root = (options.root or file.parent).resolve()
    sessions = [Session(command, file, root, options.pull) for command in options.server]
    for number in range(options.warm_up + options.edits):
        for session in sessions:
            took = session.edit()
            if number >= options.warm_up:
                session.times.append(took)
            if number in (99, options.warm_up + options.edits - 1):
                session.memory[number + 1] = session.resident()
    lines = file.read_text(encoding="utf-8").count("\n")
    print(f"{file.name}, {lines} lines, {options.edits} edits, diagnostics {'asked for' if options.pull else 'published'}\n")
    print(f"{'median':>9} {'p99':>9} {'most':>9}   {'median':>8} {'p99':>8}   server")
    first = sessions[0]
    for session in sessions:
        median, late = statistics.median(session.times), percentile(session.times, 0.99)
        against = (median / statistics.median(first.times), late / percentile(first.times, 0.99))
        print(
            f"{median:6.2f} ms {late:6.2f} ms {max(session.times):6.2f} ms   {against[0]:7.2f}x {against[1]:7.2f}x   {session.command}"
        )
    for session in sessions:
        memory = ", ".join(f"{size:.1f} MiB after {edits} edits" for edits, size in session.memory.items() if size)
        print(f"{session.command}: {memory}")
    for session in sessions:
        session.client.__exit__()


if __name__ == "__main__":
    main()
