#!/usr/bin/env python3
"""How the time of a run grows with its input: benches/growth.py PROGRAM [--write]

Makes input of growing sizes, counts the instructions that PROGRAM takes for them (by valgrind's callgrind, the same in every run), and fits the
exponent: 1 is linear, 2 is quadratic. Fails where an exponent is above its bound. The processor time (user and system, the least of several runs) is
shown beside it: at a few hundredths of a second it is too noisy to be fitted. With --write, a table and a plot go to docs/growth.md and
docs/growth.svg.
"""

import math
import os
import pathlib
import re
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[1]
RUNS = 5
# Against the size of a tree, and against that of one file.
TREE, FILE = 1.05, 1.1

HIT = "import sys\nsys.exit(256)\n"
PLAIN = "def f{0}(a, b):\n    return a + b * {0}\n"


def files(folder, n):
    """n files, one in 30 of which deserves a parse."""
    for number in range(n):
        path = folder / f"p{number % 50}" / f"m{number}.py"
        path.parent.mkdir(exist_ok=True)
        path.write_text("".join(PLAIN.format(i) for i in range(60)) + (HIT if number % 30 == 0 else ""))


def one(text):
    return lambda folder, n: (folder / "a.py").write_text(text(n))


def importers(folder, n):
    (folder / "base.py").write_text("import socket\nclass Base:\n    def __init__(self):\n        self.s = socket.socket()\n    def close(self):\n        self.s.close()\n    def __del__(self):\n        self.close()\n")
    for number in range(n):
        (folder / f"m{number}.py").write_text(f"from base import Base\nclass C{number}(Base):\n    def close(self):\n        super().close()\n")


SUBJECTS = {
    # what: (how it is made, sizes, the bound, what is counted)
    "files in a tree": (files, [1000, 2000, 4000, 8000], TREE, "files"),
    "files that import one": (importers, [2000, 4000, 8000, 16_000], TREE, "importers"),
    "lines without a trigger": (one(lambda n: "".join(PLAIN.format(i) for i in range(n))), [50_000, 100_000, 200_000, 400_000], FILE, "functions"),
    "lines in a parsed file": (one(lambda n: HIT + "".join(PLAIN.format(i) for i in range(n))), [5000, 10_000, 20_000, 40_000], FILE, "functions"),
    "words in one line": (one(lambda n: "f(" + "self.exit, noqa, " * n + ")\n"), [5000, 10_000, 20_000, 40_000], FILE, "words"),
    "findings": (one(lambda n: "import sys\ndef f():\n" + "    sys.exit(256)\n" * n), [1000, 2000, 4000, 8000], FILE, "findings"),
    "suppressions": (one(lambda n: "import sys\ndef f():\n" + "    sys.exit(256)  # pyrelint: ignore[RL301]\n" * n), [1000, 2000, 4000, 8000], FILE, "comments"),
    "unused suppressions": (one(lambda n: "".join(f"x{i} = 1  # pyrelint: ignore[RL301]\n" for i in range(n))), [1000, 2000, 4000, 8000], FILE, "comments"),
    "suppressions on lines of their own": (one(lambda n: "# pyrelint: ignore[RL301]\n" * n), [2000, 4000, 8000, 16_000], FILE, "comments"),
    "calls from a finalizer": (one(lambda n: "class A:\n    def __del__(self): self.m0()\n" + "".join(f"    def m{i}(self): self.m{i + 1}(); self.m{i * 7 % n}()\n" for i in range(n)) + f"    def m{n}(self): open('x')\n"), [1000, 2000, 4000, 8000], FILE, "methods"),
    "finalizers": (one(lambda n: "".join(f"class C{i}:\n    def __del__(self): open('x')\n" for i in range(n))), [1000, 2000, 4000, 8000], FILE, "classes"),
    "depth of a class": (one(lambda n: "class C0:\n    def close(self): open('x')\n" + "".join(f"class C{i}(C{i - 1}): pass\n" for i in range(1, n)) + f"class D(C{n - 1}):\n    def __del__(self): self.close()\n"), [400, 800, 1600, 3200], FILE, "bases"),
    "attributes that a finalizer closes": (one(lambda n: "class A:\n    def __init__(self):\n" + "".join(f"        self.a{i} = open('x')\n" for i in range(n)) + "    def __del__(self):\n" + "".join(f"        self.a{i}.close()\n" for i in range(n))), [1000, 2000, 4000, 8000], FILE, "attributes"),
    "configurations of logging": (one(lambda n: "import logging\n" + "logging.basicConfig(filename='x')\nlogging.info('x')\n" * n), [3200, 6400, 12_800, 25_600], FILE, "pairs of calls"),
    "file handlers": (one(lambda n: "import logging\n" + "".join(f"h{i} = logging.FileHandler('x{i}')\n" for i in range(n))), [8000, 16_000, 32_000, 64_000], FILE, "handlers"),
    "bindings of one name": (one(lambda n: "import sys\ndef f(c):\n    code = 0\n" + "".join(f"    if c({i}):\n        code = {i % 250}\n" for i in range(n)) + "    sys.exit(code)\n"), [4000, 8000, 16_000, 32_000], FILE, "bindings"),
    "failures that are swallowed": (one(lambda n: "import sys\ndef main():\n" + "    try:\n        f()\n    except Exception:\n        sys.exit(0)\n" * n + "main()\n"), [1000, 2000, 4000, 8000], FILE, "clauses"),
    "definitions of `main`": (one(lambda n: "import sys\n" + "def main():\n    try:\n        f()\n    except OSError:\n        raise\n" * n + "main()\n"), [16_000, 32_000, 64_000, 128_000], FILE, "definitions"),
    "branches of one `if`": (one(lambda n: "import sys\ndef f(x):\n    if x == 0:\n        sys.exit(256)\n" + "".join(f"    elif x == {i}:\n        sys.exit(256)\n" for i in range(1, n))), [1000, 2000, 4000, 8000], FILE, "branches"),
    "a chain of calls from a finalizer": (one(lambda n: "class A:\n    def __del__(self): self.m0()\n" + "".join(f"    def m{i}(self): self.m{i + 1}()\n" for i in range(n)) + f"    def m{n}(self): open('x')\n"), [1000, 2000, 4000, 8000], FILE, "methods"),
    "installs by pip": (one(lambda n: "import subprocess\ndef f():\n" + "".join(f"    c{i} = ['pip', 'install', 'x']\n    c{i}.append('y')\n    subprocess.run(c{i})\n" for i in range(n))), [2000, 4000, 8000, 16_000], FILE, "installs"),
    "programs of supervisord": (lambda folder, n: [(folder / "supervisord.conf").write_text("".join(f"[program:a{i}]\ncommand=python a.py\n" for i in range(n))), (folder / "a.py").write_text("import sys\nsys.exit(0)\n")], [1000, 2000, 4000, 8000], FILE, "programs"),
}


def command(program, folder):
    return [program, "--isolated", "--select", "ALL", "-q", "--output-format", "concise", "--jobs", "1", str(folder)]


def instructions(program, folder):
    counting = ["valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null"]
    done = subprocess.run([*counting, *command(program, folder)], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    assert done.returncode in (0, 1), done.stderr
    return int(re.search(r"Collected : ([0-9]+)", done.stderr)[1])


def seconds(program, folder):
    least = math.inf
    for _ in range(RUNS):
        before = os.times()
        done = subprocess.run(command(program, folder), stdout=subprocess.DEVNULL)
        after = os.times()
        assert done.returncode in (0, 1)
        least = min(least, after.children_user + after.children_system - before.children_user - before.children_system)
        if least > 3:
            break
    return least


def measured(program, make, sizes):
    with tempfile.TemporaryDirectory() as nothing:
        start, base = seconds(program, nothing), instructions(program, nothing)
    times, counts = [], []
    for size in sizes:
        with tempfile.TemporaryDirectory() as folder:
            make(pathlib.Path(folder), size)
            # The start of the process is no part of the growth. The clock's unit is 10 ms.
            times.append(max(seconds(program, folder) - start, 0.001))
            counts.append(max(instructions(program, folder) - base, 1))
    return times, counts


def exponent(sizes, counts):
    """The slope of the line through the logarithms."""
    points = [(math.log(size), math.log(count)) for size, count in zip(sizes, counts, strict=True)]
    x, y = (sum(values) / len(points) for values in zip(*points, strict=True))
    return sum((a - x) * (b - y) for a, b in points) / sum((a - x) ** 2 for a, _ in points)


def plot(rows):
    """Both axes logarithmic, the smallest size and its instructions being 1: linear growth is the dashed line."""
    width, height, left, top, side = 900, 420, 50, 20, 360
    at = lambda x, y: (left + math.log2(x) / 3.5 * side, top + side - math.log2(max(y, 0.7)) / 7 * side)
    lines = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" font-family="sans-serif" font-size="11">', '<rect width="100%" height="100%" fill="white"/>']
    for power in range(8):
        _, y = at(1, 2**power)
        lines.append(f'<path d="M{left} {y:.1f}h{side}" stroke="#ddd"/><text x="{left - 8}" y="{y + 4:.1f}" text-anchor="end">{2**power}</text>')
    for power in range(4):
        x, _ = at(2**power, 1)
        lines.append(f'<path d="M{x:.1f} {top}v{side}" stroke="#ddd"/><text x="{x:.1f}" y="{top + side + 16}" text-anchor="middle">{2**power}</text>')
    (x, y), (x2, y2) = at(1, 1), at(8, 8)
    lines.append(f'<path d="M{x:.1f} {y:.1f}L{x2:.1f} {y2:.1f}" stroke="black" stroke-dasharray="6 4" stroke-width="2"/>')
    lines.append(f'<text x="{left + side / 2}" y="{height - 8}" text-anchor="middle">size (smallest = 1); dashed: linear</text>')
    for index, (what, sizes, _, counts, slope, _, _) in enumerate(rows):
        color = f"hsl({index * 360 // len(rows)},70%,40%)"
        points = " ".join("{:.1f},{:.1f}".format(*at(size / sizes[0], count / counts[0])) for size, count in zip(sizes, counts, strict=True))
        lines.append(f'<polyline points="{points}" fill="none" stroke="{color}" stroke-width="1.6"/>')
        lines.append(f'<path d="M{left + side + 40} {top + 8 + index * 18}h24" stroke="{color}" stroke-width="3"/><text x="{left + side + 72}" y="{top + 12 + index * 18}">{what}: {slope:.2f}</text>')
    return "\n".join([*lines, "</svg>", ""])


def table(rows):
    lines = [
        "# How the time of a run grows",
        "",
        "Made by `benches/growth.py PROGRAM --write`: instructions of one thread (callgrind), without the start of the process, and the exponent of their",
        "growth, fitted to the logarithms (1 is linear). Instructions are the same in every run. The seconds are processor time on one machine.",
        "",
        "![The plot](growth.svg)",
        "",
        "| with the number of | sizes | millions of instructions | seconds | exponent | bound |",
        "|---|---|---|---|---|---|",
    ]
    for what, sizes, times, counts, slope, bound, unit in rows:
        shown = [", ".join(map(str, sizes)), ", ".join(f"{count / 1e6:.0f}" for count in counts), ", ".join(f"{time:.2f}" for time in times)]
        lines.append(f"| {what} | {shown[0]} {unit} | {shown[1]} | {shown[2]} | {slope:.2f} | {bound} |")
    lines += [
        "",
        "Known to grow with the square: thousands of functions that each configure logging, in a file that takes handlers away from the root logger; one sum",
        "of thousands of lists, in a file that runs pip; thousands of functions `main` in one file, each of which swallows a failure. A way of more than",
        "256 calls is not followed, and a search ends after 4,000 functions.",
        "",
    ]
    return "\n".join(lines)


def main():
    arguments = [argument for argument in sys.argv[1:] if argument != "--write"]
    if len(arguments) < 1:
        sys.exit(__doc__)
    program = os.path.abspath(arguments[0])
    rows, wrong = [], []
    for what, (make, sizes, bound, unit) in SUBJECTS.items():
        if arguments[1:] and what not in arguments[1:]:
            continue
        times, counts = measured(program, make, sizes)
        slope = exponent(sizes, counts)
        rows.append((what, sizes, times, counts, slope, bound, unit))
        print(f"{what:40} {slope:5.2f}  {' '.join(f'{time:.2f}' for time in times)}", flush=True)
        if slope > bound:
            wrong.append(f"{what}: {slope:.2f} is more than {bound}")
    if "--write" in sys.argv:
        (ROOT / "docs/growth.md").write_text(table(rows))
        (ROOT / "docs/growth.svg").write_text(plot(rows))
    if wrong:
        sys.exit("\n".join(wrong))


if __name__ == "__main__":
    main()
