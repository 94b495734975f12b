"""What a run reads, parses and loads, in numbers: an optimization that gets lost fails here without any timing."""

import re

from conftest import ROOT, run


def test_the_counters_of_a_small_service():
    done = run(["-vv", "--output-format", "concise", "tests/projects/relay"], ROOT)
    said = done.stderr.decode()
    pinned = {
        r"(\d+) files checked, (\d+) parsed": (8, 6),
        r"Read (\d+) bytes; (\d+) files hold a trigger word": (1713, 6),
        r"(\d+) bytes of files were parsed; (\d+) modules with (\d+) bytes were loaded": (1382, 3, 1007),
    }
    for pattern, numbers in pinned.items():
        assert tuple(map(int, re.search(pattern, said).groups())) == numbers, said


def test_a_file_without_a_trigger_is_not_parsed(tmp_path):
    for number in range(100):
        (tmp_path / f"m{number}.py").write_text("import os\n\n\ndef f(a):\n    return a + 1\n")
    said = run(["--isolated", "-vv"], tmp_path).stderr.decode()
    assert "100 files checked, 0 parsed" in said and "; 0 modules with 0 bytes were loaded" in said, said
