"""The columns of the findings and of the manifest. docs/fleet.md documents them; a test compares the two."""

from __future__ import annotations

from typing import Any

import pyarrow as pa

from pyrelint_fleet.outcomes import OUTCOMES

_RELATED = pa.struct(
    [
        ("message", pa.string()),
        ("path", pa.string()),
        ("line", pa.int32()),
        ("column", pa.int32()),
        ("end_line", pa.int32()),
        ("end_column", pa.int32()),
    ]
)

_FINDING_FIELDS: list[tuple[str, pa.DataType, str]] = [
    ("code", pa.string(), "code of the rule, `RL101`"),
    ("name", pa.string(), "name of the rule, `del-io`"),
    ("severity", pa.string(), "`error`, `warning` or `info`"),
    ("message", pa.string(), "what is wrong; paths in it are inside the item"),
    ("help", pa.string(), "what to do instead; null where the rule says nothing"),
    ("path", pa.string(), "file inside the item, with `/`; empty where the finding is about the item as a whole"),
    ("line", pa.int32(), "from 1"),
    ("column", pa.int32(), "from 1, in characters"),
    ("end_line", pa.int32(), "from 1"),
    ("end_column", pa.int32(), "from 1, exclusive"),
    ("related", pa.list_(_RELATED), "the places that lead to the defect, in order: `message` and a place as above"),
    ("fix", pa.string(), "`safe` or `unsafe` where pyrelint has a fix, else null"),
]

_ITEM_FIELDS: list[tuple[str, pa.DataType, str]] = [
    ("input", pa.string(), "the item: an absolute path, or a URI; unique in a run"),
    ("package", pa.string(), "name of the package or repository, from the item's name"),
    ("kind", pa.string(), "`folder`, `archive` or `git`"),
    ("outcome", pa.string(), "one of " + ", ".join(f"`{name}`" for name in OUTCOMES)),
    ("detail", pa.string(), "why the outcome is not `ok`, else null"),
    ("findings", pa.int64(), "number of findings"),
    ("digest", pa.string(), "of the content: `sha256:...`, or `git:...` for a tree of Git; null where it could not be read"),
    ("bytes", pa.int64(), "size as it was read: of the archive, or of all files of a folder; null as the digest"),
    ("version", pa.string(), "what `pyrelint --version` says"),
    ("configuration", pa.string(), "digest of the program's file, its arguments and their files"),
    ("reused", pa.bool_(), "taken from the run before, because digest, version and configuration are the same"),
    ("started", pa.timestamp("us", tz="UTC"), "when a worker began with it"),
    ("duration", pa.float64(), "seconds, all in all"),
    ("reading", pa.float64(), "seconds of it for fetching and digesting"),
    ("analysis", pa.float64(), "seconds of it in pyrelint, its start included"),
    ("node", pa.string(), "name and address of the machine"),
]


def _fields(described: list[tuple[str, pa.DataType, str]]) -> list[pa.Field]:
    return [pa.field(name, kind) for name, kind, _ in described]


#: One finding as a worker reports it, inside the row of its item.
FINDING = pa.struct(_fields(_FINDING_FIELDS))
#: One row for each item.
MANIFEST = pa.schema(_fields(_ITEM_FIELDS))
#: What workers return: the manifest's row with the findings in it.
RESULT = pa.schema([*MANIFEST, pa.field("found", pa.list_(FINDING))])
#: One row for each finding.
FINDINGS = pa.schema([MANIFEST.field("input"), MANIFEST.field("package"), *FINDING])


def described() -> dict[str, list[tuple[str, str, str]]]:
    """Names, types and meanings of the columns of both data sets."""
    item = [(name, str(kind), text) for name, kind, text in _ITEM_FIELDS]
    finding = [(name, _short(kind), text) for name, kind, text in _FINDING_FIELDS]
    return {"findings": item[:2] + finding, "manifest": item}


def _short(kind: Any) -> str:
    return "list<struct>" if pa.types.is_list(kind) else str(kind)
