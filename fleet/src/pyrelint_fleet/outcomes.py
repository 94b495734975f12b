"""How the work on one item ends."""

from __future__ import annotations

OK = "ok"
PARTIAL = "partial"
UNREADABLE = "unreadable"
TIMEOUT = "timeout"
MEMORY = "memory"
CRASH = "crash"
ERROR = "error"
MISSING = "missing"
LOST = "lost"

#: Each outcome and what it says.
OUTCOMES: dict[str, str] = {
    OK: "checked as a whole",
    PARTIAL: "checked, but some of its files could not be read; RL003 names each",
    UNREADABLE: "the item as a whole could not be read: corrupt, a bomb, no archive; RL003 says why",
    TIMEOUT: "the program took longer than `--timeout` and was ended",
    MEMORY: "the program needed more than `--memory-limit`",
    CRASH: "the program ended by a signal, or wrote what is no finding",
    ERROR: "the program ended with its status 2: wrong configuration, or an error of its own",
    MISSING: "the item could not be had: it is gone, too large, or its store does not answer",
    LOST: "the workers that had it ended again and again",
}

#: Outcomes that the same content has again, so that the next run may take them over.
STABLE = frozenset({OK, PARTIAL, UNREADABLE})
