"""Real editors, started without a person, with the configuration that `editors/` offers."""

import pathlib
import shlex

import pytest

from conftest import program

EDITORS = pathlib.Path(__file__).resolve().parents[2] / "editors"
# The finding that an unsaved edit in another file takes away and brings back.
OTHER_FILE = ["starter: RL314", "silent: ", "tells: RL314"]
NEOVIM, needs_neovim = program("nvim")
EMACS, needs_emacs = program("emacs")
LSP_MODE = list(pathlib.Path("/usr/share/emacs/site-lisp/elpa-src").glob("lsp-mode-*"))
VIM, _ = program("vim.nox")
needs_vim = pytest.mark.skipif(
    VIM is None or not pathlib.Path("/usr/share/vim-ale").exists(), reason="Vim with ALE is not installed"
)


@needs_neovim
def test_neovim(run):
    command = [NEOVIM, "--headless", "-u", "NONE", "-i", "NONE", "-n", "-S"]
    assert run(command, "neovim.lua", CONFIGURATION=str(EDITORS / "neovim" / "pyrelint.lua")) == [
        "opened: RL310",
        "at 3:14",
        "fixed: ",
        'line: x = "é😀"; sys.exit(2)',
        *OTHER_FILE,
        "hover: # site-exit (RL310)",
        "stopped: true",
    ]


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
        "preferred: Use `sys.exit`",
        *OTHER_FILE,
    ]
