"""What is typed about a report."""

from datetime import date
from typing import Annotated

import msgspec
from msgspec import Meta

from sandbox.foundation.i18n import N_
from sandbox.foundation.web.forms import Values

_DATE = {"error": N_("Enter a date")}


class ReportRequest(msgspec.Struct):
    """The period and sectors of a report; its title is read by :func:`words_in`."""

    first: Annotated[date, Meta(extra=_DATE)]
    last: Annotated[date, Meta(extra=_DATE)]
    sectors: list[str] = []


def words_in(values: Values, name: str, languages: tuple[str, ...]) -> dict[str, str]:
    """Fields named ``<name>_<language>`` as language -> words."""
    return {language: str(values.get(f"{name}_{language}", "")) for language in languages}


def narrative_in(
    values: Values, sections: list[str], languages: tuple[str, ...]
) -> dict[str, dict[str, str]]:
    """The narrative out of fields named ``<section>_<language>``."""
    return {
        language: {section: str(values.get(f"{section}_{language}", "")) for section in sections}
        for language in languages
    }
