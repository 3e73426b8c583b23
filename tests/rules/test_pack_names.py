"""No country, sector or authority stands in code: only in packs and the demo's invented year."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from sandbox.framework import library

ROOT = Path(__file__).parents[2]
PLACES = ("sandbox", "workers", "templates", "static")
EXEMPT = ("sandbox/framework/packs", "sandbox/demo", "sandbox/locale", "static/build")
KINDS = {".py", ".html", ".txt", ".js", ".css", ".scss", ".svg"}

# The default of the setting PACK is the name of a folder, and the word for a language is none
# for a country.
ALLOWED = {("sandbox/settings.py", "malaysia")}


def names() -> list[str]:
    """The names of every bundled pack that must not be in code, in all its languages."""
    found: set[str] = set()
    for folder in library.BUNDLED.iterdir():
        pack = library.load(folder)
        found |= {*pack.jurisdiction.country.values(), pack.jurisdiction.timezone}
        for authority in pack.authorities:
            found |= {*authority.name.values(), *authority.short.values(), authority.key}
        for sector in pack.sectors:
            found |= {*sector.name.values(), sector.key}
        found |= {name for s in pack.jurisdiction.subdivisions for name in s.name.values()}
    return sorted(name for name in found if len(name) > 1)


def files() -> Iterator[Path]:
    for place in PLACES:
        for path in (ROOT / place).rglob("*"):
            relative = path.relative_to(ROOT).as_posix()
            if path.suffix in KINDS and not relative.startswith(EXEMPT):
                yield path


def pattern() -> re.Pattern[str]:
    # Short names are abbreviations: as they are written. Longer ones in any case.
    short = [re.escape(name) for name in names() if len(name) <= 5]
    long = [re.escape(name) for name in names() if len(name) > 5]
    return re.compile(rf"(?<![\w-])(?:{'|'.join(short)}|(?i:{'|'.join(long)}))(?![\w-])")


def test_no_name_of_a_pack_stands_in_code() -> None:
    looked_for = pattern()
    found = [
        (path.relative_to(ROOT).as_posix(), number, match[0])
        for path in files()
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        for match in looked_for.finditer(line)
    ]
    wrong = [place for place in found if (place[0], place[2]) not in ALLOWED]

    assert wrong == []


@pytest.mark.parametrize("words", ["Ask BNM first", "for healthcare only", "pejabat AI kebangsaan"])
def test_such_a_name_would_be_found(words: str) -> None:
    assert pattern().search(words)
