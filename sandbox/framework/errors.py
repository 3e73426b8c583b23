"""What is wrong with a pack."""

from __future__ import annotations


class PackError(Exception):
    """A pack cannot be used: in which ``file``, at which ``field``, and what was ``expected``."""

    def __init__(self, file: str, field: str, expected: str) -> None:
        super().__init__(": ".join(filter(None, (file, field, expected))))
        self.file = file
        self.field = field
        self.expected = expected
