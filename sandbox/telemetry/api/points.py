"""Figures in and out, for a firm's machine."""

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated, Any
from uuid import UUID

import msgspec
from litestar import Request, get, post
from litestar.exceptions import HTTPException
from litestar.openapi.spec import (
    OpenAPIFormat,
    OpenAPIMediaType,
    OpenAPIType,
    Operation,
    RequestBody,
    Schema,
)
from litestar.params import FromPath, FromQuery, QueryParameter

from sandbox.foundation import clock
from sandbox.foundation.errors import InvalidInput
from sandbox.foundation.i18n import _
from sandbox.foundation.web.api import READING, WRITING, described
from sandbox.foundation.web.security import limit
from sandbox.people.authentication import machine_of
from sandbox.people.person import Person
from sandbox.pilots.policy import API
from sandbox.telemetry import intake, queries
from sandbox.telemetry.api import senders
from sandbox.telemetry.commands import Parcel
from sandbox.telemetry.rules import delivery as rules
from sandbox.telemetry.rules.delivery import Delivery, Refused
from sandbox.telemetry.wire import bodies, files

Asked = Request[Person, Any, Any]


class Points(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """A delivery: at most 10,000 points."""

    points: Annotated[list[rules.Reading], msgspec.Meta(max_length=rules.MOST)]


class RefusedOut(msgspec.Struct, kw_only=True):
    """A point that was not taken: its place in the delivery, from 1, and why."""

    line: int
    reason: str


class ReceiptOut(msgspec.Struct, kw_only=True):
    """What became of a delivery: points taken (`aside` of them under names that the plan does
    not know), points known already, points that replaced another value, points refused."""

    batch: UUID
    taken: int
    duplicates: int
    corrected: int
    aside: int
    refused: list[RefusedOut]


class PointOut(msgspec.Struct, kw_only=True):
    """A stored point."""

    metric: str
    slice: str
    at: datetime
    value: float
    n: int


@dataclass
class _Sending(Operation):
    """The body of a delivery, which the handler reads itself: JSON or CSV."""

    def __post_init__(self) -> None:
        point = Schema(
            type=OpenAPIType.OBJECT,
            required=["metric", "at", "value"],
            properties={
                "metric": Schema(type=OpenAPIType.STRING, description="A key of the pilot."),
                "at": Schema(
                    type=OpenAPIType.STRING, format=OpenAPIFormat.DATE_TIME,
                    description="The end of the time that the value is for, with its zone.",
                ),
                "value": Schema(type=OpenAPIType.NUMBER),
                "n": Schema(type=OpenAPIType.INTEGER, minimum=1, description="Samples."),
                "slice": Schema(
                    type=OpenAPIType.OBJECT, max_properties=1,
                    additional_properties=Schema(type=OpenAPIType.STRING),
                    description='One part of the whole: {"site": "Tawau"}.',
                ),
            },
        )  # fmt: skip
        delivery = Schema(
            type=OpenAPIType.OBJECT,
            required=["points"],
            properties={
                "points": Schema(
                    type=OpenAPIType.ARRAY, items=point, min_items=1, max_items=rules.MOST
                )
            },
        )
        self.request_body = RequestBody(
            required=True,
            content={
                "application/json": OpenAPIMediaType(schema=delivery),
                "text/csv": OpenAPIMediaType(schema=Schema(type=OpenAPIType.STRING)),
            },
        )


def _read(media_type: str, body: bytes) -> tuple[Delivery, list[Refused]]:
    """The points of a JSON or CSV body, and the lines that cannot be read."""
    if media_type == "text/csv":
        try:
            return files.read_csv(body.decode("utf-8-sig"))
        except UnicodeDecodeError:
            raise HTTPException(status_code=400, detail=_("The file is not UTF-8")) from None
    if media_type != "application/json":
        raise HTTPException(status_code=415, detail=_("Send application/json or text/csv"))
    try:
        return rules.of_readings(_json.decode(body).points), []
    except msgspec.ValidationError as error:
        raise InvalidInput({"points": str(error)}) from None
    except (msgspec.DecodeError, UnicodeDecodeError):
        raise HTTPException(status_code=400, detail=_("The body is not JSON")) from None


_json = msgspec.json.Decoder(Points)


@post(
    "/api/v1/pilots/{pilot:uuid}/points", permission=API, tags=["Figures"], status_code=200,
    operation_class=_Sending,
    **described(*WRITING),
)  # fmt: skip
async def send_points(request: Asked, pilot: FromPath[UUID]) -> ReceiptOut:
    """Send figures as JSON (`{"points": [...]}`) or as CSV (metric,at,value,n,slice).

    Sound points are kept even where others are refused. A point sent twice counts once; another
    value for its time replaces the first, which is kept as replaced. With an `Idempotency-Key`
    header the same delivery can be repeated safely; another body under the same key is refused.
    """
    machine = machine_of(request, pilot)
    await limit(request, "points", times=600, seconds=60, of=str(machine.token))
    media_type = senders.media_type(request)
    body = await _plain(request)
    points, unread = _read(media_type, body)
    key = request.headers.get("idempotency-key", "")[:100]
    parcel = Parcel(
        person=machine.person, pilot=pilot, delivery=points, token=machine.token,
        source="csv" if media_type == "text/csv" else "json", unread=len(unread), idempotency=key,
        digest=hashlib.sha256(body).hexdigest() if key else "",
    )  # fmt: skip
    receipt = await intake.deliver(parcel)
    refused = [RefusedOut(line=one.line, reason=one.reason) for one in [*unread, *receipt.refused]]
    return ReceiptOut(
        batch=receipt.batch, taken=receipt.taken, duplicates=receipt.duplicates,
        corrected=receipt.corrected, aside=receipt.aside, refused=refused,
    )  # fmt: skip


async def _plain(request: Asked) -> bytes:
    """The body, decompressed."""
    try:
        return bodies.decompressed(
            await bodies.gathered(request.stream()),
            request.headers.get("content-encoding", "").lower(),
        )
    except bodies.TooLarge:
        raise HTTPException(status_code=413, detail=_("The body is too large")) from None
    except bodies.Unreadable as error:
        raise HTTPException(status_code=400, detail=str(error)) from None


@get("/api/v1/pilots/{pilot:uuid}/points", permission=API, tags=["Figures"],
     **described(*READING, 422))  # fmt: skip
async def read_points(
    request: Asked, pilot: FromPath[UUID], metric: FromQuery[str] = "",
    days: Annotated[int, QueryParameter(ge=1, le=400)] = 30,
) -> list[PointOut]:  # fmt: skip
    """The stored points of the last `days`, by time; of one `metric` where it is named."""
    machine_of(request, pilot)
    since = clock.now() - timedelta(days=days)
    found = await queries.series_points(pilot, since=since, metric=metric)
    return [
        PointOut(metric=one.metric, slice=one.slice, at=one.at, value=one.value, n=one.n)
        for one in found
    ]


ROUTES = [send_points, read_points]
