"""Check the import contracts of pyproject.toml; say nothing when all are kept."""

from __future__ import annotations

import io
import sys
from contextlib import redirect_stdout

from importlinter.cli import lint_imports

if __name__ == "__main__":
    said = io.StringIO()
    sys.path.insert(0, ".")  # where the contract of our own is found
    with redirect_stdout(said):
        status = lint_imports()
    if status:
        print(said.getvalue())
    sys.exit(status)
