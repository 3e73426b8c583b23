"""What a firm's machine reads of its pilot."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

import msgspec
from litestar import Request, get
from litestar.params import FromPath

from sandbox.foundation import clock
from sandbox.foundation.web.api import READING, described
from sandbox.people.authentication import machine_of
from sandbox.people.person import Person
from sandbox.pilots import promises, queries
from sandbox.pilots.policy import API
from sandbox.pilots.tables import Condition, Milestone

Asked = Request[Person, Any, Any]
Words = dict[str, str]


class MetricOut(msgspec.Struct, kw_only=True):
    """A metric that the pilot reports; ``key`` is what points are sent under."""

    key: str
    name: str
    unit: str
    direction: str
    cadence_seconds: int
    target: float | None


class PilotOut(msgspec.Struct, kw_only=True):
    """The pilot that the key speaks for."""

    id: UUID
    reference: str
    title: str
    state: str
    outcome: str | None
    plan_version: int
    starts_on: date | None
    ends_on: date | None
    metrics: list[MetricOut]


class ConditionOut(msgspec.Struct, kw_only=True):
    """A condition of the plan. Texts are language to words."""

    id: UUID
    number: int
    kind: str
    title: Words
    text: Words
    precedent: bool
    due_on: date | None
    threshold: dict[str, Any] | None
    state: str
    state_since: datetime


class MilestoneOut(msgspec.Struct, kw_only=True):
    """A milestone of the plan."""

    id: UUID
    number: int
    title: Words
    evidence_wanted: Words
    due_on: date | None
    state: str
    overdue: bool


async def _pilot(person: Person, pilot_id: UUID) -> PilotOut:
    head = await queries.head(person, pilot_id)
    return PilotOut(
        id=head.id, reference=head.reference, title=head.title, state=head.state,
        outcome=head.outcome or None, plan_version=head.plan_version, starts_on=head.starts_on,
        ends_on=head.ends_on,
        metrics=[
            MetricOut(
                key=one.key, name=one.name, unit=one.unit, direction=one.direction,
                cadence_seconds=one.cadence_seconds, target=one.target,
            )
            for one in await queries.metrics(pilot_id)
        ],
    )  # fmt: skip


@get("/api/v1/pilots", permission=API, tags=["Pilot"], **described(*READING))
async def list_pilots(request: Asked) -> list[PilotOut]:
    """The pilots that the key speaks for: always one."""
    machine = machine_of(request)
    return [await _pilot(machine.person, machine.pilot)]


@get("/api/v1/pilots/{pilot:uuid}", permission=API, tags=["Pilot"], **described(*READING))
async def read_pilot(request: Asked, pilot: FromPath[UUID]) -> PilotOut:
    """The pilot with the metrics it reports."""
    return await _pilot(machine_of(request, pilot).person, pilot)


@get("/api/v1/pilots/{pilot:uuid}/conditions", permission=API, tags=["Pilot"],
     **described(*READING))  # fmt: skip
async def read_conditions(request: Asked, pilot: FromPath[UUID]) -> list[ConditionOut]:
    """The conditions with their states."""
    head = await queries.head(machine_of(request, pilot).person, pilot)
    return [
        ConditionOut(
            id=one.id, number=one.number, kind=one.kind, title=one.title, text=one.text,
            precedent=one.precedent, due_on=one.due_on, threshold=one.threshold,
            state=one.state, state_since=one.state_since,
        )
        for one in await queries.parts(Condition, head.id)
    ]  # fmt: skip


@get("/api/v1/pilots/{pilot:uuid}/milestones", permission=API, tags=["Pilot"],
     **described(*READING))  # fmt: skip
async def read_milestones(request: Asked, pilot: FromPath[UUID]) -> list[MilestoneOut]:
    """The milestones with their states."""
    head = await queries.head(machine_of(request, pilot).person, pilot)
    today = head.pack.jurisdiction.calendar().day_of(clock.now())
    return [
        MilestoneOut(
            id=one.id, number=one.number, title=one.title,
            evidence_wanted=one.evidence_wanted, due_on=one.due_on, state=one.state,
            overdue=promises.is_overdue(one, today),
        )
        for one in await queries.parts(Milestone, head.id)
    ]  # fmt: skip


ROUTES = [list_pilots, read_pilot, read_conditions, read_milestones]
