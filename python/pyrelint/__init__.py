"""pyrelint, a static analyzer for the reliability of Python services.

The analyzer is a program; this package carries it. ``find_pyrelint_bin`` tells where it is.
"""

from pyrelint._find_pyrelint import find_pyrelint_bin

__all__ = ["find_pyrelint_bin"]
