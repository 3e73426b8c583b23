"""Taking figures in, and saying what they mean for the conditions."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, time, timedelta
from uuid import UUID, uuid4

import msgspec

from sandbox.foundation.database import fetch
from sandbox.foundation.errors import InvalidInput, NotFound, RuleBroken
from sandbox.foundation.i18n import _
from sandbox.foundation.work import Work, work_of
from sandbox.framework.thresholds import OnBreach, Threshold, threshold_of
from sandbox.people import queries as people
from sandbox.people.person import SYSTEM, Person
from sandbox.pilots.commands import common, conditions, life
from sandbox.pilots.rules import RUNNING, UNBOUND
from sandbox.pilots.tables import Condition, Metric, Pilot
from sandbox.telemetry import rules
from sandbox.telemetry.tables import Batch, Breach, Silence


class Receipt(msgspec.Struct, frozen=True, kw_only=True):
    """What became of a delivery: new points, points we had, points refused with reasons."""

    batch: UUID
    taken: int
    duplicates: int
    refused: list[rules.Refused]


async def receive(
    person: Person,
    pilot_id: UUID,
    readings: Sequence[rules.Reading],
    *,
    source: str,
    token: UUID | None = None,
    idempotency: str = "",
) -> Receipt:
    """Take a delivery in; thresholds are judged by the worker, seconds later.

    Sound points are kept even where others are refused. The first value of a point stands: the
    same one again is a duplicate, another one is refused. The same ``idempotency`` key again is
    the same delivery and changes nothing.

    :raises InvalidInput: there is nothing in it, or too much.
    :raises RuleBroken: the pilot takes no figures now.
    """
    async with work_of(person) as work:
        pilot = await common.open_pilot(work, person, pilot_id, "send_telemetry")
        rules.check_open(pilot.state)
        before = await _delivered(pilot_id, idempotency)
        if before is not None:
            return before
        metrics = await common.parts(Metric, pilot_id)
        judged = rules.judge(readings, metrics, since=_begin(pilot), now=work.now)
        batch = Batch(
            id=uuid4(), case=pilot.case, pilot=pilot.id, source=source, token=token,
            person=person.id, received_at=work.now, idempotency=idempotency or None,
        )  # fmt: skip
        new, refused = await _keep(batch, judged)
        batch.points, batch.refused = new, len(refused)
        batch.duplicates = len(judged.taken) - new - (len(refused) - len(judged.refused))
        await work.save(batch)
        if new:
            work.later("evaluate_telemetry", pilot.id)
    return Receipt(batch=batch.id, taken=new, duplicates=batch.duplicates, refused=refused)


def _begin(pilot: Pilot) -> datetime:
    """The first moment of the first day of testing."""
    zone = common.pack_of(pilot).jurisdiction.zone
    assert pilot.starts_on is not None
    return datetime.combine(pilot.starts_on, time(), zone).astimezone(UTC)


async def _delivered(pilot_id: UUID, idempotency: str) -> Receipt | None:
    if not idempotency:
        return None
    rows = await fetch(
        "SELECT id, points, duplicates FROM batch WHERE pilot = $1 AND idempotency = $2",
        pilot_id, idempotency,
    )  # fmt: skip
    if not rows:
        return None
    (row,) = rows
    return Receipt(
        batch=row["id"], taken=0, duplicates=row["points"] + row["duplicates"], refused=[]
    )


async def _keep(batch: Batch, judged: rules.Judged) -> tuple[int, list[rules.Refused]]:
    """Insert what is new; how many that were, and what is refused with all reasons."""
    taken = judged.taken
    columns = (
        [r.metric for r in taken], [r.slice_key for r in taken], [r.at for r in taken],
        [r.value for r in taken], [r.n for r in taken],
    )  # fmt: skip
    inserted = await fetch(
        "INSERT INTO point (id, pilot, metric, slice, at, value, n, batch, received_at) "
        "SELECT gen_random_uuid(), $1, m, s, a, v, n, $2, $3 FROM unnest($4::varchar[], "
        "$5::varchar[], $6::timestamptz[], $7::float8[], $8::bigint[]) AS t (m, s, a, v, n) "
        "ON CONFLICT (pilot, metric, slice, at) DO NOTHING RETURNING id",
        batch.pilot, batch.id, batch.received_at, *columns,
    )  # fmt: skip
    if len(inserted) == len(taken):
        return len(inserted), judged.refused
    rows = await fetch(
        "SELECT t.place FROM unnest($2::varchar[], $3::varchar[], $4::timestamptz[], "
        "$5::float8[]) WITH ORDINALITY AS t (m, s, a, v, place) JOIN point p ON p.pilot = $1 "
        "AND p.metric = t.m AND p.slice = t.s AND p.at = t.a AND p.value <> t.v",
        batch.pilot, *columns[:4],
    )  # fmt: skip
    words = _("Another value was sent for this time before; the first one stands")
    other = [rules.Refused(line=row["place"], reason=words) for row in rows]
    return len(inserted), [*judged.refused, *other]


# Judging -----------------------------------------------------------------------------------


async def evaluate(pilot_id: UUID) -> None:
    """Hold the pilot's newest figures against its thresholds; open and cure breaches.

    Done twice it changes nothing the second time.
    """
    async with work_of(SYSTEM) as work:
        pilot = await work.lock(Pilot, pilot_id)
        if pilot.state not in RUNNING:
            return
        calendar = common.pack_of(pilot).jurisdiction.calendar()
        await _end_silences(work, pilot)
        for condition in await common.parts(Condition, pilot_id):
            threshold = threshold_of(condition.threshold)
            if threshold is None or condition.state in UNBOUND:
                continue
            samples = await _samples(pilot_id, threshold)
            finding = rules.evaluate(threshold, samples, calendar)
            await _settle(work, pilot, condition, threshold, finding)


async def _samples(pilot_id: UUID, threshold: Threshold) -> list[rules.Sample]:
    """The points that the newest window can need, by time."""
    reach = threshold.window.duration + timedelta(hours=threshold.grace_hours, days=1)
    rows = await fetch(
        "SELECT at, value, n, slice FROM point WHERE pilot = $1 AND metric = $2 AND at > "
        "(SELECT max(at) FROM point WHERE pilot = $1 AND metric = $2) - $3::interval ORDER BY at",
        pilot_id, threshold.metric, reach,
    )  # fmt: skip
    return [rules.Sample(**row) for row in rows]


async def _settle(
    work: Work, pilot: Pilot, condition: Condition, threshold: Threshold, finding: rules.Finding
) -> None:
    open_ = await _open_breach(condition.id)
    if finding.holds is False and finding.at is not None:
        if open_ is None:
            await _open(work, pilot, condition, threshold, finding)
        else:
            open_.last_seen_at, open_.value, open_.at = work.now, finding.value, finding.at
            await work.save(open_)
    elif finding.holds and open_ is not None:
        await _cure(work, pilot, condition, open_)


async def _open_breach(condition_id: UUID) -> Breach | None:
    found: Breach | None = (
        await Breach.objects()
        .where((Breach.condition == condition_id) & Breach.cured_at.is_null())
        .first()
    )
    return found


async def _open(
    work: Work, pilot: Pilot, condition: Condition, threshold: Threshold, finding: rules.Finding
) -> None:
    breach = Breach(
        id=uuid4(), case=pilot.case, pilot=pilot.id, condition=condition.id,
        metric=threshold.metric, slice=finding.slice, opened_at=work.now, last_seen_at=work.now,
        at=finding.at or work.now, value=finding.value, limit=threshold.limit,
        explain_by=common.due(common.pack_of(pilot), "breach_explanation", work.now),
    )  # fmt: skip
    await work.save(breach)
    work.record("breach.opened", breach, condition=condition.number)
    await conditions.breach_within(work, condition)
    context = {"condition": condition, "breach": breach}
    await _tell_firm(work, pilot, "breach_opened", **context)
    await _tell_authority(work, pilot, "breach_opened_for_authority", **context)
    if threshold.on_breach is OnBreach.INCIDENT:
        work.later("open_incident_from_breach", breach.id)
    if threshold.on_breach is OnBreach.SUSPEND and pilot.state == "live":
        words = _("A threshold was passed whose breach suspends the pilot (condition %(n)s).")
        await life.suspend_within(work, pilot, reason=words % {"n": condition.number})


async def _cure(work: Work, pilot: Pilot, condition: Condition, breach: Breach) -> None:
    breach.cured_at, breach.state = work.now, "cured"
    await work.save(breach)
    work.record("breach.cured", breach, condition=condition.number)
    await conditions.cure_within(work, condition)
    await _tell_firm(work, pilot, "breach_cured", condition=condition, breach=breach)


async def _tell_firm(work: Work, pilot: Pilot, template: str, **context: object) -> None:
    await _tell(work, pilot, await people.members(pilot.organisation), template, context)


async def _tell_authority(work: Work, pilot: Pilot, template: str, **context: object) -> None:
    await _tell(work, pilot, await common.officers(pilot), template, context)


async def _tell(
    work: Work, pilot: Pilot, to: Sequence[Person], template: str, context: dict[str, object]
) -> None:
    for person in to:
        await work.mail(
            person.email, f"telemetry/{template}", person.language, case=pilot.case, pilot=pilot,
            name=person.name, **context,
        )  # fmt: skip


async def explain_breach(person: Person, breach_id: UUID, text: str) -> None:
    """The firm says why a threshold was passed and what it does about it.

    :raises InvalidInput: nothing was written.
    :raises RuleBroken: it was explained before.
    """
    if not text.strip():
        raise InvalidInput({"explanation": _("Say what happened and what you do about it")})
    async with work_of(person) as work:
        rows = await fetch("SELECT pilot FROM breach WHERE id = $1", breach_id)
        if not rows:
            raise NotFound
        pilot = await common.open_pilot(work, person, rows[0]["pilot"], "explain_breach")
        breach = await work.lock(Breach, breach_id)
        if breach.explained_at is not None:
            raise RuleBroken("breach.explain.again", _("This breach was explained before."))
        breach.explanation, breach.explained_at = text.strip(), work.now
        breach.explained_by = person.name
        breach.state = "explained" if breach.cured_at is None else breach.state
        await work.save(breach)
        work.record("breach.explained", breach)
        await _tell_authority(work, pilot, "breach_explained", breach=breach)


async def close_breaches(pilot_id: UUID) -> None:
    """A closed pilot owes no explanation any more; a breach that was not cured stays uncured.

    Done twice it changes nothing the second time.
    """
    async with work_of(SYSTEM) as work:
        pilot = await work.lock(Pilot, pilot_id)
        if pilot.state != "closed":
            return
        uncured = (Breach.pilot == pilot_id) & Breach.cured_at.is_null()
        for breach in await Breach.objects().where(uncured & (Breach.state != "closed")):
            breach.state = "closed"
            await work.save(breach)
            work.record("breach.closed", breach)


# Silence -----------------------------------------------------------------------------------


async def sweep_silence() -> int:
    """Notice metrics of running pilots that stopped coming; how many were noticed now."""
    rows = await fetch("SELECT id FROM pilot WHERE state IN ('live', 'suspended')")
    return sum([await _listen(row["id"]) for row in rows])


async def _listen(pilot_id: UUID) -> int:
    async with work_of(SYSTEM) as work:
        pilot = await work.lock(Pilot, pilot_id)
        if pilot.state not in RUNNING or pilot.starts_on is None:
            return 0
        last = await _last_points(pilot_id)
        quiet = await _quiet(pilot_id)
        found = [
            metric
            for metric in await common.parts(Metric, pilot_id)
            if metric.key not in quiet
            and rules.is_silent(metric, last.get(metric.key, _begin(pilot)), work.now)
        ]
        for metric in found:
            since = last.get(metric.key, _begin(pilot))
            silence = Silence(
                id=uuid4(), case=pilot.case, pilot=pilot_id, metric=metric.key, since=since,
                noticed_at=work.now,
            )  # fmt: skip
            await work.save(silence)
            work.record("silence.noticed", silence, metric=metric.key)
            await _missing(work, pilot, metric, since)
        if found:
            context = {"metrics": [metric.name for metric in found]}
            await _tell_firm(work, pilot, "silent", **context)
        return len(found)


async def _missing(work: Work, pilot: Pilot, metric: Metric, since: datetime) -> None:
    """Where a condition says that missing figures are a breach, they are one."""
    for condition in await common.parts(Condition, pilot.id):
        threshold = threshold_of(condition.threshold)
        binds = condition.state not in UNBOUND
        if (
            threshold is not None
            and binds
            and threshold.metric == metric.key
            and threshold.on_missing == "breach"
            and await _open_breach(condition.id) is None
        ):
            finding = rules.Finding(holds=False, value=None, at=since)
            await _open(work, pilot, condition, threshold, finding)


async def _last_points(pilot_id: UUID) -> dict[str, datetime]:
    rows = await fetch(
        "SELECT metric, max(at) AS at FROM point WHERE pilot = $1 GROUP BY metric", pilot_id
    )
    return {row["metric"]: row["at"] for row in rows}


async def _quiet(pilot_id: UUID) -> set[str]:
    rows = await fetch("SELECT metric FROM silence WHERE pilot = $1 AND ended_at IS NULL", pilot_id)
    return {row["metric"] for row in rows}


async def _end_silences(work: Work, pilot: Pilot) -> None:
    rows = await fetch(
        "SELECT s.id FROM silence s WHERE s.pilot = $1 AND s.ended_at IS NULL AND EXISTS "
        "(SELECT 1 FROM point p WHERE p.pilot = s.pilot AND p.metric = s.metric "
        "AND p.at > s.since)",
        pilot.id,
    )
    for row in rows:
        silence = await work.lock(Silence, row["id"])
        silence.ended_at = work.now
        await work.save(silence)
        work.record("silence.ended", silence, metric=silence.metric)
