"""A text of a pack: the same words in every language of the pack."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from sandbox.foundation.i18n import current_language


class Text(Mapping[str, str]):
    """Language code to words; ``str(text)`` is the current language's.

    Immutable and hashable, so that the structs of a pack are too.
    """

    __slots__ = ("_words",)

    def __init__(self, words: Mapping[str, str]) -> None:
        self._words = dict(words)

    def __getitem__(self, language: str) -> str:
        return self._words[language]

    def __iter__(self) -> Iterator[str]:
        return iter(self._words)

    def __len__(self) -> int:
        return len(self._words)

    def __hash__(self) -> int:
        return hash(frozenset(self._words.items()))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Mapping) and dict(other) == self._words

    def in_(self, language: str) -> str:
        """The words in ``language``; where the pack has none, those of its first language."""
        return self._words.get(language) or next(iter(self._words.values()), "")

    def __str__(self) -> str:
        return self.in_(current_language())

    def __repr__(self) -> str:
        return f"Text({self._words!r})"


def everywhere(words: str, *languages: str) -> Text:
    """The same ``words`` in all ``languages``: for names that are not translated."""
    return Text(dict.fromkeys(languages, words))
