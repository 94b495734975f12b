"""`python -m pyrelint_fleet`."""

import sys

from pyrelint_fleet.cli import main

if __name__ == "__main__":
    sys.exit(main())
