"""docs/faults.md names every test, and no other."""

import re

from conftest import ROOT


def test_the_page_names_every_test():
    page = (ROOT / "docs/faults.md").read_text()
    named = set(re.findall(r"`(test_\w+)`", page))
    files = [path for path in (ROOT / "tests/faults").glob("test_*.py") if path.name != "test_page.py"]
    tests = {name for path in files for name in re.findall(r"^def (test_\w+)", path.read_text(), re.MULTILINE)}
    assert named == tests, named ^ tests
