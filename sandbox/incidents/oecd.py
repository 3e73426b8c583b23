"""An incident as the OECD's common reporting framework asks for it (``framework.oecd``).

All 29 criteria are named, in their order; the mandatory ones always hold something. What the
system does not know is ``null``. Answers of the application are the last that were submitted;
one that the firm marked confidential is withheld, whoever exports, since an export leaves the
house. Nothing internal is among it: both sides export the same.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

import msgspec

from sandbox.applications import reading
from sandbox.foundation import clock
from sandbox.foundation.database import fetch
from sandbox.foundation.i18n import N_, _, current_language
from sandbox.framework import oecd
from sandbox.framework.pack import Pack
from sandbox.incidents.queries import Whole
from sandbox.incidents.record_queries import fingerprint
from sandbox.settings import settings

SOURCES = {
    "firm": N_("The firm that runs the pilot"),
    "machine": N_("The firm that runs the pilot, by its own system"),
    "officer": N_("The supervising authority"),
    "breach": N_("The sandbox’s own watch over a threshold"),
    "public": N_("A member of the public, taken up by the supervising authority"),
}


class Answers(msgspec.Struct, frozen=True, kw_only=True):
    """What was answered, by the key of the question; ``withheld`` are those marked confidential."""

    said: dict[str, tuple[str, Any]]
    withheld: dict[str, str]


async def export(found: Whole) -> dict[str, Any]:
    """The export of an incident that was found for its reader, in the current language."""
    form = await _form_answers(found)
    incident, pilot = found.incident, found.pilot
    values = _values(found)
    return {
        "framework": {"name": oecd.NAME, "publisher": oecd.PUBLISHER, "source": oecd.SOURCE},
        "reference": incident.reference,
        "pilot": pilot.reference,
        "language": current_language(),
        "exported_at": _time(clock.now()),
        "state": incident.state,
        "drill": incident.drill,
        "qualifier": "confirmed" if incident.confirmed_at else "alleged",
        "criteria": [
            {
                "number": one.number, "key": one.key, "name": one.name,
                "mandatory": one.mandatory,
                **_with_answers(one.key, values.get(one.key), pilot.pack, found, form),
            }
            for one in oecd.CRITERIA
        ],
    }  # fmt: skip


def _with_answers(key: str, value: Any, pack: Pack, found: Whole, form: Answers) -> dict[str, Any]:
    """What the system knows of a criterion, with what people answered to the pack's questions."""
    exchange, told = pack.incidents.exchange, _told(found)
    asked = ((exchange.form.get(key, ()), form.said), (exchange.told.get(key, ()), told))
    answers = [
        {"question": label, "answer": answer}
        for keys, held in asked
        for label, answer in (held[question] for question in keys if question in held)
    ]  # fmt: skip
    withheld = [form.withheld[q] for q in exchange.form.get(key, ()) if q in form.withheld]
    criterion: dict[str, Any] = {"value": value}
    if answers:
        criterion["answers"] = answers
    if withheld:
        criterion["withheld"] = withheld
    return criterion


def _told(found: Whole) -> dict[str, tuple[str, Any]]:
    return {
        question.key: (str(question.label), found.incident.facts[question.key])
        for question in found.pilot.pack.incidents.questions
        if found.incident.facts.get(question.key) is not None
    }


async def _form_answers(found: Whole) -> Answers:
    rows = await fetch(
        "SELECT v.answers::text AS answers, a.marks::text AS marks FROM application a "
        'JOIN application_version v ON v."case" = a.id AND v.number = a.version WHERE a.id = $1',
        found.pilot.case,
    )
    if not rows:
        return Answers(said={}, withheld={})
    answers, marks = (msgspec.json.decode(rows[0][name]) for name in ("answers", "marks"))
    sections = reading.in_words(found.pilot.pack, answers, marks=marks)
    each = [one for section in sections for one in section.answers if one.kind != "none"]
    return Answers(
        said={one.key: (one.label, _plain(one)) for one in each if not one.confidential},
        withheld={one.key: one.label for one in each if one.confidential},
    )


def _plain(one: reading.Answered) -> Any:
    if one.kind == "table":
        return [dict(zip(one.columns, row, strict=True)) for row in one.rows]
    return list(one.items) if one.kind == "list" else one.words


def _values(found: Whole) -> dict[str, Any]:
    """What the system itself knows, by the key of a criterion."""
    incident, pilot, pack = found.incident, found.pilot, found.pilot.pack
    degree = pack.incidents.severity(incident.severity)
    weaknesses = _named(pack.vulnerability(key) for key in incident.vulnerabilities)
    return {
        "title": found.said.title,
        "description": found.said.what,
        "ai_relation": {
            "words": _("It happened in the test of the system that the pilot “%(title)s” tries.")
            % {"title": pilot.title},
            "suspected_cause": incident.suspected_cause or None,
            "root_cause": incident.root_cause or None,
            "weaknesses": weaknesses,
            "from_threshold": incident.breach is not None,
        },
        "submitter": {
            "kind": incident.source, "words": _(SOURCES[incident.source]),
            "name": incident.reported_name or None,
            "organisation": pilot.organisation if incident.source in {"firm", "machine"} else None,
            "reported_at": _time(incident.reported_at),
        },
        "first_known": {
            "occurred_from": _time(incident.occurred_from),
            "occurred_to": _time(incident.occurred_to), "known_at": _time(incident.aware_at),
        },
        "countries": [
            {"code": pack.jurisdiction.iso, "place": incident.place or None},
        ],
        "supporting_material": _material(found),
        "system": {"pilot": pilot.title, "version": incident.system_version or None},
        "actors": {"tested_by": pilot.organisation},
        "severity": {
            "oecd": degree.oecd or None, "key": degree.key, "name": str(degree.name),
            "level": degree.level, "decided": incident.confirmed_at is not None,
        },
        "harm_type": _harms(found),
        "quantification": {"people_affected": incident.people_affected},
        "stakeholders": {"groups": incident.groups or None},
        "industry": [
            {"key": sector.key, "name": str(sector.name), "isic": sector.isic or None}
            for sector in (pack.sector(key) for key in pilot.sectors)
        ],
        "actions": {
            "at_once": incident.immediate_action or None,
            "asked_for": [
                {
                    "kind": one.kind, "text": one.text, "due_on": one.due_on.isoformat(),
                    "done_at": _time(one.done_at), "verified_at": _time(one.verified_at),
                }
                for one in found.actions
            ],
        },
        "other": {"reported_under": _regimes(found), "closing_words": incident.closing or None},
    }  # fmt: skip


def _regimes(found: Whole) -> list[dict[str, Any]]:
    pack = found.pilot.pack
    return [
        {
            "regime": str(pack.incidents.regime(one.regime).name),
            "authority": str(pack.authority(one.authority).name), "stage": one.stage,
            "due_at": _time(one.due_at), "met_at": _time(one.met_at),
        }
        for one in found.clocks
        if one.cancelled_at is None
    ]  # fmt: skip


def _harms(found: Whole) -> list[dict[str, Any]]:
    """Kinds of harm, each actual or potential; one entry says so where there is none."""
    names = {harm.key: str(harm.name) for harm in found.pilot.pack.incidents.harms}
    told = (("actual", found.incident.harms_actual), ("potential", found.incident.harms_potential))
    return [
        {"key": key, "name": names[key], "harm": state} for state, keys in told for key in keys
    ] or [{"key": "none", "name": _("No harm is known"), "harm": None}]


def _material(found: Whole) -> list[dict[str, Any]]:
    """Where the record lies, and every report that was handed in, with what proves its text."""
    record = f"{settings.base_url}/incidents/{found.incident.id}/record"
    return [
        {"kind": "record", "href": record},
        *(
            {
                "kind": "report", "number": one.number, "submitted_at": _time(one.at),
                "sha256": fingerprint(one.text), "href": f"{record}#report-{one.number}",
            }
            for one in found.reports
        ),
    ]  # fmt: skip


def _named(parts: Iterable[Any]) -> list[dict[str, str]]:
    return [{"key": part.key, "name": str(part.name)} for part in parts]


def _time(at: datetime | None) -> str | None:
    return at.isoformat().replace("+00:00", "Z") if at else None
