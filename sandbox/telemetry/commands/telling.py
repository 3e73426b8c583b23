"""Telling both sides of a breach."""

from __future__ import annotations

from collections.abc import Sequence

from sandbox.foundation import i18n
from sandbox.foundation.i18n import _
from sandbox.foundation.work import Work
from sandbox.framework.thresholds import Threshold, limit_in_words, threshold_of
from sandbox.people import queries as people
from sandbox.people.person import Person
from sandbox.pilots.commands import common
from sandbox.pilots.tables import Condition, Pilot
from sandbox.telemetry.tables import Breach


async def tell_firm(work: Work, pilot: Pilot, template: str, **context: object) -> None:
    """Mail the firm's members."""
    await _tell(work, pilot, await people.members(pilot.organisation), template, context)


async def tell_authority(work: Work, pilot: Pilot, template: str, **context: object) -> None:
    """Mail whoever looks after the case."""
    await _tell(work, pilot, await common.officers(pilot), template, context)


async def tell_decision_makers(work: Work, pilot: Pilot, template: str, **context: object) -> None:
    """Mail those who may decide on the case."""
    await _tell(work, pilot, await common.decision_makers(pilot), template, context)


async def tell_of_opening(
    work: Work, pilot: Pilot, condition: Condition, breach: Breach, *, again: bool = False
) -> None:
    """Mail both sides that a condition is not kept, with the figures; ``again``: the firm only."""
    pack = common.pack_of(pilot)
    context = {
        "condition": condition, "breach": breach, "pack": pack,
        "threshold": threshold_of(condition.threshold),
    }  # fmt: skip
    await tell_firm(work, pilot, "breach_opened", **context)
    if not again:
        await tell_authority(work, pilot, "breach_opened_for_authority", **context)


async def _tell(
    work: Work, pilot: Pilot, to: Sequence[Person], template: str, context: dict[str, object]
) -> None:
    for person in to:
        await work.mail(
            person.email, f"telemetry/{template}", person.language, case=pilot.case, pilot=pilot,
            name=person.name, **context,
        )  # fmt: skip


def facts(
    pilot: Pilot, condition: Condition, threshold: Threshold, breach: Breach
) -> dict[str, str]:
    """What happened, in every language of the site, for whoever decides what follows."""
    pack = common.pack_of(pilot)
    found = {}
    for language in i18n.LANGUAGES:
        with i18n.use(language):
            unit = pack.unit_symbol(threshold.unit) if threshold.unit else ""
            said = {
                "n": condition.number, "title": i18n.local(condition.title),
                "metric": pack.metric_name(threshold.metric),
                "limit": limit_in_words(threshold.limit, unit),
            }  # fmt: skip
            if breach.value is None:
                words = _("Condition %(n)s, %(title)s: no figures of %(metric)s came.")
            else:
                said["value"] = limit_in_words(breach.value, unit)
                words = _(
                    "Condition %(n)s, %(title)s: %(metric)s was %(value)s; the limit is %(limit)s."
                )
            found[language] = words % said
    return found
