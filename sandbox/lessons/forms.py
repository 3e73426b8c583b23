"""What is typed about a lesson."""

from typing import Annotated, Any
from uuid import UUID

import msgspec
from msgspec import Meta

from sandbox.foundation.i18n import N_
from sandbox.foundation.web.forms import Values
from sandbox.lessons import rules
from sandbox.lessons.commands import About

_CHOOSE = {"error": N_("Choose one")}


class LessonInput(msgspec.Struct):
    """The lesson's classification; its texts are read by :func:`texts_in`."""

    kind: Annotated[rules.Kind, Meta(extra=_CHOOSE)]
    principle: Annotated[str, Meta(min_length=1, extra=_CHOOSE)]
    theme: Annotated[str, Meta(min_length=1, extra=_CHOOSE)]
    strength: Annotated[rules.Strength, Meta(extra=_CHOOSE)]
    vulnerabilities: list[str] = []
    may_transfer_to: list[str] = []

    def about(self) -> About:
        """The same as the commands take it."""
        return About(
            kind=self.kind, principle=self.principle, theme=self.theme, strength=self.strength,
            vulnerabilities=self.vulnerabilities, may_transfer_to=self.may_transfer_to,
        )  # fmt: skip


class Supersession(msgspec.Struct):
    """The lesson that takes another's place."""

    newer: Annotated[
        UUID, Meta(extra={"error": N_("Choose the published lesson that takes its place")})
    ]


class AdoptionInput(msgspec.Struct):
    """What a sector makes of a lesson."""

    sector: Annotated[str, Meta(min_length=1, extra={"error": N_("Choose your sector")})]
    verdict: Annotated[rules.Verdict, Meta(extra=_CHOOSE)]
    how: Annotated[str, Meta(max_length=2000)] = ""


def reasons_in(values: Values) -> dict[str, str]:
    """Why each marked place may stay, by its key, out of fields named ``reason-<key>``."""
    named = ((name.removeprefix("reason-"), value) for name, value in values.items())
    return {key: str(value) for key, value in named if f"reason-{key}" in values}


def texts_in(values: Values, languages: tuple[str, ...]) -> dict[str, dict[str, str]]:
    """The lesson's texts out of fields named ``<part>_<language>``."""
    return {
        language: {part: str(values.get(f"{part}_{language}", "")) for part in rules.PARTS}
        for language in languages
    }


def values_of(lesson: Any) -> Values:
    """The form's fields, filled from a stored lesson."""
    texts = {
        f"{part}_{language}": words
        for language, parts in lesson.texts.items()
        for part, words in parts.items()
    }
    return {
        **texts, "kind": lesson.kind, "principle": lesson.principle, "theme": lesson.theme,
        "strength": lesson.strength, "vulnerabilities": lesson.vulnerabilities,
        "may_transfer_to": lesson.may_transfer_to,
    }  # fmt: skip
