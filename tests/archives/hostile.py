"""Makes archives that somebody might hand in to break a reader, and prints for each what a run must say of it.

    python3 tests/archives/hostile.py FOLDER

The output is JSON: for each archive its name, what is wrong with it, and the findings: path in the archive ("" for the archive itself), rule, and a
part of the reason. `GOOD` is one finding of RL310.
"""

import bz2
import gzip
import io
import json
import lzma
import pathlib
import stat
import struct
import sys
import tarfile
import zipfile

GOOD = b"exit()\n"
FOUND = "RL310"
MEGABYTE = 1 << 20

folder = pathlib.Path(sys.argv[1])
cases = []


def case(name, what, *findings):
    """An archive that was made, and what is found in it: (member, reason) for what cannot be read, a member alone for `GOOD`."""
    entries = [[entry, FOUND, ""] if isinstance(entry, str) else [entry[0], "RL003", entry[1]] for entry in findings]
    cases.append({"name": name, "what": what, "findings": sorted(entries)})


def zip_of(name, *members, compression=zipfile.ZIP_DEFLATED):
    """A zip archive of (name or ZipInfo, bytes)."""
    with zipfile.ZipFile(folder / name, "w", compression) as archive:
        for member, data in members:
            archive.writestr(member, data)
    return folder / name


def tar_member(name, data=b"", kind=tarfile.REGTYPE, link=""):
    info = tarfile.TarInfo(name)
    info.type, info.linkname = kind, link
    info.size = len(data) if kind == tarfile.REGTYPE else 0
    return info, io.BytesIO(data)


def tar_of(name, *members, mode="w"):
    with tarfile.open(folder / name, mode, format=tarfile.PAX_FORMAT) as archive:
        for info, data in members:
            archive.addfile(info, data)
    return folder / name


def patched(path, *changes):
    """Replaces bytes of a file: (old, new), all of them."""
    data = path.read_bytes()
    for old, new in changes:
        assert old in data, (path, old)
        data = data.replace(old, new)
    path.write_bytes(data)


# Bombs.
zip_of("member.zip", ("good.py", GOOD), ("bomb.py", b"#" * (65 * MEGABYTE)), ("bomb.bin", b"\0" * (65 * MEGABYTE)))
case("member.zip", "a member unpacks to more than a member may", "good.py", ("bomb.py", "more than 64 MB"))


def bomb(pack):
    """A tar archive of 300 MB without content, behind a good member."""
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w") as archive:
        archive.addfile(*tar_member("good.py", GOOD))
        info = tarfile.TarInfo("bomb.bin")
        info.size = 300 * MEGABYTE
        archive.addfile(info, io.BytesIO(bytes(300 * MEGABYTE)))
    return pack(stream.getvalue())


for end, pack in [
    (".tar.gz", lambda data: gzip.compress(data, 1)),
    (".tar.bz2", lambda data: bz2.compress(data, 1)),
    (".tar.xz", lambda data: lzma.compress(data, preset=0)),
]:
    (folder / f"bomb{end}").write_bytes(bomb(pack))
    case(f"bomb{end}", "it unpacks to far more than its size", "good.py", ("", "more than 100 times its size"))


def overlapping(name, count):
    """A zip archive all of whose members are the same bytes."""
    zip_of(name, ("a.py", b"#" * (60 * MEGABYTE)))
    data = (folder / name).read_bytes()
    start = data.index(b"PK\x01\x02")
    header = data[start : data.index(b"PK\x05\x06")]
    directory = b"".join(header.replace(b"a.py", b"%04d.py" % number) for number in range(count))
    directory = directory.replace(struct.pack("<H", 4), struct.pack("<H", 7), 0)
    fixed = b""
    for number in range(count):
        one = bytearray(header[:46])
        struct.pack_into("<H", one, 28, 7)
        fixed += bytes(one) + b"%04d.py" % number
    end = struct.pack("<4s4H2LH", b"PK\x05\x06", 0, 0, count, count, len(fixed), start, 0)
    (folder / name).write_bytes(data[:start] + fixed + end)


overlapping("overlapping.zip", 1000)
case("overlapping.zip", "a thousand members of 60 MB are the same bytes", ("", "far more than its size"))
long_name = tarfile.TarInfo("././@LongLink")
long_name.type, long_name.size = tarfile.GNUTYPE_LONGNAME, 300 * MEGABYTE
buffer = long_name.tobuf(tarfile.GNU_FORMAT) + bytes(300 * MEGABYTE)
(folder / "name.tar.gz").write_bytes(gzip.compress(buffer, 1))
case("name.tar.gz", "the name of a member has 300 MB", ("", "more than 100 times its size"))

# Names.
NAMES = ["../up.py", "a/../../up.py", "/etc/absolute.py", "..\\windows.py", "\\\\server\\share.py", "C:\\drive.py"]
OUT = "leads out of it"
zip_of("names.zip", ("good.py", GOOD), *((zipfile.ZipInfo(name), GOOD) for name in NAMES))
tar_of("names.tar", tar_member("./good.py", GOOD), *(tar_member(name, GOOD) for name in NAMES))
for name in ["names.zip", "names.tar"]:
    case(
        name,
        "names lead out of the archive",
        "good.py",
        "..\\windows.py",
        ("up.py", OUT),
        ("a/up.py", OUT),
        ("etc/absolute.py", OUT),
        ("server/share.py", OUT),
        ("C:/drive.py", OUT),
    )
tar_of("long.tar.gz", tar_member("good.py", GOOD), tar_member("x/" * 600 + "a.py", GOOD), mode="w:gz")
case("long.tar.gz", "a name has more than 1,024 bytes", "good.py", ("/".join("x" * 126) + "/a.py", "more than 1024 bytes"))
deep = "x/" * 500 + "a.py"
tar_of("deep.tar", tar_member(deep, GOOD))
case("deep.tar", "folders are nested 500 deep", deep)
zip_of("control.zip", ("a\x1b[31m\nb.py", GOOD))
case("control.zip", "a name would steer a terminal", "a\x1b[31m\nb.py")
zip_of("clash.zip", ("a.py", GOOD), ("a.py/b.py", GOOD))
case("clash.zip", "a name is that of a file and of a folder", ("a.py", "a file and a folder"), "a.py/b.py")

# Members that stand twice, links.
import warnings

warnings.simplefilter("ignore")
AGAIN = "several files of this name"
zip_of("twice.zip", ("a.py", b"pass\n"), ("a.py", GOOD))
tar_of("twice.tar", tar_member("a.py", b"pass\n"), tar_member("a.py", GOOD))
for name in ["twice.zip", "twice.tar"]:
    case(name, "a member stands there twice", "a.py", ("a.py", AGAIN))
LINK = "a link that leads out"
tar_of(
    "links.tar",
    tar_member("good.py", GOOD),
    tar_member("out.py", kind=tarfile.SYMTYPE, link="../../etc/passwd"),
    tar_member("absolute.py", kind=tarfile.SYMTYPE, link="/etc/passwd"),
    tar_member("inside.py", kind=tarfile.SYMTYPE, link="good.py"),
    tar_member("circle.py", kind=tarfile.SYMTYPE, link="circle.py"),
    tar_member("hard.py", kind=tarfile.LNKTYPE, link="good.py"),
    tar_member("nowhere.py", kind=tarfile.LNKTYPE, link="/etc/passwd"),
    tar_member("device.py", kind=tarfile.CHRTYPE),
    tar_member("pipe.py", kind=tarfile.FIFOTYPE),
)
case(
    "links.tar",
    "links lead anywhere; devices, pipes",
    "good.py",
    "hard.py",
    ("out.py", LINK),
    ("absolute.py", LINK),
    ("nowhere.py", "what the archive does not hold"),
)
symbolic = zipfile.ZipInfo("out.py")
symbolic.create_system, symbolic.external_attr = 3, (stat.S_IFLNK | 0o777) << 16
zip_of("links.zip", ("good.py", GOOD), (symbolic, "../../etc/passwd"))
case("links.zip", "a link leads out of the archive", "good.py", ("out.py", LINK))

# Broken ones.
path = zip_of("truncated.zip", ("good.py", GOOD), ("b.py", GOOD * 1000))
path.write_bytes(path.read_bytes()[:-30])
case("truncated.zip", "its end is missing", ("", "it is no zip archive"))
path = tar_of("truncated.tar.gz", tar_member("good.py", GOOD), tar_member("b.py", bytes(range(256)) * 4000), mode="w:gz")
path.write_bytes(path.read_bytes()[:-3000])
case("truncated.tar.gz", "its end is missing", "good.py", ("", "it ends in the middle"))
path = tar_of("truncated.tar", tar_member("good.py", GOOD), tar_member("b.py", GOOD * 1000))
path.write_bytes(path.read_bytes()[:3000])
case("truncated.tar", "its end is missing", "good.py", ("", "it ends in the middle"))
for name in ["empty.whl", "empty.tar"]:
    (folder / name).write_bytes(b"")
    case(name, "it is empty", ("", "it is empty"))
for name in ["text.zip", "text.tar", "text.tar.gz", "text.tar.bz2", "text.tar.xz", "text.tar.zst"]:
    (folder / name).write_bytes(GOOD * 1000)
    case(name, "it is no archive", ("", ""))
path = zip_of("sum.zip", ("good.py", GOOD), ("bad.py", GOOD + b"# wrong\n"), compression=zipfile.ZIP_STORED)
patched(path, (b"# wrong", b"# WRONG"))
case("sum.zip", "the check sum of a member is wrong", "good.py", ("bad.py", ""))
path = zip_of("size.zip", ("good.py", GOOD), ("bad.py", GOOD * 1000))
data = bytearray(path.read_bytes())
header = data.rindex(b"PK\x01\x02")
struct.pack_into("<L", data, header + 24, 10)
path.write_bytes(bytes(data))
case("size.zip", "a member is larger than the directory says", "good.py", ("bad.py", ""))
path = zip_of("offset.zip", ("good.py", GOOD), ("bad.py", GOOD))
data = bytearray(path.read_bytes())
struct.pack_into("<L", data, data.rindex(b"PK\x01\x02") + 42, 0x7FFFFFFF)
path.write_bytes(bytes(data))
case("offset.zip", "a member is said to lie behind the end", "good.py", ("bad.py", ""))
path = zip_of("method.zip", ("good.py", GOOD), ("bad.py", GOOD))
data = bytearray(path.read_bytes())
struct.pack_into("<H", data, data.rindex(b"PK\x01\x02") + 10, 99)
path.write_bytes(bytes(data))
case("method.zip", "a compression that nobody knows", "good.py", ("bad.py", "is not known"))
path = zip_of("encrypted.zip", ("good.py", GOOD), ("secret.py", GOOD))
data = bytearray(path.read_bytes())
for place, offset in [(data.rindex(b"PK\x03\x04"), 6), (data.rindex(b"PK\x01\x02"), 8)]:
    data[place + offset] |= 1
path.write_bytes(bytes(data))
case("encrypted.zip", "a member is encrypted", "good.py", ("secret.py", "it is encrypted"))

# Many, and archives in archives.
zip_of("many.zip", *((f"p{number % 100}/m{number}.py", b"") for number in range(100_000)), ("good.py", GOOD))
case("many.zip", "100,001 members", "good.py")
inner = zip_of("inner.zip", ("inner.py", GOOD)).read_bytes()
(folder / "inner.zip").unlink()
zip_of("nested.zip", ("good.py", GOOD), ("inner.zip", inner))
case("nested.zip", "an archive in the archive is not opened", "good.py")

print(json.dumps(cases))
