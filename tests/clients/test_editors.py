"""Real editors, started without a person, with the configuration that `editors/` offers."""

import pathlib
import re
import shlex
import shutil
import subprocess

import pytest

from conftest import program

EDITORS = pathlib.Path(__file__).resolve().parents[2] / "editors"
# The finding that an unsaved edit in another file takes away and brings back.
OTHER_FILE = ["starter: RL314", "silent: ", "tells: RL314"]
NEOVIM, needs_neovim = program("nvim")
OLD_NEOVIM = shutil.which("nvim")
EMACS, needs_emacs = program("emacs")
LSP_MODE = list(pathlib.Path("/usr/share/emacs/site-lisp/elpa-src").glob("lsp-mode-*"))
VIM, _ = program("vim.nox")
needs_vim = pytest.mark.skipif(
    VIM is None or not pathlib.Path("/usr/share/vim-ale").exists(), reason="Vim with ALE is not installed"
)


def neovim_saw(encoding):
    return [
        "opened: RL310",
        "at 3:14",
        f"encoding: {encoding}",
        "fixed: ",
        'line: x = "é😀"; sys.exit(2)',
        *OTHER_FILE,
        "hover: # site-exit (RL310)",
        "stopped: true",
    ]


NEOVIM_OPTIONS = ["--headless", "-u", "NONE", "-i", "NONE", "-n", "-S"]


@needs_neovim
def test_neovim(run):
    configuration = str(EDITORS / "neovim" / "pyrelint.lua")
    assert run([NEOVIM, *NEOVIM_OPTIONS], "neovim.lua", CONFIGURATION=configuration) == neovim_saw("utf-8")


def is_old(neovim):
    """Whether it is a version before 0.11, which Debian has: findings are pushed, and positions count units of UTF-16."""
    said = subprocess.run([neovim, "--version"], capture_output=True, text=True, check=True).stdout
    return re.match(r"NVIM v0\.([7-9]|10)\.", said) is not None


@pytest.mark.skipif(OLD_NEOVIM is None or not is_old(OLD_NEOVIM), reason="no Neovim of 0.7 to 0.10 is installed")
def test_older_neovim(run):
    configuration = str(EDITORS / "neovim" / "pyrelint-0.7.lua")
    assert run([OLD_NEOVIM, *NEOVIM_OPTIONS], "neovim.lua", CONFIGURATION=configuration) == neovim_saw("utf-16")


@needs_emacs
def test_emacs_with_eglot(run):
    command = [EMACS, "-Q", "--batch", "-l"]
    assert run(command, "eglot.el", CONFIGURATION=str(EDITORS / "emacs" / "pyrelint-eglot.el")) == [
        "opened: RL310",
        "at 3:11",
        "fixed: ",
        'line: x = "é😀"; sys.exit(2)',
        *OTHER_FILE,
    ]


@needs_vim
def test_vim_with_ale(run, project):
    # Vim wants a terminal.
    vim = shlex.join([VIM, "-N", "-i", "NONE", "-n", "-T", "xterm", "-u"])
    seen = project / "seen"
    wrapped = ["sh", "-c", f'script -qfec "{vim} $0" /dev/null </dev/null >/dev/null; status=$?; cat "$OUT"; exit $status']
    assert run(wrapped, "ale.vim", OUT=str(seen), EDITOR_FILES=str(EDITORS / "vim")) == [
        "opened: 3:RL310",
        "plain: 3:RL310",
        "fixed: ",
        "line: sys.exit(2)",
        "starter: 4:RL314",
        "silent: ",
        "tells: 4:RL314",
    ]


@pytest.mark.skipif(not LSP_MODE, reason="lsp-mode is not installed")
def test_emacs_with_lsp_mode(run):
    command = [EMACS, "-Q", "--batch", "-l"]
    assert run(command, "lsp-mode.el", CONFIGURATION=str(EDITORS / "emacs" / "pyrelint-lsp-mode.el")) == [
        "opened: RL310",
        "at 3:11",
        "plain: RL310",
        "preferred: Use `sys.exit`",
        "fixed: ",
        "line: sys.exit(2)",
        *OTHER_FILE,
    ]
