"""How far a run is, on standard error: one line that changes on a terminal, now and then a line elsewhere."""

from __future__ import annotations

import collections
import sys
import time
from typing import IO

#: Seconds between two lines, on a terminal and elsewhere.
_INTERVALS = (0.2, 30.0)


class Progress:
    """Counts items and says how many there are."""

    def __init__(self, total: int, quiet: bool = False, stream: IO[str] | None = None) -> None:
        self._stream = stream or sys.stderr
        self._terminal = self._stream.isatty()
        self._quiet = quiet
        self._total = total
        self._done = 0
        self._findings = 0
        self._reused = 0
        self._outcomes: collections.Counter[str] = collections.Counter()
        self._begun = self._last = time.monotonic()

    def came(self, items: int) -> None:
        """Some more items are done."""
        self._done += items
        self._tell()

    def written(self, outcomes: list[str], findings: int, reused: int) -> None:
        """Some of them are written."""
        self._findings += findings
        self._reused += reused
        self._outcomes.update(outcomes)

    def _tell(self) -> None:
        now = time.monotonic()
        if now - self._last >= _INTERVALS[not self._terminal]:
            self._last = now
            self._print(self._line(now), final=False)

    def close(self) -> None:
        """The last line."""
        self._print(self._line(time.monotonic()), final=True)

    def _line(self, now: float) -> str:
        elapsed = now - self._begun
        parts = [f"{self._done:,} of {self._total:,} items", f"{self._findings:,} findings"]
        if self._reused:
            parts.append(f"{self._reused:,} unchanged")
        parts += [f"{count:,} {outcome}" for outcome, count in sorted(self._outcomes.items()) if outcome != "ok"]
        if 0 < self._done < self._total and elapsed > 1:
            parts.append(f"about {_duration(elapsed / self._done * (self._total - self._done))} left")
        else:
            parts.append(_duration(elapsed))
        return ", ".join(parts)

    def _print(self, line: str, final: bool) -> None:
        if self._quiet:
            return
        if self._terminal:
            self._stream.write(f"\r\x1b[K{line}" + ("\n" if final else ""))
        else:
            self._stream.write(line + "\n")
        self._stream.flush()


def _duration(seconds: float) -> str:
    """Seconds for people.

    >>> _duration(3.21), _duration(75), _duration(7300)
    ('3.2 s', '1 min 15 s', '2 h 1 min')
    """
    if seconds < 60:
        return f"{seconds:.1f} s"
    if seconds < 3600:
        return f"{int(seconds // 60)} min {int(seconds % 60)} s"
    return f"{int(seconds // 3600)} h {int(seconds % 3600 // 60)} min"
