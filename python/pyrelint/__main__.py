"""``python -m pyrelint``: runs the program with the same arguments and the same exit status."""

from __future__ import annotations

import os
import subprocess
import sys

from pyrelint import find_pyrelint_bin


def main() -> None:
    program = find_pyrelint_bin()
    arguments = [program, *sys.argv[1:]]
    if sys.platform == "win32":
        # There is no replacing a process here: `exec` would return to the shell at once.
        try:
            status = subprocess.run(arguments).returncode
        except KeyboardInterrupt:
            # The program has got it as well, and says so.
            status = 130
        sys.exit(status)
    os.execv(program, arguments)


if __name__ == "__main__":
    main()
