"""The wheel and the source distribution, built from a clean clone, in fresh environments."""

import shutil
import subprocess
import sys
import tarfile
import zipfile

import pytest

from conftest import BIN, DEFECT, run, target

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def installed(wheel, tmp_path_factory):
    """A fresh environment with the wheel in it."""
    folder = tmp_path_factory.mktemp("environment")
    run([sys.executable, "-m", "venv", folder])
    run([folder / "bin/python", "-m", "pip", "install", "--quiet", "--no-index", wheel])
    return folder / "bin"


def test_the_wheel_holds_the_program_and_the_package(wheel, version):
    assert wheel.name.startswith(f"pyrelint-{version}-py3-none-")
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
        metadata = archive.read(f"pyrelint-{version}.dist-info/METADATA").decode()
    assert f"pyrelint-{version}.data/scripts/pyrelint" in names
    assert {f"pyrelint/{name}" for name in ("__init__.py", "__main__.py", "_find_pyrelint.py", "py.typed")} <= names
    assert {f"pyrelint-{version}.dist-info/licenses/{name}" for name in ("LICENSE-APACHE", "LICENSE-MIT")} <= names
    assert f"Version: {version}\n" in metadata and "License-Expression: MIT OR Apache-2.0\n" in metadata
    # Not the 75 MB of a program with its line tables.
    assert wheel.stat().st_size < 10_000_000
    run([BIN / "check-wheel-contents", wheel])


def test_the_program_runs_by_its_name_and_as_a_module(installed, version, tmp_path):
    assert run([installed / "pyrelint", "--version"]) == f"pyrelint {version}\n"
    assert run([installed / "python", "-m", "pyrelint", "--version"]) == f"pyrelint {version}\n"
    (tmp_path / "client.py").write_text(DEFECT)
    by_name = run([installed / "pyrelint", "--output-format", "concise", "--isolated", "-q", "."], tmp_path, expect=1)
    as_module = run([installed / "python", "-m", "pyrelint", "--output-format", "concise", "--isolated", "-q", "."], tmp_path, expect=1)
    assert "client.py:8:9: warning[del-io]" in by_name
    assert as_module == by_name
    assert "no-such-flag" in run([installed / "python", "-m", "pyrelint", "--no-such-flag"], expect=2)


def test_uvx_runs_the_wheel(wheel, version, tmp_path):
    uvx = [BIN / "uvx", "--offline", "--no-index", "--python", sys.executable, "--from", wheel]
    assert run([*uvx, "pyrelint", "--version"], UV_CACHE_DIR=str(tmp_path)).endswith(f"pyrelint {version}\n")


def test_the_module_hands_over_input_and_signals(installed, tmp_path):
    command = [installed / "python", "-m", "pyrelint", "--isolated", "-q", "--output-format", "concise", "-"]
    done = subprocess.run(command, input=DEFECT, capture_output=True, text=True, cwd=tmp_path)
    assert done.returncode == 1 and "del-io" in done.stdout
    server = subprocess.Popen([installed / "python", "-m", "pyrelint", "server"], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    server.terminate()
    # The process is the program itself, not a parent that leaves it behind.
    assert server.wait(10) == -15


def test_the_program_is_found_in_a_target_folder_and_below_an_environment(wheel, installed, tmp_path):
    there = tmp_path / "there"
    run([BIN / "python", "-m", "pip", "install", "--quiet", "--no-index", "--target", there, wheel])
    ask = "import pyrelint; print(pyrelint.find_pyrelint_bin())"
    assert run([sys.executable, "-c", ask], PYTHONPATH=str(there)).strip() == str(there / "bin/pyrelint")
    inner = tmp_path / "inner"
    run([installed / "python", "-m", "venv", "--system-site-packages", "--without-pip", inner])
    found = run([inner / "bin/python", "-c", ask], PYTHONPATH=str(next(installed.parent.glob("lib/python3*/site-packages"))))
    assert found.strip() == str(installed / "pyrelint")


def test_a_missing_program_is_named(installed, tmp_path):
    site = next(installed.parent.glob("lib/python3*/site-packages"))
    shutil.copytree(site / "pyrelint", tmp_path / "pyrelint")
    said = run([sys.executable, "-c", "import pyrelint; pyrelint.find_pyrelint_bin()"], expect=1, PYTHONPATH=str(tmp_path))
    assert "FileNotFoundError: the program pyrelint is not in " in said


def test_a_wheel_can_be_built_from_the_source_distribution(clone, tmp_path, version):
    run([BIN / "python", "-m", "build", "--sdist", "--outdir", tmp_path, clone])
    archive = tmp_path / f"pyrelint-{version}.tar.gz"
    with tarfile.open(archive) as tar:
        names = {name.split("/", 1)[1] for name in tar.getnames()}
    needed = "Cargo.lock Cargo.toml LICENSE-MIT PKG-INFO askama.toml lints/Cargo.toml pyproject.toml python/pyrelint/py.typed tests/it/main.rs"
    assert set(needed.split()) <= names
    assert not [name for name in names if name.startswith(("editors/", "target/", ".ci/", ".github/"))]
    run([BIN / "python", "-m", "pip", "wheel", "--quiet", "--no-deps", "--wheel-dir", tmp_path, archive], CARGO_TARGET_DIR=target())
    (wheel,) = tmp_path.glob("*.whl")
    run([sys.executable, "-m", "venv", tmp_path / "environment"])
    python = tmp_path / "environment/bin/python"
    run([python, "-m", "pip", "install", "--quiet", "--no-index", wheel])
    assert run([python, "-m", "pyrelint", "--version"]) == f"pyrelint {version}\n"


def test_cargo_installs_the_program(clone, tmp_path, version):
    run(["cargo", "install", "--quiet", "--locked", "--path", clone, "--root", tmp_path], tmp_path, CARGO_TARGET_DIR=target())
    assert run([tmp_path / "bin/pyrelint", "--version"]) == f"pyrelint {version}\n"
