"""The project of two files that every client shows: `python3 project.py FOLDER` writes it, too.

Whether `main` tells its caller about a failure decides about the finding in `__main__.py`; non-ASCII text stands before each finding.
"""

import pathlib
import sys

STARTER = '"""é😀"""; from tool.cli import main\n\nif __name__ == "__main__":\n    main()\n'
TELLS = "def main():\n    if not work():\n        return 1\n    return 0\n\n\ndef work():\n    return False\n"
SILENT = "def main():\n    work()\n\n\ndef work():\n    return False\n"
FIXABLE = 'import sys\n\nx = "é😀"; exit(2)\n'
FIXED = FIXABLE.replace("exit(2)", "sys.exit(2)")


def write_project(folder):
    """Writes the project into a folder."""
    package = folder / "tool"
    package.mkdir(parents=True)
    (folder / "pyproject.toml").write_text('[project]\nname = "tool"\nversion = "1"\n')
    for name, text in {"__init__.py": "", "__main__.py": STARTER, "cli.py": TELLS, "end.py": FIXABLE}.items():
        (package / name).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    write_project(pathlib.Path(sys.argv[1]))
