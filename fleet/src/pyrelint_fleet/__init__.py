"""Runs the pyrelint program over fleets of repositories and packages, on Ray Data."""

__version__ = "0.1.0"
