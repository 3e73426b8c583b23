"""Incidents for a firm's machine: report one, read them."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

import msgspec
from litestar import Request, get, post
from litestar.params import FromPath, JSONBody

from sandbox.foundation.web.api import READING, WRITING, described
from sandbox.foundation.web.security import limit
from sandbox.incidents import commands, facts, queries
from sandbox.people.authentication import machine_of
from sandbox.people.person import Person
from sandbox.pilots.policy import API

Asked = Request[Person, Any, Any]
Short = Annotated[str, msgspec.Meta(max_length=200)]
Long = Annotated[str, msgspec.Meta(max_length=20_000)]
Aware = Annotated[datetime, msgspec.Meta(tz=True)]


class IncidentIn(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """An incident. Times carry their zone; `facts` answer the pack's questions by key."""

    title: Short
    what: Long
    aware_at: Aware
    occurred_from: Aware | None = None
    occurred_to: Aware | None = None
    place: Short = ""
    system_version: Annotated[str, msgspec.Meta(max_length=100)] = ""
    harms_actual: list[str] = []
    harms_potential: list[str] = []
    people_affected: Annotated[int, msgspec.Meta(ge=0, le=2_000_000_000)] = 0
    groups: Long = ""
    suspected_cause: Long = ""
    immediate_action: Long = ""
    vulnerabilities: list[str] = []
    facts: dict[str, bool | int | str] = {}
    drill: bool = False


class IncidentOut(msgspec.Struct, kw_only=True):
    """An incident as it stands; `due_at`: by when you owe the next report or response."""

    id: UUID
    reference: str
    title: str
    severity: str
    state: str
    drill: bool
    reported_at: datetime
    due_at: datetime | None


def _out(line: queries.Line) -> IncidentOut:
    return IncidentOut(
        id=line.id, reference=line.reference, title=line.title, severity=line.severity,
        state=line.state, drill=line.drill, reported_at=line.reported_at, due_at=line.due_at,
    )  # fmt: skip


@get("/api/v1/pilots/{pilot:uuid}/incidents", permission=API, tags=["Incidents"],
     **described(*READING))  # fmt: skip
async def list_incidents(request: Asked, pilot: FromPath[UUID]) -> list[IncidentOut]:
    """The incidents of the pilot, the newest first."""
    machine_of(request, pilot)
    return [_out(line) for line in await queries.of_pilot(pilot)]


@post("/api/v1/pilots/{pilot:uuid}/incidents", permission=API, tags=["Incidents"],
      **described(*WRITING))  # fmt: skip
async def report_incident(
    request: Asked, pilot: FromPath[UUID], data: JSONBody[IncidentIn]
) -> IncidentOut:
    """Report an incident. Its severity and the clocks of every regime follow from the facts."""
    machine = machine_of(request, pilot)
    await limit(request, "incidents", times=30, seconds=60, of=str(machine.token))
    incident = await commands.report_incident(
        machine.person, pilot, facts.Draft(**msgspec.structs.asdict(data)), source="machine"
    )
    (line,) = [one for one in await queries.of_pilot(pilot) if one.id == incident.id]
    return _out(line)


ROUTES = [list_incidents, report_incident]
