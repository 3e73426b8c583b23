"""Check that every language says all that the site says.

Each catalogue has a translation of every text in code and templates, none of them fuzzy,
each with the placeholders of its source.
"""

from __future__ import annotations

import re
import subprocess
import sys
import tempfile
from pathlib import Path

from babel.messages.catalog import Catalog, Message
from babel.messages.pofile import read_po

CATALOGUES = sorted(Path("sandbox/locale").glob("*/LC_MESSAGES/rintis.po"))
PLACEHOLDER = re.compile(r"%\((\w+)\)[sd]")


def wanted() -> Catalog:
    """The texts that code and templates hold now."""
    with tempfile.TemporaryDirectory() as folder:
        template = Path(folder) / "rintis.pot"
        subprocess.run(["scripts/extract-messages", template], check=True)
        with template.open("rb") as file:
            return read_po(file)


def faults(message: Message, found: Message | None) -> str:
    """What is wrong with the translation ``found`` of ``message``; empty when nothing is."""
    if found is None or not found.string or not all(strings(found)):
        return "not translated"
    if found.fuzzy:
        return "fuzzy"
    source = placeholders(message.id if isinstance(message.id, str) else message.id[-1])
    # A language may leave out the number where its words say it, never invent a name.
    if any(placeholders(string) - source for string in strings(found)):
        return "names a placeholder that its source does not have"
    if isinstance(message.id, str) and placeholders(found.string) != source:
        return "leaves out a placeholder"
    return ""


def strings(message: Message) -> list[str]:
    """The translation's forms."""
    return [message.string] if isinstance(message.string, str) else list(message.string)


def placeholders(text: str) -> set[str]:
    """The names in ``%(name)s``."""
    return set(PLACEHOLDER.findall(text))


def main() -> int:
    """Check each catalogue; any fault fails."""
    texts = [message for message in wanted() if message.id]
    failed = 0
    for path in CATALOGUES:
        with path.open("rb") as file:
            catalogue = read_po(file)
        found = [(message, faults(message, catalogue.get(message.id))) for message in texts]
        wrong = [f"{path}: {fault}: {message.id!r}" for message, fault in found if fault]
        print("\n".join([*wrong[:40], *(["…"] if wrong[40:] else [])]), end="\n" if wrong else "")
        failed += len(wrong)
    if failed:
        print(f"{failed} texts to mend; `make messages` adds new ones to the catalogues")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
