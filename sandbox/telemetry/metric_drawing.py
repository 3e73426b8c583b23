"""How a metric over time is drawn and told: its lines, its limits, what happened beside them."""

from __future__ import annotations

from datetime import datetime

import msgspec

from sandbox.foundation import charts
from sandbox.foundation.i18n import N_, _, ngettext
from sandbox.pilots import queries as pilots
from sandbox.telemetry import metric_queries as queries
from sandbox.telemetry.metric_queries import Sheet
from sandbox.telemetry.queries import BreachLine
from sandbox.telemetry.rules import courses
from sandbox.telemetry.rules.courses import Level
from sandbox.telemetry.rules.slices import held_to, part_name

KINDS = {
    "breach": (N_("Breaches"), N_("Breach"), "red"),
    "suspended": (N_("Suspended"), N_("Suspended"), "purple"),
    "silent": (N_("Nothing came"), N_("Nothing came"), "amber"),
    "incident": (N_("Incidents"), N_("Incident"), "ink"),
    "plan": (N_("Plan"), N_("Plan accepted"), "navy"),
}
"""What happens: its lane's name, its own, and its colour."""


def chart(pilot: pilots.Head, sheet: Sheet) -> charts.Chart | None:
    """The one drawing, for page and document."""
    figures = sheet.figures
    lines = [
        charts.Line(
            part_name(key) or _("All"),
            [(one.at, one.mean) for one in line],
            around=[(one.at, one.lowest, one.highest) for one in line]
            if figures.level is not Level.POINT else (),
        )
        for key, line in figures.lines.items() if line
    ]  # fmt: skip
    if not lines:
        return None
    unit = pilot.pack.unit_symbol(sheet.metric.unit)
    return charts.course(
        _title(sheet),
        lines,
        since=figures.view.since,
        until=figures.view.until,
        unit=unit,
        limits=[
            charts.Step(
                max(one.since, figures.view.since), one.until,
                charts.Limit(one.threshold.limit, at_most=one.threshold.at_most),
                of=[part_name(key) or _("All") for key in figures.lines
                    if held_to(one.threshold, key)],
            )
            for one in sheet.drawn_limits
        ],
        lanes=[*lanes(pilot, sheet).values()],
        gap=2.5 * courses.length_of(figures.level, sheet.cadence),
    )  # fmt: skip


def _title(sheet: Sheet) -> str:
    """What the drawing says, in a sentence."""
    name = sheet.metric.name[:1].upper() + sheet.metric.name[1:]
    if sheet.breaches:
        count = len(sheet.breaches)
        words = ngettext("%(metric)s: %(n)s breach in this time",
                         "%(metric)s: %(n)s breaches in this time", count)  # fmt: skip
        return words % {"metric": name, "n": count}
    if sheet.limits:
        return _("%(metric)s: no breach in this time") % {"metric": name}
    return name


def lanes(pilot: pilots.Head, sheet: Sheet) -> dict[str, charts.Lane]:
    """What happened, by its kind."""
    until = sheet.figures.view.until
    marks: dict[str, list[charts.Mark]] = {kind: [] for kind in KINDS}
    for one in sorted(sheet.breaches, key=lambda one: one.at):
        value = "" if one.value is None else pilot.pack.amount(one.value, sheet.metric.unit)
        marks["breach"].append(charts.Mark(one.at, queries.ended(one) or until, value))
    for happened in sheet.happened:
        end = until if happened.lasts else happened.until
        marks[happened.kind].append(charts.Mark(happened.since, end, happened.words))
    return {
        kind: charts.Lane(_(name), colour, marks[kind], shaded=kind == "breach")
        for kind, (name, _one, colour) in KINDS.items()
    }


class Event(msgspec.Struct, frozen=True, kw_only=True):
    """A row of what happened."""

    what: str
    since: datetime
    until: datetime | None
    lasts: bool
    words: str
    path: str
    state: str = ""


def happenings(pilot: pilots.Head, sheet: Sheet) -> list[Event]:
    """What the lanes show, as rows by time."""
    rows = [
        Event(what=_(KINDS[one.kind][1]), since=one.since, until=one.until, lasts=one.lasts,
              words=one.words or (_("The pilot’s steps") if one.path else ""), path=one.path)
        for one in sheet.happened
    ]  # fmt: skip
    _lane, breach, _colour = KINDS["breach"]
    rows += [
        Event(what=_(breach), since=one.at, until=queries.ended(one),
              lasts=queries.ended(one) is None, words=_breach_words(pilot, sheet, one),
              path=f"/pilots/{pilot.id}/breaches/{one.id}", state=one.state)
        for one in sheet.breaches
    ]  # fmt: skip
    return sorted(rows, key=lambda row: row.since)


def _breach_words(pilot: pilots.Head, sheet: Sheet, breach: BreachLine) -> str:
    if breach.value is None:
        return _("No figure came")
    unit = sheet.metric.unit
    said = _("%(value)s; the limit is %(limit)s") % {
        "value": pilot.pack.amount(breach.value, unit),
        "limit": pilot.pack.amount(breach.limit, unit),
    }
    part = part_name(breach.slice) or breach.slice
    return f"{said} ({part})" if part else said
