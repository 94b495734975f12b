"""Real editors, started without a person, with the configuration that `editors/` offers."""

import pathlib

from conftest import program

EDITORS = pathlib.Path(__file__).resolve().parents[2] / "editors"
NEOVIM, needs_neovim = program("nvim")
EMACS, needs_emacs = program("emacs")


@needs_neovim
def test_neovim(run):
    command = [NEOVIM, "--headless", "-u", "NONE", "-i", "NONE", "-n", "-S"]
    assert run(command, "neovim.lua", CONFIGURATION=str(EDITORS / "neovim" / "pyrelint.lua")) == [
        "opened: RL310",
        "at 3:14",
        "fixed: ",
        'line: x = "é😀"; sys.exit(2)',
        "starter: RL314",
        "silent: ",
        "tells: RL314",
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
        "starter: RL314",
        "silent: ",
        "tells: RL314",
    ]
