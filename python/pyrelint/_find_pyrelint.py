"""Where installers put the program."""

from __future__ import annotations

import os
import sys
import sysconfig
from typing import Iterator


def _folders() -> Iterator[str]:
    """The folders that may hold the program, the most probable first."""
    # An installation into an environment, or for all users.
    yield sysconfig.get_path("scripts")
    # `pip install --target DIR` and `--prefix DIR` run by an interpreter of elsewhere: beside the package, or above its site-packages.
    package = os.path.dirname(os.path.abspath(__file__))
    site = os.path.dirname(package)
    scripts = "Scripts" if os.name == "nt" else "bin"
    yield os.path.join(site, scripts)
    above = site
    for _ in range(3):
        above = os.path.dirname(above)
        yield os.path.join(above, scripts)
    # `pip install --user`.
    if sys.version_info >= (3, 10):
        user = sysconfig.get_preferred_scheme("user")
    elif os.name == "nt":
        user = "nt_user"
    elif sys.platform == "darwin" and getattr(sys, "_framework", None):
        user = "osx_framework_user"
    else:
        user = "posix_user"
    yield sysconfig.get_path("scripts", scheme=user)
    # An environment that sees the packages of the interpreter below it.
    if sys.base_prefix != sys.prefix:
        yield sysconfig.get_path("scripts", vars={"base": sys.base_prefix})


def find_pyrelint_bin() -> str:
    """The path of the ``pyrelint`` program that was installed with this package.

    Raises ``FileNotFoundError`` where an installer has left it out.
    """
    name = "pyrelint" + (sysconfig.get_config_var("EXE") or "")
    looked = []
    for folder in _folders():
        path = os.path.join(folder, name)
        if os.path.isfile(path):
            return path
        if folder not in looked:
            looked.append(folder)
    raise FileNotFoundError("the program {} is not in {}".format(name, ", ".join(looked)))
