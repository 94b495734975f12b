"""Object stores and other places with a URI, through pyarrow.fs where it knows them and fsspec elsewhere."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import IO, Any
from urllib.parse import urlsplit

from pyrelint_fleet.errors import FleetError

#: Schemes that pyarrow.fs reads itself.
_ARROW = ("file", "s3", "gs", "gcs", "hdfs", "viewfs", "abfs", "abfss", "mock")
#: Bytes that are read at a time.
BLOCK = 1 << 20


def is_uri(name: str) -> bool:
    """Whether a name has a scheme: `s3://...`, `https://...`.

    >>> is_uri("s3://bucket/a.whl"), is_uri("C:/a.whl"), is_uri("./a://b")
    (True, False, False)
    """
    return re.match(r"[a-zA-Z][a-zA-Z0-9+.-]+://", name) is not None


def _arrow(uri: str) -> tuple[Any, str] | None:
    """The file system of pyarrow for a URI, and the path in it; None where fsspec has to do."""
    if urlsplit(uri).scheme.lower() not in _ARROW:
        return None
    import pyarrow as pa
    from pyarrow import fs

    try:
        system, path = fs.FileSystem.from_uri(uri)
    except (pa.ArrowNotImplementedError, NotImplementedError):
        return None
    return system, path


def _fsspec(uri: str) -> tuple[Any, str]:
    import fsspec

    try:
        system, path = fsspec.core.url_to_fs(uri)
    except (ImportError, ValueError) as error:
        raise FleetError(f"{uri}: {error}") from error
    return system, path


def listed(uri: str, wanted: Callable[[str], bool]) -> Iterator[tuple[str, int]]:
    """The URIs and sizes in bytes of what lies at a URI: the object itself, or all that are wanted below a folder.

    Raises FleetError where the store does not answer or has nothing there.
    """
    try:
        found = list(_listed(uri, wanted))
    except FleetError:
        raise
    # Reason: each store has errors of its own, and there is no run without its list.
    except Exception as error:
        raise FleetError(f"{uri}: cannot be listed: {error}") from error
    if not found:
        raise FleetError(f"{uri}: nothing there that is an archive by its name")
    yield from found


def _listed(uri: str, wanted: Callable[[str], bool]) -> Iterator[tuple[str, int]]:
    arrow = _arrow(uri)
    if arrow is not None:
        from pyarrow import fs

        system, path = arrow
        info = system.get_file_info(path)
        if info.type == fs.FileType.File:
            yield uri, info.size or 0
        elif info.type == fs.FileType.Directory:
            for entry in system.get_file_info(fs.FileSelector(path, recursive=True)):
                if entry.type == fs.FileType.File and wanted(entry.path):
                    yield _below(uri, path, entry.path), entry.size or 0
        return
    system, path = _fsspec(uri)
    if system.isfile(path):
        yield uri, int(system.info(path).get("size") or 0)
        return
    for name, info in system.find(path, detail=True).items():
        if wanted(name):
            yield str(system.unstrip_protocol(name)), int(info.get("size") or 0)


def _below(uri: str, path: str, entry: str) -> str:
    """The URI of an entry, from that of the folder: the options behind `?` stay."""
    base, mark, options = uri.partition("?")
    rest = entry[len(path.rstrip("/")) :].lstrip("/")
    return f"{base.rstrip('/')}/{rest}{mark}{options}"


def opened(uri: str) -> IO[bytes]:
    """Opens an object for reading. Raises what its store raises."""
    arrow = _arrow(uri)
    if arrow is not None:
        system, path = arrow
        stream: IO[bytes] = system.open_input_stream(path, compression=None)
        return stream
    system, path = _fsspec(uri)
    file: IO[bytes] = system.open(path, "rb")
    return file
