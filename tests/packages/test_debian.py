"""The package for Debian: what is in it, and that it runs."""

import os
import shutil

import pytest

from conftest import run, target

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def package(clone, tmp_path_factory):
    """The package, unpacked."""
    tools = f"{target()}/packages-tools"
    if not os.path.exists(f"{tools}/bin/cargo-deb"):
        run(["cargo", "install", "--quiet", "--locked", "--root", tools, "cargo-deb@3.8.0"], CARGO_TARGET_DIR=f"{tools}/target")
        shutil.rmtree(f"{tools}/target")
    folder = tmp_path_factory.mktemp("debian")
    made = folder / "pyrelint.deb"
    environment = {"PATH": f"{tools}/bin:{os.environ['PATH']}", "CARGO_TARGET_DIR": target()}
    run([clone / "packaging/debian", "--output", made], clone, **environment)
    run(["dpkg-deb", "--extract", made, folder / "root"])
    run(["dpkg-deb", "--control", made, folder / "control"])
    return folder


def test_it_holds_the_program_the_manual_and_completions(package, version):
    control = (package / "control/control").read_text()
    assert "Package: pyrelint\n" in control and f"Version: {version}-1\n" in control
    # The C library, and no other.
    (depends,) = [line for line in control.splitlines() if line.startswith("Depends: ")]
    assert {part.split()[0] for part in depends[len("Depends: ") :].split(", ")} <= {"libc6", "libgcc-s1"}
    root = package / "root/usr"
    assert run([root / "bin/pyrelint", "--version"]) == f"pyrelint {version}\n"
    assert (root / "bin/pyrelint").stat().st_size < 40_000_000
    for name in ("bash-completion/completions/pyrelint", "fish/vendor_completions.d/pyrelint.fish", "zsh/vendor-completions/_pyrelint"):
        assert "extend-select" in (root / "share" / name).read_text()
    copyright = (root / "share/doc/pyrelint/copyright").read_text()
    assert "MIT OR Apache-2.0" in copyright


def test_its_manual_is_well_formed(package):
    pages = sorted((package / "root/usr/share/man/man1").glob("*.gz"))
    assert [page.name for page in pages][:2] == ["pyrelint-check.1.gz", "pyrelint-config.1.gz"] and len(pages) == 7
    for page in pages:
        text = run(["sh", "-c", 'gzip -dc "$1" | groff -man -ww -Tutf8 -P-c 2>&1 >/dev/null', "sh", page])
        assert text == "", f"{page.name}: {text}"
